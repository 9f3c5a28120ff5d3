/* SPDX-License-Identifier: BSD-2-Clause
 * The doctor's judgement over evidence that is put together here: a cluster and two phones of which
 * everything is good, each time with something changed. */
#include "lab.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/device/device.h"
#include "core/doctor/doctor.h"
#include "core/issue/lsc.h"
#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define DAY  (24 * 60 * 60)
#define YEAR (365 * DAY)

static const char good_state[] =
	"{\"registered\": true, \"state\": \"registered\", \"transport\": \"tls\", \"port\": 2443,"
	" \"security_mode\": 3, \"refused\": \"\", \"call\": {\"state\": \"connected\","
	" \"peer\": \"1002\", \"icon\": \"lock\", \"algorithm\": \"AES_CM_128_HMAC_SHA1_32\","
	" \"sent\": 90, \"received\": 90, \"authenticated\": 90, \"rejected\": 0, \"clear\": 0,"
	" \"audio_ok\": true}, \"last_call\": {\"state\": \"idle\", \"sent\": 0}}";

/* Both phones' LSCs, and one that a stranger signed. */
static struct cert *lscs[2], *stranger;

struct trial {
	struct lab *lab;
	struct doctor_evidence *e;
	struct doctor_phone *first, *second;
	struct doctor_report report;
};

static void put(struct buf *b, struct span bytes)
{
	buf_clear(b);
	buf_put(b, bytes);
	assert_int_equal(buf_check(b), ERR_OK);
}

static void set_bytes(struct doctor_bytes *b, struct span bytes)
{
	b->there = true;
	put(&b->bytes, bytes);
}

static void lose(struct doctor_bytes *b, const char *why)
{
	b->there = false;
	buf_clear(&b->bytes);
	str_copy(b->missing, sizeof(b->missing), why);
}

static void load(struct doctor_bytes *b, const struct lab *lab, const char *name)
{
	struct buf file = lab_read(lab_path(lab, name));

	set_bytes(b, buf_span(&file));
	buf_fini(&file);
}

static void set_state(struct doctor_phone *p, const char *text)
{
	json_free(p->state);
	assert_int_equal(json_parse(&p->state, span_str(text), NULL), ERR_OK);
}

static void set_cert(struct doctor_bytes *b, const struct cert *c)
{
	struct buf pem = {0};

	assert_int_equal(cert_to_pem(c, &pem), ERR_OK);
	set_bytes(b, buf_span(&pem));
	buf_fini(&pem);
}

static void shake(
	struct doctor_handshake *h, const struct doctor_bytes *server, const struct cert *client)
{
	struct cert *c;

	assert_int_equal(cert_from_pem(&c, buf_span(&server->bytes), NULL), ERR_OK);
	h->seen = h->completed = true;
	str_copy(h->version, sizeof(h->version), "TLSv1.2");
	str_copy(h->cipher, sizeof(h->cipher), "AES128-SHA");
	put(&h->server_der, cert_der(c));
	if (client)
		put(&h->client_der, cert_der(client));
	cert_free(c);
}

static struct cert *issue(struct lab *lab, const char *device)
{
	struct device_new d = {.name = device, .profile = "Encrypted", .install = true};
	struct key *key = NULL;
	struct buf spki = {0};
	struct cert *c = NULL, *issuer = NULL;

	if (device_put(lab->c, &d, &lab->why))
		fail_msg("%s", lab->why.text);
	assert_int_equal(key_generate(&key, KEY_RSA, 2048, &lab->why), ERR_OK);
	assert_int_equal(key_public_der(key, &spki), ERR_OK);
	if (lsc_issue(lab->c, device, buf_span(&spki), &c, &issuer, &lab->why))
		fail_msg("%s", lab->why.text);
	key_free(key);
	cert_free(issuer);
	buf_fini(&spki);
	return c;
}

