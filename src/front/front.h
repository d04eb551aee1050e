/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small program: static, without a dynamic linker and without libraries that take long to start, so that what engines
 * call again and again costs little more than its system calls. It is linked of the same rooms as the whole program (compiled
 * by the compiler of ctr-init), has the verbs of its own table, and for everything else becomes the whole program, ctr-full.
 *
 * Files here replace others of the same purpose, because the linker takes them first:
 *
 *	commands.c	cli/commands.c		a shorter table
 *	handover.c	util/whole.c		execve instead of nothing
 *	seccomp.c	security/seccomp.c	only the whole has libseccomp
 *	absent.c	libmnl, dlopen		what is linked, but never called after a look at the container
 *	fortify.c	a part of glibc		for libraries that were compiled for it
 */
#ifndef CTR_FRONT_FRONT_H
#define CTR_FRONT_FRONT_H

#include <stdbool.h>

/*
 * Can the command line be carried out here, as far as it tells? Not: verbs that are not in the table, help about all of
 * them, mistakes; and what names inherited descriptors, which must still be there if a hand-over comes later. Pure, but for
 * the environment.
 */
bool front_takes(int argc, char **argv);

#endif
