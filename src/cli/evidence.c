/* SPDX-License-Identifier: BSD-2-Clause
 * Evidence for the doctor: what the network and the phones' folders show. Nothing is judged here.
 */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/admin.h"
#include "client/tftp.h"
#include "client/tls.h"
#include "core/device/device.h"
#include "core/doctor/doctor.h"
#include "store/capf.h"
#include "wire/capture/capture.h"
#include "wire/capture/tls_hello.h"
#include "wire/tlv/tlv.h"

#include <stdio.h>
#include <sys/stat.h>

#define PROBE_US        (5 * 1000000ll) /* waiting for an answer of a service */
#define STATUS_FILE_MAX (4u * 1024 * 1024)
#define STATE_FILE_MAX  65536u

/* A file, or the reason why there is none, taken from *why. */
static void bytes_taken(struct doctor_bytes *b, enum err err, const struct fail *why)
{
	b->there = err == ERR_OK;
	if (err != ERR_OK)
		(void)str_copy(b->missing, sizeof b->missing, why->text);
}

static void read_bytes(struct doctor_bytes *b, char *take_path, size_t limit)
{
	struct fail why = {0};
	enum err err = take_path ? file_read(take_path, limit, &b->bytes, &why)
				 : fail_set(&why, ERR_NOMEM, "out of memory");

	bytes_taken(b, err, &why);
	mem_free(take_path);
}

/* False when nobody answers: then every further name would only cost its time. */
static bool fetch(struct cluster *c, struct doctor_bytes *b, const char *name)
{
	const struct settings *s = cluster_get_settings(c);
	struct fail why = {0};
	int port = settings_port(s, s->tftp_port);
	enum err err =
		client_tftp_get(s->address, port, name, TLV_FILE_MAX, PROBE_US, &b->bytes, &why);

	fail_prefix(&why, "%s port %d", s->address, port);
	bytes_taken(b, err, &why);
	return err != ERR_TIMEOUT;
}

static void probe(struct cluster *c, struct doctor_handshake *h, long number)
{
	const struct settings *s = cluster_get_settings(c);
	struct client_tls_seen seen = {0};
	struct fail why = {0};
	int port = settings_port(s, number);

	if (client_tls_probe(s->address, port, PROBE_US, &seen, &why) == ERR_OK) {
		h->seen = true;
		h->completed = seen.completed;
		buf_put(&h->server_der, buf_span(&seen.cert_der));
		(void)str_copy(h->cipher, sizeof h->cipher, seen.cipher);
		(void)str_copy(h->version, sizeof h->version, seen.version);
		(void)str_copy(h->refusal, sizeof h->refusal, seen.refusal);
	} else {
		fail_prefix(&why, "%s port %d", s->address, port);
		(void)str_copy(h->missing, sizeof h->missing, why.text);
	}
	client_tls_seen_fini(&seen);
}

/* The newest TLS connection of a capture replaces what an earlier one showed. */
static enum err connection(void *ctx, const struct capture_connection *c)
{
	struct doctor_handshake *h = ctx;
	struct tls_hello hello = {0};
	struct fail why = {0};

	if (tls_hello_read(&hello, c->to_server, c->to_client, &why) != ERR_OK) {
		(void)str_copy(h->missing, sizeof h->missing, why.text);
	} else if (hello.version != 0 || hello.alerts_count > 0) {
		h->seen = true;
		h->completed = hello.completed;
		buf_clear(&h->server_der);
		buf_clear(&h->client_der);
		buf_put(&h->server_der, buf_span(&hello.server_certificate));
		buf_put(&h->client_der, buf_span(&hello.client_certificate));
		(void)str_copy(h->cipher, sizeof h->cipher, hello.cipher_name);
		(void)str_copy(
			h->version, sizeof h->version, tls_hello_version_name(hello.version));
		h->refusal[0] = 0;
		if (hello.alerts_count > 0)
			(void)str_copy(h->refusal, sizeof h->refusal,
				tls_hello_alert_name(
					hello.alerts[hello.alerts_count - 1].description));
	}
	tls_hello_fini(&hello);
	return ERR_OK;
}

static void read_capture(struct doctor_handshake *h, char *take_path)
{
	struct fail why = {0};
	struct stat st;

	/* Opening a pipe would wait for its other end. */
	if (take_path && stat(take_path, &st) == 0 && !S_ISREG(st.st_mode))
		(void)str_copy(h->missing, sizeof h->missing, "not a regular file");
	else if (!take_path || capture_read(take_path, connection, h, &why) != ERR_OK)
		(void)str_copy(
			h->missing, sizeof h->missing, why.text[0] ? why.text : "out of memory");
	else if (!h->seen && !h->missing[0])
		(void)str_copy(h->missing, sizeof h->missing, "no TLS connection in it");
	mem_free(take_path);
}

