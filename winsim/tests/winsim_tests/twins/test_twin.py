# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host made from a capture: what is there at first, what closes what, and what it says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from winsim.endpoint import Protocol
from winsim.host import controls
from winsim.host.controls import Written
from winsim.host.model import State
from winsim.host.scm import Outcome, Service
from winsim.providers.computer import SimulatedHost
from winsim.registry_value import RegistryType, RegistryValue
from winsim.seams import Instance, WmiError
from winsim.twins import CaptureError
from winsim_tests.twins.made import made, query, small, started, tcp
from winsim_tests.twins.made import service as service_row

HKLM = str(0x80000002)


@pytest.fixture
def host() -> SimulatedHost:
    """Start the twin of the small capture."""
    return started(small())


def ports(host: SimulatedHost) -> set[str]:
    """Return what is open, without addresses."""
    return {f"{row.protocol}/{row.port}" for row in host.endpoints()}


def service(host: SimulatedHost, name: str) -> Service:
    """Return a service that is there."""
    found = host.host.services.find(name)
    assert found is not None
    return found


def stop(host: SimulatedHost, name: str) -> Outcome:
    """Stop a service."""
    return controls.stop_service(host.host, service(host, name))


def rows(host: SimulatedHost, namespace: str, wql: str) -> list[Instance]:
    """Return the rows of a query."""
    return list(host.wmi.query(namespace, wql).rows)


def registry(host: SimulatedHost, method: str, key: str, name: str = "") -> dict[str, Any]:
    """Call a method of StdRegProv."""
    value = {"sValueName": name} if name else {}
    return dict(host.wmi.invoke("root/default", "StdRegProv", {}, method, {"hDefKey": HKLM, "sSubKeyName": key, **value}))


def test_it_shows_what_was_found_and_nothing_else(host: SimulatedHost) -> None:
    assert ports(host) == {"tcp/139", "tcp/5985", "tcp/7000", "tcp/7001", "tcp/7002", "tcp/7003", "tcp/49700", "udp/137"}
    (system,) = host.wmi.enumerate("root/cimv2", "Win32_OperatingSystem")
    assert system.properties["OSLanguage"] == 1036
    assert host.host.time.uptime().total_seconds() == 4 * 3600
    states = {entry.spec.name: entry.state for entry in host.host.services.all}
    assert states["Waits"] is states["AcmeThree"] is State.STOPPED
    assert states["Agent"] is states["AcmeOne"] is State.RUNNING
    assert {row.pid for row in host.endpoints()} >= {4, 900, 1000, 1100}


def test_the_session_of_whoever_took_it_is_not_there(host: SimulatedHost) -> None:
    assert [(held.owner, held.remote_port) for held in host.host.visible.connections()] == [("Agent", 443)]


def test_a_port_of_one_service_closes_with_it(host: SimulatedHost) -> None:
    assert stop(host, "Agent") is Outcome.DONE
    assert "tcp/7001" not in ports(host)
    assert not host.host.visible.connections()
    controls.start_service(host.host, service(host, "Agent"))
    assert {row.address for row in host.endpoints() if row.port == 7001} == {"127.0.0.1"}


def test_a_port_of_a_shared_process_closes_with_its_last_service(host: SimulatedHost) -> None:
    for name in ("AcmeOne", "LanmanServer"):
        assert stop(host, name) is Outcome.DONE
        assert "tcp/7000" in ports(host)
    assert stop(host, "AcmeTwo") is Outcome.DONE
    assert "tcp/7000" not in ports(host)
    controls.start_service(host.host, service(host, "AcmeTwo"))
    assert "tcp/7000" in ports(host)


def test_what_winsim_knows_follows_its_rules(host: SimulatedHost) -> None:
    """The spooler's RPC port is the spooler's; NetBIOS goes with the adapter's option."""
    origins = {held.endpoint.port: held.origin.name for held in host.host.visible.sockets()}
    assert (origins[49700], origins[139], origins[7000]) == ("RPC", "NETBT", "SERVICE")
    controls.set_netbios(host.host, 1, 2)
    assert {"tcp/139", "udp/137"}.isdisjoint(ports(host))


