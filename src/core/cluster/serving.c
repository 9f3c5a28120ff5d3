/* SPDX-License-Identifier: BSD-2-Clause
 * What is in force: lists and keys as they were when their service was started. */
#include "core/cluster/services.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/internal.h"
#include "core/cluster/itl.h"
#include "core/list/list.h"
#include "crypto/keystore.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KINDS 2 /* of lists */

/* Tells a file from the one that replaced it. */
struct stamp {
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct file_key {
	atomic_uint refs;
	struct pinned pinned;
	char id[33];
};

struct serving {
	struct buf lists[KINDS];
	struct fail damage[KINDS]; /* why this list is not served; code ERR_OK: it is sound */
	struct stamp ctl_stamp;
	int mode;
	int64_t empty_until; /* end of an ITL without servers; 0 none */
	struct file_key *file;
};

void pinned_fini(struct pinned *p)
{
	signer_free(p->signer);
	cert_free(p->cert);
}

void serving_free(struct serving *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < KINDS; i++)
		buf_fini(&s->lists[i]);
	file_key_drop(s->file);
	mem_free(s);
}

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

/* Under the lock, so that no new key comes in between. */
enum err pinned_take(struct cluster *c, enum own_cert which, struct pinned *out, struct fail *why)
{
	char name[STORE_NAME], *path = NULL;
	struct keystore *ks = NULL;
	int lock = cluster_lock(c, why);
	enum err err = lock < 0 ? (enum err)lock : own_in_force(c, which, &out->cert, name, why);

	if (!err)
		path = own_path(c, name, ".key");
	if (!err)
		err = path ? keystore_pem_new(&ks, path, own_name(which), why) : no_memory(why);
	if (!err && signer_new(&out->signer, ks, executor_inline()))
		err = no_memory(why);
	file_unlock(lock);
	mem_free(path);
	return err;
}

static void ctl_stamp(const struct cluster *c, struct stamp *out)
{
	char *path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (path && stat(path, &st) == 0) {
		out->inode = st.st_ino;
		out->size = st.st_size;
		out->modified = st.st_mtim;
	}
	mem_free(path);
}

/* Phones would refuse a spoilt list one by one and would only say so on their screens. */
static void judge(struct serving *s, enum list_kind kind)
{
	struct fail local = {0};
	struct tlv_list list;
	enum err err;

	if (!s->lists[kind].len)
		return;
	err = tlv_parse(&list, buf_span(&s->lists[kind]), &local);
	if (!err)
		err = list_verify(&list, &local);
	if (err)
		fail_set(&s->damage[kind], ERR_NOTNOW,
			"%s is damaged and is not served (%.120s); %s restart Cisco Tftp",
			list_file_name(kind), local.text,
			kind == LIST_CTL
				? "sign it again with: cadeado utils ctl update CTLFile; then"
				: "remove it from tftp/ and");
}

