"""The cases of selftest: an act on the path, what swaks does, and what has to be so on the taps and at the ends afterwards."""
import dns_messages as dns
import frames
import pcapkit
from bench import (BIG, CLIENT_SAYS, LAB, MX_SAYS, Case, answers, ask, bad_checksums, challenge_acks, dns_answers_on, exim, offered, reset,
                   stripped, ttl_values)
from on_path import proxy, wire

TLS = "-tls "
OFFERED = b"250-STARTTLS\r\n"
STOLEN = b"454 4.7.0 TLS not available"


def clean(run):
    """An undisturbed session inside TLS."""
    return {"inside TLS": run.encrypted, "offered": offered(run, "outside") and offered(run, "inside")}


def rst(who_outside, who_inside, ttl=64):
    """Resets on the taps and no mail; None where there is none."""
    def true(run):
        out = {"no mail": run.nothing}
        for tap, who in (("outside", who_outside), ("inside", who_inside)):
            if who:
                out[f"{tap}: reset"] = reset(run, tap, who)
                out[f"{tap}: TTL"] = ttl in {s.ttl for s in run.resets(tap, who)}
        return out
    return true


def lives_on(run):
    """mx speaks after its own reset, on both taps; the client's kernel answers with a reset."""
    return {"outside: mx speaks after its reset": reset(run, "outside", MX_SAYS, True),
            "outside: TTL": 41 in ttl_values(run, "outside", MX_SAYS),
            "inside: no reset of mx": not run.resets("inside", MX_SAYS), "the client resets": run.resets("outside", CLIENT_SAYS)}


def off_window(run):
    """The session survives."""
    return clean(run) | {"outside: resets": len(run.resets("outside", MX_SAYS)) >= 8,
                         "inside: resets": len(run.resets("inside", CLIENT_SAYS)) >= 8}


def challenged(run):
    """... and the ends answered."""
    return off_window(run) | {"challenge ACKs": challenge_acks(run) == 2}


def injected(said, more=lambda run: {}):
    """The forged octets and the true ones stand at one place outside, not inside."""
    def true(run):
        return {"outside: forged": said in run.said("outside", MX_SAYS), "inside: not": said not in run.said("inside", MX_SAYS),
                "outside: conflict": run.conflict("outside", MX_SAYS), "inside: none": not run.conflict("inside", MX_SAYS),
                "outside: two TTLs": ttl_values(run, "outside", MX_SAYS) == {41, 64}} | more(run)
    return true


def overlapped(tap_inside=True, wrong_checksum=False, first=True, valid=False):
    """STARTTLS and the decoy at one place."""
    def true(run):
        text = run.said("outside", CLIENT_SAYS)
        out = {"outside: conflict": run.conflict("outside", CLIENT_SAYS),
               "inside: conflict": run.conflict("inside", CLIENT_SAYS) == tap_inside,
               "order": (-1 < text.find(b"NOOP xyz") < text.find(b"STARTTLS")) == first,
               "wrong checksums inside": bad_checksums(run, "inside") == wrong_checksum}
        return out | ({"mx took the decoy": b"250 2.0.0 Ok" in run.said("inside", MX_SAYS)} if valid else {"inside TLS": run.encrypted})
    return true


def synacks(run):
    """How many initial sequence numbers mx has outside and inside."""
    return [len({s.seq for s in run.segments(tap, MX_SAYS) if s.flags & pcapkit.SYN}) for tap in ("outside", "inside")]


def ahead(run, tap, who, other):
    """Does a side ACK more than the other has sent until then, on this tap?"""
    sent = None
    for s in run.segments(tap):
        if getattr(s, who) == 25 and not s.flags & pcapkit.RST:
            sent = max(sent or 0, s.seq + len(s.payload) + bool(s.flags & (pcapkit.SYN | pcapkit.FIN)))
        elif getattr(s, other) == 25 and s.flags & pcapkit.ACK and not s.flags & pcapkit.RST and sent and 0 < s.ack - sent < 1 << 16:
            return True
    return False


