# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the return values of WMI methods mean, in plain words, and which of them are no failure."""

from __future__ import annotations

# win32 CIMWin32Prov, StopService, StartService and ChangeStartMode of Win32_BaseService: one list for all three.
SERVICE = {
    1: "not supported",
    2: "access denied",
    3: "dependent services are running",
    4: "the service does not accept this control",
    5: "the service cannot accept a control in its present state",
    6: "the service is not running",
    7: "the service did not respond in time",
    8: "unknown failure",
    9: "the path of the program was not found",
    10: "the service is already running",
    11: "the service database is locked",
    12: "a service that it depends on has been removed",
    13: "a service that it depends on cannot be found",
    14: "the service is disabled",
    15: "the service could not log on",
    16: "the service is marked for deletion",
    17: "the service has no thread",
    18: "the dependencies form a circle",
    19: "the name is in use",
    20: "the name is invalid",
    21: "a parameter is invalid",
    22: "the service's account is invalid or lacks rights",
    23: "the service already exists",
    24: "the service is paused",
}

# win32 CIMWin32Prov, SetTcpipNetbios: 1 is success with a boot to come; the rest of the list concerns other methods.
ADAPTER = {
    64: "not supported on this Windows",
    65: "unknown failure",
    67: "an instance could not be read",
    68: "the parameter is invalid",
    70: "the address is invalid",
    72: "the registry could not be read",
    80: "TCP/IP could not be configured",
    84: "IP is not enabled on this adapter",
    91: "access denied",
    92: "out of memory",
    94: "the adapter was not found",
    95: "the service could not be notified",
    97: "the adapter cannot be configured",
    100: "DHCP is not enabled on this adapter",
}

# MS-ERREF 2.2 for the registry provider, which returns system error codes; WBEM codes from MS-WMI 2.2.11.
SYSTEM = {
    1: "the value was not found",
    2: "the key or value was not found",
    5: "access denied",
    6: "invalid handle",
    13: "invalid data",
    87: "a parameter is invalid",
    161: "the path is invalid",
    1018: "the key is marked for deletion",
    1314: "the account lacks a privilege for this",
    0x80041001: "general failure",
    0x80041002: "not found",
    0x80041003: "access denied",
    0x80041005: "the value has another type",
    0x80041008: "a parameter is invalid",
    0x80041062: "the account lacks a privilege for this",
}


def meaning(table: dict[int, str], code: int) -> str:
    """Return what a return value means, with its number: "dependent services are running (3)"."""
    number = str(code) if code < 0x10000 else f"0x{code:X}"
    return f"{table.get(code) or SYSTEM.get(code) or 'unknown return value'} ({number})"
