/* SPDX-License-Identifier: BSD-2-Clause
 * What the CTL client may do with what nodes said, on the guide's certificates and CTL. */
#include "core/ctlclient/plan.h"
#include "lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNED_AT (MADE + 3600)

static const char id[] = "00112233445566778899aabbccddeeff";

static struct ctlclient_cluster cluster;

/* --- nodes that answer --- */

static struct json *pem(const char *name, const struct cert *cert)
{
	struct json *o = json_object_new();
	struct buf text = {0};

	assert_int_equal(cert_to_pem(cert, &text), ERR_OK);
	json_set_str(o, "name", name);
	json_set_take(o, "pem", json_span_new(buf_span(&text)));
	buf_fini(&text);
	return o;
}

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	struct fail why = {0};

	if (json_parse(&j, span_str(text), &why) != ERR_OK)
		fail_msg("%s: %s", why.text, text);
	return j;
}

/* `services`: which are activated and started: T(FTP), M(anager), P(rovider), C(APF), V(TVS). */
static struct json *answer(const char *name, const char *address, const char *services,
	const struct buf *ctl, const char *more)
{
	static const char letters[] = "TMPCV";
	char text[2048], hash[2 * DIGEST_MAX + 1], list[256] = "\"ctl\":null";
	struct json *j, *certs = json_array_new(), *all = json_array_new();

	if (ctl) {
		digest_hex(DIGEST_SHA256, buf_span(ctl), hash);
		snprintf(list, sizeof(list), "\"ctl\":{\"sha256\":\"%s\",\"bytes\":1}", hash);
	}
	snprintf(text, sizeof(text),
		"{\"node\":\"%s\",\"address\":\"%s\",\"version\":\"0.1.0\",\"time\":%d,"
		"\"publisher\":%s,\"tvsPort\":2445,%s%s%s}",
		name, address, SIGNED_AT, strcmp(name, "pub") == 0 ? "true" : "false", list,
		more[0] ? "," : "", more);
	j = parse(text);
	for (int s = 0; s < SERVICE_COUNT; s++) {
		struct json *one = json_object_new();

		json_set_str(one, "name", service_title((enum node_service)s));
		json_set_bool(one, "activated", strchr(services, letters[s]) != NULL);
		json_set_bool(one, "started", strchr(services, letters[s]) != NULL);
		json_append_take(all, one);
	}
	json_set_take(j, "services", all);
	json_append_take(certs, pem("CallManager", callmanager));
	json_append_take(certs, pem("CAPF", capf));
	json_set_take(j, "certificates", certs);
	return j;
}

static struct ctlclient_node *add(const char *name, const char *address, const char *services,
	const struct buf *ctl, const char *more)
{
	struct json *j = answer(name, address, services, ctl, more);
	struct fail why = {0};
	struct ctlclient_node *n;

	assert_int_equal(ctlclient_node_add(&cluster, name, address, 2444, &why), ERR_OK);
	n = &cluster.nodes[cluster.count - 1];
	if (ctlclient_node_read(n, j, SIGNED_AT, &why))
		fail_msg("%s", why.text);
	if (ctl)
		buf_put(&n->list, buf_span(ctl));
	json_free(j);
	return n;
}

#define ALL "TMPCV"

/* A CTL of these entries, signed by token 1. */
static void make_list(struct buf *file, const struct list_entry *entries, size_t count)
{
	struct list_request r = {.kind = LIST_CTL,
		.entries = entries,
		.count = count,
		.signer = token1,
		.digest = DIGEST_SHA1,
		.timestamp = MADE,
		.now = MADE,
		.one_token = true};
	struct buf signature = {0};
	struct span pieces[2];

	assert_int_equal(list_build(file, &r, pieces, NULL), ERR_OK);
	assert_int_equal(key_sign(token1_key, DIGEST_SHA1, pieces, 2, &signature), ERR_OK);
	assert_int_equal(list_finish(file, buf_span(&signature), NULL), ERR_OK);
	buf_fini(&signature);
}

