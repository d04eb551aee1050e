// SPDX-License-Identifier: GPL-2.0-or-later
/* See cni.h. Which plugin reads what: section 3 of the specification, and what it answers: section 5. */
#include "net/cni.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/cni_exec.h"
#include "net/ports.h"
#include "oci/json_out.h"
#include "util/cleanup.h"
#include "util/io.h"

enum {
	LIST_MAX = 1 << 20,
	ARENA_MAX = 64 << 20,
	PLUGINS_MAX = 32
};

/* The attachment's text, read; everything points into @arena or into the text. */
struct list {
	struct arena arena;
	const char *text; /* of the whole */
	const struct json_node *conflist, *result;
	const char *name, *version, *path;
	const struct json_node *plugins[PLUGINS_MAX];
	size_t count;
};

static void list_free(struct list *l)
{
	arena_free(&l->arena);
}

/* ---- reading ---- */

static int bad(const char *path, const char *why, struct err *e)
{
	err_set(e, ERR_CONFIG, 0, "CNI configuration: %s", why);
	err_origin(e, "%s", path);
	return -EINVAL;
}

static bool is_string(const struct json_node *n)
{
	return n && n->type == JSON_STRING && n->len;
}

static bool known_version(const char *v)
{
	static const char *const known[] = { "0.3.0", "0.3.1", "0.4.0", "1.0.0" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(v, known[i]) == 0)
			return true;
	return false;
}

static int read_plugins(struct list *l, const char *path, struct err *e)
{
	const struct json_node *plugins = json_member(l->conflist, "plugins");

	if (!plugins || plugins->type != JSON_ARRAY || !plugins->count)
		return bad(path, "'plugins' is no list", e);
	json_for_each (item, plugins) {
		if (!is_string(json_member(item, "type")))
			return bad(path, "a plugin without a type", e);
		if (l->count == PLUGINS_MAX)
			return bad(path, "too many plugins", e);
		l->plugins[l->count++] = item;
	}
	return 0;
}

static int read_head(struct list *l, const char *path, struct err *e)
{
	const struct json_node *name = json_member(l->conflist, "name"),
			       *version = json_member(l->conflist, "cniVersion");

	if (!is_string(name))
		return bad(path, "'name' is missing", e);
	if (!is_string(version) || !known_version(version->text))
		return bad(path, "'cniVersion' is not one of 0.3.0, 0.3.1, 0.4.0 and 1.0.0", e);
	l->name = name->text;
	l->version = version->text;
	return read_plugins(l, path, e);
}

/* {"path": ..., "conflist": ..., "result": ...} */
static int list_read(struct list *l, const char *text, const char *path, struct err *e)
{
	const struct json_node *root;
	int r;

	l->arena.cap = ARENA_MAX;
	l->text = text;
	r = json_parse(&l->arena, text, strlen(text), path, &root, e);
	if (r < 0)
		return err_wrap(e, "CNI configuration");
	l->conflist = json_member(root, "conflist");
	l->result = json_member(root, "result");
	if (!l->conflist || !is_string(json_member(root, "path")))
		return bad(path, "it is not there", e);
	l->path = json_member(root, "path")->text;
	return read_head(l, path, e);
}

/* ---- writing ---- */

static void raw(struct json_out *o, const struct list *l, const struct json_node *n)
{
	json_out_raw(o, l->text + n->start, n->end - n->start);
}

static void write_port(struct json_out *o, const struct net_port *p, unsigned i)
{
	char text[NET_ADDR_TEXT];

	json_out_object(o);
	json_out_member_uint(o, "hostPort", p->host_port + i);
	json_out_member_uint(o, "containerPort", p->port + i);
	json_out_member_string(o, "protocol", net_port_protocol(p));
	if (net_addr_set(&p->address))
		json_out_member_string(o, "hostIP", net_addr_text(&p->address, false, text));
	json_out_end_object(o);
}

static void write_runtime_config(struct json_out *o, const struct json_node *plugin,
				 const struct cni_container *c)
{
	const struct json_node *capabilities = json_member(plugin, "capabilities"),
			       *ports = capabilities ? json_member(capabilities, "portMappings")
						     : NULL;

	if (!ports || !ports->truth || !c->port_count)
		return;
	json_out_member_object(o, "runtimeConfig");
	json_out_member_array(o, "portMappings");
	for (size_t i = 0; i < c->port_count; i++)
		for (unsigned n = 0; n < c->ports[i].count; n++)
			write_port(o, &c->ports[i], n);
	json_out_end_array(o);
	json_out_end_object(o);
}