def more_inside(run):
    """Fewer segments on the tap behind the wire."""
    return {"lost": len(run.segments("outside", CLIENT_SAYS)) > len(run.segments("inside", CLIENT_SAYS))}


def fragmented(run):
    """Fragments inside and outside."""
    def is_part(o):
        return o[14 + 6] == frames.FRAGMENT if frames.kind(o) == pcapkit.ETH_IP6 else int.from_bytes(o[20:22], "big") & 0x3FFF
    return {f"{tap}: fragments": any(is_part(o) for o in run.taps[tap]) for tap in ("outside", "inside")} | {"inside TLS": run.encrypted}


def icmp(run):
    """The router's word outside, small frames inside."""
    told = [o for o in run.taps["outside"] if (o[23] == 1 if frames.kind(o) == pcapkit.ETH_IP4 else o[20] == 58 and o[54] == 2)]
    return {"told": told, "inside: small": max(len(o) for o in run.taps["inside"]) <= 1294, "clear": run.clear}


def lie(run, double):
    """Forged answers outside, true ones inside."""
    mx, a, tlsa = (answers(run, kind) for kind in (dns.MX, dns.A, dns.TLSA))
    return {"MX": b"\x04evil" in mx[0][1], "A": a[0][1].endswith(bytes([198, 51, 100, 66])), "TLSA": tlsa[0][0] == 0,
            "answers": [len(x) for x in (mx, a, tlsa)] == [1 + double] * 3, "inside: true ones": dns_answers_on(run, "inside") == 3,
            "outside": dns_answers_on(run, "outside") == 3 + 3 * double}


FORGED = "dns mx=evil.example a=198.51.100.66 tlsa=none only=rcpt.example "

