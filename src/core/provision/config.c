/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/config.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/internal.h"
#include "core/model/model.h"
#include "core/profile/profile.h"
#include "crypto/rsa_public.h"
#include "store/capf.h"
#include "wire/sgn/sgn.h"

#include <stdio.h>

#define PRINT_DIGEST DIGEST_SHA256

/* What is known of one phone's configuration before anything is signed. */
struct plan {
	struct phone_context *x;
	struct device d;
	struct buf cert;      /* for which it is encrypted: the LSC, else the MIC; empty: none */
	struct span cert_key; /* within it */
	char cert_hash[33];
	const char *no_whole; /* why there is no encrypted file; NULL: there is one */
	enum digest_alg digest;
	struct buf text; /* the whole file without secrets and stamp, and what it is silent about */
	struct prepared place;
	struct provision_sources *sources;
};

static void plan_fini(struct plan *p)
{
	buf_fini(&p->cert);
	buf_wipe(&p->text);
	prepared_fini(&p->place);
}

/* A phone that has a certificate turns to CAPF only when its configuration is not for that
 * certificate. Where a person has to start it, the phone must go on meanwhile. */
static bool must_enrol(const struct device *d)
{
	return d->operation && d->auth_mode != PROFILE_AUTH_STRING;
}

/* Nothing can be encrypted for an EC key: such a certificate is as none. */
static enum err read_cert(struct plan *p, int64_t kind, struct fail *why)
{
	struct store_phone_cert row;
	struct fail local = {0};
	enum err err;

	buf_clear(&p->cert);
	err = store_phone_cert_get(
		cluster_get_store(p->x->c), p->d.name, kind, &row, &p->cert, &local);
	if (err && err != ERR_NOTFOUND)
		return fail_set(
			why, err, "%s: its certificate cannot be read: %s", p->d.name, local.text);
	if (err || !rsa_public_find(buf_span(&p->cert), &p->cert_key))
		buf_clear(&p->cert);
	return ERR_OK;
}

/* What a phone's configuration is encrypted for: its LSC, else the MIC that it has proven. */
static enum err find_cert(struct plan *p, struct fail *why)
{
	char hex[2 * DIGEST_MAX + 1];
	enum err err = read_cert(p, STORE_LSC, why);

	if (!err && !p->cert.len)
		err = read_cert(p, STORE_MIC, why);
	p->no_whole = !p->d.encrypted_config ? "TFTP Encrypted Config is off"
		      : !p->cert.len         ? "no RSA key of the phone is recorded"
		      : must_enrol(&p->d)    ? "the phone is to turn to CAPF first"
					     : NULL;
	if (p->cert.len && !must_enrol(&p->d)) {
		digest_hex(DIGEST_MD5, buf_span(&p->cert), hex);
		str_copy(p->cert_hash, sizeof(p->cert_hash), hex);
	}
	return err;
}

static enum err write_whole(
	const struct plan *p, bool secrets, const char *stamp, struct buf *out, struct fail *why)
{
	struct phone_text text;
	enum err err = phone_describe(p->x, &p->d, p->cert_hash, secrets, &text, p->sources, why);

	if (err)
		return err;
	str_copy(text.xml.version_stamp, sizeof(text.xml.version_stamp), stamp);
	err = cnfxml_write_full(out, &text.xml, &text.rest);
	phone_text_fini(&text);
	return err;
}

/* Everything that the signed and the encrypted file are made from. Sealed secrets stand for
 * themselves: their bytes change with each setting and tell nobody anything. */
static void make_print(struct plan *p)
{
	const struct store_device *row = &p->d.record;
	struct buf all = {0};
	uint8_t sum[DIGEST_MAX];

	buf_printf(&all, "1 %s %lld %d %d ", file_key_id(cluster_file_key(p->x->c)),
		(long long)row->version, (int)p->digest, p->no_whole == NULL);
	buf_put(&all, buf_span(&p->text));
	buf_put(&all, span_of(row->ssh_password.bytes, row->ssh_password.len));
	buf_str(&all, row->ssh_user);
	buf_put(&all, span_of(row->digest_password.bytes, row->digest_password.len));
	buf_put(&all, buf_span(&p->cert));
	/* Without memory nothing is found, and nothing kept under a wrong name. */
	if (buf_check(&all) == ERR_OK && digest_one(PRINT_DIGEST, buf_span(&all), sum))
		memcpy(p->place.print, sum, PREPARED_PRINT);
	else
		prepared_fini(&p->place);
	buf_wipe(&all);
}

