# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what `net start`, `sc queryex`, `tasklist`, `ver` and `chcp` print, in any language.

Labels and titles are translated, places and numbers are not: of `sc` the numbers and constants are English in every listing seen
(English, Spanish, Portuguese, Russian, Italian); of `tasklist /fo csv` the second column is the process id; of `net start` the names of
services are indented by three blanks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind

MOST_ROWS = 20_000
_VERSION = re.compile(r"(\d{1,2})\.(\d{1,3})\.(\d{1,6})")
_PAGE = re.compile(r":\s*(\d{3,5})")
_NUMBERED = re.compile(r":\s*([0-9a-f]{1,8})\s+([A-Z][A-Z0-9_]*)", re.IGNORECASE)
_VALUE = re.compile(r"    (?! )(?!\()(.+?)    (REG_[A-Z_]+)(?:    (.*))?")
_HEX_NUMBER = re.compile(r"0x[0-9a-f]{1,8}", re.IGNORECASE)
_DECIMAL = re.compile(r":\s*(\d{1,10})\b")
# Microsoft, SERVICE_STATUS: dwCurrentState, and what WMI calls it (Win32_BaseService.State).
STATES: Mapping[int, str] = {
    1: "Stopped",
    2: "Start Pending",
    3: "Stop Pending",
    4: "Running",
    5: "Continue Pending",
    6: "Pause Pending",
    7: "Paused",
}
TYPE_WORDS = ("_PROCESS", "_DRIVER", "ADAPTER", "INTERACTIVE")


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """A service or driver as `sc queryex` shows it.

    Attributes:
        name: the key name.
        state: as WMI calls it.
        accepts_stop: None where the listing does not say, as of everything that does not run.
        exit_code: the Win32 one; None where it was not understood.
        pid: None where there is no process.
    """

    name: str
    display_name: str
    state: str
    accepts_stop: bool | None
    exit_code: int | None
    pid: int | None


@dataclass(frozen=True, slots=True)
class Task:
    """A process and the services in it."""

    image: str
    pid: int


def parse_version(text: str) -> tuple[int, int, int]:
    """Return major, minor and build from what `ver` prints (`[Version 5.00.2195]`).

    Raises:
        ValueError: there is none.
    """
    found = _VERSION.search(text)
    if found is None:
        raise ValueError("'ver' printed no version")
    return int(found[1]), int(found[2]), int(found[3])


def parse_code_page(text: str) -> int | None:
    """Return the number that `chcp` prints; None where there is none."""
    found = _PAGE.search(text)
    return int(found[1]) if found else None


def parse_running(text: str) -> tuple[str, ...]:
    """Return the display names of the running services from `net start`."""
    return tuple(line.strip() for line in text.splitlines()[:MOST_ROWS] if line.startswith("   ") and line.strip())


def parse_services(text: str) -> tuple[ServiceStatus, ...]:
    """Return the services of `sc queryex`; a block begins with two lines that are not indented, name and display name.

    Raises:
        ValueError: there are more than any host has.
    """
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if not line[0].isspace() and ":" in line:
            # The first of two such lines is the name.
            if not blocks or len(blocks[-1]) != 1:
                blocks.append([])
            blocks[-1].append(line)
        elif blocks:
            blocks[-1].append(line)
        if len(blocks) > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS} services")
    return tuple(found for found in map(_service, blocks) if found is not None)


def _service(lines: list[str]) -> ServiceStatus | None:
    head = [line.partition(":")[2].strip() for line in lines[:2]]
    rest = lines[2:]
    numbered = [(index, found) for index, line in enumerate(rest) if (found := _NUMBERED.search(line))]
    types = [item for item in numbered if any(word in item[1][2].upper() for word in TYPE_WORDS)]
    if len(head) < 2 or not types:
        return None
    # The state is the next line of a number and a word after the type.
    state = next(((index, found) for index, found in numbered if index > types[0][0]), None)
    if state is None or not state[1][1].isdecimal() or int(state[1][1]) not in STATES:
        return None
    place = state[0] + 1
    flags = rest[place].strip() if place < len(rest) and rest[place].strip().startswith("(") else ""
    codes = [found for line in rest[place + bool(flags) :] if (found := _DECIMAL.search(line))]
    running = int(state[1][1]) != 1
    # In decimal are the Win32 exit code, that of the service and, of `queryex`, the process id; in between two numbers begin with 0x.
    pid = int(codes[2][1]) if len(codes) > 2 else 0
    return ServiceStatus(
        name=head[0],
        display_name=head[1],
        state=STATES[int(state[1][1])],
        accepts_stop=_accepts_stop(flags) if running and flags else None,
        exit_code=int(codes[0][1]) if codes else None,
        pid=pid or None,
    )


def _accepts_stop(flags: str) -> bool:
    words = {word.strip(" ()") for word in flags.split(",")}
    return "STOPPABLE" in words


def parse_tasks(text: str) -> tuple[Task, ...]:
    """Return the processes of `tasklist /fo csv`, with or without a line of titles."""
    rows = csv.reader(line for line in text.splitlines()[:MOST_ROWS] if line.startswith('"'))
    return tuple(Task(row[0].strip(), int(row[1])) for row in rows if len(row) >= 2 and row[1].isdecimal() and len(row[1]) <= 10)


def parse_values(text: str) -> dict[str, StoredValue]:
    """Return the values of one key from what `reg query` prints from Windows Vista on, numbers and texts alone.

    Four blanks stand before a name, and between name, type and data; a name with blanks in it ends where ` REG_` begins. The default
    value has a translated name in brackets; it is passed over, as is every list, whose elements the listing does not tell apart.
    """
    found: dict[str, StoredValue] = {}
    for line in text.splitlines()[:MOST_ROWS]:
        row = _VALUE.fullmatch(line)
        if row is None:
            continue
        name, kind, data = row.groups()
        if kind == "REG_DWORD" and _HEX_NUMBER.fullmatch(data or ""):
            found[name] = StoredValue(type=ValueKind.DWORD, data=int(data, 16))
        elif kind in ("REG_SZ", "REG_EXPAND_SZ"):
            found[name] = StoredValue(type=ValueKind(kind), data=data or "")
    return found


def decode(content: bytes, encoding: str) -> str:
    """Return a listing as text; what is no character in its code page is shown as one that is none.

    A listing may have been redirected as UTF-16 as well (`cmd /u`).
    """
    if content.startswith(b"\xff\xfe"):
        return content[2:].decode("utf-16-le", errors="replace")
    return content.decode(encoding, errors="replace")


def as_shown(name: str, encoding: str) -> str:
    """Return a name as a listing in a code page can show it: what is not in the page arrives as a question mark."""
    return name.encode(encoding, errors="replace").decode(encoding, errors="replace")


def by_display_name(running: Iterable[str], names: Mapping[str, str], encoding: str) -> tuple[set[str], set[str], list[str]]:
    """Say which services run, by the display names that a listing shows.

    Args:
        names: display names by key name.

    Returns:
        key names of those that certainly run, of those that nobody can tell, and display names that no service has.
    """
    shown: dict[str, list[str]] = {}
    for key, display in names.items():
        shown.setdefault(as_shown(display, encoding).strip().lower(), []).append(key)
    runs: set[str] = set()
    unclear: set[str] = set()
    foreign: list[str] = []
    for display in running:
        keys = shown.get(display.strip().lower(), [])
        if len(keys) == 1:
            runs.update(keys)
        elif keys:
            # Two services of one name: at least one of them runs.
            unclear.update(keys)
        else:
            foreign.append(display)
    return runs, unclear, foreign
