/* SPDX-License-Identifier: BSD-2-Clause
 * A store of every earlier version opens, keeps its rows and gets what is new. The statements below
 * are what those versions executed: they never change. */
#include "fixture.h"

#include "store/capf.h"
#include "store/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* What each version added to the one before. */
static const char *const schema1[] = {
	"CREATE TABLE schema_version (number INTEGER NOT NULL PRIMARY KEY) STRICT",
	"CREATE TABLE param (name_folded TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
	" value TEXT NOT NULL) STRICT",
	"CREATE TABLE node (name_folded TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
	" address TEXT NOT NULL) STRICT",
	"CREATE TABLE profile (name_folded TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
	" security_mode INTEGER NOT NULL, encrypted_config INTEGER NOT NULL,"
	" auth_mode INTEGER NOT NULL, key_bits INTEGER NOT NULL) STRICT",
	"CREATE TABLE device (name TEXT NOT NULL PRIMARY KEY, model INTEGER NOT NULL,"
	" description TEXT NOT NULL, number TEXT NOT NULL, number_folded TEXT NOT NULL,"
	" display TEXT NOT NULL, profile TEXT NOT NULL, profile_folded TEXT NOT NULL,"
	" operation INTEGER NOT NULL, operation_status TEXT NOT NULL,"
	" operation_by INTEGER NOT NULL, version INTEGER NOT NULL, last_seen INTEGER NOT NULL)"
	" STRICT",
	"CREATE UNIQUE INDEX device_number ON device (number_folded) WHERE number_folded <> ''",
	"CREATE INDEX device_profile ON device (profile_folded)",
	"CREATE TABLE lsc (device TEXT NOT NULL PRIMARY KEY REFERENCES device (name)"
	" ON DELETE CASCADE, not_after INTEGER NOT NULL, installed INTEGER NOT NULL,"
	" der BLOB NOT NULL) STRICT",
	"INSERT INTO schema_version VALUES (1)",
	NULL,
};

static const char *const rows1[] = {
	"INSERT INTO param VALUES ('CLUSTERSECURITYMODE', 'ClusterSecurityMode', '1')",
	"INSERT INTO node VALUES ('PUBLISHER', 'publisher', '192.0.2.10')",
	"INSERT INTO profile VALUES ('ENCRYPTED', 'Encrypted', 3, 1, 2, 2048)",
	"INSERT INTO device VALUES ('SEP0011215A1AE3', 30018, '', '1001', '1001', 'Desk',"
	" 'Encrypted', 'ENCRYPTED', 0, 'Upgrade Success', 0, 3, 0)",
	"INSERT INTO lsc VALUES ('SEP0011215A1AE3', 1790000000, 1780000000, x'3003020101')",
	NULL,
};

static const char *const schema2[] = {
	"ALTER TABLE node ADD COLUMN port INTEGER NOT NULL DEFAULT 0",
	"CREATE TABLE account (name_folded TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
	" hash TEXT NOT NULL, failures INTEGER NOT NULL, wait_until INTEGER NOT NULL,"
	" last_failure INTEGER NOT NULL, last_login INTEGER NOT NULL) STRICT",
	"INSERT INTO schema_version VALUES (2)",
	NULL,
};

static const char *const rows2[] = {
	"INSERT INTO param VALUES ('CLUSTERSECURITYMODE', 'ClusterSecurityMode', '1')",
	"INSERT INTO node VALUES ('PUBLISHER', 'publisher', '192.0.2.10', 0)",
	"INSERT INTO profile VALUES ('ENCRYPTED', 'Encrypted', 3, 1, 2, 2048)",
	"INSERT INTO profile VALUES ('NON SECURE', 'Non Secure', 1, 0, 2, 2048)",
	"INSERT INTO device VALUES ('SEP0011215A1AE3', 30018, '', '1001', '1001', 'Desk',"
	" 'Encrypted', 'ENCRYPTED', 0, 'Upgrade Success', 0, 3, 0)",
	"INSERT INTO device VALUES ('SEP0011215A1AE4', 30018, '', '', '', '',"
	" 'Encrypted', 'ENCRYPTED', 0, 'None', 0, 1, 0)",
	"INSERT INTO lsc VALUES ('SEP0011215A1AE3', 1790000000, 1780000000, x'3003020101')",
	"INSERT INTO account VALUES ('ROOT', 'root', 'hash', 0, 0, 0, 7)",
	NULL,
};

