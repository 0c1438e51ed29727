# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One body of tests over both transports and both logins: what a session does does not depend on its way.

The other side is a simulated Windows XP; its testers' window says what really happened there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, ServiceKind, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._session.transport import open_transport
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import webserver
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import WRITES

from winsim import server

WAYS = tuple((plugin, mechanism) for plugin in ("psrp", "winrm") for mechanism in ("basic", "ntlm"))
KEY = "SOFTWARE\\netmin\\contract"
RPC = "SOFTWARE\\Microsoft\\Rpc"


@dataclass(frozen=True)
class Simulated:
    """One simulated host, reached in one way."""

    plugin: str
    host: Any

    def open(self, *, read_only: bool = False, **more: str) -> WritableSession:
        host = self.host
        login = {"ansible_user": host.user, "ansible_password": host.password, **more}
        variables = webserver.options(self.plugin, host.auth, host.port, address=host.address, scheme=host.scheme, **login)
        return WritableSession(open_transport(webserver.connection(self.plugin, **variables)), host=host.name, read_only=read_only)

    def window(self, path: str, method: str = "GET", sent: object = None) -> Any:
        """Ask the testers' window."""
        request = Request(self.host.window_url + path, None if sent is None else json.dumps(sent).encode(), method=method)
        with build_opener(ProxyHandler({})).open(request) as response:
            return json.load(response)

    def arm(self, **fault: object) -> None:
        self.window("/faults", "POST", [fault])


@pytest.fixture(scope="module")
def simulation() -> Iterator[Any]:
    """One host for each way, all from the same scenario."""
    specs = [server.HostSpec(scenario="windows_xp", name=f"{plugin}-{mechanism}", auth=mechanism) for plugin, mechanism in WAYS]
    with server.Simulation(specs) as running:
        yield running


@pytest.fixture(scope="module")
def old() -> Iterator[Any]:
    """A host with WinRM 1.1 for each connection plugin."""
    specs = [server.HostSpec(scenario="windows_vista", name=plugin, auth="ntlm") for plugin in ("psrp", "winrm")]
    with server.Simulation(specs) as running:
        yield running


@pytest.mark.parametrize("plugin", ["psrp", "winrm"])
def test_a_session_with_winrm_1_1(old: Any, plugin: str) -> None:
    simulated = Simulated(plugin, old[plugin])
    with simulated.open() as session:
        services = session.query("Win32_Service")
        assert len(services) > 40  # more than MaxBatchItems: several Pulls
        assert session.query("Win32_OperatingSystem", ("Version",))[0].text("Version") == "6.0.6002"
        # Each command ends its own use of the one shell: a user has two in all.
        for _number in range(4):
            listing = session.command("netstat", "-ano")
            assert listing.exit_code == 0
            assert "0.0.0.0:135" in listing.stdout
        with pytest.raises(errors.HostError):
            session.query("Win32_Nonsense")
        session.stop(ServiceKind.SERVICE, "Spooler")
        session.forget()
        (spooler,) = session.query("Win32_Service", ("Name", "State"), where=Where("Name", ("Spooler",)))
        assert spooler.text("State") == "Stopped"
    asked = simulated.window("/journal")["requests"]
    assert sum(entry["action"].endswith("/transfer/Create") for entry in asked) == 1
    assert max(entry["bytes_out"] for entry in asked) <= 150 * 1024
    assert simulated.window("")["open"] == {"enumerations": 0, "shells": 0}


READS: dict[str, Callable[[WritableSession], object]] = {
    "all services": lambda session: session.query("Win32_Service"),
    "some columns": lambda session: session.query("Win32_Service", ("Name", "State"), where=Where("Name", ("Dhcp", "Spooler"))),
    "no rows": lambda session: session.query("Win32_Service", where=Where("Name", ("O'Brien\\x",))),
    "references": lambda session: session.query("Win32_DependentService"),
    "adapters": lambda session: session.query("Win32_NetworkAdapterConfiguration"),
    "an empty string": lambda session: session.query("Win32_OperatingSystem", ("Description", "CSDVersion")),
    "a list": lambda session: session.value(RPC, "DCOM Protocols", RegistryType.MULTI_SZ),
    "no value": lambda session: session.value(RPC, "absent", RegistryType.SZ),
    "no key": lambda session: session.value("SOFTWARE\\absent", "absent", RegistryType.DWORD),
    "types": lambda session: session.value_types(RPC),
    "types of no key": lambda session: session.value_types("SOFTWARE\\absent"),
    "a key": lambda session: session.has_key(RPC),
    "no such key": lambda session: session.has_key("SOFTWARE\\absent"),
    "subkeys": lambda session: session.subkeys("SOFTWARE\\Microsoft"),
    "subkeys of no key": lambda session: session.subkeys("SOFTWARE\\absent"),
    # But for the session's own connection, which each way has another of.
    "sockets": lambda session: [line for line in session.command("netstat", "-an").stdout.splitlines() if "ESTABLISHED" not in line],
    "listeners": lambda session: session.winrm_listeners(),
}


