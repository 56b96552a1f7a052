// What status and stats say of outbox and outputs.
#pragma once

#include "alerts/json.h"
#include "alerts/sensor.h"

// Adds the members `outbox` and `outputs`. `state`: of sensor_copy().
void control_put_delivery(struct json *j, const struct sensor_state *state, uint64_t wall_ns);