WIRE = [
    Case("pass wire without an act", wire(), clean),
    Case("strip-inline", wire("strip-inline"), stripped),
    Case("strip-inline with loss", wire("strip-inline", "loss percent=8 seed=3"), stripped, families=(4,)),
    Case("strip-inline of the last line", wire("strip-inline"), lambda r: stripped(r) | {
        "inside: last": b"250 STARTTLS" in r.said("inside", MX_SAYS)}, without="enhancedstatuscodes,8bitmime,dsn,smtputf8,chunking"),
    Case("mask-inline", wire("mask-inline"), lambda r: {
        "inside: offered": offered(r, "inside"), "outside: masked": b"250-XXXXXXXA\r\n" in r.said("outside", MX_SAYS),
        "banner": b"220 ****" in r.said("outside", MX_SAYS), "clear": r.clear}),
    Case("mask-command", wire("mask-command"), lambda r: {
        "outside: STARTTLS": b"STARTTLS" in r.said("outside", CLIENT_SAYS),
        "inside: XXXXXXXX": b"XXXXXXXX" in r.said("inside", CLIENT_SAYS),
        "refused": b"500 5.5.2" in r.said("outside", MX_SAYS), "clear": r.clear}),
    Case("rst-at-starttls", wire("rst-at-starttls"), rst(MX_SAYS, CLIENT_SAYS)),
    Case("rst-at-starttls with another TTL", wire("rst-at-starttls ttl=200"), rst(MX_SAYS, CLIENT_SAYS, 200)),
    Case("rst-at-starttls to the client only", wire("rst-at-starttls to=client drop=no ttl=41"), lives_on),
    Case("rst-at-220", wire("rst-at-220"), rst(MX_SAYS, CLIENT_SAYS)),
    Case("rst-at-220 to the client only", wire("rst-at-220 to=client drop=no ttl=41"), lives_on),
    Case("rst-at-clienthello", wire("rst-at-clienthello"), rst(MX_SAYS, CLIENT_SAYS)),
    Case("rst-at-clienthello to the client only", wire("rst-at-clienthello to=client drop=no ttl=41"), lives_on),
    Case("rst-off-window", wire("rst-off-window"), challenged),
    Case("rst-off-window behind the window", wire("rst-off-window step=-1000"), off_window),
    Case("inject-454", wire("inject-454 ttl=41"), injected(STOLEN[:20], lambda r: {"no mail": r.nothing, "told": "454" in r.client})),
    Case("inject-454 shorter", wire("inject-454 ttl=41 length=shorter"), injected(STOLEN[:20], lambda r: {"no mail": r.nothing})),
    Case("inject-454 longer", wire("inject-454 ttl=41 length=longer"), injected(STOLEN[:20], lambda r: {
        "no mail": r.nothing, "inside: ACKs ahead": ahead(r, "inside", MX_SAYS, CLIENT_SAYS)})),
    Case("inject-banner", wire("inject-banner ttl=41"), injected(b"220 relay.example", lambda r: {"told": "relay.example" in r.client})),
    Case("inject-ehlo-reply", wire("inject-ehlo-reply ttl=41"), injected(b"250-8BITMIME\r\n250-ENH", lambda r: {"clear": r.clear})),
    Case("inject-ehlo-reply shorter", wire("inject-ehlo-reply ttl=41 length=shorter"), injected(b"250-ETRN\r\n250-ENH")),
    Case("inject-ehlo-reply longer", wire("inject-ehlo-reply ttl=41 length=longer"), injected(b"XFORWARD", lambda r: {
        "no mail": r.nothing})),
    Case("overlap-first", wire("overlap-first"), overlapped(True, 1)),
    Case("overlap-first md5", wire("overlap-first how=md5"), overlapped()),
    Case("overlap-first ttl", wire("overlap-first how=ttl"), overlapped(False)),
    Case("overlap-first valid", wire("overlap-first how=valid"), overlapped(valid=True)),
    Case("overlap-last", wire("overlap-last"), overlapped(True, 1, False)),
    Case("overlap-last md5", wire("overlap-last how=md5"), overlapped(first=False)),
    Case("overlap-last ttl", wire("overlap-last how=ttl"), overlapped(False, first=False)),
    Case("overlap-last valid", wire("overlap-last how=valid"), overlapped(first=False)),
    Case("synack-twice forged", wire("synack-twice take=forged"), lambda r: {"no mail": r.nothing, "two": synacks(r) == [2, 1],
                                                                          "mx resets": r.resets("inside", MX_SAYS)}),
    Case("synack-twice true", wire("synack-twice take=true"), lambda r: clean(r) | {"two": synacks(r) == [2, 1]}),
    Case("synack-twice late", wire("synack-twice take=late"), lambda r: clean(r) | {"two": synacks(r) == [2, 1]}),
    Case("checksum-content", wire("checksum-content"), lambda r: clean(r) | {
        "outside: a wrong checksum": bad_checksums(r, "outside") == 1, "inside: none": bad_checksums(r, "inside") == 0}, TLS),
    Case("checksum-mail", wire("checksum-mail"), lambda r: {
        "clear": r.clear, "alice": "from=<alice@" in r.log, "wrong checksums": bad_checksums(r, "inside") == 1}, ""),
    Case("hijack-desync command", wire("hijack-desync inject=command"), lambda r: {
        "no mail": r.nothing, "outside: mx ACKs ahead": ahead(r, "outside", CLIENT_SAYS, MX_SAYS),
        "inside: command": b"NOOP hijacked" in r.said("inside", CLIENT_SAYS)}, ""),
    Case("hijack-desync reply", wire("hijack-desync inject=reply"), lambda r: {
        "no mail": r.nothing, "inside: client ACKs ahead": ahead(r, "inside", MX_SAYS, CLIENT_SAYS)}, ""),
    Case("loss", wire("loss percent=10 seed=5"), lambda r: {"sent": not r.nothing} | more_inside(r), BIG),
    Case("delay", wire("delay ms=60"), clean),
    Case("reorder", wire("reorder percent=100"), lambda r: {"sent": r.clear, "out of order inside": [
        s.seq for s in r.segments("inside", CLIENT_SAYS)] != sorted(s.seq for s in r.segments("inside", CLIENT_SAYS))}, BIG),
    Case("duplicate", wire("duplicate percent=100"), lambda r: clean(r) | {"twice": len(r.segments("inside", CLIENT_SAYS)) > 1.8 * len(
        r.segments("outside", CLIENT_SAYS)) * 0.9}),
    Case("octets", wire("octets"), lambda r: clean(r) | {
        "one by one": sum(len(s.payload) == 1 for s in r.segments("inside", CLIENT_SAYS)) > 50}),
    Case("fragment", wire("fragment size=64"), fragmented),
    Case("fragment reverse", wire("fragment size=48 order=reverse"), fragmented),
    Case("mtu", wire("mtu"), icmp, BIG),
    Case("mss-clamp", wire("mss-clamp mss=536"), lambda r: {"clear": r.clear, "small": max(len(s.payload) for s in r.segments(
        "outside", CLIENT_SAYS)) <= 536}, BIG),
    Case("drop-after", wire("drop-after n=7"), lambda r: {"no mail": r.nothing, "seven": len(r.segments("inside", CLIENT_SAYS)) + len(
        r.segments("outside", MX_SAYS)) == 7, "sent again": len({s.seq for s in r.segments("outside", CLIENT_SAYS)}) < len(
            r.segments("outside", CLIENT_SAYS))}),
    Case("one-way", wire("one-way to=client"), lambda r: {
        "no mail": r.nothing, "outside: mx is silent": not r.segments("outside", MX_SAYS)}),
    Case("dns race", wire(FORGED + "mode=race"), lambda r: lie(r, True), play=ask),
    Case("dns replace", wire(FORGED + "mode=replace"), lambda r: lie(r, False), play=ask),
]


