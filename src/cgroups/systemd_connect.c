// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Getting hold of a systemd manager. libsystemd is loaded when it is needed: other commands and other
 * drivers start without it, and one program runs on hosts with and without systemd.
 */
#include "config.h"

#ifdef HAVE_LIBSYSTEMD

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "cgroups/systemd_private.h"
#include "util/caller.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/library.h"

#define LIBRARY "libsystemd.so.0"

enum {
	USEC_PER_MS = 1000,
	ADDRESSES = 2,
	ADDRESS_MAX = 3 * PATH_MAX + 64
};

#define SYMBOL(f) { #f, offsetof(struct systemd_bus, f) },
static const struct library_symbol symbols[] = { SYSTEMD_FUNCTIONS(SYMBOL) };
#undef SYMBOL

static int load(struct systemd_bus *b, struct err *e)
{
	if (library_load(LIBRARY, symbols, ARRAY_SIZE(symbols), b) == 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "the systemd cgroup driver needs " LIBRARY);
	err_hint(e, "install it (Debian: libsystemd0), or use --cgroup-manager cgroupfs");
	return -EOPNOTSUPP;
}

int systemd_time_left(const struct systemd_bus *b, uint64_t *ret_usec)
{
	int left = cgroup_deadline_left(b->deadline);

	*ret_usec = left < 0 ? UINT64_MAX : (uint64_t)left * USEC_PER_MS;
	return left == 0 ? -ETIMEDOUT : 0;
}

int systemd_call(struct systemd_bus *b, sd_bus_message *m, sd_bus_error *error,
		 sd_bus_message **reply)
{
	uint64_t left;
	int r = systemd_time_left(b, &left);

	return r < 0 ? r : b->sd_bus_call(b->bus, m, left, error, reply);
}

int systemd_new_call(struct systemd_bus *b, const char *method, sd_bus_message **ret)
{
	return b->sd_bus_message_new_method_call(b->bus, ret, SYSTEMD_SERVICE, SYSTEMD_OBJECT,
						 SYSTEMD_MANAGER, method);
}

static const char *manager_name(enum systemd_manager manager)
{
	return manager == SYSTEMD_USER ? "the systemd user manager" : "systemd";
}

int systemd_failed(const struct systemd_bus *b, int r, const sd_bus_error *error, const char *what,
		   const char *unit, struct err *e)
{
	char about[300] = "";

	if (unit)
		(void)snprintf(about, sizeof(about), " '%s'", unit);
	if (r == -ETIMEDOUT) {
		err_set(e, ERR_SYSTEM, 0, "%s%s: %s did not answer within %d ms", what, about,
			manager_name(b->manager), b->timeout_ms);
		err_hint(e, "it hangs or has too much to do: systemctl %slist-jobs",
			 b->manager == SYSTEMD_USER ? "--user " : "");
		return -ETIMEDOUT;
	}
	if (error && error->message)
		return err_set(e, ERR_SYSTEM, -r, "%s%s: systemd says: %s", what, about,
			       error->message);
	return err_set(e, ERR_SYSTEM, -r, "%s%s", what, about);
}

/* ---- where it is ---- */

struct address {
	bool daemon; /* a bus with others on it, who have to be told who we are */
	char text[ADDRESS_MAX];
};

/* "unix:path=" and the path, with %xx for what has a meaning in addresses (D-Bus specification). */
static void address_of(struct address *a, bool daemon, const char *dir, const char *name)
{
	char path[PATH_MAX];
	size_t n;

	(void)snprintf(path, sizeof(path), "%s%s", dir, name);
	a->daemon = daemon;
	n = (size_t)snprintf(a->text, sizeof(a->text), "unix:path=");
	for (const char *c = path; *c && n + 4 < sizeof(a->text); c++)
		n += (size_t)snprintf(a->text + n, sizeof(a->text) - n,
				      isalnum((unsigned char)*c) || strchr("-_/.", *c) ? "%c"
										       : "%%%02x",
				      (unsigned char)*c);
}

