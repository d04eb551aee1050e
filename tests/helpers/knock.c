// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Somebody at a server that moves, for tests of migration: a static program.
 *
 *	knock serve PORT [MIB]
 *		counts, and says each number to all who are connected; it has so much memory
 *	knock watch ADDRESS HTTP-PORT PORT STOP-FILE [MS]
 *		a request every MS, and one connection to a counter. Without MS, every 5 ms, or as often as the server can
 *		do with: twice what one request after the other takes in the first two seconds
 *
 * watch ends when the file appears and all requests are answered. Then, and each second before, it writes one JSON
 * object on a line: how many requests there were, how many are open and since when, how many got no answer or a wrong one (of these: a
 * reset, nothing for a minute, no connection), the slowest, the longest time without any answer; and of the counter's
 * connection the first and last number, how often a number was not the one after the last, and the longest silence.
 * Times in milliseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVERY = 5,
	MOST = 4000,
	PATIENCE = 60000,
	COUNT_EVERY = 10,
	TRIAL = 2000,
	ROOM = 2,
	VISITORS = 16
};

static long long now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static struct sockaddr_in at(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		(void)fprintf(stderr, "knock: no address: '%s'\n", address);
		exit(2);
	}
	return to;
}

/* --- the counter --- */

static void say(int *visitors, unsigned count)
{
	char line[16];
	int length = snprintf(line, sizeof(line), "%u\n", count);

	for (int i = 0; i < VISITORS; i++)
		if (visitors[i] >= 0 && write(visitors[i], line, (size_t)length) != length) {
			(void)close(visitors[i]);
			visitors[i] = -1;
		}
}

static void welcome(int listener, int *visitors)
{
	int fd = accept(listener, NULL, NULL);

	for (int i = 0; fd >= 0 && i < VISITORS; i++)
		if (visitors[i] < 0) {
			visitors[i] = fd;
			return;
		}
	(void)close(fd);
}

/* No page is like another, and none of zeros. */
static bool fill(size_t mib)
{
	size_t count = (mib << 20) / sizeof(unsigned);
	unsigned *memory = malloc(count * sizeof(*memory) + 1);

	for (size_t i = 0; memory && i < count; i++)
		memory[i] = (unsigned)i * 2654435761u + 1;
	return memory != NULL; /* it stays */
}

static int serve(const char *port, size_t mib)
{
	struct sockaddr_in here = at("0.0.0.0", port);
	int one = 1, visitors[VISITORS], listener = socket(AF_INET, SOCK_STREAM, 0);

	if (!fill(mib)) {
		perror("knock: memory");
		return 2;
	}
	memset(visitors, -1, sizeof(visitors));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 8) < 0) {
		perror("knock: listen");
		return 2;
	}
	for (unsigned count = 1;; count++) {
		struct pollfd polled = { .fd = listener, .events = POLLIN };

		if (poll(&polled, 1, COUNT_EVERY) > 0)
			welcome(listener, visitors);
		say(visitors, count);
	}
}

/* --- the visitor --- */

struct request {
	int fd;
	bool asked, right;
	long long since;
};

struct visit {
	struct request requests[MOST];
	struct sockaddr_in http;
	int counter;
	int every;
	unsigned asked, failed, reset, late, refused, slowest, gap, first, last, breaks, silence;
	unsigned number; /* of the counter's line that is being read */
	long long answered, heard;
};

static void start(struct visit *v)
{
	for (int i = 0; i < MOST; i++) {
		struct request *r = &v->requests[i];

		if (r->fd >= 0)
			continue;
		r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		r->asked = r->right = false;
		r->since = now();
		(void)connect(r->fd, (struct sockaddr *)&v->http, sizeof(v->http));
		v->asked++;
		return;
	}
}

static void finish(struct visit *v, struct request *r, bool right)
{
	long long t = now();

	if (t - r->since > v->slowest)
		v->slowest = (unsigned)(t - r->since);
	if (!right)
		v->failed++;
	else if (v->answered && t - v->answered > v->gap)
		v->gap = (unsigned)(t - v->answered);
	if (right)
		v->answered = t;
	(void)close(r->fd);
	r->fd = -1;
}

/* Writes the request when the connection is there, then reads to the end. */
static void step(struct visit *v, struct request *r)
{
	static const char text[] = "GET /index.html HTTP/1.0\r\n\r\n";
	char there[4096];

	if (!r->asked) {
		r->asked = true;
		if (write(r->fd, text, sizeof(text) - 1) != sizeof(text) - 1) {
			v->refused++;
			finish(v, r, false);
		}
		return;
	}
	ssize_t n = read(r->fd, there, sizeof(there));
	if (n > 12 && memcmp(there + 9, "200", 3) == 0)
		r->right = true;
	if (n < 0 && errno != EAGAIN && !r->right)
		v->reset++;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		finish(v, r, r->right);
}

