// Files of keys, certificates and passwords, read once, before the rights to read them are given up. Of outputs, and of whoever tries them.
#pragma once

#include "alerts/sink/sink.h"

enum {
	SECRET_FILE_MAX = 2 << 20, // octets; 2 MiB, because a system's bundle of CAs is a quarter of a MiB
	SECRET_LINE = 255,         // octets of a password
};
extern const char secret_system_cas[]; // Debian's bundle, where `ca` names none

// The whole file with a NUL behind it, to be given to secret_free(). 0; -errno (-EINVAL: it is empty), and env->why says which file.
int secret_file(char **out, size_t *len, const char *path, const struct sink_env *env);
// Its first line, without what ends it. -EINVAL: empty, too long, or with control octets.
int secret_line(char out[static SECRET_LINE + 1], const char *path, const struct sink_env *env);
// Overwrites before it gives memory back. NULL is fine.
void secret_free(char **secret, size_t len);
