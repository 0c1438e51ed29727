# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the firewall: our rules, whether they would be in force, and what becomes of both in a run and in the proof."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Outcome, Outlook, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.proof import Proof, compare_with_keep, prove
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_record
from ansible_collections.netmin.windows.tests.unit.fakes import FIREWALL_RULES, FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_run import carry
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, desires, terms_of

NAME = "netmin.windows tcp/135"
DROP = desires({"ip_filter": {"residue": "drop"}})
LEAVE = desires({"ip_filter": {"residue": "leave"}})
NETSTAT = """
  TCP    0.0.0.0:135     0.0.0.0:0    LISTENING    884
  TCP    0.0.0.0:5985    0.0.0.0:0    LISTENING    4
  TCP    192.0.2.10:5985 192.0.2.9:50100 ESTABLISHED 4
  TCP    [::]:135        [::]:0       LISTENING    884
"""


def host() -> FakeHost:
    fake = HOSTS["windows_server_2022"]()
    fake.services += [FakeService("BFE", pid=1200), FakeService("MpsSvc", pid=1201)]
    fake.netstat = [NETSTAT]
    fake.categories = [0]
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        fake.put(rf"{firewall.LOCAL}\{profile}", "EnableFirewall", RegistryValue.dword(1))
    return fake


def unmet(fake: FakeHost) -> list[str]:
    session = FakeSession(fake)
    return list(firewall.unmet(session, read_survey(session, KNOWLEDGE).host))


def test_a_firewall_that_runs_and_is_on() -> None:
    assert unmet(host()) == []


@pytest.mark.parametrize(
    ("category", "key", "name", "number", "words"),
    [
        (0, rf"{firewall.LOCAL}\PublicProfile", "EnableFirewall", 0, "off for the public profile"),
        (1, rf"{firewall.LOCAL}\StandardProfile", "EnableFirewall", 0, "off for the private profile"),
        (2, rf"{firewall.LOCAL}\DomainProfile", "EnableFirewall", 0, "off for the domain profile"),
        (0, rf"{firewall.POLICY}\PublicProfile", "EnableFirewall", 0, "a policy turns the firewall off for the public"),
        (1, rf"{firewall.POLICY}\PrivateProfile", "EnableFirewall", 0, "a policy turns the firewall off for the private"),
        (1, rf"{firewall.POLICY}\StandardProfile", "EnableFirewall", 0, "a policy turns the firewall off for the private"),
        (2, rf"{firewall.POLICY}\DomainProfile", "EnableFirewall", 0, "a policy turns the firewall off for the domain"),
        (0, rf"{firewall.POLICY}\PublicProfile", "AllowLocalPolicyMerge", 0, "ignore local rules in the public profile"),
        (1, rf"{firewall.POLICY}\PrivateProfile", "AllowLocalPolicyMerge", 0, "ignore local rules in the private profile"),
        (2, rf"{firewall.POLICY}\DomainProfile", "AllowLocalPolicyMerge", 0, "ignore local rules in the domain profile"),
    ],
)
def test_a_profile_in_use_in_which_no_rule_is_in_force(category: int, key: str, name: str, number: int, words: str) -> None:
    fake = host()
    fake.categories = [category]
    fake.put(key, name, RegistryValue.dword(number))
    (reason,) = unmet(fake)
    assert words in reason
    fake.categories = [(category + 1) % 3]
    assert unmet(fake) == [] or (key.endswith("StandardProfile") and key.startswith(firewall.POLICY))


def test_a_policy_comes_before_the_local_value() -> None:
    fake = host()
    fake.put(rf"{firewall.LOCAL}\PublicProfile", "EnableFirewall", RegistryValue.dword(0))
    fake.put(rf"{firewall.POLICY}\PublicProfile", "EnableFirewall", RegistryValue.dword(1))
    assert unmet(fake) == []


