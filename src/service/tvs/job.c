/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/tvs/session.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

void tvs_job_free(struct job *j)
{
	jobs_remove(&j->link);
	buf_fini(&j->request);
	buf_fini(&j->reply);
	mem_free(j);
}

/* As much of a peer's text as fits, without what could spoil a log. */
static void keep_text(char *out, size_t size, struct span text)
{
	struct buf printable = {0};

	str_printable(&printable, text);
	snprintf(out, size, "%.*s", buf_check(&printable) ? 0 : (int)printable.len,
		(const char *)printable.data);
	buf_fini(&printable);
}

static void look_up(struct job *j, struct trust_answer *found)
{
	const struct trust_cache *cache = j->service->cache;
	int64_t now = clock_seconds(j->service->env->clock);
	struct cert *asked = NULL;

	if (j->asked.type == TVS_QUERY_CERT_REQ) {
		trust_by_name(
			cache, j->asked.subject, j->asked.issuer, j->asked.serial, now, found);
		keep_text(j->subject, sizeof(j->subject), j->asked.subject);
		return;
	}
	trust_by_cert(cache, j->asked.certificate, now, found);
	if (cert_from_der(&asked, j->asked.certificate, NULL) == ERR_OK)
		keep_text(j->subject, sizeof(j->subject), span_str(cert_subject(asked)));
	cert_free(asked);
}

static enum err reply(struct job *j, const struct trust_answer *found)
{
	struct tvs_message m = {.type = (uint8_t)(j->asked.type + 1),
		.session = j->asked.session,
		.has = ELEMENT_BIT(TVS_E_STATUS),
		.order = {TVS_E_STATUS},
		.status = found->valid ? TVS_VALID : TVS_INVALID};
	size_t n = 1;

	if (found->valid) {
		m.has |= ELEMENT_BIT(TVS_E_ROLES) | ELEMENT_BIT(TVS_E_TTL);
		m.roles = span_of(found->roles, found->role_count);
		m.ttl = TVS_TTL;
		if (j->asked.type == TVS_QUERY_CERT_REQ) {
			m.has |= ELEMENT_BIT(TVS_E_CERTIFICATE);
			m.certificate = cert_der(found->cert);
			m.order[n++] = TVS_E_CERTIFICATE;
		}
		m.order[n++] = TVS_E_ROLES;
		m.order[n++] = TVS_E_TTL;
	}
	return tvs_encode(&j->reply, &m);
}

static void work(void *arg)
{
	struct job *j = arg;
	struct trust_answer found = {0};
	struct fail stale = {0};

	/* What can be read is known all the same. */
	if (trust_cache_fresh(j->service->cache, &stale) != ERR_OK)
		log_line(LOG_ERROR, "tvs: not all certificates could be read: %s", stale.text);
	look_up(j, &found);
	j->valid = found.valid;
	memcpy(j->roles, found.roles, found.role_count);
	j->role_count = found.role_count;
	snprintf(j->source, sizeof(j->source), "%s", found.why);
	j->err = reply(j, &found);
	if (j->err)
		fail_set(&j->why, j->err, "answer: %s", err_text(j->err));
}

static void done(void *arg)
{
	struct job *j = arg;
	struct tvs *service = j->service;
	struct session *s = service->stopped ? NULL : slots_get(service->sessions, j->ref);

	if (s)
		tvs_session_job_done(s, j);
	tvs_job_free(j);
	if (!service->jobs && service->stopped)
		tvs_free(service);
}

/* Can this be asked at all? */
static enum err check(const struct tvs_message *m, struct fail *why)
{
	uint32_t query = ELEMENT_BIT(TVS_E_ISSUERNAME) | ELEMENT_BIT(TVS_E_SERIALNUMBER);

	switch (m->type) {
	case TVS_CERT_VERIFICATION_REQ:
		if (m->has & ELEMENT_BIT(TVS_E_CERTIFICATE))
			return ERR_OK;
		return fail_set(why, ERR_FORMAT, "CERT_VERIFICATION_REQ without CERTIFICATE");
	case TVS_QUERY_CERT_REQ:
		if ((m->has & query) == query)
			return ERR_OK;
		return fail_set(
			why, ERR_FORMAT, "QUERY_CERT_REQ without ISSUERNAME or SERIALNUMBER");
	default:
		return fail_at(
			why, ERR_PROTO, 2, "message, type at byte 2: %u is no request", m->type);
	}
}

enum err tvs_job_start(struct session *s, struct span message, struct fail *why)
{
	struct job *j = mem_new(sizeof(*j));
	enum err err;

	if (!j)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	jobs_add(&s->service->jobs, &j->link);
	j->service = s->service;
	j->ref = s->ref;
	buf_put(&j->request, message);
	err = buf_check(&j->request);
	if (err)
		fail_set(why, err, "%s", err_text(err));
	if (!err)
		err = tvs_decode(&j->asked, buf_span(&j->request), why);
	if (!err)
		err = check(&j->asked, why);
	if (!err) {
		keep_text(j->device, sizeof(j->device), j->asked.device);
		err = executor_run(s->service->env->blocking, work, done, j);
		if (!err)
			return ERR_OK;
		fail_set(why, err, "%s", err_text(err));
	}
	tvs_job_free(j);
	return err;
}
