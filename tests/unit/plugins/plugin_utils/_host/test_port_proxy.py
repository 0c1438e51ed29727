# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports that a host forwards: which of several leads where."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.port_proxy import with_forwarded
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import KNOWLEDGE, survey_of, windows_xp

HELPER = Service(ServiceKind.SERVICE, "iphlpsvc", "IP Helper", "Running", StartMode.AUTO, True, "svchost.exe -k netsvcs", 900)
KEY = r"SYSTEM\CurrentControlSet\Services\PortProxy"


def leads(fake: FakeHost, *addresses: str, port: int = 8080) -> list[str]:
    rows = (Endpoint(Protocol.TCP, address, port, 900) for address in addresses)
    subjects = [Explained(row, ("iphlpsvc",), ((None,),), False, None, "svchost.exe") for row in rows]
    host = replace(survey_of(windows_xp()).host, services=ByName({"iphlpsvc": HELPER}))
    return [subject.leads for subject in with_forwarded(FakeSession(fake), host, KNOWLEDGE, subjects)]


def proxy(**ways: dict[str, str]) -> FakeHost:
    fake = FakeHost()
    for way, names in ways.items():
        for name, text in names.items():
            fake.put(rf"{KEY}\{way}\tcp", name, RegistryValue.text(text))
    return fake


def test_two_addresses_with_one_port_lead_to_two_places() -> None:
    fake = proxy(v4tov4={"*/8080": "192.0.2.3/80", "192.0.2.1/8080": "192.0.2.1/81", "192.0.2.2/8080": "192.0.2.2/82"})
    assert leads(fake, "192.0.2.2", "192.0.2.1", "0.0.0.0") == ["192.0.2.2 port 82", "192.0.2.1 port 81", "192.0.2.3 port 80"]


def test_a_port_of_each_family_leads_to_another_place() -> None:
    fake = proxy(v4tov4={"0.0.0.0/8080": "192.0.2.3/80"}, v6tov4={"*/8080": "192.0.2.4/80"}, v6tov6={"2001:DB8::1/8080": "2001:db8::2/80"})
    assert leads(fake, "0.0.0.0", "::", "2001:db8::1") == ["192.0.2.3 port 80", "192.0.2.4 port 80", "2001:db8::2 port 80"]


def test_an_address_that_is_not_forwarded_leads_nowhere() -> None:
    assert leads(proxy(v4tov4={"192.0.2.1/8080": "192.0.2.1/81"}), "192.0.2.2", "0.0.0.0", "::") == ["", "", ""]


def test_a_name_may_be_any_address() -> None:
    assert leads(proxy(v4tov6={"web/8080": "inside/81"}), "192.0.2.2", "::") == ["inside port 81", ""]


@pytest.mark.parametrize("value", [RegistryValue.dword(7), RegistryValue(RegistryType.BINARY, b"x"), RegistryValue.text("x")])
def test_a_value_that_says_no_place_leads_nowhere(value: RegistryValue) -> None:
    fake = FakeHost()
    fake.put(rf"{KEY}\v4tov4\tcp", "*/8080", value)
    fake.put(rf"{KEY}\v4tov4\tcp", "8080", RegistryValue.text("192.0.2.1/81"))
    assert leads(fake, "0.0.0.0") == [""]
