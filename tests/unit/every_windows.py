# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the table of `docs/every-windows.md` from the simulated hosts: what `minimize` does by default, and what is left after the boot.

Run it after a change of what closes: `.venv/bin/python -m tests.unit.every_windows`, with names of scenarios for some rows alone. The
integration test of the same name runs the same with real Ansible processes, and compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "every-windows.md"
ROW = re.compile(r"^\| `(windows_\w+)` \|.*\|$", re.MULTILINE)
COUNTS = ("listeners", "closes_now", "closes_at_boot", "kept", "stays", "unknown")


def label(row: Mapping[str, Any]) -> str:
    """Name a listener as the table does."""
    port = "dynamic" if row["dynamic"] else row["port"]
    return f"`{row['protocol']}/{port} {', '.join(sorted(row['owners'], key=str.lower))}`"


def order(text: str) -> tuple[bool, bool, int, str]:
    """Sort TCP before UDP, and numbers before what is dynamic."""
    number = re.search(r"/(\d+) ", text)
    return (text.startswith("`udp"), number is None, int(number[1]) if number else 0, text)


def line(name: str) -> str:
    """Run all steps on a fresh host of a scenario, and return its row."""
    # Not before Ansible's importer is there.
    from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_restore import minimize
    from ansible_collections.netmin.windows.tests.unit.simulated import simulated

    with simulated(name) as host:
        host.boot()
        summary = minimize(host)["summary"]
        host.boot()
        left = {label(row) for row in minimize(host, "20260102T000000Z-000002")["residue"]}
    cells = (f"`{name}`", *(str(summary[count]) for count in COUNTS), "; ".join(sorted(left, key=order)) or "nothing")
    return f"| {' | '.join(cells)} |"


def main(names: Iterable[str]) -> int:
    """Write the rows anew, and tell which of them are not as they were."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = tuple(names) or tuple(found[1] for found in ROW.finditer(text))
    rows = {name: line(name) for name in wanted}
    written = ROW.sub(lambda found: rows.get(found[1], found[0]), text)
    for before, after in zip(text.splitlines(), written.splitlines(), strict=True):
        if before != after:
            sys.stdout.write(f"- {before}\n+ {after}\n")
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    __import__("conftest")
    sys.exit(main(sys.argv[1:]))
