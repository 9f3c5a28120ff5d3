/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/provision.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/services.h"
#include "core/list/list.h"
#include "core/provision/config.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#define DEFAULT_NAME        "XMLDefault.cnf.xml"
#define DEFAULT_NAME_SIGNED DEFAULT_NAME ".sgn"

#define FILE_SIZE_MAX                                                                              \
	(64u * 1024 * 1024) /* bytes of a file in tftp/; firmware images are smaller */

enum name_kind {
	NAME_LIST,       /* CTLFile.tlv, ITLFile.tlv */
	NAME_PHONE_LIST, /* CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv */
	NAME_CONFIG,     /* SEP<MAC>.cnf.xml and its two signed forms */
	NAME_DEFAULT,    /* XMLDefault.cnf.xml and .sgn */
	NAME_RESERVED,   /* looks like one of ours, or is never served: not found */
	NAME_FILE,       /* a file in tftp/ */
};

struct name {
	enum name_kind kind;
	enum list_kind list;
	char device[DEVICE_NAME_SIZE];
	enum config_face face;
	const char *suffix;
};

static bool name_allowed(const char *name)
{
	const char *p;
	bool start = true; /* of a part between slashes */

	for (p = name; *p; p++) {
		/* A part that begins with a dot is "..", or hidden, or a file still being written.
		 */
		if (*p < 0x20 || *p > 0x7E || *p == '\\' || (start && (*p == '.' || *p == '/')))
			return false;
		start = *p == '/';
	}
	return !start;
}

static bool reserved(const char *name)
{
	static const char *const patterns[] = {"SEP*.cnf.xml*", "ConfigFileCacheList.txt*"};
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (str_glob(patterns[i], base))
			return true;
	return false;
}

/* True for `prefix`, a device name, `suffix`. */
static bool has_device(
	const char *asked, const char *prefix, const char *suffix, char device[DEVICE_NAME_SIZE])
{
	size_t before = strlen(prefix), after = before + DEVICE_NAME_SIZE - 1;
	char text[DEVICE_NAME_SIZE] = "";

	if (strlen(asked) != after + strlen(suffix) || !str_ieq(asked + after, suffix) ||
		strncasecmp(asked, prefix, before) != 0)
		return false;
	memcpy(text, asked + before, sizeof(text) - 1);
	return !str_device_name(device, text);
}

static void classify(struct name *n, const char *asked)
{
	static const struct {
		const char *suffix;
		enum config_face face;
	} faces[] = {{".cnf.xml", CONFIG_PLAIN}, {".cnf.xml.sgn", CONFIG_SIGNED},
		{".cnf.xml.enc.sgn", CONFIG_ENCRYPTED}};
	static const struct {
		const char *prefix;
		enum list_kind kind;
	} lists[] = {{"CTL", LIST_CTL}, {"ITL", LIST_ITL}};
	size_t i;

	memset(n, 0, sizeof(*n));
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		n->list = lists[i].kind;
		if (str_ieq(asked, list_file_name(n->list))) {
			n->kind = NAME_LIST;
			return;
		}
		if (has_device(asked, lists[i].prefix, ".tlv", n->device)) {
			n->kind = NAME_PHONE_LIST;
			return;
		}
	}
	for (i = 0; i < sizeof(faces) / sizeof(faces[0]); i++) {
		if (has_device(asked, "", faces[i].suffix, n->device)) {
			n->kind = NAME_CONFIG;
			n->face = faces[i].face;
			n->suffix = faces[i].suffix;
			return;
		}
	}
	if (str_ieq(asked, DEFAULT_NAME) || str_ieq(asked, DEFAULT_NAME_SIGNED))
		n->kind = NAME_DEFAULT;
	else
		n->kind = reserved(asked) ? NAME_RESERVED : NAME_FILE;
}

static enum err not_found(const char *asked, struct fail *why)
{
	return fail_set(why, ERR_NOTFOUND, "%.64s: not found", asked);
}

/* Phones refuse a spoilt list one by one and would only say so on their screens. */
static enum err check_list(const struct provision_file *f, struct fail *why)
{
	struct fail local = {0};
	struct tlv_list list;
	enum err err = tlv_parse(&list, buf_span(&f->content), &local);

