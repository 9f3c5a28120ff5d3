/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/note.h"

#include "base/clock.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>

#define STAMP_BEGIN "<versionStamp>"
#define STAMP_END   '<'

/* Names that begin with a signed header; others are not looked into. */
static bool may_be_signed(const char *name)
{
	static const char *const patterns[] = {"*.tlv", "*.sgn", "*.loads"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (str_glob(patterns[i], name))
			return true;
	return false;
}

static int64_t list_of(const struct provision_file *f)
{
	if (!str_glob("*.tlv", f->served))
		return 0;
	return str_glob("CTL*", f->served)   ? STORE_CTL
	       : str_glob("ITL*", f->served) ? STORE_ITL
					     : 0;
}

/* Signed by another than this node: it lies in tftp/ as it is served. */
static bool signed_elsewhere(const struct provision_file *f)
{
	const char *path = f->sources.count ? f->sources.of[f->sources.count - 1].path : NULL;
	size_t path_len = path ? strlen(path) : 0, len = strlen(f->served);

	return path_len > len && str_ieq(path + path_len - len, f->served);
}

static void say_signature(const struct tlv_header *h, bool checked, struct provision_note *out)
{
	char date[CLOCK_DATE_MAX] = "no date", name[72];
	const char *word = digest_word(h->digest);
	struct span signer = h->signer_name;
	const uint8_t *end;

	/* "CN=…;OU=…": the common name tells nodes and tokens apart. */
	end = signer.len ? memchr(signer.ptr, ';', signer.len) : NULL;
	if (end)
		signer.len = (size_t)(end - signer.ptr);
	snprintf(name, sizeof(name), "%.*s", (int)signer.len, (const char *)signer.ptr);
	if (h->has_timestamp)
		clock_print_iso(date, h->timestamp);
	snprintf(out->signature, sizeof(out->signature), "%s%s, %s, %s",
		checked ? "" : "not checked, ", name, word ? word : "unknown digest", date);
}

/* The text of the first element of that name in what is no more than a few thousand bytes. */
static bool find_stamp(struct span text, char *out, size_t size)
{
	const uint8_t *at = memmem(text.ptr, text.len, STAMP_BEGIN, strlen(STAMP_BEGIN)), *end;
	size_t left;

	if (!at)
		return false;
	at += strlen(STAMP_BEGIN);
	left = text.len - (size_t)(at - text.ptr);
	end = memchr(at, STAMP_END, left);
	if (!end || (size_t)(end - at) >= size)
		return false;
	snprintf(out, size, "%.*s", (int)(end - at), (const char *)at);
	return true;
}

void provision_note(const struct provision_file *f, struct provision_note *out)
{
	struct span content = buf_span(&f->content);
	struct tlv_header h = {0};
	char md5[2 * DIGEST_MAX + 1];
	bool is_signed = may_be_signed(f->served) && tlv_parse_header(&h, content, NULL) == ERR_OK;

	memset(out, 0, sizeof(*out));
	out->list = list_of(f);
	if (is_signed)
		/* A list is not served before it was checked. */
		say_signature(&h, out->list || !signed_elsewhere(f), out);
	else
		str_copy(out->signature, sizeof(out->signature), "none");
	if (out->list) {
		digest_hex(DIGEST_MD5, content, md5);
		str_copy(out->version, sizeof(out->version), md5);
	} else if (str_glob("*.cnf.xml*", f->served) &&
		   find_stamp(content, out->version, sizeof(out->version))) {
		return;
	} else if (is_signed && h.has_timestamp) {
		clock_print_iso(out->version, h.timestamp);
	} else if (f->sources.count) {
		clock_print_iso(out->version,
			f->sources.of[f->sources.count - 1].mark.modified_ns / 1000000000);
	}
}
