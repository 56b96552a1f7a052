// The rows. Gaps in a capture are facts about the capture; rows marked `ours` are about us.
#include "cli/blind.h"

#include <string.h>

#define FIELD(name) offsetof(struct judge_summary, name)
#define COUNTER(id) (offsetof(struct judge_summary, counter) + COUNT_##id * sizeof(uint64_t))

const struct blind_row blind_table[] = {
	{"gap", "sessions with octets missing from the capture", FIELD(blind_gap), false},
	{"one_direction", "sessions of which only one direction was captured", FIELD(blind_one_direction), false},
	{"midstream", "sessions whose beginning was not captured", FIELD(blind_midstream), false},
	{"truncated", "sessions cut short: packets were cut, or their end was not seen", FIELD(blind_truncated), false},
	{"ambiguous", "sessions with two versions of the same octets", FIELD(blind_ambiguous), false},
	{"checksum_accepted", "segments with a wrong checksum used: the capturing host's offload", FIELD(checksum_accepted),
		false},
	{"checksum_ignored", "segments with a wrong checksum ignored", COUNTER(packet_tcp_bad_checksum), false},
	{"link_unknown", "packets of a link type that is not read", COUNTER(packet_link_unknown), false},
	{"packet_malformed", "packets whose headers contradict themselves", COUNTER(packet_malformed), false},
	{"packet_cut", "packets cut by the capture inside their headers", COUNTER(packet_cut), false},
	{"no_time", "packets without a time", COUNTER(decode_no_time), false},
	{"held_unanswered", "findings told without the policy, which did not answer in time", FIELD(held_unanswered), false},
	{"evicted", "sessions told early: a table was full; raise memory.sessions_max", FIELD(evicted), true},
	{"flow_evicted", "connections given up: the table was full; raise memory.flows_max",
		COUNTER(flow_closed_evicted), true},
	{"flow_refused", "packets without a place in the table; raise memory.flows_max", COUNTER(packet_no_flow), true},
	{"session_refused", "sessions without room for facts; raise memory.sessions_max", COUNTER(session_no_memory), true},
	{"reassembly_refused", "octets given up: memory.reassembly_mib was reached", COUNTER(reassembly_no_memory), true},
	{"line_refused", "SMTP lines that found no room", COUNTER(smtp_line_no_memory), true},
	{"handshake_refused", "TLS handshake messages that found no room", COUNTER(tls_handshake_no_memory), true},
	{"fragment_refused", "IP fragments that found no room", COUNTER(fragment_no_memory), true},
};

const size_t blind_table_n = sizeof blind_table / sizeof blind_table[0];

uint64_t blind_count(const struct blind_row *row, const struct judge_summary *s)
{
	uint64_t n;
	memcpy(&n, (const char *)s + row->offset, sizeof n);
	return n;
}

bool blind_ours(const struct judge_summary *s)
{
	for (size_t i = 0; i < blind_table_n; i++)
		if (blind_table[i].ours && blind_count(&blind_table[i], s) > 0)
			return true;
	return false;
}