	if (!err)
		err = list_verify(&list, &local);
	if (!err)
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"%s is damaged and is not served (%.120s); remove it from tftp/, then the list of "
		"all phones is served",
		f->served, local.text);
}

/* The sooner of the two, of which 0 is never. */
static void good_until(struct provision_file *f, int64_t when)
{
	if (when && (!f->until || when < f->until))
		f->until = when;
}

/* As it was when TFTP was started. */
static enum err get_list(
	struct cluster *c, enum list_kind kind, struct provision_file *out, struct fail *why)
{
	struct span list = kind == LIST_CTL ? cluster_served_ctl(c) : cluster_served_itl(c);
	enum err err = cluster_served_check(c, kind == LIST_ITL, why);

	if (err)
		return err;
	if (kind == LIST_ITL)
		good_until(out, cluster_served_until(c));
	if (!list.len)
		return not_found(list_file_name(kind), why);
	str_copy(out->served, sizeof(out->served), list_file_name(kind));
	buf_put(&out->content, list);
	return buf_check(&out->content);
}

static enum err get_config(
	struct cluster *c, const struct name *n, struct provision_file *out, struct fail *why)
{
	snprintf(out->served, sizeof(out->served), "%s%s", n->device, n->suffix);
	return config_make(c, n->device, n->face, out->served, &out->content, &out->until, why);
}

/* The entry of `folder` that is `part` without regard to case, written over `part`: the same name
 * if there is one, else the first in the order of bytes. */
static bool find_entry(const char *folder, char *part)
{
	size_t len = strlen(part);
	char best[NAME_MAX + 1] = "";
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (!str_ieq(entry->d_name, part))
			continue;
		if (!best[0] || strcmp(entry->d_name, part) == 0 ||
			(strcmp(best, part) != 0 && strcmp(entry->d_name, best) < 0))
			str_copy(best, sizeof(best), entry->d_name);
	}
	closedir(dir);
	if (!best[0])
		return false;
	memcpy(part, best, len);
	return true;
}

/* The real path of `name` below `root`, with `name` spelled as on disk. False when there is no such
 * regular file, or when a link leads out of the folder or to a name that is never served. */