/* The guide's, but serial numbers stand as in the certificates. */
static struct buf present;

static int group_setup(void **state)
{
	int failed = lists_setup(state);
	struct list_entry entries[] = {{TLV_ROLE_SAST, token1, NULL, {0}},
		{TLV_ROLE_SAST, token2, NULL, {0}},
		{TLV_ROLE_CCM_TFTP, callmanager, "14.48.44.80", {0}},
		{TLV_ROLE_CAPF, capf, "14.48.44.80", {0}}};

	if (!failed)
		make_list(&present, entries, 4);
	return failed;
}

static int group_teardown(void **state)
{
	buf_fini(&present);
	return lists_teardown(state);
}

static int setup(void **state)
{
	return 0;
}

static int teardown(void **state)
{
	ctlclient_cluster_fini(&cluster);
	return 0;
}

/* --- reading --- */

static void an_answer_is_read(void **state)
{
	const struct ctlclient_node *n = add("pub", "10.1.1.5", "TPC", &guide,
		"\"mode\":1,\"ever\":true,\"staged\":{\"id\":\"00112233445566778899aabbccddeeff\","
		"\"by\":\"admin\",\"at\":1314811683},\"last\":\"00112233445566778899aabbccddeeff\"");

	assert_int_equal(n->reached, ERR_OK);
	assert_int_equal(n->mode, 1);
	assert_true(n->publisher && n->has_ctl && n->ever);
	assert_true(n->activated[SERVICE_TFTP] && !n->activated[SERVICE_CALLMANAGER]);
	assert_true(span_eq(cert_der(n->certs[CTLCLIENT_CAPF]), cert_der(capf)));
	assert_null(n->certs[CTLCLIENT_TVS]);
	assert_string_equal(n->staged, id);
	assert_string_equal(n->last, id);
	assert_string_equal(n->staged_by, "admin");
	assert_ptr_equal(ctlclient_publisher(&cluster), n);
}

static void nonsense_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"{}", "node"},
		{"[]", "node"},
		{"{\"node\":\"a b\",\"address\":\"x\",\"time\":1}", "node"},
		{"{\"node\":\"\\u001b[2J\",\"address\":\"x\",\"time\":1}", "node"},
		{"{\"node\":\"a\",\"address\":\"x/../y\",\"time\":1}", "address"},
		{"{\"node\":\"a\",\"address\":\"x\"}", "time"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"tvsPort\":70000}", "tvsPort"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"ctl\":{\"sha256\":\"00\"}}",
			"ctl.sha256"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"ctl\":{\"sha256\":\"zz\"}}",
			"ctl.sha256"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"staged\":{\"id\":\"../x\"}}",
			"staged.id"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"last\":\"1\"}", "last"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"certificates\":"
		 "[{\"name\":\"CAPF\",\"pem\":\"-----BEGIN\"}]}",
			"CAPF"},
		{"{\"node\":\"a\",\"address\":\"x\",\"time\":1,\"certificates\":"
		 "[{\"name\":\"TVS\"}]}",
			"TVS"},
	};
	struct fail why;

	assert_int_equal(ctlclient_node_add(&cluster, "h", "h", 2444, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct json *j = parse(bad[i].text);

		why = (struct fail){0};
		assert_int_equal(ctlclient_node_read(&cluster.nodes[0], j, 1, &why), ERR_PROTO);
		assert_int_equal(cluster.nodes[0].reached, ERR_PROTO);
		if (!strstr(why.text, bad[i].says))
			fail_msg("%s: %s", bad[i].text, why.text);
		json_free(j);
	}
}

