/* Files by name: opening them, what happens to their names, modes and owners. */
#include "calls.h"
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

#define LARGE	0100000	/* O_LARGEFILE, which is 0 where the C library does not need it */

void opening(void)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	struct { struct file_handle head; char room[128]; } handle = { { .handle_bytes = 128 } };
	const char *temporary = "O_TMPFILE|O_DIRECTORY|O_RDWR";
	int fd, dir, mount = 0;
	struct place at;
	char path[4096];
	long r;

	fd = CALL(open, "plain", O_RDWR | O_CREAT | O_EXCL, 0640);
	at = place_of(fd);
	expect("open fd=%d name=plain flags=O_RDWR|O_CREAT|O_EXCL|O_F_CREATED mode=0640 dev=%u ino=%lu", fd, at.dev, at.ino);
	r = CALL(open, "plain", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0777);
	expect("open fd=%ld name=plain flags=O_WRONLY|O_APPEND|O_NONBLOCK|O_CLOEXEC mode=0 dev=%u ino=%lu", r, at.dev, at.ino);
	r = CALL(open, "plain", O_RDWR | O_TRUNC | O_SYNC);
	expect("open fd=%ld name=plain flags=O_RDWR|O_TRUNC|O_SYNC|O_DSYNC mode=0 dev=%u ino=%lu", r, at.dev, at.ino);
	r = CALL(open, "plain", O_RDONLY | O_DSYNC | LARGE);
	expect("open fd=%ld name=plain flags=O_RDONLY|O_DSYNC|O_SYNC|O_LARGEFILE mode=0 dev=%u ino=%lu", r, at.dev, at.ino);
	r = CALL(open, "absent", O_RDONLY);
	expect("open fd=%ld name=absent flags=O_RDONLY mode=0 dev=0 ino=0", r);
	r = CALL(open, "plain", O_RDWR | O_CREAT | O_EXCL, 0640);
	expect("open fd=%ld name=plain flags=O_RDWR|O_CREAT|O_EXCL mode=0640 dev=0 ino=0", r);
	r = CALL(open, 8, O_RDONLY);
	expect("open fd=%ld name=<NA> flags=O_RDONLY mode=0 dev=0 ino=0", r);
	r = CALL(creat, "made", 01600);
	at = place_of(r);
	expect("creat fd=%ld name=made mode=01600 dev=%u ino=%lu creat_flags=0", r, at.dev, at.ino);
	r = CALL(creat, "no/such/place", 0600);
	expect("creat fd=%ld name=no/such/place mode=0600 dev=0 ino=0 creat_flags=0", r);
	dir = CALL(openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	at = place_of(dir);
	expect("openat fd=%d dirfd=-100 name=. flags=O_RDONLY|O_DIRECTORY|O_TMPFILE mode=0 dev=%u ino=%lu", dir, at.dev, at.ino);
	r = CALL(openat, dir, "with space", O_WRONLY | O_CREAT, 0666);
	at = place_of(r);
	expect("openat fd=%ld dirfd=%d name=with\\x20space flags=O_WRONLY|O_CREAT|O_F_CREATED mode=0666 dev=%u ino=%lu", r, dir, at.dev, at.ino);
	r = CALL(openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600);
	if (r >= 0) {
		at = place_of(r);
		expect("openat fd=%ld dirfd=-100 name=. flags=%s mode=0600 dev=%u ino=%lu", r, temporary, at.dev, at.ino);
	} else {
		expect("openat fd=%ld dirfd=-100 name=. flags=%s mode=0600 dev=0 ino=0", r, temporary);
	}
	r = CALL(openat, 777, "plain", O_RDONLY);
	expect("openat fd=%ld dirfd=777 name=plain flags=O_RDONLY mode=0 dev=0 ino=0", r);
	snprintf(path, sizeof(path), "%s/plain", folder);
	r = CALL(openat, 777, path, O_RDONLY | O_PATH);
	at = place_of(r);
	expect("openat fd=%ld dirfd=777 name=%s flags=O_RDONLY mode=0 dev=%u ino=%lu", r, path, at.dev, at.ino);
	r = CALL(openat2, dir, "how", &how, sizeof(how));
	at = place_of(r);
	expect("openat2 fd=%ld dirfd=%d name=how flags=O_WRONLY|O_CREAT|O_F_CREATED mode=0600 resolve=RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS dev=%u ino=%lu", r, dir, at.dev, at.ino);
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
	how.flags = O_RDONLY;
	how.mode = 0;
	r = CALL(openat2, dir, "../none", &how, sizeof(how));
	expect("openat2 fd=%ld dirfd=%d name=../none flags=O_RDONLY mode=0 resolve=RESOLVE_IN_ROOT|RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS dev=0 ino=0", r, dir);
	hide();
	r = name_to_handle_at(dir, "plain", &handle.head, &mount, 0);
	show();
	if (r == 0) {
		r = CALL(open_by_handle_at, dir, &handle, O_RDONLY);
		if (r >= 0) {
			at = place_of(r);
			expect("open_by_handle_at fd=%ld mountfd=%d flags=O_RDONLY path=%s/plain dev=%u ino=%lu", r, dir, text(folder), at.dev, at.ino);
		} else {
			expect("open_by_handle_at fd=%ld mountfd=%d flags=O_RDONLY path=<NA> dev=0 ino=0", r, dir);
		}
	} else {
		skip("open_by_handle_at of a file: the file system gives no handles");
	}
	handle.head.handle_bytes = 4;
	r = CALL(open_by_handle_at, 777, &handle, O_RDWR | O_CLOEXEC);
	expect("open_by_handle_at fd=%ld mountfd=777 flags=O_RDWR|O_CLOEXEC path=<NA> dev=0 ino=0", r);
}

