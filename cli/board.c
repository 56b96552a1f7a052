// The shared memory and its rings. Anonymous and inherited: nothing of it has a name that others could open.
#include "cli/board.h"

#include <errno.h>
#include <sys/mman.h>

static struct ring *const *ring_of(const struct board *b, size_t i)
{
	struct ring *const *const other[] = {&b->sampler, &b->notices, &b->records};
	return i < SENSOR_WORKERS ? &b->facts[i] : other[i - SENSOR_WORKERS];
}

int board_open(struct board **out, uint16_t workers, size_t ring_octets)
{
	struct board *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*out = NULL;
	if (b == MAP_FAILED)
		return -errno;
	bool ok = true;
	for (uint16_t i = 0; i < workers && ok; i++)
		ok = (b->facts[i] = ring_open(ring_octets)) != NULL;
	ok = ok && (b->sampler = ring_open(BOARD_NOTICES_LEN)) != NULL && (b->notices = ring_open(BOARD_NOTICES_LEN)) != NULL &&
		(b->records = ring_open(BOARD_RECORDS_LEN)) != NULL;
	if (!ok) {
		int error = errno;
		board_close(&b);
		return -error;
	}
	*out = b;
	return 0;
}

void board_close(struct board **b)
{
	if (*b == NULL)
		return;
	for (size_t i = 0; i < SENSOR_WORKERS + 3; i++) {
		struct ring *r = *ring_of(*b, i);
		ring_close(&r);
	}
	munmap(*b, sizeof **b);
	*b = NULL;
}
