/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/work.h"

#include "base/mem.h"
#include "core/list/signed.h"

struct work *work_new(struct cluster *c, enum digest_alg digest, const char *filename)
{
	struct work *w = mem_new(sizeof(*w));

	if (!w)
		return NULL;
	w->key = file_key_hold(cluster_file_key(c));
	w->digest = digest;
	w->now = (uint32_t)clock_seconds(cluster_get_clock(c));
	str_copy(w->filename, sizeof(w->filename), filename);
	return w;
}

void work_free(struct work *w)
{
	if (!w)
		return;
	file_key_drop(w->key);
	buf_wipe(&w->content);
	buf_wipe(&w->whole);
	buf_fini(&w->phone);
	prepared_fini(&w->place);
	mem_free(w);
}

static enum err put_signature(
	const struct work *w, struct buf *file, const struct span pieces[2], struct fail *why)
{
	struct buf signature = {0};
	enum err err = file_key_sign(w->key, w->digest, pieces, 2, &signature, why);

	if (!err)
		err = tlv_set_signature(file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

enum err work_do(
	struct work *w, struct buf *signed_file, struct buf *encrypted_file, struct fail *why)
{
	struct signed_as as = {w->filename, file_key_cert(w->key), w->digest, w->now, false};
	struct span pieces[2];
	enum err err = signed_prepare(signed_file, buf_span(&w->content), &as, pieces, why);

	if (!err)
		err = put_signature(w, signed_file, pieces, why);
	if (!err && w->whole.len) {
		as.filename = w->whole_name;
		err = signed_encrypt_to(
			encrypted_file, &w->whole, buf_span(&w->phone), &as, pieces, why);
		if (!err)
			err = put_signature(w, encrypted_file, pieces, why);
	}
	/* A disk that is full keeps no phone from its file. */
	if (!err && w->place.path &&
		prepared_write(&w->place, buf_span(signed_file), buf_span(encrypted_file),
			&w->not_kept) != ERR_OK)
		return ERR_OK;
	return err;
}
