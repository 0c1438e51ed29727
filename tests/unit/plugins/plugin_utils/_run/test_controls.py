# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planning by control: what is said to do what a control asks for does it on a host, and nothing more is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Control, Gate, Relation
from ansible_collections.netmin.windows.plugins.plugin_utils._run.contradictions import in_minimize
from ansible_collections.netmin.windows.plugins.plugin_utils._run.controls import in_result, with_file
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import read_survey
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._run.test_restore import minimize
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Simulated, scenario, simulated, state

from winsim.host.model import MachineSpec, ProcessSpec, ServiceSpec
from winsim.host.model import StartMode as SimulatedStart

ALL_ACCEPTED = tuple(hazard.id for hazard in KNOWLEDGE.hazards if hazard.gate is Gate.ACCEPT)
LLMNR = "cis-ws2022-4.0.0:18.6.4.4"
LLMNR_VALUE = (r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast")
# What a control of no Windows in particular is tried on.
ANY = {"stig-sql2016-v3r6": "windows_server_2022_sql_server", "stig-sql2022-v1r4": "windows_server_2022_sql_server"}


def place(control: Control) -> str:
    """Return the scenario that a control is tried on."""
    versions = control.rule.windows or control.benchmark.windows
    return versions[-1] if versions else ANY[control.benchmark.id]


def met() -> Iterator[Control]:
    """Yield, of each setting that a method meets, one control for each Windows; a service is disabled alike on all clients."""
    seen: set[tuple[str, str]] = set()
    for control in KNOWLEDGE.controls:
        if not control.method or control.setting is None:
            continue
        where = "windows_10" if control.setting.service and place(control) == "windows_11" else place(control)
        if (control.setting.id, where) not in seen:
            seen.add((control.setting.id, where))
            yield control


def with_service(name: str, service: str) -> MachineSpec:
    """Return a scenario's host on which a service is installed and is not disabled yet."""
    host: MachineSpec = scenario(name).host
    there = [one for one in host.services if one.name.lower() == service.lower()]
    if there:
        off = [one for one in there if one.start is SimulatedStart.DISABLED]
        return replace(host, services=tuple(replace(one, start=SimulatedStart.MANUAL) if one in off else one for one in host.services))
    process = ProcessSpec(f"made-{service}", f"{service}.exe", f"{service}.exe")
    made = ServiceSpec(service, service, SimulatedStart.AUTO, process.id, rf"C:\Windows\System32\{service}.exe")
    return replace(host, processes=(*host.processes, process), services=(*host.services, made))


def registry(host: Simulated, key: str, name: str) -> object:
    """Return the data of a value as the host itself tells; None where there is none."""
    values: Mapping[str, Any] = next((v for path, v in state(host)["registry"].items() if path.lower() == rf"hklm\{key}".lower()), {})
    return next((value["value"] for other, value in values.items() if other.lower() == name.lower()), None)


def service(host: Simulated, name: str) -> Mapping[str, str]:
    """Return state and start mode of a service as the host itself tells."""
    found: Mapping[str, str] = next(row for other, row in state(host)["services"].items() if other.lower() == name.lower())
    return found


MET = list(met())


@pytest.mark.parametrize("control", MET, ids=[control.id for control in MET])
def test_what_a_control_asks_for_is_what_is_written(control: Control) -> None:
    """By the host's own registry and services, and only that: every change that is made is one that the control asks for."""
    setting = control.setting
    assert setting is not None
    name = place(control)
    spec = with_service(name, setting.service) if setting.service else scenario(name).host
    with simulated(name, host=spec) as host:
        host.boot()
        result = minimize(host, controls=[control.id], accept=ALL_ACCEPTED, unverified="apply")
        assert result["changes"]
        if setting.relation is Relation.SAME_VALUE:
            assert [row["target"] for row in result["changes"]] == [rf"HKLM\{setting.key}\{setting.name}"]
            assert registry(host, setting.key, setting.name) in control.data
        else:
            # Running services that depend on it are stopped along, and only stopped.
            assert service(host, setting.service) == {"state": "stopped", "start_mode": "disabled"}
            disabled = [row["target"].lower() for row in result["changes"] if row["after"] == "disabled"]
            assert disabled == [f"service {setting.service}".lower()]
        assert all(row["controls"] == [control.id] for row in result["changes"])


def test_only_what_the_controls_ask_for_is_planned() -> None:
    with simulated("windows_server_2022") as host:
        before = state(host)
        result = minimize(host, controls=[LLMNR])
        assert [(row["target"], row["after"], row["controls"]) for row in result["changes"]] == [("\\".join(LLMNR_VALUE), 0, [LLMNR])]
        assert state(host)["services"] == before["services"]
    with simulated("windows_server_2022") as host:
        both = minimize(host, controls=[LLMNR], recipes=["mdns-5353"], unverified="apply")
        assert [row["controls"] for row in both["changes"]] == [[], [LLMNR]]
        assert {row["target"].rpartition("\\")[2] for row in both["changes"]} == {"EnableMulticast", "EnableMDNS"}


def test_a_second_run_changes_nothing() -> None:
    with simulated("windows_server_2022") as host:
        minimize(host, controls=[LLMNR])
        again = minimize(host, "20260102T000000Z-000002", controls=[LLMNR])
        assert (again["changed"], again["changes"]) == (False, [])


def test_a_control_for_one_service_leaves_the_others_of_its_recipe() -> None:
    """CIS has a number of its own for each service of IIS."""
    with simulated("windows_10", host=with_service("windows_10", "FTPSVC")) as host:
        result = minimize(host, controls=["cis-w10-3.0.0:5.11"], accept=["iis-http-sys"])
        assert {row["target"] for row in result["changes"]} == {"service FTPSVC"}


def test_a_control_that_needs_more_is_refused_by_name_and_skipped_with_its_benchmark() -> None:
    with simulated("windows_server_2022") as host:
        with pytest.raises(Refused, match=r"control 'stig-ws2022-v2r8:WN22-CC-000260' is not carried out: .*'unverified: apply'"):
            minimize(host, controls=["stig-ws2022-v2r8:WN22-CC-000260"])
        result = minimize(host, controls=["stig-ws2022-v2r8:*"])
        assert result["changes"] == []
        rows = {row["target"]: row for row in result["unchanged"]}
        assert rows["recipe delivery-optimization-7680"]["reason"] == "not known to work on this Windows"
        unmet = rows["benchmark stig-ws2022-v2r8"]
        assert unmet["reason"] == "no method does what it asks for"
        assert unmet["detail"].startswith("26 controls: WN22-00-000270, ")
    with simulated("windows_server_2022") as host:
        result = minimize(host, controls=["stig-ws2022-v2r8:V-254357"], unverified="apply")
        assert [row["controls"] for row in result["changes"]] == [["stig-ws2022-v2r8:WN22-CC-000260"]]


def test_one_list_does_for_hosts_of_several_windows_and_roles() -> None:
    asked = [LLMNR, "cis-ws2019-4.0.0:18.6.4.4"]
    for name, other in (("windows_server_2022", asked[1]), ("windows_server_2019", asked[0])):
        with simulated(name) as host:
            result = minimize(host, controls=asked)
            assert len(result["changes"]) == 1
            row = next(row for row in result["unchanged"] if row["target"] == f"control {other}")
            assert row["reason"] == "not for this host"
            assert row["detail"].startswith("it is not for Windows Server")
    asked = ["azure-gc-2023-02-14:AZ-WIN-00145"]
    with simulated("windows_server_2022", windows={"domain_role": 5}) as host:
        result = minimize(host, controls=asked)
        assert result["changes"] == []
        told = "it is for a host with the role member or workgroup, and this one has the role controller"
        assert told in [row["detail"] for row in result["unchanged"]]
    with simulated("windows_server_2022") as host:
        assert [row["controls"] for row in minimize(host, controls=asked)["changes"]] == [asked]


def wrong(**options: Any) -> list[str]:
    knowledge = options.pop("knowledge", KNOWLEDGE)
    return list(in_minimize({"stages": list(STAGES), "keep": [], **options}, knowledge))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("WN22-CC-000260", "did you mean stig-ws2022-v2r8:WN22-CC-000260?"),
        ("18.6.4.4", "did you mean cis-ws2019-4.0.0:18.6.4.4 or cis-ws2022-4.0.0:18.6.4.4 or cis-ws2025-1.0.0:18.6.4.4?"),
        ("stig-ws2022:WN22-CC-000260", "names no version of stig-ws2022; known: stig-ws2022-v2r8"),
        ("stig-ws2022-v2r3:WN22-CC-000010", "version v2r3 of stig-ws2022 is not known; known: stig-ws2022-v2r8"),
        ("cis-ws2022:18.6.4.4", "names no version of cis-ws2022; known: cis-ws2022-4.0.0, cis-ws2022-3.0.0"),
        ("stig-ws2022-v2r8:WN22-CC-00026", "has no control 'WN22-CC-00026' that this collection knows; did you mean WN22-CC-000260"),
        ("stig-ws2022-v2r8", "stig-ws2022-v2r8:* stands for all controls of it"),
        ("stig-ws2O22-v2r8:x", "there is no benchmark 'stig-ws2O22-v2r8'; did you mean stig-ws2022-v2r8"),
        ("stig-ws2022-v2r8:WN22-00-000390", "leaves the socket open; recipe 'smb-445' is about the same listener"),
        ("stig-ws2022-v2r8:WN22-00-000320", "it asks for feature Fax absent; recipe 'fax' is about the same listener"),
        ("stig-iis10-site-v2r15:*", "no control of stig-iis10-site-v2r15 is met"),
        ("", "is not a control: write a control as BENCHMARK:RULE"),
    ],
)
def test_a_wrong_control_is_refused_before_any_host_is_asked(text: str, told: str) -> None:
    found = wrong(controls=[text, LLMNR])
    assert len(found) == 1
    assert told in found[0]