static bool find_file(
	const char *root, char *name, char path[PATH_MAX], struct provision_sources *sources)
{
	char real_root[PATH_MAX], folder[PATH_MAX], *part, *slash;
	size_t root_len;
	struct stat st;
	bool found;

	if (!realpath(root, real_root))
		return false;
	root_len = strlen(real_root);
	str_copy(folder, sizeof(folder), real_root);
	for (part = name; part; part = slash ? slash + 1 : NULL) {
		slash = strchr(part, '/');
		if (slash)
			*slash = '\0';
		if (part != name)
			provision_sources_add(sources, folder);
		found = find_entry(folder, part) &&
			strlen(folder) + strlen(part) + 2 <= sizeof(folder);
		if (found) {
			strcat(folder, "/");
			strcat(folder, part);
		}
		if (slash)
			*slash = '/';
		if (!found)
			return false;
	}
	if (!realpath(folder, path))
		return false;
	/* Where a link leads through other links, none of these is looked at again. */
	if (strcmp(folder, path) != 0)
		sources->whole = false;
	provision_sources_add(sources, path);
	return strncmp(path, real_root, root_len) == 0 && path[root_len] == '/' &&
	       !reserved(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err get_file(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	char *root = cluster_path(c, "tftp", NULL), path[PATH_MAX];
	struct fail local = {0};
	enum err err;

	if (!root)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	str_copy(out->served, sizeof(out->served), asked);
	if (!find_file(root, out->served, path, &out->sources)) {
		err = not_found(asked, why);
		goto out;
	}
	err = file_read(path, FILE_SIZE_MAX, &out->content, &local);
	if (err == ERR_NOTFOUND)
		err = not_found(asked, why);
	else if (err)
		fail_set(why, err, "%s", local.text);
out:
	mem_free(root);
	return err;
}

/* A file of the phone's own name comes first: that is how one phone is given a list of its own. */
static enum err get_phone_list(struct cluster *c, const char *asked, const struct name *n,
	struct provision_file *out, struct fail *why)
{
	struct store_device row;
	struct fail local = {0};
	enum err err = get_file(c, asked, out, &local);

	if (!err)
		return check_list(out, why);
	if (err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	err = store_device_get(cluster_get_store(c), n->device, &row, why);
	return err ? err : get_list(c, n->list, out, why);
}

/* For phones that are not known: what the operator laid into the folder; else one that leads to the
 * nodes, where such a phone may register. */
static enum err get_default(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	bool is_signed = str_ieq(asked, DEFAULT_NAME_SIGNED), allowed = false;
	struct buf own = {0};
	struct fail local = {0};
	enum err err = get_file(c, asked, out, &local);

	if (err == ERR_NOTFOUND && is_signed) {
		err = get_file(c, DEFAULT_NAME, out, &local);
		if (!err) {
			own = out->content;
			out->content = (struct buf){0};
		}
	} else if (!err) {
		return ERR_OK;
	}
	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	if (err)
		err = device_auto_allowed(c, &allowed, why);
	if (!err && !own.len && !allowed)
		err = not_found(asked, why);
	str_copy(out->served, sizeof(out->served), is_signed ? DEFAULT_NAME_SIGNED : DEFAULT_NAME);
	if (!err)
		err = config_make_default(
			c, is_signed, out->served, buf_span(&own), &out->content, why);
	buf_fini(&own);
	return err;
}

enum err provision_revision(struct cluster *c, const struct provision_place *p,
	struct provision_state *state, char revision[STORE_TEXT], struct fail *why)
{
	enum err err;

	/* Before anything is read: what changes meanwhile is noticed. */
	if (p)
		provision_state_now(p, state);
	err = store_revision(cluster_get_store(c), revision, why);
	if (err)
		str_copy(revision, STORE_TEXT, "?");
	return err;
}

/* The bytes go, what is known of their freshness stays. */
static void drop_content(struct provision_file *f)
{
	struct provision_file kept = *f;

	provision_file_fini(f);
	f->made_from = kept.made_from;
	memcpy(f->revision, kept.revision, sizeof(f->revision));
	f->until = kept.until;
}

enum err provision_get(struct cluster *c, const struct provision_place *place, const char *asked,
	struct provision_file *out, struct fail *why)
{
	struct fail local = {0};
	struct name name;
	enum err err = ERR_NOTFOUND;

	memset(out, 0, sizeof(*out));
	out->sources.whole = true;
	/* A store that cannot be asked fails where it is needed. */
	if (provision_revision(c, place, &out->made_from, out->revision, &local) != ERR_OK)
		out->sources.whole = false;
	if (strlen(asked) >= sizeof(out->served) || !name_allowed(asked)) {
		struct buf shown = {0};

		str_printable(&shown, span_of(asked, strnlen(asked, sizeof(out->served))));
		buf_u8(&shown, 0);
		err = fail_set(why, ERR_DENIED, "%s: this name is not allowed",
			buf_check(&shown) ? "?" : (const char *)shown.data);
		buf_fini(&shown);
		return err;
	}
	err = cluster_serve_now(c, why);
	if (err)
		return err;
	classify(&name, asked);
	switch (name.kind) {
	case NAME_LIST: err = get_list(c, name.list, out, why); break;
	case NAME_PHONE_LIST: err = get_phone_list(c, asked, &name, out, why); break;
	case NAME_CONFIG: err = get_config(c, &name, out, why); break;
	case NAME_DEFAULT: err = get_default(c, asked, out, why); break;
	case NAME_RESERVED: err = not_found(asked, why); break;
	case NAME_FILE: err = get_file(c, asked, out, why); break;
	}
	if (err)
		drop_content(out);
	return err;
}

void provision_file_fini(struct provision_file *f)
{
	buf_wipe(&f->content);
	provision_sources_fini(&f->sources);
	memset(f, 0, sizeof(*f));
}
