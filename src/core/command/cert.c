/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/file.h"
#include "base/str.h"
#include "core/capf/report.h"
#include "core/cluster/own.h"
#include "core/model/signing.h"

#include <stdio.h>

#define PEM_MAX 65536u /* bytes of a certificate's or key's file */

/* "CallManager/CallManager.pem": the unit and its file. */
static void own_file(enum own_cert which, char out[STORE_NAME])
{
	snprintf(out, STORE_NAME, "%s/%s.pem", own_name(which), own_name(which));
}

static const char *is_known(struct cluster *c, enum own_cert which, bool *waits)
{
	char key[STORE_NAME];
	struct cert *cert = NULL;
	const char *text = "the newest";

	*waits = false;
	if (own_in_force(c, which, &cert, key, NULL) != ERR_OK)
		text = "not known: a published list cannot be read";
	else if (strchr(key, '/')) {
		*waits = true;
		text = which == OWN_TVS
			       ? "the previous one, until TFTP has been restarted and then TVS"
			       : "the previous one, until a published list names this one and the "
				 "services have been restarted";
	}
	cert_free(cert);
	return text;
}

/* As the CTL client shows it of a node that it does not know yet. */
static void fingerprint_lines(
	struct command_reply *reply, struct json *row, const struct cert *cert)
{
	struct buf text = {0};
	uint8_t hash[DIGEST_MAX];
	size_t half = digest_one(DIGEST_SHA256, cert_der(cert), hash) / 2;

	str_hex(&text, span_of(hash, 2 * half), STR_COLON);
	json_set_take(row, "sha256", json_span_new(buf_span(&text)));
	buf_clear(&text);
	str_hex(&text, span_of(hash, half), STR_COLON);
	buf_str(&text, ":\n                 ");
	str_hex(&text, span_of(hash + half, half), STR_COLON);
	buf_str(&reply->text, "  SHA-256:       ");
	buf_put(&reply->text, buf_span(&text));
	buf_str(&reply->text, "\n");
	buf_fini(&text);
}

static void cert_lines(struct cluster *c, struct command_reply *reply, struct json *rows,
	enum own_cert which, const struct cert *cert)
{
	struct json *row = json_object_new();
	char from[CLOCK_DATE_MAX], to[CLOCK_DATE_MAX];
	struct buf serial = {0};
	bool waits;
	const char *in_force = is_known(c, which, &waits);

	clock_print_iso(from, cert_not_before(cert));
	clock_print_iso(to, cert_not_after(cert));
	str_hex(&serial, cert_serial(cert), STR_COLON);
	buf_u8(&serial, 0);
	const char *hex = buf_check(&serial) == ERR_OK ? (const char *)serial.data : "";
	json_set_str(row, "name", own_name(which));
	json_set_str(row, "subject", cert_subject(cert));
	json_set_str(row, "issuer", cert_issuer(cert));
	json_set_str(row, "serial", hex);
	json_set_int(row, "notBefore", cert_not_before(cert));
	json_set_int(row, "notAfter", cert_not_after(cert));
	json_set_bool(row, "inForce", !waits);
	json_append_take(rows, row);
	buf_printf(&reply->text,
		"%s.pem\n  Subject:       %s\n  Issuer:        %s\n  Serial Number: %s\n"
		"  From:          %s\n  To:            %s\n  Key:           %s %u bits\n",
		own_name(which), cert_subject(cert), cert_issuer(cert), hex, from, to,
		cert_key_is_rsa(cert) ? "RSA" : "EC", cert_key_bits(cert));
	fingerprint_lines(reply, row, cert);
	if (waits)
		buf_printf(&reply->text, "  In force:      %s\n", in_force);
	buf_fini(&serial);
}

static enum err no_such(const char *name, struct fail *why)
{
	return fail_set(why, ERR_NOTFOUND,
		"there is no certificate %.60s; this node has CallManager, CAPF, TVS, ITLRecovery "
		"and CTLProvider",
		name);
}

