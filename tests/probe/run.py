#!/usr/bin/env python3
"""`postwacht probe` against servers on loopback: what it says of each, how long it takes, and what it never does.

    run.py PROGRAM
"""

import hashlib
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import servers
from servers import NAME, Server, at_starttls, says

SECONDS = 2  # limit of those who never answer


class Run:
    """One state directory each, so that runs do not wait for each other."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def probe(self, host, *options, state=None, settings=()):
        state = state or tempfile.mkdtemp(dir=self.folder)
        command = [self.program, "probe", host, "--state", state, "--set", "policy.probe=on",
                   "--set", "policy.probe_ehlo=sensor.example", "--set", "policy.trust_store=none"]
        for setting in settings:
            command += ["--set", setting]
        began = time.monotonic()
        done = subprocess.run(command + list(options), capture_output=True, text=True, timeout=60)
        done.took = time.monotonic() - began
        return done

    def own(self, server, *options, **more):
        """As a host of our own: within the default scope."""
        inventory = f"inventory.own_mx=[{{name: {NAME}, addresses: [127.0.0.1], port: {server.port}}}]"
        return self.probe(f"{NAME}:{server.port}", *options, settings=[inventory, *more.pop("settings", ())], **more)


def check(what, good, shown=""):
    print(("ok    " if good else "WRONG ") + what + ("" if good else f"\n{shown}"))
    return 0 if good else 1


# name, behaviour, outcome, where, something in the text
HOSTILE = [
    ("never answers", says(b""), "timeout", "greeting", "did not answer in time"),
    ("drips", servers.drip, "timeout", "greeting", "did not answer in time"),
    ("endless banner", servers.endless, "too_much", "greeting", "no end"),
    ("huge line", servers.huge_line, "too_much", "greeting", "no end"),
    ("garbage", says(b"\x00\x01\x02 not smtp\r\n"), "not_smtp", "greeting", "no SMTP reply"),
    ("another protocol", says(b"SSH-2.0-OpenSSH_9.2\r\n"), "not_smtp", "greeting", "no SMTP reply"),
    ("closes at once", lambda c, s: None, "closed", "greeting", "closed the connection"),
    ("refuses", says(b"554 no\r\n"), "refused", "greeting", "refuses to talk"),
    ("garbage after 220", says(b"220 hello\r\n\xff\xfe\r\n"), "not_smtp", "EHLO", "no SMTP reply"),
    ("no offer", says(b"220 a\r\n250-mx\r\n250 SIZE\r\n221 bye\r\n"), "not_offered", "EHLO", "STARTTLS is not offered"),
    ("454", at_starttls(b"454 TLS not available\r\n"), "starttls_refused", "STARTTLS", "refuses it"),
    ("no TLS behind 220", at_starttls(b"220 go\r\n", lambda c, s: c.sendall(b"500 what\r\n")), "tls_failed", "TLS handshake",
     "handshake failed"),
    ("silence behind 220", at_starttls(b"220 go\r\n", lambda c, s: time.sleep(SECONDS + 1)), "timeout", "TLS handshake",
     "did not answer in time"),
    ("injection", at_starttls(b"220 go\r\n250 injected\r\n", servers.handshake), "done", "QUIT", "14 octets stood behind"),
    ("silent inside TLS", at_starttls(b"220 go\r\n", servers.silent_inside), "timeout", "EHLO inside TLS", "did not answer"),
]


def hostile(run, files, results):
    """All at the same time: those who never answer take their limit each."""
    def one(row):
        name, talk, outcome, where, text = row
        server = Server(talk, files)
        told = run.own(server, "--json", "--seconds", str(SECONDS))
        for_people = run.own(server, "--seconds", str(SECONDS))
        seen = json.loads(told.stdout or "{}")
        good = (seen.get("outcome"), seen.get("where")) == (outcome, where) and text in for_people.stdout
        good &= told.took < SECONDS + 3 and "not what any session" in told.stdout
        good &= not any(line.upper().startswith(("MAIL", "RCPT", "DATA")) for line in server.heard)
        results.append((name, good, f"{told.took:.1f} s\n{told.stdout}{told.stderr}{for_people.stdout}"))
    threads = [threading.Thread(target=one, args=(row,)) for row in HOSTILE]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def behaved(run, files, spki):
    wrong = 0
    for version, words in ((None, "TLS 1.3"), (ssl.TLSVersion.TLSv1_2, "TLS 1.2")):
        server = Server(servers.good, files, version)
        told = run.own(server, "--json")
        seen = json.loads(told.stdout)
        wrong += check(f"{words}: outcome", told.returncode == 0 and seen["outcome"] == "done", told.stdout + told.stderr)
        wrong += check(f"{words}: version and suite", seen["tls"]["version"] == words and seen["tls"]["cipher"].startswith("TLS_"),
                       told.stdout)
        leaf = seen["tls"]["chain"][0]
        wrong += check(f"{words}: the leaf", leaf["subject"] == "CN=" + NAME and leaf["spki_sha256"] == spki, told.stdout)
        wrong += check(f"{words}: the dialogue, and no more", server.heard ==
                       ["EHLO sensor.example", "STARTTLS", "EHLO sensor.example", "QUIT"], server.heard)
        wrong += check(f"{words}: DANE of another port is not asked", seen["dane"] == "not_applicable", told.stdout)
    trusted = run.own(Server(servers.good, files), settings=[f"policy.trust_store={files[0]}",
                      "inventory.partners=[{domain: partner.example, level: verify, owner: the desk, note: call first}]"])
    wrong += check("PKIX and the partner", "path trusted by cert.pem" in trusted.stdout and "names match" in trusted.stdout
                   and "agreed: verify, kept; ask the desk; call first" in trusted.stdout, trusted.stdout)
    wrong += check("for people", "STARTTLS                           220 go ahead\n" in trusted.stdout and
                   "not what any session was given" in trusted.stdout, trusted.stdout)
    other = run.own(Server(servers.good, files), settings=["inventory.partners=[{domain: partner.example, level: verify}]"])
    wrong += check("a partner who must be verified, and is not", "agreed: verify, not kept" in other.stdout, other.stdout)
    return wrong


def snapshot(records):
    """A policy cache that has the host."""
    return {"version": 1, "as_of": "2026-11-23T20:00:00Z", "domains": {"partner.example": {"mx": {
        "dnssec": "secure", "ttl": 3600, "hosts": [{"name": NAME, "preference": 10,
            "addresses": {"dnssec": "secure", "ttl": 300, "list": [PORT_25]},
            "tlsa": {"dnssec": "secure", "ttl": 3600, "base": NAME, "records": records}}]}}}}


PORT_25 = "127.25.25.25"


def beside_dane(run, files, spki):
    """DANE is about port 25, which not everybody may open."""
    try:
        server = Server(servers.good, files, address=(PORT_25, 25))
    except OSError as e:
        print(f"skip  DANE, and what is kept: {e}")
        return 0
    wrong = 0
    for words, records, want in (("match", ["3 1 1 " + spki], "match"), ("mismatch", ["3 1 1 " + "00" * 32], "mismatch"),
                                 ("nothing usable", ["1 1 1 " + spki], "unusable"), ("no records", [], "none")):
        state = pathlib.Path(tempfile.mkdtemp(dir=run.folder))
        (state / "policy.json").write_text(json.dumps(snapshot(records)))
        inventory = f"inventory.own_mx=[{{name: {NAME}, addresses: [{PORT_25}]}}]"
        told = run.probe(PORT_25, "--json", state=str(state), settings=[inventory])
        wrong += check(f"DANE, {words}: an address has no name to look up", json.loads(told.stdout)["dane"] == "unknown", told.stdout)
        (state / "probes").unlink()
        told = run.probe(NAME, "--json", state=str(state), settings=[inventory, "policy.probe_scope=own_mx"])
        seen = json.loads(told.stdout or "{}")
        kept = json.loads((state / "policy.json").read_text())["domains"]["partner.example"]["mx"]["hosts"][0].get("probe", {})
        wrong += check(f"DANE, {words}", seen.get("dane") == want, told.stdout + told.stderr)
        wrong += check(f"DANE, {words}: kept beside the host", seen.get("kept") and kept.get("dane") == want and kept.get("tls") and
                       kept.get("starttls") and kept.get("address") == PORT_25 and kept.get("spki_sha256") == spki, kept)
    return wrong


def refusals(run, files):
    server = Server(servers.good, files)
    host = f"127.0.0.1:{server.port}"
    wrong = 0
    off = run.probe(host, settings=["policy.probe=off"])
    wrong += check("off by default", off.returncode == 2 and "policy.probe: on" in off.stderr, off.stderr)
    scope = run.probe(host)
    wrong += check("out of scope", scope.returncode == 2 and "policy.probe_scope" in scope.stderr, scope.stderr)
    only = run.own(server, settings=["policy.probe_scope=partners"])
    wrong += check("our own, where only partners may be", only.returncode == 2, only.stderr)
    for word in ("a b", "mx.example:0", "mx.example:65536", "[::1", "", "localhost"):
        wrong += check(f"no host: {word!r}", run.probe(word, settings=["policy.probe_scope=any"]).returncode == 2)
    wrong += check("nobody was asked", server.n == 0, server.n)
    state = tempfile.mkdtemp(dir=run.folder)
    first, second = (run.probe(host, state=state, settings=["policy.probe_scope=any"]) for _ in range(2))
    wrong += check("once", first.returncode == 0 and server.n == 1, first.stderr)
    wrong += check("not again within ten minutes", second.returncode == 1 and "it may be again at" in second.stderr and
                   server.n == 1, second.stderr)
    name = run.own(server, state=state)
    wrong += check("nor by another name", name.returncode == 1 and server.n == 1, name.stderr)
    slow = Server(says(b""))
    threading.Thread(target=run.own, args=(slow, "--seconds", "3"), kwargs={"state": state2(run)}, daemon=True).start()
    while slow.n == 0:
        time.sleep(0.05)
    busy = run.own(server, state=run.busy)
    wrong += check("one at a time", busy.returncode == 1 and "another probe is going on" in busy.stderr, busy.stderr)
    return wrong


def state2(run):
    run.busy = tempfile.mkdtemp(dir=run.folder)
    return run.busy


def main():
    run = Run(sys.argv[1], tempfile.mkdtemp(prefix="postwacht-probe-"))
    folder = pathlib.Path(run.folder)
    files = servers.certificate(folder)
    public = subprocess.run(["openssl", "x509", "-in", files[0], "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
    results = []
    hostile(run, files, results)
    wrong = sum(check(*r) for r in results)
    wrong += behaved(run, files, hashlib.sha256(der).hexdigest())
    wrong += beside_dane(run, files, hashlib.sha256(der).hexdigest())
    wrong += refusals(run, files)
    subprocess.run(["rm", "-rf", run.folder], check=True)
    return 1 if wrong else 0


sys.exit(main())
