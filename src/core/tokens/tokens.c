/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "base/str.h"
#include "core/tokens/tokens_priv.h"
#include "crypto/keystore.h"
#include "crypto/token.h"

enum err tokens_open(struct tokens **out, const char *folder, const char *module,
	const struct clock *clock, struct fail *why)
{
	struct tokens *t = mem_new(sizeof(*t));
	enum err err = t ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (err)
		return err;
	t->clock = clock;
	t->folder = mem_strdup(folder);
	t->path = module ? mem_strdup(module) : NULL;
	if (!t->folder || (module && !t->path))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err && module)
		err = p11_open(&t->module, module, why);
	if (!err)
		err = tokens_look(t, why);
	if (err)
		tokens_close(t);
	else
		*out = t;
	return err;
}

void tokens_close(struct tokens *t)
{
	if (!t)
		return;
	found_free(t->now);
	p11_close(t->module);
	mem_free(t->path);
	mem_free(t->folder);
	mem_free(t);
}

size_t tokens_count(const struct tokens *t)
{
	return t->now->count;
}

const struct token_entry *tokens_at(const struct tokens *t, size_t i)
{
	return i < t->now->count ? &t->now->entries[i] : NULL;
}

static enum err not_found(const struct tokens *t, const char *label, struct fail *why)
{
	struct buf names = {0};
	enum err err = ERR_NOTFOUND;
	size_t i;

	for (i = 0; i < t->now->count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", t->now->entries[i].label);
	buf_u8(&names, 0);
	if (buf_check(&names) == ERR_OK)
		fail_set(why, err, "there is no token %.64s%s%s; see: cadeado token list", label,
			names.len > 1 ? " among: " : "", (const char *)names.data);
	else
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	buf_fini(&names);
	return err;
}

enum err tokens_find(
	const struct tokens *t, const char *label, const struct token_entry **out, struct fail *why)
{
	const struct token_entry *best = NULL;
	size_t i, present = 0;

	for (i = 0; i < t->now->count; i++) {
		const struct token_entry *e = &t->now->entries[i];

		if (strcmp(e->label, label) != 0)
			continue;
		present += e->present;
		if (!best || (e->present && !best->present) ||
			(e->present == best->present && e->known && !best->known))
			best = e;
	}
	if (!best)
		return not_found(t, label, why);
	if (present > 1)
		return fail_set(why, ERR_EXISTS,
			"two tokens that are present are labelled %s: remove one", label);
	*out = best;
	return ERR_OK;
}

static bool is_usable(const struct token_entry *e)
{
	return e->known && !e->retired && e->cert;
}

size_t tokens_usable(const struct tokens *t)
{
	size_t i, count = 0;

	for (i = 0; i < t->now->count; i++)
		count += is_usable(&t->now->entries[i]);
	return count;
}

/* --- signing --- */

static enum err retired(const char *label, struct fail *why)
{
	return fail_set(
		why, ERR_DENIED, "token %.64s is retired and signs nothing any more", label);
}

enum err tokens_may_sign(const char *folder, const char *label, struct fail *why)
{
	struct registry *r = mem_new(sizeof(*r));
	const struct known *k = NULL;
	enum err err = r ? registry_read(r, folder, why)
			 : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	if (!err)
		k = registry_find(r, label);
	if (k && k->retired)
		err = retired(label, why);
	if (r)
		registry_fini(r);
	mem_free(r);
	return err;
}

static enum err find_present(
	const struct tokens *t, const char *label, const struct token_entry **out, struct fail *why)
{
	enum err err = tokens_find(t, label, out, why);

	if (err)
		return err;
	if (!(*out)->present)
		return fail_set(why, ERR_NOTFOUND, "token %s cannot be asked: %s; insert it, or %s",
			label, (*out)->state, "take another token");
	return ERR_OK;
}

static enum err find_signing(
	const struct tokens *t, const char *label, const struct token_entry **out, struct fail *why)
{
	enum err err = find_present(t, label, out, why);

	if (err)
		return err;
	if ((*out)->retired)
		return retired(label, why);
	return (*out)->cert
		       ? ERR_OK
		       : fail_set(why, ERR_NOTFOUND,
				 "token %s: its certificate is not known; give it with cadeado "
				 "token add",
				 label);
}

/* Logs in to this token and no other. */
static enum err unlock(struct tokens *t, const struct token_entry *e, const char *pin,
	struct signer **out, int *attempts_left, struct fail *why)
{
	struct p11_request r = {.module = t->path, .token = e->label, .pin = pin, .cert = e->cert};
	struct keystore *ks = NULL;
	int left = -1;
	enum err err;

