// SPDX-License-Identifier: GPL-2.0-or-later
/* See lease_guard.h. */
#include "checkpoint/lease_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container/process.h"
#include "net/cut.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/kernel.h"

enum {
	TICK_MS = 100,
	RENEWALS = 8, /* in the time of one lease */
	RENEW_MAX_MS = 5000,
	RETRY_MIN_MS = 250,
	RETRY_MAX_MS = 10000,
	THAW_MS = 1000,
	ORDER_FREE = 'F',
	ORDER_LEAVE = 'L',
};

/* Of both processes. Each member has one who writes it. */
struct lease_shared {
	_Atomic bool working; /* ctr replicate */
	_Atomic bool lapsed;  /* the guard, as the next */
	_Atomic uint64_t taken;
};

struct guard {
	const struct lease_guard_request *rq;
	struct lease_shared *shared;
	struct lease_link link;
	struct cgroup cgroup;
	int state, dir; /* the container's, and rq->dir: both without the locks that others have */
	int init;	/* pidfd of the container's */
	int channel;	/* -EBADF: ctr replicate is gone */
	int timer, wake, events;
	bool promised; /* lapse.until_ms counts */
	bool told;     /* ctr replicate has heard from us that there is a lease */
	uint64_t since, next;
	unsigned failures;
	struct lapse lapse;
	struct err why; /* of the last failure */
};

/* What there is to be done next. */
enum duty {
	DUTY_GO_ON,
	DUTY_FREE,
	DUTY_ENDED,
	DUTY_LEAVE
};

static void tell(const struct guard *g, enum lease_event event)
{
	if (g->rq->tell)
		g->rq->tell(g->rq->data, event, &g->why);
}

/* ---- stopping the container, and letting it go on ---- */

/* Until then the freezer is waited for; it goes on by itself after that. */
static int time_to_freeze(const struct guard *g)
{
	uint64_t now = lapse_clock_ms();

	return g->lapse.until_ms > now ? (int)(g->lapse.until_ms - now) : 1;
}

static void freeze_tasks(struct guard *g)
{
	struct err e = ERR_INIT;

	if (cgroup_freeze_try(&g->cgroup, time_to_freeze(g), &e) < 0 && !g->why.text[0])
		g->why = e;
}

static void watch_events(struct guard *g, bool on)
{
	struct epoll_event ev = { .events = EPOLLPRI };
	char text[256];

	if (g->events < 0)
		return;
	(void)!pread(g->events, text, sizeof(text), 0); /* what was before is no news */
	(void)epoll_ctl(g->wake, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, g->events, &ev);
}

static void lapse(struct guard *g)
{
	if (g->lapse.lapsed)
		return;
	g->lapse.paused = !atomic_load(&g->shared->working) && cgroup_freeze_wanted(&g->cgroup);
	g->lapse.lapsed = true;
	/* first, so that nobody lets it go on who was about to */
	(void)lapse_write(g->state, &g->lapse, NULL);
	atomic_store(&g->shared->lapsed, true);
	freeze_tasks(g);
	watch_events(g, true);
	(void)net_cut(&g->rq->container->record.network, NULL); /* it stands in any case */
	if (!g->why.text[0])
		err_set(&g->why, ERR_SYSTEM, ETIMEDOUT, "ask for the lease");
	tell(g, LEASE_LOST);
}

/* Somebody has let it go on who does not know of the lease, such as criu. */
static void insist(struct guard *g)
{
	char text[256];

	if (!g->lapse.lapsed)
		return;
	if (g->events >= 0)
		(void)!pread(g->events, text, sizeof(text), 0);
	if (!cgroup_freeze_wanted(&g->cgroup))
		freeze_tasks(g);
}

static void go_on(struct guard *g)
{
	struct lapse now;
	bool paused = g->lapse.paused;

	/* who had paused it may have wanted to let it go on meanwhile */
	if (lapse_read(g->state, &now) == 0)
		paused = now.paused;
	g->lapse.lapsed = g->lapse.paused = false;
	(void)lapse_write(g->state, &g->lapse, NULL);
	watch_events(g, false);
	(void)net_mend(&g->rq->container->record.network, NULL); /* links that are gone */
	if (!paused)
		(void)cgroup_thaw(&g->cgroup, THAW_MS, NULL);
	atomic_store(&g->shared->lapsed, false);
}

