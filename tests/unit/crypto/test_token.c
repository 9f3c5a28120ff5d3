/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/token.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOW    1780272000
#define DAYS   3650
#define LABEL  "SAST-ADN4e31f914"
#define SERIAL "ADN4e31f914"
#define PIN    "caf-482913"
#define WRONG  "caf-482914"
#define RACERS 20

/* The tests try hundreds of PINs: the least that Argon2 allows. */
static const struct kdf_cost cheap = {.memory_kib = 8, .passes = 1, .lanes = 1};

static int make_folder(void **state)
{
	*state = fixture_folder();
	return 0;
}

static int remove_folder(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* Takes the hidden counts away. */
static void forget_counts(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strstr(entry->d_name, ".count"))
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	closedir(dir);
}

/* The token that tests/data/crypto/make-token.py made from rsa.key. */
static const char *outside_token(const char *folder)
{
	forget_counts(folder);
	fixture_copy(LABEL ".token", folder);
	fixture_copy(LABEL ".tries", folder);
	return folder;
}

static enum err try_once(const char *folder, const char *pin, int *left, struct fail *why)
{
	struct keystore *ks = NULL;
	enum err err;

	fail_clear(why);
	err = token_open(&ks, folder, LABEL, pin, left, why);
	if (!err)
		ks->free(ks);
	else
		assert_null(ks);
	return err;
}

static int left_now(const char *folder)
{
	struct token_info info;
	int left;

	assert_int_equal(token_read(folder, LABEL, &info, NULL), ERR_OK);
	left = info.attempts_left;
	token_info_fini(&info);
	return left;
}

static void opens_a_token_made_elsewhere(void **state)
{
	const char *folder = outside_token(*state);
	struct buf expected = fixture_read("rsa-sha1.sig"), sig = {0};
	struct span text = span_str(FIXTURE_MESSAGE);
	struct signer *s = NULL;
	struct token_info info;
	struct keystore *ks;
	struct fail why = {0};
	int left = -1;

	assert_int_equal(token_read(folder, LABEL, &info, NULL), ERR_OK);
	assert_string_equal(info.label, LABEL);
	assert_string_equal(info.serial, SERIAL);
	assert_int_equal(info.attempts_left, 15);
	assert_int_equal(cert_key_bits(info.cert), 1024);
	token_info_fini(&info);
	assert_int_equal(token_open(&ks, folder, LABEL, PIN, &left, NULL), ERR_OK);
	assert_int_equal(left, 15);
	assert_string_equal(ks->kind, "token");
	assert_int_equal(ks->decrypt(ks, LABEL, text, 16, &sig, NULL), ERR_UNSUPPORTED);
	assert_int_equal(ks->generate(ks, LABEL, KEY_RSA, 1024, &sig, NULL), ERR_UNSUPPORTED);
	assert_int_equal(signer_new(&s, ks, executor_inline()), ERR_OK);
	assert_int_equal(signer_sign_now(s, LABEL, DIGEST_SHA1, &text, 1, &sig, NULL), ERR_OK);
	assert_true(span_eq(buf_span(&sig), buf_span(&expected)));
	assert_int_equal(
		signer_sign_now(s, "rsa", DIGEST_SHA1, &text, 1, &sig, &why), ERR_NOTFOUND);
	signer_free(s);
	buf_fini(&sig);
	buf_fini(&expected);
}

static void creates(void **state)
{
	const char *folder = *state;
	struct token_info info, again;
	struct fail why = {0};
	struct keystore *ks;
	struct stat st;
	char *path;

	assert_int_equal(
		token_create_with(folder, SERIAL, PIN, 1024, NOW, DAYS, &cheap, &info, &why),
		ERR_OK);
	assert_string_equal(why.text, "");
	assert_string_equal(info.label, LABEL);
	assert_string_equal(info.serial, SERIAL);
	assert_int_equal(info.attempts_left, 15);
	assert_string_equal(cert_subject(info.cert), "CN=" LABEL ";OU=IPCBU;O=Cadeado");
	assert_int_equal(cert_not_before(info.cert), NOW);
	assert_int_equal(cert_not_after(info.cert), NOW + DAYS * 86400LL);
	assert_int_equal(cert_check_signed_by(info.cert, info.cert, NULL), ERR_OK);
	assert_int_equal(token_read(folder, LABEL, &again, NULL), ERR_OK);
	assert_true(span_eq(cert_der(info.cert), cert_der(again.cert)));
	token_info_fini(&again);
	token_info_fini(&info);
	path = file_join(folder, LABEL ".token");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	mem_free(path);
	assert_int_equal(token_open(&ks, folder, LABEL, PIN, NULL, NULL), ERR_OK);
	ks->free(ks);
	/* A wrong try, then a second token of the name: it gives none back. */
	assert_int_equal(try_once(folder, WRONG, NULL, &why), ERR_PIN);
	fail_clear(&why);
	assert_int_equal(
		token_create_with(folder, SERIAL, PIN, 1024, NOW, DAYS, &cheap, NULL, &why),
		ERR_EXISTS);
	assert_int_equal(left_now(folder), 14);
}

