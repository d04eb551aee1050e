/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --network asks for and what came of it: the networks that one container is attached to. Plain
 * data, kept in the record of the container; strings live in the arena of whoever filled it.
 *
 *	option --network      net_setup_parse     words -> attachments (pure)
 *	config.json           net_setup_apply     which network namespace that means (pure)
 *	record                net_setup_write, net_setup_read
 *	create                net_reserve         addresses are leased, bridges are there
 *	                      net_attach          links, addresses and routes stand
 *	delete, undo          net_detach          links are gone or die with their namespace, leases end
 */
#ifndef CTR_NET_SETUP_H
#define CTR_NET_SETUP_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "oci/json.h"
#include "oci/json_out.h"
#include "oci/spec.h"
#include "util/arena.h"
#include "util/err.h"

enum net_kind {
	NET_NONE,      /* a new namespace with its loopback and nothing else */
	NET_HOST,      /* the caller's namespace */
	NET_BRIDGE,    /* a veth into a bridge of ours; target: name of the network */
	NET_NS,	       /* join the namespace @target (path) */
	NET_CONTAINER, /* join that of the container @target (id) */
	NET_MACVLAN,   /* a macvlan on the device @target */
	NET_CNI,       /* what the plugins of the list @target (path) make */
	NET_PASTA, /* pasta(1) copies packets through sockets of the caller: needs no privileges */
	NET_SLIRP, /* slirp4netns(1), likewise */
	NET_KIND_COUNT,
};

enum {
	NET_ATTACHMENTS_MAX = 16, /* of one container */
	NET_ROUTES_MAX = 64,	  /* of one attachment */
	NET_PORTS_MAX = 4096,	  /* of one container */
	NET_NAME_MAX = 64,	  /* of a network definition */
	NET_UUID_SIZE = 16,
};

struct net_route {
	struct net_addr to;  /* with its prefix */
	struct net_addr via; /* family 0: on the link */
};

/* host @address (family 0: all, IPv4 and IPv6) : @host_port .. -> container's @port .. */
struct net_port {
	struct net_addr address;
	uint16_t host_port, port, count; /* count: of a range, at least 1 */
	uint8_t protocol;		 /* IPPROTO_TCP, IPPROTO_UDP */
};

/* Bits per second, 0: no limit; burst in bytes, 0: chosen. Seen from the container. */
struct net_rate {
	uint64_t ingress, egress, ingress_burst, egress_burst;
};

struct net_attachment {
	enum net_kind kind;
	const char *target;	   /* see enum net_kind; NULL where there is none */
	char name[IFNAMSIZ];	   /* of the interface inside */
	struct net_addr ip4, ip6;  /* with the prefix of their subnet; family 0: none */
	struct net_addr gw4, gw6;  /* default routes; family 0: none */
	bool has_ip4, has_ip6;	   /* chosen by the user, as opposed to allocated */
	bool has_gw4, has_gw6;	   /* likewise; then family 0 means "none" was said */
	uint8_t mac[NET_MAC_SIZE]; /* of the interface inside; set by the time of net_reserve */
	bool has_mac;		   /* chosen by the user */
	uint32_t mtu;		   /* 0: the kernel's, or that of the bridge */
	const char *mode;	   /* macvlan: bridge, private, vepa; NULL: bridge */
	OCI_ARRAY(struct net_route) routes;

	/* Of the network definition, at the time of net_reserve. */
	char bridge[IFNAMSIZ]; /* interface on the host; "" when there is none */
	struct net_addr subnet4, subnet6;
	bool isolate;  /* no traffic to other containers of this network */
	bool internal; /* no traffic out of this network */

	/* Identity of what was made on the host: name and alias of the host's side come from it. */
	uint8_t uuid[NET_UUID_SIZE];
	int host_index; /* of the host's side of the veth; 0: not known yet */
	/* What plugins or a helper program answered and need to hear again (CNI result); JSON, or NULL. */
	const char *result;
	/* A helper program of this attachment (pasta, slirp4netns); 0: none. */
	int helper_pid;
	uint64_t helper_start;
};

