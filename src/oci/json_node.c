// SPDX-License-Identifier: GPL-2.0-or-later
/* The reading half of json.h: members, integers, pointers, UTF-8. Works on finished trees only. */
#include "oci/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct json_node *json_member(const struct json_node *object, const char *key)
{
	if (object->type != JSON_OBJECT)
		return NULL;
	json_for_each (m, object)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

/* Is @key what the reference token @token (@len bytes, RFC 6901) stands for? */
static bool token_is(const char *token, size_t len, const char *key)
{
	for (size_t i = 0; i < len; i++, key++) {
		char c = token[i];

		if (c == '~' && i + 1 < len)
			c = token[++i] == '1' ? '/' : '~';
		if (*key != c)
			return false;
	}
	return !*key;
}

const struct json_node *json_child(const struct json_node *node, const char *tokens)
{
	size_t len = strcspn(tokens, "/"), left = strtoul(tokens, NULL, 10);

	json_for_each (child, node) {
		if (node->type == JSON_ARRAY ? left-- == 0 : token_is(tokens, len, child->key))
			return child;
	}
	return NULL;
}

/* The magnitude of an integer literal; saturates at the type's end with -ERANGE. */
static int magnitude(const char *digits, uint64_t *ret_value)
{
	uint64_t v = 0;

	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*digits - '0'), &v))
			return digits[strspn(digits, "0123456789")] ? -EINVAL : -ERANGE;
	}
	*ret_value = v;
	return 0;
}

int json_to_u64(const struct json_node *node, uint64_t max, uint64_t *ret_value)
{
	bool negative;
	uint64_t v;
	int r;

	if (node->type != JSON_NUMBER)
		return -EINVAL;
	negative = node->text[0] == '-';
	r = magnitude(node->text + negative, &v);
	if (r < 0)
		return r;
	if ((negative && v) || v > max)
		return -ERANGE;
	*ret_value = v;
	return 0;
}

int json_to_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative;
	uint64_t m;
	int64_t v;
	int r;

	if (node->type != JSON_NUMBER)
		return -EINVAL;
	negative = node->text[0] == '-';
	r = magnitude(node->text + negative, &m);
	if (r < 0)
		return r;
	if (m > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	v = negative ? (int64_t)(0 - m) : (int64_t)m;
	if (v < min || v > max)
		return -ERANGE;
	*ret_value = v;
	return 0;
}

/* Appends to @buf as snprintf would; *@used may pass @size, then nothing more is written. */
static void put(char *buf, size_t size, size_t *used, const char *s, size_t len)
{
	if (*used + len < size) {
		memcpy(buf + *used, s, len);
		buf[*used + len] = '\0';
	} else if (*used < size) {
		memcpy(buf + *used, s, size - *used - 1);
		buf[size - 1] = '\0';
	}
	*used += len;
}

static void put_token(char *buf, size_t size, size_t *used, const char *key)
{
	for (; *key && *used < size; key++) {
		if (*key == '~')
			put(buf, size, used, "~0", 2);
		else if (*key == '/')
			put(buf, size, used, "~1", 2);
		else
			put(buf, size, used, key, 1);
	}
}

const char *json_pointer_escape(const char *key, char *buf, size_t size)
{
	size_t used = 0;

	if (size)
		buf[0] = '\0';
	put_token(buf, size, &used, key);
	return buf;
}

static size_t index_of(const struct json_node *node)
{
	size_t i = 0;

	for (const struct json_node *n = node->parent->first; n != node; n = n->next)
		i++;
	return i;
}

const char *json_pointer(const struct json_node *node, char *buf, size_t size)
{
	const struct json_node *chain[JSON_DEPTH_MAX + 1];
	size_t depth = 0, used = 0;
	char number[24];

	if (size)
		buf[0] = '\0';
	for (; node->parent && depth < JSON_DEPTH_MAX + 1; node = node->parent)
		chain[depth++] = node;
	while (depth) {
		node = chain[--depth];
		put(buf, size, &used, "/", 1);
		if (node->key) {
			put_token(buf, size, &used, node->key);
			continue;
		}
		(void)snprintf(number, sizeof(number), "%zu", index_of(node));
		put(buf, size, &used, number, strlen(number));
	}
	return buf;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	    [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};
	return names[type];
}

/* Length of the well-formed multi-byte sequence at @s, or 0 (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (len > left || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

size_t json_utf8_span(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		uint64_t word;
		size_t n;

		if (len - i >= sizeof(word)) { /* nearly all of it is ASCII */
			memcpy(&word, s + i, sizeof(word));
			if (!(word & 0x8080808080808080)) {
				i += sizeof(word);
				continue;
			}
		}
		n = s[i] < 0x80 ? 1 : utf8_sequence(s + i, len - i);
		if (!n)
			return i;
		i += n;
	}
	return len;
}
