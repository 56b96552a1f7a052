"""The place where stories and scenarios are played: a private network, process and file system namespace.

Everything that is mounted, started or written here is gone when the process ends. Three hosts, each a network namespace:

    client -- client0 ~ path0 -- path -- path1 ~ mx0 -- mx (this process)

`path` is a bridge as long as nobody attacks; a tap listens on either side of it.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

LAB = pathlib.Path("/run/postwacht-lab")
MX4, CLIENT4 = "192.0.2.25", "192.0.2.10"
MX6, CLIENT6 = "2001:db8::25", "2001:db8::10"
SERVERS4, SERVERS6 = "198.51.100.{}", "2001:db8:51::{}"  # a scenario's servers, by their number
DNS4, RESOLVER4, WEB4 = "203.0.113.53", "203.0.113.54", "203.0.113.80"  # all of them hosts that mx plays
USERS = ["postfix", "postdrop", "Debian-exim", "opensmtpd", "opensmtpq", "dovecot", "dovenull", "vmail", "unbound", "nsd"]


class Missing(Exception):
    """The machine lacks something that the lab needs: rights, a program."""


def sh(command, **options):
    """Runs a command that has to work."""
    return subprocess.run(command, shell=isinstance(command, str), check=True, **options)


# ---- files -----------------------------------------------------------------------------------------------------

def overlay(packages):
    """Lays the unpacked packages and fresh files over /usr, /etc and /var; the machine's own files stay as they are."""
    sh("mount -t tmpfs lab /run")
    LAB.mkdir()
    for name in ("usr", "etc", "var"):
        upper, work = LAB / "upper" / name, LAB / "work" / name
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        sh(f"mount -t overlay lab -o lowerdir={packages}/{name}:/{name},upperdir={upper},workdir={work} /{name}")
    sh("mount -t proc proc /proc")


def users():
    """The accounts that the servers drop to; they exist in here only."""
    with open("/etc/passwd", "a", encoding="ascii") as passwd, open("/etc/group", "a", encoding="ascii") as group:
        for n, name in enumerate(USERS, 64001):
            passwd.write(f"{name}:x:{n}:{n}::/nonexistent:/usr/sbin/nologin\n")
            group.write(f"{name}:x:{n}:\n")
    with open("/etc/hosts", "w", encoding="ascii") as hosts:
        hosts.write(f"127.0.0.1 localhost\n{MX4} mx.rcpt.example\n{CLIENT4} client.sender.example\n")
    pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="ascii")


def certificate():
    """A self-made certificate of mx.rcpt.example."""
    sh(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=mx.rcpt.example",
        "-addext", "subjectAltName=DNS:mx.rcpt.example", "-keyout", LAB / "key.pem", "-out", LAB / "cert.pem"],
       stderr=subprocess.DEVNULL)
    shutil.copy(LAB / "key.pem", LAB / "key-exim.pem")
    shutil.chown(LAB / "key-exim.pem", "Debian-exim")
    os.chmod(LAB / "key.pem", 0o600)


# ---- network ---------------------------------------------------------------------------------------------------

class Host:
    """A network namespace of its own; `enter` is the prefix of a command that runs there."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        time.sleep(0.3)
        self.enter = ["nsenter", "-t", str(self.process.pid), "-n"]
        self.client = None  # of the path: the host on its other side

    def sh(self, command):
        """Runs a command there that has to work."""
        return sh(self.enter + ["sh", "-c", command])


PLAIN = "ethtool -K {port} tx off tso off gso off gro off >/dev/null"  # segments and checksums as on a wire


def cable(client, path):
    """client - path - mx, with an address of each family at both ends; the path has none and starts as a bridge."""
    path.client = client
    sh(f"ip link set lo up; ip link add mx0 type veth peer name path1; ip link set path1 netns {path.process.pid}")
    path.sh(f"ip link set lo up; ip link add path0 type veth peer name client0; ip link set client0 netns {client.process.pid}; "
            "for port in path0 path1; do sysctl -qw net.ipv6.conf.$port.disable_ipv6=1; "
            f"{PLAIN.format(port='$port')}; ip link set $port up; done")
    bridge(path)
    for run, port, v4, v6 in ((sh, "mx0", MX4, MX6), (client.sh, "client0", CLIENT4, CLIENT6)):
        run(f"ip link set lo up; ip link set {port} addrgenmode none up; ip addr add {v4}/24 dev {port}; "
            f"ip -6 addr add {v6}/64 dev {port} nodad; {PLAIN.format(port=port)}")
    for address in (DNS4, RESOLVER4, WEB4):
        sh(f"ip addr add {address}/32 dev mx0")
    client.sh("for net in 198.51.100.0/24 203.0.113.0/24 2001:db8:51::/64; do ip route add $net dev client0; done")


def server_address(number):
    """Gives mx the addresses of one more server."""
    v4, v6 = SERVERS4.format(number), SERVERS6.format(number)
    sh(f"ip addr replace {v4}/32 dev mx0; ip -6 addr replace {v6}/128 dev mx0 nodad")
    return v4, v6


def bridge(path):
    """The path passes everything on and changes nothing."""
    path.sh("ip link add bridge type bridge mcast_snooping 0; sysctl -qw net.ipv6.conf.bridge.disable_ipv6=1; "
            "ip link set path0 master bridge; ip link set path1 master bridge; ip link set bridge up")


def unbridge(path):
    """Nothing passes any more: what the path does is up to who asked."""
    path.sh("ip link del bridge")


# ---- processes -------------------------------------------------------------------------------------------------

def wait_for_port(port, address="", seconds=10):
    """Until somebody listens there, at this IPv4 address or any. Looks into /proc, so that nothing of it is on the cable."""
    wanted = f"{socket.inet_aton(address)[::-1].hex().upper() if address else ''}:{port:04X}"
    for _ in range(seconds * 20):
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            lines = pathlib.Path(table).read_text(encoding="ascii").splitlines()[1:]
            if any(l.split()[1].endswith(wanted) and l.split()[3] == "0A" for l in lines):
                return
        time.sleep(0.05)
    raise Missing(f"nobody listens on port {port}")


class Tap:
    """tcpdump at a port of `path`, while the story is told."""

    def __init__(self, path, port, file, only="tcp"):
        self.process = subprocess.Popen([*path.enter, "tcpdump", "-i", port, "-s", "0", "-B", "16384", "-U", "--immediate-mode", "-Z", "root",
                                         "-w", file, only], stderr=subprocess.PIPE)
        self.process.stderr.readline()

    def stop(self):
        """Ends after the last packets were written."""
        time.sleep(0.5)
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
