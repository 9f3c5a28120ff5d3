/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "base/str.h"
#include "crypto/p11_priv.h"

#define SLOTS_MAX 256u /* slots of a module that are looked at */

static bool flag(const struct p11_session *s, CK_FLAGS which)
{
	CK_TOKEN_INFO info;

	return s->m->f->C_GetTokenInfo(s->slot, &info) == CKR_OK && (info.flags & which) != 0;
}

static bool is_gone(const struct p11_session *s)
{
	CK_SLOT_INFO info;

	return s->m->f->C_GetSlotInfo(s->slot, &info) != CKR_OK ||
	       !(info.flags & CKF_TOKEN_PRESENT);
}

static enum err locked(const struct p11_session *s, const char *how, struct fail *why)
{
	return fail_set(why, ERR_LOCKED,
		"token %s: %s too many wrong PINs; its maker's program unlocks it, if anything "
		"does; use another token",
		s->label, how);
}

static enum err wrong_pin(const struct p11_session *s, struct fail *why)
{
	if (flag(s, CKF_USER_PIN_LOCKED))
		return locked(s, "wrong PIN, and now it is locked after", why);
	return fail_set(why, ERR_PIN, "token %s: wrong PIN%s", s->label,
		flag(s, CKF_USER_PIN_FINAL_TRY)   ? "; last try before it locks"
		: flag(s, CKF_USER_PIN_COUNT_LOW) ? "; few tries are left"
						  : "");
}

enum err p11_fail(const struct p11_session *s, CK_RV rv, const char *doing, struct fail *why)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE: return wrong_pin(s, why);
	case CKR_PIN_LOCKED: return locked(s, "locked after", why);
	case CKR_PIN_EXPIRED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return fail_set(why, ERR_DENIED,
			"token %s: its user has no valid PIN yet; set one with its maker's program",
			s->label);
	case CKR_HOST_MEMORY:
	case CKR_DEVICE_MEMORY:
		return fail_set(
			why, ERR_NOMEM, "token %s: %s: %s", s->label, doing, err_text(ERR_NOMEM));
	case CKR_TOKEN_WRITE_PROTECTED:
		return fail_set(why, ERR_DENIED, "token %s: it is write-protected", s->label);
	default: break;
	}
	/* Modules disagree about what they say then: a bad session, a bad handle, a bad device. */
	if (rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT || is_gone(s))
		return fail_set(why, ERR_NOTFOUND,
			"token %s: %s: it was removed; nothing has changed: insert it and try "
			"again",
			s->label, doing);
	return fail_set(why, ERR_CRYPTO, "token %s: %s: %s", s->label, doing, s->m->error(rv));
}

static bool is_printable(struct span text)
{
	struct buf shown = {0};
	bool same;

	str_printable(&shown, text);
	same = buf_check(&shown) == ERR_OK && span_eq(buf_span(&shown), text);
	buf_fini(&shown);
	return same;
}

/* Texts of a token are filled up with blanks. They are shown on terminals and typed by people: of
 * one that is no UTF-8, or could move a cursor, all that is not ASCII becomes '?'. */
static void take_text(char *out, const CK_UTF8CHAR *text, size_t size)
{
	bool good;

	while (size && (text[size - 1] == ' ' || text[size - 1] == '\0'))
		size--;
	good = is_printable(span_of(text, size));
	for (size_t i = 0; i < size; i++)
		out[i] = good || (text[i] >= ' ' && text[i] < 0x7F) ? (char)text[i] : '?';
	out[size] = '\0';
}

/* Initialised tokens that are in a slot. */
static enum err find_slots(
	struct p11_module *m, CK_SLOT_ID slots[SLOTS_MAX], CK_ULONG *count, struct fail *why)
{
	CK_ULONG present = 0;
	CK_RV rv;

	/* Without a place for the answer some modules look at their readers anew. */
	rv = m->f->C_GetSlotList(CK_TRUE, NULL, &present);
	*count = SLOTS_MAX;
	if (rv == CKR_OK)
		rv = m->f->C_GetSlotList(CK_TRUE, slots, count);
	if (rv != CKR_OK)
		return fail_set(why, rv == CKR_HOST_MEMORY ? ERR_NOMEM : ERR_CRYPTO,
			"cannot list the PKCS #11 tokens: %s", m->error(rv));
	return ERR_OK;
}

enum err p11_session_open(struct p11_session *s, struct p11_module *m, const char *label,
	bool writing, struct fail *why)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writing ? CKF_RW_SESSION : 0);
	CK_ULONG count, i, found = 0, present = 0;
	CK_SLOT_ID slots[SLOTS_MAX];
	char name[P11_LABEL];
	CK_TOKEN_INFO info;
	enum err err = find_slots(m, slots, &count, why);
	CK_RV rv;

	if (err)
		return err;
	*s = (struct p11_session){.m = m};
	for (i = 0; i < count; i++) {
		if (m->f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
			!(info.flags & CKF_TOKEN_INITIALIZED))
			continue;
		present++;
		take_text(name, info.label, sizeof(info.label));
		if (strcmp(name, label) != 0)
			continue;
		found++;
		s->slot = slots[i];
		memcpy(s->label, name, sizeof(name));
	}
	if (!found)
		return fail_set(why, ERR_NOTFOUND,
			"there is no token labelled %.64s among the %lu present", label, present);
	if (found > 1)
		return fail_set(
			why, ERR_EXISTS, "two tokens are labelled %.64s: remove one", label);
	rv = m->f->C_OpenSession(s->slot, flags, NULL, NULL, &s->handle);
	s->open = rv == CKR_OK;
	return s->open ? ERR_OK : p11_fail(s, rv, "cannot open a session", why);
}

