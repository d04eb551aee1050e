// SPDX-License-Identifier: GPL-2.0-or-later
/* util/signals.h: the names and numbers that engines send. */
#include <signal.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/signals.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct name {
	const char *text;
	int sig;
};

/* signal(7) */
static const struct name names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT },     { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },	 { "ABRT", SIGABRT }, { "IOT", SIGABRT },      { "BUS", SIGBUS },
	{ "FPE", SIGFPE },	 { "KILL", SIGKILL }, { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },	 { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },     { "TERM", SIGTERM },
	{ "CHLD", SIGCHLD },	 { "CLD", SIGCHLD },  { "CONT", SIGCONT },     { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },     { "URG", SIGURG },
	{ "XCPU", SIGXCPU },	 { "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },	 { "IO", SIGIO },     { "POLL", SIGIO },       { "PWR", SIGPWR },
	{ "SYS", SIGSYS },	 { "RTMIN", 34 },     { "RTMAX", 64 },	       { "RTMIN+0", 34 },
	{ "RTMIN+1", 35 },	 { "RTMIN+15", 49 },  { "RTMIN+30", 64 },      { "RTMAX-0", 64 },
	{ "RTMAX-1", 63 },	 { "RTMAX-14", 50 },  { "RTMAX-30", 34 },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
};

static void is_signal(const char *text, int sig)
{
	if (signal_parse(text) != sig)
		fail_msg("'%s': %d instead of %d", text, signal_parse(text), sig);
}

static void test_names(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		is_signal(names[i].text, names[i].sig);
		(void)snprintf(text, sizeof(text), "SIG%s", names[i].text);
		is_signal(text, names[i].sig);
		for (char *p = text; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		is_signal(text, names[i].sig);
		is_signal(text + 3, names[i].sig);
		text[0] = 'S';
		is_signal(text, names[i].sig);
	}
}

static void test_numbers(void **state)
{
	char text[16];

	(void)state;
	for (int sig = 1; sig <= 64; sig++) {
		(void)snprintf(text, sizeof(text), "%d", sig);
		is_signal(text, sig);
	}
	is_signal("09", 9);
	is_signal("015", 15); /* decimal, not octal */
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"0",
		"00",
		"65",
		"-1",
		"-9",
		"+9",
		" 9",
		"9 ",
		"9x",
		"0x9",
		"1.5",
		"999999999999999999999",
		"18446744073709551625",
		"SIG",
		"sig",
		"SIG9",
		"SIGSIGKILL",
		"KIL",
		"KILLL",
		"KILL ",
		" KILL",
		"SIG KILL",
		"SIGKILL\n",
		"NULL",
		"EXIT",
		"RT",
		"RTMI",
		"RTMINX",
		"RTMIN+",
		"RTMIN-1",
		"RTMIN1",
		"RTMIN+31",
		"RTMIN+x",
		"RTMIN+1x",
		"RTMIN++1",
		"RTMIN+-1",
		"RTMIN+99999999999",
		"RTMAX-",
		"RTMAX+1",
		"RTMAX-31",
		"RTMAX--1",
		"RTMAX-1x",
		"RTMID",
		"SIGRT",
		"KILL,TERM",
		"-KILL",
		"%KILL",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		is_signal(cases[i], -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
