/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tftp/transfer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/guesses.h"
#include "service/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#define COMPLAINT_SIZE 512
#define SECOND_US      1000000ll

/* Transfers whose time has come that are served before other packets are looked at. */
#define DUE_AT_ONCE 256u

/* In the setting tftp_addresses: the address of the node. */
#define OWN_ADDRESS "address"

/* --- telling --- */

void tftp_refuse(struct tftp *s, const struct dgram_in *in, enum tftp_error code, const char *text)
{
	uint8_t head[4] = {0, TFTP_ERROR, 0, (uint8_t)code};
	struct place *place = s->place_of[in->socket];
	struct dgram_out out = {
		/* A transfer's own client is answered by the socket that it knows. */
		.socket = in->socket,
		.to = &in->from,
		.from = &in->to,
		.head = span_of(head, sizeof(head)),
		.body = span_of(text, strlen(text) + 1),
	};

	if (place->carriers_count && !s->is_carrier[in->socket])
		out.socket = place->carriers[0];
	dgram_set_send(s->sockets, &out);
}

void tftp_complain(struct tftp *s, const struct net_addr *peer, const char *fmt, ...)
{
	char from[NET_ADDR_MAX], what[COMPLAINT_SIZE];
	va_list args;

	if (!complaints_allow(&s->complaints, "tftp"))
		return;
	net_addr_print_port(peer, from);
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	log_line(LOG_WARN, "tftp: %s: %s", from, what);
}

static void put_lines(struct tftp *s)
{
	trace_put(TRACE_TFTP, &s->lines);
}

/* --- sockets --- */

static enum err open_carrier(struct tftp *s, struct place *place, struct fail *why)
{
	unsigned socket, limit = service_sessions(s->env, TFTP_CARRIERS * s->places_count);
	enum err err;

	if (place->carriers_count == TFTP_CARRIERS ||
		place->carriers_count * s->places_count >= limit)
		return fail_set(why, ERR_LIMIT, "%s", err_text(ERR_LIMIT));
	err = dgram_set_open(s->sockets, &place->addr, false, &socket, why);
	if (err)
		return err;
	s->place_of[socket] = place;
	s->is_carrier[socket] = true;
	place->carriers[place->carriers_count++] = socket;
	return ERR_OK;
}

/* The first that has room, so that few sockets with many packets each are read and written; when
 * all are full and there can be no more, the one that has least to do. */
unsigned tftp_carrier(struct tftp *s, struct place *place)
{
	unsigned i, least = place->carriers[0];
	struct fail why = {0};

	for (i = 0; i < place->carriers_count; i++) {
		unsigned socket = place->carriers[i];

		if (s->carried[socket] < TFTP_CARRIER_TRANSFERS)
			return socket;
		if (s->carried[socket] < s->carried[least])
			least = socket;
	}
	if (open_carrier(s, place, &why) == ERR_OK)
		return place->carriers[place->carriers_count - 1];
	return least;
}

bool tftp_own_port(struct tftp *s, struct place *place, uint16_t *out)
{
	unsigned socket;

	if (s->own_ports >= service_sessions(s->env, TFTP_OWN_PORTS) ||
		dgram_set_open(s->sockets, &place->addr, false, &socket, NULL) != ERR_OK)
		return false;
	s->place_of[socket] = place;
	s->is_carrier[socket] = true;
	s->own_ports++;
	*out = (uint16_t)socket;
	return true;
}

void tftp_own_port_close(struct tftp *s, unsigned socket)
{
	dgram_set_close(s->sockets, socket);
	s->own_ports--;
}

/* --- requests --- */

/* Another one that guesses names: what he asks about strangers is answered now and then. True when
 * this request is not, and has ended; a phone asks again. */
static bool held_back(struct transfer *t, const struct provision_absence *a)
{
	struct tftp *s = t->service;

	if (!a || !a->unknown_device ||
		guesses_ask(s->env->guesses, &t->entry.peer, a->device, false, s->now_us) == 0)
		return false;
	transfer_unanswered(t, ", this address asks for too many unknown phones");
	return true;
}

/* One answer to all that is not served; `a` (or NULL) is told to the log alone: a stranger learns
 * no more from one name than from another. */
static void refused(
	struct transfer *t, enum err err, const struct fail *why, const struct provision_absence *a)
{
	enum tftp_error code = TFTP_E_UNDEFINED;
	const char *text = "Server error";
	char context[TRANSFER_CONTEXT_MAX];

