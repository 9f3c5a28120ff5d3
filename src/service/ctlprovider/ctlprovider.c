/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/ctlprovider/ctlprovider.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/ctlprovider/job.h"
#include "service/sources.h"

#include <stdio.h>

#define CHALLENGE  "Basic realm=\"Cadeado CTL Provider\", charset=\"UTF-8\""
#define AGAIN_SOON 1 /* seconds, where too many accounts are being looked at */

struct ctlprovider {
	const struct service_env *env;
	struct http_server *http;
	struct sources sources;
	struct job_link *jobs;
	unsigned running;
	struct lingering lingering;
	bool stopped;
};

/* --- what is asked --- */

static const struct route {
	const char *path; /* "*" stands for a publication's id */
	enum http_method method;
	enum request_kind kind;
} routes[] = {
	{"/v1/node", HTTP_GET, REQUEST_NODE},
	{"/v1/node", HTTP_HEAD, REQUEST_NODE},
	{"/v1/ctl", HTTP_GET, REQUEST_CTL},
	{"/v1/ctl", HTTP_HEAD, REQUEST_CTL},
	{"/v1/staged/*", HTTP_PUT, REQUEST_STAGE},
	{"/v1/staged/*", HTTP_DELETE, REQUEST_ABORT},
	{"/v1/staged/*/activate", HTTP_POST, REQUEST_ACTIVATE},
};

static bool is_id(const char *text, size_t len)
{
	return len == STAGE_ID - 1 && strspn(text, "0123456789abcdef") >= len;
}

static bool fits(const char *pattern, const char *path, char id[STAGE_ID])
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : 0, len;

	if (!star)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	len = strcspn(path, "/");
	if (!is_id(path, len) || strcmp(star + 1, path + len) != 0)
		return false;
	memcpy(id, path, len);
	id[len] = '\0';
	return true;
}

/* 200, or the status to refuse with; the methods of a path that has others go to `allow`. */
static unsigned find_route(const struct http_request *r, struct job *j, struct buf *allow)
{
	struct buf path = {0};
	unsigned status = 404;

	if (http_path(&path, r->path, NULL) == ERR_OK)
		buf_u8(&path, 0);
	for (size_t i = 0; path.len && !buf_check(&path) && status != 200 &&
			   i < sizeof(routes) / sizeof(routes[0]);
		i++) {
		if (!fits(routes[i].path, (const char *)path.data, j->id))
			continue;
		status = 405;
		if (routes[i].method == r->method) {
			status = 200;
			j->kind = routes[i].kind;
		}
		buf_printf(
			allow, "%s%s", allow->len ? ", " : "", http_method_name(routes[i].method));
	}
	buf_fini(&path);
	return status;
}

/* What the publisher saw; 200, 400 or 428. */
static unsigned read_condition(const struct http_request *r, struct job *j, const char **text)
{
	struct span match, none, tag;
	bool has_match = http_field(r, "If-Match", &match);
	bool has_none = http_field(r, "If-None-Match", &none);
	struct buf sum = {0};
	char hex[65] = "";
	unsigned status = 400;

	*text = "say which CTL was there before: If-Match: \"<SHA-256 in hex>\", or If-None-Match: * "
		"when there was none";
	if (!has_match && !has_none)
		return 428;
	if (has_match && has_none) {
		*text = "If-Match and If-None-Match exclude each other";
	} else if (has_none) {
		if (span_eq(none, span_str("*")))
			status = 200;
	} else if (http_tag(match, &tag, NULL) == ERR_OK && tag.len == sizeof(hex) - 1) {
		memcpy(hex, tag.ptr, tag.len);
		if (strspn(hex, "0123456789abcdefABCDEF") == tag.len &&
			str_unhex(&sum, hex) == ERR_OK && sum.len == sizeof(j->present)) {
			memcpy(j->present, sum.data, sum.len);
			j->has_present = true;
			status = 200;
		}
	}
	buf_fini(&sum);
	return status;
}

/* --- answers --- */

