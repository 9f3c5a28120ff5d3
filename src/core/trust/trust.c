/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/trust/trust.h"

#include "base/mem.h"
#include "core/cluster/own.h"
#include "core/cluster/services.h"
#include "core/list/list.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	struct cert *cert;
	uint32_t roles; /* LIST_ROLE bits */
	char source[STORE_NAME + 32];
};

/* A file or folder as it was when it was read: a rename into a folder changes the folder. */
struct seen {
	uint64_t device, inode, size;
	int64_t seconds, nanoseconds;
};

#define SEEN_MAX 16u

struct trust_cache {
	struct cluster *cluster;
	struct entry *entries;
	size_t count, room;
	struct seen seen[SEEN_MAX];
	uint64_t served; /* number of the lists that are served */
	bool loaded;
};

static const struct {
	enum own_cert which;
	uint32_t roles;
} own_roles[] = {
	{OWN_CALLMANAGER,
		LIST_ROLE(TLV_ROLE_CCM_TFTP) | LIST_ROLE(TLV_ROLE_TFTP) | LIST_ROLE(TLV_ROLE_SAST)},
	{OWN_ITLRECOVERY, LIST_ROLE(TLV_ROLE_SAST)},
	{OWN_CAPF, LIST_ROLE(TLV_ROLE_CAPF)},
	{OWN_TVS, LIST_ROLE(TLV_ROLE_TVS)},
};

static const struct {
	const char *unit;
	uint32_t roles;
} unit_roles[] = {
	{"Phone-SAST-trust", LIST_ROLE(TLV_ROLE_SAST)},
	{"CallManager-trust", LIST_ROLE(TLV_ROLE_CCM_TFTP)},
	{"CAPF-trust", LIST_ROLE(TLV_ROLE_CAPF)},
	{"TVS-trust", LIST_ROLE(TLV_ROLE_TVS)},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum err trust_cache_new(struct trust_cache **out, struct cluster *c)
{
	struct trust_cache *t = mem_new(sizeof(*t));

	*out = t;
	if (!t)
		return ERR_NOMEM;
	t->cluster = c;
	return ERR_OK;
}

static void entries_free(struct entry *entries, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		cert_free(entries[i].cert);
	mem_free(entries);
}

void trust_cache_free(struct trust_cache *t)
{
	if (!t)
		return;
	entries_free(t->entries, t->count);
	mem_free(t);
}

size_t trust_cache_count(const struct trust_cache *t)
{
	return t->count;
}

/* Takes the certificate. One that is there already gets further roles. */
static enum err add(struct trust_cache *t, struct cert *take, uint32_t roles, const char *source,
	struct fail *why)
{
	struct entry *e;
	size_t i, room;

	for (i = 0; i < t->count; i++)
		if (span_eq(cert_der(t->entries[i].cert), cert_der(take))) {
			t->entries[i].roles |= roles;
			cert_free(take);
			return ERR_OK;
		}
	if (t->count == TRUST_ENTRIES_MAX) {
		cert_free(take);
		return fail_set(why, ERR_LIMIT,
			"more than %u certificates in the CTL and keys/trust: remove some with: "
			"cadeado set cert delete",
			TRUST_ENTRIES_MAX);
	}
	if (t->count == t->room) {
		room = t->room ? 2 * t->room : 16;
		e = mem_resize(t->entries, room * sizeof(*e));
		if (!e) {
			cert_free(take);
			return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		}
		t->entries = e;
		t->room = room;
	}
	e = &t->entries[t->count++];
	e->cert = take;
	e->roles = roles;
	snprintf(e->source, sizeof(e->source), "%s", source);
	return ERR_OK;
}

static enum err add_previous(
	struct trust_cache *t, const char *name, uint32_t roles, struct fail *why)
{
	char file[STORE_NAME + 16], source[STORE_NAME + 16];
	struct cert *cert = NULL;
	char *path;
	enum err err = ERR_OK;

	snprintf(file, sizeof(file), "previous/%s.pem", name);
	path = cluster_path(t->cluster, "keys", file);
	if (!path)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	if (access(path, F_OK) == 0) {
		snprintf(source, sizeof(source), "%s of this node, previous", name);
		err = cert_load(&cert, path, why);
		if (!err)
			err = add(t, cert, roles, source, why);
	}
	mem_free(path);
	return err;
}

static enum err add_own(struct trust_cache *t, struct fail *why)
{
	char source[STORE_NAME + 16];
	struct cert *cert;
	size_t i;
	enum err err = ERR_OK;

	for (i = 0; i < COUNT(own_roles) && !err; i++) {
		const char *name = own_name(own_roles[i].which);

		err = own_newest(t->cluster, own_roles[i].which, &cert, why);
		if (err == ERR_NOTFOUND) {
			fail_clear(why);
			err = ERR_OK;
			continue;
		}
		snprintf(source, sizeof(source), "%s of this node", name);
		if (!err)
			err = add(t, cert, own_roles[i].roles, source, why);
		if (!err)
			err = add_previous(t, name, own_roles[i].roles, why);
	}
	return err;
}

struct adding {
	struct trust_cache *t;
	struct fail *why;
};

static enum err add_trusted(
	void *ctx, const char *unit, const char *name, const struct cert *trusted)
{
	struct adding *a = ctx;
	char source[STORE_NAME + 32];
	struct cert *cert;
	enum err err;
	size_t i;

	for (i = 0; i < COUNT(unit_roles); i++) {
		if (strcmp(unit_roles[i].unit, unit) != 0)
			continue;
		err = cert_from_der(&cert, cert_der(trusted), a->why);
		snprintf(source, sizeof(source), "%.24s/%.*s", unit, STORE_NAME - 1, name);
		return err ? err : add(a->t, cert, unit_roles[i].roles, source, a->why);
	}
	return ERR_OK;
}

/* Records that hold only a hash, or none, say nothing that TVS could repeat. */
static enum err add_records(
	struct trust_cache *t, struct span file, const char *name, struct fail *why)
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;
	struct cert *cert;
	char source[48];
	enum err err = tlv_parse(&list, file, why);

	if (!err)
		err = list_verify(&list, why);
	if (err)
		return err;
	tlv_iter_init(&it, &list);
	while (!err && tlv_iter_next(&it, &r)) {
		if (!r.certificate.len || r.role >= 32)
			continue;
		err = cert_from_der(&cert, r.certificate, why);
		snprintf(source, sizeof(source), "%s record %zu", name, it.number);
		if (!err)
			err = add(t, cert, LIST_ROLE(r.role), source, why);
	}
	return err;
}

