/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "net/loop_priv.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct signal_hook {
	struct signal_hook *next;
	struct event ev;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	uint8_t *scratch;
	struct event wake_ev;
	int wake_fd;
	pthread_mutex_t lock; /* of the fields up to the blank line */
	struct loop_note *first, **last;
	bool woken, stop;

	struct signal_hook *signals;
	struct event soon_ev;
	struct loop_soon *soon, **soon_last;
	bool soon_set;
	struct loop_orphan orphans;
	unsigned orphans_count;
};

struct post {
	struct loop_note note;
	void (*fn)(void *arg);
	void *arg;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void say_nothing(int severity, const char *text)
{
}

static void prepare_process(void)
{
	struct sigaction old;

	event_set_log_callback(say_nothing);
	evthread_use_pthreads();
	/* libssl writes to its socket without MSG_NOSIGNAL: a vanished peer would end the process.
	 */
	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct loop_note *n, *next;
	uint64_t count;
	bool stop;

	pthread_mutex_lock(&l->lock);
	if (read(l->wake_fd, &count, sizeof(count)) < 0)
		count = 0;
	n = l->first;
	l->first = NULL;
	l->last = &l->first;
	l->woken = false;
	stop = l->stop;
	pthread_mutex_unlock(&l->lock);
	for (; n; n = next) {
		next = n->next;
		n->run(n, false);
	}
	if (stop)
		event_base_loopbreak(l->base);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct loop_soon *first = l->soon, *n;

	/* What is added meanwhile waits until the loop has looked at the others again. */
	l->soon = NULL;
	l->soon_last = &l->soon;
	l->soon_set = false;
	if (first)
		first->link = &first;
	while ((n = first)) {
		loop_not_soon(l, n);
		n->run(n);
	}
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	/* With a cached time, a timer set after a long callback would be early. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

enum err loop_new(struct loop **out)
{
	struct loop *l;
	enum err err = event_calls_load(NULL);

	if (err)
		return err;
	pthread_once(&once, prepare_process);
	l = mem_new(sizeof(*l));
	if (!l)
		return ERR_NOMEM;
	err = ERR_NOMEM;
	l->last = &l->first;
	l->soon_last = &l->soon;
	l->orphans.prev = l->orphans.next = &l->orphans;
	l->scratch = mem_new(LOOP_SCRATCH);
	if (!l->scratch)
		goto no_scratch;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0) {
		err = ERR_IO;
		goto no_fd;
	}
	l->base = base_new();
	if (!l->base) {
		err = ERR_IO;
		goto no_base;
	}
	pthread_mutex_init(&l->lock, NULL);
	event_assign(&l->wake_ev, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	if (event_add(&l->wake_ev, NULL) != 0)
		goto no_event;
	evtimer_assign(&l->soon_ev, l->base, on_soon, l);
	*out = l;
	return ERR_OK;
no_event:
	pthread_mutex_destroy(&l->lock);
	event_base_free(l->base);
no_base:
	close(l->wake_fd);
no_fd:
	mem_free(l->scratch);
no_scratch:
	mem_free(l);
	return err;
}

void loop_free(struct loop *l)
{
	struct loop_note *n, *next;
	struct signal_hook *h;

	if (!l)
		return;
	while (l->orphans.next != &l->orphans)
		l->orphans.next->drop(l->orphans.next);
	pthread_mutex_lock(&l->lock);
	n = l->first;
	l->first = NULL;
	pthread_mutex_unlock(&l->lock);
	for (; n; n = next) {
		next = n->next;
		n->run(n, true);
	}
	while ((h = l->signals)) {
		l->signals = h->next;
		event_del(&h->ev);
		mem_free(h);
	}
	event_del(&l->soon_ev);
	event_del(&l->wake_ev);
	event_base_free(l->base);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	mem_wipe(l->scratch, LOOP_SCRATCH);
	mem_free(l->scratch);
	mem_free(l);
}

void loop_run(struct loop *l)
{
	event_base_dispatch(l->base);
	pthread_mutex_lock(&l->lock);
	l->stop = false;
	pthread_mutex_unlock(&l->lock);
}

/* With the lock held: a loop that ends after the unlock may be freed at once by its owner. */
static void wake(struct loop *l)
{
	const uint64_t one = 1;

	if (l->woken)
		return;
	l->woken = true;
	if (write(l->wake_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		l->woken = false;
}

void loop_stop(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	wake(l);
	pthread_mutex_unlock(&l->lock);
}

void loop_post_note(struct loop *l, struct loop_note *n)
{
	n->next = NULL;
	pthread_mutex_lock(&l->lock);
	*l->last = n;
	l->last = &n->next;
	wake(l);
	pthread_mutex_unlock(&l->lock);
}

static void run_post(struct loop_note *n, bool dropped)
{
	struct post *p = (struct post *)n;

	if (!dropped)
		p->fn(p->arg);
	mem_free(p);
}

enum err loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *p = mem_new(sizeof(*p));

	if (!p)
		return ERR_NOMEM;
	p->note.run = run_post;
	p->fn = fn;
	p->arg = arg;
	loop_post_note(l, &p->note);
	return ERR_OK;
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct signal_hook *h = arg;

	h->fn(h->arg);
}

enum err loop_on_signal(struct loop *l, int signo, void (*fn)(void *arg), void *arg)
{
	struct signal_hook *h = mem_new(sizeof(*h));

	if (!h)
		return ERR_NOMEM;
	h->fn = fn;
	h->arg = arg;
	event_assign(&h->ev, l->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, h);
	if (event_add(&h->ev, NULL) != 0) {
		mem_free(h);
		return ERR_ARG;
	}
	h->next = l->signals;
	l->signals = h;
	return ERR_OK;
}

struct event_base *loop_get_base(struct loop *l)
{
	return l->base;
}

uint8_t *loop_get_scratch(struct loop *l)
{
	return l->scratch;
}

void loop_adopt(struct loop *l, struct loop_orphan *o)
{
	if (l->orphans_count == LOOP_ORPHANS_MAX)
		l->orphans.prev->drop(l->orphans.prev);
	l->orphans_count++;
	o->next = l->orphans.next;
	o->prev = &l->orphans;
	o->next->prev = o;
	l->orphans.next = o;
}

void loop_release(struct loop *l, struct loop_orphan *o)
{
	l->orphans_count--;
	o->prev->next = o->next;
	o->next->prev = o->prev;
	o->prev = o->next = NULL;
}

void loop_soon(struct loop *l, struct loop_soon *n)
{
	const struct timeval now = {0, 0};

	if (!n->link) {
		n->next = NULL;
		n->link = l->soon_last;
		*n->link = n;
		l->soon_last = &n->next;
	}
	if (!l->soon_set)
		l->soon_set = event_add(&l->soon_ev, &now) == 0;
}

void loop_not_soon(struct loop *l, struct loop_soon *n)
{
	if (!n->link)
		return;
	*n->link = n->next;
	if (n->next)
		n->next->link = n->link;
	if (l->soon_last == &n->next)
		l->soon_last = n->link;
	n->link = NULL;
}
