"""The name servers of a scenario: nsd for its zones, and unbound where its senders ask."""
import pathlib
import subprocess
import time

import servers
import zones
from place import DNS4, LAB, RESOLVER4

NSD = """
server:
  ip-address: {address}
  username: ""
  chroot: ""
  zonesdir: "{zones}"
  pidfile: "{lab}/nsd.pid"
  database: ""
  zonelistfile: "{lab}/nsd-zones.list"
  xfrdfile: "{lab}/nsd-xfrd.state"
  xfrdir: "{lab}"
  rrl-ratelimit: 0
  server-count: 1
remote-control:
  control-enable: no
"""

UNBOUND = """
server:
{interfaces}
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "{lab}"
  pidfile: "{lab}/{name}.pid"
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  num-threads: 1
  edns-buffer-size: 1232
  module-config: "{modules}"
  root-hints: "{zones}/hints"
  trust-anchor-file: "{zones}/anchor"
  trust-anchor-signaling: no
  val-log-level: 2
  prefetch: no
remote-control:
  control-enable: no
"""
VALIDATING, PLAIN = "validator iterator", "iterator"


def nsd(domains, more="", zones_more=()):
    """Serves the root, `example.` (with `more` lines in it), these domains and further zones (origin, file)."""
    text = NSD.format(address=DNS4, zones=zones.ZONES, lab=LAB)
    text += "".join(f'zone:\n  name: "{origin}"\n  zonefile: "{path}"\n' for origin, path in [*zones.write(domains, more), *zones_more])
    config = LAB / "nsd.conf"
    config.write_text(text, encoding="ascii")
    return servers.process(["nsd", "-d", "-c", config], 53, address=DNS4)


def unbound(name, addresses, enter=(), modules=VALIDATING):
    """A resolver with an empty cache. It starts with its first question: nothing is asked before."""
    (zones.ZONES / "hints").write_text(f". 3600 NS ns.example.\nns.example. 3600 A {DNS4}\n", encoding="ascii")
    (zones.ZONES / "anchor").write_text(zones.delegation("."), encoding="ascii")
    config = LAB / f"{name}.conf"
    config.write_text(UNBOUND.format(name=name, lab=LAB, zones=zones.ZONES, modules=modules,
                                     interfaces="\n".join(f"  interface: {a}" for a in addresses)), encoding="ascii")
    with open(LAB / f"{name}.log", "wb") as log:
        p = subprocess.Popen([*enter, "unbound", "-p", "-c", config], stdout=log, stderr=log)
    for _ in range(100):
        if "start of service" in (LAB / f"{name}.log").read_text(errors="replace"):
            break
        time.sleep(0.05)

    def stop():
        p.terminate()
        p.wait()
    return stop


def serve(client, domains, where="client", modules=VALIDATING):
    """The name servers, and the resolver beside the client, or (`where` is "mx") beyond the path for stubs to ask."""
    stop_nsd = nsd(domains)
    beside = where == "client"
    stop = unbound("resolver", ["127.0.0.1"] if beside else [RESOLVER4], client.enter if beside else (), modules)
    pathlib.Path("/etc/resolv.conf").write_text(f"nameserver {'127.0.0.1' if beside else RESOLVER4}\noptions edns0 trust-ad\n",
                                                encoding="ascii")
    return servers.all_of(stop_nsd, stop)
