/* SPDX-License-Identifier: BSD-2-Clause
 * What a phone was offered and holds, and how to make it forget that. */
#include "core/held/held.h"

#include "core/command/handlers.h"
#include "core/command/held.h"
#include "core/model/model.h"

#include <stdio.h>
#include <string.h>

#define KINDS 3

struct lists {
	struct json *of[KINDS]; /* by STORE_CTL, STORE_ITL */
	struct json *offered[KINDS];
	char published[KINDS][HELD_DIGEST]; /* "": none */
	struct json *into;
	struct buf *text;
};

static const char *const names[KINDS] = {"", "CTL", "ITL"};
static const char *const keys[KINDS] = {"", "ctl", "itl"};

static void put_row(struct buf *out, const char *name, const char *what, const char *value)
{
	char label[40];

	snprintf(label, sizeof(label), "%s%s:", name, what);
	buf_printf(out, "%-29s %s", label, value);
}

static const char *published(const struct lists *l, const struct store_held *h)
{
	return h->digest[0] && strcmp(h->digest, l->published[h->list]) == 0
		       ? ", the one that is published"
		       : "";
}

static void put_held(struct lists *l, const struct store_held *h)
{
	const char *digest = h->digest[0] ? h->digest : "none";
	char since[CLOCK_DATE_MAX];
	struct json *j = l->of[h->list];

	clock_print_iso(since, h->since);
	json_set_str(j, "held", digest);
	json_set_int(j, "since", h->since);
	json_set_int(j, "confirmed", h->last);
	json_set_bool(j, "published", *published(l, h));
	json_set_str(j, "evidence", h->evidence);
	put_row(l->text, names[h->list], " held", digest);
	buf_printf(l->text, " since %s%s: %s\n", since, published(l, h), h->evidence);
}

static void put_unknown(struct lists *l, int64_t list)
{
	if (json_get(l->of[list], "held"))
		return;
	json_set_str(l->of[list], "held", "unknown");
	put_row(l->text, names[list], " held", "unknown\n");
}

static void put_offered(struct lists *l, const struct store_held *h)
{
	bool unknown = strcmp(h->digest, STORE_LIST_UNKNOWN) == 0;
	char last[CLOCK_DATE_MAX];
	struct json *j;

	put_unknown(l, h->list);
	if (unknown) {
		json_set_bool(l->of[h->list], "offeredBefore", true);
		put_row(l->text, names[h->list], " offered",
			"others before, which are not recorded\n");
		return;
	}
	j = json_object_new();
	json_set_str(j, "md5", h->digest);
	json_set_int(j, "first", h->since);
	json_set_int(j, "last", h->last);
	json_set_str(j, "to", h->evidence);
	json_set_bool(j, "published", *published(l, h));
	json_append_take(l->offered[h->list], j);
	clock_print_iso(last, h->last);
	put_row(l->text, names[h->list], " offered", h->digest);
	buf_printf(l->text, " at %s to %s%s\n", last, h->evidence, published(l, h));
}

static enum err one_row(void *ctx, const struct store_held *h)
{
	struct lists *l = ctx;
	struct json *j;

	if (h->known == STORE_FOREIGN) {
		j = json_object_new();
		json_set_int(j, "since", h->since);
		json_set_str(j, "evidence", h->evidence);
		json_set_take(l->into, "otherSystem", j);
		put_row(l->text, "", "Other system's list", h->evidence);
		buf_u8(l->text, '\n');
		return ERR_OK;
	}
	if (h->list != STORE_CTL && h->list != STORE_ITL)
		return ERR_OK;
	/* The CTL's rows end here. */
	if (h->list == STORE_ITL)
		put_unknown(l, STORE_CTL);
	if (h->known == STORE_HELD)
		put_held(l, h);
	else
		put_offered(l, h);
	return ERR_OK;
}

enum err command_put_held(struct cluster *c, const char *device, struct json *into,
	struct buf *text, struct fail *why)
{
	struct lists l = {.into = into, .text = text};
	struct buf bytes = {0};
	enum err err;
	int64_t list;

	if (cluster_ctl(c, &bytes, NULL) == ERR_OK)
		held_digest(buf_span(&bytes), l.published[STORE_CTL]);
	buf_clear(&bytes);
	if (cluster_itl(c, &bytes, NULL) == ERR_OK)
		held_digest(buf_span(&bytes), l.published[STORE_ITL]);
	buf_fini(&bytes);
	for (list = STORE_CTL; list <= STORE_ITL; list++) {
		l.of[list] = json_object_new();
		l.offered[list] = json_array_new();
	}
	err = store_held_each(cluster_get_store(c), device, one_row, &l, why);
	for (list = STORE_CTL; list <= STORE_ITL; list++) {
		put_unknown(&l, list);
		json_set_take(l.of[list], "offered", l.offered[list]);
		json_set_take(into, keys[list], l.of[list]);
	}
	return err;
}

void handle_device_held(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name"), *text;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;
	int64_t list;

	if (!err && !json_get_str(args, "ctl") && !json_get_str(args, "itl"))
		err = fail_set(&why, ERR_ARG, "--ctl or --itl is needed, and what was read there");
	for (list = STORE_CTL; !err && list <= STORE_ITL; list++) {
		text = json_get_str(args, keys[list]);
		if (text)
			err = held_put_read(c, name, list, text, &why);
	}
	if (!err)
		err = command_put_held(c, name, reply->data, &reply->text, &why);
	if (err)
		command_refuse(reply, &why);
}

void handle_explain_erase(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *asked = json_get_str(args, "model");
	const struct model *m = model_find(asked);

	(void)ctx;
	if (!m)
		m = model_of(0);
	json_set_str(reply->data, "model", m->name);
	json_set_bool(reply->data, "known", m->type != 0);
	json_set_str(reply->data, "keys", m->erase);
	json_set_bool(reply->data, "itl", m->itl);
	if (!m->type)
		buf_printf(&reply->text,
			"%s is not in the table of models; most phones want these keys.\n", asked);
	buf_printf(&reply->text,
		"%s: to erase its trust %s press on the phone\n"
		"    %s\n"
		"It starts anew and takes the first %s that it is offered without asking anybody: let "
		"it start in a network where that is this system's.\n"
		"Its LSC stays where the keys erase lists alone. Then record it: cadeado device held "
		"SEP<MAC> --ctl none%s\n",
		m->name, m->itl ? "lists (CTL and ITL)" : "list (CTL)", m->erase,
		m->itl ? "lists" : "list", m->itl ? " --itl none" : "");
}
