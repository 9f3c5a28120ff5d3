/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include "sim/flash.h"

#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "SEP0011215A1AE3"

static char folder[] = "/tmp/cadeado-test-flash-XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct sim_flash f;
	int bad = sim_flash_open(&f, folder, DEVICE, NULL) || sim_flash_erase(&f, NULL);

	sim_flash_fini(&f);
	return bad || rmdir(folder);
}

static struct key *own_key(void)
{
	struct buf der = fixture_read("phone/lsc-key.der");
	struct key *key = NULL;

	assert_int_equal(key_from_der(&key, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return key;
}

static struct sim_flash open_flash(void)
{
	struct sim_flash f;
	struct fail why = {0};

	if (sim_flash_open(&f, folder, DEVICE, &why))
		fail_msg("%s", why.text);
	return f;
}

static void put(struct sim_flash *f)
{
	struct buf ctl = fixture_read("phone/ctl-a.tlv"), lsc = fixture_read("phone/lsc.der");
	struct buf config = fixture_read("phone/config.xml");

	assert_int_equal(sim_flash_put_list(f, SIM_CTL, buf_span(&ctl), NULL), ERR_OK);
	assert_int_equal(sim_flash_put_config(f, buf_span(&config), NULL), ERR_OK);
	assert_int_equal(sim_flash_take_lsc(f, own_key(), buf_span(&lsc), NULL), ERR_OK);
	buf_fini(&ctl);
	buf_fini(&lsc);
	buf_fini(&config);
}

static mode_t mode_of(const char *name)
{
	char *path = file_join(folder, name);
	struct stat st;

	assert_non_null(path);
	assert_int_equal(stat(path, &st), 0);
	mem_free(path);
	return st.st_mode & 0777;
}

static void what_is_put_is_found_again(void **state)
{
	struct sim_flash f = open_flash();
	struct buf ctl = fixture_read("phone/ctl-a.tlv");

	put(&f);
	sim_flash_fini(&f);
	f = open_flash();
	assert_true(span_eq(sim_flash_get_held(&f).ctl, buf_span(&ctl)));
	assert_int_equal(sim_flash_get_held(&f).itl.len, 0);
	assert_non_null(f.key);
	assert_true(sim_cert_fits(buf_span(&f.lsc), f.key));
	assert_true(f.config.len > 0);
	assert_int_equal(mode_of("lsc.key"), 0600);
	assert_int_equal(mode_of(DEVICE ".cnf.xml"), 0600);
	assert_int_equal(sim_flash_erase(&f, NULL), ERR_OK);
	sim_flash_fini(&f);
	f = open_flash();
	assert_int_equal(sim_flash_get_held(&f).ctl.len + f.config.len + f.lsc.len, 0);
	assert_null(f.key);
	sim_flash_fini(&f);
	buf_fini(&ctl);
}

static void a_certificate_for_another_key_is_refused(void **state)
{
	struct sim_flash f = open_flash();
	struct buf theirs = fixture_read("phone/stranger.der");
	struct fail why = {0};

	put(&f);
	assert_int_equal(sim_flash_take_lsc(&f, own_key(), buf_span(&theirs), &why), ERR_CRYPTO);
	assert_non_null(f.key); /* the old pair stays */
	assert_true(sim_cert_fits(buf_span(&f.lsc), f.key));
	sim_flash_fini(&f);
	buf_fini(&theirs);
}

/* Power gone after LSC.pem was replaced: the key still has the name it had during the change. */
static void a_cut_off_installation_is_completed(void **state)
{
	struct sim_flash f = open_flash();
	struct key *other = NULL;
	char *key = file_join(folder, "lsc.key"), *fresh = file_join(folder, "lsc.key.new");

	put(&f);
	sim_flash_fini(&f);
	assert_non_null(key);
	assert_non_null(fresh);
	assert_int_equal(rename(key, fresh), 0);
	assert_int_equal(key_generate(&other, KEY_RSA, 1024, NULL), ERR_OK);
	assert_int_equal(key_save_pem(other, key, NULL), ERR_OK);
	key_free(other);
	f = open_flash();
	assert_non_null(f.key);
	assert_int_not_equal(access(fresh, F_OK), 0);
	sim_flash_fini(&f);
	f = open_flash();
	assert_non_null(f.key);
	sim_flash_fini(&f);
	mem_free(key);
	mem_free(fresh);
}

/* Power gone before: the new key alone means nothing. */
static void a_key_without_its_certificate_is_dropped(void **state)
{
	struct sim_flash f = open_flash();
	struct key *other = NULL;
	char *fresh = file_join(folder, "lsc.key.new");

	put(&f);
	sim_flash_fini(&f);
	assert_non_null(fresh);
	assert_int_equal(key_generate(&other, KEY_RSA, 1024, NULL), ERR_OK);
	assert_int_equal(key_save_pem(other, fresh, NULL), ERR_OK);
	key_free(other);
	f = open_flash();
	assert_non_null(f.key);
	assert_int_not_equal(access(fresh, F_OK), 0);
	sim_flash_fini(&f);
	mem_free(fresh);
}

static void a_damaged_list_is_none(void **state)
{
	struct sim_flash f = open_flash();
	char *path = file_join(folder, "CTLFile.tlv");

	assert_non_null(path);
	assert_int_equal(file_replace(path, span_str("worn out"), 0644, FILE_NOSYNC, NULL), ERR_OK);
	sim_flash_fini(&f);
	f = open_flash();
	assert_int_equal(sim_flash_get_held(&f).ctl.len, 0);
	sim_flash_fini(&f);
	mem_free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found_again),
		cmocka_unit_test(a_certificate_for_another_key_is_refused),
		cmocka_unit_test(a_cut_off_installation_is_completed),
		cmocka_unit_test(a_key_without_its_certificate_is_dropped),
		cmocka_unit_test(a_damaged_list_is_none),
	};

	return cmocka_run_group_tests_name("sim/flash", tests, make_folder, remove_folder);
}
