# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of changes, and each object once."""

from __future__ import annotations

import random

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan, in_order
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService


def stop(name: str, *, stage: str = "services", rank: int = 0, touches: bool = False) -> StopService:
    kind = ServiceKind.SERVICE
    return StopService(stage=stage, effective=Effective.NOW, why=stage, rank=rank, kind=kind, name=name, touches_session=touches)


def value(number: int, *, stage: str = "smb_device", name: str = "Value") -> SetRegistryValue:
    after = RegistryValue.dword(number)
    return SetRegistryValue(stage=stage, effective=Effective.BOOT, why=stage, key="KEY", name=name, before=None, after=after)


def test_three_keys_then_the_stage_then_the_rank() -> None:
    expected: list[Change] = [
        stop("dependent"),
        stop("needed", rank=1),
        stop("helper", stage="netbt"),
        stop("server", stage="smb_device", rank=5),
        value(1, stage="services"),
        value(2, stage="name_resolution", name="Other"),
        stop("driver", stage="netbt", touches=True),
    ]
    mixed = list(expected)
    random.Random(7).shuffle(mixed)
    assert mixed != expected
    assert in_order(mixed) == tuple(expected)
    assert Plan.merge(Plan((change,)) for change in mixed).changes == tuple(expected)


def test_every_stage_has_its_place() -> None:
    changes = [value(0, stage=stage, name=stage) for stage in reversed(STAGES)]
    assert [change.stage for change in in_order(changes)] == list(STAGES)


def test_equal_changes_keep_their_order() -> None:
    changes = (stop("b"), stop("a"), stop("c"))
    assert in_order(changes) == changes


def test_each_object_once() -> None:
    plan = Plan.merge((Plan((stop("Browser"),)), Plan((stop("browser2"),)), Plan((stop("Browser", stage="netbt"),))))
    assert [(change.target, change.stage) for change in plan.changes] == [("service Browser", "services"), ("service browser2", "services")]


def test_contradictions_are_refused() -> None:
    with pytest.raises(InvalidOption, match=r"HKLM\\KEY\\Value is to be 1 by stage rpc_restriction and 2 by stage dcom_protocols"):
        Plan.merge((Plan((value(1, stage="rpc_restriction"),)), Plan((value(2, stage="dcom_protocols"),))))


def test_warnings_are_said_once() -> None:
    assert Plan.merge((Plan(warnings=("a", "b")), Plan(warnings=("b",)))).warnings == ("a", "b")