void handle_show_cert_own(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	const char *name = json_get_str(args, "name");
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);
	enum own_cert only = OWN_COUNT;
	enum err err = c ? ERR_OK : why.code;

	if (c && name && !own_find(name, &only))
		err = no_such(name, &why);
	for (int i = 0; err == ERR_OK && i < OWN_COUNT; i++) {
		struct cert *cert = NULL;

		if (only != OWN_COUNT && i != (int)only)
			continue;
		err = own_newest(c, (enum own_cert)i, &cert, &why);
		if (err == ERR_OK)
			cert_lines(c, reply, rows, (enum own_cert)i, cert);
		cert_free(cert);
	}
	if (err != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "certificates", rows);
}

void handle_show_cert_list_own(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct json *rows = json_array_new();
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	(void)args;
	for (int i = 0; err == ERR_OK && i < OWN_COUNT; i++) {
		struct cert *cert = NULL;
		char file[STORE_NAME], to[CLOCK_DATE_MAX];

		own_file((enum own_cert)i, file);
		err = own_newest(c, (enum own_cert)i, &cert, &why);
		if (err != ERR_OK)
			break;
		struct json *row = json_object_new();

		clock_print_iso(to, cert_not_after(cert));
		json_set_str(row, "name", file);
		json_set_str(row, "subject", cert_subject(cert));
		json_set_int(row, "notAfter", cert_not_after(cert));
		json_append_take(rows, row);
		buf_printf(&reply->text, "%s: %s, until %s\n", file,
			strcmp(cert_subject(cert), cert_issuer(cert)) == 0
				? "Self-signed certificate generated by system"
				: "Certificate Signed by an authority",
			to);
		cert_free(cert);
	}
	if (err != ERR_OK)
		command_refuse(reply, &why);
	json_set_take(reply->data, "certificates", rows);
}

struct listing {
	struct command_reply *reply;
	struct json *rows;
};

static enum err list_trust(void *ctx, const char *unit, const char *name, const struct cert *cert)
{
	struct listing *l = ctx;
	struct json *row = json_object_new();
	char to[CLOCK_DATE_MAX];

	clock_print_iso(to, cert_not_after(cert));
	json_set_str(row, "unit", unit);
	json_set_str(row, "name", name);
	json_set_str(row, "subject", cert_subject(cert));
	json_set_int(row, "notAfter", cert_not_after(cert));
	json_append_take(l->rows, row);
	buf_printf(&l->reply->text, "%s/%s.pem: ", unit, name);
	str_printable(&l->reply->text, span_str(cert_subject(cert)));
	buf_printf(&l->reply->text, ", until %s\n", to);
	return ERR_OK;
}

void handle_show_cert_list_trust(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct listing l = {.reply = reply, .rows = json_array_new()};
	struct cluster *c = command_cluster(ctx, &why);

	(void)args;
	if (!c || trust_each(c, list_trust, &l, &why) != ERR_OK)
		command_refuse(reply, &why);
	else if (json_count(l.rows) == 0)
		buf_str(&reply->text, "no certificates of others\n");
	json_set_take(reply->data, "certificates", l.rows);
}

/* --- changes --- */

static const char *step_text(enum own_step step)
{
	switch (step) {
	case OWN_STEP_ITL: return "restart TFTP, which builds the ITL anew";
	case OWN_STEP_CTL:
		return "publish a CTL that names it: cadeado utils ctl update CTLFile (or Update CTL "
		       "File in cadeado ctl-client)";
	case OWN_STEP_TVS:
		return "restart TVS: cadeado utils service restart Cisco Trust Verification Service";
	case OWN_STEP_TFTP:
		return "restart TFTP on all nodes, which builds the ITL anew: cadeado utils service "
		       "restart Cisco Tftp";
	case OWN_STEP_CAPF:
		return "restart CAPF: cadeado utils service restart Cisco Certificate Authority "
		       "Proxy Function";
	case OWN_STEP_CALLMANAGER:
		return "restart CallManager on all nodes, which resets the phones: cadeado utils "
		       "service restart Cisco CallManager";
	case OWN_STEP_PROVIDER:
		return "restart the CTL Provider: cadeado utils service restart Cisco CTL Provider";
	default: return "";
	}
}

static void tell_change(
	struct command_reply *reply, const char *name, const struct own_change *change)
{
	struct json *steps = json_array_new();

