// SPDX-License-Identifier: GPL-2.0-or-later
/* See terminal.h. */
#include "container/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "container/unixsock.h"
#include "util/cleanup.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* 4.13 */
#endif

int terminal_send(const char *path, int master, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	int r = unixsock_send_fd(path, name, sizeof(name) - 1, master);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "send the terminal to the console socket '%s'",
			       path)
		     : 0;
}

/* ---- relay ---- */

static void let_slave_go(struct relay *r)
{
	if (r->slave > STDERR_FILENO) /* 0 in a zeroed relay */
		close_fd(&r->slave);
}

int relay_start(struct relay *r, int master, struct err *e)
{
	struct termios raw;

	memset(r, 0, sizeof(*r));
	r->master = master;
	r->in.from = STDIN_FILENO;
	r->in.to = master;
	r->out.from = master;
	r->out.to = STDOUT_FILENO;
	/* an init such as systemd closes its terminal and opens it again later */
	r->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (r->slave < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the container's terminal");
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, ERR_SYSTEM, errno, "prepare the terminal");
	if (!isatty(STDIN_FILENO))
		return 0;
	relay_resize(r);
	if (tcgetattr(STDIN_FILENO, &r->saved) < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the settings of the terminal");
	raw = r->saved;
	cfmakeraw(&raw);
	/* the container's side writes "\n" only (init clears ONLCR there): ours adds the "\r" */
	raw.c_oflag |= OPOST;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return err_set(e, ERR_SYSTEM, errno, "put the terminal into raw mode");
	r->raw = true;
	return 0;
}

void terminal_take_size(int master)
{
	struct winsize size;

	/* no size to copy, or nobody there any more: both are harmless */
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

void relay_resize(const struct relay *r)
{
	terminal_take_size(r->master);
}

void relay_stop(struct relay *r)
{
	if (r->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN,
				&r->saved); /* nothing better to do if it fails */
	r->raw = false;
	let_slave_go(r);
}

void relay_prepare(const struct relay *r, struct pollfd *p)
{
	const struct relay_flow *flows[] = { &r->in, &r->out };

	for (int i = 0; i < 2; i++) {
		const struct relay_flow *f = flows[i];
		bool empty = f->start == f->end;

		p[2 * i] = (struct pollfd){ .fd = empty ? f->from : -1, .events = POLLIN };
		p[2 * i + 1] = (struct pollfd){ .fd = empty ? -1 : f->to, .events = POLLOUT };
	}
}

static void flow_read(struct relay_flow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n > 0) {
		f->start = 0;
		f->end = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		f->from = -1; /* EIO: the last slave was closed */
	}
}

static void flow_write(struct relay_flow *f)
{
	/* POLLOUT promises room for this much only: more could block us, and signals with us */
	size_t most = f->end - f->start < PIPE_BUF ? f->end - f->start : PIPE_BUF;
	ssize_t n = write(f->to, f->buf + f->start, most);

	if (n > 0)
		f->start += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		f->start =
			f->end; /* nobody reads: what cannot be written is dropped, the container lives on */
}

void relay_handle(struct relay *r, const struct pollfd *p)
{
	struct relay_flow *flows[] = { &r->in, &r->out };

	for (int i = 0; i < 2; i++) {
		if (p[2 * i].revents)
			flow_read(flows[i]);
		if (p[2 * i + 1].revents)
			flow_write(flows[i]);
	}
}

void relay_drain(struct relay *r)
{
	struct pollfd p[RELAY_POLLFDS];

	r->in.from = -1;
	let_slave_go(r); /* now its end is wanted */
	for (;;) {
		bool pending = r->out.start != r->out.end;

		relay_prepare(r, p);
		p[1].fd = -1; /* nobody is left to read our input */
		/* the container is dead: what it wrote is readable at once; a slow reader gets a second */
		if (poll(p, RELAY_POLLFDS, pending ? 1000 : 0) <= 0)
			return;
		relay_handle(r, p);
	}
}
