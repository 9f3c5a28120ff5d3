/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/station.h"

#include "base/mem.h"
#include "net/stream.h"
#include "sim/capture.h"

#include <stdio.h>

#define REGISTER_US     (30 * 1000000ll) /* for the whole registration */
#define KEEPALIVE_LIMIT 3                /* unanswered keepalives: the connection is dead */
#define KEEPALIVE_MIN   1u               /* seconds; a server's 0 would be a busy loop */
#define KEEPALIVE_MAX   3600u
#define FAILURES_MAX    3  /* connections in a row before starting over */
#define LINES_MAX       8u /* lines the phone asks about */
#define FIRMWARE        "SCCP41.9-4-2SR3-1S"
#define FEATURES_PACKED 17 /* from here the feature bytes ask for packed messages */

struct sim_station {
	struct sim_phone *phone;
	struct tls *tls;
	struct stream *stream;
	struct sim_capture *capture;
	struct loop_timer *keepalive;
	struct fail verify; /* why the server's certificate was refused */
	struct buf out;
	unsigned version; /* negotiated; 0 before RegisterAck */
	unsigned keepalive_seconds;
	int unanswered;
	bool secure, registered;
	bool mic;        /* the certificate that is shown: the MIC, for want of an LSC */
	bool busy, dead; /* inside a callback; to be freed at its end */
};

void sim_station_put(struct sim_station *st, const struct sccp_message *m)
{
	if (sccp_encode(&st->out, m, st->version))
		sim_console_error(&st->phone->console, "SCCP", "%s cannot be written",
			sccp_message_name(m->id));
}

void sim_station_flush(struct sim_station *st)
{
	if (st->out.len && stream_write(st->stream, buf_span(&st->out)))
		stream_timeout(st->stream, 1); /* reported by the stream, outside this call */
	buf_clear(&st->out);
}

void sim_station_local(const struct sim_station *st, struct net_addr *out)
{
	stream_local(st->stream, out);
}

static void put_empty(struct sim_station *st, uint32_t id)
{
	struct sccp_message m = {.id = id};

	sim_station_put(st, &m);
}

static void station_free(struct sim_station *st)
{
	loop_timer_free(st->keepalive);
	tls_free(st->tls);
	buf_wipe(&st->out);
	mem_free(st);
}

void sim_station_stop(struct sim_phone *p)
{
	struct sim_station *st = p->station;

	if (!st)
		return;
	sim_call_free(p->call);
	p->call = NULL;
	p->station = NULL;
	p->evidence.registered = false;
	if (st->stream) {
		stream_tap(st->stream, NULL, NULL);
		stream_finish(st->stream);
		st->stream = NULL;
	}
	sim_capture_close(st->capture);
	st->capture = NULL;
	loop_timer_stop(st->keepalive);
	st->dead = true;
	if (!st->busy)
		station_free(st);
}

/* The connection is over. The phone's table decides what comes next, and frees the station. */
static void lost(struct sim_station *st, const char *text)
{
	struct sim_phone *p = st->phone;
	bool give_up;

	if (p->state == SIM_LEAVING) {
		loop_stop(p->loop);
		return;
	}
	sim_console_error(&p->console, "SCCP", "%s", text);
	give_up = !st->registered && ++p->register_failures >= FAILURES_MAX;
	if (give_up)
		p->register_failures = 0;
	sim_phone_event(p, give_up ? SIM_EV_FAILED : SIM_EV_LOST);
}

/* ---- registration ---- */

