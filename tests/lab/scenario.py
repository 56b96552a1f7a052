"""A scenario: domains with DNS, real servers and senders, a path between them, and a tap on either side of it.

`Scenario` is what a table says of it; `run` plays it once, into a folder:

    outside.pcap inside.pcap   the two taps, recorded at once
    policy.json                what DNS and MTA-STS promise, from the configuration
    truth.json                 what happened, from the logs of the ends
    ca.pem                     the authority that the certificates of the lab come from
    README.md                  what and why, and the lines of the logs that prove it
"""
import dataclasses
import json
import pathlib
import re
import shutil
import sys
import textwrap
from typing import Callable

import certificates
import ends
import place
import resolvers
import servers
import snapshot
import truth

PCAP_MAX = 60 * 1024
TAPS = (("outside", "path0"), ("inside", "path1"))
ONLY = "tcp or udp port 53"


class Untrue(Exception):
    """The ends do not say what the scenario wants to show."""


@dataclasses.dataclass
class Scenario:
    """One row of a table. `number` is that of its first server (198.51.100.NUMBER); it is nobody else's."""
    name: str
    number: int
    what: str
    why: str
    domains: tuple  # of zones.Domain
    senders: tuple  # of ends.py, one after the other
    client_says: tuple  # patterns that the senders' logs must match
    server_says: tuple = ()  # the same of the servers'
    server: object = dataclasses.field(default_factory=ends.PostfixServer)  # of every host that has none of its own
    sees: str = ""  # what each tap must see
    resolver: str = "client"  # where senders ask: beside the client, or "mx", beyond the path
    validates: bool = True
    path: Callable = None  # on_path.py: path(place.Host) -> stopper, what is there in place of the bridge
    needs: tuple = ()  # programs that not every machine has
    max_octets: int = PCAP_MAX

    def domain(self, label=""):
        """The domain with this label."""
        return next(d for d in self.domains if d.label == label)

    def hosts(self):
        """All mail exchangers."""
        return [mx for d in self.domains for mx in d.mx]

    def name_all(self):
        """Gives the domains their names and the hosts their numbers, addresses, zones and servers."""
        for domain in self.domains:
            domain.name = f"{domain.label}-{self.name}.example" if domain.label else f"{self.name}.example"
        for domain in self.domains:
            for mx in domain.mx:
                mx.origin = self.domain(mx.zone).name if mx.zone else domain.name
        for number, mx in enumerate(self.hosts(), self.number):
            mx.number, mx.server = number, mx.server or self.server
            mx.v4, mx.v6 = place.SERVERS4.format(number), place.SERVERS6.format(number)
        return self

    def readme(self, evidence):
        """What a reader of tests/replay needs to know."""
        says = "".join(f"\n{end}:\n\n" + "".join(f"    {line}\n" for line in lines) for end, lines in evidence.items() if lines)
        sees = f"What the taps must see: {self.sees}\n\n" if self.sees else ""
        return (f"# {self.name}\n\n{self.what}\n\nWhy: {self.why}\n\n{sees}"
                f"Recorded with `tests/lab/lab record {self.name}` on Debian 12: `outside.pcap` on the client's side of the path, "
                "`inside.pcap`\non the servers'. What must come of them: `expect.json` (see `tests/replay/run.py`). "
                f"What the ends' own logs say of it\nis in `truth.json`; the lines that prove it:\n{says}")


def check_table(scenarios):
    """No name and no address twice."""
    names, numbers = set(), {}
    for s in scenarios:
        s.name_all()
        if s.name in names:
            raise ValueError(f"scenario {s.name} is there twice")
        names.add(s.name)
        for mx in s.hosts():
            if mx.number in numbers or not 0 < mx.number < 255:
                raise ValueError(f"scenario {s.name}: number {mx.number} is {numbers.get(mx.number, 'out of range')}")
            numbers[mx.number] = f"of {s.name}"
    return scenarios


# ---- playing it ------------------------------------------------------------------------------------------------

def web(scenario):
    """The HTTPS server of the policies of MTA-STS."""
    folder = place.LAB / "web"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for domain in (d for d in scenario.domains if d.sts):
        name = f"mta-sts.{domain.name}"
        made = certificates.issue(name, certificates.Leaf(**{"names": (name,), "subject": f"/CN={name}", **domain.sts.leaf}))
        shutil.copy(made, folder / f"{name}.pem")
        shutil.copy(made.with_suffix(".key"), folder / f"{name}.key")
        (folder / f"{name}.txt").write_bytes(domain.sts.policy(domain.name)[0].encode())
    if not any(folder.iterdir()):
        return lambda: None
    return servers.process([sys.executable, servers.HERE / "webserver.py", place.WEB4, folder], 443, place.WEB4)


def start(scenario, client, path):
    """Certificates, servers, names, and what is on the path: a stopper for all of it."""
    stoppers = []
    try:
        for mx in scenario.hosts():
            place.server_address(mx.number)
            mx.issue()
            stoppers.append(mx.server.start(mx))
        stoppers.append(web(scenario))
        stoppers.append(resolvers.serve(client, scenario.domains, scenario.resolver,
                                        resolvers.VALIDATING if scenario.validates else resolvers.PLAIN))
        if scenario.path:
            stoppers.append(scenario.path(path))
    except BaseException:
        servers.all_of(*stoppers)()
        raise
    return servers.all_of(*stoppers)


def lines(patterns, texts, end):
    """The line of each pattern, without the log's own time stamp; a scenario without one is not true."""
    text = "\n".join(texts)
    out = []
    for pattern in patterns:
        line = next((l for l in text.splitlines() if re.search(pattern, l)), None)
        if line is None:
            raise Untrue(f"the {end}'s log does not say: {pattern}\n{text[-3000:]}")
        out.append(textwrap.shorten(re.sub(r"^(\w{3} [ \d]\d [\d:]{8} \S+ |[-\d]+ [\d:]{8} (\S+ )?)", "", line), 300, placeholder=""))
    return list(dict.fromkeys(out))


def run(scenario, client, path, folder, afterwards=lambda folder: None):
    """Plays it; the folder then has all of it. Untrue when the logs say something else than the scenario.

    `afterwards` is called when the taps are closed and everybody still answers."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stop = start(scenario, client, path)
    try:
        taps = [place.Tap(path, port, folder / f"{name}.pcap", ONLY) for name, port in TAPS]
        for sender in scenario.senders:
            sender.send(client, scenario)
        for tap in taps:
            tap.stop()
        afterwards(folder)
    finally:
        stop()
    evidence = {"The sender": lines(scenario.client_says, [s.log() for s in scenario.senders], "sender"),
                "The server": lines(scenario.server_says, [mx.server.log(mx) for mx in scenario.hosts()], "server")}
    write(folder / "policy.json", snapshot.policy(scenario.domains))
    write(folder / "truth.json", {"outside": truth.outside(scenario.senders), "inside": truth.inside(scenario.hosts())})
    shutil.copy(certificates.ROOT, folder / "ca.pem")
    (folder / "README.md").write_text(scenario.readme(evidence), encoding="ascii", errors="replace")
    for name, _ in TAPS:
        size = (folder / f"{name}.pcap").stat().st_size
        if not 24 < size <= scenario.max_octets:
            raise Untrue(f"{name}.pcap: {size} octets")


def write(path, value):
    """JSON for readers and diffs."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="ascii")
