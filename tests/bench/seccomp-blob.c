/*
 * seccomp-blob: compiles the rules that `make-profile --list` prints into the raw array of
 * struct sock_filter that `floor --seccomp` loads.
 *
 *   make-profile --list | seccomp-blob [--tree] > BLOB
 *
 * --tree: the binary tree form of libseccomp instead of the linear one.
 * System calls that libseccomp does not know are skipped and counted on stderr.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct build {
	scmp_filter_ctx ctx;
	unsigned int line, unknown;
};

static const struct {
	const char *name;
	enum scmp_compare op;
} operators[] = {
	{ "NE", SCMP_CMP_NE },
	{ "LT", SCMP_CMP_LT },
	{ "LE", SCMP_CMP_LE },
	{ "EQ", SCMP_CMP_EQ },
	{ "GE", SCMP_CMP_GE },
	{ "GT", SCMP_CMP_GT },
	{ "MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static void die(const struct build *b, const char *what, int error)
{
	fprintf(stderr, "seccomp-blob: line %u: %s: %s\n", b->line, what, strerror(error));
	exit(1);
}

static enum scmp_compare operator(const struct build *b, const char *name) {
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]);
	     i++) if (strcmp(operators[i].name, name) == 0) return operators[i]
		.op;
		die(b, name, EINVAL); return _SCMP_CMP_MIN;
}

static void add_rule(struct build *b, uint32_t action, char **word, int n)
{
	struct scmp_arg_cmp cmp = { 0 };
	int nr = seccomp_syscall_resolve_name(word[0]), ret;
	unsigned int n_cmp = 0;

	if (nr == __NR_SCMP_ERROR) {
		b->unknown++;
		return;
	}
	if (n >= 4) {
		cmp.arg = (unsigned int)strtoul(word[1], NULL, 10);
		cmp.op = operator(b, word[2]);
		cmp.datum_a = strtoull(word[3], NULL, 10);
		cmp.datum_b = n > 4 ? strtoull(word[4], NULL, 10) : 0;
		n_cmp = 1;
	}
	ret = seccomp_rule_add_array(b->ctx, action, nr, n_cmp, &cmp);
	if (ret < 0)
		die(b, word[0], -ret);
}

static void add_arch(struct build *b, const char *name)
{
	uint32_t arch = seccomp_arch_resolve_name(name);
	int ret = arch ? seccomp_arch_add(b->ctx, arch) : -EINVAL;

	if (ret < 0 && ret != -EEXIST) /* the native one is there from the start */
		die(b, name, -ret);
}

static void add_line(struct build *b, char **word, int n)
{
	uint32_t error = n > 1 ? (uint32_t)strtoul(word[1], NULL, 10) : 0;

	if (strcmp(word[0], "default") == 0 && n == 2) {
		if (b->ctx)
			seccomp_release(b->ctx);
		b->ctx = seccomp_init(SCMP_ACT_ERRNO(error));
		if (!b->ctx)
			die(b, "seccomp_init", ENOMEM);
	} else if (!b->ctx) {
		die(b, "default comes first", EINVAL);
	} else if (strcmp(word[0], "arch") == 0 && n == 2) {
		add_arch(b, word[1]);
	} else if (strcmp(word[0], "allow") == 0 && n > 1) {
		add_rule(b, SCMP_ACT_ALLOW, word + 1, n - 1);
	} else if (strcmp(word[0], "errno") == 0 && n > 2) {
		add_rule(b, SCMP_ACT_ERRNO(error), word + 2, n - 2);
	} else {
		die(b, word[0], EINVAL);
	}
}

int main(int argc, char **argv)
{
	struct build b = { .line = 0 };
	char line[256], *word[8], *rest;
	int n, ret;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--tree") != 0) || isatty(1)) {
		fputs("usage: make-profile --list | seccomp-blob [--tree] > BLOB\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		b.line++;
		rest = line;
		for (n = 0; n < 8 && (word[n] = strtok_r(rest, " \t\n", &rest)); n++)
			;
		if (n > 0)
			add_line(&b, word, n);
	}
	if (!b.ctx)
		die(&b, "no rules", EINVAL);
	if (argc == 2) {
		ret = seccomp_attr_set(b.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		if (ret < 0)
			die(&b, "optimise", -ret);
	}
	ret = seccomp_export_bpf(b.ctx, STDOUT_FILENO);
	if (ret < 0)
		die(&b, "export", -ret);
	if (b.unknown)
		fprintf(stderr, "seccomp-blob: %u system calls unknown to libseccomp, skipped\n",
			b.unknown);
	seccomp_release(b.ctx);
	return 0;
}
