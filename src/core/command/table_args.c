/* SPDX-License-Identifier: BSD-2-Clause
 * The arguments of the commands of table.c. */
#include "core/command/table_args.h"

#define PIN_FILE                                                                                   \
	{                                                                                          \
		ARG_SECRET, "pin-file", "FILE", false, 0, 0,                                       \
			"file whose first line is the PIN; asked for on the terminal without it"   \
	}

const struct command_arg init_args[] = {
	{ARG_TEXT, "node", "NAME", false, 0, 0, "name of this node (publisher)"},
	{ARG_TEXT, "address", "ADDRESS", false, 0, 0,
		"address that services listen on and lists name (127.0.0.1)"},
	{ARG_NUMBER, "port-base", "N", false, 0, 58000, "added to every port number (0)"},
	{ARG_NUMBER, "tftp-port", "PORT", false, 1, 65535,
		"TFTP port before the base is added (69)"},
	{ARG_TEXT, "tls-profile", "PROFILE", false, 0, 0,
		"modern, or legacy for phones limited to TLS 1.0 (modern)"},
	{ARG_FLAG, "subscriber", NULL, false, 0, 0,
		"this node is not the publisher, which keeps the list of nodes"},
	END,
};

#define DIGEST                                                                                     \
	{                                                                                          \
		ARG_TEXT, "digest", "NAME", false, 0, 0,                                           \
			"sha1, sha256 or sha512 (sha1, which every phone knows)"                   \
	}
#define DATE                                                                                       \
	{                                                                                          \
		ARG_TEXT, "date", "DATE", false, 0, 0,                                             \
			"time of signing: seconds since 1970, 2026-11-23 or "                      \
			"2026-11-23T18:42:58Z (now)"                                               \
	}
#define KEY                                                                                        \
	{                                                                                          \
		ARG_TEXT, "key", "FILE", false, 0, 0, "the key in PEM, readable by its owner only" \
	}
#define TOKEN                                                                                      \
	{                                                                                          \
		ARG_TEXT, "token", "LABEL", false, 0, 0, "token that holds the key"                \
	}
#define TOKENS                                                                                     \
	{                                                                                          \
		ARG_TEXT, "tokens", "DIR", false, 0, 0,                                            \
			"folder of the file token (tokens in the state folder)"                    \
	}
#define MODULE                                                                                     \
	{                                                                                          \
		ARG_TEXT, "module", "FILE", false, 0, 0,                                           \
			"PKCS #11 module of the token: a shared object"                            \
	}
#define ROLE(name, what)                                                                           \
	{                                                                                          \
		ARG_TEXTS, name, "CERT[,NAME][,ADDRESS]", false, 0, 0, what                        \
	}
#define BUILD_ARGS                                                                                 \
	{ARG_TEXT, "out", "FILE", true, 0, 0, "the list's file"},                                  \
		ROLE("sast", "a certificate that may sign lists, or a file token"),                \
		ROLE("ccm", "a call manager's certificate"),                                       \
		ROLE("ccm-tftp", "the same for one that signs files too"),                         \
		ROLE("tftp", "a certificate that signs files"),                                    \
		ROLE("capf", "the CAPF server's certificate"),                                     \
		ROLE("tvs", "a trust verification server's certificate"),                          \
		ROLE("app-server", "the certificate of a server of phone services"),               \
		{ARG_TEXT, "signer", "CERT", false, 0, 0,                                          \
			"certificate of the signing key, one of the SASTs (the token's)"},         \
		DIGEST, DATE,                                                                      \
		{ARG_FLAG, "compat", NULL, false, 0, 0,                                            \
			"as certutils writes lists: its order of fields, its writing of the "      \
			"certificates' names, no host names and addresses"},                       \
		{ARG_TEXT, "signer-version", "N", false, 0, 0,                                     \
			"1.0 or 1.1: adds the signer's version, which newer phones look at"},      \
		{ARG_TEXT, "for", "FAMILY", false, 0, 0,                                           \
			"79xx, newer or all: refuse what these phones cannot check"},              \
		KEY, TOKEN, TOKENS, MODULE, PIN_FILE

