#!/usr/bin/env python3
"""Stories that need more than one session: what was learned from some captures, and what is then told of another.

    run.py PROGRAM

Captures of tests/replay, moved in time and to other addresses (tests/tools). Each check has a state directory of its own.
"""
import fcntl
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

import pcapkit  # noqa: E402
import transform  # noqa: E402

REPLAY = HERE.parent / "replay"
HOUR_NS = 3600 * 10**9
NOTICED = {"starttls.vanished", "starttls.reply-length-anomaly", "starttls.alternating", "tls.version-drop", "tls.cipher-drop",
           "cert.mitm-suspect", "cert.shared-key", "tcp.rst-at-starttls", "middlebox.transparent-proxy"}
PROGRAM = pathlib.Path(sys.argv[1]).resolve()


def packets(name):
    """Of a capture, "strip-inline/inside"."""
    return pcapkit.read(REPLAY / f"{name}.pcap")


def moved(name, hours, address=None, client=None):
    """A capture some hours later; server addresses in `address` and the client's are replaced."""
    def change(s):
        swap = dict(address or {})
        if client:
            swap[client[0]] = client[1]
        return pcapkit.replace(s, src=swap.get(s.src, s.src), dst=swap.get(s.dst, s.dst))
    out = transform.shift_time(round(hours * HOUR_NS))(packets(name))
    parsed = [(p, pcapkit.parse(p.octets)) for p in out]
    return [pcapkit.packet(p.time_ns, change(s)) if s else p for p, s in parsed]


class State:
    """A state directory, and reading with it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "state"
        self.summary = None

    def run(self, capture, *options):
        """The program on a list of packets: (exit code, records, stderr)."""
        file, out = self.folder / "x.pcap", self.folder / "out.json"
        pcapkit.write(file, sorted(capture, key=lambda p: p.time_ns), nanoseconds=True)
        done = subprocess.run([PROGRAM, "read", "--state", self.path, "--set", "policy.trust_store=none", "--json", "--out", out,
                               *options, file], capture_output=True, text=True, timeout=120, check=False)
        self.summary = json.loads(done.stdout) if done.stdout else None
        records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []
        return done.returncode, records, done.stderr

    def read(self, capture, *options):
        """Sessions' records; reading must go well."""
        code, records, said = self.run(capture, *options)
        assert code == 0, said
        return records

    def findings(self, capture, *options):
        """All findings of all sessions, of those that history brings."""
        return found(self.read(capture, *options)) & NOTICED

    def train(self, name, hours, **changes):
        """Reads a capture once for each of these hours."""
        for h in hours:
            got = self.findings(moved(name, h, **changes))
            assert not got, f"{name} {h} hours later: {got}"


def sessions(records):
    return [r["smtp_tls"] for r in records if r["event_type"] == "smtp"]


def found(records):
    return {f for s in sessions(records) for f in s["findings"]}


def alert(records, finding):
    """(confidence, severity, related) of an alert."""
    for r in records:
        if r["event_type"] == "alert" and r["alert"]["metadata"]["finding"] == [finding]:
            return r["alert"]["metadata"]["confidence"][0], r["alert"]["metadata"]["severity"][0], set(r["smtp_tls"]["related"])
    return None


def stripped(state, story):
    """A server that always offered STARTTLS; then the same behind a device that takes the line out."""
    state.train(f"{story}/inside", range(-30, -20))
    records = state.read(packets(f"{story}/outside"))
    told = alert(records, "starttls.vanished")
    assert {r["alert"]["metadata"]["finding"][0] for r in records if r["event_type"] == "alert"} == {"starttls.vanished"}
    assert told and told[:2] == ("probable", "high"), told
    assert {"starttls.not-offered", "starttls.reply-length-anomaly"} <= told[2], told
    assert "peer_offered_before:10/10" in sessions(records)[0]["why"], sessions(records)[0]["why"]
    assert "starttls.first-seen-plain" not in found(records)
    # Read again it says the same, and teaches nothing.
    again = state.read(packets(f"{story}/outside"))
    assert [s["findings"] for s in sessions(again)] == [s["findings"] for s in sessions(records)]
    assert [s["why"] for s in sessions(again)] == [s["why"] for s in sessions(records)]
    assert state.summary["history"]["learned"] == 0 and state.summary["history"]["known"] == 1, state.summary["history"]
    # It goes on; and after a week it is how things are.
    assert "starttls.vanished" in state.findings(moved(f"{story}/outside", 24))
    assert "starttls.vanished" not in state.findings(moved(f"{story}/outside", 24 * 9))


