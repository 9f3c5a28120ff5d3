/* SPDX-License-Identifier: BSD-2-Clause
 * cadeado setup: from a folder on this machine to a node that real phones reach. Asks step by step,
 * or takes every answer from options; then looks what is missing and says what to do. */
#include "cli/setup.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <unistd.h>

#define TFTP_PORT 69 /* where phones ask; DHCP cannot name another one */

struct setup {
	const struct cli *cli;
	const struct json *args;
	struct dialogue d;
	struct setup_addresses addresses;
	bool known; /* the folder has settings already */
	struct settings settings;
	char address[SETTINGS_TEXT_SIZE], profile[SETTINGS_TEXT_SIZE];
	struct json *out;
	struct json *next; /* what is to be done, in order */
	bool faulty;       /* phones cannot be served as it is */
	struct fail why;
};

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0;
}

/* --- what is asked --- */

static enum err read_settings(struct setup *s)
{
	char *path = file_join(s->cli->state, "cadeado.conf");
	enum err err = path ? settings_read(&s->settings, path, &s->why)
			    : fail_set(&s->why, ERR_NOMEM, "out of memory");

	mem_free(path);
	s->known = err == ERR_OK;
	if (err != ERR_NOTFOUND)
		return err;
	fail_clear(&s->why);
	settings_defaults(&s->settings);
	return ERR_OK;
}

static void list_addresses(const struct setup *s, struct buf *out)
{
	for (size_t i = 0; i < s->addresses.count; i++)
		buf_printf(out, "%s%s (%s)", i ? ", " : "", s->addresses.of[i].text,
			s->addresses.of[i].interface);
	buf_u8(out, 0);
}

static enum err check_address(struct setup *s)
{
	struct net_addr addr;
	struct fail local = {0};

	if (net_addr_parse(&addr, s->address, 0, &local) != ERR_OK || addr.is6)
		return fail_set(&s->why, ERR_ARG,
			"\"%.60s\": give the IPv4 address at which phones reach this machine",
			s->address);
	if (!setup_address_has(&s->addresses, s->address))
		return fail_set(&s->why, ERR_ARG,
			"%s is not an address of this machine; lists and configuration name one "
			"at which phones reach it",
			s->address);
	return ERR_OK;
}

static enum err choose_address(struct setup *s)
{
	const char *given = json_get_str(s->args, "address"), *otherwise;
	const struct setup_address *first = setup_address_first(&s->addresses);
	struct buf all = {0};
	char line[DIALOGUE_LINE];
	enum err err = ERR_OK;

	if (given) {
		str_copy(s->address, sizeof(s->address), given);
		return check_address(s);
	}
	list_addresses(s, &all);
	otherwise = s->known && !is_loopback(s->settings.address) ? s->settings.address
		    : first                                       ? first->text
								  : "127.0.0.1";
	if (!s->d.asks && s->known) {
		str_copy(s->address, sizeof(s->address), s->settings.address);
	} else if (!s->d.asks) {
		err = fail_set(&s->why, ERR_ARG,
			"give the address at which phones reach this machine: --address; it has %s",
			buf_check(&all) ? "?" : (char *)all.data);
	} else {
		say(&s->d, "This machine has %s.\n", buf_check(&all) ? "?" : (char *)all.data);
		do {
			if (s->why.code)
				say(&s->d, "%s\n", s->why.text);
			fail_clear(&s->why);
			if (dialogue_ask(&s->d, "Address at which phones reach it", otherwise, NULL,
				    NULL, line) != DIALOGUE_LINE_READ) {
				err = fail_set(&s->why, ERR_CLOSED, "nothing was changed");
				break;
			}
			str_copy(s->address, sizeof(s->address), line);
			err = check_address(s);
		} while (err != ERR_OK);
	}
	buf_fini(&all);
	return err;
}

static enum err choose_profile(struct setup *s)
{
	const char *given = json_get_str(s->args, "tls-profile");

