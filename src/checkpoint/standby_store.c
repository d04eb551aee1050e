// SPDX-License-Identifier: GPL-2.0-or-later
/* See standby.h: the directory of a container, its state, and what is in it. */
#include "checkpoint/standby.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/standby_internal.h"
#include "rootfs/treeremove.h"
#include "rootfs/treewalk.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/num.h"
#include "util/there.h"

enum {
	LOCK_WAIT_MS = 10000,
	LOCK_STEP_MS = 5,
	FILE_MAX = 16 << 20,
};

/* The state before somebody tried to take over. */
#define BEFORE "state.before.json"

#define BELOW (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int standby_subdir(int dir, const char *name)
{
	return kernel_openat2(dir, name, O_RDONLY | O_DIRECTORY, 0, BELOW);
}

/* ---- JSON files ---- */

int standby_json_read(int dir, const char *name, struct arena *a, const struct json_node **ret,
		      struct err *e)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_set(e, ERR_SYSTEM, errno, "open '%s'", name);
	r = io_read_file(fd, FILE_MAX, &text, &size);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "read '%s'", name);
	r = json_parse(a, text, size, name, ret, e);
	return r < 0 ? -EBADMSG : 0;
}

int standby_json_write(int dir, const char *name, struct json_out *o, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	json_out_end_object(o);
	r = json_out_finish(o, &text, &size);
	json_out_free(o);
	if (r == 0)
		r = io_replace_file_durable(dir, name, 0600, text, size);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "write '%s'", name) : 0;
}

static int begin_json(struct json_out *o, struct err *e)
{
	if (json_out_init(o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "write what is known of a standby");
	json_out_object(o);
	json_out_member_int(o, "version", 1);
	return 0;
}

/* ---- the directory ---- */

static int make_dir(int at, const char *name, bool create)
{
	int fd = standby_subdir(at, name);

	if (fd != -ENOENT || !create)
		return fd;
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (fsync(at) < 0)
		return -errno;
	return standby_subdir(at, name);
}

static int read_state(struct standby *s, struct err *e)
{
	struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	struct standby_state state = { 0 };
	int r = standby_json_read(s->dir, STANDBY_STATE, &a, &o, e);

	if (r == 0)
		r = wire_uint(o, "epoch", INT64_MAX, &state.epoch, e);
	if (r == 0)
		r = wire_uint(o, "generation", INT64_MAX, &state.generation, e);
	if (r == 0) {
		state.active = wire_bool(o, "active");
		state.started = wire_bool(o, "started");
	}
	arena_free(&a);
	if (r < 0 && r != -ENOENT) {
		(void)err_wrap(e, "standby of '%s'", s->id);
		return r;
	}
	s->state = state;
	return 0;
}

int standby_open(int data, const char *id, bool create, struct standby *ret, struct err *e)
{
	struct standby s = STANDBY_EMPTY;
	cleanup_fd int root = -EBADF;
	int r;

	if (!id_is_valid(id))
		return err_set(e, ERR_USAGE, 0, "invalid container id '%s'", id);
	root = make_dir(data, STANDBY_DIR, create);
	s.dir = root < 0 ? root : make_dir(root, id, create);
	if (s.dir == -ENOENT) {
		err_set(e, ERR_STATE, 0, "there is no standby of container '%s' here", id);
		err_hint(e, "ctr replicate on the host that runs it makes one");
		return -ENOENT;
	}
	if (s.dir < 0)
		return err_set(e, ERR_SYSTEM, -s.dir, "open the standby of '%s'", id);
	s.data = data;
	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	r = read_state(&s, e);
	if (r < 0) {
		close_fd(&s.dir);
		return r;
	}
	*ret = s;
	return 0;
}

void standby_close(struct standby *s)
{
	close_fd(&s->dir);
}

void standby_forget(const struct standby *s)
{
	cleanup_fd int root = make_dir(s->data, STANDBY_DIR, false);

	if (root >= 0)
		(void)unlinkat(root, s->id, AT_REMOVEDIR); /* only if there is nothing in it */
}

int standby_lock(struct standby *s, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };

	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		if (flock(s->dir, LOCK_EX | LOCK_NB) == 0)
			return read_state(s, e);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "lock the standby of '%s'", s->id);
		(void)nanosleep(&step, NULL);
	}
	err_set(e, ERR_STATE, EBUSY, "another command works on the standby of '%s'", s->id);
	return -EBUSY;
}

void standby_unlock(struct standby *s)
{
	(void)flock(s->dir, LOCK_UN); /* an unlock of what we hold does not fail */
}

static int write_state(const struct standby *s, const char *name, const struct standby_state *state,
		       struct err *e)
{
	struct json_out o;
	int r = begin_json(&o, e);

