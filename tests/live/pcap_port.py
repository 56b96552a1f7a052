#!/usr/bin/env python3
"""pcap: ports: a recording played onto a veth pair arrives whole, at any number of workers, and nothing is sent back.

    pcap_port.py PROGRAM     PROGRAM is live_count; 77 where namespaces or tcpreplay cannot be had
"""
import errno
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

FAILED = []
SWITCHED_OFF = ["net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"]  # or the kernel itself would send


def check(name, holds, seen=""):
    """One line a check."""
    print(f"{'ok' if holds else 'FAILED'}: {name}{'' if holds else f': {seen}'}")
    if not holds:
        FAILED.append(name)


def run(*command):
    """Must work."""
    subprocess.run(command, check=True, capture_output=True)


def recording(path, n, length=300):
    """A capture of `n` frames between made-up hosts, 10 microseconds apart; the sum of all octets."""
    total = 0
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i in range(n):
            frame = bytes.fromhex("020000000001020000000002") + struct.pack(">H", 0x0800)
            frame += bytes((i * 7 + k) & 255 for k in range(length - len(frame) - 1)) + bytes([i & 255])
            total += sum(frame)
            f.write(struct.pack("<IIII", 1700000000, i * 10, len(frame), len(frame)) + frame)
    return total


def pair(name):
    """A veth pair: `name` listens, `name`p is played onto."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p")
    for end in (name, name + "p"):
        run("ip", "link", "set", end, "arp", "off", "up")


def listening(program, workers, idle_ms, *ports, bpf="", rights=False):
    """A program that has its ports open; `rights`: and has given up what the sensor's watch gives up."""
    child = subprocess.Popen([program, str(workers), str(idle_ms), *ports], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "LIVE_COUNT_BPF": bpf, **({"LIVE_COUNT_RIGHTS": "1"} if rights else {})})
    line = child.stderr.readline()
    if line.strip() != "ready":
        child.wait()
        return None, line
    return child, ""


def told(child):
    """What it printed."""
    out, err = child.communicate(timeout=60)
    return json.loads(out) if child.returncode == 0 and out else {"error": err}


def play(onto, path, *options):
    """Sends the recording."""
    run("tcpreplay", f"--intf1={onto}", *(options or ("--pps=20000",)), str(path))


def sent_by(interface):
    """The kernel's counter."""
    return int(pathlib.Path(f"/sys/class/net/{interface}/statistics/tx_packets").read_text())


def whole(program, path, total, n):
    """Everything arrives, whoever takes it."""
    for workers in (1, 3):
        before = sent_by("tap0")
        child, err = listening(program, workers, 700, "pcap:tap0")
        if not child:
            check(f"{workers} workers: opens", False, err)
            continue
        play("tap0p", path)
        seen = told(child)
        parts = seen["workers"]
        port = seen["ports"][0]
        check(f"{workers} workers: all packets", sum(w["packets"] for w in parts) == n, seen)
        check(f"{workers} workers: the octets that were sent", sum(w["sum"] for w in parts) == total, seen)
        check(f"{workers} workers: seq grows", all(w["disordered"] == 0 for w in parts), seen)
        check(f"{workers} workers: to their owners", all(w["foreign"] == 0 and w["packets"] for w in parts), seen)
        check(f"{workers} workers: marks while idle", all(w["marks"] > 50 for w in parts), seen)
        check(f"{workers} workers: counted", port["rx_packets"] == n and port["missed"] == 0 and port["rx_octets"] == n * 300, seen)
        check(f"{workers} workers: fanned", seen["fanned"] == (workers > 1), seen)
        check(f"{workers} workers: all through the lanes", seen["taken"] == (n if workers > 1 else 0) and seen["full"] == 0, seen)
        check(f"{workers} workers: nothing sent", sent_by("tap0") == before and port["tx_packets"] == 0, seen)
        check(f"{workers} workers: link", port["link_known"] and port["link_up"] and port["clock"] == "kernel", seen)


