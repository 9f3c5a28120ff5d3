/* SPDX-License-Identifier: BSD-2-Clause
 * The rule of trust over lists made by tests/data/make-phone-lists.py and by certutils. */
#include "fixture.h"

#include "sim/trust.h"

static const struct sim_judge phone = {.digests = 1u << TLV_SHA1};
static const struct sim_judge newer = {.digests = 1u << TLV_SHA1 | 1u << TLV_SHA512};

struct held_files {
	struct buf ctl, itl;
	struct sim_held held;
};

static struct held_files hold(const char *ctl, const char *itl)
{
	struct held_files h = {0};

	if (ctl)
		h.ctl = fixture_read(ctl);
	if (itl)
		h.itl = fixture_read(itl);
	h.held = (struct sim_held){.ctl = buf_span(&h.ctl), .itl = buf_span(&h.itl)};
	return h;
}

static void drop(struct held_files *h)
{
	buf_fini(&h->ctl);
	buf_fini(&h->itl);
}

static const struct row {
	const char *ctl, *itl; /* held */
	const char *offered, *name;
	enum sim_verdict verdict;
	enum err code;
} rows[] = {
	/* The first list: its own SAST record must bear the signature out. */
	{NULL, NULL, "phone/ctl-a.tlv", "CTLFile.tlv", SIM_LIST_NEW, ERR_OK},
	{NULL, NULL, "phone/ctl-stranger.tlv", "CTLFile.tlv", SIM_LIST_NEW, ERR_OK},
	{NULL, NULL, "phone/ctl-a-bad-signature.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED,
		ERR_VERIFY},
	{NULL, NULL, "phone/ctl-without-signer.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED, ERR_TRUST},
	{NULL, NULL, "phone/ctl-signed-by-manager.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED,
		ERR_TRUST},
	{NULL, NULL, "phone/ctl-contradictory.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED, ERR_TRUST},
	{NULL, NULL, "phone/ctl-a-truncated.tlv", "CTLFile.tlv", SIM_LIST_UNREADABLE, ERR_SHORT},
	{NULL, NULL, "phone/ctl-a-named-itl.tlv", "CTLFile.tlv", SIM_LIST_UNREADABLE, ERR_FORMAT},
	{NULL, NULL, "phone/ctl-a-sha512.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED, ERR_UNSUPPORTED},
	{NULL, NULL, "phone/itl.tlv", "ITLFile.tlv", SIM_LIST_NEW, ERR_OK},
	{NULL, NULL, "lists/CTLFile.tlv", "CTLFile.tlv", SIM_LIST_NEW, ERR_OK},
	{NULL, NULL, "lists/certutils/ITLFile.tlv", "ITLFile.tlv", SIM_LIST_NEW, ERR_OK},
	/* A list is held: the signer must be one of its SASTs. */
	{"phone/ctl-a.tlv", NULL, "phone/ctl-a.tlv", "CTLFile.tlv", SIM_LIST_SAME, ERR_OK},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-a2-signed-by-second.tlv", "CTLFile.tlv", SIM_LIST_NEW,
		ERR_OK},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-stranger.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED,
		ERR_TRUST},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-impostor.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED,
		ERR_VERIFY},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-signed-by-manager.tlv", "CTLFile.tlv",
		SIM_LIST_UNVERIFIED, ERR_TRUST},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-a-bad-signature.tlv", "CTLFile.tlv",
		SIM_LIST_UNVERIFIED, ERR_VERIFY},
	{"phone/ctl-a.tlv", NULL, "phone/ctl-a-truncated.tlv", "CTLFile.tlv", SIM_LIST_UNREADABLE,
		ERR_SHORT},
	{"phone/ctl-stranger.tlv", NULL, "phone/ctl-a.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED,
		ERR_TRUST},
	/* An ITL beside a CTL may be signed by the server that signs files. docs/decisions/0004 */
	{"phone/ctl-a.tlv", NULL, "phone/itl.tlv", "ITLFile.tlv", SIM_LIST_NEW, ERR_OK},
	{"lists/CTLFile.tlv", NULL, "phone/itl.tlv", "ITLFile.tlv", SIM_LIST_UNVERIFIED, ERR_TRUST},
	/* An ITL is held as well: the CTL counts first, then the ITL. */
	{"phone/ctl-a.tlv", "phone/itl.tlv", "phone/ctl-signed-by-manager.tlv", "CTLFile.tlv",
		SIM_LIST_NEW, ERR_OK},
	{NULL, "phone/itl.tlv", "phone/ctl-a.tlv", "CTLFile.tlv", SIM_LIST_UNVERIFIED, ERR_TRUST},
	{NULL, "phone/itl.tlv", "phone/itl.tlv", "ITLFile.tlv", SIM_LIST_SAME, ERR_OK},
};

static void lists_are_judged(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct held_files h = hold(rows[i].ctl, rows[i].itl);
		struct buf offered = fixture_read(rows[i].offered);
		struct fail why = {0};
		enum sim_verdict v =
			sim_trust_list(&phone, &h.held, buf_span(&offered), rows[i].name, &why);

		if (v != rows[i].verdict || why.code != rows[i].code)
			fail_msg("row %zu, %s: verdict %d, code %d: %s", i, rows[i].offered, (int)v,
				(int)why.code, why.text);
		buf_fini(&offered);
		drop(&h);
	}
}