void paths(void)
{
	char buffer[4096];
	int dir;
	long r;

	hide();
	dir = open(".", O_RDONLY | O_DIRECTORY);
	close(creat("a", 0644));
	show();
	r = CALL(mkdir, "sub", 0750);
	expect("mkdir res=%ld path=sub mode=0750", r);
	r = CALL(mkdirat, dir, "sub/at", 01777);
	expect("mkdirat res=%ld dirfd=%d path=sub/at mode=01777", r, dir);
	r = CALL(mkdirat, AT_FDCWD, "sub", 0700);
	expect("mkdirat res=%ld dirfd=-100 path=sub mode=0700", r);
	r = CALL(link, "a", "b");
	expect("link res=%ld oldpath=a newpath=b", r);
	r = CALL(linkat, dir, "a", AT_FDCWD, "c", AT_SYMLINK_FOLLOW);
	expect("linkat res=%ld olddir=%d oldpath=a newdir=-100 newpath=c flags=AT_SYMLINK_FOLLOW", r, dir);
	r = CALL(linkat, dir, "", dir, "d", AT_EMPTY_PATH);
	expect("linkat res=%ld olddir=%d oldpath= newdir=%d newpath=d flags=AT_EMPTY_PATH", r, dir, dir);
	r = CALL(symlink, "a", "soft");
	expect("symlink res=%ld target=a linkpath=soft", r);
	r = CALL(symlinkat, "../a", dir, "sub/soft");
	expect("symlinkat res=%ld target=../a linkdirfd=%d linkpath=sub/soft", r, dir);
	r = CALL(rename, "b", "e");
	expect("rename res=%ld oldpath=b newpath=e", r);
	r = CALL(renameat, AT_FDCWD, "c", dir, "f");
	expect("renameat res=%ld olddirfd=-100 oldpath=c newdirfd=%d newpath=f", r, dir);
	r = CALL(renameat2, dir, "e", AT_FDCWD, "f", 1);
	expect("renameat2 res=%ld olddirfd=%d oldpath=e newdirfd=-100 newpath=f flags=RENAME_NOREPLACE", r, dir);
	r = CALL(renameat2, dir, "e", dir, "f", 2);
	expect("renameat2 res=%ld olddirfd=%d oldpath=e newdirfd=%d newpath=f flags=RENAME_EXCHANGE", r, dir, dir);
	r = CALL(stat, "a", buffer);
	expect("stat res=%ld path=a", r);
	r = CALL(stat, "absent", buffer);
	expect("stat res=%ld path=absent", r);
	r = CALL(lstat, "soft", buffer);
	expect("lstat res=%ld path=soft", r);
	r = CALL(fstat, dir, buffer);
	expect("fstat res=%ld fd=%d", r, dir);
	r = CALL(newfstatat, dir, "", buffer, AT_EMPTY_PATH);
	expect("newfstatat res=%ld dirfd=%d path= flags=AT_EMPTY_PATH", r, dir);
	r = CALL(newfstatat, AT_FDCWD, "soft", buffer, AT_SYMLINK_NOFOLLOW);
	expect("newfstatat res=%ld dirfd=-100 path=soft flags=AT_SYMLINK_NOFOLLOW", r);
	r = CALL(access, "a", R_OK | W_OK);
	expect("access res=%ld name=a mode=R_OK|W_OK", r);
	r = CALL(access, "absent", F_OK);
	expect("access res=%ld name=absent mode=F_OK", r);
	r = CALL(chdir, "sub");
	expect("chdir res=%ld path=sub", r);
	r = CALL(getcwd, buffer, sizeof(buffer));
	expect("getcwd res=%ld path=%s/sub", r, text(folder));
	r = CALL(getcwd, buffer, 1);
	expect("getcwd res=%ld path=<NA>", r);
	r = CALL(fchdir, dir);
	expect("fchdir res=%ld fd=%d", r, dir);
	r = CALL(chdir, "/no/such/place");
	expect("chdir res=%ld path=/no/such/place", r);
	r = CALL(getdents64, dir, buffer, sizeof(buffer));
	expect("getdents64 res=%ld fd=%d", r, dir);
	r = CALL(getdents, 777, buffer, sizeof(buffer));
	expect("getdents res=%ld fd=777", r);
	r = CALL(unlink, "soft");
	expect("unlink res=%ld path=soft", r);
	r = CALL(unlinkat, dir, "sub/at", AT_REMOVEDIR);
	expect("unlinkat res=%ld dirfd=%d name=sub/at flags=AT_REMOVEDIR", r, dir);
	r = CALL(unlinkat, AT_FDCWD, "sub", 0);
	expect("unlinkat res=%ld dirfd=-100 name=sub flags=0", r);
	r = CALL(rmdir, "sub");
	expect("rmdir res=%ld path=sub", r);
	r = CALL(chroot, "/no/such/root");
	expect("chroot res=%ld path=/no/such/root", r);
	r = CALL(mknod, "pipe", S_IFIFO | 0644, 0);
	expect("mknod res=%ld path=pipe mode=S_IFIFO|S_IRUSR|S_IWUSR|S_IRGRP|S_IROTH dev=0", r);
	r = CALL(mknodat, dir, "device", S_IFCHR | 0600, makedev(1, 300));
	expect("mknodat res=%ld dirfd=%d path=device mode=S_IFCHR|S_IRUSR|S_IWUSR dev=%u", r, dir, 1u << 20 | 300);
}

