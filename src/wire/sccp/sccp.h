/* SPDX-License-Identifier: BSD-2-Clause
 * SCCP, the call signalling of phones on TCP 2000 or inside TLS on 2443. Little-endian.
 *   header: length u32 (counts from offset 8) | version u32 | message id u32, then the body
 * Structs, numbers and names of messages come from messages.def: message <name> with id SCCP_<NAME>
 * is struct sccp_<name>, in a struct sccp_message its member <name>.
 * spec: docs/formats/sccp.md */
#ifndef WIRE_SCCP_SCCP_H
#define WIRE_SCCP_SCCP_H

#include "wire/fields.h"
#include "wire/sccp/values.h"

#define SCCP_HEADER           12u
#define SCCP_TOTAL_MAX        8192u /* bytes of one message with its header */
#define SCCP_KEY_SIZE         16    /* bytes of a master key */
#define SCCP_SALT_SIZE        14    /* used bytes of a master salt */
#define SCCP_SALT_FIELD       16    /* bytes of the field that holds it */
#define SCCP_SERVERS          5     /* servers in ServerRes */
#define SCCP_NUMBER_MAX       40    /* characters of a packed directory number */
#define SCCP_NAME_MAX         121   /* characters of a packed name */
#define SCCP_PROMPT_MAX       96    /* characters of a packed prompt or notification */
#define SCCP_SET_KEYS         16    /* keys in one soft key set */
#define SCCP_SETS_MAX         16    /* soft key sets, always all sent */
#define SCCP_INFO_BASE        300   /* info index of a soft key = this + template index */
#define SCCP_CAPABILITIES_MAX 32    /* codecs a phone may announce; phones send up to 18 */
#define SCCP_BUTTONS_MAX      56    /* buttons in a template */
#define SCCP_BUTTONS_SENT     42    /* places always sent, the unused ones instance 0 type 0xFF */
#define SCCP_SOFT_KEYS_MAX    64    /* entries in a soft key template */
#define SCCP_SOFT_KEYS_SENT   32    /* entries always sent */

#define SCCP_VERSION_ADDRESS 17 /* from here addresses have a type and 16 bytes */
/* From here we send the packed messages: DisplayPromptStatusV2, CallInfoV2, LineStatV2 and so on.
 */
#define SCCP_VERSION_PACKED 17
#define SCCP_VERSION_HEADER 10 /* from here the header carries the version */

enum sccp_id {
#define MESSAGE(id, NAME, name, text, zero) SCCP_##NAME = (id),
#define EMPTY(id, NAME, text, zero)         SCCP_##NAME = (id),
#define SAME(id, NAME, name, text)          SCCP_##NAME = (id),
#include "wire/sccp/messages.def"
};

/* clang-format off */
#define SCCP_ROWS
#define TYPE(name)                             struct sccp_##name {
#define MESSAGE(id, NAME, name, text, zero)    struct sccp_##name {
#define U8(field)                              uint8_t field;
#define U16(field)                             uint16_t field;
#define U32(field)                             uint32_t field;
#define I32(field)                             int32_t field;
#define U32_FROM(version, field)               uint32_t field;
#define I32_FROM(version, field)               int32_t field;
#define U16S(field, n)                         uint16_t field[n];
#define IPV4(field)                            uint8_t field[4];
#define ADDRESS(field)                         struct field_address field;
#define ADDRESS_FROM(version, field)           struct field_address field;
#define TEXT(field, n)                         char field[(n) + 1];
#define TEXT_GREW(field, n, version, more)     char field[(more) + 1];
#define STRZ(field, n)                         char field[(n) + 1];
#define STRZ_FROM(version, field, n)           char field[(n) + 1];
#define BYTES(field, n)                        uint8_t field[n];
#define SECRET(field, n)                       uint8_t field[n];
#define BLOCK(field, type)                     struct sccp_##type field;
#define TIMES(field, type, n)                  struct sccp_##type field[n];
#define ARRAY(field, type, max, count, always) struct sccp_##type field[max];
#define PAD(n)
#define PAD_FROM(version, n)
#define NEEDED()
#define END(name)                              };
#include "wire/sccp/messages.def"
/* clang-format on */

/* One message. Owns nothing; `unknown` borrows. OpenReceiveChannel and StartMediaTransmission hold
 * keys: mem_wipe() the struct, buf_wipe() what it was encoded into. */
struct sccp_message {
	uint32_t id;             /* enum sccp_id, or a number of the peer's */
	uint32_t header_version; /* as read; sccp_encode makes its own */
	bool known;              /* false: only `unknown` is valid */
	union {
		struct span unknown; /* body of a message that is not in the table */
#define MESSAGE(id, NAME, name, text, zero) struct sccp_##name name;
#include "wire/sccp/messages.def"
	};
};

/* The highest version we speak that is not above the phone's (3 for a phone that states less). */
unsigned sccp_negotiate(unsigned phone_version);

/* How many bytes the first message of `in` has (header + body); 0 when more bytes are needed to
 * tell or the message is not complete. *err is ERR_OK, ERR_PROTO for an impossible length or
 * ERR_LIMIT above SCCP_TOTAL_MAX: then the stream cannot be read any further. */
size_t sccp_frame(struct span in, enum err *err, struct fail *why);

/* Decodes exactly one framed message with the layout of the negotiated version (0 before there is
 * one). A message that is not in the table is no error, see `known`. ERR_SHORT, ERR_LIMIT,
 * ERR_PROTO (bytes differ from the header's length) with a place like
 * "RegisterAck, date_template at byte 16: …". */
enum err sccp_decode(
	struct sccp_message *m, struct span in, unsigned version, struct fail *why) MUST_USE;

/* Appends the message, padded to a multiple of four. `version` also goes into the header where that
 * is due. ERR_LIMIT for a text or count that does not fit, ERR_ARG for an id not in the table;
 * `out` is then as before. m->known and m->header_version are not looked at. */
enum err sccp_encode(struct buf *out, const struct sccp_message *m, unsigned version) MUST_USE;

/* "RegisterAck" for 0x81; NULL for an id that is not in the table. */
const char *sccp_message_name(uint32_t id);

/* Ids of the table in its order: the id at `i`, or false after the last. For tests and dumps. */
bool sccp_message_at(size_t i, uint32_t *id);

/* Appends the message's fields, one "name = value" per line; keys and salts only as their size. */
void sccp_print(struct buf *out, const struct sccp_message *m, unsigned version);

#endif