def test_controls_go_with_the_other_options_or_are_refused() -> None:
    assert wrong(controls=[LLMNR]) == []
    assert wrong(controls=[LLMNR], stages=["services"]) == [
        f"'controls' needs the stage name_resolution for {LLMNR}, but 'stages' does not list it"
    ]
    assert wrong(controls=[LLMNR], name_resolution={"llmnr": "default", "mdns": None, "max_cached_sockets": None}) == [
        f"'controls' needs the stage name_resolution for {LLMNR}, but options are set for it; use one of the two"
    ]
    kept = [{"recipe": "llmnr-5355", "service": None, "port": None, "reason": "old printers"}]
    assert [text.partition(":")[0] for text in wrong(controls=[LLMNR], keep=kept)] == ["'controls"]
    assert wrong(controls=["cis-ws2022-4.0.0:*"], keep=kept) == []
    assert len(wrong(controls=[])) == 1


def test_what_is_kept_is_kept_where_all_of_a_benchmark_is_asked_for() -> None:
    with simulated("windows_server_2022") as host:
        kept = [{"recipe": "llmnr-5355", "reason": "old printers"}]
        result = minimize(host, controls=["cis-ws2022-4.0.0:*"], keep=kept)
        assert registry(host, LLMNR_VALUE[0].removeprefix("HKLM\\"), LLMNR_VALUE[1]) is None
        assert "kept" in {row["reason"] for row in result["unchanged"]}


