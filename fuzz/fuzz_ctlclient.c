/* SPDX-License-Identifier: BSD-2-Clause
 * Target functions: ctlclient_node_read, ctlclient_peers_read, ctlclient_check, publish_examine. */
#include "core/ctlclient/plan.h"
#include "core/ctlclient/publish.h"
#include "target.h"

/* Names reach terminals, lists and connections. */
static void check_name(const char *name)
{
	if (!*name)
		fuzz_fail("a node without a name or address");
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || *name == '/' || *name == '@')
			fuzz_fail("a node's name holds what no name may");
}

static void found(void *ctx, const struct ctlclient_finding *f)
{
	if (!f->text[0] || !f->code[0])
		fuzz_fail("a finding without a text or code");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctlclient_cluster c = {0};
	struct fail why = {0};
	struct json *j = NULL;
	char id[STAGE_ID];

	if (json_parse(&j, span_of(data, size), NULL) ||
		ctlclient_node_add(&c, "here", "here", 2444, &why))
		goto out;
	if (ctlclient_node_read(&c.nodes[0], j, 1790000000, &why) && !why.text[0])
		fuzz_fail("an answer was refused without a text");
	why = (struct fail){0};
	if (ctlclient_peers_read(&c, j, &why) && !why.text[0])
		fuzz_fail("a list of nodes was refused without a text");
	for (size_t i = 0; i < c.count; i++) {
		check_name(c.nodes[i].name);
		check_name(c.nodes[i].address);
	}
	ctlclient_check(&c, CTLCLIENT_UPDATE, 1790000000, found, NULL);
	(void)publish_examine(&c, id);
out:
	ctlclient_cluster_fini(&c);
	json_free(j);
	return 0;
}
