"""What an act of the wire is made of: what it gives to be sent, its options, and its memory of a connection."""
from typing import NamedTuple

import frames
import pcapkit

CLIENT, MX = "client", "mx"  # the two ways out of the wire: path0 and path1
OTHER = {CLIENT: MX, MX: CLIENT}


class Out(NamedTuple):
    """A frame to send: on which side, and how much later."""
    octets: bytes
    to: str
    delay_s: float = 0


class Sent(NamedTuple):
    """A segment to send, and how. Without `to` it goes on in its own direction.

    Sent to the side it claims to come from, only the tap there sees it: its MAC addresses are those of the true
    direction, and the host, whose kernel takes it for somebody else's, drops it.
    """
    segment: pcapkit.Segment
    to: str = None
    ident: int = None
    bad_checksum: bool = False
    delay_s: float = 0


def forged(segment, wish, **changes):
    """A segment of somebody else: with the TTL and the identification that an act's options wish for."""
    return Sent(pcapkit.replace(segment, ttl=int(wish.get("ttl", segment.ttl)), **changes), ident=int(wish.get("ident", 0x6666)))


class Frames:
    """An act upon every frame. The default passes all of them."""

    def __init__(self, options):
        self.options = options

    def frame(self, octets, to):
        """What is sent for a frame on its way `to` one side."""
        yield Out(octets, to)


class Connection:
    """An act upon one TCP connection: hooks get a segment and give segments (or Sent) to send. The default passes all."""

    def __init__(self, options):
        self.options = options
        self.first = None  # sequence number of its SYN
        self.heads = {}  # the last Ethernet and IP header towards either side

    def from_client(self, s):
        """Towards mx."""
        yield s

    def from_server(self, s):
        """Towards the client."""
        yield s

    def frame(self, octets, s, port):
        """What is sent for a frame with this segment."""
        way = MX if s.dport == port else CLIENT
        self.heads[way] = octets
        for sent in (self.from_client if way == MX else self.from_server)(s):
            sent = sent if isinstance(sent, Sent) else Sent(sent)
            if sent.segment is s and sent[1:] == Sent(s)[1:]:
                yield Out(octets, way)
                continue
            direction = MX if sent.segment.dport == port else CLIENT
            head = self.heads.get(direction) or frames.turned(octets)
            out = frames.with_tcp(head, sent.segment, sent.ident, sent.bad_checksum)
            yield Out(out, sent.to or direction, sent.delay_s)


class Connections(Frames):
    """Gives every connection to the server's port an act of its own; what else there is passes."""

    def __init__(self, act, options):
        super().__init__(options)
        self.act, self.port = act, int(options.get("port", 25))
        self.open = {}

    def frame(self, octets, to):
        s = frames.tcp(octets)
        if not s or self.port not in (s.sport, s.dport):
            yield Out(octets, to)
            return
        first = s.flags & (pcapkit.SYN | pcapkit.ACK) == pcapkit.SYN and s.seq  # a SYN sent again begins nothing new
        if s.flow not in self.open or first and first != self.open[s.flow].first:
            self.open[s.flow] = self.act(self.options)
            self.open[s.flow].first = first
        yield from self.open[s.flow].frame(octets, s, self.port)


def plus(sequence, n):
    """A sequence number further on."""
    return (sequence + n) & 0xFFFFFFFF


def after(a, b):
    """Is sequence number a behind b, or the same?"""
    return (a - b) & 0xFFFFFFFF < 0x80000000


def is_starttls(s):
    """The client's command."""
    return s.payload.upper() == b"STARTTLS\r\n"


def is_hello(s):
    """A TLS record with a ClientHello."""
    return len(s.payload) > 5 and s.payload[:2] == b"\x16\x03" and s.payload[5] == 1
