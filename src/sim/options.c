/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/options.h"

#include <getopt.h>
#include <limits.h>
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
	OPT_MIC,
	OPT_STRING_FILE,
	OPT_CAPF_VERSION,
	OPT_SUDI,
	OPT_CAPF_PROGRESS,
	OPT_CAPF_FAULT,
	OPT_CAPF_PORT,
	OPT_AUTH,
	OPT_NEW_KEY,
	OPT_SERVER_CERT,
	OPT_ANONYMOUS,
	OPT_TLS,
	OPT_TIMEOUT,
	OPT_PRODUCT,
	OPT_KEY,
	OPT_SINCE,
	OPT_DAYS,
	OPT_ERASE,
	OPT_JSON,
	OPT_QUIET,
	OPT_RETRY_DELAY,
	OPT_HELP,
	OPT_VERSION,
};

#define PHONE (1u << SIM_COMMAND_PHONE)
#define CAPF  (1u << SIM_COMMAND_CAPF)
#define MENU  (1u << SIM_COMMAND_MENU)
#define SHELL (1u << SIM_COMMAND_SHELL)
#define MIC   (1u << SIM_COMMAND_MIC)
#define ALL   (~0u)

/* One row an option: it gives the parser's table and the help text. */
static const struct row {
	enum option_id id;
	unsigned commands;
	const char *name, *argument, *help;
} rows[] = {
	{OPT_MAC, PHONE | CAPF, "mac", "MAC", "the phone's MAC address, 12 hex digits (needed)"},
	{OPT_DIR, PHONE | CAPF, "dir", "DIR",
		"the phone's folder: its flash memory and its logs (needed)"},
	{OPT_DIR, MENU, "dir", "DIR", "the folder of a phone that runs (needed)"},
	{OPT_DIR, SHELL, "dir", "DIR", "the phone's folder (needed)"},
	{OPT_DIR, MIC, "dir", "DIR", "the factory's folder (needed)"},
	{OPT_SERVER, PHONE, "server", "ADDR", "address of the TFTP server (default 127.0.0.1)"},
	{OPT_SERVER, CAPF, "server", "ADDR", "address of the CAPF server (default 127.0.0.1)"},
	{OPT_PORT_BASE, PHONE, "port-base", "N",
		"added to every standard port: 69, 3804, 2443, 2000"},
	{OPT_PORT_BASE, CAPF, "port-base", "N", "added to the standard port 3804"},
	{OPT_TFTP_PORT, PHONE, "tftp-port", "PORT", "TFTP port, instead of 69 plus the base"},
	{OPT_SCCPS_PORT, PHONE, "sccps-port", "PORT",
		"Secure SCCP port, instead of 2443 plus the base"},
	{OPT_SCCP_PORT, PHONE, "sccp-port", "PORT", "SCCP port, instead of the configuration's"},
	{OPT_SIGNALLING, PHONE, "signalling", "plain",
		"register without TLS whatever the configuration says"},
	{OPT_PORT, PHONE, "port", "2000", "the same as --signalling plain"},
	{OPT_CALL, PHONE, "call", "NUMBER", "dial NUMBER when registered"},
	{OPT_CALL_TRIES, PHONE, "call-tries", "N",
		"dial up to N times, 3 s apart, until answered (default 10)"},
	{OPT_ANSWER, PHONE, "answer", NULL, "answer calls that ring (default)"},
	{OPT_NO_ANSWER, PHONE, "no-answer", NULL, "let calls ring"},
	{OPT_TALK, PHONE, "talk", "SECONDS", "hang up a dialled call after that time (default 5)"},
	{OPT_ONCE, PHONE, "once", NULL, "exit after one call, or as soon as something fails"},
	{OPT_MODEL, PHONE | CAPF, "model", "TYPE", "SCCP device type (default 30018, a 7961)"},
	{OPT_PROTOCOL, PHONE, "protocol", "N",
		"highest SCCP protocol version, 3 to 22 (default 17)"},
	{OPT_CLOCK, PHONE | CAPF, "clock", NULL,
		"judge the dates of certificates; a 79xx does not"},
	{OPT_MEDIA_CLEAR, PHONE, "media-clear", NULL,
		"ignore media keys: send and expect clear RTP"},
	{OPT_CAPF_PORT, CAPF, "port", "PORT", "CAPF port, instead of 3804 plus the base"},
	{OPT_AUTH, CAPF, "auth", "MODE",
		"none, string, null (default), lsc, mic: how it proves who it is"},
	{OPT_STRING_FILE, PHONE, "string-file", "FILE",
		"authentication string that the user types at once; - is standard input"},
	{OPT_STRING_FILE, CAPF, "string-file", "FILE",
		"the authentication string; - is standard input; else it is asked for"},
	{OPT_STRING_FILE, MENU, "string-file", "FILE",
		"what is typed where the phone asks; - is standard input; else you are asked"},
	{OPT_MIC, PHONE | CAPF, "mic", "FOLDER",
		"take the manufacturer's certificate from there: SEP<MAC>.pem, .key"},
	{OPT_CAPF_VERSION, PHONE | CAPF, "capf-version", "N", "CAPF version, 2 or 3 (default 3)"},
	{OPT_SUDI, PHONE | CAPF, "sudi", NULL, "prove the MIC at CAPF as newer phones do, too"},
	{OPT_CAPF_PROGRESS, PHONE | CAPF, "capf-progress", "SECONDS",
		"while a key is made say so that often (default 60); 0: once"},
	{OPT_CAPF_FAULT, PHONE | CAPF, "capf-fault", "NAME",
		"do something wrong at CAPF; help lists what; may be repeated"},
	{OPT_NEW_KEY, CAPF, "new-key", "FILE",
		"use this key instead of making one, where it is of the kind asked for"},
	{OPT_SERVER_CERT, CAPF, "server-cert", "FILE",
		"the certificate that the server must show; else the phone's lists decide"},
	{OPT_ANONYMOUS, CAPF, "no-tls-cert", NULL, "show no certificate in the TLS handshake"},
	{OPT_TLS, CAPF, "tls", "PROFILE", "phone (default), modern, legacy"},
	{OPT_TIMEOUT, CAPF, "timeout", "SECONDS",
		"wait that long for the server's next message (default 60)"},
	{OPT_PRODUCT, MIC, "product", "NAME", "begins the common name (default CP-7961G)"},
	{OPT_KEY, MIC, "key", "KIND", "RSA-1024, RSA-2048 (default), EC-256, …"},
	{OPT_SINCE, MIC, "since", "DATE", "valid from then on, 2026-11-23 (default yesterday)"},
	{OPT_DAYS, MIC, "days", "N", "valid that long (default 3650)"},
	{OPT_ERASE, PHONE, "erase", NULL, "erase trust lists, LSC and configuration first"},
	{OPT_JSON, PHONE, "json", NULL, "print events as JSON, one a line"},
	{OPT_JSON, CAPF, "json", NULL, "print what happened as one JSON object"},
	{OPT_JSON, MENU, "json", NULL, "print the screen as JSON"},
	{OPT_JSON, SHELL, "json", NULL, "print the phone's lists as JSON"},
	{OPT_JSON, MIC, "json", NULL, "print what was made as JSON"},
	{OPT_QUIET, PHONE, "quiet", NULL,
		"print nothing; the logs in DIR are written all the same"},
	{OPT_QUIET, CAPF, "quiet", NULL, "print the outcome alone"},
	{OPT_RETRY_DELAY, PHONE, "retry-delay", "SECONDS", "wait before trying again (default 30)"},
	{OPT_HELP, ALL, "help", NULL, "print this text"},
	{OPT_VERSION, ALL, "version", NULL, "print the version"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
	const char *word, *usage, *summary, *status;
	bool device;     /* needs --mac */
	int least, most; /* words after the options */
} commands[SIM_COMMANDS] = {
	[SIM_COMMAND_PHONE] = {"", "--mac MAC --dir DIR [OPTION]…",
		"One simulated phone, from power-on to encrypted call.",
		"0 all done; 1 something was refused, or the phone did not register\n"
		"or a call failed; 2 wrong usage",
		true, 0, 0},
	[SIM_COMMAND_CAPF] = {"capf", "--mac MAC --dir DIR [OPTION]…",
		"One session at a CAPF server, as a phone has it; what the server orders is done\n"
		"to the certificates in DIR.",
		"0 the session ended well; 1 something was refused or failed;\n2 wrong usage", true,
		0, 0},
	[SIM_COMMAND_MENU] = {"menu", "--dir DIR [OPTION]… [KEYS]…",
		"Presses keys of a phone that runs, and prints what it shows: the way through its\n"
		"menus, as in\n"
		"  cadeado-phone menu --dir DIR \"Settings > Status > Status Messages\"\n"
		"  cadeado-phone menu --dir DIR \"Settings > Security Configuration > **# > LSC > "
		"Update\"\n"
		"A key is a softkey, an item's number or name, or **#, which unlocks the settings.\n"
		"Without KEYS they are read from the keyboard.",
		"0 done; 1 the last key did nothing, or what it began failed; 2 wrong usage", false,
		0, INT_MAX},
	[SIM_COMMAND_SHELL] = {"shell", "--dir DIR [OPTION]… [COMMAND]",
		"The shell of the phone: ls -l /tmp/*.tlv, md5sum /tmp/CTLFile.tlv.\n"
		"Without COMMAND they are read from the keyboard.",
		"0 done; 1 the last command failed; 2 wrong usage", false, 0, INT_MAX},
	[SIM_COMMAND_MIC] = {"mic", "--dir DIR [OPTION]… MAC…",
		"Makes manufacturer's certificates for simulated phones, SEP<MAC>.pem and .key,\n"
		"and the authority that signs them, manufacturer.pem, when it is not there.",
		"0 made; 1 something failed; 2 wrong usage", false, 1, INT_MAX},
};

static int usage_error(const struct sim_options *o, const char *what, const char *value)
{
	const char *word = commands[o->command].word;

	(void)fprintf(stderr, "cadeado-phone: %s: %s\n", what, value);
	(void)fprintf(stderr, "Try 'cadeado-phone%s%s --help'.\n", word[0] ? " " : "", word);
	return SIM_EXIT_USAGE;
}

static void print_help(enum sim_command command)
{
	bool phone = command == SIM_COMMAND_PHONE;

	(void)printf("Usage: cadeado-phone%s%s %s\n%s\n\n", phone ? "" : " ",
		commands[command].word, commands[command].usage, commands[command].summary);
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		if (!(rows[i].commands >> command & 1))
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-22s %s\n", left, rows[i].help);
	}
	if (phone) {
		(void)printf("\nOther commands; each has --help:\n");
		for (size_t i = 1; i < SIM_COMMANDS; i++)
			(void)printf(
				"  cadeado-phone %s %s\n", commands[i].word, commands[i].usage);
	}
	(void)printf("\nExit status: %s. See cadeado-phone(1).\n", commands[command].status);
}

