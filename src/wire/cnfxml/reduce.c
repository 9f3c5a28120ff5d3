/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/cnfxml.h"

#include "base/str.h"
#include "wire/cnfxml/scan.h"

struct reducer {
	struct buf *out;
	unsigned kept; /* bits of kept[] that were there */
	bool twice, other_root;
	bool reduced; /* it is a companion already */
};

/* What the reduced file takes over. spec: docs/formats/phone-configuration.md#reduced */
static const char *const kept[] = {"ipAddressMode", "loadInformation", "capfAuthMode", "capfList"};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static void keep(struct reducer *r, size_t i, struct span whole)
{
	r->twice = r->twice || r->kept & 1u << i;
	r->kept |= 1u << i;
	buf_str(r->out, "  ");
	buf_put(r->out, whole);
	buf_str(r->out, "\n");
}

static bool is_false(struct span text)
{
	char word[sizeof("false")] = "";
	size_t len = 0, i;

	for (i = 0; i < text.len; i++) {
		if (strchr(" \t\r\n", text.ptr[i]))
			continue;
		if (len == sizeof(word) - 1)
			return false;
		word[len++] = (char)text.ptr[i];
	}
	return str_ieq(word, "false");
}

static void on_element(void *ctx, const struct scan_element *e)
{
	struct reducer *r = ctx;
	size_t i;

	if (e->depth == 1)
		r->other_root = !span_eq(e->name, span_str("device"));
	if (e->depth != 2)
		return;
	if (span_eq(e->name, span_str("fullConfig")))
		r->reduced = is_false(e->inner);
	for (i = 0; i < KEPT; i++)
		if (span_eq(e->name, span_str(kept[i])))
			keep(r, i, e->whole);
}

enum err cnfxml_reduce(struct buf *out, struct span xml, const char *cert_hash, struct fail *why)
{
	struct reducer r = {.out = out};
	enum err err;

	if (xml.len > CNFXML_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "configuration of %zu bytes, at most %u are read",
			xml.len, CNFXML_SIZE_MAX);
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n"
		     "  <fullConfig>false</fullConfig>\n");
	err = cnfxml_scan(xml, on_element, &r, why);
	if (!err && r.other_root)
		err = fail_set(why, ERR_FORMAT, "the root element is not <device>");
	if (!err && r.twice)
		err = fail_set(why, ERR_FORMAT, "an element of the companion is there twice");
	if (!err && r.reduced)
		err = fail_set(why, ERR_FORMAT,
			"fullConfig is false: it is a reduced configuration already");
	buf_printf(out, "  <certHash>%s</certHash>\n  <encrConfig>true</encrConfig>\n</device>\n",
		cert_hash);
	return err ? err : buf_check(out);
}
