"""Reads and writes captures, takes TCP packets apart and puts them together again with right checksums.

A packet is (nanoseconds, octets, length on the wire). A segment is a TCP packet in Ethernet taken apart.
"""
import dataclasses
import gzip
import struct
from typing import NamedTuple

ETHERNET = 1
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ETH_IP4, ETH_IP6, ETH_VLAN, ETH_QINQ = 0x0800, 0x86DD, 0x8100, 0x88A8
TCP = 6


class Packet(NamedTuple):
    """One packet of a capture; `length` is what the wire carried."""
    time_ns: int
    octets: bytes
    length: int


class Damaged(Exception):
    """The file is no capture this module reads."""


# ---- files -----------------------------------------------------------------------------------------------------

def read(path):
    """Packets of a pcap file (either byte order, micro- or nanoseconds, gzip too)."""
    with open(path, "rb") as f:
        octets = f.read()
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    for order in "<>":
        magic = struct.unpack_from(order + "I", octets)[0]
        if magic in (0xA1B2C3D4, 0xA1B23C4D):
            return list(_records(octets, order, 1000 if magic == 0xA1B2C3D4 else 1))
    raise Damaged(f"{path}: no pcap magic")


def _records(octets, order, unit_ns):
    at = 24
    while at + 16 <= len(octets):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", octets, at)
        at += 16
        yield Packet(seconds * 10**9 + fraction * unit_ns, octets[at:at + kept], length)
        at += kept


def write(path, packets, order="<", nanoseconds=False):
    """A pcap file, in the byte order and resolution asked for."""
    with open(path, "wb") as f:
        f.write(pcap(packets, order, nanoseconds))


def pcap(packets, order="<", nanoseconds=False):
    """The octets of a pcap file."""
    unit_ns = 1 if nanoseconds else 1000
    out = [struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET)]
    for p in packets:
        seconds, rest = divmod(p.time_ns, 10**9)
        out += [struct.pack(order + "IIII", seconds, rest // unit_ns, len(p.octets), p.length), p.octets]
    return b"".join(out)


def _block(order, kind, body):
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def pcapng(packets, order="<"):
    """The octets of a pcapng file with one interface in nanoseconds."""
    resolution = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
    out = [_block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
           _block(order, 1, struct.pack(order + "HHI", ETHERNET, 0, 262144) + resolution)]
    for p in packets:
        head = struct.pack(order + "IIIII", 0, p.time_ns >> 32, p.time_ns & 0xFFFFFFFF, len(p.octets), p.length)
        out.append(_block(order, 6, head + p.octets))
    return b"".join(out)


# ---- segments --------------------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Segment:
    """A TCP segment in Ethernet; addresses are 4 or 16 octets."""
    src: bytes
    dst: bytes
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    payload: bytes = b""
    options: bytes = b""
    window: int = 65535
    urgent: int = 0
    ttl: int = 64
    macs: bytes = bytes.fromhex("020000000002020000000001")
    vlans: tuple = ()  # (ethertype of the tag, tag), outer first

    @property
    def flow(self):
        """Both ends, the same for either direction."""
        return tuple(sorted([(self.src, self.sport), (self.dst, self.dport)]))

    @property
    def sender(self):
        """The end that sent it."""
        return self.src, self.sport


def replace(segment, **changes):
    """The same segment with some members changed."""
    return dataclasses.replace(segment, **changes)


def checksum(octets):
    """The Internet checksum, RFC 1071."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parse(octets):
    """The segment in an Ethernet frame; None for anything but whole, unfragmented TCP."""
    at, vlans = 12, []
    kind = struct.unpack_from(">H", octets, at)[0]
    while kind in (ETH_VLAN, ETH_QINQ):
        vlans.append((kind, struct.unpack_from(">H", octets, at + 2)[0]))
        at += 4
        kind = struct.unpack_from(">H", octets, at)[0]
    ip = octets[at + 2:]
    if kind == ETH_IP4 and ip[9] == TCP and not struct.unpack_from(">H", ip, 6)[0] & 0x3FFF:  # no fragment
        tcp = ip[(ip[0] & 15) * 4:struct.unpack_from(">H", ip, 2)[0]]
        src, dst, ttl = ip[12:16], ip[16:20], ip[8]
    elif kind == ETH_IP6 and ip[6] == TCP:
        tcp = ip[40:40 + struct.unpack_from(">H", ip, 4)[0]]
        src, dst, ttl = ip[8:24], ip[24:40], ip[7]
    else:
        return None
    sport, dport, seq, ack, offset, flags, window, _, urgent = struct.unpack_from(">HHIIBBHHH", tcp)
    head = (offset >> 4) * 4
    return Segment(src, dst, sport, dport, seq, ack, flags, tcp[head:], tcp[20:head], window, urgent, ttl,
                   octets[:12], tuple(vlans))


def _ip4(s, length):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0x4000, s.ttl, TCP, 0, s.src, s.dst)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:]


def _tcp(s):
    options = s.options + bytes(-len(s.options) % 4)
    head = struct.pack(">HHIIBBHHH", s.sport, s.dport, s.seq & 0xFFFFFFFF, s.ack & 0xFFFFFFFF,
                       (20 + len(options)) // 4 << 4, s.flags, s.window, 0, s.urgent)
    tcp = head + options + s.payload
    pseudo = s.src + s.dst + struct.pack(">II", len(tcp), TCP)
    return tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]


def build(s):
    """The Ethernet frame of a segment."""
    tcp = _tcp(s)
    tags = b"".join(struct.pack(">HH", kind, tag) for kind, tag in s.vlans)
    if len(s.src) == 4:
        return s.macs + tags + struct.pack(">H", ETH_IP4) + _ip4(s, len(tcp)) + tcp
    ip6 = struct.pack(">IHBB16s16s", 6 << 28, len(tcp), TCP, s.ttl, s.src, s.dst)
    return s.macs + tags + struct.pack(">H", ETH_IP6) + ip6 + tcp


def packet(time_ns, segment):
    """A packet that carries this segment."""
    octets = build(segment)
    return Packet(time_ns, octets, len(octets))
