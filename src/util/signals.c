// SPDX-License-Identifier: GPL-2.0-or-later
/* See signals.h. */
#include "util/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	LAST_SIGNAL = 64,
	RT_FIRST = 34
};

static const char *const names[] = {
	[SIGHUP] = "HUP",	[SIGINT] = "INT",	[SIGQUIT] = "QUIT", [SIGILL] = "ILL",
	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",	[SIGBUS] = "BUS",   [SIGFPE] = "FPE",
	[SIGKILL] = "KILL",	[SIGUSR1] = "USR1",	[SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
#ifdef SIGSTKFLT
	[SIGSTKFLT] = "STKFLT",
#endif
	[SIGCHLD] = "CHLD",	[SIGCONT] = "CONT",	[SIGSTOP] = "STOP", [SIGTSTP] = "TSTP",
	[SIGTTIN] = "TTIN",	[SIGTTOU] = "TTOU",	[SIGURG] = "URG",   [SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH",
	[SIGIO] = "IO",		[SIGPWR] = "PWR",	[SIGSYS] = "SYS",
};

/* Decimal digits only, within the signals that exist. */
static int number(const char *text)
{
	char *end;
	long n;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	n = strtol(text, &end, 10);
	return *end || n < 0 || n > LAST_SIGNAL ? -EINVAL : (int)n;
}

/* "RTMIN", "RTMIN+3", "RTMAX-1" */
static int realtime(const char *text)
{
	int base = strncasecmp(text, "RTMIN", 5) == 0 ? RT_FIRST : LAST_SIGNAL;
	char sign = base == RT_FIRST ? '+' : '-';
	int offset;

	if (!text[5])
		return base;
	offset = text[5] == sign ? number(text + 6) : -EINVAL;
	if (offset < 0 || offset > LAST_SIGNAL - RT_FIRST)
		return -EINVAL;
	return base == RT_FIRST ? base + offset : base - offset;
}

int signal_parse(const char *text)
{
	int n = number(text);

	if (n > 0)
		return n;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	if (strncasecmp(text, "RTMIN", 5) == 0 || strncasecmp(text, "RTMAX", 5) == 0)
		return realtime(text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && strcasecmp(text, names[i]) == 0)
			return (int)i;
	if (strcasecmp(text, "CLD") == 0)
		return SIGCHLD;
	if (strcasecmp(text, "POLL") == 0)
		return SIGIO;
	if (strcasecmp(text, "IOT") == 0)
		return SIGABRT;
	return -EINVAL;
}
