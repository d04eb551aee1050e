// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/textdiff.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

enum {
	CONTEXT = 3,
	EDITS_MAX =
		2000, /* more, and the middle is replaced as a whole; memory grows with its square */
	PROBE = 8000,
};

struct line {
	const char *text;
	size_t size; /* with its newline */
};

struct lines {
	struct line *items;
	size_t count;
};

/* What happens to a line: kept is a pair of lines, one of each text. */
struct script {
	char *marks; /* ' ', '-', '+' */
	size_t count;
};

bool textdiff_is_text(const struct textdiff_text *t)
{
	return !t->size || !memchr(t->data, '\0', t->size < PROBE ? t->size : PROBE);
}

static void free_lines(struct lines *l)
{
	free(l->items);
}

static int divide(const struct textdiff_text *t, struct lines *ret)
{
	const char *end = t->data + t->size;
	size_t count = 0;

	for (const char *p = t->data; p < end; count++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		p = newline ? newline + 1 : end;
	}
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (const char *p = t->data; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *next = newline ? newline + 1 : end;

		ret->items[ret->count++] = (struct line){ p, (size_t)(next - p) };
		p = next;
	}
	return 0;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* ---- Myers: diagonal k = x - y; furthest[k] is the largest x reached on it with d edits ---- */

struct search {
	const struct line *a, *b;
	int m, n;
	int *furthest; /* of diagonal k at [k + limit + 1] */
	int limit;
	int **history; /* what furthest was before each d */
};

static int slide(const struct search *s, int x, int k)
{
	while (x < s->m && x - k < s->n && same(&s->a[x], &s->b[x - k]))
		x++;
	return x;
}

/* The way down (a line of b) or to the right (one of a is gone) that leads further. */
static bool goes_down(const int *furthest, int k, int d)
{
	return k == -d || (k != d && furthest[k - 1] < furthest[k + 1]);
}

static int *remember(const struct search *s, int d)
{
	size_t size = 2 * (size_t)d + 3;
	int *copy = malloc(size * sizeof(*copy));

	if (copy)
		memcpy(copy, s->furthest + s->limit - d, size * sizeof(*copy));
	return copy;
}

/* The number of edits; -E2BIG: more than the limit; -ENOMEM. */
static int find(struct search *s)
{
	int *furthest = s->furthest + s->limit + 1;

	for (int d = 0; d <= s->limit; d++) {
		s->history[d] = remember(s, d);
		if (!s->history[d])
			return -ENOMEM;
		for (int k = -d; k <= d; k += 2) {
			int x = goes_down(furthest, k, d) ? furthest[k + 1] : furthest[k - 1] + 1;

			furthest[k] = x = slide(s, x, k);
			if (x >= s->m && x - k >= s->n)
				return d;
		}
	}
	return -E2BIG;
}

/* From the end back to the start. */
static void trace(const struct search *s, int d, char *marks, size_t count)
{
	int x = s->m, y = s->n;

	for (; d >= 0; d--) {
		const int *furthest = s->history[d] + d + 1;
		int k = x - y;
		bool down = goes_down(furthest, k, d);
		int from = d == 0 ? 0 : down ? furthest[k + 1] : furthest[k - 1];
		int start = d == 0 ? 0 : down ? from : from + 1;

		for (; x > start; x--, y--)
			marks[--count] = ' ';
		if (d == 0)
			break;
		marks[--count] = down ? '+' : '-';
		x = from;
		y = from - (down ? k + 1 : k - 1);
	}
}

static void free_search(struct search *s)
{
	for (int d = 0; s->history && d <= s->limit; d++)
		free(s->history[d]);
	free(s->history);
	free(s->furthest);
}

/* Marks for what lies between the common start and the common end. */
static int compare_middle(const struct line *a, size_t m, const struct line *b, size_t n,
			  char *marks, size_t *ret_count)
{
	cleanup_(free_search) struct search s = { .a = a, .b = b, .m = (int)m, .n = (int)n };
	int d;

	s.limit = m + n < EDITS_MAX ? (int)(m + n) : EDITS_MAX;
	s.furthest = calloc((size_t)s.limit * 2 + 3, sizeof(*s.furthest));
	s.history = calloc((size_t)s.limit + 1, sizeof(*s.history));
	d = s.furthest && s.history ? find(&s) : -ENOMEM;
	if (d == -E2BIG) {
		memset(marks, '-', m);
		memset(marks + m, '+', n);
		*ret_count = m + n;
		return 0;
	}
	if (d < 0)
		return d;
	*ret_count = (m + n + (size_t)d) / 2;
	trace(&s, d, marks, *ret_count);
	return 0;
}

static int compare(const struct lines *a, const struct lines *b, struct script *ret)
{
	size_t start = 0, end = 0, middle = 0;
	int r;

	while (start < a->count && start < b->count && same(&a->items[start], &b->items[start]))
		start++;
	while (end < a->count - start && end < b->count - start &&
	       same(&a->items[a->count - 1 - end], &b->items[b->count - 1 - end]))
		end++;
	ret->marks = malloc(a->count + b->count + 1);
	if (!ret->marks)
		return -ENOMEM;
	memset(ret->marks, ' ', start);
	r = compare_middle(a->items + start, a->count - start - end, b->items + start,
			   b->count - start - end, ret->marks + start, &middle);
	if (r < 0)
		return r;
	memset(ret->marks + start + middle, ' ', end);
	ret->count = start + middle + end;
	return 0;
}

/* ---- hunks ---- */

struct output {
	const struct lines *a, *b;
	const struct script *script;
	void (*line)(void *data, char mark, const char *text, size_t size);
	void *data;
};

/* The end of the hunk that begins at @from: no change follows within twice the context. */
static size_t hunk_end(const struct script *s, size_t from)
{
	size_t last = from;

	for (size_t i = from; i < s->count && i <= last + 2 * CONTEXT + 1; i++)
		if (s->marks[i] != ' ')
			last = i;
	return s->count - last > CONTEXT ? last + CONTEXT + 1 : s->count;
}

static void put_line(const struct output *o, char mark, const struct line *l)
{
	bool newline = l->text[l->size - 1] == '\n';

	o->line(o->data, mark, l->text, l->size - newline);
	if (!newline)
		o->line(o->data, '\\', " No newline at end of file", 26);
}

static int print_range(char *buf, size_t size, size_t start, size_t count)
{
	/* of nothing, the line before it is named */
	if (count == 1)
		return snprintf(buf, size, "%zu", start + 1);
	return snprintf(buf, size, "%zu,%zu", count ? start + 1 : start, count);
}

/* Marks @from to @to; @x and @y are the lines there. */
static void put_hunk(const struct output *o, size_t from, size_t to, size_t x, size_t y)
{
	size_t old = 0, new = 0;
	char text[96], first[40], second[40];
	int n;

	for (size_t i = from; i < to; i++) {
		old += o->script->marks[i] != '+';
		new += o->script->marks[i] != '-';
	}
	(void)print_range(first, sizeof(first), x, old);
	(void)print_range(second, sizeof(second), y, new);
	n = snprintf(text, sizeof(text), "@@ -%s +%s @@", first, second);
	o->line(o->data, '@', text, (size_t)n);
	for (size_t i = from; i < to; i++) {
		char mark = o->script->marks[i];

		put_line(o, mark, mark == '+' ? &o->b->items[y] : &o->a->items[x]);
		x += mark != '+';
		y += mark != '-';
	}
}

static void put_hunks(const struct output *o)
{
	const struct script *s = o->script;
	size_t x = 0, y = 0; /* lines at mark i */

	for (size_t i = 0; i < s->count;) {
		size_t end, before;

		if (s->marks[i] == ' ') {
			i++, x++, y++;
			continue;
		}
		end = hunk_end(s, i);
		before = i < CONTEXT ? i : CONTEXT;
		put_hunk(o, i - before, end, x - before, y - before);
		for (; i < end; i++) {
			x += s->marks[i] != '+';
			y += s->marks[i] != '-';
		}
	}
}

static void free_script(struct script *s)
{
	free(s->marks);
}

int textdiff_unified(const struct textdiff_text *a, const struct textdiff_text *b,
		     void (*line)(void *data, char mark, const char *text, size_t size), void *data)
{
	cleanup_(free_lines) struct lines x = { 0 }, y = { 0 };
	cleanup_(free_script) struct script s = { 0 };
	const struct output o = { &x, &y, &s, line, data };
	int r = divide(a, &x);

	if (r == 0)
		r = divide(b, &y);
	if (r == 0)
		r = compare(&x, &y, &s);
	if (r == 0)
		put_hunks(&o);
	return r;
}
