/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decode tables that refer to each other across files; private to oci/. */
#ifndef CTR_OCI_TABLES_H
#define CTR_OCI_TABLES_H

#include "oci/decode.h"
#include "oci/spec.h"

extern const struct decode_table oci_spec_table;      /* struct oci_spec */
extern const struct decode_table oci_process_table;   /* struct oci_process */
extern const struct decode_table oci_hooks_table;     /* struct oci_spec: the six arrays */
extern const struct decode_table oci_linux_table;     /* struct oci_linux */
extern const struct decode_table oci_resources_table; /* struct oci_resources */
extern const struct decode_table oci_id_map_table;    /* struct oci_id_map */

decode_fn oci_seccomp_field; /* linux.seccomp into struct oci_linux */

#endif
