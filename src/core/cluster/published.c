/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/cluster/internal.h"

#include "core/list/list.h"

enum err published_read(const struct cluster *c, bool itl, struct published *out, struct fail *why)
{
	struct fail local = {0};
	enum err err;

	memset(out, 0, sizeof(*out));
	err = itl ? cluster_itl(c, &out->file, &local) : cluster_ctl(c, &out->file, &local);
	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (!err) {
		out->there = true;
		err = tlv_parse(&out->list, buf_span(&out->file), &local);
	}
	if (err)
		fail_set(why, err, "%s/tftp/%s: %.120s", c->folder,
			list_file_name(itl ? LIST_ITL : LIST_CTL), local.text);
	return err;
}

void published_fini(struct published *p)
{
	buf_fini(&p->file);
}

static bool is_cert(const struct tlv_record *r, const struct cert *cert)
{
	uint8_t hash[DIGEST_MAX];
	enum digest_alg alg = DIGEST_SHA1;
	size_t len;

	if (r->has & TLV_HAS(9))
		return span_eq(r->certificate, cert_der(cert));
	if (!(r->has & TLV_HAS(11)))
		return false;
	if (r->has & TLV_HAS(12)) {
		if (r->hash_algorithm < TLV_SHA1 || r->hash_algorithm > TLV_SHA512)
			return false;
		alg = (enum digest_alg)r->hash_algorithm;
	}
	len = digest_one(alg, cert_der(cert), hash);
	return len && span_eq(r->cert_hash, span_of(hash, len));
}

bool list_names(const struct tlv_list *list, const struct cert *cert, uint32_t roles)
{
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, list);
	while (tlv_iter_next(&it, &r))
		if (r.role < 32 && (roles & LIST_ROLE(r.role)) && is_cert(&r, cert))
			return true;
	return false;
}
