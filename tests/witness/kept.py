# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a capture that is kept in `tests/captures` shows: the plan on it, what the doctor says of it, and how its twin goes through it all.

Each is a folder with `capture.zip` and `expected.yml`. `expect.py` writes the second; a person reviews it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.netmin.windows.plugins.action import listeners_info, minimize, proof_info, restore
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import read_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import examine
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import Word
from ansible_collections.netmin.windows.tests.unit.actions import Acted, act
from ansible_collections.netmin.windows.tests.unit.captured import act_captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, simulated

from winsim.twins import read_twin

FOLDER = Path(__file__).resolve().parents[1] / "captures"
CAPTURE, EXPECTED = "capture.zip", "expected.yml"
# Delayed services have started by then.
LONG_UP = 600
HEAD = "# What is expected of capture.zip beside this file. Written by tests/witness/expect.py; a person read each line (`reviewed`).\n"


class Unlike(Exception):
    """The twin of a capture does not do what the capture says."""


def folders() -> list[Path]:
    """Return the folder of each capture that is kept."""
    return sorted(path.parent for path in FOLDER.glob(f"*/{CAPTURE}"))


def expected_of(folder: Path) -> dict[str, Any]:
    """Return what is expected of a capture."""
    found: dict[str, Any] = yaml.safe_load((folder / EXPECTED).read_text(encoding="utf-8"))
    return found


# What a capture shows


def shown(folder: Path) -> dict[str, Any]:
    """Return all that the capture in a folder shows."""
    path = folder / CAPTURE
    capture = read_capture(path)
    return {
        "windows": capture.windows.id,
        "plan": plan_on(capture),
        "doctor": doctor_on(capture),
        "twin": twin_of(path, capture),
    }


def plan_on(capture: Capture) -> dict[str, Any]:
    """Return the default plan on a capture, in lines that a person can review."""
    return plan_of(act_captured(minimize.ActionModule, capture, check=True))


def plan_of(acted: Acted) -> dict[str, Any]:
    """Return a plan as lines: what changes, what is not done, and what becomes of each listener."""
    if acted.error is not None:
        raise acted.error
    result = acted.result
    outlooks: dict[str, list[str]] = {}
    for row in result["forecast"]:
        outlooks.setdefault(str(row["outlook"]), []).append(listener(row))
    return {
        "changes": [
            f"{row['stage']}: {row['target']}: {row['before']} -> {row['after']} ({row['effective']})" for row in result["changes"]
        ],
        "unchanged": sorted(f"{row['stage'] or 'choice'}: {row['target']}: {row['reason']}" for row in result["unchanged"]),
        "hazards": sorted({str(row["hazard"] if "hazard" in row else row["id"]) for row in result["hazards"]}),
        "listeners": {outlook: sorted(rows) for outlook, rows in sorted(outlooks.items())},
    }


def listener(row: Mapping[str, Any]) -> str:
    """Return a listener without what is another at each boot: a process, the number of a dynamic port."""
    owner = str(row["owner"]).partition(" in pid ")[0]
    port = "dynamic" if row["dynamic"] else row["ports"] or row["port"]
    times = f" x{row['count']}" if row["count"] != 1 else ""
    return f"{row['protocol']}/{port} {row['scope']} {owner} {row['recipe'] or '-'}{times}"


def doctor_on(capture: Capture) -> dict[str, Any]:
    """Return what in a capture is not as this collection assumes."""
    examination = examine(CapturedHost(capture, host=capture.inventory_name), KNOWLEDGE, captured=True)
    findings = [finding for finding in examination.findings if finding.verdict.word is Word.CONTRADICTED]
    return {"contradicted": {one.assumption.id: f"expected {one.verdict.expected}, seen {one.verdict.seen}" for one in findings}}


# The twin


def twin_of(path: Path, capture: Capture) -> dict[str, Any]:
    """Plan for the twin of a capture, close it, boot it, prove it and restore it; return how that ended.

    Raises:
        Unlike: the plan for the twin is not the plan on the capture.
    """
    made = read_twin(path)
    with simulated(capture.windows.id, host=made.scenario.host) as host:
        host.clock.advance(LONG_UP)
        before = _listeners(host)
        planned = plan_of(act(minimize.ActionModule, host, check=True))
        on_file = plan_on(capture)
        if planned != on_file:
            raise Unlike(f"the plan for the twin differs: {differences(on_file, planned)}")
        _done(act(minimize.ActionModule, host))
        host.boot()
        proof = _done(act(proof_info.ActionModule, host)).result["proof"]
        stays = sorted(listener(row) for row in proof["endpoints"] if row["outcome"] not in ("closed", "kept"))
        _done(act(restore.ActionModule, host))
        host.boot()
        return {"proof": proof["verdict"], "stays": stays, "rolled_back": _listeners(host) == before}


def _listeners(host: Simulated) -> list[str]:
    return sorted(listener(row) for row in _done(act(listeners_info.ActionModule, host)).result["listeners"])


def _done(acted: Acted) -> Acted:
    if acted.error is not None:
        raise acted.error
    return acted


# Comparing and writing


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return what differs between two plain values, a line each."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        names = dict.fromkeys((*expected, *found))
        return [line for name in names for line in differences(expected.get(name), found.get(name), f"{where}{name}: ")]
    if isinstance(expected, Sequence) and isinstance(found, Sequence) and not isinstance(expected, str) and not isinstance(found, str):
        gone, new = ([item for item in one if item not in other] for one, other in ((expected, found), (found, expected)))
        lines = [*(f"{where}no longer {item}" for item in gone), *(f"{where}now {item}" for item in new)]
        return lines or ([f"{where}the order is another"] if list(expected) != list(found) else [])
    return [] if expected == found else [f"{where}expected {expected}, found {found}"]


class _Indented(yaml.SafeDumper):
    """Indents lists, as all YAML of this repository has them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent."""
        super().increase_indent(flow, False)


def text_of(expected: Mapping[str, Any]) -> str:
    """Return the text of an `expected.yml`."""
    return f"---\n{HEAD}" + yaml.dump(dict(expected), Dumper=_Indented, sort_keys=False, width=140, allow_unicode=True)