	str_copy(s->profile, sizeof(s->profile), given ? given : s->settings.tls_profile);
	if (given || !s->d.asks || s->d.yes)
		return ERR_OK;
	say(&s->d, "Phones of the 79xx series speak TLS 1.0 only. Serving them lowers the security "
		   "of\nall listeners to what those can (setting tls_profile = legacy).\n");
	str_copy(s->profile, sizeof(s->profile),
		dialogue_agrees(&s->d, "Will phones of the 79xx series connect?") ? "legacy"
										  : "modern");
	return ERR_OK;
}

/* --- what is done --- */

/* As `cluster init`, which it is recorded as. */
static enum err init(struct setup *s)
{
	struct command_ctx ctx = {
		.state = s->cli->state, .clock = clock_system(), .runtime = &cli_runtime};
	struct json *args = json_object_new();
	struct command_reply reply;
	const char *node = json_get_str(s->args, "node");
	bool real = !is_loopback(s->address);
	enum err err = ERR_OK;

	json_set_str(args, "address", s->address);
	json_set_str(args, "tls-profile", s->profile);
	if (node)
		json_set_str(args, "node", node);
	/* Phones have no way to learn other ports than the usual ones. */
	json_set_int(args, "port-base",
		json_get_int(s->args, "port-base", real ? 0 : s->settings.port_base));
	json_set_int(args, "tftp-port",
		json_get_int(s->args, "tftp-port", real ? TFTP_PORT : s->settings.tftp_port));
	command_run(command_named("cluster init"), &ctx, args, &reply);
	if (reply.exit != COMMAND_GOOD)
		err = fail_set(
			&s->why, reply.why.code ? reply.why.code : ERR_IO, "%s", reply.why.text);
	command_reply_fini(&reply);
	command_ctx_fini(&ctx);
	json_free(args);
	return err;
}

static enum err write_unit(struct setup *s, const struct setup_found *f)
{
	const char *path = json_get_str(s->args, "unit");
	struct buf text = {0};
	enum err err;

	if (!path)
		return ERR_OK;
	setup_unit(f, &text);
	err = buf_check(&text);
	if (err == ERR_OK)
		err = file_replace(path, buf_span(&text), 0644, FILE_SYNC, &s->why);
	buf_fini(&text);
	if (err == ERR_OK)
		json_set_str(s->out, "unit", path);
	return err;
}

/* --- what is told --- */

