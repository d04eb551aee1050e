// SPDX-License-Identifier: GPL-2.0-or-later
/* See judge.h. */
#include "checkpoint/judge.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/made_bundle.h"
#include "container/network.h"
#include "container/store.h"
#include "container/validate.h"
#include "net/definition.h"
#include "net/lease.h"
#include "net/link.h"
#include "net/ports.h"
#include "oci/spec.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#ifdef HAVE_CRIU
#include "checkpoint/criu.h"
#endif

#define BUNDLES ".bundles"

struct judging {
	const struct judge_request *rq;
	const struct proposal *p;
	struct judgement *out;
	struct oci_spec *spec; /* NULL: it cannot be read */
};

#define object(g, hint, ...)                                                                       \
	problems_addf(&(g)->out->problems, PROBLEM_ERROR, "", hint, __VA_ARGS__)
#define doubt(g, hint, ...)                                                                        \
	problems_addf(&(g)->out->problems, PROBLEM_WARNING, "", hint, __VA_ARGS__)

int judge_criu(const char *program, struct err *e)
{
#ifdef HAVE_CRIU
	const struct criu_start how = { .program = program, .cgroup = -EBADF };
	cleanup_(criu_closep) struct criu *c = NULL;

	return criu_open(&how, &c, e) < 0 ? 0 : criu_version(c);
#else
	(void)program;
	err_set(e, ERR_UNSUPPORTED, ENOPKG, "this ctr was built without CRIU");
	return 0;
#endif
}

int judge_lazy_pages(const char *program, struct err *e)
{
#ifdef HAVE_CRIU
	const struct criu_start how = { .program = program, .cgroup = -EBADF };
	cleanup_(criu_closep) struct criu *c = NULL;
	Criu__Features wanted = CRIU__FEATURES__INIT;
	int r = criu_open(&how, &c, e);

	wanted.has_lazy_pages = wanted.lazy_pages = true;
	return r < 0 ? r : criu_need_features(c, &wanted, e);
#else
	(void)program;
	err_set(e, ERR_UNSUPPORTED, ENOPKG, "this ctr was built without CRIU");
	return -ENOPKG;
#endif
}

/* ---- the host ---- */

static int judge_host(struct judging *g)
{
	const struct host_facts *there = &g->p->host, *here = &g->rq->host;
	char missing[512];
	int r = 0;

	if (strcmp(there->arch, here->arch) != 0)
		return object(g, NULL, "the machine is %s, not %s", here->arch, there->arch);
	if (host_cpu_missing(there->cpu, here->cpu, missing, sizeof(missing)))
		r = object(g, "start it on the older machine: programs choose at their start",
			   "the processor lacks what its programs may use: %s", missing);
	if (r == 0 && host_kernel_compare(here->kernel, there->kernel) < 0)
		r = doubt(g, NULL, "the kernel %s is older than %s", here->kernel, there->kernel);
	return r;
}

static int judge_criu_version(struct judging *g)
{
	int there = g->p->host.criu, here = g->rq->host.criu;

	if (here == 0)
		return object(g, "install criu 3.15 or newer", "criu does not work here");
	if (here / 100 < there / 100)
		return object(g, "install the same version on both hosts",
			      "criu %d.%d is older than %d.%d, which writes the images",
			      here / 10000, here / 100 % 100, there / 10000, there / 100 % 100);
	return 0;
}

static int judge_id(struct judging *g)
{
	cleanup_fd int dir = -EBADF;

	if (store_get(g->rq->store, g->p->id, STORE_NO_LOCK, &dir, NULL) == -ENOENT)
		return 0;
	return object(g, "delete that first", "container '%s' exists already", g->p->id);
}

/* On one kernel there is one tree of cgroups for both state roots. */
static int judge_cgroup(struct judging *g)
{
	if (!g->spec || strcmp(g->p->host.boot_id, g->rq->host.boot_id) != 0)
		return 0;
	if (g->spec->linux_.cgroups_path)
		return object(g, "leave linux.cgroupsPath out of config.json",
			      "its cgroup '%s' exists here already", g->spec->linux_.cgroups_path);
	return strcmp(g->p->id, g->p->from) != 0
		       ? 0
		       : object(g, "call it by another name there: --as",
				"the cgroup of '%s' exists here already", g->p->id);
}

static int judge_space(struct judging *g)
{
	uint64_t need = g->p->memory + g->p->memory / 8;
	uint64_t have = g->rq->room;

	if (have >= need)
		return 0;
	return object(
		g,
		"make room, choose another --data-root, or keep less free: ctr receive --keep-free",
		"images of %" PRIu64 " MiB do not fit: %" PRIu64 " MiB may come", need >> 20,
		have >> 20);
}

