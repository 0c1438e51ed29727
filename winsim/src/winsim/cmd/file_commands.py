# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of cmd that work on files and folders, and where redirected output goes.

Sources: their help texts; SS64, "rd" and "del" (which failures leave the error level alone); what `ren` says from memory.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .expansion import NotKnown
from .parser import INCORRECT
from .system import Files, Nowhere, Run, Sink
from .words import absolute, arguments, bare

if TYPE_CHECKING:
    from .interpreter import Scope, Shell

NO_SPACE = "There is not enough space on the disk.\r\n"
NO_FILE = "The system cannot find the file specified.\r\n"
NO_PATH = "The system cannot find the path specified.\r\n"


@dataclass(slots=True)
class FileSink:
    """A file that output goes to; it was made when it was opened."""

    files: Files
    path: str
    complaints: Sink = field(default_factory=Nowhere)

    def write(self, text: str) -> None:
        """Add a text; one that cannot be added any more is lost, which is said and sets no error level (from memory)."""
        try:
            self.files.write(self.path, text, append=True)
        except OSError as error:
            self.complaints.write(failure(error))


def failure(error: OSError) -> str:
    """Return what Windows says of a failed access to a file."""
    if error.errno == errno.ENOSPC:
        return NO_SPACE
    if error.errno == errno.EROFS:
        return "The media is write protected.\r\n"
    if isinstance(error, PermissionError):
        return "Access is denied.\r\n"
    if isinstance(error, FileNotFoundError):
        return NO_FILE if error.filename else NO_PATH
    if isinstance(error, NotADirectoryError):
        return "The directory name is invalid.\r\n"
    return "Access is denied.\r\n"


def change_folder(shell: Shell, tail: str, scope: Scope) -> Run:
    text = tail.strip(" \t")
    drive = text[:2].lower() == "/d"
    text = text[2:].strip() if drive else text
    if not text:
        scope.streams.stdout.write(f"{shell.directory}\r\n")
        return 0
    path = absolute(text, shell.directory)
    if not shell.system.files.is_folder(path):
        scope.streams.stderr.write(NO_PATH)
        return shell.fail(1)
    if drive or path[:2].lower() == shell.directory[:2].lower():
        shell.directory = path
    # It clears the error level, always (SS64, "errorlevel").
    shell.errorlevel = 0
    return 0
    yield


def make_folder(shell: Shell, tail: str, scope: Scope) -> Run:
    code = 0
    words = arguments(tail)
    if not words:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    files = shell.system.files
    for word in words:
        path = absolute(word, shell.directory)
        if files.exists(path):
            scope.streams.stderr.write(f"A subdirectory or file {bare(word)} already exists.\r\n")
            code = 1
            continue
        parts = path.split("\\")
        missing = [part for part in ("\\".join(parts[:end]) for end in range(2, len(parts) + 1)) if not files.exists(part)]
        try:
            for folder in missing:
                files.make_folder(folder)
        except OSError as error:
            scope.streams.stderr.write(failure(error))
            code = 1
    if code:
        shell.errorlevel = code
    return code
    yield


def _switches(tail: str) -> tuple[set[str], list[str]]:
    """Return the switches, in small letters, and the other words."""
    words = [part for word in arguments(tail) for part in (_apart(word) if word.startswith("/") else [word])]
    return {word.lower() for word in words if word.startswith("/")}, [word for word in words if not word.startswith("/")]


def _apart(word: str) -> list[str]:
    return ["/" + part for part in word.split("/") if part]


def remove_folder(shell: Shell, tail: str, scope: Scope) -> Run:
    switches, names = _switches(tail)
    if switches - {"/s", "/q"} or not names:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    if "/s" in switches and "/q" not in switches:
        raise NotKnown("rd /s without /q asks, which is not known here.")
    code = 0
    files = shell.system.files
    for name in names:
        path = absolute(name, shell.directory)
        try:
            if not files.exists(path):
                raise FileNotFoundError(2, NO_FILE, path)
            if not files.is_folder(path):
                raise NotADirectoryError(267, "", path)
            if files.names(path) and "/s" not in switches:
                raise IsADirectoryError
            _delete_tree(files, path)
        except IsADirectoryError:
            scope.streams.stderr.write("The directory is not empty.\r\n")
            code = 145
        except OSError as error:
            scope.streams.stderr.write(failure(error))
            code = {FileNotFoundError: 2, NotADirectoryError: 267}.get(type(error), 5)
    # rd leaves the error level alone; only && and || see that it failed (SS64, "rd").
    return code
    yield


def _delete_tree(files: Files, path: str) -> None:
    for name in files.names(path) if files.is_folder(path) else ():
        _delete_tree(files, rf"{path}\{name}")
    files.delete(path)


def delete(shell: Shell, tail: str, scope: Scope) -> Run:
    switches, names = _switches(tail)
    if switches - {"/f", "/q", "/s", "/a"} or not names:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    if "/s" in switches:
        raise NotKnown("del in subfolders is not known here.")
    files = shell.system.files
    for path in (path for name in names for path in _matching(files, absolute(name, shell.directory))):
        if not files.exists(path):
            # The error level stays (SS64, "del").
            scope.streams.stderr.write(f"Could Not Find {path}\r\n")
            continue
        if files.is_folder(path):
            raise NotKnown("del of a folder is not known here.")
        try:
            files.delete(path)
        except OSError:
            scope.streams.stderr.write(f"{path}\r\nAccess is denied.\r\n")
    return 0
    yield


