#!/usr/bin/env python3
"""The tap itself: arms that are lost and found, silence, two taps of a pair, queues that do not fit, tunnels, evidence, a plain user.

    tap.py PROGRAM

The last line is `N passed, N failed`; 77 where nothing could be tried.
"""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import p12  # noqa: E402 pylint: disable=wrong-import-position
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import sensor  # noqa: E402 pylint: disable=wrong-import-position

REPLAY = HERE.parent / "replay"
MASKED = REPLAY / "masked" / "traffic.pcap"
PAIRED = REPLAY / "strip-inline"
PAIR = ["taps=[{name: outer, side: client, ports: [%s]}, {name: inner, side: server, ports: [%s]}]", "pairs=[{name: wall, outside: outer, inside: inner}]"]


def of_finding(records, finding):
    """Alerts of one finding."""
    return [r for r in records if r["event_type"] == "alert" and r["alert"]["metadata"]["finding"] == [finding]]


def arms(checks, program):
    """Only one fibre brings anything; then the other, too. And no fibre at all."""
    for i in (0, 1):
        sensor.veth(f"to{i}", f"arm{i}")
    with tempfile.TemporaryDirectory() as directory:
        players = [sensor.Player(MASKED, directory, f"to{i}") for i in (0, 1)]
        with sensor.Sensor(program, directory, "pcap:arm0", "pcap:arm1", settings=["capture.quiet_after_s=3"]) as s:
            s.wait_ready()
            s.wait_records(lambda r: of_finding(r, "sensor.too-little-traffic"))
            checks.check(True, "silence is told")
            s.wait_records(lambda r: of_finding(r, "sensor.arm-lost") or players[0].play(), 40)
            told = of_finding(s.records(), "sensor.arm-lost")[0]["smtp_tls"]
            checks.check("arm1" in json.dumps(told), f"another arm is lost: {told}")
            since = len(s.log)
            players[1].play()
            s.wait_log("arm1", since=since)
            code, _ = s.stop()
            checks.check(code == 0, f"arms: exit code {code}")
    for i in (0, 1):
        subprocess.run(["ip", "link", "delete", f"to{i}"], check=True)