	if (held_back(t, a))
		return;
	/* A phone takes any error for "there is none" and goes on without; to silence it asks
	 * again, here and at its next server. */
	if (err == ERR_AWAY || err == ERR_BUSY) {
		tftp_complain(t->service, &t->entry.peer, "%s: %s", t->asked, why->text);
		transfer_unanswered(t, ", the database cannot be reached");
		return;
	}
	if (err == ERR_NOTFOUND || err == ERR_DENIED) {
		code = TFTP_E_NOTFOUND;
		text = "File not found";
		notes_asked(t->service->env->notes, t->asked, &t->entry.peer);
	} else {
		tftp_complain(t->service, &t->entry.peer, "%s: %s", t->asked, why->text);
	}
	if (err == ERR_DENIED)
		tftp_complain(t->service, &t->entry.peer,
			"RRQ, file name: not allowed, refused as not found");
	transfer_context(t, context);
	trace_gather(&t->service->lines, TRACE_TFTP,
		"INFO: TFTPEngine::sendNAK[%s], File[%s], Error(%d)%s%s%s", context, t->asked, code,
		!a          ? ""
		: a->normal ? ", Normal["
			    : ", Fault[",
		a ? a->text : "", a ? "]" : "");
	transfer_refuse(t, code, text);
}

static void begin(struct transfer *t, struct content *content)
{
	t->content = content;
	notes_asked(t->service->env->notes, t->asked, &t->entry.peer);
	/* Names have no case; where that was needed it is said, for whoever wonders. */
	if (strcmp(t->asked, content->served) != 0 && str_ieq(t->asked, content->served) &&
		complaints_allow(&t->service->complaints, "tftp"))
		log_line(LOG_INFO, "tftp: %s was asked for; %s is there, and is served", t->asked,
			content->served);
	transfer_begin(t);
}

static void on_content(
	struct contents_wait *w, enum err err, struct content *content, const struct fail *why)
{
	struct transfer *t = (struct transfer *)((char *)w - offsetof(struct transfer, wait));
	struct tftp *s = t->service;

	s->now_us = clock_monotonic_us();
	if (err)
		refused(t, err, why, w->absence);
	else
		begin(t, content);
	put_lines(s);
	dgram_set_flush(s->sockets);
}

/* True when this request may begin: its source is within its share. When all places are taken, the
 * oldest transfer whose file was never acknowledged gives its up; one that waits for its file does
 * not, because its job cannot be taken back: forged requests would heap up jobs without end. */
static bool admit(struct tftp *s, const struct net_addr *from)
{
	const struct table_entry *oldest;

	if (table_of_source(&s->transfers, from) >= TFTP_TRANSFERS_PER_SOURCE) {
		tftp_complain(s, from, "too many transfers from this address, not answered");
		return false;
	}
	if (s->transfers.count < TFTP_TRANSFERS_MAX)
		return true;
	tftp_complain(s, from, "too many transfers are under way");
	oldest = s->transfers.oldest;
	while (oldest && ((const struct transfer *)oldest)->state == TRANSFER_AWAIT_FILE)
		oldest = oldest->newer;
	if (!oldest)
		return false;
	transfer_free((struct transfer *)oldest);
	return true;
}

/* A request that repeats one in progress is not served twice. But a client that has all, or wants
 * another file from the same port, has forgotten the old transfer, and so do we. */
static bool is_repeated(struct tftp *s, const struct net_addr *from, struct span name)
{
	struct transfer *t = (struct transfer *)table_find(&s->transfers, from);

	if (!t)
		return false;
	if (t->state != TRANSFER_AWAIT_ACK ||
		(!transfer_all_sent(t) && span_eq(span_str(t->asked), name)))
		return true;
	transfer_replaced(t);
	return false;
}

static void trace_request(struct transfer *t, unsigned before)
{
	char context[TRANSFER_CONTEXT_MAX];

	transfer_context(t, context);
	trace_gather(&t->service->lines, TRACE_TFTP,
		"TFTPEngine::isReadRequest[%s], [%s] opcode(1), Mode(%s), Serving Count(%u)",
		context, t->asked, t->sender.netascii ? "netascii" : "octet", before);
}

