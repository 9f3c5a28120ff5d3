/* SPDX-License-Identifier: BSD-2-Clause
 * The arguments of the commands about phones and their profiles. */
#include "core/command/table_args.h"

/* Options as core/device's rows name them. */
const struct command_arg device_add_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	{ARG_TEXT, "number", "N", false, 0, 0, "directory number of line 1"},
	{ARG_TEXT, "display", "TEXT", false, 0, 0, "display name of line 1 (the number)"},
	{ARG_TEXT, "description", "TEXT", false, 0, 0, "description"},
	{ARG_TEXT, "owner", "NAME", false, 0, 0, "whose phone it is"},
	{ARG_TEXT, "profile", "NAME", false, 0, 0, "phone security profile (Non Secure)"},
	{ARG_NUMBER, "model", "N", false, 1, 99999, "device type number (30018, a 7961)"},
	{ARG_TEXT, "device-type", "MODEL", false, 0, 0, "Device Type by name: \"Cisco 7961\""},
	{ARG_TEXT, "protocol", "WORD", false, 0, 0, "Device Protocol: SCCP or SIP"},
	{ARG_FLAG, "install", NULL, false, 0, 0, "order the Certificate Operation Install/Upgrade"},
	{ARG_TEXT, "operation", "WORDS", false, 0, 0,
		"Install/Upgrade, Delete, Troubleshoot, No Pending Operation"},
	{ARG_FLAG, "no-reset", NULL, false, 0, 0, "do not reset it for the operation"},
	{ARG_TEXT, "operation-by", "TIME", false, 0, 0,
		"Operation Completes By, UTC: 2026-12-01 (seven days from now)"},
	{ARG_TEXT, "auth", "WORDS", false, 0, 0,
		"Authentication Mode of this phone; \"\" for that of its profile"},
	{ARG_TEXT, "key-order", "WORDS", false, 0, 0, "Key Order, the same"},
	{ARG_TEXT, "rsa-bits", "BITS", false, 0, 0, "RSA Key Size (Bits), the same"},
	{ARG_TEXT, "ec-bits", "BITS", false, 0, 0, "EC Key Size (Bits), the same"},
	{ARG_TEXT, "web-access", "WORDS", false, 0, 0, "Disabled, Enabled or Read Only"},
	{ARG_TEXT, "ssh-access", "WORD", false, 0, 0, "Disabled or Enabled"},
	{ARG_TEXT, "ssh-user", "NAME", false, 0, 0, "Secure Shell User"},
	{ARG_TEXT, "load", "NAME", false, 0, 0, "firmware, by its name in tftp/"},
	{ARG_TEXT, "digest-user", "NAME", false, 0, 0, "who the phone is, on SIP"},
	END,
};

const struct command_arg bat_apply_args[] = {
	{ARG_FLAG, "no-reset", NULL, false, 0, 0, "do not reset phones for an operation"},
	END,
};

const struct command_arg device_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	END,
};

const struct command_arg device_held_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	{ARG_TEXT, "ctl", "MD5", false, 0, 0, "of the CTL that it shows; or none, or unknown"},
	{ARG_TEXT, "itl", "MD5", false, 0, 0, "the same of the ITL"},
	END,
};

const struct command_arg device_line_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	{ARG_WORD, "line", "N", true, 0, 0, "which line, 2 to 16"},
	{ARG_TEXT, "number", "N", false, 0, 0, "its directory number"},
	{ARG_TEXT, "display", "TEXT", false, 0, 0, "its display name (the number)"},
	{ARG_TEXT, "label", "TEXT", false, 0, 0, "text beside its button (the number)"},
	{ARG_FLAG, "delete", NULL, false, 0, 0, "take the line away"},
	END,
};

