/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "crypto/keystore.h"

#include <ftw.h>
#include <sys/wait.h>

/* Keys in a PEM file and on a PKCS #11 token; the token is SoftHSM's, with a store of its own. The
 * key is that of tests/data/crypto, so that signatures are known. */

#define PIN   "48151623"
#define LABEL "SAST-TEST"

static char *home;
static const char *module;
static struct cert *rsa_cert;

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
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: status %d (is the package installed? tools/packages test)", argv[0],
			status);
}

/* In home; good until the next call. */
static char *at_home(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

static int make_token(void **state)
{
	static const char *const modules[] = {"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib/pkcs11/libsofthsm2.so"};
	char settings[512], key[256];
	size_t i;

	for (i = 0; i < sizeof(modules) / sizeof(modules[0]) && !module; i++)
		module = access(modules[i], R_OK) == 0 ? modules[i] : NULL;
	home = fixture_folder();
	assert_int_equal(file_mkdir(at_home("store"), 0700, NULL), ERR_OK);
	snprintf(settings, sizeof(settings),
		"directories.tokendir = %s/store\nobjectstore.backend = file\nlog.level = ERROR\n",
		home);
	assert_int_equal(
		file_replace(at_home("conf"), span_str(settings), 0600, FILE_NOSYNC, NULL), ERR_OK);
	setenv("SOFTHSM2_CONF", at_home("conf"), 1);
	fixture_copy("rsa.key", home);
	snprintf(key, sizeof(key), "%s", at_home("rsa.key"));
	run_program((const char *[]){"softhsm2-util", "--init-token", "--free", "--label", LABEL,
		"--so-pin", "12345678", "--pin", PIN, NULL});
	run_program((const char *[]){"softhsm2-util", "--import", key, "--token", LABEL, "--label",
		"sast", "--id", "a1", "--pin", PIN, NULL});
	rsa_cert = fixture_cert("rsa.pem");
	return module ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_token(void **state)
{
	cert_free(rsa_cert);
	assert_int_equal(nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(home);
	return 0;
}

/* The three signatures that OpenSSL made with this key, in two pieces. */
static void signs_as_openssl(struct keystore *ks, const char *name)
{
	static const char *const files[] = {"rsa-sha1.sig", "rsa-sha256.sig", "rsa-sha512.sig"};
	struct buf message = fixture_read("message.bin");
	struct span pieces[3] = {span_of(message.data, 5), span_of(NULL, 0),
		span_of(message.data + 5, message.len - 5)};
	struct fail why = {0};
	int alg;

	for (alg = DIGEST_SHA1; alg <= DIGEST_SHA512; alg++) {
		struct buf expected = fixture_read(files[alg - 1]), signature = {0};

		assert_int_equal(
			ks->sign(ks, name, (enum digest_alg)alg, pieces, 3, &signature, &why),
			ERR_OK);
		assert_true(span_eq(buf_span(&signature), buf_span(&expected)));
		buf_fini(&signature);
		buf_fini(&expected);
	}
	buf_fini(&message);
}

static void refuses_the_rest(struct keystore *ks, const char *name)
{
	struct span piece = span_str("x");
	struct buf out = {0};

	assert_int_equal(ks->sign(ks, "other", DIGEST_SHA1, &piece, 1, &out, NULL), ERR_NOTFOUND);
	assert_int_not_equal(ks->sign(ks, name, DIGEST_MD5 + 1, &piece, 1, &out, NULL), ERR_OK);
	assert_int_equal(ks->generate(ks, name, KEY_RSA, 2048, &out, NULL), ERR_UNSUPPORTED);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void a_key_in_a_file(void **state)
{
	struct buf sealed = fixture_read("aes-key.sealed"), plain = {0};
	struct keystore *ks = NULL;
	struct fail why = {0};
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err && n < 100; n++) {
		mem_fail_from(n);
		err = keystore_pem_new(&ks, at_home("rsa.key"), "node", NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(err, ERR_OK);
	assert_string_equal(ks->kind, "pem");
	signs_as_openssl(ks, "node");
	refuses_the_rest(ks, "node");
	assert_int_equal(ks->decrypt(ks, "node", buf_span(&sealed), 16, &plain, NULL), ERR_OK);
	assert_true(span_eq(buf_span(&plain), span_str("0123456789abcdef")));
	assert_int_equal(
		ks->decrypt(ks, "other", buf_span(&sealed), 16, &plain, NULL), ERR_NOTFOUND);
	ks->free(ks);
	assert_int_equal(keystore_pem_new(&ks, "/nowhere", "node", &why), ERR_NOTFOUND);
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void a_key_on_a_token(void **state)
{
	struct p11_request r = {.module = module, .token = LABEL, .pin = PIN, .cert = rsa_cert};
	struct keystore *ks = NULL;
	struct cert *found = NULL;
	struct fail why = {0};
	struct buf out = {0};
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err && n < 100; n++) {
		mem_fail_from(n);
		err = keystore_p11_open(&ks, &r, &found, NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(err, ERR_OK);
	/* No certificate is beside the key: its modulus was what told. */
	assert_null(found);
	assert_string_equal(ks->kind, "pkcs11");
	signs_as_openssl(ks, LABEL);
	refuses_the_rest(ks, LABEL);
	assert_int_equal(ks->decrypt(ks, LABEL, span_str("x"), 16, &out, NULL), ERR_UNSUPPORTED);
	ks->free(ks);
	r.pin = "0000";
	assert_int_equal(keystore_p11_open(&ks, &r, NULL, &why), ERR_PIN);
	assert_non_null(strstr(why.text, "token " LABEL ": wrong PIN"));
	r.pin = PIN;
	r.cert = NULL;
	fail_clear(&why);
	assert_int_equal(keystore_p11_open(&ks, &r, NULL, &why), ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "with a certificate beside it"));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_in_a_file),
		cmocka_unit_test(a_key_on_a_token),
	};

	return cmocka_run_group_tests_name("crypto/keystore", tests, make_token, remove_token);
}
