// SPDX-License-Identifier: GPL-2.0-or-later
/* See pausing.h. */
#include "container/pausing.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/io.h"
#include "util/timestamp.h"

void container_note_pause(struct container *c, bool freeze)
{
	struct container_pause *p = &c->record.pause;
	char path[64], command[32] = "", now[TIMESTAMP_SIZE];
	pid_t parent = getppid();

	if (!freeze && !p->pid)
		return;
	*p = (struct container_pause){ 0 };
	if (freeze) {
		/* 0: our parent is outside of our pid namespace */
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)parent);
		(void)io_read_line(AT_FDCWD, path, command, sizeof(command));
		timestamp_nanoseconds(now);
		*p = (struct container_pause){ parent ? parent : getpid(), geteuid(), command,
					       now };
	}
	(void)record_save(c->dir, &c->record, NULL);
	*p = (struct container_pause){ 0 }; /* its strings were ours */
}
