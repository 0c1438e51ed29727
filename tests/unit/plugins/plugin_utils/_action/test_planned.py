# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the actions that change a host write on the controller."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.baseline import COLLECTION
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction


@pytest.mark.parametrize(("own", "begins"), [(True, "here"), (False, "play")])
def test_records_are_where_the_reader_looks(own: bool, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A playbook of the collection lies where collections are installed: records beside it are lost with the next version."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    base = COLLECTION / "playbooks" if own else tmp_path / "play"
    action = MinimizeAction.__new__(MinimizeAction)
    action.host_name = "web01"
    action._loader = SimpleNamespace(get_basedir=lambda: str(base), path_dwim=lambda text: str(base / text))  # noqa: SLF001 - Ansible's

    keeper = action.keeper({"record_dir": "records"})
    assert keeper is not None
    assert keeper.folder == tmp_path / begins / "records"
