/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_P11_PRIV_H
#define CRYPTO_P11_PRIV_H

/* Between the files that speak PKCS #11. */
#include "crypto/p11.h"
#include "crypto/signer.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

#define P11_OBJECTS       256u /* certificates of a token that are looked at */
#define P11_ID            128u /* bytes of CKA_ID; most are SHA-1 */
#define P11_SIGNATURE_MAX 2048u

struct p11_module {
	void *library; /* p11-kit */
	CK_FUNCTION_LIST *(*load)(const char *path, int flags);
	CK_RV (*initialize)(CK_FUNCTION_LIST *module);
	CK_RV (*finalize)(CK_FUNCTION_LIST *module);
	void (*release)(CK_FUNCTION_LIST *module);
	const char *(*error)(CK_RV rv);
	CK_FUNCTION_LIST *f; /* the module's functions */
	bool initialized;
};

/* A session with one token, which is named in every failure. */
struct p11_session {
	struct p11_module *m;
	char label[P11_LABEL];
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE handle;
	bool open;
};

/* The failure of a call in words, with what the token's flags say about its PIN. */
enum err p11_fail(const struct p11_session *s, CK_RV rv, const char *doing, struct fail *why);

/* Finds the token by its label. `writing`: objects can be made. No login. */
enum err p11_session_open(struct p11_session *s, struct p11_module *m, const char *label,
	bool writing, struct fail *why) MUST_USE;
/* Also a session that was not opened. Logs out when it is the last one of this process. */
void p11_session_close(struct p11_session *s);

/* At no cost: ERR_LOCKED when the token says that it is locked, ERR_ARG for an empty PIN. */
enum err p11_log_in(
	struct p11_session *s, CK_USER_TYPE who, const char *pin, struct fail *why) MUST_USE;

enum err p11_find(struct p11_session *s, CK_ATTRIBUTE *which, CK_ULONG attributes,
	CK_OBJECT_HANDLE *out, CK_ULONG room, CK_ULONG *count, struct fail *why) MUST_USE;

/* One certificate object; *cert stays NULL for one that cannot be read. */
enum err p11_read_cert(struct p11_session *s, CK_OBJECT_HANDLE object, uint8_t id[P11_ID],
	size_t *id_len, struct cert **cert) MUST_USE;

struct keystore;
/* A keystore over a session that is logged in and a key of it; takes neither, frees neither. */
struct keystore *p11_keystore_over(struct p11_session *s, CK_OBJECT_HANDLE key, const char *pin);

#endif
