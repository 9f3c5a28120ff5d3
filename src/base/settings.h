/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/err.h"
#include "base/buf.h"

/* Bytes of a text setting, with its NUL. */
#define SETTINGS_TEXT_SIZE 128

/* The settings of settings.def, read from an INI file; a row there yields the field here, the
 * default, the check and the manual's line. */
struct settings {
#define SETTING_TEXT(name)                        char name[SETTINGS_TEXT_SIZE];
#define SETTING_PROFILE(name)                     char name[SETTINGS_TEXT_SIZE];
#define SETTING_NUMBER(name)                      long name;
#define SETTING_PORT(name)                        long name;
#define SETTING_SWITCH(name)                      long name; /* 1 yes, 0 no */
#define SETTING(name, type, def, low, high, help) SETTING_##type(name)
#include "base/settings.def"
#undef SETTING
#undef SETTING_TEXT
#undef SETTING_PROFILE
#undef SETTING_NUMBER
#undef SETTING_PORT
#undef SETTING_SWITCH
};

void settings_defaults(struct settings *s);

/* Defaults, then the file. ERR_NOTFOUND when there is none; ERR_FORMAT names line, setting and
 * remedy. On failure *s holds the defaults. */
enum err settings_read(struct settings *s, const char *path, struct fail *why) MUST_USE;

/* A port is usable only with the base added; settings_read refuses others. */
enum err settings_check_ports(const struct settings *s, struct fail *why) MUST_USE;

/* The file's text for these settings, each with its help as a comment. A text that the file's
 * syntax cannot give back (line break, " ;", empty) sets out's ERR_FORMAT. */
void settings_write(const struct settings *s, struct buf *out);

/* A port with the base added: settings_port(s, s->capf_port). */
static inline int settings_port(const struct settings *s, long port)
{
	return (int)(s->port_base + port);
}

#endif
