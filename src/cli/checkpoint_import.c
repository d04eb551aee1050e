// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * restore --import: an archive is vouched for, compared and unpacked before anything else happens. It decides on
 * nothing: what the container may be is in the caller's bundle.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/checkpoint_archive.h"
#include "rootfs/layer_import.h"
#include "rootfs/layers_transfer.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/strbuf.h"
#include "util/timestamp.h"

enum {
	DIFFERENCES_SHOWN = 6,
	CONFIG_MAX = 16 << 20,
};

int importing_open_file(const char *path, int *ret, struct err *e)
{
	*ret = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				      : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *ret < 0 ? err_set(e, ERR_SYSTEM, errno, "open '%s'", path) : 0;
}

/* ---- who vouches for it ---- */

static void clear_key(struct seal_key *k)
{
	seal_key_clear(k);
}

static int verify(const struct archive *a, const char *path, struct err *e)
{
	cleanup_(clear_key) struct seal_key key = { 0 };
	int r = seal_key_read(path, &key, e);

	return r < 0 ? r : archive_verify(a, &key, e);
}

static int nobody_vouches(const struct archive *a, struct err *e)
{
	const struct archive_manifest *m = archive_manifest(a);

	if (m->signature)
		err_set(e, ERR_STATE, 0,
			"the archive is signed (%s), and there is no key to check that",
			seal_names[m->signature]);
	else
		err_set(e, ERR_STATE, 0, "the archive is not signed, and was not written here");
	err_hint(e, "%sor --allow-unsigned, if you trust whoever it comes from with this container",
		 m->signature ? "give the key with --verify-key, "
			      : "sign it with checkpoint --sign-key, ");
	return -EBADMSG;
}

int importing_vouch(struct cli *cli, const struct archive *a, const char *verify_key,
		    bool allow_unsigned, bool *ret_known, const char **ret_why, struct err *e)
{
	int r;

	*ret_known = true;
	*ret_why = "signed with the key";
	if (verify_key)
		return verify(a, verify_key, e);
	r = cli_data_root(cli, true, e);
	if (r == 0)
		r = archive_is_ours(cli->data, archive_manifest(a)->digest, e);
	*ret_known = r > 0;
	*ret_why = r > 0 ? "written here" : "nobody vouches for it";
	if (r != 0)
		return r < 0 ? r : 0;
	return allow_unsigned ? 0 : nobody_vouches(a, e);
}

static int check_token(const struct archive *a, const char *want, struct err *e)
{
	const char *have = archive_manifest(a)->token;

	if (!want || (have && strcmp(have, want) == 0))
		return 0;
	if (have)
		err_set(e, ERR_STATE, 0, "the archive has the token '%s', not '%s'", have, want);
	else
		err_set(e, ERR_STATE, 0, "the archive has no token, not '%s'", want);
	err_hint(e, "it is another one, or an older one");
	return -EBADMSG;
}

/* ---- its config and the bundle's ---- */

struct differences {
	struct strbuf text;
	size_t count;
};

static void note_difference(void *data, const char *pointer, const char *was, const char *is)
{
	struct differences *d = data;

	if (d->count++ < DIFFERENCES_SHOWN)
		strbuf_addf(&d->text, "%s%.80s: %s%.60s", d->count > 1 ? "; " : "", pointer,
			    was ? "the archive has " : "only the bundle has ", was ? was : is);
}

static int read_config(int dir, const char *name, char **ret, size_t *ret_size, struct err *e)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : io_read_file(fd, CONFIG_MAX, ret, ret_size);

	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "read '%s'", name) : 0;
}

static int compare(const struct importing_checkpoint *x, const char *bundle, struct err *e)
{
	cleanup_free char *was = NULL, *is = NULL, *path = NULL;
	size_t was_size = 0, is_size = 0;
	char text[800];
	struct differences d = { .text = STRBUF_OVER(text, sizeof(text)) };
	int r;

	if (asprintf(&path, "%s/config.json", bundle) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "compare the configs");
	}
	r = read_config(AT_FDCWD, path, &is, &is_size, e);
	if (r < 0) {
		err_hint(
			e,
			"an archive decides on nothing: look at `ctr checkpoint inspect --config`");
		return r;
	}
	r = read_config(x->store.dir, "config.json", &was, &was_size, e);
	if (r == 0)
		r = archive_compare_configs(was, was_size, is, is_size, note_difference, &d, e);
	if (r < 0 || !d.count || x->words->allow_changes)
		return r;
	err_set(e, ERR_STATE, 0, "its config.json and the bundle's differ: %s%s", text,
		d.count > DIFFERENCES_SHOWN ? "; and more" : "");
	err_hint(e, "--allow-changed-config goes on with the bundle's");
	return -EBADMSG;
}

/* ---- its files ---- */

static int take_layer(struct importing_checkpoint *x, struct layers_intake *in, size_t i,
		      struct err *e)
{
	cleanup_fd int from = -EBADF;
	struct layer_import layer = { .devices = x->cli->caller.makes_devices };
	char name[32], digest[DIGEST_TEXT], created[TIMESTAMP_SIZE];
	struct layers_arrival arrival = { .digest = digest, .created = created };
	int r;

