/* SPDX-License-Identifier: BSD-2-Clause
 * The job that makes a file, completed with, without and after its transfer; and the numbers that
 * bound what waits. */
#include "rig.h"

#include "base/mem.h"
#include "net/dgram.h"
#include "service/contents.h"
#include "service/tftp/tftp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES(text) span_of(text, sizeof(text) - 1)

struct client {
	struct dgram *socket;
	struct net_addr server, from;
	uint8_t packet[2048];
	size_t len;
};

static void on_packet(void *ctx, struct dgram *d, const struct net_addr *from, struct span packet)
{
	struct client *c = ctx;

	assert_true(packet.len <= sizeof(c->packet));
	memcpy(c->packet, packet.ptr, packet.len);
	c->len = packet.len;
	c->from = *from;
}

static void client_open(struct client *c, struct rig *r)
{
	struct net_addr here;

	memset(c, 0, sizeof(*c));
	assert_int_equal(net_addr_parse(&here, "127.0.0.1", 0, NULL), ERR_OK);
	assert_int_equal(net_addr_parse(&c->server, "127.0.0.1",
				 settings_port(&r->settings, r->settings.tftp_port), NULL),
		ERR_OK);
	assert_int_equal(dgram_open(&c->socket, r->loop, &here, false, on_packet, c, NULL), ERR_OK);
}

static void ask(struct client *c, struct rig *r)
{
	c->len = 0;
	assert_int_equal(dgram_send(c->socket, &c->server, BYTES("\0\1file\0octet\0")), ERR_OK);
	rig_until_job(r);
}

static bool has_packet(void *ctx)
{
	return ((struct client *)ctx)->len;
}

static void expect(struct client *c, struct rig *r, struct span want)
{
	rig_until(r, has_packet, c);
	assert_int_equal(c->len, want.len);
	assert_memory_equal(c->packet, want.ptr, want.len);
	c->len = 0;
}

static void put_file(struct rig *r, const char *content)
{
	char *path = cluster_path(r->cluster, "tftp", "file");
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
	mem_free(path);
}

static int setup(void **state)
{
	static struct rig r;

	rig_init(&r, "Non Secure");
	rig_start(&r, &service_tftp);
	put_file(&r, "hello");
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	return 0;
}

static void test_with_its_transfer(void **state)
{
	struct rig *r = *state;
	struct client c;

	client_open(&c, r);
	ask(&c, r);
	rig_settle(r);
	assert_int_equal(c.len, 0);
	rig_done(r);
	expect(&c, r, BYTES("\0\3\0\1hello"));
	assert_int_equal(dgram_send(c.socket, &c.from, BYTES("\0\4\0\1")), ERR_OK);
	rig_settle(r);
	dgram_close(c.socket);
}

/* While the file is made, the same request again, and packets for the transfer, change nothing. */
static void test_repeated_request(void **state)
{
	struct rig *r = *state;
	struct client c;

	client_open(&c, r);
	ask(&c, r);
	assert_int_equal(dgram_send(c.socket, &c.server, BYTES("\0\1file\0octet\0")), ERR_OK);
	rig_settle(r); /* a second job would fail the rig */
	rig_done(r);
	expect(&c, r, BYTES("\0\3\0\1hello"));
	assert_int_equal(dgram_send(c.socket, &c.server, BYTES("\0\1file\0octet\0")), ERR_OK);
	rig_settle(r);
	assert_int_equal(c.len, 0);
	dgram_close(c.socket);
}

static void test_service_stops_before_the_job(void **state)
{
	struct rig *r = *state;
	struct client c;

	client_open(&c, r);
	ask(&c, r);
	rig_stop(r);
	rig_done(r);
	rig_settle(r);
	assert_int_equal(c.len, 0);
	dgram_close(c.socket);
}

static void test_file_vanishes(void **state)
{
	struct rig *r = *state;
	struct client c;
	char *path = cluster_path(r->cluster, "tftp", "file");

	client_open(&c, r);
	ask(&c, r);
	assert_int_equal(remove(path), 0);
	rig_done(r);
	expect(&c, r, BYTES("\0\5\0\1File not found\0"));
	mem_free(path);
	dgram_close(c.socket);
}

static void test_job_is_never_answered(void **state)
{
	struct rig *r = *state;
	struct client c;

	client_open(&c, r);
	ask(&c, r);
	rig_stop_without_executor(r);
	dgram_close(c.socket);
}

static void test_stopped_and_never_answered(void **state)
{
	struct rig *r = *state;
	struct client c;

	client_open(&c, r);
	ask(&c, r);
	rig_stop(r);
	rig_drop_job(r);
	dgram_close(c.socket);
}

/* Keeps all jobs, for tests in which more than one waits. */
struct heap {
	struct executor executor;
	struct executor *before;
	unsigned count;
	void (*done[TFTP_TRANSFERS_MAX])(void *job);
	void *jobs[TFTP_TRANSFERS_MAX];
};

static enum err heap_up(
	struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct heap *h = (struct heap *)x;

	assert_true(h->count < TFTP_TRANSFERS_MAX);
	h->done[h->count] = done;
	h->jobs[h->count++] = job;
	/* Nothing but the job's own answer uses what the work makes: a file that is not there. */
	work(job);
	return ERR_OK;
}

