use super::{RecordBuilder, call, minus};

fn check(rows: &[(RecordBuilder, &str)]) {
    for (record, expected) in rows {
        assert_eq!(record.shown(), *expected);
    }
}

#[test]
fn signals_and_whom_they_go_to() {
    check(&[
        (call("kill", -3, &[1 << 21, 9]), "kill res=-3 pid=2097152 sig=9"),
        (call("kill", 0, &[minus(1), 15]), "kill res=0 pid=-1 sig=15"),
        (call("tkill", 0, &[23186, 10]), "tkill res=0 tid=23186 sig=10"),
        (call("tgkill", 0, &[23186, 23187, 10]), "tgkill res=0 pid=23186 tid=23187 sig=10"),
    ]);
}

#[test]
fn modules_and_programs_that_enter_the_kernel() {
    check(&[
        (
            call("init_module", -38, &[1, 10, 2]).blob(0, b"/var\0\0\0\0\0\0").text(2, "opt=1"),
            "init_module res=-38 img='/var\\x00\\x00\\x00\\x00\\x00\\x00' length=10 uargs='opt=1'",
        ),
        (call("finit_module", -38, &[4, 1, 3]).text(1, "p=2"), "finit_module res=-38 fd=4 uargs='p=2' flags=0x3"),
        (
            call("delete_module", -38, &[1, 0o5000]).text(0, "nosuchmod"),
            "delete_module res=-38 name='nosuchmod' flags=0x3",
        ),
        (call("bpf", -22, &[999]), "bpf fd=-22 cmd=999"),
        (call("userfaultfd", 6, &[0o2_004_000]), "userfaultfd res=6 flags=0x1040"),
        (
            call("io_uring_setup", 7, &[4, 1]).words(1, &[4, 8, 0x4a, 0, 1, 0x6ff]),
            "io_uring_setup res=7 entries=4 sq_entries=4 cq_entries=8 flags=0x92 sq_thread_cpu=0 sq_thread_idle=1 \
             features=0x6ff",
        ),
        (
            call("io_uring_enter", 0, &[7, 1, 2, 1, 0, 0]),
            "io_uring_enter res=0 fd=7 to_submit=1 min_complete=2 flags=0x1 sig=0",
        ),
        (call("io_uring_register", -6, &[7, 3, 0, 0]), "io_uring_register res=-6 fd=7 opcode=3 arg=0x0 nr_args=0"),
    ]);
}