static void only_a_publisher_knows_the_nodes(void **state)
{
	struct json *j = parse("{\"publisher\":true,\"nodes\":["
			       "{\"name\":\"pub\",\"address\":\"10.1.1.5\",\"port\":2444},"
			       "{\"name\":\"sub1\",\"address\":\"10.1.1.6\",\"port\":12444},"
			       "{\"name\":\"SUB1\",\"address\":\"10.1.1.7\",\"port\":2444}]}");
	struct json *self;
	struct fail why = {0};

	add("pub", "10.1.1.5", ALL, NULL, "\"mode\":0");
	assert_int_equal(ctlclient_peers_read(&cluster, j, &why), ERR_OK);
	assert_int_equal(cluster.count, 2);
	assert_int_equal(cluster.nodes[1].port, 12444);
	assert_int_equal(cluster.nodes[1].reached, ERR_NOTNOW);
	/* It must be the one that the publisher means. */
	self = answer("pub", "10.1.1.6", ALL, NULL, "");
	assert_int_equal(ctlclient_node_read(&cluster.nodes[1], self, SIGNED_AT, &why), ERR_PROTO);
	assert_non_null(strstr(why.text, "calls this node sub1, but it calls itself pub"));
	json_set_bool(j, "publisher", false);
	why = (struct fail){0};
	assert_int_equal(ctlclient_peers_read(&cluster, j, &why), ERR_NOTNOW);
	json_free(self);
	json_free(j);
}

/* --- choices --- */

static void may(bool mixed, bool non_secure, bool update)
{
	const bool want[] = {mixed, non_secure, update};

	for (int i = 0; i < CTLCLIENT_CHOICES; i++) {
		struct fail why = {0};
		enum err err = ctlclient_may_choose(&cluster, (enum ctlclient_choice)i, &why);

		assert_int_equal(err, want[i] ? ERR_OK : ERR_NOTNOW);
		assert_true(!err || why.text[0]);
	}
}

static void what_may_be_chosen_when(void **state)
{
	enum ctlclient_choice choice;

	may(false, false, false);
	add("pub", "10.1.1.5", ALL, NULL, "\"mode\":0");
	may(true, false, false);
	cluster.nodes[0].mode = 1;
	may(true, true, false);
	cluster.nodes[0].has_ctl = true;
	may(false, true, true);
	cluster.nodes[0].mode = 0;
	may(true, false, true);
	assert_true(ctlclient_choice_find("Non-Secure", &choice));
	assert_int_equal(choice, CTLCLIENT_SET_NON_SECURE);
	assert_false(ctlclient_choice_find("secure", &choice));
}

/* --- findings --- */

struct seen {
	char codes[512];
	unsigned faults;
};

static void see(void *ctx, const struct ctlclient_finding *f)
{
	struct seen *s = ctx;
	size_t len = strlen(s->codes);

	assert_true(f->text[0]);
	s->faults += f->severity == LIST_FAULT;
	snprintf(s->codes + len, sizeof(s->codes) - len, "%s%s ", f->node ? f->node->name : "",
		f->node ? "" : "-");
	len = strlen(s->codes);
	snprintf(s->codes + len - 1, sizeof(s->codes) - len, ":%s ", f->code);
}

static unsigned finds(const char *codes)
{
	struct seen s = {0};

	ctlclient_check(&cluster, CTLCLIENT_SET_MIXED, SIGNED_AT, see, &s);
	if (s.codes[0])
		s.codes[strlen(s.codes) - 1] = 0;
	assert_string_equal(s.codes, codes);
	return s.faults;
}

