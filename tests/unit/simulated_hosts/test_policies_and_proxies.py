# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Policies that win over a value of ours, ports that a host forwards, and clients that look like servers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, make_forecast, read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import name_resolution, services
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import terms_of
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, scenario, simulated

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