/* The last status message that speaks of a trust list. */
static void read_status(struct doctor_phone *p, char *take_path)
{
	struct buf file = {0};
	struct fail why = {0};

	if (!take_path || file_read(take_path, STATUS_FILE_MAX, &file, &why) != ERR_OK) {
		(void)str_copy(p->status_missing, sizeof p->status_missing,
			take_path ? why.text : "out of memory");
	} else {
		const uint8_t *line = file.data, *end = file.data + file.len;

		while (line && line < end) {
			const uint8_t *eol = memchr(line, '\n', (size_t)(end - line));
			size_t len = (size_t)((eol ? eol : end) - line);
			char text[sizeof p->list_status];

			if (len >= sizeof text)
				len = sizeof text - 1;
			memcpy(text, line, len);
			text[len] = 0;
			if (strstr(text, "Trust List"))
				(void)str_copy(p->list_status, sizeof p->list_status, text);
			line = eol ? eol + 1 : end;
		}
	}
	buf_fini(&file);
	mem_free(take_path);
}

static void read_state(struct doctor_phone *p, char *take_path)
{
	struct buf file = {0};
	struct fail why = {0};
	enum err err = take_path ? file_read(take_path, STATE_FILE_MAX, &file, &why) : ERR_NOMEM;

	if (err == ERR_OK && json_parse(&p->state, buf_span(&file), &why) != ERR_OK) {
		p->state = NULL;
		fail_prefix(&why, "%s", take_path);
	}
	if (!p->state)
		(void)str_copy(p->state_missing, sizeof p->state_missing,
			take_path ? why.text : "out of memory");
	buf_fini(&file);
	mem_free(take_path);
}

/* *hangs when the daemon takes the question and does not answer: it need not be asked again. */
static struct json *daemon_says(struct cluster *c, const char *words, bool *hangs)
{
	struct command_reply reply = {0};
	struct json *args = json_object_new(), *data = NULL;
	const struct command *cmd = command_named(words);
	enum err err = ERR_NOTFOUND;

	if (cmd && args && !*hangs)
		err = client_admin_run(cluster_get_folder(c), cmd, args, PROBE_US, &reply, NULL);
	if (err == ERR_OK && reply.exit == COMMAND_GOOD)
		data = json_ref(reply.data);
	*hangs = *hangs || err == ERR_TIMEOUT;
	command_reply_fini(&reply);
	json_free(args);
	return data;
}

/* Whom the daemon lists as registered: a phone's own word may be older than its last breath. */
static void ask_stations(struct doctor_evidence *e, struct cluster *c, bool *hangs)
{
	struct json *data = daemon_says(c, "show stations", hangs);
	const struct json *stations = json_get(data, "stations");

	for (struct doctor_phone *p = e->phones; data && p; p = p->next) {
		p->listed = DOCTOR_NOT_LISTED;
		for (size_t i = 0; i < json_count(stations); i++) {
			const char *name = json_get_str(json_at(stations, i), "device");

			if (name && strcmp(name, p->name) == 0)
				p->listed = DOCTOR_LISTED;
		}
	}
	json_free(data);
}

static void ask_services(struct doctor_evidence *e, struct cluster *c, bool *hangs)
{
	struct json *data = daemon_says(c, "utils service list", hangs);
	const struct json *rows = json_get(data, "services");
	const struct {
		enum node_service service;
		char *waits;
	} wanted[] = {
		{SERVICE_TFTP, e->tftp_waits},
		{SERVICE_CALLMANAGER, e->callmanager_waits},
		{SERVICE_CAPF, e->capf_waits},
	};

	for (size_t i = 0; i < json_count(rows); i++) {
		const char *word = json_get_str(json_at(rows, i), "word");
		const char *waits = json_get_str(json_at(rows, i), "restartBringsInForce");

		for (size_t k = 0; word && waits && k < sizeof(wanted) / sizeof(wanted[0]); k++)
			if (strcmp(word, service_word(wanted[k].service)) == 0)
				(void)str_copy(wanted[k].waits, sizeof e->tftp_waits, waits);
	}
	json_free(data);
}

struct gathering {
	struct doctor_evidence *e;
	struct cluster *cluster;
	const char *phones;
};