def test_the_policy_of_old_does_not_count_beside_a_new_one() -> None:
    fake = host()
    fake.put(rf"{firewall.LOCAL}\PublicProfile", "EnableFirewall", RegistryValue.dword(0))
    fake.put(rf"{firewall.POLICY}\StandardProfile", "EnableFirewall", RegistryValue.dword(1))
    assert unmet(fake) == []
    fake.put(rf"{firewall.POLICY}\PrivateProfile", "LogFileSize", RegistryValue.dword(4096))
    assert unmet(fake) == ["the firewall is off for the public profile, which is in use"]


def test_a_value_that_is_absent_does_not_say_that_it_is_on() -> None:
    fake = host()
    fake.put(rf"{firewall.LOCAL}\PublicProfile", "EnableFirewall", None)
    assert unmet(fake) == ["the firewall is off for the public profile, which is in use"]


@pytest.mark.parametrize("categories", [None, [], [7]])
def test_every_profile_counts_where_the_host_does_not_say_which_is_in_use(categories: list[int] | None) -> None:
    fake = host()
    fake.categories = categories
    fake.put(rf"{firewall.LOCAL}\DomainProfile", "EnableFirewall", RegistryValue.dword(0))
    assert unmet(fake) == ["the firewall is off for the domain profile, which is in use"]


def test_an_interface_without_a_profile_counts_as_public() -> None:
    fake = host()
    fake.categories = [2]
    fake.adapters[1].addresses = ("192.0.2.77",)
    fake.put(rf"{firewall.LOCAL}\PublicProfile", "EnableFirewall", RegistryValue.dword(0))
    assert unmet(fake) == ["the firewall is off for the public profile, which is in use"]


@pytest.mark.parametrize(
    ("name", "state", "start", "words"),
    [
        ("BFE", "Stopped", "Auto", "the service BFE is not running"),
        ("MpsSvc", "Stopped", "Auto", "the service MpsSvc is not running"),
        ("MpsSvc", "Stop Pending", "Auto", "the service MpsSvc is not running"),
        ("MpsSvc", "Running", "Disabled", "the service MpsSvc will not start at the next boot"),
    ],
)
def test_a_service_without_which_nothing_is_filtered(name: str, state: str, start: str, words: str) -> None:
    fake = host()
    service = fake.service(name)
    service.state, service.start = state, start
    assert unmet(fake) == [words]


def test_what_the_next_boot_reads_counts_and_not_what_the_scm_shows() -> None:
    fake = host()
    fake.put(r"SYSTEM\CurrentControlSet\Services\MpsSvc", "Start", RegistryValue.dword(4))
    assert unmet(fake) == ["the service MpsSvc will not start at the next boot"]
    fake.put(r"SYSTEM\CurrentControlSet\Services\MpsSvc", "Start", RegistryValue.dword(2))
    fake.service("MpsSvc").start = "Disabled"
    assert unmet(fake) == []


def test_a_service_that_an_automatic_one_needs_starts_with_it() -> None:
    fake = host()
    fake.service("BFE").start = "Manual"
    assert unmet(fake) == ["the service BFE will not start at the next boot"]
    fake.service("MpsSvc").depends = ("BFE",)
    assert unmet(fake) == []


def test_a_service_does_not_start_without_what_it_needs() -> None:
    fake = host()
    fake.service("MpsSvc").depends = ("BFE", "mpsdrv")
    fake.put(r"SYSTEM\CurrentControlSet\Services\mpsdrv", "Start", RegistryValue.dword(4))
    assert unmet(fake) == ["the service MpsSvc will not start at the next boot"]


def test_a_service_that_is_not_there() -> None:
    fake = host()
    fake.services = [service for service in fake.services if service.name != "BFE"]
    assert unmet(fake) == ["there is no service BFE"]


def test_a_damaged_record_names_no_rule() -> None:
    lines = ("{", '{"rule": 1, "value": "{A}"}', '{"rule": "CoreNet-DHCP-In", "value": "{A}"}', "[]", f'{{"rule": "{NAME}", "value": "x"}}')
    assert firewall.names_from(RegistryValue.texts(lines)) == {NAME: "x"}


