// SPDX-License-Identifier: GPL-2.0-or-later
/* See replicate.h: what is remembered on the host that runs the container. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/replicate_internal.h"
#include "checkpoint/standby_internal.h"
#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/num.h"
#include "util/there.h"

#define FENCED "fenced.json"

static int make_dir(int at, const char *name)
{
	int fd = standby_subdir(at, name);

	if (fd != -ENOENT)
		return fd;
	if ((mkdirat(at, name, 0700) < 0 && errno != EEXIST) || fsync(at) < 0)
		return -errno;
	return standby_subdir(at, name);
}

/* Of the directory of @id; what lives in @a. -ENOENT: there is none. */
static int read_state(int dir, struct arena *a, struct replicate_status *ret,
		      const char **ret_instance, struct err *e)
{
	const struct json_node *o;
	int r = standby_json_read(dir, STANDBY_STATE, a, &o, e);

	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX, &ret->epoch, e);
	if (r == 0)
		r = wire_uint(o, "generation", INT64_MAX, &ret->generation, e);
	if (r == 0)
		r = wire_string(o, "instance", WIRE_NONCE - 1, false, ret_instance, e);
	if (r == 0)
		r = wire_string(o, "destination", 4096, true, &ret->destination, e);
	if (r == 0)
		r = wire_string(o, "updated", 64, true, &ret->updated, e);
	return r;
}

int replicate_epoch(int data, const char *id, uint64_t *ret, struct err *e)
{
	struct standby s = STANDBY_EMPTY;
	struct replicate_status status = { 0 };
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	struct err none = ERR_INIT;
	int r = replicate_look(data, id, &a, &status, &none);

	if (r < 0 && r != -ENOENT) {
		*e = none;
		return r;
	}
	*ret = status.epoch ? status.epoch : 1;
	r = standby_open(data, id, false, &s, &none);
	if (r < 0 && r != -ENOENT)
		*e = none;
	if (r == 0 && s.state.active && s.state.epoch > *ret)
		*ret = s.state.epoch;
	standby_close(&s);
	return r == -ENOENT ? 0 : r;
}

int replicate_open(struct replication *x, struct err *e)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	cleanup_fd int root = make_dir(x->rq->data, REPLICATE_DIR);
	struct replicate_status status = { 0 };
	const char *instance = "";
	int r;

	x->dir = root < 0 ? root : make_dir(root, x->rq->id);
	if (x->dir < 0)
		return err_set(e, ERR_SYSTEM, -x->dir, "make a directory for generations");
	if (flock(x->dir, LOCK_EX | LOCK_NB) < 0) {
		err_set(e, ERR_STATE, EBUSY, "container '%s' is replicated already", x->rq->id);
		return -EBUSY;
	}
	r = replicate_epoch(x->rq->data, x->rq->id, &x->epoch, e);
	if (r == 0)
		r = read_state(x->dir, &a, &status, &instance, e);
	if (r == -EBADMSG || r == -ENOENT || (r == 0 && status.epoch != x->epoch)) {
		if (e)
			*e = (struct err){ .problems = e->problems };
		return replicate_start_over(x,
					    e); /* of another time, or damaged: all is sent again */
	}
	if (r < 0)
		return r;
	x->acked = x->last = status.generation;
	(void)snprintf(x->instance, sizeof(x->instance), "%s", instance);
	replicate_clean(x); /* memory is written whole: nobody knows who looked at it meanwhile */
	return 0;
}

int replicate_save(const struct replication *x, struct err *e)
{
	char now[TIMESTAMP_SIZE];
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "remember what was sent");
	timestamp_seconds(now);
	json_out_object(&o);
	json_out_member_int(&o, "version", 1);
	json_out_member_uint(&o, "epoch", x->epoch);
	json_out_member_string(&o, "instance", x->instance);
	json_out_member_uint(&o, "generation", x->acked);
	json_out_member_string(&o, "destination", x->rq->to->name);
	json_out_member_string(&o, "updated", now);
	return standby_json_write(x->dir, STANDBY_STATE, &o, e);
}

int replicate_start_over(struct replication *x, struct err *e)
{
	int r = wire_nonce(x->instance, e);

	x->acked = x->memory = 0;
	x->pending = x->indexed = false;
	if (r == 0 && unlinkat(x->dir, REPLICATE_INDEX, 0) < 0 && errno != ENOENT)
		r = err_set(e, ERR_SYSTEM, errno, "forget what was sent");
	/* of an earlier epoch: should it hold now, the other host says so again */
	(void)unlinkat(x->dir, FENCED, 0);
	if (r == 0 && x->root)
		r = rootsync_source_reset(x->root, e);
	if (r == 0)
		r = replicate_save(x, e);
	replicate_clean(x);
	return r;
}