/* Everything that the command line said about the network of one container. */
struct net_setup {
	OCI_ARRAY(struct net_attachment) items; /* none: nothing was said, config.json decides */
	OCI_ARRAY(struct net_port) ports;	/* --publish: belong to net_setup_primary() */
	OCI_ARRAY(struct net_addr) dns;		/* --dns */
	oci_strings dns_search;			/* --dns-search */
	struct net_rate rate;			/* --net-rate: of every interface that ctr makes */
	const char *data;    /* data root of the definitions, absolute; NULL: none */
	bool isolate;	     /* --isolate: of every bridge item */
	struct arena *arena; /* where strings go that are found out later; of the owner */
	bool hosts;	     /* ctr writes hosts, hostname and resolv.conf for it */
};

/* Who holds a lease, a port or a rule: written beside it, looked for when it may be stale. */
struct net_owner {
	const char *id;	  /* container */
	const char *root; /* state root, an absolute path */
	const char *boot; /* boot id */
};

/* Does the container still exist, and does its record have an attachment with this @uuid? */
typedef bool (*net_owner_lives)(const struct net_owner *o, const uint8_t uuid[NET_UUID_SIZE]);

/* The word of a kind: "bridge". */
const char *net_kind_name(enum net_kind kind);

/* Is there a network namespace that ctr makes, and puts something into? */
bool net_setup_makes_links(const struct net_setup *s);

/* The attachment that published ports lead to, and that hosts files name; NULL: there is none. */
const struct net_attachment *net_setup_primary(const struct net_setup *s);

/*
 * Read one --network: KIND[:TARGET][,KEY=VALUE]... and append it. @text and what it points to must
 * outlive @s. ERR_USAGE, -EINVAL: unknown kinds and keys, keys that this kind has no use for, addresses
 * that are none, names that the kernel refuses (dev_valid_name: at most 15 bytes, no '/', ':' or space).
 */
int net_setup_parse(const char *text, struct arena *a, struct net_setup *s, struct err *e);

/*
 * All of them are read: interfaces get the names eth0, eth1, ... that nobody chose; what excludes each
 * other is refused (host, none, ns and container stand alone; names twice). Pure.
 */
int net_setup_finish(struct net_setup *s, struct err *e);

/*
 * Make linux.namespaces of @spec what @s asks for: a new network namespace, none, or one that is joined
 * by @path (ns: and container:, else NULL). A config.json that names another one by path is a conflict,
 * ERR_USAGE with its pointer. Without attachments nothing changes. @a: of @spec.
 */
int net_setup_apply(const struct net_setup *s, const char *path, struct oci_spec *spec,
		    struct err *e);

/* The member "network" of a record: an object. Nothing when nothing was asked for. */
void net_setup_write(struct json_out *o, const struct net_setup *s);
/* Read it back. -EBADMSG for anything that net_setup_write would not have written. */
int net_setup_read(const struct json_node *node, struct arena *a, struct net_setup *ret);

/* For people and machines: the array "network" of `ctr state`. */
void net_setup_state(struct json_out *o, const struct net_setup *s);

/* Text of a uuid as it stands in an alias: "ctr:" and 32 hex digits. @buf: NET_ALIAS_SIZE. */
enum {
	NET_ALIAS_SIZE = 40
};
const char *net_alias(const uint8_t uuid[NET_UUID_SIZE], char *buf);
/* The other way; -EINVAL for what is none of ours. */
int net_alias_parse(const char *alias, uint8_t ret[NET_UUID_SIZE]);

/* 128 random bits (getrandom(2)). */
int net_uuid_make(uint8_t ret[NET_UUID_SIZE]);

/* Name of the host's side of a veth: "ctr" and 12 letters and digits that follow from the uuid. */
const char *net_host_name(const uint8_t uuid[NET_UUID_SIZE], char buf[IFNAMSIZ]);

#endif
