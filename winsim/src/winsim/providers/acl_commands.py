# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`icacls` (from 6.0) and `cacls`: who may do what with files and folders.

Sources: Microsoft, "icacls", "cacls". From memory: the texts. Known are the groups and accounts of `files.Principal`, by SID (`*S-1-...`,
icacls alone) and by the names that this Windows has for them; permissions are F, M (C for cacls), RX, R, W and N.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from winsim.cmd.system import Call
from winsim.cmd.words import absolute
from winsim.host.files import Entry, Node, Principal
from winsim.host.machine import Machine
from winsim.host.model import Language

Output = tuple[str, str, int]

NAMES: Mapping[Language, Mapping[Principal, tuple[str, str]]] = {
    Language.ENGLISH: {
        Principal.EVERYONE: ("", "Everyone"),
        Principal.CREATOR: ("", "CREATOR OWNER"),
        Principal.AUTHENTICATED: ("NT AUTHORITY", "Authenticated Users"),
        Principal.SYSTEM: ("NT AUTHORITY", "SYSTEM"),
        Principal.ADMINISTRATORS: ("BUILTIN", "Administrators"),
        Principal.USERS: ("BUILTIN", "Users"),
        Principal.POWER_USERS: ("BUILTIN", "Power Users"),
    },
    Language.GERMAN: {
        Principal.EVERYONE: ("", "Jeder"),
        Principal.CREATOR: ("", "ERSTELLER-BESITZER"),
        Principal.AUTHENTICATED: ("NT-AUTORIT\u00c4T", "Authentifizierte Benutzer"),
        Principal.SYSTEM: ("NT-AUTORIT\u00c4T", "SYSTEM"),
        Principal.ADMINISTRATORS: ("VORDEFINIERT", "Administratoren"),
        Principal.USERS: ("VORDEFINIERT", "Benutzer"),
        Principal.POWER_USERS: ("VORDEFINIERT", "Hauptbenutzer"),
    },
}
"""What groups are called; a Windows in Japanese has the English names (from memory)."""

NO_MAPPING = "No mapping between account names and security IDs was done."
NO_MAPPING_CODE = 1332
RIGHTS = ("F", "M", "RX", "R", "W", "N")
CACLS_RIGHTS = {"F": "F", "C": "M", "R": "R", "W": "W"}


