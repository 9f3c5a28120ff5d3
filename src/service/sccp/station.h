/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVICE_SCCP_STATION_H
#define SERVICE_SCCP_STATION_H

#define HASH_NONFATAL_OOM      1
#define uthash_malloc(size)    mem_new(size)
#define uthash_free(ptr, size) mem_free(ptr)

#include "base/mem.h"
#include "base/str.h"
#include "core/callctl/callctl.h"
#include "core/device/device.h"
#include "net/stream.h"
#include "service/complaints.h"
#include "service/jobs.h"
#include "service/notes.h"
#include "service/sccp/known.h"
#include "service/sccp/sccp.h"
#include "service/slots.h"

#include <uthash.h>

/* The service's one instance; home of all stations and calls. */
struct sccp {
	const struct service_env *env;
	struct listener *plain, *secure;
	struct slots *slots;
	struct callctl *calls;
	struct loop_timer *tick;      /* for call control */
	struct station *by_device;    /* registered ones, by name */
	struct known_phones *known;   /* those that registered */
	struct station *unregistered; /* list */
	unsigned unregistered_count, unregistered_max;
	struct complaints complaints; /* about connections that have not registered */
	struct station *dirty;        /* list: those with output that was not handed on */
	bool flushing;
	uint32_t connections;  /* numbers them, from 1 */
	struct job_link *jobs; /* not back yet; the last one frees a stopped instance */
	struct lingering lingering;
	uint8_t cert[HELD_CERT]; /* held_cert of the one that TLS shows */
	bool stopped;
};

enum station_state {
	STATION_HANDSHAKE, /* TLS */
	STATION_AWAIT_REGISTER,
	STATION_AWAIT_REGISTER_BUSY, /* our job looks the device up; no input is read */
	STATION_REGISTERED,
};

/* One connection. */
struct station {
	struct sccp *service;
	struct slot_ref ref;
	struct stream *stream;
	struct loop_timer *timer;
	enum station_state state;
	bool secure;                        /* on the TLS listener */
	bool told_ready;                    /* the idle screen was sent: registration is complete */
	bool refused;                       /* its certificate was; that has been logged */
	bool broken;                        /* output could not be made: to be closed */
	uint32_t number;                    /* "(0000048)" of the traces */
	unsigned version;                   /* negotiated; 0 before that */
	char cert_device[DEVICE_NAME_SIZE]; /* from its certificate */
	char device[DEVICE_NAME_SIZE];
	struct phone_line *lines;
	size_t lines_count;
	char firmware[33];
	int security_mode;
	int64_t since;    /* registered, seconds since 1970 */
	int64_t heard_us; /* monotonic, of the last bytes */
	int64_t noted_us; /* monotonic: when it was last noted that it is there */
	struct callctl_station *call_station;
	struct buf out;
	size_t unsent; /* bytes in the stream's queue, at most */
	struct station *dirty_next, **dirty_link;
	struct station *waiting_next, **waiting_link; /* in sccp.unregistered */
	UT_hash_handle hh;
};

/* Takes a new connection; closes it when there is no room. */
void station_accept(struct sccp *x, struct stream *stream, bool secure);
/* Ends it for everybody, at once. Its call's other party is told by the next station_flush. */
void station_free(struct station *s);
/* Sends what is queued for it, then ends it. */
void station_finish(struct station *s);
/* Tells a registered phone to start anew with new lists and configuration, and ends it. */
void station_reset(struct station *s);
/* Queues a message; what is wrong with it shows in station_flush_all. */
void station_put(struct station *s, const struct sccp_message *m);
/* Hands all queued output to the streams, ends stations that cannot take theirs, and sets the clock
 * of call control. The last thing done in every event. */
void station_flush_all(struct sccp *x);
/* One log line that names peer, device and state. */
void station_complain(const struct station *s, const char *what);
/* It is registered: it does not count as waiting any more, and its silence is measured. */
void station_registered(struct station *s);
/* Notes for the store that a registered phone is there. */
void station_note(struct station *s);
/* A job of the station is back and was dealt with: goes on with its input, if it is still there. */
void station_resume(struct sccp *x, struct slot_ref ref);
struct station *station_of(const struct sccp *x, uint64_t id);
uint64_t station_id(const struct station *s);

/* registration.c: the phone asks to register; looks it up and answers. */
void registration_begin(struct station *s, const struct sccp_registration *r);
/* Frees a job of it that will not be answered. */
void registration_drop(struct job_link *j);

/* answers.c: the answer to a request of a registered phone; false when it is none that has one. */
bool answer(struct station *s, const struct sccp_message *m);

/* sccp.c */
void sccp_instance_free(struct sccp *x);
int64_t sccp_now_ms(void);

#endif