/* ---- the network ---- */

static bool is_same_network(const struct judging *g)
{
	return strcmp(g->p->host.boot_id, g->rq->host.boot_id) == 0 &&
	       g->p->host.netns == g->rq->host.netns;
}

/* Has somebody here its addresses? Others of a subnet that two hosts share are not to be seen from here. */
static int judge_leases(struct judging *g, const struct net_attachment *a)
{
	cleanup_(net_dir_close) struct net_dir d = NET_DIR_EMPTY;
	cleanup_fd int sock = link_socket();
	const struct lease_context ctx = { .owner = { .boot = g->rq->host.boot_id },
					   .lives = network_owner_lives,
					   .sock = sock };
	struct err why = ERR_INIT;
	int r = sock < 0 ? err_set(&why, ERR_SYSTEM, -sock, "open a netlink socket")
			 : net_dir_open(g->rq->data, a->target, &d, &why);

	if (r == 0)
		r = lease_check(&d, &ctx, a, &why);
	return r < 0 ? problems_add(&g->out->problems, PROBLEM_ERROR, &why) : 0;
}

static int judge_bridge(struct judging *g, const struct net_attachment *a)
{
	char text[NET_ADDR_TEXT];
	struct net_def def;
	int r = net_def_load(g->rq->data, a->target, &def, NULL);

	if (is_same_network(g))
		return object(g,
			      "move it to another host, or run ctr receive in another network "
			      "namespace",
			      "the network '%s' has its address here already", a->target);
	if (r == -ENOENT && strcmp(a->target, NET_DEFAULT) == 0)
		return 0; /* made at first use, the same everywhere unless its subnet is taken */
	if (r == -ENOENT)
		return object(g, "make it with ctr network create, with the same subnet",
			      "network '%s' does not exist", a->target);
	if (r < 0)
		return object(g, NULL, "network '%s' cannot be read", a->target);
	if (a->ip4.family && (!def.subnet4.family || !net_addr_within(&a->ip4, &def.subnet4)))
		return object(g, "give the networks of both hosts the same subnet",
			      "network '%s' does not have the address %s", a->target,
			      net_addr_text(&a->ip4, false, text));
	if (a->ip6.family && (!def.subnet6.family || !net_addr_within(&a->ip6, &def.subnet6)))
		return object(g, "give the networks of both hosts the same subnet",
			      "network '%s' does not have the address %s", a->target,
			      net_addr_text(&a->ip6, false, text));
	return judge_leases(g, a);
}

static int judge_path(struct judging *g, const struct net_attachment *a)
{
	return access(a->target, F_OK) == 0
		       ? 0
		       : object(g, NULL, "its network namespace '%s' does not exist", a->target);
}

static int judge_foreign(struct judging *g, const struct net_attachment *a)
{
	return object(g, "attach it to a bridge network",
		      "a network of kind %s cannot be taken over by another host",
		      net_kind_name(a->kind));
}

static int judge_network(struct judging *g)
{
	static int (*const kinds[NET_KIND_COUNT])(struct judging *,
						  const struct net_attachment *) = {
		[NET_BRIDGE] = judge_bridge, [NET_NS] = judge_path,	  [NET_CNI] = judge_foreign,
		[NET_PASTA] = judge_foreign, [NET_SLIRP] = judge_foreign,
	};
	const struct net_setup *s = &g->p->network;
	bool ip4 = false, ip6 = false;
	struct err why = ERR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->items.count; i++) {
		const struct net_attachment *a = &s->items.items[i];

		ip4 |= a->ip4.family != 0;
		ip6 |= a->ip6.family != 0;
		if (kinds[a->kind])
			r = kinds[a->kind](g, a);
	}
	if (r == 0 && s->ports.count && !is_same_network(g) &&
	    net_ports_check_host(s->ports.items, s->ports.count, ip4, ip6, &why) < 0)
		r = problems_add(&g->out->problems, PROBLEM_ERROR, &why);
	return r;
}

/* ---- bundle and config ---- */

static const char *root_of(const struct judging *g)
{
	return g->spec && g->spec->root.path ? g->spec->root.path : "rootfs";
}

