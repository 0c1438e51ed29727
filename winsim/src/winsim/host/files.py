# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files and folders, as far as programs of the host make any: text, owner, and who has which rights.

Of what set-up leaves there are the folders alone in which something may be put. Failures are the exceptions of Python's own file functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .model import MachineSpec


class Principal(Enum):
    """Accounts and groups by their SIDs (Microsoft, "Well-known SIDs")."""

    EVERYONE = "S-1-1-0"
    CREATOR = "S-1-3-0"
    AUTHENTICATED = "S-1-5-11"
    SYSTEM = "S-1-5-18"
    ADMINISTRATORS = "S-1-5-32-544"
    USERS = "S-1-5-32-545"
    POWER_USERS = "S-1-5-32-547"


ADMINISTRATOR = frozenset({Principal.EVERYONE, Principal.AUTHENTICATED, Principal.ADMINISTRATORS, Principal.USERS})
LOCAL_SYSTEM = frozenset({Principal.EVERYONE, Principal.AUTHENTICATED, Principal.ADMINISTRATORS, Principal.SYSTEM})
"""What the token of an administrator and that of the system carry."""

WRITES = frozenset("FMCW")
"""Rights that let somebody change a file: full, modify, change (what cacls calls modify), write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an access list: rights as icacls writes them; `flags` of OI, CI, IO, and I where it is inherited."""

    principal: Principal
    rights: str
    flags: frozenset[str] = frozenset()
    denied: bool = False

    @property
    def inherited(self) -> bool:
        """It comes from the folder above."""
        return "I" in self.flags

    @property
    def writes(self) -> bool:
        """It lets somebody change the object itself."""
        return not self.denied and "IO" not in self.flags and bool(WRITES & set(self.rights.replace("RX", "").split(",")))

    def handed_down(self, *, folder: bool) -> Entry | None:
        """Return what a new child gets of it."""
        if not self.flags & {"OI", "CI"} or (not folder and "OI" not in self.flags):
            return None
        if folder:
            only = {"IO"} if "CI" not in self.flags else set()
            return Entry(self.principal, self.rights, (self.flags - {"IO"}) | {"I"} | only, self.denied)
        return Entry(self.principal, self.rights, frozenset({"I"}), self.denied)


@dataclass(slots=True)
class Node:
    """One file or folder; `text` is None for a folder."""

    name: str
    text: str | None
    owner: Principal
    entries: list[Entry]
    protected: bool = False
    children: dict[str, Node] = field(default_factory=dict)


