# Macros of ctr's configure: compiler flags that are tried one by one, libraries with package names,
# and the compiler of ctr-init.

# CTR_CC_FLAGS(VARIABLE, FLAGS): append each flag that the compiler takes without a warning.
AC_DEFUN([CTR_CC_FLAGS], [
	for ctr_flag in m4_normalize([$2]); do
		AS_VAR_PUSHDEF([ctr_cache], [ctr_cv_cc_$ctr_flag])
		AC_CACHE_CHECK([whether $CC takes $ctr_flag], [ctr_cache], [
			ctr_save_CFLAGS=$CFLAGS
			CFLAGS="$CFLAGS -Werror $ctr_flag"
			AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]])],
				[AS_VAR_SET([ctr_cache], [yes])], [AS_VAR_SET([ctr_cache], [no])])
			CFLAGS=$ctr_save_CFLAGS
		])
		AS_VAR_IF([ctr_cache], [yes], [$1="$$1 $ctr_flag"])
		AS_VAR_POPDEF([ctr_cache])
	done
])

# CTR_LD_FLAGS(VARIABLE, FLAGS): the same for the linker.
AC_DEFUN([CTR_LD_FLAGS], [
	for ctr_flag in m4_normalize([$2]); do
		AS_VAR_PUSHDEF([ctr_cache], [ctr_cv_ld_$ctr_flag])
		AC_CACHE_CHECK([whether the linker takes $ctr_flag], [ctr_cache], [
			ctr_save_LDFLAGS=$LDFLAGS
			LDFLAGS="$LDFLAGS -Werror $ctr_flag"
			AC_LINK_IFELSE([AC_LANG_PROGRAM()],
				[AS_VAR_SET([ctr_cache], [yes])], [AS_VAR_SET([ctr_cache], [no])])
			LDFLAGS=$ctr_save_LDFLAGS
		])
		AS_VAR_IF([ctr_cache], [yes], [$1="$$1 $ctr_flag"])
		AS_VAR_POPDEF([ctr_cache])
	done
])

# CTR_LIBRARY(PREFIX, MODULE, DEBIAN-PACKAGE): a library that ctr cannot be built without.
AC_DEFUN([CTR_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$2 was not found. Install its development files (Debian: $3).])])
])

# ---- ctr-init -----------------------------------------------------------------------------------

# What init includes besides the C library, and what a program needs to be linked.
m4_define([CTR_INIT_PROGRAM], [AC_LANG_SOURCE([[
#include <stddef.h>
#include <sys/socket.h>
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
int main(int argc, char **argv)
{
	(void)argv;
	return argc > 0 && SYS_TEST > 0 ? 0 : 1;
}
]])])

# CTR_INIT_LINKS(COMPILER, FLAGS, IF-TRUE, IF-FALSE): does it make a program without interpreter?
AC_DEFUN([CTR_INIT_LINKS], [
	ctr_save_CC=$CC ctr_save_CFLAGS=$CFLAGS ctr_save_CPPFLAGS=$CPPFLAGS
	ctr_save_LDFLAGS=$LDFLAGS ctr_save_LIBS=$LIBS
	CC="$1" CFLAGS="-std=gnu11 $2" CPPFLAGS=-DSYS_TEST=__NR_openat2 LDFLAGS= LIBS=
	AC_LINK_IFELSE([CTR_INIT_PROGRAM], [
		AS_IF([test -n "$READELF" &&
				LC_ALL=C $READELF -lW conftest$EXEEXT | grep INTERP >/dev/null],
			[ctr_links=no], [ctr_links=yes])
	], [ctr_links=no])
	CC=$ctr_save_CC CFLAGS=$ctr_save_CFLAGS CPPFLAGS=$ctr_save_CPPFLAGS
	LDFLAGS=$ctr_save_LDFLAGS LIBS=$ctr_save_LIBS
	AS_IF([test $ctr_links = yes], [$3], [$4])
])

