// Reads built captures back through every way a source has, and compares.
#include "tests/unit/capture/build.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/source/format.h"

static void take_packet(struct result *r, const struct packet *p)
{
	for (uint32_t i = 0; i < p->len; i++)
		assert_int_equal(p->data[i], (uint8_t)i);
	assert_true(r->n < RESULT_MAX);
	r->packets[r->n++] = *p;
	assert_int_equal(p->seq, r->n);
}

void result_read(struct result *r, const char *const *paths, size_t n_paths)
{
	memset(r, 0, sizeof(*r));
	struct source *s;
	const char *bad_path;
	assert_int_equal(source_file_open(&s, &(struct source_file_config){paths, n_paths}, &bad_path), 0);
	struct packet burst[PACKET_BURST];
	while ((r->end = source_burst(s, burst)) > 0)
		for (int i = 0; i < r->end; i++)
			take_packet(r, &burst[i]);
	assert_int_equal(source_burst(s, burst), r->end);
	while (source_damage(s, r->n_damages, &r->damages[r->n_damages]) == 0)
		assert_true(++r->n_damages < sizeof(r->damages) / sizeof(r->damages[0]));
	source_close(&s);
	assert_null(s);
}

static void read_fd(struct result *r, int fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const char *name = path;
	result_read(r, &name, 1);
}

void result_of_file(struct result *r, const uint8_t *octets, size_t len)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	read_fd(r, fd);
	close(fd);
}

struct feeder {
	int fd;
	const uint8_t *octets;
	size_t len, chunk;
};

static void *feed(void *arg)
{
	const struct feeder *f = arg;
	for (size_t at = 0; at < f->len; at += f->chunk) {
		size_t n = f->len - at < f->chunk ? f->len - at : f->chunk;
		if (write(f->fd, f->octets + at, n) < 0)
			break;
	}
	close(f->fd);
	return NULL;
}

void result_of_pipe(struct result *r, const uint8_t *octets, size_t len, size_t chunk)
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	struct feeder f = {fds[1], octets, len, chunk};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, feed, &f), 0);
	read_fd(r, fds[0]);
	pthread_join(thread, NULL);
	close(fds[0]);
}

// The same octets with nothing behind them: reading one too many crashes. No source can be given memory, so this
// drives the format itself.
static void result_of_memory(struct result *r, const uint8_t *octets, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (len / page + 1) * page;
	uint8_t *memory = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	assert_int_equal(mprotect(memory + room, page, PROT_NONE), 0);
	uint8_t *at = memory + room - len;
	memcpy(at, octets, len);

	static struct reader reader;
	memset(&reader, 0, sizeof(reader));
	reader.in = (struct input){.at = at, .start = at, .end = at + len, .last = true, .fd = -1};
	memset(r, 0, sizeof(*r));
	const struct format *format = len < 4 ? NULL : pcapng_format.recognise(at) ? &pcapng_format : &pcapfile_format;
	struct packet burst[PACKET_BURST];
	int n = 0;
	bool begun = format && format->begin(&reader) == FORMAT_BEGUN;
	while (begun && (n = format->burst(&reader, burst)) > 0)
		for (int i = 0; i < n; i++)
			take_packet(r, &burst[i]);
	if (n == FORMAT_DAMAGED || input_left(&reader.in) || input_offset(&reader.in) != reader.record_off || !begun) {
		const char *reason = n == FORMAT_DAMAGED ? reader.damage : "truncated";
		r->damages[r->n_damages++] = (struct source_damage){0, reader.record_off, reason};
	}
	munmap(memory, room + page);
}

// The last mark at or before `len`; the file's beginning is the one before the first.
static void check_cut(const struct build *b, size_t len, const struct result *r, const char *how)
{
	size_t off = 0, n_packets = 0;
	for (size_t i = 0; i < b->n_marks && b->marks[i].off <= len; i++) {
		off = b->marks[i].off;
		n_packets = b->marks[i].n_packets;
	}
	bool damaged = len == 0 || off != len;
	if (r->n != n_packets || r->n_damages != damaged || (damaged && r->damages[0].offset != off))
		fail_msg("%s, cut at %zu: %zu packets, offset %llu", how, len, r->n,
			(unsigned long long)(r->n_damages ? r->damages[0].offset : 0));
	if (damaged && off)
		assert_non_null(strstr(r->damages[0].reason, "truncated"));
}

void result_of_all_cuts(const struct build *b)
{
	static uint8_t packed[BUILD_MAX];
	for (size_t len = 0; len <= b->len; len++) {
		struct result r;
		result_of_file(&r, b->octets, len);
		check_cut(b, len, &r, "mapped");
		result_of_memory(&r, b->octets, len);
		check_cut(b, len, &r, "at the end of memory");
		result_of_pipe(&r, b->octets, len, 1000);
		check_cut(b, len, &r, "piped");
		result_of_pipe(&r, b->octets, len, 1);
		check_cut(b, len, &r, "octet by octet");
		size_t packed_len = build_gzip(b->octets, len, 11, packed, sizeof(packed));
		result_of_file(&r, packed, packed_len);
		check_cut(b, len, &r, "inflated");
	}
}

void result_is_damage(const struct build *b, const char *name, size_t n_packets, size_t off, const char *reason)
{
	struct result by_file, by_pipe;
	result_of_file(&by_file, b->octets, b->len);
	result_of_pipe(&by_pipe, b->octets, b->len, 5);
	const struct result *both[] = {&by_file, &by_pipe};
	for (int i = 0; i < 2; i++) {
		const struct result *r = both[i];
		if (r->n != n_packets || r->n_damages != 1 || r->damages[0].offset != off ||
		    strcmp(r->damages[0].reason, reason) != 0)
			fail_msg("%s: %zu packets, %s at %llu", name, r->n, r->n_damages ? r->damages[0].reason : "whole",
				(unsigned long long)r->damages[0].offset);
	}
}
