#!/usr/bin/env python3
"""The long proofs of `./check --full`: attacks at their real sizes, and every fuzz target for a while.

    tests/tools/full.py [SECONDS]     of fuzzing in all (300)

Builds what it needs in build-full-* beside this tree: an optimised build without sanitizers for the attacks and for ten
minutes of overload (a sanitizer's shadow is no part of the memory cap), and clang's libFuzzer with sanitizers. What fuzzing finds stays in
build-full-fuzz/found-*, its corpora in build-full-fuzz/corpus-*.
The last line: N passed, N failed.
"""
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = re.compile(r"^\s*\['(\w+)', 'fuzz_\w+\.c'")
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed", re.MULTILINE)
FUZZ = {"env": {"CC": "clang"}, "options": ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"]}
PLAIN = {"env": {}, "options": ["-Dbuildtype=release", "-Db_ndebug=false", "-Dbench=true"]}
BENCH = "tests/bench/"
OVERLOAD_S = 600
FLOWS = 4000000
KILLS = 10000
POWER_CUTS = 200
LIMITS = [["limits", "--large"], ["remembered", "250000"], ["storm", "1000000"], ["sweep"]]  # programs of tests/limits and their real sizes
SLOWEST_S = 60  # one input: far more than any needs, and less than an endless loop


def build(name, how, targets):
    directory = os.path.join(ROOT, "build-full-" + name)
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        subprocess.run(["meson", "setup", directory, *how["options"]], cwd=ROOT, env={**os.environ, **how["env"]},
                       stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["ninja", "-C", directory, *targets], stdout=subprocess.DEVNULL, check=True)
    return directory


def counted(command):
    """Runs a program whose last line says how many passed. Its output is shown."""
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    print(run.stdout, end="", flush=True)
    found = COUNTS.findall(run.stdout)
    if not found:
        return 0, 1
    passed, failed = map(int, found[-1])
    return passed, failed if run.returncode == 0 else max(failed, 1)


def limits():
    directory = build("plain", PLAIN, ["tests/limits/" + program[0] for program in LIMITS])
    results = [counted([os.path.join(directory, "tests", "limits", program), *arguments]) for program, *arguments in LIMITS]
    return sum(passed for passed, _ in results), sum(failed for _, failed in results)


def sensor():
    """The running sensor: every scenario by itself through DPDK and libpcap, and minutes of more than it takes."""
    program = os.path.join(build("plain", PLAIN, ["cli/postwacht"]), "cli", "postwacht")
    tests = os.path.join(ROOT, "tests", "live")
    results = [counted([os.path.join(tests, "p12.py"), "--each", program]),
               counted([os.path.join(tests, "loss.py"), "--seconds", str(OVERLOAD_S), program])]
    return sum(passed for passed, _ in results), sum(failed for _, failed in results)


def live():
    """The engine with more than it takes, and with millions of connections."""
    directory = build("plain", PLAIN, [BENCH + "bench_live", BENCH + "generate"])
    results = []
    for profile, mib, arguments in (("short", 30, ["--overload", str(OVERLOAD_S)]), ("mixed", 60, ["--flows", str(FLOWS)])):
        capture = os.path.join(directory, profile + ".pcap")
        subprocess.run([os.path.join(directory, BENCH, "generate"), profile, str(mib), "1", capture], stdout=subprocess.DEVNULL, check=True)
        results.append(counted([os.path.join(directory, BENCH, "bench_live"), *arguments, capture]))
        os.remove(capture)
    return sum(passed for passed, _ in results), sum(failed for _, failed in results)


def outbox():
    """Its writer killed at thousands of moments, on a disk and in memory, and the power cut under it."""
    directory = build("plain", PLAIN, ["tests/delivery/outbox_kill", "tests/delivery/outbox_disk"])
    tests = os.path.join(directory, "tests", "delivery")
    results = [counted([os.path.join(tests, "outbox_kill"), str(KILLS), place]) for place in ("/tmp", "/dev/shm")]
    if os.geteuid() == 0:
        results.append(counted([os.path.join(tests, "outbox_disk"), str(POWER_CUTS)]))
    return sum(passed for passed, _ in results), sum(failed for _, failed in results)


def delivery():
    """Every octet of a log and of an outbox, changed and cut."""
    directory = build("plain", PLAIN, ["cli/postwacht", "tests/delivery/chained"])
    return counted([os.path.join(ROOT, "tests/delivery/verify.py"), "--full", os.path.join(directory, "cli/postwacht"),
                    os.path.join(directory, "tests/delivery/chained")])


def fuzz_targets():
    with open(os.path.join(ROOT, "tests/fuzz/meson.build"), encoding="utf-8") as lines:
        return [m.group(1) for m in map(TARGET.match, lines) if m]


def fuzz_one(directory, name, seconds):
    """True when nothing was found. A crash, a leak, an endless loop or too much memory leaves its input behind."""
    corpus, found = (os.path.join(directory, kind + name) for kind in ("corpus-", "found-"))
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    began = time.monotonic()
    run = subprocess.run(
        [os.path.join(directory, "tests/fuzz/fuzz_" + name), f"-max_total_time={seconds}", f"-timeout={SLOWEST_S}",
         f"-artifact_prefix={found}/", "-print_final_stats=1", "-max_len=16384", corpus, os.path.join(ROOT, "tests/fuzz/seeds", name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    executed = re.search(r"number_of_executed_units: (\d+)", run.stdout)
    ok = run.returncode == 0 and executed is not None
    print(f"{'ok  ' if ok else 'FAIL'} fuzz {name}: {executed.group(1) if executed else '?'} inputs in {time.monotonic() - began:.0f} s",
          flush=True)
    if not ok:
        print(run.stdout[-6000:], flush=True)
    return ok


def fuzz(seconds):
    names = fuzz_targets()
    if not names:
        print("FAIL no fuzz targets found")
        return 0, 1
    directory = build("fuzz", FUZZ, ["tests/fuzz/fuzz_" + name for name in names])
    results = [fuzz_one(directory, name, max(1, seconds // len(names))) for name in names]
    return sum(results), len(results) - sum(results)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    passed = failed = 0
    for step in (limits, sensor, live, outbox, delivery, lambda: fuzz(seconds)):
        try:
            p, f = step()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"FAIL {error}", flush=True)
            p, f = 0, 1
        passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
