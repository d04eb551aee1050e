// SPDX-License-Identifier: GPL-2.0-or-later
/* rootfs/snapshots.h and treemerge.h: without a mount; what overlayfs makes of it is tested with containers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layers_fixture.h"
#include "rootfs/layer_form.h"
#include "rootfs/snapshots.h"
#include "rootfs/treeattr.h"
#include "rootfs/treemerge.h"
#include "util/caller.h"
#include "util/cleanup.h"

static struct layers *open_layers(struct layers_fixture *x, const char *id)
{
	struct layers *l = NULL;
	struct err e = ERR_INIT;

	if (layers_create(x->data, id, &x->bases, &l, &e) != 0)
		fail_msg("%s", e.text);
	return l;
}

static void write_upper(struct layers *l, const char *name, const char *text)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct err e = ERR_INIT;

	assert_int_equal(layers_stack(l, &s, &e), 0);
	put(s.upper, name, text);
}

static int take(struct layers *l, const char *name, struct err *e)
{
	const struct snapshot_naming how = { name, NULL, "2026-11-20T12:00:00Z" };
	const char *made;

	return snapshots_take(l, &how, &made, e);
}

static size_t lowers_of(struct layers *l, const char *name)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct err e = ERR_INIT;

	assert_int_equal(layers_snapshot_stack(l, name, &s, &e), 0);
	return s.count;
}

/* Is this in the uppermost layer of the snapshot? */
static bool layer_holds(struct layers *l, const char *snapshot, const char *name, const char *text)
{
	cleanup_(overlay_stack_close) struct overlay_stack s = OVERLAY_STACK_EMPTY;
	struct err e = ERR_INIT;

	assert_int_equal(layers_snapshot_stack(l, snapshot, &s, &e), 0);
	return holds(s.lowers[0], name, text);
}

static void test_chain(void **state)
{
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	struct err e = ERR_INIT;

	write_upper(l, "f", "1");
	assert_int_equal(take(l, "a", &e), 0);
	write_upper(l, "f", "2");
	assert_int_equal(take(l, "b", &e), 0);
	assert_int_equal(take(l, "a", &e), -EEXIST);
	layers_close(l);
	l = open_layers(x, "web");
	assert_int_equal(lowers_of(l, "a"), 2);
	assert_int_equal(lowers_of(l, "b"), 3);
	assert_true(layer_holds(l, "a", "f", "1"));
	assert_true(layer_holds(l, "b", "f", "2"));
	assert_int_equal(snapshots_is_changed(l, &e), 0);
	write_upper(l, "f", "3");
	assert_int_equal(snapshots_is_changed(l, &e), 1);
	layers_close(l);
}

static void test_numbers_are_not_used_again(void **state)
{
	const struct snapshot_naming how = { .created = "2026-11-20T12:00:00Z" };
	struct layers *l = open_layers(*state, "web");
	enum snapshot_fate fate;
	struct err e = ERR_INIT;
	const char *name;

	assert_int_equal(snapshots_take(l, &how, &name, &e), 0);
	assert_string_equal(name, "1");
	assert_int_equal(take(l, "2", &e), 0);
	assert_int_equal(snapshots_delete(l, "1", false, &fate, &e), 0);
	assert_int_equal(snapshots_take(l, &how, &name, &e), 0);
	assert_string_equal(name, "3");
	layers_close(l);
}

static void test_delete_merges(void **state)
{
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	enum snapshot_fate fate;
	struct err e = ERR_INIT;

	write_upper(l, "below", "1");
	write_upper(l, "f", "1");
	assert_int_equal(take(l, "a", &e), 0);
	write_upper(l, "f", "2");
	assert_int_equal(take(l, "b", &e), 0);
	assert_int_equal(snapshots_delete(l, "a", false, &fate, &e), 0);
	assert_int_equal(fate, SNAPSHOT_MERGED);
	assert_int_equal(lowers_of(l, "b"), 2);
	assert_true(layer_holds(l, "b", "below", "1"));
	assert_true(layer_holds(l, "b", "f", "2"));
	assert_int_equal(entries(x->data, ".layers"), 1);
	/* the last one goes into what the container writes to */
	assert_int_equal(snapshots_delete(l, "b", false, &fate, &e), 0);
	assert_int_equal(fate, SNAPSHOT_MERGED);
	assert_int_equal(entries(x->data, ".layers"), 0);
	assert_int_equal(snapshots_is_changed(l, &e), 1);
	layers_close(l);
}

/* Two states are built on one: it stays until there is one. */
static void test_delete_below_a_fork(void **state)
{
	struct snapshot_rollback rb = { .name = "a",
					.keep = { "c", NULL, "2026-11-20T12:00:00Z" } };
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	enum snapshot_fate fate;
	struct err e = ERR_INIT;

	write_upper(l, "f", "a");
	assert_int_equal(take(l, "a", &e), 0);
	write_upper(l, "f", "b");
	assert_int_equal(take(l, "b", &e), 0);
	assert_int_equal(snapshots_rollback(l, &rb, &e), 0);
	assert_null(rb.kept);
	write_upper(l, "g", "c");
	assert_int_equal(snapshots_delete(l, "a", false, &fate, &e), 0);
	assert_int_equal(fate, SNAPSHOT_HIDDEN);
	assert_int_equal(entries(x->data, ".layers"), 2);
	assert_int_equal(lowers_of(l, "b"), 3);
	assert_int_equal(snapshots_delete(l, "b", false, &fate, &e), 0);
	assert_int_equal(fate, SNAPSHOT_REMOVED);
	assert_int_equal(entries(x->data, ".layers"), 0);
	assert_int_equal(snapshots_record(l)->count, 0);
	layers_close(l);
}

