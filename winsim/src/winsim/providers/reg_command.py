# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`reg query`, `reg add` and `reg delete` (in the box from Windows XP on), for HKEY_LOCAL_MACHINE.

Sources: Microsoft, "reg add", "reg delete", "reg query" (`/f` with its switches; exit codes 0 and 1). From memory: the texts, that those
before 6.0 differ (tabs, `<NO NAME>` even where it is not set, `Error:`) and know no `/f`, that a question without an answer ends with
exit code 1, and so does a search that finds nothing; that the last line of a search is in the language of the host, and its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from winsim.cmd.system import Input
from winsim.host import controls
from winsim.host.controls import Written
from winsim.host.machine import Machine
from winsim.host.model import Language
from winsim.registry_value import RegistryData, RegistryType, RegistryValue

TYPES = {f"REG_{kind.name}": kind for kind in RegistryType}
SEPARATOR = r"\0"
"""What `reg add` separates the entries of a REG_MULTI_SZ with, unless told otherwise (Microsoft, "reg add")."""

SWITCHES: Mapping[str, Mapping[str, bool]] = {
    "add": {"/v": True, "/ve": False, "/t": True, "/d": True, "/s": True, "/f": False},
    "delete": {"/v": True, "/ve": False, "/va": False, "/f": False},
    "query": {"/v": True, "/ve": False, "/s": False, "/f": True, "/k": False, "/d": False, "/c": False, "/e": False, "/t": True},
}
"""What each verb knows, with whether a word follows; `/se` and `/z` of `reg query` are not known here."""

SEARCH = ("/f", "/k", "/d", "/c", "/e", "/t")
END_OF_SEARCH = {
    Language.ENGLISH: "End of search: {} match(es) found.",
    Language.GERMAN: "Ende der Suche: {} \u00dcbereinstimmung(en) gefunden.",
    Language.JAPANESE: "\u691c\u7d22\u306e\u7d42\u4e86: {} \u4ef6\u4e00\u81f4\u3057\u307e\u3057\u305f\u3002",
}

DEFAULT = {Language.ENGLISH: "(Default)", Language.GERMAN: "(Standard)", Language.JAPANESE: "(\u65e2\u5b9a)"}
"""What a key's value without a name is called (published outputs; the Japanese one from memory)."""

LARGEST = {RegistryType.DWORD: 0xFFFFFFFF, RegistryType.QWORD: 0xFFFFFFFFFFFFFFFF}

Output = tuple[str, str, int]
FAILED = 1
NOT_THERE = "The system was unable to find the specified registry key or value"
NOT_ALLOWED = "Access is denied."
BAD_SYNTAX = "Invalid syntax."


@dataclass(frozen=True, slots=True)
class _Request:
    host: Machine
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


def reg(host: Machine, words: list[str], stdin: Input | None = None) -> Output:
    """Run a command of reg."""
    verbs = {"add": _add, "delete": _delete, "query": _query}
    verb = words[0].lower() if words else ""
    if len(words) < 2 or verb not in verbs:
        return error(host, BAD_SYNTAX)
    path = _path(words[1])
    options = _options(verb, words[2:], old=_old(host))
    if path is None:
        return error(host, "Invalid key name.")
    if options is None:
        return error(host, BAD_SYNTAX)
    return verbs[verb](_Request(host, path, options, stdin or Input()))


def _add(asked: _Request) -> Output:
    kind = TYPES.get(asked.options.get("/t", "REG_SZ").upper())
    data = None if kind is None else _data(kind, asked.options.get("/d", ""), asked.options.get("/s", SEPARATOR))
    if kind is None or data is None:
        return error(asked.host, BAD_SYNTAX)
    if asked.name is not None and asked.host.registry.value(asked.path, asked.name) is not None and not asked.confirmed():
        return f"Value {asked.name} exists, overwrite(Yes/No)? ", "", FAILED
    if controls.create_key(asked.host, asked.path) is not Written.DONE:
        return error(asked.host, NOT_ALLOWED)
    if asked.name is not None:
        value = RegistryValue(kind, data)
        if controls.set_value(asked.host, asked.path, asked.name, value, through_provider=False) is not Written.DONE:
            return error(asked.host, NOT_ALLOWED)
    return done(asked.host)


def _delete(asked: _Request) -> Output:
    registry = asked.host.registry
    values = registry.values(asked.path)
    if values is None or (asked.name is not None and registry.value(asked.path, asked.name) is None):
        return error(asked.host, NOT_THERE)
    if not asked.confirmed():
        what = f"value {asked.name}" if asked.name is not None else f"key {_long(asked.path)}"
        return f"Permanently delete the registry {what} (Yes/No)? ", "", FAILED
    if "/va" in asked.options:
        written = [controls.delete_value(asked.host, asked.path, name) for name in values]
    elif asked.name is not None:
        written = [controls.delete_value(asked.host, asked.path, asked.name)]
    else:
        written = [controls.delete_tree(asked.host, asked.path)]
    return done(asked.host) if all(entry is Written.DONE for entry in written) else error(asked.host, NOT_ALLOWED)


