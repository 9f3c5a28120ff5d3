/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/list/list.h"
#include "crypto/keystore.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>
#include <unistd.h>

#define SETTINGS_FILE   "cadeado.conf"
#define STORE_IN_FILE   "sqlite:"
#define AUTO_RANGE_MOST 20000 /* numbers; all are looked at for each phone that comes too late */
#define LOCK_FILE       "cadeado.lock"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

char *cluster_path(const struct cluster *c, const char *sub, const char *name)
{
	char *folder = file_join(c->folder, sub), *path;

	if (!name || !folder)
		return folder;
	path = file_join(folder, name);
	mem_free(folder);
	return path;
}

int cluster_lock(const struct cluster *c, struct fail *why)
{
	char *path = file_join(c->folder, LOCK_FILE);
	int lock = path ? file_lock(path, why) : no_memory(why);

	mem_free(path);
	return lock;
}

/* The name becomes a common name, the address a line of lists and configuration. */
enum err cluster_check_settings(const struct settings *s, struct fail *why)
{
	size_t name = strlen(s->node), address = strlen(s->address);

	if (!name || name >= STORE_NAME || strspn(s->node, NAME_CHARACTERS) != name)
		return fail_set(why, ERR_FORMAT,
			"setting node: 1 to %d letters, digits, '-', '.' and '_' are allowed",
			STORE_NAME - 1);
	if (!address || address >= STORE_NAME || strspn(s->address, NAME_CHARACTERS) != address)
		return fail_set(why, ERR_FORMAT,
			"setting address: an IPv4 address or a host name of at most %d characters",
			STORE_NAME - 1);
	if ((strncmp(s->store, STORE_IN_FILE, strlen(STORE_IN_FILE)) != 0 ||
		    !s->store[strlen(STORE_IN_FILE)]) &&
		strncmp(s->store, "postgresql://", 13) != 0)
		return fail_set(why, ERR_FORMAT,
			"setting store: sqlite:<file>, or postgresql://<user>@<host>/<database>");
	if (strcmp(s->list_signer, "CallManager") != 0 &&
		strcmp(s->list_signer, "ITLRecovery") != 0)
		return fail_set(why, ERR_FORMAT, "setting list_signer: CallManager or ITLRecovery");
	if (strcmp(s->mic_expiry, "reject") != 0 && strcmp(s->mic_expiry, "warn") != 0 &&
		strcmp(s->mic_expiry, "allow") != 0)
		return fail_set(why, ERR_FORMAT, "setting mic_expiry: reject, warn or allow");
	if (strcmp(s->capf_ca, "own") != 0 && strcmp(s->capf_ca, "offline") != 0 &&
		strcmp(s->capf_ca, "est") != 0)
		return fail_set(why, ERR_FORMAT, "setting capf_ca: own, offline or est");
	if (strcmp(s->capf_token, "none") != 0 &&
		(strcmp(s->capf_module, "none") == 0 || strcmp(s->capf_pin_file, "none") == 0))
		return fail_set(why, ERR_FORMAT,
			"setting capf_token: capf_module and capf_pin_file are needed with it");
	if (strcmp(s->lsc_digest, "SHA-256") != 0 && strcmp(s->lsc_digest, "SHA-1") != 0)
		return fail_set(why, ERR_FORMAT, "setting lsc_digest: SHA-256 or SHA-1");
	if (s->auto_registration_end < s->auto_registration_start ||
		s->auto_registration_end - s->auto_registration_start >= AUTO_RANGE_MOST)
		return fail_set(why, ERR_FORMAT,
			"setting auto_registration_end: %ld is not within %d numbers from "
			"auto_registration_start, %ld",
			s->auto_registration_end, AUTO_RANGE_MOST, s->auto_registration_start);
	if (phone_settings_check(s, why) != ERR_OK)
		return ERR_FORMAT;
	return settings_check_ports(s, why);
}

static enum err read_settings(struct cluster *c, struct fail *why)
{
	char *path = file_join(c->folder, SETTINGS_FILE);
	enum err err;

