/* Data through descriptors, and what else is done with descriptors. */
#include "calls.h"
#include <linux/close_range.h>
#include <sys/uio.h>

void data(void)
{
	char in[256], wide[200], shown[1200];
	struct iovec parts[3] = { { "abc", 3 }, { "", 0 }, { "d\0fg", 4 } };
	struct iovec room[2] = { { in, 2 }, { in + 2, 100 } };
	struct iovec many[1024];
	int fd, other, pipes[2], i;
	loff_t offset = 3;
	long r;

	hide();
	fd = open("data", O_RDWR | O_CREAT, 0600);
	other = open("other", O_RDWR | O_CREAT, 0600);
	pipe2(pipes, O_NONBLOCK);
	memset(wide, 'w', sizeof(wide));
	for (i = 0; i < 1024; i++)
		many[i] = (struct iovec){ wide, 1 };
	show();
	r = CALL(write, fd, "hello world\n", 12);
	expect("write res=%ld data=hello\\x20world\\x0a fd=%d size=12", r, fd);
	r = CALL(write, fd, wide, sizeof(wide));
	expect("write res=%ld data=%s fd=%d size=200", r, bytes(wide, 80), fd);
	r = CALL(write, fd, "", 0);
	expect("write res=%ld data=<NA> fd=%d size=0", r, fd);
	r = CALL(write, 777, "x", 1);
	expect("write res=%ld data=x fd=777 size=1", r);
	r = CALL(pwrite64, fd, "PW", 2, 4);
	expect("pwrite res=%ld data=PW fd=%d size=2 pos=4", r, fd);
	r = CALL(lseek, fd, 4, SEEK_SET);
	expect("lseek res=%ld fd=%d offset=4 whence=SEEK_SET", r, fd);
	r = CALL(lseek, fd, -3, SEEK_END);
	expect("lseek res=%ld fd=%d offset=-3 whence=SEEK_END", r, fd);
	r = CALL(lseek, fd, 0, SEEK_CUR);
	expect("lseek res=%ld fd=%d offset=0 whence=SEEK_CUR", r, fd);
	r = CALL(pread64, fd, in, 8, 2);
	expect("pread res=%ld data=%s fd=%d size=8 pos=2", r, bytes(in, 8), fd);
	r = CALL(read, fd, in, 100);
	expect("read res=%ld data=%s fd=%d size=100", r, bytes(in, 3), fd);
	r = CALL(read, fd, in, 100);
	expect("read res=%ld data=<NA> fd=%d size=100", r, fd);
	r = CALL(read, 777, in, 100);
	expect("read res=%ld data=<NA> fd=777 size=100", r);
	r = CALL(writev, other, parts, 3);
	expect("writev res=%ld data=%s fd=%d size=7", r, bytes("abcd\0fg", 7), other);
	r = CALL(writev, other, many, 1024);
	expect("writev res=%ld data=%s fd=%d size=1024", r, bytes(wide, 80), other);
	r = CALL(pwritev, other, parts, 1, 5);
	expect("pwritev res=%ld data=abc fd=%d size=3 pos=5", r, other);
	r = CALL(preadv, other, room, 2, 0);
	expect("preadv res=%ld size=102 data=%s fd=%d pos=0", r, bytes(in, 80), other);
	CALL(lseek, other, -2, SEEK_END);
	expect("lseek res=* fd=%d offset=-2 whence=SEEK_END", other);
	r = CALL(readv, other, room, 2);
	expect("readv res=%ld size=102 data=ww fd=%d", r, other);
	r = CALL(readv, other, 8, 2);
	expect("readv res=%ld size=0 data=<NA> fd=%d", r, other);
	r = CALL(sendfile, other, fd, &offset, 5);
	expect("sendfile res=%ld offset=%ld out_fd=%d in_fd=%d size=5", r, (long)offset, other, fd);
	r = CALL(sendfile, other, fd, 0, 5);
	expect("sendfile res=%ld offset=0 out_fd=%d in_fd=%d size=5", r, other, fd);
	r = CALL(splice, fd, &offset, pipes[1], 0, 6, 1 | 2);
	expect("splice res=%ld fd_in=%d fd_out=%d size=6 flags=SPLICE_F_MOVE|SPLICE_F_NONBLOCK", r, fd, pipes[1]);
	r = CALL(copy_file_range, fd, &offset, other, 0, 4, 0);
	expect("copy_file_range res=%ld fdout=%d offout=0 fdin=%d offin=%ld len=4", r, other, fd, (long)&offset);
	/* a pipe takes less than it is offered */
	hide();
	for (i = 0; i < 65536 / (int)sizeof(wide); i++)
		CALL(write, pipes[1], wide, sizeof(wide));
	CALL(fcntl, pipes[1], F_SETPIPE_SZ, 4096);
	show();
	r = CALL(write, pipes[1], wide, sizeof(wide));
	if (r > 0)
		snprintf(shown, sizeof(shown), "%s", bytes(wide, r < 80 ? r : 80));
	else
		snprintf(shown, sizeof(shown), "%s", bytes(wide, 80));
	expect("write res=%ld data=%s fd=%d size=200", r, shown, pipes[1]);
}