def _query(asked: _Request) -> Output:
    registry = asked.host.registry
    if not registry.exists(asked.path):
        return error(asked.host, NOT_THERE)
    if "/f" in asked.options:
        return _search(asked)
    if asked.name is not None and "/s" not in asked.options and registry.value(asked.path, asked.name) is None:
        return error(asked.host, NOT_THERE)
    lines = list(_shown_key(asked, asked.path))
    if "/s" in asked.options:
        lines += [line for path in _below(asked.host, asked.path) for line in _shown_key(asked, path)]
    elif asked.name is None:
        lines += [_long(rf"{asked.path}\{name}") for name in registry.subkeys(asked.path) or ()]
    head = "\r\n! REG.EXE VERSION 3.0\r\n\r\n" if asked.old else "\r\n"
    return head + "".join(f"{line}\r\n" for line in lines) + ("\r\n" if asked.old and asked.name is not None else ""), "", 0


def _search(asked: _Request) -> Output:
    """Find a text in names of keys, names of values and data, or in those of them that are asked for."""
    places = [path for name in asked.host.registry.subkeys(asked.path) or () for path in (rf"{asked.path}\{name}",)]
    deep = [path for place in places for path in (place, *_below(asked.host, place))] if "/s" in asked.options else places
    keys = [] if _only(asked, "/k", "/v", "/d") else [path for path in deep if _fits(asked, path.rpartition("\\")[2])]
    found = len(keys)
    lines: list[str] = []
    for path in (asked.path, *(deep if "/s" in asked.options else ())):
        values = asked.host.registry.values(path) or {}
        rows = [_shown_value(asked, name, value) for name, value in values.items() if _found(asked, name, value)]
        found += len(rows)
        lines += [_long(path), *rows, ""] if rows else [_long(path), ""] if path in keys else []
    lines += [_long(path) for path in keys if "/s" not in asked.options]
    end = END_OF_SEARCH[asked.host.spec.windows.language].format(found)
    return "\r\n" + "".join(f"{line}\r\n" for line in (*lines, end)), "", 0 if found else FAILED


def _only(asked: _Request, kind: str, *others: str) -> bool:
    """Tell whether others are asked for and this kind is not; where none is asked for all are."""
    return kind not in asked.options and any(other in asked.options for other in others)


def _found(asked: _Request, name: str, value: RegistryValue) -> bool:
    """Tell whether a search finds a value by its name or its data."""
    kinds = asked.options.get("/t")
    if kinds is not None and f"REG_{value.type.name}" not in kinds.upper().split(","):
        return False
    named = asked.options.get("/v")
    if named:
        # A name behind /v narrows the search to that value.
        return name.lower() == named.lower() and _fits(asked, _shown(value))
    by_name = not _only(asked, "/v", "/k", "/d") and _fits(asked, name)
    return by_name or (not _only(asked, "/d", "/k", "/v") and _fits(asked, _shown(value)))


def _fits(asked: _Request, text: str) -> bool:
    wanted = asked.options["/f"]
    if "/c" not in asked.options:
        wanted, text = wanted.lower(), text.lower()
    return text == wanted if "/e" in asked.options else wanted in text


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
    label = name or ("<NO NAME>" if asked.old else DEFAULT[asked.host.spec.windows.language])
    # The old one closes a list with two marks of its end (from memory).
    end = SEPARATOR * 2 if asked.old and value.data and isinstance(value.data, tuple) else ""
    return f"    {label}{gap}REG_{value.type.name}{gap}{_shown(value)}{end}"


def _below(host: Machine, path: str) -> Iterator[str]:
    for name in host.registry.subkeys(path) or ():
        yield rf"{path}\{name}"
        yield from _below(host, rf"{path}\{name}")


def _old(host: Machine) -> bool:
    return int(host.spec.windows.version.split(".", maxsplit=1)[0]) < 6


def _long(path: str) -> str:
    return path.replace("HKLM", "HKEY_LOCAL_MACHINE", 1)


def _path(text: str) -> str | None:
    hive, separator, rest = text.rstrip("\\").partition("\\")
    return rf"HKLM\{rest}" if hive.upper() in ("HKLM", "HKEY_LOCAL_MACHINE") and separator and rest else None


def _options(verb: str, words: list[str], *, old: bool) -> dict[str, str] | None:
    """Return switches with their words; None where one is unknown, there twice, or lacks its word."""
    found: dict[str, str] = {}
    rest = list(words)
    # In a search no name needs to stand behind /v: then it asks for names of values.
    searches = verb == "query" and "/f" in (word.lower() for word in words)
    while rest:
        switch = rest.pop(0).lower()
        takes = SWITCHES[verb].get(switch)
        if takes and searches and switch == "/v" and (not rest or rest[0].startswith("/")):
            takes = False
        if takes is None or switch in found or (takes and not rest) or (verb == "query" and switch in SEARCH and (old or not searches)):
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


def done(host: Machine) -> Output:
    """Return the success of a command that shows nothing."""
    said = "The operation completed successfully"
    return (f"\r\n{said}\r\n" if _old(host) else f"{said}.\r\n"), "", 0


def error(host: Machine, text: str) -> Output:
    """Return a failure as this reg writes it."""
    return "", (f"\r\nError:  {text}\r\n" if _old(host) else f"ERROR: {text.removesuffix('.')}.\r\n"), FAILED
