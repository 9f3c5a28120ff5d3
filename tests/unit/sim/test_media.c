/* SPDX-License-Identifier: BSD-2-Clause
 * Two ends of a call over real sockets; each test ends when enough packets came, whenever that is.
 */
#include "fixture.h"

#include "sim/media.h"
#include "sim/rtp.h"
#include "base/str.h"
#include "net/dgram.h"

#define ENOUGH  30
#define LOOK_US 5000

static const struct sim_keys clear = {.algorithm = SRTP_NONE};

struct ends {
	struct loop *loop;
	struct loop_timer *look;
	struct sim_media *a, *b;
	bool (*over)(const struct ends *e);
};

static void on_look(void *arg)
{
	struct ends *e = arg;

	if (e->over(e))
		loop_stop(e->loop);
	else
		loop_timer_set(e->look, LOOK_US);
}

static bool b_heard_enough(const struct ends *e)
{
	return sim_media_get_counts(e->b).received >= ENOUGH;
}

static struct net_addr local(void)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(&a, "127.0.0.1", 0, NULL), ERR_OK);
	return a;
}

static struct sim_keys keys(enum srtp_algorithm algorithm, uint8_t fill)
{
	struct sim_keys k = {.algorithm = algorithm};

	memset(k.key, fill, sizeof(k.key));
	memset(k.salt, fill + 1, sizeof(k.salt));
	return k;
}

static void open_ends(struct ends *e)
{
	struct net_addr here = local();

	*e = (struct ends){.over = b_heard_enough};
	assert_int_equal(loop_new(&e->loop), ERR_OK);
	assert_int_equal(loop_timer_new(&e->look, e->loop, on_look, e), ERR_OK);
	assert_int_equal(sim_media_new(&e->a, e->loop, &here, NULL), ERR_OK);
	assert_int_equal(sim_media_new(&e->b, e->loop, &here, NULL), ERR_OK);
}

static void close_ends(struct ends *e)
{
	sim_media_free(e->a);
	sim_media_free(e->b);
	loop_timer_free(e->look);
	loop_free(e->loop);
}

/* A sends under `ka`, B listens under `kb`; what B counted. */
static struct sim_media_counts talk(const struct sim_keys *ka, const struct sim_keys *kb)
{
	struct ends e;
	struct sim_media_counts c;
	struct net_addr to = local();

	open_ends(&e);
	to.port = sim_media_get_port(e.b);
	assert_int_equal(sim_media_receive(e.b, kb, NULL), ERR_OK);
	assert_int_equal(sim_media_send(e.a, &to, ka, NULL), ERR_OK);
	loop_timer_set(e.look, LOOK_US);
	loop_run(e.loop);
	c = sim_media_get_counts(e.b);
	assert_true(sim_media_get_counts(e.a).sent >= c.received);
	close_ends(&e);
	return c;
}

static void clear_audio_is_heard(void **state)
{
	struct sim_media_counts c = talk(&clear, &clear);

	assert_int_equal(c.clear, c.received);
	assert_int_equal(c.authenticated, 0);
	assert_true(c.audio_ok);
}

static void protected_audio_is_heard(void **state)
{
	const enum srtp_algorithm both[] = {SRTP_AES128_SHA1_32, SRTP_AES128_SHA1_80};

	for (int i = 0; i < 2; i++) {
		struct sim_keys k = keys(both[i], 7);
		struct sim_media_counts c = talk(&k, &k);

		assert_int_equal(c.authenticated, c.received);
		assert_int_equal(c.clear, 0);
		assert_int_equal(c.rejected, 0);
		assert_true(c.audio_ok);
	}
}

static void other_keys_are_rejected(void **state)
{
	struct sim_keys ka = keys(SRTP_AES128_SHA1_32, 7), kb = keys(SRTP_AES128_SHA1_32, 8);
	struct sim_media_counts c = talk(&ka, &kb);

	assert_int_equal(c.rejected, c.received);
	assert_int_equal(c.authenticated, 0);
	assert_false(c.audio_ok);
}

static void a_sender_without_keys_is_counted_as_clear(void **state)
{
	struct sim_keys kb = keys(SRTP_AES128_SHA1_32, 8);
	struct sim_media_counts c = talk(&clear, &kb);

	assert_int_equal(c.clear, c.received);
	assert_int_equal(c.rejected, 0);
	assert_false(c.audio_ok);
}

static void a_listener_without_keys_hears_noise(void **state)
{
	struct sim_keys ka = keys(SRTP_AES128_SHA1_32, 7);
	struct sim_media_counts c = talk(&ka, &clear);

	assert_int_equal(c.authenticated, 0);
	assert_false(c.audio_ok);
}

/* ---- packets of another program ---- */

/* source: tests/data/crypto/srtp-vectors.txt, whose key and salt are of RFC 3711, B.3 */
#define VECTOR_KEY  "e1f97a0d3e018be0d64fa32c06de4139"
#define VECTOR_SALT "0ec675ad498afeebb6960b3aabe6"

static bool b_got_four(const struct ends *e)
{
	return sim_media_get_counts(e->b).received >= 4;
}

static void ignore(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
}

static void other_programs_srtp_is_authenticated(void **state)
{
	struct buf file = fixture_read("crypto/srtp-vectors.txt"), key = {0}, salt = {0};
	struct sim_keys k = {.algorithm = SRTP_AES128_SHA1_80};
	struct net_addr here = local(), to = local();
	struct dgram *sender = NULL;
	struct sim_media_counts c;
	struct ends e;
	char *line, *rest = NULL;
	int sent = 0;

	open_ends(&e);
	e.over = b_got_four;
	assert_int_equal(str_unhex(&key, VECTOR_KEY), ERR_OK);
	assert_int_equal(str_unhex(&salt, VECTOR_SALT), ERR_OK);
	memcpy(k.key, key.data, sizeof(k.key));
	memcpy(k.salt, salt.data, sizeof(k.salt));
	assert_int_equal(sim_media_receive(e.b, &k, NULL), ERR_OK);
	assert_int_equal(dgram_open(&sender, e.loop, &here, false, ignore, NULL, NULL), ERR_OK);
	to.port = sim_media_get_port(e.b);
	buf_u8(&file, 0);
	for (line = strtok_r((char *)file.data, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		struct buf packet = {0};

		if (strncmp(line, "2 ", 2) != 0)
			continue;
		assert_int_equal(str_unhex(&packet, strrchr(line, ' ') + 1), ERR_OK);
		assert_int_equal(dgram_send(sender, &to, buf_span(&packet)), ERR_OK);
		buf_fini(&packet);
		sent++;
	}
	assert_int_equal(sent, 4);
	loop_timer_set(e.look, LOOK_US);
	loop_run(e.loop);
	c = sim_media_get_counts(e.b);
	assert_int_equal(c.authenticated, 4);
	assert_int_equal(c.rejected, 0);
	dgram_close(sender);
	close_ends(&e);
	buf_fini(&file);
	buf_fini(&key);
	buf_fini(&salt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_audio_is_heard),
		cmocka_unit_test(protected_audio_is_heard),
		cmocka_unit_test(other_keys_are_rejected),
		cmocka_unit_test(a_sender_without_keys_is_counted_as_clear),
		cmocka_unit_test(a_listener_without_keys_hears_noise),
		cmocka_unit_test(other_programs_srtp_is_authenticated),
	};

	return cmocka_run_group_tests_name("sim/media", tests, NULL, NULL);
}
