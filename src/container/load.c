// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything about a new container that needs no effect on the system: bundle -> spec -> plan. */
#include "container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>

#include "container/compile.h"
#include "container/overlay.h"
#include "container/network.h"
#include "container/sdnotify.h"
#include "container/store.h"
#include "container/userns.h"
#include "oci/annotations.h"
#include "oci/json.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/timestamp.h"
#include "util/trace.h"
#include "util/whole.h"

#define CONFIG_FILE "config.json"

struct container *container_new(void)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->store = c->dir = c->bundle = c->cgroup_root = -EBADF;
	c->interrupt = c->listener = c->console = -EBADF;
	c->notify_tree = c->notify = -EBADF;
	c->joined_network = -EBADF;
	c->resctrl_root = -EBADF;
	c->cgroup = (struct cgroup)CGROUP_EMPTY;
	c->init = (struct spawned)SPAWNED_EMPTY;
	c->overlay.data = c->overlay.mount = -EBADF;
	c->net = (struct net_devices)NET_DEVICES_EMPTY;
	return c;
}

void container_free(struct container *c)
{
	if (!c)
		return;
	plan_free(c->plan);
	security_filter_free(&c->filter);
	oci_spec_free(c->spec);
	free(c->config);
	cgroup_close(&c->cgroup);
	close_fd(&c->dir);
	close_fd(&c->bundle);
	close_fd(&c->cgroup_root);
	close_fd(&c->resctrl_root);
	close_fd(&c->listener);
	close_fd(&c->notify_tree);
	close_fd(&c->notify);
	close_fd(&c->init.pidfd);
	close_fd(&c->init.sync);
	close_fd(&c->console);
	close_fd(&c->joined_network);
	net_devices_close(&c->net);
	container_overlay_close(c);
	arena_free(&c->arena);
	free(c);
}

int container_read_config(struct container *c, const char *bundle, const char *config,
			  struct err *e)
{
	cleanup_fd int fd = -EBADF;
	int r;

	c->bundle = open(bundle, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (c->bundle < 0)
		return err_set(e, ERR_USAGE, errno, "open the bundle '%s'", bundle);
	fd = openat(config ? AT_FDCWD : c->bundle, config ? config : CONFIG_FILE,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	r = fd < 0 ? -errno : io_read_file(fd, JSON_TEXT_MAX, &c->config, &c->config_size);
	if (r < 0) {
		err_set(e, ERR_CONFIG, -r, "read '%s%s%s'", config ? "" : bundle, config ? "" : "/",
			config ? config : CONFIG_FILE);
		if (r == -ENOENT && !config)
			err_hint(e, "a bundle has a config.json: write one with: ctr spec -b %s",
				 bundle);
		return r;
	}
	return oci_spec_decode(c->config, c->config_size, &c->spec, e);
}

/* A plan for nobody in particular: an ordinary user is whoever a map of one id names. */
static void imagine_caller(struct container *c)
{
	const oci_id_maps *uid = &c->spec->linux_.uid_mappings,
			  *gid = &c->spec->linux_.gid_mappings;

	if (!c->explain || c->caller.maps_ids)
		return;
	c->caller.uid = uid->count == 1 ? uid->items[0].host_id : 0;
	c->caller.gid = gid->count == 1 ? gid->items[0].host_id : 0;
}

/* Every namespace but that of users needs CAP_SYS_ADMIN, and in a new one of these everybody has it. */
static int check_privileges(const struct container *c, struct err *e)
{
	if (c->caller.capabilities >> CAP_SYS_ADMIN & 1 || oci_spec_namespace(c->spec, OCI_NS_USER))
		return 0;
	err_set(e, ERR_USAGE, EPERM,
		"a container without a user namespace needs root's privileges");
	err_origin(e, "config.json /linux/namespaces");
	err_hint(e, "run as root, or use a config for yourself: ctr spec --rootless");
	return -EPERM;
}

static int fill_record(struct container *c, const struct container_request *rq, struct err *e)
{
	struct container_record *r = &c->record;
	char bundle[PATH_MAX], created[TIMESTAMP_SIZE];
	const char *root = c->spec->root.path;
	int found = io_fd_path(c->bundle, bundle, sizeof(bundle));

	if (found < 0)
		return err_set(e, ERR_USAGE, -found, "open the bundle '%s'", rq->bundle);
	timestamp_nanoseconds(created);
	r->id = arena_strdup(&c->arena, rq->id);
	r->bundle = arena_strdup(&c->arena, bundle);
	r->created = arena_strdup(&c->arena, created);
	r->rootfs = root[0] == '/' ? arena_strdup(&c->arena, root)
				   : arena_printf(&c->arena, "%s/%s", bundle, root);
	r->owner = geteuid();
	r->creator = c->caller;
	r->annotations = c->spec->annotations;
	r->phase = PHASE_CREATING;
	r->no_poststop = !c->spec->hooks[OCI_HOOK_POSTSTOP].count;
	if (!r->id || !r->bundle || !r->created || !r->rootfs)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember the container");
	return 0;
}

int container_check_process_set(const struct oci_spec *spec, struct err *e)
{
	if (spec->process.set)
		return 0;
	err_set(e, ERR_UNSUPPORTED, 0, "process is missing");
	err_origin(e, "config.json /process");
	return err_keep(e, -EINVAL);
}

int container_load(struct container *c, const struct container_request *rq, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "read and check the configuration");
	int r = container_id_check(rq->id, e);

	if (r < 0)
		return r;
	c->store = rq->store;
	c->interrupt = rq->interrupt;
	c->keep_fds = rq->keep_fds;
	c->no_pivot = rq->no_pivot;
	c->extra_env = rq->extra_env;
	c->extra_env_len = rq->extra_env_len;
	c->explain = rq->explain;
	c->caller = *rq->caller;
	c->no_keyring = c->record.no_keyring = rq->no_keyring;
	c->record.merge_memory = rq->merge_memory;
	r = container_read_config(c, rq->bundle, rq->config, e);
	if (r < 0)
		return r;
	if (c->spec->linux_.net_devices.count) {
		r = whole_needed(e);
		if (r < 0)
			return r;
	}
	imagine_caller(c);
	r = network_load(c, rq->network, rq->data, e);
	if (r == 0)
		r = oci_spec_validate(c->spec, e);
	if (r == 0)
		r = check_privileges(c, e);
	if (r == 0)
		r = container_check_process_set(c->spec, e);
	if (r == 0 && !rq->explain)
		r = userns_find_maps(c->spec, 0, e);
	if (r == 0)
		r = fill_record(c, rq, e);
	if (r == 0)
		r = container_overlay_note(c, &rq->overlay, e);
	if (r == 0)
		r = network_mount_files(c, e);
	if (r == 0)
		r = cgroup_emit(c->spec, rq->id, &c->arena, &c->cgroup_plan, e);
	if (r == 0)
		r = cgroup_emit_scope(c->spec, rq->id, rq->driver, &c->arena, &c->cgroup_plan, e);
	if (r == 0 && oci_annotation_flag(c->spec, OCI_ANNOTATION_SECCOMP_STRICT))
		r = security_filter_check_names(&c->spec->linux_.seccomp, e);
	if (r == 0)
		r = resctrl_emit(c->spec, rq->id, &c->arena, &c->resctrl, e);
	if (r == 0)
		r = security_filter_load(&c->spec->linux_.seccomp, rq->store, &c->filter, e);
	if (r < 0)
		return r;
	c->record.cgroup_driver = rq->driver;
	c->record.cgroup_path = rq->driver == CGROUP_DRIVER_NONE ? NULL : c->cgroup_plan.path;
	return 0;
}

/* The directory of the socket as the host knows it; NULL when that cannot be told. */
static const char *notify_path(struct container *c)
{
	char link[64], dir[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dir);
	n = readlink(link, dir, sizeof(dir));
	return n > 0 && n < (ssize_t)sizeof(dir)
		       ? arena_printf(&c->arena, "%.*s/" SDNOTIFY_DIR, (int)n, dir)
		       : NULL;
}

/* What the plan depends on besides the config; @mount is where the cgroup tree's path is put. */
static int surroundings(struct container *c, struct compile_input *in, char *mount, size_t size,
			struct err *e)
{
	char link[64];
	ssize_t n;

