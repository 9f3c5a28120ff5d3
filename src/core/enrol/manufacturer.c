/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/enrol/manufacturer.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>

enum err mic_expiry_parse(const char *word, enum mic_expiry *out, struct fail *why)
{
	static const char *const words[] = {"reject", "warn", "allow"};
	int i;

	for (i = 0; i < 3; i++)
		if (str_ieq(word, words[i])) {
			*out = (enum mic_expiry)i;
			return ERR_OK;
		}
	return fail_set(why, ERR_FORMAT, "setting mic_expiry: reject, warn or allow");
}

static void tell_expired(const struct cert *mic, const struct cert *ca, int64_t now, char out[128])
{
	const struct cert *bad = cert_valid_at(mic, now) ? cert_valid_at(ca, now) ? NULL : ca : mic;
	char date[CLOCK_DATE_MAX];

	out[0] = '\0';
	if (!bad)
		return;
	clock_print_iso(
		date, now < cert_not_before(bad) ? cert_not_before(bad) : cert_not_after(bad));
	snprintf(out, 128, "%s %.48s %s %.24s", bad == mic ? "the MIC" : "the MIC's authority",
		cert_common_name(bad), now < cert_not_before(bad) ? "is valid from" : "expired",
		date);
}

static char *folder_of(struct cluster *c)
{
	const char *name = cluster_get_settings(c)->mic_folder;

	return *name == '/' ? mem_strdup(name) : cluster_path(c, name, NULL);
}

enum err manufacturer_check(struct cluster *c, const struct cert *mic, struct cert **issuer,
	char expired[128], struct fail *why)
{
	char *folder = folder_of(c), *path;
	int64_t now = clock_seconds(cluster_get_clock(c));
	struct cert *ca, *found = NULL;
	unsigned seen = 0;
	bool good = false; /* an authority may have several certificates of one key */
	struct dirent *entry;
	DIR *dir = folder ? opendir(folder) : NULL;

	*issuer = NULL;
	expired[0] = '\0';
	while (!good && dir && seen < MANUFACTURERS_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		path = file_join(folder, entry->d_name);
		ca = NULL;
		/* What cannot be read is no authority; the count tells how many are. */
		if (path && cert_load(&ca, path, NULL) == ERR_OK && cert_is_ca(ca)) {
			seen++;
			good = cert_valid_at(ca, now) &&
			       cert_check_signed_by(mic, ca, NULL) == ERR_OK;
			if (good || (!found && cert_check_signed_by(mic, ca, NULL) == ERR_OK)) {
				cert_free(found);
				found = ca;
				ca = NULL;
			}
		}
		cert_free(ca);
		mem_free(path);
	}
	if (dir)
		closedir(dir);
	if (!found)
		fail_set(why, ERR_TRUST,
			"%.60s was issued by %.60s, which is none of the %u authorities in %.60s",
			cert_common_name(mic), cert_issuer(mic), seen, folder ? folder : "?");
	mem_free(folder);
	if (!found)
		return ERR_TRUST;
	tell_expired(mic, found, now, expired);
	*issuer = found;
	return ERR_OK;
}