def strip_inline(state):
    stripped(state, "strip-inline")


def strip_proxy(state):
    stripped(state, "strip-proxy")


def in_one_run(state):
    """Without a state directory it is learned within the run; here in one file."""
    capture = [p for h in range(-30, -20) for p in moved("strip-inline/inside", h)] + packets("strip-inline/outside")
    assert "starttls.vanished" in state.findings(capture)


def workers(state):
    """The same records for any number of workers."""
    capture = [p for h in range(-30, -20) for p in moved("strip-inline/inside", h)] + packets("strip-inline/outside")
    told = []
    for n in ("1", "4"):
        with tempfile.TemporaryDirectory() as other:
            records = State(other).read(capture, "--workers", n)
            told.append([(r["event_type"], r.get("smtp_tls")) for r in records if r["event_type"] != "stats"])
    assert told[0] == told[1]


def too_few(state):
    state.train("strip-inline/inside", range(-8, -4))
    assert "starttls.vanished" not in state.findings(packets("strip-inline/outside"))


def burst(state):
    """Many sessions of one minute are one observation."""
    state.train("strip-inline/inside", [-2 - n / 600 for n in range(8, 0, -1)])
    assert "starttls.vanished" not in state.findings(packets("strip-inline/outside"))


def long_ago(state):
    state.train("strip-inline/inside", range(-24 * 60, -24 * 60 + 10))
    assert not state.findings(packets("strip-inline/outside"))


def other_client(state):
    """Servers that offer TLS to some clients only."""
    state.train("strip-inline/inside", range(-30, -20), client=(bytes([192, 0, 2, 10]), bytes([192, 0, 2, 77])))
    assert not state.findings(packets("strip-inline/outside"))


def other_name(state):
    """Another machine behind the address: one of a pool."""
    there, here = bytes([198, 51, 100, 90]), bytes([198, 51, 100, 130])
    state.train("ugly-greylisting/inside", range(-50, -40), address={there: here})
    state.train("strip-inline/inside", range(-39, -34))
    state.train("ugly-greylisting/inside", range(-33, -30), address={there: here})
    state.train("strip-inline/inside", range(-20, -19))
    got = state.findings(packets("ugly-pool/inside"))
    assert not got, got


def pool(state):
    """One machine of two has no TLS, behind one address."""
    a, b = bytes([198, 51, 100, 105]), bytes([198, 51, 100, 106])
    told = set()
    for h in range(12):
        told |= state.findings(moved("ugly-pool/outside", h, address={b: a}))
    assert told == {"starttls.alternating"}, told


def ugly(state):
    """Greylisting, postscreen, new certificates, masks, tarpits, ordinary mail: nothing of it is a change."""
    for story in ("ugly-greylisting/outside", "ugly-postscreen/outside", "ugly-certificate-rotation/outside", "ugly-tarpit/outside",
                  "ugly-tlsa-rollover/outside", "server-starttls-for-some/outside", "ugly-pool/outside", "ugly-impatient/outside",
                  "ordinary-hour/traffic", "masked/traffic", "server-rate-limit/outside", "two-mails/traffic"):
        for h in range(8):
            got = state.findings(moved(story, h * 7))
            assert not got, f"{story}, {h}: {got}"


def twice(state):
    """The same file teaches once."""
    state.read(packets("ordinary-hour/traffic"))
    assert state.summary["history"]["learned"] == 3
    state.read(packets("ordinary-hour/traffic"))
    assert state.summary["history"] == {"learned": 0, "known": 3, "unfit": 0, "servers": 1, "evicted": 0, "written": True}


