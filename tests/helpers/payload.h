/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all commands of the payload share: the table's entry, failures, names of errors. */
#ifndef CTR_TESTS_PAYLOAD_H
#define CTR_TESTS_PAYLOAD_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct command {
	const char *name;
	const char *args;
	int min_args;
	int (*run)(int argc, char **argv); /* without the command's name; the exit code */
};

struct error_name {
	int value;
	const char *name;
};

#define NAME(e)                                                                                    \
	{                                                                                          \
		e, #e                                                                              \
	}

/* The name of an errno: the same on every C library, for exact comparison. */
static const char *error_name(int value)
{
	static const struct error_name names[] = {
		NAME(EPERM),	    NAME(ENOENT),	NAME(ESRCH),	       NAME(EINTR),
		NAME(EIO),	    NAME(ENXIO),	NAME(E2BIG),	       NAME(ENOEXEC),
		NAME(EBADF),	    NAME(ECHILD),	NAME(EAGAIN),	       NAME(ENOMEM),
		NAME(EACCES),	    NAME(EFAULT),	NAME(ENOTBLK),	       NAME(EBUSY),
		NAME(EEXIST),	    NAME(EXDEV),	NAME(ENODEV),	       NAME(ENOTDIR),
		NAME(EISDIR),	    NAME(EINVAL),	NAME(ENFILE),	       NAME(EMFILE),
		NAME(ENOTTY),	    NAME(ETXTBSY),	NAME(EFBIG),	       NAME(ENOSPC),
		NAME(ESPIPE),	    NAME(EROFS),	NAME(EMLINK),	       NAME(EPIPE),
		NAME(EDOM),	    NAME(ERANGE),	NAME(ENOSYS),	       NAME(ELOOP),
		NAME(EOVERFLOW),    NAME(ENOTSUP),	NAME(ETIMEDOUT),       NAME(EADDRNOTAVAIL),
		NAME(ENAMETOOLONG), NAME(EAFNOSUPPORT), NAME(EPROTONOSUPPORT),
	};
	static char number[16];

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].value == value)
			return names[i].name;
	(void)snprintf(number, sizeof(number), "errno %d", value);
	return number;
}

/* One line about one thing: "WHAT: EROFS"; the exit code of a command that failed. */
static int tell(const char *what, int errnum)
{
	(void)printf("%s: %s\n", what, errnum ? error_name(errnum) : "ok");
	return errnum ? 1 : 0;
}

/* The harness itself failed: nothing that a test asks about. */
static int broken(const char *what)
{
	(void)fprintf(stderr, "payload: %s: %s\n", what, error_name(errno));
	return 99;
}

#endif
