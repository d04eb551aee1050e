// SPDX-License-Identifier: GPL-2.0-or-later
/* container/scheduling.h: scheduling in words, and what asks for nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/ioprio.h>
#include <linux/sched.h>

#include "container/scheduling.h"

static void assert_words(const struct oci_scheduler *s, const char *expected)
{
	char text[256];

	scheduling_text(s, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_words(void **state)
{
	struct oci_scheduler s = { .set = true, .policy = SCHED_NORMAL };

	(void)state;
	assert_words(&s, "SCHED_OTHER");
	s.nice = (struct opt_i64){ true, -5 };
	assert_words(&s, "SCHED_OTHER, nice -5");
	s = (struct oci_scheduler){ .policy = SCHED_FIFO,
				    .priority = { true, 99 },
				    .flags = SCHED_FLAG_RESET_ON_FORK };
	assert_words(&s, "SCHED_FIFO, priority 99, SCHED_FLAG_RESET_ON_FORK");
	s = (struct oci_scheduler){ .policy = SCHED_DEADLINE,
				    .runtime = { true, 1024 },
				    .deadline = { true, 2048 } };
	assert_words(&s, "SCHED_DEADLINE, 1024 ns within 2048 ns of every 2048 ns");
	s.period = (struct opt_u64){ true, 4096 };
	assert_words(&s, "SCHED_DEADLINE, 1024 ns within 2048 ns of every 4096 ns");
}

static void test_io_words(void **state)
{
	const struct oci_io_priority io = { .set = true,
					    .class = IOPRIO_CLASS_IDLE,
					    .priority = 7 };
	char text[64];

	(void)state;
	scheduling_io_text(&io, text, sizeof(text));
	assert_string_equal(text, "IOPRIO_CLASS_IDLE, priority 7");
	scheduling_io_text(&io, text, 8); /* cut, not written past the end */
	assert_string_equal(text, "IOPRIO_");
}

/* Nothing is asked of the kernel when the config asks for nothing: this pid cannot be. */
static void test_nothing(void **state)
{
	const struct caller root = caller_root(), user = caller_user(1000, 1000);
	struct plan *p = plan_new();
	struct oci_process process = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(scheduling_set(p, &process, &root, INT32_MAX, &e), 0);
	process.io_priority.set = true;
	process.io_priority.class = IOPRIO_CLASS_BE;
	assert_int_equal(scheduling_set(p, &process, &root, INT32_MAX, &e), -ESRCH);
	assert_string_equal(e.origin, "config.json /process/ioPriority");
	process.scheduler.set = true;
	e = (struct err)ERR_INIT;
	assert_int_equal(scheduling_set(p, &process, &root, INT32_MAX, &e), -ESRCH);
	assert_string_equal(e.text, "set the scheduler SCHED_OTHER");
	assert_string_equal(e.origin, "config.json /process/scheduler");
	/* what is init's, is not ours, and the other way round */
	assert_int_equal(scheduling_set(p, &process, &user, INT32_MAX, &e), 0);
	scheduling_emit(&process, &root, p);
	assert_int_equal(p->op_count, 0);
	scheduling_emit(&process, &user, p);
	assert_int_equal(p->op_count, 2);
	plan_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_io_words),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
