// Any octets as a capture file: mapped and through a pipe. Both must give the same packets and the same damage.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source.h"
#include "tests/fuzz/fuzz.h"

enum { PIPE_LEN = 65536 }; // what a pipe holds without a reader

// What reading a file came to.
struct summary {
	uint64_t n_packets;
	uint64_t digest; // of every octet and every field
	bool damaged;
	struct source_damage damage;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t mix(uint64_t digest, uint64_t v)
{
	return (digest ^ v) * UINT64_C(0x100000001b3);
}

static void add_packet(struct summary *s, const struct packet *p)
{
	s->n_packets++;
	require(p->seq == s->n_packets && p->frame == s->n_packets && p->file == 0);
	require(p->wire_len >= p->len);
	s->digest = mix(mix(mix(s->digest, p->len), p->wire_len), p->linktype);
	s->digest = mix(s->digest, p->time_ns);
	for (uint32_t i = 0; i < p->len; i++)
		s->digest = mix(s->digest, p->data[i]);
}

static struct summary read_fd(int fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const char *name = path, *bad_path;
	struct source *source;
	require(source_file_open(&source, &(struct source_file_config){&name, 1}, &bad_path) == 0);

	struct summary s = {0};
	struct packet burst[PACKET_BURST];
	int n;
	while ((n = source_burst(source, burst)) > 0)
		for (int i = 0; i < n; i++)
			add_packet(&s, &burst[i]);
	require(n == SOURCE_END);
	s.damaged = source_damage(source, 0, &s.damage) == 0;
	require(source_damage(source, 1, &(struct source_damage){0}) < 0);
	source_close(&source);
	return s;
}

static struct summary read_mapped(const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	require(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	struct summary s = read_fd(fd);
	close(fd);
	return s;
}

static struct summary read_piped(const uint8_t *data, size_t len)
{
	int fds[2];
	require(pipe2(fds, O_CLOEXEC) == 0 && write(fds[1], data, len) == (ssize_t)len);
	close(fds[1]);
	struct summary s = read_fd(fds[0]);
	close(fds[0]);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > PIPE_LEN)
		return 0;
	struct summary mapped = read_mapped(data, len);
	struct summary piped = read_piped(data, len);
	require(mapped.n_packets == piped.n_packets && mapped.digest == piped.digest);
	require(mapped.damaged == piped.damaged);
	if (mapped.damaged)
		require(mapped.damage.offset == piped.damage.offset &&
			strcmp(mapped.damage.reason, piped.damage.reason) == 0);
	return 0;
}
