# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`reg query`, `reg add` and `reg delete` (in the box from Windows XP on), for HKEY_LOCAL_MACHINE.

Sources: Microsoft, "reg add", "reg delete", "reg query". From memory: the texts, that those before 6.0 differ (tabs, `<NO NAME>` even where
it is not set, `Error:`), and that a question without an answer ends with exit code 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from winsim.cmd.system import Input
from winsim.host import controls
from winsim.host.controls import Written
from winsim.host.machine import Host
from winsim.registry_value import RegistryData, RegistryType, RegistryValue

TYPES = {f"REG_{kind.name}": kind for kind in RegistryType}
SEPARATOR = r"\0"
"""What `reg add` separates the entries of a REG_MULTI_SZ with, unless told otherwise (Microsoft, "reg add")."""

SWITCHES: Mapping[str, Mapping[str, bool]] = {
    "add": {"/v": True, "/ve": False, "/t": True, "/d": True, "/s": True, "/f": False},
    "delete": {"/v": True, "/ve": False, "/va": False, "/f": False},
    "query": {"/v": True, "/ve": False, "/s": False},
}
"""What each verb knows, with whether a word follows; the other switches of `reg query` are not known here."""

LARGEST = {RegistryType.DWORD: 0xFFFFFFFF, RegistryType.QWORD: 0xFFFFFFFFFFFFFFFF}

Output = tuple[str, str, int]
FAILED = 1
NOT_THERE = "The system was unable to find the specified registry key or value"
NOT_ALLOWED = "Access is denied."
BAD_SYNTAX = "Invalid syntax."


@dataclass(frozen=True, slots=True)
class _Request:
    host: Host
    path: str
    options: Mapping[str, str]
    stdin: Input = field(default_factory=Input)

    @property
    def name(self) -> str | None:
        """The value that is meant, empty for the default one; None where none is."""
        return "" if "/ve" in self.options else self.options.get("/v")

    @property
    def old(self) -> bool:
        """This is the reg of before 6.0."""
        return _old(self.host)

    def confirmed(self) -> bool:
        """Tell whether `/f`, or an answer, lets it go on."""
        return "/f" in self.options or (self.stdin.line() or "").strip().lower()[:1] == "y"


def reg(host: Host, words: list[str], stdin: Input | None = None) -> Output:
    """Run a command of reg."""
    verbs = {"add": _add, "delete": _delete, "query": _query}
    verb = words[0].lower() if words else ""
    if len(words) < 2 or verb not in verbs:
        return _error(host, BAD_SYNTAX)
    path = _path(words[1])
    options = _options(verb, words[2:])
    if path is None:
        return _error(host, "Invalid key name.")
    if options is None:
        return _error(host, BAD_SYNTAX)
    return verbs[verb](_Request(host, path, options, stdin or Input()))


def _add(asked: _Request) -> Output:
    kind = TYPES.get(asked.options.get("/t", "REG_SZ").upper())
    data = None if kind is None else _data(kind, asked.options.get("/d", ""), asked.options.get("/s", SEPARATOR))
    if kind is None or data is None:
        return _error(asked.host, BAD_SYNTAX)
    if asked.name is not None and asked.host.registry.value(asked.path, asked.name) is not None and not asked.confirmed():
        return f"Value {asked.name} exists, overwrite(Yes/No)? ", "", FAILED
    if controls.create_key(asked.host, asked.path) is not Written.DONE:
        return _error(asked.host, NOT_ALLOWED)
    if asked.name is not None:
        value = RegistryValue(kind, data)
        if controls.set_value(asked.host, asked.path, asked.name, value, through_provider=False) is not Written.DONE:
            return _error(asked.host, NOT_ALLOWED)
    return _done(asked)


def _delete(asked: _Request) -> Output:
    registry = asked.host.registry
    values = registry.values(asked.path)
    if values is None or (asked.name is not None and registry.value(asked.path, asked.name) is None):
        return _error(asked.host, NOT_THERE)
    if not asked.confirmed():
        what = f"value {asked.name}" if asked.name is not None else f"key {_long(asked.path)}"
        return f"Permanently delete the registry {what} (Yes/No)? ", "", FAILED
    if "/va" in asked.options:
        written = [controls.delete_value(asked.host, asked.path, name) for name in values]
    elif asked.name is not None:
        written = [controls.delete_value(asked.host, asked.path, asked.name)]
    else:
        written = [controls.delete_tree(asked.host, asked.path)]
    return _done(asked) if all(entry is Written.DONE for entry in written) else _error(asked.host, NOT_ALLOWED)