OWN = r"""
- id: acme-servers-7
  name: ACME, servers
  version: "7"
  windows: [windows_server_2022]
  rules:
    - {id: R1, setting: llmnr}
    - {id: R2, recipe: netbios-137-138-139, method: netbios_options}
    - {id: R3, recipe: rpc-spooler, method: disable}
"""


def test_a_mapping_file_adds_controls(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text(OWN, encoding="utf-8")
    knowledge = with_file(KNOWLEDGE, path)
    assert wrong(controls=["acme-servers-7:R1", "acme-servers-7:R2"], knowledge=knowledge) == []
    assert "acme-servers-7:R1" in knowledge.controls.of_recipe("llmnr-5355")
    assert "acme-servers-7:R1" not in KNOWLEDGE.controls.of_recipe("llmnr-5355")
    with simulated("windows_server_2022") as host:
        found = minimize(host, knowledge=knowledge, controls=["acme-servers-7:*"], dependents="stop")
        rules = ("R1", "R2", "R3")
        by_control = {rule: [row for row in found["changes"] if row["controls"] == [f"acme-servers-7:{rule}"]] for rule in rules}
        assert [row["stage"] for row in by_control["R1"]] == ["name_resolution"]
        assert {row["stage"] for row in by_control["R2"]} == {"netbt"}
        assert {row["stage"] for row in by_control["R3"]} == {"services"}
        assert sum(map(len, by_control.values())) == len(found["changes"])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("setting: llmnr", "setting: llmr", "there is no setting 'llmr'; did you mean llmnr?"),
        ("method: netbios_options", "method: disable", "recipe netbios-137-138-139 has no method 'disable'; it has"),
        ('version: "7"', 'version: "8"', "'acme-servers-7' does not end with the version"),
        ("windows_server_2022", "windows_server_2o22", "there is no Windows 'windows_server_2o22'; did you mean windows_server_2022"),
        ("id: R2", "id: r1", "'r1' is there twice"),
        ("id: R2", "id: 'R 2'", "'R 2' is not an id of a control"),
        ("recipe: rpc-spooler", "recipy: rpc-spooler", "unknown key 'recipy'"),
    ],
)
def test_a_mapping_file_that_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "own.yml"
    assert old in OWN
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidOption, match=r"'controls_file' cannot be used: own.yml: ") as caught:
        with_file(KNOWLEDGE, path)
    assert told in str(caught.value)


def test_a_mapping_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="cannot be read"):
        with_file(KNOWLEDGE, tmp_path / "none.yml")


def test_a_result_names_the_controls_for_its_windows_alone() -> None:
    with simulated("windows_server_2022", read_only=True) as host:
        survey = read_survey(host.session, KNOWLEDGE)
    found = in_result([subject.recipe for subject in survey.explained], survey.host, KNOWLEDGE)
    assert found["llmnr-5355"] == [
        "azure-gc-2023-02-14:AZ-WIN-00145",
        "msb-ws2022-21h2:EnableMulticast",
        LLMNR,
        "cis-ws2022-3.0.0:18.6.4.3",
    ]
    assert "rpc-epmap-135-tcp" not in found
    assert len(str(found)) < 1500
