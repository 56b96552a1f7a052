// Where the workers of a process see which of them has a connection: the continuous check that a card brings both
// directions to one worker.
//
// 64 Ki entries, because the answer to a SYN comes within a second and no link opens more connections in that time; a later
// connection takes the place of an earlier one. Any thread: relaxed atomics of one word each, so an entry is an old one or
// a new one, never a mixture, and a race only loses one comparison.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MEET_ENTRIES = 65536, MEET_NOBODY = UINT16_MAX };

struct meet;

// 0 or -ENOMEM.
int meet_open(struct meet **out);
void meet_close(struct meet **m);

// `worker` (below MEET_NOBODY - 1) has the connection whose symmetric hash this is: flow_key_owner().
void meet_put(struct meet *m, uint64_t hash, uint16_t worker);
// Who has it; MEET_NOBODY when that is not known, or not any more.
uint16_t meet_who(const struct meet *m, uint64_t hash);
