# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that a script sees: folders of this machine in the place of a drive or a folder, the programs of Windows, and the host's own.

A folder may be read-only, and the space in all of them together may end.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from winsim.cmd.expansion import NotKnown
from winsim.host.files import Principal
from winsim.host.machine import Machine
from winsim.providers.programs import HostFiles

from . import code_pages
from .code_pages import Pages


@dataclass(slots=True)
class Space:
    """How many bytes may still be written; None is without end."""

    left: int | None = None

    def take(self, wanted: int) -> int:
        """Return how many bytes of those there is room for."""
        if self.left is None:
            return wanted
        taken = min(wanted, self.left)
        self.left -= taken
        return taken


@dataclass(frozen=True, slots=True)
class Drives:
    """All files, `cmd.system.Files`.

    Attributes:
        folders: folders of this machine by the drive (`E:`) or folder (`C:\\netmin`) whose place they take, in small letters.
        read_only: drives and folders in which nothing may be written, in small letters.
        program: tells whether a full path is that of a program of this Windows.
    """

    host: Machine
    who: frozenset[Principal]
    folders: Mapping[str, Path]
    read_only: frozenset[str]
    space: Space
    pages: Pages
    program: Callable[[str], bool]
    own: HostFiles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", HostFiles(self.host, self.who))

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        real = self._real(path)
        if real is not None:
            return real.exists()
        return self._holds_one(path) or self.program(path) or self.own.exists(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        real = self._real(path)
        if real is not None:
            return real.is_dir()
        return self._holds_one(path) or self.own.is_folder(path)

    def names(self, path: str) -> Sequence[str]:
        """Return what is in a folder, sorted."""
        real = self._real(path)
        return self.own.names(path) if real is None else sorted((child.name for child in real.iterdir()), key=str.lower)

    def read(self, path: str) -> str:
        """Return a file's text, its bytes taken in the console's code page."""
        return code_pages.decode(self.read_bytes(path), self.pages.console)

    def shown(self, path: str) -> str:
        """Return a file's text as `type` shows it."""
        return code_pages.shown(self.read_bytes(path), self.pages.console)

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        return len(self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        """Return what is in a file."""
        real = self._real(path)
        if real is not None:
            if real.is_dir():
                raise PermissionError(errno.EACCES, "", path)
            if not real.exists():
                raise FileNotFoundError(errno.ENOENT, "", path if real.parent.is_dir() else None)
            return real.read_bytes()
        if self.program(path):
            raise NotKnown(f"What is in the program {path} is not known here.")
        text = self.own.read(path)
        if text.startswith("\ufeff"):
            return code_pages.UTF_16_MARK + text[1:].encode("utf-16-le", "surrogatepass")
        return code_pages.encode(text, self.pages.console)

    def write(self, path: str, text: str, *, append: bool) -> None:
        """Write a file, or add to its end, in the console's code page."""
        self.write_bytes(path, code_pages.encode(text, self.pages.console), append=append)

    def write_bytes(self, path: str, content: bytes, *, append: bool) -> None:
        """Write a file, or add to its end; where the space ends, the part that there is room for."""
        self._allow(path)
        real = self._real(path)
        kept = content[: self.space.take(len(content))]
        if real is not None:
            if not real.parent.is_dir():
                raise FileNotFoundError
            if real.is_dir():
                raise PermissionError(errno.EACCES, "", path)
            with real.open("ab" if append else "wb") as file:
                file.write(kept)
        else:
            whole = self.read_bytes(path) + kept if append and self.own.exists(path) else kept
            self.own.write(path, _text_of(whole, self.pages.console), append=False)
        if len(kept) < len(content):
            raise OSError(errno.ENOSPC, "", path)

    def copy(self, source: str, target: str) -> None:
        """Write a file with the bytes of another one."""
        self.write_bytes(target, self.read_bytes(source), append=False)

    def make_folder(self, path: str) -> None:
        """Make one folder in a folder that exists."""
        self._allow(path)
        real = self._real(path)
        if real is None:
            self.own.make_folder(path)
        else:
            real.mkdir()

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with nothing in it."""
        self._allow(path)
        real = self._real(path)
        if real is None:
            self.own.delete(path)
        elif real.is_dir():
            real.rmdir()
        else:
            real.unlink()

    def _allow(self, path: str) -> None:
        folded = f"{_folded(path)}\\"
        for place in self.read_only:
            if folded.startswith(f"{place}\\"):
                raise (
                    OSError(errno.EROFS, os.strerror(errno.EROFS), path) if place.endswith(":") else PermissionError(errno.EACCES, "", path)
                )
        if self.program(path):
            raise NotKnown(f"Writing the program {path} is not known here.")

    def _real(self, path: str) -> Path | None:
        """Return where a path is on this machine; names are compared without case, as Windows does."""
        folded = _folded(path)
        places = [place for place in self.folders if f"{folded}\\".startswith(f"{place}\\")]
        if not places:
            return None
        place = max(places, key=len)
        found = self.folders[place]
        for name in (part for part in path.rstrip("\\")[len(place) :].split("\\") if part):
            there = found.iterdir() if found.is_dir() else iter(())
            found = next((child for child in there if child.name.lower() == name.lower()), found / name)
        return found

    def _holds_one(self, path: str) -> bool:
        """Tell whether one of our folders is below this one."""
        return any(place.startswith(f"{_folded(path)}\\") for place in self.folders)


def place_of(name: str) -> str:
    """Return a drive or folder as it is compared.

    Raises:
        ValueError: it is no full path.
    """
    if len(name) < 2 or name[1] != ":" or not name[0].isalpha() or (len(name) > 2 and name[2] != "\\"):
        raise ValueError(f"{name} is neither a drive nor the full path of a folder")
    return _folded(name)


def _folded(path: str) -> str:
    return path.rstrip("\\").lower()


def _text_of(content: bytes, code_page: int) -> str:
    """Return bytes as the host's own files keep them: UTF-16 with its mark."""
    if code_pages.is_utf_16(content):
        return "\ufeff" + content[2:].decode("utf-16-le", "surrogatepass")
    return code_pages.decode(content, code_page)
