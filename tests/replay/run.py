#!/usr/bin/env python3
"""Tells every story again, in every delivery, and compares what comes of it with what must.

    run.py [--drops N] [--jobs N] [--story NAME]... PROGRAM

A story is a folder with traffic.pcap and expect.json. For each of them:
  told       sessions, findings and alerts are those of expect.json, and no others; every record is valid
  delivered  cut, reordered, doubled, moved, tagged, in another file format: the same records
  again      read twice and with 1, 2 and 4 workers: the same octets (P12)
  thinned    with packets removed at random (N times), nothing is claimed above `suspect` that the whole capture does
             not claim at that level (P3); a failure prints the smallest set of packets that shows it
  secret     no password, local part or content of the story stands in any output (P15)
The last line is `N passed, N failed`.

expect.json: `sessions`, in the order in which they began; `secrets`; `differs`: deliveries that do change what is told;
`options`: of the command line, for every reading (a name of a file in the folder, also behind `=`, becomes its path).
A session is compared with the record's smtp_tls, except for
  findings   all of them                                   alerts   all of them, with their confidence
  tells      ids that are among the findings               record   members of the record itself
  silent     ids that are not among them, nor alerts; `tls.*`: none of that area but those of `tells` and `may`, and
             but what is no fault (NO_FAULT), unless it is named
Each of them may be missing: then it is not compared.
"""
import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent / "tools"
sys.path.insert(0, str(TOOLS))
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import transform  # noqa: E402 pylint: disable=wrong-import-position

SECONDS_MAX = 60
CONFIDENCES = ["unverifiable", "suspect", "probable", "certain"]
SURE = CONFIDENCES.index("probable")
# Members that name packets, times and this machine: they differ with the delivery.
VOLATILE = {"timestamp", "flow_id", "in_iface", "host", "pcap_cnt", "pcap_filename", "flow", "pcap", "seq", "epoch", "session",
            "id", "frames", "first_id", "first_frame", "notbefore", "notafter", "resumed_from"}
# Of a session in expect.json: compared by themselves.
APART = {"alerts", "tells", "silent", "may", "record"}
# Findings that say what a session was, not what is wrong with it: `silent` with a pattern does not mean them.
NO_FAULT = {"tls.no-sni", "tls.ech", "tls.pq-absent", "cert.expiring", "cert.default-placeholder", "cert.missing", "cert.rpk",
            "cert.client-cert-seen"}
# Records about the delivery itself, or derived from others.
UNTOLD = {"stats", "anomaly"}


class Failed(Exception):
    """What went wrong, in words."""


# ---- running it ------------------------------------------------------------------------------------------------

class Reader:
    """postwacht read, with a folder of its own for what it writes."""

    def __init__(self, program, folder, options=()):
        self.program, self.folder, self.outputs, self.options = program, pathlib.Path(folder), [], list(options)

    def run(self, command, *arguments):
        """One run; keeps all that was said."""
        done = subprocess.run([self.program, command, *self.options, *arguments], capture_output=True, timeout=SECONDS_MAX, check=False)
        self.outputs += [done.stdout, done.stderr]
        if done.returncode not in (0, 5):
            raise Failed(f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}")
        return done.stdout

    def read(self, capture, *options):
        """The records of a capture, as octets."""
        out = self.folder / "records.json"
        self.run("read", "--out", str(out), *options, str(capture))
        octets = out.read_bytes()
        self.outputs.append(octets)
        return octets

    def read_octets(self, octets, suffix="pcap", *options):
        """The records of a capture that is not a file yet."""
        capture = self.folder / f"delivered.{suffix}"
        capture.write_bytes(octets)
        return self.read(capture, *options)


def records(octets):
    """The records of one run."""
    return [json.loads(line) for line in octets.splitlines()]


def plain(value, ignored):
    """A record without what may differ."""
    if isinstance(value, dict):
        return {k: plain(v, ignored) for k, v in value.items() if k not in ignored}
    return [plain(v, ignored) for v in value] if isinstance(value, list) else value