@pytest.mark.parametrize("odd", ["%PATH%", 'a" & calc "', "a|Active=FALSE", "back\\", "two\nlines", "nul\0"])
def test_a_name_that_no_command_line_holds_is_none_of_ours(odd: str) -> None:
    name = f"{firewall.PREFIX}{odd}"
    line = json.dumps({"rule": name, "value": "{A}"})
    assert firewall.names_from(RegistryValue.texts((line,))) == {}
    with pytest.raises(ValueError, match="the rule"):
        filter_rule.checked(Saved("ip_filter", filter_rule.OBJECT, (name,), "", ""))


@pytest.mark.parametrize("name", ["tcp/135", "tcp/rpc EventLog", "tcp/rpc Dienst für Änderungen & (mehr)"])
def test_a_name_that_a_rule_of_ours_can_have(name: str) -> None:
    assert firewall.is_ours(f"{firewall.PREFIX}{name}")


def test_no_rule_costs_one_read() -> None:
    session = FakeSession(host())
    read = firewall.read_firewall(session, read_survey(session, KNOWLEDGE).host, wanted=False)
    asked = [call for call in session.calls if "netmin.windows" in str(call) or "Firewall" in str(call)]
    assert read == Firewall()
    assert {call[:2] for call in asked} == {("value_types", r"SOFTWARE\netmin.windows")}


@pytest.mark.parametrize("version", ["6.1.7601", "10.0.20348"])
@pytest.mark.parametrize("place", [0, 150, 299])
def test_a_rule_is_found_among_many_of_ours(version: str, place: int) -> None:
    fake = host()
    fake.version = version
    names = [f"{firewall.PREFIX}udp/{number}" for number in range(1, 300)]
    names.insert(place, NAME)
    for number, name in enumerate(names):
        fake.put(FIREWALL_RULES, f"{{{number}}}", RegistryValue.text(f"v2.10|Action=Block|Name={name}|"))
    session = FakeSession(fake)
    assert firewall.find(session, NtVersion.parse(version), (NAME,)) == {NAME: f"{{{place}}}"}
    assert sum(call[0] == "value" for call in session.calls) == 1


def test_the_newest_is_looked_at_first_where_a_row_does_not_show_the_name() -> None:
    fake = host()
    for number in range(300):
        fake.put(FIREWALL_RULES, f"{{{number}}}", RegistryValue.text(f"v2.10|Action=Block|Name={firewall.PREFIX}tcp/rpc Dienst{number}|"))
    name = f"{firewall.PREFIX}tcp/rpc Änderung"
    fake.put(FIREWALL_RULES, "{new}", RegistryValue.text(f"v2.10|Action=Block|Name={name}|"))

    class CodePage(FakeSession):
        def command(self, *arguments: str) -> CommandOutput:
            said = super().command(*arguments)
            return replace(said, stdout=said.stdout.replace("Ä", "?"))

    assert firewall.find(CodePage(fake), NtVersion(6, 1), (name,)) == {name: "{new}"}


# A run


def rules(fake: FakeHost) -> list[str]:
    return [str(value.data) for value in (fake.values(FIREWALL_RULES) or {}).values()]


def dropped() -> FakeHost:
    fake = host()
    result = carry(FakeSession(fake), DROP)
    assert not result.get("failed"), result["msg"]
    return fake


