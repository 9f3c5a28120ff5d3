/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"

int cad_list_parse(struct cad_list **out, const void *bytes, size_t len, struct cad_error *error)
{
	struct cad_list *l = NULL;
	struct fail why = {0};
	enum err err;

	if (len > TLV_FILE_MAX) {
		err = fail_set(&why, ERR_LIMIT, "a list of more than %u bytes", TLV_FILE_MAX);
		return lib_end(err, &why, error);
	}
	l = mem_new(sizeof(*l));
	if (!l)
		return lib_end(ERR_NOMEM, NULL, error);
	buf_put(&l->file, span_of(bytes, len));
	err = buf_check(&l->file);
	if (!err)
		err = tlv_parse(&l->list, buf_span(&l->file), &why);
	if (err)
		cad_list_free(l);
	else
		*out = l;
	return lib_end(err, &why, error);
}

void cad_list_free(struct cad_list *list)
{
	if (!list)
		return;
	buf_fini(&list->file);
	mem_free(list);
}

static enum list_kind kind_of(const struct cad_list *list)
{
	return list_kind_of(&list->list.header);
}

enum cad_list_kind cad_list_get_kind(const struct cad_list *list)
{
	return kind_of(list) == LIST_ITL ? CAD_ITL : CAD_CTL;
}

struct cad_header lib_header(const struct tlv_header *h)
{
	return (struct cad_header){
		.major = h->major,
		.minor = h->minor,
		.length = h->length,
		.has_signer_version = h->has_signer_version,
		.signer_major = h->signer_major,
		.signer_minor = h->signer_minor,
		.signer_name = lib_span(h->signer_name),
		.serial = lib_span(h->serial),
		.issuer_name = lib_span(h->issuer_name),
		.digest = h->digest,
		.algorithm = h->algorithm,
		.modulus_bits = 8 * (unsigned)tlv_modulus_bytes(h->modulus),
		.signature = lib_span(h->signature),
		.signature_at = h->signature_at,
		.filename = lib_span(h->filename),
		.has_timestamp = h->has_timestamp,
		.timestamp = h->timestamp,
		.padding = h->padding,
	};
}

struct cad_header cad_list_get_header(const struct cad_list *list)
{
	return lib_header(&list->list.header);
}

size_t cad_list_count(const struct cad_list *list)
{
	return list->list.count;
}

bool cad_list_next(const struct cad_list *list, struct cad_iter *it, struct cad_record *record)
{
	struct tlv_iter walk;
	struct tlv_record r;

	tlv_iter_init(&walk, &list->list);
	if (it->number) {
		walk.pos = it->pos;
		walk.number = it->number;
	}
	if (!tlv_iter_next(&walk, &r))
		return false;
	*it = (struct cad_iter){walk.pos, walk.number};
	*record = (struct cad_record){
		.number = walk.number,
		.at = r.at,
		.length = r.length,
		.has = r.has,
		.dns = lib_span(r.dns),
		.subject = lib_span(r.subject),
		.issuer = lib_span(r.issuer),
		.role = r.role,
		.serial = lib_span(r.serial),
		.public_key = lib_span(r.public_key),
		.signature = lib_span(r.signature),
		.certificate = lib_span(r.certificate),
		.address = lib_span(r.address),
		.cert_hash = lib_span(r.cert_hash),
		.hash_algorithm = r.hash_algorithm,
	};
	return true;
}

const char *cad_role_name(unsigned role)
{
	return tlv_role_name(role);
}

bool cad_list_is_signer(const struct cad_list *list, const struct cad_record *record)
{
	struct tlv_record r = {
		.has = record->has,
		.subject = lib_span_in(record->subject),
		.issuer = lib_span_in(record->issuer),
		.serial = lib_span_in(record->serial),
	};

	return list_is_signer(&list->list.header, &r);
}

int cad_list_verify(const struct cad_list *list, struct cad_error *error)
{
	struct fail why = {0};

	return lib_end(list_verify(&list->list, &why), &why, error);
}

int cad_list_accepts(const struct cad_list *held, const struct cad_list *offered,
	struct cad_bytes *because, struct cad_error *error)
{
	struct fail why = {0};
	struct buf text = {0};
	enum err err = list_accepts(&held->list, &offered->list, LIST_FOR_UNKNOWN, &text);

	if (err != ERR_NOMEM) {
		buf_u8(&text, '\0');
		if (buf_check(&text))
			err = ERR_NOMEM;
		else if (err == ERR_VERIFY)
			fail_at(&why, err, offered->list.header.signature_at, "%s",
				(char *)text.data);
		else if (err)
			fail_set(&why, err, "%s", (char *)text.data);
	}
	if (because && err != ERR_NOMEM) {
		text.len--; /* lib_take_bytes puts the NUL again */
		if (lib_take_bytes(because, &text))
			err = ERR_NOMEM;
	}
	buf_fini(&text);
	return lib_end(err, err == ERR_NOMEM ? NULL : &why, error);
}

_Static_assert((int)CAD_NOTE == (int)LIST_NOTE && (int)CAD_WARNING == (int)LIST_WARNING &&
		       (int)CAD_FAULT == (int)LIST_FAULT,
	"severities");

struct found {
	cad_found_fn *found;
	void *ctx;
};

static void pass_on(void *ctx, const struct list_finding *f)
{
	struct found *to = ctx;
	struct cad_finding finding = {
		.code = f->code,
		.severity = (enum cad_severity)f->severity,
		.record = f->record,
		.place = f->place,
		.text = f->text,
	};

	to->found(to->ctx, &finding);
}

int cad_list_check(const struct cad_list *list, int64_t now, const struct cad_real *real,
	size_t real_count, cad_found_fn *found, void *ctx, struct cad_error *error)
{
	struct list_check how = {.kind = kind_of(list), .now = now};
	struct found to = {found, ctx};
	struct list_real *certs = NULL;
	enum err err = ERR_OK;
	size_t i;

	if (real) {
		certs = mem_new(real_count * sizeof(*certs));
		if (!certs)
			return lib_end(ERR_NOMEM, NULL, error);
		for (i = 0; i < real_count; i++)
			certs[i] = (struct list_real){real[i].cert->cert, real[i].name};
		how.real = certs;
		how.real_count = real_count;
	}
	err = list_check(&list->list, &how, pass_on, &to);
	mem_free(certs);
	return lib_end(err, NULL, error);
}

int cad_list_show(const struct cad_list *list, int64_t modified, struct cad_bytes *out,
	struct cad_error *error)
{
	struct buf text = {0};
	struct fail verdict = {0};
	enum err err = list_verify(&list->list, &verdict);

	if (err != ERR_NOMEM)
		err = list_show(&list->list, kind_of(list), modified, &verdict, &text);
	if (!err)
		err = lib_take_bytes(out, &text);
	buf_fini(&text);
	return lib_end(err, NULL, error);
}
