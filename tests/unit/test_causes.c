// SPDX-License-Identifier: GPL-2.0-or-later
/* Logs of criu 3.17.1, as they were written when it failed, and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/causes.h"

#define FAILED "(00.153225) Error (criu/cr-dump.c:2053): Dumping FAILED.\n"
#define TASK   "(00.040000) Dumping task (pid: 230)\n"
#define FD3                                                                                        \
	TASK "(00.041000) Dumping opened files (pid: 230)\n"                                       \
	     "(00.041000) ----------------------------------------\n"                              \
	     "(00.042000) 230 fdinfo 3: pos:                0 flags:           100000/0\n"

static const struct {
	const char *log, *text, *hint;
} known[] = {
	{ FD3
	  "(00.120805) Error (criu/sk-inet.c:189): inet: Connected TCP socket, consider using "
	  "--tcp-established option.\n"
	  "(00.121022) Error (criu/cr-dump.c:1635): Dump files (pid: 230) failed with -1\n" FAILED,
	  "process 230 has a TCP connection (descriptor 3)", "--tcp-established" },
	/* what comes first is said by the way, and does no harm */
	{ FD3 "(00.010000) Error (criu/sk-inet.c:700): Can't check shutdown state of inet socket\n"
	      "(00.085838) Error (criu/sk-inet.c:174): inet: In-flight connection (l) for 2c5c\n"
	      "(00.085865) Error (criu/sk-inet.c:175): inet: In-flight connections can be ignored "
	      "with the --skip-in-flight option.\n" FAILED,
	  "TCP connections wait to be accepted (process 230, descriptor 3)",
	  "--tcp-skip-in-flight" },
	{ FD3 "(00.117377) Error (criu/files-reg.c:1710): Can't lookup mount=24 for fd=0 "
	      "path=/dev/null\n" FAILED,
	  "'/dev/null' was opened outside of the container's mounts (process 230, descriptor 3)",
	  "mount it" },
	{ FD3
	  "(00.112069) Error (criu/sk-inet.c:128): inet: Unsupported proto 132 for socket 303e\n",
	  "process 230 has a socket of protocol 132, which criu does not know (descriptor 3)",
	  "TCP or UDP" },
	{ FD3 "(00.056900) Error (criu/sockets.c:727): sockets: BUG! Unknown socket collected "
	      "(family 38)\n",
	  "process 230 has a socket of family 38, which criu does not know (descriptor 3)",
	  "--dry-run" },
	{ FD3
	  "(00.062318) Error (criu/files-reg.c:950): Can't dump ghost file /tmp/x of 2097152 size, "
	  "increase limit\n",
	  "the deleted file '/tmp/x' has 2097152 bytes, too much to go into the images (process "
	  "230, "
	  "descriptor 3)",
	  "restart" },
	{ FD3 "(00.071054) Error (criu/files-reg.c:1042): Can't create link remap for /tmp/x. Use "
	      "link-remap option.\n",
	  "the name of '/tmp/x' is deleted or hidden, but the file has others (process 230, "
	  "descriptor 3)",
	  "--link-remap" },
	{ FD3 "(00.050223) Error (criu/files-ext.c:94): Can't dump file 3 of that type [600] (anon "
	      "anon_inode:[userfaultfd])\n",
	  "descriptor 3 is something that criu cannot save: anon anon_inode:[userfaultfd] (process "
	  "230, descriptor 3)",
	  "--dry-run" },
	{ FD3 "pie: 1: Error (criu/pie/parasite.c:504): send_fds failed (-22)\n"
	      "(00.052021) Error (criu/parasite-syscall.c:479): Can't retrieve FDs from socket\n"
	      "(00.052096) Error (compel/src/lib/infect-rpc.c:44): Message reply from daemon is "
	      "trimmed (12/0)\n",
	  "process 230 has a descriptor that the kernel hands to nobody, such as an io_uring "
	  "(descriptor 3)",
	  "epoll" },
	{ "(00.364791) Error (criu/file-lock.c:110): Some file locks are hold by dumping tasks! "
	  "You "
	  "can try --file-locks to dump them.\n" FAILED,
	  "a process has locked files", "--file-locks" },
	{ "(00.019676) Error (criu/seize.c:751): Zombies with threads are not supported\n" FAILED,
	  "the first thread of a process has ended while others run on", "main thread" },
	{ "(00.043054) Error (criu/namespaces.c:463): Can't dump nested pid namespace for 1944\n"
	  "(00.043155) Error (criu/namespaces.c:703): Can't make pidns id\n" FAILED,
	  "process 1944 is in a pid namespace of its own, which criu cannot save", "containers" },
	{ "(00.033410) Error (criu/mount.c:724): mnt: FS mnt ./tmp/mounted dev 0x27 root / "
	  "unsupported "
	  "id 58\n" FAILED,
	  "something is mounted at '/tmp/mounted' that criu does not know", "config.json" },
	{ "(00.061256)    190: Error (criu/files-reg.c:2093): File tmp/w/x has bad size 4101 "
	  "(expect "
	  "4096)\n"
	  "(00.061350)    190: Error (criu/files.c:1213): Unable to open fd=3 id=0x4\n",
	  "the file '/tmp/w/x' was changed since the checkpoint: 4101 bytes, not 4096",
	  "root filesystem" },
	{ "(00.030592)    222: Error (criu/files-reg.c:2259): Can't open file tmp/w/y on restore: "
	  "No "
	  "such file or directory\n",
	  "the file '/tmp/w/y' cannot be opened: No such file or directory", "root filesystem" },
	{ "(00.017432) Error (criu/cr-restore.c:1469): Can't fork for 244: File exists\n"
	  "(00.017632) Error (criu/cr-restore.c:2537): Restoring FAILED.\n",
	  "the process id 244 is in use", "pid namespace" },
	{ "(00.016903) Error (criu/protobuf.c:72): Unexpected EOF on (empty-image)\n",
	  "an image is missing", "again" },
	{ "(00.1) Error (criu/image.c:1): Can't write img file: No space left on device\n",
	  "there is no space left for the images", "make room" },
};

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cause c;

		assert_true(causes_find(known[i].log, strlen(known[i].log), &c));
		assert_true(c.known);
		assert_string_equal(c.text, known[i].text);
		assert_non_null(strstr(c.hint, known[i].hint));
	}
}

