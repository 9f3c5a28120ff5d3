/* SPDX-License-Identifier: BSD-2-Clause
 * A PKCS #11 module for tests: passes everything on to SoftHSM, and has its tokens lock, vanish and
 * refuse as hardware does. TROUBLE_MODULE names SoftHSM's shared object; TROUBLE_CONTROL a file
 * that is read at every call, one word and a token's label in a line, of which later ones win; the
 * module appends to it what a person would see happen:
 * - in, out: the token is in its slot, or not
 * - pull: it is pulled out at the next signature (then: out)
 * - ok, few, last, locked: what its flags say of the PIN; a wrong PIN goes one step further
 * - no-pin: its user has no PIN yet
 * - no-sha1, no-raw: it does not sign with CKM_SHA1_RSA_PKCS, with CKM_RSA_PKCS
 * - login: somebody gave a PIN (appended only) */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL_SIZE   33
#define SLOTS_MAX    64
#define CONTROL_SIZE 65536

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

struct trouble {
	bool out, pull, no_sha1, no_raw, no_pin;
	enum { OK, FEW, LAST, LOCKED } pin;
};

static bool label_of(CK_SLOT_ID slot, char label[LABEL_SIZE])
{
	CK_TOKEN_INFO info;
	size_t len = sizeof(info.label);

	if (real->C_GetTokenInfo(slot, &info) != CKR_OK)
		return false;
	while (len && info.label[len - 1] == ' ')
		len--;
	memcpy(label, info.label, len);
	label[len] = '\0';
	return true;
}

static void obey(struct trouble *t, const char *word)
{
	static const char *const pins[] = {"ok", "few", "last", "locked"};
	int i;

	if (strcmp(word, "in") == 0 || strcmp(word, "out") == 0) {
		t->out = word[0] == 'o';
		t->pull = false;
	} else if (strcmp(word, "pull") == 0) {
		t->pull = true;
	} else if (strcmp(word, "no-sha1") == 0) {
		t->no_sha1 = true;
	} else if (strcmp(word, "no-raw") == 0) {
		t->no_raw = true;
	} else if (strcmp(word, "no-pin") == 0) {
		t->no_pin = true;
	}
	for (i = 0; i < 4; i++)
		if (strcmp(word, pins[i]) == 0)
			t->pin = i;
}

static struct trouble trouble_of(CK_SLOT_ID slot)
{
	const char *path = getenv("TROUBLE_CONTROL");
	FILE *f = path ? fopen(path, "re") : NULL;
	struct trouble t = {0};
	char label[LABEL_SIZE], line[128], word[32], name[64];

	while (f && label_of(slot, label) && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %63s", word, name) == 2 && strcmp(name, label) == 0)
			obey(&t, word);
	if (f)
		fclose(f);
	return t;
}

static void happen(CK_SLOT_ID slot, const char *word)
{
	const char *path = getenv("TROUBLE_CONTROL");
	char label[LABEL_SIZE], line[128];
	int fd, len;

	if (!path || !label_of(slot, label))
		return;
	len = snprintf(line, sizeof(line), "%s %s\n", word, label);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static CK_SLOT_ID slot_of(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info = {0};

	return real->C_GetSessionInfo(session, &info) == CKR_OK ? info.slotID : (CK_SLOT_ID)-1;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	CK_SLOT_ID all[SLOTS_MAX];
	CK_ULONG n = 0, i, kept = 0;
	CK_RV rv = real->C_GetSlotList(present, NULL, &n);

	n = SLOTS_MAX;
	if (rv == CKR_OK)
		rv = real->C_GetSlotList(present, all, &n);
	for (i = 0; rv == CKR_OK && i < n; i++)
		if (!present || !trouble_of(all[i]).out)
			all[kept++] = all[i];
	if (rv == CKR_OK && slots && *count < kept)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (rv == CKR_OK && slots)
		memcpy(slots, all, kept * sizeof(all[0]));
	*count = kept;
	return rv;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	CK_RV rv = real->C_GetSlotInfo(slot, info);

	if (rv == CKR_OK && trouble_of(slot).out)
		info->flags &= ~(CK_FLAGS)CKF_TOKEN_PRESENT;
	return rv;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct trouble t = trouble_of(slot);
	CK_RV rv = t.out ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(slot, info);

	if (rv != CKR_OK)
		return rv;
	info->flags &=
		~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
	if (t.no_pin)
		info->flags &= ~(CK_FLAGS)CKF_USER_PIN_INITIALIZED;
	if (t.pin >= FEW)
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (t.pin == LAST)
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (t.pin == LOCKED)
		info->flags |= CKF_USER_PIN_LOCKED;
	return CKR_OK;
}

static CK_RV open_session(
	CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	return trouble_of(slot).out ? CKR_TOKEN_NOT_PRESENT
				    : real->C_OpenSession(slot, flags, app, notify, session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE who, CK_UTF8CHAR *pin, CK_ULONG len)
{
	static const char *const worse[] = {"few", "last", "locked", "locked"};
	CK_SLOT_ID slot = slot_of(session);
	struct trouble t = trouble_of(slot);
	CK_RV rv;

	happen(slot, "login");
	if (t.out)
		return CKR_DEVICE_REMOVED;
	if (t.no_pin)
		return CKR_USER_PIN_NOT_INITIALIZED;
	if (t.pin == LOCKED)
		return CKR_PIN_LOCKED;
	rv = real->C_Login(session, who, pin, len);
	if (rv == CKR_PIN_INCORRECT)
		happen(slot, worse[t.pin]);
	else if (rv == CKR_OK && t.pin != OK)
		happen(slot, "ok");
	return rv;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_OBJECT_HANDLE key)
{
	struct trouble t = trouble_of(slot_of(session));

	if (t.out)
		return CKR_DEVICE_REMOVED;
	if ((t.no_sha1 && how->mechanism == CKM_SHA1_RSA_PKCS) ||
		(t.no_raw && how->mechanism == CKM_RSA_PKCS))
		return CKR_MECHANISM_INVALID;
	return real->C_SignInit(session, how, key);
}

/* Pulled out while it signs: nothing comes back. */
static bool pulled(CK_SESSION_HANDLE session)
{
	CK_SLOT_ID slot = slot_of(session);
	struct trouble t = trouble_of(slot);

	if (t.pull && !t.out)
		happen(slot, "out");
	return t.pull || t.out;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature,
	CK_ULONG *signature_len)
{
	return pulled(session) ? CKR_DEVICE_REMOVED
			       : real->C_Sign(session, data, len, signature, signature_len);
}

static CK_RV sign_final(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *signature_len)
{
	return pulled(session) ? CKR_DEVICE_REMOVED
			       : real->C_SignFinal(session, signature, signature_len);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *path = getenv("TROUBLE_MODULE");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
	CK_C_GetFunctionList get;
	CK_RV rv;

	if (!symbol)
		return CKR_GENERAL_ERROR;
	memcpy(&get, &symbol, sizeof(get));
	rv = get(&real);
	if (rv != CKR_OK)
		return rv;
	ours = *real;
	ours.C_GetFunctionList = C_GetFunctionList;
	ours.C_GetSlotList = get_slot_list;
	ours.C_GetSlotInfo = get_slot_info;
	ours.C_GetTokenInfo = get_token_info;
	ours.C_OpenSession = open_session;
	ours.C_Login = login;
	ours.C_SignInit = sign_init;
	ours.C_Sign = sign;
	ours.C_SignFinal = sign_final;
	*list = &ours;
	return CKR_OK;
}
