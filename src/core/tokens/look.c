/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/tokens/tokens_priv.h"
#include "crypto/token.h"

#include <stdio.h>
#include <stdlib.h>

#define SEEN_EVERY 60 /* seconds: looks that poll write nothing in between */

void found_free(struct found *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->count; i++)
		cert_free(f->certs[i]);
	mem_free(f);
}

struct looking {
	struct tokens *t;
	struct found *f;
	struct registry *r;
	bool covered[TOKENS_MAX]; /* rows of the registry that have their entry */
	struct fail *why;
};

/* Takes the certificate. */
static enum err add_entry(struct looking *x, struct token_entry **out, struct cert *cert)
{
	struct found *f = x->f;

	if (f->count == TOKENS_MAX) {
		cert_free(cert);
		return fail_set(x->why, ERR_LIMIT, "there are more than %u tokens", TOKENS_MAX);
	}
	f->certs[f->count] = cert;
	*out = &f->entries[f->count++];
	**out = (struct token_entry){.cert = cert, .attempts_left = -1};
	return ERR_OK;
}

/* What the registry says of it. */
static void take_row(struct looking *x, struct token_entry *e, const struct known *k)
{
	x->covered[k - x->r->rows] = true;
	e->known = true;
	str_copy(e->holder, sizeof(e->holder), k->holder);
	str_copy(e->place, sizeof(e->place), k->place);
	if (k->serial[0])
		str_copy(e->serial, sizeof(e->serial), k->serial);
	e->last_seen = k->last_seen;
	e->last_drill = k->last_drill;
	e->retired = k->retired;
}

/* A damaged one cannot sign, but lists go on naming it: its certificate is in its row. */
static enum err see_file(void *ctx, const struct token_info *info)
{
	struct looking *x = ctx;
	struct known *k = registry_find(x->r, info->label);
	const struct cert *known = info->cert ? info->cert : k ? k->cert : NULL;
	struct cert *cert = NULL;
	struct token_entry *e;
	enum err err = known ? cert_copy(&cert, known, x->why) : ERR_OK;

	if (!err)
		err = add_entry(x, &e, cert);
	if (err)
		return err;
	e->kind = TOKEN_KIND_FILE;
	e->known = true;
	str_copy(e->label, sizeof(e->label), info->label);
	str_copy(e->serial, sizeof(e->serial), info->serial);
	if (info->cert) {
		e->present = true;
		e->attempts_left = info->attempts_left;
		e->locked = !info->attempts_left;
		e->set_back = info->set_back;
	} else {
		e->damaged = true;
	}
	if (k)
		take_row(x, e, k);
	return ERR_OK;
}

/* The row of a token in a slot; not that of another one which only bears its label. */
static const struct known *row_of(struct registry *r, const struct p11_token *token)
{
	struct known *k = registry_find(r, token->label);
	size_t i;

	if (!k || k->kind == TOKEN_KIND_FILE)
		return NULL;
	if (!token->cert_count || !k->cert)
		return k->kind == TOKEN_KIND_P11 ? k : NULL;
	for (i = 0; i < token->cert_count; i++)
		if (cert_same(k->cert, token->certs[i]))
			return k;
	return NULL;
}

/* The one recorded, else the only one, else the one that is called like a token's. */
static const struct cert *choose_cert(const struct p11_token *token, const struct known *k)
{
	const struct cert *chosen = NULL;
	size_t i;

	if (k && k->cert)
		return k->cert;
	if (token->cert_count == 1)
		return token->certs[0];
	for (i = 0; i < token->cert_count; i++)
		if (strncmp(cert_common_name(token->certs[i]), "SAST-", 5) == 0 ||
			strcmp(cert_common_name(token->certs[i]), token->label) == 0) {
			if (chosen)
				return NULL;
			chosen = token->certs[i];
		}
	return chosen;
}

static enum err see_p11(void *ctx, const struct p11_token *token)
{
	struct looking *x = ctx;
	const struct known *k = row_of(x->r, token);
	const struct cert *chosen = choose_cert(token, k);
	struct cert *cert = NULL;
	struct token_entry *e;
	enum err err = chosen ? cert_copy(&cert, chosen, x->why) : ERR_OK;

	if (!err)
		err = add_entry(x, &e, cert);
	if (err)
		return err;
	e->kind = TOKEN_KIND_P11;
	e->present = true;
	str_copy(e->label, sizeof(e->label), token->label);
	str_copy(e->serial, sizeof(e->serial), token->serial);
	e->few_tries = token->few_tries;
	e->last_try = token->last_try;
	e->locked = token->locked;
	e->no_pin = token->no_pin;
	if (k)
		take_row(x, e, k);
	return ERR_OK;
}

static enum err see_row(struct looking *x, const struct known *k)
{
	struct cert *cert = NULL;
	struct token_entry *e;
	enum err err = k->cert ? cert_copy(&cert, k->cert, x->why) : ERR_OK;

	if (!err)
		err = add_entry(x, &e, cert);
	if (err)
		return err;
	e->kind = k->kind;
	str_copy(e->label, sizeof(e->label), k->label);
	take_row(x, e, k);
	return ERR_OK;
}

