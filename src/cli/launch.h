/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What run and create have in common: options, and what is told to the caller before the start. */
#ifndef CTR_CLI_LAUNCH_H
#define CTR_CLI_LAUNCH_H

#include "cli/cli.h"

struct network_options {
	struct cli_list networks, publish, dns, dns_search;
	const char *rate;
	bool isolate;
};

/* Those of explain, too. */
struct overlay_options {
	bool overlay, no_overlay, ephemeral;
	struct cli_list layers;
	const char *size;
};

/* clang-format off */
#define OVERLAY_OPTIONS(at)                                                                           \
	{ "overlay", 0, CLI_FLAG, NULL, (at) + offsetof(struct overlay_options, overlay),             \
	  "leave the rootfs as it is: what is written goes to a layer of the container's own", NULL }, \
	{ "no-overlay", 0, CLI_FLAG, NULL, (at) + offsetof(struct overlay_options, no_overlay),       \
	  "use the rootfs itself, whatever ctr.conf says", NULL },                                    \
	{ "layer", 0, CLI_LIST, "DIR", (at) + offsetof(struct overlay_options, layers),               \
	  "put a directory on top of the rootfs, may be repeated; implies --overlay", NULL },         \
	{ "ephemeral", 0, CLI_FLAG, NULL, (at) + offsetof(struct overlay_options, ephemeral),         \
	  "the layer is in memory, and gone with the container; implies --overlay", NULL },           \
	{ "size", 0, CLI_STRING, "SIZE", (at) + offsetof(struct overlay_options, size),               \
	  "limit what the container can write to its layer, such as 512m or 10g", NULL }
/* clang-format on */

struct launch_options {
	const char *bundle, *config, *pid_file, *console_socket, *pidfd_socket;
	struct network_options network;
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, strict, ksm;
	struct overlay_options overlay;
};

/* clang-format off */
#define NETWORK_OPTION(base, field) (base) + offsetof(struct network_options, field)
#define NETWORK_OPTIONS(base)                                                                         \
	{ "network", 0, CLI_LIST, "NETWORK", NETWORK_OPTION(base, networks),                          \
	  "connect it: none, host, bridge[:NAME], ns:PATH, container:ID, macvlan:DEVICE, cni:FILE, pasta, slirp4netns or user", NULL }, \
	{ "publish", 'p', CLI_LIST, "[IP:]PORT:PORT[/udp]", NETWORK_OPTION(base, publish),            \
	  "lead a port of the host, or a range, to one of the container", NULL },                     \
	{ "isolate", 0, CLI_FLAG, NULL, NETWORK_OPTION(base, isolate),                                \
	  "keep it apart from other containers of its networks", NULL },                              \
	{ "dns", 0, CLI_LIST, "IP", NETWORK_OPTION(base, dns),                                        \
	  "a name server for its resolv.conf, instead of the host's", NULL },                         \
	{ "dns-search", 0, CLI_LIST, "DOMAIN", NETWORK_OPTION(base, dns_search),                      \
	  "a search domain for its resolv.conf, instead of the host's", NULL },                       \
	{ "net-rate", 0, CLI_STRING, "RATE", NETWORK_OPTION(base, rate),                              \
	  "limit what it receives and sends: 10mbit, or in=RATE,out=RATE", NULL }
