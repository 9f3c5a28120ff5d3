/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/token_priv.h"

/* Both files are text, one "key value" in a line, in a fixed order, with a SHA-256 of all lines
 * before it as the last. spec: docs/formats/file-token.md#files */
#define TOKEN_FIRST_LINE "cadeado-token 1\n"
#define TRIES_FIRST_LINE "cadeado-tries 1\n"
#define COUNT_FIRST_LINE "cadeado-count 1\n"

#define TOKEN_FILE_MAX (4u * CERT_SIZE_MAX)
#define TRIES_FILE_MAX 4096u
#define SEALED_MIN     (TOKEN_TAG_SIZE + 1u)

void token_file_fini(struct token_file *t)
{
	buf_fini(&t->cert);
	buf_fini(&t->head);
	buf_fini(&t->sealed);
}

char *token_path(const char *folder, const char *label, const char *suffix)
{
	struct buf name = {0};
	char *path = NULL;

	buf_str(&name, label);
	buf_strz(&name, suffix);
	if (!buf_check(&name))
		path = file_join(folder, (const char *)name.data);
	buf_fini(&name);
	return path;
}

static void put_hex(struct buf *out, const char *key, struct span bytes)
{
	buf_printf(out, "%s ", key);
	str_hex(out, bytes, STR_LOWER);
	buf_u8(out, '\n');
}

static void put_sum(struct buf *out)
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, buf_span(out), hex);
	buf_printf(out, "sum %s\n", hex);
}

enum err token_file_make_head(struct token_file *t)
{
	buf_clear(&t->head);
	buf_str(&t->head, TOKEN_FIRST_LINE);
	buf_printf(&t->head, "label %s\nserial %s\n", t->label, t->serial);
	put_hex(&t->head, "id", span_of(t->id, sizeof(t->id)));
	buf_printf(&t->head, "memory %u\npasses %u\nlanes %u\n", t->kdf.memory_kib, t->kdf.passes,
		t->kdf.lanes);
	put_hex(&t->head, "salt", span_of(t->salt, sizeof(t->salt)));
	put_hex(&t->head, "nonce", span_of(t->nonce, sizeof(t->nonce)));
	put_hex(&t->head, "certificate", buf_span(&t->cert));
	return buf_check(&t->head);
}

/* The lines still to be read. `bad` stays once set. */
struct lines {
	char *at;
	bool bad;
};

/* The value of the next line, which must have this key; "" after a failure. */
static const char *take(struct lines *l, const char *key)
{
	size_t len = strlen(key);
	char *value, *end = l->bad ? NULL : strchr(l->at, '\n');

	if (!end || strncmp(l->at, key, len) != 0 || l->at[len] != ' ') {
		l->bad = true;
		return "";
	}
	value = l->at + len + 1;
	*end = '\0';
	l->at = end + 1;
	return value;
}

static unsigned take_number(struct lines *l, const char *key, long low, long high)
{
	long number = 0;

	if (str_number(take(l, key), low, high, &number))
		l->bad = true;
	return l->bad ? 0 : (unsigned)number;
}

/* Tokens of the first release have no such line before their first try. */
static unsigned take_changes(struct lines *l)
{
	if (!l->bad && !*l->at)
		return 0;
	return take_number(l, "changes", 0, INT32_MAX);
}

static void take_text(struct lines *l, const char *key, char *out, size_t size)
{
	if (!str_copy(out, size, take(l, key)))
		l->bad = true;
}

static enum err take_hex(struct lines *l, const char *key, struct buf *out)
{
	enum err err = str_unhex(out, take(l, key));

	if (err == ERR_FORMAT)
		l->bad = true;
	return err == ERR_FORMAT ? ERR_OK : err;
}

static enum err take_bytes(struct lines *l, const char *key, uint8_t *out, size_t size)
{
	struct buf bytes = {0};
	enum err err = take_hex(l, key, &bytes);

	if (bytes.len == size)
		memcpy(out, bytes.data, size);
	else
		l->bad = true;
	buf_fini(&bytes);
	return err;
}

/* Checks the last line and cuts it off. Appends a NUL, which makes the content a string. */
static enum err check_sum(struct buf *content, const char *first_line, struct lines *l)
{
	static const char last[] = "\nsum ";
	size_t first = strlen(first_line), sum_at = content->len;
	char hex[2 * DIGEST_MAX + 1];
	char *sum;

	if (memchr(content->data ? (const char *)content->data : "", 0, content->len))
		l->bad = true;
	buf_u8(content, 0);
	if (buf_check(content))
		return buf_check(content);
	l->at = (char *)content->data;
	sum = strstr(l->at, last);
	if (!sum || strncmp(l->at, first_line, first) != 0) {
		l->bad = true;
		return ERR_OK;
	}
	sum_at = (size_t)(sum + 1 - l->at);
	digest_hex(DIGEST_SHA256, span_of(content->data, sum_at), hex);
	sum += sizeof(last) - 1;
	if (strncmp(sum, hex, strlen(hex)) != 0 || strcmp(sum + strlen(hex), "\n") != 0)
		l->bad = true;
	content->data[sum_at] = '\0';
	l->at += first;
	return ERR_OK;
}

