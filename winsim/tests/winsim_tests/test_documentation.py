# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page says what can be written: each key of a scenario, each fault, each scenario that is no copy of another."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from winsim.host import faults, model
from winsim.scenarios import load_scenario, loader, schema, strict
from winsim.scenarios.layers import FOLDER, layers
from winsim.scenarios.merge import STRUCTURE
from winsim.wire import injection

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
CODE = {word for code in re.findall(r"`([^`]+)`", PAGE) for word in re.findall(r"\w+", code)}
ROWS = (
    model.WindowsSpec, model.ProcessSpec, schema.ServiceRow, schema.DriverRow, model.AdapterSpec, model.SocketSpec, model.SwitchSpec,
    model.RpcServerSpec, model.MapperSpec, model.NetbtSpec, model.DnsClientSpec, model.ConnectionSpec, model.AccountSpec,
    model.ListenerSpec, model.QuotaSpec, schema.Timing, schema.FirewallTable, schema.RuleRow,
)  # fmt: skip


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_each_key_of_a_row_is_there(kind: type) -> None:
    assert not [entry.name for entry in fields(kind) if entry.name not in CODE]


def test_each_key_of_a_scenario_is_there() -> None:
    assert not {*loader.REQUIRED, *loader.OPTIONAL, *STRUCTURE, *strict.REGISTRY_TYPES} - CODE


def test_each_fault_is_there_with_its_settings() -> None:
    settings = {key for required, optional in faults.KINDS.values() for key in (*required, *optional)}
    assert not {*faults.KINDS, *injection.KINDS, *settings} - CODE


def test_each_scenario_that_extends_none_is_there() -> None:
    own = [path.stem for path in FOLDER.glob("*.yml") if not extends(path)]
    assert own
    assert not [name for name in own if f"`{name}`" not in PAGE]


def extends(path: Path) -> bool:
    return any("extends" in layer.document for layer in layers(path))


def test_the_page_names_no_scenario_that_is_not_there() -> None:
    for name in re.findall(r"`(windows_[a-z0-9_]+)`", PAGE):
        assert load_scenario(name).name == name
