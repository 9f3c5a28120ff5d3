/* SPDX-License-Identifier: BSD-2-Clause
 * What authorities hand back: files made by openssl, and what is left of them. */
#include "fixture.h"

#include "base/file.h"
#include "crypto/bundle.h"

static char folder[64];

static int run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && (%s) 2>/dev/null", folder, command);
	return system(line);
}

static int make_files(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%.40s/bundle-XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	return run(
		"for n in 1 2 3; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		"-nodes -keyout k -out $n.pem -days 9 -subj /CN=$n; openssl x509 -in $n.pem "
		"-outform DER -out $n.der; done; cat 1.pem k 2.pem > many.pem; "
		"openssl crl2pkcs7 -nocrl -certfile 1.pem -certfile 2.pem -certfile 3.pem -out "
		"p7.pem; openssl pkcs7 -in p7.pem -outform DER -out p7.der; "
		"openssl crl2pkcs7 -nocrl -certfile 3.pem -out one7.pem; cat many.pem one7.pem > "
		"mixed.pem; openssl base64 -in p7.der -out p7.b64; openssl pkcs7 -in p7.der "
		"-inform DER -outform DER -out x; printf '\\000' >> x; mv x trailing.der; "
		"sed '$d' 1.pem > cut.pem; openssl cms -encrypt -in k -outform DER -out enveloped.der "
		"1.pem || openssl smime -encrypt -in k -outform DER -out enveloped.der 1.pem; "
		"for i in $(seq 65); do cat 1.pem; done > too-many.pem");
}

static int remove_files(void **state)
{
	char line[128];

	(void)state;
	snprintf(line, sizeof(line), "rm -r %s", folder);
	return system(line);
}

static struct buf file(const char *name)
{
	char *path = file_join(folder, name);
	struct buf out = {0};

	assert_int_equal(file_read(path, 1 << 20, &out, NULL), ERR_OK);
	mem_free(path);
	return out;
}

static void every_form_is_read(void **state)
{
	static const struct {
		const char *name, *commons;
	} rows[] = {{"1.pem", "1"}, {"2.der", "2"}, {"many.pem", "12"}, {"p7.pem", "123"},
		{"p7.der", "123"}, {"mixed.pem", "123"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text = file(rows[i].name);
		struct bundle b;

		assert_int_equal(bundle_read(&b, buf_span(&text), NULL), ERR_OK);
		assert_int_equal(b.count, strlen(rows[i].commons));
		for (size_t k = 0; k < b.count; k++)
			assert_int_equal(cert_common_name(b.certs[k])[0], rows[i].commons[k]);
		bundle_fini(&b);
		buf_fini(&text);
	}
}

static void base_64_of_others_is_read(void **state)
{
	static const char *const bad[] = {"A", "AB", "ABC", "ABCD=", "AB=C", "A===", "AB===", "=",
		"AB==AB==", "AB!=", "ABCDE"};
	struct buf text = file("p7.b64"), der = file("p7.der"), out = {0};
	struct fail why;

	(void)state;
	assert_int_equal(bundle_base64(&out, buf_span(&text), NULL), ERR_OK);
	assert_true(span_eq(buf_span(&out), buf_span(&der)));
	buf_clear(&out);
	assert_int_equal(bundle_base64(&out, span_str("Zm9v\r\n Yg=\t= "), NULL), ERR_OK);
	assert_true(span_eq(buf_span(&out), span_str("foob")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fail_clear(&why);
		assert_int_equal(bundle_base64(&out, span_str(bad[i]), &why), ERR_FORMAT);
		assert_string_not_equal(why.text, "");
	}
	buf_fini(&text);
	buf_fini(&der);
	buf_fini(&out);
}

static void damaged_files_leave_nothing(void **state)
{
	static const struct {
		const char *name;
		enum err err;
	} rows[] = {{"k", ERR_FORMAT}, {"cut.pem", ERR_FORMAT}, {"trailing.der", ERR_FORMAT},
		{"enveloped.der", ERR_FORMAT}, {"too-many.pem", ERR_LIMIT}, {"p7.b64", ERR_FORMAT}};
	struct buf whole = file("p7.der");
	struct bundle b;
	struct fail why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text = file(rows[i].name);

		fail_clear(&why);
		assert_int_equal(bundle_read(&b, buf_span(&text), &why), rows[i].err);
		assert_int_equal(b.count, 0);
		assert_string_not_equal(why.text, "");
		buf_fini(&text);
	}
	for (size_t len = 0; len < whole.len; len++) {
		assert_int_not_equal(bundle_read(&b, span_of(whole.data, len), &why), ERR_OK);
		assert_int_equal(b.count, 0);
	}
	/* Every byte spoilt: whatever comes of it comes whole. */
	for (size_t at = 0; at < whole.len; at++) {
		whole.data[at] ^= 0x41;
		if (bundle_read(&b, buf_span(&whole), &why) == ERR_OK)
			bundle_fini(&b);
		whole.data[at] ^= 0x41;
	}
	buf_fill(&whole, 0, BUNDLE_SIZE_MAX);
	assert_int_equal(bundle_read(&b, buf_span(&whole), &why), ERR_LIMIT);
	buf_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(base_64_of_others_is_read),
		cmocka_unit_test(damaged_files_leave_nothing),
	};

	return cmocka_run_group_tests_name("crypto/bundle", tests, make_files, remove_files);
}
