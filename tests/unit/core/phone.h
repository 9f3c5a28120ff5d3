/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_CORE_PHONE_H
#define TESTS_CORE_PHONE_H

#include "lab.h"

#include "core/device/device.h"
#include "core/enrol/enrol.h"

/* A phone that turns to CAPF; its keys, certificates and proofs are made by openssl. */

/* For cmocka: LAB_SEP is there, encrypted, enrolment ordered. */
int phone_setup_ordered(void **state);

void phone_set(struct lab *lab, const char *device, const char *field, const char *text);
void phone_mode(struct lab *lab, const char *words);
struct device phone_device_of(struct lab *lab);
#define assert_status(lab, text) assert_string_equal(phone_device_of(lab).operation_status, text)

/* What it says in AUTH_RES. */
struct said {
	const char *device;
	unsigned version;
	struct span password, cert, sha1, sha2, shown;
	uint8_t type; /* inner byte of the certificate */
};
struct enrol_order phone_begin(struct lab *lab, struct said s);

struct buf phone_file_of(struct lab *lab, const char *name);
/* phone.pem, phone.spki, and the LSC by this cluster's CAPF in lsc.der. */
void phone_make_lsc(struct lab *lab, const char *options, const char *device);
/* A manufacturer's authority in the folder for them, and a MIC of this common name that it issued,
 * mic.der, for phone.pem; `days` are options of openssl ca. */
void phone_make_mic(struct lab *lab, const char *name, const char *ca_days, const char *days);
/* The proof over `device`, NUL, the certificate in `der`: a bare digest, signed. */
struct buf phone_proof(
	struct lab *lab, const char *device, const char *der, const char *alg, const char *options);
struct buf phone_sha2_proof(struct lab *lab, const char *device, const char *der);

enum err phone_recorded(struct lab *lab, int kind, struct store_phone_cert *row, struct buf *der);

#endif
