/* SPDX-License-Identifier: BSD-2-Clause
 * Enrolment over secure transport (RFC 7030): has an authority sign a phone's certificate.
 * spec: docs/formats/capf.md#est */
#ifndef CLIENT_EST_H
#define CLIENT_EST_H

#include "base/buf.h"
#include "base/settings.h"

#include <stdatomic.h>

#define EST_TIMEOUT_S   30L /* for the whole conversation */
#define EST_CONNECT_S   10L
#define EST_ANSWER_MAX  (256u * 1024) /* bytes of an answer's body */
#define EST_RETRY_MAX_S (7 * 24 * 3600)

/* Where, whom to trust and who we are: the settings est_… . Files that are named without a folder
 * lie in the state folder. Everything is borrowed. */
struct est {
	const struct settings *settings;
	const char *folder;      /* the state folder */
	const atomic_bool *stop; /* ends a conversation within a second; NULL: nothing does */
};

/* Before the first conversation, from one thread: libcurl is there, the settings are complete, the
 * files can be read, secrets by their owner only. Nothing is sent. */
enum err client_est_check(const struct est *x, struct fail *why) MUST_USE;

/* POST /simpleenroll with a PKCS #10 in DER. Appends the PKCS #7 of the answer, DER, whose
 * signatures and certificates are the caller's to check. The files are read anew. From any thread,
 * and blocks. ERR_NOTNOW   202: *retry_after, seconds, until the same may be asked again ERR_DENIED
 * the authority refuses: account, certificate or request ERR_TLS      it is not the authority that
 * est_trust vouches for ERR_TIMEOUT, ERR_CLOSED, ERR_NOTFOUND   it cannot be reached, or has
 * trouble of its own ERR_PROTO    what answers is no EST server, or its answer cannot be read */
enum err client_est_enroll(const struct est *x, struct span request, struct buf *answer,
	int64_t *retry_after, struct fail *why) MUST_USE;

#endif
