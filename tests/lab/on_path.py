"""What a scenario puts on the path instead of the bridge: wire(...) at the packet level, proxy(...) as a transparent proxy.

Each gives a function that takes the path's host and gives a stopper; the stopper brings the bridge back.

    start = wire("inject-454 length=shorter ttl=41", "loss percent=2")      acts, in order
    stop = start(path)
    ...
    stop()

What the programs say is in LAB/path.log. What either stopper leaves is a bridge without stalled connections.
"""
import json
import pathlib
import subprocess
import sys

from place import LAB, Missing, bridge, sh, unbridge

HERE = pathlib.Path(__file__).resolve().parent / "path"


def run(path, command):
    """Starts a program on the path and waits until it says that it is ready; gives what ends it."""
    with open(LAB / "path.log", "ab") as log:
        p = subprocess.Popen([*path.enter, sys.executable, *command], stdout=subprocess.PIPE, stderr=log)
    if p.stdout.readline() != b"ready\n":
        p.wait()
        raise Missing(f"not ready: {command}")

    def end():
        p.terminate()
        p.wait()
        p.stdout.close()
    return end


def severed(path, ports):
    """Ends what an attack left stalled at both ends, before it can speak in the next recording; on the cable nothing is seen of it."""
    for port in ports:
        path.client.sh(f"ss -Kt dport = :{port} >/dev/null || true")
        sh(f"ss -Kt sport = :{port} and not dst 127.0.0.0/8 >/dev/null || true")


def ports_of(words):
    """The server's ports that options name; else 25."""
    return {word[5:] for word in words if word.startswith("port=")} or {"25"}


def wire(*acts):
    """Every frame passes through these acts (path/wire.py)."""
    def start(path):
        unbridge(path)
        try:
            end = run(path, [HERE / "wire.py", *acts])
        except Missing:
            bridge(path)
            raise

        def stop():
            end()
            severed(path, ports_of(" ".join(acts).split()))
            bridge(path)
        return stop
    return start


def proxy(attack):
    """The server's port is served by this attack (path/proxy.py), 'NAME KEY=VALUE ...'; all else is routed."""
    def start(path):
        port, = ports_of(attack.split())
        unbridge(path)
        unroute = route(path, port)
        try:
            end = run(path, [HERE / "proxy.py", *attack.split()])
        except Missing:
            unroute()
            bridge(path)
            raise

        def stop():
            end()
            unroute()
            severed(path, {port})
            bridge(path)
        return stop
    return start


# ---- a router that nobody sees ---------------------------------------------------------------------------------

TABLE = 100  # routes everything to the path itself


def addresses(enter, port):
    """(MAC, addresses) of an end."""
    told = json.loads(subprocess.run([*enter, "ip", "-j", "addr", "show", port], check=True, capture_output=True).stdout)[0]
    return told["address"], [a["local"] for a in told["addr_info"] if a.get("scope") == "global"]


def route(path, port):
    """Each port of the path takes the MAC address of the end behind the other port, so that the ends notice nothing; gives the undoing.

    Nobody asks who has an address, as everybody is told.
    """
    own = [addresses(path.enter, name)[0] for name in ("path0", "path1")]
    client_mac, client = addresses(path.client.enter, "client0")
    mx_mac, mx = addresses([], "mx0")
    lines = ["sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0",
             f"ip link set path0 address {mx_mac}", f"ip link set path1 address {client_mac}"]
    for name in ("path0", "path1"):
        lines += [f"sysctl -qw net.ipv4.conf.{name}.rp_filter=0 net.ipv4.conf.{name}.send_redirects=0",
                  f"ip link set {name} addrgenmode none", f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=0"]
    for name, mac, there in (("path0", client_mac, client), ("path1", mx_mac, mx)):
        for a in there:
            lines += [f"ip neigh replace {a} lladdr {mac} dev {name} nud permanent", f"ip route replace {a} dev {name}"]
    for family in ("-4", "-6"):
        lines += [f"ip {family} route replace local default dev lo table {TABLE}",
                  f"ip {family} rule add dev path0 ipproto tcp dport {port} lookup {TABLE}",
                  f"ip {family} rule add dev path1 ipproto tcp sport {port} lookup {TABLE}"]
    path.sh("set -e; " + "; ".join(lines))
    neighbours(path, client, client_mac, mx, mx_mac, "replace", "nud permanent")

    def unroute():
        undo = [f"ip {family} rule del lookup {TABLE}; ip {family} rule del lookup {TABLE}; ip {family} route flush table {TABLE}"
                for family in ("-4", "-6")]
        for name, mac in zip(("path0", "path1"), own):
            undo += [f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1", f"ip route flush dev {name}",
                     f"ip neigh flush nud permanent dev {name}", f"ip link set {name} address {mac}"]
        path.sh("; ".join(undo + ["sysctl -qw net.ipv4.ip_forward=0"]))
        neighbours(path, client, client_mac, mx, mx_mac, "del", "")
    return unroute


def neighbours(path, client, client_mac, mx, mx_mac, verb, state):
    """Tells the ends who is behind the path, or lets them forget it."""
    for a in mx:
        path.client.sh(f"ip neigh {verb} {a} lladdr {mx_mac} dev client0 {state}")
    for a in client:
        sh(f"ip neigh {verb} {a} lladdr {client_mac} dev mx0 {state}")