static const char *const schema3[] = {
	"ALTER TABLE profile ADD COLUMN description TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE profile ADD COLUMN model INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN protocol INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN key_order INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN ec_bits INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN transport INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN nonce_validity INTEGER NOT NULL DEFAULT 600",
	"ALTER TABLE profile ADD COLUMN exclude_digest INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN sip_port INTEGER NOT NULL DEFAULT 5060",
	"ALTER TABLE profile ADD COLUMN predefined INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN protocol INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE device ADD COLUMN web_access INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN ssh_access INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN ssh_user TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE device ADD COLUMN ssh_password BLOB NOT NULL DEFAULT x''",
	"ALTER TABLE device ADD COLUMN auth_mode INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN key_order INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN key_bits INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN ec_bits INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device ADD COLUMN auth_string BLOB NOT NULL DEFAULT x''",
	"ALTER TABLE lsc ADD COLUMN issuer TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE lsc ADD COLUMN issuer_not_after INTEGER NOT NULL DEFAULT 0",
	"CREATE TABLE line (device TEXT NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
	" line_index INTEGER NOT NULL, number TEXT NOT NULL, number_folded TEXT NOT NULL,"
	" display TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (device, line_index)) STRICT",
	"CREATE UNIQUE INDEX line_number ON line (number_folded) WHERE number_folded <> ''",
	"DROP INDEX device_number",
	"ALTER TABLE device DROP COLUMN number",
	"ALTER TABLE device DROP COLUMN number_folded",
	"ALTER TABLE device DROP COLUMN display",
	"CREATE TABLE held (device TEXT NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
	" list INTEGER NOT NULL, known INTEGER NOT NULL, slot TEXT NOT NULL,"
	" digest TEXT NOT NULL, since INTEGER NOT NULL, last INTEGER NOT NULL,"
	" evidence TEXT NOT NULL, PRIMARY KEY (device, list, known, slot)) STRICT",
	"CREATE TABLE bulk_change (number INTEGER NOT NULL PRIMARY KEY, order_text TEXT NOT NULL,"
	" started INTEGER NOT NULL, finished INTEGER NOT NULL, total INTEGER NOT NULL,"
	" done INTEGER NOT NULL, after_name TEXT NOT NULL, undone INTEGER NOT NULL) STRICT",
	"CREATE TABLE bulk_change_row (number INTEGER NOT NULL REFERENCES bulk_change (number)"
	" ON DELETE CASCADE, device TEXT NOT NULL, before BLOB NOT NULL,"
	" PRIMARY KEY (number, device)) STRICT",
	"INSERT INTO schema_version VALUES (3)",
	NULL,
};

static const char *const rows3[] = {
	"INSERT INTO param VALUES ('CLUSTERSECURITYMODE', 'ClusterSecurityMode', '1')",
	"INSERT INTO node VALUES ('PUBLISHER', 'publisher', '192.0.2.10', 0)",
	"INSERT INTO profile VALUES ('ENCRYPTED', 'Encrypted', 3, 1, 2, 2048, '', 0, 0, 0, 0, 0,"
	" 600, 0, 5060, 0)",
	"INSERT INTO profile VALUES ('NON SECURE', 'Non Secure', 1, 0, 2, 2048, '', 0, 0, 0, 0, 0,"
	" 600, 0, 5060, 1)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE3', 30018, '', 'Encrypted', 'ENCRYPTED', 0, 'Upgrade Success', 0,"
	" 3, 0)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE5', 30018, '', 'Encrypted', 'ENCRYPTED', 1, 'Operation Pending',"
	" 1790000000, 1, 0)",
	"INSERT INTO line VALUES ('SEP0011215A1AE3', 1, '1001', '1001', 'Desk', '')",
	"INSERT INTO lsc VALUES ('SEP0011215A1AE3', 1790000000, 1780000000, x'3003020101', '', 0)",
	"INSERT INTO held VALUES ('SEP0011215A1AE3', 1, 1, 'aa', 'aa', 5, 7, 'TFTP')",
	"INSERT INTO account VALUES ('ROOT', 'root', 'hash', 0, 0, 0, 7)",
	NULL,
};