static void read_request(struct tftp *s, const struct dgram_in *in, const struct tftp_packet *p)
{
	const struct net_addr *from = &in->from;
	unsigned before = s->transfers.count;
	struct content *content = NULL;
	struct fail why = {0};
	struct sender sender;
	struct transfer *t;
	enum err err;

	if (sender_init(&sender, p) != ERR_OK) {
		tftp_complain(s, from, "RRQ, mode: neither octet nor netascii, refused");
		tftp_refuse(s, in, TFTP_E_ILLEGAL, "Only modes octet and netascii");
		return;
	}
	if (is_repeated(s, from, p->name) || !admit(s, from))
		return;
	if (!s->looked)
		contents_look(s->contents);
	s->looked = true;
	if (transfer_new(&t, s, in, &sender, p->name) != ERR_OK) {
		tftp_complain(s, from, "%s", err_text(ERR_NOMEM));
		tftp_refuse(s, in, TFTP_E_UNDEFINED, "Server is busy");
		return;
	}
	trace_request(t, before);
	t->wait.done = on_content;
	err = contents_get(s->contents, t->asked, &content, &t->wait);
	if (err)
		refused(t, fail_set(&why, err, "%s", err_text(err)), &why, t->wait.absence);
	else if (content)
		begin(t, content);
}

/* --- packets --- */

/* Who sends to no transfer is told so, but not more often than a network with an honest mistake
 * needs: the answer is longer than an ACK, and the address may be forged. */
static void stranger(struct tftp *s, const struct dgram_in *in)
{
	int64_t second = s->now_us / SECOND_US;

	if (second != s->strangers_second)
		s->strangers = 0;
	s->strangers_second = second;
	if (s->strangers++ < TFTP_STRANGERS_MAX)
		tftp_refuse(s, in, TFTP_E_TID, "Unknown transfer ID");
}

static void at_the_door(struct tftp *s, const struct dgram_in *in)
{
	const struct span packet = in->packet;
	struct fail why = {0};
	struct tftp_packet p;
	enum err err = tftp_decode(&p, packet, &why);

	if (err != ERR_OK) {
		tftp_complain(s, &in->from, "%s", why.text);
		/* Only what looks like a request is answered, so that two servers never talk. */
		if (packet.len >= 2 && packet.ptr[0] == 0 &&
			(packet.ptr[1] == TFTP_RRQ || packet.ptr[1] == TFTP_WRQ))
			tftp_refuse(s, in, TFTP_E_ILLEGAL, "Illegal TFTP operation");
	} else if (p.opcode == TFTP_RRQ) {
		read_request(s, in, &p);
	} else if (p.opcode == TFTP_WRQ) {
		tftp_complain(s, &in->from, "write request refused");
		tftp_refuse(s, in, TFTP_E_ACCESS, "Access violation");
	}
}

static void for_a_transfer(struct tftp *s, const struct dgram_in *in)
{
	struct transfer *t = (struct transfer *)table_find(&s->transfers, &in->from);
	struct fail why = {0};
	struct tftp_packet p;
	enum err err = tftp_decode(&p, in->packet, &why);

	if (t && t->socket == in->socket) {
		if (err)
			tftp_complain(s, &in->from, "%s", why.text);
		transfer_packet(t, err ? NULL : &p);
	} else if (err || p.opcode != TFTP_ERROR) {
		/* An ERROR is never answered with an ERROR. */
		stranger(s, in);
	}
}

static void set_tick(struct tftp *s, int64_t us)
{
	if (s->ticking || !s->transfers.count)
		return;
	s->ticking = true;
	loop_timer_set(s->tick, us);
}

static void on_packets(void *ctx, const struct dgram_in *in, unsigned count)
{
	struct tftp *s = ctx;
	unsigned i;

	s->now_us = clock_monotonic_us();
	s->looked = false;
	for (i = 0; i < count; i++) {
		if (s->is_carrier[in[i].socket])
			for_a_transfer(s, &in[i]);
		else
			at_the_door(s, &in[i]);
	}
	put_lines(s);
	set_tick(s, TABLE_TICK_US);
}

static void on_unsent(void *ctx, const struct net_addr *to)
{
	struct tftp *s = ctx;
	struct transfer *t = (struct transfer *)table_find(&s->transfers, to);

	if (t)
		transfer_unsent(t);
}