void descriptors(void)
{
	int fd, next, pair[2], self;
	struct place at;
	long r;

	hide();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	self = getpid();
	show();
	next = CALL(dup, fd);
	expect("dup res=%d oldfd=%d", next, fd);
	r = CALL(dup2, fd, 40);
	expect("dup2 res=%ld oldfd=%d newfd=40", r, fd);
	r = CALL(dup3, fd, 41, O_CLOEXEC);
	expect("dup3 res=%ld oldfd=%d newfd=41 flags=O_CLOEXEC", r, fd);
	r = CALL(dup3, fd, fd, 0);
	expect("dup3 res=%ld oldfd=%d newfd=%d flags=0", r, fd, fd);
	r = CALL(dup, 777);
	expect("dup res=%ld oldfd=777", r);
	r = CALL(fcntl, fd, F_DUPFD_CLOEXEC, 50);
	expect("fcntl res=%ld fd=%d cmd=F_DUPFD_CLOEXEC arg=50", r, fd);
	r = CALL(fcntl, fd, F_SETFL, O_APPEND);
	expect("fcntl res=%ld fd=%d cmd=F_SETFL arg=%d", r, fd, O_APPEND);
	r = CALL(fcntl, fd, F_SETFD, FD_CLOEXEC);
	expect("fcntl res=%ld fd=%d cmd=F_SETFD arg=1", r, fd);
	r = CALL(fcntl, fd, F_GETFD);
	expect("fcntl res=%ld fd=%d cmd=F_GETFD arg=0", r, fd);
	r = CALL(fcntl, fd, 4242, 7);
	expect("fcntl res=%ld fd=%d cmd=UNKNOWN arg=7", r, fd);
	r = CALL(ioctl, fd, 0x5401, 0x1234);
	expect("ioctl res=%ld fd=%d request=0x5401 argument=0x1234", r, fd);
	r = CALL(pipe, pair);
	at = place_of(pair[0]);
	expect("pipe res=%ld fd1=%d fd2=%d ino=%lu", r, pair[0], pair[1], at.ino);
	r = CALL(pipe2, pair, O_CLOEXEC | O_DIRECT | O_NONBLOCK);
	at = place_of(pair[0]);
	expect("pipe2 res=%ld fd1=%d fd2=%d ino=%lu flags=O_CLOEXEC|O_DIRECT|O_NONBLOCK", r, pair[0], pair[1], at.ino);
	r = CALL(pipe2, pair, 0x7);
	expect("pipe2 res=%ld fd1=-1 fd2=-1 ino=0 flags=0", r);
	r = CALL(eventfd, 5);
	expect("eventfd res=%ld initval=5 flags=0", r);
	r = CALL(eventfd2, 6, O_NONBLOCK | O_CLOEXEC);
	expect("eventfd2 res=%ld flags=O_NONBLOCK|O_CLOEXEC initval=6", r);
	r = CALL(timerfd_create, 1, O_CLOEXEC);
	expect("timerfd_create res=%ld clockid=1 flags=0", r);
	r = CALL(inotify_init);
	expect("inotify_init res=%ld flags=0", r);
	r = CALL(inotify_init1, O_NONBLOCK);
	expect("inotify_init1 res=%ld flags=O_NONBLOCK", r);
	r = CALL(userfaultfd, O_CLOEXEC | O_NONBLOCK);
	expect("userfaultfd res=%ld flags=O_CLOEXEC|O_NONBLOCK", r);
	r = CALL(signalfd, -1, "\1\0\0\0\0\0\0", 8);
	expect("signalfd res=%ld fd=-1 mask=0 flags=0", r);
	r = CALL(signalfd4, -1, "\1\0\0\0\0\0\0", 8, O_CLOEXEC);
	expect("signalfd4 res=%ld flags=O_CLOEXEC fd=-1 mask=0", r);
	r = CALL(epoll_create, 8);
	expect("epoll_create res=%ld size=8", r);
	r = CALL(epoll_create, -1);
	expect("epoll_create res=%ld size=-1", r);
	r = CALL(epoll_create1, O_CLOEXEC);
	expect("epoll_create1 res=%ld flags=EPOLL_CLOEXEC", r);
	r = CALL(memfd_create, "in memory", 1 | 2);
	expect("memfd_create fd=%ld name=in\\x20memory flags=MFD_CLOEXEC|MFD_ALLOW_SEALING", r);
	r = CALL(pidfd_open, self, 0);
	expect("pidfd_open fd=%ld pid=%d flags=0", r, self);
	next = r;
	r = CALL(pidfd_open, 1 << 22, O_NONBLOCK);
	expect("pidfd_open fd=%ld pid=4194304 flags=PIDFD_NONBLOCK", r);
	r = CALL(pidfd_getfd, next, fd, 0);
	expect("pidfd_getfd fd=%ld pid_fd=%d target_fd=%d flags=0", r, next, fd);
	r = CALL(pidfd_getfd, 777, fd, 0);
	expect("pidfd_getfd fd=%ld pid_fd=777 target_fd=%d flags=0", r, fd);
	r = CALL(close_range, 40, 60, CLOSE_RANGE_CLOEXEC);
	expect("close_range res=%ld first=40 last=60 flags=CLOSE_RANGE_CLOEXEC", r);
	r = CALL(close_range, 40, -1u, CLOSE_RANGE_UNSHARE);
	expect("close_range res=%ld first=40 last=4294967295 flags=CLOSE_RANGE_UNSHARE", r);
	r = CALL(close, fd);
	expect("close res=%ld fd=%d", r, fd);
	r = CALL(close, 777);
	expect("close res=%ld fd=777", r);
}
