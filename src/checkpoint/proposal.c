// SPDX-License-Identifier: GPL-2.0-or-later
/* See proposal.h. */
#include "checkpoint/proposal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "container/store.h"
#include "util/cleanup.h"
#include "util/kernel.h"
#include "util/overlayfs.h"

/* Members of struct checkpoint_flags that a move takes along. */
static const struct {
	const char *key;
	size_t at;
} flags[] = {
	{ "tcpEstablished", offsetof(struct checkpoint_flags, tcp_established) },
	{ "tcpClose", offsetof(struct checkpoint_flags, tcp_close) },
	{ "linkRemap", offsetof(struct checkpoint_flags, link_remap) },
	{ "extUnixSk", offsetof(struct checkpoint_flags, ext_unix_sk) },
	{ "shellJob", offsetof(struct checkpoint_flags, shell_job) },
	{ "fileLocks", offsetof(struct checkpoint_flags, file_locks) },
};

int proposal_digest(const void *data, size_t size, char ret[DIGEST_TEXT], struct err *e)
{
	cleanup_(digest_freep) struct digest *h = NULL;
	int r = digest_new(&h, e);

	if (r < 0)
		return r;
	digest_update(h, data, size);
	digest_finish(h, ret);
	return 0;
}

/* The record has them from above, and the bundle's root as the last. */
static int describe_layers(const struct container *c, struct arena *a, struct proposal *p)
{
	const oci_strings *base = &c->record.overlay.base;

	if (!c->record.overlay.used || base->count < 2)
		return 0;
	p->layers.items = arena_array(a, base->count, sizeof(*p->layers.items));
	if (!p->layers.items)
		return -ENOMEM;
	for (size_t i = base->count - 1; i-- > 0;)
		p->layers.items[p->layers.count++] = base->items[i];
	return 0;
}

int proposal_describe(const struct container *c, struct arena *a, struct proposal *p)
{
	const struct container_record *r = &c->record;

	p->from = r->id;
	p->id = p->id ? p->id : r->id;
	p->bundle = r->bundle;
	p->overlay = r->overlay.used;
	p->overlay_size = r->overlay.size;
	p->network = r->network;
	p->no_keyring = r->no_keyring;
	return describe_layers(c, a, p);
}

static void write_host(struct json_out *o, const struct host_facts *h)
{
	json_out_member_object(o, "host");
	json_out_member_string(o, "name", h->name);
	json_out_member_string(o, "kernel", h->kernel);
	json_out_member_string(o, "arch", h->arch);
	json_out_member_string(o, "cpu", h->cpu);
	json_out_member_string(o, "bootId", h->boot_id);
	json_out_member_uint(o, "netns", h->netns);
	json_out_member_int(o, "criu", h->criu);
	json_out_end_object(o);
}

void proposal_write(struct json_out *o, const struct proposal *p)
{
	json_out_member_string(o, "token", p->token);
	json_out_member_string(o, "id", p->id);
	json_out_member_string(o, "from", p->from);
	json_out_member_string(o, "bundle", p->bundle);
	json_out_member_string(o, "configDigest", p->config_digest);
	write_host(o, &p->host);
	json_out_member_uint(o, "memory", p->memory);
	json_out_member_bool(o, "overlay", p->overlay);
	json_out_member_uint(o, "overlaySize", p->overlay_size);
	json_out_member_strings(o, "layers", p->layers.items, p->layers.count);
	net_setup_write(o, &p->network);
	json_out_member_object(o, "flags");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		json_out_member_bool(o, flags[i].key,
				     *(const bool *)((const char *)&p->flags + flags[i].at));
	json_out_end_object(o);
	json_out_member_bool(o, "noKeyring", p->no_keyring);
	json_out_member_bool(o, "dryRun", p->dry_run);
	json_out_member_bool(o, "postCopy", p->post_copy);
}

/* ---- reading ---- */

static int read_host(const struct json_node *o, struct host_facts *ret, struct err *e)
{
	static const struct {
		const char *key;
		size_t at, max;
	} strings[] = {
		{ "name", offsetof(struct host_facts, name), 256 },
		{ "kernel", offsetof(struct host_facts, kernel), 256 },
		{ "arch", offsetof(struct host_facts, arch), 64 },
		{ "cpu", offsetof(struct host_facts, cpu), 16384 },
		{ "bootId", offsetof(struct host_facts, boot_id), 64 },
	};
	const struct json_node *h = json_member(o, "host");
	uint64_t criu;
	int r = 0;

	if (!h || h->type != JSON_OBJECT)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a proposal without 'host'");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(strings); i++)
		r = wire_string(h, strings[i].key, strings[i].max, false,
				(const char **)((char *)ret + strings[i].at), e);
	if (r == 0)
		r = wire_uint(h, "netns", UINT64_MAX, &ret->netns, e);
	if (r == 0)
		r = wire_uint(h, "criu", INT_MAX, &criu, e);
	if (r == 0)
		ret->criu = (int)criu;
	return r;
}

