"""`lab play`: sends a recording onto a mirror interface, as a switch or a tap would.

It runs where it is called, because the interface is there; it touches nothing else, and it sends onto software
interfaces only: a veth pair whose other end the sensor listens on, a dummy or a tap device.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import packages

REPLAY = pathlib.Path(__file__).resolve().parents[1] / "replay"
KINDS = {"veth", "dummy", "tun"}
SPEEDS = {"mbit": "--mbps", "pps": "--pps", "x": "--multiplier"}


def arguments(parser):
    """Its options."""
    parser.add_argument("name", metavar="NAME", help="a folder of tests/replay")
    parser.add_argument("--onto", required=True, metavar="IFACE", help="a veth, dummy or tap interface")
    parser.add_argument("--tap", choices=["outside", "inside"], default="outside", help="of a scenario: which side's recording (outside)")
    parser.add_argument("--rate", default="1x", help="10mbit, 1000pps, or 1x: as fast as it was, 2x twice as fast (1x)")
    parser.add_argument("--loop", type=int, default=1, help="how often; 0: until ended (1)")
    parser.add_argument("--unique", action="store_true", help="each time from and to other addresses")
    parser.add_argument("--packages", type=pathlib.Path, help="where tcpreplay is unpacked, if it is not installed")


def refusal(interface):
    """Why nothing may be sent there; None when it may."""
    done = subprocess.run(["ip", "-d", "-j", "link", "show", "dev", interface], capture_output=True, check=False)
    if done.returncode:
        return f"there is no interface {interface}"
    kind = json.loads(done.stdout)[0].get("linkinfo", {}).get("info_kind", "")
    return None if kind in KINDS else f"{interface} is {kind or 'hardware'}: a recording goes onto veth, dummy and tap interfaces only"


def speed(rate):
    """The option of tcpreplay, or None."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(mbit|pps|x)", rate)
    return f"{SPEEDS[found[2]]}={found[1]}" if found else None


def recording(name, tap):
    """The file, or None."""
    paths = (REPLAY / name / f"{tap}.pcap", REPLAY / name / "traffic.pcap")
    return next((path for path in paths if path.is_file()), None)


def tcpreplay(directory):
    """The installed one, or that of the unpacked package: (program, environment)."""
    if shutil.which("tcpreplay"):
        return "tcpreplay", dict(os.environ)
    root = packages.unpack(directory, packages.PLAY)
    libraries = ":".join(str(path) for path in sorted(root.glob("usr/lib/*-linux-*")))
    return str(root / "usr/bin/tcpreplay"), {**os.environ, "LD_LIBRARY_PATH": libraries}


def play(args):
    """Sends it; tcpreplay says how much."""
    if os.geteuid() != 0:
        print("lab: skipped: not root", file=sys.stderr)
        return packages.SKIP
    file, rate, refused = recording(args.name, args.tap), speed(args.rate), refusal(args.onto)
    wrong = (f"no recording is called {args.name}" if not file else f"a rate is 10mbit, 1000pps or 1x, not {args.rate}" if not rate
             else refused)
    if wrong:
        print(f"lab: {wrong}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        program, environment = tcpreplay((args.packages or pathlib.Path(temporary)).resolve())
        command = [program, f"--intf1={args.onto}", rate, f"--loop={args.loop}", *["--unique-ip"] * args.unique, str(file)]
        return subprocess.run(command, env=environment, check=False).returncode
