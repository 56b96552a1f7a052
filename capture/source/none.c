// The source that is not there: takes every name and refuses it with a reason.
//
// It also documents what an open function owes its caller: no source on failure, -errno, and words for the operator.
// The same of ports whose library this build has not.
#include "capture/port.h"
#include "capture/source/ops.h"

#include <errno.h>
#include <stdio.h>

int none_open_name(struct source **out, const char *name, const char **reason)
{
	*out = NULL;
	*reason = *name ? "no capture engine of this build takes this name" : "the name of a source is empty";
	return -ENODEV;
}

#ifndef POSTWACHT_DPDK
int dpdk_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	*out = NULL;
	snprintf(why, PORT_WHY, "%.96s: this program was built without DPDK; install libdpdk-dev and build again, or name a pcap: port",
		c->name);
	return -ENODEV;
}
#endif
