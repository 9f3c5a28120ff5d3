/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/keystore.h"
#include "crypto/signer.h"

#include <sys/stat.h>

/* Keeps one job until the test lets it run. */
struct held_executor {
	struct executor x;
	void (*work)(void *job);
	void (*done)(void *job);
	void *job;
};

static enum err hold(
	struct executor *x, void (*work)(void *job), void (*done)(void *job), void *job)
{
	struct held_executor *h = (struct held_executor *)x;

	if (h->job)
		return ERR_BUSY;
	h->work = work;
	h->done = done;
	h->job = job;
	return ERR_OK;
}

static void let_go(struct held_executor *h)
{
	void *job = h->job;

	h->job = NULL;
	h->work(job);
	h->done(job);
}

struct heard {
	int calls;
	enum err err;
	struct fail why;
	struct buf result;
};

static void hear(void *ctx, enum err err, const struct fail *why, struct span result)
{
	struct heard *h = ctx;

	h->calls++;
	h->err = err;
	h->why = *why;
	buf_clear(&h->result);
	buf_put(&h->result, result);
}

/* A folder with the fixture's key in it, and a signer over it. */
static struct signer *file_signer(char **folder, struct executor *x)
{
	struct signer *s = NULL;
	struct keystore *ks;

	*folder = fixture_folder();
	fixture_copy("rsa.key", *folder);
	assert_int_equal(keystore_file_new(&ks, *folder, NULL), ERR_OK);
	assert_string_equal(ks->kind, "file");
	assert_int_equal(signer_new(&s, ks, x), ERR_OK);
	return s;
}

static void answers_later_over_its_own_copy(void **state)
{
	struct held_executor h = {.x.run = hold};
	struct buf expected = fixture_read("rsa-sha256.sig");
	char name[] = "rsa", text[] = FIXTURE_MESSAGE, *folder;
	struct span pieces[] = {span_of(text, 9), span_of(text + 9, sizeof(text) - 10)};
	struct signer *s = file_signer(&folder, &h.x);
	struct heard heard = {0};

	assert_int_equal(signer_sign(s, name, DIGEST_SHA256, pieces, 2, hear, &heard), ERR_OK);
	assert_int_equal(heard.calls, 0);
	memset(text, 'x', sizeof(text));
	memset(name, 'x', sizeof(name));
	/* A second request is refused by the executor: no answer will come. */
	assert_int_equal(signer_sign(s, "rsa", DIGEST_SHA256, pieces, 2, hear, &heard), ERR_BUSY);
	/* The job outlives its signer. */
	signer_free(s);
	let_go(&h);
	assert_int_equal(heard.calls, 1);
	assert_int_equal(heard.err, ERR_OK);
	assert_int_equal(heard.why.code, ERR_OK);
	assert_true(span_eq(buf_span(&heard.result), buf_span(&expected)));
	buf_fini(&heard.result);
	buf_fini(&expected);
	fixture_remove(folder);
}

