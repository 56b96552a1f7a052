// One DNS message, octets in, facts out. RFC 1035 4. Pure: nothing is kept, no clock, no allocation.
//
// A message is read whole or not at all, as its receiver would: a name that loops, a record that ends outside, a section
// that is short make it malformed. The time is bounded by the length: pointers lead strictly backwards, names of
// sections that are only skipped are not followed, and answers are read up to a bound.
#pragma once

#include "dissect/dns/facts.h"

enum dns_parsed {
	DNS_MAIL,      // about a mail host: told
	DNS_OTHER,     // another type, class, opcode or number of questions, or a name that no host has
	DNS_MALFORMED,
};

enum { DNS_READ_MAX = 256 }; // answers whose names are read; behind it there are only more of them

// Fills all of `out` but addresses, ports, ttl, file and frame. `seed` goes into the digests, so that nobody can find two
// records that share one.
enum dns_parsed dns_parse(struct dns_facts *out, const uint8_t *p, size_t len, uint64_t seed);
