// SPDX-License-Identifier: GPL-2.0-or-later
/* See transport.h: what a DEST means. */
#include "checkpoint/transport.h"

#include <errno.h>
#include <string.h>

#include "util/kernel.h"
#include "util/num.h"

enum {
	WORDS_MAX = 64
};

static const char ssh_program[] = "/usr/bin/ssh";

static int no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, ENOMEM, "read the destination");
}

static int push(oci_strings *list, struct arena *a, const char *word, struct err *e)
{
	if (!list->items) {
		list->items = arena_array(a, WORDS_MAX, sizeof(*list->items));
		if (!list->items)
			return no_memory(e);
	}
	if (list->count == WORDS_MAX)
		return err_set(e, ERR_USAGE, 0, "a command of more than %d words", WORDS_MAX);
	if (!word)
		return no_memory(e);
	list->items[list->count++] = word;
	return 0;
}

static int push_all(oci_strings *list, struct arena *a, const char *const *words, size_t n,
		    struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = push(list, a, words[i], e);
	return r;
}

int transport_split(const char *command, struct arena *a, oci_strings *ret, struct err *e)
{
	char *out = arena_strdup(a, command), *word;
	const char *p = command;
	int r = 0;

	if (!out)
		return no_memory(e);
	while (r == 0 && *(p += strspn(p, " \t\n"))) {
		word = out;
		while (*p && !strchr(" \t\n", *p)) {
			char quote = *p;

			if (quote != '\'' && quote != '"') {
				*out++ = *p++;
				continue;
			}
			for (p++; *p && *p != quote; p++)
				*out++ = *p;
			if (!*p++)
				return err_set(e, ERR_USAGE, 0,
					       "a quote (%c) without end in the command '%s'",
					       quote, command);
		}
		*out++ = '\0';
		r = push(ret, a, word, e);
	}
	if (r == 0 && ret->count == 0)
		return err_set(e, ERR_USAGE, 0, "an empty command");
	return r;
}

static int check_program(const oci_strings *words, struct err *e)
{
	if (words->items[1][0] == '/')
		return 0;
	err_set(e, ERR_USAGE, 0, "'%s' is no absolute path of a program", words->items[1]);
	err_hint(e, "programs are not searched for");
	return -EINVAL;
}

static int parse_exec(const char *command, const struct transport_options *o, struct arena *a,
		      struct transport *ret, struct err *e)
{
	int r = push(&ret->words, a, "exec", e);

	(void)o;
	if (r == 0)
		r = transport_split(command, a, &ret->words, e);
	if (r == 0 && ret->words.count < 2)
		return err_set(e, ERR_USAGE, 0, "exec: needs a command");
	return r < 0 ? r : check_program(&ret->words, e);
}

static int parse_unix(const char *path, const struct transport_options *o, struct arena *a,
		      struct transport *ret, struct err *e)
{
	const char *const words[] = { "unix", arena_strdup(a, path) };

	(void)o;
	if (path[0] != '/')
		return err_set(e, ERR_USAGE, 0, "unix: needs an absolute path, not '%s'", path);
	return push_all(&ret->words, a, words, ARRAY_SIZE(words), e);
}

/* The name of a host goes to ssh as an argument: it must not look like an option. */
static int check_host(const char *host, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:@%";

	if (!*host || *host == '-' || host[strspn(host, allowed)])
		return err_set(e, ERR_USAGE, 0, "'%s' is no name of a host", host);
	return 0;
}

/* "[::1]:22", "host:22", "::1": *ret_port is "" without one. Cuts @host. */
static int split_port(char *host, char **ret_host, const char **ret_port, struct err *e)
{
	char *at = strrchr(host, '@');
	char *from = at ? at + 1 : host;
	char *colon = strrchr(from, ':');
	uint32_t n;

	*ret_host = host;
	*ret_port = "";
	if (*from == '[') {
		char *end = strchr(from, ']');

		if (!end)
			return err_set(e, ERR_USAGE, 0, "'%s' has a '[' without ']'", host);
		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		memmove(from, from + 1, strlen(from));
	} else if (colon && strchr(from, ':') != colon) {
		colon = NULL; /* an IPv6 address */
	}
	if (!colon)
		return 0;
	*colon = '\0';
	*ret_port = colon + 1;
	if (num_parse_id(colon + 1, strlen(colon + 1), &n) < 0 || n == 0 || n > 65535)
		return err_set(e, ERR_USAGE, 0, "'%s' is no port", colon + 1);
	return 0;
}

