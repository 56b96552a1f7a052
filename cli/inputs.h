// What may be asked of the inputs before they are opened.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct options;

// The captures that were named: operands from `first` on, or --outside and --inside. 0, or EXIT_USAGE with the sentence
// written: none, both, or half of two taps.
int inputs_check(const char *command, const struct options *o, size_t first);
bool inputs_all_repeatable(const struct options *o, size_t first);

// False when one of them (standard input, a pipe) can be read only once: then by one worker, and not by `explain`.
bool inputs_repeatable(const char *const *paths, size_t n);
