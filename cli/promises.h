// What is known of policy while files are read: a snapshot (`--policy`), what the scout learns now
// (`--resolve`), or nothing. Opened before any thread starts.
#pragma once

#include "alerts/expect/store.h"
#include "cli/command.h"
#include "configs/config.h"

struct pipeline_config;

struct promises;

// 0, or an exit code, and it was told why.
int promises_open(struct promises **out, const struct options *o, const struct config *c); // borrows both
void promises_close(struct promises **p);

// Lets a pipeline see them.
void promises_join(struct promises *p, struct pipeline_config *pipeline);
