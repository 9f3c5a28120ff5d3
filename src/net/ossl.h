/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_OSSL_H
#define NET_OSSL_H

/* Inside this folder only. The library has a type of this name, which nobody here needs. */
#define ERR_STATE OSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE

#endif
