/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/provision.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/cluster/services.h"
#include "core/list/signed.h"
#include "core/provision/config.h"
#include "core/provision/folder.h"
#include "core/provision/made.h"
#include "core/provision/names.h"

#include <stdio.h>

static enum err not_found(const char *asked, struct fail *why)
{
	return fail_set(why, ERR_NOTFOUND, "%.64s: not found", asked);
}

/* Phones refuse a spoilt list one by one and would only say so on their screens. */
static enum err check_list(const struct provision_file *f, struct fail *why)
{
	struct fail local = {0};
	struct tlv_list list;
	enum err err = tlv_parse(&list, buf_span(&f->content), &local);

	if (!err)
		err = list_verify(&list, &local);
	if (!err)
		return ERR_OK;
	return fail_set(why, ERR_NOTNOW,
		"%s is damaged and is not served (%.120s); remove it from tftp/, then the list of "
		"all phones is served",
		f->served, local.text);
}

/* The sooner of the two, of which 0 is never. */
static void good_until(struct provision_file *f, int64_t when)
{
	if (when && (!f->until || when < f->until))
		f->until = when;
}

/* As it was when TFTP was started. */
static enum err get_list(
	struct cluster *c, enum list_kind kind, struct provision_file *out, struct fail *why)
{
	struct span list = kind == LIST_CTL ? cluster_served_ctl(c) : cluster_served_itl(c);
	enum err err = cluster_served_check(c, kind == LIST_ITL, why);

	if (err)
		return err;
	if (kind == LIST_ITL)
		good_until(out, cluster_served_until(c));
	if (!list.len)
		return not_found(list_file_name(kind), why);
	str_copy(out->served, sizeof(out->served), list_file_name(kind));
	buf_put(&out->content, list);
	return buf_check(&out->content);
}

static enum err read_found(const char *asked, const char *path, struct buf *out, struct fail *why)
{
	struct fail local = {0};
	enum err err = file_read(path, FOLDER_FILE_MAX, out, &local);

	if (err == ERR_NOTFOUND)
		return not_found(asked, why);
	return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
}

/* --- files that belong to no phone --- */

/* A file of the operator's, in its place or where a rule says. */
static enum err get_file(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	char path[PATH_MAX];
	struct fail local = {0};
	enum err err = folder_find(c, asked, out->served, path, &out->sources, &local);

	if (err == ERR_NOTFOUND)
		return not_found(asked, why);
	return err ? fail_set(why, err, "%s", local.text)
		   : read_found(asked, path, &out->content, why);
}

/* The content of a signed file, for a phone that holds no list. */
static enum err get_stripped(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	char name[NAME_SIZE];
	struct buf file = {0};
	struct sgn_file parts;
	enum err err = ERR_NOTFOUND;

	if (snprintf(name, sizeof(name), "%s.sgn", asked) < (int)sizeof(name))
		err = get_file(c, name, out, why);
	if (err)
		return err == ERR_NOTFOUND ? not_found(asked, why) : err;
	file = out->content;
	buf_init(&out->content);
	str_copy(out->served, sizeof(out->served), asked);
	err = sgn_parse(&parts, buf_span(&file), why);
	if (err)
		fail_prefix(why, "%s", name);
	else
		buf_put(&out->content, parts.content);
	buf_fini(&file);
	return err ? ERR_NOTNOW : buf_check(&out->content);
}

/* The clear form: the operator's, or what his signed one holds, or what is made for all phones. */
static enum err get_clear(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	enum err err = get_file(c, asked, out, why);
	char base[NAME_SIZE];

	if (err != ERR_NOTFOUND)
		return err;
	fail_clear(why);
	if (!name_is_signed(asked, base))
		err = get_stripped(c, asked, out, why);
	if (err != ERR_NOTFOUND)
		return err;
	fail_clear(why);
	str_copy(out->served, sizeof(out->served), asked);
	err = made_get(c, asked, out->revision, &out->content, &out->sources, why);
	return err == ERR_NOTFOUND ? not_found(asked, why) : err;
}

static enum err get_public(
	struct cluster *c, const char *asked, struct provision_file *out, struct fail *why)
{
	char base[NAME_SIZE];
	enum err err = get_clear(c, asked, out, why);

	if (err != ERR_NOTFOUND || !name_is_signed(asked, base) || name_is_firmware(base))
		return err;
	fail_clear(why);
	err = get_clear(c, base, out, why);
	if (err)
		return err == ERR_NOTFOUND ? not_found(asked, why) : err;
	str_copy(out->served, sizeof(out->served), asked);
	/* What its maker has signed stays as it is. */
	if (signed_already(buf_span(&out->content)))
		return ERR_OK;
	out->work = work_new(c, DIGEST_SHA1, asked); /* all phones check SHA-1 */
	if (!out->work)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	out->work->content = out->content;
	buf_init(&out->content);
	return ERR_OK;
}

/* --- files of a phone --- */

static enum err get_config(
	struct cluster *c, const struct name *n, struct provision_file *out, struct fail *why)
{
	struct config_answer a;
	enum err err;

