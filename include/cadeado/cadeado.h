/* SPDX-License-Identifier: BSD-2-Clause
 * libcadeado: trust lists, signed and encrypted files of Cisco IP phones. cadeado(3) */
#ifndef CADEADO_CADEADO_H
#define CADEADO_CADEADO_H

#include "cadeado/build.h"
#include "cadeado/cert.h"
#include "cadeado/encrypted.h"
#include "cadeado/error.h"
#include "cadeado/explain.h"
#include "cadeado/list.h"
#include "cadeado/signed.h"

#endif
