# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk both hosts through every step of the article with the stage modules, and compare the true tables.

The steps and tables are data beside the checkout (`article.yml`, or the file that NETMIN_ARTICLE names).
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.tests.article import NUMBERS, boots, compare, modules_of
from ansible_collections.netmin.windows.tests.beside import ARTICLE

from winsim.server import HostSpec, Simulation

from .harness import on, play

pytestmark = pytest.mark.slow

WINRM = ("tcp", "0.0.0.0", 5985, 4)


@pytest.fixture(scope="module")
def article() -> Any:
    return yaml.safe_load(ARTICLE.at().read_text(encoding="utf-8"))


@pytest.mark.parametrize("method", ["value", "driver"])
@pytest.mark.parametrize("system", ["win2000", "winxp"])
def test_every_step_leaves_the_table_of_the_article(article: Any, system: str, method: str) -> None:
    steps = article["hosts"][system]["steps"]
    attribution = steps[0]["attribution"]
    with Simulation([HostSpec(scenario=NUMBERS[system], name="host", boot_seconds=0.5)]) as simulation:
        url = f"{simulation['host'].window_url}/endpoints"
        tasks: list[dict[str, Any]] = []
        for step in steps:
            tasks += [{**task, "name": f"{step['id']} do {number}"} for number, task in enumerate(modules_of(step["action"], method))]
            if boots(step, method):
                tasks.append({"name": f"{step['id']} boot", "netmin.windows.reboot": {"interval": 1}})
            asked = {"ansible.builtin.uri": {"url": url}, "delegate_to": "localhost", "vars": {"ansible_connection": "local"}}
            tasks.append({"name": f"{step['id']} table", **asked})
        played = play(on(simulation), tasks)
        assert played.returncode == 0, played.output
        booted = False
        for step in steps:
            booted = booted or boots(step, method)
            seen = played.of("host", f"{step['id']} table").result["json"]
            rows = [row for row in seen if row["port"] != WINRM[2]]
            assert len(rows) == len(seen) - 1, step["id"]
            compare(step, rows, attribution, with_pid=system == "winxp", booted=booted)
            done = [outcome for outcome in played.outcomes if outcome.task.startswith(f"{step['id']} do")]
            assert all(outcome.result["changed"] for outcome in done), step["id"]
