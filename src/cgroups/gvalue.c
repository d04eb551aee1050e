// SPDX-License-Identifier: GPL-2.0-or-later
/* See gvalue.h. */
#include "cgroups/gvalue.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 8,
	ITEMS_MAX = 1024,
	TYPE_MAX = 32,
	WORD_MAX = 16
};

struct parser {
	const char *at;
	struct arena *a;
	const char *why;
};

/* Words that stand for a type, and the range of those that are whole numbers. */
static const struct {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} types[] = {
	{ "byte", 'y', 0, UINT8_MAX },	  { "int16", 'n', INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 0, UINT16_MAX }, { "int32", 'i', INT32_MIN, INT32_MAX },
	{ "uint32", 'u', 0, UINT32_MAX }, { "int64", 'x', INT64_MIN, INT64_MAX },
	{ "uint64", 't', 0, UINT64_MAX }, { "boolean", 'b', 0, 0 },
	{ "double", 'd', 0, 0 },	  { "string", 's', 0, 0 },
	{ "objectpath", 'o', 0, 0 },	  { "signature", 'g', 0, 0 },
};

enum {
	TYPE_COUNT = sizeof(types) / sizeof(types[0])
};

static int fail(struct parser *p, const char *why)
{
	p->why = why;
	return -EINVAL;
}

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool skip_char(struct parser *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static bool in_set(char c, const char *set)
{
	return c && strchr(set, c);
}

/* Where the one type at the start of @s ends; NULL when there is none. */
static const char *type_end(const char *s, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	if (*s == 'a')
		return type_end(s + 1, depth + 1);
	if (*s != '(')
		return in_set(*s, "ynqiuxtbdsog") ? s + 1 : NULL;
	for (s++; s && *s != ')';)
		s = type_end(s, depth + 1);
	return s ? s + 1 : NULL;
}

static int parse_value(struct parser *p, const char *want, int depth, struct gvalue *ret);

/* ---- single values ---- */

static int parse_escape(struct parser *p, char *ret)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *found = *p->at ? strchr(from, *p->at) : NULL;

	if (!found)
		return fail(p, "an unknown escape after '\\'");
	*ret = to[found - from];
	p->at++;
	return 0;
}

static int parse_text(struct parser *p, const char *want, struct gvalue *ret)
{
	char quote = *p->at++;
	char *out = arena_alloc(p->a, strlen(p->at) + 1);
	size_t n = 0;
	int r = 0;

	if (!out)
		return -ENOMEM;
	while (r == 0 && *p->at && *p->at != quote) {
		char c = *p->at++;

		if (c == '\\')
			r = parse_escape(p, &c);
		out[n++] = c;
	}
	if (r < 0)
		return r;
	if (*p->at != quote)
		return fail(p, "a text without its closing quote");
	p->at++;
	if (want && !in_set(*want, "sog"))
		return fail(p, "a text where another type is wanted");
	*ret = (struct gvalue){ .type = want ? want : "s", .text = out };
	return 0;
}

static int parse_real(struct parser *p, const char *want, struct gvalue *ret)
{
	char *end;
	double d = strtod(p->at, &end);

	if (end == p->at)
		return fail(p, "a number is wanted");
	p->at = end;
	*ret = (struct gvalue){ .type = want, .real = d };
	return 0;
}

static int parse_number(struct parser *p, const char *want, struct gvalue *ret)
{
	size_t len = strspn(p->at, "+-0123456789abcdefABCDEFxX.");
	bool negative = *p->at == '-';
	const char *digits = p->at + (*p->at == '-' || *p->at == '+');
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return fail(p, "a number is wanted");
	if ((want && *want == 'd') || (!want && !hex && strcspn(p->at, ".eE") < len))
		return parse_real(p, "d", ret);
	if (!want)
		want = "i";
	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (errno)
		return fail(p, "a number that is too large");
	p->at = end;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (types[i].type != *want || !types[i].max)
			continue;
		if (negative ? n > (uint64_t) - (types[i].min + 1) + 1 || types[i].min == 0
			     : n > types[i].max)
			return fail(p, "a number out of the range of its type");
		*ret = (struct gvalue){ .type = want };
		ret->natural = negative ? 0 - (uint64_t)n : n; /* the same bits as .number */
		return 0;
	}
	return fail(p, "a number where another type is wanted");
}

