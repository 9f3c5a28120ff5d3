/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/secret.h"

#include "base/file.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/seal.h"

#define KEY_FILE "phone-secrets"

static enum err read_key(struct cluster *c, bool make, struct buf *key, struct fail *why)
{
	char *path = cluster_path(c, "keys", KEY_FILE);
	uint8_t fresh[SEAL_KEY];
	struct fail local = {0};
	enum err err;

	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = file_read(path, SEAL_KEY, key, &local);
	if (err == ERR_NOTFOUND && make) {
		fail_clear(&local);
		err = random_bytes(fresh, sizeof(fresh));
		if (!err)
			err = file_create(path, span_of(fresh, sizeof(fresh)), 0600, &local);
		mem_wipe(fresh, sizeof(fresh));
		/* Another process may have been first: then its key is the key. */
		if (!err || err == ERR_EXISTS) {
			fail_clear(&local);
			err = file_read(path, SEAL_KEY, key, &local);
		}
	}
	if (!err && key->len != SEAL_KEY)
		err = fail_set(&local, ERR_FORMAT, "%s: is no key of %u bytes", path, SEAL_KEY);
	mem_free(path);
	return err ? fail_set(why, err, "secrets of phones: %s",
			     local.text[0] ? local.text : err_text(err))
		   : ERR_OK;
}

static void put_head(struct buf *head, const char *device, const char *field)
{
	buf_str(head, device);
	buf_u8(head, 0);
	buf_str(head, field);
}

enum err device_seal(struct cluster *c, const char *device, const char *field, const char *text,
	struct store_sealed *out, struct fail *why)
{
	struct buf key = {0}, head = {0}, sealed = {0};
	uint8_t nonce[SEAL_NONCE];
	enum err err;

	memset(out, 0, sizeof(*out));
	if (!*text)
		return ERR_OK;
	err = read_key(c, true, &key, why);
	if (err)
		goto out;
	put_head(&head, device, field);
	err = random_bytes(nonce, sizeof(nonce));
	buf_put(&sealed, span_of(nonce, sizeof(nonce)));
	if (!err)
		err = buf_check(&head);
	if (!err)
		err = seal(key.data, nonce, buf_span(&head), span_str(text), &sealed);
	if (!err)
		err = buf_check(&sealed);
	if (!err && sealed.len > STORE_SEALED_MOST)
		err = ERR_LIMIT;
	if (err) {
		fail_set(why, err, "secrets of phones: %s", err_text(err));
		goto out;
	}
	out->len = (uint8_t)sealed.len;
	memcpy(out->bytes, sealed.data, sealed.len);
out:
	buf_wipe(&key);
	buf_fini(&head);
	buf_fini(&sealed);
	return err;
}

enum err device_unseal(struct cluster *c, const char *device, const char *field,
	const struct store_sealed *sealed, struct buf *text, struct fail *why)
{
	struct buf key = {0}, head = {0};
	enum err err = read_key(c, false, &key, why);

	put_head(&head, device, field);
	if (!err)
		err = buf_check(&head);
	if (!err && sealed->len <= SEAL_NONCE)
		err = ERR_FORMAT;
	if (!err)
		err = unseal(key.data, sealed->bytes, buf_span(&head),
			span_of(sealed->bytes + SEAL_NONCE, sealed->len - SEAL_NONCE), text);
	buf_u8(text, 0);
	if (!err)
		err = buf_check(text);
	if (err)
		fail_set(why, err,
			"%s: its %s was sealed under another key; set it anew, or bring back "
			"keys/" KEY_FILE,
			device, field);
	buf_wipe(&key);
	buf_fini(&head);
	return err;
}
