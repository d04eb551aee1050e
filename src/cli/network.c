// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr network: the definitions of networks. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "container/network.h"
#include "net/collect.h"
#include "net/definition.h"
#include "net/kinds.h"
#include "net/lease.h"
#include "util/cleanup.h"

/* ---- create ---- */

struct create_options {
	const char *subnet, *subnet6, *gateway, *gateway6, *bridge;
	unsigned mtu;
	bool isolate, internal;
};

static const struct cli_option create_table[] = {
	{ "subnet", 0, CLI_STRING, "CIDR", offsetof(struct create_options, subnet),
	  "its IPv4 addresses (default: 256 that are free)", NULL },
	{ "subnet6", 0, CLI_STRING, "CIDR", offsetof(struct create_options, subnet6),
	  "its IPv6 addresses (default: none)", NULL },
	{ "gateway", 0, CLI_STRING, "ADDRESS", offsetof(struct create_options, gateway),
	  "the host's IPv4 address on it (default: the first)", NULL },
	{ "gateway6", 0, CLI_STRING, "ADDRESS", offsetof(struct create_options, gateway6),
	  "the host's IPv6 address on it (default: the first)", NULL },
	{ "bridge", 0, CLI_STRING, "IFNAME", offsetof(struct create_options, bridge),
	  "the host's interface (default: ctr-NAME)", NULL },
	{ "mtu", 0, CLI_UINT, "BYTES", offsetof(struct create_options, mtu),
	  "the largest packet (default: the kernel's)", NULL },
	{ "isolate", 0, CLI_FLAG, NULL, offsetof(struct create_options, isolate),
	  "keep its containers apart from each other", NULL },
	{ "internal", 0, CLI_FLAG, NULL, offsetof(struct create_options, internal),
	  "nothing leaves it: no default route, no forwarding", NULL },
	{ 0 },
};

static int get_address(const char *option, const char *text, uint8_t family, struct net_addr *ret,
		       struct err *e)
{
	if (!text)
		return 0;
	if (net_addr_parse(text, family, ret) == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "option --%s: '%s' is not an address of IPv%d", option,
		       text, family == AF_INET ? 4 : 6);
}

static int fill(const struct create_options *o, const char *name, struct net_def *def,
		struct err *e)
{
	int r;

	if (!net_name_ok(name)) {
		err_set(e, ERR_USAGE, 0, "'%s' is no name for a network", name);
		err_hint(e, "use at most %d letters, digits and _ . - (not first)", NET_NAME_MAX);
		return -EINVAL;
	}
	(void)snprintf(def->name, sizeof(def->name), "%s", name);
	if (o->bridge && strlen(o->bridge) >= sizeof(def->bridge))
		return err_set(e, ERR_USAGE, 0, "bridge '%s': this is no name for an interface",
			       o->bridge);
	(void)snprintf(def->bridge, sizeof(def->bridge), "%s", o->bridge ? o->bridge : "");
	def->mtu = o->mtu;
	def->isolate = o->isolate;
	def->internal = o->internal;
	r = get_address("subnet", o->subnet, AF_INET, &def->subnet4, e);
	if (r == 0)
		r = get_address("subnet6", o->subnet6, AF_INET6, &def->subnet6, e);
	if (r == 0)
		r = get_address("gateway", o->gateway, AF_INET, &def->gw4, e);
	return r < 0 ? r : get_address("gateway6", o->gateway6, AF_INET6, &def->gw6, e);
}

static int run_create(struct cli *cli, const void *opts, char **args, struct err *e)
{
	struct net_def def = { .mtu = 0 };
	int r = fill(opts, args[0], &def, e);

	if (r == 0)
		r = cli_data_root(cli, true, e);
	if (r == 0)
		r = net_def_create(cli->data, &def, false, e);
	if (r == 0)
		(void)printf("%s\n", def.name);
	return r;
}

static const struct cli_command create = {
	.name = "network create",
	.args = "NAME",
	.summary = "Define a network: a bridge, made as soon as a container is attached",
	.options = create_table,
	.run = run_create,
	.options_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 1,
};

/* ---- list ---- */