/* true, false, or the name of a type. */
static int parse_word(struct parser *p, const char *want, int depth, struct gvalue *ret)
{
	size_t len = 0;
	char word[WORD_MAX] = "";

	while (islower((unsigned char)p->at[len]) || isdigit((unsigned char)p->at[len]))
		len++;
	if (len < sizeof(word))
		memcpy(word, p->at, len);
	p->at += len;
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		if (want && *want != 'b')
			return fail(p, "true or false where another type is wanted");
		*ret = gvalue_bool(word[0] == 't');
		return 0;
	}
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		char *type;

		if (strcmp(word, types[i].word) != 0)
			continue;
		type = arena_memdup(p->a, &types[i].type, 1);
		if (!type)
			return -ENOMEM;
		if (want && strcmp(want, type) != 0)
			return fail(p, "elements of different types");
		return parse_value(p, type, depth + 1, ret);
	}
	return fail(p, "an unknown word");
}

/* ---- containers ---- */

/* The types of @items one after the other, between @open and @close. */
static const char *joined_types(struct parser *p, const struct gvalue *items, size_t count)
{
	char type[TYPE_MAX * DEPTH_MAX];
	struct strbuf b = STRBUF_OVER(type, sizeof(type));

	strbuf_adds(&b, "(");
	for (size_t i = 0; i < count; i++)
		strbuf_adds(&b, items[i].type);
	strbuf_adds(&b, ")");
	return b.len + 1 < sizeof(type) ? arena_strdup(p->a, type) : NULL;
}

/* The elements up to @close; @want: the type of each (arrays), or NULL for that of the first. */
static int parse_array(struct parser *p, const char *want, int depth, struct gvalue *ret)
{
	const char *of = want ? want + 1 : NULL;
	struct gvalue *items = NULL;
	size_t n = 0;
	int r;

	p->at++;
	while (!skip_char(p, ']')) {
		if (n && !skip_char(p, ','))
			return fail(p, "',' or ']' is missing");
		if (n % 16 == 0) {
			struct gvalue *more = arena_array(p->a, n + 16, sizeof(*more));

			if (n >= ITEMS_MAX)
				return fail(p, "an array of too many elements");
			if (!more)
				return -ENOMEM;
			if (n)
				memcpy(more, items, n * sizeof(*more));
			items = more;
		}
		r = parse_value(p, of, depth + 1, &items[n]);
		if (r < 0)
			return r;
		of = items[n++].type;
	}
	if (!of)
		return fail(p, "an empty array needs its type, as in '@as []'");
	*ret = (struct gvalue){ .type = want ? want : arena_printf(p->a, "a%s", of),
				.items = items,
				.count = n };
	return ret->type ? 0 : -ENOMEM;
}

static int parse_tuple(struct parser *p, const char *want, int depth, struct gvalue *ret)
{
	struct gvalue *items = arena_array(p->a, TYPE_MAX, sizeof(*items));
	const char *of = want ? want + 1 : NULL;
	size_t n = 0;

	if (!items)
		return -ENOMEM;
	p->at++;
	while (!skip_char(p, ')')) {
		const char *end = of ? type_end(of, 0) : NULL;
		char *one = end ? arena_memdup(p->a, of, (size_t)(end - of)) : NULL;
		int r;

		if (n == TYPE_MAX || (of && !one))
			return fail(p, "a tuple of another length than its type");
		if (n && !skip_char(p, ','))
			return fail(p, "',' or ')' is missing");
		if (n && skip_char(p, ')')) /* "(1,)" is a tuple of one */
			break;
		r = parse_value(p, one, depth + 1, &items[n]);
		if (r < 0)
			return r;
		n++;
		of = end;
	}
	if (n == 0 || (of && *of != ')'))
		return fail(p, "a tuple of another length than its type");
	*ret = (struct gvalue){ .type = want ? want : joined_types(p, items, n),
				.items = items,
				.count = n };
	return ret->type ? 0 : -ENOMEM;
}

