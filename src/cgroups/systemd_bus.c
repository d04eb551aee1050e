// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speaking with a systemd manager. libsystemd is loaded when it is needed: other commands and other drivers
 * start without it, and one program runs on hosts with and without systemd.
 */
#include "config.h"

#ifdef HAVE_LIBSYSTEMD

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "cgroups/internal.h"
#include "cgroups/systemd.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/library.h"

#define LIBRARY	  "libsystemd.so.0"
#define SERVICE	  "org.freedesktop.systemd1"
#define OBJECT	  "/org/freedesktop/systemd1"
#define MANAGER	  SERVICE ".Manager"
#define SCOPE	  SERVICE ".Scope"
#define PRIVATE	  "unix:path=/run/systemd/private"
#define JOB_MATCH "type='signal',path='" OBJECT "',interface='" MANAGER "',member='JobRemoved'"

enum {
	JOB_MS = 30000,
	CALL_USEC = 30 * 1000000,
	JOB_PATH_MAX = 256,
	RESULT_MAX = 32
};

/* What is used of it. */
#define FUNCTIONS(X)                                                                               \
	X(sd_bus_new)                                                                              \
	X(sd_bus_set_address)                                                                      \
	X(sd_bus_start)                                                                            \
	X(sd_bus_open_system)                                                                      \
	X(sd_bus_flush_close_unref)                                                                \
	X(sd_bus_set_method_call_timeout)                                                          \
	X(sd_bus_add_match)                                                                        \
	X(sd_bus_process)                                                                          \
	X(sd_bus_wait)                                                                             \
	X(sd_bus_call)                                                                             \
	X(sd_bus_error_free)                                                                       \
	X(sd_bus_error_has_name)                                                                   \
	X(sd_bus_path_encode)                                                                      \
	X(sd_bus_get_property_string)                                                              \
	X(sd_bus_message_new_method_call)                                                          \
	X(sd_bus_message_append_basic)                                                             \
	X(sd_bus_message_open_container)                                                           \
	X(sd_bus_message_close_container)                                                          \
	X(sd_bus_message_read_basic)                                                               \
	X(sd_bus_message_unref)

/* One call of ours: a connection, and the job that is waited for. */
struct systemd_bus {
	sd_bus *bus;
	char job[JOB_PATH_MAX]; /* "" while its path is not known yet */
	bool done;
	char result[RESULT_MAX];
	LIBRARY_TABLE(FUNCTIONS)
};

#define SYMBOL(f) { #f, offsetof(struct systemd_bus, f) },
static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
#undef SYMBOL

static int load(struct systemd_bus *b, struct err *e)
{
	if (library_load(LIBRARY, symbols, ARRAY_SIZE(symbols), b) == 0)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "the systemd cgroup driver needs " LIBRARY);
	err_hint(e, "install it (Debian: libsystemd0), or use --cgroup-manager cgroupfs");
	return -EOPNOTSUPP;
}

/* JobRemoved(u id, o job, s unit, s result); some may be of others. */
static int job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct systemd_bus *b = data;
	const char *job = NULL, *unit = NULL, *result = NULL;
	uint32_t id;

	(void)error;
	if (b->sd_bus_message_read_basic(m, 'u', &id) > 0 &&
	    b->sd_bus_message_read_basic(m, 'o', &job) > 0 &&
	    b->sd_bus_message_read_basic(m, 's', &unit) > 0 &&
	    b->sd_bus_message_read_basic(m, 's', &result) > 0 && strcmp(job, b->job) == 0) {
		b->done = true;
		(void)snprintf(b->result, sizeof(b->result), "%s", result);
	}
	return 0;
}

/* As root the manager's own socket, which is there before and without a bus daemon. */
static int connect_manager(struct systemd_bus *b)
{
	int r = b->sd_bus_new(&b->bus);

	if (r >= 0)
		r = b->sd_bus_set_address(b->bus, PRIVATE);
	if (r >= 0)
		r = b->sd_bus_start(b->bus);
	if (r >= 0)
		return r;
	b->sd_bus_flush_close_unref(take_ptr(b->bus));
	return b->sd_bus_open_system(&b->bus);
}

static int new_call(struct systemd_bus *b, const char *method, sd_bus_message **ret)
{
	return b->sd_bus_message_new_method_call(b->bus, ret, SERVICE, OBJECT, MANAGER, method);
}

/* A call with one text, whose answer does not matter. */
static int call_simple(struct systemd_bus *b, const char *method, const char *arg)
{
	sd_bus_message *m = NULL;
	int r = new_call(b, method, &m);

	if (r >= 0 && arg)
		r = b->sd_bus_message_append_basic(m, 's', arg);
	if (r >= 0)
		r = b->sd_bus_call(b->bus, m, CALL_USEC, NULL, NULL);
	b->sd_bus_message_unref(m);
	return r;
}