#define LAUNCH_OPTION(type, member, field) offsetof(type, member) + offsetof(struct launch_options, field)
#define LAUNCH_OPTIONS(type, member)                                                                  \
	{ "bundle", 'b', CLI_STRING, "DIR", LAUNCH_OPTION(type, member, bundle),                      \
	  "the bundle; the argument is then the id", NULL },                                          \
	{ "config", 'f', CLI_STRING, "FILE", LAUNCH_OPTION(type, member, config),                     \
	  "read this file instead of the bundle's config.json", NULL },                               \
	{ "pid-file", 0, CLI_STRING, "FILE", LAUNCH_OPTION(type, member, pid_file),                   \
	  "write the pid of the container's init", NULL },                                            \
	{ "console-socket", 0, CLI_STRING, "PATH", LAUNCH_OPTION(type, member, console_socket),       \
	  "send the terminal's master to this socket", NULL },                                        \
	{ "pidfd-socket", 0, CLI_STRING, "PATH", LAUNCH_OPTION(type, member, pidfd_socket),           \
	  "send a pidfd of the container's init to this socket", NULL },                              \
	{ "preserve-fds", 0, CLI_UINT, "N", LAUNCH_OPTION(type, member, preserve_fds),                \
	  "pass fds 3 to 3+N-1 to the program", NULL },                                               \
	NETWORK_OPTIONS(LAUNCH_OPTION(type, member, network)),                                        \
	{ "no-pivot", 0, CLI_FLAG, NULL, LAUNCH_OPTION(type, member, no_pivot),                       \
	  "chroot into the moved root: for hosts whose root is an initramfs", NULL },                 \
	{ "no-new-keyring", 0, CLI_FLAG, NULL, LAUNCH_OPTION(type, member, no_new_keyring),           \
	  "keep the caller's session keyring", NULL },                                                \
	{ "no-subreaper", 0, CLI_FLAG, NULL, LAUNCH_OPTION(type, member, no_subreaper),               \
	  "leave orphans to the caller, as ctr always does", NULL },                                  \
	{ "strict", 0, CLI_FLAG, NULL, LAUNCH_OPTION(type, member, strict),                           \
	  "refuse what is otherwise a warning about the config", NULL },                              \
	OVERLAY_OPTIONS(LAUNCH_OPTION(type, member, overlay))
/* Of those that start a program: criu does not know of it. */
#define KSM_OPTION(type, member)                                                                      \
	{ "ksm", 0, CLI_FLAG, NULL, LAUNCH_OPTION(type, member, ksm),                                 \
	  "let the kernel merge pages that are equal in this and other containers", NULL }
/* clang-format on */

/*
 * Fill what the options, and the environment of socket activation (LISTEN_FDS, sd_listen_fds(3)), say
 * about the request.
 */
int launch_request(struct cli *cli, const struct launch_options *o, struct container_request *rq,
		   struct err *e);

/*
 * What the options, and without them ctr.conf, say about the root filesystem. The data root is opened, and made
 * if it is missing, when there is to be an overlay on disk, unless @plan_only.
 */
int launch_overlay(struct cli *cli, const struct overlay_options *o, bool plan_only,
		   struct overlay_request *ret, struct err *e);

/*
 * --network and what goes with it as a request: rq->network, and rq->data where it needs the definitions.
 * @explain: nothing is opened.
 */
int launch_network(struct cli *cli, const struct network_options *o, bool explain,
		   struct container_request *rq, struct err *e);

/* Release what launch_request and launch_network allocated. */
void launch_request_free(struct container_request *rq);

/* What a caller is told of a process that stands and waits, and where. */
struct launch_handover {
	const char *console_socket, *pidfd_socket, *pid_file; /* NULL: not wanted */
	const char *pidfd_word; /* what comes with the pidfd: "standard", or "setns" for exec */
	bool terminal, detach;
};

/*
 * Check that the terminal has somewhere to go, hand it over (then c->console is closed), send the pidfd,
 * write the pid file.
 */
int launch_hand_over(const struct launch_handover *h, struct container *c, struct err *e);

/*
 * The container stands and waits: hand it over as the options and its annotations say.
 */
int launch_announce(const struct launch_options *o, struct container *c, bool detach,
		    struct err *e);
/* It came to nothing: the pid file names nobody. */
void launch_withdraw(const struct launch_options *o);

/* Warnings of the plan, with --debug. */
void launch_warnings(const struct cli *cli, const struct container *c);

/*
 * Stay with a container that runs, a child of ours: its terminal and our signals are passed on. When it ends,
 * its exit code is ours, and it is removed, or with @keep how it ended is noted. @signals: of foreground_signals.
 */
int launch_attend(struct cli *cli, struct container *c, int signals, bool keep, struct err *e);

/* Remove a container that has ended, with its processes if need be; its layers stay. Gone already: 0. */
int launch_clean_up(struct cli *cli, const char *id, struct err *e);

/* Descriptors 3 to 3+n-1 must be open. */
int launch_check_fds(unsigned n, struct err *e);

/* A terminal needs a console socket exactly when ctr does not stay (checklist 3.4). */
int launch_check_terminal(bool terminal, bool detach, const char *socket, struct err *e);

/*
 * With NOTIFY_SOCKET in our environment: bind the container's side before it runs, and when we are not
 * going to stay, wait until its service is ready.
 */
int launch_bind_notify(struct container *c, struct err *e);
int launch_wait_ready(const struct container *c, struct err *e);

#endif
