/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint as one file: a tar archive, plain or compressed, that can be carried to another host.
 *
 *   ctr-checkpoint.json   the manifest: what follows, with sizes and SHA-256 digests in this order, and what the container
 *                         was. Its own digest is the digest of the whole.
 *   signature.json        {"algorithm", "key", "value"}: somebody who has that key knows the manifest. May be missing.
 *   config.json           of the container that was checkpointed
 *   images/NAME           CRIU's images
 *   parents/N/NAME        the images that those are based on; 0 is the direct parent
 *   rootfs/N.tar          what the container has written, as layers of an OCI image, the lowest first
 *
 * It is data, never authority (security.md C1-C5): nothing in it decides what the restored container may be. Its
 * config.json is for comparing with the caller's, and for a person to read; everything else that describes is shown, and
 * followed by nobody.
 */
#ifndef CTR_CHECKPOINT_ARCHIVE_H
#define CTR_CHECKPOINT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkpoint/seal.h"
#include "oci/json.h"
#include "rootfs/tar.h"
#include "util/arena.h"
#include "util/digest.h"
#include "util/err.h"

enum {
	ARCHIVE_LAYERS_MAX = 500,
	ARCHIVE_PARENTS_MAX = 64,
	ARCHIVE_FILES_MAX = 60000,
	ARCHIVE_TOKEN_MAX = 128,
};

/* ---- writing ---- */

struct archive_source {
	const char *id;
	const char *config; /* text of config.json */
	size_t config_size;
	int images; /* directory; those that it is based on are found by its link "parent" */
	const int *
		layers; /* directories in overlayfs' form, the lowest first; nobody writes to them */
	size_t layer_count;
	const char *criu;	    /* version, or NULL */
	const char *network;	    /* for people: how the container was connected; or NULL */
	const char *token;	    /* for whoever restores to ask for: "generation 17"; or NULL */
	const struct seal_key *key; /* NULL: it is not signed */
	/* Told what is left out of a layer. NULL: not told. */
	void (*left_out)(void *data, const char *path, const char *why);
	void *data;
};

/*
 * Write it to @sink; @ret_digest is that of the manifest. All files are read twice. -ESTALE: something was changed
 * meanwhile. Needs to read the images and layers.
 */
int archive_write(const struct archive_source *s, const struct tar_sink *sink,
		  char ret_digest[DIGEST_TEXT], struct err *e);

/* ---- reading ---- */

struct archive_file {
	const char *name;
	uint64_t size;
	const char *digest;
};

/* What a manifest says; strings are printable, and NULL where it says nothing. They live in the arena. */
struct archive_manifest {
	struct arena arena;
	char digest[DIGEST_TEXT]; /* of the manifest */
	const char *container, *created, *ctr, *criu, *kernel, *architecture, *cpu, *network,
		*token;
	struct archive_file *files;
	size_t file_count;
	uint64_t size; /* of all files */
	size_t layer_count, parent_count;
	/* How it is signed; not whether that is true. */
	enum seal_kind signature;
	const char *signature_key, *signature_value;
	const char *text; /* of the manifest itself */
	size_t text_size;
};

/* An archive being read. */
struct archive;

/*
 * Read manifest and signature from @fd (borrowed; a file or pipe). Nothing is made. -EBADMSG: not such an archive, or
 * damaged, or the manifest names what has no place in an archive.
 */
int archive_open(int fd, struct archive **ret, struct err *e);
const struct archive_manifest *archive_manifest(const struct archive *a);
void archive_close(struct archive *a);

static inline void archive_closep(struct archive **a)
{
	archive_close(*a);
}

/*
 * Is the archive signed with @key? -EBADMSG: not at all, or with another one.
 */
int archive_verify(const struct archive *a, const struct seal_key *key, struct err *e);

/* Unpacked below the data root, for as long as it is open. */
struct archive_store {
	int data, parent,
		dir; /* data root (not owned); DATA/.checkpoints; the directory in it, locked */
	char name[32];
};

#define ARCHIVE_STORE_EMPTY                                                                        \
	{                                                                                          \
		.data = -EBADF, .parent = -EBADF, .dir = -EBADF                                    \
	}

/*
 * An empty directory of mode 0700 in DATA/.checkpoints. Those that killed processes have left there are removed first.
 * @data: the data root, borrowed.
 */
int archive_store_open(int data, struct archive_store *ret, struct err *e);
/* With all that is in it. */
void archive_store_close(struct archive_store *s);

/*
 * Remove, or with @dry_run only tell, what was left below DATA/.checkpoints by commands that were killed. What @tell
 * returns, unless it is 0, ends it and is returned.
 */
int archive_gc(int data, bool dry_run, int (*tell)(const char *what, void *context), void *context,
	       struct err *e);

/*
 * Unpack everything into the empty directory @dir: config.json, images/, parents/N/, rootfs/; links "parent" join images.
 * Every file must be the next of the manifest, of its size and digest, and a regular one; the rest is refused: -EBADMSG.
 * @told: after each file, how many bytes have been read, or NULL. To be called once.
 */
int archive_unpack(struct archive *a, int dir, void (*told)(void *data, uint64_t bytes), void *data,
		   struct err *e);

/* The text of config.json without unpacking anything: it is the first file. To be called once, instead. malloc'ed. */
int archive_config(struct archive *a, char **ret, size_t *ret_size, struct err *e);

/* ---- whether this ctr has written it ---- */

/* Note in the data root that it has written the archive with that manifest, for archive_is_ours. */
int archive_note_ours(int data, const char *digest, struct err *e);
/* 1, 0, or negative. */
int archive_is_ours(int data, const char *digest, struct err *e);

/* ---- comparing configs ---- */

/*
 * In which members that a running process can notice do two config.json differ? Called for each, the pointer
 * first; @was and @is are NULL for what is missing. Not compared is what is made anew for every container, and on every host
 * elsewhere: sources of mounts, paths of the bundle, of cgroups and namespaces, resources, hooks, annotations, the arguments
 * of a program that runs already. -EINVAL: one of them is no JSON.
 */
typedef void archive_differs_fn(void *data, const char *pointer, const char *was, const char *is);

int archive_compare_configs(const char *was, size_t was_size, const char *is, size_t is_size,
			    archive_differs_fn *fn, void *data, struct err *e);

#endif
