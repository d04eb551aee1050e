/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What migrate and replicate have in common: how the other host is reached, and what goes there. */
#ifndef CTR_CLI_PEER_H
#define CTR_CLI_PEER_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/transport.h"
#include "cli/cli.h"

struct peer_options {
	const char *remote_ctr, *ssh, *to_root, *to_data_root, *as;
	bool copy_rootfs, tcp_close, ext_unix_sk, shell_job, no_preflight;
};

/* clang-format off */
#define PEER_OPTION(type, member, field) offsetof(type, member) + offsetof(struct peer_options, field)
#define PEER_OPTIONS(type, member)                                                                    \
	{ "no-preflight", 0, CLI_FLAG, NULL, PEER_OPTION(type, member, no_preflight),                 \
	  "do not look for what criu cannot save; it finds out itself", NULL },                       \
	{ "remote-ctr", 0, CLI_STRING, "COMMAND", PEER_OPTION(type, member, remote_ctr),              \
	  "what is called there by ssh, instead of ctr", NULL },                                      \
	{ "ssh", 0, CLI_STRING, "COMMAND", PEER_OPTION(type, member, ssh),                            \
	  "the ssh to use, with its options, instead of /usr/bin/ssh", NULL },                        \
	{ "to-root", 0, CLI_STRING, "DIR", PEER_OPTION(type, member, to_root),                        \
	  "instead of DEST: another state root on this host", NULL },                                 \
	{ "to-data-root", 0, CLI_STRING, "DIR", PEER_OPTION(type, member, to_data_root),              \
	  "with --to-root: its data root", NULL },                                                    \
	{ "as", 0, CLI_STRING, "CONTAINER", PEER_OPTION(type, member, as),                            \
	  "what it is to be called there", NULL },                                                    \
	{ "copy-rootfs", 0, CLI_FLAG, NULL, PEER_OPTION(type, member, copy_rootfs),                   \
	  "send the bundle's root filesystem even if there is one of that name", NULL },              \
	{ "tcp-close", 0, CLI_FLAG, NULL, PEER_OPTION(type, member, tcp_close),                       \
	  "close established TCP connections instead of taking them along", NULL },                   \
	{ "ext-unix-sk", 0, CLI_FLAG, NULL, PEER_OPTION(type, member, ext_unix_sk),                   \
	  "allow unix sockets that are connected to outside", NULL },                                 \
	{ "shell-job", 0, CLI_FLAG, NULL, PEER_OPTION(type, member, shell_job),                       \
	  "allow a terminal that belongs to somebody outside", NULL }
/* clang-format on */

/* Pure. */
static inline struct checkpoint_flags peer_flags(const struct peer_options *o)
{
	return (struct checkpoint_flags){ .tcp_established = true,
					  .tcp_close = o->tcp_close,
					  .ext_unix_sk = o->ext_unix_sk,
					  .shell_job = o->shell_job,
					  .file_locks = true,
					  .link_remap = true,
					  .cgroups = CHECKPOINT_CGROUPS_IGNORE };
}

static inline struct transport_options peer_transport(const struct peer_options *o)
{
	return (struct transport_options){ .ssh = o->ssh,
					   .remote_ctr = o->remote_ctr,
					   .root = o->to_root,
					   .data_root = o->to_data_root };
}

#endif
