// Every way a packet or an octet can leave the path has a name here. "Why did we not see it?" is answered by these.
//
// One table (X-macro) so that the enum, the printed names and the documentation cannot drift apart.
// Names: <layer>_<what>. A row: X(id, "what it counts").
// The ledger (P2): every packet increments `packets` and exactly one of the rows marked L.
#pragma once

#include <stdint.h>

#define DISSECT_COUNTER_TABLE(X) \
	X(packets, "packets taken from the source") \
	X(octets, "their octets on the wire") \
	/* L: where a packet ended */ \
	X(packet_tcp_session, "L: TCP packets of a session we follow or have sealed") \
	X(packet_tcp_counted, "L: TCP packets of other connections: counted, never described") \
	X(packet_duplicate, "L: TCP packets of a dialogue or handshake that a mirror shows twice, within 5 ms") \
	X(packet_tcp_bad_checksum, "L: TCP packets ignored for a bad checksum") \
	X(packet_not_tcp, "L: IP packets of other protocols") \
	X(packet_dns, "L: UDP packets of DNS, read or counted") \
	X(packet_not_ip, "L: frames that carry no IP (ARP, LLDP, ...)") \
	X(packet_fragment_kept, "L: IP fragments kept until the datagram is whole, or counted") \
	X(packet_fragment_dropped, "L: IP fragments refused: overlap, bounds, memory, checksum") \
	X(packet_link_unknown, "L: packets of a link type we do not read") \
	X(packet_malformed, "L: packets whose headers contradict themselves") \
	X(packet_cut, "L: packets cut by the capture inside the headers") \
	X(packet_no_flow, "L: TCP packets without a place in the flow table") \
	/* decode details */ \
	X(decode_ip4_bad_header, "IPv4 header length or total length impossible") \
	X(decode_ip4_bad_checksum, "IPv4 header checksum wrong: ignored, but for 0 that the card fills in") \
	X(decode_ip6_bad_header, "IPv6 header or extension chain impossible") \
	X(decode_ip6_ext_limit, "IPv6 extension header chain longer than we walk") \
	X(decode_tcp_bad_header, "TCP header length impossible") \
	X(decode_udp_bad_header, "UDP length impossible, on a port that is read") \
	X(decode_tunnel, "tunnels opened: what is in them is counted") \
	X(decode_tunnel_closed, "packets of GRE, VXLAN or GENEVE that are not opened: of a kind not asked for, in fragments, or no data") \
	X(decode_tunnel_bad, "tunnel headers that contradict themselves") \
	X(decode_tunnel_limit, "tunnels in tunnels beyond the two that we open") \
	X(decode_vlan_limit, "more link-layer tags than we walk") \
	X(decode_wire_len, "records that claim more octets on the wire than any capture takes: those captured are counted") \
	X(decode_no_time, "packets without a time stamp") \
	X(decode_time_backwards, "packets older than one before them") \
	X(fragment_overlap, "fragments that overlap: IPv6 datagram dropped (RFC 5722), IPv4 marked") \
	X(fragment_timeout, "datagrams never completed") \
	X(fragment_no_memory, "fragments without room") \
	X(fragment_reassembled, "datagrams put together") \
	/* flow */ \
	X(flow_opened, "TCP connections opened in the table") \
	X(flow_closed_fin, "ended by FIN in both directions") \
	X(flow_closed_rst, "ended by a validated RST") \
	X(flow_closed_idle, "ended by silence") \
	X(flow_closed_eof, "open when the input ended") \
	X(flow_closed_evicted, "evicted: the table was full") \
	X(flow_closed_reuse, "ended because their tuple was used again") \
	X(flow_midstream, "first seen in the middle") \
	X(flow_twin, "opened beside another one with the same ends: a new handshake, or a forged one") \
	X(flow_split, "SYN/ACKs that reached another worker than the SYN: the card does not keep connections together") \
	X(flow_twin_alive, "segments that went on with the older of two: one of them is forged") \
	X(session_opened, "connections that got facts of their own") \
	X(session_dropped, "candidates on other ports that were no SMTP") \
	X(session_no_memory, "sessions told before their end, or never: no room for facts of another") \
	X(session_sealed, "sessions cut through after TLS completed") \
	X(classify_shown, "segments of connections on other ports shown to nDPI") \
	X(classify_mail, "connections on other ports that nDPI takes for SMTP, where the three rules saw none") \
	X(classify_no_room, "connections that nDPI was not shown, or not to the end: no room, or too many at once") \
	/* stream */ \
	X(tcp_checksum_bad, "TCP checksums that are wrong") \
	X(tcp_checksum_accepted, "... accepted: the sender's captures never show a good one (offload)") \
	X(tcp_out_of_window, "segments outside any sensible window, ignored") \
	X(tcp_retransmit, "segments that brought nothing new") \
	X(tcp_keepalive, "keep-alive probes") \
	X(tcp_out_of_order, "segments that waited for earlier octets") \
	X(tcp_overlap_differs, "octets that differ from the same octets seen before") \
	X(tcp_overlap_unknown, "segments of a dialogue sent again, cut otherwise: not compared, taken for a conflict") \
	X(tcp_gap, "holes given up") \
	X(tcp_gap_octets, "octets in them") \
	X(tcp_rst_invalid, "RST not at the expected sequence number, ignored (RFC 5961)") \
	X(tcp_rst_contradicted, "RST followed by life") \
	X(tcp_fin_invalid, "FIN out of the window, ignored") \
	X(tcp_fin_contradicted, "FIN followed by octets of the same side") \
	X(tcp_no_ack_flag, "data without ACK, ignored") \
	X(tcp_md5_option, "payload with a TCP MD5 or AO option, ignored: mail has no keys for it") \
	X(tcp_vlan_differs, "segments that brought new octets from another VLAN than those before them") \
	X(tcp_urgent, "segments with the urgent pointer") \
	X(tcp_payload_on_syn, "payload on SYN or SYN/ACK") \
	X(tcp_syn_retry, "SYN or SYN/ACK with octets where none can be, ignored (RFC 5961)") \
	X(reassembly_no_memory, "octets given up because the reassembly cap was reached") \
	X(reassembly_forced, "waits and holes given up before their time: no room to wait (the cap, or 64 segments)") \
	/* smtp, tls */ \
	X(smtp_lines, "SMTP lines read") \
	X(smtp_line_no_memory, "lines whose rest did not fit the line pool") \
	X(smtp_paused_overflow, "waited for a reply longer than the buffer allows") \
	X(tls_records, "TLS record headers read") \
	X(tls_handshake_no_memory, "handshake messages without room") \
	X(tls_malformed, "TLS messages that contradict themselves") \
	/* evidence */ \
	X(evidence_packets, "packets handed on as evidence") \
	X(evidence_bounded, "... not handed on: their session has had its share") \
	/* dns */ \
	X(dns_messages, "DNS messages about mail hosts (A, AAAA, MX, TLSA), told") \
	X(dns_other, "... of other types, or of no host name: counted, never described") \
	X(dns_malformed, "... that contradict themselves, ignored") \
	X(dns_truncated, "... that say that they are cut short (TC)") \
	X(dns_cut, "... cut by the capture, ignored") \
	X(dns_checksum_bad, "... ignored for a bad checksum") \
	X(dns_tcp_unread, "segments of DNS over TCP that are no whole messages at the start of a connection: not read") \
	X(dns_encrypted, "beginnings of DNS over TLS or QUIC (port 853)")

enum dissect_counter {
#define X(id, text) COUNT_##id,
	DISSECT_COUNTER_TABLE(X)
#undef X
	DISSECT_COUNTERS
};

struct dissect_counter_row {
	const char *name;
	const char *text;
};

extern const struct dissect_counter_row dissect_counter_table[DISSECT_COUNTERS];
