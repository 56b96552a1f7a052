"""Runs `postwacht read` and takes what it writes: records, and what of them is the same in every delivery."""
import json
import pathlib
import re
import subprocess

SECONDS_MAX = 60
CONFIDENCES = ["unverifiable", "suspect", "probable", "certain"]
# Members that name packets, times and this machine: they differ with the delivery.
VOLATILE = {"timestamp", "flow_id", "in_iface", "host", "pcap_cnt", "pcap_filename", "flow", "pcap", "seq", "epoch", "session",
            "id", "frames", "first_id", "first_frame", "notbefore", "notafter", "resumed_from"}
# Records about the delivery itself, or derived from others.
UNTOLD = {"stats", "anomaly"}


class Failed(Exception):
    """What went wrong, in words."""


class Reader:
    """postwacht read, with a folder of its own for what it writes."""

    def __init__(self, program, folder, options=()):
        self.program, self.folder, self.outputs, self.options = program, pathlib.Path(folder), [], list(options)

    def without_policy(self):
        """The same without a policy snapshot."""
        at = self.options.index("--policy") if "--policy" in self.options else len(self.options)
        return Reader(self.program, self.folder, self.options[:at] + self.options[at + 2:])

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
    if isinstance(value, str):
        return re.sub(r":session:[0-9A-Z]{26}", ":session", value)  # a detail that names another one
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
