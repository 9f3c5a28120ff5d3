/* SPDX-License-Identifier: BSD-2-Clause
 * Configurations made by tests/data/make-phone-lists.py and by certutils. */
#include "fixture.h"

#include "sim/config.h"

#define SGN "SEP0011215A1AE3.cnf.xml.sgn"
#define ENC "SEP0011215A1AE3.cnf.xml.enc.sgn"

static const struct sim_judge phone = {.digests = 1u << TLV_SHA1};

static const struct row {
	const char *ctl, *file, *name;
	enum err code;
} rows[] = {
	{"phone/ctl-a.tlv", "phone/config.sgn", SGN, ERR_OK},
	{"phone/ctl-a.tlv", "phone/config-stranger.sgn", SGN, ERR_TRUST},
	{"phone/ctl-a.tlv", "phone/config-signed-by-capf.sgn", SGN, ERR_TRUST},
	{"phone/ctl-a.tlv", "phone/config-other-name.sgn", SGN, ERR_TRUST},
	{"phone/ctl-a.tlv", "phone/config-altered.sgn", SGN, ERR_VERIFY},
	{"phone/ctl-a.tlv", "phone/config.xml", SGN, ERR_FORMAT},
	{NULL, "phone/config.sgn", SGN, ERR_TRUST},
	{NULL, "phone/config.xml", "SEP0011215A1AE3.cnf.xml", ERR_OK},
	{"phone/ctl-a.tlv", "phone/config.enc.sgn", ENC, ERR_OK},
	{"phone/ctl-a.tlv", "phone/config.enc.sgn", SGN, ERR_UNSUPPORTED},
	{"phone/ctl-a.tlv", "phone/config-stranger.enc.sgn", ENC, ERR_TRUST},
	{"phone/ctl-a.tlv", "phone/config-other-key.enc.sgn", ENC, ERR_CRYPTO},
	{"phone/ctl-a.tlv", "phone/config-other-key-1024.enc.sgn", ENC, ERR_CRYPTO},
	{"phone/ctl-a.tlv", "phone/config-wrong-hash.enc.sgn", ENC, ERR_CRYPTO},
};

static struct key *own_key(void)
{
	struct buf der = fixture_read("phone/lsc-key.der");
	struct key *key = NULL;

	assert_int_equal(key_from_der(&key, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return key;
}

static void configurations_are_judged(void **state)
{
	struct key *key = own_key();
	struct buf clear = fixture_read("phone/config.xml");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf ctl = rows[i].ctl ? fixture_read(rows[i].ctl) : (struct buf){0};
		struct buf file = fixture_read(rows[i].file), xml = {0};
		struct sim_held held = {.ctl = buf_span(&ctl)};
		struct cnfxml config;
		struct fail why = {0};
		unsigned header;
		enum err err = sim_config_open(&phone, &held, (struct span){0}, key, rows[i].name,
			buf_span(&file), &xml, &config, &header, &why);

		if (err != rows[i].code)
			fail_msg("row %zu, %s: %d: %s", i, rows[i].file, (int)err, why.text);
		if (err == ERR_OK) {
			assert_true(span_eq(buf_span(&xml), buf_span(&clear)));
			assert_int_equal(config.security_mode, 3);
			assert_int_equal(config.managers_count, 1);
		}
		buf_fini(&ctl);
		buf_fini(&file);
		buf_fini(&xml);
	}
	buf_fini(&clear);
	key_free(key);
}

static void without_a_key_nothing_is_decrypted(void **state)
{
	struct buf ctl = fixture_read("phone/ctl-a.tlv"),
		   file = fixture_read("phone/config.enc.sgn");
	struct sim_held held = {.ctl = buf_span(&ctl)};
	struct buf xml = {0};
	struct cnfxml config;
	unsigned header;

	assert_int_equal(sim_config_open(&phone, &held, (struct span){0}, NULL, ENC,
				 buf_span(&file), &xml, &config, &header, NULL),
		ERR_CRYPTO);
	assert_int_equal(xml.len, 0);
	buf_fini(&ctl);
	buf_fini(&file);
	buf_fini(&xml);
}

static void certutils_files_open(void **state)
{
	struct buf itl = fixture_read("lists/certutils/ITLFile.tlv");
	struct buf file = fixture_read("lists/certutils/SEP001122334455.cnf.xml.enc.sgn");
	struct buf clear = fixture_read("lists/certutils/SEP001122334455.cnf.xml");
	struct buf der = fixture_read("lists/certutils/phone.key"), xml = {0};
	struct sim_held held = {.itl = buf_span(&itl)};
	struct key *key = NULL;
	struct cnfxml config;
	struct fail why = {0};
	unsigned header;

	assert_int_equal(key_from_der(&key, buf_span(&der), &why), ERR_OK);
	if (sim_config_open(&phone, &held, (struct span){0}, key, "SEP001122334455.cnf.xml.enc.sgn",
		    buf_span(&file), &xml, &config, &header, &why))
		fail_msg("%s", why.text);
	assert_true(span_eq(buf_span(&xml), buf_span(&clear)));
	key_free(key);
	buf_fini(&itl);
	buf_fini(&file);
	buf_fini(&clear);
	buf_fini(&der);
	buf_fini(&xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations_are_judged),
		cmocka_unit_test(without_a_key_nothing_is_decrypted),
		cmocka_unit_test(certutils_files_open),
	};

	return cmocka_run_group_tests_name("sim/config", tests, NULL, NULL);
}
