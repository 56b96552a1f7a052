"""Ethernet frames of the wire: TCP put into the IP header it came in, UDP, IP fragments, and what a router says of a frame too big.

Taking TCP apart is pcapkit's; what is here keeps the rest of a frame (type of service, identification, flow label) as it was.
"""
import struct

import pcapkit

ETHERNET, IP4, IP6 = 14, 20, 40
UDP, FRAGMENT, ICMP4, ICMP6 = 17, 44, 1, 58


def kind(octets):
    """What the frame carries: ETH_IP4, ETH_IP6 or something else."""
    return struct.unpack_from(">H", octets, 12)[0]


def tcp(octets):
    """The segment in a frame; None for anything but whole TCP."""
    try:
        return pcapkit.parse(octets)
    except (struct.error, IndexError):
        return None


def with_ip(head, protocol, body, ttl=None, ident=None):
    """The frame with this Ethernet and IP header (without options) and another body; length and checksum are right."""
    head = bytearray(head)
    if kind(head) == pcapkit.ETH_IP4:
        struct.pack_into(">H", head, ETHERNET + 2, IP4 + len(body))
        head[ETHERNET + 9] = protocol
        if ttl is not None:
            head[ETHERNET + 8] = ttl
        if ident is not None:
            struct.pack_into(">H", head, ETHERNET + 4, ident)
        head = head[:ETHERNET + IP4]
        head[ETHERNET + 10:ETHERNET + 12] = bytes(2)
        struct.pack_into(">H", head, ETHERNET + 10, pcapkit.checksum(bytes(head[ETHERNET:])))
    else:
        struct.pack_into(">H", head, ETHERNET + 4, len(body))
        head[ETHERNET + 6] = protocol
        if ttl is not None:
            head[ETHERNET + 7] = ttl
        head = head[:ETHERNET + IP6]
    return bytes(head) + body


def with_tcp(head, segment, ident=None, bad_checksum=False):
    """The frame of a segment that travels in this header; on wish with a TCP checksum that is wrong."""
    body = pcapkit.build(pcapkit.replace(segment, vlans=()))[ETHERNET + (IP4 if len(segment.src) == 4 else IP6):]
    if bad_checksum:
        body = body[:16] + bytes([body[16] ^ 0x55]) + body[17:]
    return with_ip(head, pcapkit.TCP, body, segment.ttl, ident)


def turned(octets):
    """The Ethernet and IP header of an answer: from the receiver to the sender."""
    head = octets[6:12] + octets[:6] + octets[12:14]
    ip = octets[ETHERNET:]
    if kind(octets) == pcapkit.ETH_IP4:
        return head + ip[:12] + ip[16:20] + ip[12:16]
    return head + ip[:8] + ip[24:40] + ip[8:24]


def udp(octets):
    """(source port, destination port, content) of a whole UDP datagram; None for anything else."""
    at = {pcapkit.ETH_IP4: ETHERNET + IP4, pcapkit.ETH_IP6: ETHERNET + IP6}.get(kind(octets))
    if not at or len(octets) < at + 8 or octets[ETHERNET + (9 if at == ETHERNET + IP4 else 6)] != UDP:
        return None
    source, destination, length = struct.unpack_from(">HHH", octets, at)
    return source, destination, octets[at + 8:at + length]


def pseudo(head, protocol, body):
    """What the checksum of UDP and ICMPv6 covers besides the body."""
    ip = head[ETHERNET:]
    addresses = ip[12:20] if kind(head) == pcapkit.ETH_IP4 else ip[8:40]
    return addresses + struct.pack(">II", len(body), protocol)


def with_udp(head, source, destination, content, ttl=64):
    """The frame of a datagram that travels in this header."""
    body = struct.pack(">HHHH", source, destination, 8 + len(content), 0) + content
    total = pcapkit.checksum(pseudo(head, UDP, body) + body) or 0xFFFF
    return with_ip(head, UDP, body[:6] + struct.pack(">H", total) + body[8:], ttl)


def too_big(octets, mtu):
    """What a router says to the sender of this frame: fragmentation needed (IPv4), packet too big (IPv6)."""
    head = turned(octets)
    if kind(octets) == pcapkit.ETH_IP4:
        body = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + octets[ETHERNET:ETHERNET + IP4 + 8]
        return with_ip(head, ICMP4, body[:2] + struct.pack(">H", pcapkit.checksum(body)) + body[4:], 64)
    body = struct.pack(">BBHI", 2, 0, 0, mtu) + octets[ETHERNET:ETHERNET + IP6 + 64]
    total = pcapkit.checksum(pseudo(head, ICMP6, body) + body)
    return with_ip(head, ICMP6, body[:2] + struct.pack(">H", total) + body[4:], 64)


def fragments(octets, size, ident):
    """The frame in fragments of at most `size` octets of payload (a multiple of 8); [the frame] when it is small enough."""
    ip4 = kind(octets) == pcapkit.ETH_IP4
    at = ETHERNET + (IP4 if ip4 else IP6)
    head, body = octets[:at], octets[at:]
    if len(body) <= size:
        return [octets]
    out = []
    for start in range(0, len(body), size):
        more = start + size < len(body)
        part = body[start:start + size]
        if ip4:
            place = struct.pack(">H", (0x2000 if more else 0) | start // 8)
            out.append(with_ip(head[:ETHERNET + 6] + place + head[ETHERNET + 8:], octets[ETHERNET + 9], part, None, ident))
        else:
            extension = struct.pack(">BBHI", octets[ETHERNET + 6], 0, start | more, ident)
            out.append(with_ip(head, FRAGMENT, extension + part))
    return out