static void answer_wait(
	struct ctlprovider *p, struct slot_ref ref, int64_t seconds, const char *reason)
{
	struct http_field field = {.name = span_str("Retry-After")};
	char text[32], sentence[128];

	snprintf(text, sizeof(text), "%lld", (long long)seconds);
	snprintf(sentence, sizeof(sentence), "%s; the next try is looked at in %s seconds", reason,
		text);
	field.value = span_str(text);
	http_answer_error(p->http, ref, 429, "wait", sentence, &field);
}

static void answer_account(struct ctlprovider *p, struct slot_ref ref, const char *text)
{
	const struct http_field field = {span_str("WWW-Authenticate"), span_str(CHALLENGE)};

	http_answer_error(p->http, ref, 401, "account", text, &field);
}

static void answer_job(struct ctlprovider *p, struct job *j)
{
	struct http_field field = {span_str("ETag"), span_str(j->tag)};
	struct http_reply reply = {.status = j->status,
		.type = j->kind == REQUEST_CTL ? "application/octet-stream" : "application/json",
		.body = buf_span(&j->body),
		.fields = &field,
		.fields_count = j->tag[0] != '\0'};

	if (j->denied)
		sources_failed(&p->sources, &j->peer, clock_monotonic_us());
	else if (j->logged_in)
		sources_good(&p->sources, &j->peer);
	if (j->status == 401)
		answer_account(p, j->ref, j->why.text);
	else if (j->status == 429)
		answer_wait(p, j->ref, j->wait, "too many failures at this name");
	else if (j->word)
		http_answer_error(p->http, j->ref, j->status, j->word, j->why.text, NULL);
	else
		http_answer(p->http, j->ref, &reply);
}

/* What happened here is told whether or not the client is still there. */
static void tell(const struct job *j)
{
	static const char *const words[] = {
		[REQUEST_STAGE] = "staged",
		[REQUEST_ACTIVATE] = "activated",
		[REQUEST_ABORT] = "aborted",
	};

	if (j->status == 500)
		log_line(LOG_ERROR, "ctlprovider: %s: %s", j->from, j->why.text);
	else if (j->denied)
		log_line(LOG_WARN, "ctlprovider: %s: wrong name or password", j->from);
	else if (j->status == 200 && j->kind >= REQUEST_STAGE)
		log_line(LOG_INFO, "ctlprovider: %s: %s %s publication %s", j->from,
			(const char *)j->name.data, words[j->kind], j->id);
	else if (j->word && j->logged_in)
		log_line(LOG_WARN, "ctlprovider: %s: %s: refused with %u: %s", j->from,
			(const char *)j->name.data, j->status, j->why.text);
}

static void provider_free(struct ctlprovider *p)
{
	lingering_remove(&p->lingering);
	http_server_free(p->http);
	mem_free(p);
}

static void work(void *arg)
{
	provider_job_work(arg);
}

static void done(void *arg)
{
	struct job *j = arg;
	struct ctlprovider *p = j->service;

	p->running--;
	tell(j);
	if (!p->stopped)
		answer_job(p, j);
	provider_job_free(j);
	if (p->stopped && !p->jobs)
		provider_free(p);
}

/* --- requests --- */

static struct job *job_new(struct ctlprovider *p, struct slot_ref ref, const struct net_addr *peer)
{
	struct job *j = mem_new(sizeof(*j));

	if (!j)
		return NULL;
	j->service = p;
	j->ref = ref;
	j->peer = *peer;
	j->env = p->env;
	net_addr_print(peer, j->from);
	jobs_add(&p->jobs, &j->link);
	return j;
}

/* False when it has been answered: no account, or one that cannot be. */
static bool read_account(struct job *j, const struct http_request *r)
{
	struct ctlprovider *p = j->service;
	struct fail why = {0};
	struct span value;
	enum err err;

	if (!http_field(r, "Authorization", &value)) {
		answer_account(p, j->ref,
			"an administrator's account is needed; made at the node "
			"with: cadeado set account name");
		return false;
	}
	err = http_basic(value, &j->name, &j->password, &why);
	if (!err) {
		buf_u8(&j->name, 0);
		err = buf_check(&j->name);
	}
	if (!err)
		return true;
	sources_failed(&p->sources, &j->peer, clock_monotonic_us());
	answer_account(p, j->ref, why.text);
	return false;
}