static int parse_typed(struct parser *p, const char *want, int depth, struct gvalue *ret)
{
	const char *start = ++p->at, *end = type_end(start, 0);
	char *type = end ? arena_memdup(p->a, start, (size_t)(end - start)) : NULL;

	if (!end || (*end != ' ' && *end != '\t'))
		return fail(p, "an unknown type after '@'");
	if (!type)
		return -ENOMEM;
	if (want && strcmp(want, type) != 0)
		return fail(p, "elements of different types");
	p->at = end;
	return parse_value(p, type, depth + 1, ret);
}

static int parse_value(struct parser *p, const char *want, int depth, struct gvalue *ret)
{
	skip_space(p);
	if (depth > DEPTH_MAX)
		return fail(p, "too many levels");
	switch (*p->at) {
	case '\'':
	case '"': return parse_text(p, want, ret);
	case '@': return parse_typed(p, want, depth, ret);
	case '[':
		if (want && *want != 'a')
			return fail(p, "an array where another type is wanted");
		return parse_array(p, want, depth, ret);
	case '(':
		if (want && *want != '(')
			return fail(p, "a tuple where another type is wanted");
		return parse_tuple(p, want, depth, ret);
	default: break;
	}
	if (islower((unsigned char)*p->at))
		return parse_word(p, want, depth, ret);
	return parse_number(p, want, ret);
}

int gvalue_parse(const char *text, struct arena *a, struct gvalue *ret, const char **ret_why)
{
	struct parser p = { .at = text, .a = a };
	int r = parse_value(&p, NULL, 0, ret);

	skip_space(&p);
	if (r == 0 && *p.at)
		r = fail(&p, "something follows the value");
	*ret_why = p.why;
	return r;
}

/* ---- writing ---- */

static void print_text(const char *s, struct strbuf *out)
{
	strbuf_adds(out, "'");
	for (; *s; s++) {
		static const char from[] = "\a\b\f\n\r\t\v", to[] = "abfnrtv";
		const char *found = strchr(from, *s);

		if (found)
			strbuf_addf(out, "\\%c", to[found - from]);
		else
			strbuf_addf(out, *s == '\'' || *s == '\\' ? "\\%c" : "%c", *s);
	}
	strbuf_adds(out, "'");
}

static void print_items(const struct gvalue *v, struct strbuf *out)
{
	bool array = *v->type == 'a';

	if (array && !v->count)
		strbuf_addf(out, "@%s ", v->type);
	strbuf_adds(out, array ? "[" : "(");
	for (size_t i = 0; i < v->count; i++) {
		strbuf_adds(out, i ? ", " : "");
		gvalue_print(&v->items[i], out);
	}
	strbuf_adds(out, array ? "]" : v->count == 1 ? ",)" : ")");
}

void gvalue_print(const struct gvalue *v, struct strbuf *out)
{
	switch (*v->type) {
	case 'b': strbuf_adds(out, v->truth ? "true" : "false"); return;
	case 'd': strbuf_addf(out, "double %.17g", v->real); return;
	case 'a':
	case '(': print_items(v, out); return;
	default: break;
	}
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (types[i].type == *v->type && *v->type != 's' && *v->type != 'i')
			strbuf_addf(out, "%s ", types[i].word);
	if (in_set(*v->type, "sog"))
		print_text(v->text, out);
	else if (in_set(*v->type, "nix"))
		strbuf_addf(out, "%" PRId64, v->number);
	else
		strbuf_addf(out, "%" PRIu64, v->natural);
}
