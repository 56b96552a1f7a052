// The source that is not there: takes every name and refuses it with a reason.
//
// It also documents what an open function owes its caller: no source on failure, -errno, and words for the operator.
// The same of ports whose library this build has not.
#include "capture/source/ops.h"

#include <errno.h>
#include <stdio.h>

#include "capture/port.h"

int none_open_name(struct source **out, const char *name, const char **reason)
{
	*out = NULL;
	*reason = *name ? "no capture engine of this build takes this name" : "the name of a source is empty";
	return -ENODEV;
}

#if !HAVE_PCAP
int pcap_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	*out = NULL;
	snprintf(why, PORT_WHY, "%.64s needs libpcap, which this build is without", c->name);
	return -ENOTSUP;
}
#endif

#if !HAVE_DPDK
int dpdk_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	*out = NULL;
	snprintf(why, PORT_WHY, "%.64s needs DPDK, which this build is without: install libdpdk-dev and build again; the kernel's interfaces "
		"are pcap:NAME", c->name);
	return -ENOTSUP;
}
#endif
