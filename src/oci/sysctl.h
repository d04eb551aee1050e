/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of kernel parameters: one normal form, and which namespace a parameter belongs to. Pure
 * text; writing them is for others, and only below a procfs that they trust (security.md A2).
 */
#ifndef CTR_OCI_SYSCTL_H
#define CTR_OCI_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/spec.h"

enum {
	OCI_SYSCTL_MAX = 256
};

/*
 * @key as a path below /proc/sys. As in sysctl(8) the first separator decides: in
 * "net.ipv4.conf.eth0/1.mtu" dots separate and the slash stands for a dot, in
 * "net/ipv4/conf/eth0.1/mtu" slashes separate. 0, or -EINVAL for empty components, "." and ".." as
 * components, characters outside letters, digits and "_-:@", and names of OCI_SYSCTL_MAX bytes or
 * more.
 */
int oci_sysctl_path(const char *key, char path[OCI_SYSCTL_MAX]);

/*
 * The type of namespace that the parameter at @path (made by oci_sysctl_path) belongs to, or
 * OCI_NS_COUNT when it is the whole machine's.
 */
enum oci_namespace_type oci_sysctl_namespace(const char *path);

#endif
