#!/usr/bin/env python3
"""Reads every capture of a corpus twice, with postwacht and with tshark, and compares TLS connection by connection.

    tshark.py [--jobs N] [--verbose] PROGRAM [CORPUS]      CORPUS: default ../shared/corpus beside the repository

Version, suite, SNI and the leaf's SHA-256 of every connection in which tshark sees a ServerHello must be ours. What only we
see is counted, not judged: tshark tells TLS by port. Tunnels and damaged files are left out. Rows of disputed_tshark.tsv
beside this file say where tshark is wrong, with the reason. Exit 77 where there is no tshark or no corpus.
The last line is `N passed, N failed, N skipped`: one test for each connection.
"""
import argparse
import concurrent.futures
import csv
import hashlib
import ipaddress
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402 pylint: disable=wrong-import-position
import tls  # noqa: E402 pylint: disable=wrong-import-position

SKIP = 77
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = "1", "2", "11"
FIELDS = ["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "tls.handshake.type",
          "tls.handshake.version", "tls.handshake.extensions.supported_version", "tls.handshake.ciphersuite",
          "tls.handshake.extensions_server_name", "tls.handshake.certificate"]
OPTIONS = ["-o", "tcp.check_checksum:FALSE", "-o", "tcp.desegment_tcp_streams:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE",
           "-o", "tls.desegment_ssl_records:TRUE"]
VERSIONS = {0x0002: "SSLv2", 0x0300: "SSLv3", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}


class Connection:
    """What tshark sees of one TCP stream."""

    def __init__(self, ends):
        self.client, self.server = ends
        self.sni = self.version = self.suite = self.leaf = None

    def hello(self, kinds, row):
        """A frame of its handshake."""
        sender = end(row, "src")
        if CLIENT_HELLO in kinds:
            self.client, self.server = sender, end(row, "dst")
            self.sni = row["tls.handshake.extensions_server_name"].split(",")[0] or self.sni
        if SERVER_HELLO in kinds and row["tls.handshake.ciphersuite"]:  # not of SSLv2
            chosen = row["tls.handshake.extensions.supported_version"] or row["tls.handshake.version"]
            self.version, self.suite = int(chosen.split(",")[-1], 16), int(row["tls.handshake.ciphersuite"].split(",")[-1], 16)
            self.server, self.client = sender, end(row, "dst")
        if CERTIFICATE in kinds and sender == self.server and not self.leaf and row["tls.handshake.certificate"]:
            der = bytes.fromhex(row["tls.handshake.certificate"].split(",")[0].replace(":", ""))
            self.leaf = hashlib.sha256(der).hexdigest()


def end(row, which):
    """Address and port of one end; of several addresses the innermost."""
    address = (row[f"ip.{which}"] or row[f"ipv6.{which}"]).split(",")[-1]
    return ipaddress.ip_address(address).exploded, int(row[f"tcp.{which}port"].split(",")[-1])


def streams(path):
    """The connections that tshark sees, with a ServerHello."""
    command = ["tshark", "-r", path, *OPTIONS, "-Y", "tls.handshake.type in {1,2,11}", "-T", "fields", "-E", "separator=/t", "-E",
               "aggregator=,", "-E", "occurrence=a", *(x for f in FIELDS for x in ("-e", f))]
    done = subprocess.run(command, capture_output=True, timeout=run.SECONDS_MAX, check=False, text=True, errors="replace")
    found = {}
    for row in csv.DictReader(done.stdout.splitlines(), FIELDS, delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["tcp.stream"] and row["tls.handshake.type"] and (row["ip.src"] or row["ipv6.src"]):
            stream = row["tcp.stream"].split(",")[-1]
            found.setdefault(stream, Connection((end(row, "src"), end(row, "dst")))).hello(row["tls.handshake.type"].split(","), row)
    return {s: c for s, c in found.items() if c.version is not None}


def ours_of(record):
    """Both ends of a record."""
    return {(ipaddress.ip_address(record[f"{w}_ip"]).exploded, record[f"{w}_port"]) for w in ("src", "dest")}


def differing(record, theirs, suites):
    """(what, ours, tshark's) of one connection."""
    told, cert = record.get("tls", {}), record["smtp_tls"]["tls"].get("cert", {})
    facts = [("version", told.get("version"), VERSIONS.get(theirs.version, f"0x{theirs.version:04x}")),
             ("suite", record["smtp_tls"]["tls"].get("cipher"), suites.get(theirs.suite, f"0x{theirs.suite:04x}")),
             ("sni", told.get("sni"), theirs.sni)]
    if theirs.leaf and cert.get("source") != "keylog":
        facts.append(("leaf", cert.get("sha256"), theirs.leaf))
    return [f for f in facts if f[1] != f[2]]


def judge(program, path, suites):
    """(stream, what differs or None) of the connections of one file, and how many only we see."""
    theirs = streams(path)
    records = tls.connections(program, path)
    outcome = []
    for stream, connection in theirs.items():
        same = [r for r in records if ours_of(r) == {connection.client, connection.server}]
        closest = min((differing(r, connection, suites) for r in same), key=len, default=[("record", None, connection.client)])
        outcome.append((stream, closest))
    seen = [{c.client, c.server} for c in theirs.values()]
    return outcome, sum("cipher" in r["smtp_tls"]["tls"] and ours_of(r) not in seen for r in records)


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description="compares TLS with tshark's dissection, connection by connection")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path, nargs="?", default=run.DEFAULT)
    return parser.parse_args()


def wanted(row):
    """Files that both can read."""
    tags = {tag.partition("=")[0] for tag in row["tags"].split(",")}
    return row["format"] in run.FORMATS and not tags & (tls.TUNNELS | set(run.DAMAGE))


def main():
    args = arguments()
    files = [row for row in run.table(args.corpus / "manifest.tsv") if wanted(row)]
    if not files or not shutil.which("tshark"):
        print(f"tshark: {'not installed' if files else 'no corpus'}, nothing was tested\n0 passed, 0 failed, 1 skipped")
        return SKIP
    suites = {int(row["value"], 16): row["name"] for row in run.table(args.corpus.parent / "reference" / "tls-suites.tsv")}
    disputed = {(d["file"], d["stream"], d["field"]) for d in run.table(run.HERE / "disputed_tshark.tsv")}
    passed = failed = only_ours = 0

    def one(row):
        try:
            return judge(str(args.program.resolve()), args.corpus / row["file"], suites)
        except (ValueError, OSError, subprocess.TimeoutExpired) as e:
            return [("-", [("read", str(e), None)])], 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for row, (outcome, more) in zip(files, pool.map(one, files)):
            only_ours += more
            for stream, differs in outcome:
                differs = [d for d in differs if (row["file"], stream, d[0]) not in disputed]
                passed, failed = passed + (not differs), failed + bool(differs)
                if differs or args.verbose:
                    words = "; ".join(f"{what}: {ours}, tshark {theirs}" for what, ours, theirs in differs)
                    print(f"{'FAILED' if differs else 'ok'} {row['file']} stream {stream}: {words}")
    print(f"seen by us alone: {only_ours}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