/* What the other host made of it is not ours; what the container knows itself by stays. */
static void ask_again(struct net_setup *s)
{
	s->data = NULL;
	for (size_t i = 0; i < s->items.count; i++) {
		struct net_attachment *a = &s->items.items[i];

		a->has_ip4 = a->ip4.family != 0;
		a->has_ip6 = a->ip6.family != 0;
		a->has_mac = true;
		a->bridge[0] = '\0';
		a->host_index = 0;
		a->result = NULL;
		a->helper_pid = 0;
		a->helper_start = 0;
		memset(a->uuid, 0, sizeof(a->uuid));
	}
}

static int read_network(const struct json_node *o, struct arena *a, struct net_setup *ret,
			struct err *e)
{
	const struct json_node *n = json_member(o, "network");

	if (!n)
		return 0;
	if (net_setup_read(n, a, ret) < 0)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a proposal with a network that is none");
	ask_again(ret);
	return 0;
}

static int read_layers(const struct json_node *o, struct arena *a, oci_strings *ret, struct err *e)
{
	const struct json_node *list = json_member(o, "layers");

	if (!list || list->type != JSON_ARRAY || list->count > OVERLAYFS_MAX_LAYERS)
		return err_set(e, ERR_SYSTEM, EBADMSG, "a proposal without 'layers'");
	ret->items = arena_array(a, list->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_set(e, ERR_SYSTEM, ENOMEM, "read a proposal");
	json_for_each (item, list) {
		if (item->type != JSON_STRING || item->text[0] != '/')
			return err_set(e, ERR_SYSTEM, EBADMSG, "a layer that is no absolute path");
		ret->items[ret->count++] = item->text;
	}
	return 0;
}

static void read_flags(const struct json_node *o, struct checkpoint_flags *ret)
{
	const struct json_node *f = json_member(o, "flags");

	for (size_t i = 0; f && i < ARRAY_SIZE(flags); i++)
		*(bool *)((char *)ret + flags[i].at) = wire_bool(f, flags[i].key);
}

int proposal_read(const struct json_node *o, struct arena *a, struct proposal *ret, struct err *e)
{
	struct proposal p = { 0 };
	int r = wire_string(o, "token", WIRE_NONCE - 1, false, &p.token, e);

	if (r == 0 && !wire_nonce_is_valid(p.token))
		return err_set(e, ERR_SYSTEM, EBADMSG, "a proposal without a token");
	if (r == 0)
		r = wire_string(o, "id", CONTAINER_ID_MAX, false, &p.id, e);
	if (r == 0)
		r = container_id_check(p.id, e);
	if (r == 0)
		r = wire_string(o, "from", CONTAINER_ID_MAX, false, &p.from, e);
	if (r == 0)
		r = wire_string(o, "bundle", PATH_MAX - 1, false, &p.bundle, e);
	if (r == 0)
		r = wire_string(o, "configDigest", DIGEST_TEXT - 1, false, &p.config_digest, e);
	if (r == 0)
		r = read_host(o, &p.host, e);
	if (r == 0)
		r = wire_uint(o, "memory", INT64_MAX, &p.memory, e);
	if (r == 0)
		r = wire_uint(o, "overlaySize", INT64_MAX, &p.overlay_size, e);
	if (r == 0)
		r = read_network(o, a, &p.network, e);
	if (r == 0)
		r = read_layers(o, a, &p.layers, e);
	if (r < 0)
		return r;
	if (p.bundle[0] != '/' || !digest_is_valid(p.config_digest))
		return err_set(e, ERR_SYSTEM, EBADMSG, "a proposal that cannot be meant");
	read_flags(o, &p.flags);
	p.overlay = wire_bool(o, "overlay");
	p.no_keyring = wire_bool(o, "noKeyring");
	p.dry_run = wire_bool(o, "dryRun");
	p.post_copy = wire_bool(o, "postCopy");
	*ret = p;
	return 0;
}
