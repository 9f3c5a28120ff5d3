/* SPDX-License-Identifier: BSD-2-Clause
 * Streams that their owners have finished and whose peers never close. */
#include "rig.h"
#include "net/loop_priv.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEERS (LOOP_ORPHANS_MAX + 40)

static unsigned finished;

static void on_event(void *ctx, struct stream *s, enum stream_event ev)
{
	assert_int_equal(ev, STREAM_READY);
	assert_int_equal(stream_write(s, span_str("no")), ERR_OK);
	stream_finish(s);
	finished++;
}

static void accepted(void *ctx, struct stream *s)
{
	stream_handle(s, on_event, NULL);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* The oldest go first, and have told what they had to tell. */
static void there_are_only_so_many(void **state)
{
	struct net_addr any = rig_loopback(0), addr;
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct listener *listener;
	static int peers[PEERS];
	unsigned before, i;
	char said[8];
	struct rig r;

	rig_init(&r);
	assert_int_equal(
		listener_open(&listener, r.loop, &any, NULL, false, accepted, NULL, NULL), ERR_OK);
	listener_addr(listener, &addr);
	to.sin_port = htons(addr.port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	before = descriptors();
	finished = 0;
	for (i = 0; i < PEERS; i++) {
		peers[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_true(peers[i] >= 0);
		assert_int_equal(connect(peers[i], (struct sockaddr *)&to, sizeof(to)), 0);
		rig_until(&r, &finished, i + 1);
	}
	assert_true(descriptors() <= before + PEERS + LOOP_ORPHANS_MAX);
	for (i = 0; i < PEERS; i++) {
		rig_for(&r, 0);
		assert_int_equal(recv(peers[i], said, sizeof(said), 0), 2);
		close(peers[i]);
	}
	listener_close(listener);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_only_so_many),
	};

	return cmocka_run_group_tests_name("net/orphans", tests, NULL, NULL);
}
