/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/ctlprovider.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/curl_calls.h"

#include <stdio.h>

#define URL_MAX    (CLIENT_CTL_HOST + 128)
#define HEADER_MAX 128

struct client_ctl {
	CURL *curl;
	char host[CLIENT_CTL_HOST], pin[64];
	int port;
	int64_t timeout_us;
	char *user, *password;
	long wait;
};

struct request {
	const char *method, *path;
	struct span body;
	const char *header; /* or NULL */
	struct buf *answer;
};

/* curl's own sentences name neither the node nor what to do. */
static enum err transport_fail(CURLcode code, const char *host, int port, struct fail *why)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail_set(why, ERR_NOTFOUND,
			"the name %.64s cannot be resolved on this machine; put it into the DNS or "
			"/etc/hosts, or name the node by its address",
			host);
	case CURLE_OPERATION_TIMEDOUT:
		return fail_set(
			why, ERR_TIMEOUT, "%.64s port %d does not answer in time", host, port);
	case CURLE_COULDNT_CONNECT:
		return fail_set(why, ERR_CLOSED,
			"%.64s port %d cannot be reached; is the node up and Cisco CTL Provider "
			"started there?",
			host, port);
	case CURLE_SSL_CONNECT_ERROR:
		return fail_set(why, ERR_CLOSED,
			"%.64s port %d does not speak TLS as a node does, or went away", host,
			port);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return fail_set(why, ERR_TLS,
			"%.64s port %d shows another key than a moment ago; nothing was sent", host,
			port);
	case CURLE_OUT_OF_MEMORY: return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	case CURLE_WRITE_ERROR:
		return fail_set(
			why, ERR_PROTO, "%.64s port %d: the answer is too long", host, port);
	default:
		return fail_set(why, ERR_CLOSED, "%.64s port %d: %.100s", host, port,
			curl_easy_strerror(code));
	}
}

static enum err make_url(
	char url[URL_MAX], const char *host, int port, const char *path, struct fail *why)
{
	bool six = strchr(host, ':') && host[0] != '[';

	/* A host with a slash, an @ or a blank would name something else. */
	if (!*host || strlen(host) >= CLIENT_CTL_HOST || strpbrk(host, "/@?#% \t\r\n\\"))
		return fail_set(why, ERR_ARG, "\"%.64s\" is no host name or address", host);
	snprintf(url, URL_MAX, "https://%s%s%s:%d%s", six ? "[" : "", host, six ? "]" : "", port,
		path);
	return ERR_OK;
}

/* What holds for every connection: nothing of the environment, no other protocol, no redirection,
 * and the certificate is judged by its pin. */
static void set_common(CURL *curl, const char *url, int64_t timeout_us)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout_us / 1000));
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout_us / 1000));
	/* A node may die between two requests: each has a connection of its own. */
	(void)curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
}

static const char *shown_pem(CURL *curl)
{
	struct curl_certinfo *info = NULL;
	const struct curl_slist *line;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
		info->num_of_certs < 1)
		return NULL;
	for (line = info->certinfo[0]; line; line = line->next)
		if (strncmp(line->data, "Cert:", 5) == 0)
			return line->data + 5;
	return NULL;
}

static enum err make_face(CURL *curl, const struct client_ctl_server *s,
	struct client_ctl_face *out, struct fail *why)
{
	const char *pem = shown_pem(curl);
	struct cert *cert = NULL;
	struct buf pin = {0};
	uint8_t key[DIGEST_MAX], whole[DIGEST_MAX];
	char *address = NULL;
	enum err err = pem ? cert_from_pem(&cert, span_str(pem), why)
			   : fail_set(why, ERR_PROTO, "%.64s port %d shows no certificate", s->host,
				     s->port);

	if (!err && (digest_one(DIGEST_SHA256, cert_der(cert), whole) != sizeof(out->fingerprint) ||
			    digest_one(DIGEST_SHA256, cert_spki(cert), key) != 32))
		err = fail_set(why, ERR_CRYPTO, "SHA-256: %s", err_text(ERR_CRYPTO));
	if (!err) {
		memcpy(out->fingerprint, whole, sizeof(out->fingerprint));
		buf_str(&pin, "sha256//");
		str_base64(&pin, span_of(key, 32));
		buf_u8(&pin, 0);
		err = buf_check(&pin);
	}
	if (!err) {
		(void)str_copy(out->pin, sizeof(out->pin), (const char *)pin.data);
		(void)curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
		(void)str_copy(out->address, sizeof(out->address), address ? address : "");
	}
	buf_fini(&pin);
	cert_free(cert);
	return err;
}

