/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include "base/mem.h"
#include "client/admin.h"
#include "core/command/handlers.h"
#include "crypto/start.h"

#include <stdio.h>
#include <unistd.h>

static void print_buf(FILE *out, struct buf *text)
{
	if (buf_check(text) == ERR_OK && text->len > 0)
		fwrite(text->data, 1, text->len, out);
}

static int help(int argc, char *const argv[])
{
	struct buf text = {0};
	struct fail why = {0};
	int used = 0, exit = COMMAND_GOOD;

	if (argc == 0) {
		buf_str(&text, "Commands (help COMMAND tells more; words may be abbreviated):\n\n");
		command_help_all(&text);
		buf_str(&text,
			"\nEvery command takes --json, and --yes to go on without a question.\n");
	} else {
		const struct command *cmd = command_find(argc, argv, &used, &why);

		if (cmd) {
			struct buf more = {0};

			command_help(cmd, &text);
			if (command_help_group(used, argv, cmd, &more) > 0 &&
				buf_check(&more) == ERR_OK)
				buf_printf(&text, "\nMore commands that begin so:\n%.*s",
					(int)more.len, (const char *)more.data);
			buf_fini(&more);
		} else if (command_help_group(argc, argv, NULL, &text) == 0) {
			fprintf(stderr, "%s\n", why.text);
			exit = COMMAND_USAGE;
		}
	}
	print_buf(stdout, &text);
	buf_fini(&text);
	return exit;
}

/* --json and --yes may stand anywhere among a command's words; they are not the command's own. */
static int take_common(struct cli *cli, int argc, char *const argv[], char *words[])
{
	int n = 0;
	bool options = true;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			options = false;
		if (options && strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (options && strcmp(argv[i], "--yes") == 0)
			cli->yes = true;
		else
			words[n++] = argv[i];
	}
	words[n] = NULL;
	return n;
}

static void print_reply(const struct cli *cli, struct command_reply *reply)
{
	struct buf json = {0};

	if (!cli->json) {
		print_buf(stdout, &reply->text);
	} else if (json_write(&json, reply->data, true) == ERR_OK) {
		print_buf(stdout, &json);
	} else {
		fputs("cadeado: out of memory\n", stderr);
		reply->exit = COMMAND_FAULT;
	}
	fflush(stdout);
	if (reply->why.text[0])
		fprintf(stderr, "cadeado: %s\n", reply->why.text);
	buf_fini(&json);
}

static bool agreed(const struct cli *cli, const struct command *cmd)
{
	if (!cmd->confirm || cli->yes)
		return true;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return terminal_confirm(cmd->confirm);
	fprintf(stderr, "cadeado: %s changes the cluster; add --yes\n", cmd->words);
	return false;
}

static command_handler *preview_of(const struct command *cmd)
{
	static const struct {
		command_handler *run, *preview;
	} previews[] = {
		{handle_bulk_start, preview_bulk_start},
		{handle_file_delete, preview_file_delete},
		{handle_ctl_mixed_mode, preview_ctl_mixed_mode},
	};

	for (size_t i = 0; i < sizeof(previews) / sizeof(previews[0]); i++)
		if (previews[i].run == cmd->run)
			return previews[i].preview;
	return NULL;
}

/* What a person should have read before the question. False when the question need not be asked. */
static bool shown_before(const struct cli *cli, const struct command *cmd, const struct json *args)
{
	struct command look = *cmd;
	struct command_reply reply;
	struct command_ctx ctx = {.state = cli->state, .clock = clock_system(), .text_only = true};
	bool good;

	look.run = preview_of(cmd);
	if (!look.run || cli->yes)
		return true;
	look.changes = false;
	command_run(&look, &ctx, args, &reply);
	command_ctx_fini(&ctx);
	good = reply.exit == COMMAND_GOOD;
	/* Standard output is for the result's JSON alone. */
	print_buf(good && !cli->json ? stdout : stderr, &reply.text);
	fflush(stdout);
	if (!good)
		fprintf(stderr, "cadeado: %s\n", reply.why.text);
	command_reply_fini(&reply);
	return good;
}