static const char *const schema4[] = {
	"CREATE TABLE enrolment ("
	"device TEXT NOT NULL PRIMARY KEY"
	" REFERENCES device (name) ON DELETE CASCADE,"
	"step INTEGER NOT NULL,"
	"step_since INTEGER NOT NULL,"
	"ordered INTEGER NOT NULL,"
	"enrolled INTEGER NOT NULL,"
	"string_made INTEGER NOT NULL,"
	"failures INTEGER NOT NULL,"
	"blocked_until INTEGER NOT NULL,"
	"last_failure INTEGER NOT NULL,"
	"last_session INTEGER NOT NULL,"
	"address TEXT NOT NULL,"
	"note TEXT NOT NULL) STRICT",
	"CREATE INDEX enrolment_step ON enrolment (step)",
	"INSERT INTO enrolment (device, step, step_since, ordered, enrolled, string_made,"
	" failures, blocked_until, last_failure, last_session, address, note)"
	" SELECT name, 1, 0, 0, 0, 0, 0, 0, 0, 0, '', '' FROM device WHERE operation <> 0",
	"CREATE TABLE phone_cert ("
	"device TEXT NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
	"kind INTEGER NOT NULL,"
	"fingerprint TEXT NOT NULL,"
	"serial TEXT NOT NULL,"
	"not_before INTEGER NOT NULL,"
	"not_after INTEGER NOT NULL,"
	"issuer TEXT NOT NULL,"
	"issuer_fingerprint TEXT NOT NULL,"
	"issuer_not_after INTEGER NOT NULL,"
	"recorded INTEGER NOT NULL,"
	"seen INTEGER NOT NULL,"
	"how INTEGER NOT NULL,"
	"der BLOB NOT NULL,"
	"PRIMARY KEY (device, kind)) STRICT",
	"INSERT INTO phone_cert (device, kind, fingerprint, serial, not_before, not_after,"
	" issuer, issuer_fingerprint, issuer_not_after, recorded, seen, how, der)"
	" SELECT device, 1, '', '', 0, not_after, issuer, '', issuer_not_after, installed,"
	" installed, 1, der FROM lsc",
	"DROP TABLE lsc",
	"CREATE TABLE issued ("
	"issuer_fingerprint TEXT NOT NULL,"
	"serial TEXT NOT NULL,"
	"device TEXT NOT NULL,"
	"fingerprint TEXT NOT NULL,"
	"state INTEGER NOT NULL,"
	"issued INTEGER NOT NULL,"
	"changed INTEGER NOT NULL,"
	"not_after INTEGER NOT NULL,"
	"der BLOB NOT NULL,"
	"PRIMARY KEY (issuer_fingerprint, serial)) STRICT",
	"CREATE INDEX issued_device ON issued (device)",
	"CREATE TABLE issuer ("
	"fingerprint TEXT NOT NULL PRIMARY KEY,"
	"subject TEXT NOT NULL,"
	"source INTEGER NOT NULL,"
	"not_before INTEGER NOT NULL,"
	"not_after INTEGER NOT NULL,"
	"added INTEGER NOT NULL,"
	"retired INTEGER NOT NULL,"
	"der BLOB NOT NULL) STRICT",
	"CREATE TABLE cert_request ("
	"device TEXT NOT NULL PRIMARY KEY"
	" REFERENCES device (name) ON DELETE CASCADE,"
	"key_fingerprint TEXT NOT NULL,"
	"made INTEGER NOT NULL,"
	"exported INTEGER NOT NULL,"
	"imported INTEGER NOT NULL,"
	"spki BLOB NOT NULL,"
	"request BLOB NOT NULL,"
	"cert BLOB NOT NULL) STRICT",
	"INSERT INTO schema_version VALUES (4)",
	NULL,
};

static const char *const rows4[] = {
	"INSERT INTO param VALUES ('CLUSTERSECURITYMODE', 'ClusterSecurityMode', '1')",
	"INSERT INTO node VALUES ('PUBLISHER', 'publisher', '192.0.2.10', 0)",
	"INSERT INTO profile VALUES ('ENCRYPTED', 'Encrypted', 3, 1, 2, 2048, '', 0, 0, 0, 0, 0,"
	" 600, 0, 5060, 0)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE3', 30018, '', 'Encrypted', 'ENCRYPTED', 0, 'Upgrade Success', 0,"
	" 3, 0)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE5', 30018, '', 'Encrypted', 'ENCRYPTED', 1, 'Operation Pending',"
	" 1790000000, 1, 0)",
	"INSERT INTO enrolment VALUES ('SEP0011215A1AE5', 1, 0, 0, 0, 0, 0, 0, 0, 0, '', '')",
	"INSERT INTO line VALUES ('SEP0011215A1AE3', 1, '1001', '1001', 'Desk', '')",
	"INSERT INTO phone_cert VALUES ('SEP0011215A1AE3', 1, '', '', 0, 1790000000, '', '', 0,"
	" 1780000000, 1780000000, 1, x'3003020101')",
	"INSERT INTO held VALUES ('SEP0011215A1AE3', 1, 1, 'aa', 'aa', 5, 7, 'TFTP')",
	NULL,
};