static void say_state(const struct tokens *t, struct token_entry *e)
{
	char day[CLOCK_DATE_MAX] = "";
	struct buf s = {0};

	if (e->retired) {
		clock_print_iso(day, e->retired);
		buf_printf(&s, "retired on %.10s; ", day);
	}
	if (!e->present)
		buf_str(&s, e->damaged ? "its file is damaged: bring both files back from a copy"
			    : e->kind == TOKEN_KIND_FOREIGN ? "kept elsewhere"
			    : e->kind == TOKEN_KIND_FILE    ? "its files are not in the folder"
			    : t->module                     ? "not in its slot"
							    : "not looked for (--module)");
	else if (e->locked)
		buf_str(&s, e->kind == TOKEN_KIND_FILE ? "locked for good" : "locked");
	else if (e->attempts_left >= 0)
		buf_printf(&s, "%d %s left", e->attempts_left,
			e->attempts_left == 1 ? "attempt" : "attempts");
	else
		buf_str(&s, e->no_pin      ? "its user has no PIN yet"
			    : e->last_try  ? "last try before it locks"
			    : e->few_tries ? "few tries left"
					   : "ready");
	if (e->present && !e->known)
		buf_str(&s, "; not added");
	if (!e->cert)
		buf_str(&s, "; no certificate");
	if (e->set_back)
		buf_printf(&s, "; its files were replaced by other copies %u %s", e->set_back,
			e->set_back == 1 ? "time" : "times");
	buf_u8(&s, 0);
	if (buf_check(&s) == ERR_OK)
		str_copy(e->state, sizeof(e->state), (const char *)s.data);
	buf_fini(&s);
}

/* Entries and their certificates change places together. */
static void sort(struct found *f)
{
	size_t i, k;

	for (i = 1; i < f->count; i++)
		for (k = i; k && strcmp(f->entries[k - 1].label, f->entries[k].label) > 0; k--) {
			struct token_entry e = f->entries[k];
			struct cert *cert = f->certs[k];

			f->entries[k] = f->entries[k - 1];
			f->certs[k] = f->certs[k - 1];
			f->entries[k - 1] = e;
			f->certs[k - 1] = cert;
		}
}

static enum err look(struct looking *x)
{
	struct tokens *t = x->t;
	enum err err = registry_read(x->r, t->folder, x->why);
	size_t i;

	if (!err)
		err = token_each(t->folder, see_file, x, x->why);
	if (!err && t->module)
		err = p11_each(t->module, see_p11, x, x->why);
	for (i = 0; i < x->r->count && !err; i++)
		if (!x->covered[i])
			err = see_row(x, &x->r->rows[i]);
	for (i = 0; i < x->f->count && !err; i++)
		say_state(t, &x->f->entries[i]);
	sort(x->f);
	return err;
}

struct seeing {
	const struct found *f;
	int64_t now;
};

/* Also gives file tokens their rows, so that lists can name them when their files are elsewhere. */
static enum err set_seen(void *ctx, struct registry *r, struct fail *why)
{
	struct seeing *s = ctx;
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; i < s->f->count && !err; i++) {
		const struct token_entry *e = &s->f->entries[i];
		struct known *k = registry_find(r, e->label);

		if (!e->present || !e->known)
			continue;
		if (!k && e->kind == TOKEN_KIND_FILE) {
			err = registry_add(r, e->label, &k, why);
			if (err)
				return err;
			k->kind = TOKEN_KIND_FILE;
			str_copy(k->serial, sizeof(k->serial), e->serial);
		}
		if (!k)
			continue;
		k->last_seen = s->now;
		if (!k->cert && e->cert)
			err = cert_copy(&k->cert, e->cert, why);
	}
	return err;
}

static void remember_seen(struct tokens *t, struct found *f)
{
	struct seeing s = {.f = f, .now = clock_seconds(t->clock)};
	bool wanted = false;
	size_t i;

	for (i = 0; i < f->count; i++)
		if (f->entries[i].present && f->entries[i].known &&
			llabs(s.now - f->entries[i].last_seen) >= SEEN_EVERY)
			wanted = true;
	/* A folder that can only be read is no reason not to list what is in it. */
	if (wanted && registry_change(t->folder, set_seen, &s, NULL) != ERR_OK)
		return;
	for (i = 0; wanted && i < f->count; i++)
		if (f->entries[i].present && f->entries[i].known)
			f->entries[i].last_seen = s.now;
}

enum err tokens_look(struct tokens *t, struct fail *why)
{
	struct looking x = {.t = t, .why = why};
	enum err err;

	x.f = mem_new(sizeof(*x.f));
	x.r = mem_new(sizeof(*x.r));
	err = x.f && x.r ? look(&x) : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (!err) {
		remember_seen(t, x.f);
		found_free(t->now);
		t->now = x.f;
		x.f = NULL;
	}
	found_free(x.f);
	if (x.r)
		registry_fini(x.r);
	mem_free(x.r);
	return err ? fail_set(why, err, "tokens: %s", err_text(err)) : ERR_OK;
}

static bool has(const struct found *f, const struct token_entry *e)
{
	size_t i;

	for (i = 0; f && i < f->count; i++)
		if (f->entries[i].present && f->entries[i].kind == e->kind &&
			strcmp(f->entries[i].label, e->label) == 0 &&
			strcmp(f->entries[i].serial, e->serial) == 0)
			return true;
	return false;
}

enum err tokens_poll(struct tokens *t,
	enum err (*each)(void *ctx, const struct token_entry *e, bool inserted), void *ctx,
	struct fail *why)
{
	struct found *before = t->now;
	enum err err;
	size_t i;

	t->now = NULL;
	err = tokens_look(t, why);
	if (err) {
		t->now = before;
		return err;
	}
	for (i = 0; before && i < before->count && !err; i++)
		if (before->entries[i].present && !has(t->now, &before->entries[i]))
			err = each(ctx, &before->entries[i], false);
	for (i = 0; i < t->now->count && !err; i++)
		if (t->now->entries[i].present && !has(before, &t->now->entries[i]))
			err = each(ctx, &t->now->entries[i], true);
	found_free(before);
	return err;
}
