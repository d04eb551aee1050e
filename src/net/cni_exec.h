/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of one plugin of the Container Network Interface. Only files of this room include this. */
#ifndef CTR_NET_CNI_EXEC_H
#define CTR_NET_CNI_EXEC_H

#include <stddef.h>

#include "util/err.h"

struct cni_call {
	const char *command; /* ADD, CHECK, DEL */
	const char *type;    /* name of the plugin */
	const char *path;    /* directories, separated by colons: where plugins are, and CNI_PATH */
	const char *id;	     /* CNI_CONTAINERID */
	const char *netns;   /* CNI_NETNS, or NULL */
	const char *ifname;  /* CNI_IFNAME */
	const char *config;  /* what it reads */
	size_t config_len;
};

/* Of CNI_PATH in our environment, or the usual ones. */
const char *cni_directories(void);

/*
 * The executable of the plugin @type in one of the directories @path, opened: a regular file that only root or we
 * can change. A name with '/' is refused. -ENOENT.
 */
int cni_plugin_open(const char *path, const char *type, struct err *e);

/*
 * Run it. *ret_text (malloc'ed, NUL-terminated) is what it wrote on stdout. When it fails, the error has its code,
 * message and details, as it wrote them.
 */
int cni_plugin_run(const struct cni_call *call, char **ret_text, struct err *e);

#endif
