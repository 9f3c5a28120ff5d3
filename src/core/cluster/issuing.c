/* SPDX-License-Identifier: BSD-2-Clause
 * What CAPF issues with: its own certificate and key, or those of a PKCS #11 token. */
#include "core/cluster/services.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/secret_file.h"
#include "base/str.h"
#include "core/cluster/internal.h"
#include "crypto/keystore.h"
#include "crypto/p11.h"

struct issuing {
	struct pinned capf;
	char name[P11_LABEL + STORE_NAME]; /* under which the signer knows the key */
};

void issuing_free(struct issuing *i)
{
	if (!i)
		return;
	pinned_fini(&i->capf);
	mem_free(i);
}

static enum err no_memory(struct fail *why)
{
	return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

struct looking {
	const char *label;
	bool there, last_try, locked;
};

static enum err look(void *ctx, const struct p11_token *t)
{
	struct looking *l = ctx;

	if (strcmp(t->label, l->label) == 0)
		*l = (struct looking){l->label, true, t->last_try, t->locked};
	return ERR_OK;
}

/* A service that is started again and again with a wrong PIN must not lock the token. */
static enum err check_tries(const struct settings *s, struct fail *why)
{
	struct looking l = {.label = s->capf_token};
	struct p11_module *m = NULL;
	enum err err = p11_open(&m, s->capf_module, why);

	if (err)
		return err;
	err = p11_each(m, look, &l, why);
	p11_close(m);
	if (!err && !l.there)
		err = fail_set(
			why, ERR_NOTFOUND, "there is no token %.32s in any slot", s->capf_token);
	if (!err && (l.locked || l.last_try))
		err = fail_set(why, ERR_LOCKED,
			"token %.32s %s: CAPF does not try its PIN; put the right one into "
			"capf_pin_file and log in once with another program",
			s->capf_token, l.locked ? "is locked" : "has one try left");
	return err;
}

static enum err check_cert(struct cluster *c, const struct cert *cert, struct fail *why)
{
	const char *label = c->settings.capf_token;
	bool trusted = false;
	enum err err;

	if (!cert)
		return fail_set(why, ERR_NOTFOUND,
			"token %.32s holds no certificate beside its key: cadeado utils capf token "
			"create",
			label);
	if (!cert_is_ca(cert))
		return fail_set(why, ERR_VERIFY,
			"token %.32s: %.80s is not the certificate of an authority (CA:TRUE)",
			label, cert_subject(cert));
	err = trust_find(c, TRUST_CAPF, cert, &trusted, why);
	if (!err && !trusted)
		err = fail_set(why, ERR_TRUST,
			"the certificate of token %.32s is not in CAPF-trust: no phone could register "
			"with what it signs; cadeado set cert import trust CAPF-trust FILE",
			label);
	return err;
}

static enum err take_token(struct cluster *c, struct issuing *i, struct fail *why)
{
	const struct settings *s = &c->settings;
	char *path = *s->capf_pin_file == '/' ? mem_strdup(s->capf_pin_file)
					      : file_join(c->folder, s->capf_pin_file);
	struct buf pin = {0};
	struct keystore *ks = NULL;
	struct p11_request r = {.module = s->capf_module, .token = s->capf_token};
	enum err err = path ? check_tries(s, why) : no_memory(why);

	if (!err)
		err = secret_file_read(path, &pin, why);
	r.pin = (const char *)pin.data;
	if (!err)
		err = keystore_p11_open(&ks, &r, &i->capf.cert, why);
	buf_wipe(&pin);
	mem_free(path);
	if (err)
		return err;
	if (signer_new(&i->capf.signer, ks, executor_inline()))
		return no_memory(why);
	str_copy(i->name, sizeof(i->name), s->capf_token);
	return check_cert(c, i->capf.cert, why);
}

enum err cluster_issue_anew(struct cluster *c, struct fail *why)
{
	struct issuing *i = mem_new(sizeof(*i));
	bool token = strcmp(c->settings.capf_token, "none") != 0;
	enum err err = i ? ERR_OK : no_memory(why);

	if (!err && token)
		err = take_token(c, i, why);
	else if (!err)
		err = pinned_take(c, OWN_CAPF, &i->capf, why);
	if (!err && !token)
		str_copy(i->name, sizeof(i->name), own_name(OWN_CAPF));
	if (err) {
		issuing_free(i);
		return err;
	}
	issuing_free(c->issuing);
	c->issuing = i;
	return ERR_OK;
}

enum err cluster_issuer(struct cluster *c, const struct cert **cert, struct signer **signer,
	const char **key_name, struct fail *why)
{
	enum err err = c->issuing ? ERR_OK : cluster_issue_anew(c, why);

	if (err)
		return err;
	*cert = c->issuing->capf.cert;
	*signer = c->issuing->capf.signer;
	*key_name = c->issuing->name;
	return ERR_OK;
}