static void do_next(struct setup *s, const char *what, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* `what`, and the command for it ("%s", "" for none). */
static void do_next(struct setup *s, const char *what, const char *fmt, ...)
{
	struct json *row = json_object_new();
	char command[640];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	json_set_str(row, "text", what);
	if (command[0])
		json_set_str(row, "command", command);
	json_append_take(s->next, row);
}

static void tell_node(struct setup *s, const struct setup_found *f)
{
	const struct settings *set = f->settings;

	json_set_str(s->out, "state", f->state_path);
	json_set_str(s->out, "node", set->node);
	json_set_str(s->out, "address", set->address);
	json_set_str(s->out, "tlsProfile", set->tls_profile);
	json_set_bool(s->out, "daemon", f->daemon);
	say_heading(&s->d, "Node");
	say(&s->d, "  %s at %s, state folder %s\n", set->node, set->address, f->state_path);
	if (is_loopback(set->address))
		say(&s->d, "  Only programs on this machine reach it there, such as simulated "
			   "phones.\n");
}

static const char *state_text(const struct setup_port *p)
{
	switch (p->state) {
	case SETUP_FREE: return "free";
	case SETUP_OURS: return "served by the daemon of this folder";
	default: return p->why.text;
	}
}

static void tell_ports(struct setup *s, const struct setup_found *f)
{
	static const char *const words[] = {"free", "served", "taken", "denied", "failed"};
	struct json *rows = json_array_new();
	bool denied = false;

	say_heading(&s->d, "Ports");
	for (size_t i = 0; i < SETUP_PORTS; i++) {
		const struct setup_port *p = &f->ports[i];
		struct json *row = json_object_new();

		json_set_str(row, "service", p->service);
		json_set_str(row, "protocol", p->udp ? "udp" : "tcp");
		json_set_int(row, "port", p->port);
		json_set_str(row, "state", words[p->state]);
		if (p->why.text[0])
			json_set_str(row, "text", p->why.text);
		json_append_take(rows, row);
		say(&s->d, "  %-16s %s %5d  %s\n", p->service, p->udp ? "UDP" : "TCP", p->port,
			state_text(p));
		denied |= p->state == SETUP_DENIED;
		s->faulty |= p->state > SETUP_OURS;
		if (p->state == SETUP_TAKEN || p->state == SETUP_FAILED)
			do_next(s, p->why.text, "%s", "");
	}
	json_set_take(s->out, "ports", rows);
	if (f->ports[0].port != TFTP_PORT && !is_loopback(f->settings->address)) {
		s->faulty = true;
		do_next(s, "Real phones ask for files on UDP port 69 only",
			"cadeado --state %s setup --port-base 0 --tftp-port 69", f->state_path);
	}
	if (denied) {
		do_next(s,
			"Give the daemon the right to open port 69, as root and again after each "
			"installation",
			"setcap cap_net_bind_service=+ep %s", f->daemon_path);
		do_next(s, "Or let systemd start it with that right, or run it as root",
			"cadeado --state %s setup --unit /etc/systemd/system/cadeado.service",
			f->state_path);
	}
}

static void tell_dhcp(struct setup *s, const struct setup_found *f)
{
	const char *addresses = (const char *)f->addresses.data;
	struct json *dhcp = json_object_new();
	struct buf text = {0};

	say_heading(&s->d, "DHCP: option 150 tells phones where to ask for files");
	buf_printf(&text, "dhcp-option=150,%s", addresses);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		json_set_str(dhcp, "dnsmasq", (const char *)text.data);
		say(&s->d, "  dnsmasq:\n    %s\n", (const char *)text.data);
	}
	buf_clear(&text);
	buf_printf(&text,
		"option cisco-tftp code 150 = array of ip-address;\noption cisco-tftp %s;",
		addresses);
	buf_u8(&text, 0);
	if (buf_check(&text) == ERR_OK) {
		json_set_str(dhcp, "isc", (const char *)text.data);
		say(&s->d,
			"  ISC dhcpd, the first line outside of every subnet:\n"
			"    option cisco-tftp code 150 = array of ip-address;\n"
			"    option cisco-tftp %s;\n",
			addresses);
	}
	json_set_take(s->out, "dhcp", dhcp);
	buf_fini(&text);
	if (!is_loopback(f->settings->address))
		do_next(s, "Put option 150 into the DHCP server of the phones' network", "%s", "");
}

static void tell_names(struct setup *s, const struct setup_found *f)
{
	char lines[2048], *rest = lines, *line;
	struct json *rows = json_array_new();

	say_heading(&s->d, "Names");
	str_copy(lines, sizeof(lines), (const char *)f->certs.data);
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		json_append_take(rows, json_string_new(line));
		say(&s->d, "  %s\n", line);
	}
	json_set_take(s->out, "certificates", rows);
	say(&s->d, "  Lists and configuration name %s.\n", f->settings->address);
	if (f->ctl_elsewhere) {
		s->faulty = true;
		say(&s->d, "  The published CTL names %s instead.\n", f->ctl_names);
		do_next(s, "Sign the CTL with the new address",
			"cadeado --state %s utils ctl update CTLFile --token LABEL", f->state_path);
	}
	json_set_bool(s->out, "ctlNamesAnotherAddress", f->ctl_elsewhere);
}

static void tell_tls(struct setup *s, const struct setup_found *f)
{
	struct json *rows = json_array_new();
	struct buf text = {0};
	char *rest, *line;

	say_heading(&s->d, "TLS");
	if (f->tls_err == ERR_OK)
		client_tls_self_print(&f->tls, &text);
	else
		buf_printf(&text, "not tried: %s\n", f->tls_why.text);
	buf_u8(&text, 0);
	rest = buf_check(&text) == ERR_OK ? (char *)text.data : NULL;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			say_wrapped(&s->d, 4, "  ", line);
	for (size_t i = 0; i < TLS_FEATURES && f->tls_err == ERR_OK; i++) {
		struct json *row = json_object_new();

		json_set_str(row, "feature", tls_feature_name((enum tls_feature)i));
		json_set_bool(row, "library", f->tls.trials[i].library);
		json_set_bool(row, "listeners", f->tls.trials[i].listener);
		json_append_take(rows, row);
	}
	json_set_take(s->out, "tls", rows);
	buf_fini(&text);
}