static void put_register(struct sim_station *st)
{
	const struct sim_phone *p = st->phone;
	struct sccp_message m = {.id = SCCP_REGISTER};
	static const uint8_t old_features[3] = {0x00, 0x60, 0x85};
	static const uint8_t packed_features[3] = {0x00, 0x72, 0x85};
	struct sccp_registration *r = &m.registration;
	struct net_addr local;

	sim_station_local(st, &local);
	(void)snprintf(r->device_name, sizeof(r->device_name), "%s", p->opt.device);
	r->instance = 1;
	if (!local.is6)
		memcpy(r->address, local.bytes, sizeof(r->address));
	r->device_type = (uint32_t)p->opt.model;
	r->max_streams = 5;
	r->version = (uint8_t)p->opt.protocol;
	memcpy(r->features, p->opt.protocol >= FEATURES_PACKED ? packed_features : old_features,
		sizeof(r->features));
	memcpy(r->mac, p->opt.mac, sizeof(p->opt.mac));
	r->ipv4_scope = 3;
	r->max_lines = LINES_MAX;
	(void)snprintf(r->firmware, sizeof(r->firmware), "%s", FIRMWARE);
	sim_station_put(st, &m);
}

static void begin(struct sim_station *st)
{
	struct sim_phone *p = st->phone;
	struct sccp_message alarm = {.id = SCCP_ALARM}, port = {.id = SCCP_IP_PORT};
	struct stream *s = st->stream;

	if (st->secure) {
		struct span der = stream_peer_cert(s);
		char hex[2 * DIGEST_MAX + 1];

		digest_hex(DIGEST_SHA1, der, hex);
		(void)snprintf(p->evidence.server_cert_sha1, sizeof(p->evidence.server_cert_sha1),
			"%.40s", hex);
		(void)snprintf(
			p->evidence.cipher, sizeof(p->evidence.cipher), "%s", stream_cipher(s));
		(void)snprintf(p->evidence.tls_version, sizeof(p->evidence.tls_version), "%s",
			stream_version(s));
		sim_console_note(&p->console, "SECD",
			"PXY_CERT_CIPHER: [SCCP], [%s], cert [%s], cipher [%s]", stream_version(s),
			st->mic ? "MIC" : "LSC", stream_cipher(s));
	}
	alarm.alarm.severity = 2;
	(void)snprintf(alarm.alarm.text, sizeof(alarm.alarm.text),
		"25: Name=%s Load=%s Last=Initialized", p->opt.device, FIRMWARE);
	sim_station_put(st, &alarm);
	put_register(st);
	port.ip_port.port = 16384;
	sim_station_put(st, &port);
}

static void on_register_ack(struct sim_station *st, const struct sccp_message *m)
{
	const struct sccp_register_ack *ack = &m->register_ack;
	struct sccp_message headset = {.id = SCCP_HEADSET_STATUS};
	unsigned own = (unsigned)st->phone->opt.protocol;

	/* One server in the wild writes 0x30 here: never above what the phone speaks. */
	st->version = ack->version >= 3 && ack->version < own ? ack->version : own;
	st->keepalive_seconds = ack->keepalive < KEEPALIVE_MIN ? KEEPALIVE_MIN : ack->keepalive;
	if (st->keepalive_seconds > KEEPALIVE_MAX)
		st->keepalive_seconds = KEEPALIVE_MAX;
	loop_timer_set(st->keepalive, st->keepalive_seconds * 1000000ll);
	headset.headset_status.status = SCCP_OFF;
	sim_station_put(st, &headset);
}

static void on_register_reject(struct sim_station *st, const struct sccp_message *m)
{
	struct sim_phone *p = st->phone;

	sim_console_status(&p->console, "Registration Rejected: %s", m->register_reject.text);
	p->exit_status = SIM_EXIT_REFUSED;
	lost(st, "registration rejected");
}

/* Phones send what follows in one segment, without waiting for each answer. */
static void on_capabilities_req(struct sim_station *st, const struct sccp_message *m)
{
	struct sccp_message res = {.id = SCCP_CAPABILITIES_RES};

	res.capabilities_res.count = 2;
	res.capabilities_res.capabilities[0].codec = SCCP_CODEC_ULAW_64K;
	res.capabilities_res.capabilities[0].max_frames = 40;
	res.capabilities_res.capabilities[1].codec = SCCP_CODEC_RFC2833;
	res.capabilities_res.capabilities[1].max_frames = 1;
	sim_station_put(st, &res);
	if (st->registered)
		return;
	put_empty(st, SCCP_BUTTON_TEMPLATE_REQ);
	put_empty(st, SCCP_SOFT_KEY_TEMPLATE_REQ);
	put_empty(st, SCCP_SOFT_KEY_SET_REQ);
	put_empty(st, SCCP_CONFIG_STAT_REQ);
}