static enum err take_list(
	const struct cluster *c, struct serving *s, enum list_kind kind, struct fail *why)
{
	struct fail local = {0};
	enum err err = kind == LIST_CTL ? cluster_ctl(c, &s->lists[kind], &local)
					: cluster_itl(c, &s->lists[kind], &local);

	if (err && err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	judge(s, kind);
	return ERR_OK;
}

static struct span records(const struct tlv_list *list)
{
	return span_of(list->file.ptr + list->header.length, list->file.len - list->header.length);
}

/* True when the two say the same and the older one's signature is as good. */
static bool says_the_same(struct span old, struct span new)
{
	struct tlv_list a, b;

	return tlv_parse(&a, old, NULL) == ERR_OK && tlv_parse(&b, new, NULL) == ERR_OK &&
	       span_eq(records(&a), records(&b)) && a.header.digest == b.header.digest &&
	       span_eq(a.header.serial, b.header.serial) &&
	       span_eq(a.header.issuer_name, b.header.issuer_name) &&
	       list_verify(&a, NULL) == ERR_OK;
}

/* An ITL that says nothing new keeps its date: no phone need take it again. */
static enum err publish_itl(struct cluster *c, struct fail *why)
{
	char *path = cluster_path(c, "tftp", list_file_name(LIST_ITL));
	struct buf made = {0}, present = {0};
	int lock = path ? cluster_lock(c, why) : (int)no_memory(why);
	enum err err = lock < 0 ? (enum err)lock : ERR_OK;

	if (!err)
		err = cluster_build_itl(c, &made, why);
	if (!err && (cluster_itl(c, &present, NULL) != ERR_OK ||
			    !says_the_same(buf_span(&present), buf_span(&made))))
		err = file_replace(path, buf_span(&made), 0644, FILE_SYNC, why);
	file_unlock(lock);
	buf_fini(&made);
	buf_fini(&present);
	mem_free(path);
	return err;
}

static enum err pin_file(struct cluster *c, struct file_key **out, struct fail *why)
{
	struct file_key *k = mem_new(sizeof(*k));
	char hex[2 * DIGEST_MAX + 1];
	enum err err = k ? pinned_take(c, OWN_CALLMANAGER, &k->pinned, why) : no_memory(why);

	if (err) {
		if (k)
			pinned_fini(&k->pinned);
		mem_free(k);
		return err;
	}
	atomic_init(&k->refs, 1);
	digest_hex(DIGEST_SHA256, cert_der(k->pinned.cert), hex);
	snprintf(k->id, sizeof(k->id), "%.32s", hex);
	*out = k;
	return ERR_OK;
}

static enum err take_snapshot(struct cluster *c, bool publish, struct fail *why)
{
	struct serving *s = mem_new(sizeof(*s)), *before = c->serving;
	enum err err = s ? ERR_OK : no_memory(why);

	/* A publication that was cut off is finished before anybody is served. */
	if (!err && publish)
		err = stage_recover(c, why);
	if (!err && publish)
		err = publish_itl(c, why);
	/* The stamp first: a list that comes in between is noticed. */
	if (!err)
		ctl_stamp(c, &s->ctl_stamp);
	if (!err)
		err = cluster_mode(c, &s->mode, why);
	if (!err)
		err = cluster_rollback(c, &s->empty_until, why);
	if (!err)
		err = take_list(c, s, LIST_CTL, why);
	if (!err)
		err = take_list(c, s, LIST_ITL, why);
	/* Which key signs depends on what will be served. */
	if (!err)
		c->serving = s;
	if (!err)
		err = pin_file(c, &s->file, why);
	if (err)
		c->serving = before;
	else
		c->snapshots++;
	serving_free(err ? s : before);
	return err;
}

enum err cluster_serve_lists(struct cluster *c, struct fail *why)
{
	return take_snapshot(c, true, why);
}

enum err cluster_serve_published(struct cluster *c, struct fail *why)
{
	return take_snapshot(c, false, why);
}

static bool ctl_changed(const struct cluster *c)
{
	const struct stamp *then = &c->serving->ctl_stamp;
	struct stamp now;

	ctl_stamp(c, &now);
	return now.inode != then->inode || now.size != then->size ||
	       now.modified.tv_sec != then->modified.tv_sec ||
	       now.modified.tv_nsec != then->modified.tv_nsec;
}

enum err cluster_serve_now(struct cluster *c, struct fail *why)
{
	bool ended = c->serving && c->serving->empty_until &&
		     c->serving->empty_until <= clock_seconds(c->clock);

	if (c->serving && !ended && !(c->settings.lists_at_once && ctl_changed(c)))
		return ERR_OK;
	return cluster_serve_lists(c, why);
}

enum err cluster_secured(struct cluster *c, bool *yes, struct fail *why)
{
	char *path;
	int mode;
	enum err err = c->serving ? cluster_serve_now(c, why) : cluster_mode(c, &mode, why);

	*yes = false;
	if (err)
		return err;
	if (c->serving) {
		*yes = c->serving->mode == 1 && c->serving->lists[LIST_CTL].len;
		return ERR_OK;
	}
	path = cluster_path(c, "tftp", list_file_name(LIST_CTL));
	if (!path)
		return no_memory(why);
	*yes = mode == 1 && access(path, F_OK) == 0;
	mem_free(path);
	return ERR_OK;
}

bool cluster_lists_wait(struct cluster *c)
{
	struct buf published[KINDS] = {0};
	bool wait = false;
	enum err err;
	int kind;

	for (kind = 0; c->serving && kind < KINDS; kind++) {
		err = kind == LIST_CTL ? cluster_ctl(c, &published[kind], NULL)
				       : cluster_itl(c, &published[kind], NULL);
		wait |= (!err || err == ERR_NOTFOUND) &&
			!span_eq(buf_span(&published[kind]), buf_span(&c->serving->lists[kind]));
		buf_fini(&published[kind]);
	}
	return wait;
}

static struct span served(const struct cluster *c, enum list_kind kind)
{
	return c->serving ? buf_span(&c->serving->lists[kind]) : span_of(NULL, 0);
}

struct span cluster_served_ctl(const struct cluster *c)
{
	return served(c, LIST_CTL);
}

struct span cluster_served_itl(const struct cluster *c)
{
	return served(c, LIST_ITL);
}

uint64_t cluster_served_number(const struct cluster *c)
{
	return c->snapshots;
}

enum err cluster_served_check(const struct cluster *c, bool itl, struct fail *why)
{
	const struct fail *damage = &c->serving->damage[itl ? LIST_ITL : LIST_CTL];

	return damage->code ? fail_set(why, damage->code, "%s", damage->text) : ERR_OK;
}

int64_t cluster_served_until(const struct cluster *c)
{
	return c->serving ? c->serving->empty_until : 0;
}

struct file_key *cluster_file_key(const struct cluster *c)
{
	return c->serving ? c->serving->file : NULL;
}

struct file_key *file_key_hold(struct file_key *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

void file_key_drop(struct file_key *k)
{
	if (!k || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	pinned_fini(&k->pinned);
	mem_free(k);
}

const struct cert *file_key_cert(const struct file_key *k)
{
	return k ? k->pinned.cert : NULL;
}

const char *file_key_id(const struct file_key *k)
{
	return k->id;
}

enum err file_key_sign(struct file_key *k, enum digest_alg alg, const struct span *pieces,
	size_t count, struct buf *signature, struct fail *why)
{
	return signer_sign_now(
		k->pinned.signer, own_name(OWN_CALLMANAGER), alg, pieces, count, signature, why);
}
