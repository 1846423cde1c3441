/*
 * Makes system calls of many families with arguments that are known, and prints what a recording must hold: one line
 * per call, `KIND<TAB>RESULT<TAB>ARGUMENTS`, as `sysreel events` prints `evt.type`, `evt.rawres` and `evt.args`. A `*`
 * stands for what the program cannot know. Usage: known_calls FOLDER (empty, absolute; files are made in it).
 *
 * The lines are kept in memory until the last call that counts: `close(777)`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char lines[1 << 16];
static size_t used;

static void expect(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += vsnprintf(lines + used, sizeof(lines) - used, format, args);
	va_end(args);
	lines[used++] = '\n';
}

/* The result of a raw call as the kernel gave it: -errno for a failure. */
static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result == -1 ? -errno : result;
}

#define CALL(nr, ...) CALL_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) \
	call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static const char *folder;
static unsigned uid_number;

static void files(void)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH };
	struct iovec parts[2] = { { "abc", 3 }, { "defg", 4 } };
	char data[64];
	int plain, dir, other;

	plain = CALL(SYS_openat, AT_FDCWD, "plain.txt", O_RDWR | O_CREAT | O_EXCL, 0640);
	expect("openat\t%d\tfd=%d(<f>%s/plain.txt) dirfd=-100(AT_FDCWD) name=plain.txt(%s/plain.txt) "
	       "flags=16423(O_EXCL|O_CREAT|O_RDWR|O_F_CREATED) mode=0640 dev=* ino=*", plain, plain, folder, folder);
	dir = CALL(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
	expect("openat\t%d\tfd=%d(<d>%s) dirfd=-100(AT_FDCWD) name=%s flags=9217(O_DIRECTORY|O_RDONLY|O_TMPFILE) mode=0 dev=* ino=*",
	       dir, dir, folder, folder);
	CALL(SYS_openat, AT_FDCWD, "absent", O_RDONLY);
	expect("openat\t-2\tfd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=absent(%s/absent) flags=1(O_RDONLY) mode=0 dev=0 ino=0",
	       folder);
	other = CALL(SYS_openat2, dir, "how.txt", &how, sizeof(how));
	expect("openat2\t%d\tfd=%d(<f>%s/how.txt) dirfd=%d(<d>%s) name=how.txt(%s/how.txt) "
	       "flags=16391(O_CREAT|O_RDWR|O_F_CREATED) mode=0600 resolve=* dev=* ino=*",
	       other, other, folder, dir, folder, folder);
	CALL(SYS_write, plain, "hello world\n", 12);
	expect("write\t12\tres=12 data=hello world. fd=%d(<f>%s/plain.txt) size=12", plain, folder);
	CALL(SYS_pwrite64, plain, "PW", 2, 4);
	expect("pwrite\t2\tres=2 data=PW fd=%d(<f>%s/plain.txt) size=2 pos=4", plain, folder);
	CALL(SYS_writev, plain, parts, 2);
	expect("writev\t7\tres=7 data=abcdefg fd=%d(<f>%s/plain.txt) size=7", plain, folder);
	CALL(SYS_lseek, plain, 4, SEEK_SET);
	expect("lseek\t4\tres=4 fd=%d(<f>%s/plain.txt) offset=4 whence=0(SEEK_SET)", plain, folder);
	CALL(SYS_read, plain, data, 8);
	expect("read\t8\tres=8 data=PWworld. fd=%d(<f>%s/plain.txt) size=8", plain, folder);
	CALL(SYS_pread64, plain, data, 5, 0);
	expect("pread\t5\tres=5 data=hellP fd=%d(<f>%s/plain.txt) size=5 pos=0", plain, folder);
	CALL(SYS_ftruncate, plain, 3);
	expect("ftruncate\t-\t*");
	CALL(SYS_fchmod, plain, 0600);
	expect("fchmod\t0\tres=0 fd=%d(<f>%s/plain.txt) mode=0600(S_IWUSR|S_IRUSR)", plain, folder);
	CALL(SYS_fchmodat, dir, "plain.txt", 0644);
	expect("fchmodat\t0\tres=0 dirfd=%d(<d>%s) filename=plain.txt(%s/plain.txt) "
	       "mode=0644(S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR)", dir, folder, folder);
	CALL(SYS_fchown, plain, -1, -1);
	expect("fchown\t0\tres=0 fd=%d(<f>%s/plain.txt) uid=-1 gid=-1", plain, folder);
	CALL(SYS_fchownat, AT_FDCWD, "plain.txt", -1, -1, 0);
	expect("fchownat\t0\tres=0 dirfd=-100(AT_FDCWD) pathname=plain.txt(%s/plain.txt) uid=-1 gid=-1 flags=0",
	       folder);
	CALL(SYS_symlinkat, "plain.txt", AT_FDCWD, "soft");
	expect("symlinkat\t0\tres=0 target=plain.txt linkdirfd=-100(AT_FDCWD) linkpath=soft(%s/soft)", folder);
	CALL(SYS_linkat, dir, "plain.txt", AT_FDCWD, "hard", 0);
	expect("linkat\t0\tres=0 olddir=%d(<d>%s) oldpath=plain.txt(%s/plain.txt) newdir=-100(AT_FDCWD) newpath=hard(%s/hard) flags=0",
	       dir, folder, folder, folder);
	CALL(SYS_renameat2, AT_FDCWD, "hard", AT_FDCWD, "harder", 1);
	expect("renameat2\t0\tres=0 olddirfd=-100(AT_FDCWD) oldpath=hard(%s/hard) newdirfd=-100(AT_FDCWD) "
	       "newpath=harder(%s/harder) flags=1(RENAME_NOREPLACE)", folder, folder);
	CALL(SYS_unlinkat, dir, "harder", 0);
	expect("unlinkat\t0\tres=0 dirfd=%d(<d>%s) name=harder(%s/harder) flags=0", dir, folder, folder);
	CALL(SYS_mkdirat, AT_FDCWD, "sub", 0755);
	expect("mkdirat\t0\tres=0 dirfd=-100(AT_FDCWD) path=sub(%s/sub) mode=1ED", folder);
	CALL(SYS_chdir, "sub");
	expect("chdir\t0\tres=0 path=sub");
	CALL(SYS_fchdir, dir);
	expect("fchdir\t0\tres=0 fd=%d(<d>%s)", dir, folder);
	CALL(SYS_chroot, "/no/such/place");
	expect("chroot\t-2\tres=-2(ENOENT) path=/no/such/place");
#ifdef __x86_64__
	CALL(SYS_creat, "created", 0600);
	expect("creat\t%d\tfd=%d(<f>%s/created) name=created(%s/created) mode=0600 dev=* ino=* creat_flags=*",
	       other + 1, other + 1, folder, folder);
	CALL(SYS_close, other + 1);
	expect("close\t0\tres=0 fd=%d(<f>%s/created)", other + 1, folder);
	CALL(SYS_open, "created", O_WRONLY);
	expect("open\t%d\tfd=%d(<f>%s/created) name=created(%s/created) flags=2(O_WRONLY) mode=0 dev=* ino=*",
	       other + 1, other + 1, folder, folder);
	CALL(SYS_close, other + 1);
	expect("close\t0\tres=0 fd=%d(<f>%s/created)", other + 1, folder);
	CALL(SYS_chmod, "created", 0400);
	expect("chmod\t0\tres=0 filename=created(%s/created) mode=0400(S_IRUSR)", folder);
	CALL(SYS_chown, "created", -1, -1);
	expect("chown\t0\tres=0 path=created(%s/created) uid=-1 gid=-1", folder);
	CALL(SYS_lchown, "soft", -1, -1);
	expect("lchown\t0\tres=0 path=soft(%s/soft) uid=-1 gid=-1", folder);
	CALL(SYS_link, "created", "linked");
	expect("link\t0\tres=0 oldpath=created(%s/created) newpath=linked(%s/linked)", folder, folder);
	CALL(SYS_symlink, "created", "soft2");
	expect("symlink\t0\tres=0 target=created linkpath=soft2(%s/soft2)", folder);
	CALL(SYS_rename, "linked", "renamed");
	expect("rename\t0\tres=0 oldpath=linked(%s/linked) newpath=renamed(%s/renamed)", folder, folder);
	CALL(SYS_renameat, dir, "renamed", AT_FDCWD, "again");
	expect("renameat\t0\tres=0 olddirfd=%d(<d>%s) oldpath=renamed(%s/renamed) newdirfd=-100(AT_FDCWD) newpath=again(%s/again)",
	       dir, folder, folder, folder);
	CALL(SYS_unlink, "again");
	expect("unlink\t0\tres=0 path=again(%s/again)", folder);
	CALL(SYS_mkdir, "sub/deep", 0700);
	expect("mkdir\t0\tres=0 path=sub/deep(%s/sub/deep) mode=1C0", folder);
	CALL(SYS_rmdir, "sub/deep");
	expect("rmdir\t0\tres=0 path=sub/deep(%s/sub/deep)", folder);
#endif
	CALL(SYS_dup, plain);
	expect("dup\t%d\tres=%d(<f>%s/plain.txt) oldfd=%d(<f>%s/plain.txt)", other + 1, other + 1, folder, plain, folder);
	CALL(SYS_dup3, plain, 60, O_CLOEXEC);
	expect("dup3\t60\tres=60(<f>%s/plain.txt) oldfd=%d(<f>%s/plain.txt) newfd=60(<f>%s/plain.txt) flags=4096(O_CLOEXEC)",
	       folder, plain, folder, folder);
	CALL(SYS_fcntl, plain, F_SETFD, FD_CLOEXEC);
	expect("fcntl\t0\tres=0* fd=%d(<f>%s/plain.txt) cmd=3(F_SETFD) arg=1", plain, folder);
	CALL(SYS_close, 60);
	expect("close\t0\tres=0 fd=60(<f>%s/plain.txt)", folder);
	CALL(SYS_close, other + 1);
	expect("close\t0\tres=0 fd=%d(<f>%s/plain.txt)", other + 1, folder);
	CALL(SYS_ioctl, plain, 0x541b, data);
	expect("ioctl\t0\tres=0 fd=%d(<f>%s/plain.txt) request=541B argument=*", plain, folder);
	CALL(SYS_close, plain);
	expect("close\t0\tres=0 fd=%d(<f>%s/plain.txt)", plain, folder);
	CALL(SYS_close, other);
	expect("close\t0\tres=0 fd=%d(<f>%s/how.txt)", other, folder);
	CALL(SYS_close, dir);
	expect("close\t0\tres=0 fd=%d(<d>%s)", dir, folder);
	CALL(SYS_mount, "none", "/no/such/place", "tmpfs", MS_NOSUID | MS_NODEV, 0);
	expect("mount\t-2\tres=-2(ENOENT) dev=none dir=/no/such/place type=tmpfs flags=6(NOSUID|NODEV)");
	CALL(SYS_umount2, "/no/such/place", MNT_DETACH);
	expect("umount2\t-2\tres=-2(ENOENT) name=/no/such/place flags=2(DETACH)");
	CALL(SYS_pivot_root, "/no/new", "/no/old");
	expect("pivot_root\t-\t*");
}