def fallback(state):
    """TLS fails in one capture, the mail goes in clear in the next."""
    capture = packets("fallback-exim/outside" if (REPLAY / "fallback-exim/outside.pcap").exists() else "fallback-exim/traffic")
    flows = []
    for p in capture:
        s = pcapkit.parse(p.octets)
        if s and s.flow not in flows and 25 in (s.sport, s.dport):
            flows.append(s.flow)
    parts = [[p for p in capture if (s := pcapkit.parse(p.octets)) and s.flow == f] for f in flows]
    told = set()
    for part in parts:
        told |= found(state.read(part))
    assert "starttls.fallback-plaintext" in told, told


def in_use(state):
    state.read(packets("ordinary-hour/traffic"))
    with open(state.path / "history.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, said = state.run(packets("ordinary-hour/traffic"))
    assert code == 1 and "is in use" in said, (code, said)
    assert state.run(packets("ordinary-hour/traffic"))[0] == 0


def corrupt(state):
    """What cannot be read is moved aside, and told."""
    state.read(packets("ordinary-hour/traffic"))
    for octets in (b"no database at all", (state.path / "history.sqlite").read_bytes()[:5000] + b"\xff" * 9000):
        (state.path / "history.sqlite").write_bytes(octets)
        code, _, said = state.run(packets("ordinary-hour/traffic"))
        assert code == 0 and "moved to" in said, (code, said)
        assert state.summary["history"]["learned"] == 3
        aside = list(state.path.glob("history.sqlite.corrupt-*"))
        assert aside and any(f.read_bytes() == octets for f in aside)
        for f in aside:
            f.unlink()


def versions(state):
    """A newer layout is refused and left alone; an empty one is filled."""
    state.path.mkdir()
    with sqlite3.connect(state.path / "history.sqlite") as db:
        db.execute("CREATE TABLE notes(text)")
    db.close()
    state.read(packets("ordinary-hour/traffic"))
    assert state.summary["history"]["learned"] == 3
    db = sqlite3.connect(state.path / "history.sqlite")
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    # One of the version before gets what is new and keeps what it has.
    db.execute("DROP TABLE loss")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    state.read(packets("ordinary-hour/traffic"))
    assert state.summary["history"]["known"] == 3
    db = sqlite3.connect(state.path / "history.sqlite")
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert db.execute("SELECT count(*) FROM loss").fetchone() == (0,)
    db.execute("PRAGMA user_version = 3")
    db.commit()
    db.close()
    code, _, said = state.run(packets("ordinary-hour/traffic"))
    assert code == 1 and "version 3" in said, (code, said)
    assert not list(state.path.glob("*.corrupt-*"))


def lies(state):
    """Rows that make no sense are left out."""
    state.train("strip-inline/inside", range(-30, -20))
    db = sqlite3.connect(state.path / "history.sqlite")
    for table in ("server", "offer", "tls", "cert", "client", "pair"):
        db.execute(f"UPDATE {table} SET value = zeroblob(length(value) - 8) || x'ffffffffffffffff'")
        db.execute(f"INSERT INTO {table} VALUES(zeroblob(3), -1, zeroblob(7))")
    db.execute("UPDATE offer SET value = replace(value, x'01000000', x'ff000000')")
    db.commit()
    db.close()
    state.read(packets("strip-inline/outside"))


def modes(state):
    state.read(packets("ordinary-hour/traffic"))
    assert state.path.stat().st_mode & 0o7027 == 0
    assert (state.path / "history.sqlite").stat().st_mode & 0o137 == 0


CHECKS = [strip_inline, strip_proxy, in_one_run, workers, too_few, burst, long_ago, other_client, other_name, pool, ugly, twice, fallback,
          in_use, corrupt, versions, lies, modes]


def main():
    failed = 0
    for check in CHECKS:
        with tempfile.TemporaryDirectory(prefix="postwacht-history-") as folder:
            try:
                check(State(folder))
            except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as e:
                failed += 1
                print(f"FAILED {check.__name__}: {type(e).__name__}: {e}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
