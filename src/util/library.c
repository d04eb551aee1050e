// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/library.h"

#include <errno.h>
#include <string.h>

#include "config.h"

#ifdef HAVE_DLOPEN

#include <dlfcn.h>

int library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return -ENOENT;
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(library, symbols[i].name);

		if (!address)
			return -ENOENT;
		memcpy((char *)table + symbols[i].offset, &address, sizeof(address));
	}
	return 0;
}

#else

int library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table)
{
	(void)file;
	(void)symbols;
	(void)count;
	(void)table;
	return -ENOENT;
}

#endif
