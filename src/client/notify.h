/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_NOTIFY_H
#define CLIENT_NOTIFY_H

#include "base/buf.h"

/* Telling others: a webhook over HTTP or HTTPS, or a mailbox through this machine's sendmail. Both
 * block, for at most the time that was given. */

/* Posts a JSON document. The server's certificate is checked against this machine's authorities;
 * redirections are not followed. ERR_ARG for what is no http or https URL; ERR_NOTFOUND,
 * ERR_CLOSED, ERR_TLS, ERR_TIMEOUT; ERR_DENIED for an answer that is not 2xx. */
enum err client_webhook(
	const char *url, struct span json, int64_t timeout_us, struct fail *why) MUST_USE;

/* One message of plain text in UTF-8 to one address. `sendmail` is the program's path. ERR_ARG for
 * an address that could be read as an option or as two; ERR_NOTFOUND without the program; ERR_IO
 * when it fails. */
enum err client_sendmail(const char *sendmail, const char *address, const char *subject,
	struct span text, struct fail *why) MUST_USE;

#endif