def two_connections(run):
    """Each tap has its own initial sequence numbers, and the true addresses."""
    first = [[s for s in run.segments(tap, CLIENT_SAYS) if s.flags & pcapkit.SYN] for tap in ("outside", "inside")]
    return {"true addresses": first[0] and first[1] and first[0][0].flow == first[1][0].flow,
            "own numbers": first[0] and first[1] and first[0][0].seq != first[1][0].seq}


def proxied(**wanted):
    """Texts that a tap has to see or not to see of a side, and what becomes of the mail."""
    def true(run):
        out = two_connections(run)
        for tap, who, text, seen in wanted.get("texts", ()):
            out[f"{tap} {who}: {'' if seen else 'not '}{text!r}"] = (text in run.said(tap, who)) == seen
        return out | {mail: getattr(run, mail) for mail in wanted.get("mail", ())}
    return true


def refused(reply):
    """STARTTLS answered on the path, which mx never sees; the mail goes in clear."""
    return proxied(mail=["clear"], texts=[("outside", MX_SAYS, reply, True), ("inside", MX_SAYS, reply, False),
                                          ("inside", CLIENT_SAYS, b"STARTTLS", False), ("outside", CLIENT_SAYS, b"STARTTLS", True)])


def failed_hello(run):
    """No ClientHello inside, one outside."""
    return {"outside: hello": b"\x16\x03" in run.said("outside", CLIENT_SAYS),
            "inside: none": b"\x16\x03" not in run.said("inside", CLIENT_SAYS),
            "no mail": run.nothing} | two_connections(run)


MALLORY = f"terminate-tls tls=1.2 cert={LAB}/mallory.pem key={LAB}/mallory.key"

