// SPDX-License-Identifier: GPL-2.0-or-later
/* See journal.h. */
#include "checkpoint/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rootfs/treeremove.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#define ROOT_NAME  ".migrations"
#define STATE_FILE "journal.json"
#define ALIVE_FILE "alive"
#define IMAGES	   "images"

enum {
	STATE_MAX = 16 << 10,
	LOCK_STEP_MS = 20,
	CREATE_LOCK_MS = 5000,
};

static const char *const states[JOURNAL_STATES] = {
	[JOURNAL_RECEIVING] = "receiving", [JOURNAL_RESTORING] = "restoring",
	[JOURNAL_PREPARED] = "prepared",   [JOURNAL_COMMITTING] = "committing",
	[JOURNAL_FETCHING] = "fetching",   [JOURNAL_RECALLED] = "recalled",
	[JOURNAL_RUNNING] = "running",	   [JOURNAL_ABORTED] = "aborted",
	[JOURNAL_LOST] = "lost",
};

const char *journal_state_name(enum journal_state s)
{
	return states[s];
}

void journal_close(struct journal *j)
{
	close_fd(&j->alive);
	close_fd(&j->dir);
	close_fd(&j->root);
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Open @name, made if it is missing. */
static int enter(int at, const char *name)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_dir(at, name);
}

static int enter_root(int data, int *ret, struct err *e)
{
	int fd = enter(data, ROOT_NAME);

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "open '" ROOT_NAME "' below the data root");
	*ret = fd;
	return 0;
}

/* ---- state ---- */

int journal_set(struct journal *j, enum journal_state state, struct err *e)
{
	cleanup_free char *text = NULL;
	struct json_out o;
	size_t len;
	int r = json_out_init(&o, false);

	if (r == 0) {
		json_out_object(&o);
		json_out_member_string(&o, "token", j->token);
		json_out_member_string(&o, "id", j->id);
		json_out_member_string(&o, "bundle", j->bundle);
		json_out_member_bool(&o, "postCopy", j->post_copy);
		json_out_member_string(&o, "state", states[state]);
		json_out_end_object(&o);
		r = json_out_finish(&o, &text, &len);
		json_out_free(&o);
	}
	if (r == 0)
		r = io_replace_file_durable(j->dir, STATE_FILE, 0600, text, len);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "write down that the move is %s", states[state]);
	j->state = state;
	return 0;
}

