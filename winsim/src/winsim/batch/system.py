# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host as a script sees it that somebody starts at its console: the programs of its Windows, and what goes wrong in a run.

A program that this Windows has and winsim does not know raises `NotKnown`; one that it does not have is not found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from winsim.cmd.expansion import NotKnown
from winsim.cmd.system import Call, Edition, Input, Run, Sink, Streams
from winsim.cmd.words import bare
from winsim.host.files import ADMINISTRATOR, Principal
from winsim.host.jobs import Account
from winsim.host.machine import Machine
from winsim.host.model import Language
from winsim.providers.programs import HostSystem

from . import code_pages, presence
from .asked import Asked
from .code_pages import ANSI, UTF_8, Pages
from .drives import Drives, Space
from .programs import PROGRAMS, SLOW

USER = frozenset({Principal.EVERYONE, Principal.AUTHENTICATED, Principal.USERS})
"""What the token of a user carries who is no administrator, or whom Windows has not asked yet."""

LONGEST = 8191
LONGEST_2000 = 2047
"""Characters of a line (Microsoft, "Command prompt (Cmd.exe) command-line string limitation")."""

UNKNOWN_2000 = 1
"""The error level of a command that there is not, on Windows 2000 (from memory; 9009 later: SS64, "errorlevel")."""

VERSION = {Language.ENGLISH: "Version", Language.GERMAN: "Version", Language.JAPANESE: "Version"}
DATES = {Language.ENGLISH: "%a %m/%d/%Y", Language.GERMAN: "%d.%m.%Y", Language.JAPANESE: "%Y/%m/%d"}
"""How `%DATE%` is written as each language is installed (from memory; whoever uses a computer may change it)."""

OLD_REG = (5, 2)
"""The last Windows whose reg.exe writes into files and pipes in the code page of programs with windows (reports of its users)."""


class Closed(Exception):
    """Somebody has closed the console: the command that had begun is cut short, and nothing comes after it."""


class Endless(Exception):
    """A script does not end."""


MOST = 1_000_000
"""Commands after which a script counts as one that does not end."""


class Keyboard(Input):
    """What somebody types; who waits for more waits for ever."""

    def line(self) -> str | None:
        """Take the next line.

        Raises:
            NotKnown: nobody types any more.
        """
        line = Input.line(self)
        if line is None:
            raise NotKnown("The script waits for the keyboard, and nobody types.")
        return line

    def all(self) -> str:
        """Refuse: a program that reads the keyboard to its end waits for ever."""
        raise NotKnown("A program reads the keyboard, and nobody types.")


