# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a command processor asks of the machine that it runs on: files, programs, and a place for its output."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .environment import Environment

Run = Generator[float, None, int]
"""Something that runs: it yields the seconds for which it waits, and returns its exit code."""


class Files(Protocol):
    """Files and folders by full path. Failures are the exceptions of Python's own file functions."""

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""

    def names(self, path: str) -> Sequence[str]:
        """Return what is in a folder, sorted."""

    def read(self, path: str) -> str:
        """Return a file's text, its bytes taken one by one in the console's code page."""

    def shown(self, path: str) -> str:
        """Return a file's text as `type` shows it, which knows UTF-16 by its mark."""

    def copy(self, source: str, target: str) -> None:
        """Write a file with the bytes of another one."""

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""

    def write(self, path: str, text: str, *, append: bool) -> None:
        """Write a file, or add to its end."""

    def make_folder(self, path: str) -> None:
        """Make one folder in a folder that exists."""

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with nothing in it."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What one cmd.exe does otherwise than another.

    Attributes:
        longest: characters that a line may have, before and after its variables are replaced.
        unknown: the error level of a command that there is not.
        tells: a redirection that cannot be opened sets the error level; without it only `||` sees that it failed.
        loud: what is not known here is no refusal of the simulated shell but an exception for whoever runs it.
        version: what `ver` prints.
    """

    longest: int = 8191
    unknown: int = 9009
    tells: bool = True
    loud: bool = False
    version: str = ""


class Sink(Protocol):
    """Where output goes."""

    def write(self, text: str) -> None:
        """Add a text."""


@dataclass(slots=True)
class Collected:
    """Output that is kept."""

    parts: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add a text."""
        self.parts.append(text)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)


class Nowhere:
    """Output that nobody sees."""

    def write(self, text: str) -> None:
        """Drop a text."""


@dataclass(slots=True)
class Input:
    """Text that is read line by line."""

    text: str = ""

    def line(self) -> str | None:
        """Take the next line, without its end; None where there is no more."""
        if not self.text:
            return None
        line, _end, self.text = self.text.partition("\n")
        return line.removesuffix("\r")

    def all(self) -> str:
        """Take the rest."""
        text, self.text = self.text, ""
        return text


@dataclass(frozen=True, slots=True)
class Streams:
    """Standard input and outputs."""

    stdin: Input
    stdout: Sink
    stderr: Sink


@dataclass(frozen=True, slots=True)
class Call:
    """A program that is to run.

    Attributes:
        name: as it was called.
        tail: all behind the name, as it was written.
        words: the same, taken apart at blanks outside quotes.
    """

    name: str
    tail: str
    words: list[str]
    streams: Streams
    environment: Environment
    directory: str


class System(Protocol):
    """The machine, as one account sees it."""

    @property
    def files(self) -> Files:
        """The files, with the rights of the account."""

    @property
    def edition(self) -> Edition:
        """Which cmd.exe this is."""

    def date(self) -> str:
        """Return `%DATE%`."""

    def time(self) -> str:
        """Return `%TIME%`."""

    def step(self, command: str) -> None:
        """Take note that a command begins; its redirections are open by then."""

    def script(self, path: str) -> None:
        """Look at a batch file before it is carried out."""

    def not_found(self, name: str) -> str:
        """Return what cmd says of a command that there is not."""

    def find(self, name: str) -> bool:
        """Tell whether there is such a program; the name may carry a path and `.exe`."""

    def run(self, call: Call) -> Run:
        """Run a program that there is."""

    def detach(self, line: str, environment: Environment, directory: str) -> bool:
        """Start a program and leave it to itself; tell whether there is one."""
