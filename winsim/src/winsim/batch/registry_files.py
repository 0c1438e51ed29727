# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry files (.reg): exports as regedit writes them, and what such a file asks for.

Source: Microsoft, "How to add, modify, or delete registry subkeys and values by using a .reg file" (KB 310516: headers, `[-KEY]`,
`"X"=-`, `@`, escapes); published descriptions of the hex types and of continued lines. Where regedit breaks a long line is not published:
the place here is our own choice, so that nobody can rely on it. Files with names of roots in their short form are refused, since reports
differ on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from winsim.cmd.expansion import NotKnown
from winsim.host.registry import Registry
from winsim.registry_value import RegistryData, RegistryType, RegistryValue

from . import code_pages

OLD_HEADER, HEADER = "REGEDIT4", "Windows Registry Editor Version 5.00"
ROOTS = {
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_USERS": "HKU",
    "HKEY_CURRENT_CONFIG": "HKCC",
}
HEX_TYPES = {
    RegistryType.BINARY: "hex",
    RegistryType.EXPAND_SZ: "hex(2)",
    RegistryType.MULTI_SZ: "hex(7)",
    RegistryType.QWORD: "hex(b)",
}
KINDS = {"hex": RegistryType.BINARY, "hex(2)": RegistryType.EXPAND_SZ, "hex(7)": RegistryType.MULTI_SZ, "hex(b)": RegistryType.QWORD}
WIDTH = 79
"""The longest line of an export of ours, but for texts."""


class NoScript(Exception):
    """A file is no registry file, and nothing of it is imported."""


class Verb(Enum):
    """What one line of a registry file asks for."""

    MAKE_KEY = "make key"
    DELETE_KEY = "delete key"
    SET = "set"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that a registry file asks for."""

    verb: Verb
    key: str
    name: str = ""
    value: RegistryValue | None = None


def short(path: str) -> str | None:
    """Return a key's path as winsim has it, None where its root is none; roots may be written either way."""
    root, separator, rest = path.strip("\\").partition("\\")
    found = ROOTS.get(root.upper(), root.upper() if root.upper() in ROOTS.values() else None)
    return None if found is None else f"{found}{separator}{rest}"


def long(path: str) -> str:
    """Return a key's path as exports have it."""
    root, separator, rest = path.partition("\\")
    return next(name for name, known in ROOTS.items() if known == root) + separator + rest


def export(registry: Registry, path: str, *, ansi: int | None = None) -> bytes | None:
    """Return a key with all below it as a file; None where there is no such key. `ansi` asks for the old form in that code page."""
    if not registry.exists(path):
        return None
    lines = [OLD_HEADER if ansi is not None else HEADER, ""]
    for key in _below(registry, path):
        lines.append(f"[{long(key)}]")
        lines += [line for name, value in (registry.values(key) or {}).items() for line in _lines(name, value, ansi)]
        lines.append("")
    text = "".join(f"{line}\r\n" for line in lines)
    return code_pages.UTF_16_MARK + text.encode("utf-16-le", "surrogatepass") if ansi is None else code_pages.encode(text, ansi)


def _below(registry: Registry, path: str) -> Iterator[str]:
    yield path
    for name in registry.subkeys(path) or ():
        yield from _below(registry, rf"{path}\{name}")


def _lines(name: str, value: RegistryValue, ansi: int | None) -> list[str]:
    start = f"{_quoted(name) if name else '@'}="
    if value.type is RegistryType.SZ:
        return [start + _quoted(str(value.data))]
    if value.type is RegistryType.DWORD and isinstance(value.data, int):
        return [f"{start}dword:{value.data:08x}"]
    return _wrapped(f"{start}{HEX_TYPES[value.type]}:", _bytes(value.data, ansi))


def _bytes(data: RegistryData, ansi: int | None) -> bytes:
    if isinstance(data, bytes):
        return data
    if isinstance(data, int):
        return data.to_bytes(8, "little")
    text = "".join(f"{entry}\0" for entry in data) + "\0" if isinstance(data, tuple) else f"{data}\0"
    return text.encode("utf-16-le", "surrogatepass") if ansi is None else code_pages.encode(text, ansi)


