/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"
#include "core/list/signed.h"
#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILE_LIMIT (64u * 1024)
#define MADE       1314811683 /* Wed Aug 31 13:28:03 EDT 2011 */

static struct buf guide, itl, itl512, ring;
static struct cert *token1, *token2, *callmanager, *capf, *rsa3072, *ec256;
static struct key *token1_key;

/* A file of tests/data/lists; see its README.md for who made it. */
static void load(const char *name, struct buf *out)
{
	const char *tests = getenv("CADEADO_TESTS");
	char path[512];
	struct fail why = {0};

	snprintf(path, sizeof(path), "%s/data/lists/%s", tests ? tests : "tests", name);
	if (file_read(path, FILE_LIMIT, out, &why)) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
}

static struct cert *load_cert(const char *name)
{
	struct buf der = {0};
	struct cert *c = NULL;

	load(name, &der);
	assert_int_equal(cert_from_der(&c, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return c;
}

static int setup(void **state)
{
	struct buf der = {0};

	load("CTLFile.tlv", &guide);
	load("certutils/ITLFile.tlv", &itl);
	load("certutils/ITLFile-sha512.tlv", &itl512);
	load("certutils/ring.xml.sgn", &ring);
	token1 = load_cert("token-1.der");
	token2 = load_cert("token-2.der");
	callmanager = load_cert("callmanager.der");
	capf = load_cert("capf.der");
	rsa3072 = load_cert("rsa-3072.der");
	ec256 = load_cert("ec-p256.der");
	load("token-1.key", &der);
	assert_int_equal(key_from_der(&token1_key, buf_span(&der), NULL), ERR_OK);
	buf_fini(&der);
	return 0;
}

static int teardown(void **state)
{
	buf_fini(&guide);
	buf_fini(&itl);
	buf_fini(&itl512);
	buf_fini(&ring);
	cert_free(token1);
	cert_free(token2);
	cert_free(callmanager);
	cert_free(capf);
	cert_free(rsa3072);
	cert_free(ec256);
	key_free(token1_key);
	return 0;
}

static struct tlv_list parse(const struct buf *file)
{
	struct tlv_list list;
	struct fail why = {0};

	if (tlv_parse(&list, buf_span(file), &why))
		fail_msg("%s", why.text);
	return list;
}

static enum err verify(struct span file, struct fail *why)
{
	struct tlv_list list;
	enum err err = tlv_parse(&list, file, why);

	return err ? err : list_verify(&list, why);
}

static struct buf copy_of(const struct buf *b)
{
	struct buf copy = {0};

	buf_put(&copy, buf_span(b));
	assert_int_equal(buf_check(&copy), ERR_OK);
	return copy;
}

static void lists_of_others_verify(void **state)
{
	struct fail why = {0};

	assert_int_equal(verify(buf_span(&guide), &why), ERR_OK);
	assert_int_equal(verify(buf_span(&itl), &why), ERR_OK);
	assert_int_equal(verify(buf_span(&itl512), &why), ERR_OK);
	assert_string_equal(why.text, "");
}

static void show_is_line_for_line(void **state)
{
	struct tlv_list list = parse(&guide);
	struct buf shown = {0}, expected = {0};
	const char *a, *b, *end_a, *end_b;
	unsigned line;

	load("show-ctl.txt", &expected);
	assert_int_equal(setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1), 0);
	tzset();
	assert_int_equal(list_show(&list, LIST_CTL, MADE, &shown), ERR_OK);
	buf_u8(&shown, '\0');
	buf_u8(&expected, '\0');
	a = (char *)shown.data;
	b = (char *)expected.data;
	for (line = 1; *a && *b; line++, a = end_a + 1, b = end_b + 1) {
		end_a = strchr(a, '\n');
		end_b = strchr(b, '\n');
		assert_non_null(end_a);
		assert_non_null(end_b);
		if (end_a - a != end_b - b || memcmp(a, b, (size_t)(end_a - a)) != 0)
			fail_msg("line %u is\n%.*s\ninstead of\n%.*s", line, (int)(end_a - a), a,
			        (int)(end_b - b), b);
	}
	assert_int_equal(*a, '\0');
	assert_int_equal(*b, '\0');
	buf_fini(&shown);
	buf_fini(&expected);
}

static bool contains(const struct buf *text, const char *part)
{
	return memmem(text->data, text->len, part, strlen(part)) != NULL;
}

static void show_of_an_itl(void **state)
{
	struct tlv_list list = parse(&itl);
	struct buf shown = {0};

	assert_int_equal(list_show(&list, LIST_ITL, 0, &shown), ERR_OK);
	assert_true(contains(&shown, "The checksum value of the ITL file:\n"));
	assert_true(contains(&shown, "\tParse ITL File\n"));
	assert_true(contains(&shown, "\tITL Record #:4\n"));
	assert_true(contains(&shown, "\n4\tFUNCTION\t2\tTVS\n"));
	assert_true(contains(&shown, "\n8\tSIGNATURE\t128\n"));
	assert_true(contains(&shown, "This etoken was used to sign the ITL file.\n"));
	assert_true(contains(&shown, "\nThe ITL file was verified successfully.\n"));
	buf_fini(&shown);
}

static void show_of_a_bad_list(void **state)
{
	struct buf bad = copy_of(&guide), shown = {0};
	struct fail why = {0};
	struct tlv_list list;

	bad.data[bad.len - 1] ^= 1;
	list = parse(&bad);
	assert_int_equal(list_show(&list, LIST_CTL, MADE, &shown), ERR_OK);
	assert_true(contains(&shown, "\nVerification of the CTL File Failed\n"
	                             "the signature at byte 148 is not one by the signer's key\n"));
	buf_clear(&shown);
	assert_int_not_equal(tlv_parse(&list, span_of(guide.data, 400), &why), ERR_OK);
	assert_int_equal(
	        list_show_broken(span_of(guide.data, 400), LIST_CTL, MADE, &why, &shown), ERR_OK);
	assert_true(contains(&shown, "Length of CTL file: 400\n"));
	assert_true(contains(&shown, "Error parsing the CTL File.\nrecord 1, RECORDLENGTH at byte "
	                             "304: 1178 bytes run past the end of the file (400)\n"));
	buf_clear(&shown);
	assert_int_equal(list_show_absent(LIST_CTL, &shown), ERR_OK);
	assert_true(contains(&shown, "Length of CTL file: 0\nCTL File not found."));
	buf_fini(&shown);
	buf_fini(&bad);
}

/* At 304, 1482, 2662 and 3721 a cut leaves whole records: there the signature tells. */
static void no_shorter_list_is_good(void **state)
{
	struct fail why;
	uint8_t *copy;
	size_t len;

	for (len = 0; len < guide.len; len++) {
		copy = mem_new(len);
		assert_non_null(copy);
		memcpy(copy, guide.data, len);
		fail_clear(&why);
		assert_int_not_equal(verify(span_of(copy, len), &why), ERR_OK);
		assert_string_not_equal(why.text, "");
		mem_free(copy);
	}
}

static void no_byte_changes_unnoticed(void **state)
{
	struct buf bad = copy_of(&guide);
	struct fail why;
	size_t i;

	for (i = 0; i < bad.len; i++) {
		bad.data[i] ^= 0x20;
		fail_clear(&why);
		if (verify(buf_span(&bad), &why) == ERR_OK)
			fail_msg("byte %zu", i);
		assert_string_not_equal(why.text, "");
		bad.data[i] ^= 0x20;
	}
	buf_put(&bad, span_of("\1\0\2\0\5\4\0\2", 8));
	assert_int_not_equal(verify(buf_span(&bad), NULL), ERR_OK);
	buf_fini(&bad);
}

/* Changes one byte of the guide's list and says what its verification then says. */
static enum err verify_changed(size_t at, uint8_t byte, struct fail *why)
{
	struct buf bad = copy_of(&guide);
	enum err err;

