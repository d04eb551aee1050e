/* The table of targets: which of them this run has met. */
#include <string.h>
#include "bench.h"

struct score {
	unsigned int met, measured;
};

static void print_target(const struct bench *b, const struct target *t, struct score *score,
			 FILE *to)
{
	double of, than, ratio;
	bool met, alone = strcmp(t->to.name, "-") == 0;
	const char *versus = strcmp(t->of.name, t->to.name) == 0 ? t->to.runner : t->to.name;

	if (!bench_median(b, &t->of, t->metric, &of) ||
	    !bench_median(b, &t->to, t->metric, &than) || than <= 0)
		return;
	ratio = of / than;
	met = t->at_least ? ratio >= t->limit : ratio <= t->limit;
	score->met += met;
	score->measured++;
	fprintf(to, "  %-8s %-18s %-9s%s%-17s %10.2f  %s %8.2f   %s\n", met ? "met" : "NOT MET",
		t->of.name, t->of.runner, alone ? "   " : " / ", alone ? "" : versus, ratio,
		t->at_least ? ">=" : "<=", t->limit, t->metric);
}

void bench_print_targets(const struct bench *b, FILE *to)
{
	struct score score = { 0, 0 };

	if (b->n_targets == 0)
		return;
	fputs("\ntargets (ratios of medians of this run)\n", to);
	for (unsigned int i = 0; i < b->n_targets; i++)
		print_target(b, &b->targets[i], &score, to);
	fprintf(to, "  %u of %u measured are met; %u are not measured here\n", score.met,
		score.measured, b->n_targets - score.measured);
	fflush(to);
}
