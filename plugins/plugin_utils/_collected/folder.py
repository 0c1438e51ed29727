# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder that `collect` fills: which files there are, read within bounds.

`collect.txt` says what was asked for, line by line, while the script goes on, so that a run that ended in the middle is seen; what it
names and what is not there was not on the host.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from .listings import ServiceStatus, Task, decode, parse_code_page, parse_running, parse_services, parse_tasks, parse_values, parse_version
from .reg_file import MOST_BYTES, ROOT, ExportedKey, NotAnExport, parse

INDEX = "collect.txt"
FIRST_LINE = "netmin.windows collect 1"
LAST_LINE = "done"
# Of a listing: that of 60,000 sockets has 5 MB.
MOST_LISTING = 16 * 1024 * 1024
MOST_INDEX_LINES = 1000
# Microsoft, "Code Page Identifiers": OEM and ANSI of Western European languages, where nothing says which a host has.
OEM, ANSI = "cp850", "cp1252"
FACTS = ("systemroot ", "edition ")
NLS = r"system\currentcontrolset\control\nls\codepage"


@dataclass(frozen=True, slots=True)
class Collected:
    """What the files of one host say.

    Attributes:
        version: major, minor and build of the kernel.
        asked: registry keys that were exported with all below them, in lower case, below HKEY_LOCAL_MACHINE.
        keys: what was there of them.
        alone: numbers and texts of single keys, without what is below them, by names in lower case.
        running: display names of running services; None where `sc` told more.
        services: what `sc` told of services and drivers; None on a Windows without it.
        tasks: processes; None on a Windows that lists none.
        netstat: its output, and that of a second time.
        encoding: of the listings.
        facts: what the script wrote down in `collect.txt` itself (`systemroot`, `edition`).
    """

    version: tuple[int, int, int]
    asked: tuple[str, ...]
    keys: Mapping[str, ExportedKey]
    alone: Mapping[str, Mapping[str, StoredValue]]
    running: tuple[str, ...] | None
    services: tuple[ServiceStatus, ...] | None
    tasks: tuple[Task, ...] | None
    netstat: tuple[str, str]
    encoding: str
    facts: Mapping[str, str]


def read_folder(folder: Path) -> Collected:
    """Read what `collect` has left.

    Raises:
        UnusableCapture: the folder is not one of `collect`, was not finished, or is larger than any.
    """
    where = f"the folder {excerpt(folder)}"
    index = _index(_text(folder, INDEX, "ascii", where), where)
    exports = _named(index, "key", where)
    keys: dict[str, ExportedKey] = {}
    ansi = ANSI
    for name, _key in exports:
        content = _content(folder, name, MOST_BYTES, where)
        if content is not None:
            try:
                keys.update(parse(content, ansi))
            except NotAnExport as error:
                raise UnusableCapture(f"{where} has no whole export of the registry in {excerpt(name, 60)}: {error}") from error
            ansi = _code_page(keys, "ACP") or ansi
    console = parse_code_page(_text(folder, "chcp.txt", "ascii", where))
    encoding = _known(console) or _code_page(keys, "OEMCP") or OEM
    listing = _text(folder, "net-start.txt", encoding, where)
    services = [_optional(folder, name, encoding, where) for name in _service_files(index)]
    try:
        return Collected(
            version=parse_version(_text(folder, "ver.txt", encoding, where)),
            asked=tuple(key for _name, key in exports),
            keys=keys,
            alone=dict(_alone(folder, index, encoding, where)),
            running=parse_running(listing) if not services else None,
            services=tuple(item for text in services if text for item in parse_services(text)) if services else None,
            tasks=_tasks(_optional(folder, "tasklist.csv", encoding, where)),
            netstat=(_text(folder, "netstat.txt", encoding, where), _text(folder, "netstat2.txt", encoding, where)),
            encoding=encoding,
            facts=dict(line.split(" ", 1) for line in index if line.startswith(FACTS) and " " in line),
        )
    except ValueError as error:
        raise UnusableCapture(f"{where} cannot be understood: {error}") from error


