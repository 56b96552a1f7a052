// Tunnels of packet brokers and mirrors: from the outer packet to the frame in it.
//
// GRE (RFC 2784, 2890), ERSPAN I, II and III (draft-foschiano-erspan-03), VXLAN (RFC 7348), GENEVE (RFC 8926). Only those
// are opened that the operator has (enum dissect_tunnel); what is decoded then is the inner packet, with its own VLAN tags,
// and of the outer one nothing is left. Outer fragments are not opened.
#pragma once

#include "dissect/net/layer.h"

enum { TUNNELS_MAX = 2 }; // a mirror of a tunnel; more is an attack on decoders

// `l` stands on the GRE header.
enum decode_outcome tunnel_gre(struct layer *l, struct decoded *out, bool checksum);

// Whether datagrams to this port are a tunnel that is opened. One that is not is counted.
bool tunnel_port(const struct layer *l, uint16_t port);
// `l` stands behind the UDP header of a datagram to such a port, and ends where it ends.
enum decode_outcome tunnel_udp(struct layer *l, uint16_t port, struct decoded *out, bool checksum);

// The ledger row of what looks like a tunnel and is not opened.
enum decode_outcome tunnel_closed(const struct layer *l, struct decoded *out);
