/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/internal.h"

/* The tables' history. A row is never changed once released: what differs comes as a further row.
 * Beside every searched name stands its folded form (query_fold); it is the key. */
static const struct migration {
	int64_t number;
	const char *sql[48]; /* in this order; NULL ends */
} migrations[] = {
	{1, {"CREATE TABLE param ("
	     "name_folded {TEXT} NOT NULL PRIMARY KEY,"
	     "name {TEXT} NOT NULL,"
	     "value {TEXT} NOT NULL) {STRICT}",

		    "CREATE TABLE node ("
		    "name_folded {TEXT} NOT NULL PRIMARY KEY,"
		    "name {TEXT} NOT NULL,"
		    "address {TEXT} NOT NULL) {STRICT}",

		    "CREATE TABLE profile ("
		    "name_folded {TEXT} NOT NULL PRIMARY KEY,"
		    "name {TEXT} NOT NULL,"
		    "security_mode {BIGINT} NOT NULL,"
		    "encrypted_config {BIGINT} NOT NULL,"
		    "auth_mode {BIGINT} NOT NULL,"
		    "key_bits {BIGINT} NOT NULL) {STRICT}",

		    "CREATE TABLE device ("
		    "name {TEXT} NOT NULL PRIMARY KEY," /* always folded */
		    "model {BIGINT} NOT NULL,"
		    "description {TEXT} NOT NULL,"
		    "number {TEXT} NOT NULL,"
		    "number_folded {TEXT} NOT NULL,"
		    "display {TEXT} NOT NULL,"
		    "profile {TEXT} NOT NULL,"
		    "profile_folded {TEXT} NOT NULL,"
		    "operation {BIGINT} NOT NULL,"
		    "operation_status {TEXT} NOT NULL,"
		    "operation_by {BIGINT} NOT NULL,"
		    "version {BIGINT} NOT NULL,"
		    "last_seen {BIGINT} NOT NULL) {STRICT}",

		    "CREATE UNIQUE INDEX device_number ON device (number_folded)"
		    " WHERE number_folded <> ''",

		    "CREATE INDEX device_profile ON device (profile_folded)",

		    "CREATE TABLE lsc ("
		    "device {TEXT} NOT NULL PRIMARY KEY"
		    " REFERENCES device (name) ON DELETE CASCADE,"
		    "not_after {BIGINT} NOT NULL,"
		    "installed {BIGINT} NOT NULL,"
		    "der {BYTES} NOT NULL) {STRICT}"}},
	/* Other nodes' CTL Provider port, 0 for the settings' one; administrators' accounts. A row
	 * of account without a hash counts the tries at a name that nobody has. */
	{2, {"ALTER TABLE node ADD COLUMN port {BIGINT} NOT NULL DEFAULT 0",

		    "CREATE TABLE account ("
		    "name_folded {TEXT} NOT NULL PRIMARY KEY,"
		    "name {TEXT} NOT NULL,"
		    "hash {TEXT} NOT NULL,"
		    "failures {BIGINT} NOT NULL,"
		    "wait_until {BIGINT} NOT NULL,"
		    "last_failure {BIGINT} NOT NULL,"
		    "last_login {BIGINT} NOT NULL) {STRICT}"}},
	/* Everything that a phone and its profile have; any number of lines, line 1 among them;
	 * lists that were offered and are held; bulk changes that can be taken back. */
	{3, {"ALTER TABLE profile ADD COLUMN description {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE profile ADD COLUMN model {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN protocol {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN key_order {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN ec_bits {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN transport {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN nonce_validity {BIGINT} NOT NULL DEFAULT 600",

		    "ALTER TABLE profile ADD COLUMN exclude_digest {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE profile ADD COLUMN sip_port {BIGINT} NOT NULL DEFAULT 5060",

		    "ALTER TABLE profile ADD COLUMN predefined {BIGINT} NOT NULL DEFAULT 0",

		    "UPDATE profile SET predefined = 1 WHERE name_folded = 'NON SECURE'",

		    "ALTER TABLE device ADD COLUMN protocol {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN owner {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE device ADD COLUMN web_access {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN ssh_access {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN ssh_user {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE device ADD COLUMN ssh_password {BYTES} NOT NULL DEFAULT {EMPTY}",

		    "ALTER TABLE device ADD COLUMN auth_mode {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN key_order {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN key_bits {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN ec_bits {BIGINT} NOT NULL DEFAULT 0",

		    "ALTER TABLE device ADD COLUMN auth_string {BYTES} NOT NULL DEFAULT {EMPTY}",

		    "ALTER TABLE lsc ADD COLUMN issuer {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE lsc ADD COLUMN issuer_not_after {BIGINT} NOT NULL DEFAULT 0",

		    "CREATE TABLE line ("
		    "device {TEXT} NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
		    "line_index {BIGINT} NOT NULL,"
		    "number {TEXT} NOT NULL,"
		    "number_folded {TEXT} NOT NULL,"
		    "display {TEXT} NOT NULL,"
		    "label {TEXT} NOT NULL,"
		    "PRIMARY KEY (device, line_index)) {STRICT}",

		    "INSERT INTO line (device, line_index, number, number_folded, display, label)"
		    " SELECT name, 1, number, number_folded, display, '' FROM device",

		    "CREATE UNIQUE INDEX line_number ON line (number_folded) WHERE number_folded <> ''",

		    "DROP INDEX device_number",

		    "ALTER TABLE device DROP COLUMN number",

		    "ALTER TABLE device DROP COLUMN number_folded",

		    "ALTER TABLE device DROP COLUMN display",

		    /* `slot` is the digest of what was offered, and empty for the one list that is
		       held. */
		    "CREATE TABLE held ("
		    "device {TEXT} NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
		    "list {BIGINT} NOT NULL,"
		    "known {BIGINT} NOT NULL,"
		    "slot {TEXT} NOT NULL,"
		    "digest {TEXT} NOT NULL,"
		    "since {BIGINT} NOT NULL,"
		    "last {BIGINT} NOT NULL,"
		    "evidence {TEXT} NOT NULL,"
		    "PRIMARY KEY (device, list, known, slot)) {STRICT}",

		    "CREATE TABLE bulk_change ("
		    "number {BIGINT} NOT NULL PRIMARY KEY,"
		    "order_text {TEXT} NOT NULL,"
		    "started {BIGINT} NOT NULL,"
		    "finished {BIGINT} NOT NULL,"
		    "total {BIGINT} NOT NULL,"
		    "done {BIGINT} NOT NULL,"
		    "after_name {TEXT} NOT NULL,"
		    "undone {BIGINT} NOT NULL) {STRICT}",

		    "CREATE TABLE bulk_change_row ("
		    "number {BIGINT} NOT NULL REFERENCES bulk_change (number) ON DELETE CASCADE,"
		    "device {TEXT} NOT NULL,"
		    "before {BYTES} NOT NULL,"
		    "PRIMARY KEY (number, device)) {STRICT}"}},
	/* Enrolment: how far each phone is, its certificates (LSC and MIC), every serial number
	 * that was given out, the authorities, keys that wait for an authority elsewhere. */
	{4, {"CREATE TABLE enrolment ("
	     "device {TEXT} NOT NULL PRIMARY KEY"
	     " REFERENCES device (name) ON DELETE CASCADE,"
	     "step {BIGINT} NOT NULL,"
	     "step_since {BIGINT} NOT NULL,"
	     "ordered {BIGINT} NOT NULL,"
	     "enrolled {BIGINT} NOT NULL,"
	     "string_made {BIGINT} NOT NULL,"
	     "failures {BIGINT} NOT NULL,"
	     "blocked_until {BIGINT} NOT NULL,"
	     "last_failure {BIGINT} NOT NULL,"
	     "last_session {BIGINT} NOT NULL,"
	     "address {TEXT} NOT NULL,"
	     "note {TEXT} NOT NULL) {STRICT}",

		    "CREATE INDEX enrolment_step ON enrolment (step)",

		    /* Pending operations of before are still pending. */
		    "INSERT INTO enrolment (device, step, step_since, ordered, enrolled, string_made,"
		    " failures, blocked_until, last_failure, last_session, address, note)"
		    " SELECT name, 1, 0, 0, 0, 0, 0, 0, 0, 0, '', '' FROM device WHERE operation <> 0",

		    "CREATE TABLE phone_cert ("
		    "device {TEXT} NOT NULL REFERENCES device (name) ON DELETE CASCADE,"
		    "kind {BIGINT} NOT NULL,"
		    "fingerprint {TEXT} NOT NULL,"
		    "serial {TEXT} NOT NULL,"
		    "not_before {BIGINT} NOT NULL,"
		    "not_after {BIGINT} NOT NULL,"
		    "issuer {TEXT} NOT NULL,"
		    "issuer_fingerprint {TEXT} NOT NULL,"
		    "issuer_not_after {BIGINT} NOT NULL,"
		    "recorded {BIGINT} NOT NULL,"
		    "seen {BIGINT} NOT NULL,"
		    "how {BIGINT} NOT NULL,"
		    "der {BYTES} NOT NULL,"
		    "PRIMARY KEY (device, kind)) {STRICT}",

		    "INSERT INTO phone_cert (device, kind, fingerprint, serial, not_before, not_after,"
		    " issuer, issuer_fingerprint, issuer_not_after, recorded, seen, how, der)"
		    " SELECT device, 1, '', '', 0, not_after, issuer, '', issuer_not_after, installed,"
		    " installed, 1, der FROM lsc",

		    "DROP TABLE lsc",

		    "CREATE TABLE issued ("
		    "issuer_fingerprint {TEXT} NOT NULL,"
		    "serial {TEXT} NOT NULL,"
		    "device {TEXT} NOT NULL,"
		    "fingerprint {TEXT} NOT NULL,"
		    "state {BIGINT} NOT NULL,"
		    "issued {BIGINT} NOT NULL,"
		    "changed {BIGINT} NOT NULL,"
		    "not_after {BIGINT} NOT NULL,"
		    "der {BYTES} NOT NULL,"
		    "PRIMARY KEY (issuer_fingerprint, serial)) {STRICT}",

		    "CREATE INDEX issued_device ON issued (device)",

		    "CREATE TABLE issuer ("
		    "fingerprint {TEXT} NOT NULL PRIMARY KEY,"
		    "subject {TEXT} NOT NULL,"
		    "source {BIGINT} NOT NULL,"
		    "not_before {BIGINT} NOT NULL,"
		    "not_after {BIGINT} NOT NULL,"
		    "added {BIGINT} NOT NULL,"
		    "retired {BIGINT} NOT NULL,"
		    "der {BYTES} NOT NULL) {STRICT}",

		    "CREATE TABLE cert_request ("
		    "device {TEXT} NOT NULL PRIMARY KEY"
		    " REFERENCES device (name) ON DELETE CASCADE,"
		    "key_fingerprint {TEXT} NOT NULL,"
		    "made {BIGINT} NOT NULL,"
		    "exported {BIGINT} NOT NULL,"
		    "imported {BIGINT} NOT NULL,"
		    "spki {BYTES} NOT NULL,"
		    "request {BYTES} NOT NULL,"
		    "cert {BYTES} NOT NULL) {STRICT}"}},
	/* What a phone holds outlives its record, for it is in the phone: `held` no longer depends
	 * on `device`. What phones that are there were offered before is not known, and that is
	 * said. The lists themselves, by their digests. */
	{5, {"CREATE TABLE held_by_phone ("
	     "device {TEXT} NOT NULL,"
	     "list {BIGINT} NOT NULL,"
	     "known {BIGINT} NOT NULL,"
	     "slot {TEXT} NOT NULL,"
	     "digest {TEXT} NOT NULL,"
	     "since {BIGINT} NOT NULL,"
	     "last {BIGINT} NOT NULL,"
	     "evidence {TEXT} NOT NULL,"
	     "PRIMARY KEY (device, list, known, slot)) {STRICT}",

		    "INSERT INTO held_by_phone (device, list, known, slot, digest, since, last,"
		    " evidence) SELECT device, list, known, slot, digest, since, last, evidence"
		    " FROM held",

		    "INSERT INTO held_by_phone (device, list, known, slot, digest, since, last,"
		    " evidence) SELECT name, 1, 1, '?', '?', 0, 0, '' FROM device",

		    "INSERT INTO held_by_phone (device, list, known, slot, digest, since, last,"
		    " evidence) SELECT name, 2, 1, '?', '?', 0, 0, '' FROM device",

		    "DROP TABLE held",

		    "ALTER TABLE held_by_phone RENAME TO held",

		    "CREATE TABLE trust_list ("
		    "digest {TEXT} NOT NULL PRIMARY KEY,"
		    "list {BIGINT} NOT NULL,"
		    "since {BIGINT} NOT NULL,"
		    "content {BYTES} NOT NULL) {STRICT}"}},
	/* What a phone's own configuration says besides: its firmware, and who it is on SIP. */
	{6, {"ALTER TABLE device ADD COLUMN load_name {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE device ADD COLUMN digest_user {TEXT} NOT NULL DEFAULT ''",

		    "ALTER TABLE device ADD COLUMN digest_password {BYTES} NOT NULL DEFAULT {EMPTY}"}},
	/* A certificate operation for many phones, batch by batch. */
	{7, {"CREATE TABLE capf_bulk ("
	     "number {BIGINT} NOT NULL PRIMARY KEY,"
	     "node {TEXT} NOT NULL,"
	     "what {TEXT} NOT NULL,"
	     "operation {BIGINT} NOT NULL,"
	     "complete_by {BIGINT} NOT NULL,"
	     "auth {TEXT} NOT NULL,"
	     "batch {BIGINT} NOT NULL,"
	     "pause {BIGINT} NOT NULL,"
	     "least {BIGINT} NOT NULL,"
	     "reset {BIGINT} NOT NULL,"
	     "state {BIGINT} NOT NULL,"
	     "reason {TEXT} NOT NULL,"
	     "begun {BIGINT} NOT NULL,"
	     "ended {BIGINT} NOT NULL,"
	     "next_at {BIGINT} NOT NULL,"
	     "total {BIGINT} NOT NULL,"
	     "done {BIGINT} NOT NULL,"
	     "present {BIGINT} NOT NULL) {STRICT}",

		    "CREATE TABLE capf_bulk_phone ("
		    "number {BIGINT} NOT NULL"
		    " REFERENCES capf_bulk (number) ON DELETE CASCADE,"
		    "device {TEXT} NOT NULL,"
		    "state {BIGINT} NOT NULL,"
		    "present {BIGINT} NOT NULL,"
		    "note {TEXT} NOT NULL,"
		    "PRIMARY KEY (number, device)) {STRICT}"}},
};

