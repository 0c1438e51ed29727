# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads side by side change nothing but the time: results, changes and requests are those of one connection; nothing is read in vain."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction, ProofAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import MinimizeAction, RestoreAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_first, read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME
from ansible_collections.netmin.windows.tests.unit.actions import Acted, act
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, scenario, simulated, state
from hypothesis import given
from hypothesis import strategies as st

from winsim.scenarios.layers import ScenarioError, part_titles

# They answer in most of the ways there are: by netstat and by WMI, in one page and in many, with few classes missing and with many.
KINDS = ("windows_2000", "windows_xp", "windows_7", "windows_server_2012", "windows_server_2022", "windows_11")
HAZARDS = sorted(part for part in part_titles() if part.startswith("hazard_"))
VAIN = ("never asked for", "a rehearsal failed")
RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


class Heard(logging.Handler):
    """Keeps what is said of reads that nobody asked for, and of rehearsals that failed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.vain: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if any(text in record.getMessage() for text in VAIN):
            self.vain.append(record.getMessage())


@contextmanager
def heard() -> Iterator[list[str]]:
    logger, handler = logging.getLogger("ansible_collections.netmin.windows"), Heard()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler.vain
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


def comparable(acted: Acted) -> tuple[str, str, int]:
    """Return what a task said, without the ids of runs, and how many requests it sent."""
    return RUN.sub("RUN", json.dumps(acted.result, sort_keys=True)), str(acted.error or ""), len(acted.traffic.requests)


def told(name: str, tasks: tuple[tuple[type[WindowsAction], dict[str, Any]], ...], connections: int) -> tuple[list[object], list[str]]:
    """Run tasks on a fresh host, each after a boot; return all that they said, what has become of the host, and what was read in vain."""
    said: list[object] = []
    vain: list[str] = []
    with simulated(name) as host:
        for action, options in tasks:
            host.boot()
            with heard() as found:
                acted = act(action, host, slow=True, connections=connections, **options)
            said.append(comparable(acted))
            # A task that is refused half-way asks no further.
            vain += found if acted.error is None else []
        said.append(RUN.sub("RUN", json.dumps(state(host), sort_keys=True, default=str)))
    return said, vain


def same(name: str, *tasks: tuple[type[WindowsAction], dict[str, Any]]) -> None:
    alone, nothing = told(name, tasks, 1)
    beside, vain = told(name, tasks, 4)
    assert alone == beside
    assert (nothing, vain) == ([], [])


@pytest.mark.parametrize("name", KINDS)
def test_every_host_says_and_becomes_the_same(name: str) -> None:
    same(
        name, (ListenersAction, {}), (MinimizeAction, {"dependents": "stop"}), (MinimizeAction, {}), (ProofAction, {}), (RestoreAction, {})
    )


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, tuple[tuple[type[WindowsAction], dict[str, Any]], ...]]:
    """Draw a host, perhaps one that shows a hazard, and what is asked of it."""
    name = draw(st.sampled_from(KINDS))
    part = draw(st.one_of(st.none(), st.sampled_from(HAZARDS)))
    options = {
        "dependents": draw(st.sampled_from(["refuse", "stop"])),
        "unverified": draw(st.sampled_from(["skip", "apply"])),
        "stages": draw(st.lists(st.sampled_from(STAGES), min_size=1, unique=True)),
        "check": draw(st.booleans()),
        **draw(
            st.sampled_from(
                [{}, {"ip_filter": {"residue": "drop"}, "stages": list(STAGES)}, {"keep": [{"port": "tcp/135", "reason": "r"}]}]
            )
        ),
    }
    return f"{name}+{part}" if part else name, (
        (MinimizeAction, options),
        (ListenersAction, {}),
        (RestoreAction, {"force": draw(st.booleans())}),
    )


@examples(4, 200)
@given(stories())
def test_whatever_is_asked_of_whichever_host(story: tuple[str, tuple[tuple[type[WindowsAction], dict[str, Any]], ...]]) -> None:
    name, tasks = story
    try:
        scenario(name)
    except ScenarioError:
        # The part is for another Windows.
        return
    alone, _nothing = told(name, tasks, 1)
    beside, _vain = told(name, tasks, 4)
    assert [item[:2] if isinstance(item, tuple) else item for item in alone] == [
        item[:2] if isinstance(item, tuple) else item for item in beside
    ]


def test_reads_that_are_announced_are_those_of_the_stage() -> None:
    """What a stage wants, once it has been read, is nothing more."""
    with simulated("windows_server_2022") as host:
        first = read_first(host.session, KNOWLEDGE)
        assert {
            len(STAGE_BY_NAME[name].wants(host.session, first, KNOWLEDGE)) > 0
            for name in STAGES
            if name not in ("ip_filter", "rpc_filters", "smb_device")
        } == {True}
        read = read_host(host.session, KNOWLEDGE)
        for name in STAGES:
            STAGE_BY_NAME[name].read(host.session, read, KNOWLEDGE)
            assert STAGE_BY_NAME[name].wants(host.session, read, KNOWLEDGE) == ()


def test_how_many_connections_a_host_can_spare() -> None:
    """Before 7 and 2008 R2 the ports of WinRM's listeners tell which WinRM it is."""
    with simulated("windows_server_2022") as host:
        assert read_first(host.session, KNOWLEDGE).spare_connections == 4
    with simulated("windows_xp") as host:
        first = read_first(host.session, KNOWLEDGE)
        assert first.windows.nt < NtVersion(6, 1)
        assert first.spare_connections == 4
        old = tuple(replace(listener, port=80) for listener in first.management)
        assert replace(first, management=old).spare_connections == 2
        assert replace(first, management=()).spare_connections == 2
        off = tuple(replace(listener, enabled=False) for listener in first.management)
        assert replace(first, management=off).spare_connections == 2
