#!/usr/bin/env python3
"""`postwacht verify`: a log and an outbox as the sensor writes them pass; with any record removed, inserted, moved, changed or cut,
at every position, the first bad one is named.

    verify.py PROGRAM CHAINED [--full]     --full: every octet, not a sample

The last line is `N passed, N failed`.
"""
import concurrent.futures
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

EPOCH = 1790000000
TYPES = ("smtp", "alert", "tls", "smtp", "stats", "anomaly", "alert", "smtp")
LANE = {"alert": "alerts", "stats": "alerts", "smtp": "sessions", "tls": "sessions", "anomaly": "sessions"}


class Checks:
    """Counts, and says what failed."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        """One of them."""
        self.passed += bool(good)
        self.failed += not good
        if not good and self.failed < 40:
            print(f"FAILED: {what}")


class Program:
    """postwacht verify, and the driver that makes what it verifies."""

    def __init__(self, program, chained, folder, checks):
        self.program, self.chained, self.folder, self.checks = program, chained, folder, checks

    def verify(self, *words, stdin=None):
        """Exit code and the document."""
        done = subprocess.run([self.program, "verify", "--json", *map(str, words)], input=stdin, capture_output=True, check=False)
        assert done.returncode in (0, 1, 2, 5), (words, done.returncode, done.stderr)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr.decode()

    def text(self, octets, *words):
        """The same of these octets on standard input."""
        code, document, _ = self.verify("-", *words, stdin=octets)
        return code, document["logs"][0]

    def drive(self, *words, stdin):
        """The driver's output."""
        done = subprocess.run([self.chained, *map(str, words)], input=stdin, capture_output=True, check=True)
        return done.stdout


def record(i, kind):
    """A record as short as ours may be."""
    return json.dumps({"timestamp": f"2026-11-23T20:42:{i % 60:02}.{i:06}+0000", "event_type": kind, "host": "sensor-1",
                       "dest_ip": "192.0.2.1", "note": "x" * (i * 37 % 90), "smtp_tls": {"v": 1, "id": f"{i:026}"}}, separators=(",", ":"))


def plain(n):
    """Records without stamps."""
    return [record(i, TYPES[i % len(TYPES)]) for i in range(n)]


def lines_of(program, records, epoch=EPOCH):
    """Stamped lines, each with its newline."""
    return program.drive("lines", epoch, stdin="".join(f"{r}\n" for r in records).encode()).splitlines(keepends=True)


def lane_of(line):
    """alerts or sessions."""
    return LANE[json.loads(line)["event_type"]]


def number_of(line):
    """(lane, seq)"""
    return lane_of(line), json.loads(line)["smtp_tls"]["seq"]


def later_in_lane(lines, i):
    """The next line behind i in its lane, or None."""
    return next((k for k in range(i + 1, len(lines)) if lane_of(lines[k]) == lane_of(lines[i])), None)


def is_first(log, line, number, fault):
    """What is named first is this line."""
    first = log["first"]
    return first is not None and first["line"] == line and (number is None or (first.get("lane"), first.get("seq")) == number) and \
        first["fault"] in fault


# ---- lines -----------------------------------------------------------------------------------------------------------


def untouched(p, lines):
    """All forms in which a log that nobody touched comes."""
    whole = b"".join(lines)
    code, log = p.text(whole)
    p.checks.check(code == 0 and log["records"] == len(lines) and log["intact"] and log["complete"], f"untouched: {code} {log}")
    rows = {r["lane"]: r for r in log["rows"]}
    for lane in ("alerts", "sessions"):
        n = sum(lane_of(line) == lane for line in lines)
        p.checks.check((rows[lane]["first"], rows[lane]["last"], rows[lane]["records"]) == (1, n, n), f"row of {lane}: {rows[lane]}")
    p.checks.check(p.text(whole, "--whole")[0] == 0, "--whole")
    p.checks.check(p.text(b"")[0] == 0, "nothing")
    code, log = p.text(gzip.compress(whole))
    p.checks.check(code == 0 and log["records"] == len(lines), f"gzip: {code}")
    code, log = p.text(gzip.compress(whole)[:-20])
    p.checks.check(code == 5 and "cut short" in log["trouble"], f"gzip, cut: {code} {log['trouble']}")
    for keep in range(1, len(lines)):
        code, log = p.text(b"".join(lines[keep:]))
        p.checks.check(code == 0 and any(r["middle"] for r in log["rows"]), f"from line {keep + 1} on: {code} {log['first']}")
        code, log = p.text(b"".join(lines[:keep]))
        p.checks.check(code == 0, f"up to line {keep}: {code}")
    code, log = p.text(b"".join(lines[1:]), "--whole")
    p.checks.check(code == 1 and log["first"]["fault"] == "missing", f"--whole without the first: {code}")