static void findings_of_a_node(void **state)
{
	struct ctlclient_node *n = add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");

	assert_int_equal(finds(""), 0);
	n->time += 31;
	assert_int_equal(finds("pub:clock"), 0);
	n->time -= 62;
	assert_int_equal(finds("pub:clock"), 0);
	n->time = n->asked;
	n->started[SERVICE_TVS] = false;
	assert_int_equal(finds("pub:not-started pub:no-tvs"), 0);
	n->started[SERVICE_TVS] = true;
	n->unsaved = 2;
	assert_int_equal(finds("pub:no-backup"), 0);
	n->backup = n->time - 86400;
	assert_int_equal(finds("pub:old-backup"), 0);
	n->unsaved = 0;
	snprintf(n->staged, sizeof(n->staged), "%s", id);
	n->staged_at = n->time - 5;
	assert_int_equal(finds("pub:staged"), 1);
	n->staged_at = n->time - STAGE_LIFE;
	assert_int_equal(finds("pub:staged"), 0);
	n->staged[0] = 0;
	n->has_ctl = false;
	assert_int_equal(finds("pub:ctl-gone -:secure-without-ctl"), 1);
	n->ever = false;
	n->mode = 0;
	assert_int_equal(finds(""), 0);
	cert_free(n->certs[CTLCLIENT_CAPF]);
	n->certs[CTLCLIENT_CAPF] = NULL;
	assert_int_equal(finds("pub:no-certificate"), 1);
	n->activated[SERVICE_CAPF] = false;
	assert_int_equal(finds("-:capf-nowhere"), 0);
	n->activated[SERVICE_CALLMANAGER] = n->activated[SERVICE_TFTP] = false;
	assert_int_equal(finds("pub:no-server -:capf-nowhere -:no-servers"), 1);
}

static void findings_of_further_nodes(void **state)
{
	struct ctlclient_node *n;

	add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");
	n = add("sub1", "10.1.1.6", ALL, &guide, "\"mode\":1");
	assert_int_equal(finds("sub1:capf-elsewhere"), 0);
	/* Phones are given the publisher's address, whoever else could issue. */
	cluster.nodes[0].activated[SERVICE_CAPF] = false;
	assert_int_equal(finds("sub1:capf-elsewhere -:capf-nowhere"), 0);
	cluster.nodes[0].activated[SERVICE_CAPF] = true;
	n->activated[SERVICE_CAPF] = false;
	n->mode = 0;
	n->ctl[0] ^= 1;
	assert_int_equal(finds("sub1:ctl-differs sub1:mode-differs"), 0);
	n->mode = 1;
	n->has_ctl = n->ever = false;
	assert_int_equal(finds("sub1:ctl-new"), 0);
	n->has_ctl = n->ever = true;
	cluster.nodes[0].has_ctl = cluster.nodes[0].ever = false;
	cluster.nodes[0].mode = n->mode = 0;
	assert_int_equal(finds("sub1:ctl-differs"), 0);
}

static void why_a_node_was_not_reached(void **state)
{
	static const struct {
		enum err err;
		const char *codes;
	} misses[] = {{ERR_NOTFOUND, "pub:name"}, {ERR_TIMEOUT, "pub:silent"},
		{ERR_CLOSED, "pub:unreachable"}, {ERR_DENIED, "pub:account"},
		{ERR_LOCKED, "pub:account"}, {ERR_TLS, "pub:fingerprint"},
		{ERR_PROTO, "pub:answer"}};

	for (size_t i = 0; i < sizeof(misses) / sizeof(misses[0]); i++) {
		struct fail why = {.code = misses[i].err, .text = "because"};

		if (!cluster.count)
			add("pub", "10.1.1.5", ALL, NULL, "");
		ctlclient_node_missed(&cluster.nodes[0], &why);
		assert_int_equal(finds(misses[i].codes), 1);
		assert_null(ctlclient_publisher(&cluster));
	}
}

static void dates_and_a_clock_set_back(void **state)
{
	struct seen s = {0};

	add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");
	ctlclient_check(&cluster, CTLCLIENT_UPDATE, cert_not_after(callmanager) - 86400, see, &s);
	assert_non_null(strstr(s.codes, "pub:expires-soon"));
	assert_int_equal(s.faults, 0);
	s = (struct seen){0};
	ctlclient_check(&cluster, CTLCLIENT_UPDATE, cert_not_after(callmanager) + 1, see, &s);
	assert_non_null(strstr(s.codes, "pub:expired"));
	assert_true(s.faults >= 1);
	s = (struct seen){0};
	ctlclient_check(&cluster, CTLCLIENT_UPDATE, MADE - 1, see, &s);
	assert_non_null(strstr(s.codes, "pub:clock-behind"));
	s = (struct seen){0};
	ctlclient_check(&cluster, CTLCLIENT_UPDATE, cert_not_before(callmanager) - 1, see, &s);
	assert_non_null(strstr(s.codes, "pub:not-yet-valid"));
}

