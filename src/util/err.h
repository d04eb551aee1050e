/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error convention: functions return 0 (or a count) on success and a negative errno on
 * failure, and take a struct err last. The leaf that fails says what failed (err_set), each room
 * boundary may add its intent once (err_wrap), cli/ prints once (err_format). No heap.
 */
#ifndef CTR_UTIL_ERR_H
#define CTR_UTIL_ERR_H

#include <stddef.h>

struct problems; /* util/problems.h */

/* What sort of mistake it was; decides nothing but the "code" of the JSON log line. */
enum err_kind {
	ERR_NONE = 0,
	ERR_SYSTEM,	 /* the kernel refused */
	ERR_CONFIG,	 /* config.json or process.json says something impossible */
	ERR_USAGE,	 /* the command line does */
	ERR_STATE,	 /* the container is not in the state that the verb needs */
	ERR_PAYLOAD,	 /* the program to run could not be executed */
	ERR_UNSUPPORTED, /* a valid wish, but not for this version of ctr, or not for cgroup v2 */
};

struct err {
	enum err_kind kind;
	int errnum;	  /* positive errno, 0 when no system call was involved */
	char text[1024];  /* what was being done, outermost intent first, colon separated */
	char origin[256]; /* where the wish came from: "config.json /mounts/3/source", or a path */
	char hint[256];	  /* what the user can do about it */
	/* Who reads this wants all mistakes, not only the first: err_keep() puts them there. Or NULL. */
	struct problems *problems;
};

/* Tells the compiler and the analyzers what they cannot see: an error is never 0. */
static inline int err_negative(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.kind = ERR_NONE                                                                   \
	}

/*
 * Record a failure, replacing what @e held. @errnum is positive, or 0 when strerror would add
 * nothing. Returns -errnum, or -EINVAL when @errnum is 0, so that callers can `return err_set(...)`.
 * @e may be NULL: then only the return value is produced.
 */
int err_record(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define err_set(...) err_negative(err_record(__VA_ARGS__))

/* Put "intent: " in front of the text. Returns -e->errnum (or -EINVAL) for `return err_wrap(...)`. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define err_wrap(...) err_negative(err_prefix(__VA_ARGS__))

/* Say where the wish came from (JSON pointer or path); keeps an origin that is already there. */
void err_origin(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say what to do about it; keeps a hint that is already there. */
void err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * For whoever can go on after a mistake: @r is 0 or more, or a negative errno with its story in @e.
 * When all mistakes are wanted (e->problems), the story goes there, @e is empty again and the result
 * is 0; otherwise @r comes back, and the caller ends as always. Lack of memory (-ENOMEM, and -E2BIG of
 * a document that wants too much) is no mistake to go on after: it always comes back.
 */
int err_keep(struct err *e, int r);

/* Control characters of what users wrote become "?": a message is one line, and changes no terminal. */
void err_printable(char *line);

/*
 * One line without newline into @buf: "text: strerror (origin): hint". strerror text starts in
 * lower case because callers match on it (containerd, cri-o). Control characters are replaced by '?'.
 */
void err_format(const struct err *e, char *buf, size_t size);

/* "No such file or directory" for ENOENT: the words of glibc's strerror(3) in all C libraries. NULL for no errno of Linux. */
const char *err_text(int errnum);

/* The same with a lower-case first letter, into @buf ("unknown error 4711" for a strange one). Returns @buf. */
const char *err_string(int errnum, char *buf, size_t size);

/* Stable word for machines: "system", "config", "usage", "state", "payload", "unsupported". */
const char *err_kind_name(enum err_kind kind);

#endif
