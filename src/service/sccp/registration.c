/* SPDX-License-Identifier: BSD-2-Clause
 * Who may register, and what it gets at once. */
#include "service/sccp/station.h"

#include "base/log.h"

#define DATE_TEMPLATE       "D.M.Y"
#define SECONDARY_KEEPALIVE 60 /* seconds, towards a backup server */

/* Texts of RegisterReject: 32 bytes, which is what a phone shows. */
#define TEXT_UNKNOWN     "Error: unknown device"
#define TEXT_CERTIFICATE "Security Error: certificate"
#define TEXT_NEEDS_TLS   "Security Error: TLS required"
#define TEXT_FULL        "Error: server is full"
#define TEXT_TROUBLE     "Error: server trouble"

struct job {
	struct job_link link;
	struct sccp *service;
	struct slot_ref ref;
	struct cluster *cluster; /* for the job only */
	char name[DEVICE_NAME_SIZE];
	bool secure, added;
	int model;
	struct known_phone phone;
	enum err err;
	struct fail why;
};

static void reject(struct station *s, const char *text, const char *reason)
{
	struct sccp_message m = {.id = SCCP_REGISTER_REJECT};

	station_complain(s, reason);
	str_copy(m.register_reject.text, sizeof(m.register_reject.text), text);
	station_put(s, &m);
	station_finish(s);
}

static bool allowed(const struct job *j)
{
	return j->secure || j->phone.security_mode == CALLCTL_NON_SECURE;
}

static enum err add_line(void *ctx, const struct store_line *l)
{
	struct known_phone *p = ctx;
	struct phone_line *line;

	if (l->index < 1 || l->index > DEVICE_LINES_MOST)
		return ERR_OK;
	line = &p->lines[l->index - 1];
	str_copy(line->number, sizeof(line->number), l->number);
	str_copy(line->display, sizeof(line->display), l->display);
	str_copy(line->label, sizeof(line->label), l->label);
	if (l->number[0] && p->lines_count < (size_t)l->index)
		p->lines_count = (size_t)l->index;
	return ERR_OK;
}

static void work(void *arg)
{
	struct job *j = arg;
	struct device d;

	j->err = device_get(j->cluster, j->name, &d, &j->why);
	if (j->err == ERR_NOTFOUND && !j->secure) {
		fail_clear(&j->why);
		j->err = device_auto_register(j->cluster, j->name, j->model, &d, &j->why);
		j->added = j->err == ERR_OK;
	}
	if (j->err != ERR_OK)
		return;
	j->phone.security_mode = d.security_mode;
	j->err = cluster_mode(j->cluster, &j->phone.cluster_mode, &j->why);
	if (j->err == ERR_OK)
		j->err = store_line_each(
			cluster_get_store(j->cluster), j->name, add_line, &j->phone, &j->why);
}

/* Which of the newer forms of messages the server understands, per version. */
static void set_features(uint8_t features[3], unsigned version)
{
	static const uint8_t old[3] = {0x20, 0xF1, 0xFE}, dynamic[3] = {0x20, 0xF1, 0xFF};

	if (version >= 11)
		memcpy(features, dynamic, sizeof(dynamic));
	else if (version >= 5)
		memcpy(features, old, sizeof(old));
}

static void acknowledge(struct station *s)
{
	struct sccp_message m = {.id = SCCP_REGISTER_ACK};
	struct sccp_message ask = {.id = SCCP_CAPABILITIES_REQ};

	m.register_ack.keepalive = (uint32_t)s->service->env->settings->keepalive;
	str_copy(m.register_ack.date_template, sizeof(m.register_ack.date_template), DATE_TEMPLATE);
	m.register_ack.secondary_keepalive = SECONDARY_KEEPALIVE;
	m.register_ack.version = (uint8_t)s->version;
	set_features(m.register_ack.features, s->version);
	station_put(s, &m);
	station_put(s, &ask);
}

static enum err add_to_calls(struct station *s, struct fail *why)
{
	struct callctl_line lines[DEVICE_LINES_MOST] = {0};
	size_t i;
	struct callctl_station_config config = {
		.id = station_id(s),
		.device = s->device,
		.version = s->version,
		.mode = (unsigned)s->security_mode,
		.tls = s->secure,
		.lines = lines,
		.lines_count = s->lines_count,
	};

	for (i = 0; i < s->lines_count; i++) {
		str_copy(lines[i].number, sizeof(lines[i].number), s->lines[i].number);
		str_copy(lines[i].name, sizeof(lines[i].name), s->lines[i].display);
	}
	return callctl_station_add(&s->call_station, s->service->calls, &config, why);
}

/* A phone that lost its power comes again while its old connection still looks alive. */
static void end_old(struct sccp *x, const char *device)
{
	struct station *old;

	HASH_FIND_STR(x->by_device, device, old);
	if (!old)
		return;
	station_complain(old, "registers anew on another connection, this one ends");
	station_free(old);
}

