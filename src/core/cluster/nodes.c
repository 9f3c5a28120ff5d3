/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/nodes.h"

#include "base/str.h"
#include "core/cluster/internal.h"

#include <stdio.h>

struct other_nodes {
	const char *own;
	size_t count;
};

static enum err count_node(void *ctx, const struct store_node *n)
{
	struct other_nodes *o = ctx;

	o->count += !str_ieq(n->name, o->own);
	return ERR_OK;
}

enum err cluster_other_nodes(struct cluster *c, size_t *count, struct fail *why)
{
	struct other_nodes o = {.own = c->settings.node};
	enum err err = store_node_each(c->store, count_node, &o, why);

	*count = o.count;
	return err;
}

static void find_capf(const struct tlv_list *list, char out[CLUSTER_ADDRESS])
{
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		if (r.role == TLV_ROLE_CAPF && r.dns.len < CLUSTER_ADDRESS) {
			snprintf(out, CLUSTER_ADDRESS, "%.*s", (int)r.dns.len,
				(const char *)r.dns.ptr);
			return;
		}
}

enum err cluster_publisher_address(struct cluster *c, char out[CLUSTER_ADDRESS], struct fail *why)
{
	struct published present;
	enum err err;

	out[0] = '\0';
	if (c->settings.publisher) {
		snprintf(out, CLUSTER_ADDRESS, "%s", c->settings.address);
		return ERR_OK;
	}
	err = published_read(c, false, &present, why);
	if (!err && present.there)
		find_capf(&present.list, out);
	published_fini(&present);
	return err;
}

enum err cluster_trust_nodes(struct cluster *c, const struct cluster_nodes *nodes, struct fail *why)
{
	size_t i;
	enum err err = ERR_OK;

	for (i = 0; i < nodes->count && !err; i++) {
		const struct cluster_node *n = &nodes->nodes[i];

		if (n->own)
			continue;
		if (n->tvs)
			err = trust_put(c, TRUST_TVS, "", n->tvs, why);
		if (!err && n->server.cert)
			err = trust_put(c, TRUST_CALLMANAGER, "", n->server.cert, why);
	}
	return err;
}