void p11_session_close(struct p11_session *s)
{
	if (s->open)
		s->m->f->C_CloseSession(s->handle);
	s->open = false;
}

enum err p11_log_in(struct p11_session *s, CK_USER_TYPE who, const char *pin, struct fail *why)
{
	CK_RV rv;

	if (flag(s, CKF_USER_PIN_LOCKED))
		return locked(s, "locked after", why);
	if (!*pin)
		return fail_set(why, ERR_ARG, "token %s: an empty PIN is not tried", s->label);
	rv = s->m->f->C_Login(s->handle, who, (CK_UTF8CHAR *)(uintptr_t)pin, (CK_ULONG)strlen(pin));
	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN
		       ? ERR_OK
		       : p11_fail(s, rv, "cannot log in", why);
}

enum err p11_find(struct p11_session *s, CK_ATTRIBUTE *which, CK_ULONG attributes,
	CK_OBJECT_HANDLE *out, CK_ULONG room, CK_ULONG *count, struct fail *why)
{
	CK_FUNCTION_LIST *f = s->m->f;
	CK_ULONG got = 0;
	CK_RV rv = f->C_FindObjectsInit(s->handle, which, attributes);

	*count = 0;
	if (rv != CKR_OK)
		return p11_fail(s, rv, "cannot look for objects", why);
	do {
		rv = f->C_FindObjects(s->handle, out + *count, room - *count, &got);
		*count += rv == CKR_OK ? got : 0;
	} while (rv == CKR_OK && got && *count < room);
	f->C_FindObjectsFinal(s->handle);
	return rv == CKR_OK ? ERR_OK : p11_fail(s, rv, "cannot look for objects", why);
}

enum err p11_read_cert(struct p11_session *s, CK_OBJECT_HANDLE object, uint8_t id[P11_ID],
	size_t *id_len, struct cert **cert)
{
	uint8_t der[CERT_SIZE_MAX];
	CK_ATTRIBUTE get[] = {{CKA_VALUE, der, sizeof(der)}, {CKA_ID, id, P11_ID}};
	enum err err;

	if (s->m->f->C_GetAttributeValue(s->handle, object, get, 2) != CKR_OK || !get[1].ulValueLen)
		return ERR_OK;
	*id_len = get[1].ulValueLen;
	err = cert_from_der(cert, span_of(der, get[0].ulValueLen), NULL);
	return err == ERR_NOMEM ? err : ERR_OK;
}

static enum err read_certs(
	struct p11_session *s, struct p11_token *t, struct cert *certs[P11_CERTS])
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_ATTRIBUTE which[] = {{CKA_CLASS, &kind, sizeof(kind)}};
	CK_OBJECT_HANDLE objects[P11_CERTS];
	CK_ULONG count = 0, i;
	uint8_t id[P11_ID];
	size_t id_len;
	enum err err = p11_find(s, which, 1, objects, P11_CERTS, &count, NULL);

	for (i = 0; i < count && !err; i++) {
		struct cert *cert = NULL;

		err = p11_read_cert(s, objects[i], id, &id_len, &cert);
		if (cert && cert_key_is_rsa(cert)) {
			certs[t->cert_count] = cert;
			t->certs[t->cert_count++] = cert;
		} else {
			cert_free(cert);
		}
	}
	return err;
}

/* ERR_NOTFOUND: it is not initialised, or went away. */
static enum err look_at(
	struct p11_module *m, CK_SLOT_ID slot, struct p11_token *t, struct cert *certs[P11_CERTS])
{
	struct p11_session s = {.m = m, .slot = slot};
	CK_TOKEN_INFO info;
	enum err err;

	*t = (struct p11_token){0};
	if (m->f->C_GetTokenInfo(slot, &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
		return ERR_NOTFOUND;
	take_text(t->label, info.label, sizeof(info.label));
	take_text(t->serial, (const CK_UTF8CHAR *)info.serialNumber, sizeof(info.serialNumber));
	t->few_tries = info.flags & CKF_USER_PIN_COUNT_LOW;
	t->last_try = info.flags & CKF_USER_PIN_FINAL_TRY;
	t->locked = info.flags & CKF_USER_PIN_LOCKED;
	t->no_pin = !(info.flags & CKF_USER_PIN_INITIALIZED);
	if (m->f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s.handle) != CKR_OK)
		return ERR_NOTFOUND;
	s.open = true;
	err = read_certs(&s, t, certs);
	p11_session_close(&s);
	return err == ERR_OK || err == ERR_NOMEM ? err : ERR_NOTFOUND;
}

enum err p11_each(struct p11_module *m, enum err (*each)(void *ctx, const struct p11_token *token),
	void *ctx, struct fail *why)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count, i;
	enum err err = find_slots(m, slots, &count, why);

	for (i = 0; i < count && !err; i++) {
		struct cert *certs[P11_CERTS];
		struct p11_token t;
		size_t k;

		err = look_at(m, slots[i], &t, certs);
		if (!err)
			err = each(ctx, &t);
		else if (err == ERR_NOTFOUND)
			err = ERR_OK;
		for (k = 0; k < t.cert_count; k++)
			cert_free(certs[k]);
	}
	return err ? fail_set(why, err, "PKCS #11 tokens: %s", err_text(err)) : ERR_OK;
}
