/* Makes 10 * N system calls of ten kinds whose arguments count up, and prints the nanoseconds they took. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	const char *path = argc > 2 ? argv[2] : "ten_kinds.data";
	struct timespec a, b;
	char byte[8] = "sysreel";

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < n; i++) {
		long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
		syscall(SYS_pwrite64, fd, byte, 8, i);
		syscall(SYS_lseek, fd, i, SEEK_SET);
		syscall(SYS_pread64, fd, byte, 8, i);
		syscall(SYS_fcntl, fd, F_SETFL, i & 1 ? O_APPEND : 0);
		syscall(SYS_dup2, fd, 50);
		syscall(SYS_fchmod, fd, i & 1 ? 0600 : 0640);
		syscall(SYS_chdir, ".");
		syscall(SYS_kill, 0, 0);
		syscall(SYS_close, fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%ld\n", (b.tv_sec - a.tv_sec) * 1000000000L + (b.tv_nsec - a.tv_nsec));
	return 0;
}
