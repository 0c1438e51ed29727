# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk hosts that nobody reaches through every step of the article with files alone, and compare the tables.

The steps and tables are data beside the checkout (`article.yml`, or the file that NETMIN_ARTICLE names).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.tests.article import NUMBERS, boots, compare, modules_of
from ansible_collections.netmin.windows.tests.beside import ARTICLE
from ansible_collections.netmin.windows.tests.unit.captured import act_captured
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated

from .test_bundle import ACCEPTED, collected, prove, restart, written
from .test_collect import console

TERMS = ("accept", "dependents")


@pytest.fixture(scope="module")
def article() -> Any:
    return yaml.safe_load(ARTICLE.at().read_text(encoding="utf-8"))


def minimize_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `minimize` that do what a task of one stage does."""
    ((module, options),) = task.items()
    stage = module.rpartition(".")[2]
    own = {name: value for name, value in options.items() if name not in TERMS}
    accept = sorted({*ACCEPTED, *options.get("accept", ())})
    return {"stages": [stage], "accept": accept, **(own if stage == "services" else {stage: own})}


def boots_by_files(step: Mapping[str, Any], method: str) -> bool:
    """Tell whether a step needs a boot: at the console that holds for NetBIOS too, since no tool makes an adapter read its option anew."""
    return boots(step, method) or (step["action"] is not None and step["action"]["kind"] == "netbios_off_per_adapter")


def table(host: Simulated, capture: Capture, step: str) -> Any:
    """Return the true table, which is what the listing of a capture shows."""
    done = act_captured(ListenersAction, capture)
    assert done.error is None, done.error
    seen: Any = host.computer.dump()["endpoints"]
    shown = {(row["protocol"], row["address"], row["port"]) for row in done.result["listeners"]}
    assert shown == {(row["protocol"], row["address"], row["port"]) for row in seen}, step
    return seen


@pytest.mark.parametrize("method", ["value", "driver"])
@pytest.mark.parametrize("system", ["win2000", "winxp"])
def test_every_step_leaves_the_table_of_the_article_by_files(article: Any, system: str, method: str, tmp_path: Path) -> None:
    """Collect, capture, bundle, close, restart where it is needed, and collect again, for each step; at the end nothing listens."""
    steps, name = article["hosts"][system]["steps"], NUMBERS[system]
    attribution = steps[0]["attribution"]
    with simulated(f"{name}+no_winrm") as host:
        desk = console(host, tmp_path)
        capture, folder, booted = collected(desk, name, "NETMIN"), "NETMIN", False
        for step in steps:
            reboot = boots_by_files(step, method)
            booted = booted or reboot
            bundles = []
            for task in modules_of(step["action"], method):
                bundle = written(desk, capture, folder, **minimize_of(task))
                outcome = bundle.run("close.cmd")
                assert outcome.exit_code == 0, (step["id"], outcome.console)
                bundles.append(bundle)
            if reboot:
                restart(host)
            folder = step["id"]
            capture = collected(desk, name, folder)
            compare(step, table(host, capture, folder), attribution, with_pid=system == "winxp", booted=booted)
            for bundle in bundles:
                proof = prove(capture, bundle)["proof"]
                assert not [row for row in proof["endpoints"] if row["holds"] is False], (folder, proof["reasons"])
        assert host.endpoints() == set()
