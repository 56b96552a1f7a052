"""Ugly networks: nobody attacks, and yet the frames do not arrive as they were sent. Chance is seeded: `seed=1`."""
import random

import frames
import pcapkit
from acts import MX, OTHER, Connection, Frames, Out, Sent, plus


class Chance(Frames):
    """Happens to `percent=5` of the TCP frames, in both directions."""

    def __init__(self, options):
        super().__init__(options)
        self.percent = float(options.get("percent", 5))
        self.random = random.Random(int(options.get("seed", 1)))

    def happens(self, octets):
        """Does it, to this frame?"""
        return frames.tcp(octets) is not None and self.random.random() * 100 < self.percent


class Loss(Chance):
    """Frames are lost between the taps: one tap sees a frame, the other only what the sender sends again."""

    def frame(self, octets, to):
        if not self.happens(octets):
            yield Out(octets, to)


class Duplicate(Chance):
    """Frames go on twice: once on the tap where they come in, twice on the other."""

    def frame(self, octets, to):
        yield Out(octets, to)
        if self.happens(octets):
            yield Out(octets, to)


class Delay(Frames):
    """Every frame goes on `ms=50` later, in order."""

    def frame(self, octets, to):
        yield Out(octets, to, float(self.options.get("ms", 50)) / 1000)


class Reorder(Chance):
    """Frames are kept back for `ms=20`, or with `percent=100` those that were sent in a row arrive in reverse order."""
    row = 0

    def frame(self, octets, to):
        if not self.happens(octets):
            yield Out(octets, to)
            return
        ms = float(self.options.get("ms", 20))
        self.row = self.row + 1 if self.percent >= 100 else 0
        yield Out(octets, to, ms / 1000 / (1 + self.row % 8))


class OctetByOctet(Connection):
    """Segments of up to `most=600` octets go on in segments of one octet: so they look on the tap behind the wire."""

    def cut(self, s):
        """One segment for each octet; only the last one pushes or ends the stream."""
        if not 1 < len(s.payload) <= int(self.options.get("most", 600)):
            yield s
            return
        last = len(s.payload) - 1
        for n in range(last + 1):
            flags = s.flags if n == last else s.flags & ~(pcapkit.PSH | pcapkit.FIN)
            yield Sent(pcapkit.replace(s, seq=plus(s.seq, n), payload=s.payload[n:n + 1], flags=flags))

    from_client = from_server = cut


class Fragment(Frames):
    """IP packets with TCP go on in fragments of at most `size=64` octets of payload, IPv6 ones with a fragment header.

    Whole where they come in, in fragments on the tap behind the wire. `order=reverse`: the last one first.
    """
    ident = 0x1000

    def frame(self, octets, to):
        self.ident += 1
        size = int(self.options.get("size", 64)) & ~7
        parts = frames.fragments(octets, size, self.ident & 0xFFFF) if frames.tcp(octets) else [octets]
        for part in reversed(parts) if self.options.get("order") == "reverse" else parts:
            yield Out(part, to)


class SmallMtu(Frames):
    """A link with a small MTU (`size=576`; IPv6 `size6=1280`): what is bigger is dropped, and the sender is told by ICMP.

    The tap before the link sees the big frame, the ICMP message and the smaller segments, the other one only these.
    """

    def frame(self, octets, to):
        ip4 = frames.kind(octets) == pcapkit.ETH_IP4
        mtu = int(self.options.get("size", 576)) if ip4 else int(self.options.get("size6", 1280))
        if frames.tcp(octets) and len(octets) > mtu + frames.ETHERNET:
            yield Out(frames.too_big(octets, mtu), OTHER[to])
        else:
            yield Out(octets, to)


class MssClamp(Connection):
    """The MSS in both SYNs becomes `mss=536`, as routers before a small MTU do. Each tap sees the other end's SYN changed."""

    def clamped(self, s):
        """The SYN with another MSS; Linux puts the option first."""
        if s.flags & pcapkit.SYN and s.options[:2] == b"\x02\x04":
            mss = min(int(self.options.get("mss", 536)), int.from_bytes(s.options[2:4], "big"))
            s = pcapkit.replace(s, options=s.options[:2] + mss.to_bytes(2, "big") + s.options[4:])
        yield s

    from_client = from_server = clamped


class DropAfter(Connection):
    """After `n=10` segments of a connection, in either direction, all that follows is lost: retransmissions on the sender's tap."""

    def __init__(self, options):
        super().__init__(options)
        self.left = int(options.get("n", 10))

    def counted(self, s):
        """Passes while there is something left."""
        self.left -= 1
        if self.left >= 0:
            yield s

    from_client = from_server = counted


class OneWay(Frames):
    """Only a part of it: TCP frames towards `to=mx` are lost. Nothing gets through; for a tap it is a scan or a broken route."""

    def frame(self, octets, to):
        if not frames.tcp(octets) or to != self.options.get("to", MX):
            yield Out(octets, to)


ACTS = {"loss": Loss, "duplicate": Duplicate, "delay": Delay, "reorder": Reorder, "octets": OctetByOctet, "fragment": Fragment,
        "mtu": SmallMtu, "mss-clamp": MssClamp, "drop-after": DropAfter, "one-way": OneWay}
