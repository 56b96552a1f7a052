// What status, stats and metrics say of outbox and outputs. Reads what other processes write: nothing of it is trusted.
#pragma once

#include "alerts/json.h"
#include "alerts/sensor.h"

// Adds the members `outbox` and `outputs`.
void control_put_delivery(struct json *j, const struct sensor_state *state, uint64_t wall_ns);

// The bound below which so many in a hundred are, in ms; UINT32_MAX: above the last one; 0: there are none.
uint32_t control_quantile_ms(const struct latency *l, unsigned percent);
