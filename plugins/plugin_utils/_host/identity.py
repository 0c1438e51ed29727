# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host is told by at its console, where nobody asks WMI: its own name, and when it was last shut down.

ShutdownTime is written at every clean shutdown (published notes on Windows XP, Server 2003 and Vista; of Windows 2000 from memory), so that
it tells one boot from another where no process shows when it was started. A host that lost its power keeps the old one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue

from .settings import Setting, read_setting

CONTROL = r"SYSTEM\CurrentControlSet\Control"
NAME = Setting(rf"{CONTROL}\ComputerName\ActiveComputerName", "ComputerName", RegistryType.SZ)
SHUTDOWN = Setting(rf"{CONTROL}\Windows", "ShutdownTime", RegistryType.BINARY)


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """What tells a host from others, and one boot from another; "" of what the host does not say."""

    computer: str
    shutdown: str


def read_identity(reader: Reader) -> HostIdentity:
    """Read all of it."""
    name, shutdown = (read_setting(reader, setting) for setting in (NAME, SHUTDOWN))
    shown = shutdown.data.hex() if shutdown is not None and isinstance(shutdown.data, bytes) else ""
    return HostIdentity(_text(name), shown)


def _text(value: RegistryValue | None) -> str:
    return value.data if value is not None and isinstance(value.data, str) else ""


BY_SHUTDOWN = "shutdown "


def marked(boot: str, identity: HostIdentity) -> str:
    """Return what tells a boot from others: the mark of the boot where there is one, else the last shutdown; "" where nothing does."""
    return boot or (f"{BY_SHUTDOWN}{identity.shutdown}" if identity.shutdown else "")
