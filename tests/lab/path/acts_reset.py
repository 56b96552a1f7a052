"""Acts that reset a connection, or try to. Options of all: `to=both|client|mx` who is told, `ttl=N` of the forged segments."""
import pcapkit
from acts import CLIENT, MX, Connection, forged, is_hello, is_starttls, plus

RESET = pcapkit.RST | pcapkit.ACK


def resets(s, options, step=0, count=1):
    """Resets in the name of the other end to either side of the client's segment s, which may or may not go on."""
    to = options.get("to", "both")
    for n in range(count):
        if to in ("both", MX):
            yield forged(s, options, seq=plus(s.seq, step * (n + 1)), flags=RESET, payload=b"", options=b"", window=0)
        if to in ("both", CLIENT):
            yield forged(s, options, src=s.dst, dst=s.src, sport=s.dport, dport=s.sport, seq=plus(s.ack, step * (n + 1)),
                         ack=plus(s.seq, len(s.payload)), flags=RESET, payload=b"", options=b"", window=0)


class ResetAtStarttls(Connection):
    """Resets both ends at the client's STARTTLS, which mx never gets.

    Outside: STARTTLS and a reset in mx's name. Inside: a reset in the client's name. With `drop=no to=client` STARTTLS goes on,
    mx answers, and its 220 follows its own reset on both taps; the client's kernel answers that with a reset of its own.
    """

    def triggered(self, s):
        """Is it this segment of the client?"""
        return is_starttls(s)

    def from_client(self, s):
        if not self.triggered(s):
            yield s
            return
        yield from resets(s, self.options)
        if self.options.get("drop", "yes") == "no":
            yield s


class ResetAtHello(ResetAtStarttls):
    """The same at the client's ClientHello."""

    def triggered(self, s):
        return is_hello(s)


class ResetAt220(Connection):
    """The same at mx's 220 to STARTTLS, which the client never gets, or with `drop=no` gets behind the reset."""
    asked = False

    def from_client(self, s):
        self.asked = self.asked or is_starttls(s)
        yield s

    def from_server(self, s):
        if not (self.asked and s.payload.startswith(b"220 ")):
            yield s
            return
        self.asked = False
        answer = pcapkit.replace(s, src=s.dst, dst=s.src, sport=s.dport, dport=s.sport, seq=s.ack, ack=s.seq, payload=b"")
        yield from resets(answer, self.options)
        if self.options.get("drop", "yes") == "no":
            yield s


class ResetOffWindow(Connection):
    """Resets with stepped sequence numbers (`step=1000 count=8`) to both ends at STARTTLS: none is exactly the expected one.

    Each tap: a burst of resets in the name of the end behind the wire, and the session goes on. Linux answers a burst within the window
    with one challenge ACK of each end (RFC 5961; at most one in half a second), and one behind it (`step=-1000`) with nothing.
    """

    def from_client(self, s):
        if is_starttls(s):
            yield from resets(s, self.options, int(self.options.get("step", 1000)), int(self.options.get("count", 8)))
        yield s


ACTS = {"rst-at-starttls": ResetAtStarttls, "rst-at-220": ResetAt220, "rst-at-clienthello": ResetAtHello, "rst-off-window": ResetOffWindow}
