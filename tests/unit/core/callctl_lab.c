/* SPDX-License-Identifier: BSD-2-Clause */
#include "callctl_lab.h"

const char *const devices[STATIONS] = {"SEP00000000000A", "SEP00000000000B", "SEP00000000000C"};

static void log_message(struct lab *lab, unsigned who, const struct sccp_message *m)
{
	const char *name = sccp_message_name(m->id);
	size_t len = strlen(name);
	bool packed = len > 2 && strcmp(name + len - 2, "V2") == 0;

	/* One script serves both forms of a message; that it is the right one is told here. */
	switch (m->id) {
	case SCCP_DISPLAY_PROMPT_STATUS:
	case SCCP_DISPLAY_PRI_NOTIFY:
	case SCCP_CALL_INFO: assert_true(lab->phones[who].version < 17); break;
	default:
		if (packed)
			assert_true(lab->phones[who].version >= 17);
	}
	buf_printf(&lab->log, "%c %.*s", 'A' + (int)who, (int)(packed ? len - 2 : len), name);
}

static void log_text(struct lab *lab, const char *text)
{
	buf_u8(&lab->log, ' ');
	str_printable(&lab->log, span_str(text));
}

static void log_channel(struct lab *lab, struct phone *p, const struct sccp_message *m)
{
	const struct sccp_open_receive_channel *o = &m->open_receive_channel;
	const struct sccp_start_media *s = &m->start_media;

	if (m->id == SCCP_OPEN_RECEIVE_CHANNEL) {
		p->party = o->party;
		p->receive = o->encryption;
		p->opened++;
		buf_printf(&lab->log, " codec %u alg %u", o->codec, o->encryption.algorithm);
		assert_int_equal(o->call, p->reference);
		assert_int_equal(o->packet_ms, 20);
	} else {
		p->send = s->encryption;
		p->remote = s->remote;
		p->remote_port = s->remote_port;
		p->started++;
		assert_int_equal(s->party, p->party);
		assert_int_equal(s->call, p->reference);
		buf_printf(&lab->log, " to %u.%u.%u.%u:%u alg %u", s->remote.bytes[0],
			s->remote.bytes[1], s->remote.bytes[2], s->remote.bytes[3], s->remote_port,
			s->encryption.algorithm);
	}
}

static void on_send(void *ctx, uint64_t id, const struct sccp_message *m)
{
	struct lab *lab = ctx;
	struct phone *p = &lab->phones[id];
	struct buf wire = {0};

	/* Whatever is sent must be possible to encode for that station. */
	assert_int_equal(sccp_encode(&wire, m, p->version), ERR_OK);
	buf_wipe(&wire);
	assert_non_null(p->station);
	log_message(lab, (unsigned)id, m);
	switch (m->id) {
	case SCCP_CALL_STATE:
		p->state = m->call_state.state;
		p->reference = p->state == SCCP_STATE_ON_HOOK ? 0 : m->call_state.call;
		buf_printf(&lab->log, " %u", m->call_state.state);
		break;
	case SCCP_START_TONE: buf_printf(&lab->log, " 0x%02X", m->start_tone.tone); break;
	case SCCP_SELECT_SOFT_KEYS: buf_printf(&lab->log, " %u", m->select_soft_keys.set); break;
	case SCCP_SET_RINGER: buf_printf(&lab->log, " %u", m->set_ringer.mode); break;
	case SCCP_SET_LAMP: buf_printf(&lab->log, " %u", m->set_lamp.mode); break;
	case SCCP_SET_SPEAKER_MODE: buf_printf(&lab->log, " %u", m->set_speaker_mode.mode); break;
	case SCCP_DIALED_NUMBER: log_text(lab, m->dialed_number.number); break;
	case SCCP_DISPLAY_PROMPT_STATUS: log_text(lab, m->display_prompt_status.text); break;
	case SCCP_DISPLAY_PROMPT_STATUS_V2: log_text(lab, m->display_prompt_status_v2.text); break;
	case SCCP_DISPLAY_PRI_NOTIFY: log_text(lab, m->display_pri_notify.text); break;
	case SCCP_DISPLAY_PRI_NOTIFY_V2: log_text(lab, m->display_pri_notify_v2.text); break;
	case SCCP_CALL_INFO:
		p->security = m->call_info.security;
		buf_printf(&lab->log, " %s>%s type %u security %u", m->call_info.calling_number,
			m->call_info.called_number, m->call_info.type, p->security);
		break;
	case SCCP_CALL_INFO_V2:
		p->security = m->call_info_v2.security;
		buf_printf(&lab->log, " %s>%s type %u security %u", m->call_info_v2.calling_number,
			m->call_info_v2.called_number, m->call_info_v2.type, p->security);
		break;
	case SCCP_OPEN_RECEIVE_CHANNEL:
	case SCCP_START_MEDIA: log_channel(lab, p, m); break;
	case SCCP_CLOSE_RECEIVE_CHANNEL:
		assert_int_equal(m->close_receive_channel.party, p->party);
		p->closed++;
		break;
	case SCCP_STOP_MEDIA:
		assert_int_equal(m->stop_media.party, p->party);
		p->stopped++;
		break;
	default: break;
	}
	buf_u8(&lab->log, '\n');
}

