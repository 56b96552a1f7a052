#!/usr/bin/env python3
"""P15: no content, no credential and, unless asked for, no local part of any story reaches evidence, however it is delivered.

    leak.py [--story NAME]... [--deliveries] EVIDENCE_OF

Reads every story of tests/replay with EVIDENCE_OF (evidence_of.c) and compares with a naive reading of its own:
  cut       of a client's stream nothing is kept from the first octet on that may not be: behind DATA, BDAT, AUTH and its
            mechanism, from a line that is no command, behind a hole, in what came in two versions; of TLS no record of type 23
  echoed    no eight octets of that stand in what is kept of the server
  secret    no secret of expect.json stands in any file of an alert, in any form
  written   each pcap.file exists, has the digest that its alert names, opens with tshark and capinfos, if they are there, and
            holds the packets that pcap.frames names, each with a comment
--deliveries: also in pieces, reordered and doubled. Otherwise so for a few stories. The last line counts what was kept.
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE.parent / "replay")]
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import told  # noqa: E402 pylint: disable=wrong-import-position
import transform  # noqa: E402 pylint: disable=wrong-import-position

STORIES = HERE.parent / "replay"
PORTS = {25, 465, 587, 2525, 24}
WINDOW = 8
BATCH = 40  # captures a run of the program reads
PRINTABLE = frozenset(range(32, 127)) | {9, 10, 13}
WRAP = 1 << 32
VERBS = {b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"RSET", b"NOOP", b"QUIT", b"STARTTLS", b"X-ANONYMOUSTLS", b"VRFY", b"EXPN",
         b"HELP", b"DATA", b"BDAT", b"AUTH", b"X-EXPS", b"SEND", b"SOML", b"SAML"}
DELIVERED = ["submission-auth-plain-clear", "auth-login-clear-failed", "two-mails", "bdat", "smuggling-success", "postfix-starttls-tls12",
             "overlap-last-valid", "ugly-loss-in-clear", "pipelining", "plaintext-after-220"]
DELIVERIES = {"one octet a segment": transform.resegment(1), "seven octets a segment": transform.resegment(7),
              "split in two": transform.split_at_random(1), "reordered": transform.reorder(2), "shuffled": transform.reorder(5, 4),
              "doubled": transform.duplicate(1)}


# ---- pcapng ------------------------------------------------------------------------------------------------------

def blocks(octets):
    """(type, body) of each block; our own byte order."""
    at = 0
    while at < len(octets):
        kind, length = struct.unpack_from("<II", octets, at)
        assert length % 4 == 0 and struct.unpack_from("<I", octets, at + length - 4)[0] == length, "lengths of a block differ"
        yield kind, octets[at + 8:at + length - 4]
        at += length


def options(octets):
    """(code, value) of each option."""
    at = 0
    while at + 4 <= len(octets):
        code, length = struct.unpack_from("<HH", octets, at)
        if not code:
            return
        yield code, octets[at + 4:at + 4 + length]
        at += 4 + length + -length % 4


class Kept(NamedTuple):
    """A packet as it was kept."""
    time_ns: int
    octets: bytes
    length: int
    comments: list


def read_pcapng(path):
    """The packets, and the comments of the section."""
    packets, of_section, resolution = [], [], []
    for kind, body in blocks(path.read_bytes()):
        if kind == 0x0A0D0D0A:
            of_section = [v.decode() for c, v in options(body[16:]) if c == 1]
        elif kind == 1:
            resolution.append(dict(options(body[8:]))[9])
        elif kind == 6:
            number, high, low, kept, length = struct.unpack_from("<IIIII", body)
            assert resolution[number] == b"\x09", "no nanoseconds"
            comments = [v.decode() for c, v in options(body[20 + kept + -kept % 4:]) if c == 1]
            packets.append(Kept(high << 32 | low, body[20:20 + kept], length, comments))
    return packets, of_section


def segment_of(octets):
    """A segment whose payload may be cut: (flow, sender, seq, flags, payload)."""
    at = 12
    kind = struct.unpack_from(">H", octets, at)[0]
    while kind in (pcapkit.ETH_VLAN, pcapkit.ETH_QINQ):
        at += 4
        kind = struct.unpack_from(">H", octets, at)[0]
    ip = octets[at + 2:]
    if kind == pcapkit.ETH_IP4:
        tcp, src, dst = ip[(ip[0] & 15) * 4:], ip[12:16], ip[16:20]
    else:
        tcp, src, dst = ip[40:], ip[8:24], ip[24:40]
    sport, dport, seq, _, head, flags = struct.unpack_from(">HHIIBB", tcp)
    sender = (src, sport)
    return tuple(sorted([sender, (dst, dport)])), sender, seq, flags, tcp[(head >> 4) * 4:]


# ---- the naive reading -------------------------------------------------------------------------------------------

class Stream:
    """Octets of one direction by offset behind its SYN, the first version of each; `conflict`: when another one came."""

    def __init__(self, isn):
        self.isn, self.octets, self.conflict = isn, {}, None

    def put(self, time_ns, seq, payload):
        """A segment's payload."""
        at = (seq - self.isn - 1) % WRAP
        if at > WRAP // 2:
            return
        for i, octet in enumerate(payload):
            if self.octets.setdefault(at + i, octet) != octet and self.conflict is None:
                self.conflict = time_ns

    def whole(self):
        """From the start up to the first hole."""
        end = 0
        while end in self.octets:
            end += 1
        return bytes(self.octets[i] for i in range(end))


