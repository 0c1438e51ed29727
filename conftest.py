# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install Ansible's importer before any test imports `ansible_collections`, and say which tests one worker of `pytest -n` runs.

In the other order Ansible finds no plugin of a collection that plain Python has imported already.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

if AnsibleCollectionConfig.collection_finder is None:  # ansible-test brings its own
    _tree = Path(__file__).parent / ".cache"
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(_tree)
    init_plugin_loader([str(_tree)])

UTILS = "tests/unit/plugins/plugin_utils"
TOGETHER = ("tests/integration/", "winsim/", f"{UTILS}/_bundle/test_wine.py", f"{UTILS}/_undo/test_timer.py")


def group_of(nodeid: str) -> str:
    """Return which tests stay together on one worker: those of a group have the same name.

    A file of integration tests or of winsim's shares plays and hosts, and one of wine's a Windows: each worker would start them for
    itself. Groups come before all others, so that no worker waits for one at the end. Each other unit test may go anywhere.
    """
    return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Let `pytest -n` keep groups together; other ways to distribute tests (`--dist`) stay as they are."""
    if config.getvalue("dist") != "load":
        return None
    # Here and not above: ansible-test runs without it.
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
        """Groups are those of `group_of`."""

        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Scheduling(config, log)
