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
// For `run`: --policy, or whoever serves at the other end of `fd`, a seqpacket socket; -1: nobody. The same outcomes.
int promises_attach(struct promises **out, int fd, const struct options *o, const struct config *c);
void promises_close(struct promises **p);

struct judge_config;

// Lets a judge see them, or a pipeline.
void promises_join_judge(const struct promises *p, struct judge_config *judge);
void promises_join(struct promises *p, struct pipeline_config *pipeline);
