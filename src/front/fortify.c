// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of glibc that a library refers to which was compiled for it with _FORTIFY_SOURCE: as the Linux Standard
 * Base describes them. The libraries here (yajl) hand no type across whose shape differs between C libraries.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int __sprintf_chk(char *to, int flag, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memcpy(to, from, n);
}

int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *fmt, ...)
{
	va_list ap;
	int r;

	(void)flag;
	if (n > room)
		abort();
	va_start(ap, fmt);
	r = vsnprintf(to, n, fmt, ap);
	va_end(ap);
	return r;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *fmt, ...)
{
	va_list ap;
	int r;

	(void)flag;
	va_start(ap, fmt);
	r = vsnprintf(to, room, fmt, ap);
	va_end(ap);
	if (r < 0 || (size_t)r >= room)
		abort();
	return r;
}