def test_a_boot_follows_start_modes(host: SimulatedHost) -> None:
    for name in ("AcmeOne", "AcmeTwo", "LanmanServer"):
        controls.set_start_mode(host.host, service(host, name), service(host, name).start_mode.DISABLED)
    host.boot()
    after = ports(host)
    # What nobody opened is not there again; what the kernel has is, and a dynamic port has another number.
    assert {"tcp/7000", "tcp/7003", "tcp/49700"}.isdisjoint(after)
    assert {"tcp/139", "tcp/5985", "tcp/7001", "tcp/7002", "udp/137"} <= after
    assert sum(port.startswith("tcp/49") for port in after) == 1
    # It is started on demand, and ran; this one is automatic, and did not.
    assert service(host, "Agent").state is State.RUNNING
    assert service(host, "Waits").state is State.STOPPED


def test_a_reset_is_the_capture_again(host: SimulatedHost) -> None:
    first = ports(host)
    stop(host, "Agent")
    host.boot()
    host.reset()
    assert ports(host) == first


def test_an_adapter_whose_netbios_is_off_by_dhcp_stays_so() -> None:
    node = small()
    for entry in node["moments"][0]["queries"]:
        entry["rows"] = [row for row in entry["rows"] if row.get("LocalPort") not in ("137", "139")]
    host = started(node)
    host.boot()
    assert {"tcp/139", "udp/137"}.isdisjoint(ports(host))
    controls.set_netbios(host.host, 1, 1)
    assert "tcp/139" in ports(host)


def test_rows_of_classes_are_there_and_refused_ones_are_refused_again(host: SimulatedHost) -> None:
    assert [row.properties["Path"] for row in rows(host, "root/cimv2", "select * from Win32_Share")] == [r"D:\data"]
    assert [row.properties["On"] for row in rows(host, "root/acme", "select Name, On from Acme_Thing where Name = 'ONE'")] == ["true"]
    with pytest.raises(WmiError) as caught:
        rows(host, "root/cimv2", "select Name from Win32_Printer")
    assert (caught.value.code, caught.value.subcode) == (0x80071234, "InternalError")
    # Shares are the server's: without it nobody has any.
    stop(host, "LanmanServer")
    assert rows(host, "root/cimv2", "select * from Win32_Share") == []


def test_the_registry_is_there_with_its_types_and_refusals(host: SimulatedHost) -> None:
    listed = registry(host, "EnumValues", r"SOFTWARE\Acme")
    assert dict(zip(listed["sNames"], listed["Types"], strict=True)) == {"Level": 4, "Secret": 1}
    assert registry(host, "GetDWORDValue", r"SOFTWARE\Acme", "Level")["uValue"] == 7
    assert registry(host, "EnumKey", r"SOFTWARE\Policies")["ReturnValue"] == 2
    with pytest.raises(WmiError) as caught:
        registry(host, "EnumValues", r"SOFTWARE\Closed")
    assert caught.value.code == 5
    assert registry(host, "GetStringValue", r"SOFTWARE\Closed", "Odd")["ReturnValue"] == 31


def test_a_value_that_was_refused_can_be_read_once_it_is_written(host: SimulatedHost) -> None:
    key, value = r"HKLM\SOFTWARE\Closed", RegistryValue(RegistryType.SZ, "mine")
    assert controls.set_value(host.host, key, "Odd", value) is Written.DONE
    assert registry(host, "GetStringValue", r"SOFTWARE\Closed", "Odd")["sValue"] == "mine"
    # What nobody had the right to read, nobody has the right to write.
    assert controls.set_value(host.host, key, "Shut", value) is Written.DENIED
    assert registry(host, "GetStringValue", r"SOFTWARE\Closed", "Shut")["ReturnValue"] == 5


