# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Twins of simulated hosts: made from their captures by winsim's own code, as from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture

from winsim.twins.format import capture_of
from winsim.twins.twin import Twin
from winsim.twins.twin import twin as made_of

from .simulated import Simulated, simulated

LEFT_OUT = frozenset({"run", "stats", "uptime", "now", "record_file", "pid", "left", "boot", "management"})
# They stand in the order of ports, of which some are dynamic.
IN_NO_ORDER = frozenset({"endpoints", "forecast", "listeners", "residue", "unchanged"})


def as_file(capture: Capture) -> Any:
    """Return a capture as JSON has it."""
    return json.loads(json.dumps(plain(capture)))


def twin_of(node: Any) -> Twin:
    """Make the twin of a capture in its plain form."""
    return made_of(capture_of(node, "the capture"), "the capture")


@contextmanager
def started(twin: Twin) -> Iterator[Simulated]:
    """Open a session with a twin."""
    with simulated(twin.name, made=twin.scenario) as host:
        yield host


def alike(result: Any, name: str = "") -> Any:
    """Return a result without what is another on each host and at each boot: numbers of processes and dynamic ports, sign-ins, times."""
    if isinstance(result, Mapping):
        if name == "by_port":
            ports = [["dynamic" if row.get("dynamic") else port, alike(row)] for port, row in result.items()]
            return sorted(ports, key=repr)
        shown = {**result, "port": "dynamic"} if result.get("dynamic") and "port" in result else result
        return {key: alike(item, key) for key, item in shown.items() if key not in LEFT_OUT}
    if isinstance(result, list):
        items = [alike(item, name) for item in result]
        return sorted(items, key=repr) if name in {*IN_NO_ORDER, "lines"} else items
    if not isinstance(result, str):
        return result
    text = re.sub(r" in pid \d+", "", result)
    text = re.sub(r"\b(tcp|udp)/(49\d{3}|5\d{4}|6[0-5]\d{3}|1[01]\d\d)\b", r"\1/dynamic", text)
    text = re.sub(r"_[0-9a-f]{5}\b", "_LUID", re.sub(r"\d{8}T\d{6}Z-\w+", "RUN", text))
    return " ".join(text.split()) if name == "lines" else text
