/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLIENT_KNOWN_H
#define CLIENT_KNOWN_H

#include "client/ctlprovider.h"

/* The nodes that a person has recognised by their certificates' fingerprints: lines of
 * "host port fingerprint" in a file of their own. */
#define CLIENT_KNOWN_MAX (256u * 1024) /* bytes of the file */

/* ERR_NOTFOUND for a node (or file) that is not there yet; ERR_FORMAT names the line. *line is the
 * node's, from 1. */
enum err client_known_find(const char *path, const char *host, int port,
	uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], size_t *line, struct fail *why) MUST_USE;

/* Adds a line; the file and its folder are made. Several programs at once are fine. */
enum err client_known_add(const char *path, const char *host, int port,
	const uint8_t fingerprint[CLIENT_CTL_FINGERPRINT], struct fail *why) MUST_USE;

#endif