	snprintf(out->served, sizeof(out->served), "%s%s", n->device, n->suffix);
	err = config_look(c, n->device, n->face, out->revision, &a, &out->sources, why);
	out->content = a.content;
	out->work = a.work;
	out->encrypted = n->face == CONFIG_ENCRYPTED;
	good_until(out, a.until);
	if (a.last_known)
		out->sources.whole = false;
	return err;
}

static enum err is_known(
	struct cluster *c, const char *device, struct provision_file *out, struct fail *why)
{
	struct store_device row;
	struct fail local = {0};
	enum err err = store_device_get(cluster_get_store(c), device, &row, &local);

	if (err != ERR_AWAY)
		return err ? fail_set(why, err, "%s", local.text) : ERR_OK;
	/* The database cannot be reached; for whom something is prepared was known. */
	out->sources.whole = false;
	return config_was_known(c, device) ? ERR_OK : fail_set(why, err, "%s", local.text);
}

/* A file of the phone's own name comes first: that is how one phone is given a list of its own. */
static enum err get_phone_list(struct cluster *c, const char *asked, const struct name *n,
	struct provision_file *out, struct fail *why)
{
	char path[PATH_MAX];
	struct fail local = {0};
	enum err err = folder_find_here(c, asked, out->served, path, &out->sources, &local);

	if (!err)
		err = read_found(asked, path, &out->content, &local);
	if (!err)
		return check_list(out, why);
	if (err != ERR_NOTFOUND)
		return fail_set(why, err, "%s", local.text);
	err = is_known(c, n->device, out, why);
	return err ? err : get_list(c, n->list, out, why);
}

/* --- the whole --- */

enum err provision_revision(struct cluster *c, const struct provision_place *p,
	struct provision_state *state, char revision[STORE_TEXT], struct fail *why)
{
	enum err err;

	/* Before anything is read: what changes meanwhile is noticed. */
	if (p)
		provision_state_now(p, state);
	err = store_revision(cluster_get_store(c), revision, why);
	if (err)
		str_copy(revision, STORE_TEXT, "?");
	return err;
}

/* The bytes go, what is known of their freshness stays. */
static void drop_content(struct provision_file *f)
{
	struct provision_file kept = *f;

	provision_file_fini(f);
	f->made_from = kept.made_from;
	memcpy(f->revision, kept.revision, sizeof(f->revision));
	f->until = kept.until;
}

static enum err not_allowed(const char *asked, struct fail *why)
{
	struct buf shown = {0};
	enum err err;

	str_printable(&shown, span_of(asked, strnlen(asked, NAME_SIZE)));
	buf_u8(&shown, 0);
	err = fail_set(why, ERR_DENIED, "%s: this name is not allowed",
		buf_check(&shown) ? "?" : (const char *)shown.data);
	buf_fini(&shown);
	return err;
}

enum err provision_look(struct cluster *c, const struct provision_place *place, const char *asked,
	struct provision_file *out, struct fail *why)
{
	struct fail local = {0};
	struct name name;
	enum err err = ERR_NOTFOUND;

	memset(out, 0, sizeof(*out));
	out->sources.whole = true;
	/* A store that cannot be asked fails where it is needed. */
	if (provision_revision(c, place, &out->made_from, out->revision, &local) != ERR_OK)
		out->sources.whole = false;
	if (strlen(asked) >= sizeof(out->served) || !name_allowed(asked))
		return not_allowed(asked, why);
	err = cluster_serve_now(c, why);
	if (err)
		return err;
	name_classify(&name, asked);
	switch (name.kind) {
	case NAME_LIST: err = get_list(c, name.list, out, why); break;
	case NAME_PHONE_LIST: err = get_phone_list(c, asked, &name, out, why); break;
	case NAME_CONFIG: err = get_config(c, &name, out, why); break;
	case NAME_RESERVED: err = not_found(asked, why); break;
	case NAME_FILE: err = get_public(c, asked, out, why); break;
	}
	if (err)
		drop_content(out);
	return err;
}

enum err provision_finish(struct provision_file *f, struct fail *why)
{
	struct buf signed_file = {0}, encrypted = {0};
	struct fail local = {0};
	enum err err;

	if (!f->work)
		return ERR_OK;
	err = work_do(f->work, &signed_file, &encrypted, &local);
	work_free(f->work);
	f->work = NULL;
	if (err) {
		fail_set(why, err, "%s: %s", f->served, local.text[0] ? local.text : err_text(err));
		buf_fini(&signed_file);
		buf_fini(&encrypted);
		drop_content(f);
		return err;
	}
	f->content = f->encrypted ? encrypted : signed_file;
	buf_fini(f->encrypted ? &signed_file : &encrypted);
	return ERR_OK;
}

enum err provision_get(struct cluster *c, const struct provision_place *place, const char *asked,
	struct provision_file *out, struct fail *why)
{
	enum err err = provision_look(c, place, asked, out, why);

	return err ? err : provision_finish(out, why);
}

void provision_file_fini(struct provision_file *f)
{
	work_free(f->work);
	buf_wipe(&f->content);
	provision_sources_fini(&f->sources);
	memset(f, 0, sizeof(*f));
}