def comparable(octets, ignored=frozenset()):
    """What a run told, in an order that does not depend on times.

    An alert that is told before the session ends also shows how far the session had come, and that depends on where
    its packets were cut: of those only the alert itself counts, and of several about one finding the last.
    """
    told, early = [], {}
    for r in records(octets):
        if r["event_type"] == "alert" and not r["smtp_tls"]["final"]:
            early[r["src_port"], r["dest_port"], r["alert"]["signature_id"]] = r["alert"]
        elif r["event_type"] not in UNTOLD:
            told.append(plain(r, VOLATILE | ignored))
    return sorted(json.dumps(r, sort_keys=True) for r in told + [[*key, alert] for key, alert in early.items()])


# ---- told ------------------------------------------------------------------------------------------------------

def alerts_of(told):
    """Of each session (client port): the highest confidence each alert was told with."""
    found = {}
    for r in told:
        if r["event_type"] == "alert":
            meta, of_session = r["alert"]["metadata"], found.setdefault(r["src_port"], {})
            sure = CONFIDENCES.index(meta["confidence"][0])
            of_session[meta["finding"][0]] = max(sure, of_session.get(meta["finding"][0], 0))
    return found


def in_range(sure, wanted):
    """Is the confidence the one that is wanted, "certain", or at least and at most that, "suspect..probable"?"""
    least, _, most = wanted.partition("..")
    return CONFIDENCES.index(least) <= sure <= CONFIDENCES.index(most or least)


def compare_alerts(name, found, wanted):
    """Exactly these alerts, each with its confidence."""
    if set(found) != set(wanted):
        raise Failed(f"{name}: alerts {sorted(found)}, expected {sorted(wanted)}")
    for finding, confidence in wanted.items():
        if not in_range(found[finding], confidence):
            raise Failed(f"{name}: {finding} is {CONFIDENCES[found[finding]]}, expected {confidence}")


def compare_part(name, found, wanted):
    """Everything that is expected stands there; lists of findings are sets."""
    for key, value in wanted.items():
        if key in APART:
            continue
        there = found.get(key)
        if isinstance(value, dict):
            compare_part(f"{name}.{key}", there or {}, value)
        elif (sorted(there) if key == "findings" else there) != (sorted(value) if key == "findings" else value):
            raise Failed(f"{name}.{key}: {there}, expected {value}")


def unwanted(found, wanted):
    """What was told though `silent` says that it must not be."""
    named = {p for p in wanted.get("silent", []) if "*" not in p}
    areas = tuple(p.rstrip("*") for p in wanted.get("silent", []) if "*" in p)
    allowed = NO_FAULT | set(wanted.get("tells", [])) | set(wanted.get("may", []))
    return {f for f in found if f in named or (areas and f.startswith(areas) and f not in allowed)}


def compare_session(name, record, alerts, wanted):
    """One session's record and alerts."""
    ours = record["smtp_tls"]
    compare_part(name, ours, wanted)
    compare_part(f"{name}.record", record, wanted.get("record", {}))
    if "alerts" in wanted:
        compare_alerts(name, alerts, wanted["alerts"])
    missing = set(wanted.get("tells", [])) - set(ours["findings"])
    extra = unwanted(set(ours["findings"]) | set(alerts), wanted)
    if missing or extra:
        raise Failed(f"{name}: does not tell {sorted(missing)}, tells {sorted(extra)}; all findings: {ours['findings']}")


def story_told(story, reader):
    """Sessions in the order in which they began."""
    octets = reader.read(story.capture)
    told = records(octets)
    sessions = [r for r in told if r["event_type"] == "smtp"]
    sessions.sort(key=lambda r: (r["flow"]["start"], r["src_port"]))
    alerts = alerts_of(told)
    if len(sessions) != len(story.expect["sessions"]):
        raise Failed(f"{len(sessions)} sessions, expected {len(story.expect['sessions'])}")
    for n, (session, wanted) in enumerate(zip(sessions, story.expect["sessions"]), 1):
        compare_session(f"session {n}", session, alerts.get(session["src_port"], {}), wanted)
    validate(reader)