/* Members that are ours to say. */
static bool is_ours(const char *key)
{
	static const char *const ours[] = { "name", "cniVersion", "prevResult", "runtimeConfig",
					    "capabilities" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(key, ours[i]) == 0)
			return true;
	return false;
}

/* Section 3, "Deriving execution configuration from plugin configuration". @prev: a result, or NULL. */
static int derive(const struct list *l, const struct json_node *plugin,
		  const struct cni_container *c, const char *prev, char **ret, size_t *ret_len)
{
	struct json_out o;
	int r = json_out_init(&o, false);

	if (r < 0)
		return r;
	json_out_object(&o);
	json_out_member_string(&o, "cniVersion", l->version);
	json_out_member_string(&o, "name", l->name);
	json_for_each (member, plugin) {
		if (is_ours(member->key))
			continue;
		json_out_key(&o, member->key);
		raw(&o, l, member);
	}
	write_runtime_config(&o, plugin, c);
	if (prev) {
		json_out_key(&o, "prevResult");
		json_out_raw(&o, prev, strlen(prev));
	}
	json_out_end_object(&o);
	r = json_out_finish(&o, ret, ret_len);
	json_out_free(&o);
	return r;
}

/* The text that is kept. */
static int compose(const char *path, const char *conflist, size_t len, const char *result,
		   struct arena *arena, const char **ret)
{
	cleanup_free char *text = NULL;
	struct json_out o;
	size_t size;
	int r = json_out_init(&o, false);

	if (r < 0)
		return r;
	json_out_object(&o);
	json_out_member_string(&o, "path", path);
	json_out_key(&o, "conflist");
	json_out_raw(&o, conflist, len);
	if (result) {
		json_out_key(&o, "result");
		json_out_raw(&o, result, strlen(result));
	}
	json_out_end_object(&o);
	r = json_out_finish(&o, &text, &size);
	json_out_free(&o);
	if (r == 0)
		*ret = arena_strdup(arena, text);
	return r == 0 && !*ret ? -ENOMEM : r;
}

/* ---- what the commands have in common ---- */

static int call_plugin(const struct list *l, size_t i, const char *command,
		       const struct net_attachment *a, const struct cni_container *c,
		       const char *prev, char **ret, struct err *e)
{
	char alias[NET_ALIAS_SIZE];
	cleanup_free char *config = NULL;
	size_t len;
	struct cni_call call = {
		.command = command,
		.type = json_member(l->plugins[i], "type")->text,
		.path = l->path,
		.netns = c->netns,
		.ifname = a->name,
		/* behind "ctr:": unique, and of characters that are allowed, which ids are not always */
		.id = net_alias(a->uuid, alias) + 4,
	};
	int r = derive(l, l->plugins[i], c, prev, &config, &len);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "prepare the CNI plugin '%s'", call.type);
	call.config = config;
	call.config_len = len;
	return cni_plugin_run(&call, ret, e);
}

static char *kept_result(const struct list *l)
{
	return l->result ? strndup(l->text + l->result->start, l->result->end - l->result->start)
			 : NULL;
}

/* ---- load ---- */

static int read_list(const char *path, char **ret, size_t *ret_len, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r = fd < 0 ? -errno : io_read_file(fd, LIST_MAX, ret, ret_len);

	if (r == 0)
		return 0;
	err_set(e, ERR_CONFIG, -r, "read the CNI configuration '%s'", path);
	return r;
}