	bad.data[at] = byte;
	fail_clear(why);
	err = verify(buf_span(&bad), why);
	buf_fini(&bad);
	return err;
}

static void refusals_say_which(void **state)
{
	struct tlv_list list = parse(&guide);
	size_t serial = (size_t)(list.header.serial.ptr - guide.data);
	struct fail why = {0};

	assert_int_equal(verify_changed(serial, 0xBE, &why), ERR_TRUST);
	assert_string_equal(why.text, "the signer is not in the list as SAST: "
	                              "cn=\"SAST-ADN4e31f914        \";ou=IPCBU;o=\"Cisco Systems");
	/* Tag 8 and tag 10 are the only items of SIGNATUREINFO with one byte. */
	assert_int_equal(guide.data[136], TLV_SHA1);
	assert_int_equal(verify_changed(136, 9, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, DIGESTALGORTITHM: unknown code 9");
	assert_int_equal(verify_changed(136, TLV_SHA512, &why), ERR_VERIFY);
	assert_int_equal(verify_changed(143, 7, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, SIGNATUREALGORTITHM: unknown code 7");
	assert_int_equal(verify_changed(147, 9, &why), ERR_UNSUPPORTED);
	assert_string_equal(why.text, "header, SIGNATUREMODULUS: unknown code 9");
	assert_int_equal(verify_changed(200, 0, &why), ERR_VERIFY);
	assert_int_equal(why.offset, 148);
}

static void a_stranger_may_not_sign(void **state)
{
	struct tlv_list ctl = parse(&guide), other = parse(&itl);
	struct tlv_record signer;
	struct fail why = {0};

	assert_int_equal(list_check_signer(buf_span(&guide), &ctl.header, &ctl, LIST_MAY_SIGN_LISTS,
	                         &signer, &why),
	        ERR_OK);
	assert_int_equal(signer.length, 1178);
	assert_int_equal(list_check_signer(buf_span(&itl), &other.header, &ctl, LIST_MAY_SIGN_LISTS,
	                         &signer, &why),
	        ERR_TRUST);
	/* Names and serial of the record are not looked at here: the backup token's key did not
	 * sign. */
	fail_clear(&why);
	signer.public_key = cert_list_key(token2);
	assert_int_equal(list_signed_by(buf_span(&guide), &ctl.header, &signer, &why), ERR_VERIFY);
	signer.has &= ~TLV_HAS(7);
	fail_clear(&why);
	assert_int_equal(list_signed_by(buf_span(&guide), &ctl.header, &signer, &why), ERR_FORMAT);
}

struct findings {
	unsigned count;
	struct fail last;
};

static void found(void *ctx, const struct fail *finding)
{
	struct findings *f = ctx;

	f->count++;
	f->last = *finding;
}

static struct findings check(const struct buf *file, enum list_kind kind)
{
	struct tlv_list list = parse(file);
	struct findings f = {0};
	enum err err = list_check_records(&list, kind, found, &f);

	assert_int_equal(err, f.count ? ERR_FORMAT : ERR_OK);
	return f;
}

static void records_agree_with_certificates(void **state)
{
	struct findings f = check(&guide, LIST_CTL);

	assert_string_equal(f.last.text, "");
	assert_int_equal(f.count, 0);
	f = check(&itl, LIST_ITL);
	assert_string_equal(f.last.text, "");
	assert_int_equal(f.count, 0);
	f = check(&itl, LIST_CTL);
	assert_int_equal(f.count, 1);
	assert_string_equal(f.last.text, "header, FILENAME: is not CTLFile.tlv");
}

static void contradictory_records_are_found(void **state)
{
	static const struct {
		size_t at;
		const char *text;
	} rows[] = {
	        {2682 + 6, "record 3, SUBJECTNAME at byte 2682: differs from the certificate"},
	        {2753 + 6, "record 3, ISSUERNAME at byte 2753: differs from the certificate"},
	        {2819 + 6, "record 3, SERIALNUMBER at byte 2819: differs from the certificate"},
	        {2830 + 60, "record 3, PUBLICKEY at byte 2830: differs from the certificate"},
	        {2973 + 3, "record 3, CERTIFICATE at byte 2973: is no X.509 certificate"},
	};
	struct buf bad = copy_of(&guide);
	struct findings f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad.data[rows[i].at] ^= 0x01;
		f = check(&bad, LIST_CTL);
		assert_int_equal(f.count, 1);
		assert_ptr_equal(strstr(f.last.text, rows[i].text), f.last.text);
		bad.data[rows[i].at] ^= 0x01;
	}
	buf_fini(&bad);
}

static void signed_files_of_others(void **state)
{
	struct tlv_list node = parse(&itl), ctl = parse(&guide);
	struct buf bad = copy_of(&ring);
	struct fail why = {0};
	struct sgn_file f;

	assert_int_equal(sgn_parse(&f, buf_span(&ring), &why), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&ring), &f.header, &node, &why), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&ring), &f.header, &ctl, &why), ERR_TRUST);
	assert_string_equal(
	        why.text, "the signer is not in the list with the role TFTP: CN=publisher.lab");
	/* The same key is no SAST: it signs files, not lists. */
	assert_int_equal(list_check_signer(buf_span(&ring), &f.header, &node, LIST_MAY_SIGN_LISTS,
	                         NULL, NULL),
	        ERR_TRUST);
	bad.data[bad.len - 2] ^= 1;
	assert_int_equal(signed_verify(buf_span(&bad), &f.header, &node, NULL), ERR_VERIFY);
	buf_fini(&bad);
}

