"""An act of the wire that answers the sender's DNS queries (UDP 53) in the name server's name.

    dns mx=HOST a=ADDRESS aaaa=ADDRESS tlsa=none only=NAME mode=race|replace

For every query whose type has an option, and whose name is `only` or stands below it, the sender gets the forged answer: another
MX, another address, or no TLSA (NODATA). `mode=race`: it comes first, and the true one follows (outside two answers to one
query, inside one). `mode=replace`: the true one is lost (outside the forged one, inside the true one).
"""
import dns_messages as dns
import frames
from acts import CLIENT, MX, Frames, Out

TYPES = {dns.MX: "mx", dns.A: "a", dns.AAAA: "aaaa", dns.TLSA: "tlsa"}


class Forger(Frames):
    """See above."""

    def __init__(self, options):
        super().__init__(options)
        self.answered = set()  # (port, ident) of queries whose true answer is to be lost

    def forged(self, asked):
        """The records of the lie; None where there is none to tell."""
        option = TYPES.get(asked.kind)
        only = self.options.get("only", "")
        if option not in self.options or not (asked.name + ".").endswith("." + only + ".") and only not in ("", asked.name):
            return None
        text = self.options[option]
        if text == "none":
            return []
        return [f"10 {text}"] if asked.kind == dns.MX else [text]

    def frame(self, octets, to):
        datagram = frames.udp(octets)
        if not datagram or 53 not in datagram[:2]:
            yield Out(octets, to)
            return
        source, destination, content = datagram
        if to == CLIENT:
            if (destination, content[:2]) not in self.answered:
                yield Out(octets, to)
            return
        asked = dns.question(content)
        records = self.forged(asked) if asked else None
        if records is not None:
            yield Out(frames.with_udp(frames.turned(octets), destination, source, dns.answer(asked, records),
                                      int(self.options.get("ttl", 64))), CLIENT)
            if self.options.get("mode", "replace") == "replace":
                self.answered.add((source, content[:2]))
        yield Out(octets, MX)


ACTS = {"dns": Forger}
