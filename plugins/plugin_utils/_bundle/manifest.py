# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifest of a bundle: what the controller keeps of it, for the proof and to tell whether a file was changed.

Windows 2000 and XP have nothing that makes a hash, and a batch file cannot be signed: hashes are compared, and a
signature is made, elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import (
    Record,
    RecordUnreadable,
    from_lines,
    head_of,
    line_of,
    lines_of,
)

from .script import Target

NAME = "manifest.json"
SCHEMA = 1
# A forecast has at most some thousand lines of a few hundred characters.
MOST_BYTES = 64 * 1024 * 1024
SAID = ("run", "host", "computer")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        host: in the inventory.
        computer: what the host calls itself.
    """

    host: str
    computer: str
    record: Record


def made(target: Target, record: Record, files: Mapping[str, bytes], *, captured_at: str) -> bytes:
    """Return the manifest of files."""
    head, lines = head_of(record), lines_of(record)
    said = {
        "schema_version": SCHEMA,
        "run": target.run,
        "host": target.name,
        "computer": target.computer,
        "windows": {"name": target.system, "version": str(target.nt), "build": target.build},
        "captured_at": captured_at,
        "files": {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for name, content in sorted(files.items())},
        "forecast": [head, *(json.loads(line) for line in lines)],
    }
    return (json.dumps(said, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def read(path: Path, host: str) -> Manifest:
    """Read a manifest.

    Raises:
        InvalidOption: it cannot be read, is not one, or is of another host.
    """
    where = f"'manifest' {excerpt(path)}"
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidOption(f"{where} cannot be read: {error.strerror or error}") from error
    try:
        if len(content) > MOST_BYTES:
            raise ValueError("it is too large")
        said: dict[str, Any] = json.loads(content)
        if said["schema_version"] != SCHEMA:
            raise ValueError(f"its schema is {said['schema_version']}")
        run, name, computer = (str(said[key]) for key in SAID)
        record = from_lines([line_of(line) for line in said["forecast"]], host)
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError, RecordUnreadable) as error:
        raise InvalidOption(f"{where} is not the manifest of a bundle, or was changed: {excerpt(error)}") from error
    if name != host:
        raise InvalidOption(f"{where} is of the host '{excerpt(name)}', not of '{excerpt(host)}'")
    if record.run != run:
        raise InvalidOption(f"{where} has the forecast of another bundle: it was changed")
    return Manifest(name, computer, record)
