# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no option lifts: services that never stop on a host, and filters and rules that are never added to it.

The gate asks it for plans; it is all that the way back has to pass, by `restore` or by the timer.
"""

from __future__ import annotations

from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, When
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import noun

# What carries every request of a session (safety: management channel); what these depend on is found on the host.
PATH = ("WinRM", "HTTP", "Winmgmt", "RpcSs")
NOT_LOOKED_AT = "it was not checked"


def never_stops(service: Service, host: Host, knowledge: Knowledge) -> str | None:
    """Say why a service must never stop or be disabled on this host, or None where it may."""
    needed = ByName((s.name, part) for part in PATH for s in host.all_required(part))
    carries = needed.get(service.name)
    if carries is not None or service.name in Names(PATH):
        because = f"{carries} depends on it" if carries else "it belongs to the management path"
        return f"{noun(service.kind)} {service.name} is never stopped or disabled: {because}, and the session needs it"
    for never in knowledge.never_stop:
        if never.names(service.name) and never.windows.includes(host.windows) and _applies(never.when, host):
            on = "" if never.when is When.ALWAYS else f" (on this host: {never.when})"
            return f"{noun(service.kind)} {service.name} is never stopped or disabled{on}: {never.why}"
    return None


def never_filtered(interface: UUID, host: Host, knowledge: Knowledge) -> str:
    """Say why calls to an RPC interface must never be refused on this host; empty where they may be."""
    for entry in knowledge.never_filter:
        if UUID(entry.uuid) == interface and _applies(entry.when, host):
            on = "" if entry.when is When.ALWAYS else f" (on this host: {entry.when})"
            return f"calls to RPC interface {interface} are never refused{on}: {entry.why}"
    return ""


def _applies(when: When, host: Host) -> bool:
    match when:
        case When.ALWAYS:
            return True
        case When.DOMAIN:
            return host.domain_role.in_domain
        case When.CONTROLLER:
            return host.windows.product is ProductType.DOMAIN_CONTROLLER
        case When.DHCP:
            return host.uses_dhcp


def no_new_rule(path: ManagementPath | None) -> str:
    """Say why no rule may be added on this host; empty where rules may be."""
    unknown = NOT_LOOKED_AT if path is None else path.unknown
    return f"the management path is not known, and a new rule could cut it: {unknown}" if unknown else ""