static int is_generation(const struct dirent *d)
{
	return d->d_name[0] >= '1' && d->d_name[0] <= '9';
}

void replicate_clean(const struct replication *x)
{
	struct dirent **names = NULL;
	int n = scandirat(x->dir, ".", &names, is_generation, NULL);

	for (int i = 0; i < n; i++) {
		uint64_t number = strtoull(names[i]->d_name, NULL, 10);

		/* what cannot be removed now is tried again with the next generation */
		if (number != x->memory && (!x->pending || number != x->made.round.generation))
			(void)tree_remove(x->dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

int replicate_open_images(const struct replication *x, uint64_t number, int *ret, struct err *e)
{
	char name[24];
	int fd;

	standby_number(number, name);
	fd = standby_subdir(x->dir, name);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "open the images of generation %s", name);
	*ret = fd;
	return 0;
}

int replicate_images(const struct replication *x, uint64_t number, int *ret_images, int *ret_work,
		     struct err *e)
{
	cleanup_fd int images = -EBADF, work = make_dir(x->dir, "work");
	char name[24];
	int r;

	standby_number(number, name);
	r = tree_remove(x->dir, name);
	if (work < 0 || r < 0 || mkdirat(x->dir, name, 0700) < 0)
		return err_set(e, ERR_SYSTEM,
			       work < 0 ? -work
			       : r < 0	? -r
					: errno,
			       "make a place for generation %s", name);
	r = replicate_open_images(x, number, &images, e);
	if (r < 0)
		return r;
	*ret_images = take_fd(&images);
	*ret_work = take_fd(&work);
	return 0;
}

void replicate_unlink_parent(const struct replication *x, uint64_t number)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "%llu/parent", (unsigned long long)number);
	(void)unlinkat(x->dir, path, 0); /* a first one has none */
}

int replicate_delta(const struct replication *x, uint64_t number, int flags, int *ret,
		    struct err *e)
{
	char name[40];
	int fd;

	(void)snprintf(name, sizeof(name), "%llu." STANDBY_DELTA, (unsigned long long)number);
	fd = openat(x->dir, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, errno, "open the files of generation %llu",
			       (unsigned long long)number);
	*ret = fd;
	return 0;
}

int replicate_note_fenced(const struct replication *x, uint64_t epoch, struct err *e)
{
	char now[TIMESTAMP_SIZE];
	struct json_out o;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "note that it is fenced");
	timestamp_seconds(now);
	json_out_object(&o);
	json_out_member_uint(&o, "epoch", epoch);
	json_out_member_string(&o, "by", x->rq->to->name);
	json_out_member_string(&o, "since", now);
	return standby_json_write(x->dir, FENCED, &o, e);
}

/* ---- for others ---- */

static int open_existing(int data, const char *id, struct err *e)
{
	cleanup_fd int root = standby_subdir(data, REPLICATE_DIR);
	int fd;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	fd = root < 0 ? root : standby_subdir(root, id);
	if (fd == -ENOENT)
		err_set(e, ERR_STATE, 0, "container '%s' was never replicated from here", id);
	else if (fd < 0)
		err_set(e, ERR_SYSTEM, -fd, "open what is known of '%s'", id);
	return fd;
}

int replicate_look(int data, const char *id, struct arena *a, struct replicate_status *ret,
		   struct err *e)
{
	cleanup_fd int dir = open_existing(data, id, e);
	struct replicate_status s = { 0 };
	const char *instance;
	int r = dir < 0 ? dir : read_state(dir, a, &s, &instance, e);

	if (r < 0)
		return r;
	s.running = flock(dir, LOCK_SH | LOCK_NB) < 0;
	r = is_there(dir, FENCED);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "find out whether '%s' was taken over", id);
	s.fenced = r;
	*ret = s;
	return 0;
}

int replicate_forget(int data, const char *id, struct err *e)
{
	cleanup_fd int dir = open_existing(data, id, e), root = -EBADF;
	int r = dir < 0 ? dir : 0;

	if (r < 0)
		return r;
	if (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		err_set(e, ERR_STATE, EBUSY, "container '%s' is being replicated", id);
		return -EBUSY;
	}
	root = standby_subdir(data, REPLICATE_DIR);
	r = root < 0 ? root : tree_remove(root, id);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "forget the replication of '%s'", id) : 0;
}
