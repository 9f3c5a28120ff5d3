/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_OSSL_H
#define NET_OSSL_H

/* Inside this folder only. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#endif
