/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/file.h"
#include "base/mem.h"
#include "core/tokens/tokens.h"
#include "crypto/token.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW   1780272000
#define PIN   "48151623"
#define WRONG "48151624"
#define HARD  "SAST-HARD"

static const struct kdf_cost cheap = {.memory_kib = 8, .passes = 1, .lanes = 1};

struct desk {
	char home[64], folder[80], control[80];
	struct clock clock;
	struct tokens *t;
};

static void run_program(const char *const argv[])
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void file_token(struct desk *d, const char *serial)
{
	assert_int_equal(
		token_create_with(d->folder, serial, PIN, 1024, NOW, 3650, &cheap, NULL, NULL),
		ERR_OK);
}

static int make_desk(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	snprintf(d->home, sizeof(d->home), "/tmp/cadeado-tokens-XXXXXX");
	assert_non_null(mkdtemp(d->home));
	snprintf(d->folder, sizeof(d->folder), "%s/tokens", d->home);
	snprintf(d->control, sizeof(d->control), "%s/control", d->home);
	d->clock = clock_fixed(NOW);
	*state = d;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_desk(void **state)
{
	struct desk *d = *state;

	tokens_close(d->t);
	assert_int_equal(nftw(d->home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(d);
	return 0;
}

static void open_desk(struct desk *d, const char *module)
{
	struct fail why = {0};

	tokens_close(d->t);
	d->t = NULL;
	assert_int_equal(tokens_open(&d->t, d->folder, module, &d->clock, &why), ERR_OK);
	assert_string_equal(why.text, "");
}

static const struct token_entry *entry(struct desk *d, const char *label)
{
	const struct token_entry *e = NULL;

	assert_int_equal(tokens_find(d->t, label, &e, NULL), ERR_OK);
	return e;
}

static void a_folder_that_is_not_there(void **state)
{
	struct desk *d = *state;
	const struct token_entry *e;
	struct fail why = {0};

	open_desk(d, NULL);
	assert_int_equal(tokens_count(d->t), 0);
	assert_null(tokens_at(d->t, 0));
	assert_int_equal(tokens_find(d->t, "SAST-A1", &e, &why), ERR_NOTFOUND);
	/* Looking makes nothing. */
	assert_int_equal(access(d->folder, F_OK), -1);
	assert_int_equal(tokens_may_sign(d->folder, "SAST-A1", NULL), ERR_OK);
}

static void what_is_known_is_kept(void **state)
{
	struct desk *d = *state;
	struct token_details said = {
		.serial = "P77", .holder = "Jo\xc3\xa3o", .place = "safe \"1\""};
	const struct token_entry *e;

	file_token(d, "B2");
	file_token(d, "A1");
	open_desk(d, NULL);
	assert_int_equal(tokens_count(d->t), 2);
	assert_string_equal(tokens_at(d->t, 0)->label, "SAST-A1");
	assert_int_equal(tokens_add(d->t, "SAST-A1", NULL, &said, &e, NULL), ERR_OK);
	d->clock = clock_fixed(NOW + 3600);
	assert_int_equal(tokens_drill(d->t, "SAST-A1", PIN, NULL, NULL), ERR_OK);
	d->clock = clock_fixed(NOW + 7200);
	open_desk(d, NULL);
	e = entry(d, "SAST-A1");
	assert_string_equal(e->serial, "P77");
	assert_string_equal(e->holder, "Jo\xc3\xa3o");
	assert_string_equal(e->place, "safe \"1\"");
	assert_int_equal(e->last_drill, NOW + 3600);
	assert_int_equal(e->last_seen, NOW + 7200);
	assert_int_equal(e->attempts_left, 15);
	assert_int_equal(entry(d, "SAST-B2")->last_drill, 0);
}

/* A token whose files are on a medium elsewhere is still one that lists name. */
static void files_that_went_away(void **state)
{
	struct desk *d = *state;
	char path[128];
	const struct token_entry *e;

	file_token(d, "A1");
	open_desk(d, NULL);
	snprintf(path, sizeof(path), "%s/SAST-A1.token", d->folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(tokens_look(d->t, NULL), ERR_OK);
	e = entry(d, "SAST-A1");
	assert_true(e->known && !e->present);
	assert_non_null(e->cert);
	assert_string_equal(cert_common_name(e->cert), "SAST-A1");
	assert_int_equal(tokens_usable(d->t), 1);
	assert_int_equal(tokens_drill(d->t, "SAST-A1", PIN, NULL, NULL), ERR_NOTFOUND);
}

static void signs_and_counts(void **state)
{
	struct desk *d = *state;
	struct span pieces[2] = {span_str("one"), span_str("two")};
	struct buf signature = {0};
	struct fail why = {0};
	int left = 0;

	file_token(d, "A1");
	open_desk(d, NULL);
	assert_int_equal(
		tokens_sign(d->t, "SAST-A1", PIN, DIGEST_SHA1, pieces, 2, &signature, &left, NULL),
		ERR_OK);
	assert_int_equal(left, 15);
	assert_int_equal(cert_check_signature(entry(d, "SAST-A1")->cert, DIGEST_SHA1, pieces, 2,
				 buf_span(&signature)),
		ERR_OK);
	buf_clear(&signature);
	assert_int_equal(tokens_sign(d->t, "SAST-A1", WRONG, DIGEST_SHA1, pieces, 2, &signature,
				 &left, &why),
		ERR_PIN);
	assert_int_equal(left, 14);
	assert_int_equal(signature.len, 0);
	assert_int_equal(tokens_look(d->t, NULL), ERR_OK);
	assert_string_equal(entry(d, "SAST-A1")->state, "14 attempts left");
	buf_fini(&signature);
}

static void retiring(void **state)
{
	struct desk *d = *state;
	struct fail why = {0};
	int left = 0;

	file_token(d, "A1");
	file_token(d, "B2");
	open_desk(d, NULL);
	assert_int_equal(tokens_retire(d->t, "SAST-A1", false, &why), ERR_NOTNOW);
	assert_int_equal(tokens_may_sign(d->folder, "SAST-A1", NULL), ERR_OK);
	file_token(d, "C3");
	assert_int_equal(tokens_look(d->t, NULL), ERR_OK);
	assert_int_equal(tokens_usable(d->t), 3);
	assert_int_equal(tokens_retire(d->t, "SAST-A1", false, NULL), ERR_OK);
	assert_int_equal(tokens_usable(d->t), 2);
	assert_int_equal(entry(d, "SAST-A1")->retired, NOW);
	/* Once more changes nothing, not even the day. */
	d->clock = clock_fixed(NOW + 86400);
	assert_int_equal(tokens_retire(d->t, "SAST-A1", false, NULL), ERR_OK);
	open_desk(d, NULL);
	assert_int_equal(entry(d, "SAST-A1")->retired, NOW);
	assert_int_equal(tokens_drill(d->t, "SAST-A1", PIN, &left, NULL), ERR_DENIED);
	assert_int_equal(tokens_may_sign(d->folder, "SAST-A1", NULL), ERR_DENIED);
	assert_int_equal(entry(d, "SAST-A1")->attempts_left, 15);
}

static void read_registry(struct desk *d, struct buf *out, char path[128])
{
	snprintf(path, 128, "%s/tokens.json", d->folder);
	assert_int_equal(file_read(path, 1 << 20, out, NULL), ERR_OK);
}

/* Cut anywhere it is refused, or (its last bytes are blanks) whole; and never taken for empty. */
static void a_registry_that_is_cut(void **state)
{
	struct desk *d = *state;
	struct buf whole = {0};
	struct tokens *t = NULL;
	struct fail why = {0};
	char path[128];
	size_t i;

	file_token(d, "A1");
	open_desk(d, NULL);
	read_registry(d, &whole, path);
	for (i = 0; i + 2 < whole.len; i += 3) {
		assert_int_equal(
			file_replace(path, span_of(whole.data, i), 0600, FILE_NOSYNC, NULL),
			ERR_OK);
		fail_clear(&why);
		assert_int_equal(tokens_open(&t, d->folder, NULL, &d->clock, &why), ERR_FORMAT);
		assert_non_null(strstr(why.text, "tokens.json is damaged"));
		assert_int_equal(tokens_may_sign(d->folder, "SAST-A1", NULL), ERR_FORMAT);
	}
	buf_fini(&whole);
}

static void rows_that_cannot_be(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"version\":2,\"tokens\":[]}",
		"{\"version\":1,\"tokens\":[7]}",
		"{\"version\":1,\"tokens\":[{\"label\":\"\",\"kind\":\"file\"}]}",
		"{\"version\":1,\"tokens\":[{\"label\":\"A\",\"kind\":\"paper\"}]}",
		"{\"version\":1,\"tokens\":[{\"label\":\"A\",\"kind\":\"file\"},"
		"{\"label\":\"A\",\"kind\":\"file\"}]}",
		"{\"version\":1,\"tokens\":[{\"label\":\"A\",\"kind\":\"file\","
		"\"certificate\":\"x\"}]}",
	};
	struct desk *d = *state;
	struct tokens *t = NULL;
	char path[128];
	size_t i;

	assert_int_equal(file_mkdir(d->folder, 0700, NULL), ERR_OK);
	snprintf(path, sizeof(path), "%s/tokens.json", d->folder);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
			file_replace(path, span_str(texts[i]), 0600, FILE_NOSYNC, NULL), ERR_OK);
		assert_int_equal(tokens_open(&t, d->folder, NULL, &d->clock, NULL), ERR_FORMAT);
	}
}

static void allocations_can_fail(void **state)
{
	struct desk *d = *state;
	struct token_details said = {.holder = "Maria"};
	struct tokens *t = NULL;
	enum err err = ERR_NOMEM;
	size_t n;

	file_token(d, "A1");
	for (n = 1; err && n < 3000; n++) {
		mem_fail_from(n);
		err = tokens_open(&t, d->folder, NULL, &d->clock, NULL);
		if (!err)
			err = tokens_add(t, "SAST-A1", NULL, &said, NULL, NULL);
		mem_fail_from(0);
		if (err) {
			tokens_close(t);
			t = NULL;
		}
	}
	assert_int_equal(err, ERR_OK);
	assert_true(n > 50);
	assert_string_equal(tokens_at(t, 0)->holder, "Maria");
	tokens_close(t);
}

/* --- a token that comes and goes: SoftHSM behind tests/p11/trouble.c --- */

static const char *make_hardware(struct desk *d)
{
	static const char *const modules[] = {"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib/pkcs11/libsofthsm2.so"};
	char conf[128], text[256];
	size_t i;

	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (access(modules[i], R_OK) == 0)
			setenv("TROUBLE_MODULE", modules[i], 1);
	snprintf(conf, sizeof(conf), "%s/store", d->home);
	assert_int_equal(file_mkdir(conf, 0700, NULL), ERR_OK);
	snprintf(text, sizeof(text),
		"directories.tokendir = %s/store\nobjectstore.backend = file\nlog.level = ERROR\n",
		d->home);
	snprintf(conf, sizeof(conf), "%s/conf", d->home);
	assert_int_equal(file_replace(conf, span_str(text), 0600, FILE_NOSYNC, NULL), ERR_OK);
	assert_int_equal(file_replace(d->control, span_str("\n"), 0600, FILE_NOSYNC, NULL), ERR_OK);
	setenv("SOFTHSM2_CONF", conf, 1);
	setenv("TROUBLE_CONTROL", d->control, 1);
	run_program((const char *[]){"softhsm2-util", "--init-token", "--free", "--label", HARD,
		"--so-pin", "12345678", "--pin", PIN, NULL});
	return getenv("CADEADO_TROUBLE");
}

static void say(struct desk *d, const char *what)
{
	char line[64];

	snprintf(line, sizeof(line), "%s " HARD, what);
	assert_int_equal(file_append(d->control, span_str(line), 0600, NULL), ERR_OK);
}

static enum err note(void *ctx, const struct token_entry *e, bool inserted)
{
	buf_printf(ctx, "%c%s;", inserted ? '+' : '-', e->label);
	return ERR_OK;
}

static void expect_poll(struct desk *d, const char *what)
{
	struct buf seen = {0};

	assert_int_equal(tokens_poll(d->t, note, &seen, NULL), ERR_OK);
	buf_u8(&seen, 0);
	assert_string_equal((char *)seen.data, what);
	buf_fini(&seen);
}

static void comes_and_goes(void **state)
{
	struct desk *d = *state;
	const char *module = make_hardware(d);

	assert_non_null(module);
	say(d, "out");
	open_desk(d, module);
	assert_int_equal(tokens_count(d->t), 0);
	expect_poll(d, "");
	say(d, "in");
	expect_poll(d, "+" HARD ";");
	expect_poll(d, "");
	assert_string_equal(entry(d, HARD)->state, "ready; not added; no certificate");
	say(d, "out");
	expect_poll(d, "-" HARD ";");
	file_token(d, "A1");
	say(d, "in");
	expect_poll(d, "+SAST-A1;+" HARD ";");
}

static void makes_keeps_and_loses_a_key(void **state)
{
	struct desk *d = *state;
	struct span piece = span_str("a list");
	struct buf signature = {0};
	struct fail why = {0};
	const struct token_entry *e = NULL;
	struct token_details said = {.serial = "H1", .holder = "Maria"};
	int left = 0;

	open_desk(d, make_hardware(d));
	assert_int_equal(tokens_create_p11(d->t, HARD, &said, WRONG, &e, &why), ERR_PIN);
	assert_int_equal(tokens_create_p11(d->t, HARD, &said, PIN, &e, NULL), ERR_OK);
	assert_string_equal(cert_common_name(e->cert), "SAST-H1");
	assert_int_equal(cert_key_bits(e->cert), TOKENS_BITS);
	assert_int_equal(e->attempts_left, -1);
	assert_true(e->known && e->present);
	assert_int_equal(
		tokens_sign(d->t, HARD, PIN, DIGEST_SHA512, &piece, 1, &signature, &left, NULL),
		ERR_OK);
	assert_int_equal(left, -1);
	assert_int_equal(signature.len, TOKENS_BITS / 8);
	say(d, "pull");
	fail_clear(&why);
	assert_int_equal(
		tokens_sign(d->t, HARD, PIN, DIGEST_SHA1, &piece, 1, &signature, &left, &why),
		ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "it was removed"));
	assert_int_equal(signature.len, TOKENS_BITS / 8);
	expect_poll(d, "-" HARD ";");
	e = entry(d, HARD);
	assert_true(e->known && !e->present);
	assert_string_equal(e->holder, "Maria");
	assert_string_equal(cert_common_name(e->cert), "SAST-H1");
	buf_fini(&signature);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_desk, remove_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_that_is_not_there),
		TEST(what_is_known_is_kept),
		TEST(files_that_went_away),
		TEST(signs_and_counts),
		TEST(retiring),
		TEST(a_registry_that_is_cut),
		TEST(rows_that_cannot_be),
		TEST(allocations_can_fail),
		TEST(comes_and_goes),
		TEST(makes_keeps_and_loses_a_key),
	};

	return cmocka_run_group_tests_name("core/tokens", tests, NULL, NULL);
}
