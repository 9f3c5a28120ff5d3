/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/menu.h"

#include "base/file.h"
#include "base/mem.h"
#include "sim/capf.h"
#include "sim/enrol.h"
#include "sim/secret.h"

#include <stdio.h>

#define MESSAGES_SHOWN 10
#define STATUS_LOG_MAX (16u * 1024 * 1024)

/* What a press came to. */
struct answer {
	char message[256];
	bool bad;
};

static void say(struct answer *a, bool good, const char *text)
{
	(void)str_copy(a->message, sizeof(a->message), text);
	a->bad = !good;
}

static void add_item(struct json *items, const char *name, const char *value)
{
	struct json *item = json_object_new();

	json_set_str(item, "name", name);
	json_set_str(item, "value", value);
	json_append_take(items, item);
}

/* ---- what the screens show ---- */

static void fill_idle(const struct sim_phone *p, struct json *items)
{
	add_item(items, "Number", p->evidence.number);
	add_item(items, "State", p->evidence.state);
}

static const char *security_mode(const struct sim_phone *p)
{
	switch (p->config.security_mode) {
	case 2: return "Authenticated";
	case 3: return "Encrypted";
	default: return "Non Secure";
	}
}

static void fill_security(const struct sim_phone *p, struct json *items)
{
	add_item(items, "Security Mode", security_mode(p));
	add_item(items, "MIC", p->flash.mic.len ? "Installed" : "Not Installed");
	add_item(items, "LSC", sim_evidence_lsc(&p->evidence, &p->flash));
	add_item(items, "Trust List", "");
	add_item(items, "CAPF Server", p->config.capf_count ? p->config.capf[0].name : "");
}

static void fill_lsc(const struct sim_phone *p, struct json *items)
{
	add_item(items, "LSC", sim_evidence_lsc(&p->evidence, &p->flash));
}

static void add_md5(
	const struct sim_phone *p, enum sim_list which, const char *name, struct json *items)
{
	const struct buf *list = &p->flash.lists[which];
	char hex[2 * DIGEST_MAX + 1] = "Not Installed";

	if (list->len)
		digest_hex(DIGEST_MD5, buf_span(list), hex);
	add_item(items, name, hex);
}

static void fill_trust_list(const struct sim_phone *p, struct json *items)
{
	add_md5(p, SIM_CTL, "CTL File", items);
	add_md5(p, SIM_ITL, "ITL File", items);
}

static const char *role_text(unsigned role)
{
	switch (role) {
	case TLV_ROLE_SAST: return "Security Token";
	case TLV_ROLE_CCM: return "CM Server";
	case TLV_ROLE_CCM_TFTP: return "CM / TFTP Server";
	case TLV_ROLE_TFTP: return "TFTP Server";
	case TLV_ROLE_CAPF: return "CAPF Server";
	case TLV_ROLE_TVS: return "TVS";
	case TLV_ROLE_APP_SERVER: return "Application Server";
	default: return "Server";
	}
}

/* The common name out of "CN=…;OU=…"; the whole name when there is none. */
static struct span common_name(struct span subject)
{
	const char *text = (const char *)subject.ptr;
	size_t at, end;

	for (at = 0; at + 3 <= subject.len; at++) {
		bool begins = at == 0 || text[at - 1] == ';' || text[at - 1] == ',' ||
			      text[at - 1] == ' ';

		if (begins && memcmp(text + at, "CN=", 3) == 0)
			break;
	}
	if (at + 3 > subject.len)
		return subject;
	at += 3;
	for (end = at; end < subject.len && text[end] != ';' && text[end] != ','; end++)
		continue;
	return span_of(text + at, end - at);
}

static void add_record(const struct tlv_record *r, struct json *items)
{
	struct buf name = {0};

	str_printable(&name, common_name(r->subject.len ? r->subject : r->dns));
	buf_u8(&name, 0);
	if (buf_check(&name) == ERR_OK)
		add_item(items, role_text(r->role), (const char *)name.data);
	buf_fini(&name);
}

static void fill_list(const struct sim_phone *p, enum sim_list which, struct json *items)
{
	struct tlv_list list;
	struct tlv_iter it;
	struct tlv_record r;

	add_md5(p, which, which == SIM_CTL ? "CTL Signature" : "ITL Signature", items);
	if (tlv_parse(&list, buf_span(&p->flash.lists[which]), NULL))
		return;
	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r))
		add_record(&r, items);
}

static void fill_ctl(const struct sim_phone *p, struct json *items)
{
	fill_list(p, SIM_CTL, items);
}

static void fill_itl(const struct sim_phone *p, struct json *items)
{
	fill_list(p, SIM_ITL, items);
}

static void fill_model(const struct sim_phone *p, struct json *items)
{
	char type[16];

	(void)snprintf(type, sizeof(type), "%d", p->opt.model);
	add_item(items, "Model Type", type);
	add_item(items, "MAC Address", p->opt.device + 3);
	add_item(items, "Load File", p->config.load);
}

