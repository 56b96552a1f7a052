// Connecting to a socket in the file system, of whichever kind it is. Private to alerts/sink/.
#pragma once

#include <stdbool.h>

// Its descriptor, non-blocking; or -errno.
int unix_socket_connect(const char *path, bool *datagram);
