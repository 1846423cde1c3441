/* Sockets: addresses, options, messages, and waiting for descriptors. */
#include "calls.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

union any { struct sockaddr any; struct sockaddr_in four; struct sockaddr_in6 six; struct sockaddr_un local; };

static union any loopback(int family)
{
	union any address = { .any.sa_family = family };

	if (family == AF_INET)
		address.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		address.six.sin6_addr = in6addr_loopback;
	return address;
}

/* The address that a socket got, hidden. */
static union any name_of(int fd)
{
	union any address = { 0 };
	socklen_t len = sizeof(address);

	hide();
	getsockname(fd, &address.any, &len);
	show();
	return address;
}

static void stream(int family, const char *word)
{
	union any bound = loopback(family), from;
	socklen_t len = family == AF_INET ? sizeof(bound.four) : sizeof(bound.six);
	int listener, client, server;
	char in[64];
	long r;

	listener = CALL(socket, family, SOCK_STREAM, 0);
	expect("socket fd=%d domain=%s type=1 proto=0 flags=0", listener, word);
	r = CALL(bind, listener, &bound, len);
	expect("bind res=%ld addr=%s fd=%d", r, address(&bound), listener);
	r = CALL(listen, listener, 5);
	expect("listen res=%ld fd=%d backlog=5", r, listener);
	bound = name_of(listener);
	client = CALL(socket, family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	expect("socket fd=%d domain=%s type=%d proto=6 flags=O_CLOEXEC", client, word, SOCK_STREAM | SOCK_CLOEXEC);
	r = CALL(connect, client, &bound, len);
	from = name_of(client);
	expect("connect res=%ld tuple=%s fd=%d addr=%s", r, tuple(&from, &bound), client, address(&bound));
	r = CALL(connect, client, &bound, len);
	expect("connect res=%ld tuple=<NA> fd=%d addr=%s", r, client, address(&bound));
	server = CALL(accept4, listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
	expect("accept4 fd=%d tuple=%s queuepct=0 queuelen=0 queuemax=5 flags=%d", server, tuple(&from, &bound), 0x1040);
	r = CALL(sendto, client, "GET /\r\n", 7, MSG_NOSIGNAL, 0, 0);
	expect("sendto res=%ld data=%s fd=%d size=7 tuple=%s", r, bytes("GET /\r\n", 7), client, tuple(&from, &bound));
	hide();
	poll(&(struct pollfd){ server, POLLIN, 0 }, 1, 1000);
	show();
	r = CALL(recvfrom, server, in, 50, 0, 0, 0);
	expect("recvfrom res=%ld data=%s tuple=%s fd=%d size=50", r, bytes("GET /\r\n", 7), tuple(&from, &bound), server);
	r = CALL(recvfrom, server, in, 50, MSG_DONTWAIT, 0, 0);
	expect("recvfrom res=%ld data=<NA> tuple=<NA> fd=%d size=50", r, server);
	r = CALL(write, client, "more", 4);
	expect("write res=%ld data=more fd=%d size=4", r, client);
	r = CALL(shutdown, client, SHUT_WR);
	expect("shutdown res=%ld fd=%d how=SHUT_WR", r, client);
	r = CALL(shutdown, client, 9);
	expect("shutdown res=%ld fd=%d how=255", r, client);
	r = CALL(getsockname, client, &from, &len);
	expect("getsockname");
	r = CALL(getpeername, client, &bound, &len);
	expect("getpeername");
}

void addresses(void)
{
	union any local = { .local.sun_family = AF_UNIX }, refused = loopback(AF_INET);
	struct sockaddr_nl netlink = { .nl_family = AF_NETLINK };
	int listener, client, pair[2], fd;
	long r;

	stream(AF_INET, "AF_INET");
	hide();
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	local.six.sin6_family = AF_INET6;
	local.six.sin6_addr = in6addr_loopback;
	r = fd < 0 ? -1 : bind(fd, &local.any, sizeof(local.six));
	show();
	if (r == 0)
		stream(AF_INET6, "AF_INET6");
	else
		skip("sockets of IPv6: the machine has no ::1");
	memset(&local, 0, sizeof(local));
	local.local.sun_family = AF_UNIX;
	strcpy(local.local.sun_path, "stream.sock");
	listener = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	expect("socket fd=%d domain=AF_UNIX type=1 proto=0 flags=0", listener);
	r = CALL(bind, listener, &local, sizeof(local.local));
	expect("bind res=%ld addr=%s fd=%d", r, bytes("\1stream.sock", 13), listener);
	r = CALL(listen, listener, 3);
	expect("listen res=%ld fd=%d backlog=3", r, listener);
	hide();
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	show();
	r = CALL(connect, client, &local, sizeof(local.local));
	expect("connect res=%ld tuple=\\x01*stream.sock\\x00 fd=%d addr=%s", r, client, bytes("\1stream.sock", 13));
	r = CALL(accept, listener, 0, 0);
	expect("accept fd=%ld tuple=\\x01*stream.sock\\x00 queuepct=0 queuelen=0 queuemax=3", r);
	hide();
	client = socket(AF_UNIX, SOCK_DGRAM, 0);
	memcpy(local.local.sun_path, "\0abstract", 10);
	show();
	r = CALL(bind, client, &local, 2 + 9);
	expect("bind res=%ld addr=%s fd=%d", r, bytes("\1abstract", 10), client);
	strcpy(local.local.sun_path, "absent.sock");
	r = CALL(connect, client, &local, sizeof(local.local));
	expect("connect res=%ld tuple=<NA> fd=%d addr=%s", r, client, bytes("\1absent.sock", 13));
	r = CALL(accept, 777, 0, 0);
	expect("accept fd=%ld tuple=<NA> queuepct=0 queuelen=0 queuemax=0", r);
	r = CALL(socketpair, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
	expect("socketpair res=%ld fd1=%d fd2=%d source=* peer=* domain=AF_UNIX type=%d proto=0", r, pair[0], pair[1], SOCK_DGRAM | SOCK_NONBLOCK);
	r = CALL(socketpair, AF_INET, SOCK_STREAM, 0, pair);
	expect("socketpair res=%ld fd1=-1 fd2=-1 source=0 peer=0 domain=AF_INET type=1 proto=0", r);
	fd = CALL(socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	expect("socket fd=%d domain=AF_NETLINK type=3 proto=0 flags=0", fd);
	r = CALL(bind, fd, &netlink, sizeof(netlink));
	expect("bind res=%ld addr=<NA> fd=%d", r, fd);
	r = CALL(socket, 99, 1, 0);
	expect("socket fd=%ld domain=AF_UNSPEC type=1 proto=0 flags=0", r);
	refused.four.sin_port = htons(1);
	hide();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	show();
	r = CALL(connect, fd, &refused, sizeof(refused.four));
	expect("connect res=%ld tuple=<NA> fd=%d addr=%s", r, fd, address(&refused));
}

void options(void)
{
	struct timeval second = { 1, 500000 };
	int fd, one = 1, error = 0;
	unsigned char unknown[3] = { 1, 2, 3 };
	uint64_t cookie = 0;
	socklen_t len;
	long r;

	hide();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	show();
	r = CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, 4);
	expect("setsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_REUSEADDR val=%s optlen=4", r, fd, dyn(2, 1, 4));
	r = CALL(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	expect("setsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_RCVTIMEO val=%s optlen=16", r, fd, dyn(4, 1500000000, 8));
	r = CALL(setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &one, 4);
	expect("setsockopt res=%ld fd=%d level=SOL_TCP optname=UNKNOWN val=%s optlen=4", r, fd, dyn(0, 1, 4));
	r = CALL(setsockopt, fd, 77, 88, unknown, 3);
	expect("setsockopt res=%ld fd=%d level=UNKNOWN optname=UNKNOWN val=%s optlen=3", r, fd, bytes("\0\1\2\3", 4));
	r = CALL(setsockopt, 777, SOL_SOCKET, SO_KEEPALIVE, &one, 4);
	expect("setsockopt res=%ld fd=777 level=SOL_SOCKET optname=SO_KEEPALIVE val=%s optlen=4", r, dyn(2, 1, 4));
	len = 4;
	r = CALL(getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &len);
	expect("getsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_ERROR val=%s optlen=4", r, fd, dyn(1, 0, 8));
	len = 4;
	r = CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, &error, &len);
	expect("getsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_TYPE val=%s optlen=4", r, fd, dyn(2, SOCK_STREAM, 4));
	len = 8;
	r = CALL(getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	expect("getsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_COOKIE val=%s optlen=8", r, fd, dyn(3, cookie, 8));
	len = 16;
	memset(&second, 0, sizeof(second));
	r = CALL(getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &second, &len);
	expect("getsockopt res=%ld fd=%d level=SOL_SOCKET optname=SO_RCVTIMEO val=%s optlen=16", r, fd,
	       dyn(4, second.tv_sec * 1000000000L + second.tv_usec * 1000L, 8));
	error = 111;
	len = 4;
	r = CALL(getsockopt, 777, SOL_SOCKET, SO_ERROR, &error, &len);
	expect("getsockopt res=%ld fd=777 level=SOL_SOCKET optname=SO_ERROR val=%s optlen=4", r, dyn(1, -111, 8));
}

void messages(void)
{
	struct iovec parts[2] = { { "mess", 4 }, { "age", 3 } }, room;
	struct mmsghdr several[3] = { 0 };
	union any bound = loopback(AF_INET), from = loopback(AF_INET), peer;
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 }, got = { 0 };
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };
	int server, client, pair[2];
	char in[3][64];
	long r;

	hide();
	server = socket(AF_INET, SOCK_DGRAM, 0);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	bind(server, &bound.any, sizeof(bound.four));
	bind(client, &from.any, sizeof(from.four));
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	bound = name_of(server);
	from = name_of(client);
	show();
	/* a socket that is bound to an address sends from it; where it sends to is what the program says */
	r = CALL(sendto, client, "query", 5, 0, &bound, sizeof(bound.four));
	expect("sendto res=%ld data=query fd=%d size=5 tuple=%s", r, client, tuple(&from, &bound));
	hide();
	poll(&(struct pollfd){ server, POLLIN, 0 }, 1, 1000);
	show();
	socklen_t len = sizeof(peer);
	r = CALL(recvfrom, server, in[0], 50, 0, &peer, &len);
	expect("recvfrom res=%ld data=query tuple=%s fd=%d size=50", r, tuple(&from, &bound), server);
	r = CALL(sendto, 777, "x", 1, 0, 0, 0);
	expect("sendto res=%ld data=x fd=777 size=1 tuple=<NA>", r);
	header.msg_name = &bound;
	header.msg_namelen = sizeof(bound.four);
	r = CALL(sendmsg, client, &header, 0);
	expect("sendmsg res=%ld data=message fd=%d size=7 tuple=%s", r, client, tuple(&from, &bound));
	room = (struct iovec){ in[0], 64 };
	header = (struct msghdr){ .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &room, .msg_iovlen = 1 };
	hide();
	poll(&(struct pollfd){ server, POLLIN, 0 }, 1, 1000);
	show();
	r = CALL(recvmsg, server, &header, 0);
	expect("recvmsg res=%ld size=7 data=message tuple=%s msgcontrol=<NA> fd=%d", r, tuple(&from, &bound), server);
	r = CALL(recvmsg, server, &header, MSG_DONTWAIT);
	expect("recvmsg res=%ld size=0 data=<NA> tuple=<NA> msgcontrol=<NA> fd=%d", r, server);
	/* one event for each message */
	for (int i = 0; i < 3; i++) {
		several[i].msg_hdr = (struct msghdr){ .msg_name = &bound, .msg_namelen = sizeof(bound.four), .msg_iov = parts, .msg_iovlen = 1 + i % 2 };
	}
	r = CALL(sendmmsg, client, several, 3, 0);
	for (int i = 0; i < r; i++)
		expect("sendmmsg res=%u fd=%d size=%d data=%s tuple=%s", several[i].msg_len, client, i % 2 ? 7 : 4, i % 2 ? "message" : "mess", tuple(&from, &bound));
	r = CALL(sendmmsg, 777, several, 3, 0);
	expect("sendmmsg res=%ld fd=777 size=0 data=<NA> tuple=<NA>", r);
	struct iovec rooms[3] = { { in[0], 64 }, { in[1], 64 }, { in[2], 64 } };
	for (int i = 0; i < 3; i++)
		several[i].msg_hdr = (struct msghdr){ .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = rooms + i, .msg_iovlen = 1 };
	r = CALL(recvmmsg, server, several, 3, MSG_DONTWAIT, 0);
	for (int i = 0; i < r; i++)
		expect("recvmmsg res=%u fd=%d size=%u data=%s tuple=%s msgcontrol=<NA>", several[i].msg_len, server, several[i].msg_len, bytes(in[i], several[i].msg_len), tuple(&from, &bound));
	r = CALL(recvmmsg, server, several, 3, MSG_DONTWAIT, 0);
	expect("recvmmsg res=%ld fd=%d size=0 data=<NA> tuple=<NA> msgcontrol=<NA>", r, server);
	/* a descriptor that is passed */
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &server, sizeof(int));
	header = (struct msghdr){ .msg_iov = parts, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	r = CALL(sendmsg, pair[0], &header, 0);
	expect("sendmsg res=%ld data=mess fd=%d size=4 tuple=\\x01*\\x00", r, pair[0]);
	header = (struct msghdr){ .msg_iov = &room, .msg_iovlen = 1, .msg_control = &got, .msg_controllen = sizeof(got) };
	r = CALL(recvmsg, pair[1], &header, 0);
	expect("recvmsg res=%ld size=4 data=mess tuple=\\x01*\\x00 msgcontrol=%s fd=%d", r, bytes(&got, header.msg_controllen), pair[1]);
}

void waiting(void)
{
	struct timespec wait = { 0, 999000 };
	struct pollfd watched[20];
	struct epoll_event event = { .events = EPOLLIN };
	unsigned char list[2 + 16 * 10] = { 3 };
	struct timeval now = { 0, 0 };
	int pipes[2], epoll;
	uint64_t signals = 1 << 9 | 1 << 14;
	fd_set set;
	long r;

	hide();
	pipe(pipes);
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event);
	for (int i = 0; i < 20; i++)
		watched[i] = (struct pollfd){ -1, 0, 0 };
	show();
	watched[0] = (struct pollfd){ pipes[0], POLLIN, 0 };
	watched[1] = (struct pollfd){ pipes[1], POLLOUT, 0 };
	watched[2] = (struct pollfd){ 777, POLLIN | POLLPRI, 0 };
	r = CALL(poll, watched, 3, -1);
	for (int i = 0; i < 3; i++) {
		int64_t fd = watched[i].fd;
		short seen = i == 1 ? 4 : i == 2 ? 0x40 : 0;	/* POLLOUT and POLLNVAL of the event table */

		memcpy(list + 2 + i * 10, &fd, 8);
		memcpy(list + 2 + i * 10 + 8, &seen, 2);
	}
	expect("poll res=%ld fds=%s timeout=4294967295", r, bytes(list, 32));
	r = CALL(poll, 0, 0, 1);
	expect("poll res=%ld fds=%s timeout=1", r, bytes("\0", 2));
	r = CALL(poll, 8, 2, 1);
	expect("poll res=%ld fds=%s timeout=1", r, bytes("\0", 2));
	r = CALL(ppoll, watched, 3, &wait, &signals, 8);
	expect("ppoll res=%ld fds=%s timeout=* sigmask=%ld", r, bytes(list, 32), (long)signals);
	wait = (struct timespec){ 0, 0 };
	r = CALL(ppoll, watched + 3, 1, &wait, 0, 8);
	memset(list, 0, sizeof(list));
	list[0] = 1;
	memset(list + 2, 0xff, 8);
	expect("ppoll res=%ld fds=%s timeout=0 sigmask=0", r, bytes(list, 12));
	FD_ZERO(&set);
	r = CALL(select, 1, &set, 0, 0, &now);
	expect("select res=%ld", r);
	r = CALL(epoll_wait, epoll, &event, 1, 0);
	expect("epoll_wait res=%ld maxevents=1", r);
	r = CALL(epoll_wait, epoll, &event, -1, 0);
	expect("epoll_wait res=%ld maxevents=-1", r);
}
