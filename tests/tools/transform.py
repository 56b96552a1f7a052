"""The same story, delivered in another way: transforms of a capture that must not change what is told of it.

Each transform takes packets and gives packets. `TRANSFORMS` names them, with the members of a record that may change.
"""
import gzip
import random

import pcapkit
from pcapkit import ACK, FIN, PSH, RST, SYN

WRAP = 1 << 32
DAY_NS = 86400 * 10**9


def _segments(packets):
    return [(p, pcapkit.parse(p.octets)) for p in packets]


def _each(change):
    """A transform that changes every segment by itself."""
    def apply(packets):
        return [pcapkit.packet(p.time_ns, change(s)) if s else p for p, s in _segments(packets)]
    return apply


# ---- delivery --------------------------------------------------------------------------------------------------

def cut(segment, size):
    """The segment in pieces of `size` octets; FIN, PSH and RST go with the last."""
    payload = segment.payload
    if len(payload) <= size or segment.flags & SYN:
        return [segment]
    pieces = []
    for at in range(0, len(payload), size):
        last = at + size >= len(payload)
        flags = segment.flags if last else segment.flags & ~(FIN | PSH | RST)
        pieces.append(pcapkit.replace(segment, seq=(segment.seq + at) % WRAP, payload=payload[at:at + size], flags=flags))
    return pieces


def resegment(size):
    """Every segment in pieces of `size` octets."""
    def apply(packets):
        out = []
        for p, s in _segments(packets):
            out += [pcapkit.packet(p.time_ns, piece) for piece in cut(s, size)] if s else [p]
        return out
    return apply


def split_at_random(seed):
    """Every segment in two pieces, at a place that depends on the seed."""
    def apply(packets):
        source, out = random.Random(seed), []
        for p, s in _segments(packets):
            if s and len(s.payload) > 1:
                first = source.randrange(1, len(s.payload))
                head, tail = cut(s, first)[0], s.payload[first:]
                rest = pcapkit.replace(s, seq=(s.seq + first) % WRAP, payload=tail)
                out += [pcapkit.packet(p.time_ns, head), pcapkit.packet(p.time_ns, rest)]
            else:
                out.append(p)
        return out
    return apply


def _movable(segment):
    """Data and FIN may overtake each other. SYN and RST say something about what comes after or before."""
    return segment and not segment.flags & (SYN | RST)


def _runs(packets, window):
    """Packets in groups of at most `window` neighbours of one direction."""
    run, sender = [], None
    for p, s in _segments(packets):
        here = s.sender + (s.dst, s.dport) if _movable(s) else None
        if run and (here is None or here != sender or len(run) == window):
            yield run
            run = []
        run.append(p)
        sender = here
    if run:
        yield run


def reorder(seed, window=4):
    """Neighbours of one direction in another order; the times stay where they were, so time never runs backwards."""
    def apply(packets):
        source, out = random.Random(seed), []
        for run in _runs(packets, window):
            times = [p.time_ns for p in run]
            source.shuffle(run)
            out += [p._replace(time_ns=t) for p, t in zip(run, times)]
        return out
    return apply


def duplicate(every):
    """Each `every`th packet twice."""
    def apply(packets):
        return [p for n, p in enumerate(packets) for _ in range(2 if n % every == 0 else 1)]
    return apply


def drop(numbers):
    """Without these packets, counted from 0."""
    gone = set(numbers)

    def apply(packets):
        return [p for n, p in enumerate(packets) if n not in gone]
    return apply


def chain(*transforms):
    """One transform after the other."""
    def apply(packets):
        for t in transforms:
            packets = t(packets)
        return packets
    return apply


# ---- numbers, addresses, times ---------------------------------------------------------------------------------

