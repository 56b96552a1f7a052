// The timer wheel: doubly linked slots through the hot lines.
#include "dissect/flow/wheel.h"

#include <errno.h>
#include <string.h>

#include "hw/pages.h"

int wheel_open(struct wheel *w, struct flow_table *table, uint32_t flows_max)
{
	memset(w, 0, sizeof(*w));
	w->table = table;
	w->due_len = ((size_t)flows_max + 1) * sizeof(*w->due);
	w->due = pages_map(w->due_len);
	return w->due ? 0 : -ENOMEM;
}

void wheel_close(struct wheel *w)
{
	pages_unmap(w->due, w->due_len);
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

static uint64_t birth_of(const struct wheel *w, size_t i)
{
	return flow_cold_at(w->table, w->due[i])->birth;
}

static void sift_down(struct wheel *w, size_t at, size_t n)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && birth_of(w, child + 1) > birth_of(w, child))
			child++;
		if (birth_of(w, at) >= birth_of(w, child))
			return;
		uint32_t flow = w->due[at];
		w->due[at] = w->due[child];
		w->due[child] = flow;
	}
}

// A heap sort, because the library's qsort_r() allocates when there is much to sort.
void wheel_sort_due(struct wheel *w, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(w, i, n);
	for (size_t end = n; end-- > 1;) {
		uint32_t flow = w->due[0];
		w->due[0] = w->due[end];
		w->due[end] = flow;
		sift_down(w, 0, end);
	}
}

uint64_t wheel_tick_of(const struct wheel *w, uint32_t flow)
{
	return w->tick - (uint8_t)((uint8_t)(w->tick % WHEEL_SLOTS) - flow_hot_at(w->table, flow)->slot);
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
	wheel_sort_due(w, n);
	return n;
}
