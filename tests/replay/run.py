#!/usr/bin/env python3
"""Tells every story again, in every delivery, and compares what comes of it with what must.

    run.py [--drops N] [--share N] [--jobs N] [--story NAME]... PROGRAM

A story is a folder with traffic.pcap and expect.json. For each of them:
  told       sessions, findings and alerts are those of expect.json, and no others; every record is valid
  delivered  cut, reordered, doubled, moved, tagged, in another file format: the same records (--share N: each story in one
             Nth of these, so that all of them are still tried with many stories)
  again      read twice and with 1, 2 and 4 workers: the same octets (P12)
  thinned    with packets removed at random (N times), nothing is claimed above `suspect` that the whole capture does
             not claim at that level (P3); a failure prints the smallest set of packets that shows it
  secret     no password, local part or content of the story stands in any output (P15)
A scenario is a folder with outside.pcap, inside.pcap, policy.json and truth.json: each tap is a story NAME/outside,
NAME/inside (--story NAME: both), and besides:
  truth      sessions, and of each of them TLS, version, suite and mails in clear: as the ends' own logs have it
  policy     policy.json has the form of a snapshot, and every recipient's domain that was seen is in it
  later      no finding that expect.json promises for later exists already
The last line is `N passed, N failed`.

expect.json: `sessions`, in the order in which they began; `secrets`; `differs`: deliveries that do change what is told;
`options`: of the command line, for every reading (a name of a file in the folder, also behind `=`, becomes its path).
A session is compared with the record's smtp_tls, except for
  findings   all of them                                   alerts   all of them, with their confidence
  tells      ids that are among the findings               record   members of the record itself
  silent     ids that are not among them, nor alerts; `tls.*`: none of that area but those of `tells` and `may`, and
             but what is no fault (NO_FAULT), unless it is named
  unlike_log where what is told differs from the log of that tap's end, because that end was deceived (`truth`)
Each of them may be missing: then it is not compared. In a scenario all of it may stand at the top level, for both taps,
or below `outside` and `inside`; and there is
  later        what must be told once it exists: id, and the piece of work (first_in) that it comes with
  with_policy  of a session: its members as they must be once PROGRAM reads policy.json (`read --policy`); from then on
               it is given to every reading, these count instead, and without `findings` and `alerts` among them only
               its `tells` are compared
"""
import argparse
import concurrent.futures
import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import delivery  # noqa: E402 pylint: disable=wrong-import-position
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import taps  # noqa: E402 pylint: disable=wrong-import-position
import told  # noqa: E402 pylint: disable=wrong-import-position
from reader import Failed, Reader  # noqa: E402 pylint: disable=wrong-import-position

CHECKS = {"told": told.story_told, "delivered": delivery.story_delivered, "again": delivery.story_again,
          "thinned": delivery.story_thinned, "secret": told.story_secret}


def in_folder(folder, option):
    """An option of the command line, with the path of the file in the story's folder that it names."""
    before, equals, name = option.rpartition("=")
    return f"{before}{equals}{folder / name}" if name and (folder / name).is_file() else option


class Story:
    """A folder of tests/replay."""
    checks, reader = CHECKS, Reader
    trust = "none"  # certificates are not judged by this machine's store

    def __init__(self, folder, drops=0, share=1):
        self.name, self.drops, self.share, self.folder = folder.name, drops, share, folder
        self.capture, self.told = folder / "traffic.pcap", {}
        self.claims = self.ambiguous = set()
        self.want(self.read("expect.json"))

    def want(self, expect):
        """Takes these expectations, and the options that are among them."""
        self.expect = expect
        self.options = [in_folder(self.folder, option) for option in expect.get("options", [])]
        if not any("policy.trust_store" in option for option in self.options):
            self.options += ["--set", in_folder(self.folder, f"policy.trust_store={self.trust}")]

    def read(self, name):
        """A JSON file of the folder."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @functools.cached_property
    def packets(self):
        """Those of the capture."""
        return pcapkit.read(self.capture)

    def whole(self, reader):
        """What the whole capture tells, read once."""
        options = tuple(reader.options)
        if options not in self.told:
            self.told[options] = reader.read(self.capture)
        return self.told[options]


def with_policy(session):
    """What a session must be when the policy is known."""
    known = session.get("with_policy", {})
    kept = {k: v for k, v in session.items() if not known or k not in ("findings", "alerts")}
    return {**kept, **known}


class Tapped(Story):
    """One tap of a scenario; `knows_policy` when the program reads snapshots."""
    checks, trust = {**CHECKS, **taps.CHECKS}, "ca.pem"

    def __init__(self, folder, tap, drops=0, share=1, knows_policy=False):
        super().__init__(folder, drops, share)
        self.name, self.capture = f"{folder.name}/{tap}", folder / f"{tap}.pcap"
        self.want(taps.expected(self.expect, tap))
        self.truth, self.policy = self.read("truth.json")[tap], self.read("policy.json")
        if knows_policy:
            self.options += ["--policy", str(folder / "policy.json")]
            self.expect["sessions"] = [with_policy(s) for s in self.expect["sessions"]]


@functools.cache
def knows_policy(program):
    """Does this program read policy snapshots?"""
    done = subprocess.run([program, "read", "--help"], capture_output=True, check=False)
    return b"--policy" in done.stdout + done.stderr


def stories(program, folder, drops=0, share=1):
    """The stories of a folder: one, or one for each tap."""
    if (folder / "traffic.pcap").exists():
        return [Story(folder, drops, share)]
    return [Tapped(folder, tap, drops, share, knows_policy(program)) for tap in taps.TAPS]


def check(program, story, names=None):
    """The checks of one story, all or these: (name of the check, what went wrong or None)."""
    outcome = []
    for name in names or story.checks:
        with tempfile.TemporaryDirectory(prefix="postwacht-replay-") as temporary:
            try:
                story.checks[name](story, story.reader(program, temporary, story.options))
                outcome.append((f"{story.name}: {name}", None))
            except (Failed, subprocess.SubprocessError, OSError, ValueError, KeyError) as e:
                outcome.append((f"{story.name}: {name}", f"{type(e).__name__}: {e}"))
    return outcome


def arguments(description="replays the stories of this folder", drops=4):
    """What was asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--drops", type=int, default=drops, help="random removals of packets, per story and kind")
    parser.add_argument("--share", type=int, default=1, help="one in so many deliveries of a story, and others of the next")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--story", action="append", help="only this one")
    parser.add_argument("program", type=pathlib.Path)
    return parser.parse_args()


def wanted(args):
    """The stories that were asked for."""
    folders = sorted(f.parent for f in HERE.glob("*/expect.json"))
    names = set(args.story or [])
    for folder in folders:
        if not names or any(name.partition("/")[0] == folder.name for name in names):
            for story in stories(str(args.program.resolve()), folder, args.drops, args.share):
                if not names & {f"{folder.name}/{tap}" for tap in taps.TAPS} or story.name in names or folder.name in names:
                    yield story


def tell(args, chosen):
    """The checks of these stories, side by side; the last line counts. The exit code."""
    program = str(args.program.resolve())
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(lambda story: check(program, story), chosen):
            for name, wrong in outcome:
                passed, failed = passed + (wrong is None), failed + (wrong is not None)
                if wrong is not None:
                    print(f"FAILED {name}\n  {wrong}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    args = arguments()
    return tell(args, wanted(args))


if __name__ == "__main__":
    sys.exit(main())
