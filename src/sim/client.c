/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/client.h"

#include "base/file.h"
#include "base/mem.h"
#include "net/pool.h"
#include "sim/ossl.h"
#include "sim/secret.h"
#include "sim/trust.h"
#include "wire/json.h"

#include <signal.h>
#include <stdio.h>

struct client {
	const struct sim_options *opt;
	const struct clock *clock;
	struct loop *loop;
	struct pool *pool;
	struct executor *executor;
	struct sim_keygens keygens;
	struct sim_flash flash;
	struct buf string, server_cert; /* that it must show, DER; empty: the lists decide */
	struct key *new_key;
	struct sim_capf *session;
	struct sim_capf_result result;
	bool done; /* the result is there */
	/* what is printed */
	char address[NET_ADDR_MAX], version[16], cipher[64];
	uint32_t number; /* of the session */
	const char *judged;
	struct buf server_der;
	struct json *messages; /* with --json */
};

/* ---- certificates in words ---- */

static void put_name(struct buf *out, X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0
			   ? BIO_get_mem_data(bio, &text)
			   : 0;

	str_printable(out, span_of(text, len > 0 ? (size_t)len : 0));
	buf_u8(out, 0);
	BIO_free(bio);
}

static void put_serial(struct buf *out, const X509 *cert)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = n ? BN_bn2hex(n) : NULL;

	buf_strz(out, hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(n);
}

static void put_end(char out[CLOCK_DATE_MAX], const X509 *cert)
{
	struct tm tm;

	out[0] = '\0';
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		(void)snprintf(out, CLOCK_DATE_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			tm.tm_sec);
}

static const char *text_of(const struct buf *b)
{
	return buf_check(b) == ERR_OK && b->len ? (const char *)b->data : "";
}

/* What there is to say of a certificate; NULL for one that cannot be read. */
static struct json *describe(struct span der)
{
	const unsigned char *p = der.ptr;
	X509 *cert = der.len ? d2i_X509(NULL, &p, (long)der.len) : NULL;
	struct buf subject = {0}, issuer = {0}, serial = {0};
	char end[CLOCK_DATE_MAX], md5[2 * DIGEST_MAX + 1], key[32];
	struct json *j;
	EVP_PKEY *pkey;

	if (!cert) {
		ERR_clear_error();
		return NULL;
	}
	j = json_object_new();
	pkey = X509_get0_pubkey(cert);
	put_name(&subject, X509_get_subject_name(cert));
	put_name(&issuer, X509_get_issuer_name(cert));
	put_serial(&serial, cert);
	put_end(end, cert);
	digest_hex(DIGEST_MD5, der, md5);
	(void)snprintf(key, sizeof(key), "%s-%d",
		pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC ? "EC" : "RSA",
		pkey ? EVP_PKEY_get_bits(pkey) : 0);
	json_set_str(j, "subject", text_of(&subject));
	json_set_str(j, "issuer", text_of(&issuer));
	json_set_str(j, "serial", text_of(&serial));
	json_set_str(j, "not_after", end);
	json_set_str(j, "key", key);
	json_set_str(j, "md5", md5);
	buf_fini(&subject);
	buf_fini(&issuer);
	buf_fini(&serial);
	X509_free(cert);
	ERR_clear_error();
	return j;
}

static void print_cert(const char *what, struct span der)
{
	struct json *j = describe(der);

	if (j)
		(void)printf("%s: %s, %s, serial %s, until %s, issued by %s, MD5 %s\n", what,
			json_get_str(j, "subject"), json_get_str(j, "key"),
			json_get_str(j, "serial"), json_get_str(j, "not_after"),
			json_get_str(j, "issuer"), json_get_str(j, "md5"));
	json_free(j);
}

/* ---- what the session tells ---- */

static enum err verify_server(void *ctx, struct span der, struct fail *why)
{
	struct client *c = ctx;
	struct sim_held held = sim_flash_get_held(&c->flash);
	struct sim_judge judge = {.digests = sim_model_digests(c->opt->model),
		.dates = c->opt->clock,
		.now = clock_seconds(c->clock)};

	buf_clear(&c->server_der);
	buf_put(&c->server_der, der);
	if (c->server_cert.len) {
		c->judged = "it is the one of --server-cert";
		return span_eq(der, buf_span(&c->server_cert))
			       ? ERR_OK
			       : fail_set(why, ERR_TRUST,
					 "the server does not show the certificate of "
					 "--server-cert");
	}
	if (!held.ctl.len && !held.itl.len) {
		c->judged = "taken on trust: the phone holds no list";
		return ERR_OK;
	}
	c->judged = "it is in the phone's trust list";
	return sim_trust_server(&judge, &held, SIM_SERVER_CAPF, der, why);
}

