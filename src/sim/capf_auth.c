/* SPDX-License-Identifier: BSD-2-Clause
 * AUTH_RES: who the phone is, and how it proves it. */
#include "base/mem.h"
#include "sim/capf_priv.h"
#include "sim/proof.h"

struct auth_data {
	struct buf sha1, sha2, sudi;
	char wrong[SIM_STRING_MAX + 1];
};

static void put_string(struct sim_capf *s, struct capf_message *m, struct auth_data *d)
{
	size_t len = s->string.len;

	if (s->spec.auth != SIM_AUTH_STRING && s->spec.auth != SIM_AUTH_NULL)
		return;
	/* The old client leaves out a null string. */
	if (sim_capf_faulty(s, SIM_FAULT_NO_STRING) ||
		(s->spec.version < 3 && s->spec.auth == SIM_AUTH_NULL))
		return;
	m->has |= CAPF_HAS(CAPF_E_PASSWORD);
	if (s->spec.auth == SIM_AUTH_STRING)
		m->password = buf_span(&s->string);
	if (!sim_capf_faulty(s, SIM_FAULT_WRONG_STRING))
		return;
	if (len == 0) {
		m->password = span_str("0000");
		return;
	}
	memcpy(d->wrong, s->string.data, len);
	d->wrong[len - 1] = d->wrong[len - 1] == '0' ? '1' : '0';
	m->password = span_of(d->wrong, len);
}

static enum err put_sudi(
	struct sim_capf *s, struct capf_message *m, struct auth_data *d, struct fail *why)
{
	const struct sim_flash *f = s->spec.flash;
	enum err err;

	if (!s->spec.sudi || s->spec.version < 3)
		return ERR_OK;
	if (!f->mic.len)
		return fail_set(why, ERR_NOTFOUND, "the phone has no MIC for the SUDI proof");
	err = sim_proof_sudi(&d->sudi, s->session, buf_span(&f->mic), f->mic_key, why);
	if (err == ERR_OK) {
		m->has |= CAPF_HAS(CAPF_E_SUDI_DATA);
		m->sudi_data = buf_span(&d->sudi);
	}
	return err;
}

static enum err put_proof(
	struct sim_capf *s, struct capf_message *m, struct auth_data *d, struct fail *why)
{
	struct sim_identity id = sim_flash_identity(s->spec.flash, s->spec.auth == SIM_AUTH_MIC);
	enum sim_proof_kind kind = sim_capf_faulty(s, SIM_FAULT_WRONG_PROOF) ? SIM_PROOF_WRONG
				   : sim_capf_faulty(s, SIM_FAULT_SHORT_PADDING)
					   ? SIM_PROOF_SHORT_PADDING
					   : SIM_PROOF_GOOD;
	enum err err;

	if (s->spec.auth != SIM_AUTH_LSC && s->spec.auth != SIM_AUTH_MIC)
		return ERR_OK;
	if (!id.der.len)
		return fail_set(why, ERR_NOTFOUND,
			"authentication is by existing certificate, and the phone has neither LSC "
			"nor MIC");
	m->has |= CAPF_HAS(CAPF_E_CERTIFICATE);
	m->certificate = id.der;
	m->certificate_type = id.mic ? CERT_TYPE_MIC : CERT_TYPE_LSC;
	if (sim_capf_faulty(s, SIM_FAULT_NO_PROOF))
		return ERR_OK;
	err = sim_proof(&d->sha1, &d->sha2, s->spec.device, id.der, id.key, kind, why);
	if (err)
		return err;
	m->has |= CAPF_HAS(CAPF_E_SIGNED_DATA);
	m->signed_data = buf_span(&d->sha1);
	if (s->spec.version >= 3 && d->sha2.len) {
		m->has |= CAPF_HAS(CAPF_E_SHA2_SIGNED_DATA);
		m->sha2_signed_data = buf_span(&d->sha2);
	}
	return ERR_OK;
}

/* The orders in which a client of version 2 and one of version 3 were seen to write. */
static void set_order(struct capf_message *m, int version)
{
	static const uint8_t old_order[] = {CAPF_E_VERSION, CAPF_E_CERTIFICATE, CAPF_E_SIGNED_DATA,
		CAPF_E_PASSWORD, CAPF_E_DEVICE_NAME, CAPF_E_REASON};
	static const uint8_t new_order[] = {CAPF_E_REASON, CAPF_E_CERTIFICATE, CAPF_E_SIGNED_DATA,
		CAPF_E_VERSION, CAPF_E_PASSWORD, CAPF_E_DEVICE_NAME, CAPF_E_SUDI_DATA,
		CAPF_E_SHA2_SIGNED_DATA};
	const uint8_t *order = version < 3 ? old_order : new_order;
	size_t count = version < 3 ? sizeof(old_order) : sizeof(new_order), at = 0;

	for (size_t i = 0; i < count; i++) {
		if (m->has & CAPF_HAS(order[i]))
			m->order[at++] = order[i];
	}
}

void sim_capf_on_auth_req(struct sim_capf *s, const struct capf_message *m)
{
	struct auth_data d = {0};
	struct fail why = {0};
	struct capf_message answer = {.type = CAPF_AUTH_RES,
		.has = CAPF_HAS(CAPF_E_REASON) | CAPF_HAS(CAPF_E_VERSION) |
		       CAPF_HAS(CAPF_E_DEVICE_NAME),
		.reason = CAPF_REASON_SUCCESS,
		.version = (uint8_t)s->spec.version,
		.device_name = span_str(s->spec.device)};
	enum err err;

	s->session = m->session;
	sim_capf_progress(s, SIM_LSC_AUTHENTICATING);
	put_string(s, &answer, &d);
	err = put_proof(s, &answer, &d, &why);
	if (err == ERR_OK)
		err = put_sudi(s, &answer, &d, &why);
	if (err) {
		sim_capf_failed(s, err, why.text);
	} else {
		set_order(&answer, s->spec.version);
		s->state = AWAIT_COMMAND;
		(void)sim_capf_send(s, &answer);
	}
	mem_wipe(d.wrong, sizeof(d.wrong));
	buf_fini(&d.sha1);
	buf_fini(&d.sha2);
	buf_fini(&d.sudi);
}
