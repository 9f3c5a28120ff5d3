/* SPDX-License-Identifier: BSD-2-Clause
 * What is the same for many phones. */
#include "core/provision/phone.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/nodes.h"
#include "core/cluster/services.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>

#define CALL_MANAGER(role) ((role) == TLV_ROLE_CCM || (role) == TLV_ROLE_CCM_TFTP)

struct reading {
	struct phone_context *x;
	struct fail *why;
	bool has_list; /* a sound CTL is served */
	struct tlv_list list;
};

static struct cnfxml_server server_of(const struct phone_context *x)
{
	const struct settings *s = cluster_get_settings(x->c);

	return (struct cnfxml_server){.port = settings_port(s, s->sccp_port),
		.sip = (int)s->sip_port,
		.sip_secure = (int)s->sip_secure_port};
}

static bool has_name(const struct tlv_record *r, const char *address, struct span ip)
{
	char dns[CNFXML_TEXT_MAX];

	if (ip.len && span_eq(ip, r->address))
		return true;
	if (!r->dns.len || r->dns.len >= sizeof(dns))
		return false;
	snprintf(dns, sizeof(dns), "%.*s", (int)r->dns.len, (const char *)r->dns.ptr);
	return str_ieq(dns, address);
}

/* The name by which the list knows a call manager at this address; "" when it does not. */
static void name_in_list(
	const struct tlv_list *list, const char *address, char out[CNFXML_TEXT_MAX])
{
	uint8_t ip[16];
	size_t ip_len = 0;
	struct tlv_record r;
	struct tlv_iter it;

	out[0] = '\0';
	if (str_address(address, ip, &ip_len))
		ip_len = 0;
	tlv_iter_init(&it, list);
	while (!out[0] && tlv_iter_next(&it, &r)) {
		if (!CALL_MANAGER(r.role) || !has_name(&r, address, span_of(ip, ip_len)))
			continue;
		if (r.dns.len && r.dns.len < CNFXML_TEXT_MAX)
			snprintf(out, CNFXML_TEXT_MAX, "%.*s", (int)r.dns.len,
				(const char *)r.dns.ptr);
		else
			str_copy(out, CNFXML_TEXT_MAX, address);
	}
}

static void add(struct cnfxml_server *list, size_t *count, const struct cnfxml_server *one)
{
	if (*count < CNFXML_MEMBERS_MAX)
		list[(*count)++] = *one;
}

static enum err add_node(void *ctx, const struct store_node *n)
{
	struct reading *r = ctx;
	struct phone_context *x = r->x;
	const struct settings *s = cluster_get_settings(x->c);
	struct cnfxml_server one = server_of(x), tvs = {.port = settings_port(s, s->tvs_port)};

	if (!str_copy(one.name, CNFXML_TEXT_MAX, n->address) ||
		!str_copy(tvs.name, CNFXML_TEXT_MAX, n->address))
		return fail_set(r->why, ERR_LIMIT, "node %s: its address is too long", n->name);
	add(x->open, &x->open_count, &one);
	add(x->tvs, &x->tvs_count, &tvs);
	if (!r->has_list)
		return ERR_OK;
	/* A secured phone goes to nobody whom its list does not name, and by that name. */
	name_in_list(&r->list, n->address, one.name);
	if (one.name[0])
		add(x->secure, &x->secure_count, &one);
	return ERR_OK;
}

/* A list whose names are none of the nodes': what it says is all that phones can follow. */
static void take_list(struct reading *r)
{
	struct phone_context *x = r->x;
	struct tlv_record record;
	struct tlv_iter it;

	tlv_iter_init(&it, &r->list);
	while (tlv_iter_next(&it, &record)) {
		struct cnfxml_server one = server_of(x);

		if (!CALL_MANAGER(record.role) || !record.dns.len ||
			record.dns.len >= CNFXML_TEXT_MAX)
			continue;
		snprintf(one.name, CNFXML_TEXT_MAX, "%.*s", (int)record.dns.len,
			(const char *)record.dns.ptr);
		add(x->secure, &x->secure_count, &one);
	}
}

