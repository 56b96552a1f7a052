#!/usr/bin/env python3
"""The policy commands of PROGRAM as a whole: exit codes, what each leaves in the cache, and that no text of strangers reaches a terminal raw.

    policy_commands.py PROGRAM
"""
import json
import pathlib
import subprocess
import sys
import tempfile


def document(as_of, domains):
    """A snapshot with these domains, each with a host of its own and one they share."""
    return {"version": 1, "as_of": as_of, "domains": {
        name: {"why": why, "mx": {"dnssec": "insecure", "hosts": [
            {"name": f"mx.{name}", "preference": 1, "addresses": {"dnssec": "insecure", "list": ["192.0.2.1"]}},
            {"name": "shared.example", "preference": 2, "canonical": "s.example"}]}} for name, why in domains.items()}}


class Checks:
    """Runs commands over one state directory and counts what is not as it should be."""

    def __init__(self, program, directory):
        self.program, self.directory, self.wrong = program, directory, 0

    def check(self, condition, what):
        """One expectation."""
        if not condition:
            print(what)
            self.wrong += 1

    def run(self, code, *words, text=""):
        """A command that must end with this code; its output."""
        ran = subprocess.run([self.program, "policy", *words], capture_output=True, input=text, text=True, check=False)
        self.check(ran.returncode == code, f"{' '.join(words)}: exit {ran.returncode}, not {code}: {ran.stderr}")
        self.check((code == 0) == (ran.stderr == ""), f"{' '.join(words)}: {ran.stderr or 'no word'}")
        self.check("\x1b" not in ran.stdout + ran.stderr, f"{' '.join(words)}: an escape reached the terminal")
        return ran.stdout

    def domains(self):
        """What `policy list` has, by name."""
        listed = json.loads(self.run(0, "list", "--json", "--state", self.directory))
        return {d["domain"]: d for d in listed["domains"]}

    def hosts(self):
        """The names of all hosts of the export that something is known of."""
        export = json.loads(self.run(0, "export", "--state", self.directory))
        return {h["name"] for d in export["domains"].values() for h in d["mx"]["hosts"] if len(h) > 2} | set(export.get("hosts", {}))


def commands(c):
    """One after the other over the same cache."""
    state = ["--state", c.directory]
    for words in (["list"], ["export"], ["import", "x"], ["flush"]):
        c.run(2, *words)
    for words in (["list"], ["export"], ["flush", "a.example"], ["import", "/no/such/file"]):
        c.run(1, *words, *state)
    first = json.dumps(document("2026-11-23T20:00:00Z", {"a.example": "old", "b.example": "old"}))
    c.run(0, "import", "-", *state, text=first)
    c.check(set(c.domains()) == {"a.example", "b.example"}, "two domains are in")
    c.run(0, "import", "-", *state, text=json.dumps(document("2026-11-24T20:00:00Z", {"a.example": "new"})))
    c.run(0, "import", "-", *state, text=first)
    listed = c.domains()
    c.check((listed["a.example"]["why"], listed["b.example"]["why"]) == ("new", "old"), f"the newer one wins: {listed}")
    c.check(listed["a.example"]["as_of"] == "2026-11-24T20:00:00Z", f"its own time: {listed}")
    c.run(1, "import", "-", *state, text=first.replace('"old"', '"\\u001b[2J"'))
    c.run(1, "import", "-", *state, text=first.replace("b.example", "\\u001b[2J"))
    c.check(c.domains() == listed, "what is wrong changes nothing")
    c.check("a.example" in c.run(0, "list", *state), "the table has it")
    out = pathlib.Path(c.directory, "out.json")
    c.run(0, "export", *state, "--out", str(out))
    c.check(out.read_text(encoding="ascii") == c.run(0, "export", *state), "a file gets what standard output gets")
    c.check(c.hosts() == {"mx.a.example", "mx.b.example", "shared.example"}, f"all hosts: {c.hosts()}")
    c.run(0, "flush", "B.Example.", *state)
    c.check(set(c.domains()) == {"a.example"} and c.hosts() == {"mx.a.example", "shared.example"}, "b.example went with its own host")
    c.run(0, "flush", *state)
    c.check(not c.domains() and not c.hosts(), "nothing is left")
    pathlib.Path(c.directory, "policy.json").write_text('{"version":1,"\x1b[2J":', encoding="ascii")
    c.run(1, "list", *state)
    c.run(1, "import", "-", *state, text=first)


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        c = Checks(program, str(pathlib.Path(directory, "state")))
        commands(c)
    return 1 if c.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
