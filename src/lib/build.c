/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"

#define ADDRESS_MAX 16u

/* What a list_entry borrows. */
struct kept {
	struct cert *cert;
	char *dns;
	uint8_t address[ADDRESS_MAX];
	size_t address_len;
	uint16_t role;
};

struct cad_builder {
	enum list_kind kind;
	enum list_style style;
	enum list_family family;
	bool one_token, has_signer_version;
	uint8_t signer_major, signer_minor;
	struct kept *kept;
	size_t count;
};

int cad_builder_new(struct cad_builder **out, enum cad_list_kind kind, struct cad_error *error)
{
	struct cad_builder *b = mem_new(sizeof(*b));

	if (!b)
		return lib_end(ERR_NOMEM, NULL, error);
	b->kind = kind == CAD_ITL ? LIST_ITL : LIST_CTL;
	*out = b;
	return lib_end(ERR_OK, NULL, error);
}

static void kept_fini(struct kept *k)
{
	cert_free(k->cert);
	mem_free(k->dns);
}

void cad_builder_free(struct cad_builder *builder)
{
	size_t i;

	if (!builder)
		return;
	for (i = 0; i < builder->count; i++)
		kept_fini(&builder->kept[i]);
	mem_free(builder->kept);
	mem_free(builder);
}

void cad_builder_set_style(struct cad_builder *builder, enum cad_style style)
{
	static const enum list_style styles[] = {
		[CAD_STYLE_VENDOR] = LIST_STYLE_VENDOR,
		[CAD_STYLE_SIGNATURES] = LIST_STYLE_SIGNATURES,
		[CAD_STYLE_COMPAT] = LIST_STYLE_COMPAT,
	};

	if ((size_t)style < sizeof(styles) / sizeof(styles[0]))
		builder->style = styles[style];
}

void cad_builder_set_phones(struct cad_builder *builder, enum cad_phones phones)
{
	static const enum list_family families[] = {
		[CAD_PHONES_UNKNOWN] = LIST_FOR_UNKNOWN,
		[CAD_PHONES_79XX] = LIST_FOR_79XX,
		[CAD_PHONES_ALL] = LIST_FOR_ALL,
		[CAD_PHONES_NEWER] = LIST_FOR_NEWER,
	};

	if ((size_t)phones < sizeof(families) / sizeof(families[0]))
		builder->family = families[phones];
}

void cad_builder_set_signer_version(struct cad_builder *builder, unsigned major, unsigned minor)
{
	builder->has_signer_version = true;
	builder->signer_major = (uint8_t)major;
	builder->signer_minor = (uint8_t)minor;
}

void cad_builder_allow_one_token(struct cad_builder *builder)
{
	builder->one_token = true;
}

static enum err keep(struct kept *k, unsigned role, const struct cad_cert *cert, const char *dns,
	struct cad_span address, struct fail *why)
{
	if (role > UINT16_MAX)
		return fail_set(why, ERR_ARG, "role %u: records hold 16 bits", role);
	if (address.len && address.len != 4 && address.len != ADDRESS_MAX)
		return fail_set(why, ERR_ARG, "an address has 4 or 16 bytes, not %zu", address.len);
	k->role = (uint16_t)role;
	if (address.len)
		memcpy(k->address, address.ptr, address.len);
	k->address_len = address.len;
	k->dns = mem_strdup(dns ? dns : "");
	if (!k->dns)
		return ERR_NOMEM;
	return cert_from_der(&k->cert, cert_der(cert->cert), why);
}

int cad_builder_add(struct cad_builder *builder, unsigned role, const struct cad_cert *cert,
	const char *dns, struct cad_span address, struct cad_error *error)
{
	struct kept *grown, k = {0};
	struct fail why = {0};
	enum err err = ERR_OK;

	if (builder->count >= TLV_RECORDS_MAX)
		err = fail_set(&why, ERR_LIMIT, "a list has at most %u records", TLV_RECORDS_MAX);
	if (!err)
		err = keep(&k, role, cert, dns, address, &why);
	if (!err) {
		grown = mem_resize(builder->kept, (builder->count + 1) * sizeof(*grown));
		err = grown ? ERR_OK : ERR_NOMEM;
	}
	if (err) {
		kept_fini(&k);
	} else {
		builder->kept = grown;
		builder->kept[builder->count++] = k;
	}
	return lib_end(err, &why, error);
}

static struct list_entry *entries_of(const struct cad_builder *b)
{
	struct list_entry *entries = mem_new(b->count * sizeof(*entries));
	size_t i;

	for (i = 0; entries && i < b->count; i++)
		entries[i] = (struct list_entry){
			.role = b->kept[i].role,
			.cert = b->kept[i].cert,
			.dns = b->kept[i].dns,
			.address = span_of(b->kept[i].address, b->kept[i].address_len),
		};
	return entries;
}

int cad_builder_finish(const struct cad_builder *builder, const struct cad_signing *how,
	int64_t now, struct cad_bytes *out, struct cad_error *error)
{
	struct list_entry *entries = entries_of(builder);
	struct list_request request = {
		.kind = builder->kind,
		.entries = entries,
		.count = builder->count,
		.signer = how->signer->cert,
		.digest = (enum digest_alg)how->digest,
		.timestamp = how->timestamp,
		.now = now,
		.style = builder->style,
		.has_signer_version = builder->has_signer_version,
		.signer_major = builder->signer_major,
		.signer_minor = builder->signer_minor,
		.one_token = builder->one_token,
		.family = builder->family,
	};
	struct buf file = {0}, signature = {0};
	struct span pieces[2];
	struct fail why = {0};
	enum err err = entries ? ERR_OK : ERR_NOMEM;

	if (!err)
		err = list_build(&file, &request, pieces, &why);
	if (!err)
		err = lib_sign(how, pieces, &signature, &why);
	if (!err)
		err = list_finish(&file, buf_span(&signature), &why);
	if (!err)
		err = lib_take_bytes(out, &file);
	mem_free(entries);
	buf_fini(&signature);
	buf_fini(&file);
	return lib_end(err, &why, error);
}