def validate(reader):
    """The records against the schema."""
    done = subprocess.run([sys.executable, TOOLS / "schema_check.py", reader.folder / "records.json"], capture_output=True,
                          text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode not in (0, 77):
        raise Failed(f"schema: {done.stderr[-1500:]}")


# ---- delivered, again ------------------------------------------------------------------------------------------

def compare_runs(name, found, wanted):
    """The same lines."""
    if found == wanted:
        return
    missing = [l for l in wanted if l not in found]
    extra = [l for l in found if l not in wanted]
    raise Failed(f"{name}: differs\n  without: {first_difference(missing, extra)}")


def first_difference(missing, extra):
    """The members that differ between the first two records."""
    if not missing or not extra:
        return f"only in one of them: {(missing or extra)[0][:600]}"
    a, b = ({"early": x} if isinstance(x, list) else x for x in (json.loads(missing[0]), json.loads(extra[0])))
    return "; ".join(f"{k}: {x!r} became {y!r}" for k, x, y in differing(a, b, ""))[:1500]


def differing(a, b, path):
    """(place, value, other value) of what differs."""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b)):
            yield from differing(a.get(k), b.get(k), f"{path}.{k}")
    elif a != b:
        yield path, a, b


def story_delivered(story, reader):
    """Every transform, then every file format."""
    whole = reader.read(story.capture)
    wrong = []
    for name, change, ignored in transform.TRANSFORMS:
        if name in story.expect.get("differs", []):
            continue
        octets = pcapkit.pcap(change(story.packets))
        try:
            compare_runs(name, comparable(reader.read_octets(octets), ignored), comparable(whole, ignored))
        except Failed as e:
            wrong.append(str(e))
    for name, suffix, form in transform.FORMATS:
        try:
            compare_runs(name, comparable(reader.read_octets(form(story.packets), suffix)), comparable(whole))
        except Failed as e:
            wrong.append(str(e))
    if wrong:
        raise Failed("\n".join(wrong))


def settled(octets):
    """P12 leaves these out: stats, and what counts this run."""
    return [plain(r, {"host", "in_iface", "pcap_cnt", "pcap_filename", "seq", "epoch", "pcap"}) for r in records(octets)
            if r["event_type"] != "stats"]


def story_again(story, reader):
    """Twice, and with several workers: the same octets."""
    first = reader.read(story.capture)
    runs = {"read twice": reader.read(story.capture)}
    for workers in (1, 2, 4):
        runs[f"{workers} workers"] = reader.read(story.capture, "--workers", str(workers))
    for name, octets in runs.items():
        if octets != first and settled(octets) != settled(first):
            raise Failed(f"{name}: other records, or another order")


# ---- thinned ---------------------------------------------------------------------------------------------------

def claims(octets):
    """What is claimed above suspect: (client's address and port, finding)."""
    return {(r["src_ip"], r["src_port"], r["dest_port"], r["alert"]["metadata"]["finding"][0]) for r in records(octets)
            if r["event_type"] == "alert" and CONFIDENCES.index(r["alert"]["metadata"]["confidence"][0]) >= SURE}


def all_claims(story, reader):
    """What the whole capture claims, with what hides behind another alert: each alert told is switched off in turn."""
    known, off = set(), set()
    while True:
        options = ("--set", f"findings.disable=[{', '.join(sorted(off))}]") if off else ()
        found = claims(reader.read(story.capture, *options))
        if not found - known:
            return known
        known |= found
        off |= {c[3] for c in found}


def unordered(claim):
    """The same, whoever was taken for the client."""
    address, port, other, finding = claim
    return frozenset((port, other)), finding


def new_claims(story, reader, dropped):
    """Claims that appear when packets are gone. sensor.* says that they are gone: that is the point."""
    thin = transform.drop(dropped)(story.packets)
    found = claims(reader.read_octets(pcapkit.pcap(thin), "pcap"))
    known = {unordered(c) for c in story.claims}
    return {c for c in found if unordered(c) not in known and not c[3].startswith("sensor.")}


def choose(source, count):
    """Packets to remove: a few, a run, or most of them."""
    kind = source.randrange(4)
    if kind == 0:
        return [source.randrange(count)]
    if kind == 1:
        start = source.randrange(count)
        return list(range(start, min(count, start + source.randrange(1, 8))))
    share = 0.1 if kind == 2 else source.uniform(0.2, 0.8)
    return [n for n in range(count) if source.random() < share]


