/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/config.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/nodes.h"
#include "core/cluster/services.h"
#include "core/device/secret.h"
#include "core/list/signed.h"
#include "core/profile/profile.h"
#include "store/capf.h"
#include "wire/cnfxml/cnfxml.h"

#include <stdio.h>

#define FILE_DIGEST DIGEST_SHA1 /* all that 79xx phones can check */

struct writing {
	struct cluster *c;
	struct cnfxml xml;
	struct fail *why;
};

static enum err add_node(void *ctx, const struct store_node *n)
{
	struct writing *w = ctx;
	const struct settings *s = cluster_get_settings(w->c);
	struct cnfxml *x = &w->xml;

	if (x->managers_count == CNFXML_MEMBERS_MAX)
		return ERR_OK;
	if (!str_copy(x->managers[x->managers_count].name, CNFXML_TEXT_MAX, n->address) ||
		!str_copy(x->tvs[x->tvs_count].name, CNFXML_TEXT_MAX, n->address))
		return fail_set(w->why, ERR_LIMIT, "node %s: its address is too long", n->name);
	x->managers[x->managers_count++].port = settings_port(s, s->sccp_port);
	x->tvs[x->tvs_count++].port = settings_port(s, s->tvs_port);
	return ERR_OK;
}

/* CAPF is the publisher's alone. A subscriber tells where that is by the CTL; before there is one,
 * it can only offer its own. */
static enum err add_capf(struct writing *w, struct fail *why)
{
	const struct settings *s = cluster_get_settings(w->c);
	struct cnfxml *x = &w->xml;
	char address[CLUSTER_ADDRESS];
	bool activated;
	enum err err = service_activated(w->c, SERVICE_CAPF, &activated, why);

	if (err)
		return err;
	/* What a damaged CTL says nobody is told. */
	if (s->publisher || cluster_publisher_address(w->c, address, NULL) || !address[0])
		snprintf(address, sizeof(address), "%s", activated ? s->address : "");
	if (!address[0])
		return ERR_OK;
	if (!str_copy(x->capf[x->capf_count].name, CNFXML_TEXT_MAX, address))
		return fail_set(why, ERR_LIMIT, "CAPF's address is too long");
	x->capf[x->capf_count++].port = settings_port(s, s->capf_port);
	return ERR_OK;
}

/* The stamp changes with the record and with everything else the file says. */
static enum err stamp(struct cnfxml *x, int64_t version)
{
	char hex[2 * DIGEST_MAX + 1];
	struct buf text = {0};
	enum err err;

	x->version_stamp[0] = '\0';
	err = cnfxml_write_full(&text, x);
	if (!err) {
		digest_hex(DIGEST_SHA256, buf_span(&text), hex);
		snprintf(x->version_stamp, sizeof(x->version_stamp), "{%lld-%.8s}",
			(long long)version, hex);
	}
	buf_wipe(&text);
	return err;
}

/* A phone that has a certificate turns to CAPF only when its configuration is not for that
 * certificate. Where a person has to start it, the phone must go on meanwhile. */
static bool must_enrol(const struct device *d)
{
	return d->operation && d->auth_mode != PROFILE_AUTH_STRING;
}

#define WEB_ON  0
#define WEB_OFF 1

/* User and password only where nobody else can read them. */
static enum err put_access(
	struct writing *w, const struct device *d, enum config_face face, struct fail *why)
{
	const struct store_device *row = &d->record;
	struct cnfxml *x = &w->xml;
	struct buf password = {0};
	enum err err = ERR_OK;

	x->web_access = row->web_access == 1 ? WEB_ON
			: row->web_access    ? (int)row->web_access
					     : WEB_OFF;
	x->ssh_access = row->ssh_access != 0;
	if (face != CONFIG_ENCRYPTED)
		return ERR_OK;
	str_copy(x->ssh_user, sizeof(x->ssh_user), row->ssh_user);
	if (row->ssh_password.len)
		err = device_unseal(
			w->c, d->name, "sshPassword", &row->ssh_password, &password, why);
	if (!err && password.len &&
		!str_copy(x->ssh_password, sizeof(x->ssh_password), (const char *)password.data))
		err = ERR_LIMIT;
	buf_wipe(&password);
	return err;
}

static enum err describe(
	struct writing *w, const struct device *d, const struct cert *lsc, struct fail *why)
{
	struct cnfxml *x = &w->xml;
	enum err err;

	str_copy(x->protocol, sizeof(x->protocol), "SCCP");
	x->security_mode = d->security_mode;
	x->encrypted = d->encrypted_config;
	/* A phone that finds no key of its own in an encrypted file turns to CAPF by itself. */
	if (d->operation || d->encrypted_config)
		x->capf_auth_mode = d->auth_mode;
	if (lsc && !must_enrol(d))
		cert_md5_hex(lsc, x->cert_hash);
	err = store_node_each(cluster_get_store(w->c), add_node, w, why);
	if (!err)
		err = add_capf(w, why);
	if (!err)
		err = stamp(x, d->version);
	return err ? fail_set(why, err, "%s: its configuration cannot be written: %s", d->name,
			     err_text(err))
		   : ERR_OK;
}

static enum err sign(
	struct cluster *c, struct buf *file, const struct span pieces[2], struct fail *why)
{
	struct buf signature = {0};
	enum err err = signer_sign_now(cluster_file_signer(c), cluster_file_key(c), FILE_DIGEST,
		pieces, 2, &signature, why);

