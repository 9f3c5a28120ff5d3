/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define CHILDREN_MOST 256

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* PostgreSQL refuses to be run by root. */
static const struct passwd *other_user(void)
{
	const struct passwd *pw = getpwnam("postgres");

	return pw ? pw : getpwnam("nobody");
}

/* Debian keeps the server's programs out of the path, one folder for each version. */
static void program(char out[128], const char *name)
{
	char pattern[96];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
	if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc)
		snprintf(out, 128, "%s", found.gl_pathv[found.gl_pathc - 1]);
	else
		snprintf(out, 128, "%s", name);
	globfree(&found);
}

static pid_t spawn(const struct postgres_server *s, char **words)
{
	const pid_t parent = getpid();
	pid_t child = fork();
	char path[128], log[96];
	const struct passwd *pw;
	int fd;

	if (child)
		return child;
	program(path, words[0]);
	if (geteuid() == 0) {
		pw = other_user();
		if (!pw || setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
			_exit(120);
	}
	/* A test that ends early must not leave it behind. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() != parent)
		_exit(121);
	snprintf(log, sizeof(log), "%s/log", s->folder);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(s->folder))
		_exit(122);
	/* It looks for its other programs beside its own name. */
	words[0] = path;
	execvp(path, words);
	_exit(123);
}

static void show_log(const struct postgres_server *s)
{
	char command[128];

	snprintf(command, sizeof(command), "tail -20 %s/log >&2", s->folder);
	if (system(command))
		fprintf(stderr, "no log\n");
}

void postgres_make(struct postgres_server *s)
{
	char initdb[] = "initdb", data[] = "-Ddata", user[] = "-Ucadeado", trust[] = "-Atrust",
	     utf[] = "-EUTF8", locale[] = "--locale=C.UTF-8", nosync[] = "--no-sync";
	char *words[] = {initdb, data, user, trust, utf, locale, nosync, NULL};
	const struct passwd *pw;
	int status = -1;
	pid_t child;

	s->pid = 0;
	snprintf(s->folder, sizeof(s->folder), "/tmp/cadeado-postgres-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	if (geteuid() == 0) {
		pw = other_user();
		assert_non_null(pw);
		assert_int_equal(chown(s->folder, pw->pw_uid, pw->pw_gid), 0);
	}
	child = spawn(s, words);
	assert_true(child > 0);
	waitpid(child, &status, 0);
	if (status) {
		show_log(s);
		fail_msg("initdb: status %d; is the package postgresql installed?", status);
	}
}

/* The last line of its file says when it takes connections. */
static int is_ready(const struct postgres_server *s)
{
	char path[96], text[1024];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/data/postmaster.pid", s->folder);
	f = fopen(path, "r");
	if (!f)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	return atol(text) == s->pid && strstr(text, "\nready") != NULL;
}

void postgres_start(struct postgres_server *s)
{
	/* Killed processes lose nothing that the system has in its memory: fsync is for its end. */
	char postgres[] = "postgres", data[] = "-Ddata", fsync[] = "-F", sockets[80], c1[] = "-c",
	     c2[] = "-c", none[] = "listen_addresses=", few[] = "shared_buffers=16MB";
	char *words[] = {postgres, data, fsync, sockets, c1, none, c2, few, NULL};
	int tries, status;

	snprintf(sockets, sizeof(sockets), "-k%s", s->folder);
	/* After a kill its memory is in use for as long as one of its processes is there. */
	for (tries = 0; tries < 3000; tries++) {
		if (!s->pid)
			s->pid = spawn(s, words);
		assert_true(s->pid > 0);
		if (is_ready(s))
			return;
		if (waitpid(s->pid, &status, WNOHANG) == s->pid)
			s->pid = 0;
		nap();
	}
	show_log(s);
	fail_msg("PostgreSQL does not start");
}

void postgres_stop(struct postgres_server *s)
{
	int status;

	if (!s->pid)
		return;
	kill(s->pid, SIGINT);
	waitpid(s->pid, &status, 0);
	s->pid = 0;
}

static size_t children_of(pid_t parent, pid_t *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t count = 0;

	assert_non_null(proc);
	while ((e = readdir(proc)) && count < CHILDREN_MOST) {
		char path[300], text[512], *close;
		pid_t pid = (pid_t)atol(e->d_name), of = 0;
		FILE *f;

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
		/* "pid (name) S parent": the name may hold anything. */
		close = strrchr(text, ')');
		if (close && strlen(close) > 4)
			of = (pid_t)atol(close + 4);
		if (of == parent)
			out[count++] = pid;
	}
	closedir(proc);
	return count;
}

static void signal_children(const struct postgres_server *s, int sig)
{
	pid_t children[CHILDREN_MOST];
	size_t count = children_of(s->pid, children), i;

	assert_true(count > 0);
	for (i = 0; i < count; i++)
		kill(children[i], sig);
}

void postgres_pause(struct postgres_server *s)
{
	/* First, so that it makes no more of them. */
	kill(s->pid, SIGSTOP);
	signal_children(s, SIGSTOP);
}

void postgres_resume(struct postgres_server *s)
{
	signal_children(s, SIGCONT);
	kill(s->pid, SIGCONT);
}

void postgres_kill(struct postgres_server *s)
{
	int status;

	postgres_pause(s);
	signal_children(s, SIGKILL);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, &status, 0);
	s->pid = 0;
}

void postgres_remove(struct postgres_server *s)
{
	char command[96];

	postgres_stop(s);
	snprintf(command, sizeof(command), "rm -rf %s", s->folder);
	assert_int_equal(system(command), 0);
}

void postgres_url(const struct postgres_server *s, char *out, size_t size)
{
	snprintf(out, size, "postgresql:///postgres?host=%s&user=cadeado", s->folder);
}
