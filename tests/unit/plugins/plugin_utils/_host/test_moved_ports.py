# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services on other ports than the usual ones, and ports of drivers that no number tells: the owner decides, as far as it is known."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, make_forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Kept
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeService
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, defaults, survey_of, terms_of

RDP = "rdp-3389"


def with_rdp(port: int, *others: str, host: str = "windows_server_2022", usual: bool = False) -> FakeHost:
    """Return a host whose Remote Desktop listens on some port, in a process with other services."""
    fake = copy.deepcopy(HOSTS[host]())
    fake.services = [s for s in fake.services if s.name not in ("TermService", *others)]
    path = r"C:\Windows\System32\svchost.exe -k NetworkService"
    fake.services += [FakeService(name, path=path, shared=True, pid=3000) for name in ("TermService", *others)]
    fake.processes[3000] = "svchost.exe"
    rows = [port, *([3389] if usual else [])]
    fake.netstat = [fake.netstat[0] + "".join(f"  TCP    0.0.0.0:{number}    0.0.0.0:0    LISTENING    3000\n" for number in rows)]
    return fake


def at(survey: Survey, port: int) -> Explained:
    return next(subject for subject in survey.explained if subject.endpoint.port == port and subject.endpoint.pid == 3000)


def outlook(survey: Survey, port: int, *, accept: tuple[str, ...] = (), kept: Kept | None = None) -> Outlook:
    desired = defaults(survey)
    terms = terms_of(survey, accept=accept)
    plan = make_plan(desired, survey, KNOWLEDGE, terms)
    entries = make_forecast(plan, survey, KNOWLEDGE, terms.kept if kept is None else kept)
    return next(entry.outlook for entry in entries if entry.endpoint.port == port)


@pytest.mark.parametrize("host", ["windows_vista", "windows_server_2022"])
@pytest.mark.parametrize("port", [33893, 3390, 443])
def test_a_moved_port_keeps_its_owner_and_its_recipe(host: str, port: int) -> None:
    subject = at(survey_of(with_rdp(port, host=host)), port)
    assert (subject.owners, subject.recipe, subject.dynamic) == (("TermService",), RDP, False)


def test_in_a_process_of_silent_services_the_one_with_a_port_owns_it() -> None:
    assert at(survey_of(with_rdp(33893, "CryptSvc")), 33893).recipe == RDP


def test_a_second_port_in_a_shared_process_is_nobodys_for_certain() -> None:
    assert at(survey_of(with_rdp(33893, "CryptSvc", usual=True)), 33893).recipe is None
    # Alone in its process it is.
    assert at(survey_of(with_rdp(33893, usual=True)), 33893).recipe == RDP


def test_a_service_of_a_name_of_its_own_is_told_by_its_program() -> None:
    fake = copy.deepcopy(HOSTS["windows_server_2022"]())
    fake.services.append(FakeService("ADAM_shop", path=r"C:\Windows\System32\dsamain.exe", pid=3000))
    fake.processes[3000] = "dsamain.exe"
    fake.netstat = [fake.netstat[0] + "  TCP    0.0.0.0:21000    0.0.0.0:0    LISTENING    3000\n"]
    assert at(survey_of(fake), 21000).recipe == "ad-lds"


def test_of_two_recipes_of_a_service_a_moved_port_is_of_the_one_that_is_not_in_its_place() -> None:
    fake = copy.deepcopy(HOSTS["windows_server_2022"]())
    fake.services = [s for s in fake.services if s.name != "Dnscache"]
    fake.services.append(FakeService("Dnscache", path=r"C:\Windows\System32\svchost.exe -k NetworkService", shared=True, pid=3000))
    fake.processes[3000] = "svchost.exe"
    head = fake.netstat[0]
    fake.netstat = [head + "".join(f"  UDP    0.0.0.0:{number}    *:*    3000\n" for number in (5355, 21000))]
    assert at(survey_of(fake), 21000).recipe == "mdns-5353"
    fake.netstat = [head + "".join(f"  UDP    0.0.0.0:{number}    *:*    3000\n" for number in (21000, 21001))]
    assert at(survey_of(fake), 21000).recipe is None


def test_an_unknown_service_in_the_process_may_own_it_as_well() -> None:
    subject = at(survey_of(with_rdp(33893, "Vendor")), 33893)
    assert subject.recipe is None
    assert set(subject.owners) == {"TermService", "Vendor"}


