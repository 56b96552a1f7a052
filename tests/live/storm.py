#!/usr/bin/env python3
"""A running sensor that may tell few alerts: each that `read` tells is told or counted, by finding, whatever the number of workers.

    storm.py PROGRAM

All recordings as one capture, played by a virtual device of DPDK, with alerts.rate_per_s and alerts.burst of one. The last line is
`N passed, N failed`; 77 where there is no DPDK.
"""
import collections
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import p12  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

SETTINGS = ("alerts.rate_per_s=1", "alerts.burst=1")


def of_sessions(records):
    """Alerts of sessions, and how many of each finding they stand for."""
    alerts = [r for r in records if r["event_type"] == "alert" and "session" in r["smtp_tls"]]
    count = collections.Counter()
    for a in alerts:
        count[a["alert"]["metadata"]["finding"][0]] += a["smtp_tls"]["repeat"]["count"]
    return alerts, count


def suppressed(checks, records):
    """What was counted in place of being told, by finding; that each record of it is right in itself."""
    count = collections.Counter()
    for r in records:
        if r["event_type"] != "alert" or "suppressed" not in r["smtp_tls"]:
            continue
        s = r["smtp_tls"]["suppressed"]
        checks.check(s["alerts"] == sum(s["by_severity"].values()) == sum(s["by_finding"].values()) > 0, f"sums of {s}")
        count.update(s["by_finding"])
    return count


def stormy(program, directory, capture, workers):
    """Records of a sensor."""
    with tempfile.TemporaryDirectory(dir=directory) as own:
        with sensor.Sensor(program, own, p12.vdev(0, capture), "--workers", str(workers), settings=SETTINGS) as s:
            code = s.wait_end()
            return s.records(), code, s.log


def main():
    """One, two and three workers."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    sensor.own_namespace()
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        if not p12.has_dpdk(program, directory)[0]:
            sensor.skip("no DPDK here")
        capture = directory / "all.pcap"
        p12.one_capture(p12.recordings([]), capture)
        calm = p12.read(program, directory, capture)
        wanted = of_sessions([json.loads(line) for line in calm])[1]
        ends = [line for line in calm if '"event_type": "smtp"' in line]
        first = None
        for workers in (1, 2, 3):
            records, code, log = stormy(program, directory, capture, workers)
            alerts, told = of_sessions(records)
            counted = suppressed(checks, records)
            checks.check(code == 0, f"{workers} workers: exit code {code}: {log[-3:]}")
            checks.check(sum(told.values()) > 50 and sum(counted.values()) > 50, f"{workers} workers: {told} told, {counted} counted")
            checks.check(told + counted == wanted, f"{workers} workers: {told + counted} in place of {wanted}")
            stats = [r["smtp_tls"]["suppressed"]["alerts"] for r in records if r["event_type"] == "stats"]
            checks.check(stats[-1:] == [sum(counted.values())], f"{workers} workers: stats say {stats[-1:]}")
            sessions = sensor.comparable(r for r in records if r["event_type"] == "smtp")
            checks.check(len(sessions) > 100 and sessions == ends, f"{workers} workers: other sessions")
            told_ids = [a["smtp_tls"]["id"] for a in alerts]
            first = first or told_ids
            checks.check(told_ids == first, f"{workers} workers: others are told")
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
