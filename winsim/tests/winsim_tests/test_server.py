# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The service over real connections: logins, encryption, statuses, cut connections, other clients' libraries."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.wsman import SelectorSet, WSMan
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from winsim.endpoint import Endpoint
from winsim.endpoint import Protocol as Transport
from winsim.server import Host, HostSpec, Simulation
from winsim_tests.envelopes import (
    ENUMERATION,
    TRANSFER,
    WMI,
    N,
    W,
    enumerate_request,
    invoke_request,
    request,
)
from winsim_tests.fake import PASSWORD, FakeComputer

SERVICES = f"{WMI}/Win32_Service"
STDREGPROV = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/default/StdRegProv"
SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}
IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>'
)

ENDPOINTS = [Endpoint(Transport.TCP, "0.0.0.0", 20135, 4), Endpoint(Transport.UDP, "192.70.106.143", 20137, 4)]


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Four hosts: with NTLM, with Basic, with TLS behind a forwarded port, and on a system with one loopback address."""
    kinds = [
        HostSpec("fake", name="ntlm", build=lambda: FakeComputer(endpoints=ENDPOINTS)),
        HostSpec("fake", name="basic", auth="basic", build=FakeComputer),
        HostSpec("fake", name="tls", tls=True, forward=True, build=FakeComputer),
    ]
    with Simulation(kinds) as running:
        yield running


@pytest.fixture(autouse=True)
def _afresh(simulation: Simulation) -> Iterator[None]:
    yield
    for host in simulation.hosts:
        requests.post(f"{host.window_url}/reset", timeout=10).raise_for_status()


def journal(host: Host) -> list[dict[str, object]]:
    found: list[dict[str, object]] = requests.get(f"{host.window_url}/journal", timeout=10).json()["requests"]
    return found


def arm(host: Host, **fault: object) -> None:
    requests.post(f"{host.window_url}/faults", json=[fault], timeout=10).raise_for_status()


def winrm(host: Host, *, password: str | None = None, user: str | None = None) -> Protocol:
    return Protocol(
        host.url,
        transport="basic" if host.auth == "basic" else "ntlm",
        username=user or host.user,
        password=host.password if password is None else password,
        server_cert_validation="ignore",
    )


def wsman(host: Host, *, password: str | None = None, auth: str = "negotiate") -> WSMan:
    basic = host.auth == "basic"
    return WSMan(
        host.address,
        port=host.port,
        ssl=host.scheme == "https",
        cert_validation=False,
        username=host.user,
        password=host.password if password is None else password,
        auth="basic" if basic else auth,
        encryption="never" if basic else "auto",
    )


def element(text: bytes) -> ElementTree.Element:
    """Return the first element of an envelope's Body."""
    return ElementTree.fromstring(text)[1][0]


@pytest.mark.parametrize("name", ["ntlm", "basic", "tls"])
def test_pywinrm_runs_a_command(simulation: Simulation, name: str) -> None:
    protocol = winrm(simulation[name])
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "netstat", ["-an"])
    assert protocol.get_command_output(shell, command) == (b"\r\nActive Connections\r\n", b"", 0)
    protocol.cleanup_command(shell, command)
    command = protocol.run_command(shell, "flood")
    assert protocol.get_command_output(shell, command) == (b"x" * 250_000, b"warning", 0)
    protocol.close_shell(shell, close_session=True)


@pytest.mark.parametrize("name", ["ntlm", "basic", "tls"])
def test_pypsrp_enumerates_gets_invokes_and_sees_faults(simulation: Simulation, name: str) -> None:
    with wsman(simulation[name]) as client:
        page = client.enumerate(SERVICES, element(enumerate_request(SERVICES)))
        assert len(list(page.iterfind(f"{N}EnumerateResponse/{W}Items/*"))) == 3
        chosen = SelectorSet()
        chosen.add_option("Name", "Service001")
        assert client.get(SERVICES, selector_set=chosen).findtext(f".//{{{SERVICES}}}Name") == "Service001"
        out = client.invoke(f"{STDREGPROV}/EnumKey", STDREGPROV, element(invoke_request(STDREGPROV, "EnumKey")))
        assert out.findtext(f".//{{{STDREGPROV}}}ReturnValue") == "0"
        chosen.add_option("Other", "x")
        with pytest.raises(WSManFaultError) as caught:
            client.get(SERVICES, selector_set=chosen)
        assert caught.value.code == 2150858843


