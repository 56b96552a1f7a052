#!/usr/bin/env python3
"""The alert in the README must be what the program says today.

    readme_alert.py BINARY ROOT      runs the command the README names and compares
"""
import json
import os
import re
import subprocess
import sys


def main():
    binary, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    with open(os.path.join(root, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    command = re.search(r"`postwacht (read --out - [^`]+)`", readme)[1].split()
    shown = json.loads(re.search(r"```json\n(.*?)\n```", readme, re.DOTALL)[1])
    told = subprocess.run([binary, *command], cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
    alerts = [r for r in map(json.loads, told) if r["event_type"] == "alert"]
    if shown in alerts:
        return 0
    print("the README's alert is none of these:", *map(json.dumps, alerts), sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
