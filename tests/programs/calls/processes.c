/* Processes and threads, programs, credentials and signals. */
#include "calls.h"
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/vfs.h>
#include <time.h>

struct facts { long tid, pid, parent, group, session, terminal, fdlimit; };

/* What a process knows of itself, hidden. */
static struct facts facts_of_self(void)
{
	struct facts facts = { 0 };
	char line[1024] = "";
	int fd;

	hide();
	fd = open("/proc/self/stat", O_RDONLY);
	if (read(fd, line, sizeof(line) - 1) > 0)
		sscanf(strrchr(line, ')'), ") %*c %ld %ld %ld %ld", &facts.parent, &facts.group, &facts.session, &facts.terminal);
	close(fd);
	facts.tid = CALL(gettid);
	facts.pid = getpid();
	facts.fdlimit = sysconf(_SC_OPEN_MAX);
	show();
	return facts;
}

/* The command line without its first word, as the kernel has it. */
static const char *arguments(char **first)
{
	static char file[4096];
	int fd, len;
	size_t head;

	hide();
	fd = open("/proc/self/cmdline", O_RDONLY);
	len = read(fd, file, sizeof(file));
	close(fd);
	show();
	*first = file;
	head = strlen(file) + 1;
	return len > (int)head ? bytes(file + head, len - head) : "";
}

/*
 * Since Linux 6.2 what a process has in memory is counted by processor, and the sum that is recorded (Falco's too) lags
 * behind by some dozens of pages.
 */
#define SIZES	"pgft_maj=0..9999999 pgft_min=0..9999999 vm_size=1..9999999 vm_rss=0..9999999 vm_swap=0..999999"

/* The event of a call that makes a process or thread, as one of both sees it. */
static void expect_made(const char *name, long result, struct facts of, const char *comm, const char *flags)
{
	char *exe;
	const char *args = arguments(&exe);

	expect_of(of.tid, "%s res=%ld exe=%s args=%s tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
		  " comm=%s cgroups=* flags=%s uid=0 gid=0 vtid=%ld vpid=%ld pidns_init_start_ts=%s",
		  name, result, text(exe), args, of.tid, of.pid, of.parent, text(folder), of.fdlimit, comm, flags, of.tid, of.pid,
		  result ? "0" : "1..9223372036854775807");
}

static void reap(long child, int expected)
{
	int status = -1;

	hide();
	waitpid(child, &status, __WALL);
	show();
	if (child > 0 && status != expected) {
		fprintf(stderr, "a child ended with %#x\n", status);
		_exit(1);
	}
}

static char stack[1 << 16] __attribute__((aligned(16)));

static int thread(void *unused)
{
	return 0;
}

