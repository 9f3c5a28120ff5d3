/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/setup.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/own.h"
#include "core/list/list.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- addresses --- */

static void take_address(void *ctx, const char *interface, const struct net_addr *addr)
{
	struct setup_addresses *all = ctx;
	struct setup_address *a = &all->of[all->count];

	/* Lists and configuration name IPv4 addresses. */
	if (addr->is6 || all->count == SETUP_ADDRESSES_MAX)
		return;
	str_copy(a->interface, sizeof(a->interface), interface);
	net_addr_print(addr, a->text);
	a->loopback = addr->bytes[0] == 127;
	all->count++;
}

void setup_addresses_find(struct setup_addresses *out)
{
	*out = (struct setup_addresses){0};
	(void)!net_host_addresses(take_address, out, NULL);
}

const struct setup_address *setup_address_first(const struct setup_addresses *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (!a->of[i].loopback)
			return &a->of[i];
	return NULL;
}

bool setup_address_has(const struct setup_addresses *a, const char *text)
{
	if (strncmp(text, "127.", 4) == 0)
		return true;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->of[i].text, text) == 0)
			return true;
	return false;
}

/* --- ports --- */

static void try_port(struct setup_port *p, const char *address, bool daemon)
{
	struct net_addr addr;
	enum err err = net_addr_parse(&addr, address, p->port, &p->why);

	if (err == ERR_OK)
		err = net_host_try(&addr, p->udp, &p->why);
	switch (err) {
	case ERR_OK: p->state = SETUP_FREE; break;
	case ERR_INUSE:
		p->state = daemon && strstr(p->why.text, "(cadeadod)") ? SETUP_OURS : SETUP_TAKEN;
		break;
	case ERR_DENIED: p->state = SETUP_DENIED; break;
	default: p->state = SETUP_FAILED; break;
	}
}

static void look_at_ports(struct setup_found *f)
{
	const struct settings *s = f->settings;
	const struct {
		const char *service;
		bool udp;
		long port;
	} rows[SETUP_PORTS] = {
		{"TFTP", true, s->tftp_port},
		{"SCCP", false, s->sccp_port},
		{"Secure SCCP", false, s->sccps_port},
		{"CTL Provider", false, s->ctl_provider_port},
		{"TVS", false, s->tvs_port},
		{"CAPF", false, s->capf_port},
		{"HTTP", false, s->http_port},
		{"HTTPS", false, s->https_port},
		{"HTTPS (clients)", false, s->https_auth_port},
	};

	for (size_t i = 0; i < SETUP_PORTS; i++) {
		f->ports[i] = (struct setup_port){.service = rows[i].service,
			.udp = rows[i].udp,
			.port = settings_port(s, rows[i].port)};
		try_port(&f->ports[i], s->address, f->daemon);
	}
}

/* --- lists, certificates, nodes --- */

static bool names_server(const struct tlv_record *r)
{
	return r->role == TLV_ROLE_CCM || r->role == TLV_ROLE_CCM_TFTP || r->role == TLV_ROLE_TFTP;
}

/* True when servers are named, and none of them by this address. `instead` gets the first. */
static bool is_elsewhere(struct span file, const char *address, char instead[64])
{
	struct tlv_record r;
	struct tlv_list list;
	struct tlv_iter it;
	uint8_t own[16];
	size_t len;

	if (tlv_parse(&list, file, NULL) != ERR_OK || str_address(address, own, &len) != ERR_OK)
		return false;
	instead[0] = 0;
	for (tlv_iter_init(&it, &list); tlv_iter_next(&it, &r);) {
		if (!names_server(&r))
			continue;
		if (span_eq(r.dns, span_str(address)) || span_eq(r.address, span_of(own, len)))
			return false;
		if (!instead[0])
			snprintf(instead, 64, "%.*s", (int)r.dns.len, (const char *)r.dns.ptr);
	}
	return instead[0] != 0;
}

