/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* UNIX sockets; the peer is Python. */

static char folder[64], path[96];

static int setup(void **state)
{
	strcpy(folder, "/tmp/net-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(folder);
}

struct desk {
	struct seen seen[2];
	unsigned accepted, uid;
	bool known;
};

static void answer(struct seen *seen, enum stream_event ev)
{
	if (ev != STREAM_DATA)
		return;
	assert_int_equal(stream_write(seen->s, buf_span(&seen->in)), ERR_OK);
	stream_finish(seen->s);
	seen->s = NULL;
}

static void on_accepted(void *ctx, struct stream *s)
{
	struct desk *d = ctx;
	struct seen *seen = &d->seen[d->accepted++ % 2];

	seen_init(seen);
	seen->s = s;
	seen->then = answer;
	d->known = stream_peer_uid(s, &d->uid);
	stream_handle(s, seen_event, seen);
}

static void a_peer_and_its_user(void **state)
{
	struct desk d = {.known = false};
	struct listener *ls, *other;
	struct fail why = {.code = ERR_OK};
	struct child c;
	struct stat st;
	struct rig r;

	rig_init(&r);
	if (listener_open_unix(&ls, r.loop, path, on_accepted, &d, &why))
		fail_msg("%s", why.text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(
		listener_open_unix(&other, r.loop, path, on_accepted, &d, &why), ERR_INUSE);
	assert_non_null(strstr(why.text, path));
	/* The attempt has knocked: its connection is accepted, and closed, first. */
	child_start(&c, &r,
		"/usr/bin/python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
		"s.connect(\"%s\"); s.send(b\"hello\"); print(s.recv(9), s.recv(9))'",
		path);
	child_wait(&c, &r);
	assert_true(child_said(&c, "b'hello' b''"));
	assert_true(d.known);
	assert_int_equal(d.uid, getuid());
	child_fini(&c);
	seen_fini(&d.seen[0]);
	seen_fini(&d.seen[1]);
	listener_close(ls);
	rig_fini(&r);
}

/* A file that a killed program left is replaced; connecting to it finds nobody. */
static void a_file_left_behind(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct desk d = {.known = false};
	struct seen client;
	struct listener *ls;
	struct stream *s;
	struct rig r;
	int fd;

	rig_init(&r);
	unlink(path);
	assert_int_equal(
		stream_connect_unix(&s, r.loop, path, seen_event, NULL, NULL), ERR_NOTFOUND);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	assert_int_equal(
		stream_connect_unix(&s, r.loop, path, seen_event, NULL, NULL), ERR_NOTFOUND);
	assert_int_equal(listener_open_unix(&ls, r.loop, path, on_accepted, &d, NULL), ERR_OK);
	seen_init(&client);
	assert_int_equal(
		stream_connect_unix(&client.s, r.loop, path, seen_event, &client, NULL), ERR_OK);
	rig_until(&r, &client.ready, 1);
	assert_int_equal(stream_write(client.s, span_str("again")), ERR_OK);
	rig_until(&r, &client.closed, 1);
	assert_true(span_eq(buf_span(&client.in), span_str("again")));
	seen_fini(&client);
	seen_fini(&d.seen[0]);
	seen_fini(&d.seen[1]);
	listener_close(ls);
	rig_fini(&r);
}

static void paths_have_a_limit(void **state)
{
	char far[200];
	struct fail why = {.code = ERR_OK};
	struct listener *ls;
	struct stream *s;
	struct rig r;

	rig_init(&r);
	memset(far, 'x', sizeof(far) - 1);
	far[0] = '/';
	far[sizeof(far) - 1] = '\0';
	assert_int_equal(listener_open_unix(&ls, r.loop, far, on_accepted, NULL, &why), ERR_LIMIT);
	assert_non_null(strstr(why.text, "at most 107 characters"));
	assert_int_equal(stream_connect_unix(&s, r.loop, far, seen_event, NULL, NULL), ERR_LIMIT);
	rig_fini(&r);
}

/* Of a TCP peer the kernel knows no user. */
static void tcp_has_no_user(void **state)
{
	struct seen client;
	struct host h;
	unsigned uid;
	struct rig r;

	rig_init(&r);
	host_init(&h, &r, NULL);
	seen_init(&client);
	assert_int_equal(
		stream_connect(&client.s, r.loop, &h.addr, NULL, seen_event, &client, NULL),
		ERR_OK);
	rig_until(&r, &h.seen[0].ready, 1);
	assert_false(stream_peer_uid(h.seen[0].s, &uid));
	seen_fini(&client);
	host_fini(&h);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_and_its_user),
		cmocka_unit_test(a_file_left_behind),
		cmocka_unit_test(paths_have_a_limit),
		cmocka_unit_test(tcp_has_no_user),
	};

	return cmocka_run_group_tests_name("net/local", tests, setup, teardown);
}