/* When it is to stand: later, as long as criu works at its tasks. */
static uint64_t stop_at(const struct guard *g)
{
	uint64_t ms = g->rq->ms;

	return atomic_load(&g->shared->working) && g->channel >= 0 ? lease_stop_late(g->since, ms)
								   : lease_stop_at(g->since, ms);
}

static void look_at_clock(struct guard *g)
{
	if (g->promised && !g->lapse.lapsed && lapse_clock_ms() >= stop_at(g))
		lapse(g);
	insist(g);
}

/* ---- what others want ---- */

static bool has_ended(const struct guard *g)
{
	struct pollfd p = { .fd = g->init, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static bool has_successor(const struct guard *g)
{
	cleanup_fd int fd =
		openat(g->dir, "guard.next", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static enum duty hear_orders(struct guard *g)
{
	char order;
	ssize_t n = recv(g->channel, &order, 1, MSG_DONTWAIT);

	if (n == 1)
		return order == ORDER_FREE ? DUTY_FREE : DUTY_LEAVE;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&g->channel); /* and out of the epoll with it */
	return DUTY_GO_ON;
}

static enum duty look_around(struct guard *g)
{
	enum duty d = g->channel >= 0 ? hear_orders(g) : DUTY_GO_ON;

	if (d == DUTY_LEAVE)
		return d;
	if (has_ended(g))
		return DUTY_ENDED;
	/* killed: the next one finds what was promised in the file */
	if (d == DUTY_GO_ON && g->channel < 0 &&
	    (!g->promised || atomic_load(&g->shared->taken) || has_successor(g)))
		return DUTY_LEAVE;
	return d;
}

/* ---- asking ---- */

/* The timer is what ends waiting for the other host in time. */
static void set_timer(const struct guard *g)
{
	bool on = g->promised && !g->lapse.lapsed;
	uint64_t at = on ? stop_at(g) : 0;
	struct itimerspec t = { .it_value = { .tv_sec = (time_t)(at / 1000),
					      .tv_nsec = (long)(at % 1000) * 1000000 } };

	(void)timerfd_settime(g->timer, TFD_TIMER_ABSTIME, &t, NULL); /* no argument can be wrong */
}

static void note_failure(struct guard *g, const struct err *e, int r)
{
	uint64_t pause = (uint64_t)RETRY_MIN_MS << (g->failures < 6 ? g->failures : 6);

	/* its own interruption is no news */
	if (r != -ECANCELED)
		g->why = *e;
	g->failures++;
	look_at_clock(g);
	lease_hang_up(&g->link);
	g->next = lapse_clock_ms() + (pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
}

static void note_taken(struct guard *g, uint64_t epoch, const struct err *e)
{
	g->why = *e;
	lapse(g);
	atomic_store(&g->shared->taken, epoch);
	if (g->channel >= 0)
		(void)!send(g->channel, "X", 1,
			    MSG_NOSIGNAL | MSG_DONTWAIT); /* it is gone, or reads */
	lease_hang_up(&g->link);
}

static void note_granted(struct guard *g, uint64_t since)
{
	uint64_t ms = g->rq->ms, period = ms / RENEWALS;
	bool news = !g->told || g->lapse.lapsed;

	g->failures = 0;
	g->next = since + (period < RENEW_MAX_MS ? period : RENEW_MAX_MS);
	/* an answer that took as long as that is none */
	if (lapse_clock_ms() >= lease_stop_at(since, ms))
		return;
	g->promised = true;
	g->since = since;
	g->lapse.until_ms = since + ms;
	g->why = (struct err)ERR_INIT;
	if (g->lapse.lapsed)
		go_on(g);
	else
		(void)lapse_write(g->state, &g->lapse, NULL); /* the one before is stricter */
	if (news)
		tell(g, LEASE_GRANTED);
	g->told = true;
}

static void renew(struct guard *g)
{
	uint64_t since = lapse_clock_ms(), epoch = 0;
	struct err e = ERR_INIT;
	int r;

	set_timer(g);
	r = lease_say(&g->link, LEASE_RENEW, &epoch, &e);
	if (r == 0)
		note_granted(g, since);
	else if (r == -EOWNERDEAD)
		note_taken(g, epoch, &e);
	else
		note_failure(g, &e, r);
}

/* ---- the end ---- */

/* Tell the other host, as long as it matters. */
static bool say_last(struct guard *g, enum lease_word word)
{
	const struct timespec pause = { .tv_nsec = RETRY_MIN_MS * 1000000L };
	struct err e = ERR_INIT;
	uint64_t epoch;

	/* only the clock counts from now on */
	close_fd(&g->channel);
	close_fd(&g->init);
	for (;;) {
		set_timer(g);
		if (lease_say(&g->link, word, &epoch, &e) == 0) {
			(void)wire_send_word(g->link.w, WIRE_DONE, &e); /* it has heard all */
			lease_hang_up(&g->link);
			return true;
		}
		g->why = e;
		if (word != LEASE_ENDED)
			look_at_clock(g);
		lease_hang_up(&g->link);
		if (g->lapse.lapsed || lapse_clock_ms() >= g->lapse.until_ms)
			return false;
		(void)nanosleep(&pause, NULL);
	}
}

static void set_free(struct guard *g)
{
	if (!g->promised || !say_last(g, LEASE_FREE))
		return; /* it stands, or was never stopped */
	if (g->lapse.lapsed)
		go_on(g);
	lapse_remove(g->state);
	tell(g, LEASE_GIVEN_BACK);
}

static void end(struct guard *g, enum duty duty)
{
	if (duty == DUTY_FREE)
		set_free(g);
	else if (duty == DUTY_ENDED && g->promised)
		(void)say_last(g, LEASE_ENDED); /* else it runs out */
	else
		lease_hang_up(&g->link);
}

/* ---- the process ---- */

static int add_wake(const struct guard *g, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(g->wake, EPOLL_CTL_ADD, fd, &ev);
}

static void wait_a_while(const struct guard *g)
{
	struct epoll_event ev;
	uint64_t now = lapse_clock_ms();
	int ms = g->next > now && g->next - now < TICK_MS ? (int)(g->next - now) : TICK_MS;

	if (!atomic_load(&g->shared->taken) && g->next <= now)
		return;
	set_timer(g);
	(void)epoll_wait(g->wake, &ev, 1, ms); /* whatever woke it is looked at */
}

static enum duty watch(struct guard *g)
{
	enum duty d = DUTY_GO_ON;

	while (d == DUTY_GO_ON) {
		look_at_clock(g);
		d = look_around(g);
		if (d == DUTY_GO_ON && !atomic_load(&g->shared->taken) &&
		    lapse_clock_ms() >= g->next)
			renew(g);
		if (d == DUTY_GO_ON)
			wait_a_while(g);
	}
	return d;
}

/* Wait for the lock in @name, which is kept as long as *ret is open. */
static enum duty lock(struct guard *g, const char *name, int *ret)
{
	const struct timespec step = { .tv_nsec = 20000000 };
	enum duty d = DUTY_GO_ON;

	*ret = openat(g->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (*ret >= 0 && d == DUTY_GO_ON && flock(*ret, LOCK_EX | LOCK_NB) < 0) {
		(void)nanosleep(&step, NULL);
		d = look_around(g);
	}
	return d;
}

/* What the one before has promised holds. */
static void inherit(struct guard *g)
{
	if (lapse_read(g->state, &g->lapse) < 0)
		return;
	g->promised = true;
	g->since = g->lapse.until_ms > g->rq->ms ? g->lapse.until_ms - g->rq->ms : 0;
	if (g->lapse.lapsed) {
		atomic_store(&g->shared->lapsed, true);
		freeze_tasks(g);
		watch_events(g, true);
	}
}

/* It must not be ended by what ends others, nor wait for memory when it has to act. */
static void harden(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE };
	static const char score[] = "-1000";
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)setsid(); /* what ends the caller's session does not end it */
	(void)prctl(PR_SET_NAME, "ctr-lease");
	(void)mlockall(MCL_CURRENT); /* of use, no more */
	if (fd >= 0)
		(void)io_write_all(fd, score, sizeof(score) - 1);
}

static __attribute__((noreturn)) void run(struct guard *g)
{
	enum duty d;
	int turn, next;

	harden();
	d = lock(g, "guard.next", &next);
	if (d == DUTY_GO_ON)
		d = lock(g, "guard", &turn); /* until the process ends */
	close_fd(&next);
	inherit(g);
	if (d == DUTY_GO_ON)
		d = watch(g);
	end(g, d);
	_exit(0);
}

/* ---- for ctr replicate ---- */

static int prepare(struct guard *g, struct err *e)
{
	const struct container *c = g->rq->container;
	int r = container_open_cgroup(c, &g->cgroup, e);

	if (r < 0)
		return r;
	r = process_open(&c->record.init, &g->init);
	if (r < 0)
		return err_set(e, ERR_SYSTEM, -r, "watch the container's init");
	/* descriptors of their own, which have no locks */
	g->state = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g->dir = openat(g->rq->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	g->wake = epoll_create1(EPOLL_CLOEXEC);
	g->events = openat(g->cgroup.fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (g->state < 0 || g->dir < 0 || g->timer < 0 || g->wake < 0 || g->events < 0 ||
	    add_wake(g, g->init) < 0 || add_wake(g, g->timer) < 0 || add_wake(g, g->channel) < 0)
		return err_set(e, ERR_SYSTEM, errno, "prepare to guard a lease");
	g->link = (struct lease_link){ .to = g->rq->to,
				       .id = g->rq->id,
				       .epoch = g->rq->epoch,
				       .ms = g->rq->ms,
				       .timeout_ms = g->rq->timeout_ms,
				       .interrupt = g->wake };
	return 0;
}

static void release(struct guard *g)
{
	cgroup_close(&g->cgroup);
	close_fd(&g->init);
	close_fd(&g->state);
	close_fd(&g->dir);
	close_fd(&g->timer);
	close_fd(&g->wake);
	close_fd(&g->events);
	close_fd(&g->channel);
}

int lease_guard_start(const struct lease_guard_request *rq, struct lease_guard *ret, struct err *e)
{
	struct guard g = { .rq = rq,
			   .cgroup = CGROUP_EMPTY,
			   .state = -EBADF,
			   .dir = -EBADF,
			   .init = -EBADF,
			   .timer = -EBADF,
			   .wake = -EBADF,
			   .events = -EBADF };
	cleanup_fd int ours = -EBADF;
	int pair[2], r, held = rq->container->dir, lock_of = rq->dir;
	pid_t pid;

	g.shared = mmap(NULL, sizeof(*g.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (g.shared == MAP_FAILED)
		return err_set(e, ERR_SYSTEM, errno, "guard a lease");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r = err_set(e, ERR_SYSTEM, errno, "guard a lease");
		(void)munmap(g.shared, sizeof(*g.shared));
		return r;
	}
	ours = pair[0];
	g.channel = pair[1];
	r = prepare(&g, e);
	pid = r == 0 ? fork() : -1;
	if (pid == 0) {
		close_fd(&ours);
		/* with them go the locks, when ctr replicate is gone */
		(void)close(held);
		(void)close(lock_of);
		run(&g);
	}
	if (r == 0 && pid < 0)
		r = err_set(e, ERR_SYSTEM, errno, "start a process that guards the lease");
	release(&g);
	if (r < 0) {
		(void)munmap(g.shared, sizeof(*g.shared));
		return r;
	}
	*ret = (struct lease_guard){ .pid = pid, .channel = take_fd(&ours), .shared = g.shared };
	return 0;
}

static void forget(struct lease_guard *g)
{
	close_fd(&g->channel);
	(void)munmap(g->shared, sizeof(*g->shared));
	*g = (struct lease_guard)LEASE_GUARD_EMPTY;
}

bool lease_guard_was_killed(struct lease_guard *g)
{
	int status;

	if (!g->pid || waitpid(g->pid, &status, WNOHANG) != g->pid)
		return false;
	g->pid = 0;
	/* the container has ended, and it with it */
	if (WIFEXITED(status))
		return false;
	forget(g);
	return true;
}

uint64_t lease_guard_taken(const struct lease_guard *g)
{
	return g->shared ? atomic_load(&g->shared->taken) : 0;
}

bool lease_guard_is_lapsed(const struct lease_guard *g)
{
	return g->pid && atomic_load(&g->shared->lapsed);
}

void lease_guard_working(struct lease_guard *g, bool working)
{
	if (g->shared)
		atomic_store(&g->shared->working, working);
}

void lease_guard_end(struct lease_guard *g, bool leave)
{
	const char order = leave ? ORDER_LEAVE : ORDER_FREE;

	if (!g->shared)
		return;
	if (g->pid && send(g->channel, &order, 1, MSG_NOSIGNAL) == 1)
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	forget(g);
}
