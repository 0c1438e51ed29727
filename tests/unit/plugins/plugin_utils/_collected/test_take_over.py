# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of `collect` as a capture: what they tell is what WMI on the same host says, and what they do not tell is unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture, Cell, RowReference
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import take
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import read_folder
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.host import CollectedHost
from ansible_collections.netmin.windows.tests.unit.captured import NAME, NOW, act_captured, captured
from ansible_collections.netmin.windows.tests.unit.collected import fill
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated

SCENARIOS = ("windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_server_2008_r2_german", "windows_server_2022")
# What neither `sc` nor `net start` of Windows 2000 says.
NOT_BY_FILES = {"CreationDate", "Caption", "LastBootUpTime", "LocalDateTime", "MACAddress", "OperatingSystemSKU"}
NOT_ON_2000 = {"AcceptStop", "ExitCode"}


def taken_over(folder: Path) -> Capture:
    """Make a capture of a folder."""
    host = CollectedHost(read_folder(folder), host=NAME)
    return take(host, KNOWLEDGE, inventory_name=NAME, now=NOW, collection="0.0.0").capture


def rows(capture: Capture, wmi_class: str, key: str) -> dict[Any, dict[str, Cell]]:
    """Return rows by a key."""
    found: dict[Any, dict[str, Cell]] = {}
    for query in capture.moments[0].queries:
        if query.wmi_class == wmi_class:
            for row in query.rows:
                cell, other = row[key], row.get("Dependent")
                ends = [end.keys["Name"] for end in (cell, other) if isinstance(end, RowReference)]
                found[tuple(ends) or cell] = dict(row)
    return found


def ipv4(cell: Cell) -> Cell:
    """Leave out addresses of IPv6 with their prefixes, which the registry does not keep, and write a list of one as a list."""
    items = (cell,) if isinstance(cell, str) and cell.count(".") == 3 else cell
    return tuple(item for item in items if item.count(".") == 3) if isinstance(items, tuple) else items


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(
    ("wmi_class", "key"),
    [
        ("Win32_OperatingSystem", "Version"),
        ("Win32_ComputerSystem", "Name"),
        ("Win32_Service", "Name"),
        ("Win32_SystemDriver", "Name"),
        ("Win32_NetworkAdapterConfiguration", "Index"),
        ("Win32_DependentService", "Antecedent"),
    ],
)
def test_the_files_tell_what_wmi_says(name: str, wmi_class: str, key: str, tmp_path: Path) -> None:
    """Each row that WMI shows follows from the files, and each of its cells but those that nothing in them tells."""
    with simulated(name) as host:
        by_files = rows(taken_over(fill(tmp_path / "host", host)), wmi_class, key)
        by_wmi = rows(captured(host).capture, wmi_class, key)
    assert by_files.keys() == by_wmi.keys()
    not_told = NOT_BY_FILES | (NOT_ON_2000 if name == "windows_2000" else set())
    if wmi_class == "Win32_SystemDriver" and name == "windows_2000":
        not_told |= {"State"}
    for row_key, row in by_wmi.items():
        told = {column: ipv4(cell) if column.startswith("IP") else cell for column, cell in row.items() if column not in not_told}
        assert {column: cell for column, cell in by_files[row_key].items() if column in told} == told, row_key


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_listing_is_that_of_the_host(name: str, tmp_path: Path) -> None:
    """Endpoints and their owners are the same, as far as this Windows shows owners."""
    with simulated(name) as host:
        folder = fill(tmp_path / "host", host)
        theirs = act_captured(ListenersAction, captured(host).capture).result
    done = act_captured(ListenersAction, taken_over(folder))
    assert done.error is None
    ours = done.result
    shown = ("protocol", "address", "port", "recipe", "services")
    assert [[row.get(part) for part in shown] for row in ours["listeners"]] == [
        [row.get(part) for part in shown] for row in theirs["listeners"]
    ]
