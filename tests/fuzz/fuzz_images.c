// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: bytes as a directory of CRIU's images: files, each "NAME\0", a length of 32 bits, and contents. They
 * are refused with a reason, or allowed; what is allowed is what the config grants. Here without the child that does
 * it in ctr, so that sanitizers see it.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef HAVE_CRIU

#include "checkpoint/images_judge.h"
#include "checkpoint/images_summary.h"
#include "checkpoint/protobuf.h"
#include "util/cleanup.h"

static const char config[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0},"
	"\"noNewPrivileges\":true,\"capabilities\":{\"bounding\":[\"CAP_KILL\"],"
	"\"permitted\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"]}},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/"
	"dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"size=64k\"]},"
	"{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/"
	"tmp\",\"options\":[\"rbind\",\"ro\"]}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
	"{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"},{\"type\":\"user\"}],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
	"\"maskedPaths\":[\"/proc/keys\"],\"readonlyPaths\":[\"/proc/sys\"]}}";

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The next file of the input. False at its end. */
static bool next_file(const uint8_t **data, size_t *size, struct image_file *ret)
{
	size_t name = strnlen((const char *)*data, *size);
	uint32_t length;

	if (name == *size || name >= sizeof(ret->name) || *size - name - 1 < 4)
		return false;
	memcpy(ret->name, *data, name + 1);
	memcpy(&length, *data + name + 1, 4);
	*data += name + 5;
	*size -= name + 5;
	if (length > *size)
		length = (uint32_t)*size;
	if (!image_name_parse(ret->name, &ret->kind, &ret->id))
		ret->kind = IMAGE_OTHER;
	if (ret->kind == IMAGE_TMPFS)
		ret->kind = IMAGE_OTHER; /* the target "layer" is about these */
	ret->fd = -EBADF;
	ret->size = length;
	ret->data = malloc(length + 1); /* its own, so that reading too far is seen */
	require(ret->data);
	memcpy((uint8_t *)(uintptr_t)ret->data, *data, length);
	*data += length;
	*size -= length;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct image_file *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct oci_spec *the_spec(void)
{
	static struct oci_spec *spec;
	struct err e = ERR_INIT;

	if (!spec)
		require(oci_spec_decode(config, sizeof(config) - 1, &spec, &e) == 0 &&
			oci_spec_validate(spec, &e) == 0);
	return spec;
}

static void judge_it(const struct image_set *set)
{
	cleanup_(arena_free) struct arena arena = { 0 };
	const struct images_rules rules = { .spec = the_spec(), .root = -EBADF };
	struct image_view view = { 0 };
	struct judge j = { .rules = &rules, .view = &view, .set = set };
	struct err e = ERR_INIT;
	int r;

	require(image_view_make(&rules, &arena, &view, &e) == 0);
	r = image_judge(&j, &e);
	if (r < 0)
		require(e.kind != ERR_NONE && e.text[0]);
	else
		require(j.init && j.mount_count &&
			j.init_ns[OCI_NS_USER] != j.host_ns[OCI_NS_USER]);
	arena_free(&j.arena);
}

static void sum_it_up(const struct image_set *set)
{
	struct images_summary *s = calloc(1, sizeof(*s));
	struct err e = ERR_INIT;

	require(s);
	if (image_summarize(set, s, &e) < 0)
		require(e.kind != ERR_NONE && e.text[0]);
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_file files[64] = { 0 };
	struct image_set set = { .files = files, .parent = -EBADF };
	struct err e = ERR_INIT;

	if (protobuf_load(&e) < 0)
		return 0;
	while (set.count < 64 && next_file(&data, &size, &files[set.count]))
		set.count++;
	qsort(files, set.count, sizeof(*files), compare);
	judge_it(&set);
	sum_it_up(&set);
	for (size_t i = 0; i < set.count; i++)
		free((void *)(uintptr_t)files[i].data);
	return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

#endif
