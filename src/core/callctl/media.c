/* SPDX-License-Identifier: BSD-2-Clause
 * Codec, channels and keys of a call's two streams. spec: docs/formats/sccp.md#media, #encryption
 */
#include "core/callctl/call.h"

#include "base/mem.h"

#define COUNT(table)    (sizeof(table) / sizeof((table)[0]))
#define RFC2833_PAYLOAD 101u
#define DTMF_TYPE       10u  /* as CallManager sends it */
#define TOS_EF          184u /* expedited forwarding */
#define FRAMES_MAX      1u

static bool has_codec(const struct callctl_station *s, uint32_t codec)
{
	size_t i;

	for (i = 0; i < s->codecs_count; i++)
		if (s->codecs[i] == codec)
			return true;
	return false;
}

uint32_t media_codec(const struct callctl_station *a, const struct callctl_station *b)
{
	static const uint32_t preferred[] = {SCCP_CODEC_ULAW_64K, SCCP_CODEC_ALAW_64K,
		SCCP_CODEC_G722_64K, SCCP_CODEC_G729A, SCCP_CODEC_G729, SCCP_CODEC_G729AB,
		SCCP_CODEC_G729B};
	size_t i;

	for (i = 0; i < COUNT(preferred); i++)
		if (has_codec(a, preferred[i]) && has_codec(b, preferred[i]))
			return preferred[i];
	return 0;
}

unsigned callctl_security(unsigned mode_a, bool tls_a, unsigned mode_b, bool tls_b)
{
	unsigned a = tls_a ? mode_a : CALLCTL_NON_SECURE;
	unsigned b = tls_b ? mode_b : CALLCTL_NON_SECURE;
	unsigned lowest = a < b ? a : b;

	switch (lowest) {
	case CALLCTL_ENCRYPTED: return SCCP_SECURITY_ENCRYPTED;
	case CALLCTL_AUTHENTICATED: return SCCP_SECURITY_AUTHENTICATED;
	default: return SCCP_SECURITY_NONE;
	}
}

static enum err draw(struct callctl *c, struct media_key *k)
{
	enum err err = c->io.random(c->io.ctx, k->key, sizeof k->key);

	return err ? err : c->io.random(c->io.ctx, k->salt, sizeof k->salt);
}

enum err media_prepare(struct callctl *c, struct call *call)
{
	const struct callctl_station *a = call->caller.station, *b = call->callee.station;
	enum err err = ERR_OK;

	call->codec = media_codec(a, b);
	if (!call->codec)
		return ERR_UNSUPPORTED;
	call->rfc2833_payload = has_codec(a, SCCP_CODEC_RFC2833) && has_codec(b, SCCP_CODEC_RFC2833)
					? RFC2833_PAYLOAD
					: 0;
	call->security = callctl_security(a->mode, a->tls, b->mode, b->tls);
	call->srtp = call->security == SCCP_SECURITY_ENCRYPTED;
	if (call->srtp) {
		err = draw(c, &call->from_caller);
		if (!err)
			err = draw(c, &call->from_callee);
	}
	return err;
}

/* The key of the stream that `l` sends, or receives. */
static void fill_encryption(struct sccp_encryption *e, const struct leg *l, bool sends)
{
	const struct call *call = l->call;
	bool from_caller = (l == &call->caller) == sends;
	const struct media_key *k = from_caller ? &call->from_caller : &call->from_callee;

	memset(e, 0, sizeof *e);
	/* The connection is looked at once more where the key leaves: a key in the clear is none.
	 */
	if (!call->srtp || !l->station->tls)
		return;
	e->algorithm = SCCP_CIPHER_AES_CM_128_HMAC_SHA1_32;
	e->key_length = SCCP_KEY_SIZE;
	e->salt_length = SCCP_SALT_SIZE;
	memcpy(e->key, k->key, sizeof k->key);
	memcpy(e->salt, k->salt, sizeof k->salt);
}

void media_open(struct callctl *c, struct leg *l)
{
	struct sccp_message m = {.id = SCCP_OPEN_RECEIVE_CHANNEL};
	struct sccp_open_receive_channel *o = &m.open_receive_channel;

	l->party = ++c->last_party ? c->last_party : ++c->last_party;
	l->acked = l->sending = false;
	o->conference = l->reference;
	o->party = l->party;
	o->packet_ms = CALLCTL_PACKET_MS;
	o->codec = l->call->codec;
	o->call = l->reference;
	o->rfc2833_payload = l->call->rfc2833_payload;
	o->dtmf_type = DTMF_TYPE;
	fill_encryption(&o->encryption, l, false);
	callctl_send(c, l, &m);
	mem_wipe(&m, sizeof m);
}

void media_start(struct callctl *c, struct leg *l)
{
	const struct leg *peer = leg_peer(l);
	struct sccp_message m = {.id = SCCP_START_MEDIA};
	struct sccp_start_media *s = &m.start_media;

	s->conference = l->reference;
	s->party = l->party;
	s->remote = peer->address;
	s->remote_port = peer->port;
	s->packet_ms = CALLCTL_PACKET_MS;
	s->codec = l->call->codec;
	s->precedence = TOS_EF;
	s->max_frames = FRAMES_MAX;
	s->call = l->reference;
	s->rfc2833_payload = l->call->rfc2833_payload;
	s->dtmf_type = DTMF_TYPE;
	fill_encryption(&s->encryption, l, true);
	callctl_send(c, l, &m);
	mem_wipe(&m, sizeof m);
	l->sending = true;
}

void media_stop(struct callctl *c, struct leg *l)
{
	struct sccp_message m = {.id = SCCP_CLOSE_RECEIVE_CHANNEL,
		.close_receive_channel = {
			.conference = l->reference, .party = l->party, .call = l->reference}};

	if (!l->party)
		return;
	callctl_send(c, l, &m);
	m = (struct sccp_message){.id = SCCP_STOP_MEDIA,
		.stop_media = {
			.conference = l->reference, .party = l->party, .call = l->reference}};
	callctl_send(c, l, &m);
	l->party = 0;
	l->acked = l->sending = false;
}

void media_wipe(struct call *call)
{
	mem_wipe(&call->from_caller, sizeof call->from_caller);
	mem_wipe(&call->from_callee, sizeof call->from_callee);
}

void media_capabilities(struct callctl_station *s, const struct sccp_capability *list, size_t count)
{
	size_t i;

	if (count > CALLCTL_CODECS_MAX)
		count = CALLCTL_CODECS_MAX;
	for (i = 0; i < count; i++)
		s->codecs[i] = list[i].codec;
	s->codecs_count = count;
}
