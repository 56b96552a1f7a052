#!/usr/bin/env python3
"""The rules of the house that a machine can check: layers, lengths, who may spell what, spelling.

    style.py ROOT        prints every breach and exits 1 when there is one; 77 where no list of files can be had
"""
import os
import re
import shutil
import subprocess
import sys

LAYERS = ["hw", "capture", "dissect", "alerts", "configs", "cli"]  # a layer includes only itself and what stands before it
SPELLED_ONLY_IN = {
    r"\brte_": ("hw/dpdk/", "capture/source/dpdk.c"),
    r"\bpcap_[a-z]+\(": ("capture/source/pcap.c", "tests/bench/bare.c"),
    r"\bub_[a-z]": ("alerts/expect/resolver.c",),
    r"\brd_kafka_": ("alerts/sink/kafka.c",),
    r"\bMHD_": ("cli/metrics",),
    r"\bndpi_": ("dissect/classify/ndpi.c",),
}
LINES_MAX = 500
COLUMNS_MAX = 140
WORDS = ["*.c", "*.h", "*.inc", "*.md", "*.py", "*.yaml", "*.scd", "meson.build", "*/meson.build", "check", "demo"]
NO_MISTAKES = "stript,nam,gost"  # typed wrongly on purpose, in tests of what is suggested then; and a cipher


def listed(root, patterns):
    """Files of the repository, relative to the root. Whoever owns the tree: git refuses trees of others."""
    git = ["git", "-c", f"safe.directory={os.path.realpath(root)}", "-C", root, "ls-files", *patterns]
    names = subprocess.run(git, capture_output=True, text=True, check=False).stdout if shutil.which("git") else ""
    return [f for f in names.split() if os.path.exists(os.path.join(root, f))]


def misspelt(root):
    """What codespell, where it is installed, takes for a mistake."""
    if not shutil.which("codespell"):
        return []
    told = subprocess.run(["codespell", "-L", NO_MISTAKES, *listed(root, WORDS)], cwd=root, capture_output=True, text=True, check=False)
    return told.stdout.splitlines()


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
    sources = listed(root, ["*.c", "*.h"])
    if not sources:
        print("style: git lists no files here")
        return 77
    breaches = [b for path in sources for b in check_file(root, path)] + misspelt(root)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
