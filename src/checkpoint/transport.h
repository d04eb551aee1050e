/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How another `ctr receive` is reached: what a DEST means, and connecting to it, as often as needed. There is no
 * transport of our own that needs keys: ssh has them, and a local socket or program is the operator's.
 */
#ifndef CTR_CHECKPOINT_TRANSPORT_H
#define CTR_CHECKPOINT_TRANSPORT_H

#include <sys/types.h>

#include "checkpoint/wire.h"
#include "oci/spec.h"
#include "util/arena.h"
#include "util/err.h"

/* What the command line says beside DEST. */
struct transport_options {
	const char *ssh;	/* the command instead of /usr/bin/ssh, with its options; or NULL */
	const char *remote_ctr; /* what is called on the other host: a command, "ctr" for NULL */
	const char *root;	/* a state root on this host, instead of DEST; or NULL */
	const char *data_root;	/* and its data root; or NULL */
	const char *criu;	/* with root: the program, or NULL */
};

/*
 * Words, so that it can be written down, and read back after a crash: "unix" and the path of a socket, or "exec"
 * and a program with its arguments.
 */
struct transport {
	oci_strings words;
	const char *name; /* as the user wrote it, for messages */
};

/*
 * @dest: ssh://[USER@]HOST[:PORT], exec:COMMAND, unix:PATH, or NULL with options->root. ERR_USAGE, -EINVAL. The
 * words live in @a. Commands are split at blanks; '...' and "..." keep them, there is no other quoting and no shell.
 */
int transport_parse(const char *dest, const struct transport_options *options, struct arena *a,
		    struct transport *ret, struct err *e);

/* From words that were written down. */
int transport_from_words(const oci_strings *words, struct arena *a, struct transport *ret,
			 struct err *e);

/* Split a command as transport_parse does. -EINVAL: a quote without end, or nothing at all. */
int transport_split(const char *command, struct arena *a, oci_strings *ret, struct err *e);

/*
 * Connect. @ret_pid: the program that was started, to be given to transport_end; 0 if none. Its standard
 * error is ours. -EPERM for a socket of somebody else than us or root.
 */
int transport_connect(const struct transport *t, int timeout_ms, struct wire **ret, pid_t *ret_pid,
		      struct err *e);

/* The wire is gone: let the program end, for at most a second, then end it. */
void transport_end(pid_t pid);

/*
 * Listen on the socket @path, which is made with mode 0600; an old one that nobody listens on is replaced.
 * *ret_fd is the listening socket.
 */
int transport_listen(const char *path, int *ret_fd, struct err *e);

/* The next connection of our own user or root; others are turned away. Waits. */
int transport_accept(int listener, int *ret_fd, struct err *e);

#endif
