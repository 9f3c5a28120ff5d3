/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/provision/made.h"

#include "core/device/device.h"
#include "core/provision/config.h"
#include "wire/cnfxml/put.h"

#include <stdio.h>

#define RINGS_MOST     50u
#define RING_NAME_MOST 25u /* characters of a tone's name, and of its file's */
#define DIAL_SECONDS   5   /* without another digit */

/* Tones for all phones; "*-wb" is for those with wideband handsets. */
struct rings {
	struct buf *out;
	unsigned count;
};

static enum err add_ring(void *ctx, const char *name)
{
	struct rings *r = ctx;
	char shown[NAME_SIZE];
	char *p;

	if (strlen(name) > RING_NAME_MOST || r->count == RINGS_MOST)
		return ERR_OK;
	str_copy(shown, sizeof(shown), name);
	p = strrchr(shown, '.');
	if (p)
		*p = '\0';
	for (p = shown; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (!r->count++)
		buf_str(r->out, CNFXML_DECLARATION "<CiscoIPPhoneRingList>\n");
	buf_str(r->out, "  <Ring>\n");
	xml_text(r->out, 4, "DisplayName", shown);
	xml_text(r->out, 4, "FileName", name);
	buf_str(r->out, "  </Ring>\n");
	return ERR_OK;
}

static enum err ring_list(struct cluster *c, const char *const patterns[], struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	struct rings r = {.out = out};
	enum err err = ERR_OK;
	size_t i;

	for (i = 0; !err && patterns[i]; i++)
		err = folder_each(c, patterns[i], add_ring, &r, sources, why);
	if (!err && !r.count)
		return ERR_NOTFOUND;
	buf_str(out, "</CiscoIPPhoneRingList>\n");
	return err;
}

static enum err narrow_rings(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	static const char *const patterns[] = {"*.raw", "*.pcm", NULL};

	return ring_list(c, patterns, out, sources, why);
}

static enum err wide_rings(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	static const char *const patterns[] = {"*.rwb", NULL};

	return ring_list(c, patterns, out, sources, why);
}

/* Phones on SIP collect digits themselves: what is dialled goes out after some seconds, or with the
 * key for that. Which numbers are complete, a server tells no phone. */
static enum err dial_plan(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	buf_printf(out,
		CNFXML_DECLARATION "<DIALTEMPLATE>\n  <versionStamp>1</versionStamp>\n"
				   "  <TEMPLATE MATCH=\"*\" Timeout=\"%d\"/>\n</DIALTEMPLATE>\n",
		DIAL_SECONDS);
	return ERR_OK;
}

/* Number and event of each soft key; its help is 300 further on. */
static const struct {
	const char *name;
	int tag, event;
} keys[] = {
	{"Undefined", 0, 0},
	{"Redial", 1, 1},
	{"NewCall", 2, 2},
	{"Hold", 3, 3},
	{"Transfer", 4, 4},
	{"CFwdAll", 5, 5},
	{"<<", 8, 8},
	{"EndCall", 9, 9},
	{"Resume", 10, 10},
	{"Answer", 11, 11},
	{"Confrn", 13, 13},
	{"Join", 15, 15},
	{"PickUp", 17, 17},
	{"GPickUp", 18, 18},
	{"DND", 63, 69},
	{"Select", 78, 29},
	{"ConfList", 79, 30},
	{"iDivert", 80, 31},
};

#define KEYS_MOST 7u
static const struct {
	const char *id, *keys[KEYS_MOST];
} sets[] = {
	{"On Hook", {"Redial", "NewCall", "CFwdAll", "PickUp", "GPickUp", "DND"}},
	{"Connected", {"Hold", "EndCall", "Transfer", "Confrn", "ConfList", "Join"}},
	{"On Hold", {"Resume", "NewCall", "Select", "Join"}},
	{"Ring In", {"Answer", "iDivert", "DND"}},
	{"Off Hook", {"Redial", "EndCall", "PickUp", "GPickUp"}},
	{"Connected Transfer", {"Undefined", "EndCall", "Transfer"}},
	{"Digits After First", {"<<", "EndCall"}},
	{"Connected Conference", {"Undefined", "EndCall", "Confrn"}},
	{"Ring Out", {"Undefined", "EndCall"}},
	{"Off Hook With Feature", {"Redial", "EndCall"}},
	{"Remote In Use", {NULL}},
	{"Connected No Feature", {"Undefined", "EndCall"}},
};

static void put_key(struct buf *out, unsigned indent, const char *element, const char *name)
{
	buf_fill(out, ' ', indent);
	buf_printf(out, "<%s keyID=\"", element);
	xml_escaped(out, name);
	buf_str(out, "\"");
}

static enum err soft_keys(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	size_t i, k;

	buf_str(out, CNFXML_DECLARATION
		"<softKeyCfg>\n  <versionStamp>1</versionStamp>\n  <typeSoftKey>\n");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		put_key(out, 4, "softKeyDef", keys[i].name);
		buf_str(out, ">\n");
		xml_number(out, 6, "tag", keys[i].tag);
		xml_number(out, 6, "eventID", keys[i].event);
		xml_number(out, 6, "helpID", keys[i].event ? 300 + keys[i].event : 0);
		buf_str(out, "    </softKeyDef>\n");
	}
	buf_str(out, "  </typeSoftKey>\n  <softKeySets>\n");
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		buf_printf(out, "    <softKeySet id=\"%s\">\n", sets[i].id);
		for (k = 0; k < KEYS_MOST && sets[i].keys[k]; k++) {
			put_key(out, 6, "softKey", sets[i].keys[k]);
			buf_str(out, "/>\n");
		}
		buf_str(out, "    </softKeySet>\n");
	}
	buf_str(out, "  </softKeySets>\n</softKeyCfg>\n");
	return ERR_OK;
}

/* Where phones that nobody has added may register. */
static enum err default_configuration(struct cluster *c, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	bool allowed = false;
	enum err err = device_auto_allowed(c, &allowed, why);

	if (!err && !allowed)
		return ERR_NOTFOUND;
	return err ? err : config_default(c, revision, out, sources, why);
}

enum err made_get(struct cluster *c, const char *asked, const char *revision, struct buf *out,
	struct provision_sources *sources, struct fail *why)
{
	static const struct {
		const char *name;
		enum err (*make)(struct cluster *c, const char *revision, struct buf *out,
			struct provision_sources *sources, struct fail *why);
	} names[] = {
		{"XMLDefault.cnf.xml", default_configuration},
		{"Ringlist.xml", narrow_rings},
		{"DistinctiveRinglist.xml", narrow_rings},
		{"Ringlist-wb.xml", wide_rings},
		{"dialplan.xml", dial_plan},
		{"SKDefault.xml", soft_keys},
	};
	size_t i;
	enum err err;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_ieq(asked, names[i].name))
			continue;
		err = names[i].make(c, revision, out, sources, why);
		return err ? err : buf_check(out);
	}
	return ERR_NOTFOUND;
}