static void draws_a_serial(void **state)
{
	const char *folder = *state;
	struct token_info info;

	assert_int_equal(
		token_create_with(folder, NULL, PIN, 1024, NOW, DAYS, &cheap, &info, NULL), ERR_OK);
	assert_int_equal(strlen(info.serial), 11);
	assert_memory_equal(info.serial, "ADN", 3);
	assert_int_equal(strspn(info.serial + 3, "0123456789abcdef"), 8);
	assert_memory_equal(info.label, "SAST-ADN", 8);
	assert_string_equal(info.label + 5, info.serial);
	token_info_fini(&info);
}

static void default_cost(void **state)
{
	const char *folder = *state;
	struct buf content = {0};
	char *path = file_join(folder, LABEL ".token");
	struct fail why = {0};
	int left;

	assert_int_equal(token_create(folder, SERIAL, PIN, 1024, NOW, DAYS, NULL, NULL), ERR_OK);
	assert_int_equal(file_read(path, FIXTURE_MAX, &content, NULL), ERR_OK);
	buf_u8(&content, 0);
	assert_non_null(strstr((char *)content.data, "\nmemory 65536\npasses 3\nlanes 1\n"));
	assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_OK);
	mem_free(path);
	buf_fini(&content);
}

static void refuse_create(const char *folder, const char *serial, const char *pin, unsigned bits,
	const struct kdf_cost *kdf, const char *text)
{
	struct fail why = {0};

	assert_int_equal(
		token_create_with(folder, serial, pin, bits, NOW, DAYS, kdf, NULL, &why), ERR_ARG);
	assert_non_null(strstr(why.text, text));
}

static void limits(void **state)
{
	const char *folder = outside_token(*state);
	char pin[TOKEN_PIN_MAX + 2];
	struct kdf_cost huge = {.memory_kib = 1048577, .passes = 1, .lanes = 1};
	struct kdf_cost little = {.memory_kib = 15, .passes = 1, .lanes = 2};
	struct fail why = {0};
	int left;

	memset(pin, '1', sizeof(pin));
	pin[sizeof(pin) - 1] = '\0';
	refuse_create(folder, "A1", "123", 1024, &cheap, "4 to 64");
	refuse_create(folder, "A1", pin, 1024, &cheap, "4 to 64");
	refuse_create(folder, "A1", PIN, 3072, &cheap, "4096");
	refuse_create(folder, "A1", PIN, 512, &cheap, "4096");
	refuse_create(folder, "../A1", PIN, 1024, &cheap, "label");
	refuse_create(folder, "", PIN, 1024, &cheap, "label");
	refuse_create(folder, "A123456789012345678901234567890Z", PIN, 1024, &cheap, "label");
	refuse_create(folder, "A1", PIN, 1024, &huge, "cost");
	refuse_create(folder, "A1", PIN, 1024, &little, "cost");
	/* Lengths that no PIN has cost no try. */
	assert_int_equal(try_once(folder, "123", &left, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "4 to 64"));
	assert_int_equal(left, 15);
	assert_int_equal(try_once(folder, pin, &left, &why), ERR_ARG);
	assert_int_equal(left_now(folder), 15);
	pin[TOKEN_PIN_MAX] = '\0';
	assert_int_equal(try_once(folder, pin, &left, &why), ERR_PIN);
	assert_int_equal(left, 14);
}

