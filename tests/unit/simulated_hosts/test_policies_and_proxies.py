# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Policies that win over a value of ours, ports that a host forwards, and clients that look like servers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Family
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, make_forecast, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import name_resolution, services
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import terms_of
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, scenario, simulated

from winsim.registry_value import RegistryValue

DNS_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"
RDP_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"


def surveyed(name: str, *values: tuple[str, str, RegistryValue]) -> Survey:
    with simulated(name) as host:
        for key, value, data in values:
            host.computer.host.registry.create(key)
            host.computer.host.registry.write(key, value, data)
        return read_survey(host.session, KNOWLEDGE)


def at(survey: Survey, port: int) -> Explained:
    return next(subject for subject in survey.explained if subject.endpoint.port == port)


@pytest.mark.parametrize("name", ["windows_10", "windows_server_2022"])
@pytest.mark.parametrize(("ruled", "reason"), [(0, Reason.AS_DESIRED), (1, Reason.DOES_NOT_WORK)])
def test_the_policy_of_multicast_dns_wins(name: str, ruled: int, reason: Reason) -> None:
    survey = surveyed(name, (DNS_POLICY, "EnableMDNS", RegistryValue.dword(ruled)))
    desires = {"name_resolution": name_resolution.STAGE.desired({"mdns": "disabled"})}
    plan = make_plan(desires, survey, KNOWLEDGE, terms_of(survey), named=("name_resolution",))
    assert [item.reason for item in plan.unchanged if "EnableMDNS" in item.target] == [reason]
    assert not [change for change in plan.changes if "EnableMDNS" in change.target]
    assert bool([warning for warning in plan.warnings if "change the policy" in warning]) is (ruled == 1)
    mdns = [e for e in make_forecast(plan, survey, KNOWLEDGE, terms_of(survey).kept) if e.recipe == "mdns-5353"]
    assert mdns
    assert all((e.outlook is not Outlook.STAYS) is (ruled == 0) for e in mdns)


@pytest.mark.parametrize(("ruled", "stays"), [(0, True), (1, False)])
def test_the_policy_of_remote_desktop_wins(ruled: int, stays: bool) -> None:
    local = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
    survey = surveyed("windows_server_2019_rdp_host", (RDP_POLICY, "fDenyTSConnections", RegistryValue.dword(ruled)))
    assert (local, "fDenyTSConnections") != (RDP_POLICY, "fDenyTSConnections")
    rdp = next(
        e
        for e in make_forecast(make_plan({}, survey, KNOWLEDGE, terms_of(survey)), survey, KNOWLEDGE, terms_of(survey).kept)
        if e.endpoint.port == 3389
    )
    assert (rdp.outlook is Outlook.STAYS) is stays


def test_a_forwarded_port_is_told_with_where_it_leads() -> None:
    survey = surveyed("windows_11+hazard_port_proxy")
    subject = at(survey, 2222)
    assert (subject.owners, subject.recipe, subject.leads) == (("iphlpsvc",), "port-proxy", "192.0.2.80 port 22")
    assert "which forwards it to 192.0.2.80 port 22" in subject.owner
    plan = make_plan({"services": services.STAGE.default(())}, survey, KNOWLEDGE, terms_of(survey))
    entry = next(e for e in make_forecast(plan, survey, KNOWLEDGE, terms_of(survey).kept) if e.endpoint.port == 2222)
    assert entry.outlook is Outlook.STAYS


def test_a_forwarded_port_is_no_ipsec() -> None:
    hazard = next(h for h in KNOWLEDGE.hazards if h.id == "ipsec-vpn")
    assert not [probe for probe in hazard.detect if probe.key is not None and "PortProxy" in probe.key.key]
    proxies = next(h for h in KNOWLEDGE.hazards if h.id == "port-proxy")
    assert "ike-500-4500" not in proxies.affects.recipes


def test_enterprise_multi_session_is_a_client() -> None:
    host = scenario("windows_11").host
    server = replace(host, windows=replace(host.windows, product_type=3, domain_role=2, sku=175))
    with simulated("windows_11", host=server) as host_of:
        windows = read_survey(host_of.session, KNOWLEDGE).host.windows
    assert (windows.id, windows.remark) == ("windows_11", "")


@pytest.mark.parametrize(
    ("name", "way", "address", "port", "target"),
    [
        ("windows_7", "v4tov4", "*", 8080, "10.0.0.1/80"),
        ("windows_server_2012_r2", "v6tov4", "::", 443, "10.0.0.2/443"),
        ("windows_10", "v4tov6", "0.0.0.0", 2222, "fe80::1/22"),
        ("windows_server_2019", "v4tov4", "*", 50022, "10.0.0.1/22"),
    ],
)
def test_a_forwarded_port_is_none_of_the_rpc_servers_of_the_same_process(
    tmp_path: Path, name: str, way: str, address: str, port: int, target: str
) -> None:
    file, only = tmp_path / "forwarded.yml", str(way.startswith("v4")).lower()
    file.write_text(
        f"---\nextends: {name}\ntitle: a forwarded port\nsockets:\n"
        f"  - {{owner: iphlpsvc, protocol: tcp, port: {port}, ipv4_only: {only}}}\nregistry:\n"
        f"  HKLM\\SYSTEM\\CurrentControlSet\\Services\\PortProxy\\{way}\\tcp:\n    '{address}/{port}': {{sz: '{target}'}}\n",
        encoding="utf-8",
    )
    with simulated(str(file)) as host:
        host.boot()
        listed = [s for s in read_survey(host.session, KNOWLEDGE).explained if s.endpoint.port == port]
    found = [s for s in listed if s.endpoint.family is (Family.IPV4 if way.startswith("v4") else Family.IPV6)]
    assert {(s.owners, s.recipe, s.leads) for s in found} == {(("iphlpsvc",), "port-proxy", target.replace("/", " port "))}


@pytest.mark.parametrize("name", ["windows_vista", "windows_8_1", "windows_server_2022"])
def test_a_local_connection_security_rule_holds_ike_back_by_the_registry_alone(tmp_path: Path, name: str) -> None:
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\ConSecRules"
    file = tmp_path / "ipsec.yml"
    file.write_text(f"---\nextends: {name}\ntitle: a rule\nregistry:\n  {key}:\n    '{{A}}': {{sz: 'v2.20|Name=x|'}}\n", encoding="utf-8")
    with simulated(str(file)) as host:
        host.boot()
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks))
    assert "ipsec-vpn" in {finding.hazard.id for finding in prepared.findings}
    assert {entry.outlook for entry in prepared.forecast if entry.endpoint.name == "udp/500"} == {Outlook.STAYS}


@pytest.mark.parametrize(
    ("name", "key", "value", "data", "port"),
    [
        ("windows_10+mdns", DNS_POLICY, "EnableMDNS", 0, 5353),
        ("windows_server_2025", DNS_POLICY, "EnableMDNS", 0, 5353),
        ("windows_7+role_rdp_host", r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services", "fDenyTSConnections", 1, 3389),
        ("windows_11+role_rdp_host", r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services", "fDenyTSConnections", 1, 3389),
    ],
)
def test_a_simulated_host_obeys_a_policy_as_its_own_value(name: str, key: str, value: str, data: int, port: int) -> None:
    with simulated(name) as host:
        host.boot()
        assert port in {row for _protocol, _address, row in host.endpoints()}
        host.computer.host.registry.create(key)
        host.computer.host.registry.write(key, value, RegistryValue.dword(data))
        host.boot()
        assert port not in {row for _protocol, _address, row in host.endpoints()}
