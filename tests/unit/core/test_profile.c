/* SPDX-License-Identifier: BSD-2-Clause
 * Are profiles that would strand phones refused, and those that work accepted? */
#include "core/profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LONGEST "12345678901234567890123456789012345678901234567890"

static struct profile make(const char *const *changes)
{
	struct profile p;
	struct fail why = {0};

	profile_defaults(&p, "Test");
	for (; changes && changes[0]; changes += 2)
		if (profile_set(&p, changes[0], changes[1], &why))
			fail_msg("%s = %s: %s", changes[0], changes[1], why.text);
	return p;
}
#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL, NULL})

static void fields_keep_the_words(void **state)
{
	static const char *const words[][2] = {{"description", "Sala 3, ça va"},
		{"deviceType", "Cisco 7961"}, {"protocol", "SIP"}, {"nonceValidityTime", "60"},
		{"deviceSecurityMode", "Authenticated"}, {"transportType", "TCP+UDP"},
		{"tftpEncryptedConfig", "true"}, {"excludeDigestCredentials", "true"},
		{"authenticationMode", "By Existing Certificate (precedence to MIC)"},
		{"keyOrder", "EC Preferred, RSA Backup"}, {"rsaKeySize", "3072"},
		{"ecKeySize", "521"}, {"sipPhonePort", "5061"}};
	const struct profile_field *f;
	struct profile p = MAKE(words[0][0], words[0][1]);
	struct buf text = {0};
	size_t i;

	for (i = 0; (f = profile_field_at(i)); i++) {
		assert_string_equal(f->key, words[i][0]);
		assert_int_equal(profile_set(&p, words[i][0], words[i][1], NULL), ERR_OK);
		buf_clear(&text);
		profile_text(&p, f, &text);
		buf_u8(&text, 0);
		assert_int_equal(buf_check(&text), ERR_OK);
		assert_string_equal((const char *)text.data, words[i][1]);
	}
	assert_int_equal(i, sizeof(words) / sizeof(words[0]));
	buf_fini(&text);
	assert_int_equal(profile_set(&p, "devicesecuritymode", "eNCRYPTED", NULL), ERR_OK);
	assert_int_equal(p.mode, 3);
}

static void wrong_words_name_the_right_ones(void **state)
{
	struct profile p = make(NULL);
	struct fail why = {0};

	assert_int_equal(profile_set(&p, "deviceSecurityMode", "Secret", &why), ERR_FORMAT);
	assert_string_equal(
		why.text, "Device Security Mode is one of: Non Secure, Authenticated, Encrypted");
	assert_int_equal(profile_set(&p, "sipPhonePort", "0", NULL), ERR_FORMAT);
	assert_int_equal(profile_set(&p, "nonceValidityTime", "3601", NULL), ERR_FORMAT);
	assert_int_equal(profile_set(&p, "tftpEncryptedConfig", "perhaps", NULL), ERR_FORMAT);
	assert_int_equal(profile_set(&p, "deviceType", "Cisco", NULL), ERR_FORMAT);
	assert_int_equal(profile_set(&p, "rsaKeySize", "1536", NULL), ERR_FORMAT);
	assert_int_equal(profile_set(&p, "colour", "blue", NULL), ERR_NOTFOUND);
	assert_int_equal(p.mode, 1);
}

static void names(void **state)
{
	static const char *const bad[] = {
		"", LONGEST "1", "a\"b", "a%b", "a&b", "a\\b", "a<b", "a>b", "a\nb"};
	struct profile p = make(NULL);
	struct fail why = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		profile_defaults(&p, bad[i]);
		assert_int_equal(profile_check(&p, NULL), ERR_FORMAT);
	}
	profile_defaults(&p, LONGEST);
	assert_int_equal(profile_check(&p, &why), ERR_OK);
	profile_defaults(&p, "Perfil do átrio");
	assert_int_equal(profile_check(&p, &why), ERR_OK);
}

