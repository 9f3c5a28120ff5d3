/* SPDX-License-Identifier: BSD-2-Clause
 * bench_store URL…: what 20,000 phones cost in a store: writing them, changing them all with what
 * undoes it, reading them. The database behind each url is emptied. */
#include "measure.h"
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PHONES 20000
#define ROUNDS 5

/* Milliseconds for all of them, on SQLite in a file. */
#define IMPORT_MOST 1000
#define UPDATE_MOST 1000

static struct store_device devices[PHONES];

static void die(const char *what, const struct fail *why)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, why->text);
	exit(2);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void make_devices(void)
{
	for (int i = 0; i < PHONES; i++) {
		struct store_device *d = &devices[i];

		memset(d, 0, sizeof(*d));
		snprintf(d->name, sizeof(d->name), "SEP0011%08X", (unsigned)i * 2654435761u);
		d->model = i % 3 ? 30018 : 437;
		snprintf(d->description, sizeof(d->description), "Room %d, floor %d", i, i % 9);
		snprintf(d->number, sizeof(d->number), "%d", 100000 + i);
		snprintf(d->display, sizeof(d->display), "Phone %d", i);
		snprintf(d->profile, sizeof(d->profile), "%s", i % 2 ? "Encrypted" : "Non Secure");
		snprintf(d->operation_status, sizeof(d->operation_status), "None");
		d->version = 1;
	}
}

static enum err delete_one(void *ctx, const struct store_device *d)
{
	return store_device_delete(ctx, d->name, NULL);
}

static enum err delete_all(void *ctx, struct store *s, struct fail *why)
{
	enum err err = store_device_each(s, delete_one, s, why);

	return err ? err : store_change_forget_before(s, INT64_MAX, why);
}

static enum err import_all(void *ctx, struct store *s, struct fail *why)
{
	return store_device_put_many(s, devices, PHONES, why);
}

static enum err take(void *ctx, const struct store_device *d)
{
	devices[(*(int *)ctx)++] = *d;
	return ERR_OK;
}

/* As a bulk change does it: read what is there, keep it, write what it becomes. */
static enum err update_all(void *ctx, struct store *s, struct fail *why)
{
	const struct store_change change = {.number = 1, .total = PHONES};
	enum err err = store_change_put(s, &change, why);
	int count = 0;

	if (!err)
		err = store_device_each(s, take, &count, why);
	if (!err)
		err = store_change_keep_many(s, 1, devices, PHONES, why);
	for (int i = 0; i < PHONES; i++) {
		snprintf(devices[i].profile, sizeof(devices[i].profile), "Lobby");
		devices[i].version++;
	}
	return err ? err : store_device_put_many(s, devices, PHONES, why);
}

static enum err read_all(void *ctx, struct store *s, struct fail *why)
{
	int count = 0;

	return store_device_each(s, take, &count, why);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double timed(struct store *s, const char *what,
	enum err (*fn)(void *ctx, struct store *s, struct fail *why))
{
	struct fail why = {0};
	double start = now_ms();

	if (store_transaction(s, fn, NULL, &why))
		die(what, &why);
	return now_ms() - start;
}

static int bench(const char *url)
{
	double import[ROUNDS], update[ROUNDS], reading[ROUNDS];
	struct fail why = {0};
	struct store *s;
	int i, good = 1;

	if (store_open(&s, url, &why))
		die(url, &why);
	for (i = 0; i < ROUNDS; i++) {
		timed(s, "delete", delete_all);
		make_devices();
		import[i] = timed(s, "import", import_all);
		reading[i] = timed(s, "read", read_all);
		update[i] = timed(s, "update", update_all);
	}
	store_close(s);
	qsort(import, ROUNDS, sizeof(*import), by_value);
	qsort(update, ROUNDS, sizeof(*update), by_value);
	qsort(reading, ROUNDS, sizeof(*reading), by_value);
	printf("%d phones in %.*s, medians of %d rounds: written %.0f ms, read %.0f ms,"
	       " changed with what undoes it %.0f ms\n",
		PHONES, (int)strcspn(url, ":"), url, ROUNDS, import[ROUNDS / 2],
		reading[ROUNDS / 2], update[ROUNDS / 2]);
	if (strncmp(url, "sqlite:", 7) == 0) {
		good = measure_judge("written to SQLite", import[ROUNDS / 2], IMPORT_MOST, " ms");
		good &= measure_judge("changed in SQLite", update[ROUNDS / 2], UPDATE_MOST, " ms");
	}
	return good;
}

int main(int argc, char **argv)
{
	int good = 1;

	if (argc < 2) {
		fputs("usage: bench_store URL...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		good &= bench(argv[i]);
	return good ? 0 : 1;
}
