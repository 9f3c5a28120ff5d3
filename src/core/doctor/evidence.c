/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/doctor/doctor.h"

#include "base/mem.h"
#include "base/str.h"

struct doctor_evidence *doctor_evidence_new(void)
{
	return mem_new(sizeof(struct doctor_evidence));
}

static void handshake_fini(struct doctor_handshake *h)
{
	buf_fini(&h->server_der);
	buf_fini(&h->client_der);
}

void doctor_evidence_free(struct doctor_evidence *e)
{
	if (!e)
		return;
	for (struct doctor_phone *p = e->phones, *next; p; p = next) {
		next = p->next;
		buf_fini(&p->served.bytes);
		buf_fini(&p->ctl.bytes);
		buf_fini(&p->lsc.bytes);
		buf_fini(&p->lsc_record.bytes);
		buf_fini(&p->mic_record.bytes);
		handshake_fini(&p->capf);
		handshake_fini(&p->signalling);
		json_free(p->state);
		mem_free(p);
	}
	buf_fini(&e->callmanager.bytes);
	buf_fini(&e->capf.bytes);
	buf_fini(&e->ctl.bytes);
	buf_fini(&e->served.bytes);
	handshake_fini(&e->capf_probe);
	handshake_fini(&e->sccps_probe);
	mem_free(e);
}

struct doctor_phone *doctor_evidence_phone(struct doctor_evidence *e, const char *name)
{
	struct doctor_phone *p = mem_new(sizeof *p), **end = &e->phones;

	if (!p)
		return NULL;
	(void)str_copy(p->name, sizeof p->name, name);
	while (*end)
		end = &(*end)->next;
	*end = p;
	return p;
}
