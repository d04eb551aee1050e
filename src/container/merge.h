/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laying the few fields that an update names over a config.json, text to text. Pure. */
#ifndef CTR_CONTAINER_MERGE_H
#define CTR_CONTAINER_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/json.h"
#include "util/err.h"

/*
 * @config with what the document @update, for the object @member of linux ("resources", "intelRdt"; as in
 * runtime-spec), says laid over it; all that
 * it does not name stays as it is, to the letter. null, numbers that are 0 where 0 means "not set", empty
 * strings and empty lists name nothing. Lists of block devices and of huge page sizes are merged by
 * device and by size; device rules are replaced as a whole. A memory limit of -1 without a word on swap
 * makes swap unlimited as well. Both must be valid, see oci_spec_decode and oci_resources_decode.
 * *ret_text is the caller's (free).
 */
int merge_linux(const char *member, const char *config, size_t config_len, const char *update,
		size_t update_len, char **ret_text, size_t *ret_len, struct err *e);

/*
 * Does @update name the field at @pointer ("/linux/resources/memory/limit") or something in it? @update is
 * the tree of a resources document.
 */
bool merge_names(const struct json_node *update, const char *pointer);

#endif
