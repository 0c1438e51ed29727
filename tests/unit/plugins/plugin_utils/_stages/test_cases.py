# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every file below `cases/` is one case of one stage: what is desired, what the host is, what follows.

```yaml
host: windows_xp                # a host of hosts.py
services: {Name: {state: Stopped, start: Manual, depends: [Other]}}    # how it differs from that host; new ones are made
registry: {'KEY\\name': {dword: 1}}                                     # null removes a value
netstat: text                   # what the command shows, in place of that host's
categories: [0]                 # NetworkCategory of each connected interface
adapters: {description: {addresses: [...], dhcp: true}}
domain_role: 1
product: 2
desired: {option: value}        # the stage's own options
also: {stage: {option: value}}  # what other stages are asked in the same run
filters: [block UUID ncacn_np]  # filters of RPC calls of ours that are there, as a snapshot says them; "wide" in front: without conditions;
                                # "strange" in front: of somebody else
accept, dependents, keep, unverified: as in the modules
chosen: true                    # the knowledge chose what is desired, and nobody asked for it by name
changes: [{target, before, after, effective}]     # in the order in which they are made; `also` included
unchanged: {target: reason}
warnings: [words]
refused: {error: Refused, hazard: null, words: [words]}
```
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gated import plan_gated
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import (
    STAGE_BY_NAME,
    Survey,
    read_survey,
    with_firewall,
    with_rpc_filters,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter, rpc_filters
from ansible_collections.netmin.windows.tests.unit.fake_rpc_filters import FakeFilters, MadeFilter
from ansible_collections.netmin.windows.tests.unit.fakes import FakeAdapter, FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.planning import make_plan
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import HOSTS, KNOWLEDGE, terms_of

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*/*.yml"))
KINDS = ("create", "update", "remove", "unchanged", "refused")
# What a stage cannot do, and why.
SENSELESS = {
    "services": {"create": "services are never installed", "remove": "services are never removed"},
    "smb_device": {"remove": "the value is set to 1 again, not removed: the article gives its meaning, not that of its absence"},
    "ip_filter": {"refused": "what must not be dropped is left alone, with the reason: the other stages go on"},
    "name_resolution": {"remove": "no option removes the value"},
}
KEYS = {
    "host",
    "filters",
    "services",
    "registry",
    "adapters",
    "categories",
    "domain_role",
    "netstat",
    "product",
    "desired",
    "also",
    "chosen",
    "accept",
    "dependents",
    "keep",
    "changes",
    "unchanged",
    "unverified",
    "warnings",
    "refused",
}


def case_id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def value_of(said: dict[str, Any] | None) -> RegistryValue | None:
    if said is None:
        return None
    ((kind, content),) = said.items()
    return RegistryValue(RegistryType[kind.upper()], tuple(content) if isinstance(content, list) else content)


def host_of(case: dict[str, Any]) -> FakeHost:
    fake = HOSTS[case["host"]]()
    fake.domain_role = case.get("domain_role", fake.domain_role)
    fake.product = case.get("product", fake.product)
    fake.categories = case.get("categories", fake.categories)
    fake.netstat = [case["netstat"]] if "netstat" in case else fake.netstat
    for name, said in case.get("services", {}).items():
        found = next((s for s in fake.services if s.name.lower() == name.lower()), None)
        if said is None:
            fake.services = [s for s in fake.services if s is not found]
            continue
        if found is None:
            found = FakeService(name)
            fake.services.append(found)
        for key, content in said.items():
            assert hasattr(found, key), key
            setattr(found, key, tuple(content) if isinstance(content, list) else content)
    if "BFE" in {service.name for service in fake.services}:
        fake.filters = FakeFilters(dict(filter_of(text) for text in case.get("filters", ())))
    for path, said in case.get("registry", {}).items():
        key, _slash, name = path.rpartition("\\")
        fake.put(key, name, value_of(said))
    for description, said in case.get("adapters", {}).items():
        adapter = next((a for a in fake.adapters if a.description == description), None)
        if adapter is None:
            adapter = FakeAdapter(len(fake.adapters) + 1, description, said["guid"])
            fake.adapters.append(adapter)
        adapter.addresses = tuple(said.get("addresses", adapter.addresses))
        adapter.dhcp = said.get("dhcp", adapter.dhcp)
    return fake


def filter_of(text: str) -> tuple[str, MadeFilter]:
    """Return a filter as a host has it, by its key."""
    words = text.split(" ")
    how = words.pop(0) if words[0] in ("wide", "strange") else ""
    action, uuid, protocol, *sids = words
    rule = RpcFilterRule.from_text(" ".join(words))
    assert rule is not None
    conditions = [("if_uuid", uuid), ("protocol", protocol), *([("remote_user_token", sids[0])] if sids else [])]
    key = "99999999-2222-4333-8444-555555555555" if how == "strange" else str(rule.key)
    return key, MadeFilter(action, volatile=False, conditions=[] if how == "wide" else conditions)


def options_of(stage: str, given: dict[str, Any]) -> dict[str, Any]:
    """Validate options as Ansible does."""
    validated = ArgumentSpecValidator(dict(STAGE_BY_NAME[stage].options)).validate(copy.deepcopy(given))
    assert not validated.error_messages
    return dict(validated.validated_parameters)


def survey_before(case: dict[str, Any]) -> tuple[Survey, FakeSession]:
    session = FakeSession(host_of(case))
    return read_survey(session, KNOWLEDGE), session


@pytest.mark.parametrize("path", FILES, ids=case_id)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(case) <= KEYS
    survey, session = survey_before(case)
    if path.parent.name == ip_filter.NAME:
        survey = with_firewall(session, survey)
    if path.parent.name == rpc_filters.NAME:
        survey = with_rpc_filters(session, survey)
    asked = {path.parent.name: case["desired"], **case.get("also", {})}

    def plan() -> Any:
        wanted = {stage: STAGE_BY_NAME[stage].desired(options_of(stage, given)) for stage, given in asked.items()}
        said = {key: case[key] for key in ("accept", "dependents", "keep", "unverified") if key in case}
        named = () if case.get("chosen") else wanted
        if path.parent.name == ip_filter.NAME:
            # Whether a peer is connected to a listener is a hazard like others, and looked for.
            asked_for = Wanted(wanted, terms_of(survey, **said), named=frozenset(named))
            return plan_gated(session, survey, KNOWLEDGE, lambda _survey, _blocks: asked_for).plan
        return make_plan(wanted, survey, KNOWLEDGE, terms_of(survey, **said), named=named)

    if "refused" in case:
        expected = case["refused"]
        with pytest.raises(errors.NetminError) as caught:
            plan()
        assert type(caught.value).__name__ == expected["error"], str(caught.value)
        assert next(iter(getattr(caught.value, "hazards", ())), None) == expected.get("hazard")
        for words in expected["words"]:
            assert words in str(caught.value)
    else:
        made = plan()
        shown = [{"target": c.target, "before": c.shown[0], "after": c.shown[1], "effective": str(c.effective)} for c in made.changes]
        assert shown == case.get("changes", [])
        if "unchanged" in case:
            assert {item.target: str(item.reason) for item in made.unchanged} == case["unchanged"]
        assert len(made.warnings) == len(case.get("warnings", []))
        for words, warning in zip(case.get("warnings", []), made.warnings, strict=True):
            assert words in warning
        assert all(change.why for change in made.changes)
    assert not session.writes


@pytest.mark.parametrize("stage", sorted(STAGE_BY_NAME))
def test_every_stage_has_a_case_of_each_kind(stage: str) -> None:
    kinds = {path.stem.partition("_")[0] for path in FILES if path.parent.name == stage}
    assert kinds <= set(KINDS)
    assert set(KINDS) - kinds - set(SENSELESS.get(stage, {})) == set()


def test_every_case_belongs_to_a_stage() -> None:
    assert {path.parent.name for path in FILES} == set(STAGE_BY_NAME)


@pytest.mark.parametrize("path", FILES, ids=case_id)
def test_a_case_is_of_the_kind_that_its_name_says(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    kind = path.stem.partition("_")[0]
    assert (kind == "refused") == ("refused" in case)
    if kind == "unchanged":
        assert not case.get("changes")
        assert case["unchanged"]
    if kind in ("create", "update", "remove"):
        assert case["changes"]
