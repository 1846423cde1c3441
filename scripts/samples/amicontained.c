/* Asks, as the tool of this name does, what a container may do: makes each call that is usually forbidden, with arguments
 * that do nothing, and prints which were refused for want of permission. For a sample capture. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct { const char *name; long number; } calls[] = {
	{"MOUNT", SYS_mount}, {"UMOUNT2", SYS_umount2}, {"PIVOT_ROOT", SYS_pivot_root}, {"SWAPON", SYS_swapon},
	{"SWAPOFF", SYS_swapoff}, {"SETHOSTNAME", SYS_sethostname}, {"INIT_MODULE", SYS_init_module},
	{"DELETE_MODULE", SYS_delete_module}, {"KEXEC_LOAD", SYS_kexec_load}, {"BPF", SYS_bpf},
	{"PERF_EVENT_OPEN", SYS_perf_event_open}, {"USERFAULTFD", SYS_userfaultfd}, {"PTRACE", SYS_ptrace},
	{"ADD_KEY", SYS_add_key}, {"KEYCTL", SYS_keyctl}, {"OPEN_BY_HANDLE_AT", SYS_open_by_handle_at},
};

static void report(const char *name, long result)
{
	if (result < 0 && errno == EPERM)
		printf("blocked: %s\n", name);
}

int main(void)
{
	char path[32];
	int of_kind[] = {CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER};
	const char *kinds[] = {"mnt", "pid", "net", "uts", "ipc", "user"};

	for (int bit = 0; bit <= CAP_LAST_CAP; bit++)
		if (prctl(PR_CAPBSET_READ, bit) == 1)
			printf("capability: %d\n", bit);
	for (unsigned at = 0; at < sizeof(calls) / sizeof(*calls); at++)
		report(calls[at].name, syscall(calls[at].number, 0, 0, 0, 0, 0, 0));
	/* the namespaces of process 1: the container's own, or the node's where it has the node's processes */
	for (unsigned at = 0; at < sizeof(kinds) / sizeof(*kinds); at++) {
		snprintf(path, sizeof(path), "/proc/1/ns/%s", kinds[at]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		report("SETNS", setns(fd, of_kind[at]));
		close(fd);
	}
	report("UNSHARE", unshare(CLONE_NEWNS));
	report("UNSHARE", unshare(CLONE_NEWUSER));
	/* a recorder in an emulated machine looks processes up later than on a real one */
	sleep(2);
	return 0;
}