	if (!err)
		err = tlv_set_signature(file, buf_span(&signature), why);
	buf_fini(&signature);
	return err;
}

static enum err put_signed(struct cluster *c, const char *filename, const struct cert *signer,
	struct span content, struct buf *file, struct fail *why)
{
	uint32_t now = (uint32_t)clock_seconds(cluster_get_clock(c));
	const struct signed_as as = {filename, signer, FILE_DIGEST, now, false};
	struct span pieces[2];
	enum err err = signed_prepare(file, content, &as, pieces, why);

	return err ? err : sign(c, file, pieces, why);
}

/* `plain` is padded here. */
static enum err put_encrypted(struct cluster *c, const char *filename, const struct cert *signer,
	const struct cert *lsc, struct buf *plain, struct buf *file, struct fail *why)
{
	uint32_t now = (uint32_t)clock_seconds(cluster_get_clock(c));
	const struct signed_as as = {filename, signer, FILE_DIGEST, now, false};
	struct span pieces[2];
	enum err err = signed_encrypt(file, plain, lsc, &as, pieces, why);

	return err ? err : sign(c, file, pieces, why);
}

static enum err recorded(
	struct cluster *c, const char *device, int kind, struct cert **out, struct fail *why)
{
	struct store_phone_cert row;
	struct buf der = {0};
	enum err err = store_phone_cert_get(cluster_get_store(c), device, kind, &row, &der, NULL);

	*out = NULL;
	if (!err)
		err = cert_from_der(out, buf_span(&der), why);
	buf_fini(&der);
	/* Nothing can be encrypted for an EC key. */
	if (*out && !cert_key_is_rsa(*out)) {
		cert_free(*out);
		*out = NULL;
	}
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	return err ? fail_set(why, err, "%s: its certificate cannot be read: %s", device,
			     err_text(err))
		   : ERR_OK;
}

/* What a phone's configuration is encrypted for: its LSC, else the MIC that it has proven. */
static enum err recorded_key(
	struct cluster *c, const char *device, struct cert **out, struct fail *why)
{
	enum err err = recorded(c, device, STORE_LSC, out, why);

	return err || *out ? err : recorded(c, device, STORE_MIC, out, why);
}

static enum err make(struct cluster *c, const struct device *d, enum config_face face,
	const char *filename, const struct cert *lsc, struct buf *out, struct fail *why)
{
	bool full = !d->encrypted_config || face == CONFIG_ENCRYPTED;
	struct writing w = {.c = c, .why = why};
	const struct cert *signer = cluster_file_cert(c);
	struct buf content = {0};
	enum err err = describe(&w, d, lsc, why);

	if (!err)
		err = put_access(&w, d, face, why);
	if (!err)
		err = full ? cnfxml_write_full(&content, &w.xml)
			   : cnfxml_write_reduced(&content, &w.xml);
	if (err)
		goto out;
	switch (face) {
	case CONFIG_PLAIN:
		buf_put(out, buf_span(&content));
		err = buf_check(out);
		break;
	case CONFIG_SIGNED:
		err = put_signed(c, filename, signer, buf_span(&content), out, why);
		break;
	case CONFIG_ENCRYPTED:
		err = put_encrypted(c, filename, signer, lsc, &content, out, why);
		break;
	}
out:
	mem_wipe(w.xml.ssh_password, sizeof(w.xml.ssh_password));
	buf_wipe(&content);
	return err ? fail_set(why, err, "%s: %s", filename, err_text(err)) : ERR_OK;
}

enum err config_make(struct cluster *c, const char *device, enum config_face face,
	const char *filename, struct buf *out, int64_t *until, struct fail *why)
{
	struct cert *lsc = NULL;
	struct device d;
	enum err err = device_get(c, device, &d, why);

	*until = 0;
	if (err)
		return err;
	if (d.operation && d.operation_by)
		*until = d.operation_by + 1;
	err = recorded_key(c, device, &lsc, why);
	if (err)
		return err;
	if (face == CONFIG_ENCRYPTED && (!d.encrypted_config || !lsc || must_enrol(&d)))
		err = fail_set(why, ERR_NOTFOUND, "%s: %s", filename,
			!d.encrypted_config ? "TFTP Encrypted Config is off"
			: !lsc              ? "no RSA key of the phone is recorded"
					    : "the phone is to turn to CAPF first");
	else
		err = make(c, &d, face, filename, lsc, out, why);
	cert_free(lsc);
	return err;
}

enum err config_make_default(struct cluster *c, bool is_signed, const char *filename,
	struct span own, struct buf *out, struct fail *why)
{
	struct writing w = {.c = c, .why = why};
	struct buf made = {0};
	enum err err = ERR_OK;

	if (!own.len) {
		err = store_node_each(cluster_get_store(c), add_node, &w, why);
		if (!err)
			err = cnfxml_write_default(&made, &w.xml);
		own = buf_span(&made);
	}
	if (!err && is_signed)
		err = put_signed(c, filename, cluster_file_cert(c), own, out, why);
	else if (!err)
		buf_put(out, own);
	if (!err)
		err = buf_check(out);
	buf_fini(&made);
	return err ? fail_set(why, err, "%s: %s", filename, err_text(err)) : ERR_OK;
}