static void on_button_template(struct sim_station *st, const struct sccp_message *m)
{
	const struct sccp_button_template *t = &m->button_template;
	struct sccp_message req = {0};
	uint32_t lines = 0;

	for (uint32_t i = 0; i < t->count && i < SCCP_BUTTONS_MAX; i++) {
		if (t->buttons[i].type != SCCP_STIMULUS_LINE || lines == LINES_MAX)
			continue;
		lines++;
		req.id = SCCP_LINE_STAT_REQ;
		req.line_stat_req.line = t->buttons[i].instance;
		sim_station_put(st, &req);
		req.id = SCCP_FORWARD_STAT_REQ;
		req.forward_stat_req.line = t->buttons[i].instance;
		sim_station_put(st, &req);
	}
	req.id = SCCP_REGISTER_AVAILABLE_LINES;
	req.register_available_lines.lines = lines;
	sim_station_put(st, &req);
	put_empty(st, SCCP_TIME_DATE_REQ);
}

static void set_number(struct sim_station *st, uint32_t line, const char *number)
{
	struct sim_phone *p = st->phone;

	if (line != 1)
		return;
	(void)snprintf(p->evidence.number, sizeof(p->evidence.number), "%s", number);
}

static void on_line_stat(struct sim_station *st, const struct sccp_message *m)
{
	set_number(st, m->line_stat.line, m->line_stat.number);
}

static void on_line_stat_v2(struct sim_station *st, const struct sccp_message *m)
{
	set_number(st, m->line_stat_v2.line, m->line_stat_v2.number);
}

static void on_time_date(struct sim_station *st, const struct sccp_message *m)
{
	struct sim_phone *p = st->phone;

	if (st->registered)
		return;
	st->registered = true;
	stream_timeout(st->stream, 0);
	p->evidence.registered = true;
	sim_console_note(&p->console, "SCCP", "registered as %s, protocol %u", p->evidence.number,
		st->version);
	sim_phone_event(p, SIM_EV_DONE);
	sim_call_ready(p->call);
}

static void on_keep_alive_ack(struct sim_station *st, const struct sccp_message *m)
{
	st->unanswered = 0;
}

static void on_reset(struct sim_station *st, const struct sccp_message *m)
{
	bool reset = m->reset.type == SCCP_RESET_DEVICE;

	sim_console_note(&st->phone->console, "SCCP",
		reset ? "Reset by the server" : "Restart by the server");
	sim_phone_event(st->phone, reset ? SIM_EV_RESET : SIM_EV_RESTART);
}

static void on_unregister_ack(struct sim_station *st, const struct sccp_message *m)
{
	if (st->phone->state == SIM_LEAVING)
		loop_stop(st->phone->loop);
}

#define CALL_HANDLER(name)                                                                         \
	static void to_call_##name(struct sim_station *st, const struct sccp_message *m)           \
	{                                                                                          \
		sim_call_##name(st->phone->call, m);                                               \
	}
CALL_HANDLER(on_state)
CALL_HANDLER(on_info)
CALL_HANDLER(on_info_v2)
CALL_HANDLER(on_open_receive)
CALL_HANDLER(on_close_receive)
CALL_HANDLER(on_start_media)
CALL_HANDLER(on_stop_media)

