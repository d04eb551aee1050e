// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of system calls, how they are shown, and what they may fail with. */
#include "tracer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define CALL(word, how, failures)                                                                  \
	[SYS_##word] = { .name = #word, .args = (how), .errors = (failures) },
#define CALL_AFTER(word, how, failures)                                                            \
	[SYS_##word] = { .name = #word, .args = (how), .errors = (failures), .after = true },

static const struct call calls[CALL_MAX] = {
#include "calls.def"
};

static const struct {
	const char *name;
	int number;
} errors[] = {
#define E(name)                                                                                    \
	{                                                                                          \
#name, name                                                                        \
	}
	E(EPERM),  E(ENOENT), E(EINTR),	  E(EIO),    E(ENXIO),	    E(EBADF),	   E(EAGAIN),
	E(ENOMEM), E(EACCES), E(EFAULT),  E(EBUSY),  E(EEXIST),	    E(ENODEV),	   E(EINVAL),
	E(ENFILE), E(EMFILE), E(EFBIG),	  E(ENOSPC), E(EROFS),	    E(EPIPE),	   E(ENOSYS),
	E(ENOLCK), E(ELOOP),  E(ENOBUFS), E(ESRCH),  E(EDQUOT),	    E(EADDRINUSE), E(ENOTCONN),
	E(ESTALE), E(E2BIG),  E(ENOTDIR), E(EXDEV),  E(ECONNRESET), E(ETIMEDOUT),  E(EOPNOTSUPP),
#undef E
};

const struct call *call_of(uint64_t nr)
{
	static const struct call unknown = { .name = "unknown", .args = "xxx", .errors = "" };

	return nr < CALL_MAX && calls[nr].name ? &calls[nr] : &unknown;
}

int call_errno(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return 0;
}

int call_first_errno(const char *names)
{
	char word[32];

	return sscanf(names, "%31s", word) == 1 ? call_errno(word) : 0;
}

const char *call_errors(const struct call *call, const uint64_t args[ARGS])
{
	if (call != call_of(SYS_fcntl))
		return call->errors;
	switch (args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC: return "EMFILE";
	case F_ADD_SEALS: return "EPERM EBUSY";
	case F_SETLK:
	case F_SETLKW: return "ENOLCK EINTR";
	default: return ""; /* flags of a file that is open */
	}
}

/* Text in another process, cut to what fits; unprintable bytes as "?". */
static void read_text(pid_t pid, uint64_t address, char *buf, size_t size)
{
	struct iovec to = { .iov_base = buf, .iov_len = size - 1 };
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = size - 1 };
	ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);
	size_t page = 4096 - address % 4096;

	if (n < 0 && page < from.iov_len) { /* it may end at the end of a mapping */
		to.iov_len = from.iov_len = page;
		n = process_vm_readv(pid, &to, 1, &from, 1, 0);
	}
	buf[n > 0 ? n : 0] = '\0';
	for (char *c = buf; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

static void show_argument(pid_t pid, char how, uint64_t value, char *buf, size_t size)
{
	char text[64];

	if (how == 'p' && value) {
		read_text(pid, value, text, sizeof(text));
		(void)snprintf(buf, size, "\"%s\"", text);
	} else if (how == 'p') {
		(void)snprintf(buf, size, "NULL");
	} else if (how == 'a' && (int)value == AT_FDCWD) {
		(void)snprintf(buf, size, "AT_FDCWD");
	} else if (how == 'a' || how == 'd') {
		(void)snprintf(buf, size, "%d", (int)value);
	} else if (how == 'x') {
		(void)snprintf(buf, size, "%#" PRIx64, value);
	} else {
		(void)snprintf(buf, size, "...");
	}
}

void call_show(pid_t pid, const struct call *call, const uint64_t args[ARGS], char *buf,
	       size_t size)
{
	size_t at;
	char part[80];

	(void)snprintf(buf, size, "%s(", call->name);
	for (size_t i = 0; i < ARGS && call->args[i]; i++) {
		show_argument(pid, call->args[i], args[i], part, sizeof(part));
		at = strlen(buf);
		(void)snprintf(buf + at, size - at, "%s%s", i ? ", " : "", part);
	}
	at = strlen(buf);
	(void)snprintf(buf + at, size - at, ")");
}
