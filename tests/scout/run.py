#!/usr/bin/env python3
"""Asks `postwacht policy lookup` about a private, signed DNS tree and its policy hosts, in namespaces of its own.

    run.py PROGRAM [MEASURE] [--all] [--only NAME]     --all: also what takes a minute. MEASURE: tests/scout/measure
Exit 77: this machine does not let us.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

SKIP = 77
SILENT, LYING = "203.0.113.99", "203.0.113.98"
SECONDS_MAX = 75  # of any lookup: 40 for DNS, and the policy


def enter():
    """Again, as the first process of new namespaces."""
    missing = [p for p in ("unshare", "ip", "nsd", "unbound", "ldns-signzone", "ldns-keygen", "openssl")
               if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    why = "not root" if os.geteuid() else f"not installed: {' '.join(missing)}" if missing else ""
    if not why and subprocess.run(["unshare", "-mnpf", "true"], check=False).returncode:
        why = "no new namespaces here"
    if why:
        print(f"scout: skipped: {why}\n0 passed, 0 failed, 1 skipped")
        return SKIP
    return subprocess.run(["unshare", "-mnpf", "--kill-child", sys.executable, __file__, "--inside", *sys.argv[1:]], check=False).returncode


def set_up():
    """Network, zones and servers."""
    # pylint: disable=import-outside-toplevel
    import cases
    import certificates
    import keytrap
    import place
    import resolvers
    import servers
    import zones
    place.sh("mount -t tmpfs scout /run; mount -t proc proc /proc; ip link set lo up")
    place.LAB.mkdir()
    for address in (place.DNS4, place.RESOLVER4, place.WEB4, cases.OLD_WEB, SILENT, LYING):
        place.sh(f"ip addr add {address}/32 dev lo")
    zones.ZONES.mkdir()
    text, ds = keytrap.zone("keytrap.example.", zones.HEAD.format(origin="keytrap.example."))
    (zones.ZONES / "keytrap.example").write_text(text, encoding="ascii")
    parent = (f"moved CNAME ok\nkeytrap NS ns.example.\n{ds}silent NS ns.silent\nns.silent A {SILENT}\n"
              f"lying NS ns.lying\nns.lying A {LYING}\n" + zones.delegation("lying.example."))
    resolvers.nsd(cases.DOMAINS, parent, [("keytrap.example.", zones.ZONES / "keytrap.example")])
    resolvers.unbound("resolver", [place.RESOLVER4], modules=resolvers.PLAIN)
    names = tuple(f"mta-sts.{d.name}" for d in cases.DOMAINS)
    pairs = []
    for name, leaf in (("web", certificates.Leaf(names=names)), ("web-wrong", certificates.Leaf(names=("elsewhere.example",))),
                       ("web-old", certificates.Leaf(names=names, days=(-400, -20)))):
        certificates.issue(name, leaf)
        pairs += [certificates.CERTS / f"{name}.pem", certificates.CERTS / f"{name}.key"]
    servers.process([sys.executable, HERE / "liars.py", SILENT, LYING])
    servers.process([sys.executable, HERE / "web.py", place.WEB4, *pairs], 443, address=place.WEB4)
    servers.process([sys.executable, HERE / "web.py", cases.OLD_WEB, *pairs[:2]], 443, address=cases.OLD_WEB)
    return {"resolver": place.RESOLVER4, "anchor": zones.ZONES / "anchor", "hints": zones.ZONES / "hints", "ca": certificates.ROOT,
            "state": place.LAB / "state"}


def at(document, path, name):
    """The member at a path, or None."""
    for step in path.split("."):
        step = f"{name}.example" if step == "{}" else step
        if isinstance(document, list):
            document = document[int(step)] if int(step) < len(document) else None
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


class Lab:
    """The program, asked."""

    def __init__(self, program, where):
        self.program, self.where = program, where

    def ask(self, name, *more):
        """(what it said, seconds, its errors)."""
        began = time.monotonic()
        done = subprocess.run([self.program, "policy", "lookup", f"{name}.example", "--json", "--resolver", self.where["resolver"],
                               "--trust-anchor", self.where["anchor"], "--set", "policy.mta_sts=on",
                               "--set", f"policy.trust_store={self.where['ca']}", *more], capture_output=True, text=True, check=False)
        document = json.loads(done.stdout) if done.returncode == 0 else {}
        return document, time.monotonic() - began, f"exit code {done.returncode} {done.stderr}"

    def row(self, name, wanted):
        """None, or what is wrong."""
        document, seconds, errors = self.ask(name)
        if not document:
            return f"{name}: {errors}"
        wrong = [f"{path} is {at(document, path, name)!r}, not {value!r}" for path, value in wanted.items()
                 if at(document, path, name) != value]
        if seconds > SECONDS_MAX:
            wrong.append(f"took {seconds:.0f} s")
        return f"{name}: {'; '.join(wrong)}\n  {json.dumps(document)[:1500]}" if wrong else None


def doctor(lab):
    """What `doctor` says of three ways to ask: one that is well, one without an answer, one with other keys. None, or what is wrong."""
    other = lab.where["state"].with_name("other-anchor")
    text = lab.where["anchor"].read_text(encoding="ascii").strip().splitlines()[-1]
    # The same digest with another digit, in whatever case it was, is another key's.
    swapped = text[:-8] + ("1" if text[-8] != "1" else "2") + text[-7:]
    other.write_text(swapped + "\n", encoding="ascii")
    wrong = []
    for resolver, anchor, verdict, words in ((lab.where["resolver"], lab.where["anchor"], "pass", "validate"),
                                             (SILENT, lab.where["anchor"], "warn", "no answer from"),
                                             (lab.where["resolver"], other, "warn", "do not validate")):
        done = subprocess.run([lab.program, "doctor", "--json", "--set", f"policy.forward_to=[{resolver}]", "--set", f"policy.trust_anchor={anchor}"],
                              capture_output=True, text=True, check=False)
        said = [(r["verdict"], r["what"]) for r in json.loads(done.stdout)["results"] if r["check"] == "dnssec"]
        if not any(v == verdict and words in what for v, what in said):
            wrong.append(f"{resolver} with {anchor.name}: {said} {done.stderr}")
    return f"doctor: {'; '.join(wrong)}" if wrong else None


def main():
    if "--inside" not in sys.argv:
        return enter()
    sys.argv.remove("--inside")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    import cases  # pylint: disable=import-outside-toplevel
    import story  # pylint: disable=import-outside-toplevel
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    lab = Lab(sys.argv[1], set_up())
    rows = {n: w for n, w in cases.ROWS.items() if (not only or n == only) and ("--all" in sys.argv or n not in cases.SLOW)}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda item: lab.row(*item), rows.items()))
    if not only:
        results += story.tell(lab)
    if only in ("", "doctor"):
        results.append(doctor(lab))
    if not only and len(sys.argv) > 2 and not sys.argv[2].startswith("-"):
        results.append(story.measure(sys.argv[2], lab))
    for wrong in filter(None, results):
        print("wrong:", wrong)
    failed = sum(1 for r in results if r)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