/* CAPF is the publisher's alone. A subscriber tells where that is by the CTL; before there is one,
 * it can only offer its own. */
static enum err add_capf(struct reading *r)
{
	struct phone_context *x = r->x;
	const struct settings *s = cluster_get_settings(x->c);
	char address[CLUSTER_ADDRESS];
	struct cnfxml_server one = {.port = settings_port(s, s->capf_port)};
	bool activated;
	enum err err = service_activated(x->c, SERVICE_CAPF, &activated, r->why);

	if (err)
		return err;
	/* What a damaged CTL says nobody is told. */
	if (s->publisher || cluster_publisher_address(x->c, address, NULL) || !address[0])
		snprintf(address, sizeof(address), "%s", activated ? s->address : "");
	if (!address[0])
		return ERR_OK;
	if (!str_copy(one.name, CNFXML_TEXT_MAX, address))
		return fail_set(r->why, ERR_LIMIT, "CAPF's address is too long");
	add(x->capf, &x->capf_count, &one);
	return ERR_OK;
}

static void read_ntp(struct phone_context *x)
{
	const struct settings *s = cluster_get_settings(x->c);
	char *p = x->ntp_text, *next;

	if (strcmp(s->ntp_servers, "none") == 0)
		return;
	str_copy(x->ntp_text, sizeof(x->ntp_text), s->ntp_servers);
	while (x->ntp_count < CNFXML_NTP_MAX && (p = strtok_r(p, " ", &next))) {
		x->ntp[x->ntp_count++] = p;
		p = NULL;
	}
}

static enum err add_profile(void *ctx, const struct store_profile *p)
{
	struct reading *r = ctx;
	struct phone_context *x = r->x;
	struct store_profile *bigger =
		mem_resize(x->profiles, (x->profiles_count + 1) * sizeof(*bigger));

	if (!bigger)
		return fail_set(r->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	x->profiles = bigger;
	x->profiles[x->profiles_count++] = *p;
	return ERR_OK;
}

static enum err read_all(struct phone_context *x, struct fail *why)
{
	struct store *s = cluster_get_store(x->c);
	struct span ctl = cluster_served_ctl(x->c);
	struct reading r = {.x = x, .why = why};
	enum err err = cluster_secured(x->c, &x->secured, why);

	r.has_list = ctl.len && tlv_parse(&r.list, ctl, NULL) == ERR_OK;
	if (!err)
		err = store_node_each(s, add_node, &r, why);
	if (!err && r.has_list && !x->secure_count)
		take_list(&r);
	if (!err && !x->secure_count) {
		memcpy(x->secure, x->open, sizeof(x->secure));
		x->secure_count = x->open_count;
	}
	if (!err)
		err = add_capf(&r);
	if (!err)
		err = store_profile_each(s, add_profile, &r, why);
	read_ntp(x);
	return err;
}

enum err phone_context_get(
	struct phone_context **x, struct cluster *c, const char *revision, struct fail *why)
{
	struct phone_context *now;
	enum err err;

	if (*x && strcmp((*x)->revision, revision) == 0 && revision[0] != '?' &&
		(*x)->snapshot == cluster_served_number(c))
		return ERR_OK;
	now = mem_new(sizeof(*now));
	if (!now)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	now->c = c;
	str_copy(now->revision, sizeof(now->revision), revision);
	now->snapshot = cluster_served_number(c);
	err = read_all(now, why);
	if (err) {
		phone_context_free(now);
		return err;
	}
	phone_context_free(*x);
	*x = now;
	return ERR_OK;
}

void phone_context_free(struct phone_context *x)
{
	if (!x)
		return;
	mem_free(x->profiles);
	mem_free(x);
}
