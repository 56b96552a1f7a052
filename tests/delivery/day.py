#!/usr/bin/env python3
"""The receiver is away for a day, and comes back: every alert arrives, in order, once; what gave way is known exactly.

    day.py [--part N] DAY

DAY is tests/delivery/day.c. A day is 86,400 alerts (one a second) and ten times as many session records; --part tells an Nth of it,
with an Nth of the room. The last line is `N passed, N failed`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "live")]
import delivery  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

PORT = 6011


def main():
    """One day."""
    parser = argparse.ArgumentParser(usage="day.py [--part N] DAY")
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("day")
    args = parser.parse_args()
    args.day = str(pathlib.Path(args.day).resolve())
    sensor.own_namespace()
    checks = sensor.Checks()
    alerts, sessions, mib = 86400 // args.part, 864000 // args.part, max(48, 1024 // args.part)
    receiver = delivery.Receiver(PORT)
    with tempfile.TemporaryDirectory() as directory:
        with subprocess.Popen([args.day, directory, str(PORT), str(alerts), str(sessions), str(mib)], stdout=subprocess.PIPE, text=True) as day:
            line = day.stdout.readline()
            checks.check(line == "written\n", f"day said {line!r}")
            receiver.come()
            said = json.loads(day.stdout.read() or "{}")
            checks.check(day.wait() == 0, f"exit code {day.returncode}")
        told = receiver.told()
        ids = [r["smtp_tls"]["id"] for r in told]
        checks.check(len(set(ids)) == alerts, f"{len(set(ids))} of {alerts} alerts")
        checks.check(len(ids) == len(set(ids)), f"{len(ids) - len(set(ids))} came twice")
        checks.check(ids == sorted(ids), "not in order")
        checks.check(not delivery.holes(told), f"holes: {delivery.holes(told)}")
        written = sum(1 for _ in open(pathlib.Path(directory) / "eve.json", encoding="utf-8"))
        missed = sum(said["log"]["missed"])
        checks.check(written + missed == alerts + sessions, f"file: {written} written, {missed} known to be gone, of {alerts + sessions}")
        checks.check(said["evicted"][0] == 0, f"{said['evicted'][0]} alerts were evicted")
    print(f"{alerts} alerts and {sessions} session records while the receiver was away ({said['siem']['errors']} attempts failed): {len(ids)} alerts "
          f"arrived; {said['evicted'][1]} session records left the outbox for room, {missed} of them before the file had them")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
