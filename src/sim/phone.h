/* SPDX-License-Identifier: BSD-2-Clause
 * One phone: what all its parts share, and the table of its states (phone.c). Everything runs on
 * one loop's thread, except key generation. */
#ifndef SIM_PHONE_H
#define SIM_PHONE_H

#include "net/loop.h"
#include "net/pool.h"
#include "sim/console.h"
#include "sim/evidence.h"
#include "sim/flash.h"
#include "sim/keygen.h"
#include "sim/options.h"
#include "sim/tftp.h"
#include "wire/cnfxml/cnfxml.h"

enum sim_state {
	SIM_STAY, /* in the table: the event changes nothing */
	SIM_OFF,
	SIM_ASK_CTL,
	SIM_ASK_ITL,
	SIM_ASK_COMMON_ITL,
	SIM_ASK_CONFIG,
	SIM_ENROL,
	SIM_VOUCH_CAPF, /* asking a TVS about the certificate that CAPF showed */
	SIM_REGISTER,
	SIM_VOUCH_CCM, /* the same for the call manager */
	SIM_REGISTERED,
	SIM_WAIT_REGISTER,
	SIM_WAIT_BOOT,
	SIM_LEAVING,
	SIM_STATES,
};

enum sim_event {
	SIM_EV_POWER,       /* switched on */
	SIM_EV_DONE,        /* what the state is about succeeded, or was judged */
	SIM_EV_MISSING,     /* the server has no such file */
	SIM_EV_UNREACHABLE, /* the server does not answer */
	SIM_EV_ENROL,       /* the configuration sends the phone to CAPF */
	SIM_EV_NOTHING,     /* CAPF had nothing to do */
	SIM_EV_FAILED,      /* start over later */
	SIM_EV_DOUBT,       /* the server showed a certificate that a TVS may vouch for */
	SIM_EV_LOST,        /* the call manager's connection is gone */
	SIM_EV_TIMER,
	SIM_EV_RESET,   /* the call manager asks for a new start */
	SIM_EV_RESTART, /* the same without fetching trust lists */
	SIM_EV_STOP,    /* SIGTERM, SIGINT, or --once has what it wanted */
	SIM_EVENTS,
};

struct sim_enrol;
struct sim_station;
struct sim_call;
struct sim_tvs;
struct sim_panel;

#define SIM_VOUCHED_MAX 4u

/* A certificate for which a TVS has answered. */
struct sim_vouched {
	uint8_t digest[32]; /* SHA-256 of its DER */
	unsigned roles;     /* bits 1 << role */
	int64_t until;      /* seconds since 1970 */
};

struct sim_phone {
	struct sim_options opt;
	const struct clock *clock;
	struct loop *loop;
	struct pool *pool;
	struct executor *executor; /* of the pool, for the loop */
	struct loop_timer *timer;  /* of the waiting states */

	struct sim_console console;
	struct sim_evidence evidence;
	struct sim_flash flash;

	enum sim_state state;
	bool stepping; /* inside sim_phone_event: further events queue */
	enum sim_event queue[8];
	size_t queued;
	int exit_status;

	struct sim_fetch *fetch; /* the transfer of the present state */
	char asked[64];          /* its name */
	int transfers;           /* number of the transfer, for console lines */

	struct cnfxml config; /* in force; config.full is false when there is none */
	bool config_encrypted;
	bool reduced_seen; /* the reduced companion was read in this state */
	bool asked_capf;   /* CAPF was asked in this start already */
	int enrolments;    /* since the phone was last registered */
	int register_failures;
	bool was_registered; /* at least once */
	bool dialled;        /* --call was obeyed: a new registration does not dial again */

	struct cnfxml_server tvs[CNFXML_MEMBERS_MAX]; /* of the last whole configuration */
	size_t tvs_count;
	struct sim_tvs *tvs_asking; /* NULL: no question is open */
	uint32_t tvs_questions;     /* numbers them */
	struct sim_vouched vouched[SIM_VOUCHED_MAX];
	unsigned vouched_next;
	struct buf doubted; /* the certificate, list or file that a TVS is asked about */

	struct buf string; /* the authentication string that the user would type; empty: none */
	struct sim_enrol *enrol;
	struct sim_keygens keygens;
	bool lsc_failed; /* the last enrolment did */
	struct sim_panel *panel;
	struct sim_station *station;
	struct sim_call *call; /* lives as long as the station */
};

enum err sim_phone_init(
	struct sim_phone *p, const struct sim_options *opt, struct fail *why) MUST_USE;
/* Switches the phone on and runs it; returns the exit status of the program. */
int sim_phone_run(struct sim_phone *p);
void sim_phone_fini(struct sim_phone *p);

/* Tells the state table that something happened. May be called from anywhere on the loop. */
void sim_phone_event(struct sim_phone *p, enum sim_event ev);

/* The phone refused something: says so, remembers it for the exit status and in phone.json. */
void sim_phone_refused(struct sim_phone *p, const char *what, const struct fail *why);
/* A part is over: with --once the phone stops with that status. */
void sim_phone_over(struct sim_phone *p, int status);

void sim_phone_write_evidence(struct sim_phone *p);
struct sim_judge sim_phone_judge(const struct sim_phone *p);
/* The standard port moved by --port-base; any other stays as it is. */
int sim_phone_port(const struct sim_phone *p, int port, int standard);
/* A server that the configuration names: an address; a name that the trust list has an address for;
 * else the TFTP server. */
enum err sim_phone_server(const struct sim_phone *p, const char *name, int port,
	struct net_addr *out, struct fail *why) MUST_USE;

/* Takes over which TVS the configuration names, when it is a whole one. */
void sim_phone_note_tvs(struct sim_phone *p, const struct cnfxml *c);

/* Judges the certificate that a server shows, by the held lists and what a TVS has vouched for. One
 * that only a TVS could vouch for is kept in p->doubted. */
enum err sim_phone_judge_server(
	struct sim_phone *p, enum sim_server server, struct span der, struct fail *why) MUST_USE;

/* boot.c: the files of a start */
void sim_boot_ask_ctl(struct sim_phone *p);
void sim_boot_ask_itl(struct sim_phone *p);
void sim_boot_ask_common_itl(struct sim_phone *p);
void sim_boot_ask_config(struct sim_phone *p);
void sim_boot_cancel(struct sim_phone *p);

#endif