static enum err parse_token(struct token_file *t, struct buf *content, bool *bad)
{
	struct lines l = {0};
	enum err err = check_sum(content, TOKEN_FIRST_LINE, &l);
	char *head = (char *)content->data, *sealed;

	if (err)
		return err;
	sealed = l.bad ? NULL : strstr(head, "\nsealed ");
	if (sealed)
		buf_put(&t->head, span_of(head, (size_t)(sealed + 1 - head)));
	else
		l.bad = true;
	take_text(&l, "label", t->label, sizeof(t->label));
	take_text(&l, "serial", t->serial, sizeof(t->serial));
	err = take_bytes(&l, "id", t->id, sizeof(t->id));
	t->kdf.memory_kib = take_number(&l, "memory", 1, INT32_MAX);
	t->kdf.passes = take_number(&l, "passes", 1, INT32_MAX);
	t->kdf.lanes = take_number(&l, "lanes", 1, INT32_MAX);
	if (!err)
		err = take_bytes(&l, "salt", t->salt, sizeof(t->salt));
	if (!err)
		err = take_bytes(&l, "nonce", t->nonce, sizeof(t->nonce));
	if (!err)
		err = take_hex(&l, "certificate", &t->cert);
	if (!err)
		err = take_hex(&l, "sealed", &t->sealed);
	t->used = take_number(&l, "used", 0, TOKEN_TRIES);
	t->changes = take_changes(&l);
	*bad = l.bad || !kdf_cost_good(&t->kdf) || t->sealed.len < SEALED_MIN;
	return err ? err : buf_check(&t->head);
}

enum err token_file_read(
	struct token_file *t, const char *folder, const char *label, struct fail *why)
{
	char *path = token_path(folder, label, ".token");
	struct buf content = {0};
	bool bad = false;
	enum err err;

	*t = (struct token_file){0};
	err = path ? file_read(path, TOKEN_FILE_MAX, &content, why) : ERR_NOMEM;
	if (!err)
		err = parse_token(t, &content, &bad);
	if (!err && (bad || strcmp(t->label, label) != 0))
		err = fail_set(why, ERR_FORMAT,
			"%s: damaged, or not a token of this name; restore it from a copy, with "
			"its counter",
			path);
	buf_fini(&content);
	mem_free(path);
	if (err)
		token_file_fini(t);
	return err ? fail_set(why, err, "token %s: %s", label, err_text(err)) : ERR_OK;
}

/* What counts next to the number itself. */
static void put_used(struct buf *out, unsigned used, unsigned changes)
{
	buf_printf(out, "used %u\nchanges %u\n", used, changes);
}

static enum err token_text(
	const struct token_file *t, unsigned used, unsigned changes, struct buf *out)
{
	buf_put(out, buf_span(&t->head));
	put_hex(out, "sealed", buf_span(&t->sealed));
	put_used(out, used, changes);
	put_sum(out);
	return buf_check(out);
}

static enum err parse_tries(const struct token_file *t, struct buf *content, unsigned *used,
	unsigned *changes, bool *bad)
{
	uint8_t id[TOKEN_ID_SIZE] = {0};
	struct lines l = {0};
	enum err err = check_sum(content, TRIES_FIRST_LINE, &l);

	if (err)
		return err;
	err = take_bytes(&l, "token", id, sizeof(id));
	*used = take_number(&l, "used", 0, TOKEN_TRIES);
	*changes = take_changes(&l);
	*bad = l.bad || memcmp(id, t->id, sizeof(id)) != 0;
	return err;
}

/* Named by the token's number, not by its label: who copies the token's files back does not copy
 * it by the way. */
static char *count_path(const struct token_file *t, const char *folder)
{
	struct buf name = {0};
	char *path = NULL;

	buf_u8(&name, '.');
	str_hex(&name, span_of(t->id, sizeof(t->id)), STR_LOWER);
	buf_strz(&name, ".count");
	if (!buf_check(&name))
		path = file_join(folder, (const char *)name.data);
	buf_fini(&name);
	return path;
}

/* false: there is none that can be read. */
static bool parse_count(
	struct token_file *t, struct buf *content, unsigned *used, unsigned *changes)
{
	uint8_t id[TOKEN_ID_SIZE] = {0};
	struct lines l = {0};
	unsigned back;

	if (check_sum(content, COUNT_FIRST_LINE, &l) || take_bytes(&l, "token", id, sizeof(id)))
		return false;
	*used = take_number(&l, "used", 0, TOKEN_TRIES);
	*changes = take_changes(&l);
	back = take_number(&l, "back", 0, INT32_MAX);
	if (l.bad || memcmp(id, t->id, sizeof(id)) != 0)
		return false;
	t->back = back;
	return true;
}

