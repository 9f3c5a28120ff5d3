/* SPDX-License-Identifier: BSD-2-Clause
 * The phone's call: dialling, answering, media, the icon. One at a time. */
#include "base/mem.h"
#include "sim/media.h"
#include "sim/station.h"

#include <stdio.h>

#define DIAL_US     500000ll  /* after registering, and between looks at the counts */
#define RETRY_US    3000000ll /* before dialling again */
#define ANSWER_WAIT 30        /* seconds a dialled call may take to be answered */
#define REFRESH_US  1000000ll /* phone.json is rewritten so often during a call */

/* Every state the phone's display can show for its call. */
enum call_state {
	CALL_IDLE,
	CALL_WANTED,  /* to be dialled when the timer fires */
	CALL_LIFTED,  /* off hook sent, the server's dial tone awaited */
	CALL_DIALLED, /* digits sent */
	CALL_RINGING, /* a call for this phone */
	CALL_UP,
};

struct sim_call {
	struct sim_phone *phone;
	struct sim_station *station;
	struct loop_timer *timer; /* dials, refreshes phone.json, ends the talk */
	enum call_state state;
	uint32_t reference, line;
	bool outgoing;
	int tries;
	int seconds; /* in the present state */
	struct sim_media *media;
	int receive_algorithm, send_algorithm; /* -1: no such stream yet */
};

static struct sim_call_facts *facts(struct sim_call *c)
{
	return &c->phone->evidence.call;
}

static void refresh(struct sim_call *c)
{
	struct sim_call_facts *f = facts(c);

	if (c->media) {
		struct sim_media_counts n = sim_media_get_counts(c->media);

		f->sent = n.sent;
		f->received = n.received;
		f->authenticated = n.authenticated;
		f->rejected = n.rejected;
		f->clear = n.clear;
		f->audio_ok = n.audio_ok;
	}
	/* A call is under keys when both of its directions are. */
	f->algorithm = c->receive_algorithm > 0 && c->send_algorithm > 0 ? c->receive_algorithm : 0;
	sim_phone_write_evidence(c->phone);
}

static void show(struct sim_call *c, const char *state)
{
	facts(c)->state = state;
	sim_console_note(&c->phone->console, "SCCP", "call %u: %s", c->reference, state);
	sim_console_event(&c->phone->console, "call", state);
	refresh(c);
}

static void forget(struct sim_call *c)
{
	sim_media_free(c->media);
	c->media = NULL;
	c->state = CALL_IDLE;
	c->reference = c->line = 0;
	c->receive_algorithm = c->send_algorithm = -1;
	c->seconds = 0;
	loop_timer_stop(c->timer);
}

/* Dials later what --call asks for, unless that was done, or tried often enough. */
static void want_to_dial(struct sim_call *c, int64_t us)
{
	const struct sim_phone *p = c->phone;

	if (!p->opt.call || p->dialled || c->tries >= p->opt.call_tries ||
		p->state != SIM_REGISTERED)
		return;
	c->state = CALL_WANTED;
	loop_timer_set(c->timer, us);
}

/* The call is over: what it came to is kept, and with --once decides the exit status. */
static void ended(struct sim_call *c)
{
	struct sim_phone *p = c->phone;
	struct sim_call_facts *f = facts(c);
	bool was_up = c->state == CALL_UP, outgoing = c->outgoing, good;

	refresh(c);
	good = was_up && f->audio_ok;
	if (was_up)
		sim_console_note(&p->console, "SCCP",
			"call %u ended: icon %s, %s, sent %llu, received %llu, authenticated %llu, "
			"rejected %llu, clear %llu, audio %s",
			c->reference, sim_icon_name(f->icon), sim_algorithm_name(f->algorithm),
			(unsigned long long)f->sent, (unsigned long long)f->received,
			(unsigned long long)f->authenticated, (unsigned long long)f->rejected,
			(unsigned long long)f->clear, f->audio_ok ? "good" : "not heard");
	sim_evidence_call_ended(&p->evidence);
	forget(c);
	sim_phone_write_evidence(p);
	sim_console_event(&p->console, "call", "ended");
	if (was_up || (outgoing && c->tries >= p->opt.call_tries))
		sim_phone_over(p, good ? SIM_EXIT_DONE : SIM_EXIT_REFUSED);
	else
		want_to_dial(c, RETRY_US);
}

