/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text into a caller's fixed buffer: cut at the end, always terminated, never overflowing. */
#ifndef CTR_UTIL_STRBUF_H
#define CTR_UTIL_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct strbuf {
	char *buf;
	size_t size, len;
};

#define STRBUF_OVER(b, n)                                                                          \
	{                                                                                          \
		.buf = ((b)[0] = '\0', (b)), .size = (n)                                           \
	}

__attribute__((format(printf, 2, 3))) static inline void strbuf_addf(struct strbuf *s,
								     const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->buf + s->len, s->size - s->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		s->len = (size_t)n < s->size - s->len ? s->len + (size_t)n : s->size - 1;
}

static inline void strbuf_adds(struct strbuf *s, const char *text)
{
	strbuf_addf(s, "%s", text);
}

#endif