/* Holds the token's two files against the third place where its changes are counted. */
static enum err compare_count(
	struct token_file *t, const char *folder, unsigned tries_changes, unsigned *used)
{
	unsigned count_used = 0, count_changes = 0;
	char *path = count_path(t, folder);
	struct buf content = {0};
	enum err err = path ? file_read(path, TRIES_FILE_MAX, &content, NULL) : ERR_NOMEM;
	bool found = !err && parse_count(t, &content, &count_used, &count_changes);

	mem_free(path);
	buf_fini(&content);
	if (err == ERR_NOMEM)
		return err;
	/* It is written last, so both files are as new as it, or newer after a kill. */
	t->behind = found ? t->changes < count_changes || tries_changes < count_changes
			  : t->changes > 0 || tries_changes > 0;
	t->back += t->behind;
	if (tries_changes > t->changes)
		t->changes = tries_changes;
	if (count_changes > t->changes)
		t->changes = count_changes;
	if (count_used > *used)
		*used = count_used;
	return ERR_OK;
}

enum err token_tries_read(
	struct token_file *t, const char *folder, unsigned *used, struct fail *why)
{
	char *path = token_path(folder, t->label, ".tries");
	struct buf content = {0};
	struct fail inner = {0};
	unsigned changes = 0;
	bool bad = false;
	enum err err;

	err = path ? file_read(path, TRIES_FILE_MAX, &content, &inner) : ERR_NOMEM;
	if (!err)
		err = parse_tries(t, &content, used, &changes, &bad);
	if (err == ERR_NOTFOUND)
		err = fail_set(why, ERR_LOCKED,
			"token %s is locked: its counter of tries is missing (%s); use another "
			"token and replace this one",
			t->label, path);
	else if (err == ERR_LIMIT || (!err && bad))
		err = fail_set(why, ERR_LOCKED,
			"token %s is locked: its counter of tries is damaged or another token's "
			"(%s); use another token and replace this one",
			t->label, path);
	else if (err)
		fail_set(why, err, "token %s: %s", t->label,
			inner.code ? inner.text : err_text(err));
	/* An old copy of one file gives no tries back. */
	if (!err && t->used > *used)
		*used = t->used;
	if (!err) {
		err = compare_count(t, folder, changes, used);
		if (err)
			fail_set(why, err, "token %s: %s", t->label, err_text(err));
	}
	buf_fini(&content);
	mem_free(path);
	return err;
}

static enum err tries_write(const struct token_file *t, const char *folder, unsigned used,
	unsigned changes, struct fail *why)
{
	char *path = token_path(folder, t->label, ".tries");
	struct buf text = {0};
	enum err err;

	buf_str(&text, TRIES_FIRST_LINE);
	put_hex(&text, "token", span_of(t->id, sizeof(t->id)));
	put_used(&text, used, changes);
	put_sum(&text);
	err = path ? buf_check(&text) : ERR_NOMEM;
	if (!err)
		err = file_replace(path, buf_span(&text), 0600, FILE_SYNC, why);
	buf_fini(&text);
	mem_free(path);
	return err;
}

static enum err count_write(const struct token_file *t, const char *folder, unsigned used,
	unsigned changes, struct fail *why)
{
	char *path = count_path(t, folder);
	struct buf text = {0};
	enum err err;

	buf_str(&text, COUNT_FIRST_LINE);
	put_hex(&text, "token", span_of(t->id, sizeof(t->id)));
	put_used(&text, used, changes);
	buf_printf(&text, "back %u\n", t->back);
	put_sum(&text);
	err = path ? buf_check(&text) : ERR_NOMEM;
	if (!err)
		err = file_replace(path, buf_span(&text), 0600, FILE_SYNC, why);
	buf_fini(&text);
	mem_free(path);
	return err;
}

enum err token_files_create(struct token_file *t, const char *folder, struct fail *why)
{
	char *path = token_path(folder, t->label, ".token");
	struct buf text = {0};
	enum err err = path ? token_text(t, 0, 1, &text) : ERR_NOMEM;

	/* The counters first: a token without them is locked. */
	if (!err)
		err = count_write(t, folder, 0, 1, why);
	if (!err)
		err = tries_write(t, folder, 0, 1, why);
	if (!err)
		err = file_create(path, buf_span(&text), 0600, why);
	buf_fini(&text);
	mem_free(path);
	return err ? fail_set(why, err, "token %s: %s", t->label, err_text(err)) : ERR_OK;
}

enum err token_files_write(
	struct token_file *t, const char *folder, unsigned used, struct fail *why)
{
	unsigned changes = t->changes < INT32_MAX ? t->changes + 1 : t->changes;
	char *path = token_path(folder, t->label, ".token");
	struct buf text = {0};
	enum err err = path ? token_text(t, used, changes, &text) : ERR_NOMEM;

	if (!err)
		err = tries_write(t, folder, used, changes, why);
	if (!err)
		err = file_replace(path, buf_span(&text), 0600, FILE_SYNC, why);
	if (!err)
		err = count_write(t, folder, used, changes, why);
	if (!err) {
		t->used = used;
		t->changes = changes;
	}
	buf_fini(&text);
	mem_free(path);
	return err ? fail_set(why, err, "token %s: %s", t->label, err_text(err)) : ERR_OK;
}
