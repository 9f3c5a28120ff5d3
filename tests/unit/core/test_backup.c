/* SPDX-License-Identifier: BSD-2-Clause
 * Backups as bytes: tests/data/backup/python.backup was made by backupfile.py beside it, with
 * Python's own tar, and costs next to nothing to open. */
#include "lab.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/backup/backup_priv.h"
#include "core/backup/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define PASSPHRASE "correct horse battery staple"
#define LONG_NAME                                                                                  \
	"keys/trust/Phone-SAST-trust/"                                                             \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aa.pem"

static void pythons_backup_is_opened(void **state)
{
	struct buf file = lab_read(lab_source("data/backup/python.backup"));
	struct buf want = lab_read(lab_source("data/backup/python.tar")), archive = {0};
	struct backup_head head;
	struct fail why = {0};
	size_t size;

	assert_int_equal(envelope_head(buf_span(&file), &head, &size, &why), ERR_OK);
	assert_string_equal(head.node, "publisher");
	assert_string_equal(head.address, "192.0.2.10");
	assert_int_equal(head.time, 1790000000);
	assert_int_equal(head.cost.memory_kib, 64);
	assert_int_equal(size, 77);
	assert_int_equal(
		envelope_open(buf_span(&file), &head, span_str(PASSPHRASE), &archive, &why),
		ERR_OK);
	assert_true(span_eq(buf_span(&archive), buf_span(&want)));
	buf_clear(&archive);
	assert_int_equal(
		envelope_open(buf_span(&file), &head, span_str(PASSPHRASE "r"), &archive, &why),
		ERR_VERIFY);
	assert_int_equal(archive.len, 0);
	buf_fini(&file);
	buf_fini(&want);
	buf_fini(&archive);
}

static void pythons_archive_is_read(void **state)
{
	static const struct {
		const char *name;
		bool folder;
		size_t size;
	} want[] = {{"cadeado.conf", false, 15}, {"keys", true, 0}, {"keys/trust", true, 0},
		{LONG_NAME, false, 600}, {"ctl/ever", false, 2}};
	struct buf file = lab_read(lab_source("data/backup/python.tar"));
	struct tar_reader r;
	struct tar_entry e;
	struct fail why = {0};
	enum err err;
	size_t n = 0;

	tar_reader_init(&r, buf_span(&file));
	for (; tar_next(&r, &e, &err, &why); n++) {
		assert_string_equal(e.name, want[n].name);
		assert_int_equal(e.folder, want[n].folder);
		assert_int_equal(e.content.len, want[n].size);
		assert_int_equal(e.time, 1790000000);
	}
	assert_int_equal(err, ERR_OK);
	assert_int_equal(n, 5);
	assert_false(tar_next(&r, &e, &err, &why));
	buf_fini(&file);
}

static void cut_and_flipped_files_do_not_open(void **state)
{
	struct buf file = lab_read(lab_source("data/backup/python.backup")), archive = {0};
	struct backup_head head;
	size_t i;

	/* A copy of its exact size each time, so that the sanitizer sees a byte too many. */
	for (i = 0; i < file.len; i++) {
		uint8_t *cut = test_malloc(i + 1);
		struct fail why = {0};

		memcpy(cut, file.data, i);
		assert_int_not_equal(
			envelope_open(span_of(cut, i), &head, span_str(PASSPHRASE), &archive, &why),
			ERR_OK);
		assert_true(why.text[0]);
		assert_int_equal(archive.len, 0);
		test_free(cut);
	}
	for (i = 0; i < file.len; i++) {
		struct fail why = {0};

		/* A larger cost would only take longer. */
		if (i >= 20 && i < 32)
			continue;
		file.data[i] ^= (uint8_t)(1u << (i % 8));
		assert_int_not_equal(
			envelope_open(buf_span(&file), &head, span_str(PASSPHRASE), &archive, &why),
			ERR_OK);
		assert_int_equal(archive.len, 0);
		file.data[i] ^= (uint8_t)(1u << (i % 8));
	}
	assert_int_equal(
		envelope_open(buf_span(&file), &head, span_str(PASSPHRASE), &archive, NULL),
		ERR_OK);
	buf_fini(&file);
	buf_fini(&archive);
}

/* Every bit of the head: what is refused before the passphrase is stretched costs nothing. */
static void costs_are_limited(void **state)
{
	struct buf file = lab_read(lab_source("data/backup/python.backup"));
	struct backup_head head;
	size_t size, i;

	for (i = 20 * 8; i < 32 * 8; i++) {
		file.data[i / 8] ^= (uint8_t)(0x80u >> (i % 8));
		if (envelope_head(buf_span(&file), &head, &size, NULL) == ERR_OK)
			assert_true(kdf_cost_good(&head.cost));
		file.data[i / 8] ^= (uint8_t)(0x80u >> (i % 8));
	}
	memset(file.data + 20, 0xFF, 12);
	assert_int_equal(envelope_head(buf_span(&file), &head, &size, NULL), ERR_LIMIT);
	buf_fini(&file);
}

