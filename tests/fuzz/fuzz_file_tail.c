// The end of a file that anybody may have written: mended, it ends with a line end and has lost nothing before its last one; and what
// is found in it stays within its bounds.
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alerts/sink/file_tail.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char after[1 << 17];
	struct tail_stamps t = {0};
	uint64_t cut;
	size_t budget = 1 << 20;
	int fd = memfd_create("tail", MFD_CLOEXEC);
	if (fd < 0 || data == NULL || len >= sizeof after) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	require(write(fd, data, len) == (ssize_t)len);
	require(tail_newest(fd, &budget, &t) == 0);
	for (int i = 0; i < OUTBOX_LANES; i++)
		require(!t.found[i] || len > 0);
	require(fcntl(fd, F_SETFL, O_APPEND) == 0);
	require(tail_mend(fd, &cut) == 0 && cut <= len);
	ssize_t n = pread(fd, after, sizeof after, 0);
	require(n >= 0 && (n == 0 || after[n - 1] == '\n'));
	const uint8_t *last = len > 0 ? memrchr(data, '\n', len) : NULL;
	size_t whole = last != NULL ? (size_t)(last - data) + 1 : 0;
	require((size_t)n >= whole && memcmp(after, data, whole) == 0);
	require(tail_mend(fd, &cut) == 0 && cut == 0); // once is enough
	close(fd);
	return 0;
}