#define NEWEST (migrations[sizeof(migrations) / sizeof(migrations[0]) - 1].number)

/* Replaces the {WORDS} of a table definition by the backend's. */
static void spell(struct buf *out, const struct backend_words *words, const char *sql)
{
	const char *open, *word;

	for (; (open = strchr(sql, '{')); sql = strchr(open, '}') + 1) {
		buf_put(out, span_of(sql, (size_t)(open - sql)));
		word = open + 1;
		buf_str(out, strncmp(word, "TEXT", 4) == 0     ? words->text
			     : strncmp(word, "BIGINT", 6) == 0 ? words->bigint
			     : strncmp(word, "BYTES", 5) == 0  ? words->bytes
			     : strncmp(word, "EMPTY", 5) == 0  ? words->empty
							       : words->strict);
	}
	buf_strz(out, sql);
}

static enum err define(struct store *s, const char *sql, struct fail *why)
{
	struct buf text = {0};
	enum err err;

	spell(&text, &s->backend->words, sql);
	err = buf_check(&text);
	if (!err)
		err = query_run(s, (const char *)text.data, NULL, 0, NULL, NULL, why);
	buf_fini(&text);
	return err;
}

static enum err read_number(void *ctx, struct query_row *r)
{
	*(int64_t *)ctx = query_row_number(r, 0);
	return ERR_OK;
}

