// Names of the counters, in the order of their enum.
#include "dissect/counters.h"

const struct dissect_counter_row dissect_counter_table[DISSECT_COUNTERS] = {
#define X(id, text) [COUNT_##id] = {#id, text},
	DISSECT_COUNTER_TABLE(X)
#undef X
};