/* What the phone does about each message; lamps, tones, prompts and unknown ids change nothing. */
static const struct row {
	uint32_t id;
	void (*act)(struct sim_station *st, const struct sccp_message *m);
} rows[] = {
	{SCCP_REGISTER_ACK, on_register_ack},
	{SCCP_REGISTER_REJECT, on_register_reject},
	{SCCP_CAPABILITIES_REQ, on_capabilities_req},
	{SCCP_BUTTON_TEMPLATE, on_button_template},
	{SCCP_LINE_STAT, on_line_stat},
	{SCCP_LINE_STAT_V2, on_line_stat_v2},
	{SCCP_DEFINE_TIME_DATE, on_time_date},
	{SCCP_KEEP_ALIVE_ACK, on_keep_alive_ack},
	{SCCP_RESET, on_reset},
	{SCCP_UNREGISTER_ACK, on_unregister_ack},
	{SCCP_CALL_STATE, to_call_on_state},
	{SCCP_CALL_INFO, to_call_on_info},
	{SCCP_CALL_INFO_V2, to_call_on_info_v2},
	{SCCP_OPEN_RECEIVE_CHANNEL, to_call_on_open_receive},
	{SCCP_CLOSE_RECEIVE_CHANNEL, to_call_on_close_receive},
	{SCCP_START_MEDIA, to_call_on_start_media},
	{SCCP_STOP_MEDIA, to_call_on_stop_media},
};

/* ---- the connection ---- */

/* Takes one message off the input; false when there is none, or the connection is over. */
static bool take_message(struct sim_station *st)
{
	struct sccp_message m;
	struct fail why = {0};
	enum err err = ERR_OK;
	size_t len = sccp_frame(stream_input(st->stream), &err, &why);

	if (err == ERR_OK && len == 0)
		return false;
	if (err == ERR_OK)
		err = sccp_decode(
			&m, span_of(stream_input(st->stream).ptr, len), st->version, &why);
	if (err) {
		lost(st, why.text);
		return false;
	}
	for (size_t i = 0; m.known && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].id == m.id) {
			rows[i].act(st, &m);
			break;
		}
	}
	mem_wipe(&m, sizeof(m)); /* it may have held media keys */
	if (st->dead)
		return false;
	stream_consume(st->stream, len);
	return true;
}

static void refused_server(struct sim_station *st)
{
	sim_phone_refused(st->phone, "call manager", &st->verify);
	lost(st, "TLS handshake ended: the server is not trusted");
}

static void on_stream(void *ctx, struct stream *s, enum stream_event ev)
{
	struct sim_station *st = ctx;

	st->busy = true;
	switch (ev) {
	case STREAM_READY: begin(st); break;
	case STREAM_DATA:
		while (take_message(st))
			continue;
		break;
	case STREAM_DRAINED: break;
	case STREAM_CLOSED: lost(st, "the call manager closed the connection"); break;
	case STREAM_TIMEOUT: lost(st, "the call manager does not answer"); break;
	case STREAM_ERROR:
		if (st->phone->doubted.len)
			sim_phone_event(st->phone, SIM_EV_DOUBT);
		else if (st->verify.code)
			refused_server(st);
		else
			lost(st, stream_failure(s)->text);
		break;
	}
	if (!st->dead && (ev == STREAM_READY || ev == STREAM_DATA))
		sim_station_flush(st);
	st->busy = false;
	if (st->dead)
		station_free(st);
}

static void on_keepalive(void *arg)
{
	struct sim_station *st = arg;

	st->busy = true;
	if (st->unanswered >= KEEPALIVE_LIMIT) {
		lost(st, "keepalives are not answered");
	} else {
		st->unanswered++;
		put_empty(st, SCCP_KEEP_ALIVE);
		sim_station_flush(st);
		loop_timer_set(st->keepalive, st->keepalive_seconds * 1000000ll);
	}
	st->busy = false;
	if (st->dead)
		station_free(st);
}

static enum err verify_server(void *ctx, struct span der)
{
	struct sim_station *st = ctx;

	return sim_phone_judge_server(st->phone, SIM_SERVER_CCM, der, &st->verify);
}

