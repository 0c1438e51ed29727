# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who owns an endpoint: against the article's attributions, and where nobody can tell."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, settled_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.ip_filter import rules_of
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    ADDRESS,
    HOSTS,
    KNOWLEDGE,
    TABLE_2000,
    TABLE_XP,
    survey_of,
    windows_2000,
    windows_xp,
)
from ansible_collections.netmin.windows.tests.unit.simulated import simulated

IIS = ("IISADMIN", "W3SVC", "SMTPSVC")


def explained(fake: FakeHost) -> dict[tuple[str, str], Explained]:
    return {(subject.endpoint.name, subject.endpoint.address): subject for subject in survey_of(fake).explained}


def at(fake: FakeHost, line: str) -> Explained:
    """Add one row to what a host shows, and return what is said of it."""
    fake.netstat = [fake.netstat[0] + line + "\n"]
    return survey_of(fake).explained[-1]


# article.yml: attribution of the XP host.
XP = {
    ("tcp/135", "0.0.0.0"): ("RpcSs", "rpc-epmap-135-tcp", False),
    ("tcp/445", "0.0.0.0"): ("NetBT", "smb-445", False),
    ("tcp/1025", "0.0.0.0"): ("Schedule", "rpc-schedule", True),
    ("tcp/5000", "0.0.0.0"): ("SSDPSRV", "upnp-5000-2869", False),
    ("tcp/139", ADDRESS): ("NetBT", "netbios-137-138-139", False),
    ("udp/135", "0.0.0.0"): ("RpcSs", "rpc-epmap-135-udp", False),
    ("udp/445", "0.0.0.0"): ("NetBT", "smb-445", False),
    ("udp/500", "0.0.0.0"): ("PolicyAgent", "ike-500-4500", False),
    ("udp/1026", "0.0.0.0"): ("Dnscache", "dnscache-ephemeral", True),
    ("udp/1027", "0.0.0.0"): ("Messenger", "rpc-messenger", True),
    ("udp/123", "127.0.0.1"): ("W32Time", "w32time-123", False),
    ("udp/123", ADDRESS): ("W32Time", "w32time-123", False),
    ("udp/1900", "127.0.0.1"): ("SSDPSRV", "ssdp-1900", False),
    ("udp/1900", ADDRESS): ("SSDPSRV", "ssdp-1900", False),
    ("udp/137", ADDRESS): ("NetBT", "netbios-137-138-139", False),
    ("udp/138", ADDRESS): ("NetBT", "netbios-137-138-139", False),
    ("tcp/5985", "0.0.0.0"): ("WinRM", "winrm", False),
}
FIXED_2000 = {
    "tcp/25": ("SMTPSVC", "iis5"),
    "tcp/80": ("W3SVC", "iis5"),
    "tcp/443": ("W3SVC", "iis5"),
    "tcp/3372": ("MSDTC", "msdtc"),
    "udp/500": ("PolicyAgent", "ike-500-4500"),
    "tcp/135": ("RpcSs", "rpc-epmap-135-tcp"),
    "udp/135": ("RpcSs", "rpc-epmap-135-udp"),
    "tcp/445": ("NetBT", "smb-445"),
    "udp/445": ("NetBT", "smb-445"),
    "udp/137": ("NetBT", "netbios-137-138-139"),
    "udp/138": ("NetBT", "netbios-137-138-139"),
    "tcp/139": ("NetBT", "netbios-137-138-139"),
}
DYNAMIC_2000 = {
    "tcp/1025": "MSDTC",
    "tcp/1026": "Schedule",
    "tcp/1027": "IISADMIN",
    "tcp/4983": "W3SVC",
    "udp/1028": "IISADMIN",
    "udp/1029": "Messenger",
}


def test_windows_xp_as_the_article_attributes_it() -> None:
    found = {key: (s.owners, s.recipe, s.dynamic) for key, s in explained(windows_xp()).items()}
    assert found == {key: ((owner,), recipe, dynamic) for key, (owner, recipe, dynamic) in XP.items()}


def test_windows_2000_fixed_ports() -> None:
    found = {name: subject for (name, _address), subject in explained(windows_2000()).items()}
    assert {name: (found[name].owners, found[name].recipe) for name in FIXED_2000} == {
        name: ((owner,), recipe) for name, (owner, recipe) in FIXED_2000.items()
    }
    assert (found["udp/3456"].owners, found["udp/3456"].recipe) == (IIS, "iis5")
    assert not any(found[name].dynamic for name in (*FIXED_2000, "udp/3456"))


@pytest.mark.parametrize("name", DYNAMIC_2000)
def test_windows_2000_dynamic_ports_have_every_possible_owner(name: str) -> None:
    subject = explained(windows_2000())[name, "0.0.0.0"]
    expected = {*IIS, "MSDTC", "RasMan", "Schedule"} if name.startswith("tcp") else {*IIS, "Messenger"}
    assert subject.dynamic
    assert set(subject.owners) == expected
    assert DYNAMIC_2000[name] in expected
    assert subject.recipe is None
    assert subject.owner.startswith("one of ")
    assert subject.identity.port is None
    assert set(subject.identity.owners) == expected


