// The octets of one input file: mapped where that is possible, else read or inflated into a sliding window.
#include "capture/source/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static const uint8_t gzip_magic[] = {0x1f, 0x8b, 8}; // RFC 1952 2.3.1; 8 is deflate, the only method there is

static bool is_gzip(const uint8_t *p, size_t len)
{
	return len >= sizeof(gzip_magic) && memcmp(p, gzip_magic, sizeof(gzip_magic)) == 0;
}

void input_init(struct input *in)
{
	*in = (struct input){.fd = -1};
}

void input_fini(struct input *in)
{
	input_close(in);
	free(in->window);
	free(in->raw);
	input_init(in);
}

void input_close(struct input *in)
{
	if (in->inflating)
		inflateEnd(&in->z);
	if (in->map)
		munmap(in->map, in->map_len);
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	*in = (struct input){.fd = -1, .window = in->window, .raw = in->raw};
}

// The next compressed (or merely streamed) octets into `raw`; what was there has been used. False at the end.
static bool read_raw(struct input *in)
{
	if (in->fd < 0)
		return false;
	ssize_t n;
	do
		n = read(in->fd, in->raw, INPUT_RAW);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		in->trouble = strerrordesc_np(errno);
	if (n <= 0)
		return false;
	in->raw_at = in->raw;
	in->raw_end = in->raw + n;
	in->raw_n += (uint64_t)n;
	return true;
}

