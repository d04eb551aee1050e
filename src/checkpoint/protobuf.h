/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libprotobuf-c, loaded at use (util/library.h): the functions that the code which protoc-c makes of
 * our *.proto calls. Without it, messages have no size, and none can be read.
 */
#ifndef CTR_CHECKPOINT_PROTOBUF_H
#define CTR_CHECKPOINT_PROTOBUF_H

#include "util/err.h"

/*
 * Before the first message is packed or unpacked. -EOPNOTSUPP, with the package to install: the library is not
 * there, or ctr was built without it.
 */
int protobuf_load(struct err *e);

#endif