def removed(p, lines):
    """One record, or several, at every position."""
    for n in (1, 2, 5):
        for i in range(len(lines) - n):
            rest = lines[:i] + lines[i + n:]
            gone = [number_of(line) for line in lines[i:i + n]]
            had = {lane_of(line) for line in lines[:i]}
            # The first that is left of a lane that lost some, and had some before: else nobody can know.
            bad = next((k for k in range(i, len(rest)) if lane_of(rest[k]) in had and lane_of(rest[k]) in {g[0] for g in gone}), None)
            code, log = p.text(b"".join(rest))
            if bad is None:
                p.checks.check(code == 0, f"{n} removed at {i}, at an end: {code}")
                continue
            p.checks.check(code == 1 and is_first(log, bad + 1, number_of(rest[bad]), ("missing",)), f"{n} removed at {i}: {code} {log['first']}")
            mine = [g[1] for g in gone if g[0] == lane_of(rest[bad])]
            p.checks.check((log["first"]["from"], log["first"]["to"]) == (mine[0], mine[-1]), f"{mine} removed: {log['first']}")


def inserted(p, lines):
    """Lines of others, records of another log, and our own once more."""
    other = lines_of(p, plain(len(lines)), EPOCH)  # the same numbers, other texts
    forged = [line.replace(b'"sensor-1"', b'"sensor-2"') for line in other]
    for i in range(len(lines) + 1):
        for what in (b"hello\n", b"\n", b"{}\n", b"x" * 20000 + b"\n", bytes(range(1, 10)) + b"\n"):
            code, log = p.text(b"".join(lines[:i] + [what] + lines[i:]))
            p.checks.check(code == 1 and is_first(log, i + 1, None, ("foreign",)), f"{what[:10]} inserted at {i}: {code} {log['first']}")
        code, log = p.text(b"".join(lines[:i] + [b"hello\n"] + lines[i:]), "--others")
        p.checks.check(code == 0 and log["others"] == 1, f"another program's line at {i}: {code}")
    for i in range(1, len(lines) + 1):
        for k in (0, i - 1, i // 2):
            code, log = p.text(b"".join(lines[:i] + [forged[k]] + lines[i:]))
            p.checks.check(code == 1 and log["first"]["line"] == i + 1, f"forged {k} inserted at {i}: {code} {log['first']}")
            code, log = p.text(b"".join(lines[:i] + [lines[k]] + lines[i:]))
            p.checks.check(code == 0 and sum(r["repeats"] for r in log["rows"]) == 1, f"{k} once more at {i}: {code} {log['first']}")
        code, log = p.text(b"".join(lines[:i] + lines[max(0, i - 7):]))
        p.checks.check(code == 0 and sum(r["repeats"] for r in log["rows"]) == min(7, i), f"the last 7 again at {i}: {code}")


def moved(p, lines):
    """Neighbours, and far away."""
    for i in range(len(lines)):
        k = later_in_lane(lines, i)
        for target in {k, later_in_lane(lines, k) if k is not None else None, len(lines) - 1}:
            if target is None or target <= i or lane_of(lines[target]) != lane_of(lines[i]):
                continue
            swapped = list(lines)
            swapped[i], swapped[target] = swapped[target], swapped[i]
            code, log = p.text(b"".join(swapped))
            if not any(lane_of(line) == lane_of(lines[i]) for line in lines[:i]):
                p.checks.check(code == 1, f"{i} and {target} swapped: {code}")  # the first of all: what comes behind it is what is bad
                continue
            p.checks.check(code == 1 and is_first(log, i + 1, number_of(lines[target]), ("moved", "missing")),
                           f"{i} and {target} swapped: {code} {log['first']}")
    i, k = len(lines) // 2, later_in_lane(lines, len(lines) // 2)
    swapped = list(lines)
    swapped[i], swapped[k] = swapped[k], swapped[i]
    first = p.text(b"".join(swapped))[1]["first"]
    p.checks.check(first["fault"] == "moved" and first["words"].startswith("reordered"), f"neighbours swapped: {first}")


def changed(p, lines, octets):
    """Flip each of these octets."""
    whole = b"".join(lines)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line)

    def one(at):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 7)
        code, log = p.text(bytes(flipped))
        i = max(k for k, start in enumerate(starts) if start <= at)
        bad = {i + 1}
        if at == starts[i] + len(lines[i]) - 1:
            bad.add(i + 2)  # the newline between two: both of them are one line
        first_of_lane = lane_of(lines[i]) not in {lane_of(line) for line in lines[:i]}
        k = later_in_lane(lines, i)
        if code == 5:  # the last newline of all
            return at == len(whole) - 1, f"octet {at}: {code}"
        named = log["first"] is not None and log["first"]["line"] in bad
        # A number or an epoch of the first record of a lane: then it begins in the middle, and the second one does not follow.
        if not named and first_of_lane and k is not None:
            named = log["first"] is not None and log["first"]["line"] in (i + 1, k + 1)
        return code == 1 and named, f"octet {at} (line {i + 1}): {code} {log['first']}"

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for good, what in pool.map(one, octets):
            p.checks.check(good, what)