static void tell_losses(struct tftp *s)
{
	int64_t second = s->now_us / SECOND_US;
	uint64_t lost;

	if (second == s->lost_second)
		return;
	s->lost_second = second;
	lost = dgram_set_lost(s->sockets);
	if (lost == s->lost)
		return;
	log_line(LOG_WARN,
		"tftp: %llu packets were lost because they came faster than they were read; %llu "
		"since TFTP was started",
		(unsigned long long)(lost - s->lost), (unsigned long long)lost);
	s->lost = lost;
}

static void on_tick(void *ctx)
{
	struct tftp *s = ctx;
	struct table_entry *e = NULL;
	unsigned count;

	s->ticking = false;
	s->now_us = clock_monotonic_us();
	for (count = 0; count < DUE_AT_ONCE; count++) {
		e = table_take_due(&s->transfers, s->now_us);
		if (!e)
			break;
		transfer_due((struct transfer *)e);
	}
	dgram_set_flush(s->sockets);
	tell_losses(s);
	put_lines(s);
	set_tick(s, e ? 0 : TABLE_TICK_US);
}

/* --- start and stop --- */

static void stop(void *instance)
{
	struct tftp *s = instance;
	struct table_entry *e;
	size_t at = 0;

	while ((e = table_any(&s->transfers, &at)))
		transfer_free((struct transfer *)e);
	contents_free(s->contents);
	loop_timer_free(s->tick);
	dgram_set_free(s->sockets);
	buf_fini(&s->lines);
	mem_free(s);
}

static enum err open_place(struct tftp *s, const char *text, struct fail *why)
{
	const struct settings *set = s->env->settings;
	struct place *place = &s->places[s->places_count];
	unsigned i, socket, doors = TFTP_DOORS;
	enum err err;

	if (s->places_count == TFTP_ADDRESSES_MAX)
		return fail_set(why, ERR_LIMIT, "tftp_addresses: at most %u", TFTP_ADDRESSES_MAX);
	err = net_addr_parse(&place->addr, str_ieq(text, OWN_ADDRESS) ? set->address : text,
		settings_port(set, set->tftp_port), why);
	s->places_count++;
	/* With few descriptors for this service, one must do. */
	if (s->env->sessions_max < 4 * TFTP_DOORS)
		doors = 1;
	for (i = 0; i < doors && err == ERR_OK; i++) {
		err = dgram_set_open(s->sockets, &place->addr, true, &socket, why);
		if (err == ERR_OK)
			s->place_of[socket] = place;
	}
	place->addr.port = 0;
	return err ? err : open_carrier(s, place, why);
}

/* The setting's addresses, separated by blanks or commas. */
static enum err open_places(struct tftp *s, struct fail *why)
{
	char text[SETTINGS_TEXT_SIZE], *rest = text, *one;
	enum err err = ERR_OK;

	str_copy(text, sizeof(text), s->env->settings->tftp_addresses);
	while (err == ERR_OK && (one = strsep(&rest, " ,")))
		if (*one)
			err = open_place(s, one, why);
	if (err == ERR_OK && !s->places_count)
		err = fail_set(why, ERR_FORMAT, "tftp_addresses: no address");
	return err;
}

static uint64_t random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_us(clock_system());
	return seed;
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	static const struct dgram_set_calls calls = {.packets = on_packets, .unsent = on_unsent};
	struct tftp *s = mem_new(sizeof(*s));
	enum err err = ERR_NOMEM;

	*instance = NULL;
	if (!s)
		return fail_set(why, err, "TFTP: %s", err_text(err));
	s->env = env;
	table_init(&s->transfers, random_seed(), clock_monotonic_us());
	err = loop_timer_new(&s->tick, env->loop, on_tick, s);
	if (err == ERR_OK)
		err = dgram_set_new(&s->sockets, env->loop, &calls, s);
	if (err == ERR_OK)
		err = contents_new(&s->contents, env);
	if (err == ERR_OK)
		err = open_places(s, why);
	if (err != ERR_OK) {
		fail_set(why, err, "%s", err_text(err));
		fail_prefix(why, "TFTP");
		stop(s);
		return err;
	}
	*instance = s;
	return ERR_OK;
}

const struct service service_tftp = {
	.name = "tftp",
	.every_worker = true,
	.own = OWN_COUNT,
	.start = start,
	.stop = stop,
};
