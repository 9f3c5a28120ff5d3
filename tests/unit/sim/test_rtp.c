/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "sim/rtp.h"
#include "base/str.h"

/* source: struct.pack('>BBHII', 0x80, 0x80, 0x1234, 160, 0xDECAFBAD) + b'\xff\x7f', decoded by
 * tshark as RTP, payload type ITU-T G.711 PCMU, marker, sequence 4660, timestamp 160 */
#define PLAIN "80801234000000a0decafbadff7f"
/* source: the same with one CSRC, an extension of one word, and three bytes of padding:
 * struct.pack('>BBHIIIHHI', 0xB1, 0, 1, 2, 3, 4, 0xBEDE, 1, 5) + b'\xaa\xbb' + b'\0\0\3' */
#define FULL                                                                                       \
	"b10000010000000200000003"                                                                 \
	"00000004"                                                                                 \
	"bede000100000005"                                                                         \
	"aabb"                                                                                     \
	"000003"

static struct buf bytes(const char *hex)
{
	struct buf b = {0};

	assert_int_equal(str_unhex(&b, hex), ERR_OK);
	return b;
}

static void packets_are_read_and_written(void **state)
{
	struct buf in = bytes(PLAIN), out = {0};
	struct rtp_packet p;

	assert_int_equal(rtp_decode(&p, buf_span(&in), NULL), ERR_OK);
	assert_true(p.marker);
	assert_int_equal(p.type, RTP_PT_PCMU);
	assert_int_equal(p.sequence, 0x1234);
	assert_int_equal(p.timestamp, 160);
	assert_int_equal(p.ssrc, 0xdecafbad);
	assert_int_equal(p.payload.len, 2);
	rtp_encode(&out, &p);
	assert_true(span_eq(buf_span(&in), buf_span(&out)));
	buf_fini(&in);
	buf_fini(&out);
}

static void optional_parts_are_left_out(void **state)
{
	struct buf in = bytes(FULL);
	struct rtp_packet p;

	assert_int_equal(rtp_decode(&p, buf_span(&in), NULL), ERR_OK);
	assert_int_equal(p.payload.len, 2);
	assert_int_equal(p.payload.ptr[0], 0xaa);
	buf_fini(&in);
}

static void damaged_packets_are_refused(void **state)
{
	struct buf in = bytes(FULL);
	struct rtp_packet p;

	for (size_t len = 0; len < 24; len++)
		assert_int_equal(rtp_decode(&p, span_of(in.data, len), NULL), ERR_SHORT);
	in.data[in.len - 1] = 6; /* more padding than there are bytes */
	assert_int_equal(rtp_decode(&p, buf_span(&in), NULL), ERR_FORMAT);
	in.data[0] = 0x71; /* version 1 */
	assert_int_equal(rtp_decode(&p, buf_span(&in), NULL), ERR_FORMAT);
	buf_fini(&in);
}

/* source: audioop.lin2ulaw of Python 3.11, and audioop.ulaw2lin back */
static const struct {
	int16_t linear;
	uint8_t code;
	int16_t back;
} law[] = {
	{0, 0xff, 0},
	{4, 0xfe, 8},
	{8, 0xfe, 8},
	{-8, 0x7e, -8},
	{100, 0xf2, 104},
	{-100, 0x72, -104},
	{1000, 0xce, 988},
	{5679, 0xa9, 5628},
	{-8031, 0x20, -7932},
	{8031, 0xa0, 7932},
	{32635, 0x80, 32124},
	{32767, 0x80, 32124},
	{-32768, 0x00, -32124},
};

static void mu_law_agrees_with_another_program(void **state)
{
	for (size_t i = 0; i < sizeof(law) / sizeof(law[0]); i++) {
		assert_int_equal(ulaw_encode(law[i].linear), law[i].code);
		assert_int_equal(ulaw_decode(law[i].code), law[i].back);
	}
}

static void only_the_tone_is_heard(void **state)
{
	uint8_t frame[RTP_FRAME];

	for (uint32_t at = 0; at < 8; at++) {
		tone_frame(at, frame);
		assert_true(tone_heard(span_of(frame, sizeof(frame))));
	}
	memset(frame, 0xff, sizeof(frame)); /* silence */
	assert_false(tone_heard(span_of(frame, sizeof(frame))));
	for (size_t i = 0; i < sizeof(frame); i++) /* noise: what a wrong key leaves of the tone */
		frame[i] = (uint8_t)(i * 167 + (i * i) % 251);
	assert_false(tone_heard(span_of(frame, sizeof(frame))));
	for (size_t i = 0; i < sizeof(frame); i++) /* 2 kHz */
		frame[i] = ulaw_encode((int16_t)(i % 4 == 1 ? 8000 : i % 4 == 3 ? -8000 : 0));
	assert_false(tone_heard(span_of(frame, sizeof(frame))));
	assert_false(tone_heard(span_of(frame, 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_read_and_written),
		cmocka_unit_test(optional_parts_are_left_out),
		cmocka_unit_test(damaged_packets_are_refused),
		cmocka_unit_test(mu_law_agrees_with_another_program),
		cmocka_unit_test(only_the_tone_is_heard),
	};

	return cmocka_run_group_tests_name("sim/rtp", tests, NULL, NULL);
}