static void test_rollback(void **state)
{
	struct snapshot_rollback rb = { .name = "a",
					.keep = { NULL, NULL, "2026-11-20T12:00:00Z" } };
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	struct err e = ERR_INIT;

	assert_int_equal(take(l, "a", &e), 0);
	write_upper(l, "f", "b");
	assert_int_equal(take(l, "b", &e), 0);
	write_upper(l, "f", "now");
	assert_int_equal(snapshots_rollback(l, &rb, &e), 0);
	assert_string_equal(rb.kept, "1");
	assert_true(layer_holds(l, "1", "f", "now"));
	rb.name = "1";
	assert_int_equal(snapshots_rollback(l, &rb, &e), 0);
	assert_null(rb.kept);
	rb = (struct snapshot_rollback){ .name = "a", .prune = true };
	assert_int_equal(snapshots_rollback(l, &rb, &e), 0);
	assert_int_equal(rb.pruned, 2);
	assert_int_equal(entries(x->data, ".layers"), 1);
	layers_close(l);
}

static void test_prune_stops_at_clones(void **state)
{
	struct snapshot_rollback rb = { .name = "a", .prune = true };
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	struct err e = ERR_INIT;

	assert_int_equal(take(l, "a", &e), 0);
	assert_int_equal(take(l, "b", &e), 0);
	assert_int_equal(take(l, "c", &e), 0);
	assert_int_equal(snapshots_clone(l, "b", "web2", &e), 0);
	assert_int_equal(snapshots_rollback(l, &rb, &e), 0);
	assert_int_equal(rb.pruned, 1);
	assert_int_equal(lowers_of(l, "b"), 3);
	layers_close(l);
}

static void test_clone(void **state)
{
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web"), *clone;
	enum snapshot_fate fate;
	struct err e = ERR_INIT;

	write_upper(l, "f", "1");
	assert_int_equal(take(l, "a", &e), 0);
	assert_int_equal(snapshots_clone(l, "a", "web2", &e), 0);
	assert_int_equal(snapshots_clone(l, "a", "web2", &e), -EEXIST);
	assert_int_equal(snapshots_clone(l, "a", "web", &e), -EEXIST);
	assert_int_equal(snapshots_clone(l, NULL, "web3", &e), 0);
	assert_int_equal(snapshots_delete(l, "a", false, &fate, &e), -EBUSY);
	assert_non_null(strstr(e.text, "web2"));
	assert_null(strstr(e.text, "web3"));
	layers_close(l);
	assert_int_equal(layers_remove(x->data, "web", &e), 0);
	clone = open_layers(x, "web2");
	assert_int_equal(lowers_of(clone, NULL), 2);
	assert_int_equal(take(clone, "b", &e), 0);
	assert_int_equal(lowers_of(clone, "b"), 3);
	layers_close(clone);
	assert_int_equal(layers_remove(x->data, "web2", &e), 0);
	assert_int_equal(entries(x->data, ".layers"), 0);
}

/* Whether the other one needs the layers cannot be read: they stay, and nobody is kept from being removed. */
static void test_remove_beside_a_damaged_record(void **state)
{
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	struct err e = ERR_INIT;

	write_upper(l, "f", "1");
	assert_int_equal(take(l, "a", &e), 0);
	layers_close(l);
	layers_close(open_layers(x, "other"));
	put(x->data, "other/layers.json", "{");
	assert_int_equal(layers_remove(x->data, "web", &e), 0);
	assert_int_equal(e.kind, ERR_NONE);
	assert_false(exists(x->data, "web"));
	assert_int_equal(entries(x->data, ".layers"), 1);
	assert_int_equal(layers_remove(x->data, "other", &e), 0);
}

static void test_size(void **state)
{
	static char text[100001];
	struct layers_fixture *x = *state;
	struct layers *l = open_layers(x, "web");
	struct snapshot_size size;
	struct err e = ERR_INIT;

	memset(text, 'x', sizeof(text) - 1);
	write_upper(l, "f", text);
	assert_int_equal(take(l, "a", &e), 0);
	assert_int_equal(snapshots_size(x->data, "web", snapshots_record(l), 0, &size, &e), 0);
	assert_true(size.own >= 100000 && size.own < 200000);
	assert_int_equal(size.beneath, 0);
	assert_int_equal(
		snapshots_size(x->data, "web", snapshots_record(l), LAYERS_NONE, &size, &e), 0);
	assert_true(size.own < 100000);
	assert_true(size.beneath >= 100000);
	layers_close(l);
}

/* ---- merging ---- */