def test_on_windows_2000_a_stopped_service_owns_nothing_unless_its_process_lives() -> None:
    fake = windows_2000()
    for name in (*IIS, "MSDTC", "Schedule", "Messenger"):
        fake.service(name).state = "Stopped"
    found = {name: set(subject.owners) for (name, _address), subject in explained(fake).items()}
    # services.exe lives on and keeps Messenger's port, svchost keeps RasMan; inetinfo, msdtc and mstask have ended.
    assert found["udp/1029"] == {"Messenger"}
    assert found["tcp/1026"] == {"RasMan"}


def test_a_stopped_service_keeps_its_rpc_port_while_its_process_lives() -> None:
    fake = windows_xp()
    for name in ("Messenger", "Schedule"):
        fake.service(name).state, fake.service(name).pid = "Stopped", None
    found = explained(fake)
    assert found["udp/1027", "0.0.0.0"].owners == ("Messenger",)
    assert found["tcp/1025", "0.0.0.0"].owners == ("Schedule",)


def test_a_stopped_dns_client_keeps_no_socket() -> None:
    fake = windows_xp()
    fake.service("Dnscache").state = "Stopped"
    fake.services.append(FakeService("Other", path=fake.service("Dnscache").path, shared=True, pid=1112))
    assert explained(fake)["udp/1026", "0.0.0.0"].owners == ("Other",)


def test_a_service_never_heard_of_is_among_the_possible_owners() -> None:
    fake = windows_xp()
    fake.services.append(FakeService("Vendor", path=fake.service("Schedule").path, shared=True, pid=976))
    subject = explained(fake)["tcp/1025", "0.0.0.0"]
    assert set(subject.owners) == {"Schedule", "Vendor"}
    assert subject.recipe is None
    assert subject.owner == "one of Schedule, Vendor in pid 976"


def test_a_silent_process_with_a_port_may_be_any_of_its_services() -> None:
    line = "  TCP    0.0.0.0:1099    0.0.0.0:0    LISTENING    1160"
    fake = windows_xp()
    fake.service("SSDPSRV").state = "Stopped"
    assert set(at(fake, line).owners) == {"LmHosts", "WebClient"}
    assert at(windows_xp(), line).owners == ("SSDPSRV",)


def test_a_process_without_services_is_named() -> None:
    fake = windows_xp()
    fake.processes[4000] = "game.exe"
    assert at(fake, "  UDP    0.0.0.0:1099    *:*    4000").owners == ("game.exe",)
    assert at(fake, "  TCP    0.0.0.0:27015    0.0.0.0:0    LISTENING    4000").owner == "game.exe in pid 4000"


def test_nobody_is_named_where_nobody_is_known() -> None:
    assert at(windows_xp(), "  UDP    0.0.0.0:1099    *:*    4001").owner == "unknown in pid 4001"
    assert at(windows_xp(), "  TCP    0.0.0.0:22    0.0.0.0:0    LISTENING    4001").owner == "unknown in pid 4001"
    assert at(windows_2000(), "  TCP    0.0.0.0:22    0.0.0.0:0    LISTENING").owner == "unknown"


def test_a_named_port_in_another_process_is_not_the_recipes() -> None:
    fake = windows_xp()
    fake.netstat = [TABLE_XP.replace("5000           0.0.0.0:0              LISTENING       1160", "5000 0.0.0.0:0 LISTENING 976")]
    subject = explained(fake)["tcp/5000", "0.0.0.0"]
    assert (subject.owners, subject.recipe, subject.dynamic) == (("Schedule",), "rpc-schedule", True)


def test_the_ports_of_winrm_are_those_that_the_host_configures() -> None:
    fake = windows_xp()
    fake.listeners = [
        WinrmListener("*", "HTTP", 8085, enabled=True),
        WinrmListener("*", "HTTPS", 5986, enabled=False),
    ]
    fake.netstat = [TABLE_XP.replace(":5985", ":8085") + "  TCP    0.0.0.0:5986    0.0.0.0:0    LISTENING    4\n"]
    found = explained(fake)
    assert found["tcp/8085", "0.0.0.0"].management
    assert not found["tcp/5986", "0.0.0.0"].management


def test_where_the_host_does_not_say_the_usual_ports_are_winrms() -> None:
    fake = windows_xp()
    fake.listeners = None
    assert explained(fake)["tcp/5985", "0.0.0.0"].management
    assert not at(fake, "  UDP    0.0.0.0:5985    *:*    4").management


