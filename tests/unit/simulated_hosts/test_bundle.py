# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bundles at the console of simulated hosts: collect, capture, close, restart, prove, undo, restart, and all is as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._action.bundling import BundleAction
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_spec
from ansible_collections.netmin.windows.tests.unit.captured import NAME, act_captured
from ansible_collections.netmin.windows.tests.unit.simulated import simulated

from winsim.batch import Outcome, run

from .test_collect import SCRIPT_OF, Console, console

class Planned(BundleAction):
    """The action with its options already those of `minimize`, as `completed` makes them."""

    argument_spec: ClassVar[Mapping[str, Any]] = {**minimize_spec(), "dir": {"type": "path"}, "collected": {"type": "path"}}


ACCEPTED = ["shares-in-use", "netbios-in-use"]


@dataclass(frozen=True)
class Bundled:
    """A bundle on a disk of the host that it is for."""

    desk: Console
    folder: Path

    def run(self, script: str, *arguments: str, **options: Any) -> Outcome:
        """Run a script of the bundle."""
        drives = {r"C:\netmin": self.folder, r"C:\out": self.desk.disk, "E:": self.desk.stick}
        return run(self.desk.host.computer, rf"C:\netmin\{script}", arguments, drives=drives, **options)


def bundled(desk: Console, place: Path, **options: Any) -> Bundled:
    """Collect, capture, and write a bundle."""
    done = act_captured(Planned, desk.capture(), dir=str(place / "bundles"), collected=str(desk.disk / "NETMIN"), **options)
    assert done.error is None, done.error
    return Bundled(desk, place / "bundles" / NAME)


def test_x(tmp_path):
  for name in ["windows_2000", "windows_xp"]:
    with simulated(name) as host:
        p = tmp_path / name
        p.mkdir()
        desk = console(host, p)
        out = desk.collect(SCRIPT_OF[name])
        assert out.exit_code == 0
        b = bundled(desk, p)
        for f in sorted(b.folder.iterdir()):
            print("=====", f.name, f.stat().st_size)
            if f.suffix in (".cmd", ".txt") and f.name != "collect.cmd":
                print(f.read_bytes().decode("ascii").replace("\r\n", "\n"))
        for script, args in (("close.cmd", ("/plan",)), ("close.cmd", ()), ("close.cmd", ())):
            o = b.run(script, *args)
            print("#####", script, args, o.exit_code, o.steps)
            print(o.console)
        host.boot()
        for script, args in (("undo.cmd", ()), ("undo.cmd", ())):
            o = b.run(script, *args)
            print("#####", script, args, o.exit_code, o.steps)
            print(o.console)
