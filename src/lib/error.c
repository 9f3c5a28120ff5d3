/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "lib/lib.h"

#define SAME(name) _Static_assert((int)CAD_ERR_##name == (int)ERR_##name, "numbers of err.def")
SAME(NOMEM);
SAME(ARG);
SAME(SHORT);
SAME(FORMAT);
SAME(LIMIT);
SAME(UNSUPPORTED);
SAME(EXISTS);
SAME(VERIFY);
SAME(TRUST);
SAME(EXPIRED);
SAME(CRYPTO);
_Static_assert((int)CAD_SHA1 == (int)DIGEST_SHA1 && (int)CAD_SHA256 == (int)DIGEST_SHA256 &&
		       (int)CAD_SHA512 == (int)DIGEST_SHA512,
	"codes of a header");

const char *cad_error_name(int code)
{
	return err_name((enum err)code);
}

const char *cad_version(void)
{
	return CADEADO_VERSION;
}

void lib_error(struct cad_error *out, const struct fail *why)
{
	_Static_assert(sizeof(out->text) == sizeof(why->text), "the whole text fits");

	out->code = why->code;
	out->offset = why->offset;
	memcpy(out->text, why->text, sizeof(out->text));
}

int lib_end(enum err err, const struct fail *why, struct cad_error *error)
{
	struct fail said = {0};

	if (!error)
		return err;
	if (why && why->code)
		said = *why;
	else
		fail_set(&said, err, "%s", err_text(err));
	if (err == ERR_OK) {
		fail_clear(&said);
		said.offset = SIZE_MAX;
	}
	lib_error(error, &said);
	error->code = err;
	return err;
}

enum err lib_take_bytes(struct cad_bytes *out, struct buf *take)
{
	enum err err;

	buf_u8(take, '\0');
	err = buf_check(take);
	if (err)
		return err;
	*out = (struct cad_bytes){take->data, take->len - 1};
	*take = (struct buf){0};
	return ERR_OK;
}

void cad_bytes_free(struct cad_bytes *bytes)
{
	mem_wipe(bytes->ptr, bytes->len);
	mem_free(bytes->ptr);
	*bytes = (struct cad_bytes){0};
}

struct cad_span lib_span(struct span s)
{
	return (struct cad_span){s.ptr, s.len};
}

struct span lib_span_in(struct cad_span s)
{
	return span_of(s.ptr, s.len);
}