static int parse_ssh(const char *where, const struct transport_options *o, struct arena *a,
		     struct transport *ret, struct err *e)
{
	char *host = arena_strdup(a, where);
	const char *port;
	int r;

	if (!host)
		return no_memory(e);
	if (*host && host[strlen(host) - 1] == '/')
		host[strlen(host) - 1] = '\0';
	r = split_port(host, &host, &port, e);
	if (r == 0)
		r = check_host(host, e);
	if (r == 0)
		r = push(&ret->words, a, "exec", e);
	if (r == 0 && o->ssh)
		r = transport_split(o->ssh, a, &ret->words, e);
	else if (r == 0)
		r = push_all(&ret->words, a,
			     (const char *const[]){ ssh_program, "-T", "-o", "BatchMode=yes", "-o",
						    "ServerAliveInterval=5" },
			     6, e);
	if (r == 0)
		r = check_program(&ret->words, e);
	if (r == 0 && *port)
		r = push_all(&ret->words, a, (const char *const[]){ "-p", port }, 2, e);
	if (r == 0)
		r = push_all(&ret->words, a, (const char *const[]){ host, "--" }, 2, e);
	if (r == 0)
		r = transport_split(o->remote_ctr ? o->remote_ctr : "ctr", a, &ret->words, e);
	return r < 0 ? r : push(&ret->words, a, "receive", e);
}

/* Another state root of this host: this very program, once more. */
static int parse_root(const struct transport_options *o, struct arena *a, struct transport *ret,
		      struct err *e)
{
	const char *const first[] = { "exec", "/proc/self/exe", "--root", o->root };
	int r = push_all(&ret->words, a, first, ARRAY_SIZE(first), e);

	if (r == 0 && o->data_root)
		r = push_all(&ret->words, a, (const char *const[]){ "--data-root", o->data_root },
			     2, e);
	if (r == 0 && o->criu)
		r = push_all(&ret->words, a, (const char *const[]){ "--criu", o->criu }, 2, e);
	return r < 0 ? r : push(&ret->words, a, "receive", e);
}

static const struct {
	const char *prefix;
	int (*parse)(const char *rest, const struct transport_options *o, struct arena *a,
		     struct transport *ret, struct err *e);
} kinds[] = {
	{ "ssh://", parse_ssh },
	{ "exec:", parse_exec },
	{ "unix:", parse_unix },
};

int transport_parse(const char *dest, const struct transport_options *options, struct arena *a,
		    struct transport *ret, struct err *e)
{
	*ret = (struct transport){ .name = dest ? dest : options->root };
	if (!dest && !options->root)
		return err_set(e, ERR_USAGE, 0, "where to? DEST, or --to-root, is missing");
	if (dest && options->root)
		return err_set(e, ERR_USAGE, 0, "DEST and --to-root exclude each other");
	if (!dest)
		return parse_root(options, a, ret, e);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(dest, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].parse(dest + strlen(kinds[i].prefix), options, a, ret, e);
	err_set(e, ERR_USAGE, 0, "'%s' is no destination", dest);
	err_hint(e, "write ssh://[USER@]HOST[:PORT], exec:COMMAND or unix:PATH");
	return -EINVAL;
}

int transport_from_words(const oci_strings *words, struct arena *a, struct transport *ret,
			 struct err *e)
{
	*ret = (struct transport){ .name = "destination" };
	if (words->count < 2 ||
	    (strcmp(words->items[0], "exec") != 0 && strcmp(words->items[0], "unix") != 0))
		return err_set(e, ERR_STATE, EBADMSG, "no way to the other host is written down");
	for (size_t i = 0; i < words->count; i++) {
		int r = push(&ret->words, a, arena_strdup(a, words->items[i]), e);

		if (r < 0)
			return r;
	}
	return strcmp(words->items[0], "exec") == 0 ? check_program(&ret->words, e) : 0;
}
