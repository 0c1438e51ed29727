# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The read-only guard: the one table of what may be sent in check mode and by every `*_info` module.

It judges a request by what goes over the wire (action, resource, argument list), not by who made it. A session that may write below one
registry key of its own may send that beside it, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, ReadOnlyViolation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import SHOW
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import Invoke, Request, RunCommand

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
    # Microsoft, netsh rpc: lists filters and changes none; from Windows Vista on.
    Allowed(names.COMMAND_ACTION, names.SHELL_RESOURCE, SHOW),
    Allowed(names.COMMAND_ACTION, names.SHELL_RESOURCE, ("reg", "query", FIREWALL_RULES, "/f", '"Name=netmin.windows "', "/d")),
)


# What a session may call that may write below one key.
WRITES = frozenset(
    {*("CreateKey", "DeleteKey", "DeleteValue"), *("SetDWORDValue", "SetMultiStringValue", "SetStringValue")},
)


def permits(request: Request[Any], below: str = "") -> bool:
    """Tell whether a request stands in the table, or writes to a registry key or below it.

    Args:
        below: a key below HKEY_LOCAL_MACHINE; without one nothing may be written.
    """
    return _only_reads(request) or (bool(below) and _writes_below(request, below))


def _writes_below(request: Request[Any], below: str) -> bool:
    if isinstance(request, RunCommand):
        # `reg add` of an empty list, word for word: the name of the value is the one word that may differ.
        words = (request.command, *request.arguments)
        name = words[4] if len(words) > 4 else ""
        return words == ("reg", "add", quoted(f"{HKLM}{below}"), "/v", name, "/t", "REG_MULTI_SZ", "/d", '""', "/f") and _is_quoted(name)
    if not isinstance(request, Invoke) or request.resource != STD_REG_PROV or request.method not in WRITES:
        return False
    given = list(request.arguments)
    keys = [value for name, value in given if name == "sSubKeyName"]
    hives = [value for name, value in given if name == "hDefKey"]
    if hives != [names.HKEY_LOCAL_MACHINE] or len(keys) != 1 or not isinstance(keys[0], str):
        return False
    key, own = keys[0].lower(), below.lower()
    return key == own or key.startswith(f"{own}\\")


def _is_quoted(word: str) -> bool:
    """Tell whether a word is what `quoted` makes of a name."""
    try:
        return word == quoted(word[1:-1])
    except InvalidOption:
        return False


def _only_reads(request: Request[Any]) -> bool:
    target = request.target()
    command = (request.command, *request.arguments) if isinstance(request, RunCommand) else None
    return any(row.action == target.action and row.resource in (None, target.resource) and row.command == command for row in READ_ONLY)


def check(request: Request[Any], below: str = "") -> None:
    """Raise ReadOnlyViolation for a request that may not be sent; see `permits`."""
    if not permits(request, below):
        what = " ".join((request.command, *request.arguments)) if isinstance(request, RunCommand) else request.target().action
        beside = rf" and write below HKLM\{below}" if below else ""
        raise ReadOnlyViolation(f"{what} could change the host and was not sent: this session may only read{beside}")
