// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading back what was written. The kernel takes some values and keeps others (rounded to pages, in
 * its own notation); what is left when such differences are set aside is worth a word.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "util/num.h"

enum {
	TEXT_SIZE = 16384,
	CPUS_MAX = 8192
};

/* A number as the kernel reads it: with K, M, G or T for powers of 1024. */
static bool number_parse(const char *s, double *ret)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	*ret = strtod(s, &end);
	if (end == s)
		return false;
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	for (const char *u = units; unit && u <= unit; u++)
		*ret *= 1024;
	return !end[unit != NULL];
}

/* The unit that a file counts in: what it was told is rounded down to a multiple of that. */
static double granule_of(const char *name)
{
	double size = 1;
	char unit[8] = "";

	if (strncmp(name, "memory.", 7) == 0)
		return (double)sysconf(_SC_PAGESIZE);
	if (strncmp(name, "hugetlb.", 8) != 0)
		return size;
	size = strtod(name + 8, NULL);
	(void)strncat(unit, name + 8 + strspn(name + 8, "0123456789"), 1);
	return size * (unit[0] == 'G' ? 1 << 30 : unit[0] == 'M' ? 1 << 20 : 1 << 10);
}

static bool word_matches(const char *name, const char *wanted, const char *found)
{
	const double practically_unlimited = 4e18;
	double w, f;

	if (strcmp(wanted, found) == 0)
		return true;
	if (!number_parse(wanted, &w))
		return false;
	if (strcmp(found, "max") == 0)
		return w > practically_unlimited;
	return number_parse(found, &f) && f <= w && w - f < granule_of(name);
}

/* "rbps=1000" among the words of a line; what is unlimited may be left out. */
static bool setting_matches(const char *name, const char *wanted, const char *line)
{
	size_t key = strcspn(wanted, "=");
	char word[128];

	while (*line) {
		size_t len = strcspn(line, " ");

		if (len < sizeof(word) && len > key && strncmp(line, wanted, key + 1) == 0) {
			memcpy(word, line, len);
			word[len] = '\0';
			return word_matches(name, wanted + key + 1, word + key + 1);
		}
		line += len;
		line += strspn(line, " ");
	}
	return strcmp(wanted + key, "=max") == 0;
}

/* Copy the next word of *@text, which is moved on, to @word; false at the end. */
static bool next_word(const char **text, char *word, size_t size)
{
	size_t len;

	*text += strspn(*text, " \t\n");
	len = strcspn(*text, " \t\n");
	if (len == 0 || len >= size)
		return false;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len;
	return true;
}

static bool sets_match(const char *wanted, const char *found)
{
	unsigned char a[CPUS_MAX / 8] = { 0 }, b[CPUS_MAX / 8] = { 0 };

	if (!*wanted || *wanted == '\n' || !*found)
		return (!*wanted || *wanted == '\n') == !*found;
	return num_parse_cpus(wanted, a, sizeof(a)) < 0 ||
	       (num_parse_cpus(found, b, sizeof(b)) == 0 && memcmp(a, b, sizeof(a)) == 0);
}

/* @line: that of the device that @wanted begins with; "" when it has none. */
static bool line_matches(const char *name, const char *wanted, const char *line)
{
	char w[256], g[256];
	const char *at = line;

	/* a lone number is the default of all devices */
	if (strchr(wanted, ' '))
		(void)next_word(&wanted, w, sizeof(w));
	(void)next_word(&at, g, sizeof(g));
	while (next_word(&wanted, w, sizeof(w))) {
		if (strchr(w, '=')) {
			if (!setting_matches(name, w, line))
				return false;
		} else if (strcmp(w, "default") == 0) {
			return !*line; /* the device has no setting of its own any more */
		} else if (!next_word(&at, g, sizeof(g)) || !word_matches(name, w, g)) {
			return false;
		}
	}
	return true;
}

bool cgroup_value_matches(const struct cgroup_file *f, bool keyed, const char *found)
{
	const char *wanted = f->value;
	char w[256], g[256];

	if (strcmp(f->name, "cpuset.cpus") == 0 || strcmp(f->name, "cpuset.mems") == 0)
		return sets_match(wanted, found);
	if (keyed)
		return line_matches(f->name, wanted, found);
	while (next_word(&wanted, w, sizeof(w)))
		if (!next_word(&found, g, sizeof(g)) || !word_matches(f->name, w, g))
			return false;
	return true;
}

/* Does a later entry of the plan set the same file anew? */
static bool is_superseded(const struct cgroup_plan *plan, size_t i)
{
	for (size_t k = i + 1; k < plan->files.count; k++)
		if (strcmp(plan->files.items[k].name, plan->files.items[i].name) == 0)
			return true;
	return false;
}

void cgroup_verify(const struct cgroup *cg, const struct cgroup_plan *before,
		   const struct cgroup_plan *plan, cgroup_differs_fn *differs, void *data)
{
	char found[TEXT_SIZE];
	bool keyed;

	for (size_t i = 0; i < plan->files.count; i++) {
		const struct cgroup_file *f = &plan->files.items[i];
		bool other = f->need == CGROUP_ALTERNATIVE, matches;

		if (before && !cgroup_file_changed(before, f))
			continue;
		if (cgroup_file_current(cg->fd, f, found, sizeof(found), &keyed) < 0 ||
		    (!keyed && is_superseded(plan, i)))
			continue;
		matches = cgroup_value_matches(f, keyed, found);
		if (other && matches)
			i++; /* the next entry would have been written instead */
		else if (!other && !matches)
			differs(data, f, found);
	}
}
