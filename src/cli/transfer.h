/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What export, import, verify and diff of snapshots share: names of snapshots, output files, progress. */
#ifndef CTR_CLI_TRANSFER_H
#define CTR_CLI_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "container/store.h"
#include "oci/spec.h"
#include "rootfs/layers_transfer.h"

/* "CONTAINER" or "CONTAINER@SNAPSHOT". */
struct transfer_name {
	char container[CONTAINER_ID_MAX + 1];
	const char *snapshot; /* NULL: not said */
};

int transfer_name_parse(const char *text, struct transfer_name *ret, struct err *e);

/* Open the layers of that container; from then on ctr is where it may work on them (overlay_owner_enter). */
int transfer_open(struct cli *cli, const char *id, struct layers **ret, struct err *e);

/* The config.json of a bundle. -ENOENT: it has none. */
int transfer_read_spec(const char *bundle, struct oci_spec **ret, struct err *e);

static inline void transfer_closep(struct layers **l)
{
	layers_close(*l);
}

/* ---- progress: a line on a terminal, or lines of JSON, on stderr ---- */

struct transfer_progress {
	const struct cli *cli;
	const char *what; /* "export" */
	bool terminal, json;
	int64_t last; /* when it was shown, in milliseconds */
	uint64_t bytes;
	unsigned left_out;
};

extern const char *const transfer_progress_words[]; /* json, none */

/* @how: one of the words, or NULL: a line when stderr is a terminal. */
void transfer_progress_begin(struct transfer_progress *p, const struct cli *cli, const char *what,
			     const char *how);
/* For struct file_sink and others; @data is the struct. */
void transfer_progress(void *data, uint64_t bytes);
void transfer_left_out(void *data, const char *path, const char *why);
/* The end: the line on a terminal goes. @digest: of the result, or NULL. */
void transfer_progress_end(struct transfer_progress *p, const char *digest);

/* ---- output that appears as a whole, or not at all ---- */

struct transfer_output {
	int parent; /* directory that it is in */
	const char *name, *path;
	char temporary[64];
	int fd; /* of the file or directory; stdout for "-" */
	bool directory, finished, is_stdout;
};

#define TRANSFER_OUTPUT_EMPTY                                                                      \
	{                                                                                          \
		.parent = -EBADF, .fd = -EBADF                                                     \
	}

/*
 * Begin the file @path ("-" or NULL: standard output, unless that is a terminal), which replaces one that is there, or the
 * directory @path, which must not be there.
 */
int transfer_output_open(const char *path, bool directory, struct transfer_output *ret,
			 struct err *e);
/*
 * A directory that is only for now: where @beside is made, or in $TMPDIR or /tmp when that is standard output. Others
 * cannot look into it. It goes with transfer_output_close.
 */
int transfer_scratch_open(const struct transfer_output *beside, struct transfer_output *ret,
			  struct err *e);
/* On disk and in place when it returns 0. */
int transfer_output_finish(struct transfer_output *o, struct err *e);
/* Unless it was finished, nothing stays. */
void transfer_output_close(struct transfer_output *o);

#endif
