// SPDX-License-Identifier: GPL-2.0-or-later
/* See progress.h. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/stats.h"

enum {
	STEP_USEC = 100000
};

const char *cli_size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	double n = (double)bytes;
	int unit = 0;

	for (; n >= 1024 && unit < 6; unit++)
		n /= 1024;
	(void)snprintf(buf, size, unit && n < 100 ? "%.1f%c" : "%.0f%c", n, units[unit]);
	return buf;
}

void progress_init(struct progress *p, const char *what, const char *word)
{
	*p = (struct progress){ .what = what,
				.json = word && strcmp(word, "json") == 0,
				.line = !word && isatty(STDERR_FILENO) == 1,
				.shown = stats_now_usec() };
}

void progress_show(struct progress *p, uint64_t bytes, uint64_t files)
{
	uint64_t now;
	char size[16];

	if (!p->json && !p->line)
		return;
	now = stats_now_usec();
	if (now - p->shown < STEP_USEC)
		return;
	p->shown = now;
	p->any = true;
	if (p->json)
		(void)fprintf(stderr,
			      "{\"operation\":\"%s\",\"event\":\"progress\",\"bytes\":%" PRIu64
			      ",\"files\":%" PRIu64 "}\n",
			      p->what, bytes, files);
	else
		(void)fprintf(stderr, "\r\033[K%s: %s in %" PRIu64 " files", p->what,
			      cli_size_text(bytes, size, sizeof(size)), files);
}

void progress_end(struct progress *p)
{
	if (p->line && p->any)
		(void)fputs("\r\033[K", stderr);
}