/* False when it has been answered. */
static bool read_request(struct job *j, const struct http_exchange *x)
{
	struct ctlprovider *p = j->service;
	struct http_field field = {.name = span_str("Allow")};
	struct buf allow = {0};
	unsigned status = find_route(x->request, j, &allow);
	const char *text = "nothing is here; see docs/formats/ctl-provider.md";

	if (status == 405)
		text = "this method is not for this path";
	else if (status == 200 && j->kind == REQUEST_STAGE)
		status = read_condition(x->request, j, &text);
	field.value = buf_span(&allow);
	if (status != 200)
		http_answer_error(p->http, j->ref, status, status == 404 ? "notfound" : "request",
			text, status == 405 ? &field : NULL);
	buf_fini(&allow);
	return status == 200;
}

static void handle(void *ctx, struct slot_ref ref, const struct http_exchange *x)
{
	struct ctlprovider *p = ctx;
	int64_t wait = sources_wait(&p->sources, x->peer, clock_monotonic_us());
	struct job *j;

	if (wait > 0) {
		answer_wait(p, ref, wait, "too many failures from this address");
		return;
	}
	if (p->running >= CTLPROVIDER_JOBS_MAX) {
		answer_wait(p, ref, AGAIN_SOON, "too many requests at once");
		return;
	}
	j = job_new(p, ref, x->peer);
	if (j && (!read_account(j, x->request) || !read_request(j, x))) {
		provider_job_free(j);
		return;
	}
	if (j && j->kind == REQUEST_STAGE)
		buf_put(&j->list, x->body);
	if (!j || buf_check(&j->list) || executor_run(p->env->blocking, work, done, j) != ERR_OK) {
		http_answer_error(p->http, ref, 500, "internal", err_text(ERR_NOMEM), NULL);
		if (j)
			provider_job_free(j);
		return;
	}
	p->running++;
}

/* --- the service --- */

static void end(struct lingering *l)
{
	struct ctlprovider *p = lingering_of(l, struct ctlprovider, lingering);

	while (p->jobs)
		provider_job_free((struct job *)p->jobs);
	provider_free(p);
}

static void stop(void *instance)
{
	struct ctlprovider *p = instance;

	http_server_free(p->http);
	p->http = NULL;
	p->stopped = true;
	if (p->env->blocking && p->jobs)
		lingering_add(p->env->lingering, &p->lingering, end);
	else
		end(&p->lingering);
}

static enum err start(void **instance, const struct service_env *env, struct fail *why)
{
	struct ctlprovider *p = mem_new(sizeof(*p));
	const struct settings *s = env->settings;
	struct net_addr listen;
	struct http_config config = {
		.name = "ctlprovider",
		.loop = env->loop,
		.addr = &listen,
		.tls = env->tls[OWN_CTL_PROVIDER],
		.clock = env->clock,
		.body_max = CTLPROVIDER_LIST_MAX,
		.handle = handle,
		.ctx = p,
	};
	enum err err = p ? ERR_OK : fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	*instance = NULL;
	if (!err) {
		p->env = env;
		err = net_addr_parse(
			&listen, s->address, settings_port(s, s->ctl_provider_port), why);
	}
	if (!err)
		err = http_server_new(&p->http, &config, why);
	if (err) {
		fail_prefix(why, "CTL Provider");
		mem_free(p);
		return err;
	}
	*instance = p;
	return ERR_OK;
}

const struct service service_ctlprovider = {
	.name = "ctlprovider",
	.every_worker = false,
	.own = OWN_CTL_PROVIDER,
	.peer_cert = TLS_PEER_NONE,
	.start = start,
	.stop = stop,
};
