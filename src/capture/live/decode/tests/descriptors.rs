use super::{FileFacts, RecordBuilder, call, minus};
use crate::capture::live::wire::{VmFacts, blob_id};

fn check(rows: &[(RecordBuilder, &str)]) {
    for (record, expected) in rows {
        assert_eq!(record.shown(), *expected);
    }
}

/// Data of an iovec: the sum of its lengths, then the bytes.
fn vector(total: u64, data: &[u8]) -> Vec<u8> {
    [&total.to_ne_bytes()[..], data].concat()
}

#[test]
fn data_is_what_was_read_and_what_was_to_be_written() {
    let long = [b'x'; 100];
    let kept = format!("write res=100 data='{}' fd=5 size=100", "x".repeat(80));
    check(&[
        (call("read", 10, &[5, 1, 10]).blob(1, b"hellPWworl"), "read res=10 data='hellPWworl' fd=5 size=10"),
        (call("read", 0, &[3, 1, 4096]), "read res=0 data=- fd=3 size=4096"),
        (call("read", -9, &[999, 1, 10]).blob(1, b"old"), "read res=-9 data=- fd=999 size=10"),
        (call("write", -9, &[999, 1, 1]).blob(1, b"x"), "write res=-9 data='x' fd=999 size=1"),
        (call("write", 100, &[5, 1, 100]).blob(1, &long), &kept),
        (call("write", 3, &[5, 1, 7]).blob(1, b"partial"), "write res=3 data='par' fd=5 size=7"),
        (call("writev", 3, &[5, 1, 2]).blob(1, &vector(7, b"partial")), "writev res=3 data='par' fd=5 size=7"),
        (call("pwrite64", 2, &[5, 1, 2, 4]).blob(1, b"PW"), "pwrite res=2 data='PW' fd=5 size=2 pos=4"),
        (call("writev", 6, &[5, 1, 2]).blob(1, &vector(106, b"abcdef")), "writev res=6 data='abcdef' fd=5 size=106"),
        (call("preadv", 4, &[5, 1, 2, 9]).blob(1, &vector(32, b"hell")), "preadv res=4 size=32 data='hell' fd=5 pos=9"),
        (call("readv", -14, &[5, 1, 2]), "readv res=-14 size=0 data=- fd=5"),
        (call("lseek", 139, &[255, minus(673), 1]), "lseek res=139 fd=255 offset=-673 whence=1"),
        (
            call("copy_file_range", -18, &[3, 0, 1, 0, 100, 0]),
            "copy_file_range res=-18 fdout=1 offout=0 fdin=3 offin=0 len=100",
        ),
        (call("splice", 8, &[12, 1, 23, 0, 8, 2]), "splice res=8 fd_in=12 fd_out=23 size=8 flags=0x2"),
        (call("sendfile", -22, &[7, 12, 1, 20]).longs(2, &[5]), "sendfile res=-22 offset=0 out_fd=7 in_fd=12 size=20"),
    ]);
}

#[test]
fn descriptors_that_are_made_and_closed() {
    let pipe = FileFacts { ino: 214_316, dev: 12, mode: 0o10_600, f_flags: 0, f_mode: 0, layer: 0, reserved: 0 };
    check(&[
        (call("close", -9, &[12345]), "close res=-9 fd=12345"),
        (call("close_range", 0, &[6, 0x7fff_ffff, 4]), "close_range res=0 first=6 last=2147483647 flags=0x4"),
        (call("dup2", -9, &[555, 3]), "dup2 res=-9 oldfd=555 newfd=3"),
        (call("dup3", 61, &[5, 61, 0o2_000_000]), "dup3 res=61 oldfd=5 newfd=61 flags=0x1000"),
        (
            call("pipe2", 0, &[1, 0o2_004_000]).words(0, &[24, 25]).file(&pipe),
            "pipe2 res=0 fd1=24 fd2=25 ino=214316 flags=0x1040",
        ),
        (call("pipe", -14, &[1]), "pipe res=-14 fd1=-1 fd2=-1 ino=0"),
        (call("fcntl", 71, &[5, 1030, 71]), "fcntl res=71 fd=5 cmd=26 arg=0x47"),
        (call("fcntl", 32770, &[5, 3]), "fcntl res=32770 fd=5 cmd=4 arg=0x0"),
        (call("fcntl", 0, &[32, 1033, 8]), "fcntl res=0 fd=32 cmd=0 arg=0x8"),
        (call("ioctl", -25, &[2, 0x5401, 0x7ffc]), "ioctl res=-25 fd=2 request=0x5401 argument=0x7ffc"),
        (call("eventfd2", 26, &[3, 0o4000]), "eventfd2 res=26 flags=0x40 initval=3"),
        (call("eventfd", 27, &[1]), "eventfd res=27 initval=1 flags=0x0"),
        (call("timerfd_create", 28, &[1, 0o2_000_000]), "timerfd_create res=28 clockid=1 flags=0x0"),
        (call("inotify_init1", 30, &[0o4000]), "inotify_init1 res=30 flags=0x40"),
        (call("signalfd4", 29, &[minus(1), 1, 8, 0o2_000_000]), "signalfd4 res=29 flags=0x1000 fd=-1 mask=0x0"),
        (call("epoll_create", -22, &[minus(1)]), "epoll_create res=-22 size=-1"),
        (call("epoll_create1", 6, &[0o2_000_000]), "epoll_create1 res=6 flags=0x1"),
        (call("memfd_create", 32, &[1, 3]).text(0, "scratch"), "memfd_create fd=32 name='scratch' flags=0x3"),
    ]);
}

