# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text on a command line of a host: quoted for what reads it there, or refused. The only place that quotes for a shell.

Three readers stand between us and a program, and each takes other characters for its own:

- cmd.exe, to which the remote shell hands a line (`quoted`). In quotes it leaves all alone but a quote and a percent sign (from memory).
- The script of `confirm`, which takes its commands from the registry (`quoted_in_script`). `for /f` splits them at `&` and runs each
  without reading it again as a line, so that a percent sign is text; what is not ASCII goes through the host's code pages.
- `echo` on a line of cmd.exe (`echoed`), which writes its text with the quotes in it.

The program then parts its line by the rules of C, where a backslash before the closing quote takes that away and two of them are one
(Microsoft, Parsing C command-line arguments).
"""

from __future__ import annotations

from .errors import InvalidOption, Refused

LINE_KEEPS = frozenset('"%')
SCRIPT_KEEPS = frozenset('"&')
# Outside quotes these mean something to cmd.exe (Microsoft, Command shell overview; percent sign and quote from memory).
SPECIAL = frozenset('&|<>^()%"!')


def quoted(text: str) -> str:
    """Return an argument in quotes, for a line that cmd.exe reads.

    Raises:
        InvalidOption: cmd.exe or the program would read something else.
    """
    if not is_quotable(text):
        raise InvalidOption(f"{text[:80]!a} cannot be written on a command line")
    return f'"{text}"'


def is_quotable(text: str) -> bool:
    """Tell whether a line that cmd.exe reads can have a text as an argument in quotes."""
    return not any(character in LINE_KEEPS or not character.isprintable() for character in text) and not text.endswith("\\")


def plain_in_script(text: str) -> str:
    """Return text as it is, for a command of the script of `confirm`.

    Raises:
        Refused: the script or its program would read something else.
    """
    if any(character in SCRIPT_KEEPS or not " " <= character <= "~" for character in text):
        raise Refused(f"'confirm' cannot be used here: {text[:200]!a} cannot be written on a command line of the host")
    return text


def quoted_in_script(text: str) -> str:
    """Return an argument in quotes, for a command of the script of `confirm`; raises as `plain_in_script` does."""
    ending = len(text) - len(text.rstrip("\\"))
    return f'"{plain_in_script(text)}{chr(92) * ending}"'


def echoed(text: str) -> str:
    """Write text so that a line of cmd.exe hands it to `echo` as it is.

    Nothing is left in quotes, where a caret would stay. A caret before the closing and after the opening percent sign makes
    the name between them one that no variable has, and an unknown one is left alone on a command line (from memory; tried).
    """
    said = []
    after_percent = False
    for character in text:
        said.append(f"^{character}" if character in SPECIAL or after_percent else character)
        after_percent = character == "%"
    return "".join(said)
