# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what `regedit /e` and `reg export` write: REGEDIT4 and Windows Registry Editor Version 5.00.

Microsoft, "How to add, modify, or delete registry subkeys and values by using a .reg file" (KB310516) has the format. What it does not
say, and what files of real hosts show: a text may hold a raw line break, `hex(N)` gives bytes of any type N, bytes are continued after a
backslash at the end of a line, and a text is in the ANSI code page in REGEDIT4 and in UTF-16 in version 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind

# All services of a large server take 10 MB.
MOST_BYTES = 64 * 1024 * 1024
MOST_KEYS = 200_000
MOST_VALUES = 1_000_000
LONGEST_NAME = 16_383
"""Characters of a value's name (Microsoft, Registry element size limits)."""
ROOT = "HKEY_LOCAL_MACHINE\\"
HEADERS = {"REGEDIT4": 4, "Windows Registry Editor Version 5.00": 5}
# Numbers of types (Microsoft, Registry value types) that a capture has a name for.
_KINDS = {
    1: ValueKind.SZ,
    2: ValueKind.EXPAND_SZ,
    3: ValueKind.BINARY,
    4: ValueKind.DWORD,
    7: ValueKind.MULTI_SZ,
    11: ValueKind.QWORD,
}
_HEX = re.compile(r"hex(?:\(([0-9a-f]{1,8})\))?:", re.IGNORECASE)
_BYTE = re.compile(r"[0-9a-f]{2}", re.IGNORECASE)


class NotAnExport(ValueError):
    """A file is no whole export of the registry."""


@dataclass(slots=True)
class ExportedKey:
    """A key as it was exported.

    Attributes:
        name: below HKEY_LOCAL_MACHINE, as the host writes it.
        values: by name; the default value is "".
        others: names of values whose type has no name here (REG_NONE, REG_LINK, resource lists).
    """

    name: str
    values: dict[str, StoredValue] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)


def parse(content: bytes, ansi: str = "cp1252") -> Mapping[str, ExportedKey]:
    """Return the keys of an export by their names in lower case.

    Args:
        ansi: the host's ANSI code page, which REGEDIT4 is written in.

    Raises:
        NotAnExport: it is something else, was cut off, or is larger than any.
    """
    if len(content) > MOST_BYTES:
        raise NotAnExport(f"it has {len(content)} bytes, and {MOST_BYTES} are the most")
    version, text = _decoded(content, ansi)
    keys: dict[str, ExportedKey] = {}
    key: ExportedKey | None = None
    values = 0
    for line in _logical_lines(text):
        if line.startswith("["):
            key = _key(line, keys)
        elif line.startswith(('"', "@")) and key is not None:
            values += 1
            if values > MOST_VALUES:
                raise NotAnExport(f"it has more than {MOST_VALUES} values")
            _add(key, line, ansi if version == 4 else "utf-16-le")
        elif line and not line.startswith(";"):
            raise NotAnExport(f"the line '{line[:60]}' is neither a key nor a value")
    return keys


def _decoded(content: bytes, ansi: str) -> tuple[int, str]:
    if content.startswith(b"\xff\xfe"):
        try:
            text = content[2:].decode("utf-16-le")
        except UnicodeDecodeError:
            # Names and data of a registry are any 16-bit numbers; half a number is a cut file.
            if len(content) % 2:
                raise NotAnExport("it ends in the middle of a character") from None
            text = content[2:].decode("utf-16-le", errors="surrogatepass")
    else:
        text = content.decode(ansi, errors="replace")
    head, _end, rest = text.partition("\n")
    version = HEADERS.get(head.rstrip("\r"))
    if version is None:
        raise NotAnExport(f"its first line is '{head[:60].strip()}'")
    return version, rest


def _logical_lines(text: str) -> Iterator[str]:
    """Yield keys and values, a line each: bytes that go on and texts with line breaks are put together."""
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        whole = [line]
        if _opens_text(line):
            # A text ends with the first quote that no backslash stands before.
            while not _is_closed(whole[-1], first=len(whole) == 1):
                whole.append(_next(lines))
            yield "\n".join(whole)
        elif line.startswith(('"', "@")):
            while whole[-1].endswith("\\"):
                whole.append(_next(lines).strip())
            yield "".join(part.removesuffix("\\") for part in whole)
        else:
            yield line


