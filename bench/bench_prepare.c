/* SPDX-License-Identifier: BSD-2-Clause
 * usage: bench_prepare FOLDER PHONES [CADEADO]
 *
 * Makes a cluster with a fleet of enrolled phones in FOLDER, which must not be there. With CADEADO
 * it then measures `CADEADO device prepare`, which signs and encrypts the files of the fleet on all
 * processors, beside what OpenSSL alone takes for two RSA-2048 signatures and one RSA wrap a phone,
 * in turns. Exit status 0 when the target is met. */
#include "core/capf/phone_cert.h"
#include "core/cluster/services.h"
#include "core/device/device.h"
#include "core/issue/lsc.h"
#include "crypto/key.h"

#include "measure.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS      3
#define TARGET      0.80
#define REDUCED     480 /* bytes that are signed for a phone, about */
#define WHOLE       2600
#define THREADS_MAX 64
#define PORT_BASE   21000

static void die(const char *what, const struct fail *why)
{
	fprintf(stderr, "bench_prepare: %s: %s\n", what, why ? why->text : "failed");
	exit(3);
}

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* --- the fleet --- */

static void device_name_of(char out[16], size_t i)
{
	snprintf(out, 16, "SEP0011%08X", (unsigned)i);
}

struct making {
	struct cluster *c;
	struct span spki;
	size_t first, count;
};

static enum err put_certs(void *ctx, struct store *s, struct fail *why)
{
	const struct making *m = ctx;
	struct store_phone_cert row;
	struct cert *lsc, *issuer;
	char name[16];
	enum err err = ERR_OK;
	size_t i;

	for (i = m->first; !err && i < m->first + m->count; i++) {
		device_name_of(name, i);
		err = lsc_issue(m->c, name, m->spki, &lsc, &issuer, why);
		if (err)
			break;
		phone_cert_fill(&row, name, STORE_LSC, lsc, issuer, 1790000000);
		row.how = STORE_CERT_INSTALLED;
		err = store_phone_cert_put(s, &row, cert_der(lsc), why);
		cert_free(lsc);
		cert_free(issuer);
	}
	return err;
}

/* All phones have one key: making thousands would take an hour, and wrapping for them is the same
 * work. */
static void make_fleet(struct cluster *c, size_t phones)
{
	struct store_device *rows = calloc(phones, sizeof(*rows));
	struct making m = {.c = c};
	struct buf spki = {0};
	struct fail why = {0};
	struct key *key;
	size_t i;

	for (i = 0; i < phones; i++) {
		device_row_init(&rows[i], "");
		device_name_of(rows[i].name, i);
		snprintf(rows[i].profile, sizeof(rows[i].profile), "Encrypted");
		snprintf(rows[i].number, sizeof(rows[i].number), "%zu", 20000 + i);
		snprintf(rows[i].display, sizeof(rows[i].display), "%zu", 20000 + i);
		rows[i].version = 1;
	}
	if (store_device_put_many(cluster_get_store(c), rows, phones, &why))
		die("phones", &why);
	free(rows);
	if (key_generate(&key, KEY_RSA, 2048, &why) || key_public_der(key, &spki))
		die("key", &why);
	key_free(key);
	m.spki = buf_span(&spki);
	for (m.first = 0; m.first < phones; m.first += m.count) {
		m.count = phones - m.first < 1000 ? phones - m.first : 1000;
		if (store_transaction(cluster_get_store(c), put_certs, &m, &why))
			die("certificates", &why);
	}
	buf_fini(&spki);
}

/* --- threads --- */

struct crew {
	atomic_size_t next;
	size_t count;
	void (*fn)(void *arg, size_t i);
	void *arg;
};

static void *work(void *arg)
{
	struct crew *c = arg;
	size_t i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->count)
		c->fn(c->arg, i);
	return NULL;
}

