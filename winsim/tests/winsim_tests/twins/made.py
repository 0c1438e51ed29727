# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small capture of a Server 2022, written by hand, and machines made from such."""

from __future__ import annotations

import json
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.twins.format import capture_of
from winsim.twins.twin import Twin, twin

SYSTEM, LSASS, SHARED, AGENT, PRINT = "4", "700", "900", "1000", "1100"


def query(wmi_class: str, rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return an answer; properties are those of the rows unless said otherwise."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {"wmi_class": wmi_class, "namespace": "root/cimv2", "properties": names, "rows": rows, **more}


def service(name: str, process: str, **more: str) -> dict[str, str]:
    """Return a row of Win32_Service; one of no process does not run."""
    runs = process != "0"
    return {
        "Name": name,
        "DisplayName": f"{name} service",
        "State": "Running" if runs else "Stopped",
        "StartMode": "Auto",
        "ServiceType": "Own Process",
        "PathName": rf"C:\{name}.exe",
        "ExitCode": "0",
        "AcceptStop": str(runs).lower(),
        "ProcessId": process,
        **more,
    }


def tcp(port: str, process: str, address: str = "0.0.0.0") -> dict[str, str]:
    """Return a row of a listener."""
    return {"LocalAddress": address, "LocalPort": port, "OwningProcess": process}


GROUP = {"ServiceType": "Share Process", "PathName": r"C:\Windows\system32\svchost.exe -k Acme"}
SMALL: dict[str, Any] = {
    "schema_version": 1,
    "inventory_name": "web01",
    "captured_at": "2026-03-01T12:00:00+00:00",
    "collection": "0.1.0",
    "windows": {"id": "windows_server_2022", "name": "Windows Server 2022", "version": "10.0", "build": 20348, "product_type": 3},
    "services": "all",
    "moments": [
        {
            "queries": [
                query(
                    "Win32_OperatingSystem",
                    [
                        {
                            "Version": "10.0.20348",
                            "BuildNumber": "20348",
                            "ProductType": "3",
                            "Caption": "Windows Server 2022",
                            "LastBootUpTime": "2026-03-01T08:00:00Z",
                            "LocalDateTime": "2026-03-01T12:00:00Z",
                            "OSLanguage": "1036",
                        }
                    ],
                    whole=True,
                ),
                query("Win32_ComputerSystem", [{"Name": "WEB01", "DomainRole": "3", "Domain": "example.com"}]),
                query(
                    "Win32_Process",
                    [
                        {"ProcessId": "0", "Name": "System Idle Process"},
                        {"ProcessId": SYSTEM, "Name": "System"},
                        {"ProcessId": LSASS, "Name": "lsass.exe", "CreationDate": "2026-03-01T08:00:05Z"},
                        {"ProcessId": SHARED, "Name": "svchost.exe", "CreationDate": "2026-03-01T08:00:09Z"},
                        {"ProcessId": AGENT, "Name": "agent.exe", "CreationDate": "2026-03-01T08:00:10Z"},
                        {"ProcessId": PRINT, "Name": "spoolsv.exe", "CreationDate": "2026-03-01T08:00:11Z"},
                    ],
                ),
                query(
                    "Win32_Service",
                    [
                        service("AcmeOne", SHARED, **GROUP),
                        service("AcmeTwo", SHARED, **GROUP),
                        service("AcmeThree", "0", StartMode="Manual", **GROUP),
                        service("Agent", AGENT, StartMode="Manual"),
                        service("Spooler", PRINT),
                        service("WinRM", LSASS, AcceptStop="false"),
                        service("Waits", "0"),
                        service("LanmanServer", SHARED, **GROUP),
                    ],
                ),
                query("Win32_SystemDriver", [{"Name": "NetBT", "State": "Running", "StartMode": "System", "ServiceType": "Kernel Driver"}]),
                query(
                    "Win32_NetworkAdapterConfiguration",
                    [
                        {
                            "Index": "1",
                            "Description": "Card",
                            "SettingID": "{C}",
                            "IPEnabled": "true",
                            "DHCPEnabled": "false",
                            "IPAddress": ["192.0.2.17", "fe80::1"],
                            "IPSubnet": ["255.255.255.0", "64"],
                            "TcpipNetbiosOptions": "0",
                        }
                    ],
                ),
                query(
                    "MSFT_NetTCPConnection",
                    [
                        {**tcp("5985", SYSTEM), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("139", SYSTEM, "192.0.2.17"), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("7000", SHARED), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("7001", AGENT, "127.0.0.1"), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("7002", SYSTEM), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("7003", "6666"), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("49700", PRINT), "RemoteAddress": "0.0.0.0", "RemotePort": "0", "State": "2"},
                        {**tcp("5985", SYSTEM, "192.0.2.17"), "RemoteAddress": "192.0.2.9", "RemotePort": "51000", "State": "5"},
                        {**tcp("50000", AGENT, "192.0.2.17"), "RemoteAddress": "192.0.2.8", "RemotePort": "443", "State": "5"},
                    ],
                    namespace="root/StandardCimv2",
                    where={"property": "State", "values": [2, 5]},
                ),
                query("MSFT_NetUDPEndpoint", [tcp("137", SYSTEM, "192.0.2.17")], namespace="root/StandardCimv2"),
                query("Win32_Share", [{"Name": "data", "Path": r"D:\data", "Type": "0"}]),
                query("Acme_Thing", [{"Name": "one", "On": "true"}], namespace="root/acme"),
                query(
                    "Win32_Printer",
                    [],
                    properties=["Name"],
                    error={"kind": "Fault", "message": "no", "code": 0x80071234, "subcode": "InternalError"},
                ),
            ],
            "keys": [
                {"key": r"SOFTWARE\Acme", "there": True, "types": {"Level": "REG_DWORD", "Secret": "REG_SZ"}},
                {"key": r"SOFTWARE\Acme", "values": {"Level": {"type": "REG_DWORD", "data": 7}}},
                {"key": r"SOFTWARE\Policies", "there": False},
                {
                    "key": r"SOFTWARE\Closed",
                    "types_error": {"kind": "AccessDenied", "message": "no", "code": 5, "subcode": "AccessDenied"},
                    "refused": [
                        {"name": "Odd", "asked": "REG_SZ", "error": {"kind": "MethodFailed", "message": "no", "return_value": 31}},
                        {"name": "Shut", "asked": "REG_SZ", "error": {"kind": "AccessDenied", "message": "no", "return_value": 5}},
                    ],
                    "values": {"Open": {"type": "REG_SZ", "data": "yes"}},
                },
            ],
            "listeners": {"rows": [{"address": "*", "transport": "HTTP", "port": 5985, "enabled": True}]},
            "shell": {},
        }
    ],
}


def small() -> dict[str, Any]:
    """Return the capture, to be changed."""
    return deepcopy(SMALL)


def packed(path: Path, content: object = None, name: str = "capture.json", how: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with one entry; content that is no bytes becomes JSON."""
    plain = SMALL if content is None else content
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr(name, plain if isinstance(plain, bytes) else json.dumps(plain))
    return path


def made(node: object) -> Twin:
    """Make the twin of a capture."""
    return twin(capture_of(node, "the capture"), "the capture")


def started(node: object) -> SimulatedHost:
    """Start the twin of a capture; its clock stands still."""
    return build(made(node).scenario, clock=ManualClock())
