/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STORE_DEVICE_ROW_H
#define STORE_DEVICE_ROW_H

#include "store/row.h"

/* A device as a row; for the files of this folder that read or keep some. */

/* Beside the key, name, and profile_folded. */
#define DEVICE_COLUMNS(X)                                                                          \
	X(NUMBER, model)                                                                           \
	X(TEXT, description)                                                                       \
	X(TEXT, profile)                                                                           \
	X(NUMBER, operation)                                                                       \
	X(TEXT, operation_status)                                                                  \
	X(NUMBER, operation_by)                                                                    \
	X(NUMBER, version)                                                                         \
	X(NUMBER, last_seen)                                                                       \
	X(NUMBER, protocol)                                                                        \
	X(TEXT, owner)                                                                             \
	X(NUMBER, web_access)                                                                      \
	X(NUMBER, ssh_access)                                                                      \
	X(TEXT, ssh_user)                                                                          \
	X(BYTES, ssh_password)                                                                     \
	X(NUMBER, auth_mode)                                                                       \
	X(NUMBER, key_order)                                                                       \
	X(NUMBER, key_bits)                                                                        \
	X(NUMBER, ec_bits)                                                                         \
	X(BYTES, auth_string)                                                                      \
	X(TEXT, load_name)                                                                         \
	X(TEXT, digest_user)                                                                       \
	X(BYTES, digest_password)

#define DEVICE_COLUMN(kind, member)    ROW_COLUMN(struct store_device, kind, member),
#define DEVICE_QUALIFIED(kind, member) ", device." #member
#define DEVICE_ONE(kind, member)       +1
#define DEVICE_COLUMN_COUNT            (0 DEVICE_COLUMNS(DEVICE_ONE))
/* name, number and display before the others: what device_select yields. */
#define DEVICE_KEYS 3

extern const struct row_column device_columns[DEVICE_KEYS + DEVICE_COLUMN_COUNT];

#define DEVICE_SELECT                                                                               \
	"SELECT device.name, COALESCE(line.number, ''), COALESCE(line.display, '')" DEVICE_COLUMNS( \
		DEVICE_QUALIFIED) " FROM device LEFT JOIN line"                                     \
				  " ON line.device = device.name AND line.line_index = 1"

/* A query_each for struct store_device. */
enum err device_read(void *ctx, struct query_row *r) MUST_USE;

#define DEVICE_NAME_BYTES sizeof(((struct store_device *)0)->name)

#endif