static void not_found(void **state)
{
	const char *folder = *state;
	char *path = file_join(folder, LABEL ".lock");
	struct keystore *ks = NULL;
	struct token_info info;
	struct fail why = {0};
	int left = 7;

	assert_int_equal(token_open(&ks, folder, LABEL, PIN, &left, &why), ERR_NOTFOUND);
	assert_int_equal(left, 0);
	assert_int_equal(access(path, F_OK), -1);
	fail_clear(&why);
	assert_int_equal(token_open(&ks, folder, "SAST-../x", PIN, &left, &why), ERR_ARG);
	assert_int_equal(token_read(folder, LABEL, &info, NULL), ERR_NOTFOUND);
	token_info_fini(&info);
	mem_free(path);
}

static void counts_down_and_locks(void **state)
{
	const char *folder = outside_token(*state);
	struct fail why = {0};
	char text[64];
	int i, left;

	for (i = 14; i >= 10; i--) {
		assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
		assert_int_equal(left, i);
		snprintf(text, sizeof(text), " %d attempts left", i);
		assert_non_null(strstr(why.text, text));
	}
	/* A right one resets. */
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_OK);
	assert_int_equal(left, 15);
	for (i = 14; i >= 0; i--) {
		assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
		assert_int_equal(left, i);
		if (i == 1)
			assert_non_null(strstr(why.text, " 1 attempt left"));
	}
	assert_non_null(strstr(why.text, "0 attempts left"));
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
	assert_non_null(strstr(why.text, "locked for good"));
	assert_int_equal(left, 0);
	assert_int_equal(left_now(folder), 0);
}

static void write_tries(const char *folder, struct span content)
{
	char *path = file_join(folder, LABEL ".tries");

	assert_int_equal(file_replace(path, content, 0600, FILE_NOSYNC, NULL), ERR_OK);
	mem_free(path);
}

static void counter_gone_or_damaged_is_locked(void **state)
{
	const char *folder = outside_token(*state);
	char *path = file_join(folder, LABEL ".tries");
	struct buf good = fixture_read(LABEL ".tries");
	struct fail why = {0};
	size_t i;
	int left;

	assert_int_equal(unlink(path), 0);
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
	assert_non_null(strstr(why.text, "counter of tries is missing"));
	assert_non_null(strstr(why.text, path));
	assert_int_equal(left_now(folder), 0);
	for (i = 0; i < good.len; i++) {
		good.data[i] ^= 1;
		write_tries(folder, buf_span(&good));
		assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
		assert_non_null(strstr(why.text, "damaged"));
		good.data[i] ^= 1;
		write_tries(folder, span_of(good.data, i));
		assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
	}
	write_tries(folder, buf_span(&good));
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_OK);
	mem_free(path);
	buf_fini(&good);
}

/* An old copy of either file alone wins no try; nor does another token's counter. */
static void rolled_back_counter(void **state)
{
	const char *folder = outside_token(*state);
	char *from = file_join(folder, "SAST-B2.tries"), *to = file_join(folder, LABEL ".tries");
	struct fail why = {0};
	int i, left;

	for (i = 0; i < 3; i++)
		assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
	fixture_copy(LABEL ".tries", folder);
	assert_int_equal(left_now(folder), 12);
	assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
	assert_int_equal(left, 11);
	fixture_copy(LABEL ".token", folder);
	assert_int_equal(left_now(folder), 11);
	assert_int_equal(try_once(folder, WRONG, &left, &why), ERR_PIN);
	assert_int_equal(left, 10);
	assert_int_equal(
		token_create_with(folder, "B2", PIN, 1024, NOW, DAYS, &cheap, NULL, NULL), ERR_OK);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
	assert_non_null(strstr(why.text, "another token's"));
	mem_free(from);
	mem_free(to);
}

static void damaged_token(void **state)
{
	const char *folder = outside_token(*state);
	char *path = file_join(folder, LABEL ".token"), *other = file_join(folder, "SAST-X.token");
	struct buf good = fixture_read(LABEL ".token");
	struct token_info info;
	struct fail why = {0};
	size_t i;
	int left;

	for (i = 0; i < good.len; i += 7) {
		good.data[i] ^= 1;
		assert_int_equal(
			file_replace(path, buf_span(&good), 0600, FILE_NOSYNC, NULL), ERR_OK);
		assert_int_equal(try_once(folder, PIN, &left, &why), ERR_FORMAT);
		good.data[i] ^= 1;
	}
	assert_non_null(strstr(why.text, "damaged"));
	/* Under another name. */
	assert_int_equal(file_replace(other, buf_span(&good), 0600, FILE_NOSYNC, NULL), ERR_OK);
	assert_int_equal(token_read(folder, "SAST-X", &info, NULL), ERR_FORMAT);
	assert_int_equal(file_replace(path, buf_span(&good), 0600, FILE_NOSYNC, NULL), ERR_OK);
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_OK);
	mem_free(path);
	mem_free(other);
	buf_fini(&good);
}

