#!/usr/bin/env python3
"""Every packet is accounted for (P2), also under more than can be taken; and memory stays where it is (P8).

    loss.py [--seconds N] PROGRAM

A veth pair is sent onto as fast as this machine can, each loop of a recording from other addresses; the watch is stopped for a moment,
so that something is lost for certain. Then: sent = received + missed, received = dissected + no room in a lane, exactly;
sensor.loss is told, with numbers that add up to the same; sessions that overlap it are marked; memory does not grow.
The last line is `N passed, N failed`.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import sensor  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = HERE.parent / "replay" / "dane-ee-sha256" / "outside.pcap"
STOPPED_S = 2
CAP_KIB = 400 * 1024  # of each process, with the pools below
GROWTH, WARM_S = 1.05, 120  # of resident memory, once rings and pools have been used all round


def resident(pid):
    """KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1])


def send(seconds):
    """As fast as it goes; how many packets were sent."""
    done = subprocess.run(["tcpreplay", "--topspeed", "--loop=0", "--unique-ip", f"--duration={seconds}", "-i", "to", str(RECORDING)],
                          capture_output=True, text=True, check=False)
    return int(re.search(r"Successful packets:\s+(\d+)", done.stdout)[1])


def overload(args, checks, workers):
    """One sensor with this many workers."""
    with tempfile.TemporaryDirectory() as directory:
        settings = ["capture.checksums=ignore", "memory.flows_max=65536", "memory.sessions_max=4096", "memory.lane_mib=1", "memory.ring_mib=1"]
        with sensor.Sensor(args.program, directory, "pcap:from", "--workers", str(workers), settings=settings) as s:
            s.wait_ready()
            pids = s.children()
            sent = send(max(1, args.seconds // 2))
            first = {name: resident(pid) for name, pid in pids.items()}
            os.kill(pids["watch"], signal.SIGSTOP)
            sent += send(STOPPED_S)
            os.kill(pids["watch"], signal.SIGCONT)
            sent += send(max(1, args.seconds // 2))
            last = {name: resident(pid) for name, pid in pids.items()}
            time.sleep(2.5)
            status = s.ask("status")
            code, took = s.stop()
            records = s.records()
        port, ledger = status["ports"][0], status["ledger"]
        what = f"{workers} workers: sent {sent}, {({k: port[k] for k in ('rx_packets', 'missed', 'errors', 'no_mbuf')})}, {ledger}"
        print(what, first, last, flush=True)
        checks.check(code == 0 and took < 5, f"{what}: exit code {code} after {took:.1f} s; {s.log[-3:]}")
        checks.check(sent == port["rx_packets"] + port["missed"] + port["errors"], f"{what}: not every packet that was sent is accounted for")
        checks.check(port["missed"] > 0, f"{what}: nothing was lost, so nothing was tried")
        checks.check(ledger["rx"] == ledger["dissected"] + ledger["lanes_full"], f"{what}: the ledger does not balance")
        alerts = [r["smtp_tls"]["loss"] for r in records if r["event_type"] == "alert" and "sensor.loss" in r["alert"]["metadata"]["finding"]]
        checks.check(bool(alerts), f"{what}: sensor.loss was not told")
        marked = [r for r in records if r["event_type"] == "smtp" and r["smtp_tls"]["capture"].get("loss")]
        checks.check(bool(marked), f"{what}: no session says that it lived through loss")
        for name, kib in first.items():
            checks.check(last[name] < CAP_KIB, f"{what}: {name} has {last[name]} KiB")
            checks.check(args.seconds < WARM_S or last[name] <= kib * GROWTH, f"{what}: {name} grew from {kib} to {last[name]} KiB")


def main():
    """With one worker, and with two behind a reader."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("program", type=lambda p: str(pathlib.Path(p).resolve()))
    args = parser.parse_args()
    sensor.own_namespace("tcpreplay")
    sensor.veth("to", "from")
    checks = sensor.Checks()
    for workers in (1, 2):
        overload(args, checks, workers)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