static void look_at_lists(struct setup_found *f, struct cluster *c)
{
	struct buf ctl = {0}, itl = {0};
	char ignored[64];

	if (cluster_ctl(c, &ctl, NULL) == ERR_OK)
		f->ctl_elsewhere = is_elsewhere(buf_span(&ctl), f->settings->address, f->ctl_names);
	if (cluster_itl(c, &itl, NULL) == ERR_OK)
		f->itl_elsewhere = is_elsewhere(buf_span(&itl), f->settings->address, ignored);
	buf_fini(&ctl);
	buf_fini(&itl);
}

static enum err look_at_certs(struct setup_found *f, struct cluster *c, struct fail *why)
{
	enum err err = ERR_OK;

	for (int i = 0; i < OWN_COUNT && err == ERR_OK; i++) {
		struct cert *cert = NULL;

		err = own_newest(c, (enum own_cert)i, &cert, why);
		if (err == ERR_OK)
			buf_printf(&f->certs, "%-12s %s\n", own_name((enum own_cert)i),
				cert_subject(cert));
		cert_free(cert);
	}
	buf_u8(&f->certs, 0);
	return err;
}

static enum err take_node(void *ctx, const struct store_node *n)
{
	struct setup_found *f = ctx;

	if (!str_ieq(n->name, f->settings->node))
		buf_printf(&f->addresses, ",%s", n->address);
	return ERR_OK;
}

/* --- programs and people --- */

/* Beside this program, or where packages put daemons. */
static void find_daemon(char out[512])
{
	static const char *const places[] = {"cadeadod", "../sbin/cadeadod", "../daemon/cadeadod"};
	char self[PATH_MAX], path[PATH_MAX + 32], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	str_copy(out, 512, "/usr/sbin/cadeadod");
	if (len <= 0)
		return;
	self[len] = 0;
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char real[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", self, places[i]);
		if (access(path, X_OK) == 0 && realpath(path, real) && str_copy(out, 512, real))
			return;
	}
}

static void find_owner(struct setup_found *f, const char *folder)
{
	char real[PATH_MAX], space[1024];
	struct passwd pw, *found = NULL;
	struct stat st;

	if (!realpath(folder, real) || !str_copy(f->state_path, sizeof(f->state_path), real))
		str_copy(f->state_path, sizeof(f->state_path), folder);
	if (stat(folder, &st) == 0 &&
		getpwuid_r(st.st_uid, &pw, space, sizeof(space), &found) == 0 && found)
		str_copy(f->user, sizeof(f->user), found->pw_name);
	else
		str_copy(f->user, sizeof(f->user), "root");
}

enum err setup_look(struct setup_found *out, struct cluster *c, bool daemon, struct fail *why)
{
	enum err err;

	*out = (struct setup_found){.settings = cluster_get_settings(c), .daemon = daemon};
	look_at_ports(out);
	look_at_lists(out, c);
	find_daemon(out->daemon_path);
	find_owner(out, cluster_get_folder(c));
	out->tls_err = client_tls_self(&out->tls, c, &out->tls_why);
	err = look_at_certs(out, c, why);
	buf_str(&out->addresses, out->settings->address);
	if (err == ERR_OK)
		err = store_node_each(cluster_get_store(c), take_node, out, why);
	buf_u8(&out->addresses, 0);
	if (err == ERR_OK && (buf_check(&out->addresses) || buf_check(&out->certs)))
		err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	return err;
}

void setup_found_fini(struct setup_found *f)
{
	buf_fini(&f->addresses);
	buf_fini(&f->certs);
}

void setup_unit(const struct setup_found *f, struct buf *out)
{
	buf_printf(out,
		"[Unit]\n"
		"Description=Cadeado: trust lists, configuration, certificates and calls for IP "
		"phones\n"
		"Wants=network-online.target\n"
		"After=network-online.target\n"
		"\n"
		"[Service]\n"
		"ExecStart=\"%s\" --state \"%s\"\n"
		"User=%s\n"
		"AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
		"CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
		"NoNewPrivileges=yes\n"
		"ProtectSystem=full\n"
		"PrivateTmp=yes\n"
		"LimitNOFILE=262144\n"
		"Restart=on-failure\n"
		"\n"
		"[Install]\n"
		"WantedBy=multi-user.target\n",
		f->daemon_path, f->state_path, f->user);
}