static void test_unknown_is_quoted(void **state)
{
	static const char log[] = "(00.01) Error (criu/x.c:1): Something \x1b[31mnew 5\n" FAILED;
	struct cause c;

	(void)state;
	assert_true(causes_find(log, sizeof(log) - 1, &c));
	assert_false(c.known);
	assert_string_equal(c.text, "criu says \"Something ?[31mnew 5\"");
	assert_null(c.hint);
	/* nothing but the consequences: better than nothing */
	assert_true(causes_find(FAILED, strlen(FAILED), &c));
	assert_string_equal(c.text, "criu says \"Dumping FAILED.\"");
}

static void test_nothing(void **state)
{
	static const char log[] = "(00.01) Warn  (criu/x.c:1): Error\n(00.02) all is well";
	struct cause c;

	(void)state;
	assert_false(causes_find("", 0, &c));
	assert_false(causes_find(log, sizeof(log) - 1, &c));
	assert_false(causes_find("\0\0\0", 3, &c));
}

/* A line without its end, with a NUL in it, and one that is longer than any message. */
static void test_odd_lines(void **state)
{
	static char log[1 << 16];
	struct cause c;

	(void)state;
	memset(log, 'x', sizeof(log));
	memcpy(log, "Error (a): ", 11);
	log[100] = '\0';
	assert_true(causes_find(log, sizeof(log), &c));
	memset(log, '*', sizeof(log));
	memcpy(log, "Error (a): ", 11);
	assert_true(causes_find(log, sizeof(log), &c));
	assert_false(causes_find("Error (", 7, &c));
}

/* An entry behind one that fits all that it fits would never be found. */
static void test_each_entry_can_be_found(void **state)
{
	(void)state;
	for (const struct cause_pattern *p = cause_patterns; p->message; p++) {
		char log[512], filled[256] = "";
		struct cause c;
		size_t at = 0;

		for (const char *m = p->message; *m; m++)
			at += (size_t)snprintf(filled + at, sizeof(filled) - at, "%s",
					       *m == '*' ? "7" : (char[]){ *m, '\0' });
		(void)snprintf(log, sizeof(log), "(00.1) Error (a.c:1): %s\n", filled);
		assert_true(causes_find(log, strlen(log), &c));
		if (p->text)
			assert_true(c.known);
		if (p->text && !strchr(p->text, '$') && strncmp(p->text, "it ", 3) != 0)
			assert_string_equal(c.text, p->text);
		if (!p->text)
			assert_false(c.known);
	}
}

static void test_explain(void **state)
{
	static const char log[] = "(00.1) Error (a.c:1): Some file locks are hold by dumping\n";
	char dir[] = "/tmp/ctr-causes-XXXXXX", line[1024];
	struct err e = ERR_INIT;
	int work, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	work = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(work >= 0);

	(void)err_set(&e, ERR_SYSTEM, 0, "criu failed");
	causes_explain(work, "dump.log", &e);
	assert_string_equal(e.text, "criu failed");
	(void)snprintf(line, sizeof(line), "%s/dump.log", dir);
	assert_string_equal(e.origin, line);

	fd = openat(work, "dump.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, log, strlen(log)), strlen(log));
	(void)close(fd);
	causes_explain(work, "dump.log", &e);
	assert_string_equal(e.text, "a process has locked files");
	assert_string_equal(e.origin, line);

	assert_int_equal(unlinkat(work, "dump.log", 0), 0);
	(void)close(work);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown_is_quoted),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_each_entry_can_be_found),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
