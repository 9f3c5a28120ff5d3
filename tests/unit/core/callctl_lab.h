/* SPDX-License-Identifier: BSD-2-Clause
 * Three phones at a call control, and a log of what they are told. */
#ifndef TESTS_CALLCTL_LAB_H
#define TESTS_CALLCTL_LAB_H

#include "base/mem.h"
#include "base/str.h"
#include "core/callctl/callctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { A, B, C, STATIONS };

extern const char *const devices[STATIONS];

/* A phone as the test sees it: what it was told last. */
struct phone {
	struct callctl_station *station;
	unsigned version;
	uint32_t reference, party, state, security;
	struct sccp_encryption receive, send;
	struct field_address remote;
	uint32_t remote_port;
	unsigned opened, started, closed, stopped;
};

struct lab {
	struct callctl *c;
	struct phone phones[STATIONS];
	struct buf log; /* "A CallState 5\n" a message */
	struct buf traces;
	int64_t now;
	uint8_t drawn; /* fills each random answer with the next number */
	enum err random_err;
};

void lab_init(struct lab *lab);
void lab_fini(struct lab *lab);

/* Line 1 of A, B, C is 1001, 1002, 1003; line 2 is 2001 and so on; G.711 both ways. */
void add_station(struct lab *lab, unsigned who, unsigned version, unsigned mode, bool tls);
void remove_station(struct lab *lab, unsigned who);
void announce(struct lab *lab, unsigned who, uint32_t codec_a, uint32_t codec_b);

void tell(struct lab *lab, unsigned who, const struct sccp_message *m);
void off_hook(struct lab *lab, unsigned who);
void on_hook(struct lab *lab, unsigned who);
void press(struct lab *lab, unsigned who, const char *digits);
void soft_key(struct lab *lab, unsigned who, uint32_t event);
void enbloc(struct lab *lab, unsigned who, const char *number);
/* The acknowledgement of OpenReceiveChannel: 192.0.2.10 and on, ports 20000 and on. */
void ack(struct lab *lab, unsigned who, uint32_t status);
/* A calls B until both are told to send. */
void connect_a_and_b(struct lab *lab);

/* Compares what was sent since the last time with lines of `want`: "A CallState 5\n". */
void expect(struct lab *lab, const char *want);

#endif