def dialogue(octets):
    """What may be kept at most of a client's stream: the end of the clear part, and where TLS begins or None."""
    at = 0
    while at < len(octets):
        if octets[at] == 0x16 or octets[at] >= 0x80:
            return at, at
        end = octets.find(b"\n", at)
        line = octets[at:end + 1] if end >= 0 else octets[at:]
        words = line.strip().split()
        verb = words[0].upper() if words else b""
        if end < 0 or verb not in VERBS:
            return at, None
        if verb in (b"AUTH", b"X-EXPS"):
            rest = words[1] if len(words) > 1 else b""
            return (at + line.find(rest, len(verb)) + len(rest) if len(words) > 1 else end + 1), None
        if verb in (b"DATA", b"BDAT"):
            return end + 1, None
        at = end + 1
    return at, None


def handshake(octets, at):
    """(start, end) of each record that belongs to a handshake."""
    while at < len(octets) and octets[at] >= 0x80:  # SSLv2
        end = at + 2 + (octets[at] & 127) * 256 + octets[at + 1] if at + 1 < len(octets) else len(octets)
        yield at, end
        at = end
    while at + 5 <= len(octets) and 20 <= octets[at] <= 24:
        end = at + 5 + struct.unpack_from(">H", octets, at + 3)[0]
        if octets[at] <= 22:
            yield at, end
        at = end


class Limits:
    """What of a client's stream may be kept, and what may be kept nowhere."""

    def __init__(self, stream):
        octets = stream.whole()
        self.clear, tls = dialogue(octets)
        self.spans = [(0, self.clear)] + (list(handshake(octets, tls)) if tls is not None else [])
        private = windows(octets[self.clear:]) if tls is None else set()
        self.private = {w for w in private - windows(octets[:self.clear]) if all(o in PRINTABLE for o in w)}

    def allow(self, start, end):
        """Are all octets of [start, end) in spans?"""
        for a, b in self.spans:
            if a <= start < b:
                start = b
        return start >= end


def sound(octets, segment):
    """A right TCP checksum; anything else a receiver may have thrown away, or a card has yet to fill in."""
    tcp = struct.pack(">HHIIBBHHH", segment.sport, segment.dport, segment.seq, segment.ack, (20 + len(segment.options)) // 4 << 4,
                      segment.flags, segment.window, 0, segment.urgent) + segment.options + segment.payload
    pseudo = segment.src + segment.dst + struct.pack(">II", len(tcp), pcapkit.TCP)
    right = pcapkit.checksum(pseudo + tcp)
    head = octets.rfind(tcp[:16])
    return head >= 0 and struct.unpack_from(">H", octets, head + 16)[0] == right


