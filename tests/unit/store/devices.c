/* SPDX-License-Identifier: BSD-2-Clause */
#include "devices.h"

#include "store/capf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

const struct store_device phone = {
	.name = "SEP0011215A1AE3",
	.model = 30018,
	.description = "Reception; \"ground\" floor's",
	.number = "1001",
	.display = "Recep\xc3\xa7\xc3\xa3o",
	.profile = "Encrypted",
	.operation = 1,
	.operation_status = "Operation Pending",
	.operation_by = 1790000000,
	.version = 3,
	.last_seen = 1780000000,
	.protocol = STORE_SIP,
	.owner = "amelia",
	.web_access = 2,
	.ssh_access = 1,
	.ssh_user = "console",
	.ssh_password = {4, {0x00, 0xFF, 0x27, 0x80}},
	.auth_mode = 1,
	.key_order = 2,
	.key_bits = 1024,
	.ec_bits = 521,
	.auth_string = {2, {0x41, 0x00}},
	.load_name = "SIP41.9-4-2SR3-1S",
	.digest_user = "reception",
	.digest_password = {3, {0x00, 0x01, 0xFE}},
};

void assert_same_device(const struct store_device *a, const struct store_device *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->number, b->number);
	assert_string_equal(a->display, b->display);
	assert_memory_equal(a, b, sizeof(*a));
}

struct store_device *many_devices(void)
{
	struct store_device *d = test_calloc(MANY, sizeof(*d));

	for (int i = 0; i < MANY; i++) {
		d[i] = phone;
		snprintf(d[i].name, sizeof(d[i].name), "SEP%012X", i);
		memset(d[i].number, 0, sizeof(d[i].number));
		snprintf(d[i].number, sizeof(d[i].number), "%d", 20000 + i);
	}
	return d;
}

void five_devices(struct fixture *t)
{
	struct store_device d[5] = {
		{.name = "SEP00000000000A",
			.description = "Lobby 100%",
			.model = 115,
			.profile = "Plain",
			.number = "1001",
			.operation_status = "None"},
		{.name = "SEP00000000000B",
			.description = "lobby_2",
			.model = 115,
			.profile = "Secure",
			.owner = "Ana",
			.last_seen = 100,
			.operation_status = "Upgrade Success"},
		{.name = "SEP00000000000C",
			.description = "caf\xc3\xa9",
			.model = 437,
			.profile = "secure",
			.auth_string = {1, {9}},
			.last_seen = 200,
			.operation = 1,
			.operation_status = "Operation Pending"},
		{.name = "SEP00000000000D",
			.description = "back\\slash",
			.model = 683,
			.protocol = STORE_SIP,
			.number = "1004",
			.profile = "Plain"},
		{.name = "SEP00000000000E", .model = 683, .protocol = STORE_SIP},
	};
	struct store_profile p[2] = {
		{.name = "Plain", .security_mode = 1}, {.name = "Secure", .security_mode = 3}};
	struct store_line second = {.device = "SEP00000000000E", .index = 2, .number = "1104"};
	struct store_phone_cert lsc = {.device = "SEP00000000000B",
		.kind = STORE_LSC,
		.not_after = 1000,
		.issuer = "CN=CAPF-1",
		.issuer_not_after = 5000};

	assert_int_equal(store_profile_put(t->s, &p[0], NULL), 0);
	assert_int_equal(store_profile_put(t->s, &p[1], NULL), 0);
	assert_int_equal(store_device_put_many(t->s, d, 5, NULL), 0);
	assert_int_equal(store_line_put(t->s, &second, NULL), 0);
	assert_int_equal(store_phone_cert_put(t->s, &lsc, span_of("x", 1), NULL), 0);
	strcpy(lsc.device, "SEP00000000000C");
	lsc.not_after = 2000;
	strcpy(lsc.issuer, "CN=CAPF-2");
	assert_int_equal(store_phone_cert_put(t->s, &lsc, span_of("x", 1), NULL), 0);
}