static void press(struct sim_call *c, uint32_t event)
{
	struct sccp_message m = {.id = SCCP_SOFT_KEY_EVENT};

	m.soft_key_event.event = event;
	m.soft_key_event.line = c->line;
	m.soft_key_event.call = c->reference;
	sim_station_put(c->station, &m);
}

void sim_call_hang_up(struct sim_call *c)
{
	struct sccp_message m = {.id = SCCP_ON_HOOK};

	if (c->state == CALL_WANTED)
		forget(c);
	if (c->state == CALL_IDLE)
		return;
	m.on_hook.line = c->line;
	m.on_hook.call = c->reference;
	sim_station_put(c->station, &m);
	sim_station_flush(c->station);
	ended(c);
}

static void lift(struct sim_call *c)
{
	struct sccp_message m = {.id = SCCP_OFF_HOOK};

	c->state = CALL_LIFTED;
	c->outgoing = true;
	c->tries++;
	c->seconds = 0;
	sim_station_put(c->station, &m);
	sim_station_flush(c->station);
	loop_timer_set(c->timer, REFRESH_US);
}

static void on_timer(void *arg)
{
	struct sim_call *c = arg;
	int limit = c->outgoing ? ANSWER_WAIT : 0;

	if (c->state == CALL_WANTED) {
		lift(c);
		return;
	}
	if (c->state == CALL_IDLE)
		return;
	c->seconds++;
	if (c->state == CALL_UP)
		limit = c->outgoing ? c->phone->opt.talk : 0;
	if (limit && c->seconds >= limit) {
		sim_call_hang_up(c);
		return;
	}
	refresh(c);
	loop_timer_set(c->timer, REFRESH_US);
}

static void put_digits(struct sim_call *c)
{
	struct sccp_message m = {.id = SCCP_KEYPAD_BUTTON};

	for (const char *d = c->phone->opt.call; *d; d++) {
		m.keypad_button.button = *d == '*'   ? SCCP_KEYPAD_STAR
					 : *d == '#' ? SCCP_KEYPAD_POUND
						     : (uint32_t)(*d - '0');
		m.keypad_button.line = c->line;
		m.keypad_button.call = c->reference;
		sim_station_put(c->station, &m);
	}
	c->state = CALL_DIALLED;
}

static void ring_in(struct sim_call *c)
{
	c->outgoing = false;
	c->state = CALL_RINGING;
	c->seconds = 0;
	show(c, "ring in");
	loop_timer_set(c->timer, REFRESH_US);
	if (c->phone->opt.answer)
		press(c, SCCP_KEY_ANSWER);
}

static void connected(struct sim_call *c)
{
	if (c->state == CALL_UP)
		return;
	c->state = CALL_UP;
	c->seconds = 0;
	if (c->outgoing)
		c->phone->dialled = true;
	show(c, "connected");
	loop_timer_set(c->timer, REFRESH_US);
}

static void off_hook(struct sim_call *c)
{
	show(c, "off hook");
	if (c->state == CALL_LIFTED)
		put_digits(c);
}

static void fails(struct sim_call *c, const char *text)
{
	show(c, text);
	sim_call_hang_up(c);
}

/* True when a message is about the phone's own call; a new call is taken when there is none. */
static bool mine(struct sim_call *c, uint32_t line, uint32_t reference, uint32_t state)
{
	bool idle = c->state == CALL_IDLE || c->state == CALL_WANTED;

	if (c->reference && reference == c->reference)
		return true;
	if ((c->state == CALL_LIFTED && c->reference == 0 && state == SCCP_STATE_OFF_HOOK) ||
		(idle && state == SCCP_STATE_RING_IN)) {
		if (idle)
			forget(c);
		c->reference = reference;
		c->line = line;
		return reference != 0;
	}
	return false;
}

void sim_call_on_state(struct sim_call *c, const struct sccp_message *m)
{
	uint32_t state = m->call_state.state;

	if (!mine(c, m->call_state.line, m->call_state.call, state))
		return;
	switch (state) {
	case SCCP_STATE_OFF_HOOK: off_hook(c); break;
	case SCCP_STATE_RING_IN: ring_in(c); break;
	case SCCP_STATE_CONNECTED: connected(c); break;
	case SCCP_STATE_RING_OUT: show(c, "ring out"); break;
	case SCCP_STATE_PROCEED: show(c, "proceed"); break;
	case SCCP_STATE_HOLD: show(c, "hold"); break;
	case SCCP_STATE_BUSY: fails(c, "busy"); break;
	case SCCP_STATE_LINE_IN_USE: fails(c, "line in use"); break;
	case SCCP_STATE_INVALID_NUMBER: fails(c, "invalid number"); break;
	case SCCP_STATE_ON_HOOK: ended(c); break;
	default: break;
	}
}