	json_set_str(reply->data, "name", name);
	buf_printf(&reply->text,
		"You must restart the services related to %s for the new certificate to become "
		"active. In this order, each step when the one before is done:\n",
		name);
	for (int i = 0; change->steps[i] != OWN_STEP_END; i++) {
		json_append_take(steps, json_string_new(step_text(change->steps[i])));
		buf_printf(&reply->text, "%d. %s\n", i + 1, step_text(change->steps[i]));
	}
	json_set_take(reply->data, "steps", steps);
	json_set_str(reply->data, "note", change->sentence);
	buf_printf(&reply->text, "%s\n", change->sentence);
}

void handle_set_cert_regen(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name");
	struct fail why = {0};
	struct own_change change;
	enum own_cert which;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (err == ERR_OK && !own_find(name, &which))
		err = no_such(name, &why);
	if (err == ERR_OK)
		err = own_regenerate(c, which, &change, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		buf_printf(&reply->text, "Successfully Regenerated Certificate for %s.\n",
			own_name(which));
		tell_change(reply, own_name(which), &change);
	}
}

/* Lists, configuration. */
static bool signs(enum own_cert which)
{
	return which == OWN_CALLMANAGER || which == OWN_ITLRECOVERY;
}

/* What cannot be read is told by whoever imports it. */
static enum err check_signer(struct cluster *c, struct span pem, struct fail *why)
{
	struct cert *cert = NULL;
	enum err err = ERR_OK;

	if (cert_from_pem(&cert, pem, NULL) == ERR_OK)
		err = model_check_signing(
			cluster_get_store(c), cert_key_bits(cert), DIGEST_SHA1, why);
	cert_free(cert);
	return err;
}

void handle_set_cert_import_own(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *name = json_get_str(args, "name"), *key_file = json_get_str(args, "key");
	struct fail why = {0};
	struct buf cert = {0}, key = {0};
	struct own_change change;
	enum own_cert which;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (err == ERR_OK && !own_find(name, &which))
		err = no_such(name, &why);
	if (err == ERR_OK)
		err = file_read(json_get_str(args, "cert"), PEM_MAX, &cert, &why);
	if (err == ERR_OK && key_file)
		err = file_read(key_file, PEM_MAX, &key, &why);
	if (err == ERR_OK && signs(which))
		err = check_signer(c, buf_span(&cert), &why);
	if (err == ERR_OK)
		err = own_import(c, which, buf_span(&cert),
			key_file ? buf_span(&key) : (struct span){0}, &change, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		buf_printf(&reply->text, "Import of own certificate %s is successful\n",
			own_name(which));
		tell_change(reply, own_name(which), &change);
	}
	buf_fini(&cert);
	buf_wipe(&key);
}

void handle_set_cert_import_trust(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *unit = json_get_str(args, "unit"), *name = json_get_str(args, "name");
	struct fail why = {0};
	struct cert *cert = NULL;
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? cert_load(&cert, json_get_str(args, "cert"), &why) : why.code;

	if (err == ERR_OK)
		err = trust_put(c, unit, name ? name : "", cert, &why);
	if (err != ERR_OK) {
		command_refuse(reply, &why);
	} else {
		json_set_str(reply->data, "subject", cert_subject(cert));
		buf_printf(&reply->text, "Import of trust certificate is successful: ");
		str_printable(&reply->text, span_str(cert_subject(cert)));
		buf_str(&reply->text, "\n");
	}
	cert_free(cert);
}

void handle_set_cert_delete(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	const char *unit = json_get_str(args, "unit"), *name = json_get_str(args, "name");
	char file[STORE_TEXT];
	size_t len = strlen(name);
	enum own_cert which;
	struct fail why = {0};
	struct cluster *c = command_cluster(ctx, &why);
	enum err err = c ? ERR_OK : why.code;

	if (len > 4 && str_ieq(name + len - 4, ".pem"))
		len -= 4;
	snprintf(file, sizeof file, "%.*s", (int)(len < sizeof file ? len : sizeof file - 1), name);
	if (err == ERR_OK && own_find(unit, &which))
		err = fail_set(&why, ERR_DENIED,
			"%s is this node's own certificate: it can be made anew (cadeado set cert "
			"regen %s), not deleted",
			own_name(which), own_name(which));
	if (err == ERR_OK)
		err = report_may_remove(c, unit, file, &why);
	if (err == ERR_OK)
		err = trust_remove(c, unit, file, &why);
	if (err != ERR_OK)
		command_refuse(reply, &why);
	else
		buf_printf(&reply->text, "Deleted %s/%s.pem\n", unit, file);
}