static void tell_next(struct setup *s, const struct setup_found *f)
{
	const char *unit = json_get_str(s->args, "unit");

	if (unit)
		do_next(s, "Let systemd start the daemon",
			"systemctl daemon-reload; systemctl enable --now %s",
			strrchr(unit, '/') ? strrchr(unit, '/') + 1 : unit);
	else
		do_next(s, f->daemon ? "Start the daemon anew" : "Start the daemon",
			"%s --state %s", f->daemon_path, f->state_path);
	do_next(s, "Add the phone",
		"cadeado --state %s device add SEP<MAC> --number 1001 --device-type MODEL",
		f->state_path);
	say_heading(&s->d, "Next");
	for (size_t i = 0; i < json_count(s->next); i++) {
		const struct json *row = json_at(s->next, i);
		const char *command = json_get_str(row, "command");
		char number[32];

		snprintf(number, sizeof(number), "  %zu. ", i + 1);
		say_wrapped(&s->d, 5, number, json_get_str(row, "text"));
		if (command)
			say(&s->d, "       %s\n", command);
	}
	say(&s->d, "\nThe whole way: docs/guide/first-phone.md\n");
}

/* --- the whole --- */

static enum err look_and_tell(struct setup *s)
{
	struct cluster *c = NULL;
	struct setup_found f = {0};
	bool daemon = cli_runtime.daemon_runs(cli_runtime.ctx, s->cli->state);
	enum err err = cluster_open(&c, s->cli->state, clock_system(), &s->why);

	if (err == ERR_OK)
		err = setup_look(&f, c, daemon, &s->why);
	if (err == ERR_OK)
		err = write_unit(s, &f);
	if (err == ERR_OK) {
		tell_node(s, &f);
		tell_ports(s, &f);
		tell_dhcp(s, &f);
		tell_names(s, &f);
		tell_tls(s, &f);
		tell_next(s, &f);
	}
	setup_found_fini(&f);
	cluster_close(c);
	return err;
}

static void print_json(struct setup *s, enum command_exit exit)
{
	struct buf text = {0};

	json_set_int(s->out, "exit", exit);
	json_set_take(s->out, "next", json_ref(s->next));
	if (s->why.code) {
		json_set_str(s->out, "error", err_name(s->why.code));
		json_set_str(s->out, "reason", s->why.text);
	}
	if (json_write(&text, s->out, true) == ERR_OK)
		fwrite(text.data, 1, text.len, stdout);
	buf_fini(&text);
}

int setup_run(const struct cli *cli, const struct json *args)
{
	struct setup s = {
		.cli = cli, .args = args, .out = json_object_new(), .next = json_array_new()};
	enum command_exit exit = COMMAND_GOOD;
	enum err err;

	dialogue_init(&s.d, cli->json, cli->yes);
	setup_addresses_find(&s.addresses);
	err = read_settings(&s);
	if (err == ERR_OK)
		err = choose_address(&s);
	if (err == ERR_OK)
		err = choose_profile(&s);
	if (err == ERR_OK)
		err = init(&s);
	if (err == ERR_OK)
		err = look_and_tell(&s);
	if (err != ERR_OK) {
		exit = err == ERR_ARG ? COMMAND_USAGE : COMMAND_FAULT;
		fprintf(stderr, "cadeado: %s\n", s.why.code ? s.why.text : err_text(err));
	} else if (s.faulty) {
		exit = COMMAND_FAULT;
	}
	if (cli->json)
		print_json(&s, exit);
	json_free(s.out);
	json_free(s.next);
	return exit;
}
