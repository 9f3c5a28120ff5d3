/* SPDX-License-Identifier: BSD-2-Clause
 * Files signed for phones (.sgn, .enc.sgn): filling the header and judging the signature.
 * spec: docs/formats/signed-file.md */
#ifndef CORE_LIST_SIGNED_H
#define CORE_LIST_SIGNED_H

#include "core/list/list.h"
#include "wire/enc/enc.h"
#include "wire/sgn/sgn.h"

/* What a header says of the file and its signer; everything is borrowed. */
struct signed_as {
	const char *filename; /* that phones ask for, with ".sgn" */
	const struct cert *signer;
	enum digest_alg digest;
	uint32_t timestamp; /* header tag 15 */
	bool compat;        /* certutils' order of fields and its writing of names */
};

/* A header with all that; what it borrows beyond *as is in `names` (empty, fini'd by the caller).
 * ERR_UNSUPPORTED when the signer's key cannot be told in a header (not RSA, or 3072 bits), or the
 * digest. */
struct signed_names {
	struct buf subject, issuer;
};
enum err signed_header(struct tlv_header *h, const struct signed_as *as, struct signed_names *names,
	struct fail *why) MUST_USE;
void signed_names_fini(struct signed_names *names);

/* Header and content without the signature, into `file` (empty), and the pieces to be signed, which
 * borrow from it. */
enum err signed_prepare(struct buf *file, struct span content, const struct signed_as *as,
	struct span pieces[2], struct fail *why) MUST_USE;

/* Encrypts a configuration for the phone's RSA key, under an AES key and IV drawn here, and
 * prepares it as above. `plain` is padded here; its owner wipes it. ERR_UNSUPPORTED also for a
 * phone's key that is not RSA. spec: docs/formats/encrypted-file.md */
enum err signed_encrypt(struct buf *file, struct buf *plain, const struct cert *phone,
	const struct signed_as *as, struct span pieces[2], struct fail *why) MUST_USE;
/* The same for the key alone, as cert_list_key and rsa_public_find give it. */
enum err signed_encrypt_to(struct buf *file, struct buf *plain, struct span phone,
	const struct signed_as *as, struct span pieces[2], struct fail *why) MUST_USE;

/* The plain text without its padding, deciphered with the AES key that wrapped_key holds. `plain`
 * is empty and its owner's secret. ERR_VERIFY when it has another digest than the header says, as
 * with a wrong key; `plain` is then empty again. */
#define SIGNED_AES_KEY 16u
enum err signed_decrypt(const struct enc_file *f, const uint8_t key[SIGNED_AES_KEY],
	struct buf *plain, struct fail *why) MUST_USE;

/* Puts the signature in and checks it: ERR_VERIFY when it is not by the signer's key. For files
 * made by signed_prepare and signed_encrypt. */
enum err signed_finish(struct buf *file, const struct cert *signer, struct span signature,
	struct fail *why) MUST_USE;

/* What `show` prints: the header in the rows of `show ctl`, then what lies after it. Says nothing
 * about the signature, which nobody can judge without the signer's key. */
enum err signed_show(const struct sgn_file *f, int64_t modified, struct buf *out) MUST_USE;
enum err signed_show_encrypted(
	const struct enc_file *f, int64_t modified, struct buf *out) MUST_USE;
/* The same facts for programs, as list_to_json. */
struct json *signed_to_json(const struct sgn_file *f, int64_t modified);
struct json *signed_encrypted_to_json(const struct enc_file *f, int64_t modified);

/* Does the file begin with a header as signed files do? Also a vendor's firmware and lists. */
bool signed_already(struct span file);

/* Was the file signed by a record of `list` with the role TFTP or CCM+TFTP? As list_check_signer.
 */
enum err signed_verify(struct span file, const struct tlv_header *h, const struct tlv_list *list,
	struct fail *why) MUST_USE;

#endif
