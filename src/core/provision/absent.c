/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/absent.h"

#include "base/str.h"
#include "core/cluster/services.h"
#include "core/device/device.h"

#include <stdio.h>
#include <strings.h>

/* Names of other families are built as those of SEP<MAC> are. */
#define PREFIX_LEN 3
#define MAC_LEN    12

bool provision_device_in(const char *asked, char device[DEVICE_NAME_SIZE])
{
	char text[DEVICE_NAME_SIZE];
	size_t len = strlen(asked);

	for (size_t at = 0; at + PREFIX_LEN + MAC_LEN <= len; at++) {
		if (strncasecmp(asked + at, "SEP", PREFIX_LEN) != 0 &&
			strncasecmp(asked + at, "SIP", PREFIX_LEN) != 0)
			continue;
		snprintf(text, sizeof(text), "SEP%.*s", MAC_LEN, asked + at + PREFIX_LEN);
		if (str_device_name(device, text) == ERR_OK)
			return true;
	}
	return false;
}

static void say(struct provision_absence *out, bool normal, const char *text)
{
	out->normal = normal;
	str_copy(out->text, sizeof(out->text), text);
}

/* --- names that belong to no phone --- */

static void of_ctl(struct cluster *c, struct provision_absence *out)
{
	int mode = 0;

	if (cluster_mode(c, &mode, NULL) == ERR_OK && mode == 1)
		say(out, false,
			"the cluster is in mixed mode, but TFTP serves no CTL: restart TFTP");
	else
		say(out, true, "no CTL in non-secure mode; the phone goes on to the ITL");
}

static void of_itl(struct provision_absence *out)
{
	say(out, false, "TFTP serves no ITL: restart TFTP, and look into its log");
}

static const struct {
	const char *pattern;
	bool normal;
	const char *text;
} names[] = {
	{"ConfigFileCacheList.txt*", false,
		"a list of all phones, which strangers ask for; there "
		"is none"},
	{"*.cnf.xml*", false, "configurations are made from the phones' records, never from files"},
	{"ext_ITL*", true, "an extended ITL, which newer phones try first"},
	{"*.loads*", false,
		"firmware that is not in tftp/: put it there with its images, or leave "
		"the phone's load empty"},
	{"*.sbn", false, "a firmware image that is not in tftp/ beside its .loads"},
	{"*.sebn", false, "a firmware image that is not in tftp/ beside its .loads"},
	{"*.zz", false, "a firmware image that is not in tftp/ beside its .loads"},
	{"*.zup", false, "a firmware image that is not in tftp/ beside its .loads"},
	{"*.bin", false, "a firmware image that is not in tftp/"},
	{"OS79XX.TXT", true, "the oldest phones ask for it and keep their firmware without it"},
	{"*-sccp.jar*", true, "a locale that is not installed; the phone speaks English"},
	{"*-sip.jar*", true, "a locale that is not installed; the phone speaks English"},
	{"*g?-tones.xml*", true, "a network locale that is not installed; the phone has tones"},
	{"*dictionary*.xml*", true, "a locale that is not installed; the phone speaks English"},
	{"*dialplan*.xml*", true, "dial rules; the phone goes on without"},
	{"*DialRules.xml*", true, "dial rules; the phone goes on without"},
	{"*softkey*.xml*", true, "soft keys; the phone has its own"},
	{"SK*.xml*", true, "soft keys; the phone has its own"},
	{"*FeaturePolicy*.xml*", true, "a feature policy; the phone has its own"},
	{"*ringlist*.xml*", true, "ring tones; the phone has its own"},
	{"Desktops/*", true, "backgrounds; the phone has its own"},
};

static void of_name(const char *asked, struct provision_absence *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_glob(names[i].pattern, asked)) {
			say(out, names[i].normal, names[i].text);
			return;
		}
	}
	say(out, false, "no file of that name in tftp/");
}

/* --- names of phones --- */

void provision_absent_stranger(
	const char device[DEVICE_NAME_SIZE], bool may_register, struct provision_absence *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->device, device, sizeof(out->device));
	out->unknown_device = true;
	if (may_register) {
		say(out, true, "this phone is not known and may register itself");
		return;
	}
	snprintf(out->text, sizeof(out->text),
		"this phone is not known; add it with: cadeado device add %s", out->device);
}

static void of_stranger(struct cluster *c, struct provision_absence *out)
{
	const struct provision_absence known = *out;
	bool allowed = false;

	if (device_auto_allowed(c, &allowed, NULL) != ERR_OK)
		allowed = false;
	provision_absent_stranger(known.device, allowed, out);
}

static void of_phone(const char *asked, const struct device *d, struct provision_absence *out)
{
	if (!str_glob("*.cnf.xml.enc.sgn", asked))
		of_name(asked, out);
	else if (!d->encrypted_config)
		say(out, true,
			"TFTP Encrypted Config is off; the phone goes on to the .cnf.xml.sgn");
	else
		say(out, true,
			"the phone has to get a certificate from CAPF first, as its "
			".cnf.xml.sgn says");
}

static void of_device(struct cluster *c, const char *asked, struct provision_absence *out)
{
	struct device d;
	enum err err = device_get(c, out->device, &d, NULL);

	if (err == ERR_NOTFOUND)
		of_stranger(c, out);
	else if (err != ERR_OK)
		say(out, false, "its record cannot be read now");
	else if (str_glob("CTL*.tlv", asked))
		of_ctl(c, out);
	else if (str_glob("ITL*.tlv", asked))
		of_itl(out);
	else
		of_phone(asked, &d, out);
}

void provision_absent(
	struct cluster *c, const char *asked, enum err err, struct provision_absence *out)
{
	memset(out, 0, sizeof(*out));
	if (err == ERR_DENIED)
		say(out, false, "the name is not allowed");
	else if (provision_device_in(asked, out->device))
		of_device(c, asked, out);
	else if (str_ieq(asked, "CTLFile.tlv"))
		of_ctl(c, out);
	else if (str_ieq(asked, "ITLFile.tlv"))
		of_itl(out);
	else if (str_glob("XMLDefault.cnf.xml*", asked))
		say(out, false,
			"a phone without a record asks for it, and auto-registration is "
			"off: add the phone");
	else
		of_name(asked, out);
}