	in->caller = &c->caller;
	in->ip6 = c->explain || faccessat(AT_FDCWD, "/proc/sys/net/ipv6", F_OK, 0) == 0;
	/* without one of its own, it stays in that of whoever calls */
	in->cgroup_path =
		c->record.cgroup_path ? c->record.cgroup_path : cgroup_own_path(&c->arena);
	if (c->explain) {
		in->cgroup_mount = "/sys/fs/cgroup";
		in->lsms = SECURITY_LSM_ALL;
		return 0;
	}
	if (c->notify_tree >= 0 && !c->caller.copies_mounts) {
		in->notify_path = notify_path(c);
		if (!in->notify_path)
			return err_set(e, ERR_SYSTEM, ENOMEM, "find the socket for NOTIFY_SOCKET");
	}
	/* where the cgroup tree is mounted matters only for a container without a cgroup namespace */
	if (!oci_spec_namespace(c->spec, OCI_NS_CGROUP) && c->cgroup_root >= 0) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", c->cgroup_root);
		n = readlink(link, mount, size - 1);
		if (n > 0) {
			mount[n] = '\0';
			in->cgroup_mount = mount;
		}
	}
	in->lsms = security_lsms_probe(&c->spec->process, c->spec->linux_.mount_label);
	return 0;
}

int container_plan(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "make the plan");
	struct compile_input in = {
		.spec = c->spec,
		.record = &c->record,
		.filter = &c->filter,
		.keep_fds = c->keep_fds,
		.no_keyring = c->no_keyring,
		.merge_memory = c->record.merge_memory,
		.no_pivot = c->no_pivot,
		.extra_env = c->extra_env,
		.extra_env_len = c->extra_env_len,
		.listener = c->listener,
		.notify = c->notify_tree,
	};
	struct rootfs_overlay overlay;
	char mount[PATH_MAX];
	int r = surroundings(c, &in, mount, sizeof(mount), e);

	if (r < 0)
		return r;
	if (c->record.overlay.used) {
		container_overlay_describe(c, &overlay);
		in.overlay = &overlay;
	}
	return container_compile(&in, &c->plan, e);
}

int container_reload(struct container *c, struct err *e)
{
	TRACE_PHASE(TRACE_CTR, "read the configuration again");
	cleanup_fd int fd = openat(c->dir, CONFIG_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : io_read_file(fd, JSON_TEXT_MAX, &c->config, &c->config_size);

	if (r < 0)
		return err_set(e, ERR_STATE, -r, "read the container's copy of config.json");
	c->no_keyring = c->record.no_keyring;
	r = oci_spec_decode(c->config, c->config_size, &c->spec, e);
	if (r == 0)
		r = network_apply_again(c, e);
	/* the bundle may be gone by now; only hooks would miss it */
	if (r == 0)
		c->bundle = open(c->record.bundle, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return r;
}
