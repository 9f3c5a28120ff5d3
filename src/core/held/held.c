/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/held/held.h"

#include "base/str.h"
#include "core/held/phone.h"

#include <stdio.h>

#define SECOND_US 1000000
#define AT_ONCE   512 /* events of one transaction */
#define TELL_MOST 8u  /* strangers that are told of in one call: names can be forged */

/* How old a row may get before the same thing is worth a write again. */
#define FRESH 3600 /* seconds */

/* How often a phone asks for signed configuration without coming. One that obeys comes at once;
 * who does not cannot verify what it is given. */
#define ASKED_ENOUGH 3

void held_digest(struct span list, char out[HELD_DIGEST])
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_MD5, list, hex);
	str_copy(out, HELD_DIGEST, hex);
}

void held_cert(struct span der, uint8_t out[HELD_CERT])
{
	uint8_t digest[DIGEST_MAX];

	(void)digest_one(DIGEST_SHA1, der, digest);
	memcpy(out, digest, HELD_CERT);
}

/* What one transaction works on, and what the book is told when it is committed. */
struct taking {
	struct held_book *book;
	const struct held_event *events;
	struct start *starts[AT_ONCE]; /* of each event; NULL: none */
	size_t count;
	struct buf told; /* sentences, each ending with NUL */
	bool tells[AT_ONCE];
	size_t strangers;
};

/* --- another system's list --- */

static void say_foreign(
	struct taking *t, const struct held_event *e, const struct model *m, const char *how)
{
	buf_printf(&t->told,
		"%s%s%s%s holds another system's trust list: %s. To erase it on the phone: %s",
		e->device, *e->host ? " (" : "", e->host, *e->host ? ")" : "", how, m->erase);
	if (m->type)
		buf_printf(&t->told, "; more with: cadeado explain erase %s",
			strchr(m->name, ' ') ? strchr(m->name, ' ') + 1 : m->name);
	buf_u8(&t->told, 0);
}

static void stranger_asked(struct taking *t, const struct held_event *e, size_t number)
{
	const struct start *s = t->starts[number];

	/* A list under its common name is anybody's: then it may hold that one. */
	if (!s || s->told || t->strangers == TELL_MOST || book_host_took(t->book, e->host))
		return;
	t->strangers++;
	t->tells[number] = true;
	say_foreign(t, e, model_of(0),
		"it asks for signed configuration, is no device here and was given no list");
}

static enum err asked_signed(struct taking *t, const struct held_event *e, size_t number,
	struct held_phone *p, struct fail *why)
{
	const struct start *s = t->starts[number];
	unsigned asked = s ? s->asked : 1;
	char how[STORE_TEXT];

	if (held_phone_knows(p) || p->foreign || (p->seen && p->seen >= p->first_offered))
		return ERR_OK;
	if (p->offered && asked < ASKED_ENOUGH)
		return ERR_OK;
	if (p->offered)
		snprintf(how, sizeof(how),
			"it asks for signed configuration again and again, and obeys none");
	else
		snprintf(how, sizeof(how),
			"it asks for signed configuration, and was given no list of ours");
	say_foreign(t, e, p->state.model, how);
	return held_phone_put(p, 0, STORE_FOREIGN, "", e->at_us, how, why);
}

/* --- events --- */

static enum err offered(
	struct taking *t, const struct held_event *e, size_t number, struct fail *why)
{
	const struct start *s = t->starts[number];
	struct held_phone p = {.judge = &t->book->judge, .device = e->device};

	if (s && s->of[e->list].written > e->at_us / SECOND_US - FRESH)
		return ERR_OK;
	return held_phone_put(&p, e->list, STORE_OFFERED, e->digest, e->at_us, e->host, why);
}

static enum err came(struct taking *t, const struct held_event *e, size_t number, struct fail *why)
{
	const struct start *s = t->starts[number];
	struct held_phone p;
	enum err err;

	if (s &&
		(e->what == HELD_TRUSTED ? s->proven : s->concluded) > e->at_us / SECOND_US - FRESH)
		return ERR_OK;
	err = held_phone_load(&p, &t->book->judge, e->device, why);
	if (!err)
		err = held_phone_obeys(&p, why);
	return err ? err : held_phone_conclude(&p, s, e, why);
}

static enum err asked(struct taking *t, const struct held_event *e, size_t number, struct fail *why)
{
	const struct start *s = t->starts[number];
	struct held_phone p;
	enum err err;

