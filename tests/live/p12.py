#!/usr/bin/env python3
"""Live, the same records as from a file (P12).

    p12.py [--each] [--story NAME]... [--workers N]... PROGRAM

vdev   every recording of tests/replay, one after the other as one capture, through a virtual device of DPDK that plays it,
       with 1, 2 and 3 workers, divided into the two directions of a link, and with two clocks; --each: every scenario by itself, too,
       with its policy
pcap   recordings sent onto a veth pair, which `postwacht run` listens on by libpcap, and tcpdump beside it: the same
       records as `postwacht read` of tcpdump's capture
The last line is `N passed, N failed`; 77 where nothing could be tried.
"""
import argparse
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

REPLAY = HERE.parent / "replay"
APART_NS = 2_000_000_000  # between two recordings
PLAYED = ("dane-ee-sha256", "masked", "strip-inline", "ugly-tarpit")


def recordings(names):
    """Captures of Ethernet, by name."""
    found = []
    for path in sorted(REPLAY.glob("*/*.pcap")):
        if names and path.parent.name not in names:
            continue
        if path.read_bytes()[20:24] in (b"\x01\0\0\0", b"\0\0\0\x01"):
            found.append(path)
    return found


def one_capture(paths, out):
    """All of them one after the other; each begins after the end of the one before."""
    packets, base = [], 1_700_000_000_000_000_000
    for path in paths:
        recorded = pcapkit.read(path)
        times = [p.time_ns for p in recorded]
        shift = base - min(times)
        # What stands still longer than any timer is kept; micro-seconds, since that is what the device hands out.
        packets += [p._replace(time_ns=(p.time_ns + shift) // 1000 * 1000) for p in recorded]
        base = max(p.time_ns for p in packets) + APART_NS
    pcapkit.write(out, packets)
    return packets


def divided(packets, directory):
    """The two fibres: by which of the ends has the lower address and port."""
    arms = ([], [])
    for p in packets:
        s = pcapkit.parse(p.octets)
        arms[bool(s and (s.src, s.sport) > (s.dst, s.dport))].append(p)
    paths = [directory / f"arm{i}.pcap" for i in (0, 1)]
    for path, arm in zip(paths, arms):
        pcapkit.write(path, arm)
    return paths


def read(program, directory, *arguments):
    """Records of `postwacht read`."""
    out = directory / "read.json"
    done = subprocess.run([program, "read", "--out", str(out), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 5):
        raise AssertionError(done.stderr)
    return sensor.comparable(sensor.read_records(out))


def vdev(index, path):
    """A virtual device that plays a file."""
    return f"vdev:net_pcap{index},rx_pcap={path}"


def run(program, directory, ports, *arguments, settings=()):
    """Records of `postwacht run` on devices that end, and its exit code."""
    with tempfile.TemporaryDirectory(dir=directory) as own:
        with sensor.Sensor(program, own, *ports, *arguments, settings=settings) as s:
            code = s.wait_end()
            if code:
                print("\n".join(s.log[-10:]))
            return sensor.comparable(s.records()), code


def has_dpdk(program, directory):
    """Is it built in?"""
    empty = directory / "empty.pcap"
    pcapkit.write(empty, [])
    with tempfile.TemporaryDirectory(dir=directory) as own:
        with sensor.Sensor(program, own, vdev(0, empty)) as s:
            return s.wait_end() == 0, s.log[-3:]


def check_vdev(args, checks, directory):
    """All recordings as one capture."""
    capture = directory / "all.pcap"
    packets = one_capture(recordings(args.story), capture)
    wanted = read(args.program, directory, capture)
    checks.check(len(wanted) > 10 or args.story, f"{len(wanted)} records are too few to compare")
    for workers in args.workers or (1, 2, 3):
        got, code = run(args.program, directory, [vdev(0, capture)], "--workers", str(workers))
        checks.check(code == 0, f"vdev, {workers} workers: exit code {code}")
        checks.equal(got, wanted, f"vdev, {workers} workers")
    arms = [vdev(i, path) for i, path in enumerate(divided(packets, directory))]
    for workers in (1, 3):
        got, code = run(args.program, directory, arms, "--workers", str(workers))
        checks.check(code == 0, f"two arms, {workers} workers: exit code {code}")
        checks.equal(got, wanted, f"two arms of one link, {workers} workers")


def check_clocks(args, checks, directory):
    """Time that goes back two hours, and packets of two clocks in turn: every worker's timers run as those of one."""
    paths = recordings(args.story)
    capture = directory / "clocks.pcap"
    first, second = (one_capture(part, directory / "part.pcap") for part in (paths[::2], paths[1::2]))
    second = [p._replace(time_ns=p.time_ns - 7200 * 10**9) for p in second]
    packets, first = first[:len(first) // 2], first[len(first) // 2:]
    for i in range(0, max(len(first), len(second)), 5):
        packets += first[i:i + 5] + second[i:i + 5]
    pcapkit.write(capture, packets)
    wanted = read(args.program, directory, capture)
    for workers in args.workers or (1, 3):
        got, code = run(args.program, directory, [vdev(0, capture)], "--workers", str(workers))
        checks.check(code == 0, f"two clocks, {workers} workers: exit code {code}")
        checks.equal(got, wanted, f"two clocks, {workers} workers")


def check_each(args, checks, directory):
    """Every scenario by itself, on each tap, with what was promised."""
    for folder in sorted(REPLAY.iterdir()):
        policy = folder / "policy.json"
        for tap in ("outside", "inside"):
            path = folder / f"{tap}.pcap"
            if not (path.exists() and policy.exists()) or (args.story and folder.name not in args.story):
                continue
            whole = directory / "whole.pcap"
            pcapkit.write(whole, [p._replace(time_ns=p.time_ns // 1000 * 1000) for p in pcapkit.read(path)])
            wanted = read(args.program, directory, whole, "--policy", policy)
            got, code = run(args.program, directory, [vdev(0, whole)], "--policy", str(policy))
            checks.check(code == 0, f"{folder.name}/{tap}: exit code {code}")
            checks.equal(got, wanted, f"{folder.name}/{tap}, vdev")


def check_pcap(args, checks, directory):
    """A veth pair, played onto; tcpdump is the other witness."""
    sensor.veth("to", "from")
    # One time stamp for every listener: somebody must want them before the packets are handed out.
    stamps = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stamps.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP
    names = args.story or (sorted({p.parent.name for p in recordings(())}) if args.each else PLAYED)
    seen = directory / "seen.pcap"
    with sensor.Sensor(args.program, directory, "pcap:from") as s:
        s.wait_ready()
        with subprocess.Popen(["tcpdump", "-i", "from", "-U", "-w", seen, "--immediate-mode", "-Q", "in", "-B", "65536",
                               "--time-stamp-precision=nano"], stderr=subprocess.PIPE, text=True) as dump:
            while "listening" not in dump.stderr.readline():
                pass
            sent = 0
            for path in recordings(names):
                subprocess.run(["tcpreplay", "-q", "-i", "to", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                sent += len(pcapkit.read(path))
            time.sleep(1.5)
            dump.terminate()
            dump.wait()
        code, took = s.stop()
        checks.check(code == 0 and took < 5, f"libpcap: exit code {code} after {took:.1f} s: {s.log[-3:]}")
        checks.check(len(pcapkit.read(seen)) == sent, f"tcpdump saw {len(pcapkit.read(seen))} packets of {sent}")
        checks.equal(sensor.comparable(s.records()), read(args.program, directory, seen), "libpcap, as tcpdump saw it")
    stamps.close()


def main():
    """Both engines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--story", action="append", default=[])
    parser.add_argument("--workers", action="append", type=int, default=[])
    parser.add_argument("program", type=lambda p: str(pathlib.Path(p).resolve()))
    args = parser.parse_args()
    sensor.own_namespace("tcpreplay", "tcpdump")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        dpdk, log = has_dpdk(args.program, directory)
        if dpdk:
            check_vdev(args, checks, directory)
            if len(recordings(args.story)) > 1:
                check_clocks(args, checks, directory)
            if args.each:
                check_each(args, checks, directory)
        else:
            print(f"p12.py: no DPDK here: {log}")
        check_pcap(args, checks, directory)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
