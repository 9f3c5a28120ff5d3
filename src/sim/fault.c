/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/fault.h"

#include "base/str.h"
#include "wire/capf/capf.h"

#include <stdio.h>
#include <string.h>

enum value { NONE, SECONDS, MESSAGE };

static const struct row {
	const char *name;
	enum value value;
	const char *help;
} rows[SIM_FAULTS] = {
	[SIM_FAULT_WRONG_STRING] = {"wrong-string", NONE, "sends another string than it was given"},
	[SIM_FAULT_NO_STRING] = {"no-string", NONE, "sends no string at all"},
	[SIM_FAULT_NO_PROOF] = {"no-proof", NONE, "sends a certificate without signatures"},
	[SIM_FAULT_WRONG_PROOF] = {"wrong-proof", NONE, "signs something else"},
	[SIM_FAULT_SHORT_PADDING] = {"short-padding", NONE,
		"RSA: the signature ends in the right hash, but its padding is not whole"},
	[SIM_FAULT_NO_KEY] = {"no-key", NONE, "says that it cannot make a key"},
	[SIM_FAULT_WRONG_KEY_SIZE] = {"wrong-key-size", NONE, "makes a key of another size"},
	[SIM_FAULT_WRONG_KEY_TYPE] = {"wrong-key-type", NONE, "makes EC for RSA, RSA for EC"},
	[SIM_FAULT_BAD_KEY] = {"bad-key", NONE, "sends bytes that are no public key"},
	[SIM_FAULT_SLOW_KEY] = {"slow-key", SECONDS, "is that long at making its key"},
	[SIM_FAULT_NO_PROGRESS] = {"no-progress", NONE, "sends no REQ_IN_PROGRESS"},
	[SIM_FAULT_REFUSE_CERTIFICATE] = {"refuse-certificate", NONE,
		"does not take the certificate"},
	[SIM_FAULT_LOSE_ANSWER] = {"lose-answer", NONE,
		"takes the certificate, and is gone before it says so"},
	[SIM_FAULT_REFUSE_DELETE] = {"refuse-delete", NONE, "does not delete its LSC"},
	[SIM_FAULT_REFUSE_FETCH] = {"refuse-fetch", NONE, "does not show its certificates"},
	[SIM_FAULT_WRONG_SESSION] = {"wrong-session", NONE, "sends another session number back"},
	[SIM_FAULT_PIECES] = {"pieces", NONE, "sends each byte of a message in a write of its own"},
	[SIM_FAULT_NO_ANSWER] = {"no-answer", MESSAGE, "does not answer, and stays connected"},
	[SIM_FAULT_HALF_ANSWER] = {"half-answer", MESSAGE, "sends half an answer, then nothing"},
	[SIM_FAULT_GARBAGE] = {"garbage", MESSAGE, "answers with bytes that are no message"},
	[SIM_FAULT_UNKNOWN_TYPE] = {"unknown-type", MESSAGE,
		"answers with a message of a type that nobody knows"},
	[SIM_FAULT_HANG_UP] = {"hang-up", MESSAGE, "closes the connection instead of answering"},
};

/* What a server can ask for. */
static const uint8_t messages[] = {CAPF_AUTH_REQ, CAPF_KEY_GEN_REQ, CAPF_STORE_CERT_REQ,
	CAPF_FETCH_CERT_REQ, CAPF_DELETE_CERT_REQ};

static const struct row *find(const char *name, size_t len)
{
	for (size_t i = 0; i < SIM_FAULTS; i++) {
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static uint8_t message_number(const char *name)
{
	for (size_t i = 0; i < sizeof(messages); i++) {
		if (str_ieq(name, capf_type_name(messages[i])))
			return messages[i];
	}
	return 0;
}

static enum err set_message(uint8_t *at, const char *name, const char *value, struct fail *why)
{
	*at = value ? message_number(value) : CAPF_AUTH_REQ;
	return *at ? ERR_OK
		   : fail_set(why, ERR_FORMAT,
			     "%s: no server sends %s; one of AUTH_REQ, KEY_GEN_REQ, "
			     "STORE_CERT_REQ, FETCH_CERT_REQ, DELETE_CERT_REQ",
			     name, value);
}

enum err sim_fault_add(struct sim_faults *f, const char *text, struct fail *why)
{
	const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
	const struct row *row = find(text, equals ? (size_t)(equals - text) : strlen(text));
	long seconds = 0;
	enum err err = ERR_OK;

	if (!row)
		return fail_set(why, ERR_NOTFOUND,
			"there is no fault %s; --capf-fault help lists them", text);
	switch (row->value) {
	case NONE:
		if (value)
			err = fail_set(why, ERR_FORMAT, "%s takes no value", row->name);
		break;
	case SECONDS:
		if (!value || str_number(value, 1, SIM_FAULT_SECONDS_MAX, &seconds))
			err = fail_set(why, ERR_FORMAT, "%s=SECONDS, 1 to %d", row->name,
				SIM_FAULT_SECONDS_MAX);
		f->slow_seconds = (int)seconds;
		break;
	case MESSAGE: err = set_message(&f->at[row - rows], row->name, value, why); break;
	}
	if (err == ERR_OK)
		f->set |= UINT32_C(1) << (row - rows);
	return err;
}

bool sim_fault_set(const struct sim_faults *f, enum sim_fault fault)
{
	return f->set >> fault & 1;
}

bool sim_fault_at(const struct sim_faults *f, enum sim_fault fault, unsigned type)
{
	return sim_fault_set(f, fault) && f->at[fault] == type;
}

void sim_fault_print(struct buf *out)
{
	static const char *const values[] = {
		[NONE] = "", [SECONDS] = "=SECONDS", [MESSAGE] = "[=MESSAGE]"};

	for (size_t i = 0; i < SIM_FAULTS; i++) {
		char left[40];

		(void)snprintf(left, sizeof(left), "%s%s", rows[i].name, values[rows[i].value]);
		buf_printf(out, "  %-24s %s\n", left, rows[i].help);
	}
}
