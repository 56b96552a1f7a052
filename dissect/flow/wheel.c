// The timer wheel: doubly linked slots through the hot lines.
#include "dissect/flow/wheel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int wheel_open(struct wheel *w, struct flow_table *table, uint32_t flows_max)
{
	memset(w, 0, sizeof(*w));
	w->table = table;
	w->due_len = ((size_t)flows_max + 1) * sizeof(*w->due);
	w->due = mmap(NULL, w->due_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w->due == MAP_FAILED) {
		w->due = NULL;
		return -ENOMEM;
	}
	return 0;
}

void wheel_close(struct wheel *w)
{
	if (w->due)
		munmap(w->due, w->due_len);
	memset(w, 0, sizeof(*w));
}

static void link_in(struct wheel *w, uint32_t flow, uint8_t slot)
{
	struct flow_hot *h = flow_hot_at(w->table, flow);
	h->slot = slot;
	h->prev = 0;
	h->next = w->head[slot];
	if (h->next)
		flow_hot_at(w->table, h->next)->prev = flow;
	w->head[slot] = flow;
}

void wheel_add(struct wheel *w, uint32_t flow, uint64_t due_ns)
{
	uint64_t tick = (due_ns >> WHEEL_TICK_SHIFT) + 1;
	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick > w->tick + WHEEL_SLOTS - 1)
		tick = w->tick + WHEEL_SLOTS - 1;
	link_in(w, flow, (uint8_t)(tick % WHEEL_SLOTS));
}

void wheel_remove(struct wheel *w, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(w->table, flow);
	if (h->prev)
		flow_hot_at(w->table, h->prev)->next = h->next;
	else
		w->head[h->slot] = h->next;
	if (h->next)
		flow_hot_at(w->table, h->next)->prev = h->prev;
	h->prev = h->next = 0;
}

void wheel_hasten(struct wheel *w, uint32_t flow, uint64_t due_ns)
{
	uint64_t tick = (due_ns >> WHEEL_TICK_SHIFT) + 1;
	if (tick <= w->tick)
		tick = w->tick + 1;
	uint8_t now_slot = flow_hot_at(w->table, flow)->slot;
	uint64_t current = w->tick + (uint8_t)(now_slot - (uint8_t)(w->tick % WHEEL_SLOTS));
	if (tick >= current)
		return;
	wheel_remove(w, flow);
	link_in(w, flow, (uint8_t)(tick % WHEEL_SLOTS));
}

struct by_birth {
	const struct flow_table *table;
};

static int compare_birth(const void *a, const void *b, void *ctx)
{
	const struct by_birth *by = ctx;
	uint64_t x = flow_cold_at(by->table, *(const uint32_t *)a)->birth;
	uint64_t y = flow_cold_at(by->table, *(const uint32_t *)b)->birth;
	return x < y ? -1 : x > y;
}

size_t wheel_advance(struct wheel *w, uint64_t now_ns)
{
	uint64_t to = now_ns >> WHEEL_TICK_SHIFT;
	if (!w->started) {
		w->started = true;
		w->tick = to;
		return 0;
	}
	size_t n = 0;
	uint64_t first = w->tick + 1;
	if (to - w->tick > WHEEL_SLOTS) // a long silence: every slot once is enough
		first = to - WHEEL_SLOTS + 1;
	for (uint64_t tick = first; tick <= to; tick++) {
		uint8_t slot = (uint8_t)(tick % WHEEL_SLOTS);
		for (uint32_t flow = w->head[slot]; flow; flow = flow_hot_at(w->table, flow)->next)
			w->due[n++] = flow;
		w->head[slot] = 0;
	}
	w->tick = to;
	for (size_t i = 0; i < n; i++) {
		struct flow_hot *h = flow_hot_at(w->table, w->due[i]);
		h->prev = h->next = 0;
	}
	// In order of birth, so that what timers tell does not depend on slots, nor on how many workers there are.
	struct by_birth by = {w->table};
	qsort_r(w->due, n, sizeof(*w->due), compare_birth, &by);
	return n;
}
