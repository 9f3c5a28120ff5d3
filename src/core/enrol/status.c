/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/enrol/status.h"

#include "base/str.h"

#define BIT(op)    (1u << (op))
#define EVERY      (BIT(ENROL_INSTALL) | BIT(ENROL_DELETE) | BIT(ENROL_TROUBLESHOOT))
#define WITH_CA    (BIT(ENROL_INSTALL) | BIT(ENROL_DELETE))
#define NO_OF_THEM BIT(ENROL_NONE)

#define UPGRADE      "Upgrade"
#define DELETE       "Delete"
#define TROUBLESHOOT "Troubleshoot"

/* The texts are whole words, so that they can be searched for. */
#define FAILED(reason)                                                                             \
	{                                                                                          \
		NULL, UPGRADE " Failed: " reason, DELETE " Failed: " reason,                       \
			TROUBLESHOOT " Failed: " reason                                            \
	}
#define ONE(word)                                                                                  \
	{                                                                                          \
		NULL, UPGRADE " " word, DELETE " " word, TROUBLESHOOT " " word                     \
	}

static const struct row {
	const char *texts[ENROL_OPERATIONS];
	unsigned ops; /* for which there is a text */
	bool stays;
	const char *cause, *next;
} rows[ENROL_OUTCOMES] = {
	[ENROL_NOTHING] = {{"None"}, NO_OF_THEM, false,
		"No certificate operation was ordered for this phone, or the last order was taken "
		"back.",
		"cadeado device update SEP<MAC> --operation Install/Upgrade"},
	[ENROL_PENDING] = {{"Operation Pending"}, NO_OF_THEM, true,
		"The order waits for the phone: phones call CAPF, CAPF cannot call them. A phone "
		"calls when it starts; one that authenticates by string calls when somebody "
		"presses Update on it.",
		"cadeado device capf watch SEP<MAC> tells how far it is, cadeado device reset "
		"SEP<MAC> makes a registered phone call; one that does not come has another trust "
		"list, no way to port 3804, or is switched off: cadeado doctor"},
	[ENROL_SUCCESS] = {ONE("Success"), EVERY, false,
		"The phone has said that it did what was ordered.",
		"nothing is to be done; cadeado device show SEP<MAC>"},
	[ENROL_FAILED] = {ONE("Failed"), EVERY, false,
		"The phone, or this server, gave up for a reason that has no text of its own: the "
		"phone refused the certificate, has none to delete, or broke the protocol.",
		"cadeado device capf show SEP<MAC> tells the reason that was noted; then order the "
		"operation again"},
	[ENROL_BAD_LSC] = {FAILED("Invalid LSC"), EVERY, true,
		"The phone proved itself with an LSC that is not good here: issued by another CAPF, "
		"expired, or of another phone.",
		"where an earlier CAPF issued it: cadeado set cert import trust CAPF-trust FILE; else let "
		"the phone prove itself otherwise: cadeado device update SEP<MAC> --auth \"By "
		"Authentication String\", or delete the LSC on the phone"},
	[ENROL_BAD_STRING] = {FAILED("Invalid Authentication String"), EVERY, true,
		"What was typed on the phone is not its authentication string, the string was used "
		"already, or none was set. After ten wrong tries the phone has to wait ten minutes.",
		"cadeado device capf generate SEP<MAC> makes a new string, and says what to press on "
		"the phone"},
	[ENROL_BAD_MIC] = {FAILED("Invalid MIC"), EVERY, true,
		"The manufacturer's certificate that the phone showed is not good here: its issuer "
		"is not among the manufacturers' certificates, it has expired, or it is of another "
		"phone.",
		"put the manufacturer's CA certificate into the folder manufacturer of the state "
		"folder; for expired ones see mic_expiry in cadeado.conf(5); or: cadeado device "
		"update SEP<MAC> --auth \"By Authentication String\""},
	[ENROL_BAD_CREDENTIALS] = {FAILED("Invalid Credentials"), EVERY, true,
		"The phone sent no certificate though one is asked for, or the proof that it holds "
		"the certificate's key is wrong.",
		"a phone without LSC and MIC needs another way: cadeado device update SEP<MAC> "
		"--auth \"By Authentication String\"; a wrong proof of a phone that has one is an "
		"attempt by somebody else: cadeado utils audit show"},
	[ENROL_PHONE_LOST] = {FAILED("Phone Communication Failure"), EVERY, true,
		"The connection to the phone was lost, or the phone did not answer in time. The "
		"order still stands.",
		"the phone comes again by itself about three times; then cadeado device reset "
		"SEP<MAC>, or restart it (**#** in its Settings)"},
	[ENROL_KEY_FAILED] = {FAILED("Key Generation Failed/Timeout"), EVERY, false,
		"The phone could not make its key, made another one than was asked for, or took "
		"longer than the keep-alive time without a word.",
		"old phones need up to half an hour: cadeado utils capf set keep_alive 30; or ask "
		"for a smaller key: cadeado device update SEP<MAC> --rsa-bits 1024 --operation "
		"Install/Upgrade"},
	[ENROL_CA_LOST] = {FAILED("CA Communication Failure"), WITH_CA, true,
		"The authority that signs for CAPF could not be reached, or this server could not "
		"sign.",
		"cadeado show capf issuers; the phone comes again when it starts: cadeado device "
		"reset SEP<MAC>"},
	[ENROL_CA_REFUSED] = {FAILED("CA Rejected Connection"), WITH_CA, false,
		"The authority that signs for CAPF refused: wrong account, wrong certificate, or "
		"it does not issue for this phone.",
		"look at that authority's log, then order the operation again"},
	[ENROL_LATE] = {FAILED("User Initiated Request Late/Timedout"), EVERY, false,
		"The phone came after \"Operation Completes By\": the order had ended.",
		"cadeado device update SEP<MAC> --operation Install/Upgrade --operation-by DATE"},
	[ENROL_EC_ONLY] = {{NULL, UPGRADE " Failed: No Support for EC only in CAPF version 3"},
		BIT(ENROL_INSTALL), false,
		"Key Order is EC Only, and the phone speaks a version of CAPF in which it makes RSA "
		"keys only, or refused to make an EC key.",
		"cadeado device update SEP<MAC> --key-order \"EC Preferred, RSA Backup\" --operation "
		"Install/Upgrade"},
};

