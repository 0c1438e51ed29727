# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A batch file that is being carried out: where it stands, its arguments, its labels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .environment import Environment
from .system import Files

LABEL = re.compile(r"^[ \t,;=]*:[ \t]*([^\s:+,;=&|<>]+)[^\n]*(?:\n|\Z)", re.MULTILINE)
GONE = "The batch file cannot be found.\r\n"


class Gone(Exception):
    """The file is not there any more; cmd opens it anew for each command."""


@dataclass(slots=True)
class Batch:
    """One file, or one `call` of a label in it; `saved` are the environments that `setlocal` put away."""

    path: str
    arguments: list[str]
    files: Files
    at: int = 0
    saved: list[tuple[Environment, bool]] = field(default_factory=list)
    shifted: bool = False

    @property
    def script(self) -> str:
        """The full path of the file; empty where `shift` has put another word in its place."""
        return "" if self.shifted else self.path

    @property
    def clears(self) -> bool:
        """`set` sets the error level to 0 in a `.cmd` and leaves it alone in a `.bat` (SS64, "errorlevel")."""
        return self.path.lower().endswith(".cmd")

    def line(self) -> str | None:
        """Take the next line, None at the end.

        Raises:
            Gone: the file cannot be read.
        """
        text = self._text()
        if self.at >= len(text):
            return None
        end = text.find("\n", self.at)
        end = len(text) if end < 0 else end
        line = text[self.at : end].removesuffix("\r")
        self.at = end + 1
        return line

    def go_to(self, label: str) -> bool:
        """Go on behind a label, which is looked for from here on and then from the start; tell whether it is there.

        Raises:
            Gone: the file cannot be read.
        """
        text = self._text()
        wanted = label.lower()
        found = [match for match in LABEL.finditer(text) if match[1].lower() == wanted]
        following = next((match for match in found if match.start() >= self.at), found[0] if found else None)
        if following is not None:
            self.at = following.end()
        return following is not None

    def _text(self) -> str:
        try:
            return self.files.read(self.path)
        except OSError as error:
            raise Gone from error
