"""What selftest needs: a bench with client, path and mx, what a run of a case left behind, and what can be said about it."""
import dataclasses
import pathlib
import re
import subprocess
import sys
import threading
import socket
from typing import Callable

import dns_messages as dns
import frames
import pcapkit
import place
import servers

LAB = place.LAB
NAME_SERVER = {4: "198.51.100.53", 6: "2001:db8:51::53"}
CLIENT_SAYS, MX_SAYS = "dport", "sport"
OFFER = b"STARTTLS\r\n"
SWAKS = ("timeout 12 swaks --server {to} --from alice@sender.example --to bob@rcpt.example --helo client.sender.example "
         "--timeout 3 {more} 2>&1")
BIG = "--body " + "x" * 5000


@dataclasses.dataclass
class Run:
    """What came of a case: both taps, and what either end says."""
    taps: dict  # "outside", "inside": frames
    client: str  # swaks's transcript, or what else the client wrote
    log: str  # Postfix's log

    def segments(self, tap, who=None):
        """TCP of connections to the SMTP port that began in this case; of one side (CLIENT_SAYS, MX_SAYS)."""
        found = [s for s in map(frames.tcp, self.taps[tap]) if s and 25 in (s.sport, s.dport)]
        begun = {s.flow for s in found if s.flags & pcapkit.SYN}
        found = [s for s in found if s.flow in begun]
        return [s for s in found if not who or getattr(s, who) == 25]

    def said(self, tap, who):
        """All payloads in the order of the tap."""
        return b"".join(s.payload for s in self.segments(tap, who))

    def resets(self, tap, who):
        """RSTs of one side."""
        return [s for s in self.segments(tap, who) if s.flags & pcapkit.RST]

    @property
    def clear(self):
        """Postfix took the mail in clear."""
        return "status=sent" in self.log and "TLS connection established" not in self.log

    @property
    def encrypted(self):
        """Postfix took the mail inside TLS."""
        return "status=sent" in self.log and "TLS connection established" in self.log

    @property
    def nothing(self):
        """Postfix took no mail."""
        return "status=sent" not in self.log

    def conflict(self, tap, who):
        """Are there two segments on the tap with other octets at the same sequence number?"""
        seen = {}
        return any(seen.setdefault(s.seq, s.payload)[:len(s.payload)] != s.payload[:len(seen[s.seq])]
                   for s in self.segments(tap, who) if s.payload)


@dataclasses.dataclass
class Case:
    """`start` puts something on the path; `true` gives statements about the run, of which all have to be so."""
    name: str
    start: Callable
    true: Callable
    more: str = "--tls-optional"
    families: tuple = (4, 6)
    play: Callable = None
    without: str = ""  # keywords that Postfix is not to announce


class Bench:
    """Client, path and mx with one Postfix for all cases."""

    def __init__(self, packages):
        place.overlay(packages)
        place.users()
        self.client, self.path = place.Host(), place.Host()
        place.cable(self.client, self.path)
        place.server_address(53)
        place.certificate()
        place.sh(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mallory.example", "-keyout",
                  LAB / "mallory.key", "-out", LAB / "mallory.pem"], stderr=subprocess.DEVNULL)
        self.stop = servers.postfix(servers.TLS_ON + "\nsmtpd_tls_loglevel = 1\nsmtpd_starttls_timeout = 5s\nsmtpd_timeout = 6s")
        self.without = ""
        self.log = pathlib.Path("/var/log/postfix.log")
        threading.Thread(target=name_server, args=(socket.AF_INET, NAME_SERVER[4]), daemon=True).start()
        threading.Thread(target=name_server, args=(socket.AF_INET6, NAME_SERVER[6]), daemon=True).start()

    def play(self, case, family):
        """Plays one case; gives what is not so."""
        if case.without != self.without:
            self.without = case.without
            place.sh(f"postconf -e 'smtpd_discard_ehlo_keywords = {case.without}'; postfix reload; sleep 1", stderr=subprocess.DEVNULL)
        stop = case.start(self.path)
        logged = len(self.log.read_text(errors="replace"))
        try:
            what = "tcp or icmp or icmp6 or udp port 53"
            taps = {n: place.Tap(self.path, port, LAB / f"{n}.pcap", what) for n, port in (("outside", "path0"), ("inside", "path1"))}
            try:
                client = (case.play or swaks)(self.client, family, case.more)
            except subprocess.TimeoutExpired as e:
                client = f"{e}"
            for tap in taps.values():
                tap.stop()
        finally:
            stop()
        octets = {n: [p.octets for p in pcapkit.read(LAB / f"{n}.pcap")] for n in taps}
        run = Run(octets, client, self.log.read_text(errors="replace")[logged:])
        wrong = [said for said, so in case.true(run).items() if not so]
        if wrong:
            print(run.client[-1500:], run.log[-1500:], (LAB / "path.log").read_text(errors="replace")[-1000:], sep="\n", file=sys.stderr)
        return wrong

    def end(self):
        """Postfix ends."""
        self.stop()


