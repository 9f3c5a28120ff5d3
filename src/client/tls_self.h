/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_TLS_SELF_H
#define CLIENT_TLS_SELF_H

#include "core/cluster/cluster.h"
#include "net/tls_trial.h"

/* What this machine's OpenSSL, and the listeners of this node, serve to old phones: each tried. */
struct tls_self {
	char profile[16]; /* of the listeners: "modern" */
	struct tls_trial trials[TLS_FEATURES];
	bool files; /* files can be signed over SHA-1, which all phones check */
};

/* With the CallManager key of the node; makes a small key for the trial. Some 50 milliseconds. */
enum err client_tls_self(struct tls_self *out, struct cluster *c, struct fail *why) MUST_USE;
/* Sentences, a line each; those about what is missing say what to do. */
void client_tls_self_print(const struct tls_self *s, struct buf *out);
/* Does something that the setting promises not work? */
bool client_tls_self_lacks(const struct tls_self *s);

#endif