def test_both_forms_of_ntlm_tokens_and_users_with_a_domain(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    for auth in ("ntlm", "negotiate"):
        with wsman(host, auth=auth) as client:
            assert client.get(f"{WMI}/Win32_OperatingSystem").find(f"{{{WMI}/Win32_OperatingSystem}}Win32_OperatingSystem") is not None


@pytest.mark.parametrize("name", ["ntlm", "basic"])
def test_wrong_credentials(simulation: Simulation, name: str) -> None:
    host = simulation[name]
    with pytest.raises(InvalidCredentialsError):
        winrm(host, password="wrong").open_shell()
    with pytest.raises(InvalidCredentialsError):
        winrm(host, user="nobody").open_shell()
    with pytest.raises(AuthenticationError):
        wsman(host, password="wrong").get(f"{WMI}/Win32_OperatingSystem")
    assert journal(host) == []


def test_a_user_of_an_unknown_domain_is_nobody(simulation: Simulation) -> None:
    with pytest.raises(InvalidCredentialsError):
        winrm(simulation["ntlm"], user="ELSEWHERE\\Administrator").open_shell()


def test_ntlm_hosts_take_neither_basic_nor_plain_bodies(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    answer = requests.post(host.url, data=IDENTIFY, headers=SOAP, auth=(host.user, PASSWORD), timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"], answer.content) == (401, "Negotiate", b"")
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")
        session = client.transport.session
        assert session is not None
        answer = session.post(host.url, data=enumerate_request(SERVICES), headers=SOAP, timeout=10)
        assert (answer.status_code, answer.content) == (500, b"")


def test_a_body_sealed_for_another_connection_is_a_bad_request(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")
        session, encryption = client.transport.session, client.transport.encryption
        assert session is not None
        assert encryption is not None
        kind, body = encryption.wrap_message(enumerate_request(SERVICES))
        session.close()  # the next request comes over a new connection, with a new login and the old key
        protocol = f'{kind};protocol="{encryption.protocol}";boundary="Encrypted Boundary"'
        assert session.post(host.url, data=body, headers={"Content-Type": protocol}, timeout=10).status_code == 400


def test_http_statuses(simulation: Simulation) -> None:
    host = simulation["basic"]
    account = (host.user, host.password)
    assert requests.post(host.url.replace("/wsman", "/other"), timeout=10).status_code == 404
    assert requests.get(host.url, timeout=10).status_code == 405
    answer = requests.post(host.url, timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Negotiate, Basic realm="WSMAN"')
    assert requests.post(host.url, auth=account, timeout=10).status_code == 200
    assert requests.post(host.url, data=b"x" * 200_000, auth=account, timeout=10).status_code == 413
    answer = requests.post(host.url, data=b"<nonsense", headers=SOAP, auth=account, timeout=10)
    assert (answer.status_code, b"2150858817" in answer.content) == (500, True)


def test_a_request_and_an_answer_are_as_large_as_the_host_says() -> None:
    def small() -> FakeComputer:
        computer = FakeComputer()
        computer.quotas = {"max_envelope_kb": 16}
        computer.rows.modes = {"x" * 20_000: "Auto"}
        return computer

    with Simulation([HostSpec("fake", name="ntlm", build=small), HostSpec("fake", name="basic", auth="basic", build=small)]) as running:
        for name in ("ntlm", "basic"):
            large = invoke_request(STDREGPROV, "EnumKey", f"<q:sSubKeyName>{'y' * 17_000}</q:sSubKeyName>")
            with wsman(running[name]) as client, pytest.raises(WinRMTransportError, match="413"):
                client.invoke(f"{STDREGPROV}/EnumKey", STDREGPROV, element(large))
            with wsman(running[name]) as client, pytest.raises(WSManFaultError) as refused:
                client.enumerate(SERVICES, element(enumerate_request(SERVICES)))
            assert refused.value.code == 2150858824


def test_connections_beyond_the_limit_are_refused_until_another_ends() -> None:
    def crowded() -> FakeComputer:
        computer = FakeComputer()
        computer.quotas = {"max_connections": 2}
        return computer

    asked = enumerate_request(SERVICES)
    with Simulation([HostSpec("fake", name="basic", auth="basic", build=crowded)]) as running:
        host = running["basic"]

        def ask(client: requests.Session) -> tuple[int, bool]:
            answer = client.post(host.url, data=asked, auth=(host.user, host.password), headers=SOAP, timeout=10)
            return answer.status_code, b'Code="1359"' in answer.content

        first, second, third = (requests.Session() for _number in range(3))
        assert [ask(client) for client in (first, second, third)] == [(200, False), (200, False), (500, True)]
        assert ask(first) == (200, False)
        second.close()
        time.sleep(0.1)
        assert ask(third) == (200, False)
        first.close()
        third.close()


def test_the_host_is_told_who_is_connected_while_they_are(simulation: Simulation) -> None:
    host = simulation["basic"]
    computer = host.computer
    assert isinstance(computer, FakeComputer)
    with requests.Session() as one, requests.Session() as two:
        for session in (one, two):
            session.auth = (host.user, host.password)
            session.post(host.url, data=enumerate_request(SERVICES), headers=SOAP, timeout=10).raise_for_status()
        connected = simulation.run(lambda: computer.clients)
        assert {client.address for client in connected} == {"127.0.0.1"}
        assert len({client.port for client in connected}) == len(connected) == 2
    deadline = time.monotonic() + 10
    while simulation.run(lambda: computer.clients) and time.monotonic() < deadline:
        simulation.settle()
    assert simulation.run(lambda: computer.clients) == ()


def test_identify_tells_the_version_only_after_a_login(simulation: Simulation) -> None:
    host = simulation["basic"]
    anonymous = requests.post(host.url, data=IDENTIFY, headers={**SOAP, "WSMANIDENTIFY": "unauthenticated"}, timeout=10)
    assert b"OS: 0.0.0 SP: 0.0 Stack: 2.0" in anonymous.content
    known = requests.post(host.url, data=IDENTIFY, headers=SOAP, auth=(host.user, host.password), timeout=10)
    assert b"OS: 5.1.2600 SP: 2.0 Stack: 2.0" in known.content


def test_headers_and_body_leave_together(simulation: Simulation) -> None:
    """Written apart they cost 40 ms a request, by Nagle's algorithm and delayed acknowledgements."""
    host = simulation["basic"]
    head = "POST /wsman HTTP/1.1\r\nHost: x\r\nWSMANIDENTIFY: unauthenticated\r\nContent-Length: 1\r\n\r\nx"
    with socket.create_connection((host.address, host.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).endswith(b"</s:Envelope>")


def test_scanners_that_say_nothing_and_garbage_do_no_harm(simulation: Simulation) -> None:
    for host in simulation.hosts:
        silent = [socket.create_connection((host.address, host.port), timeout=10) for _number in range(20)]
        with socket.create_connection((host.address, host.port), timeout=10) as connection:
            connection.sendall(b"\x00\x01garbage\r\n\r\n")
        with wsman(host) as client:
            client.get(f"{WMI}/Win32_OperatingSystem")
        for connection in silent:
            connection.close()
        assert requests.get(host.window_url, timeout=10).json()["errors"] == []


def test_sockets_are_real_and_follow_the_host(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    computer = host.computer
    assert isinstance(computer, FakeComputer)

    def connects(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((host.own_address, port)) == 0

    def bound(port: int) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host.own_address, port))
            except OSError:
                return True
            return False

    assert connects(20135)
    assert bound(20137)
    computer.listening = []
    simulation.settle()
    assert not connects(20135)
    assert not bound(20137)
    computer.listening = ENDPOINTS
    with wsman(host) as client:  # any request brings them into step, too
        client.get(f"{WMI}/Win32_OperatingSystem")
    assert connects(20135)
    shown = requests.get(f"{host.window_url}/sockets", timeout=10).json()
    assert shown == {"address": host.own_address, "open": ["tcp/20135", "udp/20137"], "silent": [], "refused": {}}


def ends(connection: socket.socket) -> bool:
    """Wait for the end of a connection, orderly or not."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_what_a_firewall_drops_is_not_open(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    computer = host.computer
    assert isinstance(computer, FakeComputer)
    if host.own_address == "127.0.0.1":
        pytest.skip("this system has one loopback address")

    def open_ports() -> list[str]:
        simulation.settle()
        opened: list[str] = requests.get(f"{host.window_url}/sockets", timeout=10).json()["open"]
        return opened

    computer.listening = ENDPOINTS
    computer.dropped = {ENDPOINTS[0]}
    assert open_ports() == ["udp/20137"]
    rows = requests.get(f"{host.window_url}/endpoints", timeout=10).json()
    assert {row["port"] for row in rows if row["dropped"]} == {20135}
    computer.dropped = {ENDPOINTS[1]}
    assert open_ports() == ["tcp/20135"]
    computer.dropped = set()
    assert open_ports() == ["tcp/20135", "udp/20137"]


def test_a_host_that_is_down_refuses_and_cuts(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    computer = host.computer
    assert isinstance(computer, FakeComputer)
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")
        with socket.create_connection((host.address, host.port), timeout=10) as idle:
            computer.up = False
            simulation.settle()
            assert ends(idle)
        for port in (host.port, 20135):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host.own_address, port), timeout=10)
        with pytest.raises(requests.ConnectionError):
            client.get(f"{WMI}/Win32_OperatingSystem")
        computer.up = True
        simulation.settle()
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")


def test_a_forwarded_port_is_not_the_host_s_own(simulation: Simulation) -> None:
    host = simulation["tls"]
    assert host.address == "127.0.0.1"
    assert host.own_address.startswith("127.77.")
    assert host.port not in {5985, 5986}
    assert [item.port for item in host.computer.winrm_listeners()] == [5985]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host.address, host.port)) as plain, context.wrap_socket(plain) as sealed:
        assert sealed.version() in {"TLSv1.2", "TLSv1.3"}


def test_on_systems_with_one_loopback_address() -> None:
    specs = [HostSpec("fake", name=name, build=lambda: FakeComputer(endpoints=ENDPOINTS)) for name in ("a", "b")]
    with Simulation(specs, single_address=True) as running:
        one, two = running.hosts
        assert one.address == two.address == "127.0.0.1"
        assert one.port != two.port
        for host in (one, two):
            with wsman(host) as client:
                client.get(f"{WMI}/Win32_OperatingSystem")
            assert requests.get(f"{host.window_url}/sockets", timeout=10).json()["open"] == []


CHANGE = invoke_request(SERVICES, "ChangeStartMode", "<q:StartMode>Disabled</q:StartMode>", selectors={"Name": "Service001"})


def change(client: WSMan) -> None:
    """Ask for one change of state."""
    chosen = SelectorSet()
    chosen.add_option("Name", "Service001")
    client.invoke(f"{SERVICES}/ChangeStartMode", SERVICES, element(CHANGE), selector_set=chosen)


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("during", 1), ("after", 1)])
def test_a_connection_cut_around_a_write(simulation: Simulation, when: str, done: int) -> None:
    host = simulation["ntlm"]
    arm(host, kind="cut", when=when, method="ChangeStartMode")
    with wsman(host) as client:
        if when == "after":
            change(client)
            # A library that notices logs in anew and then sends what it had sealed for the old connection: HTTP 400.
            with pytest.raises((requests.ConnectionError, WinRMTransportError)):
                client.get(f"{WMI}/Win32_OperatingSystem")
        else:
            with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                change(client)
    asked = [entry for entry in journal(host) if entry["method"] == "ChangeStartMode"]
    assert [entry["cut"] for entry in asked] == [when]
    assert requests.get(f"{host.window_url}/journal", timeout=10).json()["changes"] == done


def test_a_host_that_is_lost_stays_lost_until_the_faults_are_cleared(simulation: Simulation) -> None:
    host = simulation["ntlm"]
    arm(host, kind="lost", action="Get", nth=2)
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")
        with pytest.raises(requests.ConnectionError):
            client.get(f"{WMI}/Win32_OperatingSystem")
    simulation.settle()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.address, host.port), timeout=10)
    requests.delete(f"{host.window_url}/faults", timeout=10).raise_for_status()
    with wsman(host) as client:
        client.get(f"{WMI}/Win32_OperatingSystem")


@pytest.mark.parametrize(
    ("kind", "resource", "code"),
    [("timeout", "Win32_Service", 2150858793), ("quota", "*", 2150859174), ("access_denied", "win32_*", 5)],
)
def test_faults_of_the_service(simulation: Simulation, kind: str, resource: str, code: int) -> None:
    host = simulation["basic"]
    arm(host, kind=kind, resource=resource, times=2)
    with wsman(host) as client:
        for _number in range(2):
            with pytest.raises(WSManFaultError) as caught:
                client.enumerate(SERVICES, element(enumerate_request(SERVICES)))
            assert caught.value.code == code
        client.enumerate(SERVICES, element(enumerate_request(SERVICES)))
    assert [entry["fault"] for entry in journal(host)] == [code, code, None]


def test_a_late_answer(simulation: Simulation) -> None:
    host = simulation["basic"]
    arm(host, kind="delay", seconds=0.01)
    answer = requests.post(host.url, data=enumerate_request(SERVICES), headers=SOAP, auth=(host.user, host.password), timeout=10)
    assert answer.status_code == 200


def test_the_journal_counts_changes_bytes_and_logins(simulation: Simulation) -> None:
    host = simulation["basic"]
    account = (host.user, host.password)
    query = enumerate_request(f"{WMI}/*", wql="select Name from Win32_Service")
    with requests.Session() as session:
        for body in (query, CHANGE, request(f"{TRANSFER}/Get", SERVICES, selectors={"Name": "x"})):
            session.post(host.url, data=body, headers=SOAP, auth=account, timeout=10)
    found = requests.get(f"{host.window_url}/journal", timeout=10).json()
    asked, changed, missed = found["requests"]
    assert asked["action"] == f"{ENUMERATION}/Enumerate"
    assert asked["details"] == {"filter": "select Name from Win32_Service"}
    assert asked["bytes_in"] == len(query)
    assert (changed["method"], changed["selectors"]) == ("ChangeStartMode", {"Name": "Service001"})
    assert changed["details"] == {"StartMode": "Disabled"}
    assert changed["changes"] == [{"subject": "service start mode", "target": "Service001", "before": "Auto", "after": "Disabled"}]
    assert missed["fault"] == 2150858752
    assert (found["changes"], [entry["seq"] for entry in found["requests"]]) == (1, [1, 2, 3])
    later = requests.get(f"{host.window_url}/journal?since=2", timeout=10).json()
    assert ([entry["seq"] for entry in later["requests"]], later["changes"]) == ([3], 1)
    assert PASSWORD not in str(found)
