/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "crypto/p11_priv.h"

#include <dlfcn.h>
#include <stdlib.h>

#define P11_KIT "libp11-kit.so.0"

static bool resolve(void *library, const char *name, void *function)
{
	void *found = dlsym(library, name);

	/* What POSIX asks for in place of a cast between object and function. */
	memcpy(function, &found, sizeof(found));
	return found != NULL;
}

/* Loaded only when a token is asked for: commands about files do not pay for it. */
static enum err load_kit(struct p11_module *m, struct fail *why)
{
	m->library = dlopen(P11_KIT, RTLD_NOW | RTLD_LOCAL);
	if (!m->library || !resolve(m->library, "p11_kit_module_load", &m->load) ||
		!resolve(m->library, "p11_kit_module_initialize", &m->initialize) ||
		!resolve(m->library, "p11_kit_module_finalize", &m->finalize) ||
		!resolve(m->library, "p11_kit_module_release", &m->release) ||
		!resolve(m->library, "p11_kit_strerror", &m->error))
		return fail_set(why, ERR_UNSUPPORTED,
			"PKCS #11 tokens need the library " P11_KIT
			" (Debian: libp11-kit0), which cannot be loaded");
	return ERR_OK;
}

static enum err load_module(struct p11_module *m, const char *path, struct fail *why)
{
	/* p11-kit looks for a name without a folder among the system's modules. */
	char *whole = realpath(path, NULL);
	CK_RV rv;

	if (!whole)
		return fail_set(why, ERR_NOTFOUND, "%s: there is no such PKCS #11 module", path);
	m->f = m->load(whole, 0);
	free(whole);
	if (!m->f)
		return fail_set(why, ERR_UNSUPPORTED, "%s: is no PKCS #11 module", path);
	rv = m->initialize(m->f);
	m->initialized = rv == CKR_OK;
	return m->initialized ? ERR_OK
			      : fail_set(why, ERR_CRYPTO, "%s: the module does not start: %s", path,
					m->error(rv));
}

enum err p11_open(struct p11_module **out, const char *path, struct fail *why)
{
	struct p11_module *m = mem_new(sizeof(*m));
	enum err err;

	if (!m)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = load_kit(m, why);
	if (!err)
		err = load_module(m, path, why);
	if (err)
		p11_close(m);
	else
		*out = m;
	return err;
}

void p11_close(struct p11_module *m)
{
	if (!m)
		return;
	if (m->initialized)
		m->finalize(m->f);
	if (m->f)
		m->release(m->f);
	if (m->library)
		dlclose(m->library);
	mem_free(m);
}
