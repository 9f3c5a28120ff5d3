/* SPDX-License-Identifier: BSD-2-Clause
 * Every kind of list among tests/vectors/tlv: read, verified, compared with its own certificates,
 * shown, and written again byte for byte. */
#include "lists.h"
#include "base/str.h"
#include "wire/tlv/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTS_MAX 8u

/* The bytes of each "decode" of a vector file; its lines continue with a blank. */
static size_t vectors_load(const char *name, struct buf lists[LISTS_MAX])
{
	struct buf text = {0}, hex = {0};
	char path[128], *line, *rest;
	size_t count = 0;
	bool inside = false;

	snprintf(path, sizeof(path), "../../vectors/%s.txt", name);
	lists_load(path, &text);
	buf_u8(&text, '\0');
	assert_int_equal(buf_check(&text), ERR_OK);
	for (line = strtok_r((char *)text.data, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		inside = strncmp(line, "decode ", 7) == 0 || (inside && *line == ' ');
		if (!inside)
			continue;
		if (*line != ' ')
			assert_true(++count <= LISTS_MAX);
		buf_clear(&hex);
		buf_str(&hex, *line == ' ' ? line : line + 7);
		buf_u8(&hex, '\0');
		assert_int_equal(str_unhex(&lists[count - 1], (char *)hex.data), ERR_OK);
	}
	assert_true(count > 0);
	buf_fini(&text);
	buf_fini(&hex);
	return count;
}

static void free_all(struct buf *lists, size_t count)
{
	while (count)
		buf_fini(&lists[--count]);
}

static void check_list(const struct buf *file, enum list_kind kind, const char *name)
{
	struct tlv_list list = lists_parse(file);
	struct buf dump = {0}, again = {0};
	struct findings f;
	struct fail why = {0};

	if (list_verify(&list, &why))
		fail_msg("%s: %s", name, why.text);
	f = lists_check(file, kind);
	if (f.count)
		fail_msg("%s: %s", name, f.last.text);
	assert_int_equal(tlv_describe(buf_span(file), 0, &dump, &again, &why), ERR_OK);
	if (!span_eq(buf_span(file), buf_span(&again)))
		fail_msg("%s: written again it is another", name);
	buf_fini(&dump);
	buf_fini(&again);
}

static const struct {
	const char *name;
	enum list_kind kind;
	size_t length; /* that others print for such a list; 0: not known */
	size_t records;
} rows[] = {
	{"tlv/kind-tokenless-10", LIST_CTL, 6113, 4},
	{"tlv/kind-itlrecovery-12", LIST_CTL, 0, 4},
	{"tlv/kind-itl-hash-only", LIST_ITL, 5438, 4},
	{"tlv/kind-non-secure", LIST_CTL, 3746, 5},
	{"tlv/kind-keys", LIST_CTL, 0, 1},
	{"tlv/kind-ec", LIST_ITL, 0, 4},
	{"tlv/kind-odd", LIST_CTL, 0, 6},
};

static void all_verify(void **state)
{
	struct buf lists[LISTS_MAX] = {0};
	size_t i, k, count;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		count = vectors_load(rows[i].name, lists);
		for (k = 0; k < count; k++) {
			check_list(&lists[k], rows[i].kind, rows[i].name);
			assert_int_equal(lists_parse(&lists[k]).count, rows[i].records);
			if (rows[i].length)
				assert_int_equal(lists[k].len, rows[i].length);
		}
		free_all(lists, count);
	}
}

static bool verifies(struct span file, struct fail *why)
{
	struct tlv_list list;

	fail_clear(why);
	return !tlv_parse(&list, file, why) && !list_verify(&list, why);
}

/* Where a cut leaves whole records the signature tells. */
static void no_shorter_list_is_good(void **state)
{
	struct buf lists[LISTS_MAX] = {0};
	size_t i, k, len, count;
	struct fail why;
	uint8_t *copy;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		count = vectors_load(rows[i].name, lists);
		for (k = 0; k < count; k++)
			for (len = 0; len < lists[k].len; len++) {
				copy = mem_new(len);
				assert_non_null(copy);
				memcpy(copy, lists[k].data, len);
				if (verifies(span_of(copy, len), &why) || !why.text[0])
					fail_msg("%s cut after %zu bytes", rows[i].name, len);
				mem_free(copy);
			}
		free_all(lists, count);
	}
}

