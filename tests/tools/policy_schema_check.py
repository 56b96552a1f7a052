#!/usr/bin/env python3
"""Policy snapshots against docs/schema/postwacht-policy.schema.json: those of all stories, and what the program makes of them.

    policy_schema_check.py PROGRAM ROOT

Every tests/replay/*/policy.json is checked, imported into one cache, and the export is checked and must have every domain. What the
program refuses for a member or a type the schema must refuse, too. Exit: 0 fine, 1 not, 77 jsonschema is missing.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("policy_schema_check: python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)

# Where in a snapshot, and what is wrong there: neither of the two may take it.
SPOILED = [
    (["extra"], 1),
    (["as_of"], "today"),
    (["domains", "a.example", "extra"], 1),
    (["domains", "a.example", "mx", "ttl"], -1),
    (["domains", "a.example", "mx", "dnssec"], "Secure"),
    (["domains", "a.example", "mx", "hosts", 0, "preference"], 65536),
    (["domains", "a.example", "mx", "hosts", 0, "tlsa", "records", 0], "3 1 1 0"),
    (["domains", "a.example", "mx", "hosts", 0, "tlsa", "records", 0], "3 1 01 00"),
    (["domains", "a.example", "mta_sts", "mode"], "enforced"),
    (["domains", "a.example", "mta_sts", "id"], "a-b"),
    (["hosts", "mx.example", "name"], "mx.example"),
    (["hosts", "mx.example", "probe"], {"at": "2026-11-23T20:00:00Z"}),
    (["hosts", "mx.example", "why"], "\x1b[2J"),
]
GOOD = {"version": 1, "as_of": "2026-11-23T20:00:00Z", "domains": {"a.example": {
    "mx": {"dnssec": "secure", "ttl": 60, "hosts": [{
        "name": "mx.a.example", "preference": 10, "addresses": {"dnssec": "secure", "list": ["192.0.2.1", "2001:db8::1"]},
        "tlsa": {"dnssec": "secure", "base": "mx.a.example", "records": ["3 1 1 00", "2 0 0"], "former": {
            "records": [], "until": "2026-11-22T20:00:00Z"}}}]},
    "mta_sts": {"mode": "enforce", "id": "1", "mx": ["*.a.example"], "max_age": 60, "fault": "sts-policy-invalid"}}},
    "hosts": {"mx.example": {"canonical": "b.example", "denial_broken": True, "why": "x", "probe": {
        "at": "2026-11-23T20:00:00Z", "address": "::1", "dane": "unknown", "spki_sha256": "ab" * 32}}}}


def spoiled(path, value):
    """The good snapshot with one value replaced."""
    document = copy.deepcopy(GOOD)
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return document


class Cache:
    """The program with a state directory of its own."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory

    def run(self, *words, text=None):
        """A policy command; its exit code and its output."""
        ran = subprocess.run([self.program, "policy", *words, "--state", self.directory], capture_output=True, text=True, input=text,
                             check=False)
        return ran.returncode, ran.stdout

    def takes(self, document):
        """Whether a snapshot can be imported."""
        return self.run("import", "-", text=json.dumps(document))[0] == 0

    def exported(self):
        """The cache as a snapshot."""
        code, text = self.run("export")
        return json.loads(text) if code == 0 else {}


def stories(validator, cache, root):
    """Errors in the snapshots of all stories and in the export of them all."""
    names = set()
    for path in sorted((root / "tests" / "replay").glob("*/policy.json")):
        document = json.loads(path.read_text(encoding="ascii"))
        names |= set(document["domains"])
        yield from (f"{path}: {e.message[:200]}" for e in validator.iter_errors(document))
        if cache.run("import", str(path))[0] != 0:
            yield f"{path}: not imported"
    export = cache.exported()
    yield from (f"export: {'.'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(export))
    if len(names) < 100 or set(export.get("domains", {})) != names:
        yield f"export: {len(export.get('domains', {}))} domains of {len(names)}"


def agreement(validator, cache):
    """What one takes and the other does not."""
    if not validator.is_valid(GOOD) or not cache.takes(GOOD):
        yield "the good one is refused"
    yield from (f"export of the good one: {e.message[:200]}" for e in validator.iter_errors(cache.exported()))
    for path, value in SPOILED:
        document = spoiled(path, value)
        if validator.is_valid(document):
            yield f"the schema takes {path} {value!r}"
        if cache.takes(document):
            yield f"the program takes {path} {value!r}"


def main(program, root):
    schema = json.loads((root / "docs" / "schema" / "postwacht-policy.schema.json").read_text(encoding="ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with tempfile.TemporaryDirectory() as directory:
        cache = Cache(program, directory)
        errors = [*stories(validator, cache, root), *agreement(validator, cache)]
    for error in errors[:10]:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