def named_exports(folder: Path) -> list[tuple[str, str]]:
    """Return the exports that a folder names, each with its key in lower case.

    Raises:
        UnusableCapture: the folder is not one of `collect`, or was not finished.
    """
    where = f"the folder {excerpt(folder)}"
    return _named(_index(_text(folder, INDEX, "ascii", where), where), "key", where)


def read_export(folder: Path, name: str) -> bytes:
    """Return an export as the host wrote it; empty where the key was not there; raises as `read_folder` does."""
    return _content(folder, name, MOST_BYTES, f"the folder {excerpt(folder)}") or b""


def read_listings(folder: Path, names: tuple[str, ...]) -> list[str | None]:
    """Return listings of a folder; None for one that is not there; raises as `read_folder` does."""
    where = f"the folder {excerpt(folder)}"
    _index(_text(folder, INDEX, "ascii", where), where)
    encoding = _known(parse_code_page(_text(folder, "chcp.txt", "ascii", where))) or OEM
    return [_optional(folder, name, encoding, where) for name in names]


def _index(text: str, where: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != FIRST_LINE or len(lines) > MOST_INDEX_LINES:
        raise UnusableCapture(f"{where} is not one that 'collect' has filled: {INDEX} in it does not begin with '{FIRST_LINE}'")
    if lines[-1] != LAST_LINE:
        raise UnusableCapture(f"{where} is not complete: 'collect' did not reach its end (the last line of {INDEX} is not '{LAST_LINE}')")
    return lines[1:-1]


def _named(index: list[str], word: str, where: str) -> list[tuple[str, str]]:
    """Return files and the keys that they are of."""
    named = [line.split(" ", 2) for line in index if line.startswith(f"{word} ")]
    if any(len(parts) != 3 or not parts[2].upper().startswith(ROOT) for parts in named):
        raise UnusableCapture(f"{where} names a registry key that no Windows has: {INDEX} in it was changed, so collect again")
    return [(parts[1], parts[2][len(ROOT) :].lower()) for parts in named]


def _alone(folder: Path, index: list[str], encoding: str, where: str) -> Iterator[tuple[str, Mapping[str, StoredValue]]]:
    for name, key in _named(index, "values", where):
        text = _optional(folder, name, encoding, where)
        if text:
            yield key, parse_values(text)


def _service_files(index: list[str]) -> list[str]:
    return [line.split(" ", 1)[1] for line in index if line.startswith("services ")]


def _tasks(text: str | None) -> tuple[Task, ...] | None:
    """Return the processes; None where none were listed: where WMI does not work, `tasklist` prints nothing."""
    return (parse_tasks(text) or None) if text is not None else None


def _known(page: int | None) -> str | None:
    """Return what Python calls a code page; None of one that it does not know."""
    name = "utf-8" if page == 65001 else f"cp{page}"
    try:
        return codecs.lookup(name).name if page is not None else None
    except LookupError:
        return None


def _code_page(keys: Mapping[str, ExportedKey], name: str) -> str | None:
    key = keys.get(NLS)
    value = key.values.get(name) if key is not None else None
    return _known(int(value.data)) if value is not None and isinstance(value.data, str) and value.data.isdecimal() else None


def _text(folder: Path, name: str, encoding: str, where: str) -> str:
    found = _optional(folder, name, encoding, where)
    if found is None:
        raise UnusableCapture(
            f"{where} has no file {name}: it is not one that 'collect' has filled, or files were left out when it was copied"
        )
    return found


def _optional(folder: Path, name: str, encoding: str, where: str) -> str | None:
    content = _content(folder, name, MOST_LISTING, where)
    return None if content is None else decode(content, encoding)


def _content(folder: Path, name: str, most: int, where: str) -> bytes | None:
    """Return a file of the folder itself; None where there is none. Links and devices are refused: the folder comes from anywhere."""
    if "/" in name or "\\" in name or name.startswith("."):
        raise UnusableCapture(f"{where} names a file '{excerpt(name, 60)}' outside of it: {INDEX} in it was changed")
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UnusableCapture(f"{name} in {where} cannot be read: {reason}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnusableCapture(f"{excerpt(name, 60)} in {where} is not a file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UnusableCapture(f"{excerpt(name, 60)} in {where} has more than {most} bytes, more than any host needs: collect again")
    return content
