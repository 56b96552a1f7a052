#!/usr/bin/env python3
"""`postwacht verify`: a log and an outbox as the sensor writes them pass; with any record removed, inserted, moved, changed or cut,
at every position, the first bad one is named.

    verify.py PROGRAM CHAINED [--full]     --full: every octet, not a sample

The last line is `N passed, N failed`.
"""
import gzip
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "tools")]
from checks import Checks, eventually  # noqa: E402 pylint: disable=wrong-import-position

EPOCH = 1790000000
TYPES = ("smtp", "alert", "tls", "smtp", "stats", "anomaly", "alert", "smtp")
LANE = {"alert": "alerts", "stats": "alerts", "smtp": "sessions", "tls": "sessions", "anomaly": "sessions"}


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

    def each(self, cases, *words):
        """Many at once: a case is octets, and who judges what is said of them (exit code, log) -> (good, what)."""
        cases = iter(cases)
        folder = self.folder / "each"
        while chunk := list(itertools.islice(cases, 200)):
            folder.mkdir()
            for i, (octets, _) in enumerate(chunk):
                (folder / f"case{i}-x.json").write_bytes(octets)
            self._judge(chunk, [folder / f"case{i}-x.json" for i in range(len(chunk))], words)
            shutil.rmtree(folder)

    def each_lane(self, cases):
        """The same of lanes: a case is what makes the files of a directory, and who judges."""
        cases = iter(cases)
        folder = self.folder / "lanes"
        while chunk := list(itertools.islice(cases, 200)):
            for i, (make, _) in enumerate(chunk):
                (folder / str(i)).mkdir(parents=True)
                make(folder / str(i))
                for path in (folder / str(i)).iterdir():
                    os.utime(path, (EPOCH, EPOCH))  # nobody writes to it
            self._judge(chunk, [folder / str(i) for i in range(len(chunk))], ())
            shutil.rmtree(folder)

    def _judge(self, chunk, paths, words):
        _, document, said = self.verify(*words, *paths)
        logs = {log["files"][0]: log for log in document["logs"]}
        self.checks.check(len(logs) == len(chunk), f"{len(logs)} logs of {len(chunk)}: {said}")
        for (_, judge), path in zip(chunk, paths):
            log = logs[str(path)]
            code = 1 if not log["intact"] else 0 if log["complete"] else 5
            self.checks.check(*judge(code, log))

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
    code, log = p.text(gzip.compress(b"".join(lines[:7])) + gzip.compress(b"".join(lines[7:])))
    p.checks.check(code == 0 and log["records"] == len(lines), f"gzip, two members: {code} {log}")
    for behind in (lines[-1], b"x", b"\0" * 512, b"\x1f", b"\x1f\x8b", gzip.compress(whole)[:-1]):
        code, log = p.text(gzip.compress(whole) + behind)
        p.checks.check(code == 5 and "something else" in log["trouble"], f"gzip, and {behind[:8]} behind it: {code} {log['trouble']}")
    for keep in range(1, len(lines)):
        code, log = p.text(b"".join(lines[keep:]))
        p.checks.check(code == 0 and any(r["middle"] for r in log["rows"]), f"from line {keep + 1} on: {code} {log['first']}")
        code, log = p.text(b"".join(lines[:keep]))
        p.checks.check(code == 0, f"up to line {keep}: {code}")
    code, log = p.text(b"".join(lines[1:]), "--whole")
    p.checks.check(code == 1 and log["first"]["fault"] == "missing", f"--whole without the first: {code}")


def removed(p, lines):
    """One record, or several, at every position."""
    def case(i, n):
        rest = lines[:i] + lines[i + n:]
        gone = [number_of(line) for line in lines[i:i + n]]
        had = {lane_of(line) for line in lines[:i]}
        # The first that is left of a lane that lost some, and had some before: else nobody can know.
        bad = next((k for k in range(i, len(rest)) if lane_of(rest[k]) in had and lane_of(rest[k]) in {g[0] for g in gone}), None)

        def judge(code, log):
            if bad is None:
                return code == 0, f"{n} removed at {i}, at an end: {code}"
            mine = [g[1] for g in gone if g[0] == lane_of(rest[bad])]
            good = code == 1 and is_first(log, bad + 1, number_of(rest[bad]), ("missing",))
            return good and (log["first"]["from"], log["first"]["to"]) == (mine[0], mine[-1]), f"{n} removed at {i}: {code} {log['first']}"
        return b"".join(rest), judge
    p.each(case(i, n) for n in (1, 2, 5) for i in range(len(lines) - n))


