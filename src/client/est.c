/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/est.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/secret_file.h"
#include "base/str.h"
#include "client/curl_calls.h"
#include "crypto/bundle.h"
#include "crypto/key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RETRY_UNTOLD 600  /* seconds, when a 202 does not say */
#define TOLD_MAX     120u /* bytes of an error's text that are repeated */

/* What a conversation needs, with the paths of the settings. */
struct talk {
	const struct est *x;
	CURL *curl;
	char *url, *trust, *cert, *key;
	struct buf password, body, got;
	bool too_long;
};

static bool given(const char *setting)
{
	return *setting && strcmp(setting, "none") != 0;
}

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

/* NULL for a setting that is not given. */
static enum err path_of(const struct est *x, const char *setting, char **out, struct fail *why)
{
	*out = NULL;
	if (!given(setting))
		return ERR_OK;
	*out = *setting == '/' ? mem_strdup(setting) : file_join(x->folder, setting);
	return *out ? ERR_OK : no_memory(why);
}

static void talk_fini(struct talk *t)
{
	if (t->curl)
		curl_easy_cleanup(t->curl);
	mem_free(t->url);
	mem_free(t->trust);
	mem_free(t->cert);
	mem_free(t->key);
	buf_wipe(&t->password);
	buf_fini(&t->body);
	buf_fini(&t->got);
}

/* --- settings and files --- */

static enum err check_words(const struct settings *s, struct fail *why)
{
	if (strncasecmp(s->est_url, "https://", 8) != 0)
		return fail_set(why, ERR_FORMAT,
			"setting est_url: https://HOST/.well-known/est is expected");
	if (!given(s->est_trust))
		return fail_set(why, ERR_FORMAT,
			"setting est_trust: the file with the authority's own root is needed");
	if (given(s->est_user) != given(s->est_password_file))
		return fail_set(
			why, ERR_FORMAT, "settings est_user and est_password_file belong together");
	if (given(s->est_cert) != given(s->est_key))
		return fail_set(why, ERR_FORMAT, "settings est_cert and est_key belong together");
	return ERR_OK;
}

static enum err read_password(struct talk *t, struct fail *why)
{
	char *path;
	enum err err = path_of(t->x, t->x->settings->est_password_file, &path, why);

	if (!err && path)
		err = secret_file_read(path, &t->password, why);
	if (err)
		fail_prefix(why, "setting est_password_file");
	mem_free(path);
	return err;
}

/* libcurl reads the key itself; here is seen that nobody else can. */
static enum err check_pair(const struct talk *t, struct fail *why)
{
	struct key *key = NULL;
	struct cert *cert = NULL;
	enum err err = ERR_OK;

	if (t->cert)
		err = cert_load(&cert, t->cert, why);
	if (!err && t->key)
		err = key_load_pem(&key, t->key, why);
	cert_free(cert);
	key_free(key);
	return err;
}

static enum err check_trust(const struct talk *t, struct fail *why)
{
	struct bundle b = {.count = 0};
	struct buf text = {0};
	enum err err = file_read(t->trust, BUNDLE_SIZE_MAX, &text, why);

	if (!err)
		err = bundle_read(&b, buf_span(&text), why);
	if (err)
		fail_prefix(why, "setting est_trust");
	bundle_fini(&b);
	buf_fini(&text);
	return err;
}

static enum err talk_init(struct talk *t, const struct est *x, struct fail *why)
{
	const struct settings *s = x->settings;
	struct buf url = {0};
	size_t len = strlen(s->est_url);
	enum err err = check_words(s, why);

	*t = (struct talk){.x = x};
	while (len && s->est_url[len - 1] == '/')
		len--;
	buf_printf(&url, "%.*s/simpleenroll", (int)len, s->est_url);
	buf_u8(&url, 0);
	if (!err && buf_check(&url))
		err = no_memory(why);
	if (!err) {
		t->url = mem_strdup((const char *)url.data);
		err = t->url ? ERR_OK : no_memory(why);
	}
	buf_fini(&url);
	if (!err)
		err = path_of(x, s->est_trust, &t->trust, why);
	if (!err)
		err = path_of(x, s->est_cert, &t->cert, why);
	if (!err)
		err = path_of(x, s->est_key, &t->key, why);
	if (!err)
		err = check_trust(t, why);
	if (!err)
		err = check_pair(t, why);
	return err ? err : read_password(t, why);
}

enum err client_est_check(const struct est *x, struct fail *why)
{
	struct talk t;
	enum err err = curl_calls_load(why);

	if (err)
		return err;
	err = talk_init(&t, x, why);
	talk_fini(&t);
	return err;
}

/* --- the conversation --- */

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
	struct talk *t = ctx;
	size_t len = size * count;

	if (len > EST_ANSWER_MAX || t->got.len > EST_ANSWER_MAX - len) {
		t->too_long = true;
		return 0;
	}
	buf_put(&t->got, span_of(data, len));
	return buf_check(&t->got) ? 0 : len;
}

static int look_at_stop(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct talk *t = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return t->x->stop && atomic_load(t->x->stop);
}

