/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/evidence.h"

#include "base/file.h"
#include "base/mem.h"
#include "wire/json.h"

#include <stdio.h>

static const struct sim_call_facts no_call = {.state = "idle"};

const char *sim_icon_name(enum sim_icon icon)
{
	switch (icon) {
	case SIM_ICON_SHIELD: return "shield";
	case SIM_ICON_LOCK: return "lock";
	default: return "none";
	}
}

const char *sim_algorithm_name(int algorithm)
{
	switch (algorithm) {
	case 0: return "none";
	case 1: return "AES_CM_128_HMAC_SHA1_32";
	case 2: return "AES_CM_128_HMAC_SHA1_80";
	default: return "unknown";
	}
}

enum err sim_evidence_init(struct sim_evidence *e, const struct clock *clock, const char *dir,
	const char *device, struct fail *why)
{
	*e = (struct sim_evidence){.clock = clock, .call = no_call, .last_call = no_call};
	(void)snprintf(e->device, sizeof(e->device), "%s", device);
	e->path = file_join(dir, "phone.json");
	return e->path ? ERR_OK : fail_set(why, ERR_NOMEM, "out of memory");
}

void sim_evidence_fini(struct sim_evidence *e)
{
	mem_free(e->path);
	e->path = NULL;
}

void sim_evidence_call_ended(struct sim_evidence *e)
{
	e->last_call = e->call;
	e->last_call_ended = clock_seconds(e->clock);
	e->last_call.state = "ended";
	e->call = no_call;
}

const char *sim_evidence_lsc(const struct sim_evidence *e, const struct sim_flash *flash)
{
	if (e->lsc_step && e->lsc_step[0])
		return e->lsc_step;
	return flash->lsc.len ? "Installed" : "Not Installed";
}

static void set_md5(struct json *j, const char *key, const struct buf *der)
{
	char hex[2 * DIGEST_MAX + 1] = "";

	if (der->len)
		digest_hex(DIGEST_MD5, buf_span(der), hex);
	json_set_str(j, key, hex);
}

static struct json *call_json(const struct sim_call_facts *c)
{
	struct json *j = json_object_new();

	json_set_str(j, "state", c->state);
	json_set_str(j, "peer", c->peer);
	json_set_str(j, "icon", sim_icon_name(c->icon));
	json_set_str(j, "algorithm", sim_algorithm_name(c->algorithm));
	json_set_int(j, "sent", (int64_t)c->sent);
	json_set_int(j, "received", (int64_t)c->received);
	json_set_int(j, "authenticated", (int64_t)c->authenticated);
	json_set_int(j, "rejected", (int64_t)c->rejected);
	json_set_int(j, "clear", (int64_t)c->clear);
	json_set_bool(j, "audio_ok", c->audio_ok);
	return j;
}

static void set_list(struct json *j, const char *name, const struct buf *list)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "%s_size", name);
	json_set_int(j, key, (int64_t)list->len);
	(void)snprintf(key, sizeof(key), "%s_md5", name);
	set_md5(j, key, list);
}

void sim_evidence_write(struct sim_evidence *e, const struct sim_flash *flash)
{
	struct json *j = json_object_new();
	struct buf out = {0};
	struct fail why = {0};
	struct json *last_call = call_json(&e->last_call);
	char when[CLOCK_DATE_MAX];
	enum err err;

	json_set_str(j, "device", e->device);
	json_set_str(j, "number", e->number);
	json_set_str(j, "state", e->state);
	json_set_bool(j, "registered", e->registered);
	json_set_str(j, "transport", e->port == 0 ? "" : e->tls ? "tls" : "tcp");
	json_set_str(j, "server", e->server);
	json_set_int(j, "port", e->port);
	json_set_int(j, "security_mode", e->security_mode);
	json_set_str(j, "cipher", e->cipher);
	json_set_str(j, "tls_version", e->tls_version);
	json_set_str(j, "server_cert_sha1", e->server_cert_sha1);
	json_set_str(j, "lsc", sim_evidence_lsc(e, flash));
	set_md5(j, "lsc_md5", &flash->lsc);
	set_md5(j, "mic_md5", &flash->mic);
	set_list(j, "ctl", &flash->lists[SIM_CTL]);
	set_list(j, "itl", &flash->lists[SIM_ITL]);
	json_set_str(j, "config", e->config_name);
	json_set_bool(j, "encrypted", e->config_encrypted);
	json_set_str(j, "refused", e->refused);
	json_set_take(j, "call", call_json(&e->call));
	if (e->last_call_ended) {
		clock_print_iso(when, e->last_call_ended);
		json_set_str(last_call, "ended", when);
	}
	json_set_take(j, "last_call", last_call);
	clock_print_iso(when, clock_seconds(e->clock));
	json_set_str(j, "updated", when);
	err = json_write(&out, j, true);
	if (err == ERR_OK)
		err = file_replace(e->path, buf_span(&out), 0644, FILE_NOSYNC, &why);
	if (err && !e->failed)
		(void)fprintf(stderr, "cadeado-phone: phone.json cannot be written: %s\n",
			why.text[0] ? why.text : err_text(err));
	e->failed = err != ERR_OK;
	buf_fini(&out);
	json_free(j);
}
