// SPDX-License-Identifier: GPL-2.0-or-later
/* Normalising and classifying names of kernel parameters; see sysctl.h. */
#include "oci/sysctl.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* A trailing '/' means everything below. */
static const struct {
	const char *path;
	enum oci_namespace_type type;
} parameters[] = {
	{ "net/", OCI_NS_NETWORK },	     { "user/", OCI_NS_USER },
	{ "fs/mqueue/", OCI_NS_IPC },	     { "kernel/msgmax", OCI_NS_IPC },
	{ "kernel/msgmnb", OCI_NS_IPC },     { "kernel/msgmni", OCI_NS_IPC },
	{ "kernel/sem", OCI_NS_IPC },	     { "kernel/shmall", OCI_NS_IPC },
	{ "kernel/shmmax", OCI_NS_IPC },     { "kernel/shmmni", OCI_NS_IPC },
	{ "kernel/hostname", OCI_NS_UTS },   { "kernel/shm_rmid_forced", OCI_NS_IPC },
	{ "kernel/domainname", OCI_NS_UTS },
};

static bool bad_component(const char *s, size_t len)
{
	return len == 0 || (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.');
}

int oci_sysctl_path(const char *key, char path[OCI_SYSCTL_MAX])
{
	size_t first = strcspn(key, "./"), len = strlen(key);
	bool dots = key[first] == '.';
	const char *part = path;

	if (len >= OCI_SYSCTL_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		char ch = key[i];

		if (dots && (ch == '.' || ch == '/'))
			ch = ch == '.' ? '/' : '.';
		if (!isalnum((unsigned char)ch) && !strchr("_-:@./", ch))
			return -EINVAL;
		path[i] = ch;
		if (ch != '/')
			continue;
		if (bad_component(part, (size_t)(path + i - part)))
			return -EINVAL;
		part = path + i + 1;
	}
	path[len] = '\0';
	return bad_component(part, (size_t)(path + len - part)) ? -EINVAL : 0;
}

enum oci_namespace_type oci_sysctl_namespace(const char *path)
{
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		size_t len = strlen(parameters[i].path);
		bool below = parameters[i].path[len - 1] == '/';

		if (strncmp(path, parameters[i].path, len) == 0 && (below || !path[len]))
			return parameters[i].type;
	}
	return OCI_NS_COUNT;
}
