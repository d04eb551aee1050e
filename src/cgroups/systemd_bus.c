// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said to a systemd manager: properties, jobs, scopes. */
#include "config.h"

#ifdef HAVE_LIBSYSTEMD

#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/systemd_private.h"
#include "util/cleanup.h"

#define SCOPE SYSTEMD_SERVICE ".Scope"
#define JOB_MATCH                                                                                  \
	"type='signal',path='" SYSTEMD_OBJECT "',interface='" SYSTEMD_MANAGER                      \
	"',member='JobRemoved'"

enum {
	GIVE_UP_MS = 1000 /* for taking back what has failed */
};

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

/* A call with one text, whose answer does not matter. */
static int call_simple(struct systemd_bus *b, const char *method, const char *arg)
{
	sd_bus_message *m = NULL;
	int r = systemd_new_call(b, method, &m);

	if (r >= 0 && arg)
		r = b->sd_bus_message_append_basic(m, 's', arg);
	if (r >= 0)
		r = systemd_call(b, m, NULL, NULL);
	b->sd_bus_message_unref(m);
	return r;
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
	r = systemd_call(b, m, error, &reply);
	if (r >= 0)
		r = b->sd_bus_message_read_basic(reply, 'o', &job);
	if (r >= 0)
		(void)snprintf(b->job, sizeof(b->job), "%s", job);
	b->sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

/* Before a job is asked for: to be told when it ends. */
static int listen_for_jobs(struct systemd_bus *b)
{
	uint64_t left;
	int r = systemd_time_left(b, &left);

	if (r == 0)
		r = b->sd_bus_add_match(b->bus, NULL, JOB_MATCH, job_removed, b);
	return r < 0 ? r : call_simple(b, "Subscribe", NULL);
}

static int await_job(struct systemd_bus *b)
{
	while (!b->done) {
		int r = b->sd_bus_process(b->bus, NULL);
		uint64_t left;

		if (r > 0)
			continue;
		if (r == 0)
			r = systemd_time_left(b, &left);
		if (r == 0)
			r = b->sd_bus_wait(b->bus, left);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

static int start_once(struct systemd_bus *b, const char *unit,
		      const struct systemd_properties *properties, pid_t pid, sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int r = systemd_new_call(b, "StartTransientUnit", &m);

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
	int r = listen_for_jobs(b);

	if (r >= 0)
		r = start_once(b, unit, properties, pid, &error);
	taken = r < 0 && b->sd_bus_error_has_name(&error, SYSTEMD_SERVICE ".UnitExists");
	if (taken && call_simple(b, "ResetFailedUnit", unit) >= 0) {
		b->sd_bus_error_free(&error);
		r = start_once(b, unit, properties, pid, &error);
		taken = r < 0 && b->sd_bus_error_has_name(&error, SYSTEMD_SERVICE ".UnitExists");
	}
	if (taken)
		r = exists(unit, e);
	else if (r < 0)
		r = systemd_failed(b, r, &error, "start the scope", unit, e);
	b->sd_bus_error_free(&error);
	if (r < 0)
		return r;
	r = await_job(b);
	if (r == 0 && strcmp(b->result, "done") == 0)
		return 0;
	if (r < 0) {
		(void)systemd_failed(b, r, NULL, "wait for the scope", unit, e);
	} else {
		err_set(e, ERR_SYSTEM, 0, "start the scope '%s': systemd says: %s", unit,
			b->result);
		r = -EIO;
	}
	b->deadline = cgroup_deadline(GIVE_UP_MS);
	(void)systemd_scope_stop(b, unit, false, NULL); /* it is ours, and of no use */
	return r;
}

/* A property that is a text, in @a. */
static int get_text(struct systemd_bus *b, const char *object, const char *interface,
		    const char *name, struct arena *a, sd_bus_error *error, const char **ret)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const char *text = NULL;
	int r = b->sd_bus_message_new_method_call(b->bus, &m, SYSTEMD_SERVICE, object,
						  "org.freedesktop.DBus.Properties", "Get");

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', interface);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', name);
	if (r >= 0)
		r = systemd_call(b, m, error, &reply);
	if (r >= 0)
		r = b->sd_bus_message_enter_container(reply, 'v', "s");
	if (r >= 0)
		r = b->sd_bus_message_read_basic(reply, 's', &text);
	if (r >= 0 && !(*ret = arena_strdup(a, text)))
		r = -ENOMEM;
	b->sd_bus_message_unref(m);
	b->sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

int systemd_scope_cgroup(struct systemd_bus *b, const char *unit, struct arena *a, const char **ret,
			 struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_free char *object = NULL;
	const char *path = NULL;
	int r = b->sd_bus_path_encode(SYSTEMD_OBJECT "/unit", unit, &object);

	if (r >= 0)
		r = get_text(b, object, SCOPE, "ControlGroup", a, &error, &path);
	if (r < 0)
		r = systemd_failed(b, r, &error, "find the cgroup of", unit, e);
	else if (path[0] != '/')
		r = err_set(e, ERR_SYSTEM, ESRCH, "the scope '%s' has ended already", unit);
	else
		*ret = path;
	b->sd_bus_error_free(&error);
	return r;
}

int systemd_manager_cgroup(struct systemd_bus *b, struct arena *a, const char **ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = get_text(b, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ControlGroup", a, &error, ret);

	if (r < 0)
		r = systemd_failed(b, r, &error, "find the cgroup of the systemd manager", NULL, e);
	b->sd_bus_error_free(&error);
	return r;
}

int systemd_scope_attach(struct systemd_bus *b, const char *unit, const char *below, pid_t pid,
			 struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const uint32_t number = (uint32_t)pid;
	sd_bus_message *m = NULL;
	int r = systemd_new_call(b, "AttachProcessesToUnit", &m);

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', below);
	if (r >= 0)
		r = b->sd_bus_message_open_container(m, 'a', "u");
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 'u', &number);
	if (r >= 0)
		r = b->sd_bus_message_close_container(m);
	if (r >= 0)
		r = systemd_call(b, m, &error, NULL);
	if (r < 0)
		r = systemd_failed(b, r, &error, "move a process into the scope", unit, e);
	b->sd_bus_error_free(&error);
	b->sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int systemd_scope_set(struct systemd_bus *b, const char *unit,
		      const struct systemd_properties *properties, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = systemd_new_call(b, "SetUnitProperties", &m);

	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0) /* for as long as it lives: it is nothing that a reboot could bring back */
		r = b->sd_bus_message_append_basic(m, 'b', &(int){ true });
	if (r >= 0)
		r = append_properties(b, m, properties, 0);
	if (r >= 0)
		r = systemd_call(b, m, &error, NULL);
	if (r < 0)
		r = systemd_failed(b, r, &error, "change the properties of", unit, e);
	b->sd_bus_error_free(&error);
	b->sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int systemd_scope_stop(struct systemd_bus *b, const char *unit, bool wait, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	bool gone;
	int r = wait ? listen_for_jobs(b) : 0;

	if (r >= 0)
		r = systemd_new_call(b, "StopUnit", &m);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', unit);
	if (r >= 0)
		r = b->sd_bus_message_append_basic(m, 's', "replace");
	if (r >= 0)
		r = call_for_job(b, m, &error);
	b->sd_bus_message_unref(m);
	gone = r < 0 && b->sd_bus_error_has_name(&error, SYSTEMD_SERVICE ".NoSuchUnit");
	if (r < 0 && !gone)
		r = systemd_failed(b, r, &error, "stop the scope", unit, e);
	b->sd_bus_error_free(&error);
	if (gone)
		return 0;
	if (r < 0 || !wait)
		return r;
	r = await_job(b);
	if (r < 0)
		return systemd_failed(b, r, NULL, "wait for the end of the scope", unit, e);
	(void)call_simple(b, "ResetFailedUnit", unit); /* it is gone if it has not failed */
	return 0;
}

#endif
