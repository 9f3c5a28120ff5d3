/* SPDX-License-Identifier: BSD-2-Clause
 * Devices that the tests put into a store. */
#ifndef TESTS_STORE_DEVICES_H
#define TESTS_STORE_DEVICES_H

#include "fixture.h"

/* With every member set. */
extern const struct store_device phone;
void assert_same_device(const struct store_device *a, const struct store_device *b);

/* Several pages, and several times what a connection sends at once. Given back by test_free. */
#define MANY 1500
struct store_device *many_devices(void);

/* Devices A to E, told by the last letter of their names: profiles, a second line, LSCs. */
void five_devices(struct fixture *t);

#endif
