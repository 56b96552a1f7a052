#!/usr/bin/env python3
"""Nothing is ever sent on a tap port (P1): through start, traffic, overload, a killed child, a kill of all, and the end.

    silent.py PROGRAM

The far end of a veth pair listens to everything that the sensor's end sends. ARP and IPv6 of the kernel are off, or it
would be the kernel that is seen. The last line is `N passed, N failed`.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = HERE.parent / "replay" / "dane-ee-sha256" / "outside.pcap"
PORTS = ("pcap:from", "vdev:net_pcap0,rx_iface=from", "vdev:net_af_packet0,iface=from")


def sent_by_kernel(name):
    """The kernel's own count of what left an interface."""
    shown = subprocess.run(["ip", "-s", "-j", "link", "show", "dev", name], capture_output=True, text=True, check=True).stdout
    return json.loads(shown)[0]["stats64"]["tx"]["packets"]


def life(program, directory, port, checks):
    """All that may happen to a sensor."""
    heard = directory / "heard.pcap"
    before = sent_by_kernel("from")
    with subprocess.Popen(["tcpdump", "-i", "to", "-Q", "in", "-U", "--immediate-mode", "-w", heard], stderr=subprocess.PIPE, text=True) as dump:
        while "listening" not in dump.stderr.readline():
            pass
        try:
            with sensor.Sensor(program, directory, port) as s:
                try:
                    s.wait_ready()
                except AssertionError:
                    if "vdev" in port:
                        print(f"silent.py: {port}: not here: {s.log[-1:]}")
                        return
                    raise
                subprocess.run(["tcpreplay", "-q", "--topspeed", "--loop=200", "--unique-ip", "-i", "to", str(RECORDING)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                time.sleep(1.5)  # ports are looked at once a second
                status = s.ask("status")
                checks.check(all(p["tx_packets"] == 0 for p in status["ports"]), f"{port}: tx_packets {status['ports']}")
                checks.check(status["ports"][0]["rx_packets"] > 0, f"{port}: nothing was received")
                since = len(s.log)
                os.kill(s.children()["watch"], signal.SIGKILL)
                s.wait_log("watch works again", since=since)
                code, _ = s.stop()
                checks.check(code == 0, f"{port}: exit code {code}")
            with sensor.Sensor(program, directory, port) as s:
                s.wait_ready()
                s.process.kill()
                s.process.wait()
            time.sleep(0.5)
        finally:
            dump.terminate()
            dump.wait()
    frames = pcapkit.read(heard)
    checks.check(not frames, f"{port}: {len(frames)} frames were heard at the far end, first {frames[:1]}")
    checks.check(sent_by_kernel("from") == before, f"{port}: the kernel counts {sent_by_kernel('from') - before} frames sent")


def main():
    """Each engine."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    sensor.own_namespace("tcpreplay", "tcpdump")
    sensor.veth("to", "from")
    checks = sensor.Checks()
    for port in PORTS:
        with tempfile.TemporaryDirectory() as directory:
            life(program, pathlib.Path(directory), port, checks)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