def test_a_rule_is_added_found_and_forecast() -> None:
    fake = host()
    fake.put(FIREWALL_RULES, "CoreNet-DHCP-In", RegistryValue.text("v2.31|Action=Allow|Active=TRUE|Dir=In|Name=DHCP|"))
    result = carry(FakeSession(fake), DROP)
    assert [(change["target"], change["after"], change["status"]) for change in result["changes"]] == [
        (f"inbound rule {NAME}", "blocks", "done")
    ]
    assert not result["reboot_required"]
    assert {row["outlook"] for row in result["forecast"] if row["port"] == 135} == {str(Outlook.FILTERED)}
    assert [row["filtered"] for row in result["residue"]] == [True, True]
    assert result["summary"]["filtered"] == 2
    assert result["after"]["ip_filter"][NAME].startswith("v2.26|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=135|")
    assert firewall.names_from(fake.get(firewall.RECORD.key, firewall.RECORD.name)) == {NAME: "{00000000-0000-0000-0000-000000000001}"}


def test_a_second_run_changes_nothing() -> None:
    fake = dropped()
    session = FakeSession(fake)
    result = carry(session, DROP)
    assert (result["changed"], session.writes) == (False, [])
    assert {row["outlook"] for row in result["forecast"] if row["port"] == 135} == {str(Outlook.FILTERED)}


def test_a_run_that_says_nothing_of_rules_leaves_them_and_knows_them() -> None:
    fake = dropped()
    result = carry(FakeSession(fake), desires({"netbt": {}}))
    assert result["summary"]["filtered"] == 2
    assert len(rules(fake)) == 1


def test_rules_are_taken_back() -> None:
    fake = dropped()
    result = carry(FakeSession(fake), LEAVE)
    assert [(change["target"], change["after"], change["status"]) for change in result["changes"]] == [
        (f"former inbound rule {NAME}", None, "done")
    ]
    assert rules(fake) == []
    assert fake.get(firewall.RECORD.key, firewall.RECORD.name) is None
    assert not carry(FakeSession(fake), LEAVE)["changed"]


def test_a_run_that_broke_off_leaves_one_rule_after_the_next() -> None:
    fake = host()
    session = FakeSession(fake)

    def cut(call: tuple[object, ...]) -> None:
        if call[0] == "add_filter_rule":
            session.before = gone
            gone(call)

    def gone(_call: tuple[object, ...]) -> None:
        raise ConnectionLost("gone", host="host.example")

    session.after = cut
    result = carry(session, DROP)
    assert result["failed"]
    assert [change["status"] for change in result["changes"]] == ["unknown"]
    assert len(rules(fake)) == 1
    again = carry(FakeSession(fake), DROP)
    assert [change["target"] for change in again["changes"]] == [f"former inbound rule {NAME}", f"inbound rule {NAME}"]
    assert len(rules(fake)) == 1
    assert not carry(FakeSession(fake), DROP)["changed"]


def test_a_rule_that_does_not_hold_is_named() -> None:
    fake = host()
    session = FakeSession(fake)

    def undo(call: tuple[object, ...]) -> None:
        if call[0] == "add_filter_rule":
            fake.registry.pop(FIREWALL_RULES)

    session.after = undo
    result = carry(session, DROP)
    assert result["failed"]
    assert f"inbound rule {NAME} should be blocks but is None" in result["msg"]


def test_check_mode_shows_the_rule_and_writes_nothing() -> None:
    session = FakeSession(host())
    result = carry(session, DROP, check=True)
    assert session.writes == []
    assert NAME in result["after"]["ip_filter"]
    assert result["summary"]["filtered"] == 2


# The proof


def proof_of(fake: FakeHost) -> Proof:
    session = FakeSession(fake)
    survey = read_survey(session, KNOWLEDGE)
    record = read_record(session)
    assert record is not None
    return prove(record, survey.explained, survey.host, ())


def outcomes(proof: Proof) -> set[tuple[Outcome, bool | None]]:
    return {(finding.outcome, finding.holds) for finding in proof.findings if finding.endpoint.port == 135}


def test_a_listener_behind_a_rule_in_force_is_filtered() -> None:
    proof = proof_of(dropped())
    assert (proof.verdict, outcomes(proof), proof.open_listeners) == (Verdict.PROVEN, {(Outcome.FILTERED, True)}, ())


