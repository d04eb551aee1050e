// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of images. What is not listed is refused: CRIU looks for files by name, and knows more of them than ctr lets it have. */
#include "checkpoint/images.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "util/kernel.h"
#include "checkpoint/images_names.h"

struct pattern {
	const char *name; /* '#': a decimal number; '*': a hexadecimal one */
	enum image_kind kind;
};

static const struct pattern patterns[] = {
	{ "inventory.img", IMAGE_INVENTORY },
	{ "pstree.img", IMAGE_PSTREE },
	{ "core-#.img", IMAGE_CORE },
	{ "ids-#.img", IMAGE_IDS },
	{ "userns-#.img", IMAGE_USERNS },
	{ "netns-#.img", IMAGE_NETNS },
	{ "seccomp.img", IMAGE_SECCOMP },
	{ "mountpoints-#.img", IMAGE_MOUNTS },
	{ "cgroup.img", IMAGE_CGROUP },
	{ "files.img", IMAGE_FILES },
	{ "tty-info.img", IMAGE_TTYS },
	{ "remap-fpath.img", IMAGE_REMAPS },
	{ "ghost-file-#.img", IMAGE_GHOST },
	{ "memfd.img", IMAGE_MEMFD },
	{ "pagemap-#.img", IMAGE_PAGEMAP },
	{ "pagemap-shmem-#.img", IMAGE_PAGEMAP },
	{ "pages-#.img", IMAGE_PAGES },
	{ "pages-shmem-#.img", IMAGE_PAGES },
	{ "tmpfs-#.tar.gz.img", IMAGE_TMPFS },
	{ "tmpfs-dev-#.tar.gz.img", IMAGE_TMPFS },
	/* what they hold is the tasks' own */
	{ "fdinfo-#.img", IMAGE_OTHER },
	{ "mm-#.img", IMAGE_OTHER },
	{ "fs-#.img", IMAGE_OTHER },
	{ "utsns-#.img", IMAGE_OTHER },
	{ "ipcns-var-#.img", IMAGE_OTHER },
	{ "ipcns-shm-#.img", IMAGE_OTHER },
	{ "ipcns-msg-#.img", IMAGE_OTHER },
	{ "ipcns-sem-#.img", IMAGE_OTHER },
	{ "timens-#.img", IMAGE_OTHER },
	{ "pidns-#.img", IMAGE_OTHER },
	{ "pipes-data.img", IMAGE_OTHER },
	{ "fifo-data.img", IMAGE_OTHER },
	{ "sk-queues.img", IMAGE_OTHER },
	{ "tty-data.img", IMAGE_OTHER },
	{ "filelocks.img", IMAGE_OTHER },
	{ "tcp-stream-*.img", IMAGE_OTHER },
	{ "bpfmap-file.img", IMAGE_OTHER },
	{ "bpfmap-data.img", IMAGE_OTHER },
	{ "cpuinfo.img", IMAGE_OTHER },
	/* beside the images: what was said while they were made */
	{ "stats-dump", IMAGE_OTHER },
	{ "stats-restore", IMAGE_OTHER },
	{ "irmap-cache", IMAGE_OTHER },
	{ "descriptors.json", IMAGE_OTHER },
	{ "state.json", IMAGE_OTHER },
	{ "tracking", IMAGE_OTHER },
	{ "dump.log", IMAGE_OTHER },
	{ "pre-dump.log", IMAGE_OTHER },
	{ "restore.log", IMAGE_OTHER },
	{ "criu.log", IMAGE_OTHER },
	{ "page-server.log", IMAGE_OTHER },
	{ "lazy-pages.log", IMAGE_OTHER },
};

/* Why some are refused, in better words than that they are unknown. */
static const struct {
	const char *prefix, *why;
} reasons[] = {
	{ "binfmt-misc-", "formats of programs are the host's to set" },
	{ "autofs-", "automounts are not restored" },
	{ "apparmor", "profiles of AppArmor are the host's to load" },
	{ "netdev-", "networks are made by the config, not by images" },
	{ "ifaddr-", "networks are made by the config, not by images" },
	{ "route-", "networks are made by the config, not by images" },
	{ "route6-", "networks are made by the config, not by images" },
	{ "rule-", "networks are made by the config, not by images" },
	{ "iptables-", "networks are made by the config, not by images" },
	{ "ip6tables-", "networks are made by the config, not by images" },
	{ "nftables-", "networks are made by the config, not by images" },
	{ "reg-files", "images of CRIU before 3.15 are not read" },
	{ "creds-", "images of CRIU before 3.15 are not read" },
};

static bool number_at(const char **at, int base, uint32_t *ret)
{
	char *end;
	unsigned long long n;
	bool digit = (**at >= '0' && **at <= '9') || (base == 16 && **at >= 'a' && **at <= 'f');

	if (!digit || (**at == '0' && base == 10 && (*at)[1] >= '0' && (*at)[1] <= '9'))
		return false;
	errno = 0;
	n = strtoull(*at, &end, base);
	if (errno || (base == 10 && n > UINT32_MAX))
		return false;
	*at = end;
	*ret = (uint32_t)n;
	return true;
}

static bool matches(const char *pattern, const char *name, uint32_t *ret_id)
{
	*ret_id = 0;
	for (; *pattern; pattern++) {
		if (*pattern == '#' || *pattern == '*') {
			if (!number_at(&name, *pattern == '#' ? 10 : 16, ret_id))
				return false;
		} else if (*pattern != *name++) {
			return false;
		}
	}
	return !*name;
}

bool image_name_parse(const char *name, enum image_kind *ret_kind, uint32_t *ret_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (matches(patterns[i].name, name, ret_id)) {
			*ret_kind = patterns[i].kind;
			return true;
		}
	return false;
}

const char *image_name_reason(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strncmp(name, reasons[i].prefix, strlen(reasons[i].prefix)) == 0)
			return reasons[i].why;
	return "no image that can be restored is called so";
}

bool images_name_is_known(const char *name)
{
	enum image_kind kind;
	uint32_t id;

	return image_name_parse(name, &kind, &id);
}
