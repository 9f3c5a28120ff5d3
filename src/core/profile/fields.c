/* SPDX-License-Identifier: BSD-2-Clause
 * The fields of a profile: one row each yields setting, printing and the list of what is allowed.
 */
#include "core/profile/profile.h"

#include "base/str.h"

#include <string.h>

enum kind { KIND_TEXT, KIND_CHOICE, KIND_NUMBER, KIND_BOOL, KIND_MODEL };

struct choice {
	int value;
	const char *word;
};

struct row {
	struct profile_field field;
	enum kind kind;
	size_t at;
	const struct choice *choices; /* ends with NULL */
	long low, high;
};

static const struct choice protocols[] = {{STORE_SCCP, "SCCP"}, {STORE_SIP, "SIP"}, {0, NULL}};
static const struct choice modes[] = {
	{1, "Non Secure"}, {2, "Authenticated"}, {3, "Encrypted"}, {0, NULL}};
static const struct choice auths[] = {{PROFILE_AUTH_STRING, "By Authentication String"},
	{PROFILE_AUTH_NULL, "By Null String"},
	{PROFILE_AUTH_LSC, "By Existing Certificate (precedence to LSC)"},
	{PROFILE_AUTH_MIC, "By Existing Certificate (precedence to MIC)"}, {0, NULL}};
static const struct choice orders[] = {{PROFILE_RSA_ONLY, "RSA Only"}, {PROFILE_EC_ONLY, "EC Only"},
	{PROFILE_EC_PREFERRED, "EC Preferred, RSA Backup"}, {0, NULL}};
static const struct choice rsa_sizes[] = {
	{512, "512"}, {1024, "1024"}, {2048, "2048"}, {3072, "3072"}, {4096, "4096"}, {0, NULL}};
static const struct choice ec_sizes[] = {
	{256, "256"}, {384, "384"}, {521, "521"}, {0, "NA"}, {0, NULL}};
static const struct choice transports[] = {
	{1, "TCP"}, {2, "UDP"}, {3, "TLS"}, {4, "TCP+UDP"}, {0, "NA"}, {0, NULL}};

#define AT(member) offsetof(struct profile, member)

static const struct row rows[] = {
	{{"description", "description", "Description"}, KIND_TEXT, AT(description), NULL, 0, 0},
	{{"deviceType", "device-type", "Device Type"}, KIND_MODEL, AT(model), NULL, 0, 0},
	{{"protocol", "protocol", "Device Protocol"}, KIND_CHOICE, AT(protocol), protocols, 0, 0},
	{{"nonceValidityTime", "nonce-validity", "Nonce Validity Time"}, KIND_NUMBER,
		AT(nonce_validity), NULL, 1, 3600},
	{{"deviceSecurityMode", "mode", "Device Security Mode"}, KIND_CHOICE, AT(mode), modes, 0,
		0},
	{{"transportType", "transport", "Transport Type"}, KIND_CHOICE, AT(transport), transports,
		0, 0},
	{{"tftpEncryptedConfig", "encrypted-config", "TFTP Encrypted Config"}, KIND_BOOL,
		AT(encrypted_config), NULL, 0, 0},
	{{"excludeDigestCredentials", "exclude-digest",
		 "Exclude Digest Credentials in Configuration File"},
		KIND_BOOL, AT(exclude_digest), NULL, 0, 0},
	{{"authenticationMode", "auth", "Authentication Mode"}, KIND_CHOICE, AT(auth), auths, 0, 0},
	{{"keyOrder", "key-order", "Key Order"}, KIND_CHOICE, AT(key_order), orders, 0, 0},
	{{"rsaKeySize", "rsa-bits", "RSA Key Size (Bits)"}, KIND_CHOICE, AT(rsa_bits), rsa_sizes, 0,
		0},
	{{"ecKeySize", "ec-bits", "EC Key Size (Bits)"}, KIND_CHOICE, AT(ec_bits), ec_sizes, 0, 0},
	{{"sipPhonePort", "sip-port", "SIP Phone Port"}, KIND_NUMBER, AT(sip_port), NULL, 1, 65535},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct profile_field *profile_field_at(size_t index)
{
	return index < ROWS ? &rows[index].field : NULL;
}

void profile_defaults(struct profile *p, const char *name)
{
	*p = (struct profile){.protocol = STORE_SCCP,
		.mode = 1,
		.auth = PROFILE_AUTH_NULL,
		.rsa_bits = 2048,
		.nonce_validity = 600,
		.sip_port = 5060};
	str_copy(p->name, sizeof(p->name), name);
}

static enum err wrong(const struct row *r, struct fail *why)
{
	const struct choice *c;
	struct buf words = {0};

	for (c = r->choices; c->word; c++)
		buf_printf(&words, "%s%s", c == r->choices ? "" : ", ", c->word);
	buf_u8(&words, 0);
	fail_set(why, ERR_FORMAT, "%s is one of: %s", r->field.label,
		buf_check(&words) ? "" : (const char *)words.data);
	buf_fini(&words);
	return ERR_FORMAT;
}

static enum err set_choice(const struct row *r, int *out, const char *text, struct fail *why)
{
	const struct choice *c;

	for (c = r->choices; c->word; c++)
		if (str_ieq(c->word, text)) {
			*out = c->value;
			return ERR_OK;
		}
	return wrong(r, why);
}

static enum err set_bool(const struct row *r, bool *out, const char *text, struct fail *why)
{
	static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no",
									     "off", "0"};
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_ieq(text, yes[i]) || str_ieq(text, no[i])) {
			*out = str_ieq(text, yes[i]);
			return ERR_OK;
		}
	}
	return fail_set(why, ERR_FORMAT, "%s is true or false", r->field.label);
}