	/* Looked at before it is read: what changes meanwhile is noticed. */
	if (!path || stat(path, &c->settings_file) != 0)
		memset(&c->settings_file, 0, sizeof(c->settings_file));
	err = path ? settings_read(&c->settings, path, why) : no_memory(why);
	mem_free(path);
	return err ? err : cluster_check_settings(&c->settings, why);
}

bool cluster_settings_changed(const struct cluster *c)
{
	char *path = file_join(c->folder, SETTINGS_FILE);
	struct stat now;
	bool same =
		!path || stat(path, &now) != 0 ||
		(now.st_ino == c->settings_file.st_ino && now.st_size == c->settings_file.st_size &&
			now.st_mtim.tv_sec == c->settings_file.st_mtim.tv_sec &&
			now.st_mtim.tv_nsec == c->settings_file.st_mtim.tv_nsec);

	mem_free(path);
	return !same;
}

/* A file that is named without its folder lies in the state folder. */
enum err cluster_store_file(const struct cluster *c, char **path)
{
	const char *place = c->settings.store + strlen(STORE_IN_FILE);

	*path = NULL;
	if (strncmp(c->settings.store, STORE_IN_FILE, strlen(STORE_IN_FILE)) != 0)
		return ERR_OK;
	*path = *place == '/' ? mem_strdup(place) : file_join(c->folder, place);
	return *path ? ERR_OK : ERR_NOMEM;
}

static enum err store_url(const struct cluster *c, struct buf *url, struct fail *why)
{
	char *path;
	enum err err = cluster_store_file(c, &path);

	if (!err && path)
		buf_str(url, STORE_IN_FILE);
	if (!err)
		buf_strz(url, path ? path : c->settings.store);
	mem_free(path);
	return err || buf_check(url) ? no_memory(why) : ERR_OK;
}

static enum err open_store(struct cluster *c, struct fail *why)
{
	struct buf url = {0};
	enum err err = store_url(c, &url, why);

	if (!err)
		err = store_open(&c->store, (const char *)url.data, why);
	buf_fini(&url);
	return err;
}

static enum err open_signer(struct cluster *c, struct fail *why)
{
	char *keys = file_join(c->folder, "keys");
	struct keystore *ks = NULL;
	enum err err = keys ? own_keystore_new(&ks, keys, why) : no_memory(why);

	mem_free(keys);
	if (!err && signer_new(&c->signer, ks, executor_inline()))
		err = no_memory(why);
	return err;
}

static struct cluster *cluster_new(const char *folder, const struct clock *clock)
{
	struct cluster *c = mem_new(sizeof(*c));

	if (!c)
		return NULL;
	c->clock = clock;
	c->folder = mem_strdup(folder);
	if (!c->folder) {
		mem_free(c);
		return NULL;
	}
	return c;
}

void cluster_close(struct cluster *c)
{
	if (!c)
		return;
	serving_free(c->serving);
	issuing_free(c->issuing);
	signer_free(c->signer);
	folder_free(c->files);
	phone_context_free(c->phones);
	store_close(c->store);
	mem_free(c->folder);
	mem_free(c);
}

static enum err make_folders(struct cluster *c, struct fail *why)
{
	static const struct {
		const char *name;
		mode_t mode;
	} subs[] = {{"keys", 0700}, {"tokens", 0700}, {"tftp", 0755}, {ACTIVELOG_FOLDER, 0755},
		{"ctl", 0755}};
	enum err err = file_mkdir(c->folder, 0755, why);
	char *path;
	size_t i;

	for (i = 0; !err && i < sizeof(subs) / sizeof(subs[0]); i++) {
		path = file_join(c->folder, subs[i].name);
		err = path ? file_mkdir(path, subs[i].mode, why) : no_memory(why);
		mem_free(path);
	}
	return err;
}

/* A file that is there keeps its word: it may have been edited. */
static enum err make_settings(struct cluster *c, const struct settings *settings, struct fail *why)
{
	char *path = file_join(c->folder, SETTINGS_FILE);
	struct buf text = {0};
	enum err err = path ? cluster_check_settings(settings, why) : no_memory(why);