static void decrypts(void **state)
{
	char *folder;
	struct signer *s = file_signer(&folder, executor_inline());
	struct buf sealed = fixture_read("aes-key.sealed");
	struct heard heard = {0};

	assert_int_equal(signer_decrypt(s, "rsa", buf_span(&sealed), 16, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_OK);
	assert_true(span_eq(buf_span(&heard.result), span_str("0123456789abcdef")));
	assert_int_equal(signer_decrypt(s, "rsa", span_str("x"), 16, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_FORMAT);
	assert_int_equal(heard.result.len, 0);
	signer_free(s);
	buf_fini(&sealed);
	buf_fini(&heard.result);
	fixture_remove(folder);
}

static void generates_once(void **state)
{
	char *folder, *path;
	struct signer *s = file_signer(&folder, executor_inline());
	struct buf spki = {0}, before = {0}, after = {0};
	struct heard heard = {0};
	struct key *k = NULL;
	struct stat st;

	assert_int_equal(signer_generate(s, "CAPF-1_a", KEY_EC, 256, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_OK);
	path = file_join(folder, "CAPF-1_a.key");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(keystore_file_tls_key(&k, folder, "CAPF-1_a", NULL), ERR_OK);
	assert_int_equal(key_public_der(k, &spki), ERR_OK);
	assert_true(span_eq(buf_span(&spki), buf_span(&heard.result)));
	/* A key that exists is never replaced. */
	assert_int_equal(file_read(path, FIXTURE_MAX, &before, NULL), ERR_OK);
	assert_int_equal(signer_generate(s, "CAPF-1_a", KEY_EC, 256, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_EXISTS);
	assert_int_equal(heard.result.len, 0);
	assert_int_equal(file_read(path, FIXTURE_MAX, &after, NULL), ERR_OK);
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	assert_int_equal(signer_generate(s, "b", KEY_RSA, 100, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_ARG);
	key_free(k);
	signer_free(s);
	mem_free(path);
	buf_fini(&spki);
	buf_fini(&before);
	buf_fini(&after);
	buf_fini(&heard.result);
	fixture_remove(folder);
}

static void names_stay_in_the_folder(void **state)
{
	static const char *const bad[] = {"", ".", "..", "../rsa", "a/b", "a.b", "a b", "a\n",
		"01234567890123456789012345678901234567890123456789012345678901234"};
	char *folder;
	struct signer *s = file_signer(&folder, executor_inline());
	struct buf sig = {0};
	struct fail why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fail_clear(&why);
		assert_int_equal(
			signer_sign_now(s, bad[i], DIGEST_SHA1, NULL, 0, &sig, &why), ERR_ARG);
		assert_non_null(strstr(why.text, "letters"));
	}
	fail_clear(&why);
	assert_int_equal(
		signer_sign_now(s, "other", DIGEST_SHA1, NULL, 0, &sig, &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "other.key"));
	assert_int_equal(sig.len, 0);
	signer_free(s);
	fixture_remove(folder);
}

static void signs_now(void **state)
{
	struct span text = span_str(FIXTURE_MESSAGE);
	struct buf expected = fixture_read("rsa-sha1.sig"), sig = {0};
	struct held_executor h = {.x.run = hold};
	char *folder, *other;
	struct signer *s = file_signer(&folder, executor_inline());
	struct signer *later = file_signer(&other, &h.x);

	assert_int_equal(signer_sign_now(s, "rsa", DIGEST_SHA1, &text, 1, &sig, NULL), ERR_OK);
	assert_true(span_eq(buf_span(&sig), buf_span(&expected)));
	assert_int_equal(
		signer_sign_now(later, "rsa", DIGEST_SHA1, &text, 1, &sig, NULL), ERR_NOTNOW);
	assert_null(h.job);
	signer_free(s);
	signer_free(later);
	signer_free(NULL);
	buf_fini(&sig);
	buf_fini(&expected);
	fixture_remove(folder);
	fixture_remove(other);
}

static void null_keystore_has_no_keys(void **state)
{
	struct heard heard = {0};
	struct signer *s = NULL;

	assert_int_equal(signer_new(&s, keystore_null(), executor_inline()), ERR_OK);
	assert_int_equal(signer_sign(s, "a", DIGEST_SHA1, NULL, 0, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_NOTFOUND);
	assert_int_equal(signer_decrypt(s, "a", span_str("x"), 1, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_NOTFOUND);
	assert_int_equal(signer_generate(s, "a", KEY_EC, 256, hear, &heard), ERR_OK);
	assert_int_equal(heard.err, ERR_NOTFOUND);
	assert_int_equal(heard.calls, 3);
	assert_string_equal(heard.why.text, "key a: there is no keystore");
	signer_free(s);
	buf_fini(&heard.result);
}

static void every_allocation_can_fail(void **state)
{
	char *folder;
	struct signer *s = file_signer(&folder, executor_inline());
	struct span text = span_str(FIXTURE_MESSAGE);
	enum err err = ERR_NOMEM;
	struct buf sig = {0};
	struct fail why;
	size_t n;

	for (n = 1; err && n < 1000; n++) {
		buf_fini(&sig);
		fail_clear(&why);
		mem_fail_from(n);
		err = signer_sign_now(s, "rsa", DIGEST_SHA1, &text, 1, &sig, &why);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		assert_int_equal(why.code, err);
	}
	assert_true(n > 5);
	assert_int_equal(err, ERR_OK);
	signer_free(s);
	buf_fini(&sig);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_later_over_its_own_copy),
		cmocka_unit_test(decrypts),
		cmocka_unit_test(generates_once),
		cmocka_unit_test(names_stay_in_the_folder),
		cmocka_unit_test(signs_now),
		cmocka_unit_test(null_keystore_has_no_keys),
		cmocka_unit_test(every_allocation_can_fail),
	};

	return cmocka_run_group_tests_name("crypto/signer", tests, NULL, NULL);
}
