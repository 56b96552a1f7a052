// What may be asked of the inputs before they are opened.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// False when one of them (standard input, a pipe) can be read only once: then by one worker, and not by `explain`.
bool inputs_repeatable(const char *const *paths, size_t n);
