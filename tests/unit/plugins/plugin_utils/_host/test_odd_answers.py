# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever a host puts into a row, reading it fails with an error of ours that names the host, and never with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.answers import understood
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, Reader, ServiceKind, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row, Value
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.connections import read_established
from ansible_collections.netmin.windows.plugins.plugin_utils._host.dynamic_ports import read_ranges
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import read_boot, read_host, read_services
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing, read_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.awaited import Awaited, wait
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import confirm
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE

TEN = NtVersion(10, 0)
GOOD = {
    "LocalAddress": "192.0.2.1",
    "RemoteAddress": "192.0.2.9",
    "LocalPort": "445",
    "RemotePort": "50000",
    "State": "Running",
    "Name": "x",
}


class Odd(FakeSession):
    """A session with a host that answers one class with a row of its own making, or not at all."""

    def __init__(self, wmi_class: str, answer: Value | Exception) -> None:
        super().__init__(HOSTS["windows_server_2022"]())
        self.wmi_class, self.answer = wmi_class, answer

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        if wmi_class == "MSFT_NetUDPEndpoint":
            return ()
        if wmi_class != self.wmi_class:
            return super().query(wmi_class, properties, where=where, namespace=namespace)
        if isinstance(self.answer, Exception):
            raise self.answer
        return (Row(wmi_class, dict.fromkeys(properties or GOOD, self.answer)),)


def _established(reader: Reader) -> object:
    return read_established(reader, read_host(reader, KNOWLEDGE), Listing((), ()))


def _profiles(reader: Reader) -> object:
    return firewall.profiles_in_use(reader, read_host(reader, KNOWLEDGE))


READS: dict[str, tuple[str, Callable[[Reader], object]]] = {
    "system": ("Win32_OperatingSystem", lambda reader: read_host(reader, KNOWLEDGE)),
    "services": ("Win32_Service", lambda reader: read_services(reader, TEN, ByName())),
    "drivers": ("Win32_SystemDriver", lambda reader: read_services(reader, TEN, ByName())),
    "processes": ("Win32_Process", read_boot),
    "listeners": ("MSFT_NetTCPConnection", lambda reader: read_listing(reader, KNOWLEDGE.versions["windows_server_2022"], ())),
    "connections": ("MSFT_NetTCPConnection", _established),
    "profiles": ("MSFT_NetConnectionProfile", _profiles),
    "ranges": ("MSFT_NetTCPSetting", lambda reader: read_ranges(reader, TEN)),
    "rules": ("MSFT_NetFirewallRule", lambda reader: firewall.find(reader, TEN, ("netmin.windows tcp/135",))),
    "shells": ("Win32_Process", lambda reader: confirm.judged(confirm.Timer(confirm.Phase.ARMED, "run", 0), reader)),
    "awaited": ("Win32_Service", lambda reader: wait((Awaited(ServiceKind.SERVICE, "x", "Stopped"),), reader, FakeClock(), 10)),
}


@pytest.mark.parametrize("name", READS)
def test_a_list_where_a_single_value_belongs(name: str) -> None:
    wmi_class, read = READS[name]
    with pytest.raises(ProtocolError, match=r"host\.example"):
        read(Odd(wmi_class, ("1", "2")))


@pytest.mark.parametrize("name", ["listeners", "connections", "profiles", "ranges"])
@pytest.mark.parametrize("text", ["", "x", "1e3", "9" * 30, "\u0661"])
def test_a_text_where_a_number_belongs(name: str, text: str) -> None:
    wmi_class, read = READS[name]
    with pytest.raises(ProtocolError, match=r"host\.example"):
        read(Odd(wmi_class, text))


@pytest.mark.parametrize("kind", [AccessDenied, ClassMissing])
def test_a_host_that_does_not_show_its_ranges_has_those_of_a_plain_install(kind: type[AccessDenied | ClassMissing]) -> None:
    assert read_ranges(Odd("MSFT_NetTCPSetting", kind("no", host="h", code=None, subcode="")), TEN) == {}


def test_what_names_its_value_already_is_told_once() -> None:
    row = Row("Win32_Process", {"ProcessId": "many"}, host="web01")
    with pytest.raises(ProtocolError) as told, understood("web01", "list of processes"):
        row.number("ProcessId")
    assert "ProcessId" in str(told.value)
    assert "list of processes" not in str(told.value)


def test_what_is_understood_goes_through() -> None:
    with understood("web01", "query"):
        found = int("1")
    assert found == 1
    with (
        pytest.raises(ProtocolError, match=r"query at web01: the answer has a value of the wrong type or form: x y$"),
        understood("web01", "query"),
    ):
        raise ValueError("x\ny")