static void info(struct sim_call *c, uint32_t reference, uint32_t security, const char *peer)
{
	struct sim_call_facts *f = facts(c);
	enum sim_icon icon = SIM_ICON_NONE;

	if (!c->reference || reference != c->reference)
		return;
	if (security == SCCP_SECURITY_ENCRYPTED)
		icon = SIM_ICON_LOCK;
	else if (security == SCCP_SECURITY_AUTHENTICATED)
		icon = SIM_ICON_SHIELD;
	if (icon != f->icon)
		sim_console_note(&c->phone->console, "SCCP", "call %u: icon %s", reference,
			sim_icon_name(icon));
	f->icon = icon;
	(void)snprintf(f->peer, sizeof(f->peer), "%s", peer);
	refresh(c);
}

void sim_call_on_info(struct sim_call *c, const struct sccp_message *m)
{
	const struct sccp_call_info *i = &m->call_info;

	info(c, i->call, i->security,
		i->type == SCCP_CALL_INBOUND ? i->calling_number : i->called_number);
}

void sim_call_on_info_v2(struct sim_call *c, const struct sccp_message *m)
{
	const struct sccp_call_info_v2 *i = &m->call_info_v2;

	info(c, i->call, i->security,
		i->type == SCCP_CALL_INBOUND ? i->calling_number : i->called_number);
}

/* ---- media ---- */

static enum err take_keys(
	const struct sim_call *c, const struct sccp_encryption *e, struct sim_keys *keys)
{
	*keys = (struct sim_keys){.algorithm = SRTP_NONE};
	if (c->phone->opt.media_clear || e->algorithm == SCCP_CIPHER_NONE)
		return ERR_OK;
	if (e->algorithm != SCCP_CIPHER_AES_CM_128_HMAC_SHA1_32 &&
		e->algorithm != SCCP_CIPHER_AES_CM_128_HMAC_SHA1_80)
		return ERR_UNSUPPORTED;
	if (e->key_length != SRTP_KEY || e->salt_length != SRTP_SALT || e->mki_present ||
		e->key_derivation_rate)
		return ERR_UNSUPPORTED;
	keys->algorithm = (enum srtp_algorithm)e->algorithm;
	memcpy(keys->key, e->key, SRTP_KEY);
	memcpy(keys->salt, e->salt, SRTP_SALT);
	return ERR_OK;
}

static enum err need_media(struct sim_call *c, struct fail *why)
{
	struct net_addr local;

	if (c->media)
		return ERR_OK;
	sim_station_local(c->station, &local);
	return sim_media_new(&c->media, c->phone->loop, &local, why);
}

static uint32_t media_status(enum err err)
{
	if (err == ERR_OK)
		return SCCP_MEDIA_OK;
	return err == ERR_FORMAT ? SCCP_MEDIA_INVALID_CODEC : SCCP_MEDIA_UNKNOWN_ERROR;
}

static void own_address(const struct sim_call *c, struct field_address *out, uint32_t *port)
{
	struct net_addr local;

	sim_station_local(c->station, &local);
	out->type = local.is6 ? FIELD_ADDRESS_IPV6 : FIELD_ADDRESS_IPV4;
	memcpy(out->bytes, local.bytes, local.is6 ? 16 : 4);
	*port = c->media ? sim_media_get_port(c->media) : 0;
}

static void note_media(struct sim_call *c, const char *what, const struct sim_keys *keys,
	enum err err, const struct fail *why)
{
	if (err)
		sim_console_error(&c->phone->console, "SCCP", "call %u: %s: %s", c->reference, what,
			why->text[0] ? why->text : err_text(err));
	else
		sim_console_note(&c->phone->console, "SCCP", "call %u: %s, %s", c->reference, what,
			sim_algorithm_name((int)keys->algorithm));
}

