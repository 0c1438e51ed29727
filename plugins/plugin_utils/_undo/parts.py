# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of our record that are longer than one request may carry: a head, and parts beside it.

The first line of a head is JSON and says how many parts there are and of which run. Parts are written first and the head last;
they are deleted in the reverse order, so that a head never names parts that are not there. A part's name does not begin as a
snapshot's does: releases that know no parts take none for a snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    DidNotHold,
    Fault,
    MethodFailed,
    NetminError,
    ProtocolError,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import line_of

PART = "Part "
# MS-WSMV 2.2.4.10 <8>: MaxEnvelopeSizekb is 150 up to Windows 7 and Server 2008 R2, and 500 later. Half of it is for us.
ROOM, ROOM_LATER, LATER = 75_000, 250_000, NtVersion(6, 2)
# What an envelope has beside the lines: headers, the key, the name of the value.
ENVELOPE = 5_000
# The element around each line; a provider that answers may write more of them than we do.
TAGS = 60
# So many parts are believed of a head.
MOST = 1000


class TooLong(NetminError):
    """Something cannot be kept on the host: one line of it alone is longer than a request may be."""


class Cluttered(NetminError):
    """The host does not list our key: far more is in it than we ever put there."""


class Damaged(ValueError):
    """A value of the record cannot be read, or is not ours."""


def names_in(reader: Reader) -> Mapping[str, RegistryType] | None:
    """Return names and types of the values in our key; None where it is absent.

    Raises:
        Cluttered: the host does not list them.
    """
    try:
        return reader.value_types(OUR_KEY)
    except (Fault, MethodFailed, ProtocolError) as error:
        where = f"HKLM\\{OUR_KEY}"
        raise Cluttered(
            f"the values in {where} on {reader.host} cannot be listed, so what earlier runs left there is not known. Look at the key with "
            f"regedit and delete what is not of this collection: its values are called Changes, FilterRules, FirstForecast, Forecast, "
            f"RestoredByHost, 'Part …' and 'Snapshot …'. The host says: {error}"
        ) from error


def room_of(nt: NtVersion) -> int:
    """Return how many bytes the lines of one value may take on the wire."""
    return (ROOM_LATER if nt >= LATER else ROOM) - ENVELOPE


def weight(line: str) -> int:
    """Return how many bytes a line takes on the wire at most: in XML, with quotes escaped, as some providers do."""
    return len(escape(line, {'"': "&quot;"}).encode()) + TAGS


def part_name(name: str, run: str, number: int) -> str:
    """Return the name of the value that holds one part."""
    return f"{PART}{number} of {name}" if name.endswith(run) else f"{PART}{number} of {name} {run}"


def split(lines: Iterable[str], room: int) -> tuple[tuple[str, ...], ...]:
    """Share lines out over parts.

    Raises:
        TooLong: one line is longer than a part may be.
    """
    parts: list[tuple[str, ...]] = []
    part: list[str] = []
    filled = 0
    for line in lines:
        more = weight(line)
        if more > room:
            raise TooLong(f"an entry of {more} bytes is too long for the host, which takes at most {room}: {line[:80]}…")
        if part and filled + more > room:
            parts.append(tuple(part))
            part, filled = [], 0
        part.append(line)
        filled += more
    return (*parts, tuple(part)) if part else tuple(parts)


def store(writer: Writer, name: str, head: dict[str, object], lines: Sequence[str], *, room: int, schema: int, check: bool = True) -> None:
    """Write a value in as many parts as it needs, and read each back.

    Args:
        head: what its first line says, with `run`; in parts, their number and the schema are added.
        schema: the first one that knows parts.
        check: read back what was written; without it a request less.

    Raises:
        TooLong: one line is longer than a part may be; nothing was written.
        DidNotHold: a value does not read back as written.
    """
    run = str(head["run"])
    whole = line_of(head)
    alone = weight(whole) + sum(map(weight, lines)) <= room
    parts = () if alone else split(lines, room)
    for number, part in enumerate(parts, start=1):
        _write(writer, part_name(name, run, number), part, check=check)
    _write(writer, name, (whole, *lines) if alone else (line_of({**head, "schema_version": schema, "parts": len(parts)}),), check=check)


def _write(writer: Writer, name: str, lines: tuple[str, ...], *, check: bool) -> None:
    value = RegistryValue.texts(lines)
    writer.set_value(OUR_KEY, name, value)
    if check and writer.value(OUR_KEY, name, RegistryType.MULTI_SZ) != value:
        told = f"the value '{name}' at HKLM\\{OUR_KEY} on {writer.host} does not read back as written"
        raise DidNotHold(f"{told}; nothing else was changed")


def load(reader: Reader, name: str, *, known: int) -> tuple[str, ...] | None:
    """Read a value with all of its parts; None where it is not there.

    Args:
        known: the newest schema that is understood. Of a newer one the head alone is read: how its parts are called nobody knows yet.

    Raises:
        Damaged: it is not ours, a part of it is missing, or the host does not show it.
    """
    lines = _read(reader, name)
    if lines is None:
        return None
    head = _head(lines)
    schema = head.get("schema_version")
    if isinstance(schema, int) and schema > known:
        return lines[:1]
    wanted = head.get("parts", 0)
    if not isinstance(wanted, int) or not 0 <= wanted <= MOST:
        raise Damaged(f"{str(wanted)[:40]!a} parts")
    for number in range(1, wanted + 1):
        part = _read(reader, part_name(name, str(head.get("run", "")), number))
        if part is None:
            raise Damaged(f"part {number} of {wanted} is missing")
        lines += part
    return lines


def _read(reader: Reader, name: str) -> tuple[str, ...] | None:
    try:
        value = reader.value(OUR_KEY, name, RegistryType.MULTI_SZ)
    except (Fault, MethodFailed, ProtocolError) as error:
        # Of another type, or longer than an answer may be.
        raise Damaged(str(error)) from error
    if value is None:
        return None
    if not isinstance(value.data, tuple):
        raise Damaged("it is not a list of lines")
    return value.data


def _head(lines: Sequence[str]) -> dict[str, Any]:
    try:
        head = json.loads(lines[0]) if lines else {}
    except (RecursionError, ValueError) as error:
        raise Damaged("it is not JSON") from error
    if not isinstance(head, dict):
        raise Damaged("it has no head")
    return head


def parts_of(names: Iterable[str], name: str) -> tuple[str, ...]:
    """Return which of our values are parts of one, the last one first, whichever run they are of."""
    found = [other for other in names if other.startswith(PART) and _is_of(other, name)]
    return tuple(sorted(found, key=_number, reverse=True))


def orphans(names: Iterable[str]) -> tuple[str, ...]:
    """Return the parts whose head is gone, as where somebody has deleted one by hand."""
    listed = tuple(names)
    heads = [name for name in listed if not name.startswith(PART)]
    return tuple(part for part in listed if part.startswith(PART) and not any(_is_of(part, head) for head in heads))


def _is_of(part: str, name: str) -> bool:
    rest = part.partition(" of ")[2]
    return rest == name or rest.startswith(f"{name} ")


def _number(part: str) -> int:
    number = part[len(PART) :].partition(" ")[0]
    return int(number) if number.isdecimal() and len(number) < 6 else 0


def delete(writer: Writer, name: str, names: Iterable[str]) -> None:
    """Delete a value with its parts: the head first, then the parts from the last to the first.

    Args:
        names: of all values that are there.
    """
    writer.delete_value(OUR_KEY, name)
    for part in parts_of(names, name):
        writer.delete_value(OUR_KEY, part)