	err = e->kind == TOKEN_KIND_FILE ? token_open(&ks, t->folder, e->label, pin, &left, why)
					 : keystore_p11_open(&ks, &r, NULL, why);
	if (attempts_left)
		*attempts_left = left;
	if (err)
		return err;
	err = signer_new(out, ks, executor_inline());
	return err ? fail_set(why, err, "%s", err_text(err)) : ERR_OK;
}

static enum err sign_and_check(struct signer *s, const struct token_entry *e,
	enum digest_alg digest, const struct span *pieces, size_t count, struct buf *signature,
	struct fail *why)
{
	struct buf made = {0};
	enum err err = signer_sign_now(s, e->label, digest, pieces, count, &made, why);

	if (!err && cert_check_signature(e->cert, digest, pieces, count, buf_span(&made)))
		err = fail_set(why, ERR_VERIFY,
			"token %s: its key is not that of its certificate %s", e->label,
			cert_subject(e->cert));
	if (!err) {
		buf_put(signature, buf_span(&made));
		err = buf_check(signature);
	}
	buf_fini(&made);
	return err;
}

enum err tokens_sign(struct tokens *t, const char *label, const char *pin, enum digest_alg digest,
	const struct span *pieces, size_t count, struct buf *signature, int *attempts_left,
	struct fail *why)
{
	const struct token_entry *e;
	struct signer *s = NULL;
	enum err err;

	if (attempts_left)
		*attempts_left = -1;
	err = find_signing(t, label, &e, why);
	if (!err)
		err = unlock(t, e, pin, &s, attempts_left, why);
	if (!err)
		err = sign_and_check(s, e, digest, pieces, count, signature, why);
	signer_free(s);
	return err ? fail_set(why, err, "token %s: %s", label, err_text(err)) : ERR_OK;
}

/* --- keeping --- */

/* One change of one row. */
struct change {
	const char *label;
	enum token_kind kind;
	const struct token_details *details; /* or NULL */
	const struct cert *cert;             /* or NULL: leave */
	const char *serial;                  /* of a new row, unless the details say one */
	int64_t seen, drilled, retired;      /* 0: leave */
	bool make;                           /* the row, when it is missing */
};

static enum err check_details(const struct token_details *d, struct fail *why)
{
	static const char alnum[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	struct known *k;

	if (!d)
		return ERR_OK;
	if (d->serial && (!*d->serial || strlen(d->serial) >= sizeof(k->serial) ||
				 strspn(d->serial, alnum) != strlen(d->serial)))
		return fail_set(why, ERR_ARG, "a serial has 1 to %zu letters and digits",
			sizeof(k->serial) - 1);
	if ((d->holder && strlen(d->holder) >= TOKENS_TEXT) ||
		(d->place && strlen(d->place) >= TOKENS_TEXT))
		return fail_set(
			why, ERR_ARG, "holder and place have %d bytes at most", TOKENS_TEXT - 1);
	return ERR_OK;
}

static void take_details(struct known *k, const struct token_details *d)
{
	if (d->serial)
		str_copy(k->serial, sizeof(k->serial), d->serial);
	if (d->holder)
		str_copy(k->holder, sizeof(k->holder), d->holder);
	if (d->place)
		str_copy(k->place, sizeof(k->place), d->place);
}

static enum err change_row(void *ctx, struct registry *r, struct fail *why)
{
	const struct change *c = ctx;
	struct known *k = registry_find(r, c->label);
	enum err err = ERR_OK;

	if (!k && !c->make)
		return fail_set(why, ERR_NOTFOUND, "token %s is not known here", c->label);
	if (!k) {
		err = registry_add(r, c->label, &k, why);
		if (err)
			return err;
		str_copy(k->serial, sizeof(k->serial), c->serial ? c->serial : "");
	}
	if (c->cert && k->cert && !cert_same(k->cert, c->cert))
		return fail_set(why, ERR_EXISTS,
			"token %s is known with another certificate (%s): give this one another "
			"label",
			c->label, cert_subject(k->cert));
	k->kind = c->kind;
	if (c->cert && !k->cert)
		err = cert_copy(&k->cert, c->cert, why);
	if (c->details)
		take_details(k, c->details);
	k->last_seen = c->seen ? c->seen : k->last_seen;
	k->last_drill = c->drilled ? c->drilled : k->last_drill;
	k->retired = c->retired ? c->retired : k->retired;
	return err;
}

/* Writes the row, looks again and gives the entry out. */
static enum err change(
	struct tokens *t, struct change *c, const struct token_entry **out, struct fail *why)
{
	char label[TOKENS_LABEL_SIZE];
	enum err err;

