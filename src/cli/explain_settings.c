// SPDX-License-Identifier: GPL-2.0-or-later
/* See explain.h. */
#include "cli/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "container/scheduling.h"
#include "namespaces/namespaces.h"
#include "oci/names.h"

struct teller {
	explain_step_fn *step;
	void *data;
};

__attribute__((format(printf, 3, 4))) static void tell(const struct teller *t, const char *origin,
						       const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->step(text, origin, t->data);
}

static void clock_offset(const struct teller *t, const char *clock, const struct oci_time_offset *o)
{
	char origin[64];

	if (!o->set)
		return;
	(void)snprintf(origin, sizeof(origin), "/linux/timeOffsets/%s", clock);
	tell(t, origin,
	     "set the clock '%s' of the time namespace off by %" PRId64 " s %" PRIu32 " ns", clock,
	     o->secs, o->nanosecs);
}

static void net_devices(const struct teller *t, const struct oci_linux *l)
{
	char origin[128];

	for (size_t i = 0; i < l->net_devices.count; i++) {
		const struct oci_net_device *d = &l->net_devices.items[i];

		(void)snprintf(origin, sizeof(origin), "/linux/netDevices/%s", d->host_name);
		tell(t, origin,
		     "move the network device '%s' into the container as '%s', with its permanent "
		     "addresses, and bring it up",
		     d->host_name, d->name ? d->name : d->host_name);
	}
}

static void limits(const struct teller *t, const struct oci_process *p, const struct caller *caller)
{
	char origin[64];

	for (size_t i = 0; i < p->rlimits.count; i++) {
		const struct oci_rlimit *l = &p->rlimits.items[i];

		(void)snprintf(origin, sizeof(origin), "/process/rlimits/%zu", i);
		tell(t, origin, "limit %s to %" PRIu64 ", at most %" PRIu64,
		     oci_names_of(&oci_rlimit_names, (uint64_t)l->resource), l->soft, l->hard);
	}
	if (p->oom_score_adj.set && caller_is_host_root(caller)) /* else init does it */
		tell(t, "/process/oomScoreAdj", "set oom_score_adj to %" PRId64,
		     p->oom_score_adj.value);
}

static void scheduling(const struct teller *t, const struct oci_process *p)
{
	char text[256];

	if (p->scheduler.set) {
		scheduling_text(&p->scheduler, text, sizeof(text));
		tell(t, "/process/scheduler", "set the scheduler %s", text);
	}
	if (p->io_priority.set) {
		scheduling_io_text(&p->io_priority, text, sizeof(text));
		tell(t, "/process/ioPriority", "set the io priority %s", text);
	}
}

void explain_settings(const struct oci_spec *spec, const struct caller *caller,
		      explain_step_fn *step, void *data)
{
	const struct teller t = { step, data };

	if (!namespaces_init_sets_clocks(spec, caller)) {
		clock_offset(&t, "boottime", &spec->linux_.boottime);
		clock_offset(&t, "monotonic", &spec->linux_.monotonic);
	}
	net_devices(&t, &spec->linux_);
	limits(&t, &spec->process, caller);
	if (scheduling_is_ours(caller))
		scheduling(&t, &spec->process);
}
