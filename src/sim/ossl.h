/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SIM_OSSL_H
#define SIM_OSSL_H

/* OpenSSL has a type ERR_STATE, this project an error of that name: the library's goes under
 * another name. Included before any header of the project. */
#define ERR_STATE OSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#undef ERR_STATE

#endif
