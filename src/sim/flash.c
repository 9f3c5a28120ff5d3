/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/flash.h"

#include "base/file.h"
#include "base/mem.h"
#include "sim/ossl.h"
#include "wire/cnfxml/cnfxml.h"

#include <stdio.h>

#define LSC_FILE     "LSC.pem"
#define KEY_FILE     "lsc.key"
#define KEY_NEW_FILE "lsc.key.new" /* only between the steps of an installation */
#define KEPT_FILE    "lsc.key.kept"
#define MIC_FILE     "MIC.pem"
#define MIC_KEY_FILE "mic.key"

static const char *const list_names[SIM_LISTS] = {"CTLFile.tlv", "ITLFile.tlv"};

const char *sim_list_name(enum sim_list which)
{
	return list_names[which];
}

struct sim_held sim_flash_get_held(const struct sim_flash *f)
{
	return (struct sim_held){
		.ctl = buf_span(&f->lists[SIM_CTL]), .itl = buf_span(&f->lists[SIM_ITL])};
}

struct sim_identity sim_flash_identity(const struct sim_flash *f, bool mic_first)
{
	bool mic = f->mic.len && (mic_first || !f->lsc.len);

	return mic ? (struct sim_identity){buf_span(&f->mic), f->mic_key, true}
		   : (struct sim_identity){buf_span(&f->lsc), f->key, false};
}

static enum err read_optional(
	const char *dir, const char *name, size_t limit, struct buf *out, struct fail *why)
{
	char *path = file_join(dir, name);
	enum err err =
		path ? file_read(path, limit, out, why) : fail_set(why, ERR_NOMEM, "out of memory");

	if (err == ERR_NOTFOUND) {
		fail_clear(why);
		err = ERR_OK;
	}
	if (err)
		buf_clear(out);
	mem_free(path);
	return err;
}

bool sim_cert_fits(struct span der, const struct key *key)
{
	const unsigned char *p = der.ptr;
	X509 *cert = der.len && der.len <= SIM_CERT_MAX ? d2i_X509(NULL, &p, (long)der.len) : NULL;
	struct buf mine = {0};
	unsigned char *theirs = NULL;
	int len = 0;
	bool fits = false;

	if (cert && p == der.ptr + der.len)
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &theirs);
	if (len > 0 && key_public_der(key, &mine) == ERR_OK)
		fits = span_eq(buf_span(&mine), span_of(theirs, (size_t)len));
	OPENSSL_free(theirs);
	X509_free(cert);
	ERR_clear_error();
	buf_fini(&mine);
	return fits;
}

void sim_pem_to_der(struct span pem, struct buf *der)
{
	BIO *bio = pem.len ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char *out = NULL;
	int len = cert ? i2d_X509(cert, &out) : 0;

	if (len > 0)
		buf_put(der, span_of(out, (size_t)len));
	OPENSSL_free(out);
	X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
}

static enum err der_to_pem(struct span der, struct buf *pem)
{
	const unsigned char *p = der.ptr;
	X509 *cert = d2i_X509(NULL, &p, (long)der.len);
	BIO *bio = cert ? BIO_new(BIO_s_mem()) : NULL;
	char *text = NULL;
	long len = bio && PEM_write_bio_X509(bio, cert) ? BIO_get_mem_data(bio, &text) : 0;

	if (len > 0)
		buf_put(pem, span_of(text, (size_t)len));
	BIO_free(bio);
	X509_free(cert);
	return len > 0 ? buf_check(pem) : ERR_CRYPTO;
}

static struct key *load_key(const struct sim_flash *f, const char *name, const struct buf *cert)
{
	char *path = file_join(f->dir, name);
	struct key *key = NULL;

	if (path && key_load_pem(&key, path, NULL))
		key = NULL;
	mem_free(path);
	if (key && !sim_cert_fits(buf_span(cert), key)) {
		key_free(key);
		key = NULL;
	}
	return key;
}

static enum err save_key(
	const struct sim_flash *f, const struct key *key, const char *name, struct fail *why)
{
	char *path = file_join(f->dir, name);
	enum err err =
		path ? key_save_pem(key, path, why) : fail_set(why, ERR_NOMEM, "out of memory");

	mem_free(path);
	return err;
}

static enum err remove_file(const struct sim_flash *f, const char *name, struct fail *why)
{
	char *path = file_join(f->dir, name);
	enum err err = path ? file_remove(path, why) : fail_set(why, ERR_NOMEM, "out of memory");

	mem_free(path);
	return err;
}

static enum err replace_file(const struct sim_flash *f, const char *name, struct span content,
	mode_t mode, struct fail *why)
{
	char *path = file_join(f->dir, name);
	enum err err = path ? file_replace(path, content, mode, FILE_SYNC, why)
			    : fail_set(why, ERR_NOMEM, "out of memory");

	mem_free(path);
	return err;
}

