// SPDX-License-Identifier: GPL-2.0-or-later
/* See id.h. */
#include "util/id.h"

#include <ctype.h>
#include <string.h>

size_t id_span(const char *text)
{
	size_t n = 0;

	while (text[n] &&
	       (isalnum((unsigned char)text[n]) || strchr("_+-", text[n]) || (n && text[n] == '.')))
		n++;
	return n;
}

bool id_is_valid(const char *text)
{
	size_t n = id_span(text);

	return n > 0 && n <= ID_MAX && text[n] == '\0';
}