int systemd_bus_open(struct systemd_bus **ret, struct err *e)
{
	cleanup_(systemd_bus_closep) struct systemd_bus *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return err_set(e, ERR_SYSTEM, ENOMEM, "connect to systemd");
	r = load(b, e);
	if (r < 0)
		return r;
	r = connect_manager(b);
	if (r >= 0)
		r = b->sd_bus_set_method_call_timeout(b->bus, CALL_USEC);
	if (r >= 0)
		r = b->sd_bus_add_match(b->bus, NULL, JOB_MATCH, job_removed, b);
	if (r >= 0)
		r = call_simple(b, "Subscribe", NULL);
	if (r < 0) {
		err_set(e, ERR_SYSTEM, -r, "connect to systemd");
		err_hint(e, "where it does not run as the system's manager, use --cgroup-manager "
			    "cgroupfs");
		return r;
	}
	*ret = take_ptr(b);
	return 0;
}

void systemd_bus_close(struct systemd_bus *b)
{
	if (!b)
		return;
	if (b->bus)
		b->sd_bus_flush_close_unref(b->bus);
	free(b);
}

/* ---- properties ---- */

static int append_value(struct systemd_bus *b, sd_bus_message *m, const struct gvalue *v)
{
	char contents[256];
	size_t len = strlen(v->type);
	bool array = *v->type == 'a';
	int r;

	switch (*v->type) {
	case 's':
	case 'o':
	case 'g': return b->sd_bus_message_append_basic(m, *v->type, v->text);
	case 'b': return b->sd_bus_message_append_basic(m, 'b', &(int){ v->truth });
	case 'y': return b->sd_bus_message_append_basic(m, 'y', &(uint8_t){ (uint8_t)v->natural });
	case 'n':
	case 'q':
		return b->sd_bus_message_append_basic(m, *v->type,
						      &(uint16_t){ (uint16_t)v->natural });
	case 'i':
	case 'u':
		return b->sd_bus_message_append_basic(m, *v->type,
						      &(uint32_t){ (uint32_t)v->natural });
	case 'x':
	case 't': return b->sd_bus_message_append_basic(m, *v->type, &v->natural);
	case 'd': return b->sd_bus_message_append_basic(m, 'd', &v->real);
	default: break;
	}
	if (len >= sizeof(contents))
		return -EINVAL;
	(void)snprintf(contents, sizeof(contents), "%.*s", (int)len - (array ? 1 : 2), v->type + 1);
	r = b->sd_bus_message_open_container(m, array ? 'a' : 'r', contents);
	for (size_t i = 0; r >= 0 && i < v->count; i++)
		r = append_value(b, m, &v->items[i]);
	return r < 0 ? r : b->sd_bus_message_close_container(m);
}

static int append_property(struct systemd_bus *b, sd_bus_message *m, const char *name,
			   const struct gvalue *v)
{
	int r = b->sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', name);
	if (r >= 0)
		r = b->sd_bus_message_open_container(m, 'v', v->type);
	if (r >= 0)
		r = append_value(b, m, v);
	if (r >= 0)
		r = b->sd_bus_message_close_container(m);
	return r < 0 ? r : b->sd_bus_message_close_container(m);
}

/* @pid 0: none */
static int append_properties(struct systemd_bus *b, sd_bus_message *m,
			     const struct systemd_properties *list, pid_t pid)
{
	const struct gvalue number = { .type = "u", .natural = (uint64_t)pid };
	const struct gvalue pids = { .type = "au", .items = &number, .count = 1 };
	int r = b->sd_bus_message_open_container(m, 'a', "(sv)");

	if (r >= 0 && pid)
		r = append_property(b, m, "PIDs", &pids);
	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = append_property(b, m, list->items[i].name, &list->items[i].value);
	return r < 0 ? r : b->sd_bus_message_close_container(m);
}

/* ---- jobs ---- */