// A pipe may deliver octet by octet: enough of the beginning to know what it is.
static void read_raw_head(struct input *in)
{
	size_t have = 0;
	while (have < sizeof(gzip_magic)) {
		ssize_t n = read(in->fd, in->raw + have, INPUT_RAW - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			in->trouble = strerrordesc_np(errno);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	in->raw_at = in->raw;
	in->raw_end = in->raw + have;
	in->raw_n = have;
}

static int open_window(struct input *in)
{
	if (!in->window)
		in->window = malloc(INPUT_RECORD_MAX + INPUT_FILL);
	if (!in->window)
		return -ENOMEM;
	in->at = in->end = in->start = in->window;
	if (!is_gzip(in->raw_at, (size_t)(in->raw_end - in->raw_at)))
		return 0;
	if (inflateInit2(&in->z, 15 + 16) != Z_OK) // the largest window, gzip headers only
		return -ENOMEM;
	in->inflating = true;
	return 0;
}

static int open_mapped(struct input *in)
{
	close(in->fd);
	in->fd = -1;
	(void)madvise(in->map, in->map_len, MADV_SEQUENTIAL);
	if (is_gzip(in->map, in->map_len)) {
		in->raw_at = in->raw_ahead = in->map;
		in->raw_end = in->map + in->map_len;
		return open_window(in);
	}
	in->at = in->start = in->ahead = in->map;
	in->end = in->map + in->map_len;
	in->last = true;
	return 0;
}

static int open_streamed(struct input *in)
{
	if (!in->raw)
		in->raw = malloc(INPUT_RAW);
	if (!in->raw)
		return -ENOMEM;
	read_raw_head(in);
	return open_window(in);
}

int input_open(struct input *in, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0)
		return -errno;

	struct stat st;
	int result = fstat(in->fd, &st) < 0 ? -errno : 0;
	if (result == 0 && !is_stdin && S_ISREG(st.st_mode) && st.st_size > 0) {
		in->map_len = (size_t)st.st_size;
		in->map = mmap(NULL, in->map_len, PROT_READ, MAP_PRIVATE, in->fd, 0);
		if (in->map == MAP_FAILED)
			in->map = NULL; // some file systems cannot: then it is read
	}
	if (result == 0)
		result = in->map ? open_mapped(in) : open_streamed(in);
	if (result < 0)
		input_close(in);
	return result;
}

// Brings in the stretch of the map that begins around `at`, lets go of the one before it. Returns where to do so again.
// Without these calls the reader stops at a page fault every few packets, and the process seems to own a whole file of
// memory. Both are advice: a refusal changes nothing but speed.
static const uint8_t *move_stretch(const struct input *in, const uint8_t *at)
{
	size_t done = (size_t)(at - in->map) / INPUT_AHEAD * INPUT_AHEAD;
	size_t next = in->map_len - done < INPUT_AHEAD ? in->map_len - done : INPUT_AHEAD;
	if (done)
		(void)madvise(in->map + done - INPUT_AHEAD, INPUT_AHEAD, MADV_DONTNEED);
	if (next)
		(void)madvise(in->map + done, next, MADV_POPULATE_READ);
	return in->map + done + next;
}

void input_ahead(struct input *in)
{
	in->ahead = move_stretch(in, in->at);
}

static void end_of_inflate(struct input *in, const char *trouble)
{
	in->last = true;
	if (!in->trouble)
		in->trouble = trouble;
}

// Between members there may be padding of zeros (gzip writes it to tapes); it ends nothing and means nothing.
static bool at_member(struct input *in)
{
	while (in->raw_at < in->raw_end && *in->raw_at == 0)
		in->raw_at++;
	return in->raw_at < in->raw_end;
}

// At least one octet into `to`, or the end.
static size_t produce_inflated(struct input *in, uint8_t *to, size_t room)
{
	while (!in->last) {
		if (in->raw_at == in->raw_end && !read_raw(in)) {
			end_of_inflate(in, in->in_member ? "truncated gzip data" : NULL);
			break;
		}
		if (!in->in_member && !at_member(in))
			continue;
		if (in->raw_ahead && in->raw_at >= in->raw_ahead)
			in->raw_ahead = move_stretch(in, in->raw_at);
		size_t left = (size_t)(in->raw_end - in->raw_at);
		in->z.next_in = (Bytef *)(uintptr_t)in->raw_at;
		in->z.avail_in = left < INT32_MAX ? (uInt)left : INT32_MAX;
		in->z.next_out = to;
		in->z.avail_out = (uInt)room;
		in->in_member = true;
		int r = inflate(&in->z, Z_NO_FLUSH);
		in->raw_at = in->z.next_in;
		if (r == Z_STREAM_END) {
			in->in_member = false;
			inflateReset(&in->z);
		} else if (r != Z_OK && r != Z_BUF_ERROR) {
			end_of_inflate(in, "damaged gzip data");
		}
		if (in->z.next_out != to)
			return (size_t)(in->z.next_out - to);
	}
	return 0;
}

static size_t produce_read(struct input *in, uint8_t *to, size_t room)
{
	if (in->raw_at == in->raw_end && !read_raw(in)) {
		in->last = true;
		return 0;
	}
	size_t n = (size_t)(in->raw_end - in->raw_at);
	if (n > room)
		n = room;
	memcpy(to, in->raw_at, n);
	in->raw_at += n;
	return n;
}

// What is unread moves to the window's beginning.
static void compact(struct input *in)
{
	size_t left = input_left(in);
	assert(left < INPUT_RECORD_MAX);
	in->start_off = input_offset(in);
	memmove(in->window, in->at, left);
	in->at = in->start = in->window;
	in->end = in->window + left;
}

int input_more(struct input *in)
{
	while (!in->last) {
		compact(in);
		uint8_t *to = in->window + input_left(in);
		size_t n = in->inflating ? produce_inflated(in, to, INPUT_FILL) : produce_read(in, to, INPUT_FILL);
		in->end += n;
		uint64_t skip = in->skip < n ? in->skip : n;
		in->at += skip;
		in->skip -= skip;
		if (skip < n)
			return 1;
	}
	return 0;
}

void input_skip(struct input *in, uint64_t len)
{
	size_t left = input_left(in);
	size_t now = len < left ? (size_t)len : left;
	in->at += now;
	in->skip = len - now;
}

uint64_t input_position(const struct input *in)
{
	if (!in->map)
		return in->raw_n - (uint64_t)(in->raw_end - in->raw_at);
	return (uint64_t)((in->inflating ? in->raw_at : in->at) - in->map);
}
