/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CORE_COMMAND_KEYS_H
#define CORE_COMMAND_KEYS_H

/* The key that a command about files signs with, as its options say: --key, or --token with
 * --tokens or --module. For the commands that write; nothing here opens the cluster. */
#include "core/command/command.h"
#include "core/list/list.h"
#include "crypto/cert.h"
#include "crypto/signer.h"

struct command_key {
	struct cert *cert; /* the key's */
	struct signer *signer;
	const char *name; /* borrowed from the arguments */
};

/* Finds out whose key it is, without a PIN where that can be: from the option `cert_option`, from
 * the file token, or from the PKCS #11 token. Free with command_key_fini, also after an error. */
enum err command_key_find(struct command_key *k, struct command_ctx *ctx, const struct json *args,
	const char *cert_option, struct fail *why) MUST_USE;

/* Asks for the PIN when one is needed, and signs. ERR_VERIFY when the key is not the certificate's.
 */
enum err command_key_sign(struct command_key *k, struct command_ctx *ctx, const struct json *args,
	enum digest_alg digest, const struct span pieces[2], struct buf *signature,
	struct fail *why) MUST_USE;
void command_key_fini(struct command_key *k);

/* --digest (SHA-1 without it) and --date (now without it). */
enum err command_digest(
	const struct json *args, enum digest_alg *digest, struct fail *why) MUST_USE;
const char *command_digest_name(enum digest_alg digest);
enum err command_date(struct command_ctx *ctx, const struct json *args, uint32_t *date,
	struct fail *why) MUST_USE;

/* --for: which phones are meant, LIST_FOR_UNKNOWN without it. */
enum err command_family(
	const struct json *args, enum list_family *family, struct fail *why) MUST_USE;

/* A certificate in PEM or DER, or that of a file token (<label>.token). */
enum err command_cert(const char *path, struct cert **out, struct fail *why) MUST_USE;

/* Refuses with status 2 when `code` is about what was handed in (a file that is not there, a value
 * that is not known), else with status 1. */
void command_refuse_input(struct command_reply *reply, const struct fail *why);

/* A line for the reader, also in the reply's "notes". */
void command_note(struct command_reply *reply, const char *text);

#endif