static void cut_and_flipped_archives_are_refused_or_read(void **state)
{
	struct buf file = lab_read(lab_source("data/backup/python.tar"));
	struct tar_reader r;
	struct tar_entry e;
	enum err err;
	size_t i;

	for (i = 0; i < file.len; i++) {
		uint8_t *cut = test_malloc(i + 1);
		struct fail why = {0};

		memcpy(cut, file.data, i);
		tar_reader_init(&r, span_of(cut, i));
		while (tar_next(&r, &e, &err, &why))
			;
		assert_int_not_equal(err, ERR_OK);
		assert_true(why.text[0]);
		test_free(cut);
	}
	for (i = 0; i < file.len * 8; i += 3) {
		size_t bytes = 0;

		file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		tar_reader_init(&r, buf_span(&file));
		while (tar_next(&r, &e, &err, NULL))
			bytes += e.content.len;
		assert_true(bytes <= file.len);
		file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	buf_fini(&file);
}

static enum err put(struct buf *out, const char *name, bool folder)
{
	struct tar_entry e = {.folder = folder, .mode = 0600, .content = span_str("x")};

	snprintf(e.name, sizeof(e.name), "%s", name);
	return tar_put(out, &e, NULL);
}

static void names_that_leave_the_folder_are_not_written(void **state)
{
	static const char *const bad[] = {"", "/x", "..", "../x", "a/../b", "a/..", "a//b", "a/",
		".", "a/./b", "a\nb", "\x7F"};
	struct buf out = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(put(&out, bad[i], false), ERR_ARG);
	assert_int_equal(out.len, 0);
	assert_int_equal(put(&out, "..a/b..", false), ERR_OK);
	buf_fini(&out);
}

static void only_what_a_state_folder_has_belongs_into_a_backup(void **state)
{
	assert_true(backup_holds("keys/CAPF.key", false));
	assert_true(backup_holds("keys", true));
	assert_true(backup_holds("tftp/CTLFile.tlv", false));
	assert_false(backup_holds("keys", false));
	assert_false(backup_holds("keysx/CAPF.key", false));
	assert_false(backup_holds("tftp", true));
	assert_false(backup_holds("tftp/other", false));
	assert_false(backup_holds("cadeado.conf", true));
	assert_false(backup_holds("cadeado.conf/x", false));
	assert_false(backup_holds("keys/.restoring", false));
	assert_false(backup_holds("tokens/a.lock", false));
	assert_false(backup_holds("admin.sock", false));
}

/* The longest name in every length around the cut, read by tar(1). */
static void tar_reads_long_names(void **state)
{
	struct lab *lab = *state;
	char name[TAR_NAME], want[TAR_NAME + 32];
	size_t folder, len;

	for (folder = 1; folder < 155; folder += 31) {
		for (len = 90; len <= 101; len++) {
			struct buf out = {0};
			enum err err;

			memset(name, 'f', folder);
			name[folder] = '/';
			memset(name + folder + 1, 'n', len);
			name[folder + 1 + len] = '\0';
			err = put(&out, name, false);
			assert_int_equal(err, (folder > 155 || len > 100) && folder + 1 + len > 100
						      ? ERR_LIMIT
						      : ERR_OK);
			if (!err) {
				tar_end(&out);
				lab_write(lab_path(lab, "long.tar"), buf_span(&out));
				snprintf(want, sizeof(want), "%s\n", name);
				assert_true(
					lab_says(want, "tar -tf %s", lab_path(lab, "long.tar")));
			}
			buf_fini(&out);
		}
	}
}

static struct backup_head made(struct lab *lab, const char *path, struct buf *archive)
{
	struct backup_made m;
	struct backup_head head;

	if (backup_create(lab->c, path, span_str(PASSPHRASE), &m, &lab->why))
		fail_msg("%s", lab->why.text);
	assert_int_equal(m.time, LAB_NOW);
	if (backup_read(path, span_str(PASSPHRASE), &head, archive, &lab->why))
		fail_msg("%s", lab->why.text);
	return head;
}

static void a_restored_folder_remembers_its_backup(void **state)
{
	struct lab *lab = *state;
	struct buf archive = {0}, text = {0};
	struct backup_head head;
	struct backup_restore r = {.folder = lab_path(lab, "again"), .clock = &lab->clock};
	struct cluster *c = NULL;
	int64_t time;
	size_t missing;

	assert_int_equal(backup_newest(lab->c, &time, NULL), ERR_NOTFOUND);
	assert_int_equal(backup_warn(lab->c, &text, &missing, &lab->why), ERR_OK);
	assert_int_equal(missing, 4);
	buf_clear(&text);
	head = made(lab, lab_path(lab, "one"), &archive);
	assert_int_equal(backup_newest(lab->c, &time, NULL), ERR_OK);
	assert_int_equal(time, LAB_NOW);
	assert_int_equal(backup_warn(lab->c, &text, &missing, &lab->why), ERR_OK);
	assert_int_equal(missing + text.len, 0);
	if (backup_restore(&r, buf_span(&archive), &head, &lab->why))
		fail_msg("%s", lab->why.text);
	assert_null(r.aside);
	assert_int_equal(r.audit.code, ERR_OK);
	assert_int_equal(cluster_open(&c, r.folder, &lab->clock, &lab->why), ERR_OK);
	assert_int_equal(backup_newest(c, &time, NULL), ERR_OK);
	assert_int_equal(time, LAB_NOW);
	cluster_close(c);
	/* Keys of the folder, restored once more over itself. */
	assert_int_equal(backup_restore(&r, buf_span(&archive), &head, NULL), ERR_EXISTS);
	buf_wipe(&archive);
	buf_fini(&text);
}

static void what_cannot_be_saved_is_told(void **state)
{
	struct lab *lab = *state;
	struct backup_made m;
	struct fail why = {0};

	assert_int_equal(lab_run("ln -s /etc/passwd %s", lab_path(lab, "keys/link")), 0);
	assert_int_equal(
		backup_create(lab->c, lab_path(lab, "one"), span_str(PASSPHRASE), &m, &why),
		ERR_UNSUPPORTED);
	assert_non_null(strstr(why.text, "keys/link"));
	assert_int_not_equal(access(lab_path(lab, "one"), F_OK), 0);
	assert_int_equal(
		backup_create(lab->c, lab_path(lab, "one"), span_str("short"), &m, NULL), ERR_ARG);
}

static enum err refuse(void *ctx, const char *folder, struct fail *why)
{
	return ++*(int *)ctx == 2 ? fail_set(why, ERR_NOTNOW, "a daemon came") : ERR_OK;
}

static void a_daemon_that_comes_at_the_last_moment_wins(void **state)
{
	struct lab *lab = *state;
	struct buf archive = {0};
	struct backup_head head = made(lab, lab_path(lab, "one"), &archive);
	int asked = 0;
	char folder[160], left[200];
	struct backup_restore r = {.folder = folder,
		.force = true,
		.clock = &lab->clock,
		.may = refuse,
		.ctx = &asked};

	snprintf(folder, sizeof(folder), "%s/other", lab->folder);
	snprintf(left, sizeof(left), "%s.restoring", folder);
	assert_int_equal(lab_run("mkdir %s; echo 1 > %s/mine", folder, folder), 0);
	assert_int_equal(backup_restore(&r, buf_span(&archive), &head, NULL), ERR_NOTNOW);
	assert_int_equal(asked, 2);
	assert_int_equal(lab_run("test \"$(ls -A %s)\" = mine", folder), 0);
	assert_int_not_equal(access(left, F_OK), 0);
	buf_wipe(&archive);
}

/* Each allocation fails in turn: an error and no leak, and the folder is complete or not there. */
static void want_of_memory(void **state)
{
	struct lab *lab = *state;
	struct buf archive = {0};
	struct backup_head head = made(lab, lab_path(lab, "one"), &archive);
	struct backup_restore r = {.folder = lab_path(lab, "again"), .clock = &lab->clock};
	enum err err = ERR_NOMEM;
	size_t n;

	for (n = 1; err != ERR_OK; n += 3) {
		mem_fail_from(n);
		err = backup_restore(&r, buf_span(&archive), &head, NULL);
		mem_fail_from(0);
		mem_free(r.aside);
		assert_true(n < 20000);
		if (err == ERR_EXISTS)
			break;
	}
	assert_int_equal(lab_run("cmp -s %s %s", lab_path(lab, "keys/CAPF.key"),
				 lab_path(lab, "again/keys/CAPF.key")),
		0);
	buf_wipe(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pythons_backup_is_opened),
		cmocka_unit_test(pythons_archive_is_read),
		cmocka_unit_test(cut_and_flipped_files_do_not_open),
		cmocka_unit_test(costs_are_limited),
		cmocka_unit_test(cut_and_flipped_archives_are_refused_or_read),
		cmocka_unit_test(names_that_leave_the_folder_are_not_written),
		cmocka_unit_test(only_what_a_state_folder_has_belongs_into_a_backup),
		cmocka_unit_test_setup_teardown(tar_reads_long_names, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			a_restored_folder_remembers_its_backup, lab_setup_mixed, lab_teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_saved_is_told, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(
			a_daemon_that_comes_at_the_last_moment_wins, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(want_of_memory, lab_setup, lab_teardown),
	};

	return cmocka_run_group_tests_name(
		"core/backup", tests, lab_group_setup, lab_group_teardown);
}
