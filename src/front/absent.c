// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rooms refer to that the small program does without: libmnl, the room of checkpoints, the version of libseccomp. Who
 * calls these here has not said whole_needed() in time, which is a mistake of ours: better no container than half a one.
 */
#include <stdio.h>
#include <stdlib.h>

#define ABSENT_LIST(X)                                                                             \
	X(arrival_before_delete)                                                                   \
	X(cli_print_version)                                                                       \
	X(mnl_attr_get_payload)                                                                    \
	X(mnl_attr_get_payload_len)                                                                \
	X(mnl_attr_get_str)                                                                        \
	X(mnl_attr_get_type)                                                                       \
	X(mnl_attr_get_u8)                                                                         \
	X(mnl_attr_get_u32)                                                                        \
	X(mnl_attr_get_u64)                                                                        \
	X(mnl_attr_nest_end)                                                                       \
	X(mnl_attr_nest_start)                                                                     \
	X(mnl_attr_next)                                                                           \
	X(mnl_attr_ok)                                                                             \
	X(mnl_attr_put)                                                                            \
	X(mnl_attr_put_str)                                                                        \
	X(mnl_attr_put_strz)                                                                       \
	X(mnl_attr_put_u8)                                                                         \
	X(mnl_attr_put_u32)                                                                        \
	X(mnl_attr_put_u64)                                                                        \
	X(mnl_attr_validate)                                                                       \
	X(mnl_cb_run)                                                                              \
	X(mnl_nlmsg_get_payload)                                                                   \
	X(mnl_nlmsg_get_payload_len)                                                               \
	X(mnl_nlmsg_get_payload_offset)                                                            \
	X(mnl_nlmsg_get_payload_tail)                                                              \
	X(mnl_nlmsg_next)                                                                          \
	X(mnl_nlmsg_ok)                                                                            \
	X(mnl_nlmsg_put_extra_header)                                                              \
	X(mnl_nlmsg_put_header)

static _Noreturn void absent(const char *name)
{
	(void)fprintf(stderr, "ctr: internal error: %s is in the whole program only\n", name);
	abort();
}

/* Their types do not matter: none of them comes back. */
#define ABSENT(name)                                                                               \
	_Noreturn void name(void);                                                                 \
	void name(void)                                                                            \
	{                                                                                          \
		absent(#name);                                                                     \
	}

ABSENT_LIST(ABSENT)
