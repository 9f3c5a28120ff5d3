/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/cnfxml.h"

#include "base/mem.h"
#include "base/str.h"

#include <expat.h>
#include <stdio.h>

struct reducer {
	XML_Parser parser;
	struct span xml;
	struct buf *out;
	unsigned depth;
	bool copied;      /* the element being read is one that is kept */
	bool full_config; /* it is fullConfig */
	size_t start;
	char text[8]; /* of fullConfig */
	size_t text_len;
	enum err err;
	struct fail *why;
};

static void stop(struct reducer *r, enum err code, const char *text)
{
	if (r->err)
		return;
	r->err = fail_at(r->why, code, (size_t)XML_GetCurrentByteIndex(r->parser), "line %lu: %s",
		(unsigned long)XML_GetCurrentLineNumber(r->parser), text);
	XML_StopParser(r->parser, XML_FALSE);
}

/* What the reduced file takes over. spec: docs/formats/phone-configuration.md#reduced */
static bool is_kept(const char *name)
{
	static const char *const kept[] = {
		"ipAddressMode", "loadInformation", "capfAuthMode", "capfList"};
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(name, kept[i]) == 0)
			return true;
	return false;
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reducer *r = ctx;

	(void)attributes;
	if (++r->depth > CNFXML_DEPTH_MAX)
		stop(r, ERR_LIMIT, "elements nested too deep");
	else if (r->depth == 1 && strcmp(name, "device") != 0)
		stop(r, ERR_FORMAT, "the root element is not <device>");
	if (r->depth != 2)
		return;
	r->copied = is_kept(name);
	r->full_config = strcmp(name, "fullConfig") == 0;
	r->start = (size_t)XML_GetCurrentByteIndex(r->parser);
}

static void on_text(void *ctx, const char *text, int len)
{
	struct reducer *r = ctx;

	for (; r->full_config && len && r->text_len < sizeof(r->text) - 1; len--, text++)
		if (!strchr(" \t\r\n", *text))
			r->text[r->text_len++] = *text;
}

static void on_end(void *ctx, const char *name)
{
	struct reducer *r = ctx;
	size_t end = (size_t)XML_GetCurrentByteIndex(r->parser) +
		     (size_t)XML_GetCurrentByteCount(r->parser);

	(void)name;
	if (r->depth-- != 2)
		return;
	if (r->copied) {
		buf_str(r->out, "  ");
		buf_put(r->out, span_of(r->xml.ptr + r->start, end - r->start));
		buf_str(r->out, "\n");
	}
	r->copied = false;
	r->full_config = false;
}

static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
	int has_internal_subset)
{
	stop(ctx, ERR_FORMAT, "a document type is not accepted");
}

static enum err reduce(struct reducer *r)
{
	static const XML_Memory_Handling_Suite memory = {mem_new, mem_resize, mem_free};
	enum XML_Error error;

	r->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (!r->parser)
		return fail_set(r->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, (const char *)r->xml.ptr, (int)r->xml.len, 1) != XML_STATUS_OK &&
		!r->err) {
		error = XML_GetErrorCode(r->parser);
		stop(r, error == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_FORMAT,
			XML_ErrorString(error));
	}
	XML_ParserFree(r->parser);
	return r->err;
}

enum err cnfxml_reduce(struct buf *out, struct span xml, const char *cert_hash, struct fail *why)
{
	struct reducer r = {.xml = xml, .out = out, .why = why};
	size_t start = out->len;
	struct cnfxml again;
	enum err err;

	if (xml.len > CNFXML_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "configuration of %zu bytes, at most %u are read",
			xml.len, CNFXML_SIZE_MAX);
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n"
		     "  <fullConfig>false</fullConfig>\n");
	err = reduce(&r);
	if (!err && str_ieq(r.text, "false"))
		err = fail_set(why, ERR_FORMAT,
			"fullConfig is false: it is a reduced configuration already");
	buf_printf(out, "  <certHash>%s</certHash>\n  <encrConfig>true</encrConfig>\n</device>\n",
		cert_hash);
	if (!err)
		err = buf_check(out);
	/* Elements were copied byte by byte: in another encoding they would not be what they were.
	 */
	if (!err)
		err = cnfxml_parse(&again, span_of(out->data + start, out->len - start), why);
	return err;
}