	if (!err && access(path, F_OK) != 0) {
		settings_write(settings, &text);
		err = buf_check(&text);
		if (err)
			fail_set(why, err, "settings: %s", err_text(err));
		else
			err = file_create(path, buf_span(&text), 0644, why);
	}
	buf_fini(&text);
	mem_free(path);
	return err ? err : read_settings(c, why);
}

struct own_node {
	const struct settings *settings;
	bool same;
};

static enum err find_node(void *ctx, const struct store_node *n)
{
	struct own_node *own = ctx;

	if (str_ieq(n->name, own->settings->node) &&
		strcmp(n->address, own->settings->address) == 0)
		own->same = true;
	return ERR_OK;
}

/* The settings file is where the operator says who this node is; the store repeats it for others.
 */
static enum err keep_node(struct store *s, const struct settings *settings, struct fail *why)
{
	struct own_node own = {.settings = settings};
	struct store_node n = {0};
	enum err err = store_node_each(s, find_node, &own, why);

	if (err || own.same)
		return err;
	if (!str_copy(n.name, sizeof(n.name), settings->node) ||
		!str_copy(n.address, sizeof(n.address), settings->address))
		return fail_set(why, ERR_LIMIT, "node name or address is too long");
	return store_node_put(s, &n, why);
}

static enum err missing_rows(void *ctx, struct store *s, struct fail *why)
{
	static const struct store_profile profiles[] = {
		{.name = "Non Secure",
			.security_mode = 1,
			.encrypted_config = 0,
			.auth_mode = 2,
			.key_bits = 2048,
			.nonce_validity = 600,
			.sip_port = 5060,
			.predefined = 1},
		{.name = "Non Secure SIP",
			.protocol = STORE_SIP,
			.security_mode = 1,
			.encrypted_config = 0,
			.auth_mode = 2,
			.key_bits = 2048,
			.transport = 4,
			.nonce_validity = 600,
			.sip_port = 5060,
			.predefined = 1},
		{.name = "Encrypted",
			.security_mode = 3,
			.encrypted_config = 1,
			.auth_mode = 2,
			.key_bits = 2048,
			.nonce_validity = 600,
			.sip_port = 5060},
	};
	struct store_profile there;
	char mode[STORE_TEXT];
	enum err err = keep_node(s, ctx, why);
	size_t i;

	for (i = 0; !err && i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		err = store_profile_get(s, profiles[i].name, &there, NULL);
		if (err == ERR_NOTFOUND)
			err = store_profile_put(s, &profiles[i], why);
	}
	if (err)
		return err;
	err = store_param_get(s, PARAM_MODE, mode, NULL);
	return err == ERR_NOTFOUND ? store_param_set(s, PARAM_MODE, "0", why) : err;
}

enum err cluster_create(const char *folder, const struct settings *settings,
	const struct clock *clock, struct fail *why)
{
	struct cluster *c = cluster_new(folder, clock);
	int lock = -1;
	enum err err;

	if (!c)
		return no_memory(why);
	err = make_folders(c, why);
	if (!err) {
		lock = cluster_lock(c, why);
		err = lock < 0 ? (enum err)lock : ERR_OK;
	}
	if (!err)
		err = make_settings(c, settings, why);
	if (!err)
		err = open_store(c, why);
	if (!err)
		err = store_transaction(c->store, missing_rows, &c->settings, why);
	if (!err)
		err = open_signer(c, why);
	if (!err)
		err = own_complete(c, why);
	file_unlock(lock);
	cluster_close(c);
	return err;
}

static enum err incomplete(const struct cluster *c, const char *part, struct fail *why)
{
	return fail_set(why, ERR_NOTFOUND,
		"%s is not a complete state folder: %s is missing; make or "
		"complete it with: cadeado cluster init",
		c->folder, part);
}

static enum err check_complete(const struct cluster *c, struct fail *why)
{
	static const char *const parts[] = {SETTINGS_FILE, "keys", "tokens", "tftp"};
	enum err err = ERR_OK;
	char *path;
	size_t i;

