# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The read-only guard: the one table of what may be sent in check mode and by every `*_info` module.

It judges a request by what goes over the wire (action, resource, argument list), not by who made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ReadOnlyViolation
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import Request, RunCommand

# Where the firewall keeps its local rules, as a command line names it.
FIREWALL_RULES = r'"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"'
STD_REG_PROV = names.wmi_resource("root/default", "StdRegProv")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One row; `resource` None stands for any, `command` is the whole argument list of a command."""

    action: str
    resource: str | None = None
    command: tuple[str, ...] | None = None


READ_ONLY = (
    Allowed(names.ENUMERATE_ACTION),
    Allowed(names.PULL_ACTION),
    Allowed(names.RELEASE_ACTION),
    Allowed(f"{STD_REG_PROV}/EnumKey", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/EnumValues", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetBinaryValue", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetDWORDValue", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetExpandedStringValue", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetMultiStringValue", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetQWORDValue", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetSecurityDescriptor", STD_REG_PROV),
    Allowed(f"{STD_REG_PROV}/GetStringValue", STD_REG_PROV),
    Allowed(names.CREATE_ACTION, names.SHELL_RESOURCE),
    Allowed(names.RECEIVE_ACTION, names.SHELL_RESOURCE),
    Allowed(names.SIGNAL_ACTION, names.SHELL_RESOURCE),
    Allowed(names.DELETE_ACTION, names.SHELL_RESOURCE),
    Allowed(names.COMMAND_ACTION, names.SHELL_RESOURCE, ("netstat", "-an")),
    Allowed(names.COMMAND_ACTION, names.SHELL_RESOURCE, ("netstat", "-ano")),
    Allowed(names.COMMAND_ACTION, names.SHELL_RESOURCE, ("reg", "query", FIREWALL_RULES, "/f", '"Name=netmin.windows "', "/d")),
)


def permits(request: Request[Any]) -> bool:
    """Tell whether a request stands in the table."""
    target = request.target()
    command = (request.command, *request.arguments) if isinstance(request, RunCommand) else None
    return any(row.action == target.action and row.resource in (None, target.resource) and row.command == command for row in READ_ONLY)


def check(request: Request[Any]) -> None:
    """Raise ReadOnlyViolation for a request that does not stand in the table."""
    if not permits(request):
        what = " ".join((request.command, *request.arguments)) if isinstance(request, RunCommand) else request.target().action
        raise ReadOnlyViolation(f"{what} could change the host and was not sent: this session may only read")
