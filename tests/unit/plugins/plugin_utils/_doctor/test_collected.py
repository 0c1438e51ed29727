# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor on a host that a script has written into files: what files tell contradicts nothing, and the rest is not to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.action import doctor_info
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.take import take
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import read_folder
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.host import CollectedHost
from ansible_collections.netmin.windows.tests.unit.captured import NAME, NOW, act_captured
from ansible_collections.netmin.windows.tests.unit.collected import fill
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, simulated


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_7", "windows_server_2008_r2_german", "windows_server_2022"])
def test_files_contradict_nothing(name: str, tmp_path: Path) -> None:
    with simulated(name) as host:
        folder = fill(tmp_path / "host", host)
    capture = take(
        CollectedHost(read_folder(folder), host=NAME), KNOWLEDGE, inventory_name=NAME, now=NOW, collection="0.0.0", from_files=True
    ).capture
    done = act_captured(doctor_info.ActionModule, capture)
    assert done.error is None
    wrong = [(row["id"], row["expected"], row["seen"]) for row in done.result["assumptions"] if row["verdict"] == "contradicted"]
    assert wrong == []
    assert done.result["counts"]["confirmed"] > 5
    # Nobody asked WMI or StdRegProv: the rows are made of files, and so are the answers of the registry.
    asked = [row for row in done.result["assumptions"] if row["id"].startswith(("wmi-", "registry-", "fault-"))]
    assert {row["verdict"] for row in asked} == {"not_to_be_seen"}
    assert all(row["why"] for row in asked)
