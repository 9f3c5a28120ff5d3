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
	return span_eq(list->list.header.filename, span_str(list_file_name(LIST_ITL))) ? LIST_ITL
										       : LIST_CTL;
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

int cad_list_check_held(
	const struct cad_list *offered, const struct cad_list *held, struct cad_error *error)
{
	const struct tlv_list *o = &offered->list;
	struct fail why = {0};
	enum err err = list_check_signer(
		o->file, &o->header, &held->list, LIST_MAY_SIGN_LISTS, NULL, &why);

	return lib_end(err, &why, error);
}

struct found {
	cad_found_fn *found;
	void *ctx;
};

static void pass_on(void *ctx, const struct fail *finding)
{
	struct found *f = ctx;
	struct cad_error error;

	lib_error(&error, finding);
	f->found(f->ctx, &error);
}

int cad_list_check_records(
	const struct cad_list *list, cad_found_fn *found, void *ctx, struct cad_error *error)
{
	struct found f = {found, ctx};
	enum err err = list_check_records(&list->list, kind_of(list), pass_on, &f);
	struct fail why = {0};

	if (err == ERR_FORMAT)
		fail_set(&why, err, "a record contradicts its certificate");
	return lib_end(err, &why, error);
}

int cad_list_show(const struct cad_list *list, int64_t modified, struct cad_bytes *out,
	struct cad_error *error)
{
	struct buf text = {0};
	enum err err = list_show(&list->list, kind_of(list), modified, &text);

	if (!err)
		err = lib_take_bytes(out, &text);
	buf_fini(&text);
	return lib_end(err, NULL, error);
}
