/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/rules.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/cluster/own.h"
#include "core/device/internal.h"
#include "core/list/list.h"
#include "core/model/signing.h"
#include "store/capf.h"

enum err device_rules_profile(
	struct device_rules *r, const char *name, const struct profile **out, struct fail *why)
{
	struct profile *p;
	enum err err;
	size_t i;

	for (i = 0; i < r->known; i++) {
		*out = &r->profiles[i];
		if (str_ieq(r->profiles[i].name, name))
			return ERR_OK;
	}
	p = &r->profiles[r->next];
	err = profile_get(r->c, name, p, why);
	if (err) {
		/* The place holds nothing now. */
		r->known = r->next = 0;
		return err;
	}
	*out = p;
	if (r->known < DEVICE_RULES_PROFILES)
		r->known++;
	r->next = (r->next + 1) % DEVICE_RULES_PROFILES;
	return ERR_OK;
}

static enum err has_lsc(struct cluster *c, const char *device, bool *yes, struct fail *why)
{
	struct store_phone_cert lsc;
	struct fail local = {0};
	enum err err =
		store_phone_cert_get(cluster_get_store(c), device, STORE_LSC, &lsc, NULL, &local);

	*yes = !err;
	return err && err != ERR_NOTFOUND ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

enum err device_rules_check(struct device_rules *r, struct store_device *row, struct fail *why)
{
	const struct profile *p;
	struct profile_phone phone = {.name = row->name,
		.model = model_of((int)row->model),
		.protocol = (int)row->protocol,
		.auth = (int)row->auth_mode};
	struct fail local = {0};
	enum err err = device_rules_profile(r, row->profile, &p, why);

	if (err)
		return err;
	memset(row->profile, 0, sizeof(row->profile));
	str_copy(row->profile, sizeof(row->profile), p->name);
	/* Most records are good for a phone without LSC already. */
	err = profile_check_phone(p, &phone, &local);
	if (err == ERR_NOTNOW) {
		err = has_lsc(r->c, row->name, &phone.has_lsc, why);
		if (err)
			return err;
		fail_clear(&local);
		err = profile_check_phone(p, &phone, &local);
	}
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

static void warn_signer(struct device_rules *r, const struct store_device *row,
	const struct model *m, struct buf *out)
{
	struct cert *cert = NULL;

	if (!r->signer_bits && own_newest(r->c, OWN_CALLMANAGER, &cert, NULL) == ERR_OK)
		r->signer_bits = cert_key_bits(cert);
	cert_free(cert);
	if (r->signer_bits > m->signer_max)
		buf_printf(out,
			"Warning: %s is of a model (%s) that checks signatures of at most %u bits; "
			"the key of CallManager has %u, so it would take no list and no signed "
			"file\n",
			row->name, m->name, m->signer_max, r->signer_bits);
}

/* The published CTL, where it can be read; what is wrong with it others say. */
static void look_at_list(struct device_rules *r)
{
	char *path = cluster_path(r->c, "tftp", list_file_name(LIST_CTL));
	struct buf bytes = {0};
	struct tlv_list list;
	struct fail why = {0};

	r->list_looked = true;
	if (path && file_read(path, LIST_SIZE_MAX, &bytes, &why) == ERR_OK &&
		tlv_parse(&list, buf_span(&bytes), &why) == ERR_OK) {
		r->list_bits = 8 * (unsigned)tlv_modulus_bytes(list.header.modulus);
		/* The digest codes of a header are those of enum digest_alg. */
		r->list_digest = (enum digest_alg)list.header.digest;
	}
	buf_fini(&bytes);
	mem_free(path);
}

static void warn_list(struct device_rules *r, const struct store_device *row, const struct model *m,
	struct buf *out)
{
	const char *word;

	if (!r->list_looked)
		look_at_list(r);
	word = digest_word(r->list_digest);
	if (r->list_bits && !model_checks_signing(m, r->list_bits, r->list_digest))
		buf_printf(out,
			"Warning: %s is of a model (%s) that cannot check the published CTL, which "
			"is signed with %s by a key of %u bits, so it would take none\n",
			row->name, m->name, word ? word : "an unknown digest", r->list_bits);
}

static void warn_late(struct device_rules *r, const struct store_device *row, struct buf *out)
{
	char by[CLOCK_DATE_MAX];

	if (!row->operation || !row->operation_by ||
		row->operation_by > clock_seconds(cluster_get_clock(r->c)))
		return;
	clock_print_iso(by, row->operation_by);
	buf_printf(out,
		"Warning: %s: Operation Completes By, %s, is over: CAPF refuses the phone; give a "
		"later time (--operation-by)\n",
		row->name, by);
}

void device_rules_warn(struct device_rules *r, const struct store_device *row, struct buf *out)
{
	const struct settings *s = cluster_get_settings(r->c);
	const struct model *m = model_of((int)row->model);
	const struct profile *p;

	if (device_rules_profile(r, row->profile, &p, NULL))
		return;
	if ((row->ssh_password.len || row->ssh_user[0]) && !p->encrypted_config)
		buf_printf(out,
			"Warning: %s gets no SSH user and password: profile %s has no TFTP "
			"Encrypted Config, and in a clear file everybody could read them\n",
			row->name, p->name);
	if (row->digest_password.len && !p->encrypted_config && m->encrypted_config)
		buf_printf(out,
			"Warning: %s gets no digest credentials: profile %s has no TFTP Encrypted "
			"Config, and in a clear file everybody could read them\n",
			row->name, p->name);
	if (row->digest_password.len && !p->exclude_digest && !m->encrypted_config)
		buf_printf(out,
			"Warning: %s gets its digest credentials in a clear file, for its model "
			"(%s) reads no other: everybody on the network can read them\n",
			row->name, m->name);
	warn_signer(r, row, m, out);
	warn_list(r, row, m, out);
	warn_late(r, row, out);
	if (m->tls12 || strcmp(s->tls_profile, "modern") != 0)
		return;
	if (p->mode > 1 || p->encrypted_config || row->operation)
		buf_printf(out,
			"Warning: %s is of a model (%s) that may speak TLS 1.0 only, which the "
			"listeners refuse: setting tls_profile is modern, such phones need legacy\n",
			row->name, m->name);
	else if (r->ahead)
		buf_printf(out,
			"Warning: %s is of a model (%s) that may speak TLS 1.0 only: before it is "
			"secured, the setting tls_profile must be legacy; it is modern\n",
			row->name, m->name);
}
