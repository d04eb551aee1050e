/*
 * The payload of the benchmarks: a program that does nothing and, built without a C library, costs
 * next to nothing to start, so that what is measured is the runtime.
 */
#if defined(__x86_64__) && !defined(WITH_LIBC)
__attribute__((noreturn)) void _start(void)
{
	__asm__ volatile("mov $231, %eax\n\txor %edi, %edi\n\tsyscall");
	__builtin_unreachable();
}
#elif defined(__aarch64__) && !defined(WITH_LIBC)
__attribute__((noreturn)) void _start(void)
{
	__asm__ volatile("mov x8, #94\n\tmov x0, #0\n\tsvc #0");
	__builtin_unreachable();
}
#else
int main(void)
{
	return 0;
}
#endif
