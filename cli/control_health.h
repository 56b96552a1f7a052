// One line about the whole sensor: what is wrong now, from the board.
#pragma once

#include <stdint.h>

#include "cli/board.h"

enum { HEALTH_PROBLEMS_MAX = 16, HEALTH_PROBLEM_LEN = 160 };

struct control_health {
	char problem[HEALTH_PROBLEMS_MAX][HEALTH_PROBLEM_LEN]; // the worst first
	size_t n;      // 0: fine
	size_t n_more; // beyond HEALTH_PROBLEMS_MAX
};

// `s`: of sensor_copy(), from that board. `mono_ns` and `wall_ns` are now.
void control_health(struct control_health *out, const struct sensor_state *s, const struct board *b, uint64_t mono_ns, uint64_t wall_ns);