static void encrypted_file_of_others(void **state)
{
	struct tlv_list node = parse(&itl);
	struct buf file = {0}, xml = {0}, der = {0}, key = {0}, plain = {0};
	struct key *phone = NULL;
	uint8_t hash[DIGEST_MAX];
	struct enc_file f;
	size_t len;

	load("certutils/SEP001122334455.cnf.xml.enc.sgn", &file);
	load("certutils/SEP001122334455.cnf.xml", &xml);
	load("certutils/phone.key", &der);
	assert_int_equal(enc_parse(&f, buf_span(&file), NULL), ERR_OK);
	assert_int_equal(signed_verify(buf_span(&file), &f.header, &node, NULL), ERR_OK);
	assert_int_equal(key_from_der(&phone, buf_span(&der), NULL), ERR_OK);
	assert_int_equal(key_decrypt(phone, f.wrapped_key, 16, &key), ERR_OK);
	assert_int_equal(key.len, 16);
	assert_int_equal(aes128_cbc(false, key.data, f.iv.ptr, f.ciphertext, &plain), ERR_OK);
	plain.len -= f.padding;
	assert_true(span_eq(buf_span(&plain), buf_span(&xml)));
	len = digest_one(DIGEST_SHA1, buf_span(&plain), hash);
	assert_true(span_eq(f.header.content_hash, span_of(hash, len)));
	/* What we pad is what they padded. */
	assert_int_equal(enc_pad(&xml), f.padding);
	buf_clear(&plain);
	assert_int_equal(aes128_cbc(true, key.data, f.iv.ptr, buf_span(&xml), &plain), ERR_OK);
	assert_true(span_eq(buf_span(&plain), f.ciphertext));
	key_free(phone);
	buf_fini(&file);
	buf_fini(&xml);
	buf_fini(&der);
	buf_fini(&key);
	buf_fini(&plain);
}