static enum err prepare_tls(struct sim_station *st, struct fail *why)
{
	struct sim_phone *p = st->phone;
	struct sim_identity own = sim_flash_identity(&p->flash, false);
	struct tls_config config = {
		.profile = TLS_PHONE, .verify = verify_server, .verify_ctx = st, .max_tls12 = true};

	if (!p->flash.lsc.len)
		sim_console_note(
			&p->console, "SECD", "PXY_NO_LSC: No LSC for [SCCP], will try MIC");
	if (!own.der.len)
		return fail_set(why, ERR_NOTNOW, "no certificate to register with");
	config.cert_der = own.der;
	config.native_key = key_get_native(own.key);
	st->mic = own.mic;
	return tls_new(&st->tls, &config, why);
}

/* Where this try goes: the configuration's call managers in turn. */
static enum err choose_server(struct sim_station *st, struct net_addr *addr, struct fail *why)
{
	const struct sim_phone *p = st->phone;
	const struct cnfxml *c = &p->config;
	const struct cnfxml_server *server;
	int port;

	if (c->managers_count == 0)
		return fail_set(why, ERR_NOTNOW, "the configuration names no call manager");
	server = &c->managers[(size_t)p->register_failures % c->managers_count];
	if (st->secure)
		port = p->opt.sccps_port ? p->opt.sccps_port : SIM_PORT_SCCPS + p->opt.port_base;
	else
		port = p->opt.sccp_port ? p->opt.sccp_port
					: sim_phone_port(p, server->port, SIM_PORT_SCCP);
	return sim_phone_server(p, server->name, port, addr, why);
}

static enum err open_station(struct sim_station *st, struct fail *why)
{
	struct sim_phone *p = st->phone;
	struct net_addr addr = {0};
	char text[NET_ADDR_MAX];
	enum err err;

	buf_clear(&p->doubted);
	st->secure = !p->opt.plain && p->config.security_mode >= 2;
	err = loop_timer_new(&st->keepalive, p->loop, on_keepalive, st);
	if (err == ERR_OK)
		err = sim_call_new(&p->call, p, st);
	if (err == ERR_OK)
		err = choose_server(st, &addr, why);
	if (err == ERR_OK && st->secure)
		err = prepare_tls(st, why);
	if (err == ERR_OK)
		err = stream_connect(&st->stream, p->loop, &addr, st->tls, on_stream, st, why);
	if (err)
		return fail_set(why, err, "%s", err_text(err));
	net_addr_print_port(&addr, text);
	sim_console_note(
		&p->console, "SCCP", "connecting to %s, %s", text, st->secure ? "TLS" : "no TLS");
	net_addr_print(&addr, p->evidence.server);
	p->evidence.port = addr.port;
	p->evidence.tls = st->secure;
	p->evidence.cipher[0] = p->evidence.tls_version[0] = p->evidence.server_cert_sha1[0] = '\0';
	stream_timeout(st->stream, REGISTER_US);
	st->capture = sim_capture_open(p->opt.dir, "sccp.cap", p->clock, st->stream);
	sim_phone_write_evidence(p);
	return ERR_OK;
}

void sim_station_start(struct sim_phone *p)
{
	struct sim_station *st = mem_new(sizeof(*st));
	struct fail why = {0};

	if (!st) {
		sim_console_error(&p->console, "SCCP", "out of memory");
		sim_phone_event(p, SIM_EV_FAILED);
		return;
	}
	st->phone = p;
	p->station = st;
	if (open_station(st, &why)) {
		sim_console_error(&p->console, "SCCP", "%s", why.text);
		sim_phone_event(p, SIM_EV_FAILED);
	}
}

void sim_station_leave(struct sim_station *st)
{
	struct sccp_message m = {.id = SCCP_UNREGISTER};

	if (!st->registered || !st->stream) {
		loop_stop(st->phone->loop);
		return;
	}
	sim_call_hang_up(st->phone->call);
	sim_station_put(st, &m);
	sim_station_flush(st);
}
