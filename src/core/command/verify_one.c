/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/command/handlers.h"
#include "core/command/verify.h"

#include "base/file.h"
#include "base/mem.h"
#include "core/list/signed.h"

static void keep(void *ctx, const struct list_finding *finding)
{
	struct verify_file *f = ctx;
	struct verify_finding *into;

	f->count++;
	if (finding->severity != LIST_NOTE)
		f->serious++;
	if (f->kept == VERIFY_KEPT)
		return;
	/* Room doubles: 1, 2, 4, … */
	if ((f->kept & (f->kept - 1)) == 0) {
		size_t room = f->kept ? 2 * f->kept : 1;
		void *more = mem_resize(f->findings, room * sizeof(*f->findings));

		if (!more) {
			fail_set(&f->why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
			f->state = VERIFY_UNREADABLE;
			return;
		}
		f->findings = more;
	}
	into = &f->findings[f->kept];
	*into = (struct verify_finding){finding->code, finding->severity, finding->record,
		mem_strdup(finding->place), mem_strdup(finding->text)};
	f->kept++;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcasecmp(text + a - b, end) == 0;
}

/* A list under another name than its own. */
static bool holds_list(struct span file)
{
	static const char end[] = ".tlv";
	const size_t len = sizeof(end) - 1;
	struct tlv_header h;

	return tlv_parse_header(&h, file, NULL) == ERR_OK && h.filename.len > len &&
	       memcmp(h.filename.ptr + h.filename.len - len, end, len) == 0;
}

static enum err judge_list(
	const struct verify_how *how, struct verify_file *f, const struct tlv_list *list)
{
	struct list_check check = {.kind = command_list_kind(f->path, &list->header),
		.now = how->now,
		.real = how->real,
		.real_count = how->real_count};
	enum err err;

	f->kind = check.kind == LIST_CTL ? "CTL" : "ITL";
	err = list_verify(list, &f->why);
	if (err == ERR_NOMEM)
		return err;
	f->state = err ? VERIFY_BAD : VERIFY_GOOD;
	if (how->holding_path) {
		f->held = true;
		err = list_accepts(&how->holding, list, how->family, &f->because);
		if (err == ERR_NOMEM)
			return err;
		f->accepted = err == ERR_OK;
		if (err)
			f->state = VERIFY_BAD;
	}
	return list_check(list, &check, keep, f);
}

static enum err judge_signed(const struct verify_how *how, struct verify_file *f, struct span file)
{
	const struct tlv_list *list = how->with_path ? &how->with : &how->holding;
	struct tlv_header h;
	enum err err = tlv_parse_header(&h, file, &f->why);

	if (err)
		return err;
	f->kind = h.major >= 2 ? "encrypted" : "signed";
	if (!how->with_path && !how->holding_path) {
		if (!how->folder)
			return fail_set(&f->why, ERR_ARG,
				"a signed file does not hold its signer's key: give the phones' "
				"list or the signer's certificate with --with");
		f->state = VERIFY_LEFT_OUT;
		list_check_signed(&h, base_name(f->path), NULL, keep, f);
		return ERR_OK;
	}
	if (how->with_cert)
		err = list_signed_by_cert(file, &h, how->with_cert, &f->why);
	else
		err = signed_verify(file, &h, list, &f->why);
	if (err == ERR_NOMEM)
		return err;
	f->state = err ? VERIFY_BAD : VERIFY_GOOD;
	list_check_signed(&h, base_name(f->path), err ? NULL : how->with_cert, keep, f);
	return f->why.code == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
}

void verify_one(const struct verify_how *how, struct verify_file *f)
{
	struct buf file = {0};
	struct tlv_list list;
	enum err err = file_read(f->path, COMMAND_SIGNED_MAX, &file, &f->why);
	bool is_list = ends_with(f->path, ".tlv");

	f->kind = is_list ? "list" : "signed";
	f->state = VERIFY_GOOD;
	if (!err)
		is_list = is_list || holds_list(buf_span(&file));
	if (!err && is_list && file.len > TLV_FILE_MAX)
		err = fail_set(&f->why, ERR_LIMIT, "%zu bytes are too many for a list", file.len);
	if (!err && is_list)
		err = tlv_parse(&list, buf_span(&file), &f->why);
	if (!err)
		err = is_list ? judge_list(how, f, &list) : judge_signed(how, f, buf_span(&file));
	if (err == ERR_SHORT || err == ERR_FORMAT)
		command_remedy(&f->why, buf_span(&file), is_list);
	if (err) {
		fail_set(&f->why, err, "%s", err_text(err));
		f->state = VERIFY_UNREADABLE;
	}
	buf_fini(&file);
}

void verify_file_fini(struct verify_file *f)
{
	size_t i;

	for (i = 0; i < f->kept; i++) {
		mem_free(f->findings[i].place);
		mem_free(f->findings[i].text);
	}
	mem_free(f->findings);
	mem_free(f->path);
	buf_fini(&f->because);
}
