// The configuration a command uses: defaults, then --config, then each --set.
#pragma once

#include "cli/command.h"
#include "configs/config.h"

// The same without a word about what is wrong with the configuration: that stands in `errors`.
int settings_read(struct config *c, const struct options *o, const char *fallback, struct config_errors *errors);

// Logs them.
void settings_tell(const struct config_errors *errors);

// `fallback` is read when --config is not given, or NULL. 0 or the exit code, errors logged.
int settings_load(struct config *c, const struct options *o, const char *fallback);

// Files that outputs name (ca, cert, key, password_file) and that cannot be read here are errors, too: an output without them does nothing.
void settings_files(const struct config *c, struct config_errors *errors);