	(void)snprintf(name, sizeof(name), "rootfs/%zu.tar", i);
	from = openat(x->store.dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return err_set(e, ERR_SYSTEM, errno, "open '%s' of the archive", name);
	layer.from = from;
	timestamp_seconds(created);
	r = layers_intake_next(in, &layer.layer, e);
	if (r == 0)
		r = layers_intake_below(in, &layer.below, &layer.below_count, e);
	if (r == 0)
		r = layer_import(&layer, digest, e);
	return r < 0 ? err_wrap(e, "'%s' of the archive", name)
		     : layers_intake_done(in, &arrival, e);
}

/* They lie on the bundle's root filesystem, as they did. */
static int take_layers(struct importing_checkpoint *x, const char *bundle, struct err *e)
{
	cleanup_(layers_intake_endp) struct layers_intake *in = NULL;
	cleanup_free char *path = NULL;
	char real[PATH_MAX];
	const char *dirs[] = { real };
	const struct layers_base base = { dirs, 1 };
	int r;

	if (asprintf(&path, "%s/rootfs", bundle) < 0) {
		path = NULL;
		return err_set(e, ERR_SYSTEM, ENOMEM, "take in the layers");
	}
	if (!realpath(path, real))
		return err_set(e, ERR_SYSTEM, errno, "find the root filesystem '%s'", path);
	r = layers_intake_begin(x->cli->data, NULL, x->id, &base, "", &in, e);
	if (r == -EEXIST) {
		err_set(e, ERR_STATE, 0, "container '%s' has layers here already", x->id);
		err_hint(e, "remove them with `ctr delete`, or choose another id");
	}
	for (size_t i = 0; r == 0 && i < archive_manifest(x->archive)->layer_count; i++)
		r = take_layer(x, in, i, e);
	if (r == 0)
		r = layers_intake_commit(in, NULL, e);
	x->made_layers = r == 0;
	return r;
}

static int use_layers(struct importing_checkpoint *x, const char *bundle,
		      struct restore_request *rq, struct err *e)
{
	struct overlay_request *o = &rq->container.overlay;
	int r;

	if (!archive_manifest(x->archive)->layer_count)
		return 0;
	if (o->ephemeral || o->layer_count)
		return err_set(e, ERR_USAGE, 0,
			       "the archive has the container's files: --ephemeral and --layer "
			       "exclude --import");
	r = take_layers(x, bundle, e);
	if (r == 0) {
		o->wanted = true;
		o->data = x->cli->data;
	}
	return r;
}

/* ---- the whole ---- */

static int check_request(const struct restore_request *rq, struct err *e)
{
	if (rq->flags.lazy_pages)
		return err_set(e, ERR_USAGE, 0,
			       "options --import and --lazy-pages exclude each other");
	return 0;
}

static int open_archive(struct importing_checkpoint *x, bool *ret_known, struct err *e)
{
	cleanup_fd int fd = -EBADF;
	const char *why;
	int r = importing_open_file(x->words->file, &fd, e);

	if (r == 0)
		r = archive_open(fd, &x->archive, e);
	if (r == 0)
		r = importing_vouch(x->cli, x->archive, x->words->verify_key,
				    x->words->allow_unsigned, ret_known, &why, e);
	if (r == 0)
		r = check_token(x->archive, x->words->token, e);
	if (r == 0)
		r = cli_data_root(x->cli, true, e);
	if (r == 0)
		r = archive_store_open(x->cli->data, &x->store, e);
	return r < 0 ? r : archive_unpack(x->archive, x->store.dir, NULL, NULL, e);
}

int importing_open(struct cli *cli, const struct import_words *words, const char *id,
		   const char *bundle, struct importing_checkpoint *ret, struct restore_request *rq,
		   struct err *e)
{
	bool known = false;
	int r;

	*ret = (struct importing_checkpoint){
		.cli = cli,
		.words = words,
		.store = ARCHIVE_STORE_EMPTY,
		.id = id,
	};
	r = check_request(rq, e);
	if (r == 0)
		r = open_archive(ret, &known, e);
	if (r == 0)
		r = compare(ret, bundle, e);
	if (r == 0)
		r = use_layers(ret, bundle, rq, e);
	if (r < 0) {
		(void)err_wrap(e, "import '%s'", words->file); /* the code is that of what failed */
		return r;
	}
	rq->images =
		openat(ret->store.dir, "images", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rq->stranger = !known;
	return rq->images < 0 ? err_set(e, ERR_SYSTEM, errno, "open the images of the archive") : 0;
}

void importing_close(struct importing_checkpoint *x, bool restored)
{
	struct err ignored = ERR_INIT;

	if (x->made_layers && !restored)
		(void)layers_remove(x->cli->data, x->id, &ignored); /* or ctr delete does */
	archive_close(x->archive);
	if (x->cli)
		archive_store_close(&x->store);
}
