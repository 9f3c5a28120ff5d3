/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/factory.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sim/flash.h"
#include "sim/ossl.h"
#include "wire/json.h"

#include <openssl/x509v3.h>
#include <stdio.h>

#define CA_NAME    "manufacturer"
#define CA_BITS    2048u
#define CA_BEGINS  946684800ll  /* 2000-01-01: before any phone */
#define CA_ENDS    2524608000ll /* 2050-01-01 */
#define ORG        "Cadeado simulated phones"
#define DAY        86400ll
#define SERIAL_LEN 16

struct factory {
	const struct sim_options *opt;
	struct key *key;
	X509 *cert;
	struct json *made;
};

struct pair {
	struct key *key;
	X509 *cert;
};

static void pair_fini(struct pair *p)
{
	key_free(p->key);
	X509_free(p->cert);
	*p = (struct pair){0};
}

/* ---- certificates ---- */

static bool add_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(
		       name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_serial(X509 *cert)
{
	uint8_t bytes[SERIAL_LEN];
	BIGNUM *n = NULL;
	bool good;

	if (random_bytes(bytes, sizeof(bytes)))
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x7F) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return good;
}

static bool set_time(ASN1_TIME *at, int64_t seconds)
{
	return ASN1_TIME_set(at, (time_t)seconds) != NULL;
}

static bool add_extension(X509 *cert, const X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx(&ctx, (X509 *)issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return good;
}

struct wish {
	const char *unit, *cn;
	int64_t begins, ends;
	bool ca;
};

static bool add_extensions(X509 *cert, const X509 *issuer, bool ca)
{
	return add_extension(cert, issuer, NID_basic_constraints,
		       ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(cert, issuer, NID_key_usage,
		       ca ? "critical,keyCertSign,cRLSign"
			  : "critical,digitalSignature,keyEncipherment") &&
	       add_extension(cert, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always");
}

/* `issuer` NULL: signs itself. */
static X509 *make_cert(const struct wish *w, const struct key *key, const X509 *issuer,
	const struct key *issuer_key)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
	const X509 *above = issuer ? issuer : cert;
	EVP_PKEY *signer = key_get_native(issuer ? issuer_key : key);
	bool good = cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
		    add_name(name, "O", ORG) && (!w->unit || add_name(name, "OU", w->unit)) &&
		    add_name(name, "CN", w->cn) &&
		    X509_set_issuer_name(cert, X509_get_subject_name(above)) == 1 &&
		    set_time(X509_getm_notBefore(cert), w->begins) &&
		    set_time(X509_getm_notAfter(cert), w->ends) &&
		    X509_set_pubkey(cert, key_get_native(key)) == 1 &&
		    add_extensions(cert, above, w->ca) && X509_sign(cert, signer, EVP_sha256()) > 0;

	ERR_clear_error();
	if (good)
		return cert;
	X509_free(cert);
	return NULL;
}

/* ---- files ---- */

static char *path_of(const struct factory *f, const char *name, const char *ending)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "%s%s", name, ending);
	return file_join(f->opt->dir, file);
}

static enum err save(
	const struct factory *f, const char *name, const struct pair *p, struct fail *why)
{
	char *key_path = path_of(f, name, ".key"), *cert_path = path_of(f, name, ".pem");
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = bio && PEM_write_bio_X509(bio, p->cert) ? BIO_get_mem_data(bio, &text) : 0;
	enum err err = ERR_NOMEM;

	/* The key first: a certificate that is there has one. */
	if (key_path && cert_path && len > 0)
		err = key_save_pem(p->key, key_path, why);
	if (err == ERR_OK)
		err = file_replace(cert_path, span_of(text, (size_t)len), 0644, FILE_SYNC, why);
	BIO_free(bio);
	mem_free(key_path);
	mem_free(cert_path);
	return err;
}

static enum err load_cert(const struct factory *f, X509 **out, struct fail *why)
{
	char *path = path_of(f, CA_NAME, ".pem");
	struct buf pem = {0}, der = {0};
	const unsigned char *at;
	enum err err = path ? file_read(path, 4 * SIM_CERT_MAX, &pem, why) : ERR_NOMEM;

	if (err == ERR_OK) {
		sim_pem_to_der(buf_span(&pem), &der);
		at = der.data;
		*out = der.len ? d2i_X509(NULL, &at, (long)der.len) : NULL;
		if (!*out)
			err = fail_set(why, ERR_FORMAT, "%s holds no certificate", path);
	}
	mem_free(path);
	buf_fini(&pem);
	buf_fini(&der);
	ERR_clear_error();
	return err;
}

static enum err load_authority(struct factory *f, struct fail *why)
{
	char *path = path_of(f, CA_NAME, ".key");
	struct buf der = {0};
	enum err err = load_cert(f, &f->cert, why);
	int len;