def test_it_says_what_the_capture_cannot_tell() -> None:
    said = " ".join(made(small()).cannot_tell)
    for part in (
        "what starts on demand only: Agent ran",
        "what a trigger does: Waits start automatically and did not run",
        "whether a stop is refused: 2 services did not run",
        "who of a shared process opens a port: tcp/7000 (AcmeOne, AcmeTwo, LanmanServer)",
        "who opens tcp/7002: the kernel has them, or nobody",
        "who opened tcp/7003: the process is gone",
        "timing: ",
        "what 1 registry values hold",
        "the firewall's rules",
        "how commands speak in the host's language (1036)",
    ):
        assert part in said, part


def test_an_endpoint_map_in_the_capture_is_read_and_not_used() -> None:
    entry = {"interface": "86d35949-83c9-4044-b424-db363231fd0c", "version": "1.0", "sequence": "ncacn_ip_tcp", "endpoint": "49665"}
    told = small() | {"rpc_endpoints": {"state": "read", "evidence": "1 entries", "entries": [entry]}}
    assert "the endpoint map of the capture: " in " ".join(made(told).cannot_tell)
    assert "the endpoint map of the capture: " not in " ".join(made(small()).cannot_tell)


NETSTAT = """
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    0.0.0.0:5985           0.0.0.0:0              ABH\u00d6REN         4
  TCP    [::]:5985              [::]:0                 ABH\u00d6REN         4
  TCP    192.0.2.17:5985        192.0.2.9:51000        HERGESTELLT     4
  TCP    192.0.2.17:49999       192.0.2.8:443          WARTEND         0
  TCP    0.0.0.0:99999          0.0.0.0:0              ABH\u00d6REN         4
  UDP    [fe80::1%7]:546        *:*                                    900
  UDP    nonsense               *:*                                    900
"""


def test_netstat_is_read_in_any_language() -> None:
    node = small()
    moment = node["moments"][0]
    moment["queries"] = [query for query in moment["queries"] if not query["wmi_class"].startswith("MSFT_Net")]
    moment["commands"] = [{"arguments": ["netstat", "-ano"], "stdout": NETSTAT}]
    host = started(node)
    found = {(row.protocol, row.address, row.port, row.pid) for row in host.endpoints()}
    assert found == {
        (Protocol.TCP, "0.0.0.0", 5985, 4),
        (Protocol.TCP, "::", 5985, 4),
        (Protocol.UDP, "fe80::1%7", 546, 900),
    }
    (waits,) = host.host.visible.connections()
    assert (waits.remote_port, host.host.pid(waits.process)) == (443, 0)
    assert "fe80::1%7" in next(adapter for adapter in host.host.adapters if not adapter.loopback).ipv6


@pytest.mark.parametrize("wmi_class", ["Win32_Service", "Win32_Process", "Win32_DependentService"])
def test_what_no_host_has_so_many_of_is_refused(wmi_class: str) -> None:
    node = small()
    node["moments"][0]["queries"].append(query("Win32_DependentService", [{"Antecedent": "a"}]))
    found = next(entry for entry in node["moments"][0]["queries"] if entry["wmi_class"] == wmi_class)
    found["rows"] = found["rows"][:1] * 50_001
    with pytest.raises(CaptureError, match=f"rows of {wmi_class}, and no host has"):
        made(node)


def test_a_host_with_many_sockets_and_services_has_a_twin() -> None:
    node = small()
    moment = node["moments"][0]
    found = {entry["wmi_class"]: entry for entry in moment["queries"]}
    found["Win32_Service"]["rows"] += [service_row(f"S{number}", str(10_000 + number)) for number in range(4_000)]
    found["MSFT_NetUDPEndpoint"]["rows"] += [tcp(str(20_000 + number), str(10_000 + number % 4_000)) for number in range(20_000)]
    found["Win32_Process"]["rows"] += [{"ProcessId": str(10_000 + number), "Name": "s.exe"} for number in range(4_000)]
    assert len(started(node).endpoints()) > 20_000
