/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process of `ctr exec` is: the container's, a document's, or the command line's. */
#ifndef CTR_CONTAINER_EXEC_PROCESS_H
#define CTR_CONTAINER_EXEC_PROCESS_H

#include "container/exec.h"

/*
 * Fill *ret from the request. *ret_document owns what a process file holds (NULL without one) and
 * must live as long as *ret; the rest lives in @c.
 */
int exec_process_make(struct container *c, const struct exec_request *rq,
		      struct oci_spec **ret_document, struct oci_process *ret, struct err *e);

#endif