void ownership(void)
{
	int dir, fd;
	long r;

	hide();
	dir = open(".", O_RDONLY | O_DIRECTORY);
	fd = creat("a", 0644);
	symlink("a", "soft");
	show();
	r = CALL(chmod, "a", 04711);
	expect("chmod res=%ld filename=a mode=S_ISUID|S_IRUSR|S_IWUSR|S_IXUSR|S_IXGRP|S_IXOTH", r);
	r = CALL(fchmod, fd, 02640);
	expect("fchmod res=%ld fd=%d mode=S_ISGID|S_IRUSR|S_IWUSR|S_IRGRP", r, fd);
	r = CALL(fchmodat, dir, "a", 0604);
	expect("fchmodat res=%ld dirfd=%d filename=a mode=S_IRUSR|S_IWUSR|S_IROTH", r, dir);
	r = CALL(fchmodat, AT_FDCWD, "absent", 01000);
	expect("fchmodat res=%ld dirfd=-100 filename=absent mode=S_ISVTX", r);
	r = CALL(chown, "a", 1000, -1);
	expect("chown res=%ld path=a uid=1000 gid=4294967295", r);
	r = CALL(lchown, "soft", -1, 7);
	expect("lchown res=%ld path=soft uid=4294967295 gid=7", r);
	r = CALL(fchown, fd, 0, 65534);
	expect("fchown res=%ld fd=%d uid=0 gid=65534", r, fd);
	r = CALL(fchownat, dir, "soft", 5, 6, AT_SYMLINK_NOFOLLOW);
	expect("fchownat res=%ld dirfd=%d pathname=soft uid=5 gid=6 flags=AT_SYMLINK_NOFOLLOW", r, dir);
	r = CALL(fchownat, fd, "", 5, 6, AT_EMPTY_PATH);
	expect("fchownat res=%ld dirfd=%d pathname= uid=5 gid=6 flags=AT_EMPTY_PATH", r, fd);
	r = CALL(flock, fd, LOCK_EX | LOCK_NB);
	expect("flock res=%ld fd=%d operation=LOCK_EX|LOCK_NB", r, fd);
	r = CALL(flock, fd, LOCK_UN);
	expect("flock res=%ld fd=%d operation=LOCK_UN", r, fd);
}
