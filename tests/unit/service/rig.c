/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/keystore.h"
#include "service/capf/capf.h"
#include "service/sccp/sccp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US (60 * 1000000ll)
#define TICK_US     2000
#define BASE_FIRST  20000
#define BASE_LAST   55000
#define BASE_STEP   61

static enum err keep_job(
	struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct rig *r = (struct rig *)x;

	assert_null(r->work);
	r->work = work;
	r->done = done;
	r->job = job;
	r->worked = false;
	return ERR_OK;
}

static void on_tick(void *arg)
{
	struct rig *r = arg;

	assert_true(clock_monotonic_us() < r->give_up);
	if (r->until(r->until_ctx))
		loop_stop(r->loop);
	else
		loop_timer_set(r->tick, TICK_US);
}

void rig_until(struct rig *r, bool (*until)(void *ctx), void *ctx)
{
	r->give_up = clock_monotonic_us() + PATIENCE_US;
	r->until = until;
	r->until_ctx = ctx;
	loop_timer_set(r->tick, 0);
	loop_run(r->loop);
}

static bool job_waits(void *ctx)
{
	return ((struct rig *)ctx)->work;
}

void rig_until_job(struct rig *r)
{
	rig_until(r, job_waits, r);
}

static bool enough(void *ctx)
{
	return --*(int *)ctx == 0;
}

void rig_settle(struct rig *r)
{
	int ticks = 20;

	rig_until(r, enough, &ticks);
}

void rig_work(struct rig *r)
{
	assert_non_null(r->work);
	r->work(r->job);
	r->worked = true;
}

void rig_done(struct rig *r)
{
	void (*done)(void *job) = r->done;

	assert_non_null(r->work);
	if (!r->worked)
		rig_work(r);
	r->work = r->done = NULL; /* the answer may begin the next one */
	done(r->job);
}

static struct tls *listener_tls(struct rig *r, const char *name, enum tls_peer_cert peer,
	struct cert **cert, struct key **key)
{
	struct tls_config config = {.server = true, .profile = TLS_MODERN, .peer_cert = peer};
	char *keys = cluster_path(r->cluster, "keys", NULL);
	struct tls *tls;

	assert_int_equal(cluster_cert(r->cluster, name, cert, NULL), ERR_OK);
	assert_int_equal(keystore_file_tls_key(key, keys, name, NULL), ERR_OK);
	mem_free(keys);
	config.cert_der = cert_der(*cert);
	config.native_key = key_get_native(*key);
	config.verify = peer == TLS_PEER_REQUIRED ? service_sccp_verify : service_capf_verify;
	assert_int_equal(tls_new(&tls, &config, NULL), ERR_OK);
	return tls;
}

static char master[64]; /* a state folder that is made once for a program: keys take time */

static void remove_master(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", master);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", master);
}

static void make_folder(char *folder, size_t size)
{
	const char *below = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	struct fail why = {0};
	struct settings s;
	char command[192];

	if (!*master) {
		snprintf(master, sizeof(master), "%.30s/cadeado-service-XXXXXX", below);
		assert_non_null(mkdtemp(master));
		atexit(remove_master);
		settings_defaults(&s);
		assert_int_equal(cluster_create(master, &s, clock_system(), &why), ERR_OK);
	}
	snprintf(folder, size, "%.30s/cadeado-service-XXXXXX", below);
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "cp -a %s/. %s", master, folder);
	assert_int_equal(system(command), 0);
}

static void woken(void *ctx)
{
	struct rig *r = ctx;

	r->woken++;
}

void rig_expect_notes(struct rig *r, const char *expected)
{
	static const char *const words[] = {[HELD_OFFERED] = "offered",
		[HELD_ASKED_CLEAR] = "clear",
		[HELD_ASKED_SIGNED] = "signed",
		[HELD_CAME] = "came",
		[HELD_TRUSTED] = "trusted"};
	struct notes_batch b;
	char text[256] = "";
	size_t i;

	notes_take(r->notes, INT64_MAX, &b);
	assert_int_equal(r->woken, b.count > 0);
	r->woken = 0;
	for (i = 0; i < b.count; i++) {
		assert_string_equal(b.events[i].host, "127.0.0.1");
		assert_true(b.events[i].at_us > 0);
		strcat(text, i ? " " : "");
		strcat(text, words[b.events[i].what]);
		if (b.events[i].device[0])
			assert_string_equal(b.events[i].device, RIG_DEVICE);
	}
	assert_string_equal(text, expected);
	notes_batch_fini(&b);
}

