// Messages as datagrams: UDP, and unix sockets of that kind (/dev/log). Private to alerts/sink/.
#pragma once

#include "alerts/sink/batch.h"
#include "alerts/sink/wait.h"

// Sends each message of the batch that has octets. What is too long for the socket is refused. Then UDP waits a moment for the other
// machine's word that nobody listens there; a unix socket until all was read, and looks whether somebody still reads it.
// 0, or -errno: nothing counts, since what was in the receiver's queue may have gone with it.
int datagram_send(int fd, bool udp, struct sink_batch *b, struct sink_wait *w);