static enum err run_here_or_there(const struct cli *cli, const struct command *cmd,
	const struct json *args, struct command_reply *reply, struct fail *why)
{
	enum err err = ERR_NOTFOUND;

	if (cmd->where != COMMAND_HERE)
		err = client_admin_run(cli->state, cmd, args, CLIENT_ADMIN_US, reply, why);
	if (err == ERR_NOTFOUND)
		fail_clear(why);
	if (err == ERR_NOTFOUND && cmd->where == COMMAND_DAEMON)
		return fail_set(why, err, "no daemon runs on %s: cadeadod --state %s", cli->state,
			cli->state);
	if (err == ERR_NOTFOUND) {
		struct command_ctx ctx = {
			.state = cli->state,
			.clock = clock_system(),
			.runtime = &cli_runtime,
			.ask = terminal_ask_secret,
			.text_only = !cli->json,
			.previewed = preview_of(cmd) && !cli->yes,
			.progress = cli_progress,
		};

		command_run(cmd, &ctx, args, reply);
		command_ctx_fini(&ctx);
		err = ERR_OK;
	}
	return err;
}

/* Rows whose handler is handle_dialogue. */
static int talk(const struct cli *cli, const struct command *cmd, const struct json *args)
{
	static const struct {
		const char *words;
		int (*run)(const struct cli *cli, const struct json *args);
	} dialogues[] = {
		{"ctl-client", ctl_client_run},
		{"device capf watch", capf_watch_run},
		{"file tail", file_tail_run},
		{"logs", logs_run},
		{"setup", setup_run},
		{"utils ctl status", ctl_status_run},
	};

	for (size_t i = 0; i < sizeof(dialogues) / sizeof(dialogues[0]); i++)
		if (strcmp(cmd->words, dialogues[i].words) == 0)
			return dialogues[i].run(cli, args);
	return COMMAND_FAULT;
}

/* Commands that read and check lists and signed files and do nothing else. */
static bool only_reads(const struct command *cmd)
{
	return cmd->run == handle_show_ctl || cmd->run == handle_show_itl ||
	       cmd->run == handle_show || cmd->run == handle_explain || cmd->run == handle_diff ||
	       cmd->run == handle_verify;
}

int cli_run(const struct cli *given, int argc, char *const argv[])
{
	struct cli cli = *given;
	struct command_reply reply = {0};
	struct json *args = NULL;
	struct fail why = {0};
	int used = 0, exit = COMMAND_USAGE;
	char **words = mem_new(((size_t)argc + 1) * sizeof *words);

	if (!words) {
		fputs("cadeado: out of memory\n", stderr);
		return COMMAND_FAULT;
	}
	int n = take_common(&cli, argc, argv, words);
	const struct command *cmd = NULL;

	if (n > 0 && strcmp(words[0], "help") == 0) {
		exit = help(n - 1, words + 1);
		goto end;
	}
	cmd = command_find(n, words, &used, &why);
	if (n > used && strcmp(words[n - 1], "--help") == 0) {
		exit = help(cmd ? used : n - 1, words);
		goto end;
	}
	if (!cmd || command_parse(cmd, n - used, words + used, &args, &why) != ERR_OK) {
		fprintf(stderr, "cadeado: %s\n", why.text);
		goto end;
	}
	if (cli.once && only_reads(cmd))
		crypto_start_reading();
	if (cmd->run == handle_dialogue) {
		exit = talk(&cli, cmd, args);
		goto end;
	}
	if (!shown_before(&cli, cmd, args)) {
		exit = COMMAND_FAULT;
		goto end;
	}
	if (!agreed(&cli, cmd))
		goto end;
	if (run_here_or_there(&cli, cmd, args, &reply, &why) == ERR_OK) {
		print_reply(&cli, &reply);
		exit = reply.exit;
	} else {
		fprintf(stderr, "cadeado: %s\n", why.text);
		exit = COMMAND_FAULT;
	}
	command_reply_fini(&reply);
end:
	json_free(args);
	mem_free(words);
	return exit;
}