static void add_phone(struct trial *t, struct doctor_phone **out, size_t n, const char *name)
{
	struct doctor_phone *p = doctor_evidence_phone(t->e, name);

	assert_non_null(p);
	p->folder = p->has_line = true;
	p->profile_mode = 3;
	p->listed = DOCTOR_LISTED;
	set_bytes(&p->served, buf_span(&t->e->ctl.bytes));
	set_bytes(&p->ctl, buf_span(&t->e->ctl.bytes));
	str_copy(p->list_status, sizeof(p->list_status), "10:00:00 Trust List Updated");
	set_cert(&p->lsc, lscs[n]);
	shake(&p->capf, &t->e->capf, NULL);
	shake(&p->signalling, &t->e->callmanager, lscs[n]);
	set_state(p, good_state);
	*out = p;
}

static int setup(void **state)
{
	struct trial *t = mem_new(sizeof(*t));
	void *lab = NULL;

	assert_non_null(t);
	assert_int_equal(lab_setup_mixed(&lab), 0);
	t->lab = lab;
	t->e = doctor_evidence_new();
	assert_non_null(t->e);
	if (!lscs[0]) {
		lscs[0] = issue(t->lab, LAB_SEP);
		lscs[1] = issue(t->lab, LAB_NAME);
	}
	t->e->now = LAB_NOW + 60;
	t->e->mode = 1;
	load(&t->e->callmanager, t->lab, "keys/CallManager.pem");
	load(&t->e->capf, t->lab, "keys/CAPF.pem");
	load(&t->e->ctl, t->lab, "tftp/CTLFile.tlv");
	load(&t->e->served, t->lab, "tftp/CTLFile.tlv");
	shake(&t->e->capf_probe, &t->e->capf, NULL);
	shake(&t->e->sccps_probe, &t->e->callmanager, NULL);
	add_phone(t, &t->first, 0, LAB_SEP);
	add_phone(t, &t->second, 1, LAB_NAME);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct trial *t = *state;
	void *lab = t->lab;

	doctor_report_fini(&t->report);
	doctor_evidence_free(t->e);
	mem_free(t);
	return lab_teardown(&lab);
}

static int group_setup(void **state)
{
	struct buf der = {0};
	const char *name = lab_source("data/lists/vendor.der");
	int status = lab_group_setup(state);

	der = lab_read(name);
	if (cert_from_der(&stranger, buf_span(&der), NULL))
		status = 1;
	buf_fini(&der);
	return status;
}

static int group_teardown(void **state)
{
	cert_free(lscs[0]);
	cert_free(lscs[1]);
	cert_free(stranger);
	return lab_group_teardown(state);
}

/* The verdicts in a row: g good, F fault, ? cannot tell. */
static void judged(struct trial *t, const char *verdicts)
{
	static const char letters[] = {'g', 'F', '?'};
	char got[DOCTOR_CHECKS + 1] = "";
	struct buf text = {0};

	doctor_report_fini(&t->report);
	assert_int_equal(doctor_judge(t->e, &t->report), ERR_OK);
	for (size_t i = 0; i < DOCTOR_CHECKS; i++)
		got[i] = letters[t->report.checks[i].verdict];
	if (strcmp(got, verdicts) != 0) {
		doctor_report_text(&t->report, &text);
		buf_u8(&text, 0);
		print_message("%s", text.data);
		buf_fini(&text);
	}
	assert_string_equal(got, verdicts);
	assert_true(t->report.good == (strspn(got, "g") == DOCTOR_CHECKS));
}

/* Check `number` (from 1) says this, and `next` is part of what it says to do. */
static void says(struct trial *t, int number, const char *words, const char *next)
{
	struct doctor_check *c = &t->report.checks[number - 1];
	struct buf text = {0};

	buf_put(&text, buf_span(&c->evidence));
	buf_u8(&text, 0);
	if (!strstr((char *)text.data, words))
		fail_msg("check %d says: %snot: %s", number, text.data, words);
	if (!strstr(c->remedy, next))
		fail_msg("check %d advises: %s, not: %s", number, c->remedy, next);
	buf_fini(&text);
}

static void all_is_good(void **state)
{
	struct trial *t = *state;
	struct buf text = {0};
	struct json *j;

	judged(t, "gggggggg");
	doctor_report_text(&t->report, &text);
	buf_u8(&text, 0);
	assert_non_null(strstr((char *)text.data, "All eight checks are good."));
	assert_null(strstr((char *)text.data, "next:"));
	buf_fini(&text);
	j = doctor_report_json(&t->report);
	assert_true(json_get_bool(j, "good"));
	assert_int_equal(json_count(json_get(j, "checks")), DOCTOR_CHECKS);
	json_free(j);
}