static void on_trace(void *ctx, uint64_t id, uint32_t call, const char *text)
{
	struct lab *lab = ctx;

	assert_int_not_equal(call, 0);
	buf_printf(&lab->traces, "%c %s\n", 'A' + (int)id, text);
}

static enum err on_random(void *ctx, void *out, size_t len)
{
	struct lab *lab = ctx;

	memset(out, ++lab->drawn, len);
	return lab->random_err;
}

void lab_init(struct lab *lab)
{
	struct callctl_io io = {
		.ctx = lab, .send = on_send, .trace = on_trace, .random = on_random};

	memset(lab, 0, sizeof *lab);
	lab->now = 1000;
	assert_int_equal(callctl_new(&lab->c, &io, STATIONS), ERR_OK);
}

void lab_fini(struct lab *lab)
{
	callctl_free(lab->c);
	buf_fini(&lab->log);
	buf_fini(&lab->traces);
}

void tell(struct lab *lab, unsigned who, const struct sccp_message *m)
{
	callctl_message(lab->c, lab->phones[who].station, m, lab->now);
}

void announce(struct lab *lab, unsigned who, uint32_t codec_a, uint32_t codec_b)
{
	struct sccp_message m = {.id = SCCP_CAPABILITIES_RES,
		.capabilities_res = {
			.count = 2, .capabilities = {{.codec = codec_a}, {.codec = codec_b}}}};

	tell(lab, who, &m);
}

void add_station(struct lab *lab, unsigned who, unsigned version, unsigned mode, bool tls)
{
	struct callctl_line lines[2] = {{.name = "Anna"}};
	struct callctl_station_config config = {.id = who,
		.device = devices[who],
		.version = version,
		.mode = mode,
		.tls = tls,
		.lines = lines,
		.lines_count = 2};
	struct fail why = {0};

	lines[0].number[0] = '1';
	memcpy(lines[0].number, "1001", 5);
	lines[0].number[3] = (char)('1' + who);
	memcpy(lines[1].number, "2001", 5);
	lines[1].number[3] = (char)('1' + who);
	lab->phones[who] = (struct phone){.version = version};
	assert_int_equal(
		callctl_station_add(&lab->phones[who].station, lab->c, &config, &why), ERR_OK);
	announce(lab, who, SCCP_CODEC_ALAW_64K, SCCP_CODEC_ULAW_64K);
}

void remove_station(struct lab *lab, unsigned who)
{
	struct callctl_station *s = lab->phones[who].station;

	lab->phones[who].station = NULL;
	callctl_station_remove(lab->c, s, lab->now);
}

void expect(struct lab *lab, const char *want)
{
	buf_u8(&lab->log, 0);
	assert_int_equal(buf_check(&lab->log), ERR_OK);
	assert_string_equal((char *)lab->log.data, want);
	buf_clear(&lab->log);
}

void off_hook(struct lab *lab, unsigned who)
{
	struct sccp_message m = {.id = SCCP_OFF_HOOK};

	tell(lab, who, &m);
}

void on_hook(struct lab *lab, unsigned who)
{
	struct sccp_message m = {.id = SCCP_ON_HOOK};

	tell(lab, who, &m);
}

void press(struct lab *lab, unsigned who, const char *digits)
{
	struct sccp_message m = {.id = SCCP_KEYPAD_BUTTON};

	for (; *digits; digits++) {
		m.keypad_button.button =
			*digits == '#' ? SCCP_KEYPAD_POUND : (uint32_t)(*digits - '0');
		tell(lab, who, &m);
	}
}

void soft_key(struct lab *lab, unsigned who, uint32_t event)
{
	struct sccp_message m = {.id = SCCP_SOFT_KEY_EVENT,
		.soft_key_event = {.event = event, .line = 1, .call = lab->phones[who].reference}};

	tell(lab, who, &m);
}

void enbloc(struct lab *lab, unsigned who, const char *number)
{
	struct sccp_message m = {.id = SCCP_ENBLOC_CALL};

	assert_true(str_copy(m.enbloc_call.number, sizeof m.enbloc_call.number, number));
	tell(lab, who, &m);
}

void ack(struct lab *lab, unsigned who, uint32_t status)
{
	struct sccp_message m = {.id = SCCP_OPEN_RECEIVE_CHANNEL_ACK,
		.open_receive_channel_ack = {.status = status,
			.address = {.bytes = {192, 0, 2, (uint8_t)(10 + who)}},
			.port = 20000 + who,
			.party = lab->phones[who].party,
			.call = lab->phones[who].reference}};

	tell(lab, who, &m);
}

void connect_a_and_b(struct lab *lab)
{
	enbloc(lab, A, "1002");
	soft_key(lab, B, SCCP_KEY_ANSWER);
	ack(lab, B, 0);
	ack(lab, A, 0);
	assert_int_equal(callctl_calls_count(lab->c), 1);
	assert_int_equal(lab->phones[A].started, 1);
	assert_int_equal(lab->phones[B].started, 1);
}