def swaks(client, family, more):
    """swaks's transcript."""
    to = place.MX4 if family == 4 else place.MX6
    return subprocess.run([*client.enter, "sh", "-c", SWAKS.format(to=to, more=more)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=False, timeout=20).stdout.decode(errors="replace")


def exim(client, *_):
    """Exim sends, and tries again in clear when TLS fails; it says nothing here."""
    servers.exim_send(client)
    return ""


# ---- DNS -------------------------------------------------------------------------------------------------------

TRUTH = {dns.MX: ["10 mx.rcpt.example"], dns.A: [place.MX4], dns.TLSA: ["3 1 1 " + "ab" * 32]}


def name_server(family, address):
    """Answers every question with the truth."""
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((address, 53))
        while True:
            message, peer = s.recvfrom(4096)
            asked = dns.question(message)
            if asked:
                s.sendto(dns.answer(asked, TRUTH.get(asked.kind, [])), peer)


ASK = """
import socket, struct, sys
sys.path.insert(0, sys.argv[1])
import dns_messages as dns
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.7)
for kind in (dns.MX, dns.A, dns.TLSA):
    head = struct.pack(">HHHHHH", 7 + kind, 0x100, 1, 0, 0, 0)
    s.sendto(head + dns.name("rcpt.example") + struct.pack(">HH", kind, 1), (sys.argv[2], 53))
    try:
        while True:
            answer = s.recv(4096)
            print(kind, int.from_bytes(answer[6:8], "big"), answer[29:].hex())
    except TimeoutError:
        pass
"""


def ask(client, family, _):
    """The client's resolver: a line for each answer."""
    command = [*client.enter, sys.executable, "-c", ASK, str(pathlib.Path(__file__).parent), NAME_SERVER[family]]
    return subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=30).stdout.decode()


def answers(run, kind):
    """How many records each answer of this type has, and what is in it."""
    return [(int(n), bytes.fromhex(text)) for k, n, text in re.findall(r"(?m)^(\d+) (\d+) (\w*)$", run.client) if int(k) == kind]


def dns_answers_on(run, tap):
    """How many DNS answers the tap saw."""
    return sum(1 for octets in run.taps[tap] if (frames.udp(octets) or (0,))[0] == 53)


# ---- what has to be so -----------------------------------------------------------------------------------------

def offered(run, tap):
    """Does the tap see the offer?"""
    return OFFER in run.said(tap, MX_SAYS)


def stripped(run):
    """Offer inside, none outside, mail in clear."""
    shifted = {s.seq for s in run.segments("outside", MX_SAYS)} - {s.seq for s in run.segments("inside", MX_SAYS)}
    return {"inside: offered": offered(run, "inside"), "outside: not offered": not offered(run, "outside"), "clear": run.clear,
            "the client has a last line": re.search(r"<-  250 \S", run.client), "numbers shifted": shifted,
            "swaks saw no offer": "STARTTLS\n" not in run.client.replace("did not advertise STARTTLS\n", "")}


def reset(run, tap, who, further=False):
    """A reset of this side on the tap; with further payload of the same side behind it."""
    sent = run.segments(tap, who)
    first = next((n for n, s in enumerate(sent) if s.flags & pcapkit.RST), len(sent))
    return any(s.payload for s in sent[first + 1:]) if further else first < len(sent)


def challenge_acks(run):
    """ACKs without payload that follow on the resets at once, on the outside tap of the client and inside of mx."""
    count = 0
    for tap, who, other in (("outside", CLIENT_SAYS, MX_SAYS), ("inside", MX_SAYS, CLIENT_SAYS)):
        attacked = run.resets(tap, other)
        both = run.segments(tap)
        at = both.index(attacked[0]) if attacked else len(both)
        count += any(getattr(s, who) == 25 and not s.payload and s.flags == pcapkit.ACK for s in both[at:at + 2 * len(attacked) + 2])
    return count


def ttl_values(run, tap, who):
    """All TTLs of a side."""
    return {s.ttl for s in run.segments(tap, who)}


def bad_checksums(run, tap):
    """How many segments of the SMTP port with a wrong TCP checksum."""
    count = 0
    for octets in run.taps[tap]:
        s = frames.tcp(octets)
        count += bool(s) and 25 in (s.sport, s.dport) and frames.with_tcp(octets, s) != octets
    return count