def _wrapped(start: str, content: bytes) -> list[str]:
    """Return hexadecimal bytes on as many lines as they need."""
    lines, line = [], start
    for index, byte in enumerate(content):
        text = f"{byte:02x}" + ("," if index + 1 < len(content) else "")
        if len(line) + len(text) + 1 > WIDTH and index:
            lines.append(f"{line}\\")
            line = "  "
        line += text
    return [*lines, line]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def requests(content: bytes, *, ansi: int) -> Sequence[Request]:
    """Read a registry file.

    Raises:
        NoScript: it is none, as regedit would say.
        NotKnown: a line of it is none that regedit is known to read.
    """
    text = code_pages.shown(content, ansi)
    header, _end, body = text.partition("\n")
    if header.strip("\r ") not in (OLD_HEADER, HEADER):
        raise NoScript
    return tuple(_read(body, None if header.strip("\r ") == HEADER else ansi))


def _read(body: str, ansi: int | None) -> Iterator[Request]:
    # A line that ends with a backslash goes on in the next one.
    lines = re.sub(r"([,:])[ \t]*\\[ \t]*\r?\n[ \t]*", r"\1", body)
    at, key = 0, ""
    while at < len(lines):
        found = _LINE.match(lines, at)
        if found is None:
            raise NotKnown(f"This line of a registry file is not known here: {lines[at:].splitlines()[0]!r}")
        at = found.end()
        if found["key"] is not None:
            key = _key(found["key"])
            yield Request(Verb.DELETE_KEY if found["gone"] else Verb.MAKE_KEY, key)
            key = "" if found["gone"] else key
        elif found["data"] is not None:
            if not key:
                raise NotKnown(f"A value stands below no key in a registry file: {found[0].strip()!r}")
            name = "" if found["name"] == "@" else _plain(found["name"])
            yield _request(key, name, found["data"].strip(), ansi)


_LINE = re.compile(
    r"[ \t]*(?:"
    r"(?:;[^\r\n]*)?"
    r"|\[(?P<gone>-?)(?P<key>[^\r\n]*)\][ \t]*"
    r'|(?P<name>@|"(?:[^"\\]|\\.)*")[ \t]*=[ \t]*'
    r'(?P<data>-|"(?:[^"\\]|\\.)*"|dword:[0-9a-fA-F]{1,8}|hex(?:\([0-9a-f]+\))?:[0-9a-fA-F, \t]*)[ \t]*'
    r")(?:\r?\n|\Z)",
    re.DOTALL,
)


def _key(text: str) -> str:
    root = text.partition("\\")[0].upper()
    found = short(text) if root in ROOTS else None
    if found is None:
        raise NotKnown(f"A registry file names the key {text}: its root must be written in full.")
    return found


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)


def _request(key: str, name: str, data: str, ansi: int | None) -> Request:
    if data == "-":
        return Request(Verb.DELETE, key, name)
    if data.startswith('"'):
        return Request(Verb.SET, key, name, RegistryValue.text(_plain(data)))
    kind, _colon, digits = data.partition(":")
    if kind.lower() == "dword":
        return Request(Verb.SET, key, name, RegistryValue.dword(int(digits, 16)))
    if kind.lower() not in KINDS:
        raise NotKnown(f"A registry file has a value of the type {kind}, which is not known here: {name}")
    pairs = [pair.strip() for pair in digits.split(",") if pair.strip()]
    if not all(re.fullmatch("[0-9a-fA-F]{1,2}", pair) for pair in pairs):
        raise NotKnown(f"A registry file has bytes that are none: {name}")
    return Request(Verb.SET, key, name, _value(KINDS[kind.lower()], bytes(int(pair, 16) for pair in pairs), ansi))


def _value(kind: RegistryType, content: bytes, ansi: int | None) -> RegistryValue:
    if kind is RegistryType.BINARY:
        return RegistryValue(kind, content)
    if kind is RegistryType.QWORD:
        return RegistryValue(kind, int.from_bytes(content[:8], "little"))
    text = content.decode("utf-16-le", "surrogatepass") if ansi is None else code_pages.decode(content, ansi)
    if kind is RegistryType.EXPAND_SZ:
        return RegistryValue(kind, text.partition("\0")[0])
    entries = text.split("\0")
    return RegistryValue(kind, tuple(entries[: entries.index("")] if "" in entries else entries))
