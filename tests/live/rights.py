#!/usr/bin/env python3
"""What the processes of a running sensor have given up, as the kernel sees it, and that they work all the same (P13).

    rights.py PROGRAM

Started by root, with a user to become, by libpcap and by DPDK; and as systemd starts it, with that user and two capabilities.
Every thread of every child is looked at. The last line is `N passed, N failed`.
"""
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import sensor  # noqa: E402 pylint: disable=wrong-import-position

RECORDING = HERE.parent / "replay" / "masked" / "traffic.pcap"
NOBODY = 65534
NET_RAW, IPC_LOCK = 1 << 13, 1 << 14
KEPT = NET_RAW | IPC_LOCK | 1 << 12 | 1 << 23  # by the supervisor: net_admin and sys_nice, too, where root had them
NAMES = ("watch", "judge", "keeper", "courier")
SYSTEMD = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+net_raw,+ipc_lock",
           "--ambient-caps=+net_raw,+ipc_lock", "--bounding-set=-all,+net_raw,+ipc_lock", "--no-new-privs"]


def statuses(pid):
    """/proc/PID/task/*/status as dictionaries, the process' own first thread first."""
    tasks = sorted(pathlib.Path(f"/proc/{pid}/task").iterdir(), key=lambda t: t.name != str(pid))
    return [dict(line.split(":", 1) for line in (t / "status").read_text(encoding="ascii").splitlines()) for t in tasks]


def capabilities(status):
    """Of a thread, all sets that it can use."""
    return int(status["CapPrm"], 16) | int(status["CapEff"], 16) | int(status["CapAmb"], 16)


def looked_at(checks, s, how):
    """The supervisor and each child."""
    told = {c["name"]: c["rights"] for c in s.ask("status")["children"]}
    parent = statuses(s.process.pid)[0]
    checks.check(parent["Seccomp"].strip() == "2" and parent["NoNewPrivs"].strip() == "1" and not capabilities(parent) & ~KEPT,
                 f"{how}: supervisor: {parent['Seccomp']} {parent['CapPrm']}")
    for name, pid in s.children().items():
        threads = statuses(pid)
        checks.check(all(t["Uid"].split() == [str(NOBODY)] * 4 and t["Gid"].split() == [str(NOBODY)] * 4 for t in threads), f"{how}: {name}: user")
        checks.check(all(t["Seccomp"].strip() == "2" and t["NoNewPrivs"].strip() == "1" for t in threads), f"{how}: {name}: a thread without filter")
        checks.check(int(threads[0]["Seccomp_filters"]) >= 2, f"{how}: {name} has only its parent's filter")
        # EAL's own threads began before: what they keep their filter makes useless (docs/design/0022-rights.md).
        own = [t for t in threads if "eal-" not in t["Name"] and "telemetry" not in t["Name"] and "rte_" not in t["Name"]]
        checks.check(not any(capabilities(t) for t in own), f"{how}: {name}: {[(t['Name'], t['CapPrm']) for t in threads]}")
        checks.check("no capabilities; " in told[name] and "any other ends it" in told[name], f"{how}: {name} says {told[name]!r}")
    checks.check(set(NAMES) <= set(s.children()), f"{how}: {list(s.children())}")


def watched(checks, program, how, port, prefix=()):
    """One sensor, looked at, fed and ended."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.chown(directory, NOBODY, NOBODY)
        settings = ["sensor.user=nobody", f"sensor.state_dir={directory}/state"]
        with sensor.Sensor(program, directory, port, settings=settings, environment={"XDG_RUNTIME_DIR": directory}, prefix=prefix) as s:
            s.wait_ready()
            player = sensor.Player(RECORDING, directory)
            player.play()
            records = s.wait_records(lambda r: any("masked" in str(x.get("alert")) for x in r) or player.play())
            looked_at(checks, s, how)
            evidence = list(pathlib.Path(directory, "state", "evidence").rglob("*.pcapng"))
            checks.check(records and evidence, f"{how}: no evidence is kept")
            code, took = s.stop()
            checks.check(code == 0 and took < 5, f"{how}: exit code {code} after {took:.1f} s: {s.log[-5:]}")
            checks.check(not any("signal 31" in line for line in s.log), f"{how}: ended by a call: {s.log}")


def main():
    """By libpcap, by DPDK where it is built in, and as a service."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    sensor.own_namespace("tcpreplay", "setpriv")
    sensor.veth("to", "from")
    checks = sensor.Checks()
    dpdk = b"rte_eal_init" in pathlib.Path(program).read_bytes()
    watched(checks, program, "libpcap", "pcap:from")
    watched(checks, program, "service", "pcap:from", SYSTEMD)
    if dpdk:
        watched(checks, program, "dpdk", "vdev:net_pcap0,rx_iface=from")
        watched(checks, program, "service, dpdk", "vdev:net_pcap0,rx_iface=from", SYSTEMD)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
