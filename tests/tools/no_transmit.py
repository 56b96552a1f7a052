#!/usr/bin/env python3
"""We never transmit (P1), as far as a linker and a compiler can prove it.

    no_transmit.py ROOT PROGRAM [CC]      exits 1 with what was found; 77 where nm or the compiler is missing

1. The program wants no symbol that sends on a port: none of DPDK's, none of libpcap's.
2. hw/dpdk/no_transmit.h bites: what sends does not compile after it, what receives does.
3. Every file that includes DPDK's headers includes it, last.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SENDS = re.compile(r"(rte_eth_tx_|rte_event_eth_tx|tx_pkt_burst|rte_pdump|pcap_inject|pcap_sendpacket|pcap_sendqueue|libnet_)")
# Some drivers refuse to be without a transmit queue: they are given one, and nobody feeds it (hw/dpdk/port.c).
MADE_ONLY = {"rte_eth_tx_queue_setup"}
POISONED = ["rte_eth_tx_burst(0, 0, m, 1)", "rte_eth_tx_prepare(0, 0, m, 1)", "rte_eth_tx_buffer(0, 0, 0, m[0])",
            "rte_eth_tx_buffer_flush(0, 0, 0)", "rte_eth_fp_ops[0].tx_pkt_burst(0, m, 1)", "rte_eth_dev_tx_queue_start(0, 0)"]
HARMLESS = "rte_eth_rx_burst(0, 0, m, 1)"
SOURCE = """#include <rte_ethdev.h>
#include "hw/dpdk/no_transmit.h"
unsigned f(struct rte_mbuf **m);
unsigned f(struct rte_mbuf **m) {{ return (unsigned){call}; }}
"""


def symbols(program):
    """Every symbol of a program, wanted or its own, without version and compiler's suffix."""
    names = set()
    for option in ("-u", "-D"), ("--defined-only",):
        told = subprocess.run(["nm", *option, program], capture_output=True, text=True, check=False).stdout
        names |= {line.split()[-1].split("@")[0].split(".")[0] for line in told.splitlines() if line.strip()}
    return names


def check_program(program):
    names = symbols(program)
    if len(names) < 100:
        yield f"{program}: nm tells only {len(names)} symbols"
    yield from (f"{program}: has {n}" for n in sorted(names) if SENDS.match(n) and n not in MADE_ONLY)


def compiles(root, compiler, flags, call):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SOURCE.format(call=call))
        told = subprocess.run([*compiler, *flags, f"-I{root}", "-D_GNU_SOURCE", "-fsyntax-only", path], capture_output=True, text=True, check=False)
        return told.returncode == 0, told.stderr


def check_poison(root, compiler, flags):
    good, errors = compiles(root, compiler, flags, HARMLESS)
    if not good:
        yield f"receiving does not compile, so the rest proves nothing: {errors[:400]}"
    for call in POISONED:
        good, errors = compiles(root, compiler, flags, call)
        if good or "poisoned" not in errors:
            yield f"{call} compiles after no_transmit.h"


def check_includes(root):
    places = [os.path.join("hw", "dpdk", f) for f in sorted(os.listdir(os.path.join(root, "hw", "dpdk")))]
    for path in places + [os.path.join("capture", "source", "dpdk.c")]:
        if not path.endswith((".c", ".h")):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as f:
            text = f.read()
        included = re.findall(r'^#include ["<]([^">]+)[">]', text, re.M)
        sees = any(re.match(r"rte_(eth|flow|mbuf|dev|event|pdump)", name) for name in included)
        if sees and included[-1] != "hw/dpdk/no_transmit.h":
            yield f"{path}: includes DPDK's headers, and hw/dpdk/no_transmit.h is not its last include"


def main():
    root, program = sys.argv[1:3]
    compiler = sys.argv[3:] or ["cc"]
    if not shutil.which("nm"):
        print("no_transmit: there is no nm here")
        return 77
    faults = [*check_program(program), *check_includes(root)]
    flags = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=False)
    if flags.returncode == 0 and shutil.which(compiler[-1]):
        faults += check_poison(root, compiler, flags.stdout.split())
    else:
        print("no_transmit: without DPDK's headers only symbols and includes were looked at")
    print("\n".join(faults) if faults else f"{len(symbols(program))} symbols, none sends; {len(POISONED)} calls do not compile")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