def cut(p, lines, octets):
    """Cut off behind each of these octets."""
    whole, ends, at = b"".join(lines), {0}, 0
    for line in lines:
        at += len(line)
        ends.add(at)

    def one(at):
        code, log = p.text(whole[:at])
        return code == (0 if at in ends else 5) and log["intact"], f"cut at {at}: {code} {log['first']} {log['unfinished']}"

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for good, what in pool.map(one, octets):
            p.checks.check(good, what)


def rows(p):
    """Another epoch, numbers that were passed over, an older epoch behind a newer one."""
    records = plain(30)
    lines = lines_of(p, records[:10] + ["+0 3", "+1 2"] + records[10:20] + [f"={EPOCH + 50}"] + records[20:])
    code, log = p.text(b"".join(lines))
    p.checks.check(code == 0 and len(log["rows"]) == 4 and sum(r["passed"] for r in log["rows"]) == 5, f"two epochs: {code} {log['rows']}")
    p.checks.check({r["epoch"] for r in log["rows"]} == {EPOCH, EPOCH + 50}, f"epochs: {log['rows']}")
    code, log = p.text(b"".join(lines[:20] + lines[21:]))
    p.checks.check(code == 1 and log["first"]["line"] in (21, 22, 23), f"the first of an epoch removed: {code} {log['first']}")
    code, log = p.text(b"".join(lines[20:] + lines[:20]))
    p.checks.check(code == 1 and is_first(log, 11, None, ("older_epoch",)), f"epochs in the wrong order: {code} {log['first']}")
    many = lines_of(p, [word for i in range(300) for word in (f"={EPOCH + i}", record(i, "alert"))], EPOCH - 1)
    code, log = p.text(b"".join(many))
    p.checks.check(code == 0 and len(log["rows"]) == 256 and log["rows_more"] == 44, f"300 epochs: {code} {log['rows_more']}")


def receivers_file(p, lines):
    """Records behind the head of a syslog, among others' lines."""
    prefixed = [b"<134>1 2026-11-23T20:42:09Z sensor-1 postwacht 1 alert - @cee: " + line for line in lines]
    other = [b"Nov 23 20:42:09 host sshd[1]: {not ours}\n"]
    code, log = p.text(b"".join(other + prefixed[:5] + other + prefixed[5:]), "--others")
    p.checks.check(code == 0 and log["records"] == len(lines) and log["others"] == 2, f"a receiver's file: {code} {log['first']}")
    code, log = p.text(b"".join(prefixed[:5] + prefixed[7:]), "--others")
    p.checks.check(code == 1 and log["first"]["fault"] == "missing", f"a receiver's file, two removed: {code}")


