// /metrics for Prometheus and /healthz for whoever asks whether the sensor is well: HTTP in clear on a unix socket or the loopback
// (metrics.listen), in the courier's process. Two pages, read only; what is on them is names of the configuration and numbers.
#pragma once

#include "cli/board.h"
#include "configs/listen.h"

struct metrics;

// Binds and listens: before rights are given up. 0, and NULL where metrics.listen is none; or -errno with `why` as a sentence.
// Of `c`, whose outputs are those that the courier opens, names are copied; `board` is borrowed until metrics_close().
int metrics_open(struct metrics **out, const struct config *c, const struct board *board, char why[static LISTEN_WHY]);
// Answers, in a thread of its own that has the rights its caller has now. NULL: nothing to do. 0 or -errno.
int metrics_start(struct metrics *m);
// Ends the thread within a quarter of a second. A unix socket is left to whoever comes next.
void metrics_close(struct metrics **m);
