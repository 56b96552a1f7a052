"""What tests share that end with `N passed, N failed`: how they count, are skipped, and wait for what is to come true."""
import pathlib
import sys
import time

SKIP = 77
SHOWN = 40  # of what failed; all of it is counted


def skip(why):
    """Said, never passed over."""
    print(f"{pathlib.Path(sys.argv[0]).name}: skipped: {why}\n0 passed, 0 failed, 1 skipped")
    sys.exit(SKIP)


def eventually(wanted, seconds=30):
    """Whether it came true in time. Nobody to ask (OSError) is a no, for now."""
    end = time.monotonic() + seconds
    while True:
        try:
            if wanted():
                return True
        except OSError:
            pass
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


class Checks:
    """Counts, and says what failed."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, what):
        """One of them. Whether it is good."""
        self.passed += bool(good)
        self.failed += not good
        if not good and self.failed <= SHOWN:
            print(f"FAIL {what}", flush=True)
        return bool(good)

    def equal(self, got, wanted, what):
        """Two lists are the same, and in the same order."""
        if self.check(got == wanted, f"{what}: {len(got)}, {len(wanted)} wanted") or self.failed > SHOWN:
            return
        less, more = [w for w in wanted if w not in got], [g for g in got if g not in wanted]
        at = next((i for i, (g, w) in enumerate(zip(got, wanted)) if g != w), min(len(got), len(wanted)))
        print(f"  {len(less)} missing, {len(more)} too many, first at {at}", *(f"  missing  {x[:1500]}" for x in less[:2]),
              *(f"  too many {x[:1500]}" for x in more[:2]), sep="\n", flush=True)

    def done(self):
        """The last line; the exit code."""
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed else 0
