#!/usr/bin/env python3
"""Checks files of records, line by line: schema_check.py FILE... ("-" is standard input), or --run PROGRAM.

A line must be printable ASCII below 7 KiB, one JSON object without doubled members, valid against
docs/schema/postwacht-record.schema.json; and outside smtp_tls it may use only names and types that EVE has
(eve_fields.json). The last member is smtp_tls, and of a record that was delivered the stamp stands at its end. Prints the first few errors. Exit: 0 fine, 1 some line is not, 2 usage, 77 jsonschema is missing.
"""
import json
import pathlib
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("schema_check: python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)

LINE_MAX = 7 * 1024
ERRORS_SHOWN = 10
HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / "docs" / "schema" / "postwacht-record.schema.json"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d+")


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


EVE_TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": is_integer,
    "boolean": lambda v: isinstance(v, bool),
    "strings": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v),
    "numbers": lambda v: isinstance(v, list) and all(is_integer(x) for x in v),
    "timestamp": lambda v: isinstance(v, str) and TIMESTAMP.fullmatch(v),
}


def resolve(schema, defs):
    """The schema with every $ref replaced by what it names: following references would take half of the time."""
    if isinstance(schema, list):
        return [resolve(s, defs) for s in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolve(defs[schema["$ref"].rsplit("/", 1)[1]], defs)
    return {k: resolve(v, defs) for k, v in schema.items() if k != "$defs"}


def kind_of(record):
    """Which branch of the schema a record must fit. Alerts about the sensor itself are of no connection."""
    event = record.get("event_type")
    return "alert of no session" if event == "alert" and "flow_id" not in record else event


def load_validators():
    """One validator for each kind of event: the schema's oneOf would try all of them on every line."""
    schema = json.loads(SCHEMA.read_text(encoding="ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    defs = schema["$defs"]
    validators = {}
    for branch in schema["oneOf"]:
        name = branch["$ref"].rsplit("/", 1)[1]
        kind = "alert of no session" if name == "event_alert_sensor" else defs[name]["properties"]["event_type"]["const"]
        validators[kind] = jsonschema.Draft202012Validator(resolve(defs[name], defs))
    return validators


def no_doubles(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def eve_errors(value, fields, path=""):
    """Names and types outside smtp_tls that EVE does not have."""
    for name, member in value.items():
        here = f"{path}{name}"
        if here == "smtp_tls":
            continue
        if here in fields:
            if not EVE_TYPES[fields[here]](member):
                yield f"{here}: not of EVE's type {fields[here]}"
        elif isinstance(member, dict):
            yield from eve_errors(member, fields, here + ".")
        else:
            yield f"{here}: EVE has no such name"


def order_errors(line, record):
    """What delivery adds to every line, and finds again, stands at its end (alerts/sink/stamp.h)."""
    if not line.endswith(b"}}") or not record or list(record)[-1] != "smtp_tls":
        yield "the last member is not smtp_tls"
    elif "chain" in record["smtp_tls"] and list(record["smtp_tls"])[-3:] != ["epoch", "seq", "chain"]:
        yield "the stamp is not at its end"


def line_errors(line, validators, fields):
    if len(line) >= LINE_MAX:
        yield f"{len(line)} octets"
    if any(octet < 0x20 or octet > 0x7E for octet in line):
        yield "an octet that is not printable ASCII"
    try:
        record = json.loads(line, object_pairs_hook=no_doubles)
    except ValueError as e:
        yield str(e)
        return
    if isinstance(record, dict):
        yield from order_errors(line, record)
    validator = validators.get(kind_of(record)) if isinstance(record, dict) else None
    if validator is None:
        yield "no event type of ours"
        return
    for e in validator.iter_errors(record):
        yield f"{'.'.join(map(str, e.absolute_path))}: {e.message[:200]}"
    yield from eve_errors(record, fields)


def check(name, lines, validators, fields):
    """How many lines there were, and how many were wrong."""
    n = wrong = 0
    for n, line in enumerate(lines, 1):
        errors = list(line_errors(line.rstrip(b"\n"), validators, fields))
        if errors and wrong < ERRORS_SHOWN:
            print(f"{name}:{n}: {'; '.join(errors[:3])}", file=sys.stderr)
        wrong += bool(errors)
    return n, wrong


def main(arguments):
    if not arguments or (arguments[0] == "--run" and len(arguments) != 2):
        print(__doc__, file=sys.stderr)
        return 2
    validators = load_validators()
    fields = json.loads((HERE / "eve_fields.json").read_text(encoding="ascii"))
    total = bad = 0
    if arguments[0] == "--run":
        program = subprocess.run([arguments[1]], stdout=subprocess.PIPE, check=True)
        total, bad = check(arguments[1], program.stdout.splitlines(), validators, fields)
    else:
        for name in arguments:
            try:
                with sys.stdin.buffer if name == "-" else open(name, "rb") as lines:
                    n, wrong = check(name, lines, validators, fields)
            except OSError as e:
                print(f"schema_check: {e}", file=sys.stderr)
                return 2
            total, bad = total + n, bad + wrong
    print(f"{total} records, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
