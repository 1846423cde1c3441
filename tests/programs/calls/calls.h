/*
 * Every call of x86-64 in a line, and what the recording must hold of it in the line after:
 *
 *	r = CALL(mkdir, "sub", 0755);
 *	expect("mkdir res=%ld path=sub mode=0755", r);
 *
 * An expectation is the event's name and every parameter of the event table, in any order. A number is decimal, 0x...,
 * 0... (octal), a word or several (O_RDWR|O_CREAT) of the parameter's own table, FROM..TO, or * for what cannot be known
 * (addresses in the kernel); <NA> is "no value". Text and data are the bytes themselves, with \xHH for what is not
 * printable and for spaces; * stands for any run of bytes.
 *
 * What lies between hide() and show() need not be expected. Everything else that the family's thread does must be.
 */
#ifndef CALLS_H
#define CALLS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's result: -errno for a failure. */
long call(long nr, long a, long b, long c, long d, long e, long f);

#define CALL(name, ...)	CALL_(SYS_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) \
	call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* What the recording must hold next of the calling thread, or somewhere later of another one. */
void expect(const char *format, ...) __attribute__((format(printf, 1, 2)));
void expect_of(int tid, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A call that cannot be made here, and why: "NAME: REASON". */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

void hide(void);
void show(void);

/* Text for an expectation, valid until some more of it has been made. */
const char *bytes(const void *data, size_t len);
const char *text(const char *string);
/* A value with its type: an index, then `size` bytes of the number. */
const char *dyn(int index, uint64_t value, size_t size);
/* An address of IPv4 or IPv6 as a parameter. */
const char *address(const void *sockaddr);
/* Two of them as a tuple. */
const char *tuple(const void *from, const void *to);

/* Device and inode of an open file, hidden. */
struct place { unsigned dev; unsigned long ino; };
struct place place_of(int fd);
/* A number of a line of /proc/self/status, hidden. */
long status_of(const char *key);

/* An empty folder, the current one when a family begins. */
extern const char *folder;

void opening(void), paths(void), ownership(void), data(void), descriptors(void), mounts(void);
void processes(void), programs(void), credentials(void), signals(void), memory(void);
void addresses(void), options(void), messages(void), waiting(void), namespaces(void);
void kernel(void), semaphores(void), quotas(void), generic(void), large(void);

#endif
