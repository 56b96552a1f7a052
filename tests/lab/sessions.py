"""What `lab` does inside its namespaces: records stories and scenarios, or plays scenarios live."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import addresses
import certificates
import pcapkit
import place
import run as replay
import scenario
import scenario_table
import stories
import stories_cert
import stories_edited
import stories_tls
import zones

REPLAY = pathlib.Path(replay.__file__).parent
TROUBLE = (RuntimeError, OSError, place.Missing, scenario.Untrue, subprocess.SubprocessError, ValueError)
LIVE_CHECKS = ("told", "truth", "policy")


def everything():
    """Stories of one tap first, then the scenarios."""
    return (stories.STORIES + stories_tls.STORIES + stories_cert.STORIES + stories_edited.STORIES + scenario_table.SCENARIOS)


def furnish(packages):
    """The namespaces' file systems and accounts."""
    place.overlay(packages)
    place.users()
    place.sh("hostname client.sender.example")


def cabled():
    """Client and path, joined with mx; the self-made certificate."""
    client, path = place.Host(), place.Host()
    place.cable(client, path)
    place.certificate()
    return client, path


def chosen(names, all_of_them):
    """Those that were asked for and that this machine can play."""
    for s in all_of_them:
        missing = [p for p in s.needs if not shutil.which(p)]
        if names and s.name not in names:
            continue
        if missing:
            print(f"{s.name}: left out, not installed: {' '.join(missing)}", file=sys.stderr)
        else:
            yield s


def record_story(story, client, path, folder):
    """One story: servers, tap, client, and what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    stop = story.serve(client)
    try:
        tap = place.Tap(path, "path1", place.LAB / "traffic.pcap")
        story.play(client)
        tap.stop()
    finally:
        stop()
    size = (place.LAB / "traffic.pcap").stat().st_size
    if not 24 < size <= scenario.PCAP_MAX:
        raise RuntimeError(f"{size} octets recorded")
    packets = list(addresses.rewrite(pcapkit.read(place.LAB / "traffic.pcap"), folder.name))
    pcapkit.write(folder / "traffic.pcap", story.after(packets) if story.after else packets)
    if story.keep:
        story.keep(folder)
    (folder / "README.md").write_text(story.readme(), encoding="ascii")
    print(f"{story.name}: {len(packets)} packets, {(folder / 'traffic.pcap').stat().st_size} octets", flush=True)


def record_scenario(played, client, path, folder):
    """One scenario; the folder changes only when it was true."""
    with tempfile.TemporaryDirectory() as temporary:
        scenario.run(played, client, path, temporary)
        shutil.copytree(temporary, folder, dirs_exist_ok=True)
    sizes = [(folder / f"{tap}.pcap").stat().st_size for tap, _ in scenario.TAPS]
    print(f"{played.name}: {sizes[0]} octets outside, {sizes[1]} inside", flush=True)


def forget():
    """Empty logs."""
    for log in ("client.log", "server.log"):
        (place.LAB / log).write_bytes(b"")


def show_logs():
    """What the ends said last, for who has to find out why."""
    for log in ("client.log", "server.log", "resolver.log"):
        path = place.LAB / log
        print(f"-- {log}\n" + (path.read_text(errors="replace")[-1500:] if path.exists() else ""), file=sys.stderr)


def record(names, into):
    """All that was asked for."""
    client, path = cabled()
    failed = 0
    for s in chosen(names, everything()):
        forget()
        try:
            (record_scenario if isinstance(s, scenario.Scenario) else record_story)(s, client, path, into.resolve() / s.name)
        except TROUBLE:
            failed += 1
            print(f"{s.name}: FAILED", file=sys.stderr)
            traceback.print_exc()
            show_logs()
    return 1 if failed else 0


def dane_of(program, folder, options, enter=()):
    """What became of DANE in each session of the outer tap, as told with these options."""
    records = folder / "records.json"
    subprocess.run([*enter, program, "read", "--out", records, "--set", f"policy.trust_store={folder / 'ca.pem'}", *options,
                    folder / "outside.pcap"], check=True, stdout=subprocess.DEVNULL)
    told = [json.loads(line) for line in records.read_text(encoding="ascii").splitlines()]
    return sorted((r["flow"]["start"], r["src_port"], r["smtp_tls"]["dane"]) for r in told if r["event_type"] == "smtp")


def resolved(played, client, program, folder):
    """The same with what the lab's DNS, under its own signed root, says now."""
    beside = played.resolver == "client"
    shutil.copy(certificates.ROOT, folder / "ca.pem")
    return dane_of(program, folder, ["--resolve", "--resolver", "127.0.0.1" if beside else place.RESOLVER4,
                                     "--trust-anchor", zones.ZONES / "anchor"], client.enter if beside else ())


def live_one(played, client, path, program):
    """Plays a scenario and reads both taps: (check, what went wrong or None)."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / played.name
        told = []
        scenario.run(played, client, path, folder, lambda f: told.extend(resolved(played, client, program, f)))
        shutil.copy(REPLAY / played.name / "expect.json", folder)
        results = [result for story in replay.stories(program, folder) for result in replay.check(program, story, LIVE_CHECKS)]
        wanted = dane_of(program, folder, ["--policy", folder / "policy.json"])
        return results + [(f"{played.name}: resolved", None if told == wanted else f"DNS gives {told}, the snapshot {wanted}")]


def live(names, program):
    """All scenarios that were asked for; the last line counts."""
    client, path = cabled()
    passed = failed = 0
    for s in chosen(names, scenario_table.SCENARIOS):
        forget()
        try:
            outcome = live_one(s, client, path, str(program))
        except TROUBLE as e:
            outcome = [(f"{s.name}: live", f"{type(e).__name__}: {e}")]
        for name, wrong in outcome:
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            if wrong is not None:
                print(f"FAILED {name}\n  {wrong}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
