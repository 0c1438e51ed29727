# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a correct client extracts from every recorded answer of a real host; the values are those of its README."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import decode
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.faults import error_of
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import captures

LISTING = messages.Enumerate(resource="any")
NEXT = messages.Pull(resource="any", context="any")


def read(name: str, request: messages.Request[Any]) -> Any:
    # Comments were put in by those who published the answer.
    data = re.sub(rb"<!--.*?-->", b"", (captures() / name).read_bytes(), flags=re.DOTALL)
    relation = fromstring(data).findtext(".//{http://schemas.xmlsoap.org/ws/2004/08/addressing}RelatesTo", "").strip()
    return decode(data, request, message_id=relation, host="recorded")


def service_first(name: str) -> None:
    page = read(name, LISTING)
    assert [row.text("Name") for row in page.rows] == ["AeLookupSvc"]
    assert page.context == "uuid:6854B090-BBDB-486B-B750-5BF34D000933"
    assert page.rows[0].moment("InstallDate") is None
    assert page.rows[0].flag("Started") is False


def service_second(name: str) -> None:
    page = read(name, NEXT)
    assert len(page.rows) == 50
    assert page.context == "uuid:C47EADBE-5F58-4D6D-AE36-B2C977F10FA5"
    assert all(row.class_name == "Win32_Service" for row in page.rows)


def windows_2003(name: str) -> None:
    page = read(name, LISTING)
    (row,) = page.rows
    assert (row.text("Version"), row.number("ProductType"), page.context) == ("5.2.3790", 3, None)
    assert "OSArchitecture" not in row.values
    assert str(row.moment("LastBootUpTime")) == "2013-04-15 16:28:38.376625+00:00"


def windows_2012(name: str) -> None:
    page = read(name, LISTING)
    (row,) = page.rows
    assert (row.class_name, row.text("Version"), row.value("CSDVersion")) == ("", "6.2.9200", None)
    assert str(row.moment("LastBootUpTime")) == "2013-04-15 16:28:43.488171+00:00"
    assert row.texts("MUILanguages") == ("en-US",)


def adapters_2003(name: str) -> None:
    rows = read(name, LISTING).rows
    assert len(rows) == 7
    (enabled,) = [row for row in rows if row.flag("IPEnabled")]
    assert (enabled.number("Index"), enabled.number("TcpipNetbiosOptions"), enabled.text("WINSScopeID")) == (7, 1, "")
    assert len(enabled.texts("IPAddress")) == 1
    others = [row for row in rows if not row.flag("IPEnabled")]
    assert all(row.texts("IPAddress") == () and "IPAddress" not in row.values for row in others)
    assert all("TcpipNetbiosOptions" in row.values and row.number("TcpipNetbiosOptions") is None for row in others)


def enum_key(name: str) -> None:
    output = read(name, messages.Invoke(resource="any", method="EnumKey"))
    assert output.return_value == 0
    assert len(output.values.texts("sNames")) == 26
    assert output.values.texts("sNames")[10] == "IE5BAKEX"


def define_switch(name: str) -> None:
    output = read(name, messages.Invoke(resource="any", method="DefineSystem"))
    keys = {"CreationClassName": "Msvm_VirtualEthernetSwitch", "Name": "00000000-0000-4000-8000-000000000014"}
    assert output.return_value == 0
    assert output.values.reference("ResultingSystem") == Reference("Msvm_VirtualEthernetSwitch", keys)
    assert "Job" in output.values.values
    assert output.values.value("Job") is None


def nil_properties(name: str) -> None:
    page = read(name, NEXT)
    (row,) = page.rows
    assert page.context == "uuid:00000000-0000-0000-0000-000000000003"
    assert row.value("Address") is None
    assert row.text("PoolID") == "\n"
    assert (row.text("AllocationUnits"), row.flag("AutomaticAllocation"), row.number("Weight")) == ("count", True, 0)


def no_rows(name: str) -> None:
    assert read(name, LISTING) == messages.Page((), None)


def shell_created(name: str) -> None:
    assert read(name, messages.CreateShell()) == messages.ShellCreated("4283CBDC-3706-415B-88BD-B385F3E51A53")


def command_started(name: str) -> None:
    request = messages.RunCommand(shell_id="any", command="any")
    assert read(name, request) == messages.CommandStarted("CF84C20A-0A35-43FA-AF78-0B4711DA5F30")


def received(name: str) -> None:
    assert read(name, messages.Receive(shell_id="any", command_id="any")) == messages.Received(b"hi\r\n", b"", True, 0)


def fault(code: int, subcode: str, kind: type[errors.Fault]) -> Callable[[str], None]:
    def extract(name: str) -> None:
        found = read(name, LISTING)
        assert isinstance(found, messages.SoapFault)
        assert (found.codes, found.subcode) == ((code,), subcode)
        assert found.text
        assert error_of(found, what="query", host="recorded").__class__ is kind

    return extract


EXPECTED: dict[str, Callable[[str], None]] = {
    "WinRM--soap_fault_v1.xml": fault(2150858778, "CannotProcessFilter", errors.ClassMissing),
    "WinRM--wmi_error_v2.xml": fault(2150859173, "QuotaLimit", errors.QuotaExceeded),
    "microsoft-omi--fault_get_win32_process_not_found.xml": fault(2150858752, "DestinationUnreachable", errors.ClassMissing),
    "openwsman--EnumKey.xml": enum_key,
    "pypsrp--enumerate_commands_empty.response.xml": no_rows,
    "pypsrp--fault_operation_timeout.response.xml": fault(2150858793, "TimedOut", errors.TimedOut),
    "pypsrp--fault_unexpected_selectors.response.xml": fault(2150858843, "InvalidSelectors", errors.Fault),
    "pypsrp--test_winrs_standard_00_Create.response.xml": shell_created,
    "pypsrp--test_winrs_standard_01_Command.response.xml": command_started,
    "pypsrp--test_winrs_standard_02_Receive.response.xml": received,
    "r4sd-go-wsman--invoke_response_define_switch.xml": define_switch,
    "r4sd-go-wsman--pull_response_xsinil_real.xml": nil_properties,
    "txwinrm--error__max_concurrent.xml": fault(2150859174, "InternalError", errors.QuotaExceeded),
    "txwinrm--server_2003__Win32_NetworkAdapterConfiguration_star_000.xml": adapters_2003,
    "txwinrm--server_2003__Win32_OperatingSystem_star_000.xml": windows_2003,
    "txwinrm--server_2008__Win32_Service_star_000.xml": service_first,
    "txwinrm--server_2008__Win32_Service_star_001.xml": service_second,
    "txwinrm--server_2012__Win32_OperatingSystem_all_000.xml": windows_2012,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_recorded_answer(name: str) -> None:
    EXPECTED[name](name)


def test_every_recorded_answer_is_decoded() -> None:
    assert {path.name for path in captures().glob("*.xml") if not path.name.endswith(".request.xml")} == set(EXPECTED)
