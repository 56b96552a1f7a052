"""The same story in every delivery, read again, and thinned out: what is told then must be the same, or less."""
import json
import pathlib
import random
import sys
import zlib

from reader import CONFIDENCES, Failed, comparable, plain, records

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import pcapkit  # noqa: E402 pylint: disable=wrong-import-position
import transform  # noqa: E402 pylint: disable=wrong-import-position

# A snapshot is of its time and of these addresses: delivered so, a session is another one, and is compared without it.
ELSEWHERE = {"a year later", "over IPv6"}
SURE = CONFIDENCES.index("probable")


def compare_runs(name, found, wanted):
    """The same lines."""
    if found == wanted:
        return
    missing = [l for l in wanted if l not in found]
    extra = [l for l in found if l not in wanted]
    raise Failed(f"{name}: differs\n  without: {first_difference(missing, extra)}")


def first_difference(missing, extra):
    """The members that differ between the first two records."""
    if not missing or not extra:
        return f"only in one of them: {(missing or extra)[0][:600]}"
    a, b = ({"early": x} if isinstance(x, list) else x for x in (json.loads(missing[0]), json.loads(extra[0])))
    return "; ".join(f"{k}: {x!r} became {y!r}" for k, x, y in differing(a, b, ""))[:1500]


def differing(a, b, path):
    """(place, value, other value) of what differs."""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b)):
            yield from differing(a.get(k), b.get(k), f"{path}.{k}")
    elif a != b:
        yield path, a, b


def deliveries(story):
    """(name, octets of the file, its suffix, members that it changes) of every transform, then of every format; one in `share` of them."""
    first = zlib.crc32(story.name.encode())
    for n, (name, change, ignored) in enumerate(transform.TRANSFORMS, first):
        if n % story.share == 0 and name not in story.expect.get("differs", []):
            yield name, pcapkit.pcap(change(story.packets)), "pcap", ignored
    for n, (name, suffix, form) in enumerate(transform.FORMATS, first):
        if n % story.share == 0:
            yield name, form(story.packets), suffix, frozenset()


def story_delivered(story, reader):
    """In each delivery the same."""
    wrong = []
    for name, octets, suffix, ignored in deliveries(story):
        by = reader.without_policy() if name in ELSEWHERE else reader
        try:
            compare_runs(name, comparable(by.read_octets(octets, suffix), ignored), comparable(story.whole(by), ignored))
        except Failed as e:
            wrong.append(str(e))
    if wrong:
        raise Failed("\n".join(wrong))


def settled(octets):
    """P12 leaves these out: stats, and what counts this run."""
    return [plain(r, {"host", "in_iface", "pcap_cnt", "pcap_filename", "seq", "epoch", "pcap"}) for r in records(octets)
            if r["event_type"] != "stats"]


def story_again(story, reader):
    """Twice, and with several workers: the same octets."""
    first = story.whole(reader)
    runs = {"read twice": reader.read(story.capture)}
    for workers in (1, 2, 4):
        runs[f"{workers} workers"] = reader.read(story.capture, "--workers", str(workers))
    for name, octets in runs.items():
        if octets != first and settled(octets) != settled(first):
            raise Failed(f"{name}: other records, or another order")


# ---- thinned ---------------------------------------------------------------------------------------------------

def claims(octets):
    """What is claimed above suspect: (client's address and port, finding)."""
    return {(r["src_ip"], r["src_port"], r["dest_port"], r["alert"]["metadata"]["finding"][0]) for r in records(octets)
            if r["event_type"] == "alert" and CONFIDENCES.index(r["alert"]["metadata"]["confidence"][0]) >= SURE}


def all_claims(story, reader):
    """What the whole capture claims, with what hides behind another alert: each alert told is switched off in turn."""
    known, off = set(), set()
    while True:
        options = ("--set", f"findings.disable=[{', '.join(sorted(off))}]") if off else ()
        found = claims(reader.read(story.capture, *options) if off else story.whole(reader))
        if not found - known:
            return known
        known |= found
        off |= {c[3] for c in found}


def unordered(claim):
    """The same, whoever was taken for the client."""
    address, port, other, finding = claim
    return frozenset((port, other)), finding


def ambiguous(octets):
    """The sessions that came in two versions, by the port that is not the server's, whoever was taken for the client."""
    return {max(r["src_port"], r["dest_port"]) for r in records(octets)
            if r["event_type"] == "smtp" and r["smtp_tls"]["capture"]["ambiguous"]}


def new_claims(story, reader, dropped):
    """Claims that appear when packets are gone. sensor.* says that they are gone: that is the point. Where the packets that
    contradict a session are gone with it, what is left is one version, and is told as such."""
    octets = reader.read_octets(pcapkit.pcap(transform.drop(dropped)(story.packets)), "pcap")
    one_version = story.ambiguous - ambiguous(octets)
    known = {unordered(c) for c in story.claims}
    return {c for c in claims(octets) if unordered(c) not in known and not c[3].startswith("sensor.") and max(c[1], c[2]) not in one_version}


def choose(source, count):
    """Packets to remove: a few, a run, or most of them."""
    kind = source.randrange(4)
    if kind == 0:
        return [source.randrange(count)]
    if kind == 1:
        start = source.randrange(count)
        return list(range(start, min(count, start + source.randrange(1, 8))))
    share = 0.1 if kind == 2 else source.uniform(0.2, 0.8)
    return [n for n in range(count) if source.random() < share]


def minimal(story, reader, dropped):
    """The smallest set that still shows it, by leaving out one after the other."""
    dropped = list(dropped)
    for n in list(dropped):
        fewer = [d for d in dropped if d != n]
        if fewer and new_claims(story, reader, fewer):
            dropped = fewer
    return dropped


def story_thinned(story, reader):
    """Random removals, seeded by the story's name."""
    source = random.Random(zlib.crc32(story.name.encode()))
    story.claims = all_claims(story, reader)
    story.ambiguous = ambiguous(story.whole(reader))
    sets = [[n] for n in range(len(story.packets))][:story.drops * 4] if story.drops else []
    source.shuffle(sets)
    sets = sets[:story.drops] + [choose(source, len(story.packets)) for _ in range(story.drops)]
    wrong = []
    for dropped in sets:
        if new_claims(story, reader, dropped):
            dropped = minimal(story, reader, dropped)
            told = sorted(c[3] for c in new_claims(story, reader, dropped))
            wrong.append(f"without packets {[n + 1 for n in dropped]} (of {len(story.packets)}): {told}")
    if wrong:
        raise Failed("\n".join(sorted(set(wrong))))
