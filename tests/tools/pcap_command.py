#!/usr/bin/env python3
"""`postwacht pcap` as a whole: which file an id means, where it goes, and what is said when there is none.

    pcap_command.py PROGRAM
"""
import os
import pathlib
import subprocess
import sys
import tempfile

IDS = ["01M85VCVR0F8X46G0000000001", "01M85VCVR0F8X46G0000000002", "01M86ABCDEFGHJKMNPQRSTVWXY"]
DAYS = ["20261123", "20261124", "20261124"]


class Checks:
    """Runs the command over a state directory and counts what is not as it should be."""

    def __init__(self, program, state):
        self.program, self.state, self.wrong = program, state, 0

    def check(self, condition, what):
        """One expectation."""
        if not condition:
            print(what)
            self.wrong += 1

    def run(self, code, *words, says=""):
        """A command that must end with this code, and say this on standard error; its output."""
        ran = subprocess.run([self.program, "pcap", *map(str, words)], capture_output=True, check=False)
        error = ran.stderr.decode()
        self.check(ran.returncode == code, f"{words}: exit {ran.returncode}, not {code}: {error}")
        self.check(says in error and (code == 0) == (error == ""), f"{words}: {error!r} where {says!r} was expected")
        return ran.stdout

    def file(self, i):
        """Where the i-th alert's packets are."""
        return self.state / "evidence" / DAYS[i] / f"{IDS[i]}.pcapng"


def commands(c, here):
    """One after the other."""
    state = ["--state", c.state]
    for i, octets in enumerate((b"first", b"second", b"third")):
        c.file(i).parent.mkdir(parents=True, exist_ok=True)
        c.file(i).write_bytes(octets)
    for name in (f"{IDS[2]}.unfinished", "notes.pcapng"):  # not ours, or not yet
        (c.file(2).parent / name).write_bytes(b"other")
    c.check(c.run(0, IDS[0], *state) == f"{c.file(0)}\n".encode(), "the path is printed")
    c.check(c.run(0, "01m86abc", *state) == f"{c.file(2)}\n".encode(), "a beginning, in small letters")
    c.check(c.run(0, IDS[1], "-o", "-", *state) == b"second", "to standard output")
    c.run(0, IDS[1], "-o", here / "out", *state)
    c.check((here / "out").read_bytes() == b"second", "to a file")
    c.run(0, IDS[0], f"--out={here / 'out'}", *state)
    c.check((here / "out").read_bytes() == b"first", "a file is replaced")
    c.run(0, IDS[0], "--out", here / "out", "--set", f"sensor.state_dir={c.state}")
    c.run(1, IDS[0], "-o", c.file(0), *state, says="cannot write")
    c.check(c.file(0).read_bytes() == b"first", "evidence is not written over itself")
    c.run(1, IDS[0], "-o", here / "no" / "where", *state, says="cannot write")
    c.run(1, IDS[0][:16], *state, says=IDS[1])  # both are listed
    c.run(1, "01ZZZZZZ", *state, says="no packets of an alert")
    c.run(1, IDS[0], "--state", here / "none", says="cannot open")
    for bad in ("01M85VC", IDS[0] + "0"):
        c.run(2, bad, *state, says="an id has 26 characters")
    c.run(2, *state, says="needs ID")
    c.run(2, IDS[0], "--set", "sensor.state_dir=none", says="--state DIR")
    c.run(2, IDS[0], "-x", *state, says="no short options")
    if os.geteuid() != 0:
        c.file(0).parent.chmod(0)
        c.run(1, IDS[0], *state, says="not all of")
        c.file(0).parent.chmod(0o755)


def main():
    """With a state directory of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        c = Checks(sys.argv[1], here / "state")
        commands(c, here)
    print(f"{c.wrong} wrong")
    return 1 if c.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