	/* It may be an entry's, which the look frees. */
	str_copy(label, sizeof(label), c->label);
	err = registry_change(t->folder, change_row, c, why);
	if (!err)
		err = tokens_look(t, why);
	if (!err && out)
		err = tokens_find(t, label, out, why);
	return err;
}

enum err tokens_create_file(struct tokens *t, const struct token_details *d, const char *pin,
	const struct token_entry **out, struct fail *why)
{
	struct token_info info = {0};
	enum err err = check_details(d, why);
	int64_t now = clock_seconds(t->clock);

	if (!err)
		err = token_create(t->folder, d ? d->serial : NULL, pin, TOKENS_BITS, now,
			TOKENS_DAYS, &info, why);
	if (!err) {
		struct change c = {.label = info.label,
			.kind = TOKEN_KIND_FILE,
			.details = d,
			.cert = info.cert,
			.serial = info.serial,
			.seen = now,
			.make = true};

		err = change(t, &c, out, why);
	}
	token_info_fini(&info);
	return err;
}

static enum err need_module(const struct tokens *t, struct fail *why)
{
	return t->module ? ERR_OK
			 : fail_set(why, ERR_ARG,
				   "name the PKCS #11 module of the token with --module PATH");
}

enum err tokens_create_p11(struct tokens *t, const char *label, const struct token_details *d,
	const char *pin, const struct token_entry **out, struct fail *why)
{
	struct p11_create r = {.token = label,
		.pin = pin,
		.bits = TOKENS_BITS,
		.days = TOKENS_DAYS,
		.now = clock_seconds(t->clock)};
	const struct token_entry *e = NULL;
	struct token_details used = d ? *d : (struct token_details){0};
	struct cert *cert = NULL;
	char name[64], serial[32];
	enum err err = need_module(t, why);

	if (!err)
		err = find_present(t, label, &e, why);
	if (!err && e->kind != TOKEN_KIND_P11)
		err = fail_set(why, ERR_EXISTS, "token %s is a file token", label);
	if (err)
		return err;
	str_copy(serial, sizeof(serial), e->serial);
	if (!used.serial)
		used.serial = serial;
	err = check_details(&used, why);
	if (err)
		return err;
	str_copy(name, sizeof(name), "SAST-");
	str_copy(name + 5, sizeof(name) - 5, used.serial);
	r.common_name = name;
	err = p11_create(t->module, &r, &cert, why);
	if (!err) {
		struct change c = {.label = label,
			.kind = TOKEN_KIND_P11,
			.details = &used,
			.cert = cert,
			.seen = r.now,
			.make = true};

		err = change(t, &c, out, why);
	}
	cert_free(cert);
	return err;
}

static enum err check_signing_cert(const struct cert *cert, struct fail *why)
{
	unsigned bits = cert_key_bits(cert);