static void print_faults(void)
{
	struct buf text = {0};

	sim_fault_print(&text);
	if (buf_check(&text) == ERR_OK)
		(void)printf(
			"What a phone can do wrong at CAPF, --capf-fault NAME:\n%.*sMESSAGE is "
			"one of the server's: AUTH_REQ (default), KEY_GEN_REQ, "
			"STORE_CERT_REQ,\nFETCH_CERT_REQ, DELETE_CERT_REQ.\n",
			(int)text.len, (const char *)text.data);
	buf_fini(&text);
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

static int set_auth(const char *text, enum sim_auth *out)
{
	static const char *const names[] = {"none", "string", "null", "lsc", "mic"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum sim_auth)i;
			return 0;
		}
	}
	return 1;
}

static int set_profile(const char *text, enum tls_profile *out)
{
	if (strcmp(text, "phone") == 0) {
		*out = TLS_PHONE;
		return 0;
	}
	return tls_profile_parse(out, text) != ERR_OK;
}

/* "RSA-2048", "EC-256" */
static int set_key_kind(const char *text, struct sim_options *o)
{
	static const struct {
		const char *name;
		enum key_type type;
		unsigned bits;
	} kinds[] = {{"RSA-512", KEY_RSA, 512}, {"RSA-1024", KEY_RSA, 1024},
		{"RSA-2048", KEY_RSA, 2048}, {"RSA-3072", KEY_RSA, 3072},
		{"RSA-4096", KEY_RSA, 4096}, {"EC-256", KEY_EC, 256}, {"EC-384", KEY_EC, 384},
		{"EC-521", KEY_EC, 521}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_ieq(text, kinds[i].name))
			continue;
		o->key_type = kinds[i].type;
		o->key_bits = kinds[i].bits;
		return 0;
	}
	return 1;
}