static void ready(void *ctx, const struct stream *s)
{
	struct client *c = ctx;

	(void)snprintf(c->version, sizeof(c->version), "%s", stream_version(s));
	(void)snprintf(c->cipher, sizeof(c->cipher), "%s", stream_cipher(s));
	if (c->opt->json || c->opt->quiet)
		return;
	(void)printf("connected to %s, %s %s\n", c->address, c->version, c->cipher);
	print_cert("server", buf_span(&c->server_der));
	(void)printf("server certificate: %s\n", c->judged);
	(void)fflush(stdout);
}

static void keep_message(struct client *c, bool sent, const struct capf_message *m, char *lines)
{
	struct json *j = json_object_new(), *elements = json_array_new();

	json_set_str(j, "from", sent ? "phone" : "server");
	json_set_str(j, "type", capf_type_name(m->type));
	json_set_int(j, "session", m->session);
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
		json_append_take(elements, json_string_new(line));
	json_set_take(j, "elements", elements);
	json_append_take(c->messages, j);
}

static void print_message(bool sent, const struct capf_message *m, char *lines)
{
	(void)printf("%s CAPF_MSG_%s\n", sent ? "->" : "<-", capf_type_name(m->type));
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
		(void)printf("   %.100s%s\n", line, strlen(line) > 100 ? "…" : "");
	(void)fflush(stdout);
}

static void on_message(void *ctx, bool sent, const struct capf_message *m)
{
	struct client *c = ctx;
	struct buf text = {0};

	c->number = m->session;
	elements_print(&text, &capf_format, m);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		if (c->opt->json)
			keep_message(c, sent, m, (char *)text.data);
		else if (!c->opt->quiet)
			print_message(sent, m, (char *)text.data);
	}
	buf_fini(&text);
}

static void over(void *ctx, const struct sim_capf_result *r)
{
	struct client *c = ctx;

	c->result = *r;
	c->done = true;
	loop_stop(c->loop);
}

static void on_signal(void *arg)
{
	struct client *c = arg;

	loop_stop(c->loop);
}

/* ---- the outcome ---- */

static const char *operation(const struct client *c)
{
	unsigned did = c->result.did;

	if (did & SIM_CAPF_INSTALLED)
		return "install";
	if (did & SIM_CAPF_DELETED)
		return "delete";
	if (did & (SIM_CAPF_SHOWED_LSC | SIM_CAPF_SHOWED_MIC | SIM_CAPF_SHOWED_NONE))
		return "fetch";
	return "none";
}

static void print_json(struct client *c)
{
	struct json *j = json_object_new(), *server, *lsc;
	struct buf out = {0};

	json_set_str(j, "device", c->opt->device);
	json_set_str(j, "server", c->address);
	json_set_str(j, "tls_version", c->version);
	json_set_str(j, "cipher", c->cipher);
	server = describe(buf_span(&c->server_der));
	json_set_take(j, "server_certificate", server ? server : json_null_new());
	json_set_str(j, "server_judged", c->judged);
	json_set_int(j, "session", c->number);
	json_set_take(j, "messages", json_ref(c->messages));
	json_set_str(j, "operation", operation(c));
	json_set_take(j, "reason",
		c->result.reason < 0 ? json_null_new() : json_int_new(c->result.reason));
	json_set_bool(j, "good", c->result.why.code == ERR_OK);
	json_set_str(j, "error", c->result.why.text);
	lsc = describe(buf_span(&c->flash.lsc));
	json_set_take(j, "lsc", lsc ? lsc : json_null_new());
	if (json_write(&out, j, true) == ERR_OK)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	json_free(j);
}

static void print_outcome(const struct client *c)
{
	const struct sim_capf_result *r = &c->result;

	if (r->did & SIM_CAPF_INSTALLED)
		print_cert("LSC installed", buf_span(&c->flash.lsc));
	if (r->did & SIM_CAPF_DELETED)
		(void)printf("LSC deleted\n");
	if (r->did & SIM_CAPF_SHOWED_LSC)
		(void)printf("LSC shown to the server\n");
	if (r->did & SIM_CAPF_SHOWED_MIC)
		(void)printf("MIC shown to the server\n");
	if (r->did & SIM_CAPF_SHOWED_NONE)
		(void)printf("the server asked for a certificate that the phone does not show\n");
	if (r->why.code)
		(void)printf("failed: %s\n", r->why.text);
	else if (!r->did)
		(void)printf("no operation is pending\n");
	else
		(void)printf("the session ended well, with reason %d\n", r->reason);
}

