"""What Splunk's settings would make of records: lines, times, names. Splunk itself cannot be had here; the settings are read as
its files are (sections, KEY = VALUE), and what they name must be in real records."""
import configparser
import datetime
import json
import re

from records import leaves

# Of the Common Information Model: what a data set asks for, of the fields that a network sensor can know.
CIM = {
    "postwacht_alert": ["action", "app", "category", "dest", "dest_port", "dvc", "ids_type", "severity", "severity_id", "signature", "signature_id", "src",
                        "src_port", "transport", "vendor_product"],
    "postwacht_certificate": ["dest", "dest_port", "src", "src_port", "ssl_end_time", "ssl_hash", "ssl_issuer", "ssl_serial", "ssl_start_time",
                              "ssl_subject", "ssl_subject_common_name", "ssl_version", "transport"],
}
SEVERITIES = {"critical", "high", "medium", "low", "informational", "unknown"}
FUNCTIONS = {"lower", "coalesce", "if", "null", "replace", "strptime"}


def settings(path):
    """A file of settings."""
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=True, interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text(encoding="ascii"))
    return {name: dict(parser[name]) for name in parser.sections()}


def flat(record):
    """KV_MODE = json: a list gives NAME{}."""
    return {name + "{}" * isinstance(v, list): v for name, v in leaves(record) if v is not None}


def names_in(expression):
    """Fields that an eval expression names, and words that are no function."""
    bare = re.sub(r'"(\\.|[^"\\])*"', "", expression)
    fields = re.findall(r"'([^']+)'", bare)
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']+'", "", bare))
    return fields, set(words) - FUNCTIONS


def found(search, fields):
    """An eventtype's search: FIELD=VALUE, all of them; * is anything."""
    for name, value in re.findall(r'(\S+?)="?([^" ]+)"?', search):
        if name != "sourcetype" and (name not in fields or (value != "*" and str(fields[name]) != value)):
            return False
    return True


def named(stanza, fields):
    """A record's fields with aliases, and those that eval would add: where all that it names is there, or one for coalesce()."""
    out = dict(fields)
    for key, value in stanza.items():
        if key.startswith("FIELDALIAS-"):
            for source, alias in re.findall(r"(\S+) AS (\S+)", value):
                if source in fields:
                    out[alias] = fields[source]
        elif key.startswith("EVAL-"):
            sources, _ = names_in(value)
            if (any if "coalesce" in value else all)(s in fields for s in sources):
                out[key[5:]] = value
    return out


def times(checks, stanza, lines):
    """TIME_* finds and reads the time of every record; LINE_BREAKER and TRUNCATE leave records whole."""
    form = stanza["TIME_FORMAT"].replace("%6N", "%f")
    for line in lines:
        text = line.decode()
        prefix = re.search(stanza["TIME_PREFIX"], text)
        checks.quiet(prefix is not None, f"TIME_PREFIX does not find {text[:60]}")
        seen = text[prefix.end():][:int(stanza["MAX_TIMESTAMP_LOOKAHEAD"])]
        when = seen.split('"')[0]
        wanted = datetime.datetime.fromisoformat(json.loads(line)["timestamp"])
        try:
            checks.quiet(datetime.datetime.strptime(when, form) == wanted and when == json.loads(line)["timestamp"], f"TIME_FORMAT reads {seen} wrongly")
        except ValueError as error:
            checks.quiet(False, f"TIME_FORMAT: {error}")
        checks.quiet(len(line) < int(stanza["TRUNCATE"]), f"a record of {len(line)} octets is cut")
        checks.quiet(not re.search(stanza["LINE_BREAKER"], text), "a record is broken into two")


def check(checks, folder, lines):
    """All five files."""
    files = {path.stem: settings(path) for path in folder.glob("*.conf")}
    checks.check(set(files) == {"props", "transforms", "eventtypes", "tags", "inputs"}, f"files for Splunk: {sorted(files)}")
    stanza = files["props"]["postwacht:eve"]
    checks.check(stanza["KV_MODE"] == "json" and stanza["SHOULD_LINEMERGE"] == "false", "props.conf")
    checks.check(all(s["sourcetype"] == "postwacht:eve" for s in files["inputs"].values()), "an input has another sourcetype")
    checks.check(set(files["tags"]) <= {"eventtype=" + name for name in files["eventtypes"]}, "tags.conf tags what eventtypes.conf does not have")
    checks.check(stanza["TRANSFORMS-postwacht_host"] in files["transforms"], "props.conf names a transform that is not there")
    times(checks, stanza, lines)

    host = re.compile(files["transforms"]["postwacht_host"]["REGEX"])
    all_fields = set()
    records = [json.loads(line) for line in lines]
    for record, line in zip(records, lines):
        match = host.search(line.decode())
        checks.quiet(match and match[1] == record["host"], f"the host of {line[:120]}")
        all_fields |= set(flat(record))
    for key, value in stanza.items():
        if key.startswith("FIELDALIAS-"):
            sources, odd = [s for s, _ in re.findall(r"(\S+) AS (\S+)", value)], set()
        elif key.startswith("EVAL-"):
            sources, odd = names_in(value)
        else:
            continue
        checks.check(sources or "vendor_product" in key, f"{key} names no field")
        checks.check(set(sources) <= all_fields and not odd, f"{key} names what no record has: {set(sources) - all_fields | odd}")

    for eventtype, wanted in CIM.items():
        n = 0
        for record in records:
            fields = flat(record)
            if not found(files["eventtypes"][eventtype]["search"], fields):
                continue
            n += 1
            have = named(stanza, fields)
            lacks = {name for name in wanted if name not in have}
            if "flow_id" not in fields:  # of the sensor itself: there are no two ends
                lacks -= {"app", "dest", "dest_port", "src", "src_port", "transport"}
            if eventtype == "postwacht_certificate":
                lacks -= {"ssl_serial"}  # a certificate that could not be opened
            checks.quiet(not lacks, f"{eventtype} lacks {sorted(lacks)}: {json.dumps(record)[:300]}")
            checks.quiet(eventtype != "postwacht_alert" or set(have["severity"]) <= SEVERITIES, f"severity {have.get('severity')}")
        checks.check(n > 10, f"{n} records are {eventtype}")
    names(checks, stanza, records)


def names(checks, stanza, records):
    """The one expression with a pattern in it, as Python has it."""
    pattern, to = re.search(r'"(.*)", "(.*)"\)', stanza["EVAL-ssl_subject_common_name"]).groups()
    subjects = {r["tls"]["subject"] for r in records if r.get("tls", {}).get("subject")}
    for subject in subjects:
        parts = [part[3:] for part in re.split(r"(?<!\\),", subject) if part.startswith("CN=")]
        got = re.sub(pattern, to, subject)
        checks.quiet(got == (parts[0] if parts else subject), f"the common name of {subject} is {got}")
    checks.check(len(subjects) > 5, "too few subjects")