class Files:
    """The system drive."""

    def __init__(self, spec: MachineSpec) -> None:
        """Make what set-up leaves: the folder of Windows, and those that programs may keep something in."""
        directory = spec.windows.directory
        self._drive = directory[:2]
        inherit = frozenset({"OI", "CI"})
        full = [Entry(principal, "F", inherit) for principal in (Principal.ADMINISTRATORS, Principal.SYSTEM)]
        reading = Entry(Principal.USERS, "RX", inherit)
        self._root = Node(self._drive, None, Principal.ADMINISTRATORS, [*full, reading], protected=True)
        for folder in (rf"{directory}\System32\drivers", rf"{directory}\Temp", *_shared(spec)):
            self._install(folder)
        # Users may add files and folders where programs keep what all users share (Microsoft, default permissions of ProgramData).
        for folder in _shared(spec):
            self.node(folder).entries.append(Entry(Principal.USERS, "W", frozenset({"CI"})))

    def _install(self, path: str) -> None:
        node = self._root
        for part in path.split("\\")[1:]:
            if part.lower() not in node.children:
                node.children[part.lower()] = Node(part, None, Principal.SYSTEM, _inherited(node, folder=True))
            node = node.children[part.lower()]

    def node(self, path: str) -> Node:
        """Return a file or folder.

        Raises:
            FileNotFoundError: there is none; its `filename` is empty where a folder on the way is missing.
        """
        parts = [part for part in path.split("\\") if part]
        if not parts or parts[0].lower() != self._drive.lower():
            raise FileNotFoundError
        node = self._root
        for index, part in enumerate(parts[1:], start=1):
            child = node.children.get(part.lower())
            if child is None:
                raise FileNotFoundError(2, "", path) if index == len(parts) - 1 else FileNotFoundError
            node = child
        return node

    def find(self, path: str) -> Node | None:
        """Return a file or folder, None where there is none."""
        try:
            return self.node(path)
        except FileNotFoundError:
            return None

    def write(self, path: str, text: str, who: frozenset[Principal], *, append: bool) -> None:
        """Write a file, or add to its end."""
        node = self.find(path)
        if node is None:
            folder = self._folder(path, who)
            name = path.rpartition("\\")[2]
            folder.children[name.lower()] = Node(name, text, _owner(who), _inherited(folder, folder=False))
            return
        if node.text is None or not may_write(node, who):
            raise PermissionError(13, "", path)
        node.text = node.text + text if append else text

    def make_folder(self, path: str, who: frozenset[Principal]) -> None:
        """Make one folder in a folder that exists."""
        folder = self._folder(path, who)
        name = path.rpartition("\\")[2]
        if name.lower() in folder.children:
            raise FileExistsError(17, "", path)
        folder.children[name.lower()] = Node(name, None, _owner(who), _inherited(folder, folder=True))

    def delete(self, path: str, who: frozenset[Principal]) -> None:
        """Delete a file, or a folder with nothing in it."""
        node = self.node(path)
        folder = self.node(path.rpartition("\\")[0])
        if not may_write(node, who) and not may_write(folder, who):
            raise PermissionError(13, "", path)
        if node.children:
            raise IsADirectoryError(21, "", path)
        del folder.children[node.name.lower()]

    def change(self, path: str, who: frozenset[Principal], entries: Sequence[Entry], *, protected: bool) -> None:
        """Replace the entries of a file or folder; what is below it inherits anew.

        Raises:
            PermissionError: who asks is neither the owner nor somebody with full control.
        """
        node = self.node(path)
        full = any(entry.principal in who and entry.rights == "F" and not entry.denied for entry in node.entries)
        if node.owner not in who and not full:
            raise PermissionError(13, "", path)
        node.entries = list(entries)
        node.protected = protected
        _hand_down(node)

    def inherited(self, path: str) -> list[Entry]:
        """Return what a file or folder gets from the folder that it is in."""
        return _inherited(self.node(path.rpartition("\\")[0]), folder=self.node(path).text is None)

    def state(self) -> dict[str, object]:
        """Return all as plain types by full path: kind, owner, entries, and who may write."""
        return dict(_rows(self._root, self._root.name))

    def _folder(self, path: str, who: frozenset[Principal]) -> Node:
        above = self.find(path.rpartition("\\")[0])
        if above is None or above.text is not None:
            raise FileNotFoundError
        if not may_write(above, who):
            raise PermissionError(13, "", path)
        return above


def may_write(node: Node, who: frozenset[Principal]) -> bool:
    """Tell whether somebody may change a file or folder: a refusal comes before what is granted."""
    if any(entry.denied and entry.principal in who and "IO" not in entry.flags for entry in node.entries):
        return False
    return any(entry.principal in who and entry.writes for entry in node.entries)


def may_read(node: Node, who: frozenset[Principal]) -> bool:
    """Tell whether somebody may read a file."""
    if any(entry.denied and entry.principal in who and "IO" not in entry.flags for entry in node.entries):
        return False
    return any(entry.principal in who and "IO" not in entry.flags and entry.rights != "W" for entry in node.entries)


def _owner(who: frozenset[Principal]) -> Principal:
    return Principal.SYSTEM if Principal.SYSTEM in who else Principal.ADMINISTRATORS


def _inherited(above: Node, *, folder: bool) -> list[Entry]:
    return [entry for entry in (found.handed_down(folder=folder) for found in above.entries) if entry is not None]


def _hand_down(node: Node) -> None:
    for child in node.children.values():
        if not child.protected:
            own = [entry for entry in child.entries if not entry.inherited]
            child.entries = [*own, *_inherited(node, folder=child.text is None)]
        _hand_down(child)


def _rows(node: Node, path: str) -> Iterable[tuple[str, object]]:
    yield (
        path,
        {
            "kind": "folder" if node.text is None else "file",
            "owner": node.owner.name.lower(),
            "entries": [
                f"{entry.principal.name.lower()}:{'deny ' if entry.denied else ''}{entry.rights}"
                + "".join(f"({flag})" for flag in sorted(entry.flags))
                for entry in node.entries
            ],
            "writers": sorted({entry.principal.name.lower() for entry in node.entries if entry.writes}),
        },
    )
    for child in sorted(node.children.values(), key=lambda child: child.name.lower()):
        yield from _rows(child, rf"{path}\{child.name}")


def _shared(spec: MachineSpec) -> tuple[str, ...]:
    """Return where programs keep what all users share."""
    drive = spec.windows.directory[:2]
    if int(spec.windows.version.split(".", maxsplit=1)[0]) >= 6:
        return (rf"{drive}\ProgramData",)
    return (rf"{drive}\Documents and Settings\All Users\Application Data",)
