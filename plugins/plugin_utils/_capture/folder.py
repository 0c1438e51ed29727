# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which file of a folder is the capture of a host, and whether it is of that host, and how old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from .file import file_name, read_capture, taken_at
from .model import Capture

MAP = "captures.yml"
# A fleet of 10,000 hosts needs 1 MB.
MOST_MAP = 8 * 1024 * 1024
DAY = 24 * 3600
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the capture of a host is.

    Attributes:
        name: the inventory name that it has to have.
    """

    path: Path
    name: str


def place_of(folder: Path, address: str, name: str) -> Place:
    """Return where the capture of a host is: where the map of the folder says, else in the file that is called like its address.

    Args:
        address: of the host, as a connection plugin gets it.
        name: of the host in the inventory.

    Raises:
        UnusableCapture: there is no such folder, or its map cannot be read.
    """
    if not folder.is_dir():
        raise UnusableCapture(f"there is no folder {excerpt(folder)}: set netmin_windows_capture_dir to the folder with the captures")
    entry = _map(folder).get(name)
    if entry is None:
        return Place(folder / file_name(address), name)
    file, of = (entry, name) if isinstance(entry, str) else (_text(entry, "file"), _text(entry, "name"))
    if not file or not of or file in (".", "..") or "/" in file or "\\" in file or "\0" in file:
        told = "needs the name of a file of the same folder, or 'file' and 'name'"
        raise UnusableCapture(f"the entry of '{excerpt(name)}' in {excerpt(folder / MAP)} {told}")
    return Place(folder / file, of)


def _text(entry: object, part: str) -> str:
    found = entry.get(part) if isinstance(entry, dict) and set(entry) <= {"file", "name"} else None
    return found if isinstance(found, str) else ""


def _map(folder: Path) -> dict[str, object]:
    """Return which file is of which host, as far as the folder says."""
    path = folder / MAP
    if not path.exists():
        return {}
    try:
        if path.stat().st_size > MOST_MAP:
            raise UnusableCapture(f"{excerpt(path)} has more than {MOST_MAP} bytes")
        text = path.read_text(encoding="utf-8")
        # Aliases let a few lines stand for billions of values.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=YAML_LOADER)):
            raise UnusableCapture(f"{excerpt(path)} has an alias (*): write each entry out")
        found = yaml.load(text, Loader=YAML_LOADER)
    except (OSError, RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnusableCapture(f"{excerpt(path)} cannot be read: {excerpt(error)}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UnusableCapture(f"{excerpt(path)} is no mapping of host names to files")
    return {str(name): entry for name, entry in found.items()}


def open_capture(place: Place) -> Capture:
    """Read the capture of a host.

    Raises:
        UnusableCapture: it cannot be read, or it is of another host.
    """
    found = read_capture(place.path)
    if found.inventory_name != place.name:
        raise UnusableCapture(
            f"{excerpt(place.path)} is a capture of '{excerpt(found.inventory_name)}' and not of '{excerpt(place.name)}': "
            f"put the right file there, or say in {MAP} of that folder which file is of which host"
        )
    return found


def age_in_days(capture: Capture, now: datetime) -> float:
    """Return how old a capture is."""
    return (now - taken_at(capture, "the capture")).total_seconds() / DAY
