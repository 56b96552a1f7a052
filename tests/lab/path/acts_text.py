"""Acts that edit the dialogue in place, as a firewall with SMTP inspection does: the ends keep one TCP connection."""
import re

import attacks
import pcapkit
from acts import Connection, after, plus

NOP, SACK_PERMITTED = 1, 4
OFFER = re.compile(rb"(?:^|(?<=\r\n))250([- ])STARTTLS\r\n")


def without_sack(options):
    """The options of a SYN with SACK-permitted overwritten by NOPs: nobody has to shift the blocks of a SACK."""
    at, out = 0, bytearray(options)
    while at < len(out) and out[at]:
        if out[at] == NOP:
            at += 1
            continue
        length = out[at + 1]
        if out[at] == SACK_PERMITTED:
            out[at:at + length] = bytes([NOP]) * length
        at += max(length, 2)
    return bytes(out)


class StripInline(Connection):
    """Removes the offer of STARTTLS from the EHLO reply and shifts sequence numbers from then on.

    Inside: the offer. Outside: 14 octets fewer, the last line repaired where it was the offer; the server's sequence numbers
    behind it are 14 lower than inside, and so are the client's ACKs. Neither SYN permits SACK outside the end that sent it.
    """

    def __init__(self, options):
        super().__init__(options)
        self.cuts = []  # (first sequence number, length) of what is removed
        self.patches = []  # (sequence number, octet) of what is repaired

    def look(self, s):
        """Finds an offer that was not cut yet."""
        found = OFFER.search(s.payload)
        if not found or any(start == plus(s.seq, found.start()) for start, _ in self.cuts):
            return
        self.cuts.append((plus(s.seq, found.start()), len(found[0])))
        line = s.payload.rfind(b"250-", 0, found.start())
        if found[1] == b" " and line >= 0:
            self.patches.append((plus(s.seq, line + 3), b" "))

    def edited(self, s):
        """The payload as the client gets it."""
        out = bytearray(s.payload)
        for at, octet in self.patches:
            if 0 <= (at - s.seq) & 0xFFFFFFFF < len(out):
                out[(at - s.seq) & 0xFFFFFFFF] = octet[0]
        cut = set()
        for start, length in self.cuts:
            cut.update(plus(start, n) for n in range(length))
        return bytes(octet for n, octet in enumerate(out) if plus(s.seq, n) not in cut)

    def outside(self, sequence):
        """The server's sequence number as the client knows it."""
        removed = 0
        for start, length in self.cuts:
            if after(sequence, start):
                removed += min(length, (sequence - start) & 0xFFFFFFFF)
        return plus(sequence, -removed)

    def from_server(self, s):
        if s.flags & pcapkit.SYN:
            yield pcapkit.replace(s, options=without_sack(s.options))
            return
        self.look(s)
        yield pcapkit.replace(s, seq=self.outside(s.seq), payload=self.edited(s)) if self.cuts else s

    def from_client(self, s):
        if s.flags & pcapkit.SYN:
            yield pcapkit.replace(s, options=without_sack(s.options))
            return
        ack = s.ack
        for start, length in self.cuts:  # in the order of the stream
            if s.flags & pcapkit.ACK and after(ack, start):
                ack = plus(ack, length)
        yield pcapkit.replace(s, ack=ack) if ack != s.ack else s


class MaskInline(Connection):
    """Overwrites banner and keywords in place (Cisco ASA): `220 ****`, `250-XXXXXXXA`.

    Inside: the true ones. Outside: the same lengths and sequence numbers, other octets.
    """

    def from_server(self, s):
        text = attacks.mask(s.payload)
        yield pcapkit.replace(s, payload=text) if text != s.payload else s


class MaskCommand(Connection):
    """Overwrites the client's STARTTLS with XXXXXXXX in place. Outside: STARTTLS, inside: XXXXXXXX and what mx says to it."""

    def from_client(self, s):
        text = s.payload.replace(b"STARTTLS\r\n", b"XXXXXXXX\r\n")
        yield pcapkit.replace(s, payload=text) if text != s.payload else s


ACTS = {"strip-inline": StripInline, "mask-inline": MaskInline, "mask-command": MaskCommand}