class _Refused(Exception):
    """The command is not carried out."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def icacls(host: Machine, call: Call, who: frozenset[Principal]) -> Output:
    """Show or change the access list of a file or folder."""
    if not call.words:
        return "ICACLS name [/grant[:r] Sid:perm[...]]\r\n", "", 0
    path = absolute(call.words[0], call.directory)
    quiet = "/q" in (word.lower() for word in call.words)
    try:
        node = _node(host, path, call.words[0])
        wanted = _icacls_words(host, call.words[1:], path, node)
        if wanted is None:
            shown = _listing(host, call.words[0], node)
            return f"{shown}\r\nSuccessfully processed 1 files; Failed processing 0 files\r\n", "", 0
        for target in _tree(host, path, below=wanted.below):
            _apply(host, target, who, wanted)
    except _Refused as refused:
        return "Successfully processed 0 files; Failed processing 1 files\r\n", f"{refused.text}\r\n", refused.code
    except PermissionError:
        return "Successfully processed 0 files; Failed processing 1 files\r\n", f"{call.words[0]}: Access is denied.\r\n", 5
    said = "" if quiet else f"processed file: {call.words[0]}\r\n"
    return f"{said}Successfully processed 1 files; Failed processing 0 files\r\n", "", 0


@dataclass(slots=True)
class _Wanted:
    """What a command line asks for; `replaced` lose what they had been granted before."""

    granted: list[Entry] = field(default_factory=list)
    replaced: set[Principal] = field(default_factory=set)
    removed: set[Principal] = field(default_factory=set)
    inheritance: str = ""
    reset: bool = False
    below: bool = False
    owner: Principal | None = None


def _icacls_words(host: Machine, words: list[str], path: str, node: Node) -> _Wanted | None:
    wanted = _Wanted()
    verb = ""
    changes = False
    for word in words:
        lowered = word.lower()
        if lowered in ("/t", "/c", "/q", "/l"):
            wanted.below |= lowered == "/t"
        elif re.fullmatch("/(grant(:r)?|deny|remove(:[gd])?|setowner)", lowered):
            verb, changes = lowered, True
        elif lowered == "/reset":
            wanted.reset = changes = True
        elif found := re.fullmatch("/inheritance:([edr])", lowered):
            wanted.inheritance, changes = found[1], True
        elif verb == "/setowner":
            wanted.owner = _principal(host, word, path)
        elif verb.startswith("/remove"):
            wanted.removed.add(_principal(host, word, path))
        elif verb:
            entry = _entry(host, word, path, denied=verb == "/deny", folder=node.text is None)
            wanted.granted.append(entry)
            if verb == "/grant:r":
                wanted.replaced.add(entry.principal)
        else:
            raise _Refused(f'Invalid parameter "{word}"', 87)
    return wanted if changes else None


def _apply(host: Machine, path: str, who: frozenset[Principal], wanted: _Wanted) -> None:
    node = host.files.node(path)
    protected = node.protected
    entries = list(node.entries)
    if wanted.reset:
        entries, protected = host.files.inherited(path), False
    if wanted.inheritance in ("d", "r"):
        kept = [entry for entry in entries if not entry.inherited]
        copied = [Entry(entry.principal, entry.rights, entry.flags - {"I"}, entry.denied) for entry in entries if entry.inherited]
        entries, protected = (kept if wanted.inheritance == "r" else [*kept, *copied]), True
    elif wanted.inheritance == "e":
        entries = [*(entry for entry in entries if not entry.inherited), *host.files.inherited(path)]
        protected = False
    gone = wanted.replaced | wanted.removed
    entries = [entry for entry in entries if entry.inherited or entry.principal not in gone]
    host.files.change(path, who, [*wanted.granted, *entries], protected=protected)
    if wanted.owner is not None:
        node.owner = wanted.owner


def cacls(host: Machine, call: Call, who: frozenset[Principal]) -> Output:
    """Show or change the access list of a file or folder; what replaces it asks first."""
    if not call.words:
        return "CACLS filename [/T] [/E] [/C] [/G user:perm]\r\n", "", 0
    name = call.words[0]
    path = absolute(name, call.directory)
    node = host.files.find(path)
    if node is None:
        return "", "The system cannot find the file specified.\r\n", 2
    try:
        asked = _cacls_words(host, call.words[1:])
    except _Refused as refused:
        return "", f"{refused.text}\r\n", refused.code
    if asked is None:
        return _listing(host, path, node), "", 0
    said = ""
    if not asked.edits:
        # The question comes without /E; its answer is read from the input (`echo y|`).
        said = "Are you sure (Y/N)?"
        if (call.streams.stdin.line() or "").strip().lower()[:1] != "y":
            return said, "", 1
    inherit = frozenset({"OI", "CI"}) if node.text is None else frozenset()
    granted = [Entry(principal, rights, inherit) for principal, rights in asked.granted]
    kept = [entry for entry in node.entries if entry.principal not in asked.replaced] if asked.edits else []
    try:
        for target in _tree(host, path, below=asked.below):
            host.files.change(target, who, [*granted, *kept], protected=not asked.edits)
    except PermissionError:
        return said, "Access is denied.\r\n", 5
    return f"{said}processed {'dir' if node.text is None else 'file'}: {path}\r\n", "", 0


@dataclass(slots=True)
class _CaclsWanted:
    granted: list[tuple[Principal, str]] = field(default_factory=list)
    replaced: set[Principal] = field(default_factory=set)
    edits: bool = False
    below: bool = False


def _cacls_words(host: Machine, words: list[str]) -> _CaclsWanted | None:
    wanted = _CaclsWanted()
    verb = ""
    for word in words:
        lowered = word.lower()
        if lowered in ("/t", "/e", "/c"):
            wanted.below |= lowered == "/t"
            wanted.edits |= lowered == "/e"
        elif lowered in ("/g", "/r", "/p"):
            verb = lowered
        elif verb == "/r":
            wanted.replaced.add(_principal(host, word, "", by_sid=False))
        elif verb:
            name, _colon, rights = word.rpartition(":")
            principal = _principal(host, name, "", by_sid=False)
            if rights.upper() not in CACLS_RIGHTS:
                raise _Refused("The parameter is incorrect.", 87)
            wanted.granted.append((principal, CACLS_RIGHTS[rights.upper()]))
            if verb == "/p":
                wanted.replaced.add(principal)
        else:
            raise _Refused("The parameter is incorrect.", 87)
    return wanted if verb else None


def _node(host: Machine, path: str, name: str) -> Node:
    node = host.files.find(path)
    if node is None:
        folder = host.files.find(path.rpartition("\\")[0])
        raise _Refused(f"{name}: The system cannot find the {'file' if folder is not None else 'path'} specified.", 2 if folder else 3)
    return node


def _tree(host: Machine, path: str, *, below: bool) -> Iterator[str]:
    yield path
    for child in list(host.files.node(path).children.values()) if below else ():
        yield from _tree(host, rf"{path}\{child.name}", below=True)


def _entry(host: Machine, word: str, path: str, *, denied: bool, folder: bool) -> Entry:
    name, colon, permission = word.rpartition(":")
    found = re.fullmatch(r"((?:\((?:OI|CI|IO|NP)\))*)\(?([A-Za-z]+)\)?", permission, re.IGNORECASE)
    if not colon or found is None or found[2].upper() not in RIGHTS:
        raise _Refused(f'Invalid parameter "{word}"', 87)
    flags = frozenset(re.findall("OI|CI|IO|NP", found[1].upper()))
    if flags and not folder:
        raise _Refused(f'Invalid parameter "{word}"', 87)
    return Entry(_principal(host, name, path), found[2].upper(), flags, denied)


def _principal(host: Machine, name: str, path: str, *, by_sid: bool = True) -> Principal:
    """Return who is meant by a SID or a name, the domain in front or not.

    Raises:
        _Refused: nobody.
    """
    if by_sid and name.startswith("*"):
        found = next((principal for principal in Principal if principal.value == name[1:].upper()), None)
    else:
        names = NAMES.get(host.spec.windows.language, NAMES[Language.ENGLISH])
        found = next(
            (principal for principal, (domain, own) in names.items() if name.lower() in (own.lower(), rf"{domain}\{own}".lower())), None
        )
    if found is None:
        raise _Refused(f"{path}: {NO_MAPPING}" if path else NO_MAPPING, NO_MAPPING_CODE)
    return found


def _listing(host: Machine, name: str, node: Node) -> str:
    names = NAMES.get(host.spec.windows.language, NAMES[Language.ENGLISH])
    lines = []
    for entry in node.entries:
        domain, own = names[entry.principal]
        shown = rf"{domain}\{own}" if domain else own
        flags = "".join(f"({flag})" for flag in ("I", "OI", "CI", "IO") if flag in entry.flags)
        lines.append(f"{shown}:{flags}{'(DENY)' if entry.denied else ''}({entry.rights})")
    gap = " " * (len(name) + 1)
    return "".join(f"{name if index == 0 else gap[:-1]} {line}\r\n" for index, line in enumerate(lines))
