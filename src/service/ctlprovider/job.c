/* SPDX-License-Identifier: BSD-2-Clause */
#include "service/ctlprovider/job.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/account/account.h"
#include "core/audit/audit.h"
#include "crypto/digest.h"
#include "service/ctlprovider/ctlprovider.h"

void provider_job_free(struct job *j)
{
	jobs_remove(&j->link);
	buf_wipe(&j->name);
	buf_wipe(&j->password);
	buf_fini(&j->list);
	buf_fini(&j->body);
	mem_free(j);
}

static void fail_with(struct job *j, unsigned status, const char *word)
{
	j->status = status;
	j->word = word;
}

static void log_in(struct job *j)
{
	enum err err = account_login(j->env->cluster, (const char *)j->name.data,
		buf_span(&j->password), j->from, &j->wait, &j->why);

	buf_wipe(&j->password);
	j->logged_in = err == ERR_OK;
	j->denied = err == ERR_DENIED;
	if (err == ERR_DENIED)
		fail_with(j, 401, "account");
	else if (err == ERR_LOCKED)
		fail_with(j, 429, "wait");
	else if (err)
		fail_with(j, 500, "internal");
}

/* What a list, a publication or this node can be refused with. */
static void stage_failed(struct job *j, enum err err)
{
	static const struct {
		enum err err;
		unsigned status;
		const char *word;
	} answers[] = {
		{ERR_TRUST, 403, "trust"},
		{ERR_NOTFOUND, 404, "notfound"},
		{ERR_NOTNOW, 409, "busy"},
		{ERR_EXISTS, 412, "changed"},
		{ERR_VERIFY, 422, "list"},
		{ERR_EXPIRED, 422, "list"},
		{ERR_FORMAT, 422, "list"},
		{ERR_SHORT, 422, "list"},
		{ERR_LIMIT, 422, "list"},
		{ERR_UNSUPPORTED, 422, "list"},
	};

	fail_with(j, 500, "internal");
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].err == err)
			fail_with(j, answers[i].status, answers[i].word);
}

static enum err record(struct job *j, const char *action, const char *result, struct fail *why)
{
	const struct audit_entry e = {.who = (const char *)j->name.data,
		.from = j->from,
		.action = action,
		.object = j->id,
		.result = result};

	return audit_append(j->env->cluster, &e, why);
}

static void answer_state(struct job *j, const char *state)
{
	j->status = 200;
	buf_printf(&j->body, "{\"id\":\"%s\",\"state\":\"%s\"}\n", j->id, state);
}

/* What was not done need not be undone where the log cannot be written; the answer tells. */
static void refused(struct job *j, const char *action, enum err err)
{
	stage_failed(j, err);
	(void)!record(j, action, j->why.text, NULL);
}

static void stage(struct job *j)
{
	static const char action[] = "ctl stage";
	const struct stage_request r = {
		.id = j->id,
		.by = (const char *)j->name.data,
		.list = buf_span(&j->list),
		.has_present = j->has_present,
	};
	struct stage_request request = r;
	enum err err;

	memcpy(request.present, j->present, sizeof(request.present));
	err = stage_put(j->env->cluster, &request, &j->why);
	if (err) {
		refused(j, action, err);
		return;
	}
	err = record(j, action, "done", &j->why);
	if (err) {
		(void)!stage_abort(j->env->cluster, j->id, request.by, NULL);
		fail_with(j, 500, "internal");
		return;
	}
	answer_state(j, "staged");
}

/* What cannot be undone is written down before it is done. */
static void activate(struct job *j)
{
	static const char action[] = "ctl activate";
	enum err err = record(j, action, "begun", &j->why);

	if (err) {
		fail_with(j, 500, "internal");
		return;
	}
	err = stage_activate(j->env->cluster, j->id, (const char *)j->name.data, &j->why);
	if (err) {
		refused(j, action, err);
		return;
	}
	(void)!record(j, action, "done", NULL);
	answer_state(j, "active");
}

static void abort_stage(struct job *j)
{
	static const char action[] = "ctl abort";
	enum err err = stage_abort(j->env->cluster, j->id, (const char *)j->name.data, &j->why);

	if (err) {
		refused(j, action, err);
		return;
	}
	(void)!record(j, action, "done", NULL);
	answer_state(j, "aborted");
}

static void give_ctl(struct job *j)
{
	char hex[2 * DIGEST_MAX + 1];
	enum err err = cluster_ctl(j->env->cluster, &j->body, &j->why);

	if (err) {
		buf_clear(&j->body);
		fail_with(j, err == ERR_NOTFOUND ? 404 : 500,
			err == ERR_NOTFOUND ? "notfound" : "internal");
		return;
	}
	digest_hex(DIGEST_SHA256, buf_span(&j->body), hex);
	j->status = 200;
	j->tag[0] = '"';
	if (str_copy(j->tag + 1, sizeof(j->tag) - 2, hex))
		strcat(j->tag, "\"");
}

void provider_job_work(struct job *j)
{
	log_in(j);
	if (!j->logged_in)
		return;
	switch (j->kind) {
	case REQUEST_NODE:
		if (provider_node_json(j->env->cluster, j->env, &j->body, &j->why)) {
			buf_clear(&j->body);
			fail_with(j, 500, "internal");
		} else {
			buf_str(&j->body, "\n");
			j->status = 200;
		}
		break;
	case REQUEST_CTL: give_ctl(j); break;
	case REQUEST_STAGE: stage(j); break;
	case REQUEST_ACTIVATE: activate(j); break;
	case REQUEST_ABORT: abort_stage(j); break;
	}
	if (!j->word && buf_check(&j->body)) {
		fail_set(&j->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
		fail_with(j, 500, "internal");
	}
}