static const char *const schema5[] = {
	"CREATE TABLE held_by_phone (device TEXT NOT NULL, list INTEGER NOT NULL,"
	" known INTEGER NOT NULL, slot TEXT NOT NULL, digest TEXT NOT NULL,"
	" since INTEGER NOT NULL, last INTEGER NOT NULL, evidence TEXT NOT NULL,"
	" PRIMARY KEY (device, list, known, slot)) STRICT",
	"DROP TABLE held",
	"ALTER TABLE held_by_phone RENAME TO held",
	"CREATE TABLE trust_list (digest TEXT NOT NULL PRIMARY KEY, list INTEGER NOT NULL,"
	" since INTEGER NOT NULL, content BLOB NOT NULL) STRICT",
	"INSERT INTO schema_version VALUES (5)",
	NULL,
};

static const char *const rows5[] = {
	"INSERT INTO param VALUES ('CLUSTERSECURITYMODE', 'ClusterSecurityMode', '1')",
	"INSERT INTO node VALUES ('PUBLISHER', 'publisher', '192.0.2.10', 0)",
	"INSERT INTO profile VALUES ('ENCRYPTED', 'Encrypted', 3, 1, 2, 2048, '', 0, 0, 0, 0, 0,"
	" 600, 0, 5060, 0)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE3', 30018, '', 'Encrypted', 'ENCRYPTED', 0, 'Upgrade Success', 0,"
	" 3, 0)",
	"INSERT INTO device (name, model, description, profile, profile_folded, operation,"
	" operation_status, operation_by, version, last_seen)"
	" VALUES ('SEP0011215A1AE5', 30018, '', 'Encrypted', 'ENCRYPTED', 1, 'Operation Pending',"
	" 1790000000, 1, 0)",
	"INSERT INTO enrolment VALUES ('SEP0011215A1AE5', 1, 0, 0, 0, 0, 0, 0, 0, 0, '', '')",
	"INSERT INTO line VALUES ('SEP0011215A1AE3', 1, '1001', '1001', 'Desk', '')",
	"INSERT INTO phone_cert VALUES ('SEP0011215A1AE3', 1, '', '', 0, 1790000000, '', '', 0,"
	" 1780000000, 1780000000, 1, x'3003020101')",
	"INSERT INTO held VALUES ('SEP0011215A1AE3', 1, 1, 'aa', 'aa', 5, 7, 'TFTP')",
	"INSERT INTO held VALUES ('SEP0011215A1AE3', 1, 1, '?', '?', 0, 0, '')",
	"INSERT INTO held VALUES ('SEP0011215A1AE3', 2, 1, '?', '?', 0, 0, '')",
	NULL,
};

static const char *const schema6[] = {
	"ALTER TABLE device ADD COLUMN load_name TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE device ADD COLUMN digest_user TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE device ADD COLUMN digest_password BLOB NOT NULL DEFAULT x''",
	"INSERT INTO schema_version VALUES (6)",
	NULL,
};

static const struct {
	const char *const *schema, *const *rows;
} versions[] = {{schema1, rows1}, {schema2, rows2}, {schema3, rows3}, {schema4, rows4},
	{schema5, rows5}, {schema6, rows5}};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* The words of an old statement in another database's spelling. */
static void spell(char *out, size_t size, const char *sql)
{
	static const char *const words[][2] = {{"INTEGER", "BIGINT"}, {"BLOB", "BYTEA"},
		{"TEXT", "TEXT COLLATE \"C\""}, {" STRICT", ""}, {"x'3003", "'\\x3003"},
		{"x''", "''"}};
	size_t n = 0, i, len;

	while (*sql && n + 32 < size) {
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			len = strlen(words[i][0]);
			if (strncmp(sql, words[i][0], len) == 0)
				break;
		}
		if (i < sizeof(words) / sizeof(words[0])) {
			n += (size_t)snprintf(out + n, size - n, "%s", words[i][1]);
			sql += len;
		} else {
			out[n++] = *sql++;
		}
	}
	out[n] = '\0';
}