def wrap_sequences(ahead):
    """Sequence numbers of both directions such that 2^32 lies `ahead` octets behind the start of each."""
    def apply(packets):
        shift, out = {}, []
        for p, s in _segments(packets):
            if not s:
                out.append(p)
                continue
            there = (s.dst, s.dport)
            mine = shift.setdefault((s.sender, there), (WRAP - ahead - s.seq) % WRAP)
            theirs = shift.setdefault((there, s.sender), (WRAP - ahead - s.ack) % WRAP) if s.flags & ACK else 0
            ack = (s.ack + theirs) % WRAP if s.flags & ACK else s.ack
            out.append(pcapkit.packet(p.time_ns, pcapkit.replace(s, seq=(s.seq + mine) % WRAP, ack=ack,
                                                                 options=_without_sack(s.options))))
        return out
    return apply


def _without_sack(options):
    """SACK blocks carry sequence numbers: blanked rather than shifted."""
    out, at = bytearray(options), 0
    while at < len(out) and out[at]:
        length = 1 if out[at] == 1 else max(out[at + 1], 2)
        if out[at] == 5:
            out[at:at + length] = b"\1" * length
        at += length
    return bytes(out)


def shift_time(ns):
    """Everything earlier or later."""
    return lambda packets: [p._replace(time_ns=p.time_ns + ns) for p in packets]


def add_vlan(*tags):
    """One tag, or several: outer first."""
    def change(s):
        kinds = [pcapkit.ETH_QINQ] * (len(tags) - 1) + [pcapkit.ETH_VLAN]
        return pcapkit.replace(s, vlans=tuple(zip(kinds, tags)) + s.vlans)
    return _each(change)


def _ip6(address):
    return address if len(address) == 16 else bytes.fromhex("20010db8") + bytes(8) + address


def to_ip6(packets):
    """IPv4 addresses as IPv6 ones of the documentation prefix."""
    return _each(lambda s: pcapkit.replace(s, src=_ip6(s.src), dst=_ip6(s.dst)))(packets)


def translate(packets):
    """Clients behind an address translator: whoever sent a SYN has another address and port. Numbers stay."""
    clients = {s.sender for _, s in _segments(packets) if s and s.flags & SYN and not s.flags & ACK}

    def other(address, port):
        return (address[:-1] + bytes([address[-1] ^ 0x55]), port ^ 0x10) if (address, port) in clients else (address, port)

    def change(s):
        src, sport = other(s.src, s.sport)
        dst, dport = other(s.dst, s.dport)
        return pcapkit.replace(s, src=src, sport=sport, dst=dst, dport=dport)
    return _each(change)(packets)


# ---- tables ----------------------------------------------------------------------------------------------------

ADDRESSES = frozenset({"src_ip", "dest_ip", "ip_v", "community_id"})
VLAN = frozenset({"vlan"})

# Name, transform, members of a record that may differ besides those that name packets and times.
TRANSFORMS = [
    ("one octet a segment", resegment(1), frozenset()),
    ("seven octets a segment", resegment(7), frozenset()),
    ("split in two", split_at_random(1), frozenset()),
    ("reordered", reorder(2), frozenset()),
    ("cut small and reordered", chain(resegment(11), reorder(3, 6)), frozenset()),
    ("every packet twice", duplicate(1), frozenset()),
    ("every third packet twice, reordered", chain(duplicate(3), reorder(4)), frozenset()),
    ("sequence numbers wrap", wrap_sequences(60), frozenset()),
    ("sequence numbers wrap within octets", chain(wrap_sequences(33), resegment(5)), frozenset()),
    ("a year later", shift_time(366 * DAY_NS), frozenset()),
    ("with a VLAN tag", add_vlan(7), VLAN),
    ("in QinQ", add_vlan(100, 8), VLAN),
    ("over IPv6", to_ip6, ADDRESSES),
]

# Name, suffix, the same packets as a file of another kind.
FORMATS = [
    ("big-endian pcap", "pcap", lambda packets: pcapkit.pcap(packets, ">")),
    ("pcap in nanoseconds", "pcap", lambda packets: pcapkit.pcap(packets, "<", True)),
    ("pcapng", "pcapng", pcapkit.pcapng),
    ("big-endian pcapng", "pcapng", lambda packets: pcapkit.pcapng(packets, ">")),
    ("gzip", "pcap.gz", lambda packets: gzip.compress(pcapkit.pcap(packets), 1)),
]
