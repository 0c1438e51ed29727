# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All files of a bundle, from a plan and the host that it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved

from . import manifest, readme, reg
from .reg import Exports
from .render_2000 import Windows2000
from .render_xp import SinceXp
from .script import Family, Target, close_script, undo_script
from .steps import Step, Write, closing, undoing
from .words import content

VISTA = NtVersion(6, 0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files by their names, and the steps that they make."""

    files: Mapping[str, bytes]
    steps: tuple[Step, ...]


def collector(nt: NtVersion) -> str:
    """Return the name of the script that collects on a Windows."""
    return "collect_2000.cmd" if nt == NtVersion(5, 0) else "collect_xp.cmd" if nt < VISTA else "collect_vista.cmd"


def made(
    target: Target,
    plan: Plan,
    saved: Iterable[Saved],
    record: Record,
    *,
    collect: bytes,
    exports: Exports,
    captured_at: str = "",
    left: Iterable[str] = (),
    warnings: Iterable[str] = (),
    interfaces: Iterable[str] = (),
) -> Bundle:
    """Render a bundle.

    Args:
        saved: what the plan touches, as it is now.
        record: the forecast, for the proof.
        collect: the script that collects on this Windows.
        exports: what was collected on this host.
        left: what the plan leaves as it is, and why.
        interfaces: the numbers that the host's interfaces have, where the plan binds RPC to some.

    Raises:
        Refused: something in the plan cannot be written into a batch file, or cannot be taken back by one.
    """
    known = tuple(saved)
    steps = closing(plan.changes, known, target.nt)
    back = undoing(steps, known)
    family: Family = Windows2000(exports) if target.nt == NtVersion(5, 0) else SinceXp(old=target.nt < VISTA)
    written = tuple(step for step in steps if isinstance(step, Write))
    files = {
        "close.cmd": content(close_script(target, steps, family)),
        "undo.cmd": content(undo_script(target, back, family)),
        "collect.cmd": collect,
        "before.reg": reg.of((step, step.before) for step in written),
        "close.reg": reg.of((step, step.after) for step in written),
        "undo.reg": reg.of((step, step.after) for step in back if isinstance(step, Write)),
        "FORECAST.txt": content(readme.forecast(target, record.forecast)),
    }
    told = readme.readme(target, steps, files, unchanged=left, warnings=warnings, interfaces=interfaces, collect="collect.cmd")
    files["README.txt"] = content(told)
    files[manifest.NAME] = manifest.made(target, record, files, captured_at=captured_at)
    return Bundle(files, steps)
