"""Changes what was said over TLS in a recorded connection, for what no program at hand says any more.

`edit(change)` gives a transform of packets. `change(side, n, octets)` gets the TLS octets of the n-th segment that
"client" or "server" sent since TLS began, and gives what is sent instead; b"" leaves the segment out. Sequence numbers,
acknowledgements and checksums follow. The recording must be in order and without retransmissions.
"""
import struct

import pcapkit
from pcapkit import FIN, PSH, RST, SYN

HANDSHAKE = 22
SACK = 5


def without_sack(options):
    """TCP options without SACK blocks, which would point at octets that have moved."""
    at, out = 0, b""
    while at < len(options):
        if options[at] < 2:
            length = 1
        else:
            length = options[at + 1]
        out += b"\1" * length if options[at] == SACK else options[at:at + length]
        at += length
    return out


def edit(change):
    """The transform."""
    def apply(packets):
        shift, counts, begun, client, out = {}, {}, set(), None, []
        for p in packets:
            s = pcapkit.parse(p.octets)
            client = client or s.sender
            side = "client" if s.sender == client else "server"
            other = "server" if side == "client" else "client"
            if s.payload[:2] == b"\x16\x03":
                begun.add(side)
            payload = s.payload
            if payload and side in begun:
                counts[side] = counts.get(side, -1) + 1
                payload = change(side, counts[side], payload)
            moved = pcapkit.replace(s, seq=(s.seq + shift.get(side, 0)) % 2**32, ack=(s.ack + shift.get(other, 0)) % 2**32 if s.ack else 0,
                                    payload=payload, options=without_sack(s.options))
            shift[side] = shift.get(side, 0) + len(payload) - len(s.payload)
            if payload or not s.payload or s.flags & (SYN | FIN | RST):
                out.append(pcapkit.packet(p.time_ns, moved if payload else pcapkit.replace(moved, flags=moved.flags & ~PSH)))
        return out
    return apply


# ---- records and messages --------------------------------------------------------------------------------------

def record(kind, body, version=0x0303):
    """One record."""
    return struct.pack(">BHH", kind, version, len(body)) + body


def records(octets):
    """(type, version, body) of each record."""
    while len(octets) >= 5:
        kind, version, length = struct.unpack_from(">BHH", octets)
        yield kind, version, octets[5:5 + length]
        octets = octets[5 + length:]


def message(kind, body):
    """One handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


class Hello:
    """The first message of a segment, a ClientHello or ServerHello, taken apart. `octets()` puts the segment together again."""

    def __init__(self, octets):
        self.kind, self.record_version, first = next(records(octets))
        self.after = octets[5 + len(first):]
        self.type, body = first[0], first[4:4 + int.from_bytes(first[1:4], "big")]
        self.also = first[4 + len(body):]  # further messages in the same record
        self.version, self.random = struct.unpack(">H", body[:2])[0], body[2:34]
        self.session, body = body[35:35 + body[34]], body[35 + body[34]:]
        if self.type == 1:
            length = int.from_bytes(body[:2], "big")
            self.suites, body = body[2:2 + length], body[2 + length:]
            self.compression, body = body[1:1 + body[0]], body[1 + body[0]:]
        else:
            self.suites, self.compression, body = body[:2], body[2:3], body[3:]
        self.extensions, body = [], body[2:]
        while body:
            kind, length = struct.unpack_from(">HH", body)
            self.extensions.append((kind, body[4:4 + length]))
            body = body[4 + length:]

    def message(self):
        """The hello alone."""
        chosen = self.type == 2
        body = struct.pack(">H", self.version) + self.random + bytes([len(self.session)]) + self.session
        body += self.suites if chosen else struct.pack(">H", len(self.suites)) + self.suites
        body += self.compression if chosen else bytes([len(self.compression)]) + self.compression
        extensions = b"".join(struct.pack(">HH", kind, len(e)) + e for kind, e in self.extensions)
        return message(self.type, body + struct.pack(">H", len(extensions)) + extensions)

    def octets(self):
        """The whole segment."""
        return record(self.kind, self.message() + self.also, self.record_version) + self.after


def hellos(client=None, server=None):
    """A transform that changes the hellos in place: functions that get a Hello."""
    def change(side, n, octets):
        what = client if side == "client" else server
        if n or not what:
            return octets
        hello = Hello(octets)
        what(hello)
        return hello.octets()
    return edit(change)


def flights(client, server):
    """A transform that replaces whole segments: lists of octets, b"" or None (as it was); later segments are left out."""
    def change(side, n, octets):
        said = client if side == "client" else server
        if n >= len(said):
            return b""
        return octets if said[n] is None else said[n]
    return edit(change)
