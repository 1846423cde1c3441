/* Memory, time and limits of the calling process. */
#include "calls.h"
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

/* What a call leaves is known of the size; what is in memory is counted by processor or thread, and its sum lags behind. */
#define SIZES	"vm_size=%ld vm_rss=0..9999999 vm_swap=0..9999999"

void memory(void)
{
	static char area[1 << 16] __attribute__((aligned(4096)));
	struct iovec own = { area, 16 }, other = { area + 100, 16 };
	struct timespec nap = { 0, 2000000 };
	struct rlimit limit = { 256, 1024 }, old = { 0, 0 };
	static int word = 7;
	long r, at, size;
	int self;

	hide();
	self = getpid();
	show();
	size = status_of("VmSize");
	at = CALL(mmap, 0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	expect("mmap res=%ld " SIZES " addr=0 length=1048576 prot=PROT_READ|PROT_WRITE flags=MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE fd=-1 offset=0",
	       at, size + 1024);
	r = CALL(mmap, at, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, 777, 8192);
	expect("mmap res=%ld vm_size=1..99999999 vm_rss=0..9999999 vm_swap=0..999999 addr=%ld length=4096 prot=PROT_READ|PROT_EXEC flags=MAP_SHARED|MAP_FIXED fd=777 offset=8192", r, at);
	r = CALL(mprotect, at, 8192, PROT_READ | PROT_EXEC);
	expect("mprotect res=%ld addr=%ld length=8192 prot=PROT_READ|PROT_EXEC", r, at);
	r = CALL(mprotect, at, 8192, PROT_NONE);
	expect("mprotect res=%ld addr=%ld length=8192 prot=PROT_NONE", r, at);
	r = CALL(munmap, at, 1 << 20);
	expect("munmap res=%ld " SIZES " addr=%ld length=1048576", r, size, at);
	r = CALL(munmap, 1, 5);
	expect("munmap res=%ld vm_size=%ld vm_rss=0..9999999 vm_swap=0..999999 addr=1 length=5", r, size);
	r = CALL(brk, 0);
	expect("brk res=%ld vm_size=%ld vm_rss=0..9999999 vm_swap=0..999999 addr=0", r, size);
	r = CALL(mlock, area, 4096);
	expect("mlock res=%ld addr=%ld len=4096", r, (long)area);
	r = CALL(mlock2, area, 4096, 1);
	expect("mlock2 res=%ld addr=%ld len=4096 flags=MLOCK_ONFAULT", r, (long)area);
	r = CALL(munlock, area, 4096);
	expect("munlock res=%ld addr=%ld len=4096", r, (long)area);
	r = CALL(mlockall, MCL_CURRENT | MCL_ONFAULT);
	expect("mlockall res=%ld flags=MCL_CURRENT|MCL_ONFAULT", r);
	r = CALL(munlockall);
	expect("munlockall res=%ld", r);
	strcpy(area + 100, "from afar");
	r = CALL(process_vm_readv, self, &own, 1, &other, 1, 0);
	if (r < 0)
		skip("process_vm_readv that works: %s", strerror(-r));
	expect("process_vm_readv res=%ld pid=%d data=%s", r, self, r < 0 ? "<NA>" : bytes("from afar\0\0\0\0\0\0", 16));
	r = CALL(process_vm_writev, self, &own, 1, &other, 1, 0);
	expect("process_vm_writev res=%ld pid=%d data=%s", r, self, r < 0 ? "<NA>" : bytes("from afar\0\0\0\0\0\0", 16));
	r = CALL(process_vm_readv, 1 << 22, &own, 1, &other, 1, 0);
	expect("process_vm_readv res=%ld pid=4194304 data=<NA>", r);
	r = CALL(nanosleep, &nap, 0);
	expect("nanosleep res=%ld interval=2000000", r);
	r = CALL(nanosleep, 0, 0);
	expect("nanosleep res=%ld interval=<NA>", r);
	r = CALL(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 5);
	expect("futex res=%ld addr=%ld op=FUTEX_WAKE|FUTEX_PRIVATE_FLAG val=5", r, (long)&word);
	r = CALL(futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 8, &nap);
	expect("futex res=%ld addr=%ld op=FUTEX_WAIT|FUTEX_CLOCK_REALTIME val=8", r, (long)&word);
	r = CALL(getrlimit, RLIMIT_STACK, &old);
	expect("getrlimit res=%ld cur=%ld max=%ld resource=RLIMIT_STACK", r, (long)old.rlim_cur, (long)old.rlim_max);
	r = CALL(getrlimit, 99, &old);
	expect("getrlimit res=%ld cur=-1 max=-1 resource=RLIMIT_UNKNOWN", r);
	r = CALL(setrlimit, RLIMIT_NOFILE, &limit);
	expect("setrlimit res=%ld cur=256 max=1024 resource=RLIMIT_NOFILE", r);
	limit.rlim_cur = 200;
	r = CALL(prlimit64, 0, RLIMIT_NOFILE, &limit, &old);
	expect("prlimit res=%ld newcur=200 newmax=1024 oldcur=256 oldmax=1024 pid=0 resource=RLIMIT_NOFILE", r);
	r = CALL(prlimit64, self, RLIMIT_NOFILE, 0, 0);
	expect("prlimit res=%ld newcur=0 newmax=0 oldcur=0 oldmax=0 pid=%d resource=RLIMIT_NOFILE", r, self);
	r = CALL(prlimit64, 1 << 22, RLIMIT_CORE, 0, &old);
	expect("prlimit res=%ld newcur=0 newmax=0 oldcur=-1 oldmax=-1 pid=4194304 resource=RLIMIT_CORE", r);
}
