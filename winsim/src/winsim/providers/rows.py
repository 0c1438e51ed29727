# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The classes of `classes.py` over one host: the scenario's rows, and those that follow from the host's state.

Sources: Microsoft, "Win32_Share" (types), "Win32_TerminalServiceSetting", "Win32_LogonSession", "Msvm_ComputerSystem". From memory:
the administrative shares' captions, that no rows come from a service that does not run (some real providers fail instead),
the well-known logon sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from winsim.classes import ROW_CLASSES, RowClass
from winsim.host.machine import Machine
from winsim.host.model import Ago, RowValue
from winsim.seams import Instance, Value

from .cim import CimClass

DISK_ADMIN, IPC_ADMIN = 0x80000000, 0x80000003
SYSTEM_LOGON, INTERACTIVE, SERVICE_LOGON = 0, 2, 5
ENABLED = 2

TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
TERMINAL_SERVER_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
BY_SERVER, BY_POLICY = 0, 1
"""Values of the PolicySource properties."""

Values = Mapping[str, Value]


def _administrative_shares(host: Machine) -> Iterable[Values]:
    directory = host.spec.windows.directory
    drive = directory[:2]
    common: Values = {"AllowMaximum": True, "Status": "OK"}
    yield {**common, "Name": "ADMIN$", "Caption": "Remote Admin", "Description": "Remote Admin", "Path": directory, "Type": DISK_ADMIN}
    named = {"Name": f"{drive[0]}$", "Caption": "Default share", "Description": "Default share"}
    yield {**common, **named, "Path": f"{drive}\\", "Type": DISK_ADMIN}
    yield {**common, "Name": "IPC$", "Caption": "Remote IPC", "Description": "Remote IPC", "Path": "", "Type": IPC_ADMIN}


def _terminal_service(host: Machine) -> Iterable[Values]:
    by_policy = host.registry.number(TERMINAL_SERVER_POLICY, "fDenyTSConnections")
    denied = by_policy if by_policy is not None else host.registry.number(TERMINAL_SERVER, "fDenyTSConnections")
    yield {
        "ServerName": host.spec.windows.computer,
        "TerminalServerMode": host.registry.number(TERMINAL_SERVER, "TSAppCompat") or 0,
        "AllowTSConnections": int(denied == 0),
        "PolicySourceAllowTSConnections": BY_SERVER if by_policy is None else BY_POLICY,
    }


def _logon_sessions(host: Machine) -> Iterable[Values]:
    common: Values = {"StartTime": host.time.boot_time(), "AuthenticationPackage": "Negotiate"}
    yield {**common, "LogonId": "999", "LogonType": SYSTEM_LOGON, "AuthenticationPackage": "NTLM"}
    yield {**common, "LogonId": "997", "LogonType": SERVICE_LOGON}
    yield {**common, "LogonId": "996", "LogonType": SERVICE_LOGON}
    if host.spec.windows.signed_in:
        yield {**common, "LogonId": "264210", "LogonType": INTERACTIVE}


def _hosting_computer(host: Machine) -> Iterable[Values]:
    """The host is one of its own virtual machines' class, and runs."""
    computer = host.spec.windows.computer
    named = {"Name": computer, "ElementName": computer, "Caption": "Hosting Computer System"}
    yield {**named, "Description": "Microsoft Hosting Computer System", "EnabledState": ENABLED, "HealthState": 5}


FOLLOWING: Mapping[str, Callable[[Machine], Iterable[Values]]] = {
    "Msvm_ComputerSystem": _hosting_computer,
    "Win32_LogonSession": _logon_sessions,
    "Win32_Share": _administrative_shares,
    "Win32_TerminalServiceSetting": _terminal_service,
}
"""What follows from a host's state, by class; a scenario's row of the same keys replaces it."""


def _cim_class(entry: RowClass) -> CimClass:
    arrays = frozenset(name for name, kind in entry.properties.items() if kind.endswith("[]"))

    def instances(host: Machine) -> Iterable[Instance]:
        return [made.instance({**_usual(entry, host), **values}) for values in _rows(entry, host)]

    made = CimClass(
        entry.name,
        entry.namespace,
        entry.keys,
        tuple(entry.properties),
        arrays,
        since=entry.since,
        instances=instances,
        exists=lambda spec: entry.on(spec.windows.kernel, server=spec.windows.server) and (not entry.feature or entry.name in spec.wmi),
        later=entry.later,
    )
    return made


def _rows(entry: RowClass, host: Machine) -> Sequence[Values]:
    service = None if entry.served_by is None else host.services.find(entry.served_by)
    if entry.served_by is not None and (service is None or not service.running):
        return ()
    found = [{name: _value(host, value) for name, value in row.items()} for row in host.spec.wmi.get(entry.name, ())]
    named = {_key(entry, row) for row in found}
    following = FOLLOWING[entry.name](host) if entry.name in FOLLOWING else ()
    return (*(row for row in following if _key(entry, row) not in named), *found)


def _usual(entry: RowClass, host: Machine) -> Values:
    """Return what rows of many classes say of their computer and of themselves."""
    usual: Values = {
        "CreationClassName": entry.name,
        "SystemCreationClassName": "Win32_ComputerSystem",
        "SystemName": host.spec.windows.computer,
    }
    return {name: value for name, value in usual.items() if name in entry.properties}


def _key(entry: RowClass, row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(row.get(name)).lower() for name in entry.keys)


def _value(host: Machine, value: RowValue) -> Value:
    if isinstance(value, Ago):
        return host.began - timedelta(seconds=value.seconds)
    return list(value) if isinstance(value, tuple) else value


CLASSES = tuple(map(_cim_class, ROW_CLASSES))