/* Waits until all stand at the line, so that they really run at once. */
static void racer(const char *folder, int ready, int go)
{
	struct keystore *ks = NULL;
	char byte = 0;
	enum err err;

	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0)
		_exit(1);
	err = token_open(&ks, folder, LABEL, WRONG, NULL, NULL);
	_exit(err == ERR_PIN ? 10 : err == ERR_LOCKED ? 11 : 1);
}

static void twenty_at_once_get_fifteen(void **state)
{
	const char *folder = outside_token(*state);
	int i, left, status, pins = 0, locked = 0, ready[2], go[2];
	pid_t children[RACERS];
	struct fail why = {0};
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	for (i = 0; i < RACERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i]) {
			close(go[1]);
			racer(folder, ready[1], go[0]);
		}
	}
	for (i = 0; i < RACERS; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(go[1]);
	for (i = 0; i < RACERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		pins += WEXITSTATUS(status) == 10;
		locked += WEXITSTATUS(status) == 11;
	}
	assert_int_equal(pins, 15);
	assert_int_equal(locked, 5);
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_LOCKED);
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
}

static pid_t try_in_child(const char *folder, const char *pin)
{
	struct keystore *ks = NULL;
	pid_t child = fork();
	enum err err;

	assert_true(child >= 0);
	if (child)
		return child;
	err = token_open(&ks, folder, LABEL, pin, NULL, NULL);
	_exit(err == ERR_OK ? 0 : err == ERR_PIN ? 10 : 1);
}

/* Killed as soon as its try shows in the files, which is while the PIN's key is being derived, or
 * after the end if the machine is slow: the try counts either way. */