def two_arms(program, path, n):
    """Both directions of a link."""
    child, err = listening(program, 2, 700, "pcap:tap0", "pcap:tap1")
    if not child:
        check("two arms: open", False, err)
        return
    players = [subprocess.Popen(["tcpreplay", f"--intf1={i}", "--pps=10000", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for i in ("tap0p", "tap1p")]
    for player in players:
        player.wait()
    seen = told(child)
    check("two arms: all packets", sum(w["packets"] for w in seen["workers"]) == 2 * n, seen)
    # A busy machine may hand out a block of its ring too late; as a rule it does not.
    check("two arms: in order of time", sum(w["older"] for w in seen["workers"]) < n // 50, seen)
    check("two arms: seq grows", all(w["disordered"] == 0 for w in seen["workers"]), seen)


def refused(program):
    """What cannot be opened is told in words."""
    for name, bpf, words in (("pcap:none0", "", "no interface"), ("pcap:tap0", "prot tcp", "is no filter"), ("pcap:down0", "", "is down"),
                             ("pcap:nfqueue", "", "no interface"), ("eth0", "", "no capture engine")):
        child, err = listening(program, 1, 1, name, bpf=bpf)
        check(f"{name} {bpf}: refused", child is None and words in err, err)


def filtered(program, path):
    """A filter is the kernel's."""
    child, err = listening(program, 1, 500, "pcap:tap0", bpf="ether[299] == 7")
    if not child:
        check("filter: opens", False, err)
        return
    play("tap0p", path)
    seen = told(child)
    check("filter: only what it lets through", seen["workers"][0]["packets"] == 8, seen)


def lost(program, path, n):
    """An interface that goes down comes back; one that is gone ends the source."""
    child, err = listening(program, 1, 1500, "pcap:tap0", rights=True)
    if not child:
        check("down: opens", False, err)
        return
    play("tap0p", path, "--topspeed")
    run("ip", "link", "set", "tap0", "down")
    time.sleep(0.3)
    run("ip", "link", "set", "tap0", "up")
    time.sleep(0.3)
    play("tap0p", path, "--topspeed")
    seen = told(child)
    check("down and up: both parts arrive", [(w["packets"], w["end"]) for w in seen.get("workers", [])] == [(2 * n, 0)], seen)
    for workers in (1, 2):
        child, err = listening(program, workers, 1500, "pcap:tap1", rights=True)
        run("ip", "link", "delete", "tap1")
        seen = told(child)
        check(f"{workers} workers, gone: no link", not seen.get("ports") or not seen["ports"][0]["link_up"], seen)
        check(f"{workers} workers, gone: told", "workers" in seen and seen["workers"][0]["end"] == (-errno.ENETDOWN if workers == 1 else 0), seen)
        pair("tap1")


def main():
    if os.geteuid() != 0 or not shutil.which("tcpreplay") or not shutil.which("ip"):
        print("skipped: needs root, ip and tcpreplay")
        return 77
    if "PCAP_PORT_INSIDE" not in os.environ:  # a namespace of its own, before anything is touched
        if subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True, check=False).returncode:
            print("skipped: no network namespaces here")
            return 77
        os.environ["PCAP_PORT_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", "--", sys.executable, *sys.argv])
    run("mount", "-t", "sysfs", "none", "/sys")  # of this namespace
    for key in SWITCHED_OFF:
        subprocess.run(["sysctl", "-q", "-w", f"{key}=1"], check=False, capture_output=True)
    for name in ("tap0", "tap1"):
        pair(name)
    run("ip", "link", "add", "down0", "type", "veth", "peer", "name", "down0p")
    with tempfile.TemporaryDirectory() as temporary:
        path, n = pathlib.Path(temporary) / "traffic.pcap", 2048
        total = recording(path, n)
        whole(sys.argv[1], path, total, n)
        two_arms(sys.argv[1], path, n)
        refused(sys.argv[1])
        filtered(sys.argv[1], path)
        lost(sys.argv[1], path, n)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
