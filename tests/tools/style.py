#!/usr/bin/env python3
"""The rules of the house that a machine can check: layers, lengths, who may spell what, spelling.

    style.py ROOT        prints every breach and exits 1 when there is one
"""
import os
import re
import subprocess
import sys

LAYERS = ["hw", "capture", "dissect", "alerts", "configs", "cli"]  # a layer includes only itself and what stands before it
SPELLED_ONLY_IN = {
    r"\brte_": ("hw/dpdk/", "capture/source/dpdk.c"),
    r"\bpcap_[a-z]+\(": ("capture/source/pcap.c", "tests/bench/bare.c"),
    r"\bub_[a-z]": ("alerts/expect/resolver.c",),
    r"\bndpi_": ("dissect/classify/ndpi.c",),
}
LINES_MAX = 500
COLUMNS_MAX = 140


def sources(root):
    """All C files of the product and its tests, relative to the root."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "*.c", "*.h"], capture_output=True, text=True, check=False).stdout
    return [f for f in listed.split() if os.path.exists(os.path.join(root, f))]


def check_file(root, path):
    """Breaches of one file."""
    with open(os.path.join(root, path), encoding="utf-8") as f:
        lines = f.read().split("\n")
    layer = path.split("/")[0]
    if len(lines) > LINES_MAX:
        yield f"{path}: {len(lines)} lines, {LINES_MAX} at most"
    if not lines[0].startswith("//"):
        yield f"{path}: the first line does not say what the file is for"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end"
        if layer != "tests" and len(line.expandtabs(4)) > COLUMNS_MAX:  # a row of a test table may be wide
            yield f"{path}:{number}: wider than {COLUMNS_MAX} columns"
        included = re.match(r'#include "([a-z]+)/', line)
        if included and layer in LAYERS and included[1] in LAYERS and LAYERS.index(included[1]) > LAYERS.index(layer):
            yield f"{path}:{number}: {layer} includes {included[1]}, which stands above it"
        if layer == "tests":
            continue
        for spelled, places in SPELLED_ONLY_IN.items():
            if re.search(spelled, line) and not path.startswith(places):
                yield f"{path}:{number}: {spelled.strip(chr(92) + 'b')} is spelled only in {', '.join(places)}"


def main():
    root = sys.argv[1]
    breaches = [b for path in sources(root) for b in check_file(root, path)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
