// Any octets as a log, and as a segment of an outbox: totals that agree, and a first fault exactly where there are faults.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alerts/verify/rows.h"
#include "alerts/verify/segments.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void count(void *ctx, const struct verify_row *row)
{
	uint64_t *records = ctx;
	require(row->lane < OUTBOX_LANES);
	*records += row->records;
}

static void look(const struct verify *v, size_t len)
{
	require((verify_faults(v) == 0) == verify_first(v));
	if (verify_faults(v) == 0)
		return;
	require(v->problem.at.file == v->file[0] && v->problem.len <= VERIFY_LINE);
	require(v->problem.at.offset <= len * 1032 + 512); // gzip makes at most so much of it
}

static int file_of(const uint8_t *data, size_t len)
{
	int fd = memfd_create("log", 0);
	require(fd >= 0 && (len == 0 || write(fd, data, len) == (ssize_t)len) && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void as_lines(const uint8_t *data, size_t len, const struct rows_config *c)
{
	struct verify v = {.row = count};
	uint64_t records = 0;
	struct rows *r;
	int fd = file_of(data, len);
	v.ctx = &records;
	require(rows_open(&r, c, &v) == 0);
	(void)rows_file(r, fd, "log");
	rows_end(r, NULL);
	rows_close(&r);
	close(fd);
	look(&v, len);
	require(records * 20 <= v.octets); // no record is shorter
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct verify v = {.row = count};
	uint64_t records = 0;
	as_lines(data, len, &(struct rows_config){.whole = true});
	as_lines(data, len, &(struct rows_config){.others = true});
	if (len > 1 << 16)
		return 0;
	v.ctx = &records;
	int fd = file_of(data, len);
	(void)segments_one(&v, fd, "0000000000000001.seg");
	close(fd);
	look(&v, len);
	require(records * 104 <= len);
	return 0;
}
