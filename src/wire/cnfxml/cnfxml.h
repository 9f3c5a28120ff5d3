/* SPDX-License-Identifier: BSD-2-Clause
 * The security-relevant part of SEP<MAC>.cnf.xml, written by the server and read by the phone.
 * Reading uses expat without external entities or a DOCTYPE. spec:
 * docs/formats/phone-configuration.md */
#ifndef WIRE_CNFXML_CNFXML_H
#define WIRE_CNFXML_CNFXML_H

#include "base/buf.h"

#include <stdbool.h>

#define CNFXML_SIZE_MAX    (256u * 1024) /* bytes of a file that is parsed */
#define CNFXML_DEPTH_MAX   16u           /* nested elements */
#define CNFXML_MEMBERS_MAX 5u            /* call managers, CAPF servers, TVS */
#define CNFXML_TEXT_MAX    128u          /* bytes of one value, with NUL */

struct cnfxml_server {
	char name[CNFXML_TEXT_MAX]; /* processNodeName, or a TVS's address */
	int port;                   /* ethernetPhonePort, phonePort or port */
};

struct cnfxml {
	bool full;        /* fullConfig */
	char protocol[8]; /* deviceProtocol: SCCP or SIP */
	int ip_address_mode;
	struct cnfxml_server managers[CNFXML_MEMBERS_MAX];
	size_t managers_count;
	struct cnfxml_server tvs[CNFXML_MEMBERS_MAX]; /* only in a whole file */
	size_t tvs_count;
	char load[CNFXML_TEXT_MAX]; /* loadInformation */
	int security_mode;          /* deviceSecurityMode: 1, 2, 3; 0 when absent */
	char version_stamp[CNFXML_TEXT_MAX];
	int capf_auth_mode; /* capfAuthMode 0..4 */
	struct cnfxml_server capf[CNFXML_MEMBERS_MAX];
	size_t capf_count;
	char cert_hash[33]; /* lower-case hex MD5 of the certificate, or empty */
	bool encrypted;     /* encrConfig */
	/* Written only: how people may look into the phone. */
	int web_access;  /* as vendorConfig/webAccess: 0 on, 1 off, 2 read only */
	bool ssh_access; /* vendorConfig/sshAccess is its opposite */
	char ssh_user[CNFXML_TEXT_MAX], ssh_password[CNFXML_TEXT_MAX]; /* "" leaves them out */
};

/* Reads a configuration, or the one for phones that have none (root <Default>: call managers and
 * TVS only); unknown elements and attributes are ignored. ERR_FORMAT with the line, ERR_LIMIT. */
enum err cnfxml_parse(struct cnfxml *c, struct span xml, struct fail *why) MUST_USE;

/* Writes the whole file (full), or the reduced companion with the six elements that one has. */
enum err cnfxml_write_full(struct buf *out, const struct cnfxml *c) MUST_USE;
enum err cnfxml_write_reduced(struct buf *out, const struct cnfxml *c) MUST_USE;
/* XMLDefault.cnf.xml, for phones that have no file of their own: call managers and TVS. */
enum err cnfxml_write_default(struct buf *out, const struct cnfxml *c) MUST_USE;

/* The reduced companion of anybody's whole file: ipAddressMode, loadInformation, capfAuthMode and
 * capfList are copied byte by byte in the order they have there, `cert_hash` and encrConfig are
 * added. Their values are not read, and nothing but libc is needed. ERR_FORMAT, also for a file
 * that is reduced already or has one of them twice; ERR_LIMIT. */
enum err cnfxml_reduce(
	struct buf *out, struct span xml, const char *cert_hash, struct fail *why) MUST_USE;

#endif
