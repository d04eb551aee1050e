/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to a manager, for the two files that speak through one. Functions of libsystemd are called
 * by the pointers in it (b->sd_bus_call), because the library is loaded and not linked. Only where ctr is
 * built with it.
 */
#ifndef CTR_CGROUPS_SYSTEMD_PRIVATE_H
#define CTR_CGROUPS_SYSTEMD_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "cgroups/systemd.h"
#include "util/library.h"

#define SYSTEMD_SERVICE "org.freedesktop.systemd1"
#define SYSTEMD_OBJECT	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_SERVICE ".Manager"

enum {
	SYSTEMD_JOB_PATH_MAX = 256,
	SYSTEMD_RESULT_MAX = 32
};

/* What is used of it. */
#define SYSTEMD_FUNCTIONS(X)                                                                       \
	X(sd_bus_new)                                                                              \
	X(sd_bus_set_address)                                                                      \
	X(sd_bus_set_bus_client)                                                                   \
	X(sd_bus_start)                                                                            \
	X(sd_bus_is_ready)                                                                         \
	X(sd_bus_set_method_call_timeout)                                                          \
	X(sd_bus_close)                                                                            \
	X(sd_bus_unref)                                                                            \
	X(sd_bus_add_match)                                                                        \
	X(sd_bus_process)                                                                          \
	X(sd_bus_wait)                                                                             \
	X(sd_bus_call)                                                                             \
	X(sd_bus_error_free)                                                                       \
	X(sd_bus_error_has_name)                                                                   \
	X(sd_bus_path_encode)                                                                      \
	X(sd_bus_message_new_method_call)                                                          \
	X(sd_bus_message_append_basic)                                                             \
	X(sd_bus_message_open_container)                                                           \
	X(sd_bus_message_close_container)                                                          \
	X(sd_bus_message_enter_container)                                                          \
	X(sd_bus_message_read_basic)                                                               \
	X(sd_bus_message_unref)

/* One connection, the time by which all that is done through it has to end, the job that is waited for. */
struct systemd_bus {
	enum systemd_manager manager;
	sd_bus *bus;
	int64_t deadline;		/* cgroup_deadline() */
	int timeout_ms;			/* what it was made from, for messages */
	char job[SYSTEMD_JOB_PATH_MAX]; /* "" while its path is not known yet */
	bool done;
	char result[SYSTEMD_RESULT_MAX];
	LIBRARY_TABLE(SYSTEMD_FUNCTIONS)
};

/* The time that is left, as sd-bus wants it. -ETIMEDOUT: none. */
int systemd_time_left(const struct systemd_bus *b, uint64_t *ret_usec);

/* sd_bus_call until the deadline. @error and @reply may be NULL. */
int systemd_call(struct systemd_bus *b, sd_bus_message *m, sd_bus_error *error,
		 sd_bus_message **reply);

/* A call of the manager's @method, to be filled. */
int systemd_new_call(struct systemd_bus *b, const char *method, sd_bus_message **ret);

/* Tell that @what about @unit (NULL: nobody in particular) failed with @r, in the manager's words if any. */
int systemd_failed(const struct systemd_bus *b, int r, const sd_bus_error *error, const char *what,
		   const char *unit, struct err *e);

#endif
