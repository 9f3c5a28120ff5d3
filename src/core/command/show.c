/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"

#include "base/mem.h"
#include "core/doctor/doctor.h"

#include <stdio.h>

static void station_lines(struct json *data, struct buf *out)
{
	struct json *stations = json_get(data, "stations"), *calls = json_get(data, "calls");

	buf_printf(out, "%-16s %-10s %-22s %-9s %-26s %s\n", "Device Name", "Number", "Address",
		"Transport", "Cipher", "Security Mode");
	for (size_t i = 0; i < json_count(stations); i++) {
		struct json *s = json_at(stations, i);
		const char *cipher = json_get_str(s, "cipher");
		char address[64];

		snprintf(address, sizeof(address), "%s:%lld", json_get_str(s, "address"),
			(long long)json_get_int(s, "port", 0));
		buf_printf(out, "%-16s %-10s %-22s %-9s %-26s %lld\n", json_get_str(s, "device"),
			json_get_str(s, "number"), address, json_get_str(s, "transport"),
			cipher && *cipher ? cipher : "-",
			(long long)json_get_int(s, "securityMode", 0));
	}
	buf_printf(out, "%zu registered, %zu call%s\n", json_count(stations), json_count(calls),
		json_count(calls) == 1 ? "" : "s");
	for (size_t i = 0; i < json_count(calls); i++) {
		struct json *c = json_at(calls, i);

		buf_printf(out, "call %s to %s: %s, icon %s\n", json_get_str(c, "caller"),
			json_get_str(c, "called"), json_get_str(c, "state"),
			json_get_str(c, "icon"));
	}
}

void handle_show_stations(
	struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};

	(void)args;
	if (!ctx->runtime || !ctx->runtime->status)
		fail_set(&why, ERR_NOTNOW, "only a running daemon knows its stations");
	else if (ctx->runtime->status(ctx->runtime->ctx, reply->data, &why) == ERR_OK)
		station_lines(reply->data, &reply->text);
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
}

void handle_doctor(struct command_ctx *ctx, const struct json *args, struct command_reply *reply)
{
	struct fail why = {0};
	struct doctor_report report;
	struct doctor_evidence *e = NULL;
	const char *phones = json_get_str(args, "phones");
	struct cluster *c = command_cluster(ctx, &why);
	char *folder = phones ? mem_strdup(phones) : c ? cluster_path(c, "phones", NULL) : NULL;

	if (c && folder && ctx->runtime && ctx->runtime->gather)
		e = ctx->runtime->gather(ctx->runtime->ctx, c, folder, &why);
	if (e) {
		if (doctor_judge(e, &report) == ERR_OK) {
			doctor_report_text(&report, &reply->text);
			json_free(reply->data);
			reply->data = doctor_report_json(&report);
			reply->exit = report.good ? COMMAND_GOOD : COMMAND_FAULT;
		} else {
			fail_set(&why, ERR_NOMEM, "out of memory");
		}
		doctor_report_fini(&report);
	}
	if (why.code != ERR_OK)
		command_refuse(reply, &why);
	doctor_evidence_free(e);
	mem_free(folder);
}