static void hear(struct visit *v)
{
	char there[4096];
	ssize_t n = read(v->counter, there, sizeof(there));
	long long t = now();

	if (n <= 0) {
		v->breaks++;
		(void)close(v->counter);
		v->counter = -1;
		return;
	}
	if (v->heard && t - v->heard > v->silence)
		v->silence = (unsigned)(t - v->heard);
	v->heard = t;
	for (ssize_t i = 0; i < n; i++) {
		if (there[i] != '\n') {
			v->number = v->number * 10 + (unsigned)(there[i] - '0');
			continue;
		}
		if (!v->first)
			v->first = v->number;
		else if (v->number != v->last + 1)
			v->breaks++;
		v->last = v->number;
		v->number = 0;
	}
}

/* Returns how many are still on their way. */
static int turn(struct visit *v, int wait)
{
	static struct pollfd polled[MOST + 1];
	static struct request *who[MOST + 1];
	nfds_t count = 0;
	long long t = now();

	for (int i = 0; i < MOST; i++) {
		struct request *r = &v->requests[i];

		if (r->fd >= 0 && t - r->since > PATIENCE) {
			v->late++;
			finish(v, r, false);
		}
		if (r->fd < 0)
			continue;
		who[count] = r;
		polled[count++] =
			(struct pollfd){ .fd = r->fd, .events = r->asked ? POLLIN : POLLOUT };
	}
	polled[count] = (struct pollfd){ .fd = v->counter, .events = POLLIN };
	(void)poll(polled, count + 1, wait);
	for (nfds_t i = 0; i < count; i++)
		if (polled[i].revents != 0)
			step(v, who[i]);
	if (polled[count].revents != 0)
		hear(v);
	return (int)count;
}

/* One request after the other, for a while. */
static int pace(struct visit *v)
{
	long long began = now();

	while (now() < began + TRIAL) {
		start(v);
		while (turn(v, 1000) > 0)
			;
	}
	long long each = ROOM * (now() - began) / v->asked;
	return each > EVERY ? (int)each : EVERY;
}

static void report(const struct visit *v)
{
	long long t = now(), oldest = t;
	unsigned open = 0;

	for (int i = 0; i < MOST; i++) {
		if (v->requests[i].fd < 0)
			continue;
		open++;
		if (v->requests[i].since < oldest)
			oldest = v->requests[i].since;
	}
	(void)printf("{\"every\": %d, \"requests\": %u, \"open\": %u, \"oldest\": %lld, ", v->every,
		     v->asked, open, t - oldest);
	(void)printf(
		"\"failed\": %u, \"reset\": %u, \"late\": %u, \"refused\": %u, \"slowest\": %u, "
		"\"gap\": %u, ",
		v->failed, v->reset, v->late, v->refused, v->slowest, v->gap);
	(void)printf("\"first\": %u, \"last\": %u, \"breaks\": %u, \"silence\": %u}\n", v->first,
		     v->last, v->breaks, v->silence);
	(void)fflush(stdout);
}

static int watch(char **argv)
{
	static struct visit v;
	struct sockaddr_in counter = at(argv[0], argv[2]);
	long long next, told;

	(void)signal(SIGPIPE, SIG_IGN);
	v.http = at(argv[0], argv[1]);
	for (int i = 0; i < MOST; i++)
		v.requests[i].fd = -1;
	v.counter = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(v.counter, (struct sockaddr *)&counter, sizeof(counter)) < 0) {
		perror("knock: the counter");
		return 2;
	}
	v.every = argv[4] ? atoi(argv[4]) : pace(&v);
	next = told = now();
	while (access(argv[3], F_OK) < 0) {
		if (now() >= told) {
			report(&v);
			told += 1000;
		}
		if (now() >= next) {
			start(&v);
			next += v.every;
			if (next < now()) /* a slow machine: not all of them at once later */
				next = now() + v.every;
		}
		(void)turn(&v, next > now() ? (int)(next - now()) : 0);
	}
	while (turn(&v, 100) > 0)
		;
	report(&v);
	return 0;
}

int main(int argc, char **argv)
{
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argc == 4 ? strtoul(argv[3], NULL, 10) : 0);
	if ((argc == 6 || argc == 7) && strcmp(argv[1], "watch") == 0)
		return watch(argv + 2);
	(void)fprintf(stderr, "usage: knock serve PORT [MIB]\n"
			      "       knock watch ADDRESS HTTP-PORT PORT STOP-FILE [MS]\n");
	return 2;
}
