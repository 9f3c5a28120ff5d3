/* SPDX-License-Identifier: BSD-2-Clause
 * The files of a start, in the phone's order: CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv, ITLFile.tlv, then
 * the configuration under the name that fits what the phone holds. */
#include "sim/config.h"
#include "sim/capf.h"
#include "sim/enrol.h"
#include "sim/phone.h"
#include "sim/tvs.h"

#include <stdio.h>

#define DEFAULT_CONFIG "XMLDefault.cnf.xml"
#define ENROLMENTS_MAX 3 /* in a row without a registration: then the phone waits */

static void on_file(void *ctx, enum err err, struct span content, const struct fail *why);

void sim_boot_cancel(struct sim_phone *p)
{
	sim_fetch_free(p->fetch);
	p->fetch = NULL;
	sim_tvs_stop(p);
}

static void ask(struct sim_phone *p, const char *name, bool list)
{
	struct fail why = {0};
	char address[NET_ADDR_MAX];

	(void)snprintf(p->asked, sizeof(p->asked), "%s", name);
	if (list)
		sim_console_note(&p->console, "SECD", "tlRequestFile: Request %s", name);
	net_addr_print(&p->opt.server, address);
	sim_console_note(
		&p->console, "TFTP", "[%d]:Requesting %s from %s", ++p->transfers, name, address);
	if (sim_fetch_start(&p->fetch, p->loop, &p->opt.server, name, on_file, p, &why)) {
		sim_console_error(&p->console, "TFTP", "[%d]:%s", p->transfers, why.text);
		p->fetch = NULL;
		sim_phone_event(p, p->state == SIM_ASK_CONFIG ? SIM_EV_FAILED : SIM_EV_UNREACHABLE);
	}
}

void sim_boot_ask_ctl(struct sim_phone *p)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "CTL%s.tlv", p->opt.device);
	ask(p, name, true);
}

void sim_boot_ask_itl(struct sim_phone *p)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "ITL%s.tlv", p->opt.device);
	ask(p, name, true);
}

void sim_boot_ask_common_itl(struct sim_phone *p)
{
	ask(p, sim_list_name(SIM_ITL), true);
}

static void ask_config(struct sim_phone *p, const char *ending)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.cnf.xml%s", p->opt.device, ending);
	ask(p, name, false);
}

/* True when the configuration that the phone keeps was one that asks for encryption. */
static bool was_encrypted(const struct sim_phone *p)
{
	struct cnfxml held;

	return (p->flash.key || p->flash.mic_key) && p->flash.config.len &&
	       cnfxml_parse(&held, buf_span(&p->flash.config), NULL) == ERR_OK && held.encrypted;
}

void sim_boot_ask_config(struct sim_phone *p)
{
	struct sim_held held = sim_flash_get_held(&p->flash);

	p->reduced_seen = false;
	if (held.ctl.len == 0 && held.itl.len == 0) {
		sim_console_status(&p->console, "No Trust List installed");
		ask_config(p, "");
	} else if (!sim_trust_file_signer(&held)) {
		ask_config(p, "");
	} else {
		ask_config(p, was_encrypted(p) ? ".enc.sgn" : ".sgn");
	}
}

static enum sim_list list_of_state(const struct sim_phone *p)
{
	return p->state == SIM_ASK_CTL ? SIM_CTL : SIM_ITL;
}

/* Phones name the ITL where it is the one that is meant: "Trust List" is the CTL's. */
static void list_status(struct sim_phone *p, const char *ctl, const char *itl)
{
	sim_console_status(&p->console, "%s", list_of_state(p) == SIM_CTL ? ctl : itl);
}