/* The last lines of status.log. */
static void fill_messages(const struct sim_phone *p, struct json *items)
{
	struct buf log = {0};
	size_t starts[MESSAGES_SHOWN], count = 0, begin = 0;

	if (file_read(p->console.status_path, STATUS_LOG_MAX, &log, NULL) || log.len == 0) {
		buf_fini(&log);
		return;
	}
	for (size_t i = 0; i < log.len; i++) {
		if (log.data[i] != '\n')
			continue;
		log.data[i] = 0;
		starts[count++ % MESSAGES_SHOWN] = begin;
		begin = i + 1;
	}
	for (size_t i = count > MESSAGES_SHOWN ? count - MESSAGES_SHOWN : 0; i < count; i++)
		add_item(items, (const char *)log.data + starts[i % MESSAGES_SHOWN], "");
	buf_fini(&log);
}

/* ---- the screens ---- */

#define CHILDREN_MAX 4

static const struct row {
	const char *title;
	enum sim_screen parent;
	void (*fill)(const struct sim_phone *p, struct json *items); /* NULL: its children */
	struct {
		const char *name; /* of the item that leads there */
		enum sim_screen screen;
	} children[CHILDREN_MAX];
} rows[SIM_SCREENS] = {
	[SIM_SCREEN_IDLE] = {"Phone", SIM_SCREEN_IDLE, fill_idle,
		{{"Settings", SIM_SCREEN_SETTINGS}}},
	[SIM_SCREEN_SETTINGS] = {"Settings", SIM_SCREEN_IDLE, NULL,
		{{"Security Configuration", SIM_SCREEN_SECURITY},
			{"Model Information", SIM_SCREEN_MODEL}, {"Status", SIM_SCREEN_STATUS},
			/* The other name that guides have for the first. */
			{"Security Settings", SIM_SCREEN_SECURITY}}},
	[SIM_SCREEN_SECURITY] = {"Security Configuration", SIM_SCREEN_SETTINGS, fill_security,
		{{"LSC", SIM_SCREEN_LSC}, {"Trust List", SIM_SCREEN_TRUST_LIST}}},
	[SIM_SCREEN_LSC] = {"LSC", SIM_SCREEN_SECURITY, fill_lsc, {{0}}},
	[SIM_SCREEN_TRUST_LIST] = {"Trust List", SIM_SCREEN_SECURITY, fill_trust_list,
		{{"CTL File", SIM_SCREEN_CTL}, {"ITL File", SIM_SCREEN_ITL}}},
	[SIM_SCREEN_CTL] = {"CTL File", SIM_SCREEN_TRUST_LIST, fill_ctl, {{0}}},
	[SIM_SCREEN_ITL] = {"ITL File", SIM_SCREEN_TRUST_LIST, fill_itl, {{0}}},
	[SIM_SCREEN_MODEL] = {"Model Information", SIM_SCREEN_SETTINGS, fill_model, {{0}}},
	[SIM_SCREEN_STATUS] = {"Status", SIM_SCREEN_SETTINGS, NULL,
		{{"Status Messages", SIM_SCREEN_MESSAGES}}},
	[SIM_SCREEN_MESSAGES] = {"Status Messages", SIM_SCREEN_STATUS, fill_messages, {{0}}},
};

#define SHOWN_CHILDREN 3 /* of a screen without a fill: what follows is another name */

static struct json *items_of(const struct sim_phone *p, enum sim_screen screen)
{
	const struct row *row = &rows[screen];
	struct json *items = json_array_new();

	if (row->fill) {
		row->fill(p, items);
		return items;
	}
	for (size_t i = 0; i < SHOWN_CHILDREN && row->children[i].name; i++)
		add_item(items, row->children[i].name, "");
	return items;
}

/* ---- softkeys ---- */

static void go_back(struct sim_phone *p, struct sim_display *d, struct answer *a)
{
	d->screen = rows[d->screen].parent;
}

static void begin_update(
	struct sim_phone *p, struct sim_display *d, struct span string, struct answer *a)
{
	struct fail why = {0};

	if (sim_enrol_update(p, string, &why)) {
		say(a, false, why.text);
		return;
	}
	d->watching = sim_enrol_by_user(p);
	if (!d->watching)
		say(a, false, "LSC: Failed");
}

static void update(struct sim_phone *p, struct sim_display *d, struct answer *a)
{
	if (p->config.capf_auth_mode == SIM_AUTH_STRING && !p->enrol)
		d->asking = true;
	else
		begin_update(p, d, (struct span){0}, a);
}

static void stop(struct sim_phone *p, struct sim_display *d, struct answer *a)
{
	sim_enrol_break_off(p);
}

static void erase(struct sim_phone *p, struct sim_display *d, struct answer *a)
{
	struct fail why = {0};

	sim_console_status(&p->console, "Erasing CTL and ITL files");
	if (sim_flash_drop_lists(&p->flash, &why)) {
		say(a, false, why.text);
		return;
	}
	say(a, true, "Erasing CTL and ITL files");
	sim_phone_event(p, SIM_EV_RESET);
}

#define ON(screen) (1u << (screen))
#define LISTS      (ON(SIM_SCREEN_TRUST_LIST) | ON(SIM_SCREEN_CTL) | ON(SIM_SCREEN_ITL))