	if (!cert_key_is_rsa(cert) || (bits != 1024 && bits != 2048 && bits != 4096))
		return fail_set(why, ERR_ARG,
			"%s: its key cannot sign lists, whose header knows RSA of 1024, 2048 and "
			"4096 bits alone",
			cert_subject(cert));
	return ERR_OK;
}

/* A token that is here, in the folder or in a slot. */
static enum err add_present(struct tokens *t, const struct token_entry *e, const struct cert *cert,
	const struct token_details *d, const struct token_entry **out, struct fail *why)
{
	struct change c = {.label = e->label,
		.kind = e->kind,
		.details = d,
		.cert = cert ? cert : e->cert,
		.serial = e->serial,
		.seen = clock_seconds(t->clock),
		.make = true};
	enum err err;

	if (!c.cert)
		return fail_set(why, ERR_NOTFOUND,
			"token %s: say which certificate is its key's: --cert CERT", e->label);
	err = check_signing_cert(c.cert, why);
	return err ? err : change(t, &c, out, why);
}

static enum err add_foreign(struct tokens *t, const char *label, const struct cert *cert,
	const struct token_details *d, const struct token_entry **out, struct fail *why)
{
	const char *name = label ? label : cert_common_name(cert);
	struct change c = {.label = name,
		.kind = TOKEN_KIND_FOREIGN,
		.details = d,
		.cert = cert,
		.serial = strncmp(name, "SAST-", 5) == 0 && strlen(name) < 32 ? name + 5 : "",
		.make = true};
	size_t i;

	if (!*name || strlen(name) >= TOKENS_LABEL_SIZE)
		return fail_set(why, ERR_ARG, "a token's label has 1 to %d bytes: give it with %s",
			TOKENS_LABEL_SIZE - 1, "--token");
	for (i = 0; i < t->now->count; i++) {
		const struct token_entry *e = &t->now->entries[i];

		if (cert_same(e->cert, cert) && e->known && strcmp(e->label, name) != 0)
			return fail_set(
				why, ERR_EXISTS, "this certificate is that of token %s", e->label);
		/* The row of a token whose files or slot are not at hand keeps its kind. */
		if (strcmp(e->label, name) == 0 && e->known)
			c.kind = e->kind;
	}
	return change(t, &c, out, why);
}

enum err tokens_add(struct tokens *t, const char *label, const struct cert *cert,
	const struct token_details *d, const struct token_entry **out, struct fail *why)
{
	const struct token_entry *e = NULL;
	enum err err = check_details(d, why);

	if (err)
		return err;
	if (label && tokens_find(t, label, &e, NULL) == ERR_OK && (e->present || !cert)) {
		if (e->present)
			return add_present(t, e, cert, d, out, why);
		cert = e->cert;
	}
	if (!cert && label)
		return not_found(t, label, why);
	if (!cert)
		return fail_set(
			why, ERR_ARG, "say which token to add: --token LABEL or --cert CERT");
	err = check_signing_cert(cert, why);
	return err ? err : add_foreign(t, label, cert, d, out, why);
}

enum err tokens_set_pin(struct tokens *t, const char *label, const char *pin, const char *new_pin,
	int *attempts_left, struct fail *why)
{
	const struct token_entry *e = NULL;
	enum err err;

	if (attempts_left)
		*attempts_left = -1;
	err = find_present(t, label, &e, why);
	if (err)
		return err;
	if (e->kind == TOKEN_KIND_FILE)
		return token_set_pin(t->folder, label, pin, new_pin, attempts_left, why);
	return p11_set_pin(t->module, label, pin, new_pin, why);
}

enum err tokens_drill(
	struct tokens *t, const char *label, const char *pin, int *attempts_left, struct fail *why)
{
	/* Both that lists are signed with: some hardware does one and not the other. */
	static const enum digest_alg digests[] = {DIGEST_SHA1, DIGEST_SHA512};
	static const char text[] = "cadeado token drill: this is no list. ";
	const struct token_entry *e;
	struct change c = {.label = label, .make = true};
	struct signer *s = NULL;
	struct buf signature = {0};
	struct span pieces[2];
	uint8_t random[16];
	size_t i;
	enum err err;

	if (attempts_left)
		*attempts_left = -1;
	err = find_signing(t, label, &e, why);
	if (!err)
		err = random_bytes(random, sizeof(random));
	if (!err)
		err = unlock(t, e, pin, &s, attempts_left, why);
	pieces[0] = span_str(text);
	pieces[1] = span_of(random, sizeof(random));
	for (i = 0; i < sizeof(digests) / sizeof(digests[0]) && !err; i++)
		err = sign_and_check(s, e, digests[i], pieces, 2, &signature, why);
	signer_free(s);
	buf_fini(&signature);
	if (err)
		return fail_set(why, err, "token %s: %s", label, err_text(err));
	if (!e->known)
		return fail_set(why, ERR_NOTFOUND,
			"token %s signs, but is not known here; make it known with: cadeado token "
			"add",
			label);
	c.kind = e->kind;
	c.serial = e->serial;
	c.drilled = c.seen = clock_seconds(t->clock);
	return change(t, &c, NULL, why);
}

enum err tokens_retire(struct tokens *t, const char *label, bool anyway, struct fail *why)
{
	const struct token_entry *e;
	struct change c = {.make = true, .retired = clock_seconds(t->clock)};
	size_t remain;
	enum err err = tokens_find(t, label, &e, why);

	if (err)
		return err;
	if (!e->known)
		return fail_set(
			why, ERR_NOTFOUND, "token %s is not known here: no list names it", label);
	if (e->retired)
		return ERR_OK;
	remain = tokens_usable(t) - is_usable(e);
	if (!anyway && remain < TOKENS_NEEDED)
		return fail_set(why, ERR_NOTNOW,
			"without it the cluster would have %zu usable %s, and it needs %u: make "
			"another one first, or say --force",
			remain, remain == 1 ? "token" : "tokens", TOKENS_NEEDED);
	c.label = label;
	c.kind = e->kind;
	c.serial = e->serial;
	c.cert = e->cert;
	return change(t, &c, NULL, why);
}
