"""Records as a sensor's sink sends them: what recordings say, told again of other sessions, hosts and days, each with its stamp."""
import base64
import datetime
import json
import random

import records

STORIES = ["stripped-by-path", "server-no-starttls", "dane-mismatch-delivered", "tls13-pq", "dane-sent-in-clear", "sts-sent-in-clear", "sts-enforce",
           "dane-ee-sha256", "postfix-offered-unused", "rejected-454-then-clear", "cert-expired", "postfix-starttls-tls13", "tls12-resumed"]
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def told(program):
    """What `postwacht read` says of each story: a list of lists of records."""
    return [[json.loads(line) for line in records.story(program, story, "outside")] for story in STORIES]


def text(record):
    """One line; smtp_tls is its last member, as in every record."""
    record = dict(record)
    own = record.pop("smtp_tls", {"v": 1})
    return json.dumps({**record, "smtp_tls": own}, separators=(",", ":"))


class Row(records.Row):
    """Of records as they are made here."""

    def stamp(self, record):
        """The line with its stamp."""
        return super().stamp(text(record).encode()).decode()


def time_text(when):
    """As records have it."""
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def new_id(when, rng):
    """26 characters: 48 bits of milliseconds, then anything."""
    number = int(when.timestamp() * 1000) << 80 | rng.getrandbits(80)
    return "".join(DIGITS[number >> 5 * (25 - i) & 31] for i in range(26))


def again(story, host, when, rng, domains=()):
    """The same story, of another connection at another host and time; and between other domains."""
    ids, community = {}, "1:" + base64.b64encode(rng.randbytes(20)).decode()
    out, told_text = [], json.dumps(story)
    for old, new in domains:
        told_text = told_text.replace(old, new)
    for record in json.loads(told_text):
        record["host"], record["timestamp"] = host, time_text(when)
        for member in ("pcap_cnt", "pcap_filename"):
            record.pop(member, None)
        if "community_id" in record:
            record["community_id"], record["flow_id"] = community, rng.getrandbits(51)
        own = record.get("smtp_tls", {})
        for member in ("session", "id"):
            if member in own:
                own[member] = ids.setdefault(own[member], new_id(when, rng))
        out.append(record)
        when += datetime.timedelta(microseconds=rng.randrange(1, 2000))
    return out


def many(program, n, host="sensor-1", epoch=1790000000, seed=1):
    """At least n stamped lines of one host, a second between two sessions."""
    stories, rng, row = told(program), random.Random(seed), Row(epoch)
    when, lines = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.timezone.utc), []
    while len(lines) < n:
        lines += [row.stamp(record) for record in again(rng.choice(stories), host, when, rng)]
        when += datetime.timedelta(seconds=1)
    return lines
