/* SPDX-License-Identifier: BSD-2-Clause
 * JSON documents (over jansson): results of commands, the admin socket, --json, evidence files. */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buf.h"

#include <stdbool.h>

#define JSON_SIZE_MAX  (16u * 1024 * 1024)
#define JSON_DEPTH_MAX 32u

struct json; /* reference counted; NULL is "nothing" and accepted by every function */

struct json *json_object_new(void);
struct json *json_array_new(void);
struct json *json_string_new(const char *text); /* bytes that are not UTF-8 become \xNN text */
struct json *json_span_new(struct span text);
struct json *json_int_new(int64_t v);
struct json *json_bool_new(bool v);
struct json *json_null_new(void);
struct json *json_ref(struct json *j);
void json_free(struct json *j);

/* These take the reference of `value`, also when they fail. Out of memory leaves a document that
 * json_write then refuses with ERR_NOMEM, so that building one needs a single check at its end. */
void json_set_take(struct json *object, const char *key, struct json *value);
void json_append_take(struct json *array, struct json *value);
void json_set_str(struct json *object, const char *key, const char *text);
void json_set_int(struct json *object, const char *key, int64_t v);
void json_set_bool(struct json *object, const char *key, bool v);

/* Borrowed; NULL, 0, false or `otherwise` when absent or of another type. */
struct json *json_get(const struct json *object, const char *key);
const char *json_get_str(const struct json *object, const char *key);
int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise);
bool json_get_bool(const struct json *object, const char *key);
const char *json_str(const struct json *j);
size_t json_count(const struct json *array);
struct json *json_at(const struct json *array, size_t i);

/* Compact, or indented by two blanks and a newline at the end. Keys in the order of insertion. */
enum err json_write(struct buf *out, const struct json *j, bool pretty) MUST_USE;
enum err json_parse(struct json **out, struct span text, struct fail *why) MUST_USE;

#endif
