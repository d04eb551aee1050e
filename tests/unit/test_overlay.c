// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of an overlay without mounting one. */
#include "rootfs/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rootfs/overlay_check.h"
#include "util/overlayfs.h"

static void options_keep_layers_complete(void **state)
{
	char buf[OVERLAYFS_OPTIONS_MAX];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(overlay_options("upper", "work", false, NULL, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, "redirect_dir=nofollow,metacopy=off,index=off,nfs_export=off,"
				 "xino=auto,upperdir=w/upper,workdir=w/work");
}

static void options_of_a_view_name_no_upper(void **state)
{
	char buf[OVERLAYFS_OPTIONS_MAX];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(overlay_options(NULL, NULL, true, NULL, buf, sizeof(buf), &e), 0);
	assert_null(strstr(buf, "upperdir"));
	assert_non_null(strstr(buf, ",userxattr"));
}

static void a_label_is_quoted(void **state)
{
	char buf[OVERLAYFS_OPTIONS_MAX];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(overlay_options("u", "w", false,
					 "system_u:object_r:container_file_t:s0:c1,c2", buf,
					 sizeof(buf), &e),
			 0);
	assert_non_null(strstr(
		buf, ",context=\"system_u:object_r:container_file_t:s0:c1,c2\",upperdir=w/u,"));
	assert_int_equal(overlay_options("u", "w", false, "a\",lowerdir=/\"", buf, sizeof(buf), &e),
			 -EINVAL);
}

static void options_that_do_not_fit_are_refused(void **state)
{
	char buf[OVERLAYFS_OPTIONS_MAX], label[OVERLAYFS_OPTIONS_MAX];
	struct err e = ERR_INIT;

	(void)state;
	memset(label, 'x', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(overlay_options("u", "w", false, label, buf, sizeof(buf), &e),
			 -ENAMETOOLONG);
}

/* ---- layers that contain each other ---- */

struct dirs {
	char top[64];
	int fd;
};

static int make_dirs(void **state)
{
	static struct dirs d;

	(void)snprintf(d.top, sizeof(d.top), "/tmp/test-overlay.XXXXXX");
	if (!mkdtemp(d.top))
		return -1;
	d.fd = open(d.top, O_PATH | O_DIRECTORY);
	*state = &d;
	return mkdirat(d.fd, "a", 0755) | mkdirat(d.fd, "a/b", 0755) |
	       mkdirat(d.fd, "a/b/c", 0755) | mkdirat(d.fd, "other", 0755);
}

static int remove_dirs(void **state)
{
	struct dirs *d = *state;
	int r = unlinkat(d->fd, "other", AT_REMOVEDIR) | unlinkat(d->fd, "a/b/c", AT_REMOVEDIR) |
		unlinkat(d->fd, "a/b", AT_REMOVEDIR) | unlinkat(d->fd, "a", AT_REMOVEDIR);

	(void)close(d->fd);
	return r | rmdir(d->top);
}

/* A stack of @lower and @upper below the test's directory. */
static int find(const struct dirs *d, const char *lower, const char *upper, struct err *e)
{
	int lowers[] = { openat(d->fd, lower, O_PATH) };
	struct overlay_stack s = {
		.lowers = lowers, .count = 1, .upper = openat(d->fd, upper, O_PATH), .work = -EBADF
	};
	int r = overlay_find_overlap(&s, false, e);

	(void)close(lowers[0]);
	(void)close(s.upper);
	return r;
}

static void separate_layers_are_fine(void **state)
{
	struct err e = ERR_INIT;

	assert_int_equal(find(*state, "a", "other", &e), 0);
	assert_int_equal(e.kind, ERR_NONE);
}

static void an_upper_inside_of_a_lower_is_found(void **state)
{
	struct err e = ERR_INIT;
	char line[1024];

	assert_int_equal(find(*state, "a", "a/b/c", &e), -ELOOP);
	err_format(&e, line, sizeof(line));
	assert_non_null(strstr(line, "/a/b/c' is inside of the layer '"));
	assert_non_null(strstr(line, "--data-root"));
}

static void a_lower_inside_of_the_upper_is_found(void **state)
{
	struct err e = ERR_INIT;

	assert_int_equal(find(*state, "a/b", "a", &e), -ELOOP);
	assert_non_null(strstr(e.text, "/a/b' is inside of the layer '"));
}

static void one_directory_twice_is_found(void **state)
{
	struct err e = ERR_INIT;

	assert_int_equal(find(*state, "other", "other", &e), -ELOOP);
	assert_non_null(strstr(e.text, "/other' is there twice"));
}

static void a_missing_layer_is_named(void **state)
{
	const struct dirs *d = *state;
	const char *names[] = { d->top, "/does/not/exist" };
	struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct err e = ERR_INIT;

	assert_int_equal(overlay_stack_open(names, 2, &s, &e), -ENOENT);
	assert_string_equal(e.text, "layer '/does/not/exist'");
	assert_int_equal(s.count, 0);
	assert_int_equal(overlay_stack_open(names, 1, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.upper, -EBADF);
	overlay_stack_close(&s);
}

static void too_many_layers_are_refused_before_anything_else(void **state)
{
	struct overlay_stack s = { .count = OVERLAYFS_MAX_LAYERS + 1, .upper = -EBADF };
	struct overlay_how how = OVERLAY_HOW_PLAIN;
	struct err e = ERR_INIT;
	int mnt = -EBADF;

	(void)state;
	assert_int_equal(overlay_mount(&s, &how, &mnt, &e), -E2BIG);
	assert_non_null(strstr(e.text, "501 layers: the kernel merges at most 500"));
	assert_int_equal(mnt, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_keep_layers_complete),
		cmocka_unit_test(options_of_a_view_name_no_upper),
		cmocka_unit_test(a_label_is_quoted),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		cmocka_unit_test_setup_teardown(separate_layers_are_fine, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(an_upper_inside_of_a_lower_is_found, make_dirs,
						remove_dirs),
		cmocka_unit_test_setup_teardown(a_lower_inside_of_the_upper_is_found, make_dirs,
						remove_dirs),
		cmocka_unit_test_setup_teardown(one_directory_twice_is_found, make_dirs,
						remove_dirs),
		cmocka_unit_test_setup_teardown(a_missing_layer_is_named, make_dirs, remove_dirs),
		cmocka_unit_test(too_many_layers_are_refused_before_anything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
