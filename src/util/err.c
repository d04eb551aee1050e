// SPDX-License-Identifier: GPL-2.0-or-later
/* The error value: setting, wrapping, formatting. Never prints and never allocates. */
#include "util/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_record(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		e->kind = kind;
		e->errnum = errnum;
		e->origin[0] = '\0';
		e->hint[0] = '\0';
		va_start(ap, fmt);
		(void)vsnprintf(e->text, sizeof(e->text), fmt, ap); /* a cut text is still a text */
		va_end(ap);
	}
	return errnum > 0 ? -errnum : -EINVAL;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	int n;

	if (!e)
		return -EINVAL;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 3 < sizeof(e->text)) {
		size_t room = sizeof(e->text) - (size_t)n - 3, len = strlen(old);

		memcpy(e->text + n, ": ", 2);
		memcpy(e->text + n + 2, old, len < room ? len : room);
		e->text[(size_t)n + 2 + (len < room ? len : room)] = '\0';
	}
	return e->errnum > 0 ? -e->errnum : -EINVAL;
}

void err_origin(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->origin[0])
		return;
	va_start(ap, fmt);
	(void)vsnprintf(e->origin, sizeof(e->origin), fmt, ap);
	va_end(ap);
}

void err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->hint[0])
		return;
	va_start(ap, fmt);
	(void)vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

const char *err_string(int errnum, char *buf, size_t size)
{
	const char *text = err_text(errnum);

	if (text)
		(void)snprintf(buf, size, "%s", text);
	else
		(void)snprintf(buf, size, "unknown error %d", errnum);
	/* "RFS specific error" and the like keep their capitals */
	if (size > 1 && !isupper((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

void err_printable(char *line)
{
	for (char *p = line; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
}

void err_format(const struct err *e, char *buf, size_t size)
{
	char reason[128];
	size_t n = 0;
	const struct {
		const char *before, *text, *after;
	} parts[] = {
		{ "", e->text, "" },
		{ ": ", e->errnum ? err_string(e->errnum, reason, sizeof(reason)) : "", "" },
		{ " (", e->origin, ")" },
		{ ": ", e->hint, "" },
	};

	buf[0] = '\0'; /* an error without any text is an empty line */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && n < size; i++) {
		if (!parts[i].text[0])
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s", parts[i].before, parts[i].text,
				      parts[i].after);
	}
	err_printable(buf);
}

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_SYSTEM] = "system",
		[ERR_CONFIG] = "config",
		[ERR_USAGE] = "usage",
		[ERR_STATE] = "state",
		[ERR_PAYLOAD] = "payload",
		[ERR_UNSUPPORTED] = "unsupported",
	};
	return names[kind];
}