	if (err == ERR_OK)
		err = path ? key_load_pem(&f->key, path, why) : ERR_NOMEM;
	if (err == ERR_OK) {
		unsigned char *at = NULL;

		len = i2d_X509(f->cert, &at);
		if (len > 0)
			buf_put(&der, span_of(at, (size_t)len));
		OPENSSL_free(at);
		if (!sim_cert_fits(buf_span(&der), f->key))
			err = fail_set(why, ERR_CRYPTO, "%s does not fit " CA_NAME ".pem", path);
	}
	mem_free(path);
	buf_fini(&der);
	return err;
}

static enum err make_authority(struct factory *f, struct fail *why)
{
	const struct wish w = {NULL, "Simulated Manufacturing CA", CA_BEGINS, CA_ENDS, true};
	struct pair p = {0};
	enum err err = key_generate(&p.key, KEY_RSA, CA_BITS, why);

	if (err)
		return err;
	p.cert = make_cert(&w, p.key, NULL, NULL);
	err = p.cert ? save(f, CA_NAME, &p, why) : ERR_CRYPTO;
	if (err) {
		pair_fini(&p);
		return err;
	}
	f->key = p.key;
	f->cert = p.cert;
	return ERR_OK;
}

static enum err open_authority(struct factory *f, struct fail *why)
{
	struct fail missing = {0};
	enum err err = file_mkdir(f->opt->dir, 0755, why);

	if (err == ERR_OK)
		err = load_authority(f, &missing);
	if (err == ERR_NOTFOUND && !f->cert)
		return make_authority(f, why);
	return err ? fail_set(why, err, "%s", missing.text[0] ? missing.text : err_text(err)) : err;
}

/* ---- phones ---- */

static void note(struct factory *f, const char *device, const char *cn)
{
	char *cert = path_of(f, device, ".pem");
	struct json *j = json_object_new();

	json_set_str(j, "device", device);
	json_set_str(j, "common_name", cn);
	json_set_str(j, "certificate", cert ? cert : "");
	json_append_take(f->made, j);
	if (!f->opt->json)
		(void)printf("%s: CN=%s, %s\n", device, cn, cert ? cert : "");
	mem_free(cert);
}

static enum err make_phone(struct factory *f, const char *word, struct fail *why)
{
	const struct sim_options *o = f->opt;
	char device[DEVICE_NAME_SIZE], name[DEVICE_NAME_SIZE + 4] = "SEP", cn[64];
	bool bare = strlen(word) == 12; /* without SEP */
	int64_t begins = o->since ? o->since : clock_seconds(clock_system()) - DAY;
	struct wish w = {"EVVBU", cn, begins, begins + o->days * DAY, false};
	struct pair p = {0};
	enum err err;

	if (!str_copy(bare ? name + 3 : name, DEVICE_NAME_SIZE, word) ||
		str_device_name(device, name))
		return fail_set(why, ERR_FORMAT, "%s is no MAC address of 12 hex digits", word);
	(void)snprintf(cn, sizeof(cn), "%s-%s", o->product, device);
	err = key_generate(&p.key, o->key_type, o->key_bits, why);
	if (err)
		return err;
	p.cert = make_cert(&w, p.key, f->cert, f->key);
	err = p.cert ? save(f, device, &p, why) : ERR_CRYPTO;
	if (err == ERR_OK)
		note(f, device, cn);
	pair_fini(&p);
	return err;
}

static void print_json(struct factory *f)
{
	char *ca = path_of(f, CA_NAME, ".pem");
	struct json *j = json_object_new();
	struct buf out = {0};

	json_set_str(j, "manufacturer", ca ? ca : "");
	json_set_take(j, "phones", json_ref(f->made));
	if (json_write(&out, j, true) == ERR_OK)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	json_free(j);
	mem_free(ca);
}

int sim_factory_run(const struct sim_options *opt)
{
	struct factory f = {.opt = opt, .made = json_array_new()};
	struct fail why = {0};
	enum err err = open_authority(&f, &why);

	for (int i = 0; i < opt->words && err == ERR_OK; i++)
		err = make_phone(&f, opt->word[i], &why);
	if (err)
		(void)fprintf(
			stderr, "cadeado-phone: %s\n", why.text[0] ? why.text : err_text(err));
	else if (opt->json)
		print_json(&f);
	else
		(void)printf("Servers that shall accept them need %s/" CA_NAME
			     ".pem; phones take theirs with --mic %s\n",
			opt->dir, opt->dir);
	key_free(f.key);
	X509_free(f.cert);
	json_free(f.made);
	return err ? SIM_EXIT_REFUSED : SIM_EXIT_DONE;
}