def rotated(p, lines):
    """The order is in the names."""
    folder = p.folder / "rotated"
    folder.mkdir()
    third = len(lines) // 3
    parts = {"eve.json.10.gz": gzip.compress(b"".join(lines[:third])), "eve.json.2": b"".join(lines[third:2 * third]),
             "eve.json": b"".join(lines[2 * third:])}
    for name, octets in parts.items():
        (folder / name).write_bytes(octets)
    names = [folder / name for name in parts]
    for order in (names, names[::-1], [names[1], names[2], names[0]]):
        code, document, _ = p.verify(*order)
        p.checks.check(code == 0 and len(document["logs"]) == 1 and document["logs"][0]["files"] == list(map(str, names)), f"rotated: {code}")
    code, document, _ = p.verify(names[0], names[2])
    first = document["logs"][0]["first"]
    p.checks.check(code == 1 and first["file"] == str(names[2]) and first["fault"] == "missing", f"a file between is missing: {code} {first}")
    (folder / "eve.json.2.gz").write_bytes(b"")
    code, _, said = p.verify(*names, folder / "eve.json.2.gz")
    p.checks.check(code == 2 and "same place" in said, f"two of one place: {code} {said}")
    for date, name in (("20261121", "eve.json.10.gz"), ("20261122", "eve.json.2")):
        shutil.copy(folder / name, folder / f"day.json-{date}{'.gz' if name.endswith('gz') else ''}")
    shutil.copy(folder / "eve.json", folder / "day.json")
    code, document, _ = p.verify(folder / "day.json", folder / "day.json-20261122", folder / "day.json-20261121.gz")
    p.checks.check(code == 0 and len(document["logs"]) == 1, f"rotated by days: {code}")
    (folder / "eve.json.2").write_bytes(b"".join(lines[third:2 * third])[:-10])
    code, document, _ = p.verify(*names)
    p.checks.check(code == 1 and document["logs"][0]["first"]["file"] == str(folder / "eve.json.2"), f"cut in the middle of the set: {code}")
    code, document, _ = p.verify(folder / "nothing", names[0])
    p.checks.check(code == 5 and any("No such file" in log["trouble"] for log in document["logs"]), f"a file that is not there: {code}")


def cursors(p, lines):
    """What is cut off where nobody can see it in the file."""
    state = p.folder / "state"
    (state / "delivery").mkdir(parents=True)
    path = state / "delivery" / "trail.cursor"
    p.drive("cursor", path, EPOCH, stdin=b"".join(lines))
    before = path.read_bytes()
    code, log = p.text(b"".join(lines), "--state", state)
    p.checks.check(code == 0 and log["compared"], f"as the cursor says: {code} {log['first']}")
    for keep in range(len(lines)):
        code, log = p.text(b"".join(lines[:keep]), "--state", state, "--output", "trail")
        good = code == 1 and log["first"]["fault"] == "cut_short" or code == 5 and not all(any(r["lane"] == lane for r in log["rows"])
                                                                                        for lane in ("alerts", "sessions"))
        p.checks.check(good, f"cut to {keep} lines: {code} {log['first']}")
    longer = lines_of(p, plain(len(lines) + 9))
    code, log = p.text(b"".join(longer), "--state", state)
    p.checks.check(code == 0, f"ahead of the cursor: {code} {log['first']}")
    again = lines_of(p, [r.replace("sensor-1", "sensor-2") for r in plain(len(lines) + 9)])  # whoever may write may make new links
    p.checks.check(p.text(b"".join(again))[0] == 0, "new links are as good as old ones, alone")
    code, log = p.text(b"".join(again), "--state", state)
    p.checks.check(code == 1 and log["first"]["fault"] == "replaced", f"all of it made anew: {code} {log['first']}")
    later = lines_of(p, plain(9), EPOCH + 1)
    p.checks.check(p.text(b"".join(later), "--state", state)[1]["first"]["fault"] == "replaced", "a row that the sensor never began")
    p.checks.check(path.read_bytes() == before, "the cursor was written to")
    (state / "delivery" / "siem.cursor").write_bytes(before)
    code, _, said = p.verify("-", "--state", state, stdin=b"")
    p.checks.check(code == 2 and "--output" in said and "siem" in said and "trail" in said, f"two outputs: {code} {said}")
    for words in (("--output", "trail"), ("--state", state, "--output", "../delivery/trail")):
        p.checks.check(p.verify("-", *words, stdin=b"")[0] == 2, f"{words}")


