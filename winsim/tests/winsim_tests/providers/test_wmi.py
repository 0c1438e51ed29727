# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Classes, keys, projections, and the faults for what is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from winsim.providers.wmi import CLASSES
from winsim.seams import Problem, Reference, WmiError

from .walk import CIMV2, Walk, walk


@pytest.fixture
def xp() -> Walk:
    return walk("windows_xp")


def problem(action: Callable[[], object]) -> Problem:
    with pytest.raises(WmiError) as raised:
        action()
    return raised.value.problem


def test_names_are_found_in_any_case(xp: Walk) -> None:
    wmi = xp.computer.wmi
    assert wmi.get(r"ROOT\cimv2", "win32_service", {"NAME": "rpcss"}).properties["Name"] == "RpcSs"
    assert len(wmi.query("Root/CimV2", "select name from WIN32_SERVICE where NAME='RPCSS'").rows) == 1


def test_a_projection_is_spelled_as_the_schema_spells_it(xp: Walk) -> None:
    result = xp.computer.wmi.query(CIMV2, "select STATE, name from Win32_Service")
    assert result.projection == ("State", "Name")
    assert xp.computer.wmi.query(CIMV2, "select * from Win32_Service").projection is None


def test_what_is_not_there(xp: Walk) -> None:
    wmi = xp.computer.wmi
    assert problem(lambda: wmi.enumerate("root/StandardCimv2", "MSFT_NetTCPConnection")) is Problem.INVALID_NAMESPACE
    assert problem(lambda: wmi.enumerate(CIMV2, "StdRegProv")) is Problem.INVALID_CLASS
    assert problem(lambda: wmi.query(CIMV2, "select * from Win32_Nothing")) is Problem.INVALID_CLASS
    assert problem(lambda: wmi.query(CIMV2, "select Nothing from Win32_Service")) is Problem.INVALID_QUERY
    assert problem(lambda: wmi.query(CIMV2, "select * from Win32_Service where Nothing=1")) is Problem.INVALID_QUERY
    assert problem(lambda: wmi.query(CIMV2, "select * from Win32_BaseService where ProcessId=1")) is Problem.INVALID_QUERY
    arrays = "select * from Win32_NetworkAdapterConfiguration where IPAddress='x'"
    assert problem(lambda: wmi.query(CIMV2, arrays)) is Problem.INVALID_QUERY
    assert problem(lambda: wmi.get(CIMV2, "Win32_Service", {"Name": "none"})) is Problem.NOT_FOUND
    assert problem(lambda: wmi.get(CIMV2, "Win32_Service", {})) is Problem.MISSING_KEYS
    assert problem(lambda: wmi.get(CIMV2, "Win32_Service", {"Caption": "x"})) is Problem.UNKNOWN_KEYS
    assert problem(lambda: wmi.get(CIMV2, "Win32_OperatingSystem", {"Caption": "x"})) is Problem.UNKNOWN_KEYS
    assert problem(lambda: xp.call("Win32_Service", {"Name": "RpcSs"}, "Explode")) is Problem.INVALID_METHOD
    assert problem(lambda: xp.call("Win32_Service", {"Name": "none"}, "StopService")) is Problem.NOT_FOUND
    assert problem(lambda: xp.call("Win32_Service", {}, "StopService")) is Problem.MISSING_KEYS
    assert problem(lambda: xp.call("Win32_Service", {"Name": "RpcSs"}, "StopService", Force="1")) is Problem.INVALID_PARAMETER


def test_the_namespace_may_come_as_a_key(xp: Walk) -> None:
    keys = {"Name": "RpcSs", "__cimnamespace": CIMV2}
    assert xp.computer.wmi.get(CIMV2, "Win32_Service", keys).properties["State"] == "Running"


def test_a_base_class_has_the_instances_of_those_derived(xp: Walk) -> None:
    rows = xp.computer.wmi.enumerate(CIMV2, "Win32_BaseService")
    assert {row.class_name for row in rows} == {"Win32_Service", "Win32_SystemDriver"}
    assert xp.computer.wmi.get(CIMV2, "Win32_BaseService", {"Name": "netbt"}).class_name == "Win32_SystemDriver"
    assert xp.state("NetBT") == "Running"


def test_windows_2000_lacks_what_came_later(xp: Walk) -> None:
    older = walk("windows_2000").computer.wmi
    newer = xp.computer.wmi
    for class_name, absent in (("Win32_Service", "ProcessId"), ("Win32_Process", "CommandLine"), ("Win32_ComputerSystem", "PartOfDomain")):
        assert absent not in older.enumerate(CIMV2, class_name)[0].properties
        assert absent in newer.enumerate(CIMV2, class_name)[0].properties
        text = f"select {absent} from {class_name}"
        assert problem(lambda text=text: older.query(CIMV2, text)) is Problem.INVALID_QUERY  # type: ignore[misc]


def test_a_class_or_method_may_be_denied(xp: Walk) -> None:
    xp.computer.inject({"kind": "method_denied", "class": "Win32_Service", "method": "StopService"})
    assert problem(lambda: xp.call("Win32_Service", {"Name": "SSDPSRV"}, "StopService")) is Problem.ACCESS_DENIED
    assert xp.call("Win32_Service", {"Name": "SSDPSRV"}, "ChangeStartMode", StartMode="Disabled") == 0
    xp.computer.inject({"kind": "method_denied", "class": "Win32_Process"})
    assert problem(lambda: xp.computer.wmi.enumerate(CIMV2, "Win32_Process")) is Problem.ACCESS_DENIED


@pytest.mark.parametrize("scenario", ["windows_2000", "windows_xp", "windows_server_2022"])
def test_every_instance_has_its_schema(scenario: str) -> None:
    host = walk(scenario)
    spec = host.computer.host.spec
    for entry in (known for known in CLASSES if known.since <= spec.windows.kernel and known.exists(spec)):
        for row in host.computer.wmi.enumerate(entry.namespace, entry.name):
            assert set(row.keys) <= row.properties.keys()
            assert row.arrays <= {name for made in CLASSES for name in made.arrays}
            for name, value in row.properties.items():
                assert isinstance(value, list) is (name in row.arrays and value is not None), name


def test_properties_are_named_once_and_sorted() -> None:
    for entry in CLASSES:
        folded = [name.lower() for name in entry.properties]
        assert folded == sorted(set(folded)), entry.name
        assert entry.arrays <= set(entry.properties)


def test_dependencies_name_services_and_drivers(xp: Walk) -> None:
    rows = xp.computer.wmi.query(CIMV2, "select * from Win32_DependentService where Dependent='Win32_Service.Name=\"Dhcp\"'").rows
    needed = [row.properties["Antecedent"] for row in rows]
    assert all(isinstance(reference, Reference) and reference.class_name == "Win32_SystemDriver" for reference in needed)
    assert sorted(reference.keys["Name"] for reference in needed if isinstance(reference, Reference)) == ["AFD", "NetBT", "Tcpip"]
    assert sorted(xp.dependents("NetBT")) == ["Dhcp", "LmHosts"]
    assert "Dhcp" not in walk("windows_2000").dependents("NetBT")
