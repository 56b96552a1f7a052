#!/usr/bin/env python3
"""`lab play` onto one end of a veth pair: all of a recording arrives at the other, and nothing is sent anywhere else.

Skips (77) without root, namespaces, or a way to get tcpreplay.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import play  # noqa: E402 pylint: disable=wrong-import-position

SCENARIO = "dane-ee-sha256"
SKIP = 77


def skip(why):
    """Said, never passed over."""
    print(f"play_test: skipped: {why}")
    return SKIP


def outside():
    """Gets tcpreplay, then starts again in a network namespace of its own."""
    missing = [p for p in ("ip", "sysctl", "unshare") if not shutil.which(p)]
    if missing:
        return skip(f"not installed: {' '.join(missing)}")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return skip("no rights to make a namespace")
    with tempfile.TemporaryDirectory() as directory:
        try:
            play.tcpreplay(pathlib.Path(directory))
        except (OSError, subprocess.SubprocessError):
            return skip("no tcpreplay, and its package cannot be downloaded")
        return subprocess.run(["unshare", "-n", sys.executable, __file__, directory], check=False).returncode


def arrived(listener, most):
    """The frames that come within a second of silence."""
    listener.settimeout(1)
    frames = []
    try:
        while len(frames) <= most:
            frames.append(listener.recv(65535))
    except socket.timeout:
        pass
    return frames


def whole(frame):
    """Are the checksums of IPv4 and TCP right?"""
    ip, tcp = frame[14:34], frame[34:14 + int.from_bytes(frame[16:18], "big")]
    pseudo = ip[12:20] + bytes([0, ip[9]]) + len(tcp).to_bytes(2, "big")
    return not pcapkit.checksum(ip) and (ip[9] != pcapkit.TCP or not pcapkit.checksum(pseudo + tcp))


def lab(directory, *options):
    """`lab play` with these options."""
    return subprocess.run([sys.executable, HERE / "lab", "play", SCENARIO, "--packages", directory, *options], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)


def inside(directory):
    """The pair, and what is played onto it."""
    subprocess.run("ip link add to type veth peer name from; for i in to from; do sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; "
                   "ip link set $i up; done; ip link set lo up", shell=True, check=True)
    recorded = {tap: [p.octets for p in pcapkit.read(play.REPLAY / SCENARIO / f"{tap}.pcap")] for tap in ("outside", "inside")}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as listener:
        listener.bind(("from", 0))
        for tap, frames in recorded.items():
            assert lab(directory, "--onto", "to", "--tap", tap, "--rate", "2000pps").returncode == 0
            assert arrived(listener, len(frames)) == frames, f"{tap}: other frames arrived"
        frames = recorded["outside"]
        assert lab(directory, "--onto", "to", "--rate", "10mbit", "--loop", "3", "--unique").returncode == 0
        came = arrived(listener, 3 * len(frames))
        assert len(came) == 3 * len(frames), f"{len(came)} frames of 3 times {len(frames)}"
        assert len({f[26:34] for f in came if f[12:14] == b"\x08\x00"}) >= 3 * 2, "the same addresses again"
        assert all(whole(f) for f in came if f[12:14] == b"\x08\x00"), "a checksum is wrong"
        refused = lab(directory, "--onto", "lo")
        assert refused.returncode == 2 and "only" in refused.stderr, refused.stderr
        assert not arrived(listener, 0), "a refused one was played"
    print(f"{SCENARIO}: {', '.join(f'{len(f)} frames {tap}' for tap, f in recorded.items())} arrived")
    return 0


if __name__ == "__main__":
    sys.exit(inside(sys.argv[1]) if len(sys.argv) > 1 else outside())
