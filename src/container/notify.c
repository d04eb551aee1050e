// SPDX-License-Identifier: GPL-2.0-or-later
/* See notify.h. */
#include "container/notify.h"

#include <errno.h>

#include "container/unixsock.h"
#include "oci/annotations.h"
#include "util/cleanup.h"

/* One that exec starts comes into a container that stands: it has a process of its own. */
static enum container_status status_of(const struct container *c)
{
	if (!c->record.init.pid || c->record.init.pid == c->init.pid)
		return STATUS_CREATING;
	return c->record.phase == PHASE_RUNNING ? STATUS_RUNNING : STATUS_CREATED;
}

static int state_text(const struct container *c, char **ret, size_t *ret_len)
{
	const char *metadata = c->spec->linux_.seccomp.listener_metadata;
	struct json_out o;
	int r = json_out_init(&o, false);

	if (r < 0)
		return r;
	json_out_object(&o);
	json_out_member_string(&o, "ociVersion", OCI_SPEC_VERSION);
	json_out_member_array(&o, "fds");
	json_out_string(&o, "seccompFd");
	json_out_end_array(&o);
	json_out_member_int(&o, "pid", c->init.pid);
	if (metadata)
		json_out_member_string(&o, "metadata", metadata);
	json_out_member_object(&o, "state");
	container_oci_members(&o, &c->record, status_of(c));
	json_out_end_object(&o);
	json_out_end_object(&o);
	r = json_out_finish(&o, ret, ret_len);
	json_out_free(&o);
	return r;
}

int notify_send(const struct container *c, int fd, struct err *e)
{
	const char *pointer, *path = oci_seccomp_listener(c->spec, &pointer);
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	if (!path)
		return err_set(e, ERR_CONFIG, EINVAL,
			       "a seccomp notify descriptor without a listener");
	r = state_text(c, &text, &len);
	if (r == 0)
		r = unixsock_send_fd(path, text, len, fd);
	if (r == 0)
		return 0;
	err_set(e, ERR_CONFIG, -r, "send the seccomp notify descriptor to '%s'", path);
	err_origin(e, "config.json %s", pointer);
	err_hint(e, "the agent must listen there before the container starts");
	return r;
}
