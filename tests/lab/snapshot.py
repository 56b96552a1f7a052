"""The policy snapshot of a scenario (docs/design: the form of `--policy FILE`), from its zones and certificates.

The truth by configuration: nobody was asked for it.
"""
import datetime

import zones


def tlsa(mx, status, broken):
    """The TLSA answer for a host."""
    if broken == "bogus-tlsa" and mx.tlsa:
        status = "bogus"
    return {"dnssec": status, "ttl": zones.TTL, "base": mx.host, "records": mx.associations() if status != "bogus" else []}


def host(mx, domain):
    """One host of a domain's MX answer; `domain` is the one in whose zone its names are."""
    return {"name": mx.exchange, "preference": mx.preference,
            "addresses": {"dnssec": domain.status, "ttl": zones.TTL, "list": mx.addresses if domain.status != "bogus" else []},
            "tlsa": tlsa(mx, domain.status, domain.broken)}


def entry(domain, domains):
    """One domain."""
    by_name = {d.name: d for d in domains}
    hosts = [] if domain.status == "bogus" else [host(mx, by_name[mx.origin]) for mx in sorted(domain.mx, key=lambda m: m.preference)]
    if domain.null_mx:
        hosts = [{"name": ".", "preference": 0}]
    return {"mx": {"dnssec": domain.status, "ttl": zones.TTL, "hosts": hosts},
            "mta_sts": domain.sts.policy(domain.name)[1] if domain.sts else {"mode": "none"}}


def policy(domains):
    """The whole snapshot."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"version": 1, "as_of": now, "domains": {d.name: entry(d, domains) for d in domains}}
