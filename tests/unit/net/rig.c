/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/ossl.h"

#include <openssl/pem.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#define WATCHDOG_US (60 * 1000000ll)
#define TICK_US     1000

extern char **environ;
char rig_folder[64];

static void on_tick(void *arg)
{
	struct rig *r = arg;
	bool late = clock_monotonic_us() > r->give_up;

	if (late || (r->count && *r->count >= r->wanted))
		loop_stop(r->loop);
	else
		loop_timer_set(r->tick, TICK_US);
}

void rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	assert_int_equal(loop_new(&r->loop), ERR_OK);
	assert_int_equal(loop_timer_new(&r->tick, r->loop, on_tick, r), ERR_OK);
}

void rig_fini(struct rig *r)
{
	loop_timer_free(r->tick);
	loop_free(r->loop);
}

void rig_until(struct rig *r, const unsigned *count, unsigned wanted)
{
	r->count = count;
	r->wanted = wanted;
	r->give_up = clock_monotonic_us() + WATCHDOG_US;
	loop_timer_set(r->tick, 0);
	loop_run(r->loop);
	assert_true(*count >= wanted);
}

void rig_for(struct rig *r, int64_t us)
{
	r->count = NULL;
	r->give_up = clock_monotonic_us() + us;
	loop_timer_set(r->tick, 0);
	loop_run(r->loop);
}

struct net_addr rig_loopback(uint16_t port)
{
	struct net_addr a;

	assert_int_equal(net_addr_parse(&a, "127.0.0.1", port, NULL), ERR_OK);
	return a;
}

void seen_init(struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	buf_init(&seen->in);
}

void seen_fini(struct seen *seen)
{
	if (seen->s)
		stream_close(seen->s);
	seen->s = NULL;
	buf_fini(&seen->in);
}

static void take_input(struct seen *seen)
{
	struct span in = stream_input(seen->s);

	buf_put(&seen->in, in);
	stream_consume(seen->s, in.len);
}

void seen_event(void *ctx, struct stream *s, enum stream_event ev)
{
	struct seen *seen = ctx;
	unsigned *counts[] = {&seen->ready, &seen->data, &seen->drained, &seen->closed,
		&seen->timeout, &seen->error};

	assert_ptr_equal(s, seen->s);
	++*counts[ev];
	take_input(seen);
	if (ev == STREAM_READY) {
		snprintf(seen->cipher, sizeof(seen->cipher), "%s", stream_cipher(s));
		snprintf(seen->version, sizeof(seen->version), "%s", stream_version(s));
		seen->cert_len = stream_peer_cert(s).len;
	}
	if (ev == STREAM_ERROR) {
		seen->code = stream_failure(s)->code;
		snprintf(seen->text, sizeof(seen->text), "%s", stream_failure(s)->text);
	}
	if (seen->then)
		seen->then(seen, ev);
	if (ev == STREAM_CLOSED || ev == STREAM_TIMEOUT || ev == STREAM_ERROR) {
		seen->over++;
		if (seen->s)
			stream_close(seen->s);
		seen->s = NULL;
	}
}

static void on_accepted(void *ctx, struct stream *s)
{
	struct host *h = ctx;
	struct seen *seen;

	assert_true(h->accepted < sizeof(h->seen) / sizeof(h->seen[0]));
	seen = &h->seen[h->accepted++];
	seen->s = s;
	stream_handle(s, seen_event, seen);
	if (h->prepare)
		h->prepare(h, seen);
}

void host_init(struct host *h, struct rig *r, struct tls *tls)
{
	struct net_addr any = rig_loopback(0);
	struct fail why = {.code = ERR_OK};
	size_t i;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < sizeof(h->seen) / sizeof(h->seen[0]); i++)
		seen_init(&h->seen[i]);
	if (listener_open(&h->listener, r->loop, &any, tls, false, on_accepted, h, &why))
		fail_msg("%s", why.text);
	listener_addr(h->listener, &h->addr);
}

void host_fini(struct host *h)
{
	size_t i;

	listener_close(h->listener);
	for (i = 0; i < sizeof(h->seen) / sizeof(h->seen[0]); i++)
		seen_fini(&h->seen[i]);
}

struct line {
	struct child *child;
	char *text; /* NULL: the child is gone */
};