static enum err add_published(struct trust_cache *t, struct fail *why)
{
	struct buf file = {0};
	enum err err = cluster_ctl(t->cluster, &file, why);

	if (err == ERR_NOTFOUND) {
		fail_clear(why);
		err = ERR_OK;
	} else if (!err) {
		err = add_records(t, buf_span(&file), "CTL", why);
	}
	buf_fini(&file);
	return err;
}

/* Phones are offered the served list until TFTP is restarted, and the published one from then on:
 * those that hold only an ITL must be able to follow either. */
static enum err add_served(struct trust_cache *t, struct fail *why)
{
	struct span served = cluster_served_ctl(t->cluster);

	return served.len ? add_records(t, served, "served CTL", why) : ERR_OK;
}

static void look(const struct cluster *c, const char *sub, const char *name, struct seen *out)
{
	char *path = cluster_path(c, sub, name);
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (path && stat(path, &st) == 0)
		*out = (struct seen){.device = st.st_dev,
			.inode = st.st_ino,
			.size = (uint64_t)st.st_size,
			.seconds = st.st_mtim.tv_sec,
			.nanoseconds = st.st_mtim.tv_nsec};
	mem_free(path);
}

static void look_at_all(const struct cluster *c, struct seen seen[SEEN_MAX])
{
	char unit[64];
	size_t i, n = 0;

	memset(seen, 0, SEEN_MAX * sizeof(*seen));
	look(c, "keys", NULL, &seen[n++]);
	look(c, "keys", "previous", &seen[n++]);
	look(c, "tftp", list_file_name(LIST_CTL), &seen[n++]);
	for (i = 0; trust_units[i] && n < SEEN_MAX; i++) {
		snprintf(unit, sizeof(unit), "trust/%s", trust_units[i]);
		look(c, "keys", unit, &seen[n++]);
	}
}

/* ERR_NOMEM and ERR_LIMIT are the cache's own; any other error is of a file, without which the
 * cache is as good as it can be. */
static bool of_a_file(enum err err)
{
	return err != ERR_NOMEM && err != ERR_LIMIT;
}

/* Phones must not be left alone because somebody spoilt the list. */
static enum err add_list(struct trust_cache *t,
	enum err (*adding)(struct trust_cache *t, struct fail *why), struct fail *why)
{
	struct fail local = {0};
	enum err err = adding(t, &local);

	return err == ERR_NOMEM ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

enum err trust_cache_fresh(struct trust_cache *t, struct fail *why)
{
	struct trust_cache next = {.cluster = t->cluster};
	struct fail spoilt = {0};
	struct adding adding = {&next, &spoilt};
	enum err err;

	look_at_all(t->cluster, next.seen);
	next.served = cluster_served_number(t->cluster);
	if (t->loaded && next.served == t->served &&
		memcmp(next.seen, t->seen, sizeof(next.seen)) == 0)
		return ERR_OK;
	err = add_own(&next, why);
	if (!err && trust_each(t->cluster, add_trusted, &adding, &spoilt) &&
		!of_a_file(spoilt.code))
		err = fail_set(why, spoilt.code, "%s", spoilt.text);
	if (!err)
		err = add_list(&next, add_published, why);
	if (!err)
		err = add_list(&next, add_served, why);
	if (err) {
		entries_free(next.entries, next.count);
		return err;
	}
	entries_free(t->entries, t->count);
	next.loaded = true;
	*t = next;
	return spoilt.code ? fail_set(why, spoilt.code, "%s", spoilt.text) : ERR_OK;
}

static void answer(const struct entry *e, int64_t now, struct trust_answer *out)
{
	unsigned role;

	*out = (struct trust_answer){.why = "unknown"};
	if (!e)
		return;
	out->cert = e->cert;
	for (role = 0; role < 32; role++)
		if (e->roles & LIST_ROLE(role))
			out->roles[out->role_count++] = (uint8_t)role;
	out->valid = cert_valid_at(e->cert, now);
	out->why = out->valid ? e->source : "expired, or not valid yet";
}

void trust_by_cert(
	const struct trust_cache *t, struct span der, int64_t now, struct trust_answer *out)
{
	const struct entry *found = NULL;
	size_t i;

	for (i = 0; i < t->count && !found; i++)
		if (span_eq(cert_der(t->entries[i].cert), der))
			found = &t->entries[i];
	answer(found, now, out);
}

void trust_by_name(const struct trust_cache *t, struct span subject, struct span issuer,
	struct span serial, int64_t now, struct trust_answer *out)
{
	const struct entry *found = NULL;
	size_t i;

	for (i = 0; i < t->count && !found; i++) {
		const struct cert *c = t->entries[i].cert;

		if (cert_serial_same(cert_serial(c), serial, false) &&
			cert_name_same(span_str(cert_issuer(c)), issuer) &&
			(!subject.len || cert_name_same(span_str(cert_subject(c)), subject)))
			found = &t->entries[i];
	}
	answer(found, now, out);
}
