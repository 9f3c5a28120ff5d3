/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/doctor/judging.h"

#include "base/mem.h"

static const struct {
	const char *title;
	void (*check)(struct judging *j);
} checks[DOCTOR_CHECKS] = {
	[CHECK_CERTIFICATES] = {"Certificates of the node and their dates",
		doctor_check_certificates},
	[CHECK_CONTENT] = {"CTL against the certificates", doctor_check_content},
	[CHECK_SERVED] = {"CTL served over TFTP", doctor_check_served},
	[CHECK_ACCEPTED] = {"CTL accepted by the phones", doctor_check_accepted},
	[CHECK_COPY] = {"Phones' CTL equals the server's", doctor_check_copy},
	[CHECK_CAPF] = {"CAPF handshake and LSC", doctor_check_capf},
	[CHECK_REGISTRATION] = {"Secure registration", doctor_check_registration},
	[CHECK_CALL] = {"Encrypted call with the icon", doctor_check_call},
};

bool doctor_grounds(struct judging *j, size_t i, const struct doctor_phone *p,
	enum doctor_number now, const enum doctor_number *on, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		if (j->phone[i][on[k]] == DOCTOR_GOOD)
			continue;
		j->phone[i][now] = doctor_say(&j->r->checks[now], DOCTOR_CANNOT_TELL,
			"%s: check %d is not good", p->name, (int)on[k] + 1);
		return false;
	}
	return true;
}

enum err doctor_judge(const struct doctor_evidence *e, struct doctor_report *r)
{
	struct judging j = {.e = e, .r = r};
	enum err err = ERR_OK;

	memset(r, 0, sizeof *r);
	for (const struct doctor_phone *p = e->phones; p; p = p->next)
		j.phones++;
	j.phone = mem_new((j.phones + 1) * sizeof *j.phone);
	if (!j.phone)
		return ERR_NOMEM;
	r->good = true;
	for (size_t i = 0; i < DOCTOR_CHECKS; i++) {
		r->checks[i].title = checks[i].title;
		checks[i].check(&j);
		r->good = r->good && r->checks[i].verdict == DOCTOR_GOOD;
		if (err == ERR_OK)
			err = buf_check(&r->checks[i].evidence);
	}
	mem_free(j.phone);
	return err;
}