static void take_list(struct sim_phone *p, struct span content)
{
	struct tlv_header header;
	struct fail why = {0};

	if (tlv_parse_header(&header, content, NULL) == ERR_OK)
		sim_console_note(&p->console, "SECD",
			"validate_file_envelope: File sign verify SUCCESS; header length <%u>",
			header.length);
	if (sim_flash_put_list(&p->flash, list_of_state(p), content, &why)) {
		list_status(p, "Trust List Update Failed", "ITL Update Failed");
		sim_phone_refused(p, p->asked, &why);
		return;
	}
	list_status(p, "Trust List Updated", "ITL installed");
}

static void refuse_list(struct sim_phone *p, const struct fail *why)
{
	sim_console_note(&p->console, "SECD", "validate_file_envelope: File sign verify FAILED");
	list_status(p, "Trust List Verification Failed", "ITL Verification Failed");
	sim_phone_refused(p, p->asked, why);
}

/* Neither held list names the signer: what a TVS says of it decides. */
static void list_vouched(void *ctx, unsigned roles, struct span cert, const struct fail *answer)
{
	struct sim_phone *p = ctx;
	struct sim_judge judge = sim_phone_judge(p);
	struct span content = buf_span(&p->doubted);
	struct tlv_header header;
	struct fail why = {0};
	enum err err = tlv_parse_header(&header, content, &why);

	if (!err && !(roles & sim_trust_roles_list()))
		err = fail_set(&why, ERR_TRUST, "the signer is not in the held trust list, and %s",
			roles ? "TVS gives it another role" : answer->text);
	if (!err)
		err = sim_trust_vouched(&judge, &header, content, cert, &why);
	if (err)
		refuse_list(p, &why);
	else
		take_list(p, content);
	sim_phone_event(p, SIM_EV_DONE);
}

/* Asks the TVS about the signer of what was just read, which is kept meanwhile. False when that is
 * no use. */
static bool ask_tvs(
	struct sim_phone *p, struct span content, const struct fail *refusal, sim_tvs_done *done)
{
	struct tlv_header header;

	if (refusal->code != ERR_TRUST || !sim_tvs_usable(p))
		return false;
	buf_clear(&p->doubted);
	buf_put(&p->doubted, content);
	if (buf_check(&p->doubted) ||
		tlv_parse_header(&header, buf_span(&p->doubted), NULL) != ERR_OK)
		return false;
	sim_tvs_query(p, &header, done, p);
	return true;
}

/* A list came: it is judged, and taken or refused; either way the start goes on. */
static void judge_list(struct sim_phone *p, struct span content)
{
	struct sim_judge judge = sim_phone_judge(p);
	struct sim_held held = sim_flash_get_held(&p->flash);
	struct fail why = {0};

	switch (sim_trust_list(&judge, &held, content, sim_list_name(list_of_state(p)), &why)) {
	case SIM_LIST_SAME: break;
	case SIM_LIST_NEW: take_list(p, content); break;
	case SIM_LIST_UNREADABLE:
		list_status(p, "Trust List Update Failed", "ITL Update Failed");
		sim_phone_refused(p, p->asked, &why);
		break;
	case SIM_LIST_UNVERIFIED:
		if (ask_tvs(p, content, &why, list_vouched))
			return;
		refuse_list(p, &why);
		break;
	}
	sim_phone_event(p, SIM_EV_DONE);
}

/* The configuration says what to do next. */
static void obey_config(struct sim_phone *p)
{
	const struct cnfxml *c = &p->config;
	bool listed = p->flash.lists[SIM_CTL].len || p->flash.lists[SIM_ITL].len;

	/* In a file that is not encrypted the mode is there only while an operation is pending; in
	 * others it always is, and certHash tells. A server that goes on saying so after the
	 * operation is not obeyed again before the phone was registered. */
	bool ordered = !c->encrypted && p->enrolments == 0;

	struct fail why = {0};

	if (listed && !p->asked_capf && (p->flash.lsc.len == 0 || ordered) && c->capf_count > 0 &&
		c->capf_auth_mode != SIM_AUTH_NONE) {
		if (sim_enrol_by_itself(p, &why)) {
			p->asked_capf = true;
			p->enrolments++;
			sim_phone_event(p, SIM_EV_ENROL);
			return;
		}
		sim_console_note(&p->console, "CAPF", "%s", why.text);
	}
	sim_phone_event(p, SIM_EV_DONE);
}

