// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where criu serves lazy pages. Until 2026 it took no address for that from a request (criu#2959): it listened at all
 * of the host's, whatever was asked for (security.md C6). The one way in is a file of options that a request
 * names: ctr makes it in memory, with this single option. All others come by the request, as ever.
 */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/io.h"

/* criu listens at addresses only; and nothing but one may get into the file. */
static bool is_address(const char *text)
{
	unsigned char binary[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

static int write_file(struct arena *a, Criu__Options *o, const char *line, int *ret, struct err *e)
{
	cleanup_fd int fd = memfd_create("criu.conf", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "tell criu where to listen");
	r = io_write_all(fd, line, strlen(line));
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "tell criu where to listen");
	o->config_file = arena_printf(a, "/proc/%d/fd/%d", (int)getpid(), fd);
	if (!o->config_file)
		return err_set(e, ERR_SYSTEM, ENOMEM, "tell criu where to listen");
	*ret = take_fd(&fd);
	return 0;
}

int dump_listen_nowhere(struct arena *a, Criu__Options *o, int number, int *ret, struct err *e)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "ps-socket %d\n", number);
	return write_file(a, o, line, ret, e);
}

int dump_listen(struct arena *a, Criu__Options *o, int *ret, struct err *e)
{
	char line[INET6_ADDRSTRLEN + sizeof("address \n")];

	if (!is_address(o->ps->address)) {
		err_set(e, ERR_USAGE, 0, "option --page-server: '%s' is not an IP address",
			o->ps->address);
		err_hint(e, "with --lazy-pages it is where this host listens: name one of its "
			    "addresses");
		return -EINVAL;
	}
	(void)snprintf(line, sizeof(line), "address %s\n", o->ps->address);
	return write_file(a, o, line, ret, e);
}

#endif