def _matching(files: Files, path: str) -> list[str]:
    """Return the files that a name with * and ? stands for; the name itself where there are none, or where it has neither."""
    folder, _separator, pattern = path.rpartition("\\")
    if not any(sign in pattern for sign in "*?") or not files.is_folder(folder):
        return [path]
    names = [name for name in files.names(folder) if fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))]
    return [rf"{folder}\{name}" for name in names if not files.is_folder(rf"{folder}\{name}")] or [path]


def rename(shell: Shell, tail: str, scope: Scope) -> Run:
    words = arguments(tail)
    if len(words) != 2 or "\\" in words[1]:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    files = shell.system.files
    old = absolute(words[0], shell.directory)
    new = rf"{old.rpartition(chr(92))[0]}\{bare(words[1])}"
    if not files.exists(old):
        scope.streams.stderr.write(NO_FILE)
        return shell.fail(1)
    if files.exists(new):
        scope.streams.stderr.write("A duplicate file name exists, or the file\r\ncannot be found.\r\n")
        return shell.fail(1)
    if files.is_folder(old):
        raise NotKnown("ren of a folder is not known here.")
    try:
        files.write(new, files.read(old), append=False)
        files.delete(old)
    except OSError as error:
        scope.streams.stderr.write(failure(error))
        return shell.fail(1)
    return 0
    yield


def push_folder(shell: Shell, tail: str, scope: Scope) -> Run:
    text = tail.strip(" \t")
    if not text or bare(text).startswith("\\\\"):
        raise NotKnown(f"pushd {text} is not known here.".replace("  ", " "))
    path = absolute(text, shell.directory)
    if not shell.system.files.is_folder(path):
        scope.streams.stderr.write(NO_PATH)
        return shell.fail(1)
    shell.pushed.append(shell.directory)
    shell.directory = path
    return 0
    yield


def pop_folder(shell: Shell, tail: str, scope: Scope) -> Run:
    del tail, scope
    if not shell.pushed:
        return 1
    shell.directory = shell.pushed.pop()
    return 0
    yield


def there(shell: Shell, name: str) -> bool:
    """Tell whether `if exist` finds something; a name may have * and ?, and `FOLDER\\nul` is the folder."""
    text = bare(name)
    text = text[: -len("\\nul")] if text.lower().endswith("\\nul") else text
    path = absolute(text, shell.directory)
    return any(shell.system.files.exists(match) for match in _matching(shell.system.files, path))


def found(shell: Shell, word: str) -> list[str]:
    """Return what a word in the list of `for` stands for: the files of a pattern, written as the pattern is, or the word itself."""
    if not any(sign in word for sign in "*?"):
        return [word]
    files = shell.system.files
    path = absolute(word, shell.directory)
    written = bare(word)
    before = written[: len(written) - len(written.rpartition("\\")[2])]
    return [before + match.rpartition("\\")[2] for match in _matching(files, path) if files.exists(match)]


def copy(shell: Shell, tail: str, scope: Scope) -> Run:
    """Copy one file; a batch file is never asked whether to overwrite (the help of copy)."""
    switches, names = _switches(tail)
    if switches - {"/y", "/b", "/v"} or len(names) != 2 or any(sign in tail for sign in "+*?"):
        raise NotKnown(f"copy {tail.strip()} is not known here.")
    return _carried(shell, names, scope, "        1 file(s) copied.\r\n", moves=False)
    yield


def move(shell: Shell, tail: str, scope: Scope) -> Run:
    """Move one file."""
    switches, names = _switches(tail)
    if switches - {"/y"} or len(names) != 2 or any(sign in tail for sign in "*?"):
        raise NotKnown(f"move {tail.strip()} is not known here.")
    return _carried(shell, names, scope, "        1 file(s) moved.\r\n", moves=True)
    yield


def _carried(shell: Shell, names: list[str], scope: Scope, done: str, *, moves: bool) -> int:
    files = shell.system.files
    source, target = (absolute(name, shell.directory) for name in names)
    if bare(names[1]).lower() == "nul":
        raise NotKnown("copy to nul is not known here.")
    if files.is_folder(target):
        target = rf"{target.rstrip(chr(92))}\{source.rpartition(chr(92))[2]}"
    try:
        if files.is_folder(source):
            raise NotKnown("copy of a folder is not known here.")
        files.copy(source, target)
        if moves:
            files.delete(source)
    except OSError as error:
        scope.streams.stderr.write(failure(error))
        scope.streams.stdout.write("        0 file(s) copied.\r\n" if not moves else "")
        return shell.fail(1)
    scope.streams.stdout.write(done)
    return shell.fail(0)


def print_files(shell: Shell, tail: str, scope: Scope) -> Run:
    code = 0
    names = arguments(tail)
    if not names:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    for name in names:
        path = absolute(name, shell.directory)
        try:
            text = "" if bare(name).lower() == "nul" else shell.system.files.shown(path)
        except OSError as error:
            scope.streams.stderr.write(failure(error))
            code = 1
            continue
        if len(names) > 1:
            scope.streams.stderr.write(f"\r\n{bare(name)}\r\n\r\n\r\n")
        scope.streams.stdout.write(text)
    shell.errorlevel = code
    return code
    yield
