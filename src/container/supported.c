// SPDX-License-Identifier: GPL-2.0-or-later
/* What this version of ctr does not do yet, in one table: asked for, it is refused. */
#include "container/compile.h"

#include <errno.h>

#include "util/kernel.h"

struct unsupported {
	const char *pointer;
	bool asked;
};

static int refuse(const struct unsupported *table, size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!table[i].asked)
			continue;
		err_set(e, ERR_UNSUPPORTED, 0, "%s is not supported by this version of ctr",
			table[i].pointer + 1);
		err_origin(e, "config.json %s", table[i].pointer);
		err_hint(e, "remove it from the config");
		r = err_keep(e, -EINVAL);
	}
	return r;
}

int container_check_supported(const struct oci_spec *spec, struct err *e)
{
	const struct oci_linux *l = &spec->linux_;
	const struct unsupported table[] = {
		{ "/linux/intelRdt", l->intel_rdt.set },
	};
	int r = refuse(table, ARRAY_SIZE(table), e);

	if (r < 0 || spec->process.set)
		return r;
	err_set(e, ERR_UNSUPPORTED, 0, "process is missing");
	err_origin(e, "config.json /process");
	return err_keep(e, -EINVAL);
}