/* LSC.pem decides which key counts; an installation cut off after it was written is completed. */
static enum err load_lsc(struct sim_flash *f, struct fail *why)
{
	struct buf pem = {0};
	enum err err = read_optional(f->dir, LSC_FILE, 4 * SIM_CERT_MAX, &pem, why);

	if (err)
		goto out;
	sim_pem_to_der(buf_span(&pem), &f->lsc);
	if (f->lsc.len == 0)
		goto out;
	f->key = load_key(f, KEY_FILE, &f->lsc);
	if (!f->key) {
		f->key = load_key(f, KEY_NEW_FILE, &f->lsc);
		if (f->key)
			err = save_key(f, f->key, KEY_FILE, why);
	}
	if (err == ERR_OK)
		err = remove_file(f, KEY_NEW_FILE, why);
	if (!f->key)
		buf_clear(&f->lsc);
out:
	buf_fini(&pem);
	return err;
}

static enum err load_mic(struct sim_flash *f, struct fail *why)
{
	struct buf pem = {0};
	enum err err = read_optional(f->dir, MIC_FILE, 4 * SIM_CERT_MAX, &pem, why);

	sim_pem_to_der(buf_span(&pem), &f->mic);
	if (f->mic.len)
		f->mic_key = load_key(f, MIC_KEY_FILE, &f->mic);
	if (!f->mic_key)
		buf_clear(&f->mic);
	buf_fini(&pem);
	return err;
}

enum err sim_flash_open(struct sim_flash *f, const char *dir, const char *device, struct fail *why)
{
	enum err err = file_mkdir(dir, 0755, why);

	*f = (struct sim_flash){0};
	(void)snprintf(f->config_name, sizeof(f->config_name), "%s.cnf.xml", device);
	f->dir = mem_strdup(dir);
	if (err == ERR_OK && !f->dir)
		err = fail_set(why, ERR_NOMEM, "out of memory");
	for (int i = 0; i < SIM_LISTS && err == ERR_OK; i++) {
		struct tlv_list list;

		err = read_optional(dir, list_names[i], TLV_FILE_MAX, &f->lists[i], why);
		if (f->lists[i].len && tlv_parse(&list, buf_span(&f->lists[i]), NULL))
			buf_clear(&f->lists[i]);
	}
	if (err == ERR_OK)
		err = read_optional(dir, f->config_name, CNFXML_SIZE_MAX, &f->config, why);
	if (err == ERR_OK)
		err = load_lsc(f, why);
	if (err == ERR_OK)
		err = load_mic(f, why);
	return err;
}

void sim_flash_fini(struct sim_flash *f)
{
	for (int i = 0; i < SIM_LISTS; i++)
		buf_fini(&f->lists[i]);
	buf_wipe(&f->config);
	key_free(f->key);
	buf_fini(&f->lsc);
	key_free(f->mic_key);
	buf_fini(&f->mic);
	mem_free(f->dir);
	*f = (struct sim_flash){0};
}

enum err sim_flash_drop_lsc(struct sim_flash *f, struct fail *why)
{
	enum err err = remove_file(f, LSC_FILE, why);

	if (err == ERR_OK)
		err = remove_file(f, KEY_FILE, why);
	if (err == ERR_OK)
		err = remove_file(f, KEY_NEW_FILE, why);
	key_free(f->key);
	f->key = NULL;
	buf_clear(&f->lsc);
	return err;
}

enum err sim_flash_keep_key(const struct sim_flash *f, const struct key *key, struct fail *why)
{
	return save_key(f, key, KEPT_FILE, why);
}

struct key *sim_flash_kept_key(const struct sim_flash *f)
{
	char *path = file_join(f->dir, KEPT_FILE);
	struct key *key = NULL;

	if (path && key_load_pem(&key, path, NULL))
		key = NULL;
	mem_free(path);
	return key;
}

enum err sim_flash_drop_kept(const struct sim_flash *f, struct fail *why)
{
	return remove_file(f, KEPT_FILE, why);
}

enum err sim_flash_drop_lists(struct sim_flash *f, struct fail *why)
{
	enum err err = ERR_OK;

	for (int i = 0; i < SIM_LISTS && err == ERR_OK; i++) {
		err = remove_file(f, list_names[i], why);
		buf_clear(&f->lists[i]);
	}
	return err;
}

enum err sim_flash_erase(struct sim_flash *f, struct fail *why)
{
	enum err err = sim_flash_drop_lsc(f, why);

	if (err == ERR_OK)
		err = sim_flash_drop_kept(f, why);
	if (err == ERR_OK)
		err = sim_flash_drop_lists(f, why);
	if (err == ERR_OK)
		err = remove_file(f, f->config_name, why);
	buf_wipe(&f->config);
	return err;
}