#define OUT_FILE                                                                                   \
	{                                                                                          \
		ARG_TEXT, "out", "FILE", false, 0, 0,                                              \
			"file to write (the file's own name without .sgn or .enc.sgn)"             \
	}
#define FORCE                                                                                      \
	{                                                                                          \
		ARG_FLAG, "force", NULL, false, 0, 0, "overwrite the file to write"                \
	}

const struct command_arg build_ctl_args[] = {
	BUILD_ARGS,
	{ARG_FLAG, "with-signatures", NULL, false, 0, 0,
		"records with the certificates' signatures, as tokenless CTLs have them"},
	{ARG_FLAG, "one-token", NULL, false, 0, 0, "one SAST is enough"},
	END,
};

const struct command_arg build_itl_args[] = {BUILD_ARGS, END};

const struct command_arg certhash_args[] = {
	{ARG_WORD, "cert", "CERT", true, 0, 0, "certificate in PEM or DER"},
	END,
};

#define NODE_SERVER                                                                                \
	{ARG_TEXT, "server", "HOST", false, 0, 0, "the publisher: host name or address"},          \
	{                                                                                          \
		ARG_NUMBER, "port", "PORT", false, 1, 65535, "its CTL Provider's port (2444)"      \
	}

#define NODE_ARGS                                                                                  \
	{ARG_TEXT, "user", "NAME", false, 0, 0, "administrator's account on the nodes"},           \
		{ARG_SECRET, "password-file", "FILE", false, 0, 0,                                 \
			"file whose first line is the password; asked for on the terminal "        \
			"without it"},                                                             \
		{ARG_TEXTS, "fingerprint", "SHA256", false, 0, 0,                                  \
			"fingerprint of a node's CTLProvider certificate, for the first contact"}, \
		{ARG_TEXT, "known", "FILE", false, 0, 0,                                           \
			"fingerprints of known nodes (~/.config/cadeado/known_nodes)"},            \
	{                                                                                          \
		ARG_NUMBER, "timeout", "SECONDS", false, 1, 600,                                   \
			"how long a node may take for an answer (15)"                              \
	}

const struct command_arg ctl_client_args[] = {
	NODE_SERVER,
	NODE_ARGS,
	{ARG_TEXT, "choice", "CHOICE", false, 0, 0, "mixed, non-secure or update"},
	{ARG_TEXT, "token", "LABEL", false, 0, 0, "the token that signs"},
	{ARG_TEXTS, "add-token", "LABEL", false, 0, 0, "a further token for the list"},
	{ARG_TEXTS, "remove-token", "LABEL", false, 0, 0,
		"a token of the present CTL that the new one shall not name"},
	TOKENS,
	MODULE,
	PIN_FILE,
	END,
};

const struct command_arg ctl_status_args[] = {NODE_SERVER, NODE_ARGS, END};

const struct command_arg decrypt_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "an encrypted configuration (.enc.sgn)"},
	{ARG_TEXT, "key", "PEM", true, 0, 0,
		"the phone's private key in PEM, readable by its owner only"},
	OUT_FILE,
	FORCE,
	END,
};

#define COMPAT                                                                                     \
	{                                                                                          \
		ARG_FLAG, "compat", NULL, false, 0, 0,                                             \
			"as certutils writes headers: for phones whose list it made"               \
	}

const struct command_arg encrypt_args[] = {
	{ARG_WORD, "file", "SEP<MAC>.cnf.xml", true, 0, 0, "the clear configuration"},
	{ARG_TEXT, "for", "CERT", true, 0, 0, "the phone's certificate: its LSC, else its MIC"},
	{ARG_TEXT, "cert", "CERT", false, 0, 0, "certificate of the signing key (the token's)"},
	DIGEST,
	DATE,
	COMPAT,
	KEY,
	TOKEN,
	TOKENS,
	MODULE,
	PIN_FILE,
	END,
};

