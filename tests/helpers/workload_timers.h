// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: timers and clocks.
 */
#ifndef TESTS_HELPERS_WORKLOAD_TIMERS_H
#define TESTS_HELPERS_WORKLOAD_TIMERS_H

#include <poll.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "workload.h"

static volatile int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void run_timerfd(void)
{
	struct itimerspec often = { { 700, 0 }, { 900, 0 } }, soon = { .it_value = { 1, 0 } }, left;
	int fd = (int)must(timerfd_create(CLOCK_MONOTONIC, 0));
	int far = (int)must(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));
	uint64_t count = 0;

	must(timerfd_settime(fd, 0, &soon, NULL));
	must(timerfd_settime(far, 0, &often, NULL));
	dumped();
	expect(read(fd, &count, sizeof(count)) == sizeof(count) && count == 1);
	expect(read(far, &count, sizeof(count)) < 0 && errno == EAGAIN);
	expect(timerfd_gettime(far, &left) == 0 && left.it_interval.tv_sec == 700);
	expect(left.it_value.tv_sec > 600 && left.it_value.tv_sec < 900);
}

/* One that has expired by the time it is looked at, and should go on. */
static void run_timerfd_periodic(void)
{
	struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } };
	int fd = (int)must(timerfd_create(CLOCK_MONOTONIC, 0));
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	must(timerfd_settime(fd, 0, &often, NULL));
	pause_ms(100);
	dumped();
	for (int i = 0; i < 3; i++) {
		expect(poll(&polled, 1, 2000) == 1);
		expect(read(fd, &count, sizeof(count)) == sizeof(count) && count > 0);
	}
}

static void run_posix_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } }, left;
	struct itimerspec once = { .it_value = { 900, 0 } };
	timer_t timer, far;

	(void)signal(SIGUSR1, tick);
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_create(CLOCK_REALTIME, &event, &far));
	must(timer_settime(timer, 0, &often, NULL));
	must(timer_settime(far, 0, &once, NULL));
	dumped();
	expect(reaches(&ticks, ticks + 3));
	expect(timer_gettime(far, &left) == 0 && left.it_value.tv_sec > 600 &&
	       left.it_value.tv_sec < 900);
	expect(timer_delete(timer) == 0 && timer_delete(far) == 0);
}

static void run_itimer(void)
{
	struct itimerval often = { { 0, 50000 }, { 0, 50000 } }, left;

	(void)signal(SIGALRM, tick);
	must(setitimer(ITIMER_REAL, &often, NULL));
	dumped();
	expect(reaches(&ticks, ticks + 3));
	expect(getitimer(ITIMER_REAL, &left) == 0 && left.it_interval.tv_usec == 50000);
}

static void run_alarm(void)
{
	(void)signal(SIGALRM, tick);
	(void)alarm(900);
	dumped();
	unsigned left = alarm(0);
	expect(left > 600 && left <= 900 && ticks == 0);
}

/* Never back, for somebody who looks all the time. */
static void *watch_clocks(void *data)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	struct timespec last[COUNT(clocks)] = { 0 }, now;
	volatile int *turns = data;

	for (;;) {
		for (size_t i = 0; i < COUNT(clocks); i++) {
			(void)clock_gettime(clocks[i], &now);
			if (now.tv_sec < last[i].tv_sec ||
			    (now.tv_sec == last[i].tv_sec && now.tv_nsec < last[i].tv_nsec))
				turns[1]++;
			last[i] = now;
		}
		turns[0]++;
		pause_ms(5);
	}
	return NULL;
}

static void run_clocks(void)
{
	static volatile int turns[2];
	pthread_t thread;

	must(-pthread_create(&thread, NULL, watch_clocks, (void *)turns));
	must(reaches(&turns[0], 3) ? 0 : -1);
	dumped();
	expect(reaches(&turns[0], turns[0] + 3));
	expect(turns[1] == 0);
}

#define WORKLOADS_TIMERS                                                                           \
	{ "timerfd", run_timerfd }, { "timerfd-periodic", run_timerfd_periodic },                  \
		{ "posix-timer", run_posix_timer }, { "itimer", run_itimer },                      \
		{ "alarm", run_alarm },                                                            \
	{                                                                                          \
		"clocks", run_clocks                                                               \
	}

#endif