class Capture:
    """The streams of a capture, by connection."""

    def __init__(self, packets):
        self.streams, self.clients, self.limits = {}, {}, {}
        for p in packets:
            s = pcapkit.parse(p.octets)
            if not s or not sound(p.octets, s):
                continue
            if s.flags & pcapkit.SYN:
                self.streams.setdefault((s.flow, s.sender), []).append(Stream(s.seq))
                if not s.flags & pcapkit.ACK:
                    self.clients[s.flow] = s.sender
            for stream in self.near(s.flow, s.sender, s.seq):
                stream.put(p.time_ns, s.seq + bool(s.flags & pcapkit.SYN), s.payload)
        for (flow, sender), streams in self.streams.items():
            if sender == self.client_of(flow):
                self.limits.update({id(s): Limits(s) for s in streams})

    def near(self, flow, sender, seq):
        """The streams that this number may belong to."""
        return [s for s in self.streams.get((flow, sender), []) if (seq - s.isn) % WRAP < 1 << 24]

    def client_of(self, flow):
        """Who sent a SYN; or not the one on a mail port."""
        others = [end for end in flow if end[1] not in PORTS]
        return self.clients.get(flow, others[0] if others else flow[0])


# ---- the checks --------------------------------------------------------------------------------------------------

class Wrong(Exception):
    """A story in which something was kept that must not be."""


def windows(octets):
    """All runs of WINDOW octets."""
    return {octets[i:i + WINDOW] for i in range(len(octets) - WINDOW + 1)}


def allowed(capture, packet):
    """What was kept of a client's packet."""
    flow, sender, seq, flags, payload = segment_of(packet.octets)
    for s in capture.near(flow, sender, seq):
        start = (seq + bool(flags & pcapkit.SYN) - s.isn - 1) % WRAP
        if capture.limits[id(s)].allow(start, start + len(payload)) and (s.conflict is None or packet.time_ns < s.conflict):
            return True
    return not payload


def check_cut(capture, packets):
    """Of clients. What was kept of each sender, put together: {(flow, sender): octets}."""
    kept = {}
    for p in packets:
        flow, sender, _, _, payload = segment_of(p.octets)
        kept[flow, sender] = kept.get((flow, sender), b"") + payload + b"\0"
        if sender == capture.client_of(flow) and not allowed(capture, p):
            raise Wrong(f"{payload[-60:]!r} of a client was kept")
    return kept


def about_itself(octets):
    """Windows of what a server says of itself: its greeting and what answers EHLO, which may name what a message names, too."""
    found, ends, before = set(), 0, b""
    for line in octets.splitlines(keepends=True):
        if ends < 2 or line.startswith((b"220", b"250-")) or before.startswith(b"250-"):
            found |= windows(line)
        ends += line[3:4] == b" "
        before = line
    return found


def check_echoed(capture, kept):
    """What clients said in private, in what was kept of servers."""
    for (flow, sender), octets in kept.items():
        client = capture.client_of(flow)
        if sender == client:
            continue
        known = {w for s in capture.streams.get((flow, sender), []) for w in about_itself(s.whole())}
        for stream in capture.streams.get((flow, client), []):
            found = {w for line in octets.splitlines(keepends=True) for w in windows(line)} & capture.limits[id(stream)].private - known
            if found:
                raise Wrong(f"{sorted(found)[0]!r} of what a client said was kept of its server")


def check_secrets(secrets, octets):
    """As told.py looks for them in records."""
    for secret in secrets:
        for form in told.forms(secret):
            if form and form in octets:
                raise Wrong(f"{secret!r} was kept")


def run(*words):
    """A tool that reads captures, if it is there; its output."""
    if not shutil.which(words[0]):
        return None
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    if done.returncode or "malformed" in done.stderr.lower():
        raise Wrong(f"{words[0]}: {done.stderr}")
    return done.stdout


def check_tools(path, packets):
    """What others read of a file."""
    read = run("tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.comment")
    if read is not None and len(read.splitlines()) != len(packets):
        raise Wrong(f"tshark reads {len(read.splitlines())} of {len(packets)} packets")
    for line, p in zip((read or "").splitlines(), packets):
        if p.comments and p.comments[0].split(":")[0] not in line:
            raise Wrong(f"tshark reads {line!r} where {p.comments} stands")
    run("capinfos", path)


