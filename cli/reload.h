// What of a configuration may change while the sensor runs.
#pragma once

#include "configs/config.h"

// `start` with the settings of `fresh` that may change.
void reload_merge(struct config *out, const struct config *start, const struct config *fresh);

// Names of the keys that differ, ", " between them, cut to `len`: those that will apply (between `now` and `merged`), those
// that need a new start (between `merged` and `fresh`). How many.
size_t reload_differences(const struct config *a, const struct config *b, char *out, size_t len);
