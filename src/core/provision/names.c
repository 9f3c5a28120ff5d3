/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/names.h"

#include <string.h>
#include <strings.h>

#define SIGNED ".sgn"

bool name_allowed(const char *name)
{
	const char *p;
	bool start = true; /* of a part between slashes */

	for (p = name; *p; p++) {
		if (*p < 0x20 || *p > 0x7E || *p == '\\' || (start && (*p == '.' || *p == '/')))
			return false;
		start = *p == '/';
	}
	return !start;
}

static bool matches(const char *const patterns[], size_t count, const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t i;

	for (i = 0; i < count; i++)
		if (str_glob(patterns[i], base))
			return true;
	return false;
}

bool name_reserved(const char *name)
{
	static const char *const patterns[] = {"SEP*.cnf.xml*", "ConfigFileCacheList.txt*"};

	return matches(patterns, sizeof(patterns) / sizeof(patterns[0]), name);
}

bool name_is_firmware(const char *name)
{
	static const char *const patterns[] = {"*.loads", "*.sbn", "*.sebn", "*.sb2", "*.zz",
		"*.zup", "*.bin", "*.bin?", "*.sbin"};

	return matches(patterns, sizeof(patterns) / sizeof(patterns[0]), name);
}

bool name_is_signed(const char *asked, char base[NAME_SIZE])
{
	size_t len = strlen(asked), tail = strlen(SIGNED);

	if (len <= tail || len >= NAME_SIZE || !str_ieq(asked + len - tail, SIGNED))
		return false;
	memcpy(base, asked, len - tail);
	base[len - tail] = '\0';
	return true;
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

void name_classify(struct name *n, const char *asked)
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
	n->kind = name_reserved(asked) ? NAME_RESERVED : NAME_FILE;
}
