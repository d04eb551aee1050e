// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a directory of images into memory: bounded, and of plain files only. */
#include "config.h"

#ifdef HAVE_CRIU

#include "checkpoint/images_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/kernel.h"

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

int image_refuse(struct err *e, const struct image_file *f, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	err_set(e, ERR_STATE, 0, "image '%s': %s", f->name, why);
	err_origin(e, "%s", f->name);
	return -EBADMSG;
}

/* ---- the directory ---- */

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* was only read */
}

static int check_directory(int dir, struct stat *ret, struct err *e)
{
	if (fstat(dir, ret) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at the images");
	if ((ret->st_uid != 0 && ret->st_uid != geteuid()) || (ret->st_mode & 022)) {
		err_set(e, ERR_STATE, 0,
			"others can write to the directory of the images (owner %u, mode %04o)",
			ret->st_uid, ret->st_mode & 07777);
		err_hint(e, "what they say is checked before CRIU reads it: make it yours, with "
			    "mode 0700");
		return -EBADMSG;
	}
	return 0;
}

/* Those that are looked at come into memory, and stay there as they are. */
static int read_file(struct image_file *f, int fd, uint64_t *total, struct err *e)
{
	cleanup_free uint8_t *data = NULL;
	size_t have = 0;

	if (f->size > IMAGE_FILE_MAX || (*total += f->size) > IMAGE_TOTAL_MAX)
		return image_refuse(e, f, "it is larger than any that CRIU writes (%llu bytes)",
				    (unsigned long long)f->size);
	data = malloc(f->size + 1);
	if (!data)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read image '%s'", f->name);
	while (have < f->size) {
		ssize_t n = read(fd, data + have, f->size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, errno, "read image '%s'", f->name);
		if (n == 0)
			return image_refuse(e, f, "it became shorter while it was read");
		have += (size_t)n;
	}
	f->data = take_ptr(data);
	return 0;
}

static bool is_read(enum image_kind kind)
{
	return kind != IMAGE_OTHER && kind != IMAGE_PAGES && kind != IMAGE_TMPFS;
}

static int load(int dir, struct image_file *f, const struct stat *where, uint64_t *total,
		struct err *e)
{
	cleanup_fd int fd =
		kernel_openat2(dir, f->name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, BENEATH);
	struct stat st;

	if (fd == -ELOOP || fd == -EXDEV)
		return image_refuse(e, f, "it is a link or a mount, not a file");
	if (fd == -ENXIO)
		return image_refuse(e, f, "it is not a regular file");
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, -fd, "open image '%s'", f->name);
	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "look at image '%s'", f->name);
	if (!S_ISREG(st.st_mode))
		return image_refuse(e, f, "it is not a regular file");
	if (st.st_uid != where->st_uid && st.st_uid != 0 && st.st_uid != geteuid())
		return image_refuse(e, f, "it belongs to user %u", st.st_uid);
	f->size = (uint64_t)st.st_size;
	if (f->kind == IMAGE_TMPFS)
		f->fd = take_fd(&fd);
	return is_read(f->kind) ? read_file(f, fd, total, e) : 0;
}

static int compare(const void *a, const void *b)
{
	const struct image_file *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int add_name(struct image_set *s, size_t *room, const char *name, struct err *e)
{
	struct image_file f = { .fd = -EBADF };

	(void)snprintf(f.name, sizeof(f.name), "%.*s", (int)sizeof(f.name) - 1, name);
	if (strlen(name) >= sizeof(f.name) || !image_name_parse(name, &f.kind, &f.id))
		return image_refuse(e, &f, "%s", image_name_reason(name));
	if (s->count == IMAGE_FILES_MAX) {
		err_set(e, ERR_STATE, 0, "there are more than %d images", IMAGE_FILES_MAX);
		return -EBADMSG;
	}
	if (s->count == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct image_file *files = reallocarray(s->files, more, sizeof(*files));

		if (!files)
			return err_set(e, ERR_SYSTEM, ENOMEM, "list the images");
		s->files = files;
		*room = more;
	}
	s->files[s->count++] = f;
	return 0;
}

/* "parent" is CRIU's name for the link to what these images are based on. */
static int open_parent(int dir, int *ret, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, "parent", target, sizeof(target) - 1);

	if (n < 0)
		return err_set(e, ERR_STATE, errno, "read the link 'parent' of the images");
	target[n] = '\0';
	if (target[0] == '/') {
		err_set(e, ERR_STATE, 0, "the images are based on '%s'", target);
		err_hint(e, "'parent' is a relative link, so that directories can move together");
		return -EBADMSG;
	}
	*ret = openat(dir, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	(void)err_set(e, ERR_STATE, errno, "open the images' parent '%s'", target);
	return -EBADMSG;
}

/* Pre-dumps of the same checkpoint lie in directories with numbers for names; they are reached by "parent". */
static bool is_round(int dir, const char *name)
{
	struct stat st;

	return !name[strspn(name, "0123456789")] && strlen(name) < 4 &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Where `criu lazy-pages` is reached when its work directory is this one. */
static bool is_lazy_socket(int dir, const char *name)
{
	struct stat st;

	return strcmp(name, "lazy-pages.socket") == 0 &&
	       fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode);
}

static int list(int dir, struct image_set *s, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_(close_dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t room = 0;
	int r = 0;

	if (!d) {
		r = err_set(e, ERR_SYSTEM, errno, "list the images");
		close_fd(&fd);
		return r;
	}
	for (struct dirent *entry; r == 0 && (errno = 0, entry = readdir(d));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    is_round(dir, entry->d_name) || is_lazy_socket(dir, entry->d_name))
			continue;
		if (strcmp(entry->d_name, "parent") == 0)
			r = open_parent(dir, &s->parent, e);
		else
			r = add_name(s, &room, entry->d_name, e);
	}
	return r == 0 && errno ? err_set(e, ERR_SYSTEM, errno, "list the images") : r;
}

int image_set_read(int dir, bool base, struct image_set *ret, struct err *e)
{
	cleanup_(image_set_free) struct image_set s = IMAGE_SET_EMPTY;
	uint64_t total = 0;
	struct stat st;
	int r = check_directory(dir, &st, e);

	if (r == 0)
		r = list(dir, &s, e);
	if (s.count)
		qsort(s.files, s.count, sizeof(*s.files), compare);
	for (size_t i = 0; r == 0 && i < s.count; i++) {
		struct image_file *f = &s.files[i];

		if (base && f->kind != IMAGE_PAGEMAP && f->kind != IMAGE_PAGES)
			f->kind = IMAGE_OTHER;
		r = load(dir, f, &st, &total, e);
		s.size += f->size;
	}
	if (base && s.count)
		qsort(s.files, s.count, sizeof(*s.files), compare);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct image_set)IMAGE_SET_EMPTY;
	return 0;
}

void image_set_free(struct image_set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		close_fd(&s->files[i].fd);
		free((void *)(uintptr_t)s->files[i].data);
	}
	free(s->files);
	close_fd(&s->parent);
	*s = (struct image_set)IMAGE_SET_EMPTY;
}

const struct image_file *image_find(const struct image_set *s, enum image_kind kind, uint32_t id)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct image_file *f = &s->files[mid];

		if (f->kind < kind || (f->kind == kind && f->id < id))
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->count || s->files[low].kind != kind || s->files[low].id != id)
		return NULL;
	return &s->files[low];
}

#endif
