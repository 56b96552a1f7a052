#!/usr/bin/env python3
"""Measures `postwacht read` side by side with a bare libpcap loop over the same generated capture.

    tests/bench/run.py BUILD_DIR [--mib N] [--profile NAME ...] [--runs N]

Prints one JSON line a profile. Wall and CPU are medians over the runs, taken in turn (A B A B ...) so that a machine
whose speed drifts does not favour one side; what counts is the ratio. Nothing here gates the test suite.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROFILES = ("mixed", "short", "bulk", "clear", "link")


def measure(command):
    """Wall seconds, CPU seconds and peak memory (MiB) of one command; its output is thrown away."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with {child.returncode}: {errors.decode(errors='replace')[:400]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(build, capture, records, runs):
    """Medians of the bare loop and of `read` with all records, run in turn."""
    bare = [os.path.join(build, "tests/bench/bare"), capture]
    read = [os.path.join(build, "cli/postwacht"), "read", "--out", records, capture]
    samples = {"bare": [], "read": []}
    for _ in range(runs + 1):
        samples["bare"].append(measure(bare))
        samples["read"].append(measure(read))
    result = {}
    for name, values in samples.items():
        walls, cpus, peaks = zip(*values[1:])  # the first run warms the page cache
        result[name] = {"wall_s": round(statistics.median(walls), 4), "cpu_s": round(statistics.median(cpus), 4),
                        "peak_mib": round(max(peaks), 1)}
    result["wall_ratio"] = round(result["read"]["wall_s"] / result["bare"]["wall_s"], 2)
    result["cpu_ratio"] = round(result["read"]["cpu_s"] / result["bare"]["cpu_s"], 2)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--mib", type=int, default=300)
    parser.add_argument("--profile", nargs="+", choices=PROFILES, default=list(PROFILES))
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    machine = {"cpus": os.cpu_count(), "model": next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                                                      if line.startswith("model name")), "unknown")}
    with tempfile.TemporaryDirectory() as scratch:
        for profile in options.profile:
            capture, records = os.path.join(scratch, "bench.pcap"), os.path.join(scratch, "records.json")
            made = subprocess.run([os.path.join(options.build, "tests/bench/generate"), profile, str(options.mib), "1", capture],
                                  check=True, capture_output=True, text=True)
            stages = subprocess.run([os.path.join(options.build, "tests/bench/stages"), capture], check=True,
                                    capture_output=True, text=True)
            result = compare(options.build, capture, records, options.runs)
            print(json.dumps({"capture": json.loads(made.stdout), "machine": machine, **result,
                              "records": sum(1 for _ in open(records)), "stages": json.loads(stages.stdout)}), flush=True)


if __name__ == "__main__":
    main()
