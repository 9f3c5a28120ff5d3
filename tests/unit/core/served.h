/* SPDX-License-Identifier: BSD-2-Clause
 * Served files as tests look at them. */
#ifndef TESTS_CORE_SERVED_H
#define TESTS_CORE_SERVED_H

#include "lab.h"

#include "core/device/device.h"
#include "core/provision/provision.h"

#define PLAIN     LAB_SEP ".cnf.xml"
#define SIGNED    LAB_SEP ".cnf.xml.sgn"
#define ENCRYPTED LAB_SEP ".cnf.xml.enc.sgn"

/* The whole answer; the reason of an error is in lab->why. */
enum err served_get(struct lab *lab, const char *asked, struct provision_file *f);
enum err served_refused(struct lab *lab, const char *asked);
/* The content as text; good until the next call. */
const char *served_text(struct lab *lab, const char *asked);
bool served_says(struct lab *lab, const char *asked, const char *text);
/* The bytes; the caller ends the buffer. */
struct buf served_bytes(struct lab *lab, const char *asked);

/* Fetches each of the names with every n-th allocation failing in turn: an error and nothing
 * half-made, then the file. */
void served_without_memory(struct lab *lab, const char *const *names, size_t count);

/* As a restart of TFTP. */
void served_anew(struct lab *lab);
/* The cluster opened again with this setting. */
void served_setting(struct lab *lab, const char *name, const char *value);
/* Sets one field of the phone, which is added with the profile when it is not there. */
void served_phone(struct lab *lab, const char *name, const char *profile);
void served_field(struct lab *lab, const char *label, const char *text);
/* A profile with TFTP Encrypted Config for phones on SIP: "SIP". */
void served_sip_profile(struct lab *lab, int mode, bool encrypted);

/* Gives the phone an LSC as CAPF does; its key is phone.pem in the folder, the same in all tests.
 */
void served_enrol(struct lab *lab, const char *device);

/* Fetches a signed file and has it judged by tests/data/check_sgn.py: facts and content are left in
 * the folder. The signer is the node's CallManager, or the certificate in this file. */
bool served_judged(struct lab *lab, const char *asked, const char *how);
bool served_judged_by(struct lab *lab, const char *asked, const char *how, const char *cert);
bool served_has(struct lab *lab, const char *file, const char *line);

/* xmllint's word on a file of the folder, by a grammar of tests/data/schema. */
bool served_valid(struct lab *lab, const char *file, const char *schema);
/* The same of a name that is served in clear. */
bool served_valid_name(struct lab *lab, const char *asked, const char *schema);

#endif