def check_written(directory, records, tools):
    """The files of the alerts: of each (path, whether a packet shows it)."""
    for r in records:
        pcap = r.get("smtp_tls", {}).get("pcap", {})
        if "file" not in pcap:
            continue
        path = directory / pcap["file"]
        if hashlib.sha256(path.read_bytes()).hexdigest() != pcap["sha256"]:
            raise Wrong(f"{path.name}: another digest")
        packets, comments = read_pcapng(path)
        about, finding = json.loads(comments[1]), r["alert"]["metadata"]["finding"][0]
        if (about["alert"], about["why"], about["finding"]) != (r["smtp_tls"]["id"], r["smtp_tls"]["why"], finding):
            raise Wrong(f"{path.name}: the section says another thing: {about}")
        shown = sum(any(c.startswith(f"shows {finding} ") for c in p.comments) for p in packets)
        if tools:
            check_tools(path, packets)
            tools = False
        yield path, shown or not pcap["frames"], finding


class Delivery:
    """A capture of a story, delivered in some way."""

    def __init__(self, story, path, name, packets, at):
        self.title, self.story, self.at, self.name = f"{story.name}/{path.name}, {name}", story, at, name
        self.packets = packets
        at.write_bytes(pcapkit.pcap(packets))

    def out(self, mode):
        """Where the program writes."""
        return self.at.with_suffix("." + mode)

    def check(self, mode, tools):
        """(packets, files, findings of files without a packet that shows them)."""
        capture, out = Capture(self.packets), self.out(mode)
        packets, _ = read_pcapng(out)
        check_echoed(capture, check_cut(capture, packets))
        expect = self.story / "expect.json"
        secrets = json.loads(expect.read_text(encoding="utf-8")).get("secrets", []) if expect.exists() and mode == "domains" else []
        check_secrets(secrets, out.read_bytes())
        records = [json.loads(line) for line in pathlib.Path(f"{out}.json").read_text(encoding="utf-8").splitlines()]
        files = list(check_written(pathlib.Path(f"{out}.files"), records, tools))
        for path, _, _ in files:
            check_secrets(secrets, path.read_bytes())
        return len(packets), len(files), [f"{self.title}: {finding}" for _, shown, finding in files if not shown]


def fragments(packets):
    """IPv4 fragments, which the naive reading does not put together."""
    return any(p.octets[12:14] == b"\x08\0" and struct.unpack_from(">H", p.octets, 20)[0] & 0x3FFF for p in packets)


def deliveries(args, directory):
    """Everything that is to be read."""
    for story in sorted(p for p in STORIES.iterdir() if any(p.glob("*.pcap"))):
        if args.story and story.name not in args.story:
            continue
        for path in sorted(story.glob("*.pcap")):
            packets = [p for p in pcapkit.read(path) if len(p.octets) == p.length]
            if fragments(packets):
                continue
            yield Delivery(story, path, "whole", packets, directory / f"{story.name}-{path.stem}.pcap")
            for i, (name, change) in enumerate(DELIVERIES.items() if args.deliveries or story.name in DELIVERED else []):
                yield Delivery(story, path, name, change(packets), directory / f"{story.name}-{path.stem}-{i}.pcap")


def check_all(program, all_of_them):
    """Both settings of privacy.envelope. How many went wrong."""
    wrong, n_packets, n_files, blind = 0, 0, 0, []
    for mode in ("domains", "full"):
        for i in range(0, len(all_of_them), BATCH):
            words = [w for d in all_of_them[i:i + BATCH] for w in (d.at, d.out(mode))]
            subprocess.run([program, mode, *words], check=True)
        for d in all_of_them:
            try:
                n = d.check(mode, d.story.name in DELIVERED and d.name == "whole")
            except Wrong as e:
                print(f"{d.title}, {mode}: {e}")
                wrong += 1
                continue
            n_packets, n_files, blind = n_packets + n[0], n_files + n[1], blind + n[2]
    if blind:
        print(*blind, sep="\n")
    print(f"{n_packets} packets, {n_files} files, {len(blind)} of them without a packet that shows the alert; {wrong} deliveries wrong")
    return wrong or not n_packets


def main():
    """All stories, or those that are named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--story", action="append")
    parser.add_argument("--deliveries", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return 1 if check_all(args.program, list(deliveries(args, pathlib.Path(temporary)))) else 0


if __name__ == "__main__":
    sys.exit(main())
