/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/device/fields.h"

#include "core/device/auth_string.h"
#include "core/device/internal.h"
#include "core/device/secret.h"
#include "core/model/load.h"
#include "core/model/model.h"
#include "core/profile/profile.h"

#include <stdio.h>

#define INSTALL_WINDOW (7 * 24 * 60 * 60) /* seconds within which an ordered operation is done */
#define OWNER_MAX      30                 /* characters, as in the original */
#define SECRET_MAX     64                 /* bytes */
#define DIGEST_MOST    30 /* characters of user and credentials: phones take no more */

enum kind {
	KIND_TEXT,
	KIND_DIALLED, /* a directory number */
	KIND_CHOICE,
	KIND_MODEL,
	KIND_TIME,
	KIND_OPERATION,
	KIND_DIGITS, /* a secret of digits */
	KIND_SECRET,
	KIND_LOAD, /* the name of a firmware */
};

struct choice {
	int64_t value;
	const char *word;
};

struct row {
	struct device_field field;
	enum kind kind;
	size_t at, size;
	const struct choice *choices; /* ends with NULL; the first is the default */
};

static const struct choice protocols[] = {{STORE_SCCP, "SCCP"}, {STORE_SIP, "SIP"}, {0, NULL}};
static const struct choice web[] = {{0, "Disabled"}, {1, "Enabled"}, {2, "Read Only"}, {0, NULL}};
static const struct choice ssh[] = {{0, "Disabled"}, {1, "Enabled"}, {0, NULL}};
static const struct choice operations[] = {{0, "No Pending Operation"}, {1, "Install/Upgrade"},
	{2, "Delete"}, {3, "Troubleshoot"}, {0, NULL}};
/* Of the phone itself; without a word its profile's applies. */
static const struct choice auths[] = {{0, ""}, {PROFILE_AUTH_STRING, "By Authentication String"},
	{PROFILE_AUTH_NULL, "By Null String"},
	{PROFILE_AUTH_LSC, "By Existing Certificate (precedence to LSC)"},
	{PROFILE_AUTH_MIC, "By Existing Certificate (precedence to MIC)"}, {0, NULL}};
static const struct choice orders[] = {{0, ""}, {PROFILE_RSA_ONLY + 1, "RSA Only"},
	{PROFILE_EC_ONLY + 1, "EC Only"}, {PROFILE_EC_PREFERRED + 1, "EC Preferred, RSA Backup"},
	{0, NULL}};
static const struct choice rsa_sizes[] = {{0, ""}, {512, "512"}, {1024, "1024"}, {2048, "2048"},
	{3072, "3072"}, {4096, "4096"}, {0, NULL}};
static const struct choice ec_sizes[] = {
	{0, ""}, {256, "256"}, {384, "384"}, {521, "521"}, {0, NULL}};

#define AT(member) offsetof(struct store_device, member), sizeof(((struct store_device *)0)->member)
#define BULK       DEVICE_FIELD_BULK
#define SECRET     (DEVICE_FIELD_BULK | DEVICE_FIELD_SECRET)
#define MOMENT     (DEVICE_FIELD_BULK | DEVICE_FIELD_CLOCK)

