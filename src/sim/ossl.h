/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SIM_OSSL_H
#define SIM_OSSL_H

/* What the simulator uses of OpenSSL for checks of its own. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#endif
