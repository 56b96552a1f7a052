#!/usr/bin/env python3
"""A wire in userspace between path0 (the client's side) and path1 (mx's side): passes every frame on, unless an act changes that.

    wire.py ACT...      each act one argument: 'NAME KEY=VALUE ...'; frames go through them in this order
    wire.py --list      the acts, and what each tap sees

Runs in path's namespace, without the bridge. Says `ready` when it forwards; ends when it is terminated. `port=25` of an act is the
server's port. The programs beside this one, acts_*.py and dns_forger.py, are the acts; IPv4 and IPv6 are the same to them.
"""
import heapq
import itertools
import pathlib
import select
import signal
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent / "tools")]

# pylint: disable=wrong-import-position
import acts  # noqa: E402
import acts_forge  # noqa: E402
import acts_reset  # noqa: E402
import acts_text  # noqa: E402
import acts_ugly  # noqa: E402
import dns_forger  # noqa: E402

ACTS = acts_text.ACTS | acts_reset.ACTS | acts_forge.ACTS | acts_ugly.ACTS | dns_forger.ACTS
PORTS = {acts.CLIENT: "path0", acts.MX: "path1"}
ETH_P_ALL, SOL_PACKET, PACKET_IGNORE_OUTGOING = 3, 263, 23


def act(line):
    """The act that a line asks for."""
    word, *options = line.split()
    options = dict(o.split("=", 1) for o in options)
    found = ACTS[word]
    return acts.Connections(found, options) if issubclass(found, acts.Connection) else found(options)


def port(name):
    """A raw socket that gets what arrives there, and not what is sent."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind((name, ETH_P_ALL))
    return s


class Wire:
    """Both ports, the acts in order, and the frames that are sent later."""

    def __init__(self, lines):
        self.acts = [act(line) for line in lines]
        self.ports = {side: port(name) for side, name in PORTS.items()}
        self.later = []  # (when, number, frame, side, next act)
        self.number = itertools.count()

    def handle(self, octets, to, n=0):
        """Through the acts from the n-th on, and out."""
        if n == len(self.acts):
            try:
                self.ports[to].send(octets)
            except OSError as e:
                print(f"not sent: {len(octets)} octets to {to}: {e}", file=sys.stderr, flush=True)
            return
        for out in self.acts[n].frame(octets, to):
            if out.delay_s:
                heapq.heappush(self.later, (time.monotonic() + out.delay_s, next(self.number), out.octets, out.to, n + 1))
            else:
                self.handle(out.octets, out.to, n + 1)

    def due(self):
        """Sends what is due; gives the seconds until the next is."""
        while self.later and self.later[0][0] <= time.monotonic():
            _, _, octets, to, n = heapq.heappop(self.later)
            self.handle(octets, to, n)
        return max(0, self.later[0][0] - time.monotonic()) if self.later else None

    def run(self):
        """Until somebody ends it."""
        ways = {self.ports[side]: acts.OTHER[side] for side in self.ports}
        while True:
            for arrived in select.select(list(ways), [], [], self.due())[0]:
                self.handle(arrived.recv(65536), ways[arrived])


def main():
    if sys.argv[1:] == ["--list"]:
        for name, found in ACTS.items():
            print(f"{name}: {found.__doc__}\n")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    wire = Wire(sys.argv[1:])
    print("ready", flush=True)
    wire.run()


if __name__ == "__main__":
    main()