def minimal(story, reader, dropped):
    """The smallest set that still shows it, by leaving out one after the other."""
    dropped = list(dropped)
    for n in list(dropped):
        fewer = [d for d in dropped if d != n]
        if fewer and new_claims(story, reader, fewer):
            dropped = fewer
    return dropped


def story_thinned(story, reader):
    """Random removals, seeded by the story's name."""
    source = random.Random(zlib.crc32(story.name.encode()))
    story.claims = all_claims(story, reader)
    sets = [[n] for n in range(len(story.packets))][:story.drops * 4] if story.drops else []
    source.shuffle(sets)
    sets = sets[:story.drops] + [choose(source, len(story.packets)) for _ in range(story.drops)]
    wrong = []
    for dropped in sets:
        if new_claims(story, reader, dropped):
            dropped = minimal(story, reader, dropped)
            told = sorted(c[3] for c in new_claims(story, reader, dropped))
            wrong.append(f"without packets {[n + 1 for n in dropped]} (of {len(story.packets)}): {told}")
    if wrong:
        raise Failed("\n".join(sorted(set(wrong))))


# ---- secret ----------------------------------------------------------------------------------------------------

def forms(secret):
    """How a secret could show itself."""
    octets = secret.encode()
    yield octets
    yield octets.hex().encode()
    yield octets[::-1].hex().encode()
    for lead in range(3):  # base64 of the secret at each alignment, without its uncertain ends
        text = base64.b64encode(b"\0" * lead + octets)
        yield text[4 if lead else 0:-4]


def story_secret(story, reader):
    """All that the program says about this story, in every way it has."""
    secrets = story.expect.get("secrets", [])
    octets = reader.read(story.capture)
    reader.run("read", "--json", str(story.capture))
    reader.run("read", str(story.capture))
    for alert in (r for r in records(octets) if r["event_type"] == "alert"):
        reader.run("explain", alert["smtp_tls"]["id"], str(story.capture))
    said = b"\n".join(reader.outputs).lower()
    for secret in secrets:
        for form in forms(secret):
            if len(form) >= 6 and form.lower() in said:
                raise Failed(f"'{secret}' is told, as {form.decode()}")


# ---- all of them -----------------------------------------------------------------------------------------------

def in_folder(folder, option):
    """An option of the command line, with the path of the file in the story's folder that it names."""
    before, equals, name = option.rpartition("=")
    return f"{before}{equals}{folder / name}" if name and (folder / name).is_file() else option


class Story:
    """A folder of tests/replay."""

    def __init__(self, folder, drops):
        self.name, self.drops = folder.name, drops
        self.capture = folder / "traffic.pcap"
        self.expect = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
        self.options = [in_folder(folder, option) for option in self.expect.get("options", [])]
        if not any("policy.trust_store" in option for option in self.options):  # not this machine's
            self.options += ["--set", "policy.trust_store=none"]
        self.packets = pcapkit.read(self.capture)
        self.claims = set()


CHECKS = {"told": story_told, "delivered": story_delivered, "again": story_again, "thinned": story_thinned, "secret": story_secret}


def tell(program, folder, drops):
    """All checks of one story: (name of the check, what went wrong or None)."""
    story = Story(folder, drops)
    outcome = []
    for name, check in CHECKS.items():
        with tempfile.TemporaryDirectory(prefix="postwacht-replay-") as temporary:
            try:
                check(story, Reader(program, temporary, story.options))
                outcome.append((f"{story.name}: {name}", None))
            except (Failed, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as e:
                outcome.append((f"{story.name}: {name}", f"{type(e).__name__}: {e}"))
    return outcome


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description="replays the stories of this folder")
    parser.add_argument("--drops", type=int, default=4, help="random removals of packets, per story and kind")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--story", action="append", help="only this one")
    parser.add_argument("program", type=pathlib.Path)
    return parser.parse_args()


def main():
    args = arguments()
    program = str(args.program.resolve())
    folders = sorted(f.parent for f in HERE.glob("*/expect.json") if not args.story or f.parent.name in args.story)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(lambda f: tell(program, f, args.drops), folders):
            for name, wrong in outcome:
                passed, failed = passed + (wrong is None), failed + (wrong is not None)
                if wrong is not None:
                    print(f"FAILED {name}\n  {wrong}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
