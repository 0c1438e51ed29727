# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text on a command line that the host runs by itself: quoted, or refused. `confirm` arms such commands."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused

# A quote cannot be put in quotes, the separator would end a command, and what is not ASCII goes through code pages.
REFUSED = frozenset('"&')


def checked(text: str) -> str:
    """Return text that a command may hold.

    Raises:
        Refused: it may not.
    """
    if any(character in REFUSED or not " " <= character <= "~" for character in text):
        raise Refused(f"'confirm' cannot be used here: {text[:200]!a} cannot be written on a command line of the host")
    return text


def quoted(text: str) -> str:
    """Return text in quotes; raises as `checked` does."""
    # A backslash before the closing quote would take it away; two are one (Microsoft, Parsing C command-line arguments).
    ending = len(text) - len(text.rstrip("\\"))
    return f'"{checked(text)}{chr(92) * ending}"'