static void certificates_and_dates(void **state)
{
	struct trial *t = *state;

	t->e->now = LAB_NOW + 6 * (int64_t)YEAR;
	judged(t, "FggggF??");
	says(t, 1, "CAPF.pem has expired: this machine's clock says 2032", "keys/CallManager.key");
	t->e->now = LAB_NOW - YEAR;
	judged(t, "FFgggF??");
	says(t, 1, "CallManager.pem is not valid yet", "set this machine's clock");
	says(t, 2, "signed in the future", "set this machine's clock");
	says(t, 6, "its LSC is not valid today", "set this machine's clock");
	t->e->now = LAB_NOW + (int64_t)5 * YEAR - DAY;
	judged(t, "gggggggg");
	says(t, 1, "CAPF.pem expires within 30 days", "");
}

static void certificates_that_cannot_be_read(void **state)
{
	struct trial *t = *state;

	lose(&t->e->callmanager, "it is gone");
	judged(t, "F?gggggg");
	says(t, 1, "CallManager.pem cannot be read: it is gone", "put keys/CallManager.pem back");
	says(t, 2, "cannot tell: CallManager.pem cannot be read (check 1)", "");
	set_bytes(&t->e->callmanager, span_str("no certificate"));
	judged(t, "F?gggggg");
	/* DER is as good as PEM. */
	set_bytes(&t->e->callmanager, buf_span(&t->e->sccps_probe.server_der));
	judged(t, "gggggggg");
}

static void list_against_certificates(void **state)
{
	struct trial *t = *state;

	set_cert(&t->e->capf, lscs[0]);
	judged(t, "gFgggggg");
	says(t, 2, "CAPF.pem does not stand in the list as CAPF: its serial is ",
		"utils ctl update CTLFile --token LABEL");
	load(&t->e->capf, t->lab, "keys/CAPF.pem");
	str_copy(t->e->address, sizeof(t->e->address), "192.0.2.10");
	judged(t, "gggggggg");
	str_copy(t->e->address, sizeof(t->e->address), "198.51.100.1");
	judged(t, "gFgggggg");
	says(t, 2, "the list names the node 192.0.2.10, but its address is 198.51.100.1",
		"utils ctl update CTLFile");
	t->e->address[0] = '\0';
	t->e->mode = 0;
	judged(t, "gFgggggg");
	says(t, 2, "in non-secure mode", "set-cluster mixed-mode");
}

static void list_on_disk(void **state)
{
	struct trial *t = *state;
	struct buf *ctl = &t->e->ctl.bytes;

	ctl->data[ctl->len - 9] ^= 1;
	judged(t, "gF??????");
	says(t, 2, "Verification of the CTL File Failed", "utils ctl update CTLFile");
	says(t, 3, "no sound list on disk", "");
	says(t, 8, LAB_SEP ": check 7 is not good", "");
	lose(&t->e->ctl, "nothing there");
	judged(t, "gF??????");
	says(t, 2, "no CTLFile.tlv on disk: nothing there", "set-cluster mixed-mode");
	set_bytes(&t->e->ctl, span_of(NULL, 0));
	judged(t, "gF??????");
}

static void list_over_tftp(void **state)
{
	struct trial *t = *state;

	t->e->served.bytes.data[9] ^= 1;
	judged(t, "ggF?????");
	says(t, 3, "CTLFile.tlv over TFTP", "who answers on the TFTP port");
	lose(&t->e->served, "no answer");
	judged(t, "ggF?????");
	says(t, 3, "CTLFile.tlv was not served: no answer", "is cadeadod running?");
	load(&t->e->served, t->lab, "tftp/CTLFile.tlv");
	t->first->served.bytes.data[9] ^= 1;
	judged(t, "ggF?????");
	says(t, 3, "CTL" LAB_SEP ".tlv over TFTP", "remove tftp/CTL" LAB_SEP ".tlv");
	/* The other phone is told of all the same. */
	says(t, 8, LAB_NAME ": call with 1002 shows the lock", "");
	lose(&t->first->served, "error 1");
	judged(t, "ggF?????");
	says(t, 3, "CTL" LAB_SEP ".tlv was not served: error 1", "remove it");
}