static void on_all(size_t count, void (*fn)(void *arg, size_t i), void *arg)
{
	struct crew c = {.count = count, .fn = fn, .arg = arg};
	pthread_t threads[THREADS_MAX];
	unsigned n = processors(), i;

	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, &c))
			die("threads", NULL);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* --- OpenSSL alone --- */

struct bare {
	EVP_PKEY *signer, *phone;
	unsigned char text[WHOLE];
};

static void bare_sign(struct bare *b, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[512];
	size_t size = sizeof(signature);

	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha1(), NULL, b->signer) != 1 ||
		EVP_DigestSign(ctx, signature, &size, b->text, len) != 1)
		die("OpenSSL signs", NULL);
	EVP_MD_CTX_free(ctx);
}

static void bare_phone(void *arg, size_t i)
{
	struct bare *b = arg;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(b->phone, NULL);
	unsigned char wrapped[512];
	size_t size = sizeof(wrapped);

	bare_sign(b, REDUCED);
	bare_sign(b, WHOLE);
	if (!ctx || EVP_PKEY_encrypt_init(ctx) != 1 ||
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
		EVP_PKEY_encrypt(ctx, wrapped, &size, b->text, 16) != 1)
		die("OpenSSL wraps", NULL);
	EVP_PKEY_CTX_free(ctx);
}

/* --- measuring --- */

struct round {
	const char *folder, *program;
	size_t phones, number;
	struct bare bare;
};

static void run_bare(void *ctx)
{
	struct round *r = ctx;

	on_all(r->phones, bare_phone, &r->bare);
}

/* What was prepared in the round before is only put aside: to remove it would be timed, too. */
static void run_prepare(void *ctx)
{
	struct round *r = ctx;
	char from[600], to[640];
	int status = 0;
	pid_t child;

	snprintf(from, sizeof(from), "%s/prepared", r->folder);
	snprintf(to, sizeof(to), "%s-%zu", from, r->number++);
	rename(from, to);
	child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stdout))
			execl(r->program, r->program, "--state", r->folder, "device", "prepare",
				(char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		die(r->program, NULL);
}

int main(int argc, char **argv)
{
	struct round r = {0};
	struct subject s[] = {{.name = "OpenSSL alone", .run = run_bare, .ctx = &r},
		{.name = "device prepare", .run = run_prepare, .ctx = &r}};
	struct settings settings;
	struct cluster *c = NULL;
	struct fail why = {0};
	double rate;
	size_t i;

	r.phones = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!r.phones) {
		fprintf(stderr, "usage: bench_prepare FOLDER PHONES [CADEADO]\n");
		return 2;
	}
	r.folder = argv[1];
	settings_defaults(&settings);
	settings.port_base = PORT_BASE;
	settings.workers = 1;
	if (cluster_create(argv[1], &settings, clock_system(), &why) ||
		cluster_open(&c, argv[1], clock_system(), &why))
		die("cluster", &why);
	make_fleet(c, r.phones);
	cluster_close(c);
	if (argc < 4)
		return 0;
	r.program = argv[3];
	r.bare.signer = EVP_RSA_gen(2048);
	r.bare.phone = EVP_RSA_gen(2048);
	s[0].times = s[1].times = r.phones;
	measure(s, 2, ROUNDS);
	printf("files of %zu phones on %u processors, medians of %d\n", r.phones, processors(),
		ROUNDS);
	for (i = 0; i < 2; i++)
		printf("  %-14s %6.0f phones/s  %6.1f us of processor time each\n", s[i].name,
			1e6 / s[i].median, s[i].processor);
	rate = s[0].median / s[1].median;
	printf("  phones a second, times OpenSSL alone: %.2f, at least %.2f: %s\n", rate, TARGET,
		rate >= TARGET ? "good" : "MISSED");
	printf("  processor time, OpenSSL's over ours: %.2f\n", s[0].processor / s[1].processor);
	EVP_PKEY_free(r.bare.signer);
	EVP_PKEY_free(r.bare.phone);
	return rate < TARGET;
}