static bool is_trusted(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int has_same_config(struct judging *g, int bundle)
{
	cleanup_fd int fd =
		openat(bundle, "config.json", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_free char *text = NULL;
	char digest[DIGEST_TEXT];
	size_t len;

	if (fd < 0 || io_read_file(fd, JSON_TEXT_MAX, &text, &len) < 0 ||
	    proposal_digest(text, len, digest, NULL) < 0)
		return false;
	return strcmp(digest, g->p->config_digest) == 0;
}

/* The bundle by its name on the other host, if that is the operator's, with what is to be its root. */
static bool find_bundle(struct judging *g, const char *path)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *root = root_of(g);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || !is_trusted(&st) || faccessat(dir, root, F_OK, 0) < 0)
		return false;
	g->out->same_config = has_same_config(g, dir);
	(void)snprintf(g->out->bundle, sizeof(g->out->bundle), "%s", path);
	return true;
}

int judge_data_path(int data, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", data);
	n = readlink(link, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* Where ctr makes bundles itself. What is there of a root is of an earlier stay. */
static int own_bundle(struct judging *g, char *path, size_t size)
{
	char data[PATH_MAX - 256];
	const char *base = g->rq->bundle_root;
	int n, r = base ? 0 : judge_data_path(g->rq->data, data, sizeof(data));

	if (r < 0)
		return r;
	n = base ? snprintf(path, size, "%s/%s", base, g->p->id)
		 : snprintf(path, size, "%s/" BUNDLES "/%s", data, g->p->id);
	return n < (int)size ? 0 : -ENAMETOOLONG;
}

/* Is there something of that name which is not ours to change? */
static bool is_foreign(const char *path)
{
	char owner[MADE_BUNDLE_OWNER];

	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       made_bundle_owner(path, owner) < 0;
}

static int plan_bundle(struct judging *g, const char *path)
{
	const char *root = root_of(g);

	(void)snprintf(g->out->bundle, sizeof(g->out->bundle), "%s", path);
	g->out->same_config = false;
	g->out->make_bundle = true;
	g->out->copy_rootfs = root[0] != '/';
	if (is_foreign(path))
		return object(g, "move it away, or choose another --bundle-root",
			      "the bundle '%s' is there, and ctr did not make it", path);
	/* what is below it is not what is beside it, or all of it */
	if (strcmp(root, ".") == 0 || strcmp(root, "..") == 0 ||
	    (strchr(root, '/') && root[0] != '/'))
		return object(g, "put the bundle there yourself",
			      "its root '%s' is not directly below its bundle", root);
	if (root[0] == '/' && access(root, F_OK) < 0)
		return object(g, NULL, "its root '%s' does not exist", root);
	return 0;
}

static int judge_layers(struct judging *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->p->layers.count; i++)
		if (access(g->p->layers.items[i], F_OK) < 0)
			r = object(g, "copy the directory",
				   "the layer '%s' of its root does not exist",
				   g->p->layers.items[i]);
	return r;
}

static int choose_bundle(struct judging *g)
{
	char own[PATH_MAX];
	bool found;
	int r = own_bundle(g, own, sizeof(own));

	if (r < 0)
		return object(g, NULL, "the name of its bundle would be too long");
	/* what ctr made of a plain directory is older than what comes; what lies below layers is the same */
	found = (g->p->overlay || strcmp(own, g->p->bundle) != 0) && find_bundle(g, g->p->bundle);
	if (found && g->out->same_config)
		return 0;
	if (g->rq->present_only)
		return object(g, "put the bundle there, or use ctr receive --accept any",
			      "only what is there already is accepted, and the bundle '%s' %s",
			      g->p->bundle, found ? "has another config.json" : "is not");
	if (found || (g->p->overlay && find_bundle(g, own)))
		return 0;
	return plan_bundle(g, own);
}

static int judge_bundle(struct judging *g)
{
	const char *root = root_of(g);
	int r = choose_bundle(g);

	if (root[0] == '/')
		(void)snprintf(g->out->rootfs, sizeof(g->out->rootfs), "%s", root);
	else
		(void)snprintf(g->out->rootfs, sizeof(g->out->rootfs), "%s/%.255s", g->out->bundle,
			       root);
	return r;
}

static bool allows_userfaultfd(void)
{
	char text[16];

	return io_read_line(AT_FDCWD, "/proc/sys/vm/unprivileged_userfaultfd", text, sizeof(text)) >
		       0 &&
	       text[0] == '1';
}

/*
 * In a user namespace tasks make their userfaultfd themselves, as root of that. While hooks run that wait for the
 * container, nobody would fetch the memory that it waits for.
 */
static int judge_post_copy(struct judging *g)
{
	int r = 0;

	if (!g->p->post_copy || !g->spec)
		return 0;
	if (oci_spec_namespace(g->spec, OCI_NS_USER) && !allows_userfaultfd())
		r = object(
			g, "move it without --post-copy, or set vm.unprivileged_userfaultfd = 1",
			"a container with a user namespace cannot run before its memory is there");
	if (r == 0 && g->spec->hooks[OCI_HOOK_POSTSTART].count)
		r = object(g, "move it without --post-copy",
			   "its poststart hooks would run before its memory is there");
	return r;
}

static bool is_bind(const struct oci_mount *m)
{
	if (m->type && strcmp(m->type, "bind") == 0)
		return true;
	for (size_t i = 0; i < m->options.count; i++)
		if (strcmp(m->options.items[i], "bind") == 0 ||
		    strcmp(m->options.items[i], "rbind") == 0)
			return true;
	return false;
}

static int judge_sources(struct judging *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->spec->mounts.count; i++) {
		const struct oci_mount *m = &g->spec->mounts.items[i];

		if (!m->source || !is_bind(m))
			continue;
		if (m->source[0] != '/' && g->out->make_bundle)
			r = object(g, "put the bundle there yourself",
				   "the source '%s' of a mount is in the bundle, which is not here",
				   m->source);
		else if (m->source[0] == '/' && access(m->source, F_OK) < 0)
			r = object(g, "create it, with the same contents",
				   "the source '%s' of a mount does not exist", m->source);
	}
	return r;
}