static const char *const operations[] = {[ENROL_NONE] = "No Pending Operation",
	[ENROL_INSTALL] = "Install/Upgrade",
	[ENROL_DELETE] = "Delete",
	[ENROL_TROUBLESHOOT] = "Troubleshoot"};

/* The original's list. */
static const enum enrol_outcome plain[] = {ENROL_SUCCESS, ENROL_FAILED};
static const enum enrol_outcome reasons[] = {ENROL_BAD_LSC, ENROL_BAD_STRING, ENROL_BAD_MIC,
	ENROL_BAD_CREDENTIALS, ENROL_PHONE_LOST, ENROL_KEY_FAILED, ENROL_CA_LOST, ENROL_CA_REFUSED,
	ENROL_LATE, ENROL_EC_ONLY};

const char *enrol_operation_text(enum enrol_operation op)
{
	return (unsigned)op < ENROL_OPERATIONS ? operations[op] : operations[ENROL_NONE];
}

const char *enrol_status_text(enum enrol_operation op, enum enrol_outcome outcome)
{
	const struct row *r = (unsigned)outcome < ENROL_OUTCOMES ? &rows[outcome] : &rows[0];

	if (r->ops == NO_OF_THEM)
		return r->texts[ENROL_NONE];
	if ((unsigned)op >= ENROL_OPERATIONS || op == ENROL_NONE)
		return rows[ENROL_NOTHING].texts[ENROL_NONE];
	return r->ops & BIT(op) ? r->texts[op] : rows[ENROL_FAILED].texts[op];
}

bool enrol_outcome_stays(enum enrol_outcome outcome)
{
	return (unsigned)outcome < ENROL_OUTCOMES && rows[outcome].stays;
}

static bool take(struct enrol_status *out, enum enrol_operation op, enum enrol_outcome outcome)
{
	const struct row *r = &rows[outcome];

	if (!(r->ops & BIT(op)))
		return false;
	*out = (struct enrol_status){op, outcome, r->texts[op], r->cause, r->next};
	return true;
}

bool enrol_status_at(size_t index, struct enrol_status *out)
{
	size_t i;
	int op;

	if (index < 2)
		return take(out, ENROL_NONE, index ? ENROL_PENDING : ENROL_NOTHING);
	index -= 2;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		for (op = ENROL_INSTALL; op < ENROL_OPERATIONS; op++)
			if (index-- == 0)
				return take(out, (enum enrol_operation)op, plain[i]);
	for (op = ENROL_INSTALL; op < ENROL_OPERATIONS; op++)
		for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
			if ((rows[reasons[i]].ops & BIT(op)) && index-- == 0)
				return take(out, (enum enrol_operation)op, reasons[i]);
	return false;
}

bool enrol_status_find(const char *text, struct enrol_status *out)
{
	size_t i;

	for (i = 0; enrol_status_at(i, out); i++)
		if (str_ieq(out->text, text))
			return true;
	return false;
}