static int add_fault(struct sim_faults *f, const char *text)
{
	struct fail why = {0};
	enum err err = sim_fault_add(f, text, &why);

	if (err)
		(void)fprintf(stderr, "cadeado-phone: %s\n", why.text);
	return err != ERR_OK;
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
	case OPT_MIC: o->mic = value; return value[0] == '\0';
	case OPT_STRING_FILE: o->string_file = value; return value[0] == '\0';
	case OPT_CAPF_VERSION: return set_number(value, 2, SIM_CAPF_VERSION, &o->capf_version);
	case OPT_SUDI: o->sudi = true; return 0;
	case OPT_CAPF_PROGRESS: return set_number(value, 0, 3600, &o->capf_progress);
	case OPT_CAPF_FAULT: return add_fault(&o->faults, value);
	case OPT_CAPF_PORT: return set_number(value, 1, 65535, &o->capf_port);
	case OPT_AUTH: return set_auth(value, &o->auth);
	case OPT_NEW_KEY: o->new_key = value; return value[0] == '\0';
	case OPT_SERVER_CERT: o->server_cert = value; return value[0] == '\0';
	case OPT_ANONYMOUS: o->anonymous = true; return 0;
	case OPT_TLS: return set_profile(value, &o->profile);
	case OPT_TIMEOUT: return set_number(value, 1, 7200, &o->timeout);
	case OPT_PRODUCT: o->product = value; return value[0] == '\0' || strlen(value) > 32;
	case OPT_KEY: return set_key_kind(value, o);
	case OPT_SINCE: return clock_parse(value, &o->since) != ERR_OK;
	case OPT_DAYS: return set_number(value, 1, 36500, &o->days);
	default: return 1;
	}
}

