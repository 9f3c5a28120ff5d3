/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#define GUIDE_NAME "CN=CUCM8-Publisher.bbbburns.lab;OU=AS;O=Cisco;L=RTP;ST=NC;C=US"

/* 62 characters and a NUL in every list that names this server. */
static void print_order_is_fixed(void **state)
{
	struct cert *a = fixture_cert("rsa.pem"), *b = fixture_cert("rsa-other-order.pem");

	assert_string_equal(cert_subject(a), GUIDE_NAME);
	assert_int_equal(strlen(cert_subject(a)), 62);
	assert_string_equal(cert_subject(b), GUIDE_NAME);
	assert_string_equal(cert_issuer(b), GUIDE_NAME);
	assert_string_equal(cert_common_name(a), "CUCM8-Publisher.bbbburns.lab");
	cert_free(a);
	cert_free(b);
}

static void odd_names(void **state)
{
	struct cert *c = fixture_cert("name-odd.der");

	assert_string_equal(cert_subject(c), "CN=a\\;b\\\\c;OU=first;OU=second;L=S\xC3\xA3o Paulo;"
					     "serialNumber=PID:CP-7962G SN:FCH1;1.2.3.4.5=own");
	assert_string_equal(cert_common_name(c), "a;b\\c");
	cert_free(c);
	c = fixture_cert("name-none.der");
	assert_string_equal(cert_subject(c), "O=Cisco");
	assert_string_equal(cert_common_name(c), "");
	cert_free(c);
}

static void rfc4514_names(void **state)
{
	/* What Python's cryptography makes of these certificates, one attribute after another. */
	static const struct {
		const char *file, *subject;
	} rows[] = {
		{"name-escaped.der",
			"CN=\\ #lead trail\\ ,O=a\\\\b\\<c\\>\\, \\\"d\\\" \\+ e=1\\; f,1.2.840.113549.1.9.1=x@y.z,DC=example,UID=\\\"u\\\" v,STREET=\\#1,2.5.4.12=t"},
		{"name-odd.der", "2.5.4.5=PID:CP-7962G SN:FCH1,OU=first,L=S\xC3\xA3"
				 "o Paulo,OU=second,CN=a\\;b\\\\c,1.2.3.4.5=own"},
		{"rsa.pem", "C=US,ST=NC,L=RTP,O=Cisco,OU=AS,CN=CUCM8-Publisher.bbbburns.lab"},
		{"rsa-other-order.pem",
			"CN=CUCM8-Publisher.bbbburns.lab,OU=AS,O=Cisco,ST=NC,L=RTP,C=US"},
		{"name-none.der", "O=Cisco"},
	};
	struct buf subject = {0}, issuer = {0};
	struct fail why = {0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert *c = fixture_cert(rows[i].file);

		buf_clear(&subject);
		assert_int_equal(cert_names_rfc4514(c, &subject, &issuer, &why), ERR_OK);
		if (!span_eq(buf_span(&subject), span_str(rows[i].subject)))
			fail_msg("%s: %.*s", rows[i].file, (int)subject.len, (char *)subject.data);
		assert_true(cert_name_same(buf_span(&subject), span_str(cert_subject(c))));
		cert_free(c);
	}
	buf_fini(&subject);
	buf_fini(&issuer);
}

/* Else a phone's certificate could pass for another's. */
static void nul_in_name_is_refused(void **state)
{
	struct fail why = {0};
	struct cert *c = NULL;

	assert_int_equal(cert_load(&c, fixture_path("name-nul.der"), &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "NUL"));
	assert_null(c);
}

static void same(const char *a, const char *b)
{
	if (!cert_name_same(span_str(a), span_str(b)) || !cert_name_same(span_str(b), span_str(a)))
		fail_msg("should be the same: %s | %s", a, b);
}

static void different(const char *a, const char *b)
{
	if (cert_name_same(span_str(a), span_str(b)) || cert_name_same(span_str(b), span_str(a)))
		fail_msg("should differ: %s | %s", a, b);
}

