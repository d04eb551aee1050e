// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/timestamp.h"

#include <stdio.h>
#include <string.h>

enum {
	DAY = 24 * 60 * 60,
	DAYS_OF_400_YEARS = 400 * 365 + 97,
	DAYS_TO_1970 = 719162, /* from 0001-01-01 */
};

static int is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void timestamp_split(int64_t t, struct tm *ret)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t days = t / DAY + DAYS_TO_1970, left = t % DAY;
	int64_t year = 1 + days / DAYS_OF_400_YEARS * 400;
	int month = 0;

	days %= DAYS_OF_400_YEARS;
	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= lengths[month] + (month == 1 && is_leap(year)); month++)
		days -= lengths[month] + (month == 1 && is_leap(year));
	memset(ret, 0, sizeof(*ret));
	ret->tm_year = (int)(year - 1900);
	ret->tm_mon = month;
	ret->tm_mday = (int)days + 1;
	ret->tm_hour = (int)(left / 3600);
	ret->tm_min = (int)(left / 60 % 60);
	ret->tm_sec = (int)(left % 60);
}

static int print(char buf[TIMESTAMP_SIZE], struct timespec *now)
{
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, now); /* cannot fail with this clock */
	timestamp_split(now->tv_sec, &tm);
	return snprintf(buf, TIMESTAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u",
			((unsigned)tm.tm_year + 1900) % 10000, (unsigned)tm.tm_mon % 12 + 1,
			(unsigned)tm.tm_mday % 32, (unsigned)tm.tm_hour % 24,
			(unsigned)tm.tm_min % 60, (unsigned)tm.tm_sec % 60);
}

void timestamp_seconds(char buf[TIMESTAMP_SIZE])
{
	struct timespec now;
	int n = print(buf, &now);

	(void)snprintf(buf + n, (size_t)(TIMESTAMP_SIZE - n), "Z");
}

void timestamp_nanoseconds(char buf[TIMESTAMP_SIZE])
{
	struct timespec now;
	int n = print(buf, &now);

	(void)snprintf(buf + n, (size_t)(TIMESTAMP_SIZE - n), ".%09ldZ", now.tv_nsec);
}