/* The runtime directory of whoever calls; a login makes it, and sudo(8) and cron(8) do not tell of it. */
static void runtime_dir(char *buf, size_t size)
{
	const struct caller self = { .uid = geteuid() };
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (dir && dir[0] == '/')
		(void)snprintf(buf, size, "%s", dir);
	else
		(void)snprintf(buf, size, "/run/user/%u", (unsigned)caller_host_uid(&self));
}

/* The manager's own socket comes first: it is there before, and without, a bus daemon. */
static void addresses_find(enum systemd_manager manager, struct address list[ADDRESSES])
{
	const char *session = getenv("DBUS_SESSION_BUS_ADDRESS");
	char dir[PATH_MAX / 2];

	if (manager == SYSTEMD_SYSTEM) {
		address_of(&list[0], false, "/run/systemd", "/private");
		address_of(&list[1], true, "/run/dbus", "/system_bus_socket");
		return;
	}
	runtime_dir(dir, sizeof(dir));
	address_of(&list[0], false, dir, "/systemd/private");
	address_of(&list[1], true, dir, "/bus");
	if (session && *session)
		(void)snprintf(list[1].text, sizeof(list[1].text), "%s", session);
}

/* ---- connecting ---- */

static void disconnect(struct systemd_bus *b)
{
	if (!b->bus)
		return;
	b->sd_bus_close(b->bus); /* what nobody has read by now is not waited for */
	b->sd_bus_unref(take_ptr(b->bus));
}

/* sd-bus would do that with the first call, and without a deadline of ours. */
static int await_ready(struct systemd_bus *b)
{
	int r;

	while ((r = b->sd_bus_is_ready(b->bus)) == 0) {
		uint64_t left;

		r = b->sd_bus_process(b->bus, NULL);
		if (r > 0)
			continue;
		if (r == 0)
			r = systemd_time_left(b, &left);
		if (r == 0)
			r = b->sd_bus_wait(b->bus, left);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : 0;
}

static int connect_to(struct systemd_bus *b, const struct address *a)
{
	int r = b->sd_bus_new(&b->bus);

	if (r >= 0)
		r = b->sd_bus_set_address(b->bus, a->text);
	if (r >= 0 && a->daemon)
		r = b->sd_bus_set_bus_client(b->bus, 1);
	if (r >= 0)
		r = b->sd_bus_start(b->bus);
	if (r >= 0)
		r = await_ready(b);
	if (r < 0)
		disconnect(b);
	return r;
}

static int connect_any(struct systemd_bus *b)
{
	struct address list[ADDRESSES];
	int first;

	addresses_find(b->manager, list);
	first = connect_to(b, &list[0]);
	/* one that does not answer there does not answer elsewhere */
	if (first >= 0 || first == -ETIMEDOUT)
		return first;
	return connect_to(b, &list[1]) < 0 ? first : 0;
}

int systemd_bus_open(enum systemd_manager manager, int timeout_ms, struct systemd_bus **ret,
		     struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return err_set(e, ERR_SYSTEM, ENOMEM, "connect to systemd");
	b->manager = manager;
	b->timeout_ms = timeout_ms;
	b->deadline = cgroup_deadline(timeout_ms);
	r = load(b, e);
	if (r < 0)
		return r;
	r = connect_any(b);
	if (r >= 0) /* of what sd-bus itself asks of a bus daemon */
		r = b->sd_bus_set_method_call_timeout(b->bus, (uint64_t)timeout_ms * USEC_PER_MS);
	if (r < 0) {
		char what[64];

		(void)snprintf(what, sizeof(what), "connect to %s", manager_name(manager));
		(void)systemd_failed(b, r, NULL, what, NULL, e);
		err_hint(
			e,
			manager == SYSTEMD_USER
				? "it comes with a login, or: loginctl enable-linger USER; without "
				  "it, use --cgroup-manager cgroupfs"
				: "where it does not run as the system's manager, use "
				  "--cgroup-manager cgroupfs");
		return r;
	}
	*ret = take_ptr(b);
	return 0;
}

void systemd_bus_close(struct systemd_bus *b)
{
	if (!b)
		return;
	disconnect(b);
	free(b);
}

#endif
