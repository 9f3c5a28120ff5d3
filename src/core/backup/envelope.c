/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/backup/envelope.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "wire/cursor.h"

#include <stdio.h>

static const char magic[] = "CADEADO backup\n\x1a";
#define MAGIC_LEN    16u
#define VERSION      1u
#define HEAD_MAX     256u
#define SEALED_PIECE (SEAL_PIECE + SEAL_TAG)

/* --- the head --- */

static void put_be64(struct buf *out, uint64_t v)
{
	buf_be32(out, (uint32_t)(v >> 32));
	buf_be32(out, (uint32_t)v);
}

static void put_text(struct buf *out, const char *text)
{
	buf_u8(out, (uint8_t)strlen(text));
	buf_str(out, text);
}

static void write_head(struct buf *out, const struct backup_head *h)
{
	size_t start = out->len, at;

	buf_put(out, span_of(magic, MAGIC_LEN));
	buf_be16(out, VERSION);
	at = out->len;
	buf_be16(out, 0);
	buf_be32(out, h->cost.memory_kib);
	buf_be32(out, h->cost.passes);
	buf_be32(out, h->cost.lanes);
	buf_put(out, span_of(h->salt, sizeof(h->salt)));
	put_be64(out, (uint64_t)h->time);
	put_text(out, h->node);
	put_text(out, h->address);
	if (!buf_check(out))
		buf_set_be16(out, at, (uint16_t)(out->len - start));
}

/* Names are shown before anybody knows who wrote them. */
static void read_text(struct cursor *c, char out[STORE_NAME], const char *field)
{
	uint8_t len = cur_u8(c, field);
	struct span text;
	size_t i;

	if (len >= STORE_NAME) {
		cur_fail(c, ERR_LIMIT, field, "longer than %d bytes", STORE_NAME - 1);
		return;
	}
	text = cur_take(c, len, field);
	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7F) {
			cur_fail(c, ERR_FORMAT, field, "not printable");
			return;
		}
		out[i] = (char)text.ptr[i];
	}
	out[text.len] = '\0';
}

static int64_t read_time(struct cursor *c)
{
	uint64_t high = cur_be32(c, "time"), low = cur_be32(c, "time");

	if (high > 0x3F) /* some hundred years are enough, and can be printed */
		cur_fail(c, ERR_FORMAT, "time", "too far in the future");
	return cur_check(c) ? 0 : (int64_t)(high << 32 | low);
}

enum err envelope_head(struct span file, struct backup_head *head, size_t *size, struct fail *why)
{
	struct cursor c;
	struct span m;
	uint16_t version, len;
	struct span salt;

	memset(head, 0, sizeof(*head));
	*size = 0;
	cur_init(&c, file, "backup", why);
	m = cur_take(&c, MAGIC_LEN, "mark");
	if (m.len && memcmp(m.ptr, magic, MAGIC_LEN) != 0)
		return fail_at(why, ERR_FORMAT, 0, "not a backup of Cadeado");
	version = cur_be16(&c, "version");
	if (!cur_check(&c) && version != VERSION)
		return fail_at(why, ERR_UNSUPPORTED, MAGIC_LEN,
			"a backup of format %u; this program knows format %u", version, VERSION);
	len = cur_be16(&c, "length of the head");
	head->cost.memory_kib = cur_be32(&c, "memory");
	head->cost.passes = cur_be32(&c, "passes");
	head->cost.lanes = cur_be32(&c, "lanes");
	if (!cur_check(&c) && !kdf_cost_good(&head->cost))
		cur_fail(&c, ERR_LIMIT, "cost", "more than a passphrase may take");
	salt = cur_take(&c, PASSWORD_SALT, "salt");
	if (salt.len)
		memcpy(head->salt, salt.ptr, salt.len);
	head->time = read_time(&c);
	read_text(&c, head->node, "node");
	read_text(&c, head->address, "address");
	if (!cur_check(&c) && (c.pos != len || len > HEAD_MAX))
		cur_fail(&c, ERR_FORMAT, "length of the head", "%u, and it has %zu", len, c.pos);
	*size = cur_check(&c) ? 0 : len;
	return cur_check(&c);
}

/* --- sealing --- */

static enum err stretch(const struct backup_head *h, struct span passphrase,
	uint8_t key[PASSWORD_KEY], struct fail *why)
{
	enum err err = password_key(passphrase, h->salt, &h->cost, key);

	return err ? fail_set(why, err, "passphrase: %s", err_text(err)) : ERR_OK;
}

enum err envelope_seal(struct buf *file, struct backup_head *head, struct span archive,
	struct span passphrase, struct fail *why)
{
	uint8_t key[PASSWORD_KEY];
	struct buf clear = {0};
	uint64_t number = 0;
	enum err err;

	head->cost = kdf_cost_default();
	err = random_bytes(head->salt, sizeof(head->salt));
	if (err)
		return fail_set(why, err, "no random numbers");
	err = stretch(head, passphrase, key, why);
	if (err)
		return err;
	write_head(&clear, head);
	err = buf_check(&clear);
	if (!err)
		buf_put(file, buf_span(&clear));
	do {
		bool last = archive.len <= SEAL_PIECE;
		struct span piece = span_of(archive.ptr, last ? archive.len : SEAL_PIECE);

		if (!err)
			err = seal_piece(key, number++, last, buf_span(&clear), piece, file);
		archive.ptr += piece.len;
		archive.len -= piece.len;
		if (last)
			break;
	} while (!err);
	if (!err)
		err = buf_check(file);
	mem_wipe(key, sizeof(key));
	buf_fini(&clear);
	return err ? fail_set(why, err, "backup: %s", err_text(err)) : ERR_OK;
}

enum err envelope_open(struct span file, struct backup_head *head, struct span passphrase,
	struct buf *archive, struct fail *why)
{
	uint8_t key[PASSWORD_KEY];
	size_t size, start = archive->len;
	uint64_t number = 0;
	struct span clear, left, piece;
	enum err err = envelope_head(file, head, &size, why);
	bool last = false;

	if (err)
		return err;
	err = stretch(head, passphrase, key, why);
	if (err)
		return err;
	clear = span_of(file.ptr, size);
	for (left = span_of(file.ptr + size, file.len - size); !err && !last;) {
		last = left.len <= SEALED_PIECE;
		piece = span_of(left.ptr, last ? left.len : SEALED_PIECE);
		err = unseal_piece(key, number++, last, clear, piece, archive);
		left = span_of(left.ptr + piece.len, left.len - piece.len);
	}
	mem_wipe(key, sizeof(key));
	if (!err)
		return ERR_OK;
	if (archive->data)
		mem_wipe(archive->data + start, archive->len - start);
	archive->len = start;
	return fail_set(why, err, "%s",
		err == ERR_VERIFY ? "the passphrase is wrong, or the backup is damaged"
				  : err_text(err));
}
