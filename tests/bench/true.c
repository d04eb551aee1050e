/*
 * The payloads of the benchmarks: a program that does nothing and, built without a C library, costs
 * next to nothing to start, so that what is measured is the runtime. With STAY, one that stays.
 */
#ifdef WITH_LIBC
#include <unistd.h>
#endif

#if defined(__x86_64__) && !defined(WITH_LIBC)
__attribute__((noreturn)) void _start(void)
{
#ifdef STAY
	for (;;) {
		long number = 34; /* pause */

		__asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
	}
#endif
	__asm__ volatile("mov $231, %eax\n\txor %edi, %edi\n\tsyscall");
	__builtin_unreachable();
}
#elif defined(__aarch64__) && !defined(WITH_LIBC)
__attribute__((noreturn)) void _start(void)
{
#ifdef STAY
	for (;;) /* ppoll(NULL, 0, NULL, NULL) */
		__asm__ volatile("mov x8, #73\n\tmov x0, #0\n\tmov x1, #0\n\tmov x2, #0\n\tmov x3, "
				 "#0\n\tsvc #0"
				 :
				 :
				 : "x0", "x1", "x2", "x3", "x8", "memory");
#endif
	__asm__ volatile("mov x8, #94\n\tmov x0, #0\n\tsvc #0");
	__builtin_unreachable();
}
#else
int main(void)
{
#ifdef STAY
	for (;;)
		pause();
#endif
	return 0;
}
#endif
