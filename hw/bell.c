// The bell: a word that is counted up, and a futex on it.
#include "hw/bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t bell_look(const struct bell *b)
{
	return __atomic_load_n(&b->rung, __ATOMIC_ACQUIRE);
}

// Either the sleeper sees the new word, or we see the sleeper: both sides write first and read then.
void bell_ring(struct bell *b)
{
	__atomic_add_fetch(&b->rung, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&b->sleepers, __ATOMIC_SEQ_CST) != 0)
		syscall(SYS_futex, &b->rung, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void bell_wait(struct bell *b, uint32_t looked, uint32_t ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	__atomic_add_fetch(&b->sleepers, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&b->rung, __ATOMIC_SEQ_CST) == looked)
		syscall(SYS_futex, &b->rung, FUTEX_WAIT, looked, &t, NULL, 0);
	__atomic_sub_fetch(&b->sleepers, 1, __ATOMIC_SEQ_CST);
}
