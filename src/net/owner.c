/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/addr.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sockets on one port that are looked at: one per address, or more with SO_REUSEPORT. */
#define INODES_MAX 16

#define TCP_LISTENING 0x0Au

struct inodes {
	unsigned long of[INODES_MAX];
	size_t count;
};

/* The lines of /proc/net/tcp and its sisters (proc(5)): "sl: local:port remote:port state … inode".
 */
static void find_inodes(const char *path, bool udp, uint16_t port, struct inodes *found)
{
	char line[512];
	unsigned local, state;
	unsigned long inode;
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	while (found->count < INODES_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line,
			    " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
			    &local, &state, &inode) != 3)
			continue;
		if (local == port && inode && (udp || state == TCP_LISTENING))
			found->of[found->count++] = inode;
	}
	fclose(f);
}

static bool is_one(const struct inodes *found, const char *link)
{
	char *end;
	unsigned long inode;
	size_t i;

	if (strncmp(link, "socket:[", 8) != 0)
		return false;
	inode = strtoul(link + 8, &end, 10);
	for (i = 0; i < found->count; i++)
		if (*end == ']' && found->of[i] == inode)
			return true;
	return false;
}

static bool holds_one(const char *pid, const struct inodes *found)
{
	char path[64 + NAME_MAX], target[64];
	struct dirent *e;
	bool held = false;
	ssize_t len;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	d = opendir(path);
	if (!d)
		return false;
	while (!held && (e = readdir(d))) {
		len = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		held = is_one(found, target);
	}
	closedir(d);
	return held;
}

static void name_of(const char *pid, char *out, size_t size)
{
	char path[64], comm[32] = "";
	FILE *f;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		fclose(f);
	}
	comm[strcspn(comm, "\n")] = '\0';
	/* A process names itself as it likes. */
	for (i = 0; comm[i]; i++)
		if (!isprint((unsigned char)comm[i]))
			comm[i] = '?';
	snprintf(out, size, comm[0] ? "pid %.20s (%s)" : "pid %.20s", pid, comm);
}

void net_port_owner(bool udp, uint16_t port, char *out, size_t size)
{
	struct inodes found = {.count = 0};
	struct dirent *e;
	bool done = false;
	DIR *d;

	snprintf(out, size, "another process");
	find_inodes(udp ? "/proc/net/udp" : "/proc/net/tcp", udp, port, &found);
	find_inodes(udp ? "/proc/net/udp6" : "/proc/net/tcp6", udp, port, &found);
	if (!found.count)
		return;
	d = opendir("/proc");
	if (!d)
		return;
	while (!done && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]) || !holds_one(e->d_name, &found))
			continue;
		name_of(e->d_name, out, size);
		done = true;
	}
	closedir(d);
}