const struct command_arg sign_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "file to be signed"},
	{ARG_TEXT, "cert", "CERT", false, 0, 0, "certificate of the signing key (the token's)"},
	{ARG_TEXT, "name", "NAME", false, 0, 0,
		"name that phones ask for, a folder included (the file's own with .sgn)"},
	DIGEST,
	DATE,
	COMPAT,
	KEY,
	TOKEN,
	TOKENS,
	MODULE,
	PIN_FILE,
	END,
};

const struct command_arg show_args[] = {
	{ARG_WORDS, "files", "FILE", true, 0, 0, "lists, signed and encrypted files"},
	END,
};

const struct command_arg show_list_args[] = {
	{ARG_WORDS, "files", "FILE", false, 0, 0, "lists in files instead of the cluster's own"},
	END,
};

const struct command_arg strip_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "a signed file (.sgn)"},
	OUT_FILE,
	FORCE,
	END,
};

#define SERIAL(how)                                                                                \
	{                                                                                          \
		ARG_TEXT, "serial", "SERIAL", false, 0, 0, "serial printed on the token " how      \
	}
#define HOLDER                                                                                     \
	{                                                                                          \
		ARG_TEXT, "holder", "NAME", false, 0, 0, "who has the token"                       \
	}
#define PLACE                                                                                      \
	{                                                                                          \
		ARG_TEXT, "place", "TEXT", false, 0, 0, "where the token is kept"                  \
	}
#define TOKEN_LABEL                                                                                \
	{                                                                                          \
		ARG_WORD, "label", "LABEL", true, 0, 0, "the token; see cadeado token list"        \
	}
#define TOKENS_KEPT                                                                                \
	{                                                                                          \
		ARG_TEXT, "tokens", "DIR", false, 0, 0,                                            \
			"folder of the tokens (tokens in the state folder)"                        \
	}
#define MODULE_LOOKED                                                                              \
	{                                                                                          \
		ARG_TEXT, "module", "FILE", false, 0, 0,                                           \
			"also the tokens of this PKCS #11 module, a shared object"                 \
	}

const struct command_arg token_add_args[] = {
	{ARG_TEXT, "token", "LABEL", false, 0, 0,
		"its label (of a foreign token: the certificate's common name)"},
	{ARG_TEXT, "cert", "CERT", false, 0, 0,
		"certificate of a foreign token, or which of several on a PKCS #11 token"},
	SERIAL("(what the token or the name says)"),
	HOLDER,
	PLACE,
	TOKENS_KEPT,
	MODULE_LOOKED,
	END,
};

const struct command_arg token_create_args[] = {
	SERIAL("(drawn: ADN and eight hex digits; of a PKCS #11 token: what it says)"),
	HOLDER,
	PLACE,
	{ARG_TEXT, "token", "LABEL", false, 0, 0,
		"the PKCS #11 token that gets a key; it must be initialised"},
	TOKENS_KEPT,
	MODULE_LOOKED,
	PIN_FILE,
	END,
};

const struct command_arg token_drill_args[] = {
	{ARG_WORD, "label", "LABEL", false, 0, 0, "this token alone (every token at hand)"},
	TOKENS_KEPT,
	MODULE_LOOKED,
	PIN_FILE,
	END,
};

const struct command_arg token_list_args[] = {TOKENS_KEPT, MODULE_LOOKED, END};

const struct command_arg token_pin_args[] = {
	TOKEN_LABEL,
	TOKENS_KEPT,
	MODULE_LOOKED,
	PIN_FILE,
	{ARG_SECRET, "new-pin-file", "FILE", false, 0, 0,
		"file whose first line is the new PIN; asked for on the terminal without it"},
	END,
};

const struct command_arg token_retire_args[] = {
	TOKEN_LABEL,
	TOKENS_KEPT,
	MODULE_LOOKED,
	{ARG_FLAG, "force", NULL, false, 0, 0, "even if fewer than two tokens remain"},
	END,
};