@pytest.mark.parametrize(
    "entry", [{"port": "tcp/33893"}, {"port": "tcp/3389"}, {"service": "TermService"}, {"recipe": RDP}], ids=lambda entry: next(iter(entry))
)
def test_a_moved_port_is_kept_by_its_number_its_usual_number_its_service_and_its_recipe(entry: Mapping[str, Any]) -> None:
    survey = survey_of(with_rdp(33893))
    kept = terms_of(survey, keep=[{**entry, "reason": "admins"}]).kept
    assert outlook(survey, 33893, kept=kept) is Outlook.KEPT


def test_any_port_that_listens_can_be_kept_by_whoever_owns_it() -> None:
    fake = with_rdp(33893)
    fake.services.append(FakeService("Vendor", pid=4000))
    fake.processes[4000] = "vendor.exe"
    fake.netstat[0] += "  TCP    0.0.0.0:7777    0.0.0.0:0    LISTENING    4000\n"
    survey = survey_of(fake)
    kept = terms_of(survey, keep=[{"port": "tcp/7777", "reason": "ours"}]).kept
    assert kept.owners == {"vendor": "ours"}
    assert outlook(survey, 7777, kept=kept) is Outlook.KEPT


def with_srvnet(build: int, *rows: str) -> FakeHost:
    fake = copy.deepcopy(HOSTS["windows_server_2022"]())
    fake.build = build
    fake.services = [s for s in fake.services if s.name.lower() not in ("srvnet", "srv2", "lanmanserver")]
    fake.services += [
        FakeService("srvnet", start="Manual", kind=ServiceKind.DRIVER),
        FakeService("srv2", start="Manual", kind=ServiceKind.DRIVER, depends=("srvnet",)),
        FakeService("LanmanServer", depends=("srv2",), pid=3100),
    ]
    fake.netstat[0] += "".join(f"  {row}    4\n" for row in rows)
    return fake


QUIC, OTHER = "UDP    0.0.0.0:443    *:*", "TCP    0.0.0.0:8445    0.0.0.0:0    LISTENING"


def owners_at(survey: Survey, port: int) -> set[str]:
    return {name.lower() for s in survey.explained if s.endpoint.port == port and s.endpoint.pid == 4 for name in s.owners}


def test_a_port_of_the_system_process_can_be_srvnets_since_it_takes_others_than_445() -> None:
    new, old = survey_of(with_srvnet(26100, QUIC, OTHER)), survey_of(with_srvnet(20348, QUIC, OTHER))
    assert owners_at(new, 8445) == {"http", "srvnet"}
    assert "srvnet" in owners_at(new, 443)
    assert owners_at(old, 8445) == {"http"}
    assert "srvnet" in owners_at(old, 443)
    assert "srvnet" not in owners_at(survey_of(with_srvnet(17763, QUIC)), 443)


def test_what_may_be_srvnets_is_not_forecast_to_stay_when_srvnet_goes() -> None:
    survey = survey_of(with_srvnet(26100, QUIC, OTHER))
    assert outlook(survey, 445) is Outlook.CLOSES_NOW
    assert outlook(survey, 8445) is Outlook.UNKNOWN
    # A recipe knows this one as srvnet's.
    assert outlook(survey, 443) is Outlook.CLOSES_NOW


@pytest.mark.parametrize("port", ["udp/443", "tcp/8445"])
def test_keeping_one_port_of_srvnet_keeps_the_chain(port: str) -> None:
    survey = survey_of(with_srvnet(26100, QUIC, OTHER))
    kept = terms_of(survey, keep=[{"port": port, "reason": "branch offices"}]).kept
    assert Names({"srvnet", "lanmanserver"}) <= Names(kept.services)
    terms = terms_of(survey, keep=[{"port": port, "reason": "branch offices"}])
    plan = make_plan(defaults(survey), survey, KNOWLEDGE, terms)
    stopped = [change.target.lower() for change in plan.changes]
    assert not [target for target in stopped if "srvnet" in target or "lanmanserver" in target]
    entry = next(e for e in make_forecast(plan, survey, KNOWLEDGE, terms.kept) if e.endpoint.port == 445)
    assert (entry.outlook, entry.why) == (Outlook.KEPT, "branch offices")
