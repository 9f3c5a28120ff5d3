/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/backup/tar.h"

#include <stdio.h>

#define BLOCK          512u
#define SIZE_MAX_OCTAL ((UINT64_C(1) << 33) - 1) /* eleven octal digits */

#define NAME_LEN   100u
#define PREFIX_LEN 155u
/* Where a field begins, and its length. */
#define F_NAME    0u, NAME_LEN
#define F_MODE    100u, 8u
#define F_UID     108u, 8u
#define F_GID     116u, 8u
#define F_SIZE    124u, 12u
#define F_TIME    136u, 12u
#define F_SUM     148u, 8u
#define F_TYPE    156u
#define F_MAGIC   257u
#define PREFIX_AT 345u
#define F_PREFIX  PREFIX_AT, PREFIX_LEN
#define SUM_AT    148u
#define SUM_LEN   8u

static const char magic[] = "ustar\0"
			    "00";
#define MAGIC_LEN 8u

#define TYPE_FILE     '0'
#define TYPE_FILE_OLD '\0'
#define TYPE_FOLDER   '5'

static bool name_good(const char *name)
{
	const char *part = name, *end;
	size_t i, len;

	for (i = 0; name[i]; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
			return false;
	for (;; part = end + 1) {
		end = strchr(part, '/');
		len = end ? (size_t)(end - part) : strlen(part);
		if (!len || (len == 1 && part[0] == '.') ||
			(len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		if (!end)
			return true;
	}
}

/* --- writing --- */

static void put_octal(uint8_t *block, size_t at, size_t len, uint64_t value)
{
	size_t i;

	for (i = len - 1; i > 0; i--, value >>= 3)
		block[at + i - 1] = (uint8_t)('0' + (value & 7));
}

/* The sum of the block's bytes, those of the sum itself counted as blanks. */
static unsigned sum_of(const uint8_t *block)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : block[i];
	return sum;
}

/* A name above 100 bytes is cut at a slash. */
static bool put_name(uint8_t *block, const char *name)
{
	size_t len = strlen(name), cut;

	if (len <= NAME_LEN) {
		memcpy(block, name, len);
		return true;
	}
	for (cut = len - NAME_LEN - 1; cut <= PREFIX_LEN && cut + 1 < len; cut++)
		if (cut && name[cut] == '/') {
			memcpy(block, name + cut + 1, len - cut - 1);
			memcpy(block + PREFIX_AT, name, cut);
			return true;
		}
	return false;
}

enum err tar_put(struct buf *out, const struct tar_entry *e, struct fail *why)
{
	uint8_t block[BLOCK] = {0};
	size_t size = e->folder ? 0 : e->content.len;

	if (!name_good(e->name))
		return fail_set(why, ERR_ARG, "%s: no name for an archive", e->name);
	if (!put_name(block, e->name) || (uint64_t)size > SIZE_MAX_OCTAL)
		return fail_set(why, ERR_LIMIT, "%s: too long for an archive", e->name);
	put_octal(block, F_MODE, e->mode & 07777);
	put_octal(block, F_UID, 0);
	put_octal(block, F_GID, 0);
	put_octal(block, F_SIZE, size);
	put_octal(block, F_TIME, e->time < 0 ? 0 : (uint64_t)e->time & SIZE_MAX_OCTAL);
	block[F_TYPE] = e->folder ? TYPE_FOLDER : TYPE_FILE;
	memcpy(block + F_MAGIC, magic, MAGIC_LEN);
	/* Six digits, NUL, blank. */
	put_octal(block, SUM_AT, SUM_LEN - 1, sum_of(block));
	block[SUM_AT + SUM_LEN - 1] = ' ';
	buf_put(out, span_of(block, sizeof(block)));
	if (size)
		buf_put(out, e->content);
	buf_fill(out, 0, (BLOCK - size % BLOCK) % BLOCK);
	return buf_check(out) ? fail_set(why, buf_check(out), "%s", err_text(buf_check(out)))
			      : ERR_OK;
}

void tar_end(struct buf *out)
{
	buf_fill(out, 0, (size_t)2 * BLOCK);
}

/* --- reading --- */

void tar_reader_init(struct tar_reader *r, struct span archive)
{
	*r = (struct tar_reader){.bytes = archive};
}

/* Octal digits that end in NUL or a blank. */
static bool get_octal(const uint8_t *block, size_t at, size_t len, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	while (i < len && block[at + i] == ' ')
		i++;
	if (i == len || block[at + i] < '0' || block[at + i] > '7')
		return false;
	for (; i < len && block[at + i] >= '0' && block[at + i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(block[at + i] - '0');
	for (; i < len; i++)
		if (block[at + i] != ' ' && block[at + i] != '\0')
			return false;
	return true;
}

static void get_text(const uint8_t *block, size_t at, size_t len, char *out)
{
	size_t n = 0;

	while (n < len && block[at + n])
		n++;
	memcpy(out, block + at, n);
	out[n] = '\0';
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool get_name(const uint8_t *block, struct tar_entry *e)
{
	char name[NAME_LEN + 1], prefix[PREFIX_LEN + 1];
	size_t len;

	get_text(block, F_NAME, name);
	get_text(block, F_PREFIX, prefix);
	if (!*name)
		return false;
	snprintf(e->name, sizeof(e->name), "%s%s%s", prefix, *prefix ? "/" : "", name);
	len = strlen(e->name);
	if (e->folder && len && e->name[len - 1] == '/')
		e->name[len - 1] = '\0';
	return name_good(e->name);
}

static enum err read_header(struct tar_reader *r, const uint8_t *block, struct tar_entry *e,
	uint64_t *size, struct fail *why)
{
	uint64_t sum, mode, when;
	uint8_t type = block[F_TYPE];

	if (!get_octal(block, F_SUM, &sum) || sum != sum_of(block))
		return fail_at(why, ERR_FORMAT, r->pos, "archive: a header's checksum is wrong");
	if (memcmp(block + F_MAGIC, magic, MAGIC_LEN) != 0)
		return fail_at(why, ERR_FORMAT, r->pos, "archive: not in the ustar format");
	if (type != TYPE_FILE && type != TYPE_FILE_OLD && type != TYPE_FOLDER)
		return fail_at(why, ERR_UNSUPPORTED, r->pos,
			"archive: neither file nor folder (type %u)", type);
	e->folder = type == TYPE_FOLDER;
	if (!get_name(block, e))
		return fail_at(why, ERR_FORMAT, r->pos,
			"archive: a name that is empty, absolute or leads out of the folder");
	if (!get_octal(block, F_MODE, &mode) || !get_octal(block, F_SIZE, size) ||
		!get_octal(block, F_TIME, &when))
		return fail_at(why, ERR_FORMAT, r->pos, "archive: %s: a number is wrong", e->name);
	e->mode = (mode_t)(mode & 0777);
	e->time = (int64_t)when;
	if (e->folder && *size)
		return fail_at(
			why, ERR_FORMAT, r->pos, "archive: %s: a folder with content", e->name);
	return ERR_OK;
}

/* The end is two empty blocks; tar(1) may fill up with more of them. */
static enum err read_end(struct tar_reader *r, struct fail *why)
{
	size_t left = r->bytes.len - r->pos;

	if (left < (size_t)2 * BLOCK)
		return fail_at(why, ERR_SHORT, r->pos, "archive: cut off");
	if (!all_zero(r->bytes.ptr + r->pos, left))
		return fail_at(why, ERR_FORMAT, r->pos, "archive: something follows its end");
	r->ended = true;
	return ERR_OK;
}

static enum err next(struct tar_reader *r, struct tar_entry *e, struct fail *why)
{
	const uint8_t *block = r->bytes.ptr + r->pos;
	size_t left = r->bytes.len - r->pos, padded;
	uint64_t size = 0;
	enum err err;

	if (left < BLOCK)
		return fail_at(why, ERR_SHORT, r->pos, "archive: cut off");
	if (all_zero(block, BLOCK))
		return read_end(r, why);
	if (r->count == TAR_ENTRIES)
		return fail_at(
			why, ERR_LIMIT, r->pos, "archive: more than %u entries", TAR_ENTRIES);
	err = read_header(r, block, e, &size, why);
	if (err)
		return err;
	left -= BLOCK;
	if (size > left)
		return fail_at(why, ERR_SHORT, r->pos, "archive: %s is cut off", e->name);
	e->content = span_of(block + BLOCK, (size_t)size);
	padded = ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
	if (padded > left)
		return fail_at(why, ERR_SHORT, r->pos, "archive: %s is cut off", e->name);
	r->pos += BLOCK + padded;
	r->count++;
	return ERR_OK;
}

bool tar_next(struct tar_reader *r, struct tar_entry *e, enum err *err, struct fail *why)
{
	memset(e, 0, sizeof(*e));
	*err = r->ended ? ERR_OK : next(r, e, why);
	return !*err && !r->ended;
}
