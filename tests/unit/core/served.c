/* SPDX-License-Identifier: BSD-2-Clause */
#include "served.h"

#include "base/mem.h"
#include "core/capf/phone_cert.h"
#include "core/cluster/services.h"
#include "core/issue/lsc.h"
#include "core/profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum err served_get(struct lab *lab, const char *asked, struct provision_file *f)
{
	fail_clear(&lab->why);
	return provision_get(lab->c, NULL, asked, f, &lab->why);
}

enum err served_refused(struct lab *lab, const char *asked)
{
	struct provision_file f;
	enum err err = served_get(lab, asked, &f);

	provision_file_fini(&f);
	return err;
}

struct buf served_bytes(struct lab *lab, const char *asked)
{
	struct provision_file f;
	struct buf bytes = {0};

	if (served_get(lab, asked, &f))
		fail_msg("%s", lab->why.text);
	buf_put(&bytes, buf_span(&f.content));
	provision_file_fini(&f);
	return bytes;
}

const char *served_text(struct lab *lab, const char *asked)
{
	static char text[16384];
	struct buf bytes = served_bytes(lab, asked);

	assert_true(bytes.len < sizeof(text));
	memcpy(text, bytes.data, bytes.len);
	text[bytes.len] = '\0';
	buf_fini(&bytes);
	return text;
}

bool served_says(struct lab *lab, const char *asked, const char *text)
{
	return strstr(served_text(lab, asked), text);
}

void served_anew(struct lab *lab)
{
	if (cluster_serve_lists(lab->c, &lab->why))
		fail_msg("%s", lab->why.text);
}

void served_setting(struct lab *lab, const char *name, const char *value)
{
	cluster_close(lab->c);
	assert_int_equal(
		lab_run("sed -i '/^%s = /d' %s && echo '%s = %s' >>%s", name,
			lab_path(lab, "cadeado.conf"), name, value, lab_path(lab, "cadeado.conf")),
		0);
	if (cluster_open(&lab->c, lab->folder, &lab->clock, &lab->why))
		fail_msg("%s", lab->why.text);
}

void served_phone(struct lab *lab, const char *name, const char *profile)
{
	const struct device_new d = {.name = name, .profile = profile};

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
}

void served_field(struct lab *lab, const char *label, const char *text)
{
	const struct device_value value = {device_field_find(label), text};

	assert_non_null(value.field);
	if (device_set(lab->c, LAB_SEP, DEVICE_UPDATE, &value, 1, &lab->why))
		fail_msg("%s", lab->why.text);
}

void served_sip_profile(struct lab *lab, int mode, bool encrypted)
{
	struct profile p;

	profile_defaults(&p, "SIP");
	p.protocol = STORE_SIP;
	p.mode = mode;
	p.transport = mode > 1 ? 3 : 1;
	p.encrypted_config = encrypted;
	p.rsa_bits = 1024;
	p.sip_port = 5070;
	if (profile_put(lab->c, &p, &lab->why))
		fail_msg("%s", lab->why.text);
}

void served_enrol(struct lab *lab, const char *device)
{
	static char key[4096];
	struct buf spki, pem = {0};
	struct cert *lsc, *issuer;
	struct store_phone_cert row;
	FILE *f;

	if (!*key) {
		assert_int_equal(lab_run("cd %s && openssl genrsa -out phone.pem 2048 2>/dev/null",
					 lab->folder),
			0);
		pem = lab_read(lab_path(lab, "phone.pem"));
		assert_true(pem.len < sizeof(key));
		memcpy(key, pem.data, pem.len);
		buf_clear(&pem);
	}
	f = fopen(lab_path(lab, "phone.pem"), "w");
	assert_non_null(f);
	fputs(key, f);
	fclose(f);
	assert_int_equal(lab_run("cd %s && openssl pkey -in phone.pem -pubout -outform DER -out "
				 "phone.spki",
				 lab->folder),
		0);
	spki = lab_read(lab_path(lab, "phone.spki"));
	assert_int_equal(lsc_issue(lab->c, device, buf_span(&spki), &lsc, &issuer, &lab->why), 0);
	phone_cert_fill(&row, device, STORE_LSC, lsc, issuer, LAB_NOW);
	row.how = STORE_CERT_INSTALLED;
	if (store_phone_cert_put(cluster_get_store(lab->c), &row, cert_der(lsc), &lab->why))
		fail_msg("%s", lab->why.text);
	cert_free(issuer);
	assert_int_equal(cert_to_pem(lsc, &pem), 0);
	lab_write(lab_path(lab, "lsc.pem"), buf_span(&pem));
	buf_fini(&pem);
	buf_fini(&spki);
	cert_free(lsc);
}

bool served_judged_by(struct lab *lab, const char *asked, const char *how, const char *cert)
{
	struct buf bytes = served_bytes(lab, asked);

	lab_write(lab_path(lab, "judged"), buf_span(&bytes));
	buf_fini(&bytes);
	return lab_run("cd %s && /usr/bin/python3 '%s' %s judged %s %s >content 2>facts "
		       "|| { cat facts >&2; false; }",
		       lab->folder, lab_source("data/check_sgn.py"), how, cert,
		       strcmp(how, "enc") == 0 ? "phone.pem" : "") == 0;
}

bool served_judged(struct lab *lab, const char *asked, const char *how)
{
	return served_judged_by(lab, asked, how, "keys/CallManager.pem");
}

void served_without_memory(struct lab *lab, const char *const *names, size_t count)
{
	struct provision_file f;
	enum err err;
	size_t i, n;

	for (i = 0; i < count; i++) {
		for (n = 1, err = ERR_NOMEM; err; n++) {
			assert_true(n < 2000);
			fail_clear(&lab->why);
			mem_fail_from(n);
			err = provision_get(lab->c, NULL, names[i], &f, &lab->why);
			mem_fail_from(0);
			if (err)
				assert_int_equal(f.content.len, 0);
			if (err && err != ERR_NOMEM)
				fail_msg("%s, allocation %zu: %s", names[i], n, lab->why.text);
		}
		assert_true(f.content.len > 0);
		provision_file_fini(&f);
	}
}

bool served_has(struct lab *lab, const char *file, const char *line)
{
	return lab_run("grep -qxF -e '%s' %s", line, lab_path(lab, file)) == 0;
}

bool served_valid(struct lab *lab, const char *file, const char *schema)
{
	char grammar[64];

	snprintf(grammar, sizeof(grammar), "data/schema/%s.rng", schema);
	return lab_run("cd %s && xmllint --nonet --noout --relaxng '%s' %s 2>lint || { cat lint %s "
		       ">&2; false; }",
		       lab->folder, lab_source(grammar), file, file) == 0;
}

bool served_valid_name(struct lab *lab, const char *asked, const char *schema)
{
	struct buf bytes = served_bytes(lab, asked);

	lab_write(lab_path(lab, "served.xml"), buf_span(&bytes));
	buf_fini(&bytes);
	return served_valid(lab, "served.xml", schema);
}