static void another_list(struct trial *t, struct doctor_bytes *held)
{
	struct buf guide = lab_read(lab_source("data/lists/CTLFile.tlv"));

	set_bytes(held, buf_span(&guide));
	buf_fini(&guide);
	judged(t, "gggF????");
}

static void list_accepted(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->first;

	another_list(t, &p->ctl);
	says(t, 4, "that does not know our signer", "erase the list");
	str_copy(p->list_status, sizeof(p->list_status), "Trust List Verification Failed");
	judged(t, "gggF????");
	says(t, 4, "refused the list: \"Trust List Verification Failed\"", "erase the list");
	str_copy(p->list_status, sizeof(p->list_status), "Trust List Update Failed");
	judged(t, "gggF????");
	lose(&p->ctl, "nothing there");
	str_copy(p->list_status, sizeof(p->list_status), "No Trust List installed");
	judged(t, "gggF????");
	says(t, 4, "holds no CTL: nothing there; No Trust List installed", "reset the phone");
	/* A failure from before, when the phone holds the list of today. */
	set_bytes(&p->ctl, buf_span(&t->e->ctl.bytes));
	str_copy(p->list_status, sizeof(p->list_status), "Trust List Update Failed");
	judged(t, "gggggggg");
	/* A phone that has restarted has no messages any more. */
	p->list_status[0] = '\0';
	judged(t, "gggggggg");
	p->ctl.bytes.data[200] ^= 1;
	str_copy(p->status_missing, sizeof(p->status_missing), "too large");
	judged(t, "ggg?????");
	says(t, 4, "shows no message that it took one: too large", "status.log");
}

static void nothing_of_a_phone(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->second;

	lose(&p->ctl, "nothing there");
	p->list_status[0] = '\0';
	json_free(p->state);
	p->state = NULL;
	judged(t, "ggg?????");
	says(t, 4, LAB_NAME ": its list is not at hand: nothing there", "");
	p->folder = false;
	judged(t, "ggg?????");
	says(t, 4, LAB_NAME ": nothing of this phone is at hand", "--phones");
}

static void copy_on_the_phone(void **state)
{
	struct trial *t = *state;

	t->second->ctl.bytes.data[200] ^= 0x40;
	judged(t, "ggggFggg");
	says(t, 5, LAB_NAME " holds ", "reset the phone");
	set_bytes(&t->second->ctl, span_of(NULL, 0));
	judged(t, "ggggFggg");
	says(t, 5, LAB_NAME " holds 0 bytes, MD5 d41d8cd98f00b204e9800998ecf8427e", "");
}

static void capf_on_its_port(void **state)
{
	struct trial *t = *state;
	struct doctor_handshake *h = &t->e->capf_probe;

	put(&h->server_der, cert_der(stranger));
	judged(t, "gggggF??");
	says(t, 6, "with a key that is not in the list", "another program has the port of CAPF");
	/* The daemon shows what lies in keys/: then the list is what is behind. */
	set_cert(&t->e->capf, stranger);
	judged(t, "gFgggF??");
	says(t, 6, "with a key that is not in the list", "utils ctl update CTLFile");
	put(&h->server_der, span_str("0!"));
	judged(t, "gFgggF??");
	says(t, 6, "shows no readable certificate", "ss -ltnp");
	h->seen = false;
	str_copy(h->missing, sizeof(h->missing), "port 3804: refused");
	judged(t, "gFgggF??");
	says(t, 6, "CAPF does not shake hands: port 3804: refused", "ss -ltnp");
}

