// SPDX-License-Identifier: GPL-2.0-or-later
/* ctr.conf(5): "key = value" lines. What a key means, and may be, is in one table. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"
#include "util/strbuf.h"

#define SYSTEM_FILE "/etc/ctr/ctr.conf"

enum {
	CONF_MAX = 64 * 1024,
};

enum conf_type {
	CONF_DIR,  /* const char *: an absolute path */
	CONF_WORD, /* const char *: one of the words */
	CONF_YES,  /* bool */
};

static const char *const yes_no[] = { "yes", "no", NULL };

static const struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	const char *const *words;
} keys[] = {
	{ "root", CONF_DIR, offsetof(struct cli_conf, root), NULL },
	{ "data-root", CONF_DIR, offsetof(struct cli_conf, data_root), NULL },
	{ "cgroup-manager", CONF_WORD, offsetof(struct cli_conf, cgroup_manager),
	  cli_cgroup_managers },
	{ "overlay", CONF_YES, offsetof(struct cli_conf, overlay), yes_no },
};

static const struct conf_key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static int unknown_key(const char *name, struct err *e)
{
	char all[256];
	struct strbuf list = STRBUF_OVER(all, sizeof(all));

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", keys[i].name);
	err_set(e, ERR_CONFIG, 0, "unknown key '%s'", name);
	err_hint(e, "use one of: %s", all);
	return -EINVAL;
}

static int bad_value(const struct conf_key *k, const char *value, struct err *e)
{
	char all[256];
	struct strbuf list = STRBUF_OVER(all, sizeof(all));

	err_set(e, ERR_CONFIG, 0, "%s cannot be '%s'", k->name, value);
	if (k->type == CONF_DIR) {
		err_hint(e, "it must be an absolute path");
		return -EINVAL;
	}
	for (size_t i = 0; k->words[i]; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", k->words[i]);
	err_hint(e, "use one of: %s", all);
	return -EINVAL;
}

static int set_value(struct cli_conf *conf, const struct conf_key *k, const char *value,
		     struct err *e)
{
	void *to = (char *)conf + k->offset;
	size_t i = 0;

	if (k->type == CONF_DIR) {
		if (value[0] != '/')
			return bad_value(k, value, e);
		*(const char **)to = value;
		return 0;
	}
	while (k->words[i] && strcmp(k->words[i], value) != 0)
		i++;
	if (!k->words[i])
		return bad_value(k, value, e);
	if (k->type == CONF_YES)
		*(bool *)to = i == 0;
	else
		*(const char **)to = value;
	return 0;
}

/* Without the blanks around it. */
static char *trim(char *s)
{
	size_t len;

	s += strspn(s, " \t\r");
	len = strlen(s);
	while (len && strchr(" \t\r", s[len - 1]))
		len--;
	s[len] = '\0';
	return s;
}

static int parse_line(struct cli_conf *conf, char *line, unsigned *seen, struct err *e)
{
	const struct conf_key *k;
	char *eq;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	eq = strchr(line, '=');
	if (!eq) {
		err_set(e, ERR_CONFIG, 0, "'%s' is no assignment", line);
		err_hint(e, "write: key = value");
		return -EINVAL;
	}
	*eq = '\0';
	line = trim(line);
	k = find_key(line);
	if (!k)
		return unknown_key(line, e);
	if (*seen >> (k - keys) & 1)
		return err_set(e, ERR_CONFIG, 0, "%s is set twice", k->name);
	*seen |= 1U << (k - keys);
	return set_value(conf, k, trim(eq + 1), e);
}

static int parse(struct cli_conf *conf, const char *path, size_t size, struct err *e)
{
	unsigned number = 0, seen = 0;
	char *line = conf->text, *next;

	if (memchr(conf->text, '\0', size))
		return err_set(e, ERR_CONFIG, 0, "'%s' is no text file", path);
	for (; line; line = next) {
		int r;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		r = parse_line(conf, line, &seen, e);
		if (r < 0) {
			err_origin(e, "%s line %u", path, number);
			return r;
		}
	}
	return 0;
}

/* What it says decides where root writes: nobody else may have a say in it. */
static int check_owner(int fd, const char *path, const struct caller *caller, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, errno, "read '%s'", path);
	if ((st.st_uid == 0 || st.st_uid == caller->uid) && !(st.st_mode & 022))
		return 0;
	err_set(e, ERR_CONFIG, EPERM, "'%s' belongs to, or can be written by, others", path);
	err_hint(e, "give it to the user who runs ctr, with mode 0644");
	return -EPERM;
}

/* Where it is looked for; empty: nowhere. */
static int find_file(const struct cli *cli, char *buf, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = 0;

	if (caller_is_host_root(&cli->caller))
		n = snprintf(buf, size, SYSTEM_FILE);
	else if (config && config[0] == '/')
		n = snprintf(buf, size, "%s/ctr/ctr.conf", config);
	else if (home && home[0] == '/')
		n = snprintf(buf, size, "%s/.config/ctr/ctr.conf", home);
	if (n <= 0 || (size_t)n >= size)
		buf[0] = '\0';
	return buf[0] ? 0 : -ENOENT;
}

int cli_conf_load(struct cli *cli, struct err *e)
{
	const char *named = cli->options.config_file;
	cleanup_fd int fd = -EBADF;
	char path[PATH_MAX];
	size_t size;
	int r;

	if (named && !*named)
		return 0;
	if (named)
		(void)snprintf(path, sizeof(path), "%s", named);
	else if (find_file(cli, path, sizeof(path)) < 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && !named && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0)
		return err_set(e, ERR_CONFIG, errno, "read '%s'", path);
	r = check_owner(fd, path, &cli->caller, e);
	if (r < 0)
		return r;
	r = io_read_file(fd, CONF_MAX, &cli->conf.text, &size);
	if (r < 0)
		return err_set(e, ERR_CONFIG, -r, "read '%s'", path);
	return parse(&cli->conf, path, size, e);
}
