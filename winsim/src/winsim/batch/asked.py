# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a program gets that a script calls: the call, the host, the files, and whether it runs as an administrator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from winsim.cmd.expansion import NotKnown
from winsim.cmd.system import Call
from winsim.cmd.words import absolute
from winsim.host.machine import Machine
from winsim.host.model import Language

from .code_pages import Pages
from .drives import Drives

Output = tuple[str, str, int]
"""What a program writes to its output and to its errors, and its exit code."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a program.

    Attributes:
        step: to be called before each part of a program that changes something in several parts; a run may end there.
        narrow: a program of 32 bits on a Windows of 64.
        keyboard: its input is the keyboard.
    """

    host: Machine
    call: Call
    files: Drives
    pages: Pages
    administrator: bool
    narrow: bool
    keyboard: bool
    step: Callable[[str], None]

    @property
    def words(self) -> list[str]:
        """The words behind the program's name."""
        return self.call.words

    @property
    def kernel(self) -> tuple[int, int]:
        """The version of Windows by which programs differ."""
        return self.host.spec.windows.kernel

    @property
    def old(self) -> bool:
        """This is a Windows before Vista."""
        return self.kernel < (6, 0)

    @property
    def language(self) -> Language:
        """In which language the host speaks."""
        return self.host.spec.windows.language

    def path(self, name: str) -> str:
        """Return the full path of a file that is named from where the script is."""
        return absolute(name, self.call.directory)

    def unknown(self) -> NotKnown:
        """Return the complaint that the program knows this call and we do not."""
        return NotKnown(f"{self.call.name}{self.call.tail} is not known here.")
