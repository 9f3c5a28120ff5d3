/* SPDX-License-Identifier: BSD-2-Clause
 * Who gets a session. Phones speak at once; whoever is silent gives way to those that come later,
 * so that thousands of silent connections keep nobody out. */
#include "service/capf/session.h"

#include "base/log.h"

#define UNKNOWN "UNKNOWN"

/* --- the list of those that have proven nothing, longest silent first --- */

static void unlink_silent(struct session *s)
{
	struct capf *service = s->service;

	if (s->older)
		s->older->younger = s->younger;
	else if (service->oldest == s)
		service->oldest = s->younger;
	else
		return; /* in no list */
	if (s->younger)
		s->younger->older = s->older;
	else
		service->newest = s->older;
	s->older = s->younger = NULL;
}

static void link_newest(struct session *s)
{
	struct capf *service = s->service;

	s->older = service->newest;
	if (service->newest)
		service->newest->younger = s;
	else
		service->oldest = s;
	service->newest = s;
	s->heard_us = clock_monotonic_us();
}

void session_heard(struct session *s)
{
	if (s->authorised)
		return;
	unlink_silent(s);
	link_newest(s);
}

void session_proven(struct session *s)
{
	s->authorised = true;
	unlink_silent(s);
}

/* --- addresses --- */

static void origin_key(const struct net_addr *a, uint8_t key[17])
{
	memset(key, 0, 17);
	memcpy(key, a->bytes, a->is6 ? 16 : 4);
	key[16] = a->is6;
}

static struct origin *origin_take(struct capf *service, const struct net_addr *a)
{
	struct origin *o;
	uint8_t key[17];

	origin_key(a, key);
	HASH_FIND(hh, service->origins, key, sizeof(key), o);
	if (!o) {
		o = mem_new(sizeof(*o));
		if (!o)
			return NULL;
		memcpy(o->key, key, sizeof(key));
		HASH_ADD(hh, service->origins, key, sizeof(o->key), o);
		/* Memory was short: it is not in the table. */
		if (!o->hh.tbl) {
			mem_free(o);
			return NULL;
		}
	}
	o->count++;
	return o;
}

static void origin_drop(struct capf *service, struct origin *o)
{
	if (!o || --o->count)
		return;
	HASH_DEL(service->origins, o);
	mem_free(o);
}

/* --- room --- */

/* The one that has been silent longest, of this address when it is given; NULL when none has been
 * for long enough. */
static struct session *silent_one(struct capf *service, const struct origin *of)
{
	int64_t before = clock_monotonic_us() - CAPF_SILENT_US;
	struct session *s = service->oldest;

	while (s && s->heard_us < before && (s->busy || (of && s->origin != of)))
		s = s->younger;
	return s && s->heard_us < before ? s : NULL;
}

static bool make_room(struct capf *service, const struct origin *of)
{
	struct session *s = silent_one(service, of);

	if (!s)
		return false;
	session_complain(s, "silent; closed for a newer connection");
	session_free(s);
	return true;
}

/* Who comes when all are busy waits in the system's queue, and is not turned away: phones come
 * again but a few times. */
void admit_again(void *arg)
{
	struct capf *service = arg;
	bool room = slots_used(service->sessions) < service->sessions_max ||
		    silent_one(service, NULL) != NULL;

	listener_pause(service->listener, !room);
	if (!room)
		loop_timer_set(service->room_timer, CAPF_ROOM_US);
}

static void refuse(struct capf *service, struct stream *stream, const char *what)
{
	char from[NET_ADDR_MAX];

	if (complaints_allow(&service->complaints, "capf")) {
		net_addr_print_port(stream_peer(stream), from);
		log_line(LOG_WARN, "capf: %s: %s, refused", from, what);
	}
	stream_close(stream);
}

void session_free(struct session *s)
{
	struct capf *service = s->service;

	unlink_silent(s);
	origin_drop(service, s->origin);
	slots_drop(service->sessions, s->ref);
	if (s->stream)
		stream_close(s->stream);
	cert_free(s->lsc);
	cert_free(s->issuer);
	cert_free(s->fetched[0]);
	cert_free(s->fetched[1]);
	mem_free(s);
}

void session_accept(struct capf *service, struct stream *stream)
{
	struct session *s = mem_new(sizeof(*s));
	enum err err;

	if (!s) {
		refuse(service, stream, "out of memory");
		return;
	}
	s->service = service;
	s->origin = origin_take(service, stream_peer(stream));
	if (!s->origin ||
		(s->origin->count > CAPF_SESSIONS_PER_SOURCE && !make_room(service, s->origin))) {
		refuse(service, stream, "too many connections of this address");
		origin_drop(service, s->origin);
		mem_free(s);
		return;
	}
	err = slots_take(service->sessions, s, &s->ref);
	if (err && make_room(service, NULL))
		err = slots_take(service->sessions, s, &s->ref);
	if (err) {
		refuse(service, stream, "too many connections");
		origin_drop(service, s->origin);
		mem_free(s);
		return;
	}
	s->stream = stream;
	s->number = ++service->connections;
	str_copy(s->device, sizeof(s->device), UNKNOWN);
	net_addr_print(stream_peer(stream), s->address);
	link_newest(s);
	live_trace(service, "%u:%s:Got a new ph conn %s on %d", s->number, s->device, s->address,
		stream_number(stream));
	stream_handle(stream, session_on_event, s);
	if (slots_used(service->sessions) == service->sessions_max)
		admit_again(service);
}