def _next(lines: Iterator[str]) -> str:
    found = next(lines, None)
    if found is None:
        raise NotAnExport("it ends in the middle of a value")
    return found


def _opens_text(line: str) -> bool:
    if line.startswith("@"):
        return line.startswith('@="')
    return line.startswith('"') and line[_end_of_name(line) :].startswith('="')


def _end_of_name(line: str) -> int:
    """Return the place behind the name of a value, whose quotes and backslashes are escaped."""
    place = 1
    while place < len(line) and line[place] != '"':
        place += 2 if line[place] == "\\" else 1
    return place + 1


def _is_closed(line: str, *, first: bool) -> bool:
    place = (3 if line.startswith("@") else _end_of_name(line) + 2) if first else 0
    while place < len(line):
        if line[place] == '"':
            return True
        place += 2 if line[place] == "\\" else 1
    return False


def _key(line: str, keys: dict[str, ExportedKey]) -> ExportedKey:
    name = line[1:].removesuffix("]")
    if not line.endswith("]") or not name.upper().startswith(ROOT):
        raise NotAnExport(f"the line '{line[:60]}' names no key of HKEY_LOCAL_MACHINE")
    if len(keys) >= MOST_KEYS:
        raise NotAnExport(f"it has more than {MOST_KEYS} keys")
    name = name[len(ROOT) :]
    return keys.setdefault(name.lower(), ExportedKey(name))


def _add(key: ExportedKey, line: str, encoding: str) -> None:
    if line.startswith("@"):
        name, rest = "", line[1:]
    else:
        end = _end_of_name(line)
        name, rest = _unescaped(line[1 : end - 1]), line[end:]
    if not rest.startswith("=") or len(name) > LONGEST_NAME:
        raise NotAnExport(f"the line '{line[:60]}' is no value")
    data = rest[1:]
    if data.startswith('"'):
        key.values[name] = StoredValue(type=ValueKind.SZ, data=_unescaped(data[1 : data.rindex('"')]))
    elif data.lower().startswith("dword:"):
        try:
            key.values[name] = StoredValue(type=ValueKind.DWORD, data=int(data[6:14], 16))
        except ValueError as error:
            raise NotAnExport(f"the line '{line[:60]}' has no number") from error
    else:
        _add_bytes(key, name, data, line, encoding)


def _add_bytes(key: ExportedKey, name: str, data: str, line: str, encoding: str) -> None:
    found = _HEX.match(data)
    digits = [part.strip() for part in data[found.end() :].split(",")] if found else []
    if found is None or any(not _BYTE.fullmatch(part) for part in digits if part):
        raise NotAnExport(f"the line '{line[:60]}' has no data that is known")
    content = bytes.fromhex("".join(digits))
    number = int(found[1], 16) if found[1] is not None else 3
    kind = _KINDS.get(number)
    stored = _stored(kind, content, encoding) if kind is not None else None
    if stored is None:
        key.others[name] = number
    else:
        key.values[name] = stored


def _stored(kind: ValueKind, content: bytes, encoding: str) -> StoredValue | None:
    """Return a value from its bytes; None where they are not of its type."""
    if kind is ValueKind.BINARY:
        return StoredValue(type=kind, data=content.hex())
    if kind in (ValueKind.DWORD, ValueKind.QWORD):
        wanted = 4 if kind is ValueKind.DWORD else 8
        return StoredValue(type=kind, data=int.from_bytes(content, "little")) if len(content) == wanted else None
    text = content.decode(encoding, errors="replace")
    if kind is not ValueKind.MULTI_SZ:
        return StoredValue(type=kind, data=text.partition("\0")[0])
    # An empty list is one NUL or two; what stands behind an empty element is not seen by those who read the list.
    return StoredValue(type=kind, data=tuple(_elements(text)))


def _elements(text: str) -> Iterator[str]:
    for part in text.split("\0"):
        if not part:
            return
        yield part


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
