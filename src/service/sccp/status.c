/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/sccp/station.h"

#include "wire/json.h"

static void add_station(struct json *list, const struct station *s)
{
	struct json *o = json_object_new();
	char host[NET_ADDR_MAX], since[CLOCK_DATE_MAX];

	net_addr_print(stream_peer(s->stream), host);
	clock_print_iso(since, s->since);
	json_set_str(o, "device", s->device);
	json_set_str(o, "number", s->lines_count ? s->lines[0].number : "");
	json_set_str(o, "address", host);
	json_set_int(o, "port", stream_peer(s->stream)->port);
	json_set_str(o, "transport", s->secure ? "TLS" : "TCP");
	json_set_str(o, "cipher", stream_cipher(s->stream));
	json_set_int(o, "securityMode", s->security_mode);
	json_set_int(o, "protocol", s->version);
	json_set_str(o, "since", since);
	json_append_take(list, o);
}

static const char *icon(unsigned security)
{
	switch (security) {
	case SCCP_SECURITY_ENCRYPTED: return "lock";
	case SCCP_SECURITY_AUTHENTICATED: return "shield";
	default: return "none";
	}
}

static void add_call(void *ctx, const struct callctl_call_info *info)
{
	struct json *o = json_object_new();
	const char *security = sccp_security_name(info->security);

	json_set_str(o, "caller", info->caller_number);
	json_set_str(o, "called", info->callee_number);
	json_set_str(o, "state", info->state);
	json_set_str(o, "security", security ? security : "unknown");
	json_set_str(o, "icon", icon(info->security));
	json_append_take(ctx, o);
}

enum err service_sccp_status(void *instance, struct json *into)
{
	struct sccp *x = instance;
	struct json *stations, *calls;
	struct station *s, *next;

	if (!x)
		return ERR_NOTNOW;
	stations = json_array_new();
	calls = json_array_new();
	HASH_ITER (hh, x->by_device, s, next) {
		add_station(stations, s);
	}
	callctl_calls_visit(x->calls, add_call, calls);
	json_set_take(into, "stations", stations);
	json_set_take(into, "calls", calls);
	return ERR_OK;
}