static void sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in local = { 0 };
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct iovec part = { "message", 7 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	socklen_t length = sizeof(address);
	int listener, client, server, pair[2], port, from;
	char data[64], tuple[64];

	listener = CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
	expect("socket\t%d\tfd=%d(<4>) domain=2(AF_INET) type=1 proto=0 flags=0(O_NONE)", listener, listener);
	CALL(SYS_bind, listener, &address, sizeof(address));
	expect("bind\t0\tres=0 addr=127.0.0.1:0 fd=%d(<4*)", listener);
	CALL(SYS_listen, listener, 5);
	expect("listen\t0\tres=0 fd=%d(<4*) backlog=5", listener);
	CALL(SYS_getsockname, listener, &address, &length);
	expect("getsockname\t-\t*");
	port = ntohs(address.sin_port);
	client = CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6);
	expect("socket\t%d\tfd=%d(<4>) domain=2(AF_INET) type=524289 proto=6 flags=4096(O_CLOEXEC)", client, client);
	CALL(SYS_connect, client, &address, sizeof(address));
	size_t at = used;	/* the client's port is known only below */
	server = CALL(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC);
	length = sizeof(local);
	CALL(SYS_getsockname, client, &local, &length);
	from = ntohs(local.sin_port);
	snprintf(tuple, sizeof(tuple), "127.0.0.1:%d->127.0.0.1:%d", from, port);
	used = at;
	expect("connect\t0\tres=0 tuple=%s fd=%d(<4t>%s) addr=127.0.0.1:%d", tuple, client, tuple, port);
	expect("accept4\t%d\tfd=%d(<4t>%s) tuple=%s queuepct=* queuelen=* queuemax=5 flags=*", server, server, tuple, tuple);
	expect("getsockname\t-\t*");
	CALL(SYS_sendto, client, "GET /\r\n", 7, 0, 0, 0);
	expect("sendto\t7\tres=7 data=GET /.. fd=%d(<4t>%s) size=7 tuple=%s", client, tuple, tuple);
	CALL(SYS_recvfrom, server, data, 50, 0, 0, 0);
	expect("recvfrom\t7\tres=7 data=GET /.. tuple=%s fd=%d(<4t>%s) size=50", tuple, server, tuple);
	CALL(SYS_sendmsg, server, &message, 0);
	expect("sendmsg\t7\tres=7 data=message fd=%d(<4t>%s) size=7 tuple=127.0.0.1:%d->127.0.0.1:%d",
	       server, tuple, port, from);
	part.iov_base = data;
	CALL(SYS_recvmsg, client, &message, 0);
	expect("recvmsg\t7\tres=7 size=7 data=message tuple=127.0.0.1:%d->127.0.0.1:%d msgcontrol=* fd=%d(<4t>%s)",
	       port, from, client, tuple);
	CALL(SYS_shutdown, client, SHUT_WR);
	expect("shutdown\t0\tres=0 fd=%d(<4t>%s) how=1(SHUT_WR)", client, tuple);
	CALL(SYS_close, server);
	expect("close\t0\tres=0 fd=%d(<4t>%s)", server, tuple);
	CALL(SYS_close, client);
	expect("close\t0\tres=0 fd=%d(<4t>%s)", client, tuple);
	CALL(SYS_close, listener);
	expect("close\t0\tres=0 fd=%d(<4*)", listener);

	listener = CALL(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	expect("socket\t%d\tfd=%d(<u>) domain=1(AF_LOCAL|AF_UNIX) type=1 proto=0 flags=0(O_NONE)", listener, listener);
	snprintf(path.sun_path, sizeof(path.sun_path), "nobody.sock");
	CALL(SYS_connect, listener, &path, sizeof(path));
	expect("connect\t-2\tres=-2(ENOENT) tuple=NULL fd=%d(<u>) addr=nobody.sock", listener);
	CALL(SYS_close, listener);
	expect("close\t0\tres=0 fd=%d(<u>*)", listener);
	CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	expect("socketpair\t0\tres=0 fd1=%d(<u>) fd2=%d(<u>) source=* peer=* domain=1(AF_LOCAL|AF_UNIX) type=1 proto=0",
	       pair[0], pair[1]);
	CALL(SYS_close, pair[0]);
	expect("close\t0\tres=0 fd=%d(<u>*)", pair[0]);
	CALL(SYS_close, pair[1]);
	expect("close\t0\tres=0 fd=%d(<u>*)", pair[1]);
	CALL(SYS_pipe2, pair, O_CLOEXEC);
	expect("pipe2\t0\tres=0 fd1=%d(<p>) fd2=%d(<p>) ino=* flags=4096(O_CLOEXEC)", pair[0], pair[1]);
	CALL(SYS_close, pair[0]);
	expect("close\t0\tres=0 fd=%d(<p>*)", pair[0]);
	CALL(SYS_close, pair[1]);
	expect("close\t0\tres=0 fd=%d(<p>*)", pair[1]);
}

