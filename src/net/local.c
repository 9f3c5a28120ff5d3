/* SPDX-License-Identifier: BSD-2-Clause
 * UNIX sockets: the same streams between programs of one machine. */
#include "net/sock.h"
#include "net/stream_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum err local_addr(struct sockaddr_un *sun, const char *path, struct fail *why)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path))
		return fail_set(why, ERR_LIMIT,
			"%s: a socket's path has at most %zu characters; use a shorter folder",
			path, sizeof(sun->sun_path) - 1);
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return ERR_OK;
}

/* 0, or the errno of connecting. */
static int local_connect(int *fd, const struct sockaddr_un *sun)
{
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno;
	if (connect(*fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return 0;
	int error = errno;
	close(*fd);
	*fd = -1;
	return error;
}

/* True when a server answers on this path, or might: only then its file is left alone. */
static bool somebody_listens(const struct sockaddr_un *sun)
{
	int fd, error = local_connect(&fd, sun);

	if (fd >= 0)
		close(fd);
	return error != ECONNREFUSED && error != ENOENT;
}

enum err listener_open_unix(struct listener **out, struct loop *l, const char *path,
	void (*accepted)(void *ctx, struct stream *s), void *ctx, struct fail *why)
{
	struct sockaddr_un sun;
	enum err err = local_addr(&sun, path, why);
	int fd;

	if (err != ERR_OK)
		return err;
	if (somebody_listens(&sun))
		return fail_set(why, ERR_INUSE,
			"%s is in use: another daemon runs on this state folder", path);
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mode is set before listen: nobody can connect in between. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
		chmod(path, 0600) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		err = fail_set(why, ERR_IO, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return err;
	}
	return listener_take_socket(out, l, fd, NULL, accepted, ctx, why);
}

enum err stream_connect_unix(struct stream **out, struct loop *l, const char *path, stream_fn *fn,
	void *ctx, struct fail *why)
{
	static const struct net_addr nowhere;
	struct sockaddr_un sun;
	enum err err = local_addr(&sun, path, why);
	int fd, error;

	if (err != ERR_OK)
		return err;
	error = local_connect(&fd, &sun);
	if (error == ENOENT || error == ECONNREFUSED)
		return fail_set(why, ERR_NOTFOUND, "%s: nobody listens", path);
	if (error != 0)
		return fail_set(why, ERR_IO, "%s: %s", path, strerror(error));
	return stream_take_socket(out, l, fd, NULL, &nowhere, path, 0, fn, ctx, why);
}

bool stream_peer_uid(const struct stream *s, unsigned *uid)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(stream_number(s), SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 ||
		who.uid == (uid_t)-1)
		return false;
	*uid = who.uid;
	return true;
}
