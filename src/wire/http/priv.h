/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRE_HTTP_PRIV_H
#define WIRE_HTTP_PRIV_H

/* Between the files of wire/http/http.h. */
#include "wire/http/http.h"

/* RFC 9110, 5.6.2: what names are made of. */
bool http_is_token(struct span text);
/* RFC 9110, 5.5: visible characters, bytes above 0x7F, blank and tab inside. */
bool http_is_value(struct span text);
bool http_same_word(struct span a, const char *b);

#endif
