/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/start.h"

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void crypto_start(void)
{
	/* Should it fail, the first real use of the library does so too and says why. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
					  OPENSSL_INIT_NO_ADD_ALL_CIPHERS,
		NULL);
}

void crypto_start_reading(void)
{
	(void)OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

void crypto_hide(void)
{
	/* Both fail only where the system forbids less than they ask for. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
