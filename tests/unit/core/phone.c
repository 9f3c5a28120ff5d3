/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void phone_set(struct lab *lab, const char *device, const char *field, const char *text)
{
	struct device_value value = {device_field_find(field), text};

	fail_clear(&lab->why);
	if (device_set(lab->c, device, DEVICE_UPDATE, &value, 1, &lab->why))
		fail_msg("%s", lab->why.text);
}

int phone_setup_ordered(void **state)
{
	struct device_new d = {
		.name = LAB_SEP, .number = "1001", .profile = "Encrypted", .install = true};
	struct lab *lab;

	if (lab_setup(state))
		return -1;
	lab = *state;
	return device_put(lab->c, &d, &lab->why);
}

struct enrol_order phone_begin(struct lab *lab, struct said s)
{
	struct capf_message m = {.type = CAPF_AUTH_RES,
		.version = (uint8_t)(s.version ? s.version : 3),
		.device_name = span_str(s.device ? s.device : LAB_SEP),
		.password = s.password,
		.certificate = s.cert,
		.certificate_type = s.type ? s.type : 1,
		.signed_data = s.sha1,
		.sha2_signed_data = s.sha2};
	struct enrol_order order;

	m.has = CAPF_HAS(CAPF_E_VERSION) | CAPF_HAS(CAPF_E_DEVICE_NAME) |
		(s.password.len ? CAPF_HAS(CAPF_E_PASSWORD) : 0) |
		(s.cert.len ? CAPF_HAS(CAPF_E_CERTIFICATE) : 0) |
		(s.sha1.len ? CAPF_HAS(CAPF_E_SIGNED_DATA) : 0) |
		(s.sha2.len ? CAPF_HAS(CAPF_E_SHA2_SIGNED_DATA) : 0);
	fail_clear(&lab->why);
	if (enrol_begin(lab->c, &m, s.shown, "192.0.2.7", &order, &lab->why))
		fail_msg("%s", lab->why.text);
	return order;
}

struct device phone_device_of(struct lab *lab)
{
	struct device d;

	assert_int_equal(device_get(lab->c, LAB_SEP, &d, NULL), 0);
	return d;
}

void phone_mode(struct lab *lab, const char *words)
{
	phone_set(lab, LAB_SEP, "Authentication Mode", words);
}

struct buf phone_file_of(struct lab *lab, const char *name)
{
	return lab_read(lab_path(lab, name));
}

void phone_make_lsc(struct lab *lab, const char *options, const char *device)
{
	struct cert *lsc, *issuer;
	struct buf spki;

	assert_int_equal(
		lab_run("cd %s && openssl genpkey %s -out phone.pem 2>/dev/null && openssl "
			"pkey -in phone.pem -pubout -outform DER -out phone.spki",
			lab->folder, options),
		0);
	spki = phone_file_of(lab, "phone.spki");
	assert_int_equal(lsc_issue(lab->c, device, buf_span(&spki), &lsc, &issuer, &lab->why), 0);
	lab_write(lab_path(lab, "lsc.der"), cert_der(lsc));
	cert_free(lsc);
	cert_free(issuer);
	buf_fini(&spki);
}

void phone_make_mic(struct lab *lab, const char *name, const char *ca_days, const char *days)
{
	static const char config[] =
		"[ca]\ndefault_ca=own\n[own]\ndatabase=db\nnew_certs_dir=.\nserial=sn\n"
		"default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n"
		"organizationName=supplied\norganizationalUnitName=optional\n"
		"[authority]\nbasicConstraints=critical,CA:TRUE\n";

	lab_write(lab_path(lab, "ca.cnf"), span_str(config));
	assert_int_equal(
		lab_run("cd %s && mkdir -p manufacturer && : > db && echo 0123456789 > sn && openssl "
			"req -new -newkey rsa:2048 -nodes -keyout ca.key -out ca.csr -subj "
			"'/O=Maker/CN=Maker Manufacturing CA' 2>/dev/null && openssl ca -config ca.cnf "
			"-selfsign -keyfile ca.key -in ca.csr -extensions authority %s -batch -notext "
			"-out manufacturer/ca.pem 2>/dev/null",
			lab->folder, ca_days),
		0);
	assert_int_equal(
		lab_run("cd %s && openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "
			"phone.pem 2>/dev/null && openssl req -new -key phone.pem -subj "
			"'/O=Maker/OU=EVVBU/CN=%s' -out mic.csr && openssl ca -config ca.cnf -cert "
			"manufacturer/ca.pem -keyfile ca.key -in mic.csr -out mic.pem %s -batch -notext "
			"2>/dev/null && openssl x509 -in mic.pem -outform DER -out mic.der",
			lab->folder, name, days),
		0);
}

struct buf phone_proof(
	struct lab *lab, const char *device, const char *der, const char *alg, const char *padding)
{
	assert_int_equal(
		lab_run("cd %s && (printf '%s\\0'; cat %s) | openssl dgst -%s -binary > digest && "
			"openssl pkeyutl -sign -inkey phone.pem -in digest %s -out proof",
			lab->folder, device, der, alg, padding),
		0);
	return phone_file_of(lab, "proof");
}

struct buf phone_sha2_proof(struct lab *lab, const char *device, const char *der)
{
	struct buf bare = phone_proof(lab, device, der, "sha512", ""), out = {0};

	buf_u8(&out, 3);
	buf_be16(&out, (uint16_t)bare.len);
	buf_put(&out, buf_span(&bare));
	buf_fini(&bare);
	return out;
}

enum err phone_recorded(struct lab *lab, int kind, struct store_phone_cert *row, struct buf *der)
{
	return store_phone_cert_get(cluster_get_store(lab->c), LAB_SEP, kind, row, der, NULL);
}