#[test]
fn memory_calls_have_falcos_words_and_the_size_of_the_process() {
    let vm = VmFacts { size_kb: 2412, rss_kb: 164, swap_kb: 0, reserved: 0 };
    check(&[
        (
            call("mmap", 0x7f1d_6495_5000, &[0x7f1d_6495_5000, 1_400_832, 5, 0x812, 3, 155_648])
                .blob(blob_id::VM, vm.as_bytes()),
            "mmap res=0x7f1d64955000 vm_size=2412 vm_rss=164 vm_swap=0 addr=0x7f1d64955000 length=1400832 prot=0x5 \
             flags=0x406 fd=3 offset=155648",
        ),
        (
            call("mmap", 4096, &[0, 8192, 3, 0x22, 0xffff_ffff, 0]),
            "mmap res=0x1000 vm_size=- vm_rss=- vm_swap=- addr=0x0 length=8192 prot=0x3 flags=0xa fd=-1 offset=0",
        ),
        (call("mprotect", 0, &[4096, 8192, 5]), "mprotect res=0 addr=0x1000 length=8192 prot=0x5"),
        (call("mlock2", 0, &[4096, 8192, 1]), "mlock2 res=0 addr=0x1000 len=8192 flags=0x1"),
        (call("mlockall", 0, &[1]), "mlockall res=0 flags=0x1"),
        (call("munlockall", 0, &[]), "munlockall res=0"),
        (
            call("process_vm_readv", 16, &[23224, 1, 1, 2, 1, 0]).blob(1, &vector(16, b"/var")),
            "process_vm_readv res=16 pid=23224 data='/var'",
        ),
    ]);
}

#[test]
fn poll_lists_hold_what_was_seen() {
    // fd 3: asked POLLIN, seen POLLIN; fd 4: asked POLLOUT, seen POLLOUT; fd -1
    let pollfds = [3, 1 | 1 << 16, 4, 4 | 4 << 16, u32::MAX, 1];
    check(&[
        (
            call("poll", 2, &[1, 3, 0xffff_ffff]).words(0, &pollfds),
            "poll res=2 fds=03000300000000000000010004000000000000000400ffffffffffffffff0000 timeout=4294967295",
        ),
        (call("poll", 0, &[0, 0, 1]), "poll res=0 fds=0000 timeout=1"),
        (call("poll", -14, &[1, 2, 1]), "poll res=-14 fds=0000 timeout=1"),
        (
            call("ppoll", 0, &[1, 1, 2, 3])
                .words(0, &[7, 0x2000_0001])
                .longs(2, &[0, 999_203])
                .longs(3, &[1 << 33 | 5]),
            "ppoll res=0 fds=010007000000000000000800 timeout=999203 sigmask=5",
        ),
        (call("epoll_wait", 1, &[6, 1, 1, 5]), "epoll_wait res=1 maxevents=1"),
        (call("select", 1, &[8]), "select res=1"),
        (
            call("futex", 0, &[0x7f1d_64b0_3a4c, 0x81, 2_147_483_647]),
            "futex res=0 addr=0x7f1d64b03a4c op=0x81 val=2147483647",
        ),
    ]);
}
