/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of checkpoints on the command line: checkpoint --export, restore --import, checkpoint inspect. */
#ifndef CTR_CLI_CHECKPOINT_ARCHIVE_H
#define CTR_CLI_CHECKPOINT_ARCHIVE_H

#include <stdbool.h>

#include "checkpoint/archive.h"
#include "checkpoint/restore.h"
#include "cli/cli.h"
#include "cli/transfer.h"
#include "rootfs/archive.h"

/* ---- checkpoint --export ---- */

struct export_words {
	const char *file, *compression, *sign_key, *token;
};

/* clang-format off */
#define EXPORT_OPTIONS(at)                                                                           \
	{ "export", 0, CLI_STRING, "FILE", (at) + offsetof(struct export_words, file),               \
	  "write everything that a restore needs to one file; - is standard output", NULL },         \
	{ "compression", 0, CLI_STRING, "KIND", (at) + offsetof(struct export_words, compression),   \
	  "of that file: none, gzip or zstd (default)", compression_names },                         \
	{ "sign-key", 0, CLI_STRING, "FILE", (at) + offsetof(struct export_words, sign_key),         \
	  "sign it with this key", NULL },                                                           \
	{ "token", 0, CLI_STRING, "TEXT", (at) + offsetof(struct export_words, token),               \
	  "write this into it, for restore --token to ask for", NULL }
/* clang-format on */

struct exporting {
	struct cli *cli;
	const struct export_words *words;
	struct transfer_output output;
	struct archive_store store;
	struct seal_key key;
	struct transfer_progress progress;
	int images; /* borrowed */
	char digest[DIGEST_TEXT];
	char criu[32]; /* its version, or "" */
};

/* Everything that can be found out before the container stands still. @ret is closed by exporting_close, also on failure. */
int exporting_open(struct cli *cli, const struct export_words *words, struct exporting *ret,
		   struct err *e);
/* For checkpoint_request.complete; @data is the struct. */
int exporting_complete(void *data, struct container *c, struct err *e);
/* The dump failed in the end: the file goes. */
void exporting_withdraw(struct exporting *x);
void exporting_close(struct exporting *x);

/* ---- restore --import ---- */

struct import_words {
	const char *file, *verify_key, *token;
	bool allow_unsigned, allow_changes;
};

/* clang-format off */
#define IMPORT_OPTIONS(at)                                                                           \
	{ "import", 0, CLI_STRING, "FILE", (at) + offsetof(struct import_words, file),               \
	  "take images and files from what checkpoint --export wrote; - is standard input", NULL },  \
	{ "verify-key", 0, CLI_STRING, "FILE", (at) + offsetof(struct import_words, verify_key),     \
	  "it must be signed with this key", NULL },                                                 \
	{ "allow-unsigned", 0, CLI_FLAG, NULL, (at) + offsetof(struct import_words, allow_unsigned), \
	  "nobody needs to vouch for it", NULL },                                                    \
	{ "token", 0, CLI_STRING, "TEXT", (at) + offsetof(struct import_words, token),               \
	  "it must have been written with this --token", NULL },                                     \
	{ "allow-changed-config", 0, CLI_FLAG, NULL, (at) + offsetof(struct import_words, allow_changes), \
	  "go on where its config.json and the bundle's differ", NULL }
/* clang-format on */

struct importing_checkpoint {
	struct cli *cli;
	const struct import_words *words;
	struct archive *archive;
	struct archive_store store;
	const char *id;
	bool made_layers; /* to be removed should the restore fail */
};

/* The config.json of the bundle, compared with; the images' directory and all else of @rq that an archive decides. */
int importing_open(struct cli *cli, const struct import_words *words, const char *id,
		   const char *bundle, struct importing_checkpoint *ret, struct restore_request *rq,
		   struct err *e);
/* @restored: what was made for it stays. */
void importing_close(struct importing_checkpoint *x, bool restored);

/*
 * Is the archive one that may be used? By signature with the key in @verify_key, by having been written here, or by
 * @allow_unsigned. @ret_known: somebody vouches for it. @ret_why: for people.
 */
int importing_vouch(struct cli *cli, const struct archive *a, const char *verify_key,
		    bool allow_unsigned, bool *ret_known, const char **ret_why, struct err *e);

/* "FILE", or "-": its descriptor. */
int importing_open_file(const char *path, int *ret, struct err *e);

#endif