def inserted(p, lines):
    """Lines of others, records of another log, and our own once more."""
    forged = [line.replace(b'"sensor-1"', b'"sensor-2"') for line in lines]  # the same numbers, other texts

    def foreign(i, what):
        return b"".join(lines[:i] + [what] + lines[i:]), lambda code, log: (
            code == 1 and is_first(log, i + 1, None, ("foreign",)), f"{what[:10]} inserted at {i}: {code} {log['first']}")

    def other(i):
        return b"".join(lines[:i] + [b"hello\n"] + lines[i:]), lambda code, log: (
            code == 0 and log["others"] == 1, f"another program's line at {i}: {code}")

    def forgery(i, k):
        return b"".join(lines[:i] + [forged[k]] + lines[i:]), lambda code, log: (
            code == 1 and log["first"]["line"] == i + 1, f"forged {k} inserted at {i}: {code} {log['first']}")

    def again(i, begin, end):
        return b"".join(lines[:i] + lines[begin:end] + lines[i:]), lambda code, log: (
            code == 0 and sum(r["repeats"] for r in log["rows"]) == end - begin, f"{begin} to {end} again at {i}: {code} {log['first']}")
    n = len(lines)
    p.each(foreign(i, what) for i in range(n + 1) for what in (b"hello\n", b"\n", b"{}\n", b"x" * 20000 + b"\n", bytes(range(1, 10)) + b"\n"))
    p.each((other(i) for i in range(n + 1)), "--others")
    p.each(forgery(i, k) for i in range(1, n + 1) for k in {0, i - 1, i // 2})
    p.each(again(i, k, k + 1) for i in range(1, n + 1) for k in {0, i - 1, i // 2})
    p.each(again(i, max(0, i - 7), i) for i in range(1, n + 1))


def moved(p, lines):
    """Neighbours, and far away."""
    def case(i, k):
        swapped = list(lines)
        swapped[i], swapped[k] = swapped[k], swapped[i]

        def judge(code, log):
            if not any(lane_of(line) == lane_of(lines[i]) for line in lines[:i]):
                return code == 1, f"{i} and {k} swapped: {code}"  # the first of all: what comes behind it is what is bad
            good = code == 1 and is_first(log, i + 1, number_of(lines[k]), ("moved",))
            return good and log["first"]["words"].startswith("reordered"), f"{i} and {k} swapped: {code} {log['first']}"
        return b"".join(swapped), judge
    p.each(case(i, k) for i in range(len(lines)) for k in range(i + 1, len(lines)) if lane_of(lines[i]) == lane_of(lines[k]))
    a, b, c, d = [line for line in lines if lane_of(line) == "sessions"][:4]
    p.each([(b"".join([a, d, b, b]), lambda code, log: (code == 1 and log["first"]["fault"] == "missing", f"two missing, one twice: {log['first']}")),
            (b"".join([a, d, b, c]), lambda code, log: (code == 1 and log["first"]["fault"] == "moved", f"one before two: {log['first']}"))])


def changed(p, lines, octets):
    """Flip each of these octets."""
    whole = b"".join(lines)
    starts = [0, *itertools.accumulate(map(len, lines))]

    def case(at):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 7)
        i = max(k for k, start in enumerate(starts[:-1]) if start <= at)
        bad = {i + 1}
        if at == starts[i + 1] - 1:
            bad.add(i + 2)  # the newline between two: both of them are one line
        k = later_in_lane(lines, i)
        if k is not None and lane_of(lines[i]) not in {lane_of(line) for line in lines[:i]}:
            bad.add(k + 1)  # a number or an epoch of the first of a lane: then it begins in the middle, and the second does not follow

        def judge(code, log):
            if code == 5:  # the last newline of all
                return at == len(whole) - 1, f"octet {at}: {code}"
            return code == 1 and log["first"]["line"] in bad, f"octet {at} (line {i + 1}): {code} {log['first']}"
        return bytes(flipped), judge
    p.each(map(case, octets))


def cut(p, lines, octets):
    """Cut off behind each of these octets."""
    whole, ends = b"".join(lines), {0, *itertools.accumulate(map(len, lines))}
    p.each((whole[:at], lambda code, log, at=at: (code == (0 if at in ends else 5) and log["intact"],
                                                 f"cut at {at}: {code} {log['first']} {log['unfinished']}")) for at in octets)


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


def unfit(p, lines):
    """Files of which nothing can be said are no tampered ones; one record with a link among the lines, and they are again."""
    cef = b"CEF:0|postwacht|postwacht|1|3207001|starttls.stripped|10|src=192.0.2.1 msg={x}\n"
    ecs = b'{"@timestamp":"2026-11-23T20:42:09Z","ecs":{"version":"8.17.0"},"event":{"kind":"alert"},"postwacht":{"event_type":"alert"}}\n'
    prefixed = [b"<134>1 2026-11-23T20:42:09Z sensor-1 postwacht 1 alert - @cee: " + line for line in lines]
    kinds = {"CEF": (cef, "not_eve"), "LEEF": (b"LEEF:2.0|postwacht|postwacht|1|x|^|sev=9\n", "not_eve"), "ECS": (ecs, "not_eve"),
             "CEF by syslog": (b"<134>1 - - - - - - " + cef, "not_eve"), "no links": (f"{record(1, 'smtp')}\n".encode(), "no_links"),
             "syslog": (b"".join(prefixed), "prefixed"), "syslog among others": (b"Nov 23 sshd: x\n" + prefixed[0] + cef, "prefixed")}
    said = {"not_eve": "only format eve can be verified", "no_links": "no line here ends with a link", "prefixed": "have a prefix: use --others"}
    for name, (octets, kind) in kinds.items():
        octets *= 3
        code, log = p.text(octets)
        good = code == 5 and log["intact"] and not log["complete"] and log["first"] is None
        p.checks.check(good and (log["unfit"], log["unfit_lines"]) == (kind, octets.count(b"\n")), f"{name}: {code} {log}")
        text = subprocess.run([p.program, "verify", "-"], input=octets, capture_output=True, check=False).stdout.decode()
        p.checks.check(said[kind] in text and "nothing could be verified" in text and "TAMPERED" not in text, f"{name}: {text}")
        for mixed in (octets + lines[0], lines[0] + octets):
            code, log = p.text(mixed)
            p.checks.check(code == 1 and not log["unfit"] and log["first"]["fault"] == "foreign" and
                           log["faults"]["foreign"] == octets.count(b"\n"), f"{name} and a record: {code} {log}")
        code, log = p.text(octets, "--state", p.folder / "state", "--output", "trail")
        p.checks.check(code == 1 and log["first"]["fault"] == "cut_short", f"{name} where the sensor wrote records: {code} {log['first']}")


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
    text = subprocess.run([p.program, "verify", folder / "nothing"], capture_output=True, text=True, check=False).stdout
    p.checks.check("nothing could be verified" in text and "intact" not in text, f"only a file that is not there: {text}")


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
    def lane_with(changes):
        def make(lane):
            for path in segments:
                octets = changes.get(path.name, path.read_bytes())
                if octets is not None:
                    (lane / path.name).write_bytes(octets)
        return make

    def used(path):
        return len(path.read_bytes().rstrip(b"\0"))

    def flip(path, at):
        octets = bytearray(path.read_bytes())
        octets[at] ^= 1 << (at % 8)

        def judge(code, log):
            if 4 <= at < 8:
                return code == 5 and "another version" in log["trouble"], f"the version in {path.name}: {code} {log['trouble']}"
            where = log["first"] or log["unfinished"]
            near = where is not None and where["file"].endswith(path.name) and where["offset"] <= at
            if near and log["first"] and log["first"].get("seq") and log["first"]["fault"] != "damaged":
                near = at < where["offset"] + 104 + 800
            return near and (code == 1 or (path == segments[-1] and code == 5)), f"{path.name} octet {at}: {code} {where}"
        return lane_with({path.name: bytes(octets)}), judge
    p.each_lane(flip(path, at) for path in (segments[0], segments[1], segments[-1]) for at in range(0, used(path), step))

    def without(path):
        oldest, newest = path == segments[0], path == segments[-1]
        return lane_with({path.name: None}), lambda code, log: (
            (code == 0 and (newest or log["rows"][0]["middle"])) if oldest or newest else code == 1 and log["first"]["fault"] == "missing",
            f"{path.name} removed: {code} {log['first']}")
    p.each_lane(map(without, segments))
    p.each_lane([(lane_with({segments[1].name: segments[0].read_bytes()}), lambda code, log: (
        code == 1 and log["first"]["file"].endswith(segments[1].name), f"a segment in the place of another: {code} {log['first']}"))])
    last = segments[-1]
    p.each_lane((lane_with({last.name: last.read_bytes()[:at]}), lambda code, log, at=at: (
        code in (0, 5) and log["intact"], f"the newest cut to {at}: {code} {log['first']}")) for at in range(512, used(last), step))
    code, _, said = p.verify(p.folder / "rotated")
    p.checks.check(code == 2 and "has no outbox" in said, f"a directory without: {code} {said}")


def lanes(p):
    """A lane that is gone, or its end: what the outputs had of it tells."""
    state = p.folder / "lanes-of"
    (state / "delivery").mkdir(parents=True)
    p.drive("outbox", state / "outbox", 8192, stdin="".join(f"{r}\n" for r in plain(120)).encode())
    epoch = p.verify(state)[1]["logs"][0]["rows"][0]["epoch"]

    def had(**cursors):
        for path in (state / "delivery").iterdir():
            path.unlink()
        for name, words in cursors.items():
            p.drive("had", state / "delivery" / f"{name}.cursor", *words, stdin=b"")

    def case(what, good, change=lambda copy: None):
        """Of the state directory, and of its outbox."""
        copy = p.folder / "copy"
        shutil.copytree(state, copy)
        change(copy / "outbox")
        for path in (copy, copy / "outbox"):
            code, document, said = p.verify(path)
            p.checks.check(document and good(code, {log["files"][0].rsplit("/", 1)[1]: log for log in document["logs"]}),
                           f"{what}, {path.name}: {code} {document} {said}")
        text = subprocess.run([p.program, "verify", copy], capture_output=True, text=True, check=False).stdout
        shutil.rmtree(copy)
        return text

    def short(lane, begin, end):
        return lambda code, logs: code == 1 and logs[lane]["first"]["fault"] == "cut_short" and logs[lane]["compared"] and (
            logs[lane]["first"]["lane"], logs[lane]["first"]["from"], logs[lane]["first"]["to"]) == (lane, begin, end) and (
            sum(not log["intact"] for log in logs.values()) == 1)

    def fine(code, logs):
        return code == 0 and all(log["intact"] and not log["first"] for log in logs.values())

    def empty(lane):
        return lambda outbox: [path.unlink() for path in (outbox / lane).iterdir()]

    def gone(lane):
        return lambda outbox: shutil.rmtree(outbox / lane)
    numbers = {"alerts": 45, "sessions": 75}
    for lane, n in numbers.items():
        for how in (empty(lane), gone(lane)):
            had(old=(epoch, 2, 2), trail=(epoch, 46, 76), other=(epoch + 1, 999, 999))
            text = case(f"no {lane}", short(lane, 1, n), how)
            p.checks.check(f"no {lane} are there" in text and f"records 1 to {n} are written" in text and "TAMPERED" in text, text)
            for name, words in (("nothing of it", (epoch, 1, 1)), ("another outbox", (epoch - 1, 46, 76)), ("a damaged cursor", (0, 46, 76))):
                had(trail=words)
                text = case(f"no {lane}, {name}", lambda code, logs: fine(code, logs) and logs[lane]["absent"], how)
                p.checks.check(f"no {lane} are there" in text, text)
    for next_alert, next_session in ((1, 1), (3, 76), (46, 76)):
        had(trail=(epoch, next_alert, next_session))
        case(f"all is there up to {next_alert}, {next_session}", lambda code, logs: fine(code, logs) and all(
            log["compared"] and not log["absent"] for log in logs.values()))
    had(trail=(epoch, 46, 77))
    case("one more than there is", short("sessions", 76, 76))
    had(trail=(epoch, 46, 76))
    segments = sorted(path.name for path in (state / "outbox" / "sessions").iterdir())
    at = int(segments[-1].split(".")[0], 16)
    case("the newest segment removed", short("sessions", at, 75), lambda outbox: (outbox / "sessions" / segments[-1]).unlink())
    had(trail=(epoch, 46, at))
    case("the newest segment without records, and none is known", fine, lambda outbox: os.truncate(outbox / "sessions" / segments[-1], 512))
    had(trail=(epoch - 1, 46, 76))
    case("the newest segment removed, and no cursor", fine, lambda outbox: (outbox / "sessions" / segments[-1]).unlink())
    for lane in ("alerts", "sessions"):
        shutil.rmtree(state / "outbox" / lane)
    code, _, said = p.verify(state)
    p.checks.check(code == 2 and "has no outbox" in said, f"no lanes: {code} {said}")


def sensor(p):
    """What `run` writes: killed and started again, in a network namespace of its own; a heartbeat a second."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        print("no rights to make a network namespace: the running sensor was left out")
        return
    folder = p.folder / "run"
    folder.mkdir()
    state, trail = folder / "state", folder / "eve.json"
    outputs = [{"type": "file", "name": "trail", "path": str(trail)}, {"type": "file", "name": "alerts", "path": str(folder / "alerts.json"),
                                                                       "events": ["alert", "stats"]}]
    (folder / "run.yaml").write_text(json.dumps({
        "sensor": {"user": "none", "control": "none", "state_dir": str(state), "heartbeat_s": "1"}, "policy": {"resolve": "off"},
        "taps": [{"name": "lo", "ports": ["pcap:lo"]}], "outputs": outputs}), encoding="ascii")

    def lines():
        return trail.read_bytes().count(b"\n") if trail.exists() else 0

    def run(more, how):
        before = lines()
        with open(folder / "log", "ab") as log:
            with subprocess.Popen(["unshare", "-n", "sh", "-c", f"ip link set lo up; exec {p.program} run --config {folder}/run.yaml"],
                                  stderr=log, stdout=log) as child:
                eventually(lambda: lines() >= before + more or child.poll() is not None, 60)
                child.send_signal(how)
                child.wait(30)
        p.checks.check(lines() >= before + more, f"{lines()} lines after {before}: {(folder / 'log').read_text(errors='replace')[-2000:]}")

    for how in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        run(2, how)
        time.sleep(1)  # the children of whoever was killed end, too
    for words in ((state,), (trail, "--state", state, "--output", "trail", "--whole"), (folder / "alerts.json", "--state", state, "--output", "alerts")):
        code, document, said = p.verify(*words)
        p.checks.check(code == 0 and document["logs"][0]["records"] >= 6, f"of the running sensor: {code} {said} {document}")


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
        some = range(whole) if full else sorted(dice.sample(range(whole), 1000))
        untouched(p, lines)
        removed(p, lines)
        inserted(p, lines)
        moved(p, lines)
        changed(p, lines, some)
        cut(p, lines, some)
        rows(p)
        receivers_file(p, lines)
        rotated(p, lines)
        cursors(p, lines)
        unfit(p, lines)
        large(p)
        sensor(p)
        lanes(p)
        outbox(p, 1 if full else 37)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
