/* SPDX-License-Identifier: BSD-2-Clause
 * A struct json is jansson's json_t. Every container holds a mark as a member of its own, made with
 * it and never shown: `sound`, which becomes `broken` (without allocating, and without freeing what
 * a caller may still borrow) when a value was lost for want of memory. */
#include "wire/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <jansson.h>

#define UNCOUNTED ((size_t)-1) /* jansson's mark for values that live for ever */

static json_t sound = {JSON_NULL, UNCOUNTED};
static json_t broken = {JSON_NULL, UNCOUNTED};

/* Not UTF-8: no document and no caller can have it. In arrays the mark is the first element. */
static const char mark_key[] = "\xFF";

/* jansson's parser reports some failed allocations as syntax errors. */
static _Thread_local bool starved;

static void *allocate(size_t size)
{
	void *memory = mem_new(size);

	starved |= !memory;
	return memory;
}

/* Before main, while there is one thread: jansson keeps these in globals without a lock. */
__attribute__((constructor)) static void use_our_memory(void)
{
	json_set_alloc_funcs(allocate, mem_free);
}

static json_t *inner(const struct json *j)
{
	return (json_t *)j;
}

static struct json *outer(json_t *j)
{
	return (struct json *)j;
}

/* False when out of memory. */
static bool add_mark(json_t *container)
{
	if (json_is_object(container))
		return json_object_set_new_nocheck(container, mark_key, &sound) == 0;
	return json_array_insert_new(container, 0, &sound) == 0;
}

static bool is_broken(json_t *container)
{
	if (json_is_object(container))
		return json_object_get(container, mark_key) == &broken;
	return json_array_get(container, 0) == &broken;
}

static void mark_broken(json_t *container)
{
	if (json_is_object(container))
		json_object_iter_set_new(
			container, json_object_iter_at(container, mark_key), &broken);
	else
		json_array_set_new(container, 0, &broken);
}

static struct json *container_new(json_t *container)
{
	if (container && !add_mark(container)) {
		json_decref(container);
		return NULL;
	}
	return outer(container);
}

struct json *json_object_new(void)
{
	return container_new(json_object());
}

struct json *json_array_new(void)
{
	return container_new(json_array());
}

struct json *json_span_new(struct span text)
{
	json_t *value = text.len ? json_stringn((const char *)text.ptr, text.len) : json_string("");
	struct buf shown = {0};

	if (!text.len)
		return outer(value);
	/* A NUL inside would end the text for json_str. */
	if (value && !memchr(text.ptr, '\0', text.len))
		return outer(value);
	json_decref(value);
	str_printable(&shown, text);
	value = buf_check(&shown) ? NULL : json_stringn((char *)shown.data, shown.len);
	buf_fini(&shown);
	return outer(value);
}

struct json *json_string_new(const char *text)
{
	if (!text)
		return NULL;
	return *text ? json_span_new(span_str(text)) : outer(json_string(""));
}

struct json *json_int_new(int64_t v)
{
	return outer(json_integer(v));
}

struct json *json_bool_new(bool v)
{
	return outer(json_boolean(v));
}

struct json *json_null_new(void)
{
	return outer(json_null());
}

struct json *json_ref(struct json *j)
{
	return outer(json_incref(inner(j)));
}

void json_free(struct json *j)
{
	json_decref(inner(j));
}

void json_set_take(struct json *object, const char *key, struct json *value)
{
	json_t *o = inner(object);

	if (!json_is_object(o))
		json_free(value);
	else if (!value || json_object_set_new(o, key, inner(value)))
		mark_broken(o);
}

void json_append_take(struct json *array, struct json *value)
{
	json_t *a = inner(array);

	if (!json_is_array(a))
		json_free(value);
	else if (!value || json_array_append_new(a, inner(value)))
		mark_broken(a);
}

void json_set_str(struct json *object, const char *key, const char *text)
{
	json_set_take(object, key, json_string_new(text));
}

void json_set_int(struct json *object, const char *key, int64_t v)
{
	json_set_take(object, key, json_int_new(v));
}

void json_set_bool(struct json *object, const char *key, bool v)
{
	json_set_take(object, key, json_bool_new(v));
}

struct json *json_get(const struct json *object, const char *key)
{
	return strcmp(key, mark_key) == 0 ? NULL : outer(json_object_get(inner(object), key));
}

const char *json_str(const struct json *j)
{
	return json_string_value(inner(j));
}