/* What the profile does to secrets shows in the encrypted file alone. */
static void add_hidden(struct plan *p)
{
	const struct store_device *row = &p->d.record;

	buf_u8(&p->text,
		row->protocol == STORE_SIP && row->digest_password.len && !p->d.exclude_digest);
}

static enum err plan_make(struct plan *p, struct phone_context *x, const struct store_device *row,
	struct provision_sources *sources, struct fail *why)
{
	enum err err;

	memset(p, 0, sizeof(*p));
	p->x = x;
	p->sources = sources;
	err = phone_join(x, row, &p->d, why);
	if (!err)
		err = find_cert(p, why);
	if (!err)
		err = write_whole(p, false, "", &p->text, why);
	if (!err) {
		add_hidden(p);
		p->digest = model_of(p->d.model)->sha512 ? DIGEST_SHA512 : DIGEST_SHA1;
		err = prepared_init(&p->place, x->c, p->d.name);
	}
	if (!err)
		make_print(p);
	return err ? fail_set(why, err, "%s: its configuration cannot be written: %s", row->name,
			     err_text(err))
		   : ERR_OK;
}

/* The stamp changes with the record and with everything else the file says. */
static void stamp_of(const struct plan *p, char out[CNFXML_TEXT_MAX])
{
	char hex[2 * DIGEST_MAX + 1];

	digest_hex(DIGEST_SHA256, buf_span(&p->text), hex);
	snprintf(out, CNFXML_TEXT_MAX, "{%lld-%.8s}", (long long)p->d.version, hex);
}

/* What the clear and the signed name give. */
static enum err write_first(const struct plan *p, struct buf *out, struct fail *why)
{
	struct phone_text text;
	char stamp[CNFXML_TEXT_MAX];
	enum err err;

	if (!p->d.encrypted_config) {
		stamp_of(p, stamp);
		return write_whole(p, false, stamp, out, why);
	}
	err = phone_describe(p->x, &p->d, p->cert_hash, false, &text, p->sources, why);
	if (err)
		return err;
	err = cnfxml_write_reduced(out, &text.xml);
	phone_text_fini(&text);
	return err;
}

static enum err make_work(struct plan *p, struct work **out, struct fail *why)
{
	char name[PREPARED_NAME], stamp[CNFXML_TEXT_MAX];
	struct work *w;
	enum err err;

	snprintf(name, sizeof(name), "%s.cnf.xml.sgn", p->d.name);
	w = work_new(p->x->c, p->digest, name);
	if (!w)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = write_first(p, &w->content, why);
	if (!err && !p->no_whole) {
		stamp_of(p, stamp);
		err = write_whole(p, true, stamp, &w->whole, why);
		snprintf(w->whole_name, sizeof(w->whole_name), "%s.cnf.xml.enc.sgn", p->d.name);
		buf_put(&w->phone, p->cert_key);
		if (!err)
			err = buf_check(&w->phone);
	}
	if (err) {
		work_free(w);
		return fail_set(why, err, "%s: its configuration cannot be written: %s", p->d.name,
			err_text(err));
	}
	w->place = p->place;
	memset(&p->place, 0, sizeof(p->place));
	*out = w;
	return ERR_OK;
}

/* --- what phones are given --- */

bool config_was_known(struct cluster *c, const char *device)
{
	struct prepared place;
	struct buf file = {0};
	bool known = prepared_init(&place, c, device) == ERR_OK &&
		     prepared_read(&place, false, true, &file) == ERR_OK;

	buf_fini(&file);
	prepared_fini(&place);
	return known;
}

/* While the store cannot be reached: what was made for the phone last, with this key. */
static enum err last_known(struct cluster *c, const char *device, enum config_face face,
	struct config_answer *out, struct fail *why)
{
	struct prepared place;
	struct buf file = {0};
	struct sgn_file parts;
	enum err err = prepared_init(&place, c, device);

