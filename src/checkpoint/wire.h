/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two hosts say to each other while a container moves, or is kept in supply, from one to the other: messages with
 * a type and a bounded length, over two descriptors (a socket, or the pipes of a program). Nothing here knows
 * what the messages are about.
 *
 *	u32 type | u32 length | payload        both numbers in network order
 *
 * Control messages are JSON objects, data messages are bytes. A type that is not in the table, a length above the
 * type's limit, and a message that does not come in time end the connection. The peer is not trusted with
 * anything: what a message may cause is decided by who receives it.
 */
#ifndef CTR_CHECKPOINT_WIRE_H
#define CTR_CHECKPOINT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "oci/json.h"
#include "oci/json_out.h"
#include "util/arena.h"
#include "util/err.h"

enum {
	WIRE_VERSION = 1,
	WIRE_HEADER = 8,
	WIRE_DATA_MAX = 256 << 10,
	WIRE_PROGRESS = 1 << 20,
	WIRE_NONCE = 33, /* 128 random bits in hexadecimal, and NUL */
};

/* In the order in which they come. Numbers are part of the protocol: new ones go to the end. */
enum wire_type {
	WIRE_HELLO = 1, /* both, first: version, nonce, what is wanted */
	WIRE_PROPOSAL,	/* source: what the container is and needs */
	WIRE_CONFIG,	/* source: its config.json */
	WIRE_ANSWER,	/* destination: all that is wrong, and what is there already */
	WIRE_ROOT,	/* both: files of the root (rootsync.h); what is asked or answered */
	WIRE_ROUND,	/* source: a directory of images begins */
	WIRE_FILE,	/* source: a file of it; its bytes follow as data */
	WIRE_DATA,	/* source: at most WIRE_DATA_MAX bytes of what was begun; none: its end */
	WIRE_ROUND_END, /* source */
	WIRE_KEPT,	/* destination: what came until here is written down */
	WIRE_RESTORE,	/* source: all is there, make the processes */
	WIRE_PREPARED,	/* destination: they stand, and wait for the word */
	WIRE_COMMIT,	/* source: it is yours */
	WIRE_RUNNING,	/* destination: it runs */
	WIRE_DONE,	/* source: and nothing is left here; destination: and no note of it */
	WIRE_QUERY,	/* source: what became of a token? */
	WIRE_VERDICT,	/* destination */
	WIRE_FAILED,	/* both, at any time, last: why there will be nothing more */
	WIRE_ALIVE, /* both, at any time: it takes long, but goes on. Never handed to the caller. */
	WIRE_STANDBY, /* both: generations (standby_receive.c) */
	WIRE_PAGES, /* destination: memory that it wants (pages.h); source: bytes of it, in that order */
	WIRE_COMPLETE, /* destination: no memory is missing there any more */
	WIRE_TYPE_END,
};

/* "PROPOSAL"; "?" for a number that is none. */
const char *wire_type_name(enum wire_type type);

/* How long its payload may be. */
size_t wire_type_limit(enum wire_type type);

/*
 * The header of a message. -EBADMSG for an unknown type or a length above its limit. Pure.
 */
int wire_header_read(const unsigned char header[WIRE_HEADER], enum wire_type *ret_type,
		     size_t *ret_size, struct err *e);
void wire_header_write(enum wire_type type, size_t size, unsigned char ret[WIRE_HEADER]);

struct wire_message {
	enum wire_type type;
	const char *data; /* with a NUL behind it; valid until the next one is received */
	size_t size;
};

/*
 * A message at the start of the @size bytes @bytes: how many it takes, 0 if more are needed, -EBADMSG. Pure;
 * ret->data points into @bytes, and there is no NUL.
 */
ssize_t wire_decode(const unsigned char *bytes, size_t size, struct wire_message *ret,
		    struct err *e);

struct wire;

/*
 * A connection over two descriptors, which may be the same, and which it owns from now on, success or not. They
 * become non-blocking. @timeout_ms: the longest time in which nothing moves, for each message.
 */
int wire_new(int in, int out, int timeout_ms, struct wire **ret, struct err *e);
void wire_free(struct wire *w);
static inline void wire_freep(struct wire **w)
{
	wire_free(*w);
}

void wire_set_timeout(struct wire *w, int timeout_ms);
int wire_timeout(const struct wire *w);
/*
 * From now on, at least WIRE_PROGRESS bytes of what is no WIRE_ALIVE must come in each @ms: else -ETIMEDOUT, however lively
 * the other end is. 0: no such limit.
 */
void wire_set_progress(struct wire *w, int ms);
/* Readable when a message comes, for who waits for other things as well. Not given away. */
int wire_input(const struct wire *w);
/* Becomes readable when waiting makes no sense any more: -ECANCELED. Borrowed; < 0: never. */
void wire_set_interrupt(struct wire *w, int fd);

/* Bytes that went out and came in so far. */
uint64_t wire_sent(const struct wire *w);
uint64_t wire_received(const struct wire *w);

/* Errors are -ECONNRESET (the other end is gone), -ETIMEDOUT, -ECANCELED, or what the kernel says. */
int wire_send(struct wire *w, enum wire_type type, const void *data, size_t size, struct err *e);
/* The object that was begun in @o, which is ended and released here. */
int wire_send_json(struct wire *w, enum wire_type type, struct json_out *o, struct err *e);
/* An empty object. */
int wire_send_word(struct wire *w, enum wire_type type, struct err *e);

/* Tell the other end why this one gives up: text, advice and kind of @why. What fails is passed over. */
void wire_send_failure(struct wire *w, const struct err *why);

/*
 * The next message. WIRE_FAILED comes back as -ECONNABORTED with the text of the other end in @e, prefixed with @who
 * ("destination").
 */
int wire_receive(struct wire *w, const char *who, struct wire_message *ret, struct err *e);
/* It must be a @type: else -EPROTO. */
int wire_expect(struct wire *w, const char *who, enum wire_type type, struct wire_message *ret,
		struct err *e);
/* The same as a JSON object, which lives in @a. */
int wire_expect_json(struct wire *w, const char *who, enum wire_type type, struct arena *a,
		     const struct json_node **ret, struct err *e);
/* The payload of @m as a JSON object. -EBADMSG. */
int wire_json(const struct wire_message *m, struct arena *a, const struct json_node **ret,
	      struct err *e);

/* Is the other end gone, or has it said something? Without waiting. */
bool wire_is_quiet(struct wire *w);

/* ---- members of messages, strictly; -EBADMSG ---- */

/* A string of at most @max bytes. Optional ones that are missing are NULL. */
int wire_string(const struct json_node *o, const char *key, size_t max, bool optional,
		const char **ret, struct err *e);
int wire_uint(const struct json_node *o, const char *key, uint64_t max, uint64_t *ret,
	      struct err *e);
bool wire_bool(const struct json_node *o, const char *key);

/* ---- the first words ---- */

/* A nonce from the kernel. */
int wire_nonce(char ret[WIRE_NONCE], struct err *e);
/* Is it 32 lower-case hexadecimal digits? */
bool wire_nonce_is_valid(const char *text);

/*
 * Both sides say hello: version and nonce, and each repeats the other's nonce, so that neither takes an old
 * recording for an answer. The caller says what it wants; the one who is called learns it (in @a). -EPROTONOSUPPORT
 * for another version, -EPROTO for what is no ctr at all.
 */
int wire_hello_call(struct wire *w, const char *purpose, struct err *e);
int wire_hello_answer(struct wire *w, struct arena *a, const char **ret_purpose, struct err *e);

#endif