static const uint8_t address[] = {14, 48, 44, 80};

#define ENTRIES 4

/* CAPF first: the order of a request does not matter. */
static struct list_request request(struct list_entry entries[ENTRIES])
{
	struct span ip = span_of(address, sizeof(address));

	entries[0] = (struct list_entry){TLV_ROLE_CAPF, capf, "14.48.44.80", ip};
	entries[1] = (struct list_entry){TLV_ROLE_CCM_TFTP, callmanager, "14.48.44.80", ip};
	entries[2] = (struct list_entry){TLV_ROLE_SAST, token1, NULL, {0}};
	entries[3] = (struct list_entry){TLV_ROLE_SAST, token2, NULL, {0}};
	return (struct list_request){
	        .kind = LIST_CTL,
	        .entries = entries,
	        .count = ENTRIES,
	        .signer = token1,
	        .digest = DIGEST_SHA1,
	        .timestamp = MADE,
	        .now = MADE,
	};
}

static enum err build_and_sign(struct buf *file, const struct list_request *r, struct fail *why)
{
	struct buf signature = {0};
	struct span pieces[2];
	enum err err = list_build(file, r, pieces, why);

	if (!err)
		err = key_sign(token1_key, r->digest, pieces, 2, &signature);
	if (!err)
		err = list_finish(file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static void built_lists_verify(void **state)
{
	static const uint16_t roles[] = {
	        TLV_ROLE_SAST, TLV_ROLE_SAST, TLV_ROLE_CCM_TFTP, TLV_ROLE_CAPF};
	static const uint32_t tags = TLV_HAS(1) | TLV_HAS(2) | TLV_HAS(3) | TLV_HAS(4) |
	                             TLV_HAS(5) | TLV_HAS(6) | TLV_HAS(7) | TLV_HAS(9) |
	                             TLV_HAS(10);
	static const size_t certificates[] = {894, 895, 738, 674};
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	enum digest_alg digests[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512};
	struct tlv_record record;
	struct fail why = {0};
	struct tlv_list list;
	struct tlv_iter it;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct buf file = {0};

		r.digest = digests[i];
		assert_int_equal(build_and_sign(&file, &r, &why), ERR_OK);
		list = parse(&file);
		assert_int_equal(list.count, ENTRIES);
		assert_int_equal(list.header.major, 1);
		assert_int_equal(list.header.minor, 2);
		assert_int_equal(list.header.digest, digests[i]);
		assert_int_equal(list.header.timestamp, MADE);
		assert_true(span_eq(list.header.filename, span_str("CTLFile.tlv")));
		assert_int_equal(check(&file, LIST_CTL).count, 0);
		tlv_iter_init(&it, &list);
		while (tlv_iter_next(&it, &record)) {
			assert_int_equal(record.role, roles[it.number - 1]);
			assert_int_equal(record.has, tags);
			assert_int_equal(record.certificate.len, certificates[it.number - 1]);
			assert_int_equal(record.address.len, 4);
		}
		buf_fini(&file);
	}
}

static void refused(const struct list_request *r, enum err code, const char *part)
{
	struct fail why = {0};
	struct span pieces[2];
	struct buf file = {0};

	assert_int_equal(list_build(&file, r, pieces, &why), code);
	assert_int_equal(why.code, code);
	if (!strstr(why.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why.text);
	buf_fini(&file);
}

static void lists_that_lock_out_are_refused(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);

	r.count = 3;
	refused(&r, ERR_ARG, "at least 2 security tokens");
	r.count = ENTRIES;
	entries[3].cert = token1;
	refused(&r, ERR_ARG, "at least 2 security tokens");
	request(entries);
	r.signer = callmanager;
	refused(&r, ERR_TRUST, "CUCM8-Publisher.bbbburns.lab is not among the security tokens");
	r = request(entries);
	r.now = 1700000000;
	refused(&r, ERR_EXPIRED, "has expired");
	r.now = 1200000000;
	refused(&r, ERR_EXPIRED, "is not valid yet");
	r = request(entries);
	entries[0] = entries[1];
	refused(&r, ERR_EXISTS, "twice with the same role and address");
	entries[0].role = TLV_ROLE_CAPF;
	refused(&(struct list_request){.count = 0, .signer = token1}, ERR_ARG, "security tokens");
}

static void keys_that_no_header_can_tell(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);