/* No new configuration can be had: the one in flash serves, if there is one. */
static void fall_back(struct sim_phone *p)
{
	if (p->flash.config.len == 0 ||
		cnfxml_parse(&p->config, buf_span(&p->flash.config), NULL)) {
		p->config = (struct cnfxml){0};
		sim_phone_event(p, SIM_EV_FAILED);
		return;
	}
	p->config_encrypted = p->config.encrypted;
	sim_console_note(&p->console, "CFG", "using the configuration in flash");
	sim_phone_event(p, SIM_EV_DONE);
}

static void enrol(struct sim_phone *p, const char *reason)
{
	struct fail why = {0};

	if (p->config.capf_count == 0) {
		(void)fail_set(&why, ERR_NOTNOW, "%s, and no CAPF server is named", reason);
	} else if (!sim_enrol_by_itself(p, &why)) {
		fail_prefix(&why, "%s", reason);
	} else if (++p->enrolments > ENROLMENTS_MAX || p->asked_capf) {
		p->enrolments = 0;
		(void)fail_set(&why, ERR_NOTNOW, "%s, and CAPF did not help", reason);
	}
	if (why.code) {
		sim_phone_refused(p, p->asked, &why);
		sim_phone_event(p, SIM_EV_FAILED);
		return;
	}
	sim_console_note(&p->console, "SECD", "%s: asking CAPF", reason);
	/* A second start that ends here without a registration in between asks CAPF again; one that
	 * was told "nothing to do" does not. */
	p->asked_capf = true;
	sim_phone_event(p, SIM_EV_ENROL);
}

static bool has_hash(const struct buf *cert, const char *md5)
{
	char mine[2 * DIGEST_MAX + 1] = "";

	if (cert->len)
		digest_hex(DIGEST_MD5, buf_span(cert), mine);
	return mine[0] && strcmp(mine, md5) == 0;
}

/* The reduced companion tells for which certificate the encrypted file was made. */
static void obey_reduced(struct sim_phone *p)
{
	const char *hash = p->config.cert_hash;

	if (has_hash(&p->flash.lsc, hash) || has_hash(&p->flash.mic, hash))
		ask_config(p, ".enc.sgn");
	else if (!p->flash.lsc.len && !p->flash.mic.len)
		enrol(p, "no certificate to decrypt the configuration with");
	else if (!hash[0])
		enrol(p, "the server knows no certificate of the phone to encrypt for");
	else
		enrol(p, "the configuration is encrypted for another certificate");
}

static void judge_config(struct sim_phone *p, struct span content, struct span vouched);

static void config_vouched(void *ctx, unsigned roles, struct span cert, const struct fail *answer)
{
	struct sim_phone *p = ctx;
	struct fail why = {0};

	if (roles & sim_trust_roles_file()) {
		judge_config(p, buf_span(&p->doubted), cert);
		return;
	}
	(void)fail_set(&why, ERR_TRUST, "the signer is not in the held trust list, and %s",
		roles ? "TVS gives it another role" : answer->text);
	sim_console_status(&p->console, "File auth error %s", p->asked);
	sim_phone_refused(p, p->asked, &why);
	fall_back(p);
}

