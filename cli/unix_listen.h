// A unix socket that listens at a path, where one of a process that is gone may still lie.
#pragma once

#include <sys/types.h>
#include <sys/un.h>

// Nonblocking, mode 0660, of `group` ((gid_t)-1: ours). 0, or -errno: -EADDRINUSE where somebody answers there, -EEXIST where
// something else lies there. `inode` tells our socket from another one that took its place later.
int unix_listen(int *fd, const struct sockaddr_un *where, gid_t group, int backlog, ino_t *inode);
