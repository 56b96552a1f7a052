#!/usr/bin/env python3
"""The catalogue against the frozen table of findings: frozen_ids.py PROGRAM TABLE

Ids and signature numbers are never changed and never reused; every finding that is due in this version is there, with
the severity that was promised. Exit: 0 fine, 1 they differ, 77 the table is not here.
"""
import csv
import json
import pathlib
import subprocess
import sys

DUE = {"spine", "tls", "live"}  # values of first_in that this version has


def main():
    """Compares row by row."""
    program, table = sys.argv[1], pathlib.Path(sys.argv[2])
    if not table.is_file():
        print(f"{table} is not here")
        return 77
    listed = subprocess.run([program, "findings", "list", "--json"], check=True, capture_output=True, text=True).stdout
    ours = {row["finding"]: (str(row["signature_id"]), row["severity"]) for row in json.loads(listed)}
    with table.open(encoding="ascii", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    frozen = {row["id"]: (row["signature_id"], row["default_severity"]) for row in rows}
    wrong = [f"{i} is {ours[i]}, frozen as {frozen.get(i, 'nothing')}" for i in ours if ours[i] != frozen.get(i)]
    wrong += [f"{row['id']} is missing" for row in rows if row["first_in"] in DUE and row["id"] not in ours]
    print("\n".join(wrong + [f"{len(ours)} of {len(rows)} findings, {len(wrong)} wrong"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