/* ---- begin and end ---- */

/* PEM file to DER. */
static enum err load_cert(const char *path, struct buf *der, struct fail *why)
{
	struct buf pem = {0};
	enum err err = file_read(path, 4 * SIM_CERT_MAX, &pem, why);

	if (err == ERR_OK)
		sim_pem_to_der(buf_span(&pem), der);
	if (err == ERR_OK && !der->len)
		err = fail_set(why, ERR_FORMAT, "%s holds no certificate in PEM", path);
	buf_fini(&pem);
	return err;
}

static enum err load(struct client *c, struct fail *why)
{
	const struct sim_options *o = c->opt;
	enum err err = sim_flash_open(&c->flash, o->dir, o->device, why);

	if (err == ERR_OK && o->mic)
		err = sim_flash_take_mic(&c->flash, o->mic, o->device, why);
	if (err == ERR_OK && o->auth == SIM_AUTH_STRING)
		err = sim_string_read(&c->string, o->string_file, why);
	if (err == ERR_OK && o->new_key)
		err = key_load_pem(&c->new_key, o->new_key, why);
	if (err == ERR_OK && o->server_cert)
		err = load_cert(o->server_cert, &c->server_cert, why);
	return err;
}

static enum err open_loop(struct client *c)
{
	enum err err = loop_new(&c->loop);

	if (err == ERR_OK)
		err = pool_new(&c->pool, 1);
	if (err == ERR_OK)
		err = pool_executor_new(&c->executor, c->pool, c->loop);
	if (err == ERR_OK)
		err = loop_on_signal(c->loop, SIGTERM, on_signal, c);
	if (err == ERR_OK)
		err = loop_on_signal(c->loop, SIGINT, on_signal, c);
	return err;
}

static enum err begin(struct client *c, struct fail *why)
{
	static const struct sim_capf_owner owner = {verify_server, ready, on_message, NULL, over};
	const struct sim_options *o = c->opt;
	enum err err = load(c, why);
	struct sim_capf_spec spec;

	if (err == ERR_OK)
		err = open_loop(c);
	if (err)
		return fail_set(why, err, "%s", err_text(err));
	spec = (struct sim_capf_spec){.loop = c->loop,
		.executor = c->executor,
		.keygens = &c->keygens,
		.clock = c->clock,
		.flash = &c->flash,
		.capture_dir = o->dir,
		.device = o->device,
		.auth = o->auth,
		.string = buf_span(&c->string),
		.version = o->capf_version,
		.sudi = o->sudi,
		.anonymous = o->anonymous,
		.profile = o->profile,
		.talk_us = o->timeout * 1000000ll,
		.progress_us = o->capf_progress * 1000000ll,
		.new_key = c->new_key,
		.faults = o->faults};
	net_addr_print_port(&o->server, c->address);
	return sim_capf_start(&c->session, &spec, &o->server, &owner, c, why);
}

static void finish(struct client *c)
{
	sim_capf_free(c->session);
	if (c->executor)
		pool_executor_free(c->executor);
	if (c->pool)
		pool_free(c->pool);
	if (c->loop)
		loop_free(c->loop);
	sim_keygen_drop_all(&c->keygens);
	sim_flash_fini(&c->flash);
	key_free(c->new_key);
	buf_wipe(&c->string);
	buf_fini(&c->server_cert);
	buf_fini(&c->server_der);
	json_free(c->messages);
}

int sim_client_run(const struct sim_options *opt)
{
	struct client c = {.opt = opt,
		.clock = clock_system(),
		.judged = "none was shown",
		.result = {.reason = -1},
		.messages = json_array_new()};
	struct fail why = {0};
	int status = SIM_EXIT_REFUSED;

	if (begin(&c, &why)) {
		(void)fprintf(stderr, "cadeado-phone: %s\n", why.text);
		finish(&c);
		return status;
	}
	loop_run(c.loop);
	if (!c.done)
		(void)fail_set(&c.result.why, ERR_CLOSED, "interrupted");
	if (opt->json)
		print_json(&c);
	else
		print_outcome(&c);
	status = c.result.why.code ? SIM_EXIT_REFUSED : SIM_EXIT_DONE;
	finish(&c);
	return status;
}
