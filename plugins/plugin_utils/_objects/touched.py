# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one change touches, as gates and hazards see it: they ask this and not what kind of change it is."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What one change touches.

    Attributes:
        stops: key name of the service or driver that stops; "" where none does.
        configures: key name of the service or driver whose start mode is set, whichever way; "" where none is.
        along: the service that `stops` depends on and is stopped along with; "" where it is stopped for its own sake.
        value: key and name of the registry value that is written or deleted, as the registry keeps them.
        netbios: GUID of the adapter whose NetBIOS over TCP/IP is set; "" where none is.
        adds: the inbound rule that is added.
        removes: name of the inbound rule that is deleted; "" where none is.
        waits: the change is a registry value that is read at the next boot only.
        filters: the filter of RPC calls that is made.
        rpc_filters: a filter of RPC calls is made or deleted.
        shell: it is made in a command shell, or may have to be.
    """

    stops: str = ""
    configures: str = ""
    along: str = ""
    value: tuple[str, str] | None = None
    netbios: str = ""
    adds: FilterRule | None = None
    removes: str = ""
    waits: bool = False
    filters: RpcFilterRule | None = None
    rpc_filters: bool = False
    shell: bool = False