/* Where all is in place, ctr knows more than about a document. */
static int judge_config(struct judging *g)
{
	cleanup_(problems_free) struct problems found = PROBLEMS_INIT;
	const struct validate_request rq = {
		.bundle = g->out->bundle,
		.caller = g->rq->caller,
		.driver = g->rq->driver,
	};
	struct err why = ERR_INIT;
	int r;

	if (!g->out->same_config)
		return judge_sources(g);
	r = container_validate(&rq, &found, &why);
	if (r < 0)
		return problems_add(&g->out->problems, PROBLEM_ERROR, &why);
	for (size_t i = 0; r == 0 && i < found.count; i++)
		if (found.items[i].severity == PROBLEM_ERROR)
			r = problems_add(&g->out->problems, PROBLEM_ERROR, &found.items[i].err);
	return r;
}

static int judge_document(struct judging *g)
{
	char digest[DIGEST_TEXT];
	struct err why = ERR_INIT;
	int r = proposal_digest(g->rq->config, g->rq->config_size, digest, &why);

	if (r == 0 && strcmp(digest, g->p->config_digest) != 0)
		r = err_set(&why, ERR_SYSTEM, EBADMSG, "its config.json was damaged on the way");
	if (r == 0)
		r = oci_spec_decode(g->rq->config, g->rq->config_size, &g->spec, &why);
	if (r < 0)
		return problems_add(&g->out->problems, PROBLEM_ERROR, &why);
	return 0;
}

int judge(const struct judge_request *rq, struct judgement *ret, struct err *e)
{
	static int (*const steps[])(struct judging *) = {
		judge_document, judge_host,   judge_criu_version, judge_id,	 judge_cgroup,
		judge_space,	judge_bundle, judge_layers,	  judge_network,
	};
	struct judging g = { .rq = rq, .p = rq->proposal, .out = ret };
	int r = 0;

	*ret = (struct judgement){ .problems = PROBLEMS_INIT };
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&g);
	if (r == 0 && g.spec)
		r = judge_config(&g);
	if (r == 0)
		r = judge_post_copy(&g);
	oci_spec_free(g.spec);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "look whether the container can come here") : 0;
}

/* ---- the answer ---- */

static void write_problems(struct json_out *o, const char *key, const struct problems *list,
			   enum problem_severity severity)
{
	json_out_member_array(o, key);
	for (size_t i = 0; i < list->count; i++) {
		struct err plain = list->items[i].err;
		char line[1500];

		if (list->items[i].severity != severity)
			continue;
		plain.hint[0] = '\0';
		err_format(&plain, line, sizeof(line));
		json_out_object(o);
		json_out_member_string(o, "text", line);
		if (list->items[i].err.hint[0])
			json_out_member_string(o, "hint", list->items[i].err.hint);
		json_out_end_object(o);
	}
	json_out_end_array(o);
}

int judge_answer(const struct judgement *v, struct wire *w, struct err *e)
{
	struct json_out o;

	if (json_out_init(&o, false) < 0)
		return err_set(e, ERR_SYSTEM, ENOMEM, "answer");
	json_out_object(&o);
	write_problems(&o, "problems", &v->problems, PROBLEM_ERROR);
	write_problems(&o, "warnings", &v->problems, PROBLEM_WARNING);
	json_out_member_string(&o, "bundle", v->bundle);
	json_out_member_bool(&o, "copyRootfs", v->copy_rootfs);
	json_out_member_bool(&o, "knowsPostCopy", true);
	return wire_send_json(w, WIRE_ANSWER, &o, e);
}
