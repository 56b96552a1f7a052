// A board to be told from.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/board.h"
#include "hw/clock.h"

#define SECOND UINT64_C(1000000000)

// A sensor that is well, for an hour. free() it.
static inline struct board *board_well(void)
{
	struct board *b = calloc(1, sizeof *b);
	if (b == NULL)
		abort();
	struct sensor_state *s = &b->state;
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	config_init(&b->config[0]);
	s->started_ns = wall_ns - 3600 * SECOND;
	strcpy(s->config_sha256, "00ff");
	strcpy(b->config_file, "/etc/postwacht/postwacht.yaml");
	s->n_ports = 2;
	s->n_workers = 2;
	s->n_children = CHILDREN;
	for (size_t i = 0; i < 2; i++) {
		s->port[i] = (struct sensor_port){.tap = 0, .queues = 2, .link_known = true, .link_up = true, .speed_mbps = 10000,
			.rx_packets = 500 + i};
		snprintf(s->port[i].name, sizeof s->port[i].name, "0000:81:00.%zu", i);
		strcpy(s->port[i].driver, "net_ice");
		s->worker[i] = (struct sensor_worker){.turns = 9, .packets = 500, .cpu = i == 0 ? 3 : -1};
		b->turned_ns[i] = mono_ns;
	}
	static const char *const names[CHILDREN] = {"watch", "judge", "scout", "keeper", "courier"};
	for (size_t i = 0; i < CHILDREN; i++) {
		s->child[i] = (struct sensor_child){.pid = 100 + (int)i, .started_ns = wall_ns - 3600 * SECOND};
		strcpy(s->child[i].name, names[i]);
		strcpy(s->child[i].rights, "no capabilities; seccomp 40 calls");
	}
	b->watch_ready_ns = b->judge_ready_ns = mono_ns - 3599 * SECOND;
	b->judge_turned_ns = b->keeper_turned_ns = b->courier_turned_ns = b->reader_turned_ns = mono_ns;
	s->rx = 1001;
	s->dissected = 990;
	s->lanes_full = 10;
	s->clock_synced = true;
	b->counter[0][COUNT_packets] = 600;
	b->counter[1][COUNT_packets] = 390;
	b->states[STATE_STARTTLS_OK] = 5;
	b->verdicts[VERDICT_CLEAR] = 2;
	return b;
}
