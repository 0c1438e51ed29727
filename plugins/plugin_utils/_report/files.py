# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what earlier runs left in files: records, saved results, whatever JSON of this collection lies in a folder.

A file may be of anybody: it is bounded, and whatever is no result of ours is passed over with a note.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from .latest import DOCTOR, DRIFT, VARIABLES, Pieces, findings_in, of_variables, piece_of

LARGEST_FILE = 64 * 2**20
MOST_FILES = 20_000
DEEPEST = 8
BROKEN_OFF = "the run broke off, or goes on: its record was written before the first change"
# What the playbook of the demonstration and plays like it call the results of a host.
STEPS: Mapping[str, str] = {"audit": "audit", "apply": "main", "reboot": "reboot", "proof": "proof"}
RECORD = {"schema_version", "host", "run", "ended", "changes", "forecast"}
KIND = "netmin.windows.report"


class NotOurs(ValueError):
    """A file holds nothing that a report shows; the text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in files.

    Attributes:
        notes: what was passed over, and why.
    """

    hosts: tuple[Pieces, ...]
    notes: tuple[str, ...]


def read_all(paths: Iterable[Path]) -> Found:
    """Read files, and all that end in `.json` in folders.

    Raises:
        InvalidOption: a path is not there, or there are too many files.
    """
    hosts: list[Pieces] = []
    notes: list[str] = []
    for number, path in enumerate(_files(paths, notes)):
        if number == MOST_FILES:
            raise InvalidOption(f"there are more than {MOST_FILES} files; give folders with fewer")
        try:
            hosts += _pieces(load(path), path.stem)
        except NotOurs as problem:
            notes.append(f"{excerpt(path)} was passed over: {problem}")
    return Found(tuple(hosts), tuple(notes))


def _files(paths: Iterable[Path], notes: list[str]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from _below(path, notes)
        elif path.exists():
            yield path
        else:
            raise InvalidOption(f"{excerpt(path)} is not there")


def _below(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Yield the files of a folder in a stable order; links to folders are not followed."""
    for place, names, files in os.walk(folder, onerror=lambda error: notes.append(f"{excerpt(error.filename)} cannot be read")):
        here = Path(place)
        if len(here.relative_to(folder).parts) >= DEEPEST and names:
            notes.append(f"folders below {excerpt(here)} were passed over: more than {DEEPEST} levels")
            names.clear()
        names.sort()
        yield from (here / name for name in sorted(files) if name.endswith(".json"))


def load(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        NotOurs: it is none, or too large.
    """
    try:
        # A pipe would wait for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise NotOurs("it is no file")
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise NotOurs(str(error.strerror or error)) from error
    if len(content) > LARGEST_FILE:
        raise NotOurs(f"it is larger than {LARGEST_FILE // 2**20} MiB")
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except RecursionError as error:
        raise NotOurs("it is nested too deeply") from error
    except ValueError as error:
        raise NotOurs(f"it is no JSON ({excerpt(error)})") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _pieces(content: object, name: str) -> list[Pieces]:
    """Return what a file tells of which hosts."""
    if isinstance(content, Mapping) and content.get("kind") == KIND:
        raise NotOurs("it is a report; give it as 'since' to see what changed")
    found = _of_one(content, name)
    if found is not None:
        return [found]
    # Many hosts: by name, or in a list where each says its name.
    rows: Iterable[tuple[str, object]] = ()
    if isinstance(content, Mapping):
        rows = ((str(key), value) for key, value in content.items())
    elif isinstance(content, list):
        rows = ((str(row["host"]), row) for row in content if isinstance(row, Mapping) and isinstance(row.get("host"), str))
    many = [found for key, row in rows if (found := _of_one(row, key)) is not None]
    if not many:
        raise NotOurs("it is no result of this collection")
    return many


def _of_one(content: object, name: str) -> Pieces | None:
    if not isinstance(content, Mapping):
        return None
    said = content.get("host") or content.get("inventory_hostname")
    host = said if isinstance(said, str) else name
    if content.keys() >= RECORD:
        return _of_record(host, content)
    if content.keys() & {*VARIABLES, DRIFT, DOCTOR}:
        return of_variables(host, content, check_mode=False)
    steps = [(part, content[step]) for step, part in STEPS.items() if isinstance(content.get(step), Mapping)]
    steps = [(part, result) for part, result in steps if part_of(result) == part or part == "reboot"]
    if steps:
        return Pieces(host, tuple(piece_of(part, result) for part, result in steps))
    part = part_of(content)
    if part:
        return Pieces(host, (piece_of(part, content),))
    if isinstance(content.get("findings"), list) and "drifted" in content:
        return Pieces(host, findings=findings_in(host, content), drift=content)
    if isinstance(content.get("assumptions"), list) and isinstance(content.get("counts"), Mapping):
        return Pieces(host, doctor=content)
    return None


def _of_record(host: str, record: Mapping[str, Any]) -> Pieces:
    part = part_of(record) or "main"
    if record["ended"]:
        return Pieces(host, (piece_of(part, {**record, "changed": bool(record["changes"])}),))
    # It says what was planned; nobody knows what was done of it.
    changes = record["changes"] if isinstance(record["changes"], list) else []
    unknown = [{**row, "status": "unknown"} if isinstance(row, Mapping) else row for row in changes]
    return Pieces(host, (piece_of(part, {**record, "changed": bool(unknown), "changes": unknown}),), failure=BROKEN_OFF)


def part_of(result: Mapping[str, Any]) -> str:
    """Tell of which module a result is: a name of `latest.PARTS`, or empty."""
    if isinstance(result.get("proof"), Mapping) and "proven" in result:
        return "proof"
    if isinstance(result.get("forecast"), list) and isinstance(result.get("changes"), list):
        # A restore answers to no hazard.
        return "main" if "hazards" in result else "restore"
    if isinstance(result.get("listeners"), list) and "changes" not in result:
        return "audit"
    if isinstance(result.get("outside"), list) and isinstance(result.get("contradicted"), list):
        return "outside"
    return ""