static void comparing(void **state)
{
	same("cn=\"SAST-ADN4e31f914        \";ou=IPCBU;o=\"Cisco Systems",
		"CN=SAST-ADN4e31f914;OU=IPCBU;O=Cisco Systems, Inc.");
	same("cn=Cisco Manufacturing CA;o=Cisco Systems",
		"O=Cisco Systems;CN=Cisco Manufacturing CA");
	same("CN=SAST,O=SAST,OU=SAST", "CN=SAST;OU=SAST;O=SAST");
	same("CN=a\\,b,O=c", "CN=a,b;O=c");
	same("CN=a\\;b;O=c", "CN=\"a;b\";O=c");
	same("CN=caf\\C3\\A9,O=x", "CN=caf\xC3\xA9;O=x");
	same("CN=x;OU=1;OU=2", "OU=2;CN=x;OU=1");
	same("CN=x ; O=y", "cn=x;o=y");
	same("", "");
	same("CN=;O=a", "O=a;CN=");
	/* certutils knows few keys by their words. */
	same("emailAddress=x@y.z;CN=a", "CN=a,1.2.840.113549.1.9.1=x@y.z");
	same("serialNumber=FCH1;CN=a", "2.5.4.5=FCH1,CN=a");
	same("CN=a;1.2.3.4.5=own", "1.2.3.4.5=own,CN=a");
	same("CN= #lead trail ;O=a\\\\b<c>", "CN=\\ #lead trail\\ ,O=a\\\\b\\<c\\>");
	same("CN=\"a\" b;O=c", "CN=\\\"a\\\" b,O=c");
	same("CN=\"a\";O=c", "CN=\\\"a\\\",O=c");
}

static void comparing_different(void **state)
{
	different("CN=a", "CN=b");
	different("CN=a", "CN=a;O=b");
	different("CN=a", "OU=a");
	different("CN=A", "CN=a");
	different("CN=ab", "CN=a");
	different("CN=x;OU=1;OU=1", "CN=x;OU=1;OU=2");
	/* Cut, but not a prefix; and nothing is no prefix of everything. */
	different("o=\"Cisco Sx", "O=Cisco Systems, Inc.");
	different("o=\"", "O=Cisco Systems, Inc.");
	different("o=\"\"", "O=Cisco");
	/* A closed quote is a whole value. */
	different("o=\"Cisco\"", "O=Cisco Systems, Inc.");
	different("no name at all", "CN=a");
	different("CN=a\\", "CN=a");
	different("emailAddress=x;CN=a", "CN=a,2.5.4.5=x");
	different("1.2.3.4.5=own;CN=a", "1.2.3.4.6=own;CN=a");
	different("own=1;CN=a", "1.2.3.4.5=1;CN=a");
	different("", "CN=a");
}

/* The whole value takes its partner before a cut one may. */
static void cut_value_takes_what_is_left(void **state)
{
	same("OU=\"Ci;OU=Cisco;CN=x", "CN=x;OU=Cisco;OU=City");
	same("OU=Cisco;CN=x;OU=\"Ci", "OU=Cisco;OU=City;CN=x");
}

static void too_many_attributes(void **state)
{
	struct buf a = {0}, b = {0};
	int i;

	for (i = 0; i < 40; i++) {
		buf_printf(&a, "OU=%d;", i);
		buf_printf(&b, "OU=%d;", 39 - i);
	}
	assert_false(cert_name_same(buf_span(&a), buf_span(&b)));
	assert_true(cert_name_same(buf_span(&a), buf_span(&a)));
	buf_fini(&a);
	buf_fini(&b);
}

static bool serial_same(const char *a, size_t a_len, const char *b, size_t b_len, bool reversed)
{
	return cert_serial_same(span_of(a, a_len), span_of(b, b_len), reversed);
}

/* The guide's token: BD:A3:02:00:00:00:D8:88:64:1F in the list. */
static void serials(void **state)
{
	static const char file[] = "\xBD\xA3\x02\x00\x00\x00\xD8\x88\x64\x1F";
	static const char cert[] = "\x1F\x64\x88\xD8\x00\x00\x00\x02\xA3\xBD";

	assert_true(serial_same(file, 10, cert, 10, true));
	assert_true(serial_same(cert, 10, file, 10, true));
	assert_false(serial_same(file, 10, cert, 10, false));
	assert_true(serial_same("\0\x8F\x11", 3, "\x8F\x11", 2, false));
	assert_true(serial_same("\x8F\x11", 2, "\x11\x8F\0", 3, true));
	assert_false(serial_same("\x8F\x11", 2, "\x8F\x12", 2, true));
	assert_false(serial_same("\x8F\x11", 2, "\x8F", 1, true));
	assert_true(serial_same("\0", 1, "", 0, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(print_order_is_fixed),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(rfc4514_names),
		cmocka_unit_test(nul_in_name_is_refused),
		cmocka_unit_test(comparing),
		cmocka_unit_test(comparing_different),
		cmocka_unit_test(cut_value_takes_what_is_left),
		cmocka_unit_test(too_many_attributes),
		cmocka_unit_test(serials),
	};

	return cmocka_run_group_tests_name("crypto/name", tests, NULL, NULL);
}