	if (r < 0)
		return r;
	json_out_member_uint(&o, "epoch", state->epoch);
	json_out_member_bool(&o, "active", state->active);
	json_out_member_bool(&o, "started", state->started);
	json_out_member_uint(&o, "generation", state->generation);
	return standby_json_write(s->dir, name, &o, e);
}

int standby_set(struct standby *s, const struct standby_state *state, struct err *e)
{
	int r = write_state(s, STANDBY_STATE, state, e);

	if (r == 0)
		s->state = *state;
	return r;
}

void standby_keep(const struct standby *s)
{
	(void)unlinkat(s->dir, BEFORE, 0); /* the next one writes over it */
}

int standby_try(struct standby *s, const struct standby_state *state, struct err *e)
{
	int r = write_state(s, BEFORE, &s->state, e);

	if (r < 0)
		return r;
	r = standby_set(s, state, e);
	if (r < 0)
		standby_keep(s);
	return r;
}

void standby_take_back(const struct standby *s)
{
	if (renameat(s->dir, BEFORE, s->dir, STANDBY_STATE) == 0)
		(void)fsync(s->dir); /* should it not be there, this host says that it took over */
}

/* ---- the base ---- */

int standby_base_read(const struct standby *s, struct standby_base *ret, struct err *e)
{
	struct arena a = { .cap = 1 << 20 };
	struct standby_base b = { 0 };
	const struct json_node *o;
	const char *dir = NULL;
	int r = standby_json_read(s->dir, "base.json", &a, &o, e);

	if (r == 0)
		r = wire_uint(o, "generation", INT64_MAX, &b.generation, e);
	if (r == 0)
		r = wire_uint(o, "folding", INT64_MAX, &b.folding, e);
	if (r == 0)
		r = wire_string(o, "dir", sizeof(b.dir) - 1, false, &dir, e);
	if (r == 0)
		(void)snprintf(b.dir, sizeof(b.dir), "%s", dir);
	arena_free(&a);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = b;
	return 0;
}

int standby_base_write(const struct standby *s, const struct standby_base *b, struct err *e)
{
	struct json_out o;
	int r = begin_json(&o, e);

	if (r < 0)
		return r;
	json_out_member_uint(&o, "generation", b->generation);
	json_out_member_uint(&o, "folding", b->folding);
	json_out_member_string(&o, "dir", b->dir);
	return standby_json_write(s->dir, "base.json", &o, e);
}

/* ---- generations ---- */

static int is_number(const struct dirent *d)
{
	return d->d_name[0] >= '1' && d->d_name[0] <= '9' && strlen(d->d_name) < 19 &&
	       strspn(d->d_name, "0123456789") == strlen(d->d_name);
}

int standby_generation_open(const struct standby *s, uint64_t number, int *ret, struct err *e)
{
	char name[24];
	int fd;

	standby_number(number, name);
	fd = standby_subdir(s->dir, name);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "open generation %s of '%s'", name, s->id);
	*ret = fd;
	return 0;
}

static int read_manifest(int dir, struct arena *a, struct standby_generation *g, struct err *e)
{
	const struct json_node *o;
	int r = standby_json_read(dir, "manifest.json", a, &o, e);

	if (r == 0)
		r = wire_uint(o, "generation", INT64_MAX, &g->number, e);
	if (r == 0)
		r = wire_uint(o, "parent", INT64_MAX, &g->parent, e);
	if (r == 0)
		r = wire_string(o, "instance", WIRE_NONCE - 1, false, &g->instance, e);
	if (r == 0)
		r = wire_string(o, "created", 64, false, &g->created, e);
	if (r == 0)
		r = wire_string(o, "bundle", 4096, false, &g->bundle, e);
	if (r == 0)
		r = wire_uint(o, "memoryBytes", INT64_MAX, &g->memory_bytes, e);
	if (r == 0)
		r = wire_uint(o, "fileBytes", INT64_MAX, &g->file_bytes, e);
	if (r == 0)
		r = wire_uint(o, "holdMicroseconds", INT64_MAX, &g->hold_us, e);
	if (r == 0)
		r = wire_string(o, "delta", DIGEST_TEXT, true, &g->delta, e);
	if (r == 0)
		r = wire_string(o, "config", DIGEST_TEXT, false, &g->config, e);
	if (r == 0)
		r = wire_string(o, "proposal", DIGEST_TEXT, false, &g->proposal, e);
	g->files = g->delta != NULL;
	return r;
}

static const struct standby_generation *find(const struct standby_list *l, uint64_t number)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].number == number)
			return &l->items[i];
	return NULL;
}

/* Memory: does it have images below it? That link went when the images were made whole. If that cannot be known, it has. */
static bool has_parent_images(const struct standby *s, uint64_t number)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%llu/" STANDBY_MEMORY "/" STANDBY_IMAGES "/parent",
		       (unsigned long long)number);
	return is_there(s->dir, path) != 0;
}