	/* Most phones come at once. */
	if (s && (s->told || s->concluded ||
			 (s->asked < ASKED_ENOUGH &&
				 (s->of[STORE_CTL].digest[0] || s->of[STORE_ITL].digest[0]))))
		return ERR_OK;
	err = held_phone_load(&p, &t->book->judge, e->device, why);
	if (err == ERR_NOTFOUND)
		stranger_asked(t, e, number);
	return err ? err : asked_signed(t, e, number, &p, why);
}

static enum err take_one(struct taking *t, size_t number, struct fail *why)
{
	const struct held_event *e = &t->events[number];
	struct fail local = {0};
	enum err err = ERR_OK;

	if (e->content.len)
		err = store_list_put(cluster_get_store(t->book->judge.c), e->digest, e->list,
			e->at_us / SECOND_US, e->content, &local);
	if (!err && e->device[0]) {
		switch (e->what) {
		case HELD_OFFERED: err = offered(t, e, number, &local); break;
		case HELD_ASKED_CLEAR: break;
		case HELD_ASKED_SIGNED: err = asked(t, e, number, &local); break;
		case HELD_CAME:
		case HELD_TRUSTED: err = came(t, e, number, &local); break;
		}
	}
	return err && err != ERR_NOTFOUND ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static enum err put_seen(const struct taking *t, struct store *s, struct fail *why)
{
	const char *names[AT_ONCE];
	int64_t last = 0;
	size_t i, n = 0;

	for (i = 0; i < t->count; i++) {
		if (t->events[i].what != HELD_CAME && t->events[i].what != HELD_TRUSTED)
			continue;
		names[n++] = t->events[i].device;
		last = t->events[i].at_us / SECOND_US;
	}
	return n ? store_device_seen(s, names, n, last, why) : ERR_OK;
}

static enum err take(void *ctx, struct store *s, struct fail *why)
{
	struct taking *t = ctx;
	enum err err = ERR_OK;
	size_t i;

	buf_clear(&t->told);
	t->strangers = 0;
	memset(t->tells, 0, sizeof(t->tells));
	for (i = 0; !err && i < t->count; i++)
		err = take_one(t, i, why);
	return err ? err : put_seen(t, s, why);
}

/* The store has it. */
static void mark(struct taking *t)
{
	struct start *s;
	size_t i;

	for (i = 0; i < t->count; i++) {
		const struct held_event *e = &t->events[i];
		int64_t now = e->at_us / SECOND_US;

		s = t->starts[i];
		if (!s)
			continue;
		if (t->tells[i])
			s->told = true;
		if (e->what == HELD_OFFERED && strcmp(s->of[e->list].digest, e->digest) == 0 &&
			s->of[e->list].written < now)
			s->of[e->list].written = now;
		if (e->what == HELD_CAME || e->what == HELD_TRUSTED)
			s->concluded = now;
		if (e->what == HELD_TRUSTED)
			s->proven = now;
	}
}

static enum err take_some(
	struct taking *t, void (*tell)(void *ctx, const char *text), void *ctx, struct fail *why)
{
	enum err err;
	size_t at, i;

	for (i = 0; i < t->count; i++)
		t->starts[i] = book_note(t->book, &t->events[i]);
	/* An entry may have gone with those that came after it. */
	for (i = 0; i < t->count; i++)
		if (t->starts[i])
			t->starts[i] = book_find(t->book, t->events[i].device);
	err = store_transaction(cluster_get_store(t->book->judge.c), take, t, why);
	if (!err)
		err = buf_check(&t->told);
	if (err)
		return err;
	mark(t);
	for (at = 0; at < t->told.len; at += strlen((const char *)t->told.data + at) + 1)
		tell(ctx, (const char *)t->told.data + at);
	return ERR_OK;
}

enum err held_take(struct held_book *b, const struct held_event *events, size_t count,
	void (*tell)(void *ctx, const char *text), void *ctx, struct fail *why)
{
	struct taking *t = mem_new(sizeof(*t));
	enum err err = t ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	size_t i;

	for (i = 0; !err && i < count; i += t->count) {
		t->book = b;
		t->events = events + i;
		t->count = count - i < AT_ONCE ? count - i : AT_ONCE;
		err = take_some(t, tell, ctx, why);
	}
	if (t)
		buf_fini(&t->told);
	mem_free(t);
	return err;
}