/* A request that is not refused here would be sent without what was meant to protect it. */
static bool set_up(struct talk *t, struct curl_slist *heads)
{
	const struct settings *s = t->x->settings;
	CURLcode bad = CURLE_OK;

#define SET(option, value)                                                                         \
	bad = bad == CURLE_OK ? curl_easy_setopt(t->curl, CURLOPT_##option, value) : bad
	SET(URL, t->url);
	SET(PROTOCOLS_STR, "https");
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(NOSIGNAL, 1L);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(CAINFO, t->trust);
	SET(CAPATH, NULL); /* the machine's own anchors do not count */
	SET(FOLLOWLOCATION, 0L);
	SET(TIMEOUT, EST_TIMEOUT_S);
	SET(CONNECTTIMEOUT, EST_CONNECT_S);
	SET(HTTPHEADER, heads);
	SET(WRITEFUNCTION, take);
	SET(WRITEDATA, t);
	SET(NOPROGRESS, 0L);
	SET(XFERINFOFUNCTION, look_at_stop);
	SET(XFERINFODATA, t);
	SET(POSTFIELDSIZE, (long)t->body.len);
	SET(POSTFIELDS, (const char *)t->body.data);
	if (t->password.len) {
		SET(HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(USERNAME, s->est_user);
		SET(PASSWORD, (const char *)t->password.data);
	}
	if (t->cert) {
		SET(SSLCERT, t->cert);
		SET(SSLKEY, t->key);
	}
#undef SET
	return bad == CURLE_OK;
}

static enum err transport_fail(const struct talk *t, CURLcode code, struct fail *why)
{
	const char *url = t->x->settings->est_url;

	if (t->too_long)
		return fail_set(
			why, ERR_PROTO, "EST: the answer has more than %u bytes", EST_ANSWER_MAX);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail_set(why, ERR_NOTFOUND,
			"EST: the host of %.80s cannot be resolved; see est_url in cadeado.conf",
			url);
	case CURLE_OPERATION_TIMEDOUT:
		return fail_set(why, ERR_TIMEOUT, "EST: %.80s gives no answer in time", url);
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail_set(why, ERR_TLS,
			"EST: the certificate of %.60s is not one that est_trust vouches for, or "
			"names another host",
			url);
	case CURLE_SSL_CERTPROBLEM:
		return fail_set(why, ERR_DENIED,
			"EST: est_cert and est_key cannot be used, or the server refuses them");
	default:
		return fail_set(
			why, ERR_CLOSED, "EST: %.60s: %.80s", url, curl_easy_strerror(code));
	}
}

/* The beginning of what the authority says of its refusal. */
static void told(const struct talk *t, char out[TOLD_MAX + 1])
{
	struct buf text = {0};
	struct span head = buf_span(&t->got);
	size_t i;

	if (head.len > TOLD_MAX)
		head.len = TOLD_MAX;
	str_printable(&text, head);
	for (i = 0; i < text.len && i < TOLD_MAX && text.data[i] != '<'; i++)
		out[i] = (char)text.data[i];
	out[i] = '\0';
	buf_fini(&text);
}

static enum err refused(const struct talk *t, long status, struct fail *why)
{
	char text[TOLD_MAX + 1];

	told(t, text);
	if (status == 401 || status == 403)
		return fail_set(why, ERR_DENIED,
			"EST: the server refuses this account (%ld); see est_user, est_cert",
			status);
	if (status == 429 || status >= 500)
		return fail_set(why, ERR_CLOSED, "EST: the server answers %ld %s", status, text);
	if (status == 404)
		return fail_set(
			why, ERR_PROTO, "EST: there is no EST at this address (404); see est_url");
	if (status >= 400)
		return fail_set(
			why, ERR_DENIED, "EST: the request is refused (%ld) %s", status, text);
	return fail_set(why, ERR_PROTO, "EST: answer %ld is not expected; see est_url", status);
}

static enum err read_answer(
	struct talk *t, struct buf *answer, int64_t *retry_after, struct fail *why)
{
	struct fail local = {0};
	long status = 0;
	curl_off_t wait = 0;
	char *type = NULL;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	(void)curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &wait);
	if (status == 202) {
		*retry_after = wait <= 0                ? RETRY_UNTOLD
			       : wait > EST_RETRY_MAX_S ? EST_RETRY_MAX_S
							: wait;
		return fail_set(why, ERR_NOTNOW,
			"the authority has the request, and decides later (EST 202)");
	}
	if (status != 200)
		return refused(t, status, why);
	if (!type || strncasecmp(type, "application/pkcs7-mime", 22) != 0)
		return fail_set(why, ERR_PROTO, "EST: the answer is %.60s, no PKCS #7",
			type ? type : "of no type");
	if (bundle_base64(answer, buf_span(&t->got), &local) != ERR_OK)
		return fail_set(why, ERR_PROTO, "EST: the answer: %s", local.text);
	return ERR_OK;
}

static enum err talk_once(struct talk *t, struct span request, struct buf *answer,
	int64_t *retry_after, struct fail *why)
{
	struct curl_slist *heads = NULL, *more;
	static const char *const lines[] = {"Content-Type: application/pkcs10",
		"Content-Transfer-Encoding: base64", "Accept: application/pkcs7-mime", "Expect:"};
	CURLcode code = CURLE_OUT_OF_MEMORY;
	size_t i;

	str_base64_lines(&t->body, request, "\r\n");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		more = curl_slist_append(heads, lines[i]);
		if (!more)
			break;
		heads = more;
	}
	if (i == sizeof(lines) / sizeof(lines[0]) && buf_check(&t->body) == ERR_OK &&
		set_up(t, heads))
		code = curl_easy_perform(t->curl);
	curl_slist_free_all(heads);
	return code == CURLE_OK ? read_answer(t, answer, retry_after, why)
				: transport_fail(t, code, why);
}

enum err client_est_enroll(const struct est *x, struct span request, struct buf *answer,
	int64_t *retry_after, struct fail *why)
{
	struct talk t;
	enum err err = talk_init(&t, x, why);

	*retry_after = 0;
	if (!err) {
		t.curl = curl_easy_init();
		err = t.curl ? talk_once(&t, request, answer, retry_after, why) : no_memory(why);
	}
	talk_fini(&t);
	return err;
}