# CTR_INIT_CC: sets INIT_CC, INIT_LINK (how to get a static program, position independent where
# that works), INIT_START and INIT_END (start files given by hand, or nothing), INIT_LIBC.
AC_DEFUN([CTR_INIT_CC], [
	AC_ARG_WITH([init-cc], [AS_HELP_STRING([--with-init-cc=CC],
		[compiler of the static ctr-init @<:@musl-gcc if there is one, else $CC@:>@])],
		[], [with_init_cc=])
	AC_CHECK_TOOL([READELF], [readelf])

	# musl-gcc hides the kernel's headers together with the rest of /usr/include
	ctr_multiarch=`$CC -print-multiarch 2>/dev/null`
	ctr_headers="-idirafter /usr/include"
	test -z "$ctr_multiarch" || ctr_headers="$ctr_headers -idirafter /usr/include/$ctr_multiarch"

	ctr_candidates=$with_init_cc
	test -n "$ctr_candidates" || ctr_candidates="musl-gcc default"
	INIT_CC=
	for ctr_candidate in $ctr_candidates; do
		AS_CASE([$ctr_candidate],
			[default], [ctr_try=$CC],
			[*musl-gcc], [ctr_try="$ctr_candidate $ctr_headers"],
			[ctr_try=$ctr_candidate])
		AC_MSG_CHECKING([whether '$ctr_try' makes a static ctr-init])
		CTR_INIT_LINKS([$ctr_try], [-static], [INIT_CC=$ctr_try])
		AS_IF([test -n "$INIT_CC"], [AC_MSG_RESULT([yes]); break], [AC_MSG_RESULT([no])])
	done
	AS_IF([test -z "$INIT_CC"], [AC_MSG_ERROR(
		[no compiler for a static ctr-init. Install musl (Debian: musl-tools and linux-libc-dev)
or the static C library (Debian: libc6-dev), or give --with-init-cc=CC.])])

	AC_CACHE_CHECK([which C library ctr-init gets], [ctr_cv_init_libc], [
		ctr_save_CC=$CC
		CC=$INIT_CC
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <features.h>
#ifndef __GLIBC__
#error another one
#endif
int unused;
]])], [ctr_cv_init_libc=glibc], [ctr_cv_init_libc=small])
		CC=$ctr_save_CC
	])
	INIT_LIBC=$ctr_cv_init_libc

	CTR_INIT_PIE
	CTR_INIT_FLAGS
	AC_SUBST([INIT_CC])
	AC_SUBST([INIT_CFLAGS])
	AC_SUBST([INIT_LINK])
	AC_SUBST([INIT_START])
	AC_SUBST([INIT_END])
	AC_SUBST([INIT_MAX])
])

# Position independent: by the compiler's own option, or (musl-gcc's specs do not know it) with the
# start file named by hand. Otherwise a plain static program, which is fine, too.
AC_DEFUN([CTR_INIT_PIE], [
	INIT_LINK=-static INIT_START= INIT_END=
	AC_MSG_CHECKING([how to link ctr-init])
	AS_IF([test -n "$READELF"], [CTR_INIT_LINKS([$INIT_CC], [-fPIE -static-pie],
		[INIT_LINK="-fPIE -static-pie"], [
		touch conftest.c
		ctr_crt1=`$INIT_CC -static -o conftest -### conftest.c 2>&1 | tr ' "' '\n\n' |
			grep '/S*crt1\.o$'`
		ctr_crt=`AS_DIRNAME(["$ctr_crt1"])`
		ctr_link="-fPIE -static -nostartfiles -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,text"
		AS_IF([test -f "$ctr_crt/rcrt1.o"], [
			CTR_INIT_LINKS([$INIT_CC],
				[$ctr_link $ctr_crt/rcrt1.o $ctr_crt/crti.o $ctr_crt/crtn.o], [
				INIT_LINK=$ctr_link
				INIT_START="$ctr_crt/rcrt1.o $ctr_crt/crti.o"
				INIT_END="$ctr_crt/crtn.o"
			])
		])
		rm -f conftest.c conftest
	])])
	AC_MSG_RESULT([$INIT_LINK])
])

