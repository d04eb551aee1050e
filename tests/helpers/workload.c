// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that are saved and restored in the tests of checkpoints, and know themselves whether they are still what
 * they were. A static program:
 *
 *	workload list                  the names
 *	workload run DIRECTORY NAME... all of these at once, a process each, below one that stays
 *
 * In DIRECTORY, which must be empty, each has a directory of its own. When all have made their state the file
 * "ready" appears, with one random number. When somebody makes the file "go", all look at themselves, and then "results"
 * appears: that number again, and a line "NAME ok" or "NAME failed: WHAT" for each.
 */
#include "workload.h"
#include "workload_files.h"
#include "workload_ipc.h"
#include "workload_kernel.h"
#include "workload_memory.h"
#include "workload_process.h"
#include "workload_sockets.h"
#include "workload_timers.h"

struct workload {
	const char *name;
	void (*run)(void);
};

static const struct workload workloads[] = { WORKLOADS_FILES,  WORKLOADS_IPC,	  WORKLOADS_KERNEL,
					     WORKLOADS_MEMORY, WORKLOADS_PROCESS, WORKLOADS_SOCKETS,
					     WORKLOADS_TIMERS };

enum {
	MOST = COUNT(workloads),
	PATIENCE_MS = 20000
};

struct running {
	const struct workload *what;
	pid_t pid;
	int status;
};

/* Of the process of one workload: where it says why, that it is ready, and where it hears that it goes on. */
static int directory = -1, ready_fd = -1, go_fd = -1;

_Noreturn void workload_failed(const char *step, const char *text, int line)
{
	int fd = openat(directory, "why", O_CREAT | O_WRONLY | O_APPEND, 0644);

	if (fd >= 0)
		(void)dprintf(fd, "%s: %s (%d)", step, text, line);
	_exit(1);
}

void dumped(void)
{
	char byte = 0;

	must(write(ready_fd, &byte, 1));
	must(close(ready_fd));
	while (read(go_fd, &byte, 1) < 0 && errno == EINTR)
		;
}

pid_t child_of(void (*run)(void *), void *data)
{
	pid_t pid = (pid_t)must(fork());

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(data);
		_exit(0);
	}
	return pid;
}

static _Noreturn void be(const struct workload *what)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (mkdir(what->name, 0777) < 0 || chdir(what->name) < 0)
		_exit(1);
	directory = open(".", O_PATH | O_CLOEXEC);
	what->run();
	_exit(0);
}

static const struct workload *find(const char *name)
{
	for (size_t i = 0; i < COUNT(workloads); i++)
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	(void)fprintf(stderr, "workload: no such one: '%s'\n", name);
	exit(2);
}

/* A file appears with all of its content. */
static FILE *appear_begin(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s.new", name);
	FILE *file = fopen(path, "we");
	if (file == NULL) {
		perror(path);
		exit(2);
	}
	return file;
}

static void appear(FILE *file, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s.new", name);
	if (fclose(file) != 0 || rename(path, name) < 0) {
		perror(name);
		exit(2);
	}
}

static void start(struct running *all, int count, int ready[2], int go[2])
{
	for (int i = 0; i < count; i++) {
		all[i].status = -1;
		all[i].pid = fork();
		if (all[i].pid == 0) {
			(void)close(ready[0]);
			(void)close(go[1]);
			ready_fd = ready[1];
			go_fd = go[0];
			be(all[i].what);
		}
	}
	(void)close(ready[1]);
	(void)close(go[0]);
}

/* Takes the statuses of those that have ended, and of orphans that came to the first process of a container. */
static int reap(struct running *all, int count)
{
	int left = 0, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < count; i++)
			if (all[i].pid == pid)
				all[i].status = status;
	for (int i = 0; i < count; i++)
		left += all[i].status < 0;
	return left;
}

/* Each has said that it is ready, or has ended. */
static void wait_ready(int fd, struct running *all, int count)
{
	int said = 0;
	char byte;

	while (said + count - reap(all, count) < count) {
		while (read(fd, &byte, 1) == 1)
			said++;
		pause_ms(10);
	}
	(void)close(fd);
}

static void tell(FILE *file, const struct running *one)
{
	char path[300], why[200] = "it says nothing";
	FILE *said;

	if (one->status >= 0 && WIFEXITED(one->status) && WEXITSTATUS(one->status) == 0) {
		(void)fprintf(file, "%s ok\n", one->what->name);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/why", one->what->name);
	said = fopen(path, "re");
	if (said != NULL && fgets(why, sizeof(why), said) == NULL)
		why[0] = 0;
	if (one->status < 0)
		(void)snprintf(why, sizeof(why), "it hangs");
	else if (WIFSIGNALED(one->status))
		(void)snprintf(why, sizeof(why), "signal %d", WTERMSIG(one->status));
	(void)fprintf(file, "%s failed: %s\n", one->what->name, why);
}

static int run(const char *where, char **names, int count)
{
	static struct running all[MOST];
	int ready[2], go[2];
	unsigned token = 0;
	FILE *file;

	for (int i = 0; i < count; i++)
		all[i].what = find(names[i]);
	if (chdir(where) < 0 || pipe2(ready, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    pipe2(go, O_CLOEXEC) < 0 ||
	    syscall(SYS_getrandom, &token, sizeof(token), 0) != sizeof(token)) {
		perror(where);
		return 2;
	}
	start(all, count, ready, go);
	wait_ready(ready[0], all, count);
	file = appear_begin("ready");
	(void)fprintf(file, "%u\n", token);
	appear(file, "ready");
	while (access("go", F_OK) < 0)
		pause_ms(50);
	(void)close(go[1]);
	for (int i = 0; i < PATIENCE_MS / 20 && reap(all, count) > 0; i++)
		pause_ms(20);
	file = appear_begin("results");
	(void)fprintf(file, "%u\n", token);
	for (int i = 0; i < count; i++)
		tell(file, &all[i]);
	appear(file, "results");
	for (int i = 0; i < count; i++)
		if (all[i].status < 0)
			child_end(all[i].pid);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < COUNT(workloads); i++)
			(void)printf("%s\n", workloads[i].name);
		return 0;
	}
	if (argc >= 4 && argc - 3 <= MOST && strcmp(argv[1], "run") == 0)
		return run(argv[2], argv + 3, argc - 3);
	(void)fprintf(stderr, "usage: workload list\n       workload run DIRECTORY NAME...\n");
	return 2;
}
