/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_OSSL_H
#define NET_OSSL_H

/* Inside this folder only. */
#include "net/ssl_calls.h"

#include <openssl/err.h>

#endif
