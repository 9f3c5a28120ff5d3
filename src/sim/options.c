/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/options.h"

#include <getopt.h>
#include <stdio.h>

enum option_id {
	OPT_MAC = 256,
	OPT_DIR,
	OPT_SERVER,
	OPT_PORT_BASE,
	OPT_TFTP_PORT,
	OPT_SCCPS_PORT,
	OPT_SCCP_PORT,
	OPT_PORT,
	OPT_SIGNALLING,
	OPT_CALL,
	OPT_CALL_TRIES,
	OPT_ANSWER,
	OPT_NO_ANSWER,
	OPT_TALK,
	OPT_ONCE,
	OPT_MODEL,
	OPT_PROTOCOL,
	OPT_CLOCK,
	OPT_MEDIA_CLEAR,
	OPT_ERASE,
	OPT_JSON,
	OPT_QUIET,
	OPT_RETRY_DELAY,
	OPT_HELP,
	OPT_VERSION,
};

/* One row an option: it gives the parser's table and the help text. */
static const struct row {
	enum option_id id;
	const char *name, *argument, *help;
} rows[] = {
	{OPT_MAC, "mac", "MAC", "the phone's MAC address, 12 hex digits (needed)"},
	{OPT_DIR, "dir", "DIR", "the phone's folder: its flash memory and its logs (needed)"},
	{OPT_SERVER, "server", "ADDR", "address of the TFTP server (default 127.0.0.1)"},
	{OPT_PORT_BASE, "port-base", "N", "added to every standard port: 69, 3804, 2443, 2000"},
	{OPT_TFTP_PORT, "tftp-port", "PORT", "TFTP port, instead of 69 plus the base"},
	{OPT_SCCPS_PORT, "sccps-port", "PORT", "Secure SCCP port, instead of 2443 plus the base"},
	{OPT_SCCP_PORT, "sccp-port", "PORT", "SCCP port, instead of the configuration's"},
	{OPT_SIGNALLING, "signalling", "plain",
		"register without TLS whatever the configuration says"},
	{OPT_PORT, "port", "2000", "the same as --signalling plain"},
	{OPT_CALL, "call", "NUMBER", "dial NUMBER when registered"},
	{OPT_CALL_TRIES, "call-tries", "N",
		"dial up to N times, 3 s apart, until answered (default 10)"},
	{OPT_ANSWER, "answer", NULL, "answer calls that ring (default)"},
	{OPT_NO_ANSWER, "no-answer", NULL, "let calls ring"},
	{OPT_TALK, "talk", "SECONDS", "hang up a dialled call after that time (default 5)"},
	{OPT_ONCE, "once", NULL, "exit after one call, or as soon as something fails"},
	{OPT_MODEL, "model", "TYPE", "SCCP device type (default 30018, a 7961)"},
	{OPT_PROTOCOL, "protocol", "N", "highest SCCP protocol version, 3 to 22 (default 17)"},
	{OPT_CLOCK, "clock", NULL, "judge the dates of certificates; a 79xx does not"},
	{OPT_MEDIA_CLEAR, "media-clear", NULL, "ignore media keys: send and expect clear RTP"},
	{OPT_ERASE, "erase", NULL, "erase trust lists, LSC and configuration first"},
	{OPT_JSON, "json", NULL, "print events as JSON, one a line"},
	{OPT_QUIET, "quiet", NULL, "print nothing; the logs in DIR are written all the same"},
	{OPT_RETRY_DELAY, "retry-delay", "SECONDS", "wait before trying again (default 30)"},
	{OPT_HELP, "help", NULL, "print this text"},
	{OPT_VERSION, "version", NULL, "print the version"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int usage_error(const char *fmt, const char *value)
{
	(void)fprintf(stderr, "cadeado-phone: ");
	(void)fprintf(stderr, "%s: %s\n", fmt, value);
	(void)fprintf(stderr, "Try 'cadeado-phone --help'.\n");
	return SIM_EXIT_USAGE;
}

static void print_help(void)
{
	(void)printf("Usage: cadeado-phone --mac MAC --dir DIR [OPTION]…\n"
		     "One simulated phone, from power-on to encrypted call.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-22s %s\n", left, rows[i].help);
	}
	(void)printf("\nExit status: 0 all done; 1 something was refused, or the phone did not "
		     "register\n"
		     "or a call failed; 2 wrong usage. See cadeado-phone(1).\n");
}

static int set_mac(struct sim_options *o, const char *text)
{
	struct buf bytes = {0};
	int bad = str_unhex(&bytes, text) || bytes.len != sizeof(o->mac);

	if (!bad) {
		memcpy(o->mac, bytes.data, sizeof(o->mac));
		(void)snprintf(o->device, sizeof(o->device), "SEP%02X%02X%02X%02X%02X%02X",
			o->mac[0], o->mac[1], o->mac[2], o->mac[3], o->mac[4], o->mac[5]);
	}
	buf_fini(&bytes);
	return bad;
}

static int set_number(const char *text, long low, long high, int *out)
{
	long value;

	if (str_number(text, low, high, &value))
		return 1;
	*out = (int)value;
	return 0;
}

static bool dialable(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 24 && strspn(text, "0123456789*#") == len;
}

struct parsed {
	const char *server;
	int tftp_port;
};

/* Takes one option; 0 when its value is good. */
static int take(struct sim_options *o, struct parsed *p, int id, const char *value)
{
	int plain_port;

	switch (id) {
	case OPT_MAC: return set_mac(o, value);
	case OPT_DIR: o->dir = value; return value[0] == '\0';
	case OPT_SERVER: p->server = value; return 0;
	case OPT_PORT_BASE: return set_number(value, 0, 60000, &o->port_base);
	case OPT_TFTP_PORT: return set_number(value, 1, 65535, &p->tftp_port);
	case OPT_SCCPS_PORT: return set_number(value, 1, 65535, &o->sccps_port);
	case OPT_SCCP_PORT: return set_number(value, 1, 65535, &o->sccp_port);
	case OPT_PORT:
		o->plain = true;
		return set_number(value, SIM_PORT_SCCP, SIM_PORT_SCCP, &plain_port);
	case OPT_SIGNALLING: o->plain = true; return strcmp(value, "plain") != 0;
	case OPT_CALL: o->call = value; return !dialable(value);
	case OPT_CALL_TRIES: return set_number(value, 1, 1000, &o->call_tries);
	case OPT_ANSWER: o->answer = true; return 0;
	case OPT_NO_ANSWER: o->answer = false; return 0;
	case OPT_TALK: return set_number(value, 1, 86400, &o->talk);
	case OPT_ONCE: o->once = true; return 0;
	case OPT_MODEL: return set_number(value, 1, 99999, &o->model);
	case OPT_PROTOCOL: return set_number(value, 3, 22, &o->protocol);
	case OPT_CLOCK: o->clock = true; return 0;
	case OPT_MEDIA_CLEAR: o->media_clear = true; return 0;
	case OPT_ERASE: o->erase = true; return 0;
	case OPT_JSON: o->json = true; return 0;
	case OPT_QUIET: o->quiet = true; return 0;
	case OPT_RETRY_DELAY: return set_number(value, 0, 3600, &o->retry_delay);
	default: return 1;
	}
}

static int finish(struct sim_options *o, const struct parsed *p)
{
	struct fail why = {0};
	int port = p->tftp_port ? p->tftp_port : SIM_PORT_TFTP + o->port_base;

	if (o->device[0] == '\0' || !o->dir)
		return usage_error("missing option", o->dir ? "--mac" : "--dir");
	if (net_addr_parse(&o->server, p->server, port, &why))
		return usage_error(why.text, p->server);
	return -1;
}

int sim_options_parse(struct sim_options *o, int argc, char **argv)
{
	struct option table[ROWS + 1] = {{0}};
	struct parsed p = {.server = "127.0.0.1"};
	int id, index = 0;

	*o = (struct sim_options){.call_tries = 10,
		.answer = true,
		.talk = 5,
		.model = 30018,
		.protocol = 17,
		.retry_delay = 30};
	for (size_t i = 0; i < ROWS; i++) {
		table[i].name = rows[i].name;
		table[i].has_arg = rows[i].argument ? required_argument : no_argument;
		table[i].val = rows[i].id;
	}
	while ((id = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (id == '?')
			return SIM_EXIT_USAGE;
		if (id == OPT_HELP) {
			print_help();
			return SIM_EXIT_DONE;
		}
		if (id == OPT_VERSION) {
			(void)printf("cadeado-phone %s\n", CADEADO_VERSION);
			return SIM_EXIT_DONE;
		}
		if (take(o, &p, id, optarg)) {
			char what[64];

			(void)snprintf(
				what, sizeof(what), "wrong value for --%s", table[index].name);
			return usage_error(what, optarg ? optarg : "");
		}
	}
	if (optind < argc)
		return usage_error("unexpected argument", argv[optind]);
	return finish(o, &p);
}
