# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bundles at the console of simulated hosts: collect, capture, close, restart, prove, undo, restart, and all is as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.audit import ListenersAction, ProofAction
from ansible_collections.netmin.windows.plugins.plugin_utils._action.bundling import BundleAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_spec
from ansible_collections.netmin.windows.tests.unit.captured import NAME, act_captured
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, scenario, simulated

from winsim.batch import CLOSED, Outcome, run
from winsim.host.machine import Power
from winsim.registry_value import RegistryValue

from .test_collect import SCRIPT_OF, Console, console

ALL = ("windows_2000", "windows_xp", "windows_server_2003", "windows_7", "windows_10", "windows_server_2022")
OLDEST = ("windows_2000", "windows_xp")
FAMILIES = (*OLDEST, "windows_10")
# What files do not tell and a person at the console knows: nobody uses the shares, nobody dials in.
ACCEPTED = ["shares-in-use", "task-scheduler", "printing"]


class Planned(BundleAction):
    """The action with its options already those of `minimize`, as `completed` makes them."""

    argument_spec: ClassVar[Mapping[str, Any]] = {**minimize_spec(), "dir": {"type": "path"}, "collected": {"type": "path"}}


@dataclass(frozen=True)
class Bundled:
    """A bundle on a disk of the host that it is for."""

    desk: Console
    folder: Path

    def run(self, script: str, *arguments: str, **options: Any) -> Outcome:
        """Run a script of the bundle."""
        drives = {r"C:\netmin": self.folder, r"C:\out": self.desk.disk, "E:": self.desk.stick}
        given: dict[str, Any] = {"drives": drives, **options}
        return run(self.desk.host.computer, rf"C:\netmin\{script}", arguments, **given)

    @property
    def manifest(self) -> Path:
        """What the controller keeps."""
        return self.folder / "manifest.json"


def collected(desk: Console, name: str, folder: str = "NETMIN") -> Capture:
    """Collect, and make a capture."""
    outcome = desk.collect(SCRIPT_OF[name], rf"C:\out\{folder}")
    assert outcome.exit_code == 0, outcome.console
    return desk.capture(folder)


def bundled(desk: Console, name: str, **options: Any) -> Bundled:
    """Collect, capture, and write a bundle."""
    place = desk.stick.parent / "bundles"
    given: dict[str, Any] = {"accept": ACCEPTED, "dependents": "stop", **options}
    done = act_captured(Planned, collected(desk, name), dir=str(place), collected=str(desk.disk / "NETMIN"), **given)
    assert done.error is None, done.error
    return Bundled(desk, place / NAME)


def restart(host: Simulated) -> None:
    """Restart from the Start menu."""
    machine = host.computer.host
    if machine.power is Power.ON:
        machine.shut_down(restart=True)
    host.clock.advance(600)
    assert host.computer.host.up
    host.clock.advance(300)


def settings(host: Simulated) -> dict[str, Any]:
    """Return what a change can alter, but for the count of boots."""
    return {name: part for name, part in host.computer.state().items() if name in ("services", "drivers", "registry", "adapters")}


def listeners(capture: Capture) -> list[tuple[str, ...]]:
    """Return what listens; a dynamic port has another number after each restart."""
    done = act_captured(ListenersAction, capture)
    assert done.error is None, done.error
    rows = done.result["listeners"]
    return sorted(
        (row["protocol"], row["address"], "dynamic" if row["dynamic"] else str(row["port"]), str(row["recipe"]), str(row.get("services")))
        for row in rows
    )


def prove(capture: Capture, bundle: Bundled) -> Mapping[str, Any]:
    """Hold a capture against the forecast of a bundle."""
    done = act_captured(ProofAction, capture, manifest=str(bundle.manifest))
    assert done.error is None, done.error
    return done.result


@pytest.mark.parametrize("name", ALL)
def test_the_way_there_and_back(name: str, tmp_path: Path) -> None:
    """What is forecast to be closed is closed after the restart, and after the way back everything is as it was."""
    with simulated(name) as host:
        restart(host)
        desk = console(host, tmp_path)
        before = settings(host)
        bundle = bundled(desk, name)
        first = desk.capture()
        assert settings(host) == before

        outcome = bundle.run("close.cmd")
        assert outcome.exit_code == 0, outcome.console
        again = bundle.run("close.cmd")
        assert again.exit_code == 0, again.console
        restart(host)
        proof = prove(collected(desk, name, "SECOND"), bundle)
        assert proof["proof"]["booted"] is True, proof
        assert not [row for row in proof["proof"]["endpoints"] if row["holds"] is False], proof["proof"]["reasons"]
        assert [row for row in proof["proof"]["endpoints"] if row["outcome"] == "closed"]

        back = bundle.run("undo.cmd")
        assert back.exit_code == (9 if name == "windows_2000" else 0), back.console
        restart(host)
        last = bundle.run("undo.cmd")
        assert last.exit_code == 0, last.console
        assert settings(host) == before
        assert listeners(collected(desk, name, "THIRD")) == listeners(first)


def test_x(tmp_path):
    pass
