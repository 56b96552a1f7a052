// Any octets as segments of an outbox: a reader reads them, a writer opens them and goes on, a reader reads what there is now.
// Numbers only grow, what was appended comes out, and everything ends.
//
// The input is a row of pieces, so that checksums are no wall: a segment (with a good head or none), octets as they are, or a frame
// with good checksums whose members are anything.
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "alerts/outbox/outbox_read.h"
#include "hw/log.h"
#include "tests/fuzz/fuzz.h"

enum { PIECES_MAX = 64, SEGMENTS_MAX = 8, EPOCH = 7, DURABLE = 60 };

static char dir[64];

static void require(bool condition)
{
	if (!condition)
		abort();
}

// ---- files from the input ----------------------------------------------------------------------------------------------

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static void write_to(int fd, const void *octets, size_t len)
{
	require(write(fd, octets, len) == (ssize_t)len);
}

static int begin_segment(struct input *in, int lane_dir, enum outbox_lane lane)
{
	char name[SEGMENT_NAME + 1];
	uint64_t first = take(in) % (2 * DURABLE) + 1u;
	uint8_t how = take(in);
	segment_name(name, first);
	int fd = openat(lane_dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	require(fd >= 0);
	struct segment_head h = {.lane = lane, .epoch = how & 2 ? EPOCH + 1u : EPOCH, .first = first};
	h.before.n[RECORD_ALERT][SEVERITY_HIGH] = how & 4 ? take(in) : first - 1;
	segment_head_seal(&h);
	if (how & 8)
		h.version = take(in);
	if (!(how & 1))
		write_to(fd, &h, sizeof(h));
	return fd;
}

static void add_frame(struct input *in, int fd, struct frame_linker *l, uint8_t link[static OUTBOX_HASH])
{
	uint8_t frame[FRAME_MAX];
	uint8_t line[255];
	uint8_t how = take(in);
	struct frame f = {.seq = take(in), .len = take(in), .epoch = how & 1 ? EPOCH + 1u : EPOCH, .from = {1, take(in)}};
	f.about.type = how & 2 ? RECORD_SMTP : RECORD_ALERT;
	f.about.severity = how & 4 ? take(in) : 0;
	memset(line, how, sizeof(line));
	frame_write(frame, &f, line, l, link);
	if (how & 8)
		frame[take(in)] ^= take(in);
	write_to(fd, frame, how & 16 ? take(in) : frame_octets(f.len));
}

static void add_octets(struct input *in, int fd)
{
	size_t n = take(in);
	if (n > in->left)
		n = in->left;
	write_to(fd, in->at, n);
	in->at += n;
	in->left -= n;
}

static void make_lane(struct input *in, struct frame_linker *l, enum outbox_lane lane)
{
	char path[100];
	uint8_t link[OUTBOX_HASH] = {0};
	snprintf(path, sizeof(path), "%s/%s", dir, outbox_lane_name[lane]);
	require(mkdir(path, 0700) == 0);
	int lane_dir = open(path, O_RDONLY | O_DIRECTORY), fd = -1;
	for (int i = 0, segments = 0; i < PIECES_MAX && in->left; i++) {
		uint8_t piece = take(in) % 4;
		if (piece == 3)
			break; // the other lane
		if ((piece == 0 || fd < 0) && segments++ < SEGMENTS_MAX) {
			if (fd >= 0)
				close(fd);
			fd = begin_segment(in, lane_dir, lane);
		} else if (piece == 1) {
			add_octets(in, fd);
		} else {
			add_frame(in, fd, l, link);
		}
	}
	if (fd >= 0)
		close(fd);
	close(lane_dir);
}

// ---- what must hold ----------------------------------------------------------------------------------------------------

static uint64_t read_all(enum outbox_lane lane, uint64_t durable, bool is_new)
{
	struct outbox_reader *r;
	struct outbox_item item;
	struct outbox_missed missed;
	uint64_t seq = 0, n = 0;
	bool appended = false;
	require(outbox_reader_open(&r, dir, lane) == 0);
	while (outbox_reader_next(r, durable, &item, &missed) == 1) {
		require(item.seq > seq && item.seq <= durable && item.len <= OUTBOX_LINE_MAX);
		require(outbox_lane_of((enum record_type)item.about.type) == lane);
		require(item.seq - seq - 1 == missed.damaged + counts_sum(&missed.evicted));
		seq = item.seq;
		n++;
		appended = item.len == 8 && memcmp(item.line, "appended", 8) == 0;
	}
	require(!is_new || (seq == durable && appended));
	outbox_reader_close(&r);
	return n;
}

static void go_on(void)
{
	const struct outbox_config c = {.dir = dir, .segment_octets = OUTBOX_SEGMENT_MIN, .wall_ns = UINT64_C(1790000000000000000)};
	const struct outbox_about about = {.type = RECORD_ALERT};
	struct outbox_shared shared = {0};
	struct outbox *o;
	char why[160];
	require(outbox_open(&o, &c, &shared, why) == 0);
	require(shared.epoch);
	for (uint64_t i = 1; i <= 2; i++) {
		uint64_t before = shared.durable[OUTBOX_ALERTS];
		const struct outbox_origin from = {99, i};
		require(outbox_append(o, &about, &from, "appended", 8) == 0 && outbox_sync(o) == 0);
		require(shared.durable[OUTBOX_ALERTS] == before + 1);
		read_all(OUTBOX_ALERTS, before + 1, true);
	}
	outbox_close(&o);
	uint64_t epoch = shared.epoch, durable = shared.durable[OUTBOX_ALERTS];
	memset(&shared, 0, sizeof(shared));
	require(outbox_open(&o, &c, &shared, why) == 0);
	require(shared.epoch == epoch && shared.durable[OUTBOX_ALERTS] == durable);
	outbox_close(&o);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_all(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void begin(void)
{
	log_set_level((enum log_level)-1); // what is damaged is told, each time
	strcpy(dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-outbox-XXXXXX" : "/tmp/fuzz-outbox-XXXXXX");
	require(mkdtemp(dir) && strlen(dir) < sizeof(dir) - 8);
	atexit(remove_all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	if (!dir[0])
		begin();
	struct frame_linker *l = frame_linker_open();
	make_lane(&in, l, OUTBOX_ALERTS);
	make_lane(&in, l, OUTBOX_SESSIONS);
	frame_linker_close(&l);
	read_all(OUTBOX_ALERTS, DURABLE, false);
	read_all(OUTBOX_SESSIONS, DURABLE, false);
	go_on();
	remove_all();
	require(mkdir(dir, 0700) == 0);
	return 0;
}