static bool is_postgres(const struct fixture *t)
{
	return strcmp(t->scheme, "postgres") == 0;
}

static void run_all(const struct fixture *t, struct store *s, const char *const *sql)
{
	char text[2048];

	for (; *sql; sql++) {
		snprintf(text, sizeof(text), "%s", *sql);
		if (is_postgres(t))
			spell(text, sizeof(text), *sql);
		fixture_run(s, text);
	}
}

/* A store as version `number` + 1 left it. */
static void make_old(struct fixture *t, size_t number)
{
	struct store s = {.backend = is_postgres(t) ? &backend_postgres : &backend_sqlite};
	size_t i;

	if (is_postgres(t))
		fixture_clear_server();
	else
		unlink(t->path);
	assert_int_equal(s.backend->open(&s.conn, t->url, t->path, &t->why), 0);
	/* To open it makes the first table already. */
	if (is_postgres(t))
		fixture_run(&s, "DROP TABLE schema_version");
	for (i = 0; i <= number; i++)
		run_all(t, &s, versions[i].schema);
	run_all(t, &s, versions[number].rows);
	statement_drop_all(&s);
	s.backend->close(s.conn);
}

static enum err number_of(void *ctx, struct query_row *r)
{
	*(int64_t *)ctx = query_row_number(r, 0);
	return ERR_OK;
}

static int64_t number(struct store *s, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(query_one(s, sql, NULL, 0, number_of, &n, NULL), 0);
	return n;
}

static enum err one_line(void *ctx, const struct store_line *l)
{
	++*(int *)ctx;
	assert_int_equal(l->index, 1);
	assert_string_equal(l->number, "1001");
	assert_string_equal(l->label, "");
	return ERR_OK;
}

/* Operations that were pending still are, from version 3 on that holds one. */
static void check_enrolment(struct store *s, size_t version)
{
	struct store_enrolment e;

	assert_int_equal(store_enrolment_get(s, "SEP0011215A1AE5", &e, NULL), 0);
	assert_int_equal(e.step, version < 2 ? STORE_STEP_NONE : STORE_STEP_PENDING);
	assert_int_equal(store_enrolment_get(s, "SEP0011215A1AE3", &e, NULL), 0);
	assert_int_equal(e.step, STORE_STEP_NONE);
}

/* What phones were offered before it was recorded is not known: nobody may take the first list that
 * is recorded for the first that there was. */
static enum err one_held(void *ctx, const struct store_held *h)
{
	buf_printf(ctx, "%d%d%s ", (int)h->list, (int)h->known, h->digest);
	return ERR_OK;
}

static void check_held(struct store *s, size_t version)
{
	struct buf got = {0};

	assert_int_equal(store_held_each(s, "SEP0011215A1AE3", one_held, &got, NULL), 0);
	buf_u8(&got, 0);
	assert_string_equal((char *)got.data, version < 2 ? "11? 21? " : "11aa 11? 21? ");
	buf_fini(&got);
}

static void check_rows(struct store *s)
{
	struct store_account a = {"admin", "x", 0, 0, 0, 0};
	char value[STORE_TEXT];
	struct store_device d;
	struct store_profile p;
	struct store_node n;
	struct store_phone_cert l;
	struct buf der = {0};
	int lines = 0;

	assert_int_equal(store_param_get(s, "ClusterSecurityMode", value, NULL), 0);
	assert_string_equal(value, "1");
	assert_int_equal(store_node_get(s, "publisher", &n, NULL), 0);
	assert_string_equal(n.address, "192.0.2.10");
	assert_int_equal(n.port, 0);
	assert_int_equal(store_profile_get(s, "Encrypted", &p, NULL), 0);
	assert_int_equal(p.security_mode, 3);
	assert_int_equal(p.nonce_validity, 600);
	assert_int_equal(p.sip_port, 5060);
	assert_int_equal(p.predefined, 0);
	if (!store_profile_get(s, "Non Secure", &p, NULL))
		assert_int_equal(p.predefined, 1);
	assert_int_equal(store_device_by_number(s, "1001", &d, NULL), 0);
	assert_string_equal(d.name, "SEP0011215A1AE3");
	assert_int_equal(d.version, 3);
	assert_string_equal(d.number, "1001");
	assert_string_equal(d.display, "Desk");
	assert_int_equal(d.protocol, STORE_SCCP);
	assert_int_equal(d.ssh_password.len, 0);
	assert_string_equal(d.load_name, "");
	assert_int_equal(d.digest_password.len, 0);
	assert_int_equal(store_line_each(s, d.name, one_line, &lines, NULL), 0);
	assert_int_equal(lines, 1);
	assert_int_equal(store_phone_cert_get(s, d.name, STORE_LSC, &l, &der, NULL), 0);
	assert_int_equal(der.len, 5);
	assert_int_equal(l.not_after, 1790000000);
	assert_int_equal(l.recorded, 1780000000);
	assert_int_equal(l.how, STORE_CERT_INSTALLED);
	assert_string_equal(l.fingerprint, "");
	buf_fini(&der);
	assert_int_equal(store_account_put(s, &a, NULL), 0);
	assert_int_equal(store_account_get(s, "Admin", &a, NULL), 0);
}