@dataclass(slots=True)
class Screen:
    """The console's window: output and errors in the order in which they come, in the characters that its code page has."""

    pages: Pages
    parts: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add a text."""
        self.parts.append(code_pages.decode(code_pages.encode(text, self.pages.console), self.pages.console))

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)


class ConsoleSystem(HostSystem):
    """`cmd.system.System` for a script at the console."""

    def __init__(
        self,
        host: Machine,
        *,
        administrator: bool,
        narrow: bool,
        pages: Pages,
        folders: Mapping[str, Path],
        read_only: frozenset[str],
        space: Space,
        absent: Collection[str],
        cut_after: int | None,
    ) -> None:
        """Look at a host; after `cut_after` commands the console closes in the middle of the next one."""
        super().__init__(host, Account.ADMINISTRATOR)
        self.administrator = administrator
        self.narrow = narrow
        self.who = ADMINISTRATOR if administrator else USER
        self.pages = pages
        self.screen = Screen(pages)
        self.steps = 0
        self.command = ""
        self._cut_after = cut_after
        self._programs = presence.programs(host) - {name.lower() for name in absent}
        self._places = {presence.place(host, name): name for name in self._programs}
        self.drives = Drives(host, self.who, folders, read_only, space, pages, lambda path: path.lower() in self._places)
        self.files = self.drives
        windows = host.spec.windows
        self._edition = Edition(
            longest=LONGEST_2000 if windows.kernel == (5, 0) else LONGEST,
            unknown=UNKNOWN_2000 if windows.kernel == (5, 0) else 9009,
            # Seen by users of 2000 and XP only: the command is not run, and the error level stays (from memory).
            tells=windows.kernel >= (5, 2),
            loud=True,
            version=version_text(host),
        )

    @property
    def edition(self) -> Edition:
        """Which cmd.exe this is."""
        return self._edition

    def date(self) -> str:
        """Return `%DATE%`."""
        return self.host.time.now().strftime(DATES[self.host.spec.windows.language])

    def time(self) -> str:
        """Return `%TIME%`, whose hour has a blank in front where it has one digit."""
        now = self.host.time.now()
        mark = "," if self.host.spec.windows.language is Language.GERMAN else "."
        return f"{now.hour:2d}:{now.minute:02d}:{now.second:02d}{mark}{now.microsecond // 10000:02d}"

    def step(self, command: str) -> None:
        """Count a command, or a part of one.

        Raises:
            Closed: the console closes now.
        """
        self.command = command
        if self._cut_after is not None and self.steps >= self._cut_after:
            raise Closed
        self.steps += 1
        if self.steps > MOST:
            raise Endless

    def script(self, path: str) -> None:
        """Look at a batch file before it is carried out.

        Raises:
            NotKnown: Windows carries it out otherwise than it reads, or not at all.
        """
        content = self.drives.read_bytes(path)
        if b"\0" in content:
            raise NotKnown(f"{path} is no text in a code page: no Windows runs a batch file in UTF-16.")
        if b"\n" in content.replace(b"\r\n", b"") or b"\r" in content.replace(b"\r\n", b""):
            raise NotKnown(f"{path} has line ends that are not CR LF: Windows then finds some labels and others not.")
        if b"\x1a" in content:
            raise NotKnown(f"{path} has a byte 0x1A, at which Windows takes the file to end.")

    def find(self, name: str) -> bool:
        """Tell whether there is such a program: in its own folder, where one is named."""
        called = called_as(name)
        if "\\" not in name and "/" not in name:
            return called in self._programs
        return any(place in self._places for place in _endings(name.replace("/", "\\").lower()))

    def run(self, call: Call) -> Run:
        """Run a program that there is."""
        name = called_as(call.name)
        if name in PROGRAMS or name in SLOW:
            return (yield from self._run(name, call))
        if name in ("cmd", "ping", "cacls", "icacls", "schtasks", "secedit", "shutdown"):
            if not self.administrator and name not in ("cmd", "ping"):
                raise NotKnown(f"{name} of a user who is no administrator is not known here.")
            if name == "cmd" and "/c" not in call.tail.lower():
                raise NotKnown("A cmd that waits for input is not known here.")
            return (yield from super().run(call))
        raise NotKnown(f"{name} is a program of this Windows that is not known here.")

    def _run(self, name: str, call: Call) -> Run:
        if any(called_as(str(fault.settings["program"])) == name for fault in self.host.faults.of("program_blocked")):
            return (yield from super().run(call))
        self.host.time.advance()
        asked = Asked(
            self.host, call, self.drives, self.pages, self.administrator, self.narrow, isinstance(call.streams.stdin, Keyboard), self.step
        )
        if name in SLOW:
            return (yield from SLOW[name](asked))
        stdout, stderr, code = PROGRAMS[name](asked)
        old = name == "reg" and self.host.spec.windows.kernel <= OLD_REG
        call.streams.stdout.write(self._bytes_of_reg(stdout, call.streams.stdout) if old else stdout)
        call.streams.stderr.write(stderr)
        return code

    def _bytes_of_reg(self, text: str, sink: Sink) -> str:
        """Return the text whose bytes in the console's code page are those of the old reg.exe in a file or a pipe."""
        if sink is self.screen or self.pages.console == UTF_8:
            return text
        return code_pages.decode(code_pages.encode(text, self.pages.ansi), self.pages.console)

    def detach(self, line: str, environment: object, directory: str) -> bool:
        """Refuse: nobody could say when such a program ends.

        Raises:
            NotKnown: always.
        """
        del environment, directory
        raise NotKnown(f"A program that nobody waits for is not known here: {line}")

    def streams(self, keys: str) -> Streams:
        """Return the console's own streams; `keys` is what somebody types."""
        return Streams(Keyboard(keys), self.screen, self.screen)


def called_as(name: str) -> str:
    """Return what a program is called, without folder and ending."""
    last = bare(name).replace("/", "\\").rpartition("\\")[2].lower()
    return last.removesuffix(".exe").removesuffix(".com")


def _endings(path: str) -> tuple[str, ...]:
    return (path,) if path.endswith((".exe", ".com")) else (f"{path}.exe", f"{path}.com")


def version_text(host: Machine) -> str:
    """Return what `ver` prints (published outputs; two zeros on Windows 2000)."""
    windows = host.spec.windows
    if windows.kernel == (5, 0):
        return "Microsoft Windows 2000 [Version 5.00.2195]"
    name = "Microsoft Windows XP" if windows.kernel == (5, 1) else "Microsoft Windows"
    number = f"{windows.kernel[0]}.{windows.kernel[1]}.{windows.build}"
    return f"{name} [{VERSION[windows.language]} {number}]"


def pages_of(host: Machine, code_page: int | None) -> Pages:
    """Return the code pages of a host; the console's may be another one than that of its language."""
    language = host.spec.windows.language
    console = code_page or int(language.code_page.removeprefix("cp"))
    code_pages.codec_of(console)
    return Pages(console, ANSI[language])
