// Which connection a segment belongs to: flows of the same two ends told apart by their numbers. See docs/design/0010-whose-numbers.md.
#pragma once

#include "dissect/engine.h"

// What is to be done with a segment.
enum route_action {
	ROUTE_TAKE,    // it belongs to route.flow
	ROUTE_OPEN,    // it begins a connection: route_open()
	ROUTE_STRANGE, // it carries octets that belong to no connection known: route_strange()
	ROUTE_STRAY,   // octets that no receiver takes: stream_stray()
	ROUTE_IGNORE,  // it says nothing about route.flow
};

struct route {
	uint32_t flow, twin; // the flow whose numbers are nearest, 0 none; another one with the same ends, 0 none
	enum dir d;          // in `flow`
};

// Decides, and changes nothing.
enum route_action route_segment(const struct dissect *e, uint64_t hash, const struct decoded *s, struct route *r);

// A flow that begins with this segment, beside the one that has the same ends. 0: no room.
uint32_t route_open(struct dissect *e, uint64_t hash, const struct route *r, const struct decoded *s, const struct packet *p, enum dir *d);
// ... or 0, when there are two already; those that it may have been hidden from say so.
uint32_t route_strange(struct dissect *e, uint64_t hash, const struct route *r, const struct decoded *s, const struct packet *p,
                       enum dir *d);

// Whether a younger flow with the same ends has had octets: then this one is over, unless it shows otherwise ...
bool route_succeeded(const struct dissect *e, uint32_t flow);
// ... by new octets of its own: both are marked.
void route_alive(struct dissect *e, uint32_t flow);

// Ends a flow that stands in no slot of the wheel: it is told, counted and removed.
void route_close(struct dissect *e, uint32_t flow, enum session_end end);