static int tree(struct layers_fixture *x, const char *name)
{
	int fd;

	assert_int_equal(mkdirat(x->data, name, 0700), 0);
	fd = openat(x->data, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void whiteout(int dir, const char *name)
{
	assert_int_equal(mknodat(dir, name, S_IFCHR | 0600, makedev(0, 0)), 0);
}

static bool is_opaque(int dir, const char *name)
{
	const struct tree_at at = { dir, name };
	char value[4];

	return treeattr_overlay_get(&at, "opaque", value, sizeof(value)) == 1;
}

static void make_opaque(int dir, const char *name)
{
	const struct tree_at at = { dir, name };

	assert_int_equal(treeattr_overlay_set(&at, "opaque", "y"), 0);
}

static void test_merge(void **state)
{
	struct layers_fixture *x = *state;
	int beneath = tree(x, "beneath"), lower = tree(x, "lower"), upper = tree(x, "upper"),
	    out = tree(x, "out");
	struct err e = ERR_INIT;

	assert_int_equal(shell("cd %s/data && mkdir -p beneath/both beneath/hidden lower/both "
			       "upper/both lower/new/sub upper/new/sub lower/hidden upper/hidden "
			       "lower/dir upper/file-below && echo 1 >lower/both/l && echo 2 "
			       ">upper/both/u && echo 1 >lower/both/x && echo 2 >upper/both/x && "
			       "echo 1 >lower/hidden/l && echo 1 >lower/file-below && "
			       "ln lower/both/l lower/dir/l && echo 1 >lower/removed",
			       x->path),
			 0);
	whiteout(upper, "removed");
	whiteout(upper, "both/of-beneath");
	whiteout(upper, "new/sub/of-nobody");
	make_opaque(lower, "new");
	make_opaque(upper, "hidden");
	assert_int_equal(fchmodat(upper, "both", 0751, 0), 0);
	if (tree_merge(lower, upper, out, &beneath, 1, &e) != 0)
		fail_msg("%s %d", e.text, e.errnum);
	assert_true(holds(out, "both/l", "1\n"));
	assert_true(holds(out, "both/u", "2\n"));
	assert_true(holds(out, "both/x", "2\n"));
	assert_false(exists(out, "hidden/l"));
	assert_true(is_opaque(out, "hidden"));
	assert_true(is_opaque(out, "new"));
	assert_true(is_opaque(out, "file-below"));
	assert_false(is_opaque(out, "both"));
	assert_true(exists(out, "removed"));
	assert_true(exists(out, "both/of-beneath"));
	/* in a directory that nothing shows through, overlayfs would show it */
	assert_false(exists(out, "new/sub/of-nobody"));
	close_fd(&beneath);
	close_fd(&lower);
	close_fd(&upper);
	close_fd(&out);
}

static void test_merge_refuses_redirects(void **state)
{
	struct layers_fixture *x = *state;
	int lower = tree(x, "lower"), upper = tree(x, "upper"), out = tree(x, "out");
	const struct tree_at at = { upper, "d" };
	struct err e = ERR_INIT;

	assert_int_equal(mkdirat(upper, "d", 0700), 0);
	assert_int_equal(treeattr_overlay_set(&at, "redirect", "/other"), 0);
	assert_int_equal(tree_merge(lower, upper, out, NULL, 0, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.text, "merge 'd', which refers to another layer"));
	close_fd(&lower);
	close_fd(&upper);
	close_fd(&out);
}

/* A container can set these on its files: overlays of root do not look at them. */
static void test_attributes_of_others(void **state)
{
	struct layers_fixture *x = *state;
	int lower = tree(x, "lower"), upper = tree(x, "upper"), out = tree(x, "out"), dir;
	struct err e = ERR_INIT;
	struct stat st;

	assert_int_equal(mkdirat(lower, "d", 0700), 0);
	assert_int_equal(mkdirat(lower, "d/old", 0700), 0);
	assert_int_equal(mkdirat(upper, "d", 0700), 0);
	dir = openat(upper, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!caller_has_trusted_xattrs() || fsetxattr(dir, "user.overlay.opaque", "y", 1, 0) < 0 ||
	    fsetxattr(dir, "user.overlay.redirect", "/etc", 4, 0) < 0) {
		close_fd(&dir);
		skip(); /* whoever is not root, or has no attributes of users here */
	}
	assert_false(layer_is_opaque(dir));
	assert_false(layer_is_indirect(dir));
	if (tree_merge(lower, upper, out, NULL, 0, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(fstatat(out, "d/old", &st, AT_SYMLINK_NOFOLLOW), 0);
	close_fd(&dir);
	close_fd(&lower);
	close_fd(&upper);
	close_fd(&out);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, layers_setup, layers_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_chain),
		TEST(test_numbers_are_not_used_again),
		TEST(test_delete_merges),
		TEST(test_delete_below_a_fork),
		TEST(test_rollback),
		TEST(test_prune_stops_at_clones),
		TEST(test_clone),
		TEST(test_remove_beside_a_damaged_record),
		TEST(test_size),
		TEST(test_merge),
		TEST(test_merge_refuses_redirects),
		TEST(test_attributes_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
