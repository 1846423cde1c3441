/* What reaches into the kernel, file systems and namespaces; most of it is refused, which changes no argument. */
#include "calls.h"
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/sem.h>
#include <sys/uio.h>

void mounts(void)
{
	int fs = -1, has_tmpfs;
	long r;

	r = CALL(unshare, CLONE_NEWNS);
	expect("unshare res=%ld flags=CLONE_NEWNS", r);
	if (r < 0)
		skip("mount that works: no mount namespace can be made (%s)", strerror(-r));
	hide();
	mkdir("place", 0755);
	has_tmpfs = r == 0 && mount("none", "/", 0, MS_REC | MS_PRIVATE, 0) == 0;
	show();
	if (has_tmpfs) {
		r = CALL(mount, "none", "place", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m");
		expect("mount res=%ld dev=none dir=place type=tmpfs flags=NOSUID|NODEV|NOEXEC", r);
		r = CALL(mount, "none", "place", 0, MS_REMOUNT | MS_RDONLY | 0xc0ed0000, 0);
		expect("mount res=%ld dev=none dir=place type=<NA> flags=REMOUNT|RDONLY", r);
		r = CALL(umount2, "place", MNT_DETACH);
		expect("umount2 res=%ld name=place flags=DETACH", r);
	}
	r = CALL(mount, 0, "/no/such/place", "proc", MS_BIND | MS_REC, 0);
	expect("mount res=%ld dev=<NA> dir=/no/such/place type=proc flags=BIND|REC", r);
	r = CALL(umount2, "/no/such/place", MNT_FORCE | UMOUNT_NOFOLLOW);
	expect("umount2 res=%ld name=/no/such/place flags=FORCE|NOFOLLOW", r);
	hide();
	fs = CALL(fsopen, "tmpfs", 0);
	show();
	if (fs >= 0) {
		r = CALL(fsconfig, fs, 1, "size", "1m", 0);
		expect("fsconfig res=%ld fd=%d cmd=FSCONFIG_SET_STRING key=size value_bytebuf=<NA> value_charbuf=1m aux=0", r, fs);
		r = CALL(fsconfig, fs, 0, "ro", 0, 0);
		expect("fsconfig res=%ld fd=%d cmd=FSCONFIG_SET_FLAG key=ro value_bytebuf=<NA> value_charbuf=<NA> aux=0", r, fs);
	} else {
		skip("fsconfig that works: fsopen gives %s", strerror(-fs));
	}
	r = CALL(fsconfig, 777, 2, "key", "a\0b", 3);
	expect("fsconfig res=%ld fd=777 cmd=FSCONFIG_SET_BINARY key=key value_bytebuf=<NA> value_charbuf=<NA> aux=3", r);
}

void namespaces(void)
{
	int net;
	long r;

	hide();
	net = open("/proc/self/ns/uts", O_RDONLY);
	show();
	r = CALL(setns, net, CLONE_NEWUTS);
	expect("setns res=%ld fd=%d nstype=CLONE_NEWUTS", r, net);
	r = CALL(setns, 777, 0);
	expect("setns res=%ld fd=777 nstype=0", r);
	r = CALL(unshare, CLONE_FS | CLONE_FILES);
	expect("unshare res=%ld flags=CLONE_FS|CLONE_FILES", r);
	r = CALL(unshare, CLONE_NEWUTS | CLONE_NEWIPC);
	expect("unshare res=%ld flags=CLONE_NEWUTS|CLONE_NEWIPC", r);
	r = CALL(unshare, 0x1);
	expect("unshare res=%ld flags=0", r);
}

void kernel(void)
{
	union bpf_attr attributes;
	struct io_uring_params ring;
	char image[10] = "/var";
	int map, fd;
	long r;

	hide();
	fd = open("module", O_RDWR | O_CREAT, 0600);
	show();
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = attributes.value_size = 4;
	attributes.max_entries = 1;
	map = CALL(bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
	expect("bpf fd=%d cmd=BPF_MAP_CREATE", map);
	r = CALL(bpf, 999, &attributes, 8);
	expect("bpf fd=%ld cmd=999", r);
	r = CALL(init_module, image, sizeof(image), "opt=1 two");
	expect("init_module res=%ld img=%s length=10 uargs=opt=1\\x20two", r, bytes(image, 10));
	r = CALL(finit_module, fd, "p=2", 1 | 2);
	expect("finit_module res=%ld fd=%d uargs=p=2 flags=MODULE_INIT_IGNORE_MODVERSIONS|MODULE_INIT_IGNORE_VERMAGIC", r, fd);
	r = CALL(delete_module, "nosuchmodule", O_NONBLOCK | O_TRUNC);
	expect("delete_module res=%ld name=nosuchmodule flags=O_NONBLOCK|O_TRUNC", r);
	r = CALL(seccomp, SECCOMP_SET_MODE_FILTER, 0, 0);
	expect("seccomp res=%ld op=1 flags=0", r);
	r = CALL(seccomp, 77, 5, 0);
	expect("seccomp res=%ld op=77 flags=5", r);
	memset(&ring, 0, sizeof(ring));
	ring.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
	ring.cq_entries = 16;
	r = CALL(io_uring_setup, 4, &ring);
	expect("io_uring_setup res=%ld entries=4 sq_entries=%u cq_entries=%u flags=IORING_SETUP_CQSIZE|IORING_SETUP_CLAMP sq_thread_cpu=0 sq_thread_idle=0 features=%u",
	       r, ring.sq_entries, ring.cq_entries, ring.features & 0x7ff);
	fd = r;
	r = CALL(io_uring_enter, fd, 0, 0, 1, 0, 8);
	expect("io_uring_enter res=%ld fd=%d to_submit=0 min_complete=0 flags=IORING_ENTER_GETEVENTS sig=0", r, fd);
	r = CALL(io_uring_enter, 777, 3, 2, 2, "\5\0\0\0\0\0\0", 8);
	expect("io_uring_enter res=%ld fd=777 to_submit=3 min_complete=2 flags=IORING_ENTER_SQ_WAKEUP sig=5", r);
	r = CALL(io_uring_register, fd, 3, 0, 0);
	expect("io_uring_register res=%ld fd=%d opcode=IORING_UNREGISTER_FILES arg=0 nr_args=0", r, fd);
	r = CALL(io_uring_register, 777, 8, 0x1230, 5);
	expect("io_uring_register res=%ld fd=777 opcode=IORING_REGISTER_PROBE arg=0x1230 nr_args=5", r);
	r = CALL(keyctl, 1, "own ring");
	expect("keyctl res=%ld operation=KEYCTL_JOIN_SESSION_KEYRING arg2=%s arg3=%s arg4=%s arg5=%s",
	       r, bytes("\1own ring", 10), dyn(0, 0, 8), dyn(0, 0, 8), dyn(0, 0, 8));
	r = CALL(keyctl, 10, -4, "user", "no key", 7);
	expect("keyctl res=%ld operation=KEYCTL_SEARCH arg2=%s arg3=%s arg4=%s arg5=%s",
	       r, dyn(0, -4, 8), bytes("\1user", 6), bytes("\1no key", 8), dyn(0, 7, 8));
	r = CALL(keyctl, 8, -4, -5);
	expect("keyctl res=%ld operation=KEYCTL_LINK arg2=%s arg3=%s arg4=%s arg5=%s",
	       r, dyn(0, -4, 8), dyn(0, -5, 8), dyn(0, 0, 8), dyn(0, 0, 8));
	r = CALL(ptrace, PTRACE_ATTACH, 1 << 22, 0x10, 0x20);
	expect("ptrace res=%ld addr=%s data=%s request=PTRACE_ATTACH pid=4194304", r, dyn(0, 0, 8), dyn(0, 0, 8));
	r = CALL(ptrace, 0x7777, 5, 0, 0);
	expect("ptrace res=%ld addr=%s data=%s request=PTRACE_UNKNOWN pid=5", r, dyn(0, 0, 8), dyn(0, 0, 8));
}

void semaphores(void)
{
	struct sembuf operations[3] = { { 0, 2, SEM_UNDO }, { 1, 3, IPC_NOWAIT }, { 0, 1, 0 } };
	struct sembuf waits = { 1, -9, IPC_NOWAIT };
	int set;
	long r;

	set = CALL(semget, IPC_PRIVATE, 2, IPC_CREAT | IPC_EXCL | 0600);
	expect("semget res=%d key=0 nsems=2 semflg=IPC_CREAT|IPC_EXCL", set);
	r = CALL(semget, 0x5ee1, 1, 0);
	expect("semget res=%ld key=0x5ee1 nsems=1 semflg=0", r);
	r = CALL(semop, set, operations, 3);
	expect("semop res=%ld nsops=3 sem_num_0=0 sem_op_0=2 sem_flg_0=SEM_UNDO sem_num_1=1 sem_op_1=3 sem_flg_1=IPC_NOWAIT semid=%d", r, set);
	r = CALL(semop, set, operations + 1, 1);
	expect("semop res=%ld nsops=1 sem_num_0=1 sem_op_0=3 sem_flg_0=IPC_NOWAIT sem_num_1=0 sem_op_1=0 sem_flg_1=0 semid=%d", r, set);
	r = CALL(semop, set, &waits, 1);
	expect("semop res=%ld nsops=1 sem_num_0=0 sem_op_0=0 sem_flg_0=0 sem_num_1=0 sem_op_1=0 sem_flg_1=0 semid=%d", r, set);
	r = CALL(semctl, set, 1, GETVAL);
	expect("semctl res=%ld semid=%d semnum=1 cmd=GETVAL val=0", r, set);
	r = CALL(semctl, set, 1, SETVAL, 42);
	expect("semctl res=%ld semid=%d semnum=1 cmd=SETVAL val=42", r, set);
	r = CALL(semctl, set, 0, IPC_RMID);
	expect("semctl res=%ld semid=%d semnum=0 cmd=IPC_RMID val=0", r, set);
	r = CALL(semctl, -1, 0, 16 | 0x100, -2);
	expect("semctl res=%ld semid=-1 semnum=0 cmd=SETVAL val=-2", r);
}

#define NO_LIMITS	"dqb_bhardlimit=0 dqb_bsoftlimit=0 dqb_curspace=0 dqb_ihardlimit=0 dqb_isoftlimit=0 dqb_btime=0 dqb_itime=0"
#define NO_INFO		"dqi_bgrace=0 dqi_igrace=0 dqi_flags=0"

void quotas(void)
{
	struct dqblk limits = { 1, 2, 3, 4, 5, 6, 7, 8, QIF_LIMITS | QIF_BTIME };
	struct dqinfo info = { 604800, 86400, 1, IIF_ALL };
	long r;

	r = CALL(quotactl, QCMD(Q_QUOTAON, USRQUOTA), "/dev/none", QFMT_VFS_V0, "/quota file");
	expect("quotactl res=%ld special=/dev/none quotafilepath=/quota\\x20file " NO_LIMITS " " NO_INFO
	       " quota_fmt_out=QFMT_NOT_USED cmd=Q_QUOTAON type=USRQUOTA id=0 quota_fmt=QFMT_VFS_V0", r);
	r = CALL(quotactl, QCMD(Q_SETQUOTA, GRPQUOTA), "/dev/none", 33, &limits);
	expect("quotactl res=%ld special=/dev/none quotafilepath=<NA> dqb_bhardlimit=1 dqb_bsoftlimit=2 dqb_curspace=0 "
	       "dqb_ihardlimit=4 dqb_isoftlimit=5 dqb_btime=7 dqb_itime=0 " NO_INFO
	       " quota_fmt_out=QFMT_NOT_USED cmd=Q_SETQUOTA type=GRPQUOTA id=33 quota_fmt=QFMT_NOT_USED", r);
	r = CALL(quotactl, QCMD(Q_SETINFO, USRQUOTA), "/dev/none", 0, &info);
	expect("quotactl res=%ld special=/dev/none quotafilepath=<NA> " NO_LIMITS
	       " dqi_bgrace=604800 dqi_igrace=86400 dqi_flags=1 quota_fmt_out=QFMT_NOT_USED cmd=Q_SETINFO type=USRQUOTA id=0 quota_fmt=QFMT_NOT_USED", r);
	r = CALL(quotactl, QCMD(Q_SYNC, GRPQUOTA), 0, 0, 0);
	expect("quotactl res=%ld special=<NA> quotafilepath=<NA> " NO_LIMITS " " NO_INFO
	       " quota_fmt_out=QFMT_NOT_USED cmd=Q_SYNC type=GRPQUOTA id=0 quota_fmt=QFMT_NOT_USED", r);
}
