/* SPDX-License-Identifier: BSD-2-Clause
 * The arguments of the `file` commands, of logs and of setup. */
#include "core/command/table_args.h"

#define PLACE                                                                                      \
	{                                                                                          \
		ARG_WORD, "place", "PLACE", true, 0, 0,                                            \
			"tftp, the served folder, or activelog, with the traces"                   \
	}
#define FILES                                                                                      \
	{                                                                                          \
		ARG_WORD, "pattern", "FILE", true, 0, 0,                                           \
			"file, folder or pattern with * and ?, such as "                           \
			"cm/trace/ctftp/sdi/ctftp*"                                                \
	}
#define RECENT                                                                                     \
	{                                                                                          \
		ARG_WORDS, "words", "recent", false, 0, 0,                                         \
			"the word recent takes the one file that was written last"                 \
	}
#define LINES                                                                                      \
	{                                                                                          \
		ARG_NUMBER, "lines", "N", false, 0, 100000, "lines that are there already (10)"    \
	}

const struct command_arg file_delete_args[] = {
	PLACE,
	{ARG_WORD, "pattern", "FILE", true, 0, 0, "file, or pattern with * and ?"},
	RECENT,
	END,
};

const struct command_arg file_get_args[] = {
	PLACE,
	FILES,
	RECENT,
	{ARG_TEXT, "to", "FOLDER", false, 0, 0, "folder to write to (the present one)"},
	{ARG_FLAG, "force", NULL, false, 0, 0, "overwrite files that are there"},
	END,
};

const struct command_arg file_list_args[] = {
	PLACE,
	{ARG_WORD, "pattern", "PATTERN", false, 0, 0,
		"file, folder or pattern with * and ? (everything in the place)"},
	{ARG_WORDS, "words", "detail", false, 0, 0,
		"the word detail adds date, size and in tftp the MD5; recent shows only the file "
		"that was written last"},
	END,
};

const struct command_arg file_tail_args[] = {
	PLACE,
	FILES,
	RECENT,
	LINES,
	{ARG_FLAG, "once", NULL, false, 0, 0, "end after the lines that are there"},
	END,
};

const struct command_arg file_view_args[] = {
	PLACE,
	FILES,
	RECENT,
	END,
};

const struct command_arg logs_args[] = {
	{ARG_WORDS, "traces", "TRACE", false, 0, 0,
		"ctftp, capf, ccm or tvs, also by the services' words (all)"},
	{ARG_FLAG, "follow", NULL, false, 0, 0, "-f: go on with what is written from now on"},
	LINES,
	END,
};

const struct command_arg setup_args[] = {
	{ARG_TEXT, "address", "ADDRESS", false, 0, 0,
		"IPv4 address at which phones reach this machine (asked for)"},
	{ARG_TEXT, "node", "NAME", false, 0, 0, "name of this node (publisher)"},
	{ARG_TEXT, "tls-profile", "PROFILE", false, 0, 0,
		"modern, or legacy for phones of the 79xx series (asked for)"},
	{ARG_NUMBER, "port-base", "N", false, 0, 58000,
		"added to every port number (0, where real phones ask)"},
	{ARG_NUMBER, "tftp-port", "PORT", false, 1, 65535, "TFTP port (69, the same)"},
	{ARG_TEXT, "unit", "FILE", false, 0, 0,
		"write a unit of systemd, which gives the daemon the right to port 69"},
	END,
};