AC_DEFUN([CTR_INIT_FLAGS], [
	INIT_CFLAGS=
	ctr_save_CC=$CC ctr_save_CFLAGS=$CFLAGS
	CC=$INIT_CC CFLAGS=-Os
	for ctr_flag in -Wall -Wextra -Wshadow -fstack-protector-strong -fstack-clash-protection \
		-fcf-protection -ftrivial-auto-var-init=zero; do
		AC_MSG_CHECKING([whether ctr-init's compiler takes $ctr_flag])
		CFLAGS="-Os -Werror $ctr_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
			[INIT_CFLAGS="$INIT_CFLAGS $ctr_flag"; AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])])
	done
	CC=$ctr_save_CC CFLAGS=$ctr_save_CFLAGS

	# A static glibc program is several times larger whatever it does.
	INIT_MAX=131072
	AS_IF([test "$INIT_LIBC" = glibc], [
		INIT_MAX=1048576
		AC_MSG_NOTICE([ctr-init is linked with glibc and will be large; musl makes it small
  (Debian: musl-tools), which every container start gains from])
	])
])

# ---- the small program --------------------------------------------------------------------------

# CTR_FRONT: sets FRONT to yes when ctr is to be two programs: a small static one for what is called often, by the compiler
# of ctr-init, and ctr-full. For that FRONT_YAJL is a static libyajl, which may be one that was compiled for glibc (see
# src/front/fortify.c), and SECCOMP_FILE where libseccomp will be, by which cached filters are known.
AC_DEFUN([CTR_FRONT], [
	AC_ARG_ENABLE([static-front], [AS_HELP_STRING([--disable-static-front],
		[one program with everything in it, instead of a small one for what is called often and ctr-full])],
		[], [enable_static_front=auto])
	FRONT=no FRONT_YAJL=`$CC -print-file-name=libyajl_s.a`
	SECCOMP_FILE=`$CC -print-file-name=libseccomp.so.2`
	AS_CASE([$SECCOMP_FILE], [/*], [
		SECCOMP_FILE=`cd "\`AS_DIRNAME(["$SECCOMP_FILE"])\`" && pwd -P`/libseccomp.so.2
	])
	AC_DEFINE_UNQUOTED([SECCOMP_FILE], ["$SECCOMP_FILE"], [libseccomp, as the dynamic linker finds it])

	AC_MSG_CHECKING([whether ctr becomes a small static program and a whole one])
	AS_IF([test "$enable_static_front" = no], [ctr_why="it was not wanted"],
		[test "$enable_sanitizers" = yes], [ctr_why="sanitizers need the dynamic C library"],
		[test "$enable_coverage" = yes], [ctr_why="coverage is of one program"],
		[test "$INIT_LIBC" = glibc], [ctr_why="ctr-init has no small C library (Debian: musl-tools)"],
		[test ! -f "$FRONT_YAJL"], [ctr_why="there is no libyajl_s.a"],
		[test ! -f "$SECCOMP_FILE"], [ctr_why="libseccomp.so.2 was not found"], [
		ctr_save_CC=$CC ctr_save_CFLAGS=$CFLAGS ctr_save_CPPFLAGS=$CPPFLAGS
		ctr_save_LDFLAGS=$LDFLAGS ctr_save_LIBS=$LIBS
		CC=$INIT_CC CFLAGS="-std=gnu11 $INIT_LINK" CPPFLAGS="-D_GNU_SOURCE $YAJL_CFLAGS"
		LDFLAGS=$INIT_START LIBS="$FRONT_YAJL $INIT_END"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <yajl/yajl_parse.h>
#include <yajl/yajl_gen.h>
#include "$srcdir/src/front/fortify.c"
int main(void)
{
	return yajl_alloc(NULL, NULL, NULL) && yajl_gen_alloc(NULL) ? 0 : 1;
}
]])], [FRONT=yes ctr_why=], [ctr_why="$FRONT_YAJL cannot be linked by $INIT_CC"])
		CC=$ctr_save_CC CFLAGS=$ctr_save_CFLAGS CPPFLAGS=$ctr_save_CPPFLAGS
		LDFLAGS=$ctr_save_LDFLAGS LIBS=$ctr_save_LIBS
	])
	AC_MSG_RESULT([$FRONT${ctr_why:+: $ctr_why}])
	AS_IF([test "$enable_static_front" = yes && test $FRONT = no],
		[AC_MSG_ERROR([no small static program: $ctr_why])])
	AC_SUBST([FRONT])
	AC_SUBST([FRONT_YAJL])
	AM_CONDITIONAL([WITH_FRONT], [test $FRONT = yes])
])