/* What CAPF knows of a phone's certificates. Nothing recorded, nothing said. */
static void read_record(
	struct doctor_recorded *r, struct cluster *c, const char *device, int64_t kind)
{
	static const char *const how[] = {[STORE_CERT_INSTALLED] = "installed",
		[STORE_CERT_PROVEN] = "proven",
		[STORE_CERT_FETCHED] = "fetched",
		[STORE_CERT_SHOWN] = "shown in the handshake"};
	struct store_phone_cert row;

	if (store_phone_cert_get(cluster_get_store(c), device, kind, &row, &r->bytes, NULL))
		return;
	r->there = row.how >= STORE_CERT_INSTALLED && row.how <= STORE_CERT_SHOWN;
	r->how = r->there ? how[row.how] : "";
	r->since = row.recorded;
	r->seen = row.seen;
}

static enum err gather_phone(void *ctx, const struct device *d)
{
	struct gathering *g = ctx;
	struct doctor_phone *p = doctor_evidence_phone(g->e, d->name);
	char *folder = file_join(g->phones, d->name);

	if (p && folder) {
		p->profile_mode = d->profile_mode;
		p->has_line = d->number[0] != '\0';
		p->install_ordered = d->install_pending;
		read_bytes(&p->ctl, file_join(folder, "CTLFile.tlv"), TLV_FILE_MAX);
		read_bytes(&p->lsc, file_join(folder, "LSC.pem"), CERT_SIZE_MAX);
		read_capture(&p->capf, file_join(folder, "capf.cap"));
		read_capture(&p->signalling, file_join(folder, "sccp.cap"));
		read_status(p, file_join(folder, "status.log"));
		read_state(p, file_join(folder, "phone.json"));
		read_record(&p->lsc_record, g->cluster, d->name, STORE_LSC);
		read_record(&p->mic_record, g->cluster, d->name, STORE_MIC);
		p->folder = p->ctl.there || p->lsc.there || p->capf.seen || p->signalling.seen ||
			    p->list_status[0] || p->state;
	}
	mem_free(folder);
	return p && folder ? ERR_OK : ERR_NOMEM;
}

static struct doctor_evidence *gather(
	void *ctx, struct cluster *c, const char *phones, struct fail *why)
{
	struct doctor_evidence *e = doctor_evidence_new();
	struct gathering g = {.e = e, .cluster = c, .phones = phones};
	const struct settings *s = cluster_get_settings(c);
	bool answers, hangs;

	(void)ctx;
	if (!e) {
		fail_set(why, ERR_NOMEM, "out of memory");
		return NULL;
	}
	(void)str_copy(e->address, sizeof e->address, s->address);
	e->now = clock_seconds(cluster_get_clock(c));
	read_bytes(&e->callmanager, cluster_path(c, "keys", "CallManager.pem"), CERT_SIZE_MAX);
	read_bytes(&e->capf, cluster_path(c, "keys", "CAPF.pem"), CERT_SIZE_MAX);
	read_bytes(&e->ctl, cluster_path(c, "tftp", "CTLFile.tlv"), TLV_FILE_MAX);
	answers = fetch(c, &e->served, "CTLFile.tlv");
	hangs = !answers;
	ask_services(e, c, &hangs);
	probe(c, &e->capf_probe, s->capf_port);
	probe(c, &e->sccps_probe, s->sccps_port);
	if (cluster_mode(c, &e->mode, why) != ERR_OK ||
		device_each(c, gather_phone, &g, why) != ERR_OK) {
		doctor_evidence_free(e);
		return NULL;
	}
	if (e->sccps_probe.seen)
		ask_stations(e, c, &hangs);
	for (struct doctor_phone *p = e->phones; p; p = p->next) {
		char name[40];

		snprintf(name, sizeof name, "CTL%s.tlv", p->name);
		if (answers)
			answers = fetch(c, &p->served, name);
		else
			(void)str_copy(p->served.missing, sizeof p->served.missing,
				"not asked for: nobody answered before");
	}
	return e;
}

static bool daemon_runs(void *ctx, const char *state)
{
	(void)ctx;
	return client_admin_runs(state);
}

static enum err ask_daemon(const char *state, const char *words, const struct json *args,
	struct command_reply *reply, struct fail *why)
{
	return client_admin_run(state, command_named(words), args, CLIENT_ADMIN_US, reply, why);
}

const struct command_runtime cli_runtime = {.gather = gather,
	.notify = cli_notify,
	.parallel = cli_parallel,
	.daemon_runs = daemon_runs,
	.ask_daemon = ask_daemon,
	.nodes_ask = cli_nodes_ask,
	.nodes_end = cli_nodes_end};