void sim_call_on_open_receive(struct sim_call *c, const struct sccp_message *m)
{
	const struct sccp_open_receive_channel *o = &m->open_receive_channel;
	struct sccp_message ack = {.id = SCCP_OPEN_RECEIVE_CHANNEL_ACK};
	struct sim_keys keys = {.algorithm = SRTP_NONE};
	struct fail why = {0};
	enum err err = ERR_OK;

	if (!c->reference || (o->call && o->call != c->reference))
		err = fail_set(&why, ERR_NOTNOW, "no such call");
	if (err == ERR_OK && o->codec != SCCP_CODEC_ULAW_64K)
		err = fail_set(&why, ERR_FORMAT, "codec %u", o->codec);
	if (err == ERR_OK)
		err = take_keys(c, &o->encryption, &keys);
	if (err == ERR_OK)
		err = need_media(c, &why);
	if (err == ERR_OK)
		err = sim_media_receive(c->media, &keys, &why);
	note_media(c, "receiving", &keys, err, &why);
	c->receive_algorithm = err ? -1 : (int)keys.algorithm;
	mem_wipe(&keys, sizeof(keys));
	ack.open_receive_channel_ack.status = media_status(err);
	own_address(c, &ack.open_receive_channel_ack.address, &ack.open_receive_channel_ack.port);
	ack.open_receive_channel_ack.party = o->party;
	ack.open_receive_channel_ack.call = o->call ? o->call : c->reference;
	sim_station_put(c->station, &ack);
	refresh(c);
}

void sim_call_on_start_media(struct sim_call *c, const struct sccp_message *m)
{
	const struct sccp_start_media *s = &m->start_media;
	struct sccp_message ack = {.id = SCCP_START_MEDIA_ACK};
	struct sim_keys keys = {.algorithm = SRTP_NONE};
	struct net_addr remote = {
		.is6 = s->remote.type == FIELD_ADDRESS_IPV6, .port = (uint16_t)s->remote_port};
	struct fail why = {0};
	enum err err = ERR_OK;

	memcpy(remote.bytes, s->remote.bytes, sizeof(remote.bytes));
	if (!c->reference || (s->call && s->call != c->reference))
		err = fail_set(&why, ERR_NOTNOW, "no such call");
	if (err == ERR_OK && s->codec != SCCP_CODEC_ULAW_64K)
		err = fail_set(&why, ERR_FORMAT, "codec %u", s->codec);
	if (err == ERR_OK)
		err = take_keys(c, &s->encryption, &keys);
	if (err == ERR_OK)
		err = need_media(c, &why);
	if (err == ERR_OK)
		err = sim_media_send(c->media, &remote, &keys, &why);
	note_media(c, "sending", &keys, err, &why);
	c->send_algorithm = err ? -1 : (int)keys.algorithm;
	mem_wipe(&keys, sizeof(keys));
	ack.start_media_ack.conference = s->conference;
	ack.start_media_ack.party = s->party;
	ack.start_media_ack.call = s->call ? s->call : c->reference;
	own_address(c, &ack.start_media_ack.address, &ack.start_media_ack.port);
	ack.start_media_ack.status = media_status(err);
	sim_station_put(c->station, &ack);
	refresh(c);
}

void sim_call_on_close_receive(struct sim_call *c, const struct sccp_message *m)
{
	if (c->media && (m->close_receive_channel.call == 0 ||
				m->close_receive_channel.call == c->reference))
		sim_media_stop_receiving(c->media);
}

void sim_call_on_stop_media(struct sim_call *c, const struct sccp_message *m)
{
	if (c->media && (m->stop_media.call == 0 || m->stop_media.call == c->reference))
		sim_media_stop_sending(c->media);
}

void sim_call_ready(struct sim_call *c)
{
	if (c->state == CALL_IDLE)
		want_to_dial(c, DIAL_US);
}

enum err sim_call_new(struct sim_call **out, struct sim_phone *p, struct sim_station *st)
{
	struct sim_call *c = mem_new(sizeof(*c));
	enum err err;

	if (!c)
		return ERR_NOMEM;
	c->phone = p;
	c->station = st;
	err = loop_timer_new(&c->timer, p->loop, on_timer, c);
	if (err) {
		mem_free(c);
		return err;
	}
	forget(c);
	*out = c;
	return ERR_OK;
}

void sim_call_free(struct sim_call *c)
{
	if (!c)
		return;
	if (c->state != CALL_IDLE && c->state != CALL_WANTED) {
		refresh(c);
		sim_evidence_call_ended(&c->phone->evidence);
	}
	sim_media_free(c->media);
	loop_timer_free(c->timer);
	mem_free(c);
}
