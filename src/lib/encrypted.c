/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"
#include "wire/cnfxml/cnfxml.h"

_Static_assert(CAD_AES_KEY == SIGNED_AES_KEY, "AES-128");

struct cad_encrypted {
	struct buf file;
	struct enc_file enc;
};

int cad_encrypted_parse(
	struct cad_encrypted **out, const void *bytes, size_t len, struct cad_error *error)
{
	struct cad_encrypted *f = mem_new(sizeof(*f));
	struct fail why = {0};
	enum err err;

	if (!f)
		return lib_end(ERR_NOMEM, NULL, error);
	buf_put(&f->file, span_of(bytes, len));
	err = buf_check(&f->file);
	if (!err)
		err = enc_parse(&f->enc, buf_span(&f->file), &why);
	if (err)
		cad_encrypted_free(f);
	else
		*out = f;
	return lib_end(err, &why, error);
}

void cad_encrypted_free(struct cad_encrypted *file)
{
	if (!file)
		return;
	buf_fini(&file->file);
	mem_free(file);
}

struct cad_header cad_encrypted_get_header(const struct cad_encrypted *file)
{
	return lib_header(&file->enc.header);
}

struct cad_cipher cad_encrypted_get_cipher(const struct cad_encrypted *file)
{
	return (struct cad_cipher){
		.iv = lib_span(file->enc.iv),
		.padding = file->enc.padding,
		.key_bits = file->enc.key_bits,
		.wrapped_key = lib_span(file->enc.wrapped_key),
		.ciphertext = lib_span(file->enc.ciphertext),
		.content_digest = file->enc.header.content_digest,
		.content_hash = lib_span(file->enc.header.content_hash),
	};
}

int cad_encrypted_verify_list(
	const struct cad_encrypted *file, const struct cad_list *list, struct cad_error *error)
{
	struct fail why = {0};
	enum err err = signed_verify(file->enc.file, &file->enc.header, &list->list, &why);

	return lib_end(err, &why, error);
}

int cad_encrypted_verify_cert(
	const struct cad_encrypted *file, const struct cad_cert *signer, struct cad_error *error)
{
	struct fail why = {0};
	enum err err = list_signed_by_cert(file->enc.file, &file->enc.header, signer->cert, &why);

	return lib_end(err, &why, error);
}

int cad_encrypted_decrypt(const struct cad_encrypted *file, cad_unwrap_fn *unwrap, void *ctx,
	struct cad_bytes *out, struct cad_error *error)
{
	uint8_t key[CAD_AES_KEY] = {0};
	struct buf plain = {0};
	struct fail why = {0};
	enum err err = ERR_OK;
	int status = unwrap(ctx, lib_span(file->enc.wrapped_key), key);

	if (status != CAD_OK)
		err = fail_set(
			&why, (enum err)status, "the caller did not unwrap the key (%d)", status);
	if (!err)
		err = signed_decrypt(&file->enc, key, &plain, &why);
	if (!err)
		err = lib_take_bytes(out, &plain);
	mem_wipe(key, sizeof(key));
	buf_wipe(&plain);
	return lib_end(err, &why, error);
}

int cad_encrypt_file(struct cad_bytes *out, const void *plain, size_t len, const char *filename,
	const struct cad_cert *phone, const struct cad_signing *how, struct cad_error *error)
{
	const struct signed_as as = lib_signed_as(how, filename);
	struct buf text = {0}, file = {0};
	struct span pieces[2];
	struct fail why = {0};
	enum err err;

	buf_put(&text, span_of(plain, len));
	err = buf_check(&text);
	if (!err)
		err = signed_encrypt(&file, &text, phone->cert, &as, pieces, &why);
	if (!err)
		err = lib_sign_prepared(&file, pieces, how, out, &why);
	buf_wipe(&text);
	buf_fini(&file);
	return lib_end(err, &why, error);
}

int cad_reduce_file(struct cad_bytes *out, const void *plain, size_t len,
	const struct cad_cert *phone, struct cad_error *error)
{
	struct fail why = {0};
	struct buf xml = {0};
	char hash[33];
	enum err err;

	cert_md5_hex(phone->cert, hash);
	err = cnfxml_reduce(&xml, span_of(plain, len), hash, &why);
	if (!err)
		err = lib_take_bytes(out, &xml);
	buf_fini(&xml);
	return lib_end(err, &why, error);
}