static void capture_of_capf(void **state)
{
	struct trial *t = *state;
	struct doctor_handshake *h = &t->first->capf;

	h->completed = false;
	str_copy(h->refusal, sizeof(h->refusal), "unknown CA");
	judged(t, "gggggF??");
	says(t, 6, "was not completed: alert unknown CA", "trace");
	put(&h->server_der, cert_der(stranger));
	judged(t, "gggggF??");
	says(t, 6, "met a certificate of CAPF that is not in the list: alert unknown CA", "");
	/* Refused before a certificate was shown. */
	buf_clear(&h->server_der);
	str_copy(h->refusal, sizeof(h->refusal), "handshake failure");
	judged(t, "gggggF??");
	says(t, 6, "was not completed: alert handshake failure", "");
	/* A resumed session shows no certificate, and TLS 1.3 shows nothing. */
	h->refusal[0] = '\0';
	judged(t, "ggggg???");
	says(t, 6, "shows no certificate", "");
	h->completed = true;
	judged(t, "ggggg???");
	h->seen = false;
	str_copy(h->missing, sizeof(h->missing), "truncated dump file");
	judged(t, "ggggg???");
	says(t, 6, "no capture of its handshake with CAPF: truncated dump file",
		"cadeado device add " LAB_SEP " --install");
}

static void certificate_of_the_phone(void **state)
{
	struct trial *t = *state;
	struct doctor_bytes *lsc = &t->first->lsc;

	lose(lsc, "nothing there");
	judged(t, "gggggF??");
	says(t, 6, LAB_SEP " has no LSC: nothing there", "device add " LAB_SEP " --install");
	set_bytes(lsc, span_str("garbage"));
	judged(t, "gggggF??");
	says(t, 6, "its LSC cannot be read", "--install");
	set_cert(lsc, lscs[1]);
	judged(t, "gggggF??");
	says(t, 6, LAB_SEP " holds the LSC of " LAB_NAME, "--install");
	set_cert(lsc, stranger);
	judged(t, "gggggF??");
	says(t, 6, "was not issued by the CAPF of the list", "--install");
	set_bytes(lsc, cert_der(lscs[0]));
	judged(t, "gggggggg");
}

static void what_capf_recorded(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->first;

	p->lsc_record = (struct doctor_recorded){
		.there = true, .how = "installed", .since = LAB_NOW, .seen = LAB_NOW + 30};
	put(&p->lsc_record.bytes, cert_der(lscs[0]));
	put(&p->capf.client_der, cert_der(lscs[0]));
	judged(t, "gggggggg");
	says(t, 6, LAB_SEP ": CAPF has its LSC on record, serial ", "");
	says(t, 6,
		": installed "
		"20",
		"");
	says(t, 6, LAB_SEP " showed CAPF CN=" LAB_SEP, "");
	put(&p->capf.client_der, cert_der(lscs[1]));
	judged(t, "gggggF??");
	says(t, 6, LAB_SEP " showed CAPF the certificate of " LAB_NAME, "");
	buf_clear(&p->capf.client_der);
	/* The phone got another one from somewhere: what is encrypted it cannot read. */
	put(&p->lsc_record.bytes, cert_der(stranger));
	judged(t, "gggggF??");
	says(t, 6, "holds another LSC than the one that CAPF has on record",
		"--operation Troubleshoot");
	/* From a real phone no LSC can be exported: the record stands for it. */
	put(&p->lsc_record.bytes, cert_der(lscs[0]));
	lose(&p->lsc, "nothing there");
	json_free(p->state);
	p->state = NULL;
	judged(t, "gggggg??");
	says(t, 6, LAB_SEP ": LSC issued by ", "");
}

static void phone_that_is_to_be_non_secure(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->second;

	p->profile_mode = 1;
	p->capf.seen = p->signalling.seen = false;
	lose(&p->lsc, "nothing there");
	set_state(p, "{\"registered\": true, \"transport\": \"tcp\", \"port\": 2000}");
	judged(t, "ggggggF?");
	says(t, 6, LAB_NAME " has no LSC, and its profile, Non Secure, asks for none", "");
	says(t, 7, LAB_NAME " is registered over TCP 2000", "--profile Encrypted --install");
	p->install_ordered = true;
	judged(t, "gggggF??");
	p->install_ordered = false;
	p->profile_mode = 3;
	judged(t, "gggggF??");
}

