/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ctr-init program as bytes inside ctr: ctr_init_blob up to ctr_init_blob_end. The assembler
 * finds ctr-init in the build directory, where it runs.
 */
#ifdef __CET__
#include <cet.h>
#endif

	.section .rodata
	.balign 64
	.globl ctr_init_blob
	.hidden ctr_init_blob
	.type ctr_init_blob, %object
ctr_init_blob:
	.incbin "ctr-init"
	.globl ctr_init_blob_end
	.hidden ctr_init_blob_end
	.type ctr_init_blob_end, %object
ctr_init_blob_end:
	.size ctr_init_blob, ctr_init_blob_end - ctr_init_blob
	.byte 0

	.section .note.GNU-stack, "", %progbits