	if (!err)
		err = prepared_read(&place, face == CONFIG_ENCRYPTED, true, &file);
	if (!err && face == CONFIG_PLAIN) {
		err = sgn_parse(&parts, buf_span(&file), NULL);
		if (!err)
			buf_put(&out->content, parts.content);
	} else if (!err) {
		out->content = file;
		buf_init(&file);
	}
	if (!err)
		err = buf_check(&out->content);
	buf_fini(&file);
	prepared_fini(&place);
	out->last_known = !err;
	/* Then it goes on to the signed one, which is there. */
	if (err && face == CONFIG_ENCRYPTED && config_was_known(c, device))
		return fail_set(why, ERR_NOTFOUND,
			"%s.cnf.xml.enc.sgn: what was prepared last is not encrypted", device);
	return err ? fail_set(why, ERR_AWAY,
			     "the database cannot be reached, and nothing is prepared for %s",
			     device)
		   : ERR_OK;
}

static enum err answer(
	struct plan *p, enum config_face face, struct config_answer *out, struct fail *why)
{
	enum err err;

	if (p->d.operation && p->d.operation_by)
		out->until = p->d.operation_by + 1;
	if (face == CONFIG_ENCRYPTED && p->no_whole)
		return fail_set(
			why, ERR_NOTFOUND, "%s.cnf.xml.enc.sgn: %s", p->d.name, p->no_whole);
	if (face == CONFIG_PLAIN)
		return write_first(p, &out->content, why);
	err = p->place.path
		      ? prepared_read(&p->place, face == CONFIG_ENCRYPTED, false, &out->content)
		      : ERR_NOTFOUND;
	return err == ERR_NOTFOUND ? make_work(p, &out->work, why) : err;
}

enum err config_look(struct cluster *c, const char *device, enum config_face face,
	const char *revision, struct config_answer *out, struct provision_sources *sources,
	struct fail *why)
{
	struct store_device row;
	struct plan p = {0};
	struct fail local = {0};
	enum err err = phone_context_get(&c->phones, c, revision, &local);

	memset(out, 0, sizeof(*out));
	if (!err)
		err = store_device_get(cluster_get_store(c), device, &row, &local);
	if (!err)
		err = plan_make(&p, c->phones, &row, sources, &local);
	if (!err)
		err = answer(&p, face, out, &local);
	plan_fini(&p);
	if (err == ERR_AWAY)
		return last_known(c, device, face, out, why);
	return err ? fail_set(why, err, "%s", local.text[0] ? local.text : err_text(err)) : ERR_OK;
}

enum err config_prepare(struct phone_context *x, const struct store_device *row, struct work **work,
	struct fail *why)
{
	struct provision_sources sources = {0};
	struct plan p;
	enum err err = plan_make(&p, x, row, &sources, why);

	*work = NULL;
	if (!err && !(p.place.path && prepared_is_there(&p.place)))
		err = make_work(&p, work, why);
	plan_fini(&p);
	provision_sources_fini(&sources);
	return err;
}

/* --- phones without a file of their own --- */

enum err config_default(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	static const int protocols[] = {STORE_SCCP, STORE_SIP};
	struct cnfxml_load *loads;
	char(*names)[STORE_NAME];
	const struct model *m;
	struct cnfxml xml = {0};
	size_t count = 0, most = 0;
	unsigned i, k;
	enum err err = phone_context_get(&c->phones, c, revision, why);

	while (model_at((unsigned)most))
		most++;
	loads = mem_new(most * sizeof(*loads));
	names = mem_new(most * sizeof(*names));
	if (!loads || !names)
		err = err ? err : ERR_NOMEM;
	for (i = 0; !err && (m = model_at(i)); i++) {
		names[count][0] = '\0';
		for (k = 0; !err && !names[count][0] && k < 2; k++)
			err = phone_default_load(
				c, m->type, protocols[k], names[count], sources, why);
		loads[count] = (struct cnfxml_load){m->type, m->name, names[count]};
		count += !err && names[count][0];
	}
	if (!err) {
		memcpy(xml.managers, c->phones->open, sizeof(xml.managers));
		xml.managers_count = c->phones->open_count;
		memcpy(xml.tvs, c->phones->tvs, sizeof(xml.tvs));
		xml.tvs_count = c->phones->tvs_count;
		err = cnfxml_write_default(out, &xml, loads, count);
	}
	mem_free(loads);
	mem_free(names);
	return err ? fail_set(why, err, "XMLDefault.cnf.xml: %s", err_text(err)) : ERR_OK;
}
