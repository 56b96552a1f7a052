// Looking at inputs.
#include "cli/inputs.h"

#include <string.h>
#include <sys/stat.h>

bool inputs_repeatable(const char *const *paths, size_t n)
{
	struct stat st;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") == 0)
			return false;
		// What is not there is the source's to complain about.
		if (stat(paths[i], &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}