static int find_state(const char *word, enum journal_state *ret)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(states); i++) {
		if (strcmp(word, states[i]) == 0) {
			*ret = (enum journal_state)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int parse_state(struct journal *j, const char *text, size_t len)
{
	cleanup_(arena_free) struct arena a = { .cap = 1 << 20 };
	const struct json_node *o;
	const char *id, *word, *bundle;

	if (json_parse(&a, text, len, STATE_FILE, &o, NULL) < 0 ||
	    wire_string(o, "id", ID_MAX, false, &id, NULL) < 0 ||
	    wire_string(o, "state", 32, false, &word, NULL) < 0 ||
	    wire_string(o, "bundle", PATH_MAX - 1, false, &bundle, NULL) < 0 || !id_is_valid(id))
		return -EBADMSG;
	memcpy(j->id, id, strlen(id) + 1);
	memcpy(j->bundle, bundle, strlen(bundle) + 1);
	j->post_copy = wire_bool(o, "postCopy");
	return find_state(word, &j->state);
}

/* Somebody who was killed before the first state was written has made nothing. */
static int load_state(struct journal *j, struct err *e)
{
	cleanup_fd int fd = openat(j->dir, STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	if (fd < 0 && errno == ENOENT) {
		j->state = JOURNAL_RECEIVING;
		return 0;
	}
	r = fd < 0 ? -errno : io_read_file(fd, STATE_MAX, &text, &len);
	if (r == 0)
		r = parse_state(j, text, len);
	return r < 0 ? err_set(e, ERR_STATE, -r, "read what is known of the move %s", j->token) : 0;
}

/* ---- locks ---- */

/* Somebody else may have come to the end of it while we waited. */
static int check_there(const struct journal *j, struct err *e)
{
	struct stat st;

	if (fstat(j->dir, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the move %s", j->token);
	return st.st_nlink ? 0 : err_set(e, ERR_STATE, ENOENT, "look at the move %s", j->token);
}

int journal_lock(struct journal *j, int timeout_ms, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	int r;

	for (int waited = 0; flock(j->dir, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, ERR_SYSTEM, errno, "lock the move %s", j->token);
		if (waited >= timeout_ms) {
			err_set(e, ERR_STATE, EBUSY, "the move %s is just being decided", j->token);
			return -EBUSY;
		}
		(void)nanosleep(&step, NULL);
	}
	r = check_there(j, e);
	if (r == 0)
		r = load_state(j, e);
	if (r < 0)
		journal_unlock(j);
	return r;
}

void journal_unlock(struct journal *j)
{
	(void)flock(j->dir, LOCK_UN);
}

bool journal_is_alive(const struct journal *j)
{
	cleanup_fd int fd = openat(j->dir, ALIVE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	/* shared: of two who look at once neither takes the other for it */
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int hold_alive(int dir, int *ret)
{
	cleanup_fd int fd =
		openat(dir, ALIVE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	*ret = take_fd(&fd);
	return 0;
}

/* ---- tokens ---- */

static int check_token(const char *token, struct err *e)
{
	if (wire_nonce_is_valid(token))
		return 0;
	return err_set(e, ERR_USAGE, 0, "'%s' is no token of a move", token);
}

/* Its name is there before its contents: who finds it empty waits for the lock, or takes it for aborted. */
static int make(int data, const char *token, const char *id, struct journal *j, struct err *e)
{
	int r = check_token(token, e);

	if (r == 0)
		r = enter_root(data, &j->root, e);
	if (r < 0)
		return r;
	(void)snprintf(j->token, sizeof(j->token), "%s", token);
	(void)snprintf(j->id, sizeof(j->id), "%s", id);
	if (mkdirat(j->root, token, 0700) < 0)
		return err_set(e, ERR_STATE, errno, "begin the move %s", token);
	j->dir = open_dir(j->root, token);
	if (j->dir < 0)
		return err_set(e, ERR_SYSTEM, -j->dir, "begin the move %s", token);
	return 0;
}

int journal_create(int data, const char *token, const char *id, struct journal *ret, struct err *e)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	int r = make(data, token, id, &j, e);

	/* who asks for the token meanwhile, and finds nobody who lives, removes it */
	if (r == 0)
		r = journal_lock(&j, CREATE_LOCK_MS, e);
	if (r < 0)
		return r;
	memcpy(j.id, id, strlen(id) + 1);
	r = hold_alive(j.dir, &j.alive);
	if (r < 0)
		err_set(e, ERR_SYSTEM, -r, "begin the move %s", token);
	if (r == 0)
		r = journal_set(&j, JOURNAL_RECEIVING, e);
	if (r < 0) {
		(void)tree_remove(j.root, j.token); /* receive_sweep tries again */
		return r;
	}
	journal_unlock(&j);
	*ret = j;
	j = (struct journal)JOURNAL_EMPTY;
	return 0;
}

int journal_open(int data, const char *token, struct journal *ret, struct err *e)
{
	cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;
	int r = check_token(token, e);

	if (r == 0)
		r = enter_root(data, &j.root, e);
	if (r < 0)
		return r;
	(void)snprintf(j.token, sizeof(j.token), "%s", token);
	j.dir = open_dir(j.root, token);
	if (j.dir < 0)
		return err_set(e, ERR_STATE, -j.dir, "look for the move %s", token);
	r = load_state(&j, e);
	if (r < 0)
		return r;
	*ret = j;
	j = (struct journal)JOURNAL_EMPTY;
	return 0;
}

int journal_remove(struct journal *j, struct err *e)
{
	int r = tree_remove(j->root, j->token);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove what is left of the move %s", j->token)
		     : 0;
}

int journal_abandon(struct journal *j, struct err *e)
{
	struct err why = ERR_INIT;
	int r = journal_set(j, JOURNAL_ABORTED, &why);

	/* a state that cannot be changed must not outlive what it speaks of: see load_state */
	if (r == -ENOSPC || r == -EDQUOT) {
		r = unlinkat(j->dir, STATE_FILE, 0) < 0 && errno != ENOENT ? r : 0;
		(void)fsync(j->dir); /* after a power failure nothing of it lives */
	}
	if (r == 0)
		j->state = JOURNAL_ABORTED;
	if (r < 0) {
		*e = why;
		return r;
	}
	return journal_remove(j, e);
}

int journal_remove_images(struct journal *j, struct err *e)
{
	int r = tree_remove(j->dir, IMAGES);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove the images of the move %s", j->token) : 0;
}

static int numbered(int at, unsigned round, int *ret, struct err *e)
{
	char name[16];
	int fd;

	(void)snprintf(name, sizeof(name), "%u", round);
	fd = enter(at, name);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "make a directory for images");
	*ret = fd;
	return 0;
}

int journal_images(const struct journal *j, unsigned round, int *ret, struct err *e)
{
	cleanup_fd int images = enter(j->dir, IMAGES);

	if (images < 0)
		return err_set(e, ERR_SYSTEM, -images, "make a directory for images");
	return numbered(images, round, ret, e);
}

int journal_each(int data, int (*fn)(struct journal *j, void *context), void *context,
		 struct err *e)
{
	int root, copy, r = enter_root(data, &root, e);
	struct dirent *d;
	DIR *dir;

	if (r < 0)
		return r;
	copy = open_dir(root, ".");
	close_fd(&root);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		close_fd(&copy);
		return err_set(e, ERR_SYSTEM, ENOMEM, "list moves");
	}
	while (r == 0 && (d = readdir(dir))) {
		cleanup_(journal_close) struct journal j = JOURNAL_EMPTY;

		if (wire_nonce_is_valid(d->d_name) && journal_open(data, d->d_name, &j, NULL) == 0)
			r = fn(&j, context);
	}
	(void)closedir(dir); /* of reading */
	return r;
}

/* ---- the sending host ---- */

/* Those of killed processes: nobody holds their lock. */
static void sweep(int root)
{
	int copy = open_dir(root, ".");
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;

	if (!dir) {
		close_fd(&copy);
		return;
	}
	while ((d = readdir(dir))) {
		size_t n = strlen(d->d_name);
		cleanup_fd int fd = -EBADF;

		if (n < 4 || strcmp(d->d_name + n - 4, ".out") != 0)
			continue;
		fd = open_dir(root, d->d_name);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)tree_remove(root, d->d_name); /* the next one tries again */
	}
	(void)closedir(dir); /* of reading */
}

void outbox_sweep(int data)
{
	cleanup_fd int root = open_dir(data, ROOT_NAME);

	if (root >= 0)
		sweep(root);
}

int outbox_open(int data, const char *token, struct outbox *ret, struct err *e)
{
	struct outbox o = OUTBOX_EMPTY;
	int r = enter_root(data, &o.root, e);

	if (r < 0)
		return r;
	sweep(o.root);
	(void)snprintf(o.name, sizeof(o.name), "%s.out", token);
	o.dir = enter(o.root, o.name);
	if (o.dir < 0 || flock(o.dir, LOCK_EX | LOCK_NB) < 0) {
		r = err_set(e, ERR_SYSTEM, o.dir < 0 ? -o.dir : errno,
			    "make a place for images below the data root");
		outbox_close(&o);
		return r;
	}
	*ret = o;
	return 0;
}

int outbox_images(const struct outbox *o, unsigned round, int *ret, struct err *e)
{
	return numbered(o->dir, round, ret, e);
}

int outbox_clear(const struct outbox *o, unsigned round, struct err *e)
{
	char name[16];
	int r;

	(void)snprintf(name, sizeof(name), "%u", round);
	r = tree_remove(o->dir, name);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "remove images of a try before") : 0;
}

void outbox_close(struct outbox *o)
{
	if (o->dir >= 0)
		(void)tree_remove(o->root, o->name); /* the next one tries again */
	close_fd(&o->dir);
	close_fd(&o->root);
}