const char *json_get_str(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise)
{
	json_t *value = inner(json_get(object, key));

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_get_bool(const struct json *object, const char *key)
{
	return json_is_true(inner(json_get(object, key)));
}

size_t json_count(const struct json *array)
{
	size_t size = json_array_size(inner(array));

	return size ? size - 1 : 0;
}

struct json *json_at(const struct json *array, size_t i)
{
	return i < json_count(array) ? outer(json_array_get(inner(array), i + 1)) : NULL;
}

static void put_text(struct buf *out, const char *text, size_t len)
{
	size_t i;

	buf_u8(out, '"');
	for (i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\u%04x", c);
		else
			buf_u8(out, c);
	}
	buf_u8(out, '"');
}

static int put_bytes(const char *bytes, size_t len, void *out)
{
	buf_put(out, span_of(bytes, len));
	return 0;
}

static void put_break(struct buf *out, bool pretty, unsigned depth)
{
	if (!pretty)
		return;
	buf_u8(out, '\n');
	buf_fill(out, ' ', 2 * (size_t)depth);
}

static enum err put_value(struct buf *out, json_t *j, bool pretty, unsigned depth);

static enum err put_object(struct buf *out, json_t *j, bool pretty, unsigned depth)
{
	const char *between = "", *key;
	json_t *value;
	enum err err;

	buf_u8(out, '{');
	json_object_foreach(j, key, value)
	{
		if (strcmp(key, mark_key) == 0)
			continue;
		buf_str(out, between);
		between = ",";
		put_break(out, pretty, depth + 1);
		put_text(out, key, strlen(key));
		buf_str(out, pretty ? ": " : ":");
		err = put_value(out, value, pretty, depth + 1);
		if (err)
			return err;
	}
	if (*between)
		put_break(out, pretty, depth);
	buf_u8(out, '}');
	return ERR_OK;
}

static enum err put_array(struct buf *out, json_t *j, bool pretty, unsigned depth)
{
	size_t i, count = json_count(outer(j));
	enum err err;

	buf_u8(out, '[');
	for (i = 0; i < count; i++) {
		buf_str(out, i ? "," : "");
		put_break(out, pretty, depth + 1);
		err = put_value(out, inner(json_at(outer(j), i)), pretty, depth + 1);
		if (err)
			return err;
	}
	if (count)
		put_break(out, pretty, depth);
	buf_u8(out, ']');
	return ERR_OK;
}

static enum err put_value(struct buf *out, json_t *j, bool pretty, unsigned depth)
{
	if (!j || is_broken(j))
		return ERR_NOMEM;
	if (depth > JSON_DEPTH_MAX)
		return ERR_LIMIT;
	switch (json_typeof(j)) {
	case JSON_OBJECT: return put_object(out, j, pretty, depth);
	case JSON_ARRAY: return put_array(out, j, pretty, depth);
	case JSON_STRING: put_text(out, json_string_value(j), json_string_length(j)); return ERR_OK;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		return ERR_OK;
	case JSON_REAL:
		/* jansson prints the shortest text that reads back as the same number. */
		return json_dump_callback(j, put_bytes, out, JSON_ENCODE_ANY) ? ERR_NOMEM : ERR_OK;
	default:
		buf_str(out, json_is_true(j) ? "true" : json_is_false(j) ? "false" : "null");
		return ERR_OK;
	}
}

enum err json_write(struct buf *out, const struct json *j, bool pretty)
{
	size_t start = out->len;
	enum err err = put_value(out, inner(j), pretty, 0);

	if (!err && pretty)
		buf_u8(out, '\n');
	if (!err)
		err = buf_check(out);
	if (err && !buf_check(out))
		out->len = start;
	return err;
}

/* Containers of a parsed document get their marks like new ones. */
static bool add_marks(json_t *j)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(j, key, value)
	{
		if (!add_marks(value))
			return false;
	}
	for (i = 0; i < json_array_size(j); i++)
		if (!add_marks(json_array_get(j, i)))
			return false;
	return (!json_is_object(j) && !json_is_array(j)) || add_mark(j);
}

/* Deepest nesting of brackets outside strings. jansson's own limit is 2,048. */
static unsigned nesting(struct span text)
{
	unsigned depth = 0, deepest = 0;
	bool quoted = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = (char)text.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!quoted && (c == '}' || c == ']') && depth)
			depth--;
	}
	return deepest;
}

enum err json_parse(struct json **out, struct span text, struct fail *why)
{
	json_error_t error;
	json_t *j;

	*out = NULL;
	if (text.len > JSON_SIZE_MAX)
		return fail_set(why, ERR_LIMIT, "JSON document of %zu bytes: at most %u are read",
			text.len, JSON_SIZE_MAX);
	if (nesting(text) > JSON_DEPTH_MAX)
		return fail_set(
			why, ERR_LIMIT, "JSON document: nested deeper than %u", JSON_DEPTH_MAX);
	starved = false;
	j = json_loadb(
		text.len ? (const char *)text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (!j && starved)
		return fail_set(why, ERR_NOMEM, "JSON document: %s", err_text(ERR_NOMEM));
	if (!j)
		return fail_at(why, ERR_FORMAT, (size_t)error.position,
			"JSON document, line %d, column %d: %s", error.line, error.column,
			error.text);
	if (!add_marks(j)) {
		json_decref(j);
		return fail_set(why, ERR_NOMEM, "JSON document: %s", err_text(ERR_NOMEM));
	}
	*out = outer(j);
	return ERR_OK;
}
