# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetBIOS over TCP/IP on one adapter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .change import BaseChange


class NetbiosOption(IntEnum):
    """NetbiosOptions of NetBT and argument of SetTcpipNetbios (Microsoft, SetTcpipNetbios method)."""

    DHCP = 0
    ENABLED = 1
    DISABLED = 2

    @property
    def word(self) -> str:
        """The word that options and results use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetbios(BaseChange):
    """Set NetBIOS over TCP/IP on one adapter through WMI.

    Attributes:
        index: the adapter's Index in Win32_NetworkAdapterConfiguration.
        adapter: its description.
        guid: its SettingID, with braces.
    """

    index: int
    adapter: str
    guid: str
    before: NetbiosOption
    after: NetbiosOption

    @property
    def target(self) -> str:
        # Windows gives adapters of one kind the same description but for a number; the GUID tells them apart.
        return f"adapter {self.adapter} {self.guid}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before.word, self.after.word