static void ask_from(struct rig *r, unsigned i, const char *name)
{
	struct net_addr here;
	struct client c;
	char text[32], request[64] = "\0\1";
	size_t len = 2 + (size_t)sprintf(request + 2, "%s", name) + 1;

	memcpy(request + len, "octet", 6);
	client_open(&c, r);
	dgram_close(c.socket);
	snprintf(text, sizeof(text), "127.0.%u.%u", 1 + i / 250, 1 + i % 250);
	assert_int_equal(net_addr_parse(&here, text, 0, NULL), ERR_OK);
	assert_int_equal(dgram_open(&c.socket, r->loop, &here, false, on_packet, &c, NULL), ERR_OK);
	assert_int_equal(dgram_send(c.socket, &c.server, span_of(request, len + 6)), ERR_OK);
	dgram_close(c.socket);
}

/* However many addresses are forged, the executor gets few jobs at a time, and no more wait than
 * there are places. */
static void test_jobs_do_not_heap_up(void **state)
{
	const unsigned most = CONTENTS_PRESSED + CONTENTS_LATER_JOBS + CONTENTS_LATER_MAX;
	static struct heap h;
	struct rig *r = *state;
	char name[32];
	unsigned i;

	h = (struct heap){.executor.run = heap_up, .before = r->env.blocking};
	r->env.blocking = &h.executor;
	for (i = 0; i < most + 1000; i++) {
		snprintf(name, sizeof(name), "none%u", i);
		ask_from(r, i, name);
		/* The kernel loses what comes faster than it is read. */
		if (i % 128 == 127)
			rig_settle(r);
	}
	rig_settle(r);
	/* One of them reads which phones there are. */
	assert_int_equal(h.count, CONTENTS_PRESSED + CONTENTS_LATER_JOBS + 1);
	for (i = 0; i < h.count; i++)
		h.done[i](h.jobs[i]);
	assert_in_range(h.count, most, most + 10);
	r->env.blocking = h.before;
}

/* Those that ask for a name while it is looked up wait for the same job. */
static void test_one_job_for_one_name(void **state)
{
	struct rig *r = *state;
	struct client one, two;

	client_open(&one, r);
	client_open(&two, r);
	ask(&one, r);
	assert_int_equal(dgram_send(two.socket, &two.server, BYTES("\0\1file\0octet\0")), ERR_OK);
	rig_settle(r); /* a second job would fail the rig */
	rig_done(r);
	expect(&one, r, BYTES("\0\3\0\1hello"));
	expect(&two, r, BYTES("\0\3\0\1hello"));
	dgram_close(one.socket);
	dgram_close(two.socket);
}

/* One that asks when the file has changed under the job gets the file as it is now. */
static void test_change_while_the_job_runs(void **state)
{
	struct rig *r = *state;
	struct client one, two;

	client_open(&one, r);
	client_open(&two, r);
	ask(&one, r);
	rig_work(r);
	put_file(r, "other");
	assert_int_equal(dgram_send(two.socket, &two.server, BYTES("\0\1file\0octet\0")), ERR_OK);
	rig_settle(r);
	rig_done(r);
	expect(&one, r, BYTES("\0\3\0\1hello"));
	rig_until_job(r);
	rig_done(r);
	expect(&two, r, BYTES("\0\3\0\1other"));
	dgram_close(one.socket);
	dgram_close(two.socket);
}

/* A name that is known needs no job; one whose file, folder or store has changed does. */
static void test_known_names(void **state)
{
	struct rig *r = *state;
	const struct device_new device = {.name = "SEP0011215A1AE4", .profile = "Non Secure"};
	struct fail why = {0};
	struct client c;
	unsigned i;

	/* The first request here makes the node's ITL; and what was written a moment ago has to
	 * settle. */
	client_open(&c, r);
	ask(&c, r);
	rig_done(r);
	expect(&c, r, BYTES("\0\3\0\1hello"));
	dgram_close(c.socket);
	for (i = 0; i < 2; i++) {
		usleep(100000);
		client_open(&c, r);
		ask(&c, r);
		rig_done(r);
		/* The first job of the second round found another revision of the store. */
		if (i == 1)
			rig_done(r);
		expect(&c, r, BYTES("\0\3\0\1hello"));
		dgram_close(c.socket);
		if (i == 0) {
			client_open(&c, r);
			assert_int_equal(
				dgram_send(c.socket, &c.server, BYTES("\0\1file\0octet\0")),
				ERR_OK);
			expect(&c, r, BYTES("\0\3\0\1hello"));
			assert_null(r->work);
			dgram_close(c.socket);
			assert_int_equal(device_put(r->cluster, &device, &why), ERR_OK);
		}
	}
	put_file(r, "changed");
	client_open(&c, r);
	ask(&c, r);
	rig_done(r);
	expect(&c, r, BYTES("\0\3\0\1changed"));
	dgram_close(c.socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_with_its_transfer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_service_stops_before_the_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_is_never_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped_and_never_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_vanishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jobs_do_not_heap_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_job_for_one_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_while_the_job_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known_names, setup, teardown),
	};

	return cmocka_run_group_tests_name("service/tftp_jobs", tests, NULL, NULL);
}