PROXY = [
    Case("proxy pass", proxy("pass"), lambda r: clean(r) | two_connections(r)),
    Case("proxy strip", proxy("strip"), proxied(mail=["clear"], texts=[
        ("outside", MX_SAYS, OFFERED, False), ("inside", MX_SAYS, OFFERED, True)])),
    Case("proxy mask", proxy("mask"), proxied(mail=["clear"], texts=[("outside", MX_SAYS, b"XXXXXXXA", True)])),
    Case("proxy reject-454", proxy("reject-454"), refused(b"454 4.7.0")),
    Case("proxy reject-500", proxy("reject-500"), refused(b"500 Unsupported")),
    Case("proxy reject-502", proxy("reject-502"), refused(b"502 5.5.1")),
    Case("proxy refuse-ehlo", proxy("refuse-ehlo"), proxied(mail=["clear"], texts=[
        ("outside", MX_SAYS, b"502 5.5.1", True), ("inside", CLIENT_SAYS, b"EHLO", False), ("inside", CLIENT_SAYS, b"HELO", True)]), ""),
    Case("proxy mangle", proxy("mangle"), proxied(mail=["clear"], texts=[("inside", CLIENT_SAYS, b"XXXXXXXX", True)])),
    Case("proxy swallow", proxy("swallow"), proxied(mail=["nothing"], texts=[
        ("outside", MX_SAYS, b"454 4.7.0", True), ("inside", MX_SAYS, b"220 2.0.0", True)])),
    Case("proxy inject-command", proxy("inject-command"), proxied(texts=[
        ("inside", CLIENT_SAYS, b"STARTTLS\r\nEHLO injected", True), ("outside", CLIENT_SAYS, b"injected", False)])),
    Case("proxy inject-response", proxy("inject-response"), proxied(texts=[
        ("outside", MX_SAYS, b"250-injected", True), ("inside", MX_SAYS, b"injected", False)])),
    Case("proxy close-at-starttls", proxy("close-at-starttls"), proxied(mail=["nothing"], texts=[
        ("inside", CLIENT_SAYS, b"STARTTLS", False)])),
    Case("proxy close-at-clienthello", proxy("close-at-clienthello"), failed_hello),
    Case("proxy rst-at-clienthello", proxy("rst-at-clienthello"), lambda r: failed_hello(r) | {
        "outside: reset": r.resets("outside", MX_SAYS), "inside: reset": r.resets("inside", CLIENT_SAYS)}),
    Case("proxy fail-hellos", proxy("fail-hellos floor=1.2 how=alert"), lambda r: failed_hello(r) | {
        "outside: alert": b"\x15\x03\x03\0\x02\x02\x28" in r.said("outside", MX_SAYS)}),
    Case("proxy fail-hellos a worse one", proxy("fail-hellos floor=1.3"), lambda r: two_connections(r) | {"inside TLS": r.encrypted},
         "-tls --tls-protocol tlsv1_2"),
    Case("proxy terminate-tls", proxy(MALLORY), lambda r: two_connections(r) | {
        "inside TLS": r.encrypted, "outside: mallory": b"mallory.example" in r.said("outside", MX_SAYS),
        "inside: not": b"mallory.example" not in r.said("inside", MX_SAYS)}, TLS),
    Case("proxy terminate-tls, TLS 1.3", proxy(MALLORY.replace("tls=1.2 ", "")), lambda r: two_connections(r) | {
        "inside TLS": r.encrypted, "outside: hidden": b"mallory.example" not in r.said("outside", MX_SAYS)}, TLS),
    Case("proxy fail-hellos until clear", proxy("fail-hellos floor=any how=rst"), lambda r: {
        "clear": r.clear, "outside: hello": b"\x16\x03\x01" in r.said("outside", CLIENT_SAYS),
        "two connections": len({s.flow for s in r.segments("outside")}) == 2}, families=(4,), play=exim),
    Case("wire rst-at-clienthello until clear", wire("rst-at-clienthello"), lambda r: {
        "clear": r.clear, "two connections": len({s.flow for s in r.segments("outside")}) == 2}, families=(4,), play=exim),
    Case("bridge afterwards", lambda path: lambda: None, clean),
]

CASES = WIRE + PROXY
