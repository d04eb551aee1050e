// SPDX-License-Identifier: GPL-2.0-or-later
/* See labels.h. */
#include "rootfs/labels.h"

#include <errno.h>
#include <string.h>

#include "oci/annotations.h"
#include "util/kernel.h"

static const char *const keys[] = { "context", "fscontext", "defcontext", "rootcontext" };

struct type_label {
	const char *type;
	enum label_kind kind;
};

static const struct type_label types[] = {
	{ "mqueue", LABEL_ROOT },  { "proc", LABEL_NEVER },    { "sysfs", LABEL_NEVER },
	{ "cgroup", LABEL_NEVER }, { "cgroup2", LABEL_NEVER },
};

enum label_kind label_kind(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].kind;
	return LABEL_CONTEXT;
}

static bool is_key(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i]) == len && memcmp(keys[i], word, len) == 0)
			return true;
	return false;
}

bool label_is_option(const char *option)
{
	size_t len = strcspn(option, "=");

	return option[len] && is_key(option, len);
}

const char *label_unquoted(struct plan *p, const char *option)
{
	const char *value = strchr(option, '=');
	size_t len;

	if (!value || !label_is_option(option))
		return option;
	value++;
	len = strlen(value);
	if (len < 2 || value[0] != '"' || value[len - 1] != '"')
		return option;
	return plan_origin(p, "%.*s%.*s", (int)(value - option), option, (int)len - 2, value + 1);
}

int label_context(const struct oci_spec *spec, struct rootfs_layout *l, struct plan *p,
		  struct err *e)
{
	const char *key = oci_annotation_value(spec, OCI_ANNOTATION_MOUNT_CONTEXT);

	if (key && !is_key(key, strlen(key))) {
		err_set(e, ERR_CONFIG, 0,
			"annotation run.oci.mount_context_type: '%s' is none of context, "
			"fscontext, defcontext, rootcontext",
			key);
		err_origin(e, "config.json /annotations/run.oci.mount_context_type");
		if (err_keep(e, -EINVAL) < 0)
			return -EINVAL;
		key = NULL;
	}
	l->context = NULL;
	if (l->mount_label && *l->mount_label)
		l->context = plan_origin(p, "%s=%s", key ? key : keys[0], l->mount_label);
	return 0;
}