static void judge_config(struct sim_phone *p, struct span content, struct span vouched)
{
	struct sim_judge judge = sim_phone_judge(p);
	struct sim_held held = sim_flash_get_held(&p->flash);
	struct cnfxml config = {0};
	struct buf xml = {0};
	struct fail why = {0};
	unsigned header = 0;
	bool encrypted = strstr(p->asked, ".enc.sgn") != NULL;
	enum err err = sim_config_open(&judge, &held, vouched, p->flash.key, p->asked, content,
		&xml, &config, &header, &why);

	/* A server that was never asked for an LSC may know the MIC. */
	if (err == ERR_CRYPTO && header && p->flash.mic_key) {
		buf_wipe(&xml);
		fail_clear(&why);
		err = sim_config_open(&judge, &held, vouched, p->flash.mic_key, p->asked, content,
			&xml, &config, &header, &why);
	}

	if (header)
		sim_console_note(&p->console, "SECD",
			"validate_file_envelope: File sign verify SUCCESS; header length <%u>",
			header);
	if (err == ERR_CRYPTO && header) {
		sim_console_error(&p->console, "SECD", "%s: %s", p->asked, why.text);
		if (p->reduced_seen)
			enrol(p, "the encrypted configuration cannot be decrypted");
		else
			ask_config(p, ".sgn"); /* the reduced file names the CAPF server */
		goto out;
	}
	if (err && !vouched.len && ask_tvs(p, content, &why, config_vouched))
		goto out;
	if (err) {
		sim_console_status(&p->console, "File auth error %s", p->asked);
		sim_phone_refused(p, p->asked, &why);
		fall_back(p);
		goto out;
	}
	p->config = config;
	sim_phone_note_tvs(p, &config);
	(void)snprintf(p->evidence.config_name, sizeof(p->evidence.config_name), "%s", p->asked);
	p->config_encrypted = encrypted;
	sim_phone_write_evidence(p);
	if (!config.full && config.encrypted) {
		p->reduced_seen = true;
		obey_reduced(p);
		goto out;
	}
	if (sim_flash_put_config(&p->flash, buf_span(&xml), &why))
		sim_console_error(&p->console, "CFG", "%s", why.text);
	obey_config(p);
out:
	buf_wipe(&xml);
}

/* The phone has no file of its own: that for all such phones leads to a call manager, which may add
 * it. */
static void ask_default(struct sim_phone *p)
{
	bool is_signed = strstr(p->asked, ".sgn") != NULL;

	sim_console_status(&p->console, "File not found %s", p->asked);
	ask(p, is_signed ? DEFAULT_CONFIG ".sgn" : DEFAULT_CONFIG, false);
}

static void no_file(struct sim_phone *p, enum err err, const struct fail *why)
{
	bool missing = err == ERR_NOTFOUND;

	sim_console_note(&p->console, "TFTP", "[%d]:%s: %s", p->transfers, p->asked,
		missing ? "File Not Found" : why->text);
	if (!missing)
		sim_console_status(&p->console, "%s",
			err == ERR_TIMEOUT  ? "TFTP timeout"
			: err == ERR_DENIED ? "TFTP access error"
					    : "TFTP error");
	if (p->state != SIM_ASK_CONFIG) {
		if (missing && p->state == SIM_ASK_CTL)
			sim_console_status(&p->console, "File Not Found CTLFile.tlv");
		sim_phone_event(p, missing ? SIM_EV_MISSING : SIM_EV_UNREACHABLE);
	} else if (missing && strstr(p->asked, ".enc.sgn") && !p->reduced_seen) {
		ask_config(p, ".sgn");
	} else if (missing && !p->reduced_seen && strncmp(p->asked, "SEP", 3) == 0) {
		ask_default(p);
	} else {
		if (missing)
			sim_console_status(&p->console, "File not found %s", p->asked);
		fall_back(p);
	}
}

static void on_file(void *ctx, enum err err, struct span content, const struct fail *why)
{
	struct sim_phone *p = ctx;

	p->fetch = NULL;
	if (err) {
		no_file(p, err, why);
		return;
	}
	sim_console_note(
		&p->console, "TFTP", "[%d]:Finished --> rcvd %zu bytes", p->transfers, content.len);
	if (p->state == SIM_ASK_CONFIG)
		judge_config(p, content, (struct span){0});
	else
		judge_list(p, content);
}