static void processes(void)
{
	char *ghost[] = { "ghost", "arg", 0 }, *environment[] = { "A=1", 0 };
	int self = CALL(SYS_getpid), memory, status, child;
	long result;
	static char page[1 << 14] __attribute__((aligned(1 << 14)));

	expect("getpid\t-\t*");
	CALL(SYS_kill, self, 0);
	expect("kill\t0\tres=0 pid=%d(known_calls) sig=0", self);
	CALL(SYS_kill, 1 << 21, 9);
	expect("kill\t-3\tres=-3(ESRCH) pid=2097152 sig=9(SIGKILL)");
	CALL(SYS_tkill, self, 0);
	expect("tkill\t0\tres=0 tid=%d(known_calls) sig=0", self);
	CALL(SYS_tgkill, self, self, 0);
	expect("tgkill\t0\tres=0 pid=%d(known_calls) tid=%d(known_calls) sig=0", self, self);
	CALL(SYS_ptrace, PTRACE_ATTACH, 1 << 21, 0, 0);
	expect("ptrace\t-3\tres=-3(ESRCH) addr=0 data=0 request=11(PTRACE_ATTACH) pid=2097152");
	CALL(SYS_setns, 500, 0);
	expect("setns\t-9\tres=-9(EBADF) fd=500 nstype=0");
	CALL(SYS_unshare, 0x1);
	expect("unshare\t-22\tres=-22(EINVAL) flags=*");
	CALL(SYS_unshare, CLONE_FS);
	expect("unshare\t0\tres=0 flags=2(CLONE_FS)");
	CALL(SYS_prctl, PR_SET_NAME, "renamed");
	expect("prctl\t0\tres=0 option=15(PR_SET_NAME) arg2_str=renamed arg2_int=0");
	CALL(SYS_prctl, PR_SET_NAME, "known_calls");
	expect("prctl\t0\tres=0 option=15(PR_SET_NAME) arg2_str=known_calls arg2_int=0");
	memory = CALL(SYS_memfd_create, "scratch", MFD_CLOEXEC);
	expect("memfd_create\t%d\tfd=%d(<m>scratch) name=scratch flags=1(MFD_CLOEXEC)", memory, memory);
	CALL(SYS_close, memory);
	expect("close\t0\tres=0 fd=%d(<m>*scratch*)", memory);
	CALL(SYS_mprotect, page, sizeof(page), PROT_READ | PROT_EXEC);
	expect("mprotect\t0\tres=0 addr=%lX length=16384 prot=5(PROT_READ|PROT_EXEC)", (long)page);
	CALL(SYS_mprotect, page, sizeof(page), PROT_READ | PROT_WRITE);
	expect("mprotect\t0\tres=0 addr=%lX length=16384 prot=3(PROT_READ|PROT_WRITE)", (long)page);
	CALL(SYS_bpf, 999, page, 8);
	expect("bpf\t-22\tfd=-22(EINVAL) cmd=999*");
	result = CALL(SYS_finit_module, 500, "p=2", 3);	/* EBADF, or ENOSYS of a kernel without modules */
	expect("finit_module\t%ld\tres=%ld(*) fd=500 uargs=p=2 flags=3(MODULE_INIT_IGNORE_MODVERSIONS|MODULE_INIT_IGNORE_VERMAGIC)", result, result);
	result = CALL(SYS_delete_module, "nosuchmod", 0);
	expect("delete_module\t%ld\tres=%ld(*) name=nosuchmod flags=*", result, result);
	CALL(SYS_setuid, uid_number);
	expect("setuid\t0\tres=0 uid=%u(*)", uid_number);
	CALL(SYS_setgid, 0);
	expect("setgid\t0\tres=0 gid=0(*)");
	CALL(SYS_setresuid, -1, uid_number, -1);
	expect("setresuid\t0\tres=0 ruid=-1(*) euid=%u(*) suid=-1(*)", uid_number);
	CALL(SYS_setresgid, -1, 0, -1);
	expect("setresgid\t0\tres=0 rgid=-1(*) egid=0(*) sgid=-1(*)");
	CALL(SYS_setpgid, 1 << 21, 0);
	expect("setpgid\t-3\tres=-3(ESRCH) pid=2097152 pgid=0");
	CALL(SYS_execve, "/no/such/program", ghost, environment);
	expect("execve\t-2\tres=-2(ENOENT) exe=ghost args=arg. tid=%d(known_calls) *filename=/no/such/program", self);

	/* a child that becomes another program with a known environment */
#ifdef __x86_64__
	child = CALL(SYS_fork);
#else
	child = CALL(SYS_clone, SIGCHLD);
#endif
	if (child == 0) {
		char *argv[] = { "/proc/self/exe", "--child", "two words", 0 };
		char *envp[] = { "SYSREEL=known", "EMPTY=", 0 };

		CALL(SYS_setsid);
		CALL(SYS_execve, "/proc/self/exe", argv, envp);
		_exit(9);
	}
#ifdef __x86_64__
	expect("fork\t%d\tres=%d(*) exe=* args=* tid=%d(known_calls) pid=%d(known_calls) ptid=* uid=* gid=*", child, child, self, self);
#else
	expect("clone\t%d\tres=%d(*) exe=* args=* tid=%d(known_calls) pid=%d(known_calls) ptid=* uid=* gid=*", child, child, self, self);
#endif
	CALL(SYS_wait4, child, &status, 0, 0);
	expect("wait4\t-\t*");
	fprintf(stderr, "child %d %d\n", child, status);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--child") == 0)
		_exit(7);
	if (argc != 2)
		return 2;
	folder = argv[1];
	uid_number = getuid();
	umask(022);
	setvbuf(stderr, 0, _IOFBF, 256);	/* nothing is written in between */
	CALL(SYS_chdir, folder);
	expect("chdir\t0\tres=0 path=%s", folder);
	files();
	sockets();
	processes();
	CALL(SYS_close, 777);
	expect("close\t-9\tres=-9(EBADF) fd=777");
	fwrite(lines, 1, used, stdout);
	return 0;
}