def pair(checks, program, directory):
    """Both sides of a device at once, live: as two captures say it."""
    files = [directory / name for name in ("outside.pcap", "inside.pcap")]
    for path in files:
        pcapkit.write(path, [p._replace(time_ns=p.time_ns // 1000 * 1000) for p in pcapkit.read(PAIRED / path.name)])
    ports = tuple(f'"{p12.vdev(i, path)}"' for i, path in enumerate(files))
    settings = [PAIR[0] % ports, PAIR[1]]
    options = [x for s in [PAIR[0].replace(", ports: [%s]", ""), PAIR[1]] for x in ("--set", s)]
    policy = ["--policy", str(PAIRED / "policy.json")]
    wanted = p12.read(program, directory, "--outside", files[0], "--inside", files[1], *options, *policy)
    got, code = p12.run(program, directory, [], *policy, settings=settings)
    checks.check(code == 0 and any('"pair"' in text for text in wanted), f"two taps: exit code {code}, {len(wanted)} records")
    checks.equal(got, wanted, "two taps of a pair")


def queues(checks, program, directory):
    """A card with two queues: connections divided as they should be, and not."""
    packets = p12.one_capture(p12.recordings(["dane-ee-sha256", "masked", "submission-starttls-auth", "strip-inline"]), directory / "all.pcap")
    wanted = p12.read(program, directory, directory / "all.pcap")
    for fits in (True, False):
        parts = ([], [])
        for p in packets:
            s = pcapkit.parse(p.octets)
            whole = sum(s.src + s.dst) + s.sport + s.dport if s else 0
            parts[whole % 2 if fits else bool(s and s.sport > s.dport)].append(p)
        paths = [directory / f"queue{i}.pcap" for i in (0, 1)]
        for path, part in zip(paths, parts):
            pcapkit.write(path, part)
        # Files are read as fast as it goes: an answer may be seen before its SYN, and then nobody notices. On a link it comes later.
        for _ in range(1 if fits else 5):
            with tempfile.TemporaryDirectory(dir=directory) as own:
                port = f"vdev:net_pcap0,rx_pcap={paths[0]},rx_pcap={paths[1]}"
                with sensor.Sensor(program, own, port, "--workers", "2") as s:
                    code = s.wait_end()
                    records = s.records()
            told = of_finding(records, "sensor.rss-asymmetric")
            if told:
                break
        checks.check(code == 0 and bool(told) != fits, f"queues, fits {fits}: exit code {code}, told {told}; {s.log[-2:]}")
        if fits:
            checks.equal(sensor.comparable(records), wanted, "two queues, each with whole connections")


def in_vxlan(packet):
    """The packet in the tunnel of a broker."""
    inner = struct.pack(">BBHI", 8, 0, 0, 42 << 8) + packet.octets
    udp = struct.pack(">HHHH", 40000, 4789, 8 + len(inner), 0)
    ip = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(inner), 0, 0, 64, 17, 0, bytes([10, 9, 9, 1]), bytes([10, 9, 9, 2])))
    ip[10:12] = struct.pack(">H", pcapkit.checksum(bytes(ip)))
    frame = bytes(12) + b"\x08\0" + bytes(ip) + udp + inner
    return packet._replace(octets=frame, length=len(frame))


def tunnels(checks, program, directory):
    """What a broker sends in a tunnel, over two workers: the same sessions; closed: nothing."""
    path = directory / "tunnel.pcap"
    pcapkit.write(path, [in_vxlan(p) for p in pcapkit.read(MASKED)])
    for opened in (True, False):
        with tempfile.TemporaryDirectory(dir=directory) as own:
            settings = ["capture.tunnels=[vxlan]"] if opened else []
            with sensor.Sensor(program, own, p12.vdev(0, path), "--workers", "2", settings=settings) as s:
                s.wait_end()
                found = of_finding(s.records(), "starttls.masked-keyword")
        checks.check(bool(found) == opened, f"tunnels opened {opened}: {len(found)} alerts")


def evidence(checks, program, directory):
    """An alert's packets are kept, are what the record says, and explain it."""
    state = directory / "state"
    with tempfile.TemporaryDirectory(dir=directory) as own:
        with sensor.Sensor(program, own, p12.vdev(0, MASKED), settings=[f"sensor.state_dir={state}"]) as s:
            s.wait_end()
            told = of_finding(s.records(), "starttls.masked-keyword")[0]["smtp_tls"]
    file = state / "evidence" / told["pcap"]["file"]
    checks.check(file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == told["pcap"]["sha256"], f"evidence {told['pcap']}")
    out = directory / "out.pcapng"
    done = subprocess.run([program, "pcap", told["id"], "--state", str(state), "-o", str(out)], capture_output=True, text=True, check=False)
    checks.check(done.returncode == 0 and out.read_bytes() == file.read_bytes(), f"postwacht pcap: {done.stderr}")
    done = subprocess.run([program, "explain", told["id"], str(file)], capture_output=True, text=True, check=False)
    checks.check(done.returncode == 0 and "masked" in done.stdout, f"explained from its evidence: {done.stdout[:400]}{done.stderr}")


def plain_user(checks, program, directory):
    """Without any right: a virtual device that plays a file, no huge pages."""
    for parent in (directory, directory.parent):
        parent.chmod(0o755)
    home = directory / "nobody"
    home.mkdir()
    shutil.copy(program, home / "postwacht")
    shutil.copy(MASKED, home / "traffic.pcap")
    for path in (home, *home.iterdir()):
        os.chown(path, 65534, 65534)
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    with sensor.Sensor(home / "postwacht", home, p12.vdev(0, home / "traffic.pcap"), prefix=prefix) as s:
        code = s.wait_end()
        checks.check(code == 0 and of_finding(s.records(), "starttls.masked-keyword"), f"a plain user: exit code {code}: {s.log[-4:]}")


def main():
    """One after the other."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    sensor.own_namespace("tcpreplay", "setpriv")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        dpdk, _ = p12.has_dpdk(program, directory)
        for part in (pair, queues, tunnels, evidence, plain_user) if dpdk else ():
            own = directory / part.__name__
            own.mkdir()
            part(checks, program, own)
    arms(checks, program)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