static const struct row rows[] = {
	{{"description", "description", "Description", BULK}, KIND_TEXT, AT(description), NULL},
	{{"deviceType", "device-type", "Device Type", BULK}, KIND_MODEL, AT(model), NULL},
	{{"protocol", "protocol", "Device Protocol", BULK}, KIND_CHOICE, AT(protocol), protocols},
	{{"profile", "profile", "Security Profile", BULK}, KIND_TEXT, AT(profile), NULL},
	{{"number", "number", "Directory Number 1", 0}, KIND_DIALLED, AT(number), NULL},
	{{"display", "display", "Line Display 1", 0}, KIND_TEXT, AT(display), NULL},
	{{"owner", "owner", "Owner", BULK}, KIND_TEXT, AT(owner), NULL},
	{{"certificateOperation", "operation", "Certificate Operation", BULK}, KIND_OPERATION,
		AT(operation), operations},
	{{"operationCompletesBy", "operation-by", "Operation Completes By", MOMENT}, KIND_TIME,
		AT(operation_by), NULL},
	{{"authenticationMode", "auth", "Authentication Mode", BULK}, KIND_CHOICE, AT(auth_mode),
		auths},
	{{"authenticationString", NULL, "Authentication String", SECRET}, KIND_DIGITS,
		AT(auth_string), NULL},
	{{"keyOrder", "key-order", "Key Order", BULK}, KIND_CHOICE, AT(key_order), orders},
	{{"rsaKeySize", "rsa-bits", "RSA Key Size (Bits)", BULK}, KIND_CHOICE, AT(key_bits),
		rsa_sizes},
	{{"ecKeySize", "ec-bits", "EC Key Size (Bits)", BULK}, KIND_CHOICE, AT(ec_bits), ec_sizes},
	{{"webAccess", "web-access", "Web Access", BULK}, KIND_CHOICE, AT(web_access), web},
	{{"sshAccess", "ssh-access", "SSH Access", BULK}, KIND_CHOICE, AT(ssh_access), ssh},
	{{"sshUser", "ssh-user", "Secure Shell User", BULK}, KIND_TEXT, AT(ssh_user), NULL},
	{{"sshPassword", NULL, "Secure Shell Password", SECRET}, KIND_SECRET, AT(ssh_password),
		NULL},
	{{"load", "load", "Load Information", BULK}, KIND_LOAD, AT(load_name), NULL},
	{{"digestUser", "digest-user", "Digest User", BULK}, KIND_TEXT, AT(digest_user), NULL},
	{{"digestCredentials", NULL, "Digest Credentials", SECRET}, KIND_SECRET,
		AT(digest_password), NULL},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct device_field *device_field_at(size_t index)
{
	return index < ROWS ? &rows[index].field : NULL;
}

const struct device_field *device_field_find(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (str_ieq(rows[i].field.label, name) ||
			(rows[i].field.option && str_ieq(rows[i].field.option, name)))
			return &rows[i].field;
	return NULL;
}

void device_row_init(struct store_device *row, const char *name)
{
	memset(row, 0, sizeof(*row));
	str_copy(row->name, sizeof(row->name), name);
	row->model = DEVICE_MODEL_DEFAULT;
	str_copy(row->profile, sizeof(row->profile), DEVICE_PROFILE_DEFAULT);
	str_copy(row->operation_status, sizeof(row->operation_status), "None");
}

/* Bytes of a text, with NUL, where something else is narrower than the store. */
static size_t room_of(const struct row *r)
{
	switch (r->at) {
	case offsetof(struct store_device, owner): return OWNER_MAX + 1;
	case offsetof(struct store_device, digest_user): return DIGEST_MOST + 1;
	default: return r->size;
	}
}

static enum err set_text(const struct row *r, char *out, const char *text, struct fail *why)
{
	size_t most = room_of(r);
	const char *p;

	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return fail_set(why, ERR_FORMAT, "%s: control characters are not allowed",
				r->field.label);
	if (strlen(text) >= most)
		return fail_set(why, ERR_FORMAT, "%s: at most %zu bytes", r->field.label, most - 1);
	/* What was behind the text before must not make two equal rows different. */
	memset(out, 0, r->size);
	memcpy(out, text, strlen(text));
	return ERR_OK;
}

static enum err set_dialled(const struct row *r, char *out, const char *text, struct fail *why)
{
	size_t len = strlen(text);

	if (len >= r->size || strspn(text, "0123456789*#+") != len)
		return fail_set(why, ERR_FORMAT,
			"directory number: at most %zu of the digits, '*', '#' and '+'",
			r->size - 1);
	return set_text(r, out, text, why);
}

static enum err set_load(const struct row *r, char *out, const char *text, struct fail *why)
{
	char name[STORE_NAME];
	struct fail local = {0};
	enum err err = model_load_name(text, name, &local);

	return err ? fail_set(why, err, "%s: %s", r->field.label, local.text)
		   : set_text(r, out, name, why);
}

static enum err set_choice(const struct row *r, int64_t *out, const char *text, struct fail *why)
{
	const struct choice *c;
	struct buf words = {0};

	if (!*text) {
		*out = r->choices->value;
		return ERR_OK;
	}
	for (c = r->choices; c->word; c++)
		if (str_ieq(c->word, text)) {
			*out = c->value;
			return ERR_OK;
		}
	for (c = r->choices; c->word; c++)
		if (*c->word)
			buf_printf(&words, "%s%s", words.len ? ", " : "", c->word);
	buf_u8(&words, 0);
	fail_set(why, ERR_FORMAT, "%s is one of: %s", r->field.label,
		buf_check(&words) ? "" : (const char *)words.data);
	buf_fini(&words);
	return ERR_FORMAT;
}

static enum err set_model(int64_t *out, const char *text, struct fail *why)
{
	const struct model *m = model_find(text);
	long type = DEVICE_MODEL_DEFAULT;

	if (m)
		type = m->type;
	else if (*text && str_number(text, 1, DEVICE_MODEL_MAX, &type))
		return fail_set(why, ERR_FORMAT,
			"Device Type is a model such as \"Cisco 7961\", or the number of a device "
			"type");
	*out = type;
	return ERR_OK;
}

static enum err set_operation(struct cluster *c, const struct row *r, struct store_device *row,
	const char *text, struct fail *why)
{
	int64_t before = row->operation;
	enum err err = set_choice(r, &row->operation, text, why);

	/* What came of the last order stays, until there is another one. */
	if (err || (!before && !row->operation))
		return err;
	memset(row->operation_status, 0, sizeof(row->operation_status));
	str_copy(row->operation_status, sizeof(row->operation_status),
		row->operation ? "Operation Pending" : "None");
	row->operation_by =
		row->operation ? clock_seconds(cluster_get_clock(c)) + INSTALL_WINDOW : 0;
	return ERR_OK;
}

static enum err set_secret(struct cluster *c, const struct row *r, struct store_device *row,
	struct store_sealed *out, const char *text, struct fail *why)
{
	size_t most =
		r->at == offsetof(struct store_device, digest_password) ? DIGEST_MOST : SECRET_MAX;
	size_t len = strlen(text), i;

	if (r->kind == KIND_DIGITS && len && !auth_string_good(text))
		return fail_set(why, ERR_FORMAT, "%s: %u to %u digits", r->field.label,
			AUTH_STRING_LEAST, AUTH_STRING_MOST);
	if (r->kind == KIND_DIGITS)
		return auth_string_seal(c, row->name, text, out, why);
	for (i = 0; i < len; i++)
		if (len > most || text[i] < 0x20 || text[i] > 0x7E)
			return fail_set(why, ERR_FORMAT, "%s: at most %zu printable characters",
				r->field.label, most);
	return device_seal(c, row->name, r->field.key, text, out, why);
}

enum err device_field_set(struct cluster *c, struct store_device *row, const struct device_field *f,
	const char *text, struct fail *why)
{
	const struct row *r = (const struct row *)(const void *)f;
	void *at = (char *)row + r->at;

	switch (r->kind) {
	case KIND_DIALLED: return set_dialled(r, at, text, why);
	case KIND_LOAD: return set_load(r, at, text, why);
	case KIND_CHOICE: return set_choice(r, at, text, why);
	case KIND_MODEL: return set_model(at, text, why);
	case KIND_OPERATION: return set_operation(c, r, row, text, why);
	case KIND_DIGITS:
	case KIND_SECRET: return set_secret(c, r, row, at, text, why);
	case KIND_TIME:
		/* With an order, "" leaves the days that it is given. */
		if (!*text)
			return ERR_OK;
		if (clock_parse(text, at))
			return fail_set(why, ERR_FORMAT,
				"%s: a time such as 2026-12-01 or 2026-12-01T18:00:00Z",
				r->field.label);
		return ERR_OK;
	case KIND_TEXT:
	default: return set_text(r, at, text, why);
	}
}

void device_field_text(
	const struct store_device *row, const struct device_field *f, struct buf *out)
{
	const struct row *r = (const struct row *)(const void *)f;
	const char *at = (const char *)row + r->at;
	const struct choice *c = r->choices;
	char date[CLOCK_DATE_MAX];
	int64_t value = 0;

	if (r->size == sizeof(value))
		memcpy(&value, at, sizeof(value));
	switch (r->kind) {
	case KIND_CHOICE:
	case KIND_OPERATION:
		while (c->word && c->value != value)
			c++;
		if (c->word)
			buf_str(out, c->word);
		else
			buf_printf(out, "%lld", (long long)value);
		break;
	case KIND_MODEL:
		if (model_is_known((int)value))
			buf_str(out, model_of((int)value)->name);
		else
			buf_printf(out, "%lld", (long long)value);
		break;
	case KIND_TIME:
		if (!value)
			break;
		clock_print_iso(date, value);
		buf_str(out, date);
		break;
	case KIND_DIGITS:
	case KIND_SECRET: break;
	case KIND_DIALLED:
	case KIND_LOAD:
	case KIND_TEXT:
	default: buf_str(out, at); break;
	}
}

bool device_field_given(const struct store_device *row, const struct device_field *f)
{
	const struct row *r = (const struct row *)(const void *)f;

	return (f->use & DEVICE_FIELD_SECRET) &&
	       ((const struct store_sealed *)(const void *)((const char *)row + r->at))->len;
}

void device_field_copy(
	struct store_device *to, const struct store_device *from, const struct device_field *f)
{
	const struct row *r = (const struct row *)(const void *)f;

	memcpy((char *)to + r->at, (const char *)from + r->at, r->size);
	if (r->kind == KIND_OPERATION) {
		to->operation_by = from->operation_by;
		memcpy(to->operation_status, from->operation_status, sizeof(to->operation_status));
	}
}
