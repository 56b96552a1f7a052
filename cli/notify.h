// How the sensor tells its service manager how it goes: the datagrams of sd_notify(3), systemd's stable interface.
//
// They are a few lines of text to a unix socket, so libsystemd is not linked for them: it would bring its own dependencies
// (and once brought somebody's back door) into a process that is about to give up its rights.
//
// The socket is opened once, at the start, since later the process may make none. One thread. Nothing here blocks.
#pragma once

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd;                  // -1: nobody wants to know, and telling does nothing
	struct sockaddr_un to;
	socklen_t to_len;
};

// Where NOTIFY_SOCKET says: a path, or a name in the abstract namespace (@name). 0, also when it is not set; -errno.
int notify_open(struct notify *n);
void notify_close(struct notify *n);

// 0 or -errno: the manager was not told. -EAGAIN: it reads too slowly; worth another try later.
int notify_ready(struct notify *n);     // the start is over; and after a reload: that is over
int notify_reloading(struct notify *n);
int notify_stopping(struct notify *n);
int notify_watchdog(struct notify *n);  // alive; more often than notify_watchdog_us()

// Microseconds within which notify_watchdog() is expected of this process each time (WATCHDOG_USEC, WATCHDOG_PID); 0: it is not.
uint64_t notify_watchdog_us(void);
