// SIGINT and SIGTERM: stop reading, tell what was found. A second one ends the process at once.
#pragma once

#include <stdbool.h>

// Installs the handlers. Call before threads start.
void interrupt_watch(void);

// Whether this thread takes the signals. The thread that judges gives them to the readers while these run, so that
// one of them wakes from a blocking read; new threads inherit.
void interrupt_here(bool here);

bool interrupt_seen(void);
