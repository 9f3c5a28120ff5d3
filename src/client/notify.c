/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/notify.h"

#include "client/curl_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HTTP_GOOD 200
#define HTTP_ELSE 300

static size_t pass_over(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * count;
}

/* The URL may hold a secret: it is not repeated. */
static enum err transport_fail(CURLcode code, struct fail *why)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return fail_set(why, ERR_ARG,
			"webhook: no URL that begins with https:// or http://; see monitor_webhook "
			"in cadeado.conf");
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail_set(why, ERR_NOTFOUND, "webhook: the host's name cannot be resolved");
	case CURLE_OPERATION_TIMEDOUT:
		return fail_set(why, ERR_TIMEOUT, "webhook: no answer in time");
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail_set(why, ERR_TLS,
			"webhook: the server's certificate is not signed by an authority that this "
			"machine trusts");
	default: return fail_set(why, ERR_CLOSED, "webhook: %.100s", curl_easy_strerror(code));
	}
}

static enum err post(
	CURL *curl, const char *url, struct span json, int64_t timeout_us, struct fail *why)
{
	struct curl_slist *heads = curl_slist_append(NULL, "Content-Type: application/json");
	long status = 0;
	CURLcode code;

	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout_us / 1000));
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, heads);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pass_over);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)json.len);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)json.ptr);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(heads);
	if (code != CURLE_OK)
		return transport_fail(code, why);
	if (status < HTTP_GOOD || status >= HTTP_ELSE)
		return fail_set(why, ERR_DENIED, "webhook: the server answered %ld", status);
	return ERR_OK;
}

enum err client_webhook(const char *url, struct span json, int64_t timeout_us, struct fail *why)
{
	CURL *curl;
	enum err err = curl_calls_load(why);

	if (err)
		return err;
	curl = curl_easy_init();
	if (!curl)
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	err = post(curl, url, json, timeout_us, why);
	curl_easy_cleanup(curl);
	return err;
}

/* --- mail --- */

static bool write_all(int fd, struct span text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text = span_of(text.ptr + n, text.len - (size_t)n);
	}
	return true;
}

static enum err start(
	const char *sendmail, const char *address, int in[2], pid_t *child, struct fail *why)
{
	char *argv[] = {(char *)(uintptr_t)sendmail, (char[]){"-i"}, (char[]){"--"},
		(char *)(uintptr_t)address, NULL};
	char *env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	posix_spawn_file_actions_t actions;
	int status;

	if (posix_spawn_file_actions_init(&actions))
		return fail_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	status = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	if (!status)
		status = posix_spawn_file_actions_addclose(&actions, in[1]);
	if (!status)
		status = posix_spawn(child, sendmail, &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (status == ENOENT)
		return fail_set(why, ERR_NOTFOUND,
			"%.100s is not there: install a mail server (postfix, msmtp-mta), or use "
			"monitor_webhook",
			sendmail);
	return status ? fail_set(why, ERR_IO, "%.100s: %s", sendmail, strerror(status)) : ERR_OK;
}

static enum err finish(const char *sendmail, pid_t child, bool written, struct fail *why)
{
	int status = -1;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail_set(why, ERR_IO,
			"%.100s failed (%d): the mail was not sent; its own log says why", sendmail,
			WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	if (!written)
		return fail_set(why, ERR_IO, "%.100s did not take the mail", sendmail);
	return ERR_OK;
}

static enum err feed(
	const char *sendmail, const char *address, struct span message, struct fail *why)
{
	int in[2];
	pid_t child = -1;
	bool written;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	enum err err;

	if (pipe2(in, O_CLOEXEC))
		return fail_set(why, ERR_IO, "sendmail: %s", strerror(errno));
	err = start(sendmail, address, in, &child, why);
	(void)close(in[0]);
	if (err) {
		(void)close(in[1]);
		return err;
	}
	/* It may end before it has read everything. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	written = write_all(in[1], message);
	(void)close(in[1]);
	(void)sigaction(SIGPIPE, &before, NULL);
	return finish(sendmail, child, written, why);
}

enum err client_sendmail(const char *sendmail, const char *address, const char *subject,
	struct span text, struct fail *why)
{
	struct buf message = {0};
	enum err err;

	if (!strchr(address, '@') || strpbrk(address, " \t\r\n,;<>\"") || address[0] == '-')
		return fail_set(why, ERR_ARG,
			"\"%.64s\" is no mail address; see monitor_mail in cadeado.conf", address);
	buf_printf(&message,
		"To: %s\nSubject: %s\nMIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=utf-8\nAuto-Submitted: auto-generated\n\n",
		address, subject);
	buf_put(&message, text);
	err = buf_check(&message);
	if (err)
		(void)fail_set(why, err, "%s", err_text(err));
	else
		err = feed(sendmail, address, buf_span(&message), why);
	buf_fini(&message);
	return err;
}
