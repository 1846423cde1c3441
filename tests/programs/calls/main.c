/* Runs every family in a process of its own and prints what a recording must hold: FAMILY, TID and the line, by tabs. */
#include "calls.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/prctl.h>

#define LINES_MAX	(4 << 20)
#define BEGIN		-70001	/* closed to mark the places, a descriptor that nobody has */
#define END		-70002
#define HIDE		-70003
#define SHOW		-70004

const char *folder;

/* Shared with all children. */
static struct { size_t used; char lines[LINES_MAX]; } *told;
static const char *family;
static __thread int own_tid;

long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result == -1 ? -errno : result;
}

void hide(void)
{
	CALL(close, HIDE);
}

void show(void)
{
	CALL(close, SHOW);
}

static void add(int tid, const char *prefix, const char *format, va_list args)
{
	char line[1 << 16];
	int at = snprintf(line, sizeof(line), "%s\t%d\t%s", family, tid, prefix);
	size_t place;

	at += vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	if (at >= (int)sizeof(line) - 1) {
		fprintf(stderr, "an expectation is too long: %.100s\n", line);
		_exit(3);
	}
	line[at++] = '\n';
	place = __sync_fetch_and_add(&told->used, at);
	if (place + at > LINES_MAX)
		_exit(3);
	memcpy(told->lines + place, line, at);
}

void expect(const char *format, ...)
{
	va_list args;

	if (!own_tid) {
		hide();
		own_tid = CALL(gettid);
		show();
	}
	va_start(args, format);
	add(own_tid, "", format, args);
	va_end(args);
}

void expect_of(int tid, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(tid, "", format, args);
	va_end(args);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(0, "skip ", format, args);
	va_end(args);
}

const char *bytes(const void *data, size_t len)
{
	static char ring[16][1 << 15];
	static unsigned turn;
	const unsigned char *byte = data;
	char *out = ring[turn++ % 16], *end = out;

	for (size_t i = 0; i < len && end < out + sizeof(ring[0]) - 5; i++) {
		if (byte[i] > ' ' && byte[i] < 127 && byte[i] != '\\' && byte[i] != '*')
			*end++ = byte[i];
		else
			end += sprintf(end, "\\x%02x", byte[i]);
	}
	*end = 0;
	return out;
}

const char *text(const char *string)
{
	return bytes(string, strlen(string));
}

const char *dyn(int index, uint64_t value, size_t size)
{
	unsigned char out[9] = { index };

	memcpy(out + 1, &value, size);
	return bytes(out, 1 + size);
}

static size_t put_end(unsigned char *out, const struct sockaddr *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	size_t len = address->sa_family == AF_INET ? 4 : 16;
	uint16_t port = ntohs(four->sin_port);

	memcpy(out, len == 4 ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr, len);
	memcpy(out + len, &port, 2);
	return len + 2;
}

const char *address(const void *sockaddr)
{
	unsigned char out[19] = { ((const struct sockaddr *)sockaddr)->sa_family };

	return bytes(out, 1 + put_end(out + 1, sockaddr));
}

const char *tuple(const void *from, const void *to)
{
	unsigned char out[37] = { ((const struct sockaddr *)from)->sa_family };
	size_t len = 1 + put_end(out + 1, from);

	return bytes(out, len + put_end(out + len, to));
}

struct place place_of(int fd)
{
	struct place place;
	struct stat stat;

	hide();
	fstat(fd, &stat);
	show();
	place.dev = stat.st_dev;
	place.ino = stat.st_ino;
	return place;
}

long status_of(const char *key)
{
	char line[256];
	long number = -1;
	FILE *file;

	hide();
	file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			number = atol(line + strlen(key) + 1);
	if (file)
		fclose(file);
	show();
	return number;
}

static void run(const char *name, void (*calls)(void))
{
	int status, child;
	char place[4096];

	snprintf(place, sizeof(place), "%s/%s", folder, name);
	mkdir(place, 0755);
	child = fork();
	if (child == 0) {
		family = name;
		folder = place;
		if (chdir(place))
			_exit(4);
		umask(022);
		prctl(PR_SET_NAME, name);
		own_tid = getpid();
		alarm(60);	/* a call that does not return ends the test */
		CALL(close, BEGIN);
		calls();
		CALL(close, END);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0 || status) {
		fprintf(stderr, "family %s ended with %#x\n", name, status);
		exit(1);
	}
}

#define FAMILY(name)	run(#name, name)

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--exit") == 0)
		_exit(7);
	if (argc != 2)
		return 2;
	folder = argv[1];
	told = mmap(0, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 3;
	FAMILY(opening);
	FAMILY(paths);
	FAMILY(ownership);
	FAMILY(data);
	FAMILY(descriptors);
	FAMILY(mounts);
	FAMILY(processes);
	FAMILY(programs);
	FAMILY(credentials);
	FAMILY(signals);
	FAMILY(memory);
	FAMILY(addresses);
	FAMILY(options);
	FAMILY(messages);
	FAMILY(waiting);
	FAMILY(namespaces);
	FAMILY(kernel);
	FAMILY(semaphores);
	FAMILY(quotas);
	FAMILY(generic);
	FAMILY(large);
	fwrite(told->lines, 1, told->used, stdout);
	return 0;
}
