/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: cnfxml_parse, cnfxml_write_full, cnfxml_write_reduced, cnfxml_reduce. */
#include "target.h"
#include "wire/cnfxml/cnfxml.h"

#include <expat.h>

#define HASH "0123456789abcdef0123456789abcdef"

/* Another reader's word for it. */
static bool well_formed(struct span xml)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	bool good = XML_Parse(parser, (const char *)xml.ptr, (int)xml.len, 1) == XML_STATUS_OK;

	XML_ParserFree(parser);
	return good;
}

/* Elements are copied byte by byte: nothing that they hold may change what is said around them. */
static void reduce(struct span xml)
{
	struct fail why = {0};
	struct buf out = {0};
	struct cnfxml c;
	enum err err = cnfxml_reduce(&out, xml, HASH, &why);

	if (err && !why.text[0])
		fuzz_fail("reducing was refused without a text");
	if (!err && (!well_formed(xml) || !well_formed(buf_span(&out))))
		fuzz_fail("what was reduced is no XML");
	/* Values are copied without being read. */
	if (!err && !cnfxml_parse(&c, buf_span(&out), &why) &&
		(c.full || !c.encrypted || strcmp(c.cert_hash, HASH) != 0))
		fuzz_fail("the reduced companion says something else");
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fail why = {0};
	struct buf out = {0}, again = {0};
	struct cnfxml c, read;

	reduce(span_of(data, size));
	if (cnfxml_parse(&c, span_of(data, size), &why)) {
		if (!why.code || !why.text[0])
			fuzz_fail("refused without a text");
		return 0;
	}
	/* Whatever can be read can be written, and says the same when read again. */
	if (cnfxml_write_full(&out, &c, NULL) || cnfxml_parse(&read, buf_span(&out), &why))
		fuzz_fail(why.text[0] ? why.text : "cannot be written");
	if (cnfxml_write_full(&again, &read, NULL) || !span_eq(buf_span(&out), buf_span(&again)))
		fuzz_fail("written and read again it says something else");
	buf_clear(&out);
	if (cnfxml_write_reduced(&out, &c) || cnfxml_parse(&read, buf_span(&out), &why) ||
		read.full)
		fuzz_fail(why.text[0] ? why.text : "cannot be written reduced");
	buf_fini(&out);
	buf_fini(&again);
	return 0;
}