def _query(asked: _Request) -> Output:
    registry = asked.host.registry
    if not registry.exists(asked.path):
        return _error(asked.host, NOT_THERE)
    if asked.name is not None and "/s" not in asked.options and registry.value(asked.path, asked.name) is None:
        return _error(asked.host, NOT_THERE)
    lines = list(_shown_key(asked, asked.path))
    if "/s" in asked.options:
        lines += [line for path in _below(asked.host, asked.path) for line in _shown_key(asked, path)]
    elif asked.name is None:
        lines += [_long(rf"{asked.path}\{name}") for name in registry.subkeys(asked.path) or ()]
    head = "\r\n! REG.EXE VERSION 3.0\r\n\r\n" if asked.old else "\r\n"
    return head + "".join(f"{line}\r\n" for line in lines) + ("\r\n" if asked.old and asked.name is not None else ""), "", 0


def _shown_key(asked: _Request, path: str) -> Iterator[str]:
    """Yield a key with its values, or with the one that is meant; nothing where it has none of them."""
    values = dict(asked.host.registry.values(path) or {})
    if asked.old and asked.name is None and "" not in values:
        values = {"": RegistryValue.text(""), **values}
    rows = [_shown_value(asked, name, value) for name, value in values.items() if asked.name is None or name.lower() == asked.name.lower()]
    if rows:
        yield _long(path)
        yield from rows
        yield ""


def _shown_value(asked: _Request, name: str, value: RegistryValue) -> str:
    gap = "\t" if asked.old else "    "
    label = name or ("<NO NAME>" if asked.old else "(Default)")
    return f"    {label}{gap}REG_{value.type.name}{gap}{_shown(value)}"


def _below(host: Host, path: str) -> Iterator[str]:
    for name in host.registry.subkeys(path) or ():
        yield rf"{path}\{name}"
        yield from _below(host, rf"{path}\{name}")


def _old(host: Host) -> bool:
    return int(host.spec.windows.version.split(".", maxsplit=1)[0]) < 6


def _long(path: str) -> str:
    return path.replace("HKLM", "HKEY_LOCAL_MACHINE", 1)


def _path(text: str) -> str | None:
    hive, separator, rest = text.rstrip("\\").partition("\\")
    return rf"HKLM\{rest}" if hive.upper() in ("HKLM", "HKEY_LOCAL_MACHINE") and separator and rest else None


def _options(verb: str, words: list[str]) -> dict[str, str] | None:
    """Return switches with their words; None where one is unknown, there twice, or lacks its word."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        switch = rest.pop(0).lower()
        takes = SWITCHES[verb].get(switch)
        if takes is None or switch in found or (takes and not rest):
            return None
        found[switch] = rest.pop(0) if takes else ""
    return None if "/v" in found and "/ve" in found else found


def _data(kind: RegistryType, text: str, separator: str) -> RegistryData | None:
    """Read what `/d` says; an empty text is an empty REG_MULTI_SZ (from memory)."""
    if kind is RegistryType.MULTI_SZ:
        return tuple(text.split(separator)) if text else ()
    if kind is RegistryType.BINARY:
        return bytes.fromhex(text) if len(text) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in text) else None
    if kind in LARGEST:
        digits = text.lower().removeprefix("0x")
        base = 16 if text.lower().startswith("0x") else 10
        valid = digits and all(digit in "0123456789abcdef"[:base] for digit in digits)
        return int(digits, base) if valid and int(digits, base) <= LARGEST[kind] else None
    return text


def _shown(value: RegistryValue) -> str:
    if isinstance(value.data, tuple):
        return SEPARATOR.join(value.data)
    return value.data.hex().upper() if isinstance(value.data, bytes) else hex(value.data) if isinstance(value.data, int) else value.data


def _done(asked: _Request) -> Output:
    said = "The operation completed successfully"
    return (f"\r\n{said}\r\n" if asked.old else f"{said}.\r\n"), "", 0


def _error(host: Host, text: str) -> Output:
    return "", (f"\r\nError:  {text}\r\n" if _old(host) else f"ERROR: {text.removesuffix('.')}.\r\n"), FAILED
