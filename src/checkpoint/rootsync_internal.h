/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files rootsync*.c share: the offer, and messages with a first byte. */
#ifndef CTR_CHECKPOINT_ROOTSYNC_INTERNAL_H
#define CTR_CHECKPOINT_ROOTSYNC_INTERNAL_H

#include "checkpoint/rootsync.h"
#include "rootfs/layers_rebuild.h"

enum {
	ROOTSYNC_CHUNK = 128 << 10, /* bytes of contents in one message */
};

/* What a root is made of, as the source says it. Strings live in an arena. */
struct rootsync_offer {
	bool overlay;
	bool copy;     /* the rootfs may be sent */
	bool contents; /* shapes are with contents */
	const char **
		base; /* overlay: directories below the layers, the uppermost first; else one: the root */
	const char **shapes; /* of each (rootfs/treeshape.h); NULL: not asked */
	size_t base_count;
	struct layers_parts parts;
};

/* @ret is JSON, malloc'ed. */
int rootsync_offer_write(const struct rootsync_offer *o, char **ret, size_t *ret_size,
			 struct err *e);
int rootsync_offer_read(const char *text, size_t size, struct arena *a, struct rootsync_offer *ret,
			struct err *e);

/* One message. */
int rootsync_send(struct wire *w, enum rootsync_message type, const void *bytes, size_t size,
		  struct err *e);
/* The next one: it must be WIRE_ROOT, and a @type. *ret: behind its first byte. -EPROTO. */
int rootsync_expect(struct wire *w, const char *who, enum rootsync_message type, const char **ret,
		    size_t *ret_size, struct err *e);
/* The kind of a WIRE_ROOT message, and what is behind it; -EPROTO for an empty one. */
int rootsync_kind(const struct wire_message *m, const char **ret, size_t *ret_size, struct err *e);

#endif