	r.signer = entries[2].cert = rsa3072;
	r.now = 1300000000;
	refused(&r, ERR_UNSUPPORTED, "3072 bits");
	r.signer = entries[2].cert = ec256;
	refused(&r, ERR_UNSUPPORTED, "not RSA");
	r = request(entries);
	r.digest = DIGEST_MD5;
	refused(&r, ERR_UNSUPPORTED, "digest");
}

static void a_list_above_64_kib_is_refused(void **state)
{
	static struct list_entry many[80];
	static uint8_t addresses[80][4];
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	size_t i;

	for (i = 0; i < 80; i++) {
		addresses[i][3] = (uint8_t)(i + 1);
		many[i] = entries[i < ENTRIES ? i : 1];
		many[i].address = span_of(addresses[i], 4);
	}
	r.entries = many;
	r.count = 80;
	refused(&r, ERR_LIMIT, "phones take at most 65536");
}

static void only_the_signer_finishes(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct buf file = {0}, signature = {0};
	struct fail why = {0};
	struct span pieces[2];

	r.signer = token2;
	assert_int_equal(list_build(&file, &r, pieces, &why), ERR_OK);
	assert_int_equal(key_sign(token1_key, r.digest, pieces, 2, &signature), ERR_OK);
	assert_int_equal(list_finish(&file, buf_span(&signature), &why), ERR_VERIFY);
	fail_clear(&why);
	assert_int_equal(list_finish(&file, span_of(signature.data, 64), &why), ERR_ARG);
	buf_fini(&file);
	buf_fini(&signature);
}

static void signed_files_verify(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct buf ctl = {0}, file = {0}, signature = {0};
	struct span content = span_str("<device/>"), pieces[2];
	struct fail why = {0};
	struct tlv_list list;
	struct sgn_file f;

	/* The token's key stands in for the node's: one certificate, two roles. */
	entries[1].cert = token1;
	assert_int_equal(build_and_sign(&ctl, &r, &why), ERR_OK);
	list = parse(&ctl);
	assert_int_equal(signed_prepare(&file, content, "SEP001122334455.cnf.xml.sgn", token1,
	                         DIGEST_SHA1, MADE, pieces, &why),
	        ERR_OK);
	assert_int_equal(key_sign(token1_key, DIGEST_SHA1, pieces, 2, &signature), ERR_OK);
	assert_int_equal(tlv_set_signature(&file, buf_span(&signature), &why), ERR_OK);
	assert_int_equal(sgn_parse(&f, buf_span(&file), &why), ERR_OK);
	assert_int_equal(f.header.major, 1);
	assert_int_equal(f.header.minor, 0);
	assert_true(span_eq(f.content, content));
	assert_int_equal(signed_verify(buf_span(&file), &f.header, &list, &why), ERR_OK);
	buf_fini(&ctl);
	buf_fini(&file);
	buf_fini(&signature);
}