static void models_can_follow(void **state)
{
	static const struct {
		const char *const changes[9];
		enum err err;
	} rows[] = {
		{{"deviceType", "7961", "deviceSecurityMode", "Encrypted", "tftpEncryptedConfig",
			 "true"},
			ERR_OK},
		{{"deviceType", "7960", "tftpEncryptedConfig", "true"}, ERR_UNSUPPORTED},
		{{"deviceType", "7960", "rsaKeySize", "2048"}, ERR_UNSUPPORTED},
		{{"deviceType", "7960", "rsaKeySize", "1024"}, ERR_OK},
		{{"deviceType", "7961", "rsaKeySize", "4096"}, ERR_UNSUPPORTED},
		{{"deviceType", "7961", "keyOrder", "EC Only", "ecKeySize", "256"},
			ERR_UNSUPPORTED},
		{{"deviceType", "7961", "keyOrder", "EC Preferred, RSA Backup", "ecKeySize", "256"},
			ERR_OK},
		{{"deviceType", "8841"}, ERR_UNSUPPORTED}, /* SCCP */
		{{"deviceType", "8841", "protocol", "SIP", "keyOrder", "EC Only", "ecKeySize",
			 "384"},
			ERR_OK},
		{{"keyOrder", "EC Only"}, ERR_FORMAT},
		{{"protocol", "SIP", "deviceSecurityMode", "Encrypted", "transportType", "TCP"},
			ERR_FORMAT},
		{{"protocol", "SIP", "deviceSecurityMode", "Encrypted", "transportType", "TLS"},
			ERR_OK},
		{{"protocol", "SCCP", "transportType", "TLS"}, ERR_FORMAT},
		{{"deviceType", "7912", "deviceSecurityMode", "Authenticated"}, ERR_UNSUPPORTED},
		{{"deviceType", "4711", "tftpEncryptedConfig", "true", "rsaKeySize", "1024"},
			ERR_UNSUPPORTED},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = make(rows[i].changes);
		struct fail why = {0};
		enum err err = profile_check(&p, &why);

		if (err != rows[i].err)
			fail_msg("row %zu: %d, %s", i, (int)err, why.text);
	}
}

static void phones_are_not_stranded(void **state)
{
	static const struct {
		const char *const changes[9];
		int type;
		bool has_lsc;
		int own_auth;
		enum err err;
	} rows[] = {
		{{"deviceSecurityMode", "Encrypted", "authenticationMode",
			 "By Authentication String"},
			30018, false, 0, ERR_NOTNOW},
		{{"deviceSecurityMode", "Encrypted", "authenticationMode",
			 "By Authentication String"},
			30018, true, 0, ERR_OK},
		{{"tftpEncryptedConfig", "true", "authenticationMode", "By Authentication String"},
			30018, false, 0, ERR_NOTNOW},
		{{"authenticationMode", "By Authentication String"}, 30018, false, 0, ERR_OK},
		{{"deviceSecurityMode", "Encrypted"}, 30018, false, 0, ERR_OK},
		/* The phone's own mode counts. */
		{{"deviceSecurityMode", "Encrypted"}, 30018, false, PROFILE_AUTH_STRING,
			ERR_NOTNOW},
		{{"authenticationMode", "By Existing Certificate (precedence to LSC)"}, 30018,
			false, 0, ERR_OK}, /* a 7961 has a MIC */
		{{"authenticationMode", "By Existing Certificate (precedence to MIC)", "rsaKeySize",
			 "1024"},
			7, false, 0, ERR_NOTNOW},
		{{"authenticationMode", "By Existing Certificate (precedence to LSC)", "rsaKeySize",
			 "1024"},
			7, true, 0, ERR_OK},
		{{"tftpEncryptedConfig", "true"}, 7, true, 0, ERR_UNSUPPORTED},
		{{"deviceType", "7970"}, 30018, true, 0, ERR_UNSUPPORTED},
		{{"protocol", "SIP"}, 30018, true, 0, ERR_UNSUPPORTED},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = make(rows[i].changes);
		struct profile_phone phone = {.name = "SEP0011215A1AE3",
			.model = model_of(rows[i].type),
			.protocol = STORE_SCCP,
			.has_lsc = rows[i].has_lsc,
			.auth = rows[i].own_auth};
		struct fail why = {0};
		enum err err = profile_check_phone(&p, &phone, &why);

		if (err != rows[i].err)
			fail_msg("row %zu: %d, %s", i, (int)err, why.text);
		if (!err)
			continue;
		assert_non_null(strstr(why.text, "SEP0011215A1AE3"));
		/* Whole, also behind a line's number or a count of phones. */
		assert_true(strlen(why.text) < 215);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_keep_the_words),
		cmocka_unit_test(wrong_words_name_the_right_ones),
		cmocka_unit_test(names),
		cmocka_unit_test(models_can_follow),
		cmocka_unit_test(phones_are_not_stranded),
	};

	return cmocka_run_group_tests_name("core/profile", tests, NULL, NULL);
}
