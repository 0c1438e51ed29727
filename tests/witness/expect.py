#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare what each capture in tests/captures shows with what is expected of it, or write the expectation for a review.

.venv/bin/python tests/witness/expect.py                       say what differs
.venv/bin/python tests/witness/expect.py --write NAME          write NAME/expected.yml; `reviewed` becomes false if anything changed
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.tests.witness.kept import EXPECTED, FOLDER, differences, expected_of, folders, shown, text_of

# What a person says, and no run can.
SAID = {"origin": "say where it is from", "licence": "say under which licence it may be here"}


def main(arguments: Sequence[str]) -> int:
    """Compare or write, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="folders in tests/captures (default: all)")
    parser.add_argument("--write", action="store_true", help="write what was found")
    options = parser.parse_args(arguments)
    chosen = [FOLDER / name for name in options.names] or folders()
    differs = False
    for folder in chosen:
        found = shown(folder)
        before = expected_of(folder) if (folder / EXPECTED).is_file() else {}
        lines = changed(before, found) if before else ["nothing is expected of it yet"]
        differs |= bool(lines)
        sys.stdout.write(f"{folder.name}: {f'{len(lines)} lines differ' if lines else 'as expected'}\n")
        sys.stdout.write("".join(f"  {line}\n" for line in lines))
        if options.write and (lines or not before):
            write(folder, before, found)
    return int(differs and not options.write)


def changed(before: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what differs in the parts that were looked at."""
    return differences({name: before.get(name) for name in found}, found)


def write(folder: Path, before: dict[str, Any], found: dict[str, Any]) -> None:
    """Write what was found, not yet reviewed."""
    said = {name: before.get(name, default) for name, default in SAID.items()}
    kept = {name: part for name, part in before.items() if name not in (*said, "reviewed", *found)}
    (folder / EXPECTED).write_text(text_of({**said, "reviewed": False, **found, **kept}), encoding="utf-8")
    sys.stdout.write(f"  wrote {folder.name}/{EXPECTED}: read each line, then set 'reviewed' to true\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
