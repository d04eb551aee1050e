// SPDX-License-Identifier: GPL-2.0-or-later
/* See num.h. */
#include "util/num.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int num_parse_id(const char *text, size_t len, uint32_t *ret)
{
	uint64_t n = 0;

	if (!len || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n > UINT32_MAX - 1)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

static int parse_cpu(const char **text, size_t limit, size_t *ret)
{
	const char *p = *text;
	size_t n = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (size_t)(*p - '0');
		if (n >= limit)
			return -ERANGE;
	}
	*text = p;
	*ret = n;
	return 0;
}

int num_parse_cpus(const char *text, unsigned char *mask, size_t size)
{
	size_t first, last;
	int r;

	memset(mask, 0, size);
	for (;;) {
		r = parse_cpu(&text, size * 8, &first);
		last = first;
		if (r == 0 && *text == '-') {
			text++;
			r = parse_cpu(&text, size * 8, &last);
		}
		if (r < 0 || last < first)
			return r < 0 ? r : -EINVAL;
		for (size_t cpu = first; cpu <= last; cpu++)
			mask[cpu / 8] |= (unsigned char)(1U << cpu % 8);
		if (!*text)
			return 0;
		if (*text++ != ',')
			return -EINVAL;
	}
}

int num_parse_i64(const char *text, int64_t *ret)
{
	char *end;
	long long n;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return -EINVAL;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	*ret = n;
	return 0;
}

int num_parse_size(const char *text, int64_t *ret)
{
	static const char units[] = "bkmgt";
	const char *unit;
	char *end;
	long long n;
	int shift;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno)
		return -ERANGE;
	unit = *end ? strchr(units, tolower((unsigned char)*end)) : units;
	if (!unit)
		return -EINVAL;
	end += *end != '\0';
	if (unit > units && (strcasecmp(end, "b") == 0 || strcasecmp(end, "ib") == 0))
		end += strlen(end);
	if (*end)
		return -EINVAL;
	shift = (int)(unit - units) * 10;
	if (n > INT64_MAX >> shift)
		return -ERANGE;
	*ret = (int64_t)n << shift;
	return 0;
}

int num_parse_duration(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "ms", 1 },  { "us", 1e-3 }, { "ns", 1e-6 },
		      { "s", 1e3 }, { "m", 6e4 },   { "h", 3.6e6 } };
	const double longest = 9e15;
	double sum = 0;

	if (!*text)
		return -EINVAL;
	if (strcmp(text, "0") == 0) /* the one number that needs no unit */
		text++;
	while (*text) {
		size_t digits = strspn(text, "0123456789."), i = 0;
		char *end;
		double n = digits ? strtod(text, &end) : 0;

		if (!digits || end != text + digits)
			return -EINVAL;
		text += digits;
		while (i < sizeof(units) / sizeof(units[0]) &&
		       strncmp(text, units[i].name, strlen(units[i].name)) != 0)
			i++;
		if (i == sizeof(units) / sizeof(units[0]))
			return -EINVAL;
		text += strlen(units[i].name);
		sum += n * units[i].ms;
	}
	if (sum > longest)
		return -ERANGE;
	*ret_ms = (int64_t)sum;
	return 0;
}