def test_configured_rpc_ranges_are_dynamic_ports_too() -> None:
    fake = windows_xp()
    line = "  TCP    0.0.0.0:20001    0.0.0.0:0    LISTENING    976"
    assert not at(fake, line).dynamic
    fake = windows_xp()
    ranges = RegistryValue.texts(("20000-20100", "x-y", "", "7" * 5000, "30000"))
    fake.put(r"SOFTWARE\Microsoft\Rpc\Internet", "Ports", ranges)
    subject = at(fake, line)
    assert (subject.owners, subject.dynamic) == (("Schedule",), True)


def server_2022(*lines: str) -> FakeHost:
    fake = HOSTS["windows_server_2022"]()
    fake.services.append(FakeService("EventLog2", pid=1500))
    fake.processes[544] = "wininit.exe"
    fake.netstat = ["\n".join(lines) + "\n"]
    return fake


@pytest.mark.parametrize("port", [1536, 20000, 49664])
def test_an_rpc_server_is_told_by_its_process_where_the_range_was_moved(port: int) -> None:
    rows = ((port, 544), (port + 1, 1348))
    fake = server_2022(*(f"  TCP    0.0.0.0:{number}    0.0.0.0:0    LISTENING    {pid}" for number, pid in rows))
    found = explained(fake)
    wininit, spooler = found[f"tcp/{port}", "0.0.0.0"], found[f"tcp/{port + 1}", "0.0.0.0"]
    assert (wininit.owners, wininit.dynamic, wininit.recipe) == (("wininit.exe",), True, "rpc-wininit")
    assert (spooler.owners, spooler.dynamic, spooler.recipe) == (("Spooler",), True, "rpc-spooler")


def test_a_program_of_its_own_outside_the_range_has_a_fixed_port() -> None:
    found = explained(server_2022("  TCP    0.0.0.0:20000    0.0.0.0:0    LISTENING    1500"))
    assert (found["tcp/20000", "0.0.0.0"].dynamic, found["tcp/20000", "0.0.0.0"].owners) == (False, ("EventLog2",))


@pytest.mark.parametrize("port", [8080, 50080])
def test_a_site_of_http_sys_is_told_inside_the_range_as_well(port: int) -> None:
    found = explained(server_2022(f"  TCP    0.0.0.0:{port}    0.0.0.0:0    LISTENING    4"))
    subject = found[f"tcp/{port}", "0.0.0.0"]
    assert (subject.owners, subject.dynamic) == (("HTTP",), False)


@pytest.mark.parametrize(
    ("owner", "recipe", "service"), [("EventLog", "rpc-eventlog", "TimeBrokerSvc"), ("Schedule", "rpc-schedule", "WpnService")]
)
def test_of_a_shared_process_the_one_service_that_is_not_silent_owns_and_can_be_filtered(owner: str, recipe: str, service: str) -> None:
    with simulated("windows_server_2016+shared_groups", read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    lodgers = [s.name for s in survey.host.services.values() if s.pid == survey.host.services[owner.lower()].pid]
    found = [subject for subject in survey.explained if owner in subject.owners]
    assert service in lodgers
    assert {(subject.owners, subject.recipe, subject.dynamic) for subject in found} == {((owner,), recipe, True)}
    assert [[rule.service for rule in rules_of(subject, survey.host)] for subject in found] == [[owner]] * len(found)


def lodging(*names: str) -> FakeHost:
    """Return a host with services in one process, which has a fixed port that no recipe names."""
    fake = server_2022("  TCP    0.0.0.0:20000    0.0.0.0:0    LISTENING    1600")
    fake.services += [FakeService(name, path=r"C:\Windows\system32\svchost.exe -k shared", shared=True, pid=1600) for name in names]
    return fake


@pytest.mark.parametrize(
    ("names", "owners"),
    [
        (("CryptSvc", "NlaSvc", "Vendor"), ("Vendor",)),
        (("CryptSvc", "Other", "Vendor"), ("Other", "Vendor")),
        (("CryptSvc", "NlaSvc"), ("CryptSvc", "NlaSvc")),
    ],
    ids=["one speaks", "two may", "none should"],
)
def test_a_fixed_port_of_a_shared_process_is_none_of_those_that_are_silent(names: tuple[str, ...], owners: tuple[str, ...]) -> None:
    assert explained(lodging(*names))["tcp/20000", "0.0.0.0"].owners == owners


def test_ports_that_are_never_suspected() -> None:
    ports = settled_ports(survey_of(windows_xp()).host, KNOWLEDGE)
    assert {135, 139, 445, 5000, 5985} <= ports
    assert 1025 not in ports
    assert 1900 not in ports
    assert 3372 not in ports
    assert 3372 in settled_ports(survey_of(windows_2000()).host, KNOWLEDGE)


def test_rows_stay_in_order() -> None:
    names = [subject.endpoint.name for subject in survey_of(windows_2000()).explained]
    lines = [line.split() for line in TABLE_2000.splitlines() if "LISTENING" in line or "*:*" in line]
    assert names == [f"{words[0].lower()}/{words[1].rpartition(':')[2]}" for words in lines]
