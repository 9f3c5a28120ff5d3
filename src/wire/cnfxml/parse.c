/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/cnfxml/cnfxml.h"
#include "base/mem.h"
#include "base/str.h"

#include <expat.h>
#include <stdio.h>

#define PATH_MAX_BYTES 256 /* a longer path is none of ours */
#define HASH_DIGITS    32

enum kind {
	KIND_BOOL,
	KIND_NUMBER,
	KIND_TEXT,
	KIND_HASH,
	KIND_SERVER,     /* its name; `offset` is a row of `lists` */
	KIND_SERVER_PORT /* the same; `size` is where it stands in the server */
};

#define MANAGER "device/devicePool/callManagerGroup/members/member"
#define CAPF    "device/capfList/capf"
#define TVS     "device/TVS/members/member"
/* Of XMLDefault.cnf.xml. */
#define DEFAULT_MANAGER "Default/callManagerGroup/members/member"
#define DEFAULT_TVS     "Default/TVS/members/member"

/* A file has one root: two lists may fill the same array. */
enum { LIST_MANAGERS, LIST_CAPF, LIST_TVS, LIST_DEFAULT_MANAGERS, LIST_DEFAULT_TVS, LISTS };

static const struct list {
	const char *path; /* of one server */
	size_t servers, count;
	int port;
} lists[LISTS] = {
#define LIST(member) offsetof(struct cnfxml, member), offsetof(struct cnfxml, member##_count)
	[LIST_MANAGERS] = {MANAGER, LIST(managers), 2000},
	[LIST_CAPF] = {CAPF, LIST(capf), 3804},
	[LIST_TVS] = {TVS, LIST(tvs), 2445},
	[LIST_DEFAULT_MANAGERS] = {DEFAULT_MANAGER, LIST(managers), 2000},
	[LIST_DEFAULT_TVS] = {DEFAULT_TVS, LIST(tvs), 2445},
#undef LIST
};