	for (i = 0; !err && i < sizeof(parts) / sizeof(parts[0]); i++) {
		path = file_join(c->folder, parts[i]);
		if (!path)
			err = no_memory(why);
		else if (access(path, F_OK) != 0)
			err = incomplete(c, parts[i], why);
		mem_free(path);
	}
	return err;
}

/* A store that is gone must not be replaced by an empty one. */
static enum err check_store_file(const struct cluster *c, struct fail *why)
{
	const char *file = c->settings.store + strlen(STORE_IN_FILE);
	struct buf url = {0};
	enum err err = store_url(c, &url, why);

	if (!err && strncmp(c->settings.store, STORE_IN_FILE, strlen(STORE_IN_FILE)) == 0 &&
		access((const char *)url.data + strlen(STORE_IN_FILE), F_OK) != 0)
		err = incomplete(c, file, why);
	buf_fini(&url);
	return err;
}

static enum err update_node(void *ctx, struct store *s, struct fail *why)
{
	return keep_node(s, ctx, why);
}

/* Only an edited address costs a write. */
static enum err follow_settings(struct cluster *c, struct fail *why)
{
	struct own_node own = {.settings = &c->settings};
	enum err err = store_node_each(c->store, find_node, &own, why);

	return err || own.same ? err : store_transaction(c->store, update_node, &c->settings, why);
}

/* What an earlier release did not make. A key that a list names and that is missing is left to
 * whoever needs it: the folder must open, so that somebody can look at it. */
static enum err make_missing(struct cluster *c, struct fail *why)
{
	enum err err = own_incomplete(c) ? own_make_missing(c, why) : ERR_OK;

	if (err == ERR_NOTNOW) {
		fail_clear(why);
		err = ERR_OK;
	}
	return err;
}

enum err cluster_open(
	struct cluster **out, const char *folder, const struct clock *clock, struct fail *why)
{
	struct cluster *c = cluster_new(folder, clock);
	enum err err;

	*out = NULL;
	if (!c)
		return no_memory(why);
	err = check_complete(c, why);
	if (!err)
		err = read_settings(c, why);
	if (!err)
		err = check_store_file(c, why);
	if (!err)
		err = open_store(c, why);
	if (!err)
		err = follow_settings(c, why);
	if (!err)
		err = open_signer(c, why);
	if (!err)
		err = make_missing(c, why);
	if (err)
		cluster_close(c);
	else
		*out = c;
	return err;
}

struct store *cluster_get_store(struct cluster *c)
{
	return c->store;
}

const struct settings *cluster_get_settings(const struct cluster *c)
{
	return &c->settings;
}

const struct clock *cluster_get_clock(const struct cluster *c)
{
	return c->clock;
}

const char *cluster_get_folder(const struct cluster *c)
{
	return c->folder;
}

struct signer *cluster_get_signer(struct cluster *c)
{
	return c->signer;
}

enum err cluster_mode(struct cluster *c, int *mode, struct fail *why)
{
	char value[STORE_TEXT];
	enum err err = store_param_get(c->store, PARAM_MODE, value, NULL);

	*mode = 0;
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err)
		return fail_set(why, err, "%s: %s", PARAM_MODE, err_text(err));
	*mode = strcmp(value, "1") == 0;
	return ERR_OK;
}

static enum err read_list(const struct cluster *c, enum list_kind kind, const char *remedy,
	struct buf *out, struct fail *why)
{
	char *path = cluster_path(c, "tftp", list_file_name(kind));
	enum err err = path ? ERR_OK : no_memory(why);

	if (!err && access(path, F_OK) != 0)
		err = fail_set(why, ERR_NOTFOUND, "no %s is published; %s",
			kind == LIST_CTL ? "CTL" : "ITL", remedy);
	if (!err)
		err = file_read(path, TLV_FILE_MAX, out, why);
	mem_free(path);
	return err;
}

enum err cluster_ctl(const struct cluster *c, struct buf *out, struct fail *why)
{
	return read_list(
		c, LIST_CTL, "make one with: cadeado utils ctl set-cluster mixed-mode", out, why);
}

enum err cluster_itl(const struct cluster *c, struct buf *out, struct fail *why)
{
	return read_list(c, LIST_ITL, "it is made when TFTP starts", out, why);
}