static void json_tells_the_same(void **state)
{
	struct tlv_list list = parse(&guide);
	struct json *j = list_to_json(&list, LIST_CTL, MADE), *r;
	struct buf text = {0};

	assert_int_equal(json_write(&text, j, true), ERR_OK);
	assert_int_equal(json_get_int(j, "length", 0), 4712);
	assert_string_equal(json_get_str(j, "lastModified"), "2011-08-31T17:28:03Z");
	assert_true(json_get_bool(j, "verified"));
	assert_int_equal(json_count(json_get(j, "findings")), 0);
	assert_int_equal(json_get_int(json_get(j, "header"), "length", 0), 304);
	assert_string_equal(json_get_str(json_get(j, "header"), "serialNumber"),
	        "BD:A3:02:00:00:00:D8:88:64:1F");
	assert_int_equal(json_count(json_get(j, "records")), 4);
	r = json_at(json_get(j, "records"), 0);
	assert_true(json_get_bool(r, "usedToSign"));
	assert_string_equal(json_get_str(r, "dnsName"), "");
	r = json_at(json_get(j, "records"), 2);
	assert_int_equal(json_get_int(r, "offset", 0), 2662);
	assert_int_equal(json_get_int(r, "length", 0), 1059);
	assert_string_equal(json_get_str(r, "function"), "CCM+TFTP");
	assert_string_equal(json_get_str(r, "ipAddress"), "14.48.44.80");
	buf_fini(&text);
	json_free(j);
}

static void without_memory(void **state)
{
	struct list_entry entries[ENTRIES];
	struct list_request r = request(entries);
	struct tlv_list list = parse(&guide);
	struct fail why = {0};
	struct span pieces[2];
	struct findings f = {0};
	enum err err;
	size_t n;

	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf file = {0};

		fail_clear(&why);
		mem_fail_from(n);
		err = build_and_sign(&file, &r, &why);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&file);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf shown = {0};

		mem_fail_from(n);
		err = list_show(&list, LIST_CTL, MADE, &shown);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&shown);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf text = {0};
		struct json *j;

		mem_fail_from(n);
		j = list_to_json(&list, LIST_CTL, MADE);
		err = json_write(&text, j, false);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		json_free(j);
		buf_fini(&text);
	}
	for (n = 1, err = ERR_NOMEM; err; n++) {
		mem_fail_from(n);
		err = list_check_records(&list, LIST_CTL, found, &f);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	}
	assert_int_equal(f.count, 0);
	for (n = 1, err = ERR_NOMEM; err; n++) {
		struct buf file = {0};

		mem_fail_from(n);
		err = signed_prepare(
		        &file, span_str("x"), "x.sgn", token1, DIGEST_SHA1, MADE, pieces, NULL);
		mem_fail_from(0);
		assert_true(err == ERR_OK || err == ERR_NOMEM);
		buf_fini(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lists_of_others_verify),
	        cmocka_unit_test(show_is_line_for_line),
	        cmocka_unit_test(show_of_an_itl),
	        cmocka_unit_test(show_of_a_bad_list),
	        cmocka_unit_test(no_shorter_list_is_good),
	        cmocka_unit_test(no_byte_changes_unnoticed),
	        cmocka_unit_test(refusals_say_which),
	        cmocka_unit_test(a_stranger_may_not_sign),
	        cmocka_unit_test(records_agree_with_certificates),
	        cmocka_unit_test(contradictory_records_are_found),
	        cmocka_unit_test(signed_files_of_others),
	        cmocka_unit_test(encrypted_file_of_others),
	        cmocka_unit_test(built_lists_verify),
	        cmocka_unit_test(lists_that_lock_out_are_refused),
	        cmocka_unit_test(keys_that_no_header_can_tell),
	        cmocka_unit_test(a_list_above_64_kib_is_refused),
	        cmocka_unit_test(only_the_signer_finishes),
	        cmocka_unit_test(signed_files_verify),
	        cmocka_unit_test(json_tells_the_same),
	        cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("core/list", tests, setup, teardown);
}