static enum err set_model(int *out, const char *text, struct fail *why)
{
	const struct model *m = model_find(text);
	long type;

	if (str_ieq(text, "any") || !*text) {
		*out = 0;
		return ERR_OK;
	}
	if (m) {
		*out = m->type;
		return ERR_OK;
	}
	if (str_number(text, 1, 99999, &type))
		return fail_set(why, ERR_FORMAT,
			"Device Type is a model such as \"Cisco 7961\", the number of a device "
			"type, or any");
	*out = (int)type;
	return ERR_OK;
}

enum err profile_set(struct profile *p, const char *key, const char *text, struct fail *why)
{
	const struct row *r;
	char *at;
	long number;

	for (r = rows; r < rows + ROWS && !str_ieq(r->field.key, key); r++)
		continue;
	if (r == rows + ROWS)
		return fail_set(why, ERR_NOTFOUND, "a profile has no field %.40s", key);
	at = (char *)p + r->at;
	switch (r->kind) {
	case KIND_CHOICE: return set_choice(r, (int *)(void *)at, text, why);
	case KIND_BOOL: return set_bool(r, (bool *)(void *)at, text, why);
	case KIND_MODEL: return set_model((int *)(void *)at, text, why);
	case KIND_NUMBER:
		if (str_number(text, r->low, r->high, &number))
			return fail_set(why, ERR_FORMAT, "%s is a number from %ld to %ld",
				r->field.label, r->low, r->high);
		*(int *)(void *)at = (int)number;
		return ERR_OK;
	case KIND_TEXT:
	default:
		if (!str_copy(at, sizeof(p->description), text))
			return fail_set(why, ERR_LIMIT, "%s: at most %d characters", r->field.label,
				PROFILE_NAME_MAX);
		return ERR_OK;
	}
}

static void put_choice(const struct choice *c, int value, struct buf *out)
{
	for (; c->word; c++)
		if (c->value == value) {
			buf_str(out, c->word);
			return;
		}
	buf_printf(out, "%d", value);
}

void profile_text(const struct profile *p, const struct profile_field *field, struct buf *out)
{
	const struct row *r = (const struct row *)(const void *)field;
	const char *at = (const char *)p + r->at;
	const int *number = (const int *)(const void *)at;

	switch (r->kind) {
	case KIND_CHOICE: put_choice(r->choices, *number, out); break;
	case KIND_BOOL: buf_str(out, *(const bool *)at ? "true" : "false"); break;
	case KIND_NUMBER: buf_printf(out, "%d", *number); break;
	case KIND_MODEL:
		if (!*number)
			buf_str(out, "any");
		else if (model_is_known(*number))
			buf_str(out, model_of(*number)->name);
		else
			buf_printf(out, "%d", *number);
		break;
	case KIND_TEXT:
	default: buf_str(out, at); break;
	}
}