static enum err present_version(struct store *s, int64_t *version, struct fail *why)
{
	enum err err;

	*version = 0;
	err = define(s,
		"CREATE TABLE IF NOT EXISTS schema_version"
		" (number {BIGINT} NOT NULL PRIMARY KEY) {STRICT}",
		why);
	if (err)
		return err;
	return query_run(s, "SELECT COALESCE(MAX(number), 0) FROM schema_version", NULL, 0,
		read_number, version, why);
}

static enum err upgrade(void *ctx, struct store *s, struct fail *why)
{
	const struct migration *m;
	int64_t version;
	size_t i, k;
	enum err err;

	/* Read again: another process may have done it meanwhile. */
	err = present_version(s, &version, why);
	for (i = 0; !err && i < sizeof(migrations) / sizeof(migrations[0]); i++) {
		m = &migrations[i];
		if (m->number <= version)
			continue;
		for (k = 0; !err && k < sizeof(m->sql) / sizeof(m->sql[0]) && m->sql[k]; k++)
			err = define(s, m->sql[k], why);
		if (!err)
			err = query_run(s, "INSERT INTO schema_version (number) VALUES ($number)",
				&QUERY_NUMBER("number", m->number), 1, NULL, NULL, why);
		if (err)
			fail_prefix(why, "schema %lld", (long long)m->number);
	}
	return err;
}

enum err store_migrate(struct store *s, struct fail *why)
{
	int64_t version;
	enum err err;

	err = present_version(s, &version, why);
	if (err)
		return err;
	if (version > NEWEST)
		return fail_set(why, ERR_UNSUPPORTED,
			"written by a newer Cadeado (schema %lld, this program knows %lld); run "
			"that version or go back to a copy made before it",
			(long long)version, (long long)NEWEST);
	if (version == NEWEST)
		return ERR_OK;
	return store_run(s, true, upgrade, NULL, why);
}