struct list_options {
	const char *format;
	bool quiet;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option list_table[] = {
	{ "format", 'f', CLI_STRING, "FORMAT", offsetof(struct list_options, format),
	  "table or json", formats },
	{ "quiet", 'q', CLI_FLAG, NULL, offsetof(struct list_options, quiet), "names only", NULL },
	{ 0 },
};

struct listing {
	struct cli *cli;
	struct json_out *json; /* NULL: a table */
	bool quiet;
};

static int show(const char *name, void *data)
{
	const struct listing *l = data;
	char four[NET_ADDR_TEXT], six[NET_ADDR_TEXT];
	struct err e = ERR_INIT;
	struct net_def def;

	if (l->quiet) {
		(void)printf("%s\n", name);
		return 0;
	}
	if (net_def_load(l->cli->data, name, &def, &e) < 0) {
		cli_warn(l->cli, "%s", e.text); /* one that cannot be read never hides others */
		return 0;
	}
	if (l->json) {
		json_out_object(l->json);
		net_def_members(l->json, &def);
		json_out_end_object(l->json);
		return 0;
	}
	(void)net_addr_text(&def.subnet4, true, four);
	(void)net_addr_text(&def.subnet6, true, six);
	(void)printf("%-20s %-15s %-18s %-24s %s%s%s\n", def.name, def.bridge, *four ? four : "-",
		     *six ? six : "-", def.isolate ? "isolate" : "",
		     def.isolate && def.internal ? "," : "",
		     def.internal  ? "internal"
		     : def.isolate ? ""
				   : "-");
	return 0;
}

static int list_json(struct listing *l, struct err *e)
{
	struct json_out o;
	int r;

	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "list networks");
	/* cppcheck-suppress autoVariables ; taken back below */
	l->json = &o;
	json_out_array(&o);
	r = l->cli->data >= 0 ? net_def_each(l->cli->data, show, l, e) : 0;
	l->json = NULL;
	json_out_end_array(&o);
	if (r == 0)
		return cli_print_json(&o, e);
	json_out_free(&o);
	return r;
}

static int run_list(struct cli *cli, const void *opts, char **args, struct err *e)
{
	const struct list_options *o = opts;
	struct listing l = { .cli = cli, .quiet = o->quiet };
	int r = cli_data_root(cli, false, e);

	(void)args;
	if (r < 0 && r != -ENOENT) /* no data directory: no networks */
		return r;
	if (o->format && strcmp(o->format, "json") == 0 && !o->quiet)
		return list_json(&l, e);
	if (!o->quiet)
		(void)printf("%-20s %-15s %-18s %-24s %s\n", "NAME", "BRIDGE", "SUBNET", "SUBNET6",
			     "FLAGS");
	return cli->data < 0 ? 0 : net_def_each(cli->data, show, &l, e);
}

static const struct cli_command list = {
	.name = "network list",
	.args = "",
	.summary = "List the networks",
	.options = list_table,
	.run = run_list,
	.options_size = sizeof(struct list_options),
};

/* ---- inspect ---- */

static const struct cli_option no_options[] = { { 0 } };

static int json_lease(const struct lease *l, void *data)
{
	struct json_out *o = data;

	json_out_object(o);
	json_out_member_string(o, "address", l->address);
	json_out_member_string(o, "container", l->id);
	json_out_member_string(o, "root", l->root);
	json_out_end_object(o);
	return 0;
}

static int missing(const char *name, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "network '%s' does not exist", name);
	err_hint(e, "see: ctr network list");
	return -ENOENT;
}

static int run_inspect(struct cli *cli, const void *opts, char **args, struct err *e)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	struct json_out o;
	int r = cli_data_root(cli, false, e);

	(void)opts;
	if (r == -ENOENT)
		return missing(args[0], e);
	if (r == 0)
		r = net_dir_open(cli->data, args[0], &d, e);
	if (r < 0)
		return r;
	if (json_out_init(&o, true) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "show the network");
	json_out_object(&o);
	net_def_members(&o, &d.def);
	json_out_member_array(&o, "leases");
	r = lease_each(&d, json_lease, &o);
	json_out_end_array(&o);
	json_out_end_object(&o);
	if (r == 0)
		return cli_print_json(&o, e);
	json_out_free(&o);
	return err_set(e, ERR_SYSTEM, -r, "read the leases of network '%s'", args[0]);
}

static const struct cli_command inspect = {
	.name = "network inspect",
	.args = "NAME",
	.summary = "Show a network, and who has which of its addresses, as JSON",
	.options = no_options,
	.run = run_inspect,
	.min_args = 1,
	.max_args = 1,
};

/* ---- delete ---- */

static int run_delete(struct cli *cli, const void *opts, char **args, struct err *e)
{
	struct process_identity boot;
	const struct net_collect how = { .boot = boot.boot_id, .lives = network_owner_lives };
	int r = cli_data_root(cli, false, e);

	(void)opts;
	if (r == -ENOENT)
		return missing(args[0], e);
	if (r == 0)
		r = process_boot_id(boot.boot_id, sizeof(boot.boot_id), e);
	for (; r == 0 && *args; args++) {
		r = net_delete(cli->data, *args, &how, e);
		if (r < 0)
			(void)err_wrap(e, "delete network '%s'", *args);
	}
	return r;
}

static const struct cli_command delete = {
	.name = "network delete",
	.args = "NAME...",
	.summary = "Delete networks that no container is attached to",
	.options = no_options,
	.run = run_delete,
	.min_args = 1,
	.max_args = -1,
};

static const struct cli_command *const verbs[] = { &create, &list, &inspect, &delete, NULL };

const struct cli_command cli_network = {
	.name = "network",
	.summary = "Define networks of containers",
	.args = "",
	.verbs = verbs,
};

_Static_assert(sizeof(struct create_options) <= CLI_OPTIONS_MAX, "options fit");
