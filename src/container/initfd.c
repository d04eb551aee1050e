// SPDX-License-Identifier: GPL-2.0-or-later
/* See initfd.h. */
#include "container/initfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* 6.3 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U /* 6.3 */
#endif

/* From the assembler file that the build generates around the ctr-init program. */
extern const char ctr_init_blob[], ctr_init_blob_end[];

size_t initfd_size(void)
{
	/* cppcheck-suppress comparePointers ; two marks in one object */
	return (size_t)(ctr_init_blob_end - ctr_init_blob);
}

/* Kernels before 6.3 do not know the second flag. */
static int make_memfd(const char *name, unsigned exec)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int fill_and_seal(int fd, const void *data, size_t size)
{
	int r = io_write_all(fd, data, size);

	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return 0;
}

int initfd_seal(const char *name, const void *data, size_t size, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = make_memfd(name, MFD_NOEXEC_SEAL);
	int r = fd < 0 ? fd : fill_and_seal(fd, data, size);

	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "create a sealed copy of %s", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* A file on a fresh tmpfs: written, closed, and opened again for execution only. */
static int on_tmpfs(int *ret_fd)
{
	struct kernel_mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	cleanup_fd int fs = kernel_fsopen("tmpfs"), mnt = -EBADF, fd = -EBADF;
	int r = fs < 0 ? fs : kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL, 0);

	if (r < 0)
		return r;
	mnt = kernel_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mnt < 0)
		return mnt;
	fd = openat(mnt, "ctr-init", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, ctr_init_blob, initfd_size());
	if (r < 0)
		return r;
	close_fd(&fd);
	r = kernel_mount_setattr(mnt, 0, &readonly);
	if (r < 0)
		return r;
	fd = openat(mnt, "ctr-init", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int initfd_open(int *ret_fd, struct err *e)
{
	cleanup_fd int fd = make_memfd("ctr-init", MFD_EXEC);
	int r = fd < 0 ? fd : fill_and_seal(fd, ctr_init_blob, initfd_size());

	if (r == 0) {
		*ret_fd = take_fd(&fd);
		return 0;
	}
	if (r == -EACCES || r == -EPERM) /* vm.memfd_noexec=2 */
		r = on_tmpfs(ret_fd);
	return r < 0 ? err_set(e, ERR_SYSTEM, -r, "create a private copy of ctr-init") : 0;
}