const struct command_arg token_show_args[] = {TOKEN_LABEL, TOKENS_KEPT, MODULE_LOOKED, END};

#define CTL_TOKEN                                                                                  \
	{                                                                                          \
		ARG_TEXT, "token", "LABEL", false, 0, 0,                                           \
			"token that signs, see cadeado token list; without it a key of this node " \
			"does (tokenless)"                                                         \
	}
#define WITH_LOCAL_KEY                                                                             \
	{                                                                                          \
		ARG_FLAG, "with-local-key", NULL, false, 0, 0,                                     \
			"with --token: name this node's keys as SASTs too, the first step away "   \
			"from tokens"                                                              \
	}
#define WITH_TOKENS                                                                                \
	{                                                                                          \
		ARG_FLAG, "with-tokens", NULL, false, 0, 0,                                        \
			"without --token: name the tokens as SASTs too, the first step back to "   \
			"them"                                                                     \
	}
#define PASSPHRASE                                                                                 \
	{                                                                                          \
		ARG_SECRET, "passphrase-file", "FILE", false, 0, 0,                                \
			"file whose first line is the passphrase; asked for on the terminal "      \
			"without it"                                                               \
	}

const struct command_arg ctl_args[] = {
	CTL_TOKEN,
	MODULE,
	PIN_FILE,
	WITH_LOCAL_KEY,
	WITH_TOKENS,
	NODE_ARGS,
	END,
};

const struct command_arg ctl_local_args[] = {WITH_TOKENS, NODE_ARGS, END};

const struct command_arg cert_name_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0,
		"CallManager, CAPF, TVS, ITLRecovery or CTLProvider"},
	END,
};

const struct command_arg show_cert_args[] = {
	{ARG_WORD, "name", "NAME", false, 0, 0,
		"one of them, as CallManager/CallManager.pem or CallManager (all)"},
	END,
};

const struct command_arg import_own_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0,
		"CallManager, CAPF, TVS, ITLRecovery or CTLProvider"},
	{ARG_WORD, "cert", "CERT", true, 0, 0, "the new certificate in PEM"},
	{ARG_TEXT, "key", "FILE", false, 0, 0, "its key in PEM, when it is not the present one"},
	END,
};

const struct command_arg import_trust_args[] = {
	{ARG_WORD, "unit", "UNIT", true, 0, 0,
		"Phone-SAST-trust, CallManager-trust, CAPF-trust or TVS-trust"},
	{ARG_WORD, "cert", "CERT", true, 0, 0, "certificate in PEM or DER"},
	{ARG_TEXT, "name", "NAME", false, 0, 0, "name in the unit (common name and serial)"},
	END,
};

const struct command_arg trust_delete_args[] = {
	{ARG_WORD, "unit", "UNIT", true, 0, 0, "trust unit"},
	{ARG_WORD, "name", "NAME", true, 0, 0, "its name, as show cert list trust prints it"},
	END,
};

const struct command_arg itl_export_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "file to write, not there yet"},
	PASSPHRASE,
	END,
};

const struct command_arg itl_remote_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0,
		"PKCS #12 with the ITLRecovery key that phones know"},
	PASSPHRASE,
	END,
};

const struct command_arg rollback_args[] = {
	{ARG_TEXT, "until", "DATE", true, 0, 0,
		"end, at most 30 days ahead: 2026-11-23 or 2026-11-23T18:42:58Z"},
	END,
};

#define FAMILY                                                                                     \
	{                                                                                          \
		ARG_TEXT, "for", "FAMILY", false, 0, 0,                                            \
			"the phones that are meant: 79xx, newer or all"                            \
	}

const struct command_arg diff_args[] = {
	{ARG_WORD, "old", "OLD", true, 0, 0, "the list that phones hold"},
	{ARG_WORD, "new", "NEW", true, 0, 0, "the list that they would get"},
	FAMILY,
	END,
};