static void trace_registration(const struct station *s, int cluster_mode)
{
	trace_line(TRACE_SDI,
		"StationD: (%07u) ClusterSecurityMode = (%d) DeviceSecurityMode = (%d)", s->number,
		cluster_mode, s->security_mode);
	if (s->secure)
		trace_line(TRACE_SDI,
			"StationD: (%07u) TLS Connection Cipher - INFO:deviceName=%s, Cipher=%s, "
			"Security Mode=%d",
			s->number, s->device, stream_cipher(s->stream), s->security_mode);
}

static enum err take_lines(struct station *s, const struct known_phone *p)
{
	size_t size = p->lines_count * sizeof(p->lines[0]);

	if (!size)
		return ERR_OK;
	s->lines = mem_new(size);
	if (!s->lines)
		return ERR_NOMEM;
	memcpy(s->lines, p->lines, size);
	s->lines_count = p->lines_count;
	return ERR_OK;
}

static void admit(struct station *s, const struct job *j)
{
	struct sccp *x = s->service;
	struct fail why = {0};
	enum err err;

	s->security_mode = j->phone.security_mode;
	end_old(x, s->device);
	err = take_lines(s, &j->phone);
	if (err == ERR_OK)
		err = add_to_calls(s, &why);
	else
		fail_set(&why, err, "%s", err_text(err));
	if (err == ERR_OK) {
		HASH_ADD_STR(x->by_device, device, s);
		if (!s->hh.tbl)
			err = fail_set(&why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	if (err != ERR_OK) {
		reject(s, err == ERR_LIMIT ? TEXT_FULL : TEXT_TROUBLE, why.text);
		return;
	}
	station_registered(s);
	station_note(s);
	known_phones_put(&x->known, s->device, &j->phone);
	if (j->added)
		station_complain(s, "added by auto-registration");
	trace_registration(s, j->phone.cluster_mode);
	acknowledge(s);
}

void registration_drop(struct job_link *j)
{
	jobs_remove(j);
	mem_free(j);
}

/* While the database is away a phone that registered before comes again with what it had then. */
static void recall(struct station *s, struct job *j)
{
	if (!known_phones_find(s->service->known, j->name, &j->phone))
		return;
	j->err = ERR_OK;
	station_complain(s, "the database is away, registered with what is known");
}

static void done(void *arg)
{
	struct job *j = arg;
	struct sccp *x = j->service;
	struct station *s = x->stopped ? NULL : slots_get(x->slots, j->ref);
	struct slot_ref ref = j->ref;

	if (s && j->err == ERR_AWAY)
		recall(s, j);
	if (!s)
		;
	else if (j->err == ERR_NOTFOUND)
		reject(s, TEXT_UNKNOWN, "unknown device, registration refused");
	else if (j->err == ERR_LIMIT)
		reject(s, TEXT_FULL, j->why.text);
	else if (j->err != ERR_OK)
		reject(s, TEXT_TROUBLE, j->why.text);
	else if (!allowed(j))
		reject(s, TEXT_NEEDS_TLS, "its profile asks for TLS, registration refused");
	else
		admit(s, j);
	registration_drop(&j->link);
	if (!x->stopped)
		station_resume(x, ref);
	if (!x->jobs && x->stopped)
		sccp_instance_free(x);
}

/* The name must be that of the certificate: a phone's identity is its key, not its address. */
static bool certificate_fits(struct station *s)
{
	char text[96];

	if (!s->secure || str_ieq(s->cert_device, s->device))
		return true;
	snprintf(text, sizeof(text), "the certificate shown is that of %s, registration refused",
		s->cert_device);
	reject(s, TEXT_CERTIFICATE, text);
	return false;
}

void registration_begin(struct station *s, const struct sccp_registration *r)
{
	struct sccp *x = s->service;
	struct job *j;

	if (str_device_name(s->device, r->device_name) != ERR_OK) {
		s->device[0] = '\0';
		reject(s, TEXT_UNKNOWN, "Register, device_name at byte 12: not a device name");
		return;
	}
	if (!certificate_fits(s))
		return;
	s->version = sccp_negotiate(r->version);
	str_copy(s->firmware, sizeof(s->firmware), r->firmware);
	j = mem_new(sizeof(*j));
	if (j) {
		j->service = x;
		j->ref = s->ref;
		j->cluster = x->env->cluster;
		j->secure = s->secure;
		j->model = r->device_type <= INT32_MAX ? (int)r->device_type : 0;
		memcpy(j->name, s->device, sizeof(j->name));
		s->state = STATION_AWAIT_REGISTER_BUSY;
		stream_pause(s->stream, true);
		jobs_add(&x->jobs, &j->link);
		if (executor_run(x->env->blocking, work, done, j) == ERR_OK)
			return;
		registration_drop(&j->link);
	}
	reject(s, TEXT_TROUBLE, "out of memory");
}