/* Call, and remember the job that is the answer. What systemd says against it is in @error. */
static int call_for_job(struct systemd_bus *b, sd_bus_message *m, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *job = NULL;
	int r;

	b->done = false;
	r = b->sd_bus_call(b->bus, m, CALL_USEC, error, &reply);
	if (r >= 0)
		r = b->sd_bus_message_read_basic(reply, 'o', &job);
	if (r >= 0)
		(void)snprintf(b->job, sizeof(b->job), "%s", job);
	b->sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

static int await_job(struct systemd_bus *b, int timeout_ms)
{
	int64_t deadline = cgroup_deadline(timeout_ms);

	while (!b->done) {
		int left, r = b->sd_bus_process(b->bus, NULL);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		left = cgroup_deadline_left(deadline);
		if (left == 0)
			return -ETIMEDOUT;
		r = b->sd_bus_wait(b->bus, left < 0 ? UINT64_MAX : (uint64_t)left * 1000);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

static int bus_error(int r, const sd_bus_error *error, const char *what, const char *unit,
		     struct err *e)
{
	if (error && error->message)
		return err_set(e, ERR_SYSTEM, -r, "%s '%s': systemd says: %s", what, unit,
			       error->message);
	return err_set(e, ERR_SYSTEM, -r, "%s '%s'", what, unit);
}

static int start_once(struct systemd_bus *b, const char *unit,
		      const struct systemd_properties *properties, pid_t pid, sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int r = new_call(b, "StartTransientUnit", &m);

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', "replace");
	if (r >= 0)
		r = append_properties(b, m, properties, pid);
	if (r >= 0)
		r = b->sd_bus_message_open_container(m, 'a', "(sa(sv))");
	if (r >= 0)
		r = b->sd_bus_message_close_container(m);
	if (r >= 0)
		r = call_for_job(b, m, error);
	b->sd_bus_message_unref(m);
	return r;
}

static int exists(const char *unit, struct err *e)
{
	err_set(e, ERR_STATE, EEXIST, "systemd unit '%s'", unit);
	err_hint(e, "a container needs one of its own: choose another id or linux.cgroupsPath");
	return -EEXIST;
}

int systemd_scope_start(struct systemd_bus *b, const char *unit,
			const struct systemd_properties *properties, pid_t pid, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	bool taken;
	int r = start_once(b, unit, properties, pid, &error);

	taken = r < 0 && b->sd_bus_error_has_name(&error, SERVICE ".UnitExists");
	if (taken && call_simple(b, "ResetFailedUnit", unit) >= 0) {
		b->sd_bus_error_free(&error);
		r = start_once(b, unit, properties, pid, &error);
		taken = r < 0 && b->sd_bus_error_has_name(&error, SERVICE ".UnitExists");
	}
	if (taken)
		r = exists(unit, e);
	else if (r < 0)
		r = bus_error(r, &error, "start the scope", unit, e);
	b->sd_bus_error_free(&error);
	if (r < 0)
		return r;
	r = await_job(b, JOB_MS);
	if (r == 0 && strcmp(b->result, "done") == 0)
		return 0;
	if (r < 0) {
		(void)bus_error(r, NULL, "wait for the scope", unit, e);
	} else {
		err_set(e, ERR_SYSTEM, 0, "start the scope '%s': systemd says: %s", unit,
			b->result);
		r = -EIO;
	}
	(void)systemd_scope_stop(b, unit, 0, NULL); /* it is ours, and of no use */
	return r;
}

int systemd_scope_cgroup(struct systemd_bus *b, const char *unit, struct arena *a, const char **ret,
			 struct err *e)
{
	cleanup_free char *object = NULL, *value = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = b->sd_bus_path_encode(OBJECT "/unit", unit, &object);

	if (r >= 0)
		r = b->sd_bus_get_property_string(b->bus, SERVICE, object, SCOPE, "ControlGroup",
						  &error, &value);
	if (r < 0)
		r = bus_error(r, &error, "find the cgroup of", unit, e);
	else if (value[0] != '/')
		r = err_set(e, ERR_SYSTEM, ESRCH, "the scope '%s' has ended already", unit);
	b->sd_bus_error_free(&error);
	if (r < 0)
		return r;
	*ret = arena_strdup(a, value);
	return *ret ? 0 : err_set(e, ERR_SYSTEM, ENOMEM, "find the cgroup of '%s'", unit);
}

int systemd_scope_set(struct systemd_bus *b, const char *unit,
		      const struct systemd_properties *properties, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = new_call(b, "SetUnitProperties", &m);

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0) /* for as long as it lives: it is nothing that a reboot could bring back */
		r = b->sd_bus_message_append_basic(m, 'b', &(int){ true });
	if (r >= 0)
		r = append_properties(b, m, properties, 0);
	if (r >= 0)
		r = b->sd_bus_call(b->bus, m, CALL_USEC, &error, NULL);
	if (r < 0)
		r = bus_error(r, &error, "change the properties of", unit, e);
	b->sd_bus_error_free(&error);
	b->sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int systemd_scope_stop(struct systemd_bus *b, const char *unit, int timeout_ms, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	bool gone;
	int r = new_call(b, "StopUnit", &m);

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', "replace");
	if (r >= 0)
		r = call_for_job(b, m, &error);
	b->sd_bus_message_unref(m);
	gone = r < 0 && b->sd_bus_error_has_name(&error, SERVICE ".NoSuchUnit");
	if (r < 0 && !gone)
		r = bus_error(r, &error, "stop the scope", unit, e);
	b->sd_bus_error_free(&error);
	if (gone)
		return 0;
	if (r < 0)
		return r;
	r = await_job(b, timeout_ms);
	if (r < 0 && timeout_ms)
		return bus_error(r, NULL, "wait for the end of the scope", unit, e);
	(void)call_simple(b, "ResetFailedUnit", unit); /* it is gone if it has not failed */
	return 0;
}

#endif
