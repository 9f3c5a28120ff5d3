/* SPDX-License-Identifier: BSD-2-Clause
 * Inside call control: the objects, and what its files do for one another. */
#ifndef CORE_CALLCTL_CALL_H
#define CORE_CALLCTL_CALL_H

#include "base/str.h"
#include "core/callctl/callctl.h"

#define NEVER INT64_MAX /* deadline of a call that waits for nobody */

/* Why a call did not come about; what the caller then hears and reads is a table in display.c. */
enum failure {
	FAILED_BUSY,
	FAILED_REFUSED,
	FAILED_NO_ANSWER,
	FAILED_UNKNOWN_NUMBER,
	FAILED_NO_CODEC,
	FAILED_STATION_GONE,
};

enum phase { PHASE_DIALLING, PHASE_RINGING, PHASE_CONNECTED, PHASE_FAILED };

/* How a station went off hook: the speaker is switched on for whoever did not lift the handset. */
enum how { BY_HANDSET, BY_KEY };

/* One party of a call. A station has one leg at most, so a station with a call is busy. */
struct leg {
	struct callctl_station *station; /* NULL: there is none, or it is gone */
	struct call *call;
	unsigned line;      /* instance, from 1 */
	uint32_t reference; /* callReference, also conferenceId */
	uint32_t party;     /* passThruPartyId of its media; 0 when its channel is not open */
	bool acked;         /* it told where it receives */
	bool sending;       /* it was told to send */
	struct field_address address;
	uint32_t port;
};

/* Master key and salt of one direction. */
struct media_key {
	uint8_t key[SCCP_KEY_SIZE];
	uint8_t salt[SCCP_SALT_SIZE];
};

struct call {
	struct call *next, **link; /* *link points here */
	enum phase phase;
	int64_t deadline; /* ms, or NEVER */
	struct leg caller, callee;
	char number[CALLCTL_NUMBER_MAX + 1]; /* digits so far, then the number dialled */
	unsigned security;                   /* as shown */
	uint32_t codec;
	uint32_t rfc2833_payload;
	bool srtp;
	struct media_key from_caller, from_callee; /* wiped when both were told to send */
};

struct callctl_station {
	struct callctl_station *next, **link;
	uint64_t id;
	char device[DEVICE_NAME_SIZE + 1];
	unsigned version, mode;
	bool tls;
	struct leg *leg; /* NULL when idle */
	uint32_t codecs[CALLCTL_CODECS_MAX];
	size_t codecs_count;
	size_t lines_count;
	struct callctl_line lines[];
};

/* Who has which number, sorted by number. */
struct number {
	const char *text; /* borrowed from the station's line */
	struct callctl_station *station;
	unsigned line;
};

struct callctl {
	struct callctl_io io;
	size_t stations_max, stations_count, calls_count;
	struct callctl_station *stations;
	struct call *calls;
	struct number *numbers;
	size_t numbers_count, numbers_cap;
	uint32_t last_reference, last_party;
};

struct leg *leg_peer(const struct leg *l);
const struct callctl_line *leg_line(const struct leg *l);

void callctl_send(struct callctl *c, const struct leg *l, const struct sccp_message *m);
void callctl_trace(struct callctl *c, const struct leg *l, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* numbers.c */
enum err numbers_add(struct callctl *c, struct callctl_station *s) MUST_USE;
void numbers_remove(struct callctl *c, const struct callctl_station *s);
const struct number *numbers_find(const struct callctl *c, const char *text);
/* True when no number is longer than `text` and begins with it. */
bool numbers_complete(const struct callctl *c, const char *text);

/* display.c: what a phone shows and plays, in the form its version has. */
void show_dialling(struct callctl *c, const struct leg *l, enum how how);
void show_first_digit(struct callctl *c, const struct leg *l);
void show_proceeding(struct callctl *c, const struct leg *l);
void show_ringing_out(struct callctl *c, const struct leg *l);
void show_ringing_in(struct callctl *c, const struct leg *l);
void show_answering(struct callctl *c, const struct leg *l, enum how how);
void show_connected(struct callctl *c, const struct leg *l);
void show_failed(struct callctl *c, const struct leg *l, enum failure failure);
/* "busy" and so on, for traces. */
const char *failure_text(enum failure failure);
void show_backspace(struct callctl *c, const struct leg *l);
void show_idle(struct callctl *c, const struct leg *l);
void show_stop_tone(struct callctl *c, const struct leg *l);

/* media.c */
uint32_t media_codec(const struct callctl_station *a, const struct callctl_station *b);
/* Chooses codec and keys of a call that is being answered. ERR_UNSUPPORTED: no common codec. */
enum err media_prepare(struct callctl *c, struct call *call) MUST_USE;
void media_open(struct callctl *c, struct leg *l);
/* Tells `l` to send to where its peer has told that it receives. */
void media_start(struct callctl *c, struct leg *l);
void media_stop(struct callctl *c, struct leg *l);
void media_wipe(struct call *call);
void media_capabilities(
	struct callctl_station *s, const struct sccp_capability *list, size_t count);

/* call.c */
struct call *call_new(struct callctl *c, struct callctl_station *s, unsigned line) MUST_USE;
void call_dial(struct callctl *c, struct call *call, int64_t now_ms);
void call_answer(struct callctl *c, struct call *call, enum how how, int64_t now_ms);
/* The caller hears why; the called party, if there is one, is let go. */
void call_fail(struct callctl *c, struct call *call, enum failure failure, int64_t now_ms);
void call_end(struct callctl *c, struct call *call);
void call_free(struct callctl *c, struct call *call);

#endif
