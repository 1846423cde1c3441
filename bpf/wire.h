/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The one definition of what crosses from kernel to user space.
 *
 * A record in a ring is a struct sr_record, then `nblobs` blobs, each a struct sr_blob followed by `len` bytes and
 * padding to a multiple of 8. All in the machine's byte order. The Rust side is src/capture/live/wire.rs; a test
 * compares the two through the object's BTF.
 */
#ifndef SYSREEL_WIRE_H
#define SYSREEL_WIRE_H

/* What a record tells of. */
enum sr_record_type {
	SR_SYSCALL = 1,		/* a system call that returned: nr, ret, args */
	SR_PROCEXIT = 2,	/* a thread ended: ret = its exit code word, args[0] = tid of its reaper */
	SR_EXEC = 3,		/* a successful execve/execveat: as SR_SYSCALL, facts of the new image in blobs */
};

/* What a blob holds. Blobs 0 to 5 hold what the argument of that number pointed to. */
enum sr_blob_id {
	SR_BLOB_ARG0 = 0,
	SR_BLOB_ARG5 = 5,
	SR_BLOB_TASK = 16,	/* struct sr_task */
	SR_BLOB_ARGV = 17,	/* strings, each ending in NUL, the first one included */
	SR_BLOB_ENVP = 18,	/* strings, each ending in NUL */
	SR_BLOB_CGROUPS = 19,	/* `subsystem=path` strings, each ending in NUL */
	SR_BLOB_EXEPATH = 20,	/* path components from the leaf up to the root, each ending in NUL */
	SR_BLOB_CWD = 21,	/* the same for the working directory */
	SR_BLOB_FILE = 22,	/* struct sr_file of the descriptor that the call made */
	SR_BLOB_SOCK = 23,	/* struct sr_sock of the socket that the call worked on or made */
	SR_BLOB_SOCK_PATH = 24,	/* unix socket: path of the socket's own address (or its peer's) as in sun_path */
	SR_BLOB_FILENAME = 25,	/* the path given to execve, from before the image was replaced */
	SR_BLOB_CHILD = 26,	/* struct sr_task of the child, with a successful clone in the parent */
	SR_BLOB_LOST = 27,	/* reserved for loss reports */
	SR_BLOB_VM = 28,	/* struct sr_vm of the current task, after the call */
	SR_BLOB_FILE_PATH = 29,	/* path components, as EXEPATH, of the descriptor that the call made */
};

/* Bits of sr_blob.flags. */
#define SR_BLOB_TRUNCATED	1	/* there was more than fits; not set for data of an iovec or a message cut at snaplen */
#define SR_BLOB_FAULT		2	/* memory could not be read; what is there is what could be */

struct sr_blob {
	unsigned short id;
	unsigned short flags;
	unsigned int len;
};

struct sr_record {
	unsigned long long ts_ns;	/* CLOCK_BOOTTIME */
	unsigned int len;		/* of the whole record with its blobs, padding included */
	unsigned short type;		/* enum sr_record_type */
	unsigned short nblobs;
	unsigned int tid;
	unsigned int pid;
	unsigned short cpu;
	unsigned short nr;		/* native system call number, also of 32-bit programs */
	unsigned int seq;		/* counts this cpu's records of this ring */
	long long ret;
	unsigned long long args[6];
};

/* Facts of a task, in the host's terms unless said otherwise. */
struct sr_task {
	unsigned int tid, pid, ppid;
	unsigned int vtid, vpid;	/* in the task's innermost pid namespace */
	unsigned int pgid, vpgid;
	unsigned int sid, vsid;
	unsigned int tty;		/* device number as the kernel prints it, 0 none */
	unsigned int loginuid;
	unsigned int uid, gid;		/* effective, in the initial user namespace */
	unsigned int exe_flags;		/* bits of falco's execve_flags: 1 writable 2 upper layer 4 memfd 8 lower layer */
	unsigned long long cap_inheritable, cap_permitted, cap_effective;
	unsigned long long exe_ino, exe_ino_ctime_ns, exe_ino_mtime_ns;
	unsigned long long start_boottime_ns;		/* of the task */
	unsigned long long pidns_init_start_ns;		/* CLOCK_BOOTTIME start of the pid namespace's first task */
	unsigned long long vm_size_kb, vm_rss_kb, vm_swap_kb;
	unsigned long long pf_major, pf_minor;
	unsigned long long fdlimit;
	unsigned long long cgroup_id;	/* of the hierarchy that containers are told apart by */
	char comm[16];
};

/* Facts of an open file. */
struct sr_file {
	unsigned long long ino;
	unsigned int dev;		/* user-space encoding, as stat(2) gives */
	unsigned int mode;		/* type and permission bits */
	unsigned int f_flags;		/* kernel open flags */
	unsigned int f_mode;		/* kernel FMODE_* bits (FMODE_CREATED tells O_F_CREATED) */
	unsigned int layer;		/* 1 overlay upper layer, 2 overlay lower layer, 0 neither */
	unsigned int reserved;
};

/* Facts of a socket. Addresses and ports are in network byte order. */
struct sr_sock {
	unsigned short family;
	unsigned short type;
	unsigned short protocol;
	unsigned short state;
	unsigned char local_ip[16];	/* the first 4 bytes for IPv4 */
	unsigned char remote_ip[16];
	unsigned short local_port;
	unsigned short remote_port;
	unsigned int backlog_len;	/* of the listening socket (accept) */
	unsigned int backlog_max;
	unsigned int reserved;
	unsigned long long self;	/* kernel address, unix sockets */
	unsigned long long peer;
};