/* Whatever may be a length says nothing, or more than there is. */
static void no_lie_is_good(void **state)
{
	static const uint8_t lies[] = {0x00, 0xFF};
	struct buf bad = lists_copy(&guide);
	struct fail why;
	uint8_t was[2];
	size_t at, i;

	for (at = 0; at + 2 <= bad.len; at++)
		for (i = 0; i < sizeof(lies); i++) {
			memcpy(was, bad.data + at, 2);
			memset(bad.data + at, lies[i], 2);
			if (memcmp(was, bad.data + at, 2) != 0 &&
				(verifies(buf_span(&bad), &why) || !why.text[0]))
				fail_msg("%02x%02x at byte %zu", lies[i], lies[i], at);
			memcpy(bad.data + at, was, 2);
		}
	buf_fini(&bad);
}

static void shown(const char *name, enum list_kind kind, const char *const *lines)
{
	struct buf lists[LISTS_MAX] = {0}, out = {0};
	size_t count = vectors_load(name, lists);
	struct tlv_list list = lists_parse(&lists[0]);

	assert_int_equal(lists_show(&list, kind, MADE, &out), ERR_OK);
	for (; *lines; lines++)
		if (!memmem(out.data, out.len, *lines, strlen(*lines)))
			fail_msg("no \"%s\" in\n%.*s", *lines, (int)out.len, (char *)out.data);
	buf_fini(&out);
	free_all(lists, count);
}

static void hash_only_records_are_shown(void **state)
{
	static const char *const lines[] = {"HeaderLength:\t296 (BYTES)", "\n3\tSIGNERID\t2\t110\n",
		"\n1\tRECORDLENGTH\t2\t743\n2\tDNSNAME\t2\t\n", "\n4\tFUNCTION\t2\tTVS\n",
		"\n8\tSIGNATURE\t256\n11\tCERTHASH\t20\t", "\n12\tHASH ALGORITHM\t1\tSHA-1\n",
		"\n1\tRECORDLENGTH\t2\t455\n", "This etoken was used to sign the ITL file.\n",
		"\nThe ITL file was verified successfully.\n", NULL};

	shown("tlv/kind-itl-hash-only", LIST_ITL, lines);
}

static void emptied_records_are_shown(void **state)
{
	static const char *const lines[] = {
		"\n1\tRECORDLENGTH\t2\t33\n2\tDNSNAME\t13\t172.18.0.101\n"
		"4\tFUNCTION\t2\tCCM+TFTP\n10\tIPADDRESS\t4\n\n",
		"\n5\tSERIALNUMBER\t10\tBD:A3:02:00:00:00:D8:88:64:1F\n", NULL};

	shown("tlv/kind-non-secure", LIST_CTL, lines);
}

static void unknown_functions_are_numbers(void **state)
{
	static const char *const lines[] = {"\n4\tFUNCTION\t2\t5\n", "\n4\tFUNCTION\t2\t256\n",
		"\n4\tFUNCTION\t2\t65535\n", "\n4\tFUNCTION\t2\tAPP-SERVER\n",
		"\n10\tIPADDRESS\t16\n", "\n6\tSERIALNUMBER\t8\t00:B1:C2:D3:E4:F5:06:17\n",
		"\n6\tSERIALNUMBER\t1\t07\n", NULL};

	shown("tlv/kind-odd", LIST_CTL, lines);
}

static void files_of_the_vendor_verify(void **state)
{
	struct buf files[LISTS_MAX] = {0}, der = {0};
	struct span pieces[2];
	struct cert *signer;
	struct sgn_file f;
	size_t i, count = vectors_load("sgn/vendor", files);

	lists_load("vendor.der", &der);
	assert_int_equal(cert_from_der(&signer, buf_span(&der), NULL), ERR_OK);
	for (i = 0; i < count; i++) {
		assert_int_equal(sgn_parse(&f, buf_span(&files[i]), NULL), ERR_OK);
		assert_false(f.header.has_timestamp);
		assert_int_equal(f.header.minor, 1);
		tlv_signed_pieces(buf_span(&files[i]), &f.header, pieces);
		assert_int_equal(
			cert_check_signature(signer, DIGEST_SHA1, pieces, 2, f.header.signature),
			ERR_OK);
	}
	assert_int_equal(files[0].len, 648);
	assert_int_equal(f.content.len, 256);
	cert_free(signer);
	buf_fini(&der);
	free_all(files, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_verify),
		cmocka_unit_test(no_shorter_list_is_good),
		cmocka_unit_test(no_lie_is_good),
		cmocka_unit_test(hash_only_records_are_shown),
		cmocka_unit_test(emptied_records_are_shown),
		cmocka_unit_test(unknown_functions_are_numbers),
		cmocka_unit_test(files_of_the_vendor_verify),
	};

	return cmocka_run_group_tests_name("core/list_kinds", tests, lists_setup, lists_teardown);
}
