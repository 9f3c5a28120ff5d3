/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/capture.h"

#include "base/file.h"
#include "base/mem.h"
#include "wire/capture/capture.h"

#include <stdio.h>

struct sim_capture {
	char *path;
	const struct clock *clock;
	struct stream *stream;
	struct capture_writer *writer;
	struct capture_tcp tcp;
	bool begun;
};

static struct capture_end end_of(const struct net_addr *a)
{
	struct capture_end e = {.is6 = a->is6, .port = a->port};

	memcpy(e.addr, a->bytes, sizeof(e.addr));
	return e;
}

static void say(const struct fail *why)
{
	(void)fprintf(stderr, "cadeado-phone: the capture cannot be written: %s\n", why->text);
}

static void begin(struct sim_capture *c)
{
	struct fail why = {0};
	struct net_addr local;
	struct capture_end client, server;

	c->begun = true;
	if (capture_writer_new(&c->writer, c->path, &why)) {
		say(&why);
		return;
	}
	stream_local(c->stream, &local);
	client = end_of(&local);
	server = end_of(stream_peer(c->stream));
	capture_tcp_open(c->writer, &c->tcp, clock_us(c->clock), &client, &server);
}

static void on_bytes(void *ctx, bool sent, struct span bytes)
{
	struct sim_capture *c = ctx;

	if (!c->begun)
		begin(c);
	capture_tcp_data(c->writer, &c->tcp, clock_us(c->clock), sent, bytes);
}

struct sim_capture *sim_capture_open(
	const char *dir, const char *name, const struct clock *clock, struct stream *s)
{
	struct sim_capture *c = mem_new(sizeof(*c));

	if (!c)
		return NULL;
	c->path = file_join(dir, name);
	if (!c->path) {
		mem_free(c);
		return NULL;
	}
	c->clock = clock;
	c->stream = s;
	stream_tap(s, on_bytes, c);
	return c;
}

void sim_capture_close(struct sim_capture *c)
{
	struct fail why = {0};

	if (!c)
		return;
	if (c->writer) {
		capture_tcp_close(c->writer, &c->tcp, clock_us(c->clock));
		if (capture_writer_close(c->writer, &why))
			say(&why);
	}
	mem_free(c->path);
	mem_free(c);
}