/* One row for each value that is read: its path, what it must be, where it goes. */
static const struct row {
	const char *path;
	enum kind kind;
	size_t offset, size;
	long high; /* largest number */
} rows[] = {
#define TEXT(m)              offsetof(struct cnfxml, m), sizeof(((struct cnfxml *)0)->m), 0
#define NUMBER(member, high) offsetof(struct cnfxml, member), 0, high
#define PORT(list, member)   KIND_SERVER_PORT, list, offsetof(struct cnfxml_server, member), 65535
	{"device/fullConfig", KIND_BOOL, NUMBER(full, 0)},
	{"device/deviceProtocol", KIND_TEXT, TEXT(protocol)},
	{"device/ipAddressMode", KIND_NUMBER, NUMBER(ip_address_mode, 2)},
	{"device/loadInformation", KIND_TEXT, TEXT(load)},
	{"device/deviceSecurityMode", KIND_NUMBER, NUMBER(security_mode, 3)},
	{"device/versionStamp", KIND_TEXT, TEXT(version_stamp)},
	{"device/transportLayerProtocol", KIND_NUMBER, NUMBER(transport, 4)},
	{"device/capfAuthMode", KIND_NUMBER, NUMBER(capf_auth_mode, 4)},
	{"device/certHash", KIND_HASH, TEXT(cert_hash)},
	{"device/encrConfig", KIND_BOOL, NUMBER(encrypted, 0)},
	{MANAGER "/callManager/processNodeName", KIND_SERVER, LIST_MANAGERS, 0, 0},
	{MANAGER "/callManager/ports/ethernetPhonePort", PORT(LIST_MANAGERS, port)},
	{MANAGER "/callManager/ports/sipPort", PORT(LIST_MANAGERS, sip)},
	{MANAGER "/callManager/ports/securedSipPort", PORT(LIST_MANAGERS, sip_secure)},
	{CAPF "/processNodeName", KIND_SERVER, LIST_CAPF, 0, 0},
	{CAPF "/phonePort", PORT(LIST_CAPF, port)},
	{TVS "/address", KIND_SERVER, LIST_TVS, 0, 0},
	{TVS "/port", PORT(LIST_TVS, port)},
	{DEFAULT_MANAGER "/callManager/processNodeName", KIND_SERVER, LIST_DEFAULT_MANAGERS, 0, 0},
	{DEFAULT_MANAGER "/callManager/ports/ethernetPhonePort", PORT(LIST_DEFAULT_MANAGERS, port)},
	{DEFAULT_TVS "/address", KIND_SERVER, LIST_DEFAULT_TVS, 0, 0},
	{DEFAULT_TVS "/port", PORT(LIST_DEFAULT_TVS, port)},
#undef TEXT
#undef NUMBER
#undef PORT
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct reader {
	struct cnfxml *c;
	struct fail *why;
	XML_Parser parser;
	enum err err;
	unsigned depth;
	unsigned lost; /* depth at which the path grew too long; 0: it did not */
	char path[PATH_MAX_BYTES];
	const struct row *row;      /* of the element being read */
	char text[CNFXML_TEXT_MAX]; /* its text so far */
	size_t text_len;
	uint32_t seen; /* rows of single values */
	long priority[LISTS][CNFXML_MEMBERS_MAX];
};

static void stop(struct reader *r, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void stop(struct reader *r, enum err code, const char *fmt, ...)
{
	unsigned long line = XML_GetCurrentLineNumber(r->parser);
	char text[160];
	va_list args;

	if (r->err)
		return;
	r->err = code;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fail_at(r->why, code, (size_t)XML_GetCurrentByteIndex(r->parser), "line %lu: %s", line,
		text);
	XML_StopParser(r->parser, XML_FALSE);
}

static const char *element(const struct reader *r)
{
	const char *slash = strrchr(r->path, '/');

	return slash ? slash + 1 : r->path;
}

static struct cnfxml_server *servers_of(struct cnfxml *c, size_t list)
{
	return (struct cnfxml_server *)((char *)c + lists[list].servers);
}

static size_t *count_of(struct cnfxml *c, size_t list)
{
	return (size_t *)((char *)c + lists[list].count);
}

static void open_server(struct reader *r, size_t list, const char **attributes)
{
	size_t *count = count_of(r->c, list), i;
	long priority = (long)*count;

	if (*count == CNFXML_MEMBERS_MAX) {
		stop(r, ERR_LIMIT, "more than %u %s elements", CNFXML_MEMBERS_MAX, element(r));
		return;
	}
	for (; attributes[0]; attributes += 2)
		if (strcmp(attributes[0], "priority") == 0 &&
			str_number(attributes[1], 0, INT32_MAX, &priority))
			stop(r, ERR_FORMAT, "priority is no number");
	for (i = 0; i < ROWS; i++)
		if (rows[i].kind >= KIND_SERVER)
			r->seen &= ~(UINT32_C(1) << i);
	r->priority[list][*count] = priority;
	servers_of(r->c, list)[(*count)++] = (struct cnfxml_server){.port = lists[list].port};
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct reader *r = ctx;
	size_t len = strlen(r->path), i;

	if (r->err)
		return;
	if (r->row) {
		stop(r, ERR_FORMAT, "%s holds an element", element(r));
		return;
	}
	r->text_len = 0;
	if (++r->depth > CNFXML_DEPTH_MAX) {
		stop(r, ERR_LIMIT, "elements nested deeper than %u", CNFXML_DEPTH_MAX);
		return;
	}
	if (r->depth == 1 && strcmp(name, "device") != 0 && strcmp(name, "Default") != 0) {
		stop(r, ERR_FORMAT, "the root element is not <device>");
		return;
	}
	if (r->lost)
		return;
	if (len + 1 + strlen(name) >= sizeof(r->path)) {
		r->lost = r->depth;
		return;
	}
	snprintf(r->path + len, sizeof(r->path) - len, "%s%s", len ? "/" : "", name);
	for (i = 0; i < LISTS; i++)
		if (strcmp(r->path, lists[i].path) == 0)
			open_server(r, i, attributes);
	for (i = 0; i < ROWS; i++)
		if (strcmp(r->path, rows[i].path) == 0)
			r->row = &rows[i];
}

static void on_text(void *ctx, const char *text, int len)
{
	struct reader *r = ctx;

	if (r->err || !r->row)
		return;
	/* White space around a value is layout. */
	for (; len && !r->text_len && strchr(" \t\r\n", *text); len--)
		text++;
	if ((size_t)len > sizeof(r->text) - 1 - r->text_len) {
		stop(r, ERR_LIMIT, "%s is longer than %u bytes", element(r), CNFXML_TEXT_MAX - 1);
		return;
	}
	memcpy(r->text + r->text_len, text, (size_t)len);
	r->text_len += (size_t)len;
}

static bool read_bool(struct reader *r)
{
	if (str_ieq(r->text, "true"))
		return true;
	if (!str_ieq(r->text, "false"))
		stop(r, ERR_FORMAT, "%s is neither true nor false", element(r));
	return false;
}

static int read_number(struct reader *r, long low, long high)
{
	long v = 0;

	if (str_number(r->text, low, high, &v))
		stop(r, ERR_FORMAT, "%s is no number from %ld to %ld", element(r), low, high);
	return (int)v;
}

static void read_text(struct reader *r, char *out, size_t size)
{
	if (!str_copy(out, size, r->text))
		stop(r, ERR_LIMIT, "%s is longer than %zu bytes", element(r), size - 1);
}

static void read_hash(struct reader *r, char *out)
{
	size_t i;

	if (r->text_len != HASH_DIGITS ||
		strspn(r->text, "0123456789abcdefABCDEF") != HASH_DIGITS) {
		stop(r, ERR_FORMAT, "%s is not %u hex digits", element(r), HASH_DIGITS);
		return;
	}
	for (i = 0; i <= HASH_DIGITS; i++)
		out[i] = (char)(r->text[i] >= 'A' && r->text[i] <= 'F' ? r->text[i] | 0x20
								       : r->text[i]);
}

/* The one that is being read. */
static struct cnfxml_server *newest_server(struct reader *r)
{
	size_t list = r->row->offset;

	return servers_of(r->c, list) + *count_of(r->c, list) - 1;
}

/* An empty element is like an absent one. */
static void take_value(struct reader *r)
{
	const struct row *row = r->row;
	uint32_t bit = UINT32_C(1) << (row - rows);
	void *to = (char *)r->c + row->offset;

	if (r->seen & bit) {
		stop(r, ERR_FORMAT, "%s appears twice", element(r));
		return;
	}
	r->seen |= bit;
	if (!r->text_len)
		return;
	switch (row->kind) {
	case KIND_BOOL: *(bool *)to = read_bool(r); break;
	case KIND_NUMBER: *(int *)to = read_number(r, 0, row->high); break;
	case KIND_TEXT: read_text(r, to, row->size); break;
	case KIND_HASH: read_hash(r, to); break;
	case KIND_SERVER: read_text(r, newest_server(r)->name, CNFXML_TEXT_MAX); break;
	case KIND_SERVER_PORT:
		*(int *)((char *)newest_server(r) + row->size) = read_number(r, 1, row->high);
		break;
	}
}

static void on_end(void *ctx, const char *name)
{
	struct reader *r = ctx;
	char *slash;

	if (r->err)
		return;
	if (r->row) {
		while (r->text_len && strchr(" \t\r\n", r->text[r->text_len - 1]))
			r->text_len--;
		r->text[r->text_len] = '\0';
		take_value(r);
		r->row = NULL;
	}
	r->depth--;
	if (r->lost) {
		if (r->depth < r->lost)
			r->lost = 0;
		return;
	}
	slash = strrchr(r->path, '/');
	*(slash ? slash : r->path) = '\0';
}

/* No document type: it could only bring entities, and those files and loops. */
static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
	int has_internal_subset)
{
	stop(ctx, ERR_FORMAT, "a document type is not accepted");
}

static void on_entity(void *ctx, const char *name, int is_parameter, const char *value,
	int value_length, const char *base, const char *system_id, const char *public_id,
	const char *notation)
{
	stop(ctx, ERR_FORMAT, "an entity declaration is not accepted");
}

static void sort_servers(struct reader *r, size_t list)
{
	struct cnfxml_server *servers = servers_of(r->c, list), server;
	long *priority = r->priority[list], p;
	size_t count = *count_of(r->c, list), i, j;

	for (i = 1; i < count; i++) {
		server = servers[i];
		p = priority[i];
		for (j = i; j && priority[j - 1] > p; j--) {
			servers[j] = servers[j - 1];
			priority[j] = priority[j - 1];
		}
		servers[j] = server;
		priority[j] = p;
	}
}

enum err cnfxml_parse(struct cnfxml *c, struct span xml, struct fail *why)
{
	static const XML_Memory_Handling_Suite memory = {mem_new, mem_resize, mem_free};
	struct reader r = {.c = c, .why = why};
	enum XML_Error error;
	size_t list;

	/* Only a reduced file says that it is not the whole one. */
	*c = (struct cnfxml){.full = true};
	if (xml.len > CNFXML_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "configuration of %zu bytes, at most %u are read",
			xml.len, CNFXML_SIZE_MAX);
	r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (!r.parser)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	XML_SetEntityDeclHandler(r.parser, on_entity);
	if (XML_Parse(r.parser, (const char *)xml.ptr, (int)xml.len, 1) != XML_STATUS_OK &&
		!r.err) {
		error = XML_GetErrorCode(r.parser);
		stop(&r, error == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_FORMAT, "%s",
			XML_ErrorString(error));
	}
	XML_ParserFree(r.parser);
	for (list = 0; list < LISTS && !r.err; list++)
		sort_servers(&r, list);
	return r.err;
}