/* Can its files be made? What comes before it was judged already. */
static bool files_are_there(const struct standby_base *base, const struct standby_generation *g,
			    const struct standby_generation *parent)
{
	if (!g->files || !g->parent)
		return true;
	if (base->folding)
		return base->folding == g->number || (parent && parent->files_there);
	return base->generation == g->number || base->generation == g->parent ||
	       (parent && parent->files_there);
}

static void judge(const struct standby *s, const struct standby_list *l,
		  const struct standby_base *base, struct standby_generation *g)
{
	const struct standby_generation *parent = g->parent ? find(l, g->parent) : NULL;

	if (parent && strcmp(parent->instance, g->instance) != 0)
		parent = NULL;
	g->files_there = files_are_there(base, g, parent);
	g->memory_there = !has_parent_images(s, g->number) || (parent && parent->memory_there);
	g->usable = g->files_there && g->memory_there;
}

static int by_number(const void *a, const void *b)
{
	const struct standby_generation *l = a, *r = b;

	return l->number < r->number ? -1 : l->number > r->number;
}

/* One without a manifest that can be read is none. */
static void add_generation(const struct standby *s, const char *name, struct arena *a,
			   struct standby_list *l)
{
	struct standby_generation g = { 0 };
	cleanup_fd int dir = standby_subdir(s->dir, name);
	int64_t number;

	if (dir < 0 || read_manifest(dir, a, &g, NULL) < 0)
		return;
	if (num_parse_i64(name, &number) < 0 || (uint64_t)number != g.number)
		return;
	l->items[l->count++] = g;
}

int standby_look(const struct standby *s, struct arena *a, struct standby_list *ret, struct err *e)
{
	struct standby_list l = { 0 };
	struct standby_base base;
	struct dirent **names = NULL;
	int r = standby_base_read(s, &base, e);
	int n = r < 0 ? r : scandirat(s->dir, ".", &names, is_number, NULL);

	if (r < 0)
		return r;
	if (n < 0)
		return err_set(e, ERR_SYSTEM, errno, "read the standby of '%s'", s->id);
	l.items = arena_array(a, (size_t)n + 1, sizeof(*l.items));
	for (int i = 0; i < n; i++) {
		if (l.items)
			add_generation(s, names[i]->d_name, a, &l);
		free(names[i]);
	}
	free(names);
	if (!l.items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the standby of '%s'", s->id);
	qsort(l.items, l.count, sizeof(*l.items), by_number);
	for (size_t i = 0; i < l.count; i++)
		judge(s, &l, &base, &l.items[i]);
	*ret = l;
	return 0;
}

const struct standby_generation *standby_newest(const struct standby_list *l)
{
	for (size_t i = l->count; i-- > 0;)
		if (l->items[i].usable)
			return &l->items[i];
	return NULL;
}

/* ---- all of them ---- */

static int is_id(const struct dirent *d)
{
	return id_is_valid(d->d_name);
}

int standby_each(int data, int (*fn)(const char *id, void *context), void *context, struct err *e)
{
	cleanup_fd int root = standby_subdir(data, STANDBY_DIR);
	struct dirent **names = NULL;
	int r = 0, n = root == -ENOENT ? 0
		       : root < 0      ? root
				       : scandirat(root, ".", &names, is_id, alphasort);

	if (n < 0)
		return err_set(e, ERR_SYSTEM, root < 0 ? -root : errno, "read the standbys");
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = fn(names[i]->d_name, context);
		free(names[i]);
	}
	free(names);
	return r;
}

int standby_size(const struct standby *s, uint64_t *ret, struct err *e)
{
	struct treewalk w = { .live = true };
	struct treewalk_entry at;
	uint64_t blocks = 0;
	int step = 0, r = treewalk_begin(&w, s->dir);

	while (r == 0 && (step = treewalk_next(&w, &at)) != TREEWALK_END) {
		if (step < 0)
			r = step;
		if (step != TREEWALK_ENTRY)
			continue;
		/* pages that two generations share have two names */
		blocks += S_ISREG(at.st.st_mode) && at.st.st_nlink > 1
				  ? (uint64_t)at.st.st_blocks / at.st.st_nlink
				  : (uint64_t)at.st.st_blocks;
		if (S_ISDIR(at.st.st_mode))
			r = treewalk_enter(&w, at.name);
		if (r == -ENOENT)
			r = 0;
	}
	treewalk_end(&w);
	if (r < 0 && r != -ESTALE)
		return err_set(e, ERR_SYSTEM, -r, "measure the standby of '%s'", s->id);
	*ret = blocks * 512;
	return 0;
}
