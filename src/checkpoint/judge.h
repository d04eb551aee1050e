/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the way of a container that wants to come here: all of it at once, without any effect on this host.
 * And where its bundle would be. What only trying can tell is not told.
 */
#ifndef CTR_CHECKPOINT_JUDGE_H
#define CTR_CHECKPOINT_JUDGE_H

#include <limits.h>

#include "checkpoint/proposal.h"
#include "checkpoint/wire.h"
#include "util/problems.h"

struct judge_request {
	const struct proposal *proposal;
	const char *config; /* the text of its config.json */
	size_t config_size;
	int store, data;
	const struct caller *caller;
	enum cgroup_driver driver;
	struct host_facts host;
	const char *bundle_root; /* where bundles are made that are not here; NULL: DATA/.bundles */
	uint64_t room;		 /* bytes that may come to the data root (receive_room) */
	bool present_only; /* only what the operator has put here: same bundle, same config.json */
};

struct judgement {
	struct problems problems;    /* released by problems_free */
	char bundle[PATH_MAX];	     /* where its bundle is, or will be */
	char rootfs[PATH_MAX + 256]; /* and its root */
	bool make_bundle;	     /* it is not there yet */
	bool copy_rootfs;	     /* and its root has to come along */
	bool same_config;	     /* the bundle's own config.json is what came */
};

/* 0 although there may be problems; negative when looking was not possible. */
int judge(const struct judge_request *rq, struct judgement *ret, struct err *e);

/* The criu that would be used, as host_facts has it; 0 and why in @e when there is none. */
int judge_criu(const char *program, struct err *e);

/* Where the data root is, which is open as @data. -errno. */
int judge_data_path(int data, char *buf, size_t size);
/* Can this host's criu, and its kernel, fetch memory while tasks run, or leave it out of a dump? -ENOPKG. */
int judge_lazy_pages(const char *program, struct err *e);

/* Send what was found, as the WIRE_ANSWER to the proposal. */
int judge_answer(const struct judgement *v, struct wire *w, struct err *e);

#endif
