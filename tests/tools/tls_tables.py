#!/usr/bin/env python3
"""The committed tables of TLS code points against their generator and the reference lists: tls_tables.py ROOT REFERENCE

Exit: 0 fine, 1 they differ, 77 the generator cannot run, or (all else being fine) the reference is not here.
"""
import pathlib
import subprocess
import sys


def rows(path):
    """value -> name of one list, GREASE left out."""
    lines = [line.split("\t") for line in path.read_text(encoding="ascii").splitlines()[1:]]
    return {int(value, 16): name for value, name in lines if "GREASE" not in name}


def main():
    """Drift first; then every code point of the reference, by its name."""
    tls, reference = pathlib.Path(sys.argv[1]) / "dissect" / "tls", pathlib.Path(sys.argv[2])
    code = subprocess.run([sys.executable, tls / "tables.py", "--check"], check=False).returncode
    if code:
        return code
    wrong = []
    for ours, theirs in (("suites", "suites"), ("groups", "groups"), ("schemes", "signature-schemes")):
        list_of_theirs = reference / f"tls-{theirs}.tsv"
        if not list_of_theirs.is_file():
            print(f"{list_of_theirs} is not here")
            return 77
        mine = rows(tls / "registry" / f"{ours}.tsv")
        wrong += [f"{ours} 0x{value:04x}: {mine.get(value, 'nothing')}, the reference has {name}"
                  for value, name in rows(list_of_theirs).items() if mine.get(value) != name]
    print("\n".join(wrong + [f"{len(wrong)} wrong"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
