#!/usr/bin/env python3
"""Reads both taps of every scenario together, and compares what comes of the pairs with what must.

    both.py [--drops N] [--jobs N] [--story NAME]... PROGRAM

For each folder with outside.pcap and inside.pcap:
  paired     every session has its twin, but for `alone` of them; what only two taps show is `pair` of expect.json, else nothing
  again      with 1, 2 and 4 workers: the same records (P12)
  skewed     with one tap's clock 300 ms ahead, or behind: the same pairs, the same findings
  translated with a translator of addresses between the taps: the same
  edited     with one octet of a message in clear changed at one tap: middlebox.data-modified
  thinned    with packets of either tap removed, nothing is claimed above `suspect` that was not before (P3)
  secret     no password, local part or content of the story stands in any output (P15), explanations included

`pair` of expect.json: `alerts`, those that only two taps give rise to, each with its confidence (run.py says how); `differs`,
all that differs in any pair, where it matters; `alone`, sessions without a twin (`alone translated`: with the translator);
`none`: there is no session at all.
The last line is `N passed, N failed`.
"""
import functools
import pathlib
import random
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import delivery  # noqa: E402 pylint: disable=wrong-import-position
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import run  # noqa: E402 pylint: disable=wrong-import-position
import told  # noqa: E402 pylint: disable=wrong-import-position
import transform  # noqa: E402 pylint: disable=wrong-import-position
from reader import CONFIDENCES, Failed, Reader, records  # noqa: E402 pylint: disable=wrong-import-position

TAPS = ("outside", "inside")
ONLY_PAIRS = {"starttls.stripped", "middlebox.data-modified"}


class Both(run.Story):
    """Both taps of a scenario."""
    trust = "ca.pem"

    def __init__(self, folder, drops):
        super().__init__(folder, drops)
        self.pair = self.expect.get("pair", {})

    @functools.cached_property
    def taps(self):
        """The packets of both."""
        return {tap: pcapkit.read(self.folder / f"{tap}.pcap") for tap in TAPS}


class BothReader(Reader):
    """Reads two captures."""

    def files(self, taps):
        """The options that name them: paths, or packets."""
        for tap, packets in taps.items():
            path = packets
            if not isinstance(packets, pathlib.Path):
                path = self.folder / f"{tap}.pcap"
                path.write_bytes(pcapkit.pcap(packets))
            yield from (f"--{tap}", str(path))

    def read_taps(self, taps, *options):
        """The records of both."""
        out = self.folder / "records.json"
        self.run("read", "--out", str(out), *options, *self.files(taps))
        octets = out.read_bytes()
        self.outputs.append(octets)
        return octets


def paths(story):
    """The files as they were recorded."""
    return {tap: story.folder / f"{tap}.pcap" for tap in TAPS}


def shown_by_two(record):
    """Is it an alert that one tap alone would not have given?"""
    finding = record["alert"]["metadata"]["finding"][0]
    ours = record["smtp_tls"]
    return "pair" in ours and (finding in ONLY_PAIRS or "two_taps" in (ours["detail"] or ""))


def pair_alerts(octets):
    """Of all pairs together: what two taps showed, and how surely."""
    found = {}
    for r in records(octets):
        if r["event_type"] == "alert" and shown_by_two(r):
            meta = r["alert"]["metadata"]
            sure = CONFIDENCES.index(meta["confidence"][0])
            found[meta["finding"][0]] = max(sure, found.get(meta["finding"][0], 0))
    return found


def pairs(octets):
    """(alone, each pair as its two sessions, all differences)"""
    sessions = [r["smtp_tls"] for r in records(octets) if r["event_type"] == "smtp"]
    known = {s["session"]: s for s in sessions}
    alone = [s for s in sessions if "pair" not in s]
    for s in sessions:
        if "pair" in s and known[s["pair"]["session"]]["pair"]["session"] != s["session"]:
            raise Failed(f"{s['session']} and {s['pair']['session']} do not name each other")
    differs = {d for s in sessions if "pair" in s for d in s["pair"]["differs"]}
    return len(alone), len(sessions), differs


def compare(story, octets, name):
    """What was told of the pairs, with what must be."""
    alone, total, differs = pairs(octets)
    wanted = story.pair.get(f"alone {name}", story.pair.get("alone", 0))
    if alone != wanted or not (total or story.pair.get("none")):
        raise Failed(f"{name}: {alone} of {total} sessions have no twin, expected {wanted}")
    told.compare_alerts(name, pair_alerts(octets), story.pair.get("alerts", {}))
    if "differs" in story.pair and differs != set(story.pair["differs"]):
        raise Failed(f"{name}: differs {sorted(differs)}, expected {sorted(story.pair['differs'])}")


