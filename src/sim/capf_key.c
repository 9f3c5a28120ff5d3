/* SPDX-License-Identifier: BSD-2-Clause
 * KEY_GEN_RES: the key that the server asks for, when it is ready. */
#include "sim/capf_priv.h"

#define RSA_KEY 0
#define EC_KEY  1

/* Answers KEY_GEN_REQ when the key is there, and no sooner than a slow phone would. */
static void send_key(struct sim_capf *s)
{
	struct capf_message m = {.type = CAPF_KEY_GEN_RES,
		.has = CAPF_HAS(CAPF_E_PUBLIC_KEY),
		.order = {CAPF_E_PUBLIC_KEY}};
	struct buf spki = {0};

	if (!s->key_made || clock_monotonic_us() < s->key_not_before)
		return;
	loop_timer_stop(s->timer);
	if (!s->key || key_public_der(s->key, &spki)) {
		sim_capf_failed(s, ERR_CRYPTO,
			s->key_failure.text[0] ? s->key_failure.text : "the key cannot be made");
		return;
	}
	if (sim_capf_faulty(s, SIM_FAULT_BAD_KEY)) {
		buf_clear(&spki);
		buf_str(&spki, "no key");
	}
	m.public_key = buf_span(&spki);
	s->state = AWAIT_STORE_CERT_REQ;
	if (buf_check(&spki))
		sim_capf_failed(s, ERR_NOMEM, "out of memory");
	else if (sim_capf_send(s, &m))
		sim_capf_progress(s, SIM_LSC_INSTALLING);
	buf_fini(&spki);
}

/* False when the session is over. */
static bool send_in_progress(struct sim_capf *s)
{
	struct capf_message wait = {.type = CAPF_REQ_IN_PROGRESS};

	s->progress_at = INT64_MAX;
	if (sim_capf_faulty(s, SIM_FAULT_NO_PROGRESS))
		return true;
	if (s->spec.progress_us)
		s->progress_at = clock_monotonic_us() + s->spec.progress_us;
	if (!sim_capf_send(s, &wait))
		return false;
	stream_timeout(s->stream, 0); /* it is the phone's turn */
	return true;
}

/* The next tick: to say that we are still at it, or to be ready at last. */
static void wait_on(struct sim_capf *s)
{
	int64_t now = clock_monotonic_us(), at = s->progress_at;

	if (s->key_not_before > now && s->key_not_before < at)
		at = s->key_not_before;
	if (at != INT64_MAX)
		loop_timer_set(s->timer, at > now ? at - now : 1);
}

void sim_capf_on_timer(void *arg)
{
	struct sim_capf *s = arg;
	bool due = clock_monotonic_us() >= s->progress_at;

	sim_capf_enter(s);
	send_key(s);
	if (s->stream && s->state == KEY_GEN_BUSY && (!due || send_in_progress(s)))
		wait_on(s);
	sim_capf_leave(s);
}

static void take_key(struct sim_capf *s, struct key *key, const struct fail *why)
{
	s->key = key;
	s->key_failure = *why;
	s->key_made = true;
	send_key(s);
}

static void generated(void *ctx, struct key *key, const struct fail *why)
{
	struct sim_capf *s = ctx;

	sim_capf_enter(s);
	s->generating = NULL;
	take_key(s, key, why);
	sim_capf_leave(s);
}

struct key_wish {
	enum key_type type;
	unsigned bits;
};

/* False when the server asks for a kind of key that the protocol does not have. */
static bool read_wish(const struct capf_message *m, struct key_wish *w)
{
	static const unsigned sizes[] = {512, 1024, 2048, 3072, 4096}, curves[] = {256, 384, 521};
	bool typed = m->has & CAPF_HAS(CAPF_E_KEY_TYPE);

	if (typed && m->key_type == EC_KEY) {
		*w = (struct key_wish){.type = KEY_EC};
		if ((m->has & CAPF_HAS(CAPF_E_CURVE)) && m->curve < 3)
			w->bits = curves[m->curve];
		return w->bits != 0;
	}
	*w = (struct key_wish){.type = KEY_RSA, .bits = m->key_size};
	if (typed && m->key_type != RSA_KEY)
		return false;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (m->key_size == sizes[i])
			return true;
	}
	return false;
}

static void spoil_wish(const struct sim_capf *s, struct key_wish *w)
{
	if (sim_capf_faulty(s, SIM_FAULT_WRONG_KEY_TYPE))
		*w = w->type == KEY_RSA ? (struct key_wish){KEY_EC, 256}
					: (struct key_wish){KEY_RSA, 2048};
	if (!sim_capf_faulty(s, SIM_FAULT_WRONG_KEY_SIZE))
		return;
	if (w->type == KEY_EC)
		w->bits = w->bits == 256 ? 384 : 256;
	else
		w->bits = w->bits == 1024 ? 2048 : 1024;
}

/* The ready-made key, when it is of the kind that is wanted. */
static struct key *ready_key(const struct sim_capf *s, const struct key_wish *w)
{
	const struct key *k = s->spec.new_key;
	struct buf der = {0};
	struct key *copy = NULL;

	if (k && key_get_type(k) == w->type && key_get_bits(k) == w->bits &&
		key_to_der(k, &der) == ERR_OK && key_from_der(&copy, buf_span(&der), NULL))
		copy = NULL;
	buf_wipe(&der);
	return copy;
}

void sim_capf_on_key_gen_req(struct sim_capf *s, const struct capf_message *m)
{
	struct key_wish w;
	struct key *ready;
	enum err err;

	if (!read_wish(m, &w) || sim_capf_faulty(s, SIM_FAULT_NO_KEY)) {
		(void)fail_set(&s->result.why, ERR_UNSUPPORTED, "%s",
			sim_capf_faulty(s, SIM_FAULT_NO_KEY)
				? "told that it cannot make a key"
				: "the server asks for a key of a kind that phones do not have");
		s->result.did |= SIM_CAPF_KEPT;
		s->state = AWAIT_END_SESSION;
		sim_capf_send_reason(s, CAPF_KEY_GEN_RES, CAPF_REASON_FAILED);
		return;
	}
	sim_capf_progress(s, SIM_LSC_GENERATING);
	spoil_wish(s, &w);
	s->state = KEY_GEN_BUSY;
	s->key_not_before =
		clock_monotonic_us() + (sim_capf_faulty(s, SIM_FAULT_SLOW_KEY)
						       ? s->spec.faults.slow_seconds * 1000000ll
						       : 0);
	stream_timeout(s->stream, 0);
	if (!send_in_progress(s))
		return;
	wait_on(s);
	ready = ready_key(s, &w);
	if (ready) {
		take_key(s, ready, &(struct fail){0});
		return;
	}
	err = sim_keygen_start(
		&s->generating, s->spec.keygens, s->spec.executor, w.type, w.bits, generated, s);
	if (err)
		sim_capf_failed(s, err, "out of memory");
}