static void registration(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->first;

	p->listed = DOCTOR_NOT_LISTED;
	judged(t, "ggggggF?");
	says(t, 7, "the call manager does not list it", "is the phone running?");
	json_free(p->state);
	p->state = NULL;
	judged(t, "ggggggF?");
	says(t, 7, "is not registered: the call manager does not list it", "");
	p->listed = DOCTOR_LISTED;
	str_copy(p->state_missing, sizeof(p->state_missing), "garbage");
	judged(t, "gggggg??");
	says(t, 7, "what it says of its registration is missing: garbage", "reset the phone");
	set_state(p, "{\"registered\": false, \"transport\": \"tls\", \"state\": \"waiting\","
		     " \"refused\": \"call manager: not in the list\"}");
	str_copy(p->signalling.refusal, sizeof(p->signalling.refusal), "unknown CA");
	judged(t, "ggggggF?");
	says(t, 7, "is not registered (waiting); alert unknown CA; it refused call manager",
		"cadeado logs");
	set_state(p, "{\"registered\": false, \"transport\": \"tcp\", \"port\": 2000}");
	judged(t, "ggggggF?");
	says(t, 7, "it asks over TCP 2000, not over TLS; its profile asks for mode 3",
		"its profile asks for Encrypted");
	t->e->mode = 0;
	judged(t, "gFggggF?");
	says(t, 7, "over TCP 2000", "set-cluster mixed-mode");
}

static void registration_over_tls(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *p = t->first;

	put(&p->signalling.client_der, cert_der(lscs[1]));
	judged(t, "ggggggF?");
	says(t, 7, "showed another certificate than its LSC", "reset the phone");
	buf_clear(&p->signalling.client_der);
	judged(t, "ggggggF?");
	says(t, 7, "showed no certificate", "");
	put(&p->signalling.client_der, cert_der(lscs[0]));
	str_copy(p->signalling.cipher, sizeof(p->signalling.cipher), "NULL-SHA");
	judged(t, "ggggggF?");
	says(t, 7, "signals in clear: cipher NULL-SHA", "");
	str_copy(p->signalling.cipher, sizeof(p->signalling.cipher), "AES128-SHA");
	json_set_int(p->state, "security_mode", 2);
	judged(t, "ggggggF?");
	says(t, 7, "runs in security mode 2, its profile asks for 3", "reset the phone");
	p->profile_mode = 2;
	judged(t, "ggggggF?");
	says(t, 7, "runs in security mode 2, its profile asks for 2; 3 is encrypted",
		"--profile Encrypted");
	p->profile_mode = 3;
	json_set_int(p->state, "security_mode", 3);
	put(&t->e->sccps_probe.server_der, cert_der(stranger));
	judged(t, "ggggggF?");
	says(t, 7, "the call manager shows", "restart cadeadod");
	shake(&t->e->sccps_probe, &t->e->callmanager, NULL);
	p->signalling.seen = false;
	judged(t, "gggggg??");
	says(t, 7, "no capture of its handshake with the call manager", "reset the phone");
}

static void call_without_the_lock(void **state)
{
	struct trial *t = *state;
	struct json *call = json_get(t->first->state, "call");

	json_set_str(call, "icon", "shield");
	judged(t, "gggggggF");
	says(t, 8, "shows the shield, not the lock", "cadeado show stations");
	json_set_str(call, "icon", "none");
	judged(t, "gggggggF");
	says(t, 8, "shows no icon, not the lock", "");
	json_set_str(call, "icon", "lock");
	json_set_int(call, "clear", 90);
	json_set_int(call, "authenticated", 0);
	judged(t, "gggggggF");
	says(t, 8, "0 were authentic, 0 rejected and 90 in clear", "no keys or others");
	json_set_int(call, "clear", 0);
	json_set_int(call, "rejected", 90);
	judged(t, "gggggggF");
	json_set_int(call, "rejected", 0);
	json_set_int(call, "received", 0);
	judged(t, "gggggggF");
	says(t, 8, "of 0 packets received 0 were authentic", "whether RTP passes");
	json_set_int(call, "received", 90);
	json_set_int(call, "authenticated", 90);
	json_set_bool(call, "audio_ok", false);
	judged(t, "gggggggF");
	json_set_bool(call, "audio_ok", true);
	judged(t, "gggggggg");
}