void rig_init(struct rig *r, const char *profile)
{
	const struct device_new device = {
		.name = RIG_DEVICE, .number = "1001", .profile = profile, .install = true};
	struct fail why = {0};

	log_to(fopen("/dev/null", "w"), LOG_DEBUG);
	memset(r, 0, sizeof(*r));
	r->executor.run = keep_job;
	make_folder(r->folder, sizeof(r->folder));
	settings_defaults(&r->settings);
	assert_int_equal(cluster_open(&r->cluster, r->folder, clock_system(), &why), ERR_OK);
	assert_int_equal(device_put(r->cluster, &device, &why), ERR_OK);
	assert_int_equal(loop_new(&r->loop), ERR_OK);
	assert_int_equal(loop_timer_new(&r->tick, r->loop, on_tick, r), ERR_OK);
	assert_int_equal(notes_new(&r->notes, clock_system(), woken, r), ERR_OK);
	r->env = (struct service_env){
		.loop = r->loop,
		.blocking = &r->executor,
		.lingering = &r->lingering,
		.cluster = r->cluster,
		.settings = &r->settings,
		.clock = clock_system(),
		.stations_max = 10,
		.sessions_max = 1024,
		.notes = r->notes,
	};
	r->env.tls[OWN_CAPF] = listener_tls(r, "CAPF", TLS_PEER_OPTIONAL, &r->capf, &r->capf_key);
	r->env.tls[OWN_CALLMANAGER] = listener_tls(
		r, "CallManager", TLS_PEER_REQUIRED, &r->callmanager, &r->callmanager_key);
	assert_int_equal(lsc_issuers_load(&r->issuers, r->cluster, &why), ERR_OK);
	r->env.issuers = r->issuers;
}

/* Services that run on every worker share their ports, with another program of these tests, too,
 * that runs at the same time: each would get some of the other's connections. So a base belongs to
 * who has its first port, which is shared with nobody. False when it is taken. */
static bool claim(struct rig *r, long base)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)base)};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->claim = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->claim > 0);
	if (bind(r->claim, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(r->claim, 1) == 0)
		return true;
	close(r->claim);
	r->claim = 0;
	return false;
}

void rig_start(struct rig *r, const struct service *service)
{
	struct fail why = {0};
	enum err err = ERR_INUSE;
	long base;

	if (r->claim)
		close(r->claim);
	for (base = BASE_FIRST; base < BASE_LAST && err == ERR_INUSE; base += BASE_STEP) {
		if (!claim(r, base))
			continue;
		r->settings.port_base = base;
		fail_clear(&why);
		err = service->start(&r->instance, &r->env, &why);
		if (err == ERR_INUSE)
			close(r->claim);
	}
	assert_int_equal(err, ERR_OK);
	r->service = service;
}

void rig_stop(struct rig *r)
{
	r->service->stop(r->instance);
	r->instance = NULL;
}

void rig_stop_without_executor(struct rig *r)
{
	r->env.blocking = NULL;
	r->work = NULL;
	rig_stop(r);
}

void rig_drop_job(struct rig *r)
{
	assert_non_null(r->lingering);
	r->env.blocking = NULL;
	r->work = NULL;
	lingering_end(&r->lingering);
	assert_null(r->lingering);
}

void rig_fini(struct rig *r)
{
	char command[128];

	if (r->instance)
		rig_stop(r);
	assert_null(r->lingering);
	if (r->claim)
		close(r->claim);
	loop_timer_free(r->tick);
	loop_free(r->loop);
	notes_free(r->notes);
	tls_free(r->env.tls[OWN_CAPF]);
	tls_free(r->env.tls[OWN_CALLMANAGER]);
	lsc_issuers_free(r->issuers);
	key_free(r->capf_key);
	key_free(r->callmanager_key);
	cert_free(r->capf);
	cert_free(r->callmanager);
	cluster_close(r->cluster);
	snprintf(command, sizeof(command), "rm -r %s", r->folder);
	assert_int_equal(system(command), 0);
}

struct device rig_device(struct rig *r)
{
	struct device d;

	assert_int_equal(device_get(r->cluster, RIG_DEVICE, &d, NULL), ERR_OK);
	return d;
}
