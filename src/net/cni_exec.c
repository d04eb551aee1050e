// SPDX-License-Identifier: GPL-2.0-or-later
/* See cni_exec.h. Section 2 of the specification. */
#include "net/cni_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/json.h"
#include "util/child.h"
#include "util/cleanup.h"

#define DIRECTORIES "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"
/* for what plugins themselves call: iptables, for instance */
#define PROGRAMS "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	TIMEOUT_MS = 60000,
	OUTPUT_MAX = 1 << 20,
	ENV_COUNT = 8
};

const char *cni_directories(void)
{
	const char *path = getenv("CNI_PATH");

	return path && *path ? path : DIRECTORIES;
}

/* Others could put their own program there. */
static int check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return (st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022) ? -EPERM : 0;
}

static int open_in(const char *dir, size_t len, const char *type)
{
	cleanup_free char *name = strndup(dir, len);
	cleanup_fd int at = -EBADF, fd = -EBADF;
	int r;

	if (!name)
		return -ENOMEM;
	at = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = at < 0 ? at : openat(at, type, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = check_file(fd);
	return r < 0 ? r : take_fd(&fd);
}

int cni_plugin_open(const char *path, const char *type, struct err *e)
{
	int r = -ENOENT;

	if (!*type || strchr(type, '/') || *type == '.') {
		err_set(e, ERR_CONFIG, 0, "'%s' is no name of a CNI plugin", type);
		return -EINVAL;
	}
	for (const char *at = path; r == -ENOENT && *at; at += strspn(at, ":")) {
		size_t len = strcspn(at, ":");

		if (*at == '/')
			r = open_in(at, len, type);
		at += len;
	}
	if (r >= 0)
		return r;
	err_set(e, ERR_CONFIG, -r, "CNI plugin '%s' in %s", type, path);
	if (r == -ENOENT)
		err_hint(e,
			 "install it (Debian: containernetworking-plugins), or name its directory "
			 "in CNI_PATH");
	if (r == -EPERM)
		err_hint(e, "others than root can change it");
	return r;
}

/* A file of a fixed size: a plugin that writes more than it should gets an error. */
static int make_output(void)
{
	cleanup_fd int fd = memfd_create("cni", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, OUTPUT_MAX) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0)
		return -errno;
	return take_fd(&fd);
}

/* How far it has come is where the next write would go: we share the file's position. */
static int read_output(int fd, char **ret)
{
	off_t size = lseek(fd, 0, SEEK_CUR);
	cleanup_free char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	if (!text)
		return size < 0 ? -errno : -ENOMEM;
	for (off_t at = 0; at < size;) {
		ssize_t n = pread(fd, text + at, (size_t)(size - at), at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
	}
	text[size] = '\0';
	*ret = take_ptr(text);
	return 0;
}

static const char *member_text(const struct json_node *object, const char *key)
{
	const struct json_node *m = json_member(object, key);

	return m && m->type == JSON_STRING ? m->text : "";
}

/* Section 5, "Error". */
static int plugin_failed(const struct cni_call *call, const char *text,
			 const struct child_result *result, struct err *e)
{
	struct arena arena = { .cap = 8 * OUTPUT_MAX };
	const struct json_node *root = NULL, *code;

	if (!text || json_parse(&arena, text, strlen(text), "answer", &root, NULL) < 0)
		root = NULL;
	code = root ? json_member(root, "code") : NULL;
	if (result->timed_out)
		err_set(e, ERR_SYSTEM, ETIMEDOUT, "CNI plugin '%s', %s", call->type, call->command);
	else if (code && code->type == JSON_NUMBER)
		err_set(e, ERR_SYSTEM, 0, "CNI plugin '%s', %s: %s%s%s (code %s)", call->type,
			call->command, member_text(root, "msg"),
			member_text(root, "details")[0] ? ": " : "", member_text(root, "details"),
			code->text);
	else
		err_set(e, ERR_SYSTEM, 0, "CNI plugin '%s', %s: exit code %d%s%s", call->type,
			call->command, result->exit_code, result->tail[0] ? ": " : "",
			result->tail);
	arena_free(&arena);
	return -EIO;
}

/* NULL-terminated; the strings are malloc'ed. */
static int make_env(const struct cni_call *call, char *env[ENV_COUNT])
{
	int n = 0;
	bool ok = asprintf(&env[n++], "CNI_COMMAND=%s", call->command) >= 0 &&
		  asprintf(&env[n++], "CNI_CONTAINERID=%s", call->id) >= 0 &&
		  asprintf(&env[n++], "CNI_IFNAME=%s", call->ifname) >= 0 &&
		  asprintf(&env[n++], "CNI_PATH=%s", call->path) >= 0 &&
		  asprintf(&env[n++], "CNI_NETNS=%s", call->netns ? call->netns : "") >= 0 &&
		  asprintf(&env[n++], PROGRAMS) >= 0;

	if (!ok)
		env[n - 1] = NULL; /* asprintf(3): undefined */
	return ok ? 0 : -ENOMEM;
}

static int run(const struct cni_call *call, int exe, int out, struct child_result *result)
{
	union {
		const char *text;
		char *arg;
	} name = { .text = call->type };
	union {
		const char *text;
		void *data;
	} config = { .text = call->config };
	char *argv[] = { name.arg, NULL }, *env[ENV_COUNT] = { NULL };
	const struct child_job job = {
		.exe = exe,
		.argv = argv,
		.envp = env,
		.input = { { .iov_base = config.data, .iov_len = call->config_len } },
		.input_count = 1,
		.out = out,
		.cwd = -EBADF,
		.timeout_ms = TIMEOUT_MS,
	};
	int r = make_env(call, env);

	if (r == 0)
		r = child_run(&job, result);
	for (int i = 0; i < ENV_COUNT; i++)
		free(env[i]);
	return r;
}

int cni_plugin_run(const struct cni_call *call, char **ret_text, struct err *e)
{
	cleanup_fd int exe = cni_plugin_open(call->path, call->type, e), out = -EBADF;
	struct child_result result = { 0 };
	cleanup_free char *text = NULL;
	int r;

	if (exe < 0)
		return exe;
	out = make_output();
	r = out < 0 ? out : run(call, exe, out, &result);
	if (r == 0)
		r = read_output(out, &text);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "run the CNI plugin '%s'", call->type);
	if (result.exit_code || result.timed_out)
		return plugin_failed(call, text, &result, e);
	*ret_text = take_ptr(text);
	return 0;
}
