/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files, in and out. */
#ifndef CTR_UTIL_IO_H
#define CTR_UTIL_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Write all of it, over short writes and EINTR. 0 or -errno. */
int io_write_all(int fd, const void *data, size_t size);

/*
 * Read the regular file @fd from its start, at most @max bytes: *ret_data is malloc'ed and has a NUL
 * behind its *ret_size bytes. -EFBIG when it is larger, -EINVAL when it is no regular file.
 */
int io_read_file(int fd, size_t max, char **ret_data, size_t *ret_size);

/* Read anything, a pipe too, to its end; as io_read_file else. */
int io_read_stream(int fd, size_t max, char **ret_data, size_t *ret_size);

/*
 * Make the file @name in the directory @dir appear with these contents in one step: written under
 * another name, then renamed. @mode: 0600 for what is ours alone. No fsync: for state that a power cut makes void anyway.
 */
int io_replace_file(int dir, const char *name, mode_t mode, const void *data, size_t size);

/* The same for what outlives a reboot: file and directory are on the disk before it returns. */
int io_replace_file_durable(int dir, const char *name, mode_t mode, const void *data, size_t size);

/*
 * Where the file behind @fd is, as the kernel has it, without symlinks. -ENOENT when it has no path below our root,
 * -ENAMETOOLONG. A file that was removed has " (deleted)" behind its name: for what was opened just now.
 */
int io_fd_path(int fd, char *buf, size_t size);

/* A short file such as those of /proc into @buf, NUL-terminated, last newline removed. Length or -errno. */
ssize_t io_read_line(int dir, const char *path, char *buf, size_t size);

#endif