@pytest.mark.parametrize("name", sorted(READS))
def test_all_ways_give_the_same_values(simulation: Any, name: str) -> None:
    found = []
    for plugin, mechanism in WAYS:
        with Simulated(plugin, simulation[f"{plugin}-{mechanism}"]).open(read_only=True) as session:
            found.append(READS[name](session))
    assert all(value == found[0] for value in found)


@pytest.mark.parametrize(("plugin", "mechanism"), WAYS)
class TestContract:
    """The contract, once for each way."""

    @pytest.fixture
    def simulated(self, simulation: Any, plugin: str, mechanism: str) -> Iterator[Simulated]:
        """The host of this way, as its scenario begins."""
        found = Simulated(plugin, simulation[f"{plugin}-{mechanism}"])
        found.window("/reset", "POST")
        yield found
        summary = found.window("")
        assert summary["open"] == {"enumerations": 0, "shells": 0}
        assert summary["errors"] == []

    def test_reading(self, simulated: Simulated) -> None:
        with simulated.open(read_only=True) as session:
            (spooler,) = session.query("Win32_Service", where=Where("Name", ("spooler",)))
            assert (spooler.text("Name"), spooler.text("State"), spooler.flag("Started")) == ("Spooler", "Running", True)
            assert len(session.query("Win32_Service")) == len(simulated.window("/services"))
            assert session.value(RPC, "DCOM Protocols", RegistryType.MULTI_SZ) == RegistryValue.texts(("ncacn_ip_tcp",))
            (system,) = session.query("Win32_OperatingSystem", ("Version", "LastBootUpTime"))
            assert system.text("Version") == "5.1.2600"
            assert system.moment("LastBootUpTime") is not None
            assert "0.0.0.0:135" in session.command("netstat", "-ano").stdout
            assert [(listener.transport, listener.port) for listener in session.winrm_listeners()] == [("HTTP", 5985)]
        assert simulated.window("/journal")["changes"] == 0

    def test_a_class_of_a_newer_windows(self, simulated: Simulated) -> None:
        with simulated.open(read_only=True) as session:
            with pytest.raises(errors.ClassMissing):
                session.query("MSFT_NetTCPConnection", namespace=STANDARD_CIMV2)
            with pytest.raises(errors.ClassMissing):
                session.query("MSFT_NetTCPConnection", ("LocalPort",), where=Where("State", (2,)), namespace=STANDARD_CIMV2)
            with pytest.raises(errors.ClassMissing):
                session.query("Win32_Service", ("NoSuchColumn",))

    @pytest.mark.parametrize(
        "value",
        [
            RegistryValue.text(""),
            RegistryValue.text(" <&'\"> \u00e4\u65e5 "),
            RegistryValue(RegistryType.EXPAND_SZ, "no variable"),
            RegistryValue.dword(0),
            RegistryValue.dword(4294967295),
            RegistryValue.texts(("a", "b c")),
            RegistryValue.texts(("one",)),
            RegistryValue.texts(()),
            RegistryValue(RegistryType.BINARY, bytes(range(256))),
        ],
    )
    def test_a_value_comes_back_as_it_was_written(self, simulated: Simulated, value: RegistryValue) -> None:
        with simulated.open() as session:
            session.set_value(KEY, "v", value)
            assert session.value(KEY, "v", value.type) == value
            assert session.value_types(KEY) == {"v": value.type}
            with pytest.raises(errors.MethodFailed):
                session.value(KEY, "v", RegistryType.QWORD)
            session.delete_value(KEY, "v")
            assert session.value(KEY, "v", value.type) is None
            session.delete_value(KEY, "v")
            assert session.value_types(KEY) == {}

    def test_a_key_that_is_there_takes_one_request(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            session.set_value(RPC, "v", RegistryValue.dword(1))
            assert session.stats.requests == 1

    def test_services(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            session.stop(ServiceKind.SERVICE, "Messenger")
            session.stop(ServiceKind.SERVICE, "Messenger")
            session.set_start_mode(ServiceKind.SERVICE, "Messenger", StartMode.DISABLED)
            (row,) = session.query("Win32_Service", where=Where("Name", ("Messenger",)))
            assert row.text("StartMode") == "Disabled"
            with pytest.raises(errors.MethodFailed, match=r"StopService on 'RpcSs' at .*"):
                session.stop(ServiceKind.SERVICE, "RpcSs")
            with pytest.raises(errors.ClassMissing, match="StopService on 'absent'"):
                session.stop(ServiceKind.SERVICE, "absent")

    def test_an_adapter(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            adapters = session.query("Win32_NetworkAdapterConfiguration")
            (index,) = [row.number("Index") for row in adapters if row.flag("IPEnabled")]
            assert index is not None
            assert session.set_netbios(index, 2) in (True, False)
            (row,) = session.query("Win32_NetworkAdapterConfiguration", where=Where("Index", (index,)))
            assert row.number("TcpipNetbiosOptions") == 2

    def test_an_empty_list_by_command(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            session.set_empty_list_by_command(RPC, "DCOM Protocols")
            assert session.value(RPC, "DCOM Protocols", RegistryType.MULTI_SZ) == RegistryValue.texts(())
            assert session.value_types(RPC) == {"DCOM Protocols": RegistryType.MULTI_SZ}

    def test_a_reboot_is_asked_for_once(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            session.reboot()
        assert [entry["method"] for entry in simulated.window("/journal")["requests"]] == ["Win32Shutdown"]

    @pytest.mark.parametrize("verb", sorted(WRITES))
    def test_a_session_that_may_only_read_changes_nothing(self, simulated: Simulated, verb: str) -> None:
        with simulated.open(read_only=True) as session, pytest.raises(errors.ReadOnlyViolation):
            WRITES[verb](session)
        assert simulated.window("/journal")["requests"] == []

    def test_an_account_that_may_read_but_not_invoke(self, simulated: Simulated) -> None:
        with simulated.open(ansible_user="auditor") as session:
            assert len(session.query("Win32_Service", ("Name",))) > 50
            with pytest.raises(errors.AccessDenied, match=r"StopService on 'Messenger' at .*: access denied; use an account"):
                session.stop(ServiceKind.SERVICE, "Messenger")
            with pytest.raises(errors.AccessDenied, match="GetDWORDValue on"):
                session.value(RPC, "v", RegistryType.DWORD)
            with pytest.raises(errors.AccessDenied):
                session.command("netstat", "-an")
        assert simulated.window("/journal")["changes"] == 0

    def test_wrong_credentials(self, simulated: Simulated) -> None:
        with pytest.raises(errors.AuthenticationFailed, match="refused the login of user"):
            simulated.open(ansible_password="wrong").query("Win32_Service")
        assert simulated.window("/journal")["requests"] == []

    @pytest.mark.parametrize("when", ["before", "during", "after"])
    def test_a_read_whose_connection_is_cut(self, simulated: Simulated, when: str) -> None:
        with simulated.open(read_only=True) as session:
            session.query("Win32_OperatingSystem")
            simulated.arm(kind="cut", when=when, action="Enumerate", nth=1, times=1)
            assert len(session.query("Win32_Service")) > 50
            assert len(session.query("Win32_SystemDriver")) > 5

    @pytest.mark.parametrize(("when", "done"), [("before", False), ("during", True)])
    def test_a_write_whose_connection_is_cut(self, simulated: Simulated, when: str, done: bool) -> None:
        with simulated.open() as session:
            session.query("Win32_OperatingSystem")
            simulated.arm(kind="cut", when=when, method="SetDWORDValue", nth=1, times=1)
            with pytest.raises(errors.ConnectionLost, match="SetDWORDValue on"):
                session.set_value(RPC, "v", RegistryValue.dword(1))
            # Settled by reading, over a new connection.
            assert session.value(RPC, "v", RegistryType.DWORD) == (RegistryValue.dword(1) if done else None)
        methods = [entry["method"] for entry in simulated.window("/journal")["requests"]]
        assert methods.count("SetDWORDValue") == 1

    def test_quota_and_timeout(self, simulated: Simulated) -> None:
        with simulated.open(read_only=True) as session:
            simulated.arm(kind="quota", action="Enumerate", nth=1, times=1)
            with pytest.raises(errors.QuotaExceeded):
                session.query("Win32_Service")
            simulated.arm(kind="timeout", action="Receive", nth=1, times=2)
            assert "TCP" in session.command("netstat", "-an").stdout

    def test_the_price(self, simulated: Simulated) -> None:
        with simulated.open() as session:
            session.query("Win32_Service")
            session.set_value(RPC, "v", RegistryValue.dword(1))
            session.command("netstat", "-ano")
        journal = simulated.window("/journal")
        stats = session.stats
        assert stats.requests == len(journal["requests"]) == 7
        assert stats.bytes_sent == sum(entry["bytes_in"] for entry in journal["requests"])
        assert stats.bytes_received == sum(entry["bytes_out"] for entry in journal["requests"])
        assert stats.logins == 1


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_windows_2000_over_tls() -> None:
    """The other system, and https: sealed by TLS, read all the same."""
    with server.Simulation([server.HostSpec(scenario="windows_2000", name="w2k", auth="ntlm", tls=True)]) as running:
        for plugin, ignore in (("psrp", "ansible_psrp_cert_validation"), ("winrm", "ansible_winrm_server_cert_validation")):
            simulated = Simulated(plugin, running["w2k"])
            with pytest.raises(errors.TlsFailed, match=f"set {ignore} to ignore"):
                simulated.open().query("Win32_Service")
            with simulated.open(read_only=True, **{ignore: "ignore"}) as session:
                assert session.query("Win32_OperatingSystem")[0].text("Version") == "5.0.2195"
