#!/usr/bin/env python3
"""The table of scenarios in tests/replay/README.md, from what the lab knows of them.

    table.py            prints it
    table.py --check    exits 1 when the page says something else; table.py --write makes it right
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import scenario_table  # noqa: E402 pylint: disable=wrong-import-position

PAGE = HERE.parent / "replay" / "README.md"
BEGIN, END = "<!-- scenarios: tests/lab/table.py --write -->\n", "<!-- end of scenarios -->\n"


def table():
    """One row a scenario: name, what, why."""
    rows = "".join(f"| {s.name} | {s.what} | {s.why} |\n" for s in scenario_table.SCENARIOS)
    return "| scenario | what happens | why |\n|---|---|---|\n" + rows


def main():
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    right = before + BEGIN + table() + END + rest.split(END)[1]
    if "--write" in sys.argv:
        PAGE.write_text(right, encoding="utf-8")
    elif "--check" not in sys.argv:
        print(table(), end="")
    elif page != right:
        print("tests/replay/README.md has another table of scenarios: run tests/lab/table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