enum when { ALWAYS, UPDATING, NOT_UPDATING };

/* The keys that change something are there only when the settings are unlocked. */
static const struct softkey {
	const char *name;
	unsigned screens;
	bool locked;
	enum when when;
	void (*act)(struct sim_phone *p, struct sim_display *d, struct answer *a);
} softkeys[] = {
	{"Update", ON(SIM_SCREEN_LSC), true, NOT_UPDATING, update},
	{"Stop", ON(SIM_SCREEN_LSC) | ON(SIM_SCREEN_SECURITY), true, UPDATING, stop},
	{"Erase", LISTS, true, ALWAYS, erase},
	{"Exit", ~ON(SIM_SCREEN_IDLE), false, ALWAYS, go_back},
};
#define SOFTKEYS (sizeof(softkeys) / sizeof(softkeys[0]))

static bool is_there(
	const struct sim_phone *p, const struct sim_display *d, const struct softkey *k)
{
	bool updating = sim_enrol_by_user(p);

	return (k->screens & ON(d->screen)) &&
	       (k->when == ALWAYS || (k->when == UPDATING) == updating);
}

static struct json *softkeys_of(const struct sim_phone *p, const struct sim_display *d)
{
	struct json *out = json_array_new();

	if (d->asking) {
		json_append_take(out, json_string_new("Cancel"));
		return out;
	}
	if (d->screen == SIM_SCREEN_IDLE)
		json_append_take(out, json_string_new("Settings"));
	for (size_t i = 0; i < SOFTKEYS; i++) {
		if (is_there(p, d, &softkeys[i]) && (d->unlocked || !softkeys[i].locked))
			json_append_take(out, json_string_new(softkeys[i].name));
	}
	return out;
}

/* ---- presses ---- */

static void type_string(
	struct sim_phone *p, struct sim_display *d, const char *press, struct answer *a)
{
	struct fail why = {0};

	d->asking = false;
	if (str_ieq(press, "Cancel"))
		return;
	if (sim_string_check(span_str(press), &why))
		say(a, false, why.text);
	else
		begin_update(p, d, span_str(press), a);
}

static bool press_softkey(
	struct sim_phone *p, struct sim_display *d, const char *press, struct answer *a)
{
	for (size_t i = 0; i < SOFTKEYS; i++) {
		const struct softkey *k = &softkeys[i];

		if (!str_ieq(press, k->name) || !is_there(p, d, k))
			continue;
		if (k->locked && !d->unlocked)
			say(a, false, "The settings are locked: press **#");
		else
			k->act(p, d, a);
		return true;
	}
	return false;
}

static bool follow(struct sim_display *d, const char *name)
{
	const struct row *row = &rows[d->screen];

	for (size_t i = 0; i < CHILDREN_MAX && row->children[i].name; i++) {
		if (str_ieq(name, row->children[i].name)) {
			d->screen = row->children[i].screen;
			return true;
		}
	}
	return false;
}

/* By number: the item's name then leads on. */
static bool press_number(struct sim_phone *p, struct sim_display *d, const char *press)
{
	struct json *items;
	const char *name;
	long number;
	bool found = false;

	if (str_number(press, 1, 99, &number))
		return false;
	items = items_of(p, d->screen);
	name = json_get_str(json_at(items, (size_t)number - 1), "name");
	if (name)
		found = follow(d, name);
	json_free(items);
	return found;
}

static void obey(struct sim_phone *p, struct sim_display *d, const char *press, struct answer *a)
{
	if (d->asking) {
		if (press[0])
			type_string(p, d, press, a);
	} else if (strcmp(press, "**#") == 0) {
		d->unlocked = !d->unlocked;
		say(a, true, d->unlocked ? "Settings unlocked" : "Settings locked");
	} else if (press[0] && !press_softkey(p, d, press, a) && !follow(d, press) &&
		   !press_number(p, d, press)) {
		say(a, false, "There is no such key or item here");
	}
}

static struct json *show(struct sim_phone *p, struct sim_display *d, const struct answer *a)
{
	struct json *j = json_object_new();

	json_set_str(
		j, "title", d->screen == SIM_SCREEN_IDLE ? p->opt.device : rows[d->screen].title);
	json_set_take(j, "items", items_of(p, d->screen));
	json_set_take(j, "softkeys", softkeys_of(p, d));
	json_set_bool(j, "unlocked", d->unlocked);
	json_set_str(j, "message", a->message);
	json_set_bool(j, "good", !a->bad);
	json_set_str(j, "ask", d->asking ? "Authentication String" : "");
	json_set_bool(j, "busy", d->watching);
	return j;
}

struct json *sim_menu_watch(struct sim_phone *p, struct sim_display *d)
{
	struct answer a = {0};

	if (!sim_enrol_by_user(p)) {
		d->watching = false;
		if (p->lsc_failed)
			say(&a, false, "LSC: Failed");
	}
	return show(p, d, &a);
}

struct json *sim_menu_press(struct sim_phone *p, struct sim_display *d, const char *press)
{
	struct answer a = {0};

	obey(p, d, press, &a);
	return show(p, d, &a);
}
