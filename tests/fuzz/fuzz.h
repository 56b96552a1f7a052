// The one function a fuzz target has; libFuzzer's name for it. Always returns 0; what is wrong aborts.
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
