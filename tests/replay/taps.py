"""What only a scenario has: two taps, the truth of the ends' own logs, and the policy that was in force.

expect.json of a scenario: what both taps share at the top level, and `outside` and `inside` with what is each one's own.
"""
import ipaddress
import json
import re
import subprocess

from reader import Failed, records

TAPS = ("outside", "inside")
DNSSEC = {"secure", "insecure", "bogus", "indeterminate"}
MODES = {"enforce", "testing", "none"}


def expected(expect, tap):
    """The expectations of one tap."""
    shared = {key: value for key, value in expect.items() if key not in TAPS}
    return {**shared, **expect.get(tap, {})}


# ---- truth -----------------------------------------------------------------------------------------------------

def by_server(connections, address):
    """Connections of each server, in their order."""
    found = {}
    for c in connections:
        found.setdefault(address(c), []).append(c)
    return found


def compare_truth(name, record, wanted):
    """One session and the connection that a log tells of."""
    ours, tls = record["smtp_tls"], wanted["tls"]
    seen = {"established": ours["starttls"]["established"] or bool(ours.get("tls", {}).get("implicit") and ours["tls"]["completed"]),
            "in_clear": ours["mail"]["in_clear"]}
    true = {"established": tls is not None, "in_clear": wanted["in_clear"]}
    if tls:
        seen |= {"version": record.get("tls", {}).get("version"), "cipher": ours.get("tls", {}).get("cipher")}
        true |= {"version": tls["version"], "cipher": tls["cipher"] or seen["cipher"]}
    true |= record["unlike_log"]
    if seen != true:
        raise Failed(f"{name}: told {seen}, the log says {true}")


def story_truth(story, reader):
    """The records against the logs of the ends, server by server."""
    sessions = [r for r in records(story.whole(reader)) if r["event_type"] == "smtp"]
    sessions.sort(key=lambda r: (r["flow"]["start"], r["src_port"]))
    told = by_server(sessions, lambda r: ipaddress.ip_address(r["dest_ip"]))
    for r, wanted in zip(sessions, story.expect["sessions"]):
        r["unlike_log"] = wanted.get("unlike_log", {})
    true = by_server(story.truth, lambda c: ipaddress.ip_address(c["server"]))
    counts = [{str(a): len(c) for a, c in sorted(side.items(), key=str)} for side in (told, true)]
    if counts[0] != counts[1]:
        raise Failed(f"sessions of each server {counts[0]}, the log says {counts[1]}")
    for server, connections in true.items():
        for n, (record, wanted) in enumerate(zip(told[server], connections), 1):
            compare_truth(f"{server}, session {n}", record, wanted)


# ---- policy ----------------------------------------------------------------------------------------------------

def form(place, value, members, optional=()):
    """An object with these members, each of its type, and no others."""
    if not isinstance(value, dict) or not set(members) - set(optional) <= set(value) <= set(members):
        raise Failed(f"policy.json: {place} has {sorted(value) if isinstance(value, dict) else value}, wanted {sorted(members)}")
    for key, kind in members.items():
        if key in value and (not isinstance(value[key], kind) or isinstance(value[key], bool)):
            raise Failed(f"policy.json: {place}.{key} is {value[key]!r}")
    if "dnssec" in value and value["dnssec"] not in DNSSEC:
        raise Failed(f"policy.json: {place}.dnssec is {value['dnssec']}")


def check_host(place, host):
    """One host of an MX answer."""
    form(place, host, {"name": str, "preference": int, "addresses": dict, "tlsa": dict}, ("addresses", "tlsa"))
    if host["name"] == ".":
        return
    form(place, host, {"name": str, "preference": int, "addresses": dict, "tlsa": dict})
    form(f"{place}.addresses", host["addresses"], {"dnssec": str, "ttl": int, "list": list}, ("ttl",))
    form(f"{place}.tlsa", host["tlsa"], {"dnssec": str, "ttl": int, "base": str, "records": list}, ("ttl", "base"))
    for address in host["addresses"]["list"]:
        ipaddress.ip_address(address)
    for record in host["tlsa"]["records"]:
        if not re.fullmatch(r"\d{1,3} \d{1,3} \d{1,3} ([0-9a-f]{2})+", record):
            raise Failed(f"policy.json: {place}.tlsa has {record!r}")


def check_policy(policy):
    """The form of docs/design: strict, because a snapshot that is read as half of what it says is worse than none."""
    form("it", policy, {"version": int, "as_of": str, "domains": dict})
    if policy["version"] != 1 or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", policy["as_of"]):
        raise Failed(f"policy.json: version {policy['version']}, as of {policy['as_of']}")
    for name, domain in policy["domains"].items():
        form(name, domain, {"mx": dict, "mta_sts": dict}, ("mta_sts",))
        form(f"{name}.mx", domain["mx"], {"dnssec": str, "ttl": int, "hosts": list}, ("ttl",))
        for host in domain["mx"]["hosts"]:
            check_host(f"{name}.{host.get('name')}", host)
        sts = domain.get("mta_sts", {"mode": "none"})
        form(f"{name}.mta_sts", sts, {"id": str, "mode": str, "mx": list, "max_age": int},
             ("id", "mx", "max_age") if sts.get("mode") == "none" else ())
        if sts["mode"] not in MODES:
            raise Failed(f"policy.json: {name}.mta_sts.mode is {sts['mode']}")


def story_policy(story, reader):
    """Its form, and every recipient's domain that was seen in clear."""
    check_policy(story.policy)
    for r in records(story.whole(reader)):
        for domain in r.get("smtp_tls", {}).get("mail", {}).get("rcpt_domains", []):
            if domain not in story.policy["domains"]:
                raise Failed(f"policy.json does not know {domain}")


# ---- later -----------------------------------------------------------------------------------------------------

def story_later(story, reader):
    """What is promised for later must not exist yet: then it belongs into `sessions`."""
    listed = subprocess.run([reader.program, "findings", "list", "--json"], capture_output=True, check=True)
    exist = {f["finding"] for f in json.loads(listed.stdout)}
    arrived = sorted(set(story.expect.get("later", {})) & exist)
    if arrived:
        raise Failed(f"{', '.join(arrived)}: told by now; move from `later` to the sessions")


CHECKS = {"truth": story_truth, "policy": story_policy, "later": story_later}
