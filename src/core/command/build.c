/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/command/keys.h"
#include "core/list/list.h"

#include <unistd.h>

#define ENTRIES_MAX 512u /* more than fit into the largest list that phones take */

static const struct {
	const char *option;
	enum tlv_role role;
} roles[] = {
	{"sast", TLV_ROLE_SAST},
	{"ccm", TLV_ROLE_CCM},
	{"ccm-tftp", TLV_ROLE_CCM_TFTP},
	{"tftp", TLV_ROLE_TFTP},
	{"capf", TLV_ROLE_CAPF},
	{"tvs", TLV_ROLE_TVS},
	{"app-server", TLV_ROLE_APP_SERVER},
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

/* One CERT[,NAME][,ADDRESS]; what the entry borrows. */
struct source {
	struct cert *cert;
	char *text; /* cut at its commas */
	uint8_t address[16];
};

struct building {
	struct command_key key;
	struct list_request request;
	struct list_entry entries[ENTRIES_MAX];
	struct source sources[ENTRIES_MAX];
	size_t count;
	struct buf file, signature;
};

/* What follows the certificate's name: an address, or a name. */
static enum err take_part(struct source *s, struct list_entry *e, char *part, struct fail *why)
{
	uint8_t address[16];
	size_t len;

	if (!*part)
		return fail_set(why, ERR_ARG, "%s: nothing stands after a comma", s->text);
	if (str_address(part, address, &len)) {
		e->dns = part;
		return ERR_OK;
	}
	if (e->address.len)
		return fail_set(why, ERR_ARG, "%s: two addresses", s->text);
	memcpy(s->address, address, len);
	e->address = span_of(s->address, len);
	/* Where lists have no name they have the address in its place. */
	e->dns = e->dns ? e->dns : part;
	return ERR_OK;
}

/* A file's name may hold commas too: the longest one that exists is the certificate. */
static enum err read_source(
	struct source *s, struct list_entry *e, const char *text, struct fail *why)
{
	char *comma, *parts[2] = {NULL, NULL};
	size_t count = 0, i;
	enum err err = ERR_OK;

	s->text = mem_strdup(text);
	if (!s->text)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	while (count < 2 && access(s->text, F_OK) != 0 && (comma = strrchr(s->text, ',')) != NULL) {
		*comma = '\0';
		parts[count++] = comma + 1;
	}
	err = command_cert(s->text, &s->cert, why);
	e->cert = s->cert;
	for (i = 0; i < count && !err; i++)
		err = take_part(s, e, parts[i], why);
	return err;
}

static enum err read_entries(struct building *b, const struct json *args, struct fail *why)
{
	enum err err = ERR_OK;
	size_t i, j;

	for (i = 0; i < ROLES; i++) {
		const struct json *given = json_get(args, roles[i].option);

		for (j = 0; j < json_count(given) && !err; j++) {
			if (b->count == ENTRIES_MAX)
				return fail_set(
					why, ERR_LIMIT, "more than %u records", ENTRIES_MAX);
			b->entries[b->count].role = (uint16_t)roles[i].role;
			err = read_source(&b->sources[b->count], &b->entries[b->count],
				json_str(json_at(given, j)), why);
			b->count++;
		}
	}
	return err;
}

static enum err read_version(const struct json *args, struct list_request *r, struct fail *why)
{
	const char *word = json_get_str(args, "signer-version");

	/* certutils always says one. */
	if (!word && r->style != LIST_STYLE_COMPAT)
		return ERR_OK;
	if (word && strcmp(word, "1.0") != 0 && strcmp(word, "1.1") != 0)
		return fail_set(why, ERR_ARG, "--signer-version is 1.0 or 1.1, not \"%s\"", word);
	r->has_signer_version = true;
	r->signer_major = 1;
	r->signer_minor = word && strcmp(word, "1.1") == 0;
	return ERR_OK;
}

static enum err read_request(struct building *b, struct command_ctx *ctx, const struct json *args,
	enum list_kind kind, struct fail *why)
{
	struct list_request *r = &b->request;
	enum err err;

	*r = (struct list_request){
		.kind = kind,
		.entries = b->entries,
		.one_token = json_get_bool(args, "one-token"),
		.style = json_get_bool(args, "compat")            ? LIST_STYLE_COMPAT
			 : json_get_bool(args, "with-signatures") ? LIST_STYLE_SIGNATURES
								  : LIST_STYLE_VENDOR,
	};
	err = command_digest(args, &r->digest, why);
	if (!err)
		err = command_date(ctx, args, &r->timestamp, why);
	if (!err)
		err = command_family(args, &r->family, why);
	if (!err)
		err = read_version(args, r, why);
	if (!err)
		err = read_entries(b, args, why);
	if (!err)
		err = command_key_find(&b->key, ctx, args, "signer", why);
	r->now = r->timestamp;
	r->count = b->count;
	r->signer = b->key.cert;
	return err;
}

static void report(const struct building *b, const char *out, struct command_reply *reply)
{
	const struct list_request *r = &b->request;
	const char *kind = r->kind == LIST_CTL ? "CTL" : "ITL";
	struct fail why = {0};

	json_set_str(reply->data, "file", out);
	json_set_str(reply->data, "list", kind);
	json_set_int(reply->data, "bytes", (int64_t)b->file.len);
	json_set_int(reply->data, "records", (int64_t)r->count);
	json_set_str(reply->data, "signer", cert_subject(r->signer));
	json_set_str(reply->data, "digest", command_digest_name(r->digest));
	json_set_int(reply->data, "timestamp", r->timestamp);
	buf_printf(&reply->text, "%s: %s with %zu records, %zu bytes, signed by %s with %s\n", out,
		kind, r->count, b->file.len, cert_subject(r->signer),
		command_digest_name(r->digest));
	if (r->family == LIST_FOR_UNKNOWN &&
		list_check_family(LIST_FOR_79XX, r->digest, r->signer, &why))
		command_note(reply, why.text);
	if (r->one_token && r->kind == LIST_CTL)
		command_note(reply, "when the key of the only SAST is lost, phones that hold this "
				    "list take no other");
}

static void build(struct command_ctx *ctx, const struct json *args, enum list_kind kind,
	struct command_reply *reply)
{
	const char *out = json_get_str(args, "out");
	struct building *b = mem_new(sizeof(*b));
	struct fail why = {0};
	struct span pieces[2];
	enum err err;
	size_t i;

	if (!b) {
		fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		command_refuse(reply, &why);
		return;
	}
	err = read_request(b, ctx, args, kind, &why);
	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	err = list_build(&b->file, &b->request, pieces, &why);
	if (err) {
		command_refuse(reply, &why);
		goto out;
	}
	err = command_key_sign(&b->key, ctx, args, b->request.digest, pieces, &b->signature, &why);
	if (err) {
		command_refuse_input(reply, &why);
		goto out;
	}
	err = list_finish(&b->file, buf_span(&b->signature), &why);
	if (!err)
		err = file_replace(out, buf_span(&b->file), 0644, FILE_SYNC, &why);
	if (err)
		command_refuse(reply, &why);
	else
		report(b, out, reply);
out:
	command_key_fini(&b->key);
	for (i = 0; i < b->count; i++) {
		cert_free(b->sources[i].cert);
		mem_free(b->sources[i].text);
	}
	buf_fini(&b->file);
	buf_fini(&b->signature);
	mem_free(b);
}

void handle_build_ctl(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	build(ctx, args, LIST_CTL, reply);
}

void handle_build_itl(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	build(ctx, args, LIST_ITL, reply);
}