#[test]
fn keys_quotas_and_file_system_settings() {
    check(&[
        (
            call("keyctl", 761_914_562, &[1, 0]),
            "keyctl res=761914562 operation=1 arg2=01 arg3=000000000000000000 arg4=000000000000000000 \
             arg5=000000000000000000",
        ),
        (
            call("keyctl", 0, &[8, 0xffff_fffc, 0xffff_fffd]),
            "keyctl res=0 operation=8 arg2=00fcffffff00000000 arg3=00fdffffff00000000 arg4=000000000000000000 \
             arg5=000000000000000000",
        ),
        (
            call("keyctl", -126, &[10, 1, 2, 3]).text(2, "user").text(3, "k"),
            "keyctl res=-126 operation=10 arg2=000100000000000000 arg3=017573657200 arg4=016b00 \
             arg5=000000000000000000",
        ),
        (
            call("quotactl", -2, &[0x8000_0200, 1, 0, 0]).text(1, "/dev/none"),
            "quotactl res=-2 special='/dev/none' quotafilepath=- dqb_bhardlimit=0 dqb_bsoftlimit=0 dqb_curspace=0 \
             dqb_ihardlimit=0 dqb_isoftlimit=0 dqb_btime=0 dqb_itime=0 dqi_bgrace=0 dqi_igrace=0 dqi_flags=0 \
             quota_fmt_out=1 cmd=1 type=1 id=0 quota_fmt=1",
        ),
        (
            call("quotactl", 0, &[0x8000_0701, 1, 33, 2]).text(1, "/dev/a").longs(3, &[1, 2, 3, 4, 5, 6, 7, 8, 0x3f]),
            "quotactl res=0 special='/dev/a' quotafilepath=- dqb_bhardlimit=1 dqb_bsoftlimit=2 dqb_curspace=3 \
             dqb_ihardlimit=4 dqb_isoftlimit=5 dqb_btime=7 dqb_itime=8 dqi_bgrace=0 dqi_igrace=0 dqi_flags=0 \
             quota_fmt_out=1 cmd=32 type=2 id=33 quota_fmt=1",
        ),
        (
            call("quotactl", 0, &[0x8000_0701, 1, 33, 2]).text(1, "/dev/a").longs(3, &[1, 2, 3, 4, 5, 6, 7, 8, 4]),
            "quotactl res=0 special='/dev/a' quotafilepath=- dqb_bhardlimit=0 dqb_bsoftlimit=0 dqb_curspace=0 \
             dqb_ihardlimit=4 dqb_isoftlimit=5 dqb_btime=0 dqb_itime=0 dqi_bgrace=0 dqi_igrace=0 dqi_flags=0 \
             quota_fmt_out=1 cmd=32 type=2 id=33 quota_fmt=1",
        ),
        (
            call("quotactl", 0, &[0x8000_0600, 1, 0, 2]).text(1, "/dev/a").longs(3, &[604_800, 86_400, 7 << 32 | 1]),
            "quotactl res=0 special='/dev/a' quotafilepath=- dqb_bhardlimit=0 dqb_bsoftlimit=0 dqb_curspace=0 \
             dqb_ihardlimit=0 dqb_isoftlimit=0 dqb_btime=0 dqb_itime=0 dqi_bgrace=604800 dqi_igrace=86400 dqi_flags=1 \
             quota_fmt_out=1 cmd=16 type=1 id=0 quota_fmt=1",
        ),
        (
            call("fsconfig", 0, &[3, 2, 1, 2, 3]).text(2, "key").blob(3, b"a\0b"),
            "fsconfig res=0 fd=3 cmd=2 key='key' value_bytebuf='a\\x00b' value_charbuf=- aux=3",
        ),
        (
            call("fsconfig", -22, &[3, 1, 1, 2, 0]).text(2, "key").text(3, "value"),
            "fsconfig res=-22 fd=3 cmd=1 key='key' value_bytebuf=- value_charbuf=- aux=0",
        ),
        (
            call("fsconfig", 0, &[3, 1, 1, 2, 0]).text(2, "key").text(3, "value"),
            "fsconfig res=0 fd=3 cmd=1 key='key' value_bytebuf=- value_charbuf='value' aux=0",
        ),
    ]);
}

#[test]
fn semaphores() {
    check(&[
        (call("semget", 1, &[0, 2, 0o1600]), "semget res=1 key=0x0 nsems=2 semflg=0x2000"),
        (
            call("semop", 0, &[1, 1, 2]).blob(1, &[0, 0, 1, 0, 0, 0, 1, 0, 0xfe, 0xff, 0, 8]),
            "semop res=0 nsops=2 sem_num_0=0 sem_op_0=1 sem_flg_0=0x0 sem_num_1=1 sem_op_1=-2 sem_flg_1=0x1 semid=1",
        ),
        (
            call("semop", -11, &[1, 1, 2]).blob(1, &[0, 0, 1, 0, 0, 0, 1, 0, 0xfe, 0xff, 0, 8]),
            "semop res=-11 nsops=2 sem_num_0=0 sem_op_0=0 sem_flg_0=0x0 sem_num_1=0 sem_op_1=0 sem_flg_1=0x0 semid=1",
        ),
        (
            call("semop", 0, &[1, 1, 1]).blob(1, &[0, 0, 1, 0, 0, 0x10, 1, 0, 0xfe, 0xff, 0, 8]),
            "semop res=0 nsops=1 sem_num_0=0 sem_op_0=1 sem_flg_0=0x2 sem_num_1=0 sem_op_1=0 sem_flg_1=0x0 semid=1",
        ),
        (call("semctl", 1, &[1, 0, 12, 9]), "semctl res=1 semid=1 semnum=0 cmd=0x200 val=0"),
        (call("semctl", 0, &[1, 0, 0x110, 9]), "semctl res=0 semid=1 semnum=0 cmd=0x1000 val=9"),
    ]);
}