enum err client_ctl_probe(
	const struct client_ctl_server *s, struct client_ctl_face *out, struct fail *why)
{
	char url[URL_MAX];
	CURL *curl = NULL;
	CURLcode code;
	enum err err = make_url(url, s->host, s->port, "/", why);

	*out = (struct client_ctl_face){0};
	if (!err)
		err = curl_calls_load(why);
	if (err)
		return err;
	curl = curl_easy_init();
	if (!curl)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	set_common(curl, url, s->timeout_us);
	(void)curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(curl);
	err = code == CURLE_OK ? make_face(curl, s, out, why)
			       : transport_fail(code, s->host, s->port, why);
	curl_easy_cleanup(curl);
	return err;
}

static void wipe_text(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	mem_free(text);
}

enum err client_ctl_new(struct client_ctl **out, const struct client_ctl_server *s,
	const struct client_ctl_face *face, const char *user, const char *password,
	struct fail *why)
{
	struct client_ctl *c;
	char url[URL_MAX];
	enum err err = make_url(url, s->host, s->port, "/", why);

	*out = NULL;
	if (!err)
		err = curl_calls_load(why);
	if (err)
		return err;
	c = mem_new(sizeof(*c));
	if (c) {
		c->curl = curl_easy_init();
		c->user = mem_strdup(user);
		c->password = mem_strdup(password);
		c->port = s->port;
		c->timeout_us = s->timeout_us;
		(void)str_copy(c->host, sizeof(c->host), s->host);
		(void)str_copy(c->pin, sizeof(c->pin), face->pin);
	}
	if (!c || !c->curl || !c->user || !c->password) {
		client_ctl_free(c);
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	*out = c;
	return ERR_OK;
}

void client_ctl_free(struct client_ctl *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	wipe_text(c->user);
	wipe_text(c->password);
	mem_free(c);
}

static size_t take_answer(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *answer = ctx;
	size_t len = size * count;

	if (len > CLIENT_CTL_ANSWER_MAX - answer->len)
		return 0;
	buf_put(answer, span_of(data, len));
	return buf_check(answer) ? 0 : len;
}

static void set_request(CURL *curl, const struct request *r, struct curl_slist *headers)
{
	bool get = strcmp(r->method, "GET") == 0;

	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, r->answer);
	if (get)
		return;
	if (strcmp(r->method, "DELETE") != 0) {
		(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(
			curl, CURLOPT_POSTFIELDS, r->body.ptr ? (const char *)r->body.ptr : "");
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
	}
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

static enum err meaning(long status)
{
	switch (status) {
	case 200:
	case 201:
	case 204: return ERR_OK;
	case 401: return ERR_DENIED;
	case 403: return ERR_TRUST;
	case 404: return ERR_NOTFOUND;
	case 409: return ERR_BUSY;
	case 412: return ERR_EXISTS;
	case 413: return ERR_LIMIT;
	case 422: return ERR_VERIFY;
	case 429: return ERR_LOCKED;
	default: return status >= 500 ? ERR_IO : ERR_PROTO;
	}
}

/* The node's sentence, made printable: it may be anybody's. */
static enum err node_fail(long status, const struct buf *answer, struct fail *why)
{
	enum err err = meaning(status);
	struct json *j = NULL;
	struct buf text = {0};
	const char *said = NULL;

	if (json_parse(&j, buf_span(answer), NULL) == ERR_OK)
		said = json_get_str(j, "text");
	if (said)
		str_printable(&text, span_str(said));
	buf_u8(&text, 0);
	if (said && buf_check(&text) == ERR_OK)
		fail_set(why, err, "%.240s", (const char *)text.data);
	else
		fail_set(why, err, "the node answered with HTTP status %ld", status);
	buf_fini(&text);
	json_free(j);
	return err;
}

static enum err ask(struct client_ctl *c, const struct request *r, struct fail *why)
{
	struct curl_slist *headers = NULL, *more;
	char url[URL_MAX];
	long status = 0;
	curl_off_t wait = 0;
	CURLcode code;
	enum err err = make_url(url, c->host, c->port, r->path, why);
	const char *lines[] = {"Expect:", "Content-Type: application/octet-stream", r->header};

	for (size_t i = 0; !err && i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!lines[i] || (i == 1 && !r->body.len))
			continue;
		more = curl_slist_append(headers, lines[i]);
		if (more)
			headers = more;
		else
			err = fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	if (err) {
		curl_slist_free_all(headers);
		return err;
	}
	curl_easy_reset(c->curl);
	set_common(c->curl, url, c->timeout_us);
	(void)curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	(void)curl_easy_setopt(c->curl, CURLOPT_USERNAME, c->user);
	(void)curl_easy_setopt(c->curl, CURLOPT_PASSWORD, c->password);
	set_request(c->curl, r, headers);
	/* The one that matters: without it nothing may be sent. */
	code = curl_easy_setopt(c->curl, CURLOPT_PINNEDPUBLICKEY, c->pin);
	if (code == CURLE_OK)
		code = curl_easy_perform(c->curl);
	c->wait = 0;
	if (code != CURLE_OK) {
		err = transport_fail(code, c->host, c->port, why);
	} else {
		(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
		(void)curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &wait);
		c->wait = (long)wait;
		if (meaning(status))
			err = node_fail(status, r->answer, why);
	}
	curl_easy_reset(c->curl);
	curl_slist_free_all(headers);
	return err;
}

enum err client_ctl_node(struct client_ctl *c, struct json **out, struct fail *why)
{
	struct buf answer = {0};
	struct request r = {.method = "GET", .path = "/v1/node", .answer = &answer};
	enum err err = ask(c, &r, why);

	*out = NULL;
	if (!err && json_parse(out, buf_span(&answer), NULL))
		err = fail_set(why, ERR_PROTO, "%s port %d: the answer is not the one of a node",
			c->host, c->port);
	buf_fini(&answer);
	return err;
}

enum err client_ctl_list(struct client_ctl *c, struct buf *out, struct fail *why)
{
	struct buf answer = {0};
	struct request r = {.method = "GET", .path = "/v1/ctl", .answer = &answer};
	enum err err = ask(c, &r, why);

	if (!err) {
		buf_put(out, buf_span(&answer));
		err = buf_check(out);
	}
	buf_fini(&answer);
	return err;
}

/* An id is the client's own: it cannot lead to another path. */
static enum err command(struct client_ctl *c, const char *method, const char *id, const char *verb,
	struct span body, const char *header, struct fail *why)
{
	struct buf answer = {0};
	char path[96];
	struct request r = {
		.method = method, .path = path, .body = body, .header = header, .answer = &answer};
	enum err err;

	if (strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32)
		return fail_set(why, ERR_ARG, "a publication's id has 32 hex digits");
	snprintf(path, sizeof(path), "/v1/staged/%s%s", id, verb);
	err = ask(c, &r, why);
	buf_fini(&answer);
	return err;
}

enum err client_ctl_stage(struct client_ctl *c, const char *id, struct span list,
	const uint8_t *present, struct fail *why)
{
	char header[HEADER_MAX] = "If-None-Match: *";
	struct buf hex = {0};
	enum err err = ERR_OK;

	if (present) {
		str_hex(&hex, span_of(present, 32), STR_LOWER);
		buf_u8(&hex, 0);
		err = buf_check(&hex);
		if (!err)
			snprintf(header, sizeof(header), "If-Match: \"%s\"", (char *)hex.data);
	}
	if (err)
		fail_set(why, err, "%s", err_text(err));
	else
		err = command(c, "PUT", id, "", list, header, why);
	buf_fini(&hex);
	return err;
}

enum err client_ctl_activate(struct client_ctl *c, const char *id, struct fail *why)
{
	return command(c, "POST", id, "/activate", (struct span){0}, NULL, why);
}

enum err client_ctl_abort(struct client_ctl *c, const char *id, struct fail *why)
{
	return command(c, "DELETE", id, "", (struct span){0}, NULL, why);
}

bool client_ctl_unsure(enum err err)
{
	return err == ERR_TIMEOUT || err == ERR_CLOSED || err == ERR_PROTO;
}

long client_ctl_wait(const struct client_ctl *c)
{
	return c->wait;
}

void client_ctl_fingerprint_print(
	const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], char out[CLIENT_CTL_FINGERPRINT_TEXT])
{
	for (size_t i = 0; i < CLIENT_CTL_FINGERPRINT; i++)
		snprintf(out + 3 * i, 4, "%02X%s", fingerprint[i],
			i + 1 < CLIENT_CTL_FINGERPRINT ? ":" : "");
}

enum err client_ctl_fingerprint_parse(const char *text, uint8_t out[CLIENT_CTL_FINGERPRINT])
{
	struct buf bytes = {0};
	enum err err = str_unhex(&bytes, text);

	if (!err && bytes.len != CLIENT_CTL_FINGERPRINT)
		err = ERR_FORMAT;
	if (!err)
		memcpy(out, bytes.data, CLIENT_CTL_FINGERPRINT);
	buf_fini(&bytes);
	return err;
}