static void killed_while_trying(void **state)
{
	static const struct kdf_cost slow = {.memory_kib = 65536, .passes = 6, .lanes = 1};
	const char *folder = *state;
	struct fail why = {0};
	int i, left, status;
	pid_t child;

	assert_int_equal(
		token_create_with(folder, SERIAL, PIN, 1024, NOW, DAYS, &slow, NULL, NULL), ERR_OK);
	for (i = 14; i >= 5; i--) {
		child = try_in_child(folder, i % 2 ? WRONG : "caf-1");
		while (left_now(folder) > i)
			usleep(1000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(left_now(folder), i);
	}
	/* The lock went with its holder, and the token still opens. */
	assert_int_equal(try_once(folder, PIN, &left, &why), ERR_OK);
	assert_int_equal(left, 15);
}

#ifdef CADEADO_TEST_HOOKS

/* Kills a child, or lets its disk be full, at the n-th step of its file writing from now. Returns
 * its exit status. */
static int fault_at(const char *folder, const char *pin, unsigned step, const char *what)
{
	char fault[32];
	pid_t child;
	int status;

	snprintf(fault, sizeof(fault), "%u:%s", file_fault_count() + step, what);
	setenv("CADEADO_FAULT", fault, 1);
	child = try_in_child(folder, pin);
	unsetenv("CADEADO_FAULT");
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Walks all steps of one try; before each, the files are as after one wrong PIN. */
static void walk(const char *folder, const char *pin, const char *what, int finished)
{
	unsigned step;
	int status, left, counted = 0, reset = 0;
	struct fail why = {0};

	for (step = 1, status = -1; status != finished; step++) {
		assert_true(step < 100);
		outside_token(folder);
		assert_int_equal(try_once(folder, WRONG, NULL, &why), ERR_PIN);
		status = fault_at(folder, pin, step, what);
		left = left_now(folder);
		if (status == finished) {
			assert_int_equal(left, finished == 10 ? 13 : 15);
			break;
		}
		/* 14: it ended before the count; 13: counted; 15: only a right PIN's last steps. */
		assert_true(left == 14 || left == 13 || (left == 15 && finished == 0));
		assert_true(left != 14 || !counted);
		assert_true(left == 15 || !reset);
		counted |= left != 14;
		reset |= left == 15;
	}
	assert_true(step > 5);
	assert_true(counted);
}

static void killed_at_every_step(void **state)
{
	walk(*state, WRONG, "kill", 10);
	walk(*state, PIN, "kill", 0);
}

static void disk_full_at_every_step(void **state)
{
	walk(*state, WRONG, "full", 10);
	walk(*state, WRONG, "short", 10);
	walk(*state, PIN, "full", 0);
}

#endif

static enum err stop_at_second(void *ctx, const struct token_info *info)
{
	struct buf *seen = ctx;

	buf_printf(seen, "%s %d;", info->label, info->attempts_left);
	return strcmp(info->serial, "B2") ? ERR_OK : ERR_BUSY;
}

static void lists_in_order(void **state)
{
	static const char *const serials[] = {"C3", "A1", "B2"};
	const char *folder = *state;
	struct buf seen = {0};
	char *path;
	size_t i;

	assert_int_equal(token_each("/tmp/cadeado-none", stop_at_second, &seen, NULL), ERR_OK);
	for (i = 0; i < 3; i++)
		assert_int_equal(token_create_with(folder, serials[i], PIN, 1024, NOW, DAYS, &cheap,
					 NULL, NULL),
			ERR_OK);
	path = file_join(folder, "SAST-A1.tries");
	unlink(path);
	mem_free(path);
	path = file_join(folder, "notes.token");
	assert_int_equal(file_replace(path, span_str("x"), 0600, FILE_NOSYNC, NULL), ERR_OK);
	mem_free(path);
	assert_int_equal(token_each(folder, stop_at_second, &seen, NULL), ERR_BUSY);
	assert_true(span_eq(buf_span(&seen), span_str("SAST-A1 0;SAST-B2 15;")));
	buf_fini(&seen);
}

static void allocations_can_fail(void **state)
{
	const char *folder = *state;
	struct keystore *ks = NULL;
	enum err err = ERR_NOMEM;
	struct fail why;
	size_t n;
	int left;

	for (n = 1; err && n < 1000; n++) {
		outside_token(folder);
		fail_clear(&why);
		mem_fail_from(n);
		err = token_open(&ks, folder, LABEL, PIN, &left, &why);
		mem_fail_from(0);
		if (err) {
			/* Syncing a folder tells of memory as of any other failure. */
			assert_true(err == ERR_NOMEM || err == ERR_IO);
			assert_int_equal(why.code, err);
			assert_null(ks);
			assert_true(left_now(folder) >= 14);
		}
	}
	assert_true(n > 20);
	assert_int_equal(err, ERR_OK);
	ks->free(ks);
}

static void allocations_can_fail_in_create(void **state)
{
	const char *folder = *state;
	struct token_info info = {0};
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err && n < 1000; n++) {
		mem_fail_from(n);
		err = token_create_with(folder, SERIAL, PIN, 1024, NOW, DAYS, &cheap, &info, NULL);
		mem_fail_from(0);
		if (err) {
			assert_true(err == ERR_NOMEM || err == ERR_IO);
			assert_null(info.cert);
		}
		/* When only the last sync failed the token is there. */
		if (err == ERR_IO && token_read(folder, LABEL, &info, NULL) == ERR_OK)
			break;
	}
	assert_true(n > 20);
	assert_int_equal(left_now(folder), 15);
	token_info_fini(&info);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_a_token_made_elsewhere),
		TEST(creates),
		TEST(draws_a_serial),
		TEST(default_cost),
		TEST(limits),
		TEST(not_found),
		TEST(counts_down_and_locks),
		TEST(counter_gone_or_damaged_is_locked),
		TEST(rolled_back_counter),
		TEST(damaged_token),
		TEST(twenty_at_once_get_fifteen),
		TEST(killed_while_trying),
#ifdef CADEADO_TEST_HOOKS
		TEST(killed_at_every_step),
		TEST(disk_full_at_every_step),
#endif
		TEST(lists_in_order),
		TEST(allocations_can_fail),
		TEST(allocations_can_fail_in_create),
	};

	return cmocka_run_group_tests_name("crypto/token", tests, NULL, NULL);
}