int cni_load(struct net_attachment *a, struct arena *arena, struct err *e)
{
	cleanup_(list_free) struct list l = { 0 };
	cleanup_free char *text = NULL;
	const struct json_node *root;
	size_t len;
	int r = read_list(a->target, &text, &len, e);

	if (r < 0)
		return r;
	l.arena.cap = ARENA_MAX;
	r = json_parse(&l.arena, text, len, a->target, &root, e);
	if (r < 0)
		return err_wrap(e, "CNI configuration");
	if (compose(cni_directories(), text + root->start, root->end - root->start, NULL, arena,
		    &a->result) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read the CNI configuration");
	arena_free(&l.arena);
	l = (struct list){ 0 };
	r = list_read(&l, a->result, a->target, e);
	for (size_t i = 0; r == 0 && i < l.count; i++) {
		cleanup_fd int fd =
			cni_plugin_open(l.path, json_member(l.plugins[i], "type")->text, e);

		r = fd < 0 ? fd : 0;
	}
	return r;
}

/* ---- add ---- */

/* The addresses of the container: those of an interface that is in its namespace, or of none. */
static bool is_inside(const struct json_node *result, const struct json_node *ip)
{
	const struct json_node *interfaces = json_member(result, "interfaces"),
			       *index = json_member(ip, "interface");
	uint64_t n;

	if (!interfaces || interfaces->type != JSON_ARRAY || !index ||
	    json_to_u64(index, UINT32_MAX, &n) < 0)
		return true;
	json_for_each (item, interfaces) {
		if (n-- == 0)
			return is_string(json_member(item, "sandbox"));
	}
	return false;
}

static void take_addresses(const struct json_node *result, struct net_attachment *a)
{
	const struct json_node *ips = json_member(result, "ips");

	if (!ips || ips->type != JSON_ARRAY)
		return;
	json_for_each (ip, ips) {
		const struct json_node *address = json_member(ip, "address");
		struct net_addr addr;

		if (!is_string(address) || net_addr_parse(address->text, 0, &addr) < 0 ||
		    !is_inside(result, ip))
			continue;
		if (addr.family == AF_INET && !net_addr_set(&a->ip4))
			a->ip4 = addr;
		if (addr.family == AF_INET6 && !net_addr_set(&a->ip6))
			a->ip6 = addr;
	}
}

/* @text is the answer of a plugin: an object. */
static int check_result(const char *type, const char *text, struct arena *arena,
			const struct json_node **ret, struct err *e)
{
	if (json_parse(arena, text, strlen(text), type, ret, NULL) == 0 &&
	    (*ret)->type == JSON_OBJECT)
		return 0;
	return err_set(e, ERR_SYSTEM, EBADMSG, "CNI plugin '%s', ADD: the answer", type);
}

int cni_add(struct net_attachment *a, const struct cni_container *c, struct arena *arena,
	    struct err *e)
{
	cleanup_(list_free) struct list l = { 0 };
	cleanup_free char *prev = NULL;
	const struct json_node *result = NULL;
	int r = list_read(&l, a->result, a->target, e);

	for (size_t i = 0; r == 0 && i < l.count; i++) {
		char *text = NULL;

		r = call_plugin(&l, i, "ADD", a, c, prev, &text, e);
		if (r < 0)
			return r;
		free(prev);
		prev = text;
		r = check_result(json_member(l.plugins[i], "type")->text, text, &l.arena, &result,
				 e);
	}
	if (r < 0)
		return r;
	take_addresses(result, a);
	r = compose(l.path, l.text + l.conflist->start, l.conflist->end - l.conflist->start, prev,
		    arena, &a->result);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "keep the CNI result") : 0;
}

/* ---- check, delete ---- */

int cni_check(const struct net_attachment *a, const struct cni_container *c, struct err *e)
{
	cleanup_(list_free) struct list l = { 0 };
	cleanup_free char *prev = NULL;
	const struct json_node *disable;
	int r = list_read(&l, a->result, a->target, e);

	if (r < 0)
		return r;
	disable = json_member(l.conflist, "disableCheck");
	if ((disable && disable->truth) || strncmp(l.version, "0.3", 3) == 0)
		return 0;
	prev = kept_result(&l);
	for (size_t i = 0; r == 0 && i < l.count; i++) {
		cleanup_free char *text = NULL;

		r = call_plugin(&l, i, "CHECK", a, c, prev, &text, e);
	}
	return r;
}

int cni_del(const struct net_attachment *a, const struct cni_container *c, struct err *e)
{
	cleanup_(list_free) struct list l = { 0 };
	cleanup_free char *prev = NULL;
	int r, first = 0;

	if (!a->result) /* killed before the list was read: no plugin was called */
		return 0;
	r = list_read(&l, a->result, a->target, e);
	if (r < 0)
		return r;
	prev = kept_result(&l);
	for (size_t i = l.count; i > 0; i--) {
		struct err one = ERR_INIT;
		cleanup_free char *text = NULL;

		r = call_plugin(&l, i - 1, "DEL", a, c, prev, &text, &one);
		if (r < 0 && first == 0) {
			first = r;
			if (e) {
				one.problems = e->problems;
				*e = one;
			}
		}
	}
	return first;
}
