# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The interfaces of a Windows 2000 as `rpccfg -l` numbers them, and beside them as `route print` does.

The article shows a line of `rpccfg -l`: `IF[2]: Ethernet: 3Com EtherLink PCI (...)`. The list of interfaces of `route print` has lines
like `0x2 ...00 04 76 65 43 21 ...... 3Com EtherLink PCI` (published outputs). Nobody has verified that the numbers are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from .folder import read_listings

FILES = ("rpccfg.txt", "route.txt")
# More than any host has; each is a line of a text that a person reads.
MOST, LONGEST = 64, 300
_LISTED = re.compile(r"IF\[([0-9]{1,9})\]: *(\S.*)")
_ROUTED = re.compile(r" *(0x[0-9a-fA-F]{1,8}) *\.{3}(.*\S)")


@dataclass(frozen=True, slots=True)
class RpcInterfaces:
    """What a host says of its interfaces.

    Attributes:
        listed: names by the indexes of `rpccfg -l`; None where it was not on the path, or listed nothing.
        routed: names by the numbers of `route print`.
    """

    listed: Mapping[int, str] | None
    routed: Mapping[int, str]

    def missing(self, indexes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the indexes that `rpccfg -l` does not list; none where nobody knows."""
        return tuple(index for index in indexes if self.listed is not None and int(index) not in self.listed)

    @property
    def shown(self) -> str:
        """The indexes in a sentence."""
        return ", ".join(f"{index} ({excerpt(name, 60)})" for index, name in sorted((self.listed or {}).items()))

    @property
    def lines(self) -> list[str]:
        """What a person reads who has to give an index."""
        own = [f"rpccfg -l lists {index}: {name}" for index, name in sorted((self.listed or {}).items())]
        own = own or ["rpccfg was not on the path when the host was collected, or listed nothing: only index 1, the loopback, is certain."]
        beside = [f"route print has {index} (unverified): {name}" for index, name in sorted(self.routed.items())]
        return [*own, *beside]


def read_interfaces(folder: Path) -> RpcInterfaces:
    """Read both listings of a folder that `collect` has filled.

    Raises:
        UnusableCapture: the folder is not one of `collect`, or was not finished.
    """
    rpccfg, route = read_listings(folder, FILES)
    return RpcInterfaces(_numbered(_LISTED, rpccfg or "", 10) or None, _numbered(_ROUTED, route or "", 16))


def _numbered(line: re.Pattern[str], text: str, base: int) -> dict[int, str]:
    found = (line.match(each[:LONGEST]) for each in text.splitlines())
    # `route print` has the address of the card between dots, and the name behind the last of them.
    rows = ((int(match[1], base), match[2].rpartition("... ")[2].strip(" .")) for match in found if match)
    return dict(islice(rows, MOST))