/* Memory of a process, KiB. */
struct sr_vm {
	unsigned int size_kb, rss_kb, swap_kb;
	unsigned int reserved;
};

/* What a SR_FETCH_MSGHDR* blob begins with: name, control data and data follow, the first two padded to 8 bytes. */
struct sr_msg {
	unsigned long long total;	/* sum of the lengths in the message's iovec */
	unsigned int sent;		/* SR_FETCH_MMSGHDR: msg_len of the message, else 0 */
	unsigned short name_len;	/* bytes of name (struct sockaddr) that follow, at most 128 */
	unsigned short control_len;	/* bytes of control data that follow, at most SR_CONTROL_MAX; 0 if the call failed */
};

/* How to fetch what an argument points to. */
enum sr_fetch {
	SR_FETCH_NONE = 0,
	SR_FETCH_STR = 1,		/* NUL-terminated string, at most SR_PATH_MAX bytes */
	SR_FETCH_BUF = 2,		/* bytes, length = min(argument len_arg, snaplen), whatever the result */
	SR_FETCH_BUF_RET = 3,		/* bytes, length = min(result, snaplen), only if the result is positive */
	SR_FETCH_SOCKADDR = 4,		/* struct sockaddr, length in argument len_arg */
	SR_FETCH_SOCKADDR_OUT = 5,	/* struct sockaddr, argument len_arg points to its length */
	SR_FETCH_IOVEC = 6,		/* array of struct iovec, count in argument len_arg: blob = u64 sum of the
					 * lengths, then data up to snaplen */
	SR_FETCH_IOVEC_RET = 7,		/* the same, data up to min(result, snaplen) */
	SR_FETCH_MSGHDR = 8,		/* struct msghdr (sendmsg): blob = struct sr_msg, name, control, data */
	SR_FETCH_MSGHDR_RET = 9,	/* the same for recvmsg: data up to min(result, snaplen) */
	SR_FETCH_FIXED = 10,		/* len_arg * 4 bytes */
	SR_FETCH_FD_PAIR = 11,		/* two ints, descriptors that the call made (pipe, socketpair): 8 bytes; with
					 * SR_DESC_FILE_RET or SR_DESC_SOCK_RET facts of the first one are added */
	SR_FETCH_ITEMS8 = 12,		/* array of 8-byte items (struct pollfd), count in argument len_arg, at most 16 */
	SR_FETCH_MMSGHDR = 13,		/* array of struct mmsghdr: for each message that the call handled a blob as that of
					 * SR_FETCH_MSGHDR, data up to min(its msg_len, snaplen), while there is room */
	SR_FETCH_BUF_LEN_AT = 14,	/* bytes, argument len_arg points to their number, whatever the result (getsockopt) */
	SR_FETCH_FSCONFIG = 15,		/* a string, or, if argument 1 is FSCONFIG_SET_BINARY, as SR_FETCH_BUF */
};

#define SR_PATH_MAX	4096	/* with NUL: all that the kernel takes */
#define SR_EXEC_ARGS_MAX	4096	/* of the arguments, and of the environment */
#define SR_CONTROL_MAX	2048	/* more than SCM_MAX_FD descriptors and credentials take */
#define SR_SYSCALL_MAX	512

/* Bits of sr_desc.flags. */
#define SR_DESC_WANTED		1	/* record this call */
#define SR_DESC_TASK		2	/* add SR_BLOB_TASK (clone family in the child, setsid, ...) */
#define SR_DESC_FILE_RET	4	/* add SR_BLOB_FILE of descriptor `ret` */
#define SR_DESC_FILE_ARG0	8	/* add SR_BLOB_FILE of descriptor args[0] */
#define SR_DESC_SOCK_RET	16	/* add SR_BLOB_SOCK of descriptor `ret` */
#define SR_DESC_SOCK_ARG0	32	/* add SR_BLOB_SOCK of descriptor args[0] */
#define SR_DESC_ENTER		64	/* strings and addresses are fetched at entry and merged (open family, connect) */
#define SR_DESC_SECURITY	128	/* goes to the ring of lifecycle and security events */
#define SR_DESC_CLONE		256	/* clone family: SR_BLOB_TASK of the current task; in the parent SR_BLOB_CHILD too if the child still exists */
#define SR_DESC_EXEC		512	/* execve family: failed ones carry ARGV/ENVP/FILENAME read through the arguments */
#define SR_DESC_PROT_EXEC	1024	/* only if argument 2 has PROT_EXEC (mmap, mprotect in the default set) */
#define SR_DESC_OK_ONLY		2048	/* reserved */
#define SR_DESC_VM		4096	/* add SR_BLOB_VM (brk, mmap, munmap) */
#define SR_DESC_PATH_RET	8192	/* add SR_BLOB_FILE_PATH of descriptor `ret` (open_by_handle_at) */

/* One entry per native system call number; zero means "not wanted". */
struct sr_desc {
	unsigned short flags;
	unsigned char nargs;
	unsigned char fetched;		/* a bit per argument that something is fetched of */
	unsigned char fetch[6];		/* enum sr_fetch per argument */
	unsigned char len_arg[6];
};

/* Ring losses, one per cpu: records that found no room, by native call number. */
struct sr_loss {
	unsigned long long by_nr[SR_SYSCALL_MAX];
	unsigned long long procexit;
	unsigned long long first_ts_ns;
	unsigned long long last_ts_ns;
};

#endif