/* --- the list --- */

static void plan_new(struct ctlclient_plan *p, enum ctlclient_choice choice)
{
	struct fail why = {0};

	if (ctlclient_plan_init(p, &cluster, choice, &why))
		fail_msg("%s", why.text);
}

/* Roles, and E for emptied entries, in the order of the list. */
static void shape(const struct buf *file, const char *want)
{
	struct tlv_list list = lists_parse(file);
	char got[64] = "";
	struct tlv_record r;
	struct tlv_iter it;

	tlv_iter_init(&it, &list);
	while (tlv_iter_next(&it, &r))
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u%s ", r.role,
			r.has & TLV_HAS(9) ? "" : "E");
	assert_string_equal(got, want);
}

static void sign(struct ctlclient_plan *p)
{
	struct buf signature = {0};
	struct fail why = {0};

	assert_int_equal(key_sign(token1_key, DIGEST_SHA1, p->pieces, 2, &signature), ERR_OK);
	if (list_finish(&p->file, buf_span(&signature), &why))
		fail_msg("%s", why.text);
	buf_fini(&signature);
}

static void the_first_list_needs_two_tokens(void **state)
{
	struct ctlclient_plan p;
	struct fail why = {0};
	struct buf because = {0};

	add("pub", "10.1.1.5", ALL, NULL, "\"mode\":0");
	add("sub1", "10.1.1.6", "TM", NULL, "\"mode\":0");
	add("sub2", "sub2.example", "M", NULL, "\"mode\":0");
	add("sub3", "10.1.1.8", "T", NULL, "\"mode\":0");
	plan_new(&p, CTLCLIENT_SET_MIXED);
	assert_int_equal(ctlclient_plan_enough(&p, &why), ERR_NOTNOW);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	why = (struct fail){0};
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, &why), ERR_NOTNOW);
	assert_non_null(strstr(why.text, "only one security token"));
	assert_int_equal(ctlclient_plan_add(&p, token1, "one", NULL), ERR_EXISTS);
	assert_int_equal(ctlclient_plan_add(&p, token2, "two", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_tokens(&p), 2);
	why = (struct fail){0};
	if (ctlclient_plan_build(&p, SIGNED_AT, &why))
		fail_msg("%s", why.text);
	shape(&p.file, "0 0 2 2 1 3 4 ");
	assert_int_equal(ctlclient_plan_judge(&p, false, &because), ERR_OK);
	sign(&p);
	assert_int_equal(ctlclient_plan_judge(&p, true, &because), ERR_OK);
	buf_u8(&because, 0);
	assert_non_null(strstr((char *)because.data, "This is the first CTL"));
	buf_fini(&because);
	ctlclient_plan_fini(&p);
}

