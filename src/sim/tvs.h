/* SPDX-License-Identifier: BSD-2-Clause
 * Asking the TVS of the held ITL, the phone's side. spec: docs/formats/tvs.md */
#ifndef SIM_TVS_H
#define SIM_TVS_H

#include "sim/phone.h"

/* The answer: `roles` has a bit 1 << role for each that TVS gave, 0 when it does not vouch or
 * cannot be had (*why tells); `cert` is the certificate, borrowed for the call. */
typedef void sim_tvs_done(void *ctx, unsigned roles, struct span cert, const struct fail *why);

/* Can a TVS be asked at all: does the held ITL name one, and the last configuration say where? */
bool sim_tvs_usable(const struct sim_phone *p);

/* Asks for the signer of a list or file by its names; the answer brings its certificate. One
 * question at a time: another one takes the place of the first. `done` may be called at once. */
void sim_tvs_query(
	struct sim_phone *p, const struct tlv_header *signer, sim_tvs_done *done, void *ctx);
/* Asks about a certificate that a server showed; it is copied. An answer is kept as long as TVS
 * says: then `done` is called at once. */
void sim_tvs_verify(struct sim_phone *p, struct span der, sim_tvs_done *done, void *ctx);
/* Nobody waits for the answer any more. */
void sim_tvs_stop(struct sim_phone *p);

/* Has a TVS vouched for this server's certificate, and is the answer still good? */
bool sim_tvs_knows(const struct sim_phone *p, enum sim_server server, struct span der);
/* Forgets every answer: at a new start. */
void sim_tvs_forget(struct sim_phone *p);

#endif
