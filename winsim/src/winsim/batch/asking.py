# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run as the testers' window is asked for it: plain types in, plain types out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from winsim.cmd.expansion import NotKnown
from winsim.providers.computer import SimulatedHost

from .running import run
from .system import Endless

KEYS: Mapping[str, type | tuple[type, ...]] = {
    "script": str,
    "arguments": list,
    "drives": dict,
    "administrator": bool,
    "bitness": int,
    "code_page": int,
    "directory": str,
    "environment": dict,
    "keys": str,
    "without": list,
    "read_only": list,
    "disk_full_after": int,
    "killed_after_step": int,
}
"""What may be asked, by the names of `run`; `script` and `drives` must be there."""


def run_asked(computer: object, asked: object) -> dict[str, object]:
    """Run a script, and return how that ended.

    Raises:
        ValueError: the request is wrong, or the script needs what is not known here; the text says what.
    """
    if not isinstance(computer, SimulatedHost):
        raise ValueError("this host is none of a scenario, and has no console")
    if not isinstance(asked, dict) or not {"script", "drives"} <= asked.keys():
        raise ValueError("a JSON object with script and drives is expected")
    for key, value in asked.items():
        if key not in KEYS:
            raise ValueError(f"{key} is unknown; known are {', '.join(KEYS)}")
        if not isinstance(value, KEYS[key]) or (KEYS[key] is int and isinstance(value, bool)):
            raise ValueError(f"{key} is of the wrong type: {value!r}")
        within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if not all(isinstance(entry, str) for entry in within):
            raise ValueError(f"{key} holds something that is no text")
    options: dict[str, Any] = {key: value for key, value in asked.items() if key != "script"}
    options["drives"] = {place: Path(folder) for place, folder in asked["drives"].items()}
    for place, folder in options["drives"].items():
        if not folder.is_absolute() or not folder.is_dir():
            raise ValueError(f"{place}: {folder} is not the full path of a folder")
    try:
        ended = run(computer, asked["script"], **options)
    except (NotKnown, Endless, FileNotFoundError, NotADirectoryError) as error:
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        raise ValueError(f"{type(error).__name__}: {error}{notes}") from error
    return {"exit_code": ended.exit_code, "console": ended.console, "steps": ended.steps}
