/* SPDX-License-Identifier: BSD-2-Clause
 * Which profiles can work, and for which phones. */
#include "core/profile/profile.h"

#include "base/str.h"

#include <string.h>

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static enum err check_text(const char *text, const char *what, struct fail *why)
{
	const char *p;

	if (characters(text) > PROFILE_NAME_MAX)
		return fail_set(
			why, ERR_FORMAT, "%s: at most %d characters", what, PROFILE_NAME_MAX);
	for (p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F || strchr("\"%&\\<>", *p))
			return fail_set(why, ERR_FORMAT,
				"%s: control characters and \" %% & \\ < > are not allowed", what);
	return ERR_OK;
}

static const char *const modes[] = {"", "Non Secure", "Authenticated", "Encrypted"};

/* What neither this profile nor any phone of the model could do. */
static enum err check_model(
	const struct profile *p, const struct model *m, const char *whose, struct fail *why)
{
	if (!(m->protocols & (p->protocol == STORE_SIP ? MODEL_SIP : MODEL_SCCP)))
		return fail_set(why, ERR_UNSUPPORTED, "%s: %s does not speak %s", whose, m->name,
			p->protocol == STORE_SIP ? "SIP" : "SCCP");
	if (p->encrypted_config && !m->encrypted_config)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s: %s cannot open encrypted configuration files and would never get one; "
			"turn TFTP Encrypted Config off",
			whose, m->name);
	/* Those delivered with the system are for every model: a smaller key is asked of such
	 * phones. */
	if (!p->predefined && p->key_order != PROFILE_EC_ONLY &&
		(unsigned)p->rsa_bits > m->rsa_max && m->rsa_max)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s: %s makes RSA keys of at most %u bits, not %d", whose, m->name,
			m->rsa_max, p->rsa_bits);
	if (p->key_order == PROFILE_EC_ONLY && !m->ec)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s: %s has no EC keys and could get no certificate; choose RSA Only, or EC "
			"Preferred, RSA Backup",
			whose, m->name);
	if (p->mode > 1 && !m->rsa_max)
		return fail_set(why, ERR_UNSUPPORTED,
			"%s: %s can have no certificate, so Device Security Mode must be Non Secure",
			whose, m->name);
	return ERR_OK;
}

enum err profile_check(const struct profile *p, struct fail *why)
{
	enum err err = check_text(p->name, "name of the profile", why);

	if (!err && !p->name[0])
		err = fail_set(why, ERR_FORMAT, "a profile has a name");
	if (!err)
		err = check_text(p->description, "Description", why);
	if (err)
		return err;
	if (p->protocol == STORE_SCCP && p->transport)
		return fail_set(
			why, ERR_FORMAT, "Transport Type belongs to SIP; SCCP has none (NA)");
	if (p->protocol == STORE_SIP && p->mode > 1 && p->transport != 3)
		return fail_set(why, ERR_FORMAT,
			"with SIP, Device Security Mode %s needs Transport Type TLS",
			p->mode == 2 ? "Authenticated" : "Encrypted");
	if (p->key_order != PROFILE_RSA_ONLY && !p->ec_bits)
		return fail_set(why, ERR_FORMAT,
			"this Key Order needs an EC Key Size (Bits): 256, 384 or 521");
	return p->model ? check_model(p, model_of(p->model), p->name, why) : ERR_OK;
}

enum err profile_check_phone(
	const struct profile *p, const struct profile_phone *phone, struct fail *why)
{
	int auth = phone->auth ? phone->auth : p->auth;
	enum err err;

	if (p->model && phone->model->type && p->model != phone->model->type)
		return fail_set(why, ERR_UNSUPPORTED, "%s is a %s; profile %s is for %s",
			phone->name, phone->model->name, p->name, model_of(p->model)->name);
	if (p->protocol != phone->protocol)
		return fail_set(why, ERR_UNSUPPORTED, "%s speaks %s; profile %s is for %s",
			phone->name, phone->protocol == STORE_SIP ? "SIP" : "SCCP", p->name,
			p->protocol == STORE_SIP ? "SIP" : "SCCP");
	err = check_model(p, phone->model, phone->name, why);
	if (err || phone->has_lsc)
		return err;
	if (auth == PROFILE_AUTH_STRING && (p->mode > 1 || p->encrypted_config))
		return fail_set(why, ERR_NOTNOW,
			"%s has no LSC: By Authentication String needs the string typed first, "
			"and %s leaves it without configuration till then; install it under a Non "
			"Secure profile, or use By Null String",
			phone->name, p->mode > 1 ? modes[p->mode] : "TFTP Encrypted Config");
	if ((auth == PROFILE_AUTH_LSC || auth == PROFILE_AUTH_MIC) && !phone->model->mic)
		return fail_set(why, ERR_NOTNOW,
			"%s has neither a MIC (no %s has) nor an LSC, so it can prove nothing By "
			"Existing Certificate; use By Null String or By Authentication String for its "
			"first LSC",
			phone->name, phone->model->name);
	return ERR_OK;
}
