#!/usr/bin/env python3
"""The sink that is a file, and standard output: killed at any point, on a full disk, on one that turns read-only.

    file.py SINKDRIVE [KILLS]        60 kills without a number

The last line: N passed, N failed(, N skipped). The disks are in a mount namespace of its own; without the rights for one that part is skipped.
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import threading

import records
from syslog_kit import Driver, attempt, expect, lines, run

PROGRAM = os.path.abspath(sys.argv[1])
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 60


def stamped(n):
    """Records of two lanes with their stamps: lane, number, line."""
    row, out = records.Row(), []
    for i in range(n):
        lane = records.SESSIONS if i % 7 else records.ALERTS
        line = row.stamp(b'{"event_type":"%s","fill":"%s","smtp_tls":{"v":1}}' % ((b"alert", b"smtp")[lane], b"x" * (i * 37 % 1500)))
        out.append((lane, row.seq[lane], line))
    return out


def newest(path, **settings):
    told = run(PROGRAM, "file", [b"!newest"], path=path, **settings).told
    found = [re.fullmatch(r"newest (alerts|sessions) (?:(\d+) (\d+)|unknown)", line) for line in told]
    return [int(f[3] or 0) for f in found if f]


def all_lines(folder, name="eve.json"):
    names = sorted((f for f in os.listdir(folder) if f.startswith(name)), key=lambda f: -int(f.rsplit(".", 1)[1]) if f[-1].isdigit() else 1)
    return [line for f in names for line in open(os.path.join(folder, f), "rb").read().split(b"\n")[:-1]]


def size_of(path):
    """0: there is none."""
    return os.stat(path).st_size if os.path.exists(path) else 0


def kill_while_it_writes(driver, path, before, seconds):
    """So long after something was written; a program that is slow to start would be killed before it writes, each time."""
    while driver.process.poll() is None and size_of(path) == before:
        time.sleep(0.001)
    time.sleep(seconds)
    driver.process.kill()


def killed(folder, **settings):
    """Killed again and again while it writes; each time it goes on behind what is in the file. Nothing is lost, nothing is there twice."""
    path, rows, rng, n = os.path.join(folder, "eve.json"), stamped(500 * KILLS), random.Random(8), 0
    while True:
        there = newest(path, **settings)
        expect(len(there) == 2, there)
        rest = [line for lane, seq, line in rows if seq > there[lane]]
        pace = {"batch": rng.choice((1, 7, 30)), "wait_ms": rng.choice((1, 2, 5))} if n < KILLS else {}
        before = size_of(path)
        driver = Driver(PROGRAM, "file", path=path, **pace, **settings)
        if n < KILLS:
            threading.Thread(target=kill_while_it_writes, args=(driver, path, before, rng.uniform(0, 0.08)), daemon=True).start()
        driver.messages = rest
        try:
            driver.end()
        except BrokenPipeError:
            driver.process.wait()
        n += driver.process.returncode == -9
        if driver.process.returncode != -9 and (n >= KILLS or not pace or driver.process.returncode == 0):
            expect(n > KILLS / 2, f"only {n} kills")
            return all_lines(folder), [line for _, _, line in rows]


def check_killed():
    with tempfile.TemporaryDirectory() as folder:
        got, wanted = killed(folder)
        expect(got == wanted, f"{len(got)} lines of {len(wanted)}, {len(set(got))} different")


def check_killed_while_rotating():
    with tempfile.TemporaryDirectory() as folder:
        got, wanted = killed(folder, rotate_mib=1, rotate_keep=99)
        expect(len(os.listdir(folder)) > 5, os.listdir(folder))
        expect(got == wanted, f"{len(got)} lines of {len(wanted)}, {len(set(got))} different")


def check_standard_output_closed():
    driver = Driver(PROGRAM, "stdout", lines(1, 5000, 200))
    driver.process.stdout.close()
    driver.process.stdout = None
    driver.end()
    expect(driver.status == 1 and "standard output: Broken pipe" in driver.trouble[0], driver.told)


# ---- disks -------------------------------------------------------------------------------------------------------

def in_namespace(name):
    """Runs one of the functions below in a mount namespace of its own, as root of it."""
    process = subprocess.run(["unshare", "-m", sys.executable, os.path.abspath(__file__), PROGRAM, "--inside", name],
                             capture_output=True, text=True, check=False)
    expect(process.returncode == 0, process.stdout[-500:], process.stderr[-1500:])


def mount(folder, *options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], check=True)


def full_disk(folder):
    """ENOSPC in the middle of a batch: whole lines stay, and it goes on when there is room again."""
    mount(folder, "-o", "size=1m")
    path, wanted = os.path.join(folder, "eve.json"), lines(1, 2500, 500)
    driver = Driver(PROGRAM, "file", wanted, path=path, batch=300, tries=100, pause_ms=100)
    there = []

    def more_room():
        driver.says("No space left")
        with open(path, "rb") as f:
            there.append(f.read())
        subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)

    threading.Thread(target=more_room, daemon=True).start()
    driver.end()
    expect(driver.status == 0 and any("No space left" in t for t in driver.trouble), driver.told)
    expect(all_lines(folder) == wanted, len(all_lines(folder)))
    n = there[0].count(b"\n")
    expect(0 < n < len(wanted) and there[0] == b"".join(w + b"\n" for w in wanted[:n]), "not whole lines")


def read_only_disk(folder):
    """A disk that turned read-only is trouble; when it can be written again, it goes on."""
    mount(folder, "-o", "size=8m")
    path = os.path.join(folder, "eve.json")
    run(PROGRAM, "file", lines(1, 3), path=path)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    driver = Driver(PROGRAM, "file", lines(3, 5), path=path, tries=50, pause_ms=100)

    def writable():
        driver.says("Read-only file system")
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)

    threading.Thread(target=writable, daemon=True).start()
    driver.end()
    expect(driver.status == 0 and any("Read-only file system" in t for t in driver.trouble), driver.told)
    expect(all_lines(folder) == lines(1, 5), all_lines(folder))


INSIDE = {"full": full_disk, "read-only": read_only_disk}


def check_full_disk():
    in_namespace("full")


def check_disk_turns_read_only():
    in_namespace("read-only")


def main():
    if "--inside" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            try:
                INSIDE[sys.argv[-1]](folder)
            finally:
                subprocess.run(["umount", folder], check=False)
        return 0
    passed = failed = skipped = 0
    disks = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    for one in (check_killed, check_killed_while_rotating, check_standard_output_closed, check_full_disk, check_disk_turns_read_only):
        if "disk" in one.__name__ and not disks:
            skipped += 1
            continue
        good = attempt(one)
        passed += good
        failed += not good
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
