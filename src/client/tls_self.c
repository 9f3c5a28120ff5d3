/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/tls_self.h"

#include "base/str.h"
#include "core/cluster/own.h"
#include "crypto/issue.h"
#include "crypto/key.h"

#define SMALL_BITS 1024u
#define DAY        (24 * 3600ll)

/* As phones of the first generations show: 1024 bits, signed over SHA-1. */
static enum err make_small(
	struct key **key, struct cert **cert, const struct clock *clock, struct fail *why)
{
	int64_t now = clock_seconds(clock);
	struct buf spki = {0}, tbs = {0}, signature = {0};
	struct issue_request r = {.kind = ISSUE_CALLMANAGER,
		.subject = {.cn = "trial"},
		.digest = DIGEST_SHA1,
		.not_before = now - DAY,
		.not_after = now + DAY,
		.issuer_is_rsa = true};
	struct span part;
	enum err err = key_generate(key, KEY_RSA, SMALL_BITS, why);

	if (err == ERR_OK)
		err = key_public_der(*key, &spki);
	r.spki = buf_span(&spki);
	if (err == ERR_OK)
		err = issue_tbs(&r, &tbs, why);
	part = buf_span(&tbs);
	if (err == ERR_OK)
		err = key_sign(*key, DIGEST_SHA1, &part, 1, &signature);
	if (err == ERR_OK)
		err = issue_assemble(cert, &r, part, buf_span(&signature), why);
	buf_fini(&spki);
	buf_fini(&tbs);
	buf_fini(&signature);
	return err ? fail_set(why, err, "a key of 1024 bits: %s", err_text(err)) : ERR_OK;
}

enum err client_tls_self(struct tls_self *out, struct cluster *c, struct fail *why)
{
	struct cert *cert = NULL, *small_cert = NULL;
	struct key *key = NULL, *small_key = NULL;
	struct tls_trial_cert server, small = {0};
	enum tls_profile profile = TLS_MODERN;
	struct fail local = {0};
	char key_name[STORE_NAME];
	enum err err = own_in_force(c, OWN_CALLMANAGER, &cert, key_name, why);

	memset(out, 0, sizeof(*out));
	str_copy(out->profile, sizeof(out->profile), cluster_get_settings(c)->tls_profile);
	if (err == ERR_OK)
		err = own_tls_key(c, key_name, &key, why);
	if (err == ERR_OK)
		err = tls_profile_parse(&profile, out->profile);
	if (err == ERR_OK) {
		server = (struct tls_trial_cert){cert_der(cert), key_get_native(key)};
		/* Without it no client can show it, which is what will be told. */
		out->files =
			make_small(&small_key, &small_cert, cluster_get_clock(c), &local) == ERR_OK;
		if (out->files)
			small = (struct tls_trial_cert){
				cert_der(small_cert), key_get_native(small_key)};
		err = tls_try(out->trials, profile, &server, &small, why);
	}
	key_free(key);
	key_free(small_key);
	cert_free(cert);
	cert_free(small_cert);
	return err;
}

static void list(const struct tls_self *s, bool listener, bool works, struct buf *out)
{
	const char *between = "";
	size_t i;

	for (i = 0; i < TLS_FEATURES; i++) {
		const struct tls_trial *t = &s->trials[i];

		/* What the library cannot is no matter of the listeners. */
		if ((listener ? t->listener : t->library) != works || (listener && !t->library))
			continue;
		buf_printf(out, "%s%s", between, tls_feature_name((enum tls_feature)i));
		between = ", ";
	}
	if (!*between)
		buf_str(out, "nothing");
}

static size_t count(const struct tls_self *s, bool listener)
{
	size_t i, n = 0;

	for (i = 0; i < TLS_FEATURES; i++)
		n += listener ? s->trials[i].listener : s->trials[i].library;
	return n;
}

/* NULL-SHA gives no secrecy: no profile has it. */
bool client_tls_self_lacks(const struct tls_self *s)
{
	bool legacy = strcmp(s->profile, "legacy") == 0;
	size_t i;

	for (i = 0; i < TLS_FEATURES; i++)
		if (!s->trials[i].listener && i != TLS_FEATURE_NULL &&
			(legacy || i == TLS_FEATURE_AES128))
			return true;
	return !s->files;
}

void client_tls_self_print(const struct tls_self *s, struct buf *out)
{
	size_t i;

	buf_str(out, "this OpenSSL can serve old phones with ");
	list(s, false, true, out);
	buf_str(out, " (each tried with a handshake)\n");
	for (i = 0; i < TLS_FEATURES; i++)
		if (!s->trials[i].library)
			buf_printf(out, "this OpenSSL cannot serve %s: %s\n",
				tls_feature_name((enum tls_feature)i), s->trials[i].reason);
	if (!s->files)
		buf_str(out, "this OpenSSL makes no keys of 1024 bits or no signatures over SHA-1, "
			     "which all phones check in lists and files\n");
	buf_printf(out, "listeners (setting tls_profile = %s) take ", s->profile);
	list(s, true, true, out);
	if (count(s, true) < count(s, false)) {
		buf_str(out, "; they refuse ");
		list(s, true, false, out);
	}
	if (strcmp(s->profile, "modern") == 0)
		buf_str(out, "; phones that speak TLS 1.0 only need tls_profile = legacy");
	buf_str(out, "\n");
}