static void tokens_of_the_present_list_are_kept(void **state)
{
	struct ctlclient_plan p;
	struct buf because = {0};

	add("pub", "10.1.1.5", ALL, &present, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(p.sast_count, 2);
	assert_true(p.sasts[0].held && p.sasts[1].held && !p.sasts[0].system);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 2 4 ");
	assert_int_equal(ctlclient_plan_judge(&p, false, &because), ERR_OK);
	buf_u8(&because, 0);
	assert_non_null(strstr((char *)because.data,
		"A phone that holds the CTL of pub accepts the new one, because its signer is SAST "
		"record"));
	buf_clear(&because);
	/* Unsigned bytes are not taken for a list. */
	assert_int_equal(ctlclient_plan_judge(&p, true, &because), ERR_VERIFY);
	sign(&p);
	buf_clear(&because);
	assert_int_equal(ctlclient_plan_judge(&p, true, &because), ERR_OK);
	buf_fini(&because);
	ctlclient_plan_fini(&p);
}

static void a_strange_token_is_refused_as_ever(void **state)
{
	struct ctlclient_plan p;
	struct fail why = {0};

	add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_plan_signer(&p, rsa3072, "x", &why), ERR_TRUST);
	assert_string_equal(
		why.text, "The Security Token you have inserted does not exist in the CTL File");
	/* Nor after it was added. */
	assert_int_equal(ctlclient_plan_add(&p, rsa3072, "x", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_signer(&p, rsa3072, "x", NULL), ERR_TRUST);
	/* Nor when it is in the list as something else. */
	assert_int_equal(ctlclient_plan_signer(&p, callmanager, "x", NULL), ERR_TRUST);
	ctlclient_plan_fini(&p);
}

static void nodes_with_another_list_are_asked_too(void **state)
{
	struct ctlclient_plan p;
	struct ctlclient_node *n;
	struct buf because = {0};

	add("pub", "10.1.1.5", ALL, &present, "\"mode\":1");
	/* The old client wrote serial numbers backwards: phones that got theirs from this one
	 * would not find the signer. */
	n = add("sub1", "10.1.1.6", "TM", &guide, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_judge(&p, false, &because), ERR_TRUST);
	buf_u8(&because, 0);
	assert_non_null(strstr((char *)because.data, "sub1 rejects"));
	buf_clear(&because);
	n->reached = ERR_CLOSED;
	assert_int_equal(ctlclient_plan_judge(&p, false, &because), ERR_OK);
	buf_fini(&because);
	ctlclient_plan_fini(&p);
}

static void non_secure_mode_empties_the_servers(void **state)
{
	struct ctlclient_plan p;

	add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");
	add("sub1", "10.1.1.6", "TM", NULL, "\"mode\":1");
	plan_new(&p, CTLCLIENT_SET_NON_SECURE);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 2E 2E 4 ");
	ctlclient_plan_fini(&p);
	/* An update does not leave that mode. */
	cluster.nodes[0].mode = 0;
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 2E 2E 4 ");
	ctlclient_plan_fini(&p);
	plan_new(&p, CTLCLIENT_SET_MIXED);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 2 2 4 ");
	ctlclient_plan_fini(&p);
}

static void a_token_is_left_out(void **state)
{
	struct ctlclient_plan p;
	size_t other;

	add("pub", "10.1.1.5", ALL, &guide, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_remove(&p, p.signer, NULL), ERR_NOTNOW);
	assert_int_equal(ctlclient_plan_remove(&p, p.sast_count, NULL), ERR_NOTFOUND);
	other = 1 - p.signer;
	assert_int_equal(ctlclient_plan_remove(&p, other, NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_NOTNOW);
	assert_int_equal(ctlclient_plan_add(&p, token2, "two", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_tokens(&p), 2);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	ctlclient_plan_fini(&p);
}

/* A list signed by the node itself: its key stays while it is in use, and counts as no token. */
static void a_nodes_own_key_is_no_token(void **state)
{
	struct list_entry entries[] = {{TLV_ROLE_SAST, token1, NULL, {0}},
		{TLV_ROLE_SAST, callmanager, NULL, {0}},
		{TLV_ROLE_CCM_TFTP, callmanager, "10.1.1.5", {0}},
		{TLV_ROLE_CAPF, capf, "10.1.1.5", {0}}};
	struct buf file = {0};
	struct ctlclient_plan p;
	struct fail why = {0};

	make_list(&file, entries, 4);
	add("pub", "10.1.1.5", ALL, &file, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(p.sast_count, 2);
	assert_int_equal(ctlclient_plan_tokens(&p), 1);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_enough(&p, &why), ERR_NOTNOW);
	assert_int_equal(ctlclient_plan_add(&p, token2, "two", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 0 2 4 ");
	ctlclient_plan_fini(&p);
	/* The node has another key now: the old one signs nothing any more. */
	cert_free(cluster.nodes[0].certs[CTLCLIENT_CALLMANAGER]);
	assert_int_equal(
		cert_from_der(&cluster.nodes[0].certs[CTLCLIENT_CALLMANAGER], cert_der(capf), NULL),
		ERR_OK);
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_add(&p, token2, "two", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	shape(&p.file, "0 0 2 4 ");
	ctlclient_plan_fini(&p);
	buf_fini(&file);
}

static void a_damaged_present_list_stops_everything(void **state)
{
	struct buf bad = lists_copy(&guide);
	struct ctlclient_plan p;
	struct fail why = {0};

	bad.data[bad.len - 100] ^= 1;
	add("pub", "10.1.1.5", ALL, &bad, "\"mode\":1");
	assert_int_equal(ctlclient_plan_init(&p, &cluster, CTLCLIENT_UPDATE, &why), ERR_VERIFY);
	assert_non_null(strstr(why.text, "does not tell whom phones trust"));
	buf_fini(&bad);
}

static void count_changes(void *ctx, const struct list_change *change)
{
	++*(unsigned *)ctx;
}

static void restarts_and_differences(void **state)
{
	static const struct {
		const char *node;
		enum node_service service;
	} want[] = {{"pub", SERVICE_TFTP}, {"sub1", SERVICE_TFTP}, {"pub", SERVICE_CALLMANAGER},
		{"sub2", SERVICE_CALLMANAGER}};
	struct ctlclient_restart got[8];
	struct ctlclient_plan p;
	unsigned changes = 0;

	add("pub", "14.48.44.80", ALL, &guide, "\"mode\":1");
	add("sub1", "10.1.1.6", "T", NULL, "\"mode\":1");
	add("sub2", "10.1.1.7", "M", NULL, "\"mode\":1");
	plan_new(&p, CTLCLIENT_UPDATE);
	assert_int_equal(ctlclient_restarts(&p, got, 8), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(got[i].node->name, want[i].node);
		assert_int_equal(got[i].service, want[i].service);
	}
	assert_int_equal(ctlclient_plan_signer(&p, token1, "one", NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_build(&p, SIGNED_AT, NULL), ERR_OK);
	assert_int_equal(ctlclient_plan_diff(&p, count_changes, &changes), ERR_OK);
	assert_true(changes >= 3); /* the date, two servers */
	/* Another CAPF key than the list has: after TFTP, before CallManager. */
	cert_free(cluster.nodes[0].certs[CTLCLIENT_CAPF]);
	assert_int_equal(
		cert_from_der(&cluster.nodes[0].certs[CTLCLIENT_CAPF], cert_der(rsa3072), NULL),
		ERR_OK);
	assert_int_equal(ctlclient_restarts(&p, got, 8), 5);
	assert_int_equal(got[2].service, SERVICE_CAPF);
	ctlclient_plan_fini(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_read),
		TEST(nonsense_is_named),
		TEST(only_a_publisher_knows_the_nodes),
		TEST(what_may_be_chosen_when),
		TEST(findings_of_a_node),
		TEST(findings_of_further_nodes),
		TEST(why_a_node_was_not_reached),
		TEST(dates_and_a_clock_set_back),
		TEST(the_first_list_needs_two_tokens),
		TEST(tokens_of_the_present_list_are_kept),
		TEST(a_strange_token_is_refused_as_ever),
		TEST(nodes_with_another_list_are_asked_too),
		TEST(non_secure_mode_empties_the_servers),
		TEST(a_token_is_left_out),
		TEST(a_nodes_own_key_is_no_token),
		TEST(a_damaged_present_list_stops_everything),
		TEST(restarts_and_differences),
	};

	return cmocka_run_group_tests_name("core/ctlclient", tests, group_setup, group_teardown);
}
