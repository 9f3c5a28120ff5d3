/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/link.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS_RECORD_MAX 16384u

/* Reads of one link_discard, so that a peer that never stops cannot hold the loop. */
#define DISCARD_ROUNDS 8

static const char *phase(const struct link *k)
{
	return k->open ? "TLS" : "TLS handshake";
}

static long on_raw(BIO *b, int oper, const char *argp, size_t len, int argi, long argl, int ret,
	size_t *processed)
{
	struct link *k = (struct link *)BIO_get_callback_arg(b);

	if (ret > 0 && processed && *processed && k->tap &&
		(oper == (BIO_CB_READ | BIO_CB_RETURN) || oper == (BIO_CB_WRITE | BIO_CB_RETURN)))
		k->tap(k->tap_ctx, oper == (BIO_CB_WRITE | BIO_CB_RETURN),
			span_of(argp, *processed));
	return ret;
}

enum err link_init(struct link *k, int fd, struct tls *tls)
{
	BIO *raw;

	memset(k, 0, sizeof(*k));
	k->fd = fd;
	if (!tls) {
		k->open = true;
		return ERR_OK;
	}
	ERR_clear_error();
	k->peer.tls = tls_hold(tls);
	k->ssl = SSL_new(tls->ctx);
	if (!k->ssl || SSL_set_fd(k->ssl, fd) != 1 || SSL_set_app_data(k->ssl, &k->peer) != 1) {
		ERR_clear_error();
		link_fini(k);
		return ERR_NOMEM;
	}
	/* One socket BIO serves both directions. */
	raw = SSL_get_rbio(k->ssl);
	BIO_set_callback_arg(raw, (char *)k);
	BIO_set_callback_ex(raw, on_raw);
	if (tls->server)
		SSL_set_accept_state(k->ssl);
	else
		SSL_set_connect_state(k->ssl);
	return ERR_OK;
}

void link_fini(struct link *k)
{
	if (k->ssl && k->open && !k->spoilt) {
		ERR_clear_error();
		if (SSL_shutdown(k->ssl) < 0)
			ERR_clear_error();
	}
	/* Without TLS its library may not be there at all. */
	if (k->ssl)
		SSL_free(k->ssl);
	k->ssl = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	tls_free(k->peer.tls);
	mem_free(k->peer.der);
	memset(&k->peer, 0, sizeof(k->peer));
}

static enum link_result sys_failed(const struct link *k, int error, struct fail *why)
{
	if (k->ssl)
		fail_set(why, ERR_IO, "%s: %s", phase(k), strerror(error));
	else
		fail_set(why, ERR_IO, "%s", strerror(error));
	return LINK_FAILED;
}

/* What an SSL call that did not succeed means. */
static enum link_result explain(struct link *k, int ret, int error, struct fail *why)
{
	unsigned long e;

	switch (SSL_get_error(k->ssl, ret)) {
	case SSL_ERROR_WANT_READ: return LINK_WANT_READ;
	case SSL_ERROR_WANT_WRITE: return LINK_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN: return LINK_END;
	case SSL_ERROR_SYSCALL:
		k->spoilt = true;
		return sys_failed(k, error ? error : ECONNRESET, why);
	default: break;
	}
	k->spoilt = true;
	e = ERR_peek_error();
	if (ERR_GET_LIB(e) == ERR_LIB_SSL &&
		ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		/* Phones leave without close_notify; their messages have lengths of their own. */
		if (k->open)
			return LINK_END;
		fail_set(why, ERR_CLOSED, "%s: peer closed the connection", phase(k));
		return LINK_FAILED;
	}
	k->alerted = !tls_is_alert(e);
	tls_fail(why, &k->peer, phase(k));
	return LINK_FAILED;
}

enum link_result link_handshake(struct link *k, struct fail *why)
{
	int ret;

	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(k->ssl);
	if (ret != 1)
		return explain(k, ret, errno, why);
	k->open = true;
	return LINK_DONE;
}

static enum link_result read_plain(
	struct link *k, uint8_t *out, size_t size, size_t *len, struct fail *why)
{
	ssize_t got = recv(k->fd, out, size, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
			       ? LINK_WANT_READ
			       : sys_failed(k, errno, why);
	if (!got)
		return LINK_END;
	*len = (size_t)got;
	if (k->tap)
		k->tap(k->tap_ctx, false, span_of(out, *len));
	return LINK_DONE;
}

enum link_result link_read(struct link *k, uint8_t *out, size_t size, size_t *len, struct fail *why)
{
	int ret;

	*len = 0;
	if (!k->ssl)
		return read_plain(k, out, size, len, why);
	ERR_clear_error();
	errno = 0;
	ret = SSL_read_ex(k->ssl, out, size, len);
	return ret == 1 ? LINK_DONE : explain(k, ret, errno, why);
}

bool link_drained(const struct link *k)
{
	return k->ssl && !SSL_has_pending(k->ssl);
}

static enum link_result write_plain(
	struct link *k, struct span bytes, size_t *len, struct fail *why)
{
	ssize_t put =
		send(k->fd, bytes.ptr, bytes.len, k->last ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);

	if (put < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
			       ? LINK_WANT_WRITE
			       : sys_failed(k, errno, why);
	*len = (size_t)put;
	if (k->tap)
		k->tap(k->tap_ctx, true, span_of(bytes.ptr, *len));
	return LINK_DONE;
}

enum link_result link_write(struct link *k, struct span bytes, size_t *len, struct fail *why)
{
	enum link_result r;
	int ret;

	*len = 0;
	if (!k->ssl)
		return write_plain(k, bytes, len, why);
	ERR_clear_error();
	errno = 0;
	ret = SSL_write_ex(
		k->ssl, bytes.ptr, bytes.len < TLS_RECORD_MAX ? bytes.len : TLS_RECORD_MAX, len);
	if (ret == 1)
		return LINK_DONE;
	r = explain(k, ret, errno, why);
	if (r != LINK_END)
		return r;
	fail_set(why, ERR_CLOSED, "%s: connection closed", phase(k));
	return LINK_FAILED;
}

bool link_is_quiet(const struct link *k)
{
	uint8_t byte;
	ssize_t got;

	if (k->ssl)
		return false;
	got = recv(k->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return got == 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

enum link_result link_end(struct link *k)
{
	int ret;

	if (k->ssl && k->open && !k->spoilt) {
		ERR_clear_error();
		ret = SSL_shutdown(k->ssl);
		if (ret < 0 && SSL_get_error(k->ssl, ret) == SSL_ERROR_WANT_WRITE)
			return LINK_WANT_WRITE;
		ERR_clear_error();
		k->spoilt = true;
	}
	return shutdown(k->fd, SHUT_WR) == 0 ? LINK_DONE : LINK_FAILED;
}

enum link_result link_discard(struct link *k, uint8_t *scratch, size_t size)
{
	ssize_t got;
	int i;

	for (i = 0; i < DISCARD_ROUNDS; i++) {
		got = recv(k->fd, scratch, size, 0);
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return LINK_WANT_READ;
		if (got <= 0)
			return LINK_END;
	}
	return LINK_WANT_READ;
}
