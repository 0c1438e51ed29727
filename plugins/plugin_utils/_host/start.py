# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How services start by themselves: at the next boot or not, with the others or delayed.

What the next boot reads is in the registry; the SCM shows what it last read or was told.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .host import Service, closure
from .settings import START_MODES, delayed_setting, read_setting, start_setting

# Microsoft, SERVICE_DELAYED_AUTO_START_INFO.
DELAYED_SINCE = NtVersion(6, 0)

Edges = ByName[tuple[str, ...]]
"""Names that a service depends on, or that depend on it, by its key name."""


def is_delayed(service: Service, reader: Reader, nt: NtVersion) -> bool:
    """Tell whether a service is delayed where it starts by itself; a driver never is, and nothing before Windows Vista."""
    if service.kind is not ServiceKind.SERVICE or nt < DELAYED_SINCE:
        return False
    if service.delayed is not None:
        return service.delayed
    # From Windows Vista to 8.1 only the registry says so, a request for each automatic service.
    value = read_setting(reader, delayed_setting(service.name))
    return value is not None and value.data == 1


def not_at_boot(name: str, reader: Reader, services: ByName[Service], dependents: Edges, requires: Edges) -> str:
    """Say why the next boot would not start a service; empty where it would.

    It has to be automatic, or needed by something that is; what it depends on only must not be disabled, since it is started along.
    """
    for needed in closure(name, requires):
        if _mode(needed, reader, services) is StartMode.DISABLED:
            return f"{needed}, which {name} depends on, is disabled"
    mode = _mode(name, reader, services)
    if mode is StartMode.DISABLED:
        return f"the service {name} is disabled"
    if mode is None or mode.starts_by_itself or any(_is_automatic(other, reader, services) for other in closure(name, dependents)):
        return ""
    return f"the start mode of the service {name} is Manual, and nothing starts it at a boot"


def _is_automatic(name: str, reader: Reader, services: ByName[Service]) -> bool:
    mode = _mode(name, reader, services)
    return mode is not None and mode.starts_by_itself


def _mode(name: str, reader: Reader, services: ByName[Service]) -> StartMode | None:
    """Return the start mode that the next boot reads; None where neither the registry nor the SCM shows one."""
    value = read_setting(reader, start_setting(name))
    known = START_MODES.get(value.data) if value is not None else None
    service = services.get(name)
    return known if known is not None or service is None else service.start_mode
