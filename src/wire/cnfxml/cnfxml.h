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
	int sip, sip_secure;        /* sipPort, securedSipPort; 0 when absent */
};

#define CNFXML_TLS 3 /* transportLayerProtocol; 1 TCP, 2 UDP, 4 TCP and UDP */

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
	int transport;              /* transportLayerProtocol: 1 to 4; 0 when absent. SIP only */
	char version_stamp[CNFXML_TEXT_MAX];
	int capf_auth_mode; /* capfAuthMode 0..4 */
	struct cnfxml_server capf[CNFXML_MEMBERS_MAX];
	size_t capf_count;
	char cert_hash[33]; /* lower-case hex MD5 of the certificate, or empty */
	bool encrypted;     /* encrConfig */
};

/* What a whole file says besides, which is written and not read. Every text is borrowed and given;
 * "" leaves its element out where that says nothing. */
struct cnfxml_locale {
	const char *name;     /* of the folder from which it is fetched */
	const char *language; /* "en"; of users only */
	const char *version;  /* "": built in */
};
struct cnfxml_line {
	const char *number, *display, *label;
	const char *auth_name, *auth_password; /* digest credentials: secrets */
};
#define CNFXML_NTP_MAX        5u
#define CNFXML_FEATURE_LINE   9    /* featureID */
#define CNFXML_TLS_RESUMPTION 3600 /* seconds */
struct cnfxml_phone {
	/* Of a family without certificates from the factory, which knows neither encrypted files
	 * nor SSH (and gets no TVS). */
	bool early;
	const char *date_template, *time_zone;
	const char *ntp[CNFXML_NTP_MAX];
	size_t ntp_count;
	struct cnfxml_locale user_locale, network_locale;
	int web_access;  /* as vendorConfig/webAccess: 0 on, 1 off, 2 read only */
	bool ssh_access; /* vendorConfig/sshAccess is its opposite */
	const char *ssh_user, *ssh_password;
	/* SIP only. */
	const char *phone_label;
	int sip_port; /* of the phone itself; 0 leaves it out */
	const char *dial_template, *soft_keys;
	const struct cnfxml_line *lines;
	size_t lines_count;
};

/* A row of XMLDefault.cnf.xml: the firmware of a model. */
struct cnfxml_load {
	int type; /* the model's number */
	const char *model, *load;
};

/* Reads a configuration, or the one for phones that have none (root <Default>: call managers and
 * TVS only); unknown elements and attributes are ignored. ERR_FORMAT with the line, ERR_LIMIT. */
enum err cnfxml_parse(struct cnfxml *c, struct span xml, struct fail *why) MUST_USE;

/* The whole file of a phone on SCCP or SIP, as c->protocol says; without `p` with what every phone
 * has built in. ERR_FORMAT for a text that XML cannot carry. */
enum err cnfxml_write_full(
	struct buf *out, const struct cnfxml *c, const struct cnfxml_phone *p) MUST_USE;
/* The reduced companion, with the six elements that one has. */
enum err cnfxml_write_reduced(struct buf *out, const struct cnfxml *c) MUST_USE;
/* XMLDefault.cnf.xml, for phones that have no file of their own: call managers, TVS and loads. */
enum err cnfxml_write_default(struct buf *out, const struct cnfxml *c,
	const struct cnfxml_load *loads, size_t count) MUST_USE;

/* The reduced companion of anybody's whole file: ipAddressMode, loadInformation, capfAuthMode and
 * capfList are copied byte by byte in the order they have there, `cert_hash` and encrConfig are
 * added. Their values are not read, and nothing but libc is needed. ERR_FORMAT, also for a file
 * that is reduced already or has one of them twice; ERR_LIMIT. */
enum err cnfxml_reduce(
	struct buf *out, struct span xml, const char *cert_hash, struct fail *why) MUST_USE;

#endif