static void on_line(void *arg)
{
	struct line *line = arg;
	struct child *c = line->child;
	unsigned a[4];

	if (!line->text) {
		c->done++;
	} else {
		c->lines++;
		buf_str(&c->text, line->text);
		buf_u8(&c->text, '\0');
		c->text.len--;
		if (sscanf(line->text, "PORT %u", &c->port) == 1 ||
			sscanf(line->text, "ACCEPT %u.%u.%u.%u:%u", &a[0], &a[1], &a[2], &a[3],
				&c->port) == 5)
			c->has_port++;
	}
	mem_free(line->text);
	mem_free(line);
}

static void post_line(struct child *c, const char *text)
{
	struct line *line = mem_new(sizeof(*line));

	line->child = c;
	line->text = text ? mem_strdup(text) : NULL;
	if (loop_post(c->loop, on_line, line))
		abort();
}

static void *read_child(void *arg)
{
	struct child *c = arg;
	FILE *f = fdopen(c->out, "r");
	char *text = NULL;
	size_t size = 0;
	int status;

	while (getline(&text, &size, f) >= 0)
		post_line(c, text);
	free(text);
	fclose(f);
	waitpid(c->pid, &status, 0);
	post_line(c, NULL);
	return NULL;
}

void child_start(struct child *c, struct rig *r, const char *fmt, ...)
{
	posix_spawn_file_actions_t act;
	int in[2], out[2];
	char cmd[1024];
	char *argv[] = {(char *)"sh", (char *)"-c", cmd, NULL};
	va_list args;

	memset(c, 0, sizeof(*c));
	strcpy(cmd, "exec 2>&1; exec ");
	va_start(args, fmt);
	vsnprintf(cmd + strlen(cmd), sizeof(cmd) - strlen(cmd), fmt, args);
	va_end(args);
	c->loop = r->loop;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_adddup2(&act, in[0], 0);
	posix_spawn_file_actions_adddup2(&act, out[1], 1);
	assert_int_equal(posix_spawn(&c->pid, "/bin/sh", &act, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&act);
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	assert_int_equal(pthread_create(&c->thread, NULL, read_child, c), 0);
}

void child_say(struct child *c, const char *line)
{
	assert_int_equal(write(c->in, line, strlen(line)), strlen(line));
}

void child_wait(struct child *c, struct rig *r)
{
	if (c->in >= 0)
		close(c->in);
	c->in = -1;
	rig_until(r, &c->done, 1);
}

bool child_said(const struct child *c, const char *what)
{
	bool said = c->text.len && strstr((const char *)c->text.data, what);

	if (!said)
		print_error("child did not say '%s' but:\n%s\n", what,
			c->text.len ? (const char *)c->text.data : "");
	return said;
}

void child_fini(struct child *c)
{
	if (c->in >= 0)
		close(c->in);
	pthread_join(c->thread, NULL);
	buf_fini(&c->text);
}

const char *rig_peer(void)
{
	static char cmd[512];
	const char *tests = getenv("CADEADO_TESTS");

	snprintf(cmd, sizeof(cmd), "/usr/bin/python3 '%s/unit/net/peer.py'",
		tests ? tests : "tests");
	return cmd;
}

static int make_cert(const char *name, const char *how)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd),
		"openssl req -x509 -nodes -days 30 -subj /O=Test/CN=%s %s -keyout %s/%s.key "
		"-out %s/%s.pem 2>/dev/null",
		name, how, rig_folder, name, rig_folder, name);
	return system(cmd);
}

int rig_certs_setup(void **state)
{
	snprintf(rig_folder, sizeof(rig_folder), "/tmp/net-test-XXXXXX");
	if (!mkdtemp(rig_folder))
		return -1;
	return make_cert("server", "-newkey rsa:2048 -sha256") ||
	       make_cert("phone", "-newkey rsa:2048 -sha256") ||
	       make_cert("small", "-newkey rsa:1024 -sha1");
}

int rig_certs_teardown(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -r %s", rig_folder);
	return system(cmd);
}

void rig_cert_load(struct rig_cert *c, const char *name)
{
	char path[128];
	X509 *cert;
	FILE *f;

	memset(c, 0, sizeof(*c));
	snprintf(path, sizeof(path), "%s/%s.pem", rig_folder, name);
	f = fopen(path, "r");
	assert_non_null(f);
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(cert);
	c->len = i2d_X509(cert, &c->der);
	X509_free(cert);
	snprintf(path, sizeof(path), "%s/%s.key", rig_folder, name);
	f = fopen(path, "r");
	assert_non_null(f);
	c->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(c->key);
}

void rig_cert_free(struct rig_cert *c)
{
	OPENSSL_free(c->der);
	EVP_PKEY_free(c->key);
}

struct span rig_cert_der(const struct rig_cert *c)
{
	return span_of(c->der, (size_t)c->len);
}
