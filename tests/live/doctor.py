#!/usr/bin/env python3
"""`postwacht doctor` on real interfaces: what is wrong with them is said, its repair is typed as it stands, and then it is well.

    doctor.py PROGRAM

In a network namespace of its own: a veth pair as the kernel makes it (addresses, ARP, IPv6, GRO, then down, then without a
link), and another. Exit 77 where that cannot be had. The last line is `N passed, N failed`.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import sensor  # noqa: E402 pylint: disable=wrong-import-position


def sh(line):
    """Must work; what it printed."""
    return subprocess.run(line, shell=True, check=True, capture_output=True, text=True).stdout


class Patient:
    """The program, asked about a port."""

    def __init__(self, program, directory, checks):
        self.program, self.checks = program, checks
        self.settings = ["sensor.user=none", "policy.resolve=off", f"sensor.state_dir={directory}", f"sensor.control={directory}/sock"]

    def examine(self, *ports, more=()):
        """Results by check, and the exit code."""
        command = [self.program, "doctor", "--json", *more, *ports]
        for setting in self.settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr
        document = json.loads(done.stdout)
        for verdict, number in (("pass", "passed"), ("warn", "warnings"), ("fail", "failed"), ("skip", "skipped")):
            self.checks.check(sum(r["verdict"] == verdict for r in document["results"]) == document[number], f"number of {verdict}")
        self.checks.check((document["failed"] > 0) == (done.returncode == 1), f"exit code {done.returncode}, {document['failed']} failed")
        return document["results"]

    def says(self, results, check, verdict, words, repair=None):
        """One of the results; its repair."""
        found = [r for r in results if r["check"] == check and r["verdict"] == verdict and words in r["what"]]
        said = [(r["verdict"], r["what"], r["repair"]) for r in results if r["check"] == check]
        self.checks.check(bool(found), f"{check}: {verdict} {words!r} is not in {said}")
        if repair and found:
            self.checks.check(repair in found[0]["repair"], f"{check}: repair {found[0]['repair']!r} is without {repair!r}")
        return found[0]["repair"] if found else "true"


def veth_as_made(patient):
    """Everything is wrong, and each repair repairs."""
    sh("ip link add tap0 type veth peer name far0; ip link set far0 up; ethtool -K tap0 gro on")
    told = patient.examine("pcap:tap0")
    sh(patient.says(told, "interfaces", "fail", "tap0 is down", "ip link set tap0 up"))
    sh("ip address add 192.0.2.7/24 dev tap0")
    told = patient.examine("vdev:net_pcap0,rx_iface=tap0")
    patient.says(told, "interfaces", "pass", "tap0 is up and has a link")
    line = patient.says(told, "silence", "warn", "the kernel sends on tap0 by itself: address 192.0.2.7, ARP on, IPv6 on")
    sh(line.removeprefix("where it is a tap: "))
    sh(patient.says(told, "offloads", "warn", "tap0 merges packets", "ethtool -K tap0 gro off"))
    told = patient.examine("pcap:tap0")
    patient.says(told, "silence", "pass", "sends nothing on tap0")
    patient.says(told, "offloads", "pass", "tap0 merges no packets")
    patient.says(told, "rights", "pass", "may be listened to")
    sh("ip link set tap0 arp on")
    line = patient.says(patient.examine("pcap:tap0"), "silence", "warn", "by itself: ARP on", "ip link set tap0 arp off")
    patient.checks.check("address flush" not in line and "sysctl" not in line, f"more than ARP is repaired: {line}")
    sh(line.removeprefix("where it is a tap: "))
    sh("ip link set far0 down")
    patient.says(patient.examine("pcap:tap0"), "interfaces", "warn", "tap0 has no link", "ethtool tap0")
    sh("ip link set far0 up")


def two_arms(patient):
    """Each port is spoken of."""
    sh("ip link add quiet0 type veth peer name far1; ip link set quiet0 up; ip link set far1 up")
    told = patient.examine("pcap:tap0", "pcap:quiet0")
    patient.says(told, "interfaces", "pass", "tap0 is up")
    patient.says(told, "interfaces", "pass", "quiet0 is up")
    patient.says(told, "silence", "pass", "sends nothing on tap0")
    patient.says(told, "silence", "warn", "on quiet0 by itself")
    patient.says(patient.examine("pcap:gone0"), "interfaces", "fail", "there is no interface gone0", "ip -br link")


def opened(patient):
    """With --open the driver speaks, and nothing was sent."""
    before = sh("cat /proc/net/dev").split("tap0:")[1].split()[9]
    told = patient.examine("pcap:tap0", more=["--open"])
    patient.says(told, "open ports", "pass", "pcap:tap0: libpcap, 1 queue")
    patient.says(told, "open ports", "skip", "has one queue")
    told = patient.examine("vdev:net_pcap0,rx_iface=gone0", more=["--open"])
    patient.says(told, "open ports", "fail", "")
    after = sh("cat /proc/net/dev").split("tap0:")[1].split()[9]
    patient.checks.check(before == after, f"sent {before} packets, then {after}")


def no_rights(patient):
    """Somebody without rights is told so."""
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", patient.program, "doctor", "--json",
                           "--set", "policy.resolve=off", "pcap:tap0"], capture_output=True, text=True, check=False)
    patient.checks.check(done.returncode == 1, f"exit code {done.returncode} {done.stderr}")
    patient.says(json.loads(done.stdout)["results"], "rights", "fail", "CAP_NET_RAW", "setcap cap_net_raw+ep")


def main():
    sensor.own_namespace("ethtool", "setpriv")
    checks = sensor.Checks()
    with tempfile.TemporaryDirectory() as directory:
        patient = Patient(sys.argv[1], directory, checks)
        veth_as_made(patient)
        two_arms(patient)
        opened(patient)
        no_rights(patient)
    return checks.done()


if __name__ == "__main__":
    sys.exit(main())
