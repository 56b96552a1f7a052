// What whoever gives up rights must know of the sink that is a file. After prepare(), when the file is there.
#pragma once

#include <stdbool.h>

enum { SINK_FILE_DIR = 256 };

// The directory in which it is written and renamed: where links lead. False: it has no name that fits.
bool sink_file_dir(char out[static SINK_FILE_DIR], const char *path);
