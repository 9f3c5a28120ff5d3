/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/lists.h"

#include "base/str.h"

#include <stdio.h>

/* --- sets of certificates --- */

static bool find(const struct cert_set *set, const struct cert *cert, size_t *at)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (!span_eq(cert_der(set->certs[i]), cert_der(cert)))
			continue;
		*at = i;
		return true;
	}
	return false;
}

bool cert_set_has(const struct cert_set *set, const struct cert *cert)
{
	size_t at;

	return find(set, cert, &at);
}

enum err cert_set_take(struct cert_set *set, struct cert *take, size_t *at, struct fail *why)
{
	size_t where;

	if (find(set, take, &where)) {
		cert_free(take);
	} else if (set->count == LIST_ENTRIES_MAX) {
		cert_free(take);
		return fail_set(
			why, ERR_LIMIT, "more than %u certificates for one list", LIST_ENTRIES_MAX);
	} else {
		where = set->count;
		set->certs[set->count++] = take;
	}
	if (at)
		*at = where;
	return ERR_OK;
}

void cert_set_fini(struct cert_set *set)
{
	while (set->count)
		cert_free(set->certs[--set->count]);
}

/* --- the CTL --- */

void list_address(const struct cluster *c, uint8_t out[16], size_t *len)
{
	if (str_address(c->settings.address, out, len))
		*len = 0;
}

enum err ctl_prepare(struct cluster *c, const struct ctl_request *r, struct buf *file,
	struct span pieces[2], struct fail *why)
{
	struct list_entry entries[LIST_ENTRIES_MAX + LIST_SERVER_ENTRIES * CLUSTER_NODES_MAX];
	struct cert *callmanager = NULL, *capf = NULL;
	uint8_t ip[CLUSTER_NODES_MAX][16];
	size_t n, i;
	struct list_request list = {.kind = LIST_CTL,
		.entries = entries,
		.signer = r->signer,
		.digest = LIST_DIGEST,
		.style = r->style,
		.now = clock_seconds(c->clock)};
	enum err err = own_newest(c, OWN_CALLMANAGER, &callmanager, why);

	if (!err)
		err = own_newest(c, OWN_CAPF, &capf, why);
	for (n = 0; n < r->sasts->count; n++)
		entries[n] = (struct list_entry){
			.role = TLV_ROLE_SAST, .cert = r->sasts->certs[n], .dns = ""};
	if (r->nodes)
		for (i = 0; i < r->nodes->count; i++)
			n += list_server_entries(
				&r->nodes->nodes[i].server, r->emptied, entries + n, ip[i]);
	else if (!err)
		n += list_server_entries(&(struct list_server){.address = c->settings.address,
						 .callmanager = true,
						 .tftp = true,
						 .cert = callmanager,
						 .capf = capf},
			r->emptied, entries + n, ip[0]);
	list.count = n;
	list.timestamp = (uint32_t)list.now;
	if (!err)
		err = list_build(file, &list, pieces, why);
	cert_free(callmanager);
	cert_free(capf);
	return err;
}

/* --- keys of the node that sign lists --- */

void local_signer_fini(struct local_signer *s)
{
	cert_free(s->cert);
	s->cert = NULL;
}

enum own_cert list_signer(const struct cluster *c)
{
	return strcmp(c->settings.list_signer, own_name(OWN_ITLRECOVERY)) == 0 ? OWN_ITLRECOVERY
									       : OWN_CALLMANAGER;
}

enum own_cert list_other_signer(const struct cluster *c)
{
	return list_signer(c) == OWN_CALLMANAGER ? OWN_ITLRECOVERY : OWN_CALLMANAGER;
}

enum err local_signer_find(struct cluster *c, enum own_cert which, const struct tlv_list *present,
	struct local_signer *out, struct fail *why)
{
	const uint32_t sast = LIST_ROLE(TLV_ROLE_SAST);
	struct cert *newest = NULL, *previous = NULL;
	enum err err = own_newest(c, which, &newest, why);

	out->which = which;
	out->cert = NULL;
	if (!err)
		err = own_previous(c, which, &previous, why);
	if (!err && (!present || list_names(present, newest, sast))) {
		out->cert = newest;
		snprintf(out->key, sizeof(out->key), "%s", own_name(which));
	} else if (!err && previous && list_names(present, previous, sast)) {
		out->cert = previous;
		snprintf(out->key, sizeof(out->key), OWN_PREVIOUS "/%s", own_name(which));
	} else if (!err) {
		err = fail_set(why, ERR_TRUST,
			"the key %s is not among the tokens (SAST) of the list that phones hold",
			own_name(which));
	}
	if (out->cert != newest)
		cert_free(newest);
	if (out->cert != previous)
		cert_free(previous);
	return err;
}

enum err local_sign(struct cluster *c, const struct local_signer *s, struct buf *file,
	const struct span pieces[2], struct fail *why)
{
	struct buf signature = {0};
	enum err err = signer_sign_now(c->signer, s->key, LIST_DIGEST, pieces, 2, &signature, why);

	if (!err)
		err = list_finish(file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}
