#!/usr/bin/env python3
"""Runs `meson test` in a build directory and says how many passed: N passed, N failed, N skipped.

    meson_tests.py BUILD [SUITE...]     all suites, or these
"""
import json
import os
import subprocess
import sys


def main():
    build = sys.argv[1]
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    suites = [option for suite in sys.argv[2:] for option in ("--suite", suite)]
    run = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *suites], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            result = json.loads(line)["result"]
            counts["passed" if result in ("OK", "EXPECTEDFAIL") else "skipped" if result == "SKIP" else "failed"] += 1
    if counts["failed"]:
        print(run.stdout)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
