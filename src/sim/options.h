/* SPDX-License-Identifier: BSD-2-Clause
 * What the phone is told on the command line. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "base/str.h"
#include "net/addr.h"
#include "sim/capf.h"

#include <stdint.h>

#define SIM_EXIT_DONE 0 /* everything asked for was done, nothing was refused */
#define SIM_EXIT_REFUSED                                                                           \
	1 /* something was refused, or the phone did not register, or a call failed */
#define SIM_EXIT_USAGE 2

#define SIM_PORT_TFTP  69
#define SIM_PORT_CAPF  3804
#define SIM_PORT_TVS   2445
#define SIM_PORT_SCCPS 2443
#define SIM_PORT_SCCP  2000

/* The program's commands; without a word it is a phone. */
enum sim_command {
	SIM_COMMAND_PHONE,
	SIM_COMMAND_CAPF,
	SIM_COMMAND_MENU,
	SIM_COMMAND_SHELL,
	SIM_COMMAND_MIC,
	SIM_COMMANDS
};

struct sim_options {
	enum sim_command command;
	char device[DEVICE_NAME_SIZE]; /* SEP0011215A1AE3 */
	uint8_t mac[6];
	const char *dir;
	struct net_addr server; /* TFTP, with its port */
	int port_base;
	int sccps_port, sccp_port; /* 0: what the configuration or the standard says */
	const char *call;          /* number to dial when registered, or NULL */
	int call_tries;
	bool answer;
	int talk; /* seconds */
	bool once;
	int model;
	int protocol;
	bool clock;
	bool plain; /* register on the plain port whatever the configuration says */
	bool media_clear;
	bool erase;
	bool json, quiet;
	int retry_delay; /* seconds */
	/* CAPF */
	const char *mic;         /* folder with a manufacturer's certificate, or NULL */
	const char *string_file; /* or NULL */
	int capf_version;
	bool sudi;
	int capf_progress; /* seconds */
	struct sim_faults faults;
	/* the command capf: options that only it has */
	int capf_port; /* 0: the standard one, moved by port_base */
	enum sim_auth auth;
	const char *new_key;     /* PEM file, or NULL */
	const char *server_cert; /* PEM file, or NULL */
	bool anonymous;
	enum tls_profile profile;
	int timeout; /* seconds */
	/* the command mic */
	const char *product; /* CP-7961G */
	enum key_type key_type;
	unsigned key_bits;
	int64_t since; /* seconds since 1970; 0: yesterday */
	int days;
	/* what follows the options: keys to press, a command line, MAC addresses */
	char **word;
	int words;
};

/* Reads the command line; strings are borrowed from argv. Prints help or what is wrong. Returns -1
 * to go on, or the exit status to end with. */
int sim_options_parse(struct sim_options *o, int argc, char **argv);

#endif
