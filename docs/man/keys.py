#!/usr/bin/env python3
"""Writes what the program says of its keys, and of the members of outputs, into postwacht.yaml.5.scd. What stands below a key
there, and every other section, is written by hand and stays. tests/unit/cli/test_tables.c proves that the page is up to date.

    docs/man/keys.py BINARY
"""
import json
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).with_name("postwacht.yaml.5.scd")
OUTPUTS = """# OUTPUTS

Each entry of *outputs* is a map with a _type_ and what that type has; in brackets stands which types have it, and when.
"""


def by_hand(body):
    """Key -> what was written below it."""
    found = {}
    for part in re.split(r"(?m)^(?=\*[a-z_.]+\*\n)", body):
        key = re.match(r"\*([a-z_.]+)\*\n", part)
        if key:
            lines = part.rstrip("\n").split("\n")
            values = next(i for i, line in enumerate(lines) if line.startswith("\tValues:"))
            found[key[1]] = "\n".join(lines[values + 1:]).strip("\n")
    return found


def member(m, n_types):
    """A member of outputs."""
    where = "all" if len(m["types"]) == n_types else ", ".join(m["types"])
    where += f"; {m['condition']}" if m["condition"] else ""
    default = f" Default: {m['default']}" if m["default"] else ""
    return f"*{m['key']}* ({where})\n\t{m['text']}\n\n\tValues: {m['values']}.{default}\n"


def main():
    schema = json.loads(subprocess.run([sys.argv[1], "config", "show", "--schema", "--json"], capture_output=True, text=True, check=True).stdout)
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split("# KEYS\n\n", 1)
    at = re.search(r"(?m)^# ", rest).start()
    body, tail = rest[:at], rest[at:]
    tail = re.sub(r"(?ms)^# OUTPUTS\n.*?(?=^# )", "", tail)
    kept, keys, members = by_hand(body), [], []
    for key in schema:
        keys.append(f"*{key['key']}*\n\t{key['text']}\n\n\tValues: {key['values']}. Default: {key['default']}\n")
        if kept.get(key["key"]):
            keys[-1] += "\n" + kept[key["key"]] + "\n"
        members += key.get("members", [])
    outputs = "\n".join([OUTPUTS] + [member(m, len(members[0]["types"])) for m in members])
    PAGE.write_text(head + "# KEYS\n\n" + "\n".join(keys) + "\n" + outputs + "\n" + tail, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
