// The two tables of DESIGN section 2: state from facts; verdict from state, expectation and what was seen.
#pragma once

#include "alerts/session.h"

// Exactly one state; first match wins. While the session is open: the state it would have if it ended now.
enum state state_of(const struct facts *f);

// Fills verdict, identity, dane and why[] of a session whose facts, state and expect are set.
void verdict_of(struct session *s);