const struct command_arg device_load_args[] = {
	{ARG_WORD, "model", "MODEL", true, 0, 0, "a model: 7961, \"Cisco 8841\""},
	{ARG_WORD, "load", "NAME", false, 0, 0, "firmware, by its name in tftp/ without .loads"},
	{ARG_FLAG, "none", NULL, false, 0, 0, "phones keep the firmware that they have"},
	{ARG_TEXT, "protocol", "WORD", false, 0, 0, "SCCP or SIP, where the model speaks both"},
	END,
};

const struct command_arg device_secret_args[] = {
	{ARG_WORD, "name", "SEP<MAC>", true, 0, 0, "device name"},
	{ARG_WORD, "field", "FIELD", true, 0, 0, "ssh-password, auth-string or digest-credentials"},
	{ARG_FLAG, "none", NULL, false, 0, 0, "take the secret away"},
	{ARG_SECRET, "secret-file", "FILE", false, 0, 0,
		"file whose first line is the secret; asked for on the terminal without it"},
	END,
};

const struct command_arg device_import_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "CSV file whose first line names the columns"},
	END,
};

const struct command_arg device_export_args[] = {
	{ARG_WORD, "file", "FILE", false, 0, 0, "file to write (standard output)"},
	END,
};

const struct command_arg bat_query_args[] = {
	{ARG_WORD, "query", "QUERY", true, 0, 0,
		"\"Security Profile contains Enc and LSC Expires is before 2026-12-01\""},
	END,
};

const struct command_arg bat_update_args[] = {
	{ARG_WORD, "query", "QUERY", true, 0, 0, "which phones; \"all\" for every one"},
	{ARG_TEXTS, "set", "FIELD=VALUE", true, 0, 0,
		"what to set, as the CSV file names it: \"Security Profile=Encrypted\""},
	END,
};

/* Options as core/profile's rows name them. */
const struct command_arg profile_put_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0, "name of the profile, at most 50 characters"},
	{ARG_TEXT, "description", "TEXT", false, 0, 0, "Description"},
	{ARG_TEXT, "device-type", "MODEL", false, 0, 0,
		"Device Type: \"Cisco 7961\", a number, or any"},
	{ARG_TEXT, "protocol", "WORD", false, 0, 0, "Device Protocol: SCCP or SIP"},
	{ARG_TEXT, "mode", "WORDS", false, 0, 0,
		"Device Security Mode: Non Secure, Authenticated or Encrypted"},
	{ARG_TEXT, "transport", "WORD", false, 0, 0,
		"Transport Type (SIP): TCP, UDP, TLS or TCP+UDP"},
	{ARG_TEXT, "encrypted-config", "BOOL", false, 0, 0, "TFTP Encrypted Config"},
	{ARG_TEXT, "exclude-digest", "BOOL", false, 0, 0,
		"Exclude Digest Credentials in Configuration File"},
	{ARG_TEXT, "nonce-validity", "SECONDS", false, 0, 0, "Nonce Validity Time, 1 to 3600"},
	{ARG_TEXT, "auth", "WORDS", false, 0, 0,
		"Authentication Mode: By Authentication String, By Null String, By Existing "
		"Certificate (precedence to LSC) or (precedence to MIC)"},
	{ARG_TEXT, "key-order", "WORDS", false, 0, 0,
		"Key Order: RSA Only, EC Only, or \"EC Preferred, RSA Backup\""},
	{ARG_TEXT, "rsa-bits", "N", false, 0, 0, "RSA Key Size: 512, 1024, 2048, 3072 or 4096"},
	{ARG_TEXT, "ec-bits", "N", false, 0, 0, "EC Key Size: 256, 384, 521 or NA"},
	{ARG_TEXT, "sip-port", "PORT", false, 0, 0, "SIP Phone Port"},
	END,
};

const struct command_arg profile_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0, "name of the profile"},
	END,
};

const struct command_arg profile_rename_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0, "name of the profile"},
	{ARG_WORD, "to", "NEW", true, 0, 0, "its new name"},
	END,
};