const struct command_arg explain_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "list, signed or encrypted file"},
	{ARG_WORD, "offset", "OFFSET", false, 0, 0,
		"the field of this byte alone: a number, or 0x and hexadecimal digits"},
	END,
};

const struct command_arg explain_erase_args[] = {
	{ARG_WORD, "model", "MODEL", true, 0, 0, "such as 7961, or the number of a device type"},
	END,
};

const struct command_arg doctor_args[] = {
	{ARG_TEXT, "phones", "DIR", false, 0, 0,
		"folder that holds one folder for each phone's files (phones in the state folder)"},
	END,
};

const struct command_arg verify_args[] = {
	{ARG_WORDS, "files", "FILE", true, 0, 0,
		"list, signed or encrypted file, or a folder of them"},
	{ARG_TEXT, "holding", "LIST", false, 0, 0,
		"also tell whether a phone that holds this list accepts the file"},
	{ARG_TEXT, "certs", "FOLDER", false, 0, 0,
		"compare records with these certificates (PEM or DER, any names)"},
	{ARG_TEXT, "with", "LIST|CERT", false, 0, 0,
		"list or certificate by which signed files must be signed"},
	FAMILY,
	{ARG_FLAG, "strict", NULL, false, 0, 0,
		"exit status 1 also for findings that are more than a note"},
	END,
};

const struct command_arg service_args[] = {
	{ARG_WORDS, "name", "NAME", true, 0, 0,
		"Cisco Tftp, Cisco CallManager, Cisco CTL Provider, Cisco Certificate Authority "
		"Proxy Function, Cisco Trust Verification Service; or tftp, callmanager, "
		"ctlprovider, capf, tvs"},
	END,
};

const struct command_arg no_args[] = {END};

const struct command_arg account_args[] = {
	{ARG_WORD, "user", "USER", true, 0, 0, "the account's name"},
	END,
};

const struct command_arg account_password_args[] = {
	{ARG_WORD, "user", "USER", true, 0, 0, "the account's name"},
	{ARG_SECRET, "password-file", "FILE", false, 0, 0,
		"file whose first line is the password; asked for on the terminal without it"},
	END,
};

const struct command_arg audit_show_args[] = {
	{ARG_NUMBER, "last", "N", false, 1, 1000000, "only the last N entries"},
	{ARG_TEXT, "who", "WHO", false, 0, 0, "only what this account or user did"},
	END,
};

#define PASSPHRASE_FILE                                                                            \
	{                                                                                          \
		ARG_SECRET, "passphrase-file", "FILE", false, 0, 0,                                \
			"file whose first line is the passphrase; asked for on the terminal "      \
			"without it"                                                               \
	}

const struct command_arg backup_create_args[] = {
	{ARG_WORD, "file", "FILE", false, 0, 0,
		"the backup (cadeado-NODE-TIME.backup in the present folder)"},
	PASSPHRASE_FILE,
	END,
};

const struct command_arg backup_restore_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "the backup"},
	PASSPHRASE_FILE,
	{ARG_FLAG, "force", NULL, false, 0, 0,
		"into a folder that is not empty: what is there is put aside"},
	END,
};

const struct command_arg backup_show_args[] = {
	{ARG_WORD, "file", "FILE", true, 0, 0, "the backup"},
	{ARG_FLAG, "contents", NULL, false, 0, 0,
		"also what is inside; the passphrase is needed for it"},
	PASSPHRASE_FILE,
	END,
};

const struct command_arg node_add_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0, "the node's name, as its own settings say it"},
	{ARG_TEXT, "address", "ADDRESS", true, 0, 0, "its address or host name"},
	{ARG_NUMBER, "port", "PORT", false, 1, 65535, "port of its CTL Provider (this node's own)"},
	END,
};

const struct command_arg node_args[] = {
	{ARG_WORD, "name", "NAME", true, 0, 0, "the node's name"},
	END,
};
