/* SPDX-License-Identifier: BSD-2-Clause
 * The table of commands: a row here is the command line's help, the shell's word and the manual's
 * entry. How to add one: docs/how-to/add-a-command.md */
#include "core/command/handlers.h"
#include "core/command/table_args.h"

const struct command commands[] = {
	{"bat apply", no_args, COMMAND_HERE, true,
		"This operation will change many phones. Do you want to continue? (y/n):",
		"make the prepared bulk change, or go on with it",
		"Makes the change that bat update prepared, in batches each of which is made whole "
		"or not at all. Run again after an interruption it goes on where it was.",
		handle_bat_apply},
	{"bat query", bat_query_args, COMMAND_HERE, false, NULL, "find phones",
		"Counts the phones that a query finds and shows the first ten. Conditions are in "
		"the words of the original: a field (Device Name, Description, Directory Number, "
		"Security Profile, Owner, Certificate Operation, Certificate Operation Status, LSC "
		"Expires, LSC Issued By, LSC Issuer Expires By, Authentication String, Device Type, "
		"Device Protocol, Device Security Mode, Last Active), then is, is not, contains, "
		"begins with, ends with, is before, is exactly, is after, is empty or is not empty; "
		"joined by and, or by or. \"all\" finds every phone.",
		handle_bat_query},
	{"bat status", no_args, COMMAND_HERE, false, NULL, "show the last bulk change",
		"Shows the last bulk change: prepared, interrupted, finished or taken back.",
		handle_bat_status},
	{"bat undo", no_args, COMMAND_HERE, true,
		"This operation will take back the last bulk change. Do you want to continue? "
		"(y/n):",
		"take back the last bulk change",
		"Gives the fields that the last bulk change set the values that it found. What was "
		"changed otherwise since stays.",
		handle_bat_undo},
	{"bat update", bat_update_args, COMMAND_HERE, true, NULL, "prepare a bulk change",
		"A dry run: counts what would change, shows the first ten, and names the first "
		"phone that would be stranded. When there is none the change waits for bat apply.",
		handle_bat_update},
	{"build ctl", build_ctl_args, COMMAND_HERE, true, NULL, "make a CTL from certificates",
		"Makes and signs a CTL from certificates and roles; each role may be given again "
		"and again, and a name and an address after a comma. The key is in a PEM file "
		"(--key), on a file token (--token) or on a PKCS #11 token (--module and --token). "
		"Refused before anything is signed: fewer than two SASTs, a signer that is none of "
		"them, an expired certificate, the same certificate twice with one role and "
		"address, more than 64 KiB, what the phones of --for cannot check. The same "
		"certificates, key and date give the same bytes.",
		handle_build_ctl},
	{"build itl", build_itl_args, COMMAND_HERE, true, NULL, "make an ITL from certificates",
		"Makes and signs an ITL, as build ctl does with a CTL. One SAST is enough. TVS and "
		"CAPF are named by hashes of their certificates, except with --compat.",
		handle_build_itl},
	{"capf explain", capf_explain_args, COMMAND_HERE, false, NULL,
		"tell what a Certificate Operation Status means",
		"Tells the cause of each of the 34 texts in which a certificate operation ends, and "
		"what to do next.",
		handle_capf_explain},
	{"certhash", certhash_args, COMMAND_HERE, false, NULL,
		"print the hashes by which configurations name a certificate",
		"Prints SHA-1 and SHA-512 in base 64, as VPN groups want them, and the MD5 in "
		"hexadecimal that a phone's reduced configuration has.",
		handle_certhash},
	{"cluster init", init_args, COMMAND_HERE, true, NULL,
		"make a state folder: store, node, certificates",
		"Makes the state folder with settings, store, the node's CallManager and CAPF "
		"keys and certificates. Run again it adds only what is missing, and changes the "
		"settings that are given.",
		handle_cluster_init},
	{"cluster node add", node_add_args, COMMAND_ANYWHERE, true, NULL,
		"add a node to the cluster, or change it",
		"Adds a node to the publisher's list, or changes the one of that name. The CTL "
		"client asks every node of the list, and phones' configurations name them all.",
		handle_node_add},
	{"cluster node delete", node_args, COMMAND_ANYWHERE, true,
		"This operation will delete the node. Do you want to continue? (y/n):",
		"take a node out of the cluster",
		"Takes a node out of the publisher's list. Lists name it until they are published "
		"again.",
		handle_node_delete},
	{"cluster node list", no_args, COMMAND_ANYWHERE, false, NULL, "list the nodes",
		"Lists the nodes with the address and the port of their CTL Provider.",
		handle_node_list},
	{"ctl-client", ctl_client_args, COMMAND_HERE, true, NULL,
		"run the CTL client: sign a CTL and hand it to every node",
		"The CTL client's dialogue, on a machine that needs no daemon and no state folder; "
		"every step can be answered by an option, for scripts. It asks every node on TCP "
		"2444 for its certificates and services, shows them with the security tokens, "
		"checks names, ports, clocks and certificates, tells what differs from the present "
		"CTL and whether phones accept the new one, signs it with a token and publishes it "
		"in two phases: every node takes it or none. A node that is met for the first time "
		"is recognised by its certificate's fingerprint, which is kept. Exit status 0 done, "
		"1 refused by a rule or by you, 2 usage or an answer is missing, 3 a node cannot be "
		"reached or could not do it, 4 the account was not accepted, 5 token or PIN, 6 phones would not accept "
		"the list, 7 not every node has it (see utils ctl status), 8 a node's fingerprint "
		"is not known or has changed.",
		handle_dialogue},
	{"decrypt", decrypt_args, COMMAND_HERE, true, NULL, "decipher a phone's configuration",
		"Deciphers SEP<MAC>.cnf.xml.enc.sgn with the phone's private key and writes "
		"SEP<MAC>.cnf.xml, readable by its owner only, when its digest is the one that "
		"the header says. A wrong key and a damaged file get the same answer. The "
		"signature is not checked; verify does that. A file that is there is not "
		"overwritten without --force.",
		handle_decrypt},
	{"delete account", account_args, COMMAND_ANYWHERE, true,
		"This operation will delete the account. Do you want to continue? (y/n):",
		"delete an administrator's account",
		"Deletes an account. Its next request is refused.", handle_account_delete},
	{"device add", device_add_args, COMMAND_ANYWHERE, true, NULL, "add or change a phone",
		"Adds a phone, or changes the one of that name. With --install the phone gets a "
		"locally significant certificate from CAPF when it next starts. Refused when the "
		"phone could not go on with its profile; what works otherwise than one might think "
		"is told in a warning.",
		handle_device_add},
	{"device capf show", capf_show_args, COMMAND_HERE, false, NULL,
		"show how far certificate operations are",
		"For a phone, or for all whose operation goes on: how far it is and since when, "
		"wrong proofs, and why the last session failed.",
		handle_device_capf_show},
	{"device delete", device_args, COMMAND_ANYWHERE, true,
		"This operation will delete the phone. Do you want to continue? (y/n):",
		"delete a phone",
		"Deletes a phone's record and ends its registration. Its certificate stays valid "
		"until it expires.",
		handle_device_delete},
	{"device export", device_export_args, COMMAND_HERE, false, NULL,
		"write all phones as a CSV file",
		"Writes every phone in the form that device import reads, but for secrets.",
		handle_device_export},
	{"device held", device_held_args, COMMAND_ANYWHERE, true, NULL,
		"record which trust lists a phone shows",
		"For what somebody read on the phone's screen under Trust List: the MD5 of the "
		"CTL and of the ITL, none after they were erased, or unknown. It counts until the "
		"phone is seen to take another list.",
		handle_device_held},
	{"device import", device_import_args, COMMAND_HERE, true, NULL,
		"add and change phones from a CSV file",
		"Reads phones from a CSV file (RFC 4180) with the original's column names; what has "
		"no column, and empty fields of known phones, stay as they are. All or none: the "
		"first line that is wrong is named and nothing changes.",
		handle_device_import},
	{"device line", device_line_args, COMMAND_ANYWHERE, true, NULL,
		"add, change or take away a phone's further lines",
		"Sets number, display name and label of a line beside the first, or takes it away. A "
		"registered phone has it after its next registration.",
		handle_device_line},
	{"device list", no_args, COMMAND_ANYWHERE, false, NULL, "list the phones",
		"Lists the phones with number, security profile and certificate operation.",
		handle_device_list},
	{"device secret", device_secret_args, COMMAND_HERE, true, NULL,
		"set a phone's passwords or its authentication string",
		"Sets a secret of a phone. It is kept sealed and never shown; the SSH password and "
		"digest credentials are only written into encrypted configuration files (the "
		"latter also into the clear one of a model that reads no other).",
		handle_device_secret},
	{"device show", device_args, COMMAND_ANYWHERE, false, NULL, "show one phone",
		"Shows one phone's record, the security mode that is in force for it, and which "
		"trust lists it was offered and is known to hold, with the evidence.",
		handle_device_show},
	{"device update", device_add_args, COMMAND_ANYWHERE, true, NULL, "change a phone",
		"Changes the fields that are given of a phone that is there. As device add otherwise.",
		handle_device_update},
	{"diff", diff_args, COMMAND_HERE, false, NULL, "compare two trust lists",
		"Prints what differs between two lists: header, signer, records that were added, "
		"removed or changed, and whether and why a phone that holds OLD accepts NEW, of "
		"any family or of the one that --for names. The order of records does not count. "
		"Exit status 0 accepted, 1 rejected, 2 unreadable.",
		handle_diff},
	{"doctor", doctor_args, COMMAND_HERE, false, NULL, "run the eight checks of the guide",
		"Runs the eight checks of the administration guide on the running cluster, each "
		"with its evidence: what TFTP serves, what the phones hold, what handshakes "
		"showed. Says good, fault or cannot tell for each. Exit status 0 when all eight "
		"are good, else 1.",
		handle_doctor},
	{"encrypt", encrypt_args, COMMAND_HERE, true, NULL, "encrypt a phone's configuration",
		"Writes SEP<MAC>.cnf.xml.enc.sgn, encrypted for the phone and signed, and its "
		"reduced companion SEP<MAC>.cnf.xml.sgn beside the clear file, then removes the "
		"clear file. When something fails nothing has changed. The phone's key must be RSA.",
		handle_encrypt},
	{"explain", explain_args, COMMAND_HERE, false, NULL,
		"name every byte of a list or signed file",
		"Prints the fields of a list, a signed or an encrypted file: offset, size, name and "
		"value in words. They follow one another without a gap. With an offset, the field "
		"of that byte alone. In a broken file the field at fault is marked, and what comes "
		"after lengths that do not fit is one field. Nothing is verified. Exit status 0, "
		"or 2 for a file that is broken or cannot be read.",
		handle_explain},
	{"explain erase", explain_erase_args, COMMAND_HERE, false, NULL,
		"tell how a model is made to forget its trust lists",
		"Prints the keys to press on a phone of this model, and what to do before and after. "
		"A phone that holds another system's trust list accepts nothing until that is done.",
		handle_explain_erase},
	{"file delete", file_delete_args, COMMAND_HERE, true,
		"Enter \"y\" followed by return to continue:",
		"delete traces and served files; the CTL, to start over",
		"Deletes files of a place. CTLFile.tlv, which goes alone and by its name, is for "
		"when every token is lost: lists every phone that must then be erased by hand, "
		"with the keys to press, and after the question deletes the published CTL; no list "
		"is served any more and the next one counts as first. That only at this node's "
		"console, by the owner of its state folder. What was deleted is recorded in the "
		"audit log.",
		handle_file_delete},
	{"file get", file_get_args, COMMAND_HERE, false, NULL, "copy traces and served files",
		"Copies files of a place to a folder.", handle_file_get},
	{"file list", file_list_args, COMMAND_ANYWHERE, false, NULL, "list traces and served files",
		"Lists the files of the one folder that TFTP serves from, or of the folder with "
		"the traces. With detail: date, size and in tftp the MD5 of each, which phones "
		"show of their trust lists.",
		handle_file_list},
	{"file tail", file_tail_args, COMMAND_HERE, false, NULL, "show what is written to a file",
		"Shows the last lines of a file and goes on with what is written to it, until "
		"Ctrl-C. Of a folder, with recent, it is the file that was written last, and then "
		"whichever follows it.",
		handle_dialogue},
	{"file view", file_view_args, COMMAND_HERE, false, NULL, "show traces and served texts",
		"Prints text files of a place.", handle_file_view},
	{"logs", logs_args, COMMAND_HERE, false, NULL, "show the traces of all services together",
		"Shows the last lines of the traces in the order of time, each behind the name of "
		"its trace; with -f goes on with what the services write, until Ctrl-C.",
		handle_dialogue},
	{"monitor", monitor_args, COMMAND_HERE, false, NULL,
		"tell which certificates end soon, and whom that hits",
		"Looks at the node's own certificates, those of others that are trusted, and those "
		"of the phones. For cron and timers: exit status 0 when all is well, 1 when one has "
		"expired or will within so many days; with --notify a webhook and a mailbox are "
		"told then.",
		handle_monitor},
	{"profile add", profile_put_args, COMMAND_ANYWHERE, true, NULL,
		"add a phone security profile",
		"Adds a profile: what a phone's configuration says of security, and how CAPF treats "
		"it. Values are the words of the original, such as Encrypted or \"By Null "
		"String\". What is not given is SCCP, any model, Non Secure, By Null String, RSA "
		"Only, 2048 bits. Combinations that no phone of the model could follow are refused.",
		handle_profile_add},
	{"profile delete", profile_args, COMMAND_ANYWHERE, true,
		"This operation will delete the profile. Do you want to continue? (y/n):",
		"delete a phone security profile",
		"Deletes a profile that no phone uses. Predefined ones stay.",
		handle_profile_delete},
	{"profile list", no_args, COMMAND_ANYWHERE, false, NULL, "list the phone security profiles",
		"Lists the profiles, and how many phones use each.", handle_profile_list},
	{"profile rename", profile_rename_args, COMMAND_ANYWHERE, true, NULL,
		"rename a phone security profile",
		"Gives a profile another name; its phones follow.", handle_profile_rename},
	{"profile show", profile_args, COMMAND_ANYWHERE, false, NULL,
		"show a phone security profile",
		"Shows every field of a profile, and how many phones use it (Dependency Records).",
		handle_profile_show},
	{"profile update", profile_put_args, COMMAND_ANYWHERE, true, NULL,
		"change a phone security profile",
		"Changes the fields that are given. Refused when a phone that uses the profile could "
		"then never register again: the first one and the way out are named. Predefined "
		"profiles cannot be changed.",
		handle_profile_update},
	{"set account name", account_password_args, COMMAND_HERE, true, NULL,
		"make an administrator's account",
		"Makes an account for what comes over the network: the CTL Provider. Its password "
		"has 8 to 128 bytes and is kept as an Argon2id hash. After three failures in a row "
		"each further try has to wait, up to a minute; after ten the account is locked for "
		"half an hour.",
		handle_account_add},
	{"set cert delete", trust_delete_args, COMMAND_HERE, true,
		"This operation will delete the trust certificate. Do you want to continue? (y/n):",
		"delete a certificate of others",
		"Takes a certificate out of a trust unit: TVS vouches for it no longer, unless the "
		"CTL names it. This node's own certificates are not deleted.",
		handle_set_cert_delete},
	{"set cert import own", import_own_args, COMMAND_HERE, true, NULL,
		"put a certificate made elsewhere in the place of an own one",
		"Puts a certificate, and its key when it is another one, in the place of the "
		"newest. Says what must be published and restarted then, as set cert regen does, "
		"and is refused where that is.",
		handle_set_cert_import_own},
	{"set cert import trust", import_trust_args, COMMAND_HERE, true, NULL,
		"trust a certificate of others",
		"Puts a certificate into a trust unit. TVS vouches to phones for those in "
		"Phone-SAST-trust that they may sign trust lists.",
		handle_set_cert_import_trust},
	{"set cert regen", cert_name_args, COMMAND_HERE, true,
		"WARNING: this operation will overwrite the present certificate, one signed by an "
		"authority too. Proceed with regeneration (yes|no)?",
		"make a certificate anew",
		"Makes a new key and certificate and says what must be published and restarted "
		"then, in safe order. Until that is done the previous key works. Refused while the "
		"steps of an earlier change are not finished, for CallManager, TVS and ITLRecovery "
		"also those of another of them, and when phones would know no key any more.",
		handle_set_cert_regen},
	{"set password user", account_password_args, COMMAND_HERE, true, NULL,
		"change an account's password",
		"Gives an account another password, and ends a wait or lock.",
		handle_account_password},
	{"setup", setup_args, COMMAND_HERE, true, NULL,
		"bring this node to real phones: address, ports, DHCP, TLS",
		"Makes the state folder, or changes the address of one that is there, and looks "
		"what real phones need: whether the ports can be opened, and what gives the right "
		"to port 69; the lines with option 150 for dnsmasq and ISC dhcpd; which names "
		"certificates and lists have; what this OpenSSL can serve to old phones. Asks for "
		"what is not given, on a terminal. Exit status 0 ready, 1 something is to be done "
		"first, 2 usage.",
		handle_dialogue},
	{"show", show_args, COMMAND_HERE, false, NULL, "show lists, signed and encrypted files",
		"Shows any file with a signed header, recognised by what is in it: a list as show "
		"ctl and show itl do; of signed and encrypted files the header and the size of "
		"the content, of encrypted ones also how they are encrypted. Whether such a file's "
		"signature is good is told by verify --with. Exit status 0 shown, 1 a list that is "
		"not verified, 2 unreadable; of several files the highest.",
		handle_show},
	{"show account", no_args, COMMAND_ANYWHERE, false, NULL,
		"show the administrators' accounts",
		"Shows the accounts with their last login, failures since then, and whether one "
		"has to wait or is locked.",
		handle_account_show},
	{"show capf issuers", no_args, COMMAND_HERE, false, NULL,
		"count the phones of each authority",
		"Lists the authorities whose LSCs are accepted, and how many phones hold one of "
		"each. An authority that phones still need cannot be removed (set cert delete). "
		"Exit status 1 when phones hold LSCs of one that is not trusted.",
		handle_show_capf_issuers},
	{"show capf report", capf_report_args, COMMAND_HERE, false, NULL,
		"show the LSCs of the phones",
		"For each phone the status of its certificate operation, when its LSC expires, who "
		"issued it and when that one expires: the original's CAPF Report in File. NA: "
		"there is no LSC; Unknown: it is not recorded.",
		handle_show_capf_report},
	{"show cert list own", no_args, COMMAND_ANYWHERE, false, NULL,
		"list this node's certificates",
		"Lists CallManager, CAPF, TVS, ITLRecovery and CTLProvider with their ends.",
		handle_show_cert_list_own},
	{"show cert list trust", no_args, COMMAND_ANYWHERE, false, NULL,
		"list the certificates of others",
		"Lists the certificates of Phone-SAST-trust, CallManager-trust, CAPF-trust and "
		"TVS-trust.",
		handle_show_cert_list_trust},
	{"show cert own", show_cert_args, COMMAND_ANYWHERE, false, NULL,
		"show this node's certificates",
		"Shows subject, issuer, serial number and dates of one certificate or of all, and "
		"whether its predecessor is still in force.",
		handle_show_cert_own},
	{"show ctl", show_list_args, COMMAND_HERE, false, NULL, "show a trust list and verify it",
		"Prints the CTL with its records, says which token signed it and whether the "
		"signature is good. A record that contradicts its certificate is told on standard "
		"error. Exit status 0 verified, 1 not, 2 unreadable; of several files the highest.",
		handle_show_ctl},
	{"show itl", show_list_args, COMMAND_HERE, false, NULL, "show an ITL and verify it",
		"Prints the ITL as show ctl prints the CTL.", handle_show_itl},
	{"show stations", no_args, COMMAND_DAEMON, false, NULL, "show registered phones and calls",
		"Shows the phones that are registered with the running daemon, how they are "
		"secured, and the calls that are up.",
		handle_show_stations},
	{"sign", sign_args, COMMAND_HERE, true, NULL, "sign a file for phones",
		"Writes FILE.sgn: a signed header and the file. A file that is signed already is "
		"refused.",
		handle_sign},
	{"strip", strip_args, COMMAND_HERE, true, NULL, "take the signed header off a file",
		"Writes the content of a signed file, without its header. The signature is not "
		"checked; verify does that. A file that is there is not overwritten without "
		"--force.",
		handle_strip},
	{"token add", token_add_args, COMMAND_HERE, true, NULL, "make a token known",
		"Makes a token known, so that the next CTL names it: one on a PKCS #11 module by "
		"its label, or one that is kept elsewhere by its certificate. Of a known token it "
		"changes serial, holder and place. No PIN is needed.",
		handle_token_add},
	{"token create", token_create_args, COMMAND_HERE, true, NULL, "make a token",
		"Makes a file token: an RSA key sealed under the PIN and its certificate. Fifteen "
		"wrong PINs lock it for good. With --module and --token, makes a key that never "
		"leaves it, and its certificate, on an initialised PKCS #11 token. A cluster needs "
		"two tokens, kept in different places.",
		handle_token_create},
	{"token drill", token_drill_args, COMMAND_HERE, true, NULL, "prove that tokens still sign",
		"Asks for the PIN of each token at hand, lets it sign something that is no list, "
		"checks that with its certificate and records when. A descriptor gives a line for "
		"each token, in the order of their labels. Exit status 1 when one does not sign or "
		"is not at hand.",
		handle_token_drill},
	{"token list", token_list_args, COMMAND_HERE, false, NULL, "list the tokens",
		"Lists the tokens of the folder, those in the slots of the module, and those that "
		"are only known: serial, kind, holder, place, when last seen, and the state. A "
		"file token's state is its number of attempts left; of a PKCS #11 token what its "
		"flags say: ready, few tries left, last try before it locks, locked. No PIN is "
		"needed.",
		handle_token_list},
	{"token pin", token_pin_args, COMMAND_HERE, true, NULL, "change a token's PIN",
		"Changes the PIN of a token. A wrong present PIN counts as a try. Whatever happens "
		"meanwhile, one of the two PINs opens the token. Older copies of a file token keep "
		"the PIN that they were made with.",
		handle_token_pin},
	{"token retire", token_retire_args, COMMAND_HERE, true,
		"This token will sign nothing any more. Do you want to continue? (y/n):",
		"let a token sign nothing any more",
		"Marks a token as retired: it signs nothing any more and later CTLs leave it out. "
		"Says what must be published then. Refused when fewer than two tokens would "
		"remain, unless --force.",
		handle_token_retire},
	{"token show", token_show_args, COMMAND_HERE, false, NULL, "show one token",
		"Shows everything known of one token, and its certificate.", handle_token_show},
	{"utils account unlock", account_args, COMMAND_ANYWHERE, true, NULL,
		"unlock an administrator's account",
		"Forgets an account's failures, so that it need not wait any more.",
		handle_account_unlock},
	{"utils audit show", audit_show_args, COMMAND_HERE, false, NULL, "show who did what",
		"Shows the audit log: commands that changed something, logins, and what the CTL "
		"Provider was asked to do, each with who, from where, and what came of it.",
		handle_audit_show},
	{"utils audit verify", no_args, COMMAND_HERE, false, NULL, "check the audit log",
		"Checks that every line of the audit log fits the one before it and that its end "
		"is the one that was written last. Exit status 1 names the first line that does "
		"not fit.",
		handle_audit_verify},
	{"utils backup create", backup_create_args, COMMAND_HERE, true, NULL,
		"save keys, lists and store in one encrypted file",
		"Writes one file, encrypted under a passphrase of at least 12 characters, with the "
		"node's keys and certificates, file tokens, lists, settings, audit log and store, "
		"and reads it back. A daemon may run meanwhile. Without FILE its name is made of "
		"node and time. A file of that name is not overwritten. Publishing warns while a "
		"key that a list names is newer than the newest backup. Keys on hardware tokens "
		"are not in it: they cannot be copied.",
		handle_backup_create},
	{"utils backup restore", backup_restore_args, COMMAND_HERE, true,
		"This operation will replace this node's keys, lists and store. Do you want to "
		"continue? (y/n):",
		"make the state folder again from a backup",
		"Unpacks a backup beside the state folder, opens and checks it there, and puts it "
		"in the folder's place at once: whatever happens meanwhile, the folder is the old "
		"one or the new one. The folder must be missing or empty; with --force what is "
		"there is kept under another name. Refused while a daemon runs on the folder. "
		"Phones, traces and other files of the TFTP folder are not in a backup.",
		handle_backup_restore},
	{"utils backup show", backup_show_args, COMMAND_HERE, false, NULL,
		"show a backup: when and where it was made, what it holds",
		"Prints time, node and address of a backup. Without the passphrase this is what "
		"the file says of itself, and nobody has checked it. With --contents, or a "
		"passphrase, opens it and lists its keys with fingerprints and dates, its lists "
		"and its files.",
		handle_backup_show},
	{"utils capf set keep_alive", capf_keep_alive_args, COMMAND_HERE, true, NULL,
		"set how long a phone may make its key",
		"Minutes for which a phone that makes its key may be silent; each sign of life "
		"begins them anew. Slow phones take half an hour.",
		handle_capf_keep_alive},
	{"utils capf stale-lsc delete", no_args, COMMAND_HERE, true,
		"Expired certificates that no phone holds are forgotten. Continue (y/n)?",
		"forget expired LSCs that no phone holds",
		"Forgets those that utils capf stale-lsc list calls expired. Others stay, for a "
		"phone that was switched off may still show one.",
		handle_capf_stale_delete},
	{"utils capf stale-lsc list", no_args, COMMAND_HERE, false, NULL,
		"list LSCs that no phone holds",
		"Lists certificates that were given out and are no phone's any more: another took "
		"their place, they were deleted or refused, or the phone is not known any more.",
		handle_capf_stale_list},
	{"utils ctl reset localkey", ctl_local_args, COMMAND_HERE, true,
		"This operation will reset the CTLFile. Do you want to continue? (y/n):",
		"sign the CTL with the other key of this node",
		"For a cluster without tokens whose signing key phones do not know any more: signs "
		"and publishes the CTL with the other of CallManager and ITLRecovery than the "
		"setting list_signer names. All nodes get it, as with set-cluster mixed-mode.",
		handle_ctl_reset_localkey},
	{"utils ctl set-cluster mixed-mode", ctl_args, COMMAND_HERE, true,
		"This operation will set the cluster to Mixed mode. Do you want to continue? "
		"(y/n):",
		"sign a CTL and set mixed mode",
		"Signs a CTL, publishes it on this node and sets the cluster to mixed mode: with "
		"--token by a token, naming every token; without by a key of this node (setting "
		"list_signer). Refused when phones that hold the present CTL would not accept the "
		"new one, with the way that they would. Where the publisher knows other nodes it "
		"asks each of them on TCP 2444, as ctl-client does and with the same account and "
		"fingerprints, names them all and publishes on every node or on none; its own CTL "
		"Provider must run. Exit status 0 done, 1 refused, 2 usage.",
		handle_ctl_mixed_mode},
	{"utils ctl set-cluster non-secure-mode", ctl_args, COMMAND_HERE, true,
		"This operation will set the cluster to Non secure mode. Do you want to continue? "
		"(y/n):",
		"sign an emptied CTL and end mixed mode",
		"Signs and publishes a CTL whose server entries are emptied, so that it stays in "
		"place with its tokens, and ends mixed mode. Signed and published as mixed-mode is.",
		handle_ctl_non_secure},
	{"utils ctl status", ctl_status_args, COMMAND_HERE, true, NULL,
		"compare the CTLs of all nodes, mend what was interrupted",
		"Asks every node which CTL it has. A publication that was interrupted is finished "
		"when some node has activated it and rolled back when none has, after a question. "
		"Without --server this node is asked first. Exit status 0 all nodes have the same, "
		"7 they do not or a publication still waits, else as ctl-client.",
		handle_dialogue},
	{"utils ctl update CTLFile", ctl_args, COMMAND_HERE, true,
		"This operation will update the CTLFile. Do you want to continue? (y/n):",
		"sign the CTL again with today's certificates",
		"Signs and publishes the CTL again, so that it names the certificates that are "
		"in use; in non-secure mode the server entries stay emptied. --with-local-key and "
		"--with-tokens prepare the way from tokens to a cluster without and back. All "
		"nodes get it, as with set-cluster mixed-mode.",
		handle_ctl_update},
	{"utils itl export", itl_export_args, COMMAND_HERE, true, NULL,
		"export the ITLRecovery key",
		"Writes the ITLRecovery key and its certificate under a passphrase, as PKCS #12 "
		"and readable by its owner only. With it, utils itl reset remotekey leads back "
		"phones that know no other key.",
		handle_itl_export},
	{"utils itl reset end", no_args, COMMAND_HERE, true, NULL, "build the ITL as usual again",
		"Ends utils itl reset: TFTP builds and signs the ITL itself at its next restart.",
		handle_itl_reset_end},
	{"utils itl reset localkey", no_args, COMMAND_HERE, true,
		"This operation will reset the ITLFile. Do you want to continue? (y/n):",
		"sign the ITL with this node's ITLRecovery key",
		"For phones that do not know the key which signs ITLs now: signs the ITL with the "
		"ITLRecovery key. It stays so until utils itl reset end or a change of a "
		"certificate.",
		handle_itl_reset_localkey},
	{"utils itl reset remotekey", itl_remote_args, COMMAND_HERE, true,
		"This operation will reset the ITLFile. Do you want to continue? (y/n):",
		"sign the ITL with an exported ITLRecovery key",
		"As utils itl reset localkey, with a key from a file that utils itl export or "
		"another call manager wrote: for phones of another cluster, or of this one before "
		"it was made anew. The key is not kept.",
		handle_itl_reset_remotekey},
	{"utils itl rollback disable", no_args, COMMAND_HERE, true, NULL,
		"end the preparation for a rollback",
		"Prepare Cluster for Rollback off: TFTP serves a full ITL after its restart.",
		handle_itl_rollback_disable},
	{"utils itl rollback enable", rollback_args, COMMAND_HERE, true,
		"Phones that take the empty ITL accept any file. Do you want to continue? (y/n):",
		"publish an empty ITL for some time",
		"Prepare Cluster for Rollback: until the given time the ITL names no server, no "
		"TVS and no CAPF, so that phones follow an older or another call manager. It ends "
		"by itself. In mixed mode it frees no phone from its CTL.",
		handle_itl_rollback_enable},
	{"utils itl rollback show", no_args, COMMAND_ANYWHERE, false, NULL,
		"show whether the ITL is empty", "Shows Prepare Cluster for Rollback and its end.",
		handle_itl_rollback_show},
	{"utils service activate", service_args, COMMAND_ANYWHERE, true, NULL,
		"activate a service of this node and start it",
		"Activates a service: it is started now, and whenever the daemon is.",
		handle_service_activate},
	{"utils service deactivate", service_args, COMMAND_ANYWHERE, true, NULL,
		"stop a service and leave it stopped",
		"Stops a service and deactivates it: it is not started with the daemon either.",
		handle_service_deactivate},
	{"utils service list", no_args, COMMAND_ANYWHERE, false, NULL, "list this node's services",
		"Lists the services: started or stopped, whether they are not activated, and what "
		"a restart would bring in force.",
		handle_service_list},
	{"utils service restart", service_args, COMMAND_ANYWHERE, true, NULL,
		"restart a service of this node",
		"Restarts a service, which then works with the lists and keys that are in force. "
		"TFTP takes the published lists, and the key for files when they name it; "
		"CallManager and CAPF take their certificates. Restarting CallManager resets "
		"every phone, so that it fetches lists and configuration again. Restart TFTP on "
		"all nodes before the first CallManager: a key that no list served by this node "
		"names stays out of force. What cannot succeed changes "
		"nothing.",
		handle_service_restart},
	{"utils service start", service_args, COMMAND_ANYWHERE, true, NULL,
		"start a service of this node",
		"Starts a service that is activated. It works with the lists and keys that are in "
		"force.",
		handle_service_start},
	{"utils service stop", service_args, COMMAND_ANYWHERE, true, NULL,
		"stop a service of this node",
		"Stops a service until it or the daemon is started again. Stopping CallManager "
		"resets every phone.",
		handle_service_stop},
	{"utils system restart", no_args, COMMAND_ANYWHERE, true,
		"Do you really want to restart ?\n\nEnter (yes/no)?",
		"restart this node's services",
		"Restarts the services of this node that are activated, in safe order: TFTP, TVS, "
		"CAPF, CallManager, CTL Provider. The machine goes on.",
		handle_system_restart},
	{"verify", verify_args, COMMAND_HERE, false, NULL, "verify lists and signed files",
		"Says whether a list is signed by one of its own SASTs, and with --with whether a "
		"signed or encrypted file is signed by a TFTP or CCM+TFTP record of a list or by "
		"a certificate. With --holding, whether a phone that holds that list accepts it, "
		"and why. Findings follow the verdict and do not change it: records that "
		"contradict their certificates or, with --certs, those in use; a list older than "
		"a certificate in it; certificates that have expired or will within 30 days; "
		"fewer than two SASTs; more than 64 KiB; signatures that some phones cannot "
		"check; signers whose key strangers hold. All files below a folder are verified, "
		"and the bad ones listed. Exit status 0 verified (and accepted), 1 not, 2 "
		"unreadable; of several files the highest.",
		handle_verify},
	{NULL, NULL, COMMAND_HERE, false, NULL, NULL, NULL, NULL},
};