def test_a_listener_is_open_where_the_rule_is_gone_or_not_in_force() -> None:
    fake = dropped()
    fake.service("MpsSvc").state = "Stopped"
    proof = proof_of(fake)
    assert (proof.verdict, outcomes(proof)) == (Verdict.FAILED, {(Outcome.OPEN, False)})
    assert "the service MpsSvc is not running" in proof.reasons[0]
    fake = dropped()
    fake.registry.pop(FIREWALL_RULES)
    proof = proof_of(fake)
    assert (proof.verdict, outcomes(proof)) == (Verdict.FAILED, {(Outcome.OPEN, False)})
    assert "gone, disabled or changed" in proof.reasons[0]
    fake.put(firewall.RECORD.key, firewall.RECORD.name, None)
    assert "there is no inbound rule for it" in proof_of(fake).reasons[0]


def test_a_listener_that_was_not_there_comes_back_behind_its_rule() -> None:
    fake = dropped()
    survey = read_survey(FakeSession(fake), KNOWLEDGE)
    record = read_record(FakeSession(fake))
    assert record is not None
    # As a later run writes it, which saw no socket.
    unseen = replace(record, forecast=())
    proof = prove(unseen, survey.explained, survey.host, ())
    assert (proof.verdict, outcomes(proof), proof.open_listeners) == (Verdict.PROVEN, {(Outcome.FILTERED, True)}, ())
    fake.service("MpsSvc").state = "Stopped"
    proof = prove(unseen, survey.explained, read_survey(FakeSession(fake), KNOWLEDGE).host, ())
    assert (proof.verdict, outcomes(proof)) == (Verdict.FAILED, {(Outcome.OPEN, False)})


def test_without_a_forecast_a_rule_in_force_is_seen_as_well() -> None:
    fake = dropped()
    survey = read_survey(FakeSession(fake), KNOWLEDGE)
    proof = compare_with_keep(survey.explained, terms_of(survey).kept, survey.host, ())
    assert (proof.verdict, outcomes(proof)) == (Verdict.PROVEN, {(Outcome.FILTERED, True)})


def test_the_rule_for_a_program_of_its_own_names_it() -> None:
    fake = host()
    fake.services.append(FakeService("Agent", pid=2000, path=r'"C:\Program Files\Agent\agent.exe" --service'))
    fake.services.append(FakeService("Odd", pid=2001, path=r"%ProgramData%\odd.exe"))
    fake.netstat = [
        NETSTAT + "  TCP    0.0.0.0:49670    0.0.0.0:0    LISTENING    2000\n  TCP    0.0.0.0:49671    0.0.0.0:0    LISTENING    2001\n"
    ]
    survey = read_survey(FakeSession(fake), KNOWLEDGE)
    found = {subject.endpoint.port: ip_filter.rules_of(subject, survey.host) for subject in survey.explained}
    assert [(rule.name, rule.ports, rule.program, rule.service) for rule in found[49670]] == [
        ("netmin.windows tcp/rpc Agent", "RPC", r"c:\program files\agent\agent.exe", "")
    ]
    assert found[49671] == ()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Odd", r"%ProgramData%\odd.exe"),
        ("100%", r"C:\agent.exe"),
        ('Say "x"', r"C:\agent.exe"),
        ("Back\\", r"C:\agent.exe"),
        ("Bell", "C:\\\a.exe"),
    ],
)
def test_a_name_or_program_that_no_rule_can_hold_is_said(name: str, path: str) -> None:
    fake = host()
    fake.services.append(FakeService(name, pid=2001, path=path))
    fake.netstat = [NETSTAT + "  TCP    0.0.0.0:49671    0.0.0.0:0    LISTENING    2001\n"]
    result = carry(FakeSession(fake), desires({"ip_filter": {"residue": "drop", "unknown": True}}), check=True)
    (left,) = [item for item in result["unchanged"] if "49671" in item["target"]]
    assert left["detail"] == "its name or program cannot be written in a firewall rule"