static int finish(struct sim_options *o, const struct parsed *p)
{
	struct fail why = {0};
	int port = p->tftp_port ? p->tftp_port : SIM_PORT_TFTP + o->port_base;

	if (o->command == SIM_COMMAND_CAPF)
		port = o->capf_port ? o->capf_port : SIM_PORT_CAPF + o->port_base;

	if (!o->dir)
		return usage_error(o, "missing option", "--dir");
	if (o->device[0] == '\0' && commands[o->command].device)
		return usage_error(o, "missing option", "--mac");
	if (o->words < commands[o->command].least)
		return usage_error(o, "missing argument", commands[o->command].usage);
	if (o->words > commands[o->command].most)
		return usage_error(o, "unexpected argument", o->word[0]);
	if (net_addr_parse(&o->server, p->server, port, &why))
		return usage_error(o, why.text, p->server);
	return -1;
}

static enum sim_command find_command(int argc, char **argv)
{
	for (size_t i = 1; i < SIM_COMMANDS && argc > 1; i++) {
		if (strcmp(argv[1], commands[i].word) == 0)
			return (enum sim_command)i;
	}
	return SIM_COMMAND_PHONE;
}

/* The options of a command, for getopt_long; ends in zeros. */
static void fill_table(enum sim_command command, struct option table[ROWS + 1])
{
	size_t at = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (!(rows[i].commands >> command & 1))
			continue;
		table[at].name = rows[i].name;
		table[at].has_arg = rows[i].argument ? required_argument : no_argument;
		table[at++].val = rows[i].id;
	}
}

/* Options that print something and end the program; -1 for others. */
static int answer(const struct sim_options *o, int id, const char *value)
{
	if (id == '?')
		return SIM_EXIT_USAGE;
	if (id == OPT_HELP)
		print_help(o->command);
	else if (id == OPT_VERSION)
		(void)printf("cadeado-phone %s\n", CADEADO_VERSION);
	else if (id == OPT_CAPF_FAULT && strcmp(value, "help") == 0)
		print_faults();
	else
		return -1;
	return SIM_EXIT_DONE;
}

int sim_options_parse(struct sim_options *o, int argc, char **argv)
{
	struct option table[ROWS + 1] = {{0}};
	struct parsed p = {.server = "127.0.0.1"};
	int id, index = 0, status;
	const char *order;

	*o = (struct sim_options){.command = find_command(argc, argv),
		.call_tries = 10,
		.answer = true,
		.talk = 5,
		.model = 30018,
		.protocol = 17,
		.retry_delay = 30,
		.capf_version = SIM_CAPF_VERSION,
		.capf_progress = SIM_CAPF_PROGRESS,
		.auth = SIM_AUTH_NULL,
		.profile = TLS_PHONE,
		.timeout = (int)(SIM_CAPF_TALK_US / 1000000),
		.product = "CP-7961G",
		.key_type = KEY_RSA,
		.key_bits = 2048,
		.days = 3650};
	fill_table(o->command, table);
	/* A command line has options of its own. */
	order = o->command == SIM_COMMAND_SHELL ? "+" : "";
	if (o->command != SIM_COMMAND_PHONE)
		optind = 2;
	while ((id = getopt_long(argc, argv, order, table, &index)) != -1) {
		status = answer(o, id, optarg);
		if (status >= 0)
			return status;
		if (take(o, &p, id, optarg)) {
			char what[64];

			(void)snprintf(
				what, sizeof(what), "wrong value for --%s", table[index].name);
			return usage_error(o, what, optarg ? optarg : "");
		}
	}
	o->word = argv + optind;
	o->words = argc - optind;
	return finish(o, &p);
}