/* A call that is up counts before one that has ended, also when nothing is heard in it. */
static void silent_call_is_not_hidden_by_the_last_one(void **state)
{
	struct trial *t = *state;

	set_state(t->first,
		"{\"registered\": true, \"transport\": \"tls\", \"security_mode\": 3,"
		" \"call\": {\"state\": \"connected\", \"icon\": \"lock\", \"sent\": 0,"
		" \"received\": 0}, \"last_call\": {\"state\": \"ended\", \"icon\": \"lock\","
		" \"sent\": 9, \"received\": 9, \"authenticated\": 9, \"audio_ok\": true}}");
	judged(t, "gggggggF");
}

static void calls_that_tell_nothing(void **state)
{
	struct trial *t = *state;
	struct json *call = json_get(t->first->state, "call");

	json_set_str(call, "state", "ring out");
	json_set_int(call, "sent", 0);
	json_set_int(call, "received", 0);
	judged(t, "ggggggg?");
	says(t, 8, "no call was seen", "make a call");
	t->first->has_line = false;
	judged(t, "ggggggg?");
	says(t, 8, "no call was seen; it has no directory number", "--number N");
	t->first->has_line = true;
	set_state(t->first,
		"{\"registered\": true, \"transport\": \"tls\", \"security_mode\": 3,"
		" \"call\": {\"state\": \"idle\"}, \"last_call\": {\"state\": \"ended\","
		" \"icon\": \"lock\", \"sent\": 9, \"received\": 9, \"authenticated\": 9,"
		" \"audio_ok\": true, \"ended\": \"2026-09-21T14:00:00Z\"}}");
	assert_int_equal(clock_parse("2026-09-21T15:00:00Z", &t->e->now), ERR_OK);
	judged(t, "gggggggg");
	says(t, 8, "received and authentic; ended 2026-09-21T14:00:00Z", "");
	assert_int_equal(clock_parse("2026-09-23T14:00:00Z", &t->e->now), ERR_OK);
	judged(t, "ggggggg?");
	says(t, 8, "ended long ago, 2026-09-21T14:00:00Z", "make a call");
	set_state(t->first, "{\"registered\": true, \"transport\": \"tls\", \"security_mode\": 3}");
	judged(t, "ggggggg?");
}

static void without_phones(void **state)
{
	struct trial *t = *state;
	struct doctor_phone *phones = t->e->phones;

	t->e->phones = NULL;
	judged(t, "ggg?????");
	says(t, 4, "no phone is known to the cluster", "cadeado device add");
	t->e->phones = phones;
}

/* What phones say is shown, not obeyed. */
static void hostile_texts(void **state)
{
	struct trial *t = *state;
	struct buf text = {0};
	struct json *j;

	str_copy(t->first->list_status, sizeof(t->first->list_status),
		"\033[2JTrust List \xff Failed %s%n");
	t->first->ctl.bytes.data[200] ^= 1;
	judged(t, "gggF????");
	doctor_report_text(&t->report, &text);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.data[i] == '\n' || (text.data[i] >= 0x20 && text.data[i] < 0x7F));
	buf_clear(&text);
	j = doctor_report_json(&t->report);
	assert_int_equal(json_write(&text, j, true), ERR_OK);
	json_free(j);
	buf_fini(&text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_good),
		TEST(certificates_and_dates),
		TEST(certificates_that_cannot_be_read),
		TEST(list_against_certificates),
		TEST(list_on_disk),
		TEST(list_over_tftp),
		TEST(list_accepted),
		TEST(nothing_of_a_phone),
		TEST(copy_on_the_phone),
		TEST(capf_on_its_port),
		TEST(capture_of_capf),
		TEST(what_capf_recorded),
		TEST(certificate_of_the_phone),
		TEST(phone_that_is_to_be_non_secure),
		TEST(registration),
		TEST(registration_over_tls),
		TEST(call_without_the_lock),
		TEST(silent_call_is_not_hidden_by_the_last_one),
		TEST(calls_that_tell_nothing),
		TEST(without_phones),
		TEST(hostile_texts),
	};

	return cmocka_run_group_tests_name("core/doctor", tests, group_setup, group_teardown);
}