static enum err put(struct sim_flash *f, struct buf *held, const char *name, struct span content,
	mode_t mode, struct fail *why)
{
	struct buf copy = {0};
	enum err err;

	buf_put(&copy, content);
	err = buf_check(&copy);
	if (err == ERR_OK)
		err = replace_file(f, name, content, mode, why);
	if (err) {
		buf_wipe(&copy);
		return fail_set(why, err, "%s: %s", name, err_text(err));
	}
	buf_wipe(held);
	*held = copy;
	return ERR_OK;
}

enum err sim_flash_put_list(
	struct sim_flash *f, enum sim_list which, struct span list, struct fail *why)
{
	return put(f, &f->lists[which], list_names[which], list, 0644, why);
}

enum err sim_flash_put_config(struct sim_flash *f, struct span xml, struct fail *why)
{
	return put(f, &f->config, f->config_name, xml, 0600, why);
}

enum err sim_flash_take_lsc(struct sim_flash *f, struct key *key, struct span der, struct fail *why)
{
	struct buf pem = {0};
	enum err err;

	if (!sim_cert_fits(der, key)) {
		err = fail_set(why, ERR_CRYPTO, "the certificate does not carry the phone's key");
		goto out;
	}
	err = der_to_pem(der, &pem);
	if (err == ERR_OK)
		err = save_key(f, key, KEY_NEW_FILE, why);
	if (err == ERR_OK)
		err = replace_file(f, LSC_FILE, buf_span(&pem), 0644, why);
	if (err)
		goto out;
	/* From here on the new pair counts, whatever happens to the remaining steps. */
	key_free(f->key);
	f->key = key;
	key = NULL;
	buf_clear(&f->lsc);
	buf_put(&f->lsc, der);
	err = buf_check(&f->lsc);
	if (err == ERR_OK)
		err = save_key(f, f->key, KEY_FILE, why);
	if (err == ERR_OK)
		err = remove_file(f, KEY_NEW_FILE, why);
out:
	key_free(key);
	buf_fini(&pem);
	return err ? fail_set(why, err, "the LSC cannot be installed: %s", err_text(err)) : ERR_OK;
}

/* ERR_NOTFOUND when the folder has no such pair. */
static enum err load_pair(const char *folder, const char *cert_name, const char *key_name,
	struct buf *der, struct key **key, struct fail *why)
{
	char *path = file_join(folder, key_name);
	struct buf pem = {0};
	enum err err = read_optional(folder, cert_name, 4 * SIM_CERT_MAX, &pem, why);

	if (err == ERR_OK && pem.len == 0)
		err = ERR_NOTFOUND;
	if (err == ERR_OK && !path)
		err = fail_set(why, ERR_NOMEM, "out of memory");
	if (err == ERR_OK)
		err = key_load_pem(key, path, why);
	if (err == ERR_OK) {
		sim_pem_to_der(buf_span(&pem), der);
		if (!sim_cert_fits(buf_span(der), *key))
			err = fail_set(why, ERR_CRYPTO, "%s/%s does not carry the key of %s",
				folder, cert_name, key_name);
	}
	mem_free(path);
	buf_fini(&pem);
	return err;
}

enum err sim_flash_take_mic(
	struct sim_flash *f, const char *folder, const char *device, struct fail *why)
{
	char cert_name[64], key_name[64];
	struct buf der = {0}, pem = {0};
	struct key *key = NULL;
	enum err err;

	(void)snprintf(cert_name, sizeof(cert_name), "%s.pem", device);
	(void)snprintf(key_name, sizeof(key_name), "%s.key", device);
	err = load_pair(folder, cert_name, key_name, &der, &key, why);
	if (err == ERR_NOTFOUND && (!why || !why->code))
		err = load_pair(folder, MIC_FILE, MIC_KEY_FILE, &der, &key, why);
	if (err == ERR_NOTFOUND)
		(void)fail_set(
			why, err, "%s: neither %s nor %s is there", folder, cert_name, MIC_FILE);
	if (err == ERR_OK && span_eq(buf_span(&der), buf_span(&f->mic)))
		goto out; /* it has it already */
	if (err == ERR_OK)
		err = der_to_pem(buf_span(&der), &pem);
	if (err == ERR_OK)
		err = save_key(f, key, MIC_KEY_FILE, why);
	if (err == ERR_OK)
		err = replace_file(f, MIC_FILE, buf_span(&pem), 0644, why);
	if (err) {
		(void)fail_set(why, err, "the MIC cannot be taken: %s", err_text(err));
		goto out;
	}
	key_free(f->mic_key);
	buf_fini(&f->mic);
	f->mic_key = key;
	f->mic = der;
	key = NULL;
	der = (struct buf){0};
out:
	key_free(key);
	buf_fini(&der);
	buf_fini(&pem);
	return err;
}