/* Not one altered byte of a list passes, wherever it stands. */
static void no_altered_list_passes(void **state)
{
	struct sim_held none = {0};
	struct buf list = fixture_read("phone/ctl-a.tlv");

	for (size_t i = 0; i < list.len; i++) {
		enum sim_verdict v;

		list.data[i] ^= 0x20;
		v = sim_trust_list(&phone, &none, buf_span(&list), "CTLFile.tlv", NULL);
		if (v == SIM_LIST_NEW || v == SIM_LIST_SAME)
			fail_msg("byte %zu altered, and the list is accepted", i);
		list.data[i] ^= 0x20;
	}
	buf_fini(&list);
}

static void models_know_digests(void **state)
{
	struct sim_held none = {0};
	struct buf list = fixture_read("phone/ctl-a-sha512.tlv");
	struct buf theirs = fixture_read("lists/certutils/ITLFile-sha512.tlv");

	assert_int_equal(sim_model_digests(30018), 1u << TLV_SHA1);
	assert_true(sim_model_digests(683) & 1u << TLV_SHA512);
	assert_int_equal(
		sim_trust_list(&newer, &none, buf_span(&list), "CTLFile.tlv", NULL), SIM_LIST_NEW);
	assert_int_equal(sim_trust_list(&newer, &none, buf_span(&theirs), "ITLFile.tlv", NULL),
		SIM_LIST_NEW);
	buf_fini(&list);
	buf_fini(&theirs);
}

static void dates_count_with_a_clock_only(void **state)
{
	struct sim_held none = {0};
	struct sim_judge judge = {.digests = 1u << TLV_SHA1, .dates = true};
	struct buf list = fixture_read("phone/ctl-a.tlv");
	struct fail why = {0};

	judge.now = 1700000000; /* 2023 */
	assert_int_equal(
		sim_trust_list(&judge, &none, buf_span(&list), "CTLFile.tlv", NULL), SIM_LIST_NEW);
	judge.now = 2600000000; /* 2052 */
	assert_int_equal(sim_trust_list(&judge, &none, buf_span(&list), "CTLFile.tlv", &why),
		SIM_LIST_UNVERIFIED);
	assert_int_equal(why.code, ERR_EXPIRED);
	judge.dates = false;
	assert_int_equal(
		sim_trust_list(&judge, &none, buf_span(&list), "CTLFile.tlv", NULL), SIM_LIST_NEW);
	buf_fini(&list);
}

static enum err server(const struct sim_judge *judge, const struct held_files *h,
	enum sim_server role, const char *cert)
{
	struct buf der = fixture_read(cert);
	enum err err = sim_trust_server(judge, &h->held, role, buf_span(&der), NULL);

	buf_fini(&der);
	return err;
}

static void servers_are_judged_by_role(void **state)
{
	struct held_files h = hold("phone/ctl-a.tlv", NULL), none = {0};
	struct sim_judge dated = {.dates = true, .now = 1700000000};

	assert_int_equal(server(&phone, &h, SIM_SERVER_CAPF, "phone/capf.der"), ERR_OK);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CCM, "phone/manager.der"), ERR_OK);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CAPF, "phone/manager.der"), ERR_TRUST);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CCM, "phone/capf.der"), ERR_TRUST);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CCM, "phone/stranger.der"), ERR_TRUST);
	assert_int_equal(server(&phone, &none, SIM_SERVER_CCM, "phone/manager.der"), ERR_TRUST);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CCM, "phone/old.der"), ERR_OK);
	assert_int_equal(server(&dated, &h, SIM_SERVER_CCM, "phone/old.der"), ERR_EXPIRED);
	drop(&h);
	h = hold(NULL, "phone/itl.tlv"); /* its CAPF record holds only the certificate's hash */
	assert_int_equal(server(&phone, &h, SIM_SERVER_CAPF, "phone/capf.der"), ERR_OK);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CAPF, "phone/stranger.der"), ERR_TRUST);
	assert_int_equal(server(&phone, &h, SIM_SERVER_CCM, "phone/manager.der"), ERR_TRUST);
	drop(&h);
}

static void names_have_the_list_s_addresses(void **state)
{
	static const uint8_t want[4] = {192, 0, 2, 11};
	struct held_files h = hold("phone/ctl-a.tlv", NULL);
	uint8_t address[4];

	assert_true(sim_trust_address(&h.held, "old.example", address));
	assert_memory_equal(address, want, 4);
	assert_false(sim_trust_address(&h.held, "new.example", address));
	drop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_judged),
		cmocka_unit_test(no_altered_list_passes),
		cmocka_unit_test(models_know_digests),
		cmocka_unit_test(dates_count_with_a_clock_only),
		cmocka_unit_test(servers_are_judged_by_role),
		cmocka_unit_test(names_have_the_list_s_addresses),
	};

	return cmocka_run_group_tests_name("sim/trust", tests, NULL, NULL);
}