def story_paired(story, reader):
    """As recorded."""
    compare(story, reader.read_taps(paths(story)), "as recorded")
    told.validate(reader)


def story_again(story, reader):
    """Any number of workers."""
    first = reader.read_taps(paths(story))
    for workers in (2, 4):
        octets = reader.read_taps(paths(story), "--workers", str(workers))
        if octets != first and delivery.settled(octets) != delivery.settled(first):
            raise Failed(f"{workers} workers: other records, or another order")


def story_skewed(story, reader):
    """Two clocks."""
    for ms in (300, -300):
        moved = transform.shift_time(ms * 10**6)(story.taps["inside"])
        compare(story, reader.read_taps({"outside": paths(story)["outside"], "inside": moved}), f"{ms} ms")


def story_translated(story, reader):
    """Other addresses at one tap."""
    moved = transform.translate(story.taps["inside"])
    compare(story, reader.read_taps({"outside": paths(story)["outside"], "inside": moved}), "translated")


def story_edited(story, reader):
    """One octet of a message in clear changed at one tap: told where nothing else is in doubt, and never more than that."""
    old, new, found = b"A short mail", b"A short nail", False
    packets = []
    for p in story.taps["inside"]:
        s = pcapkit.parse(p.octets)
        if s and old in s.payload:
            found = True
            p = pcapkit.packet(p.time_ns, pcapkit.replace(s, payload=s.payload.replace(old, new)))
        packets.append(p)
    octets = reader.read_taps({"outside": paths(story)["outside"], "inside": packets})
    alerts = pair_alerts(octets)
    if alerts.pop("middlebox.data-modified", None) is None and found and not delivery.ambiguous(octets):
        raise Failed("an edited message is not told")
    if not found and alerts != pair_alerts(reader.read_taps(paths(story))):
        raise Failed(f"alerts {sorted(alerts)} though nothing was edited")


def all_claims(story, reader):
    """What both whole captures claim, also what hides behind another alert."""
    known, off = set(), set()
    while True:
        options = ("--set", f"findings.disable=[{', '.join(sorted(off))}]") if off else ()
        found = delivery.claims(reader.read_taps(paths(story), *options))
        if not found - known:
            return known
        known |= found
        off |= {c[3] for c in found}


def story_thinned(story, reader):
    """Random removals at one tap, seeded by the story's name."""
    source = random.Random(zlib.crc32(story.name.encode()))
    known = {delivery.unordered(c) for c in all_claims(story, reader)}
    whole = delivery.ambiguous(reader.read_taps(paths(story)))
    for _ in range(story.drops):
        tap = source.choice(TAPS)
        dropped = delivery.choose(source, len(story.taps[tap]))
        octets = reader.read_taps({**paths(story), tap: transform.drop(dropped)(story.taps[tap])})
        one_version = whole - delivery.ambiguous(octets)
        new = {c[3] for c in delivery.claims(octets) if delivery.unordered(c) not in known and not c[3].startswith("sensor.") and
               max(c[1], c[2]) not in one_version}
        if new:  # what one tap claims for itself is run.py's to judge
            new -= {c[3] for c in delivery.claims(reader.read(reader.folder / f"{tap}.pcap"))}
        if new:
            raise Failed(f"without packets {[n + 1 for n in dropped]} of {tap}: {sorted(new)}")


def story_secret(story, reader):
    """All that is said of both taps together."""
    octets = reader.read_taps(paths(story))
    files = list(reader.files(paths(story)))
    reader.run("read", "--json", *files)
    reader.run("read", *files)
    for r in records(octets):
        if r["event_type"] == "alert" and shown_by_two(r):
            reader.run("explain", r["smtp_tls"]["id"], *files)
    told.refuse_secrets(story.expect.get("secrets", []), reader)


Both.reader = BothReader
Both.checks = {"paired": story_paired, "again": story_again, "skewed": story_skewed, "translated": story_translated,
               "edited": story_edited, "thinned": story_thinned, "secret": story_secret}


def main():
    args = run.arguments("replays both taps of each scenario together", 3)
    folders = [f.parent for f in sorted(HERE.glob("*/outside.pcap")) if not args.story or f.parent.name in args.story]
    return run.tell(args, (Both(folder, args.drops) for folder in folders))


if __name__ == "__main__":
    sys.exit(main())
