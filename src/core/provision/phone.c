/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/phone.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/services.h"
#include "core/device/secret.h"
#include "core/model/load.h"
#include "core/model/model.h"
#include "core/profile/profile.h"
#include "core/provision/folder.h"

#include <stdio.h>

#define WEB_ON  0 /* vendorConfig/webAccess */
#define WEB_OFF 1

#define TCP 1 /* transportLayerProtocol */

#define LABEL_MOST       30 /* characters of a line's texts that phones show */
#define PHONE_LABEL_MOST 12
#define DIAL_TEMPLATE    "dialplan.xml"
#define SOFT_KEYS        "SKDefault.xml"

/* Cut at a character's beginning. */
static void copy_label(char *out, size_t size, const char *text)
{
	size_t len = strlen(text), most = LABEL_MOST < size - 1 ? LABEL_MOST : size - 1;

	if (len > most) {
		len = most;
		while (len && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	snprintf(out, size, "%.*s", (int)len, text);
}

/* The name of a load that is in the folder, else "". */
static enum err present_load(struct cluster *c, const char *load, char *out, size_t size,
	struct provision_sources *sources, struct fail *why)
{
	char asked[NAME_SIZE], name[NAME_SIZE], path[PATH_MAX];
	struct fail local = {0};
	enum err err;

	out[0] = '\0';
	if (!load[0] || snprintf(asked, sizeof(asked), "%s.loads", load) >= (int)sizeof(asked))
		return ERR_OK;
	err = folder_find(c, asked, name, path, sources, &local);
	if (!err)
		str_copy(out, size, load);
	/* A rule that cannot be read is told to who asks for such a file; a phone without
	 * configuration would be worse off than one that keeps its firmware. */
	return err && err != ERR_NOTFOUND && err != ERR_NOTNOW
		       ? fail_set(why, err, "%s", local.text)
		       : ERR_OK;
}

enum err phone_default_load(struct cluster *c, int model, int protocol, char out[STORE_NAME],
	struct provision_sources *sources, struct fail *why)
{
	char load[STORE_NAME];
	enum err err = model_load_get(cluster_get_store(c), model, protocol, load, why);

	return err ? err : present_load(c, load, out, STORE_NAME, sources, why);
}

/* The version tells phones when to fetch a locale again: the date of the folder's last change. What
 * they have built in has none. */
static void locale_version(struct cluster *c, const char *name, const char *built_in, char *out,
	size_t size, struct provision_sources *sources)
{
	struct provision_mark mark;
	char *folder = cluster_path(c, "tftp", name);

	out[0] = '\0';
	if (folder && strcmp(name, built_in) != 0) {
		provision_mark_now(folder, &mark);
		if (mark.inode)
			provision_sources_add(sources, folder);
		snprintf(out, size, "1.0.%lld", (long long)(mark.modified_ns / 1000000000));
	}
	mem_free(folder);
}

static void put_locales(struct cluster *c, struct phone_text *t, struct provision_sources *sources)
{
	const struct settings *s = cluster_get_settings(c);

	locale_version(c, s->user_locale, "English_United_States", t->user_version,
		sizeof(t->user_version), sources);
	locale_version(c, s->network_locale, "United_States", t->network_version,
		sizeof(t->network_version), sources);
	t->rest.user_locale =
		(struct cnfxml_locale){s->user_locale, s->user_language, t->user_version};
	t->rest.network_locale = (struct cnfxml_locale){s->network_locale, "", t->network_version};
}

static enum err unseal(struct cluster *c, const struct device *d, const char *key,
	const struct store_sealed *sealed, struct buf *out, struct fail *why)
{
	return sealed->len ? device_unseal(c, d->name, key, sealed, out, why) : ERR_OK;
}

static const char *text_of(const struct buf *b)
{
	return b->len ? (const char *)b->data : "";
}

/* User and password only where nobody else can read them; digest credentials also in the clear file
 * of a model that reads no other. */
static enum err put_secrets(struct cluster *c, const struct device *d, bool secrets,
	const struct model *m, struct phone_text *t, struct fail *why)
{
	const struct store_device *row = &d->record;
	bool digest = row->protocol == STORE_SIP && !d->exclude_digest &&
		      (secrets || !m->encrypted_config);
	enum err err = ERR_OK;

	if (secrets)
		err = unseal(c, d, "sshPassword", &row->ssh_password, &t->ssh_password, why);
	if (!err && digest)
		err = unseal(
			c, d, "digestCredentials", &row->digest_password, &t->digest_password, why);
	t->rest.ssh_user = secrets ? row->ssh_user : "";
	t->rest.ssh_password = text_of(&t->ssh_password);
	return err;
}

struct lines {
	struct phone_text *t;
	const struct store_device *row;
};

static enum err add_line(void *ctx, const struct store_line *l)
{
	const struct lines *x = ctx;
	struct phone_text *t = x->t;
	size_t n = t->rest.lines_count;
	struct cnfxml_line *line = &t->lines[n];
	bool has_digest = t->digest_password.len;

	if (n == DEVICE_LINES_MOST || !l->number[0])
		return ERR_OK;
	str_copy(t->texts[n].number, sizeof(t->texts[n].number), l->number);
	copy_label(t->texts[n].display, sizeof(t->texts[n].display),
		l->display[0] ? l->display : l->number);
	copy_label(
		t->texts[n].label, sizeof(t->texts[n].label), l->label[0] ? l->label : l->number);
	line->number = t->texts[n].number;
	line->display = t->texts[n].display;
	line->label = t->texts[n].label;
	line->auth_name = !has_digest              ? ""
			  : x->row->digest_user[0] ? x->row->digest_user
						   : t->texts[n].number;
	line->auth_password = text_of(&t->digest_password);
	t->rest.lines_count++;
	return ERR_OK;
}

static enum err put_sip(
	struct cluster *c, const struct device *d, struct phone_text *t, struct fail *why)
{
	const struct store_profile *p = t->profile;
	struct lines x = {.t = t, .row = &d->record};
	enum err err = store_line_each(cluster_get_store(c), d->name, add_line, &x, why);
	size_t len = strlen(d->number);

	/* A phone that is not secured by now cannot have TLS either. */
	t->xml.transport = d->security_mode > 1                          ? CNFXML_TLS
			   : p->transport == CNFXML_TLS || !p->transport ? TCP
									 : (int)p->transport;
	snprintf(t->phone_label, sizeof(t->phone_label), "%.*s", PHONE_LABEL_MOST,
		d->number + (len > PHONE_LABEL_MOST ? len - PHONE_LABEL_MOST : 0));
	t->rest.phone_label = t->phone_label;
	t->rest.sip_port = (int)p->sip_port;
	t->rest.dial_template = DIAL_TEMPLATE;
	t->rest.soft_keys = SOFT_KEYS;
	t->rest.lines = t->lines;
	return err;
}

static void put_servers(
	const struct phone_context *x, const struct device *d, bool tvs, struct cnfxml *xml)
{
	bool secure = d->security_mode > 1;

	memcpy(xml->managers, secure ? x->secure : x->open, sizeof(xml->managers));
	xml->managers_count = secure ? x->secure_count : x->open_count;
	memcpy(xml->capf, x->capf, sizeof(xml->capf));
	xml->capf_count = x->capf_count;
	if (!tvs)
		return;
	memcpy(xml->tvs, x->tvs, sizeof(xml->tvs));
	xml->tvs_count = x->tvs_count;
}

static const struct store_profile *profile_of(const struct phone_context *x, const char *name)
{
	size_t i;

	for (i = 0; i < x->profiles_count; i++)
		if (str_ieq(x->profiles[i].name, name))
			return &x->profiles[i];
	return NULL;
}

enum err phone_join(const struct phone_context *x, const struct store_device *row,
	struct device *out, struct fail *why)
{
	const struct store_profile *p = profile_of(x, row->profile);

	if (!p)
		return fail_set(why, ERR_NOTFOUND, "there is no phone security profile \"%.64s\"",
			row->profile);
	device_join(row, p, x->secured, clock_seconds(cluster_get_clock(x->c)), out);
	return ERR_OK;
}

enum err phone_describe(struct phone_context *x, const struct device *d, const char *cert_hash,
	bool secrets, struct phone_text *out, struct provision_sources *sources, struct fail *why)
{
	const struct settings *s = cluster_get_settings(x->c);
	const struct store_device *row = &d->record;
	const struct model *m = model_of(d->model);
	struct cnfxml *xml = &out->xml;
	enum err err;

	memset(out, 0, sizeof(*out));
	out->profile = profile_of(x, d->profile);
	if (!out->profile)
		return fail_set(why, ERR_NOTFOUND, "%s: its profile is gone", d->name);
	str_copy(xml->protocol, sizeof(xml->protocol), row->protocol == STORE_SIP ? "SIP" : "SCCP");
	xml->security_mode = d->security_mode;
	xml->encrypted = d->encrypted_config;
	/* A phone that finds no key of its own in an encrypted file turns to CAPF by itself. */
	if (d->operation || d->encrypted_config)
		xml->capf_auth_mode = d->auth_mode;
	str_copy(xml->cert_hash, sizeof(xml->cert_hash), cert_hash);
	/* A model that nobody knows passes over what it does not know itself. */
	put_servers(x, d, m->itl || !model_is_known(d->model), xml);
	out->rest = (struct cnfxml_phone){
		.early = model_is_known(d->model) && !m->mic,
		.date_template = s->date_template,
		.time_zone = s->time_zone,
		.ntp_count = x->ntp_count,
		.web_access = row->web_access == 1 ? WEB_ON
			      : row->web_access    ? (int)row->web_access
						   : WEB_OFF,
		.ssh_access = row->ssh_access != 0,
	};
	memcpy(out->rest.ntp, x->ntp, sizeof(x->ntp));
	put_locales(x->c, out, sources);
	err = put_secrets(x->c, d, secrets, m, out, why);
	if (!err && row->load_name[0])
		err = present_load(
			x->c, row->load_name, xml->load, sizeof(xml->load), sources, why);
	else if (!err)
		err = phone_default_load(
			x->c, d->model, (int)row->protocol, xml->load, sources, why);
	if (!err && row->protocol == STORE_SIP)
		err = put_sip(x->c, d, out, why);
	if (err)
		phone_text_fini(out);
	return err;
}

void phone_text_fini(struct phone_text *t)
{
	buf_wipe(&t->ssh_password);
	buf_wipe(&t->digest_password);
}
