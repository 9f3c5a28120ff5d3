/* SPDX-License-Identifier: BSD-2-Clause
 * Call control: stations, calls, the keys of their media and the icon they show. Pure: messages of
 * stations and the time come in, messages to stations go out through a callback; no socket, no
 * clock. One thread. Registration (templates, time, keepalive) is not its business.
 * spec: docs/formats/sccp.md#calls, #icon, #encryption */
#ifndef CORE_CALLCTL_H
#define CORE_CALLCTL_H

#include "wire/sccp/sccp.h"

#define CALLCTL_NUMBER_MAX 24  /* characters of a directory number, dialled or own */
#define CALLCTL_NAME_MAX   40  /* characters of a line's name */
#define CALLCTL_LINES_MAX  16u /* lines of one station */
#define CALLCTL_CODECS_MAX SCCP_CAPABILITIES_MAX
#define CALLCTL_DIAL_MS    15000  /* how long the next digit is waited for */
#define CALLCTL_RING_MS    180000 /* how long a phone rings */
#define CALLCTL_MEDIA_MS   10000  /* how long the phones may take to open their channels */
#define CALLCTL_FAILED_MS  30000  /* how long busy or reorder tone is played */
#define CALLCTL_PACKET_MS  20     /* of audio in one packet */

/* deviceSecurityMode, as in the phone's configuration. */
enum callctl_mode { CALLCTL_NON_SECURE = 1, CALLCTL_AUTHENTICATED = 2, CALLCTL_ENCRYPTED = 3 };

struct callctl;
struct callctl_station;

/* What call control asks of its surroundings. None of them may call back into call control; a
 * station whose connection is found closed in send() is removed afterwards. */
struct callctl_io {
	void *ctx;
	/* *m is valid during the call only and may hold keys: it must not be logged. */
	void (*send)(void *ctx, uint64_t station, const struct sccp_message *m);
	/* One line of text about a station's call; `call` is its callReference. Never a key. */
	void (*trace)(void *ctx, uint64_t station, uint32_t call, const char *text);
	/* Unpredictable bytes for keys. */
	enum err (*random)(void *ctx, void *out, size_t len);
};

struct callctl_line {
	char number[CALLCTL_NUMBER_MAX + 1];
	char name[CALLCTL_NAME_MAX + 1];
};

/* A station as it registered. Copied. */
struct callctl_station_config {
	uint64_t id;        /* the caller's handle, given back in send() and trace() */
	const char *device; /* "SEP…" */
	unsigned version;   /* negotiated protocol version */
	unsigned mode;      /* enum callctl_mode, from the device's record */
	bool tls;           /* it is connected through TLS: only then it may get keys */
	const struct callctl_line *lines; /* line instance 1 is lines[0] */
	size_t lines_count;
};

/* A call as it is now, for status. Texts are valid during the visit only. */
struct callctl_call_info {
	const char *caller_device, *caller_number;
	const char *callee_device, *callee_number; /* empty until there is a called phone */
	const char *state; /* "dialling", "ringing", "connected", "failed" */
	uint32_t caller_reference, callee_reference;
	unsigned security; /* enum sccp_security, as both phones show it */
	uint32_t codec;    /* enum sccp_codec; 0 before it is connected */
	bool srtp;         /* both directions are encrypted */
	bool media;        /* both phones were told to send */
};

/* *io is copied. ERR_NOMEM. */
enum err callctl_new(
	struct callctl **out, const struct callctl_io *io, size_t stations_max) MUST_USE;
/* Sends nothing. */
void callctl_free(struct callctl *c);

/* A station that may call and be called from now on. The station belongs to `c`. ERR_LIMIT for more
 * than stations_max stations or CALLCTL_LINES_MAX lines, ERR_ARG for a mode that is none,
 * ERR_NOMEM. Whether a device is registered already is for the caller to decide beforehand. */
enum err callctl_station_add(struct callctl_station **out, struct callctl *c,
	const struct callctl_station_config *config, struct fail *why) MUST_USE;

/* The station is gone: nothing is sent to it any more, its call ends for the other party. */
void callctl_station_remove(struct callctl *c, struct callctl_station *s, int64_t now_ms);

/* True while the station has a call, ringing or failed included. */
bool callctl_station_in_call(const struct callctl_station *s);

/* A message of the station, decoded with its version. Takes capabilities, hook, keypad, soft keys,
 * buttons and what concerns media; passes over the rest. */
void callctl_message(
	struct callctl *c, struct callctl_station *s, const struct sccp_message *m, int64_t now_ms);

/* Ends what took too long. now_ms counts from anywhere but never runs backwards. */
void callctl_tick(struct callctl *c, int64_t now_ms);

/* When callctl_tick has something to do next; -1 for never. */
int64_t callctl_next_tick(const struct callctl *c);

size_t callctl_calls_count(const struct callctl *c);
void callctl_calls_visit(const struct callctl *c,
	void (*visit)(void *ctx, const struct callctl_call_info *info), void *ctx);

/* The status of a call between two stations: the lowest of what either offers. A mode counts only
 * on a TLS connection. spec: docs/formats/sccp.md#icon */
unsigned callctl_security(unsigned mode_a, bool tls_a, unsigned mode_b, bool tls_b);

#endif
