/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/panel.h"

#include "base/file.h"
#include "base/mem.h"
#include "net/stream.h"
#include "sim/menu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SOCKET_NAME "phone.sock"
#define LOOKERS_MAX 8 /* connections at once */

struct looker {
	struct sim_panel *panel;
	struct stream *stream; /* NULL: free */
	struct sim_display display;
};

struct sim_panel {
	struct sim_phone *phone;
	struct listener *listener;
	struct looker lookers[LOOKERS_MAX];
};

enum err sim_panel_path(char out[SIM_PANEL_PATH], int *folder, const char *dir, struct fail *why)
{
	*folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return fail_set(why, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s", dir,
			errno == ENOENT ? "there is no such folder" : "cannot be opened");
	(void)snprintf(out, SIM_PANEL_PATH, "/proc/self/fd/%d/" SOCKET_NAME, *folder);
	return ERR_OK;
}

static void forget(struct looker *l)
{
	if (l->stream)
		stream_finish(l->stream);
	l->stream = NULL;
}

static void answer(struct looker *l, struct json *screen)
{
	struct buf out = {0};

	if (l->stream && json_write(&out, screen, false) == ERR_OK) {
		buf_u8(&out, '\n');
		if (buf_check(&out) || stream_write(l->stream, buf_span(&out)))
			forget(l);
	}
	buf_fini(&out);
	json_free(screen);
}

/* One line off the input; false when there is none. */
static bool take_line(struct looker *l)
{
	struct span in = stream_input(l->stream);
	const uint8_t *end = in.len ? memchr(in.ptr, '\n', in.len) : NULL;
	char press[SIM_PRESS_MAX + 1];
	size_t len = end ? (size_t)(end - in.ptr) : in.len;

	if (len > SIM_PRESS_MAX) {
		forget(l);
		return false;
	}
	if (!end)
		return false;
	memcpy(press, in.ptr, len);
	press[len] = '\0';
	stream_consume(l->stream, len + 1);
	answer(l, sim_menu_press(l->panel->phone, &l->display, press));
	mem_wipe(press, sizeof(press));
	return l->stream != NULL;
}

static void on_stream(void *ctx, struct stream *s, enum stream_event ev)
{
	struct looker *l = ctx;

	switch (ev) {
	case STREAM_DATA:
		while (take_line(l))
			continue;
		break;
	case STREAM_READY:
	case STREAM_DRAINED: break;
	default: forget(l); break;
	}
}

static void accepted(void *ctx, struct stream *s)
{
	struct sim_panel *panel = ctx;

	for (size_t i = 0; i < LOOKERS_MAX; i++) {
		struct looker *l = &panel->lookers[i];

		if (l->stream)
			continue;
		*l = (struct looker){.panel = panel, .stream = s};
		stream_handle(s, on_stream, l);
		return;
	}
	stream_close(s);
}

void sim_panel_lsc_changed(struct sim_panel *panel)
{
	if (!panel)
		return;
	for (size_t i = 0; i < LOOKERS_MAX; i++) {
		struct looker *l = &panel->lookers[i];

		if (l->stream && l->display.watching)
			answer(l, sim_menu_watch(panel->phone, &l->display));
	}
}

enum err sim_panel_open(struct sim_panel **out, struct sim_phone *p, struct fail *why)
{
	struct sim_panel *panel = mem_new(sizeof(*panel));
	char path[SIM_PANEL_PATH];
	int folder = -1;
	enum err err;

	if (!panel)
		return fail_set(why, ERR_NOMEM, "out of memory");
	*panel = (struct sim_panel){.phone = p};
	err = sim_panel_path(path, &folder, p->opt.dir, why);
	if (err == ERR_OK)
		err = listener_open_unix(&panel->listener, p->loop, path, accepted, panel, NULL);
	if (folder >= 0)
		(void)close(folder);
	if (err) {
		mem_free(panel);
		return fail_set(why, err, "%s: %s", p->opt.dir,
			err == ERR_INUSE ? "another phone runs in this folder" : err_text(err));
	}
	*out = panel;
	return ERR_OK;
}

void sim_panel_close(struct sim_panel *panel)
{
	char *path;

	if (!panel)
		return;
	for (size_t i = 0; i < LOOKERS_MAX; i++)
		forget(&panel->lookers[i]);
	listener_close(panel->listener);
	path = file_join(panel->phone->opt.dir, SOCKET_NAME);
	if (path && file_remove(path, NULL))
		(void)fprintf(stderr, "cadeado-phone: %s cannot be removed\n", path);
	mem_free(path);
	mem_free(panel);
}