static void every_earlier_version_opens(void **state)
{
	struct fixture *t = *state;
	struct store *s;

	for (size_t i = 0; i < VERSIONS; i++) {
		make_old(t, i);
		if (store_open(&s, t->url, &t->why))
			fail_msg("version %zu: %s", i + 1, t->why.text);
		check_rows(s);
		check_enrolment(s, i);
		check_held(s, i);
		/* No version is left out: this list grows with the table of migrations. */
		assert_int_equal(number(s, "SELECT MAX(number) FROM schema_version"), VERSIONS + 1);
		if (!is_postgres(t))
			assert_int_equal(
				number(s, "SELECT COUNT(*) FROM pragma_table_list WHERE schema ="
					  " 'main' AND name NOT LIKE 'sqlite%' AND strict = 0"),
				0);
		store_close(s);
		assert_int_equal(store_open(&s, t->url, &t->why), 0);
		store_close(s);
	}
}

static enum err shape(void *ctx, struct query_row *r)
{
	buf_printf(ctx, "%s\n", r->backend->text(r->stmt, 0));
	return ERR_OK;
}

static void shape_of(const struct fixture *t, struct store *s, struct buf *out)
{
	static const char sqlite[] =
		"SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' ||"
		" c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
		" UNION SELECT 'index ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master"
		" WHERE type = 'index' ORDER BY 1";
	/* Every text in the order of bytes. */
	static const char postgres[] =
		"SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable"
		" || ' ' || COALESCE(collation_name, '') FROM information_schema.columns"
		" WHERE table_schema = 'public'"
		" UNION SELECT 'index ' || indexname || ' ' || indexdef FROM pg_indexes"
		" WHERE schemaname = 'public' ORDER BY 1";

	buf_clear(out);
	assert_int_equal(
		query_run(s, is_postgres(t) ? postgres : sqlite, NULL, 0, shape, out, NULL), 0);
	assert_true(out->len > 1000);
	buf_u8(out, 0);
}

static void an_upgraded_store_has_the_shape_of_a_new_one(void **state)
{
	struct fixture *t = *state;
	struct buf old = {0}, fresh = {0};
	struct store *s;

	assert_int_equal(store_open(&s, t->url, NULL), 0);
	shape_of(t, s, &fresh);
	store_close(s);
	for (size_t i = 0; i < VERSIONS; i++) {
		make_old(t, i);
		assert_int_equal(store_open(&s, t->url, &t->why), 0);
		shape_of(t, s, &old);
		assert_string_equal((char *)old.data, (char *)fresh.data);
		store_close(s);
	}
	buf_fini(&old);
	buf_fini(&fresh);
}

static void many_processes_upgrade_at_once(void **state)
{
	struct fixture *t = *state;
	struct store *s;
	pid_t child[8];
	int status, bad = 0;

	make_old(t, 0);
	for (int i = 0; i < 8; i++) {
		child[i] = fork();
		if (child[i] == 0)
			_exit(store_open(&s, t->url, &t->why) ? 1 : 0);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(store_open(&s, t->url, &t->why), 0);
	check_rows(s);
	store_close(s);
}

#define TEST(f) FIXTURE_ON(f, fixture_setup, "sqlite"), FIXTURE_ON(f, fixture_setup, "postgres")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_earlier_version_opens),
		TEST(an_upgraded_store_has_the_shape_of_a_new_one),
		TEST(many_processes_upgrade_at_once),
	};

	return cmocka_run_group_tests_name(
		"store/migration", tests, fixture_start_server, fixture_remove_server);
}