def large(p):
    """Much of it, in little memory."""
    n = 60000
    lines = lines_of(p, plain(n))
    whole = p.folder / "large.json"
    whole.write_bytes(b"".join(lines))
    done = subprocess.run(["/usr/bin/env", "python3", "-c",
                           "import resource,subprocess,sys; r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode; "
                           "print(r, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", p.program, "verify", str(whole)],
                          capture_output=True, text=True, check=True)
    code, kib = map(int, done.stdout.split())
    p.checks.check(code == 0 and kib < 400000, f"{whole.stat().st_size} octets: {code}, {kib} KiB")
    del lines[n // 2]
    whole.write_bytes(b"".join(lines))
    code, document, _ = p.verify(whole)
    p.checks.check(code == 1 and document["logs"][0]["first"]["fault"] == "missing", f"one of {n} removed: {code}")


# ---- the outbox ------------------------------------------------------------------------------------------------------


def outbox(p, step):
    """Segments: whole, and with any octet changed, cut, and files removed or swapped."""
    state = p.folder / "sensor"
    state.mkdir()
    p.drive("outbox", state / "outbox", 8192, stdin="".join(f"{r}\n" for r in plain(120)).encode())
    lanes = [state / "outbox" / lane for lane in ("alerts", "sessions")]
    for path in (state, state / "outbox"):
        code, document, _ = p.verify(path)
        p.checks.check(code == 0 and [log["records"] for log in document["logs"]] == [45, 75], f"{path}: {code} {document}")
    segments = sorted(lanes[1].glob("*.seg"))
    p.checks.check(len(segments) >= 3, f"segments: {segments}")
    code, document, _ = p.verify(segments[1])
    p.checks.check(code == 0 and document["logs"][0]["rows"][0]["middle"], f"one segment: {code}")
    code, document, _ = p.verify(*lanes)
    p.checks.check(code == 0 and len(document["logs"]) == 2, f"lanes: {code}")
    copy = p.folder / "copy"

    def tried(change, name):
        lane = copy / name
        lane.mkdir(parents=True)
        for path in segments:
            shutil.copy(path, lane)
        change(lane)
        code, document, said = p.verify(lane)
        shutil.rmtree(lane)
        return code, document["logs"][0] if document else None, said

    def flip(at, path):
        def change(lane):
            octets = bytearray((lane / path.name).read_bytes())
            octets[at] ^= 1 << (at % 8)
            (lane / path.name).write_bytes(octets)
        code, log, _ = tried(change, f"{path.name}-{at}")
        where = log["first"] or log["unfinished"]
        if not where:
            return False, f"{path.name} octet {at}: {code} {log}"
        near = where["file"].endswith(path.name) and where["offset"] <= at
        if log["first"] and log["first"].get("seq") and log["first"]["fault"] != "damaged":
            near &= at < where["offset"] + 104 + 800
        newest = path == segments[-1]
        return near and (code == 1 or (newest and code == 5)), f"{path.name} octet {at}: {code} {where}"

    def used(path):
        return len(path.read_bytes().rstrip(b"\0"))

    jobs = [(at, path) for path in (segments[0], segments[1], segments[-1]) for at in range(0, used(path), step)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for good, what in pool.map(lambda job: flip(*job), jobs):
            p.checks.check(good, what)
    for path in segments[1:-1]:
        code, log, _ = tried(lambda lane, path=path: (lane / path.name).unlink(), "gone")
        p.checks.check(code == 1 and log["first"]["fault"] == "missing", f"{path.name} removed: {code} {log['first']}")
    code, log, _ = tried(lambda lane: (lane / segments[0].name).unlink(), "oldest")
    p.checks.check(code == 0 and log["rows"][0]["middle"], f"the oldest gone: {code}")
    code, log, _ = tried(lambda lane: (lane / segments[1].name).write_bytes((lane / segments[0].name).read_bytes()), "twice")
    p.checks.check(code == 1 and log["first"]["file"].endswith(segments[1].name), f"a segment in the place of another: {code}")
    last = segments[-1]
    for at in range(512, used(last), step):
        def cut_to(lane, at=at):
            with open(lane / last.name, "r+b") as f:
                f.truncate(at)
        code, log, _ = tried(cut_to, "cut")
        p.checks.check(code in (0, 5) and log["intact"], f"the newest cut to {at}: {code} {log['first']}")
    code, _, said = p.verify(p.folder / "rotated")
    p.checks.check(code == 2 and "has no outbox" in said, f"a directory without: {code} {said}")


def main():
    full = "--full" in sys.argv
    program, chained = map(os.path.abspath, [w for w in sys.argv[1:] if not w.startswith("-")][:2])
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="postwacht-verify-") as folder:
        p = Program(program, chained, pathlib.Path(folder), checks)
        n = 40 if full else 18
        lines = lines_of(p, plain(n))
        whole = sum(map(len, lines))
        dice = random.Random(8)
        some = range(whole) if full else sorted(dice.sample(range(whole), 250))
        untouched(p, lines)
        removed(p, lines)
        inserted(p, lines if full else lines[:10])
        moved(p, lines)
        changed(p, lines, some)
        cut(p, lines, some)
        rows(p)
        receivers_file(p, lines)
        rotated(p, lines)
        cursors(p, lines)
        large(p)
        outbox(p, 1 if full else 151)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