void processes(void)
{
	struct facts own = facts_of_self(), child;
	struct clone_args asked = { .exit_signal = SIGCHLD, .flags = CLONE_FS };
	long r, made;

	own.fdlimit = own.fdlimit;
	r = CALL(setpgid, 0, 0);
	expect("setpgid res=%ld pid=0 pgid=0", r);
	r = CALL(setpgid, 1 << 22, 5);
	expect("setpgid res=%ld pid=4194304 pgid=5", r);
	made = CALL(fork);
	if (made == 0) {
		child = facts_of_self();
		expect_made("fork", 0, child, "processes", "0");
		r = CALL(setsid);
		expect_of(child.tid, "setsid res=%ld", r);
		r = CALL(setsid);
		expect_of(child.tid, "setsid res=%ld", r);
		expect_of(child.tid, "procexit status=%d ret=3 sig=0 core=0 reaper_tid=0", 3 << 8);
		_exit(3);
	}
	expect_made("fork", made, own, "processes", "0");
	reap(made, 3 << 8);
	made = CALL(clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (made == 0) {
		expect_made("clone", 0, facts_of_self(), "processes", "CLONE_FILES");
		raise(SIGKILL);
	}
	expect_made("clone", made, own, "processes", "CLONE_FILES");
	reap(made, SIGKILL);
	expect_of(made, "procexit status=9 ret=0 sig=9 core=0 reaper_tid=0");
	made = CALL(clone3, &asked, sizeof(asked));
	if (made == 0) {
		expect_made("clone3", 0, facts_of_self(), "processes", "CLONE_FS");
		_exit(0);
	}
	expect_made("clone3", made, own, "processes", "CLONE_FS");
	reap(made, 0);
	r = CALL(clone3, &asked, 1);
	expect_made("clone3", r, own, "processes", "*");
	hide();
	made = vfork();
	if (made == 0)
		_exit(5);
	show();
	child = own;
	child.tid = child.pid = made;
	child.parent = own.pid;
	expect_made("vfork", 0, child, "processes", "0");
	reap(made, 5 << 8);
	hide();
	made = clone(thread, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0);
	nanosleep(&(struct timespec){ 0, 20000000 }, 0);
	show();
	child = own;
	child.tid = made;
	expect_made("clone", 0, child, "processes", "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM");
	r = CALL(clone, CLONE_SIGHAND, 0, 0, 0, 0);
	expect_made("clone", r, own, "processes", "CLONE_SIGHAND");
}

/* Facts of an execve that works, but for exe, args and env. */
static void expect_program(struct facts of, const char *exe, const char *args, const char *env, const char *filename, const char *path,
			   const char *comm)
{
	struct stat stat;
	struct statfs fs;
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { 0 };
	long login = 4294967295;
	FILE *file;

	hide();
	lstat(path, &stat);
	statfs(path, &fs);
	CALL(capget, &head, caps);
	file = fopen("/proc/self/loginuid", "r");
	if (file) {
		fscanf(file, "%ld", &login);
		fclose(file);
	}
	show();
	expect_of(of.tid, "execve res=0 exe=%s args=%s tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
		  " comm=%s cgroups=* env=%s tty=%ld vpgid=%ld loginuid=%ld flags=%s cap_inheritable=%ld cap_permitted=%ld cap_effective=%ld"
		  " exe_ino=%lu exe_ino_ctime=%ld exe_ino_mtime=%ld uid=0 trusted_exepath=%s pgid=%ld gid=0 filename=%s",
		  exe, args, of.tid, of.pid, of.parent, text(folder), of.fdlimit, comm, env, of.terminal, of.group, login,
		  fs.f_type == 0x794c7630 ? "EXE_WRITABLE|EXE_UPPER_LAYER" : "EXE_WRITABLE",
		  (long)caps[0].inheritable | (long)caps[1].inheritable << 32, (long)caps[0].permitted | (long)caps[1].permitted << 32,
		  (long)caps[0].effective | (long)caps[1].effective << 32, stat.st_ino,
		  stat.st_ctim.tv_sec * 1000000000L + stat.st_ctim.tv_nsec, stat.st_mtim.tv_sec * 1000000000L + stat.st_mtim.tv_nsec,
		  text(path), of.group, text(filename));
}

void programs(void)
{
	char *argv[] = { "first word", "--exit", "two words", 0 }, *envp[] = { "LETTER=a", "EMPTY=", 0 };
	char *ghost[] = { "ghost", "arg", 0 }, path[4096], *exe;
	const char *args;
	struct facts own = facts_of_self();
	long r, child;
	int fd;

	hide();
	path[readlink("/proc/self/exe", path, sizeof(path) - 1)] = 0;
	fd = open(path, O_PATH | O_CLOEXEC);
	show();
	for (int way = 0; way < 2; way++) {
		child = CALL(fork);
		if (child == 0) {
			struct facts of = facts_of_self();

			if (way == 0) {
				expect_program(of, "first\\x20word", bytes("--exit\0two words", 17), bytes("LETTER=a\0EMPTY=", 16), path, path, "calls");
				expect_of(of.tid, "procexit status=%d ret=7 sig=0 core=0 reaper_tid=0", 7 << 8);
				CALL(execve, path, argv, envp);
			} else {
				char name[32];

				snprintf(name, sizeof(name), "/dev/fd/%d", fd);
				/* the name is that of the descriptor, since 6.14 that of the file */
				expect_program(of, "first\\x20word", bytes("--exit\0two words", 17), bytes("LETTER=a\0EMPTY=", 16), name, path, "*");
				CALL(execveat, fd, "", argv, envp, AT_EMPTY_PATH);
			}
			_exit(9);
		}
		expect_made("fork", child, own, "programs", "0");
		reap(child, 7 << 8);
	}
	args = arguments(&exe);
	(void)args;
	r = CALL(execve, "/no/such/program", ghost, envp);
	expect("execve res=%ld exe=ghost args=arg\\x00 tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
	       " comm=programs cgroups=* env=%s tty=%ld vpgid=%ld loginuid=* flags=* cap_inheritable=* cap_permitted=* cap_effective=*"
	       " exe_ino=* exe_ino_ctime=* exe_ino_mtime=* uid=0 trusted_exepath=%s pgid=%ld gid=0 filename=/no/such/program",
	       r, own.tid, own.pid, own.parent, text(folder), own.fdlimit, bytes("LETTER=a\0EMPTY=", 16), own.terminal, own.group,
	       text(path), own.group);
	r = CALL(execveat, 777, "none", ghost, envp, 0);
	expect("execveat res=%ld exe=ghost args=arg\\x00 tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
	       " comm=programs cgroups=* env=%s tty=%ld vpgid=%ld loginuid=* flags=* cap_inheritable=* cap_permitted=* cap_effective=*"
	       " exe_ino=* exe_ino_ctime=* exe_ino_mtime=* uid=0 trusted_exepath=%s pgid=%ld gid=0",
	       r, own.tid, own.pid, own.parent, text(folder), own.fdlimit, bytes("LETTER=a\0EMPTY=", 16), own.terminal, own.group,
	       text(path), own.group);
}

void credentials(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { 0 };
	unsigned real, effective, saved;
	int attribute = 5;
	long r;

	r = CALL(prctl, PR_SET_NAME, "a name");
	expect("prctl res=%ld option=PR_SET_NAME arg2_str=a\\x20name arg2_int=0", r);
	r = CALL(prctl, PR_SET_DUMPABLE, 1);
	expect("prctl res=%ld option=PR_SET_DUMPABLE arg2_str=<NA> arg2_int=1", r);
	r = CALL(prctl, PR_SET_CHILD_SUBREAPER, 1);
	expect("prctl res=%ld option=PR_SET_CHILD_SUBREAPER arg2_str=<NA> arg2_int=1", r);
	r = CALL(prctl, PR_GET_CHILD_SUBREAPER, &attribute);
	expect("prctl res=%ld option=PR_GET_CHILD_SUBREAPER arg2_str=<NA> arg2_int=%d", r, attribute);
	r = CALL(prctl, 9999, -2);
	expect("prctl res=%ld option=9999 arg2_str=<NA> arg2_int=-2", r);
	r = CALL(getuid);
	expect("getuid uid=%ld", r);
	r = CALL(geteuid);
	expect("geteuid euid=%ld", r);
	r = CALL(getgid);
	expect("getgid gid=%ld", r);
	r = CALL(getegid);
	expect("getegid egid=%ld", r);
	hide();
	CALL(capget, &head, caps);
	show();
	caps[0].inheritable = 1;
	caps[0].effective &= ~(1u << CAP_NET_RAW);
	r = CALL(capset, &head, caps);
	expect("capset res=%ld cap_inheritable=%ld cap_permitted=%ld cap_effective=%ld", r, 1L,
	       (long)caps[0].permitted | (long)caps[1].permitted << 32, (long)caps[0].effective | (long)caps[1].effective << 32);
	r = CALL(setresgid, 33, 34, 35);
	expect("setresgid res=%ld rgid=33 egid=34 sgid=35", r);
	r = CALL(setresgid, -1, 0, -1);
	expect("setresgid res=%ld rgid=4294967295 egid=0 sgid=4294967295", r);
	r = CALL(getresgid, &real, &effective, &saved);
	expect("getresgid res=%ld rgid=%u egid=%u sgid=%u", r, real, effective, saved);
	r = CALL(setregid, 5, 6);
	expect("setregid res=%ld rgid=5 egid=6", r);
	r = CALL(setgid, 7);
	expect("setgid res=%ld gid=7", r);
	r = CALL(setresuid, 1000, 1001, 0);
	expect("setresuid res=%ld ruid=1000 euid=1001 suid=0", r);
	r = CALL(getresuid, &real, &effective, &saved);
	expect("getresuid res=%ld ruid=1000 euid=1001 suid=0", r);
	r = CALL(getuid);
	expect("getuid uid=1000");
	r = CALL(geteuid);
	expect("geteuid euid=1001");
	r = CALL(setreuid, -1, 1000);
	expect("setreuid res=%ld ruid=4294967295 euid=1000", r);
	r = CALL(setuid, 0);
	expect("setuid res=%ld uid=0", r);
	r = CALL(setuid, 4242);
	expect("setuid res=%ld uid=4242", r);
}

static void handler(int number)
{
}

void signals(void)
{
	int self;
	long r;

	hide();
	self = getpid();
	signal(SIGUSR1, handler);
	show();
	r = CALL(kill, self, 0);
	expect("kill res=%ld pid=%d sig=0", r, self);
	r = CALL(kill, 1 << 22, SIGKILL);
	expect("kill res=%ld pid=4194304 sig=9", r);
	r = CALL(kill, self, 99);
	expect("kill res=%ld pid=%d sig=99", r, self);
	r = CALL(tkill, self, 0);
	expect("tkill res=%ld tid=%d sig=0", r, self);
	r = CALL(tgkill, self, self, 0);
	expect("tgkill res=%ld pid=%d tid=%d sig=0", r, self, self);
	r = CALL(tgkill, self, 1 << 22, SIGTERM);
	expect("tgkill res=%ld pid=%d tid=4194304 sig=15", r, self);
}

#define LONG_ARGUMENT	100000
#define KEPT		4096	/* of arguments, of the environment, of a path: as bpf/wire.h has it */

static void fill(char *out, const char *unit, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = unit[i % strlen(unit)];
	out[len] = 0;
}

/* Arguments as long as can be, and longer than what is recorded. */
void large(void)
{
	static char argument[LONG_ARGUMENT + 1], environment[LONG_ARGUMENT + 1], path[LONG_ARGUMENT + 1], kept[KEPT + 1];
	char *argv[] = { "large", "--exit", argument, 0 }, *envp[] = { "SHORT=1", environment, 0 }, *many[1200], program[4096];
	struct facts own = facts_of_self();
	struct place at;
	long r, child;

	hide();
	program[readlink("/proc/self/exe", program, sizeof(program) - 1)] = 0;
	close(creat("plain", 0600));
	show();
	fill(path, "./", KEPT - 1 - 5);
	strcat(path, "plain");
	r = CALL(openat, AT_FDCWD, path, O_RDONLY);
	at = place_of(r);
	expect("openat fd=%ld dirfd=-100 name=%s flags=O_RDONLY mode=0 dev=%u ino=%lu", r, path, at.dev, at.ino);
	fill(path, "./", KEPT + 500);
	memcpy(kept, path, KEPT);
	r = CALL(openat, AT_FDCWD, path, O_RDONLY);
	expect("openat fd=%ld dirfd=-100 name=%s flags=O_RDONLY mode=0 dev=0 ino=0", r, kept);
	r = CALL(rename, path, path);
	expect("rename res=%ld oldpath=%s newpath=%s", r, kept, kept);
	fill(argument, "Lo", LONG_ARGUMENT);
	fill(environment, "E=ng", LONG_ARGUMENT);
	child = CALL(fork);
	if (child == 0) {
		static char args[KEPT + 1], env[KEPT + 1];
		struct facts of = facts_of_self();

		/* a string that is cut ends in NUL like the others */
		memcpy(args, "--exit", 7);
		memcpy(args + 7, argument, KEPT - 6 - 7);
		memcpy(env, "SHORT=1", 8);
		memcpy(env + 8, environment, KEPT - 8);
		expect_program(of, "large", bytes(args, KEPT - 6 + 1), bytes(env, KEPT + 1), program, program, "calls");
		expect_of(of.tid, "procexit status=%d ret=7 sig=0 core=0 reaper_tid=0", 7 << 8);
		CALL(execve, program, argv, envp);
		_exit(9);
	}
	expect_made("fork", child, own, "large", "0");
	reap(child, 7 << 8);
	/* one that fails is read through its pointers: by length, and by number */
	r = CALL(execve, "/no/such/program", argv, envp);
	memcpy(kept, "--exit", 7);
	memcpy(kept + 7, argument, KEPT - 6 - 7);
	kept[KEPT - 6] = 0;
	{
		static char env[KEPT + 1];

		memcpy(env, "SHORT=1", 8);
		memcpy(env + 8, environment, KEPT - 8);
		expect("execve res=%ld exe=large args=%s tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
		       " comm=large cgroups=* env=%s tty=%ld vpgid=%ld loginuid=* flags=* cap_inheritable=* cap_permitted=* cap_effective=*"
		       " exe_ino=* exe_ino_ctime=* exe_ino_mtime=* uid=0 trusted_exepath=%s pgid=%ld gid=0 filename=/no/such/program",
		       r, bytes(kept, KEPT - 6 + 1), own.tid, own.pid, own.parent, text(folder), own.fdlimit, bytes(env, KEPT + 1),
		       own.terminal, own.group, text(program), own.group);
	}
	for (int i = 0; i < 1199; i++)
		many[i] = "x";
	many[1199] = 0;
	r = CALL(execve, "/no/such/program", many, 0);
	expect("execve res=%ld exe=x args=%s tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%ld " SIZES
	       " comm=large cgroups=* env= tty=%ld vpgid=%ld loginuid=* flags=* cap_inheritable=* cap_permitted=* cap_effective=*"
	       " exe_ino=* exe_ino_ctime=* exe_ino_mtime=* uid=0 trusted_exepath=%s pgid=%ld gid=0 filename=/no/such/program",
	       r, ({ for (int i = 0; i < 1023; i++) memcpy(kept + 2 * i, "x", 2); bytes(kept, 2 * 1023); }), own.tid, own.pid,
	       own.parent, text(folder), own.fdlimit, own.terminal, own.group, text(program), own.group);
}
