# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A baseline is read strictly: each problem with its file, its line and what to do; and its schema says the same to editors."""

from __future__ import annotations

import textwrap
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline import json_schema
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.file import Baseline, BaselineError, load_baseline, parse
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load

KNOWLEDGE = load()
WHY = "reason: shop, owner: web team"
LIFT = "correct it, or list it under 'elsewhere' if another inventory has it"
GOOD = f"""\
version: 1
groups:
  all:
    - {{recipe: rdp-3389, {WHY}}}
  web:
    - port: tcp/443
      service: W3SVC
      scope: adapter
      reason: shop
      owner: web team
      until: 2027-03-31
      ticket: 1234
hosts:
  web01:
    - service: Tomcat9
      reason: shop
      owner: web team
      until: "2027-03-31"
elsewhere: [sql]
"""


def read(text: str) -> Baseline:
    return parse(textwrap.dedent(text), "baseline.yml", KNOWLEDGE)


def problems(text: str) -> list[str]:
    with pytest.raises(BaselineError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_everything_that_can_be_said() -> None:
    found = read(GOOD)
    (rdp,) = found.groups["all"]
    (https,) = found.groups["web"]
    (tomcat,) = found.hosts["web01"]
    assert (rdp.what, rdp.scope, rdp.until, rdp.of, rdp.line) == ("recipe rdp-3389", Scope.WILDCARD, None, "group all", 4)
    assert (https.port, https.service, https.scope, https.ticket) == ((Protocol.TCP, 443), "W3SVC", Scope.ADAPTER, "1234")
    assert https.line == 6
    # A day is a day, in quotes or not.
    assert https.until == tomcat.until == date(2027, 3, 31)
    assert https.told == "port tcp/443 of service W3SVC (owner web team, ticket 1234)"


def test_groups_add_up_and_so_does_the_host() -> None:
    found = read(GOOD)
    assert [entry.what for entry in found.entries_of("web01", ["web", "other"])] == [
        "recipe rdp-3389",
        "port tcp/443 of service W3SVC",
        "service Tomcat9",
    ]
    assert [entry.what for entry in found.entries_of("db01", [])] == ["recipe rdp-3389"]
    assert (found.place_of("web01", ["web"]), found.place_of("web02", ["web"]), found.place_of("db01", [])) == (14, 5, 3)


WRONG = {
    "nothing": ("", "1: the file is empty; begin it with 'version: 1' and 'groups:'"),
    "no version": (
        "groups: {}",
        "1: 'version: 1' is missing; add it as the first line",
    ),
    "a later version": ("version: 2\ngroups: {}", "1: version 2 is not known: this release reads version 1"),
    "nothing in it": ("version: 1", "1: there is neither 'groups' nor 'hosts': nothing could be allowed"),
    "a list": ("- version: 1", "1: a baseline must be a mapping (name: value), not a list"),
    "an unknown part": (
        "version: 1\ngroup: {}\nhosts: {}",
        "2: unknown key 'group' (did you mean 'groups'?); a baseline takes version, groups, hosts, elsewhere",
    ),
    "no YAML": ("version: 1\ngroups: {\n", "3: this is not YAML: did not find expected node content"),
    "a key twice": (
        f"version: 1\ngroups:\n  web:\n    - {{port: tcp/80, {WHY}}}\n  web:\n    - {{port: tcp/81, {WHY}}}",
        "5: the key 'web' is there twice, first in line 3; join the two",
    ),
    "a key of an entry twice": (
        f"version: 1\nhosts:\n  a:\n    - port: tcp/80\n      port: tcp/81\n      {WHY.replace(', ', chr(10) + '      ')}",
        "5: the key 'port' is there twice, first in line 4; join the two",
    ),
    "a misspelt key": (
        f"version: 1\nhosts:\n  a:\n    - prot: tcp/80\n      port: tcp/80\n      {WHY.replace(', ', chr(10) + '      ')}",
        "4: unknown key 'prot' (did you mean 'port'?); an entry takes recipe, service, port, scope, reason, owner, until, ticket",
    ),
    "no reason": ("version: 1\nhosts:\n  a:\n    - {port: tcp/80, owner: x}", "4: the entry has no 'reason': say why it may listen"),
    "no owner": ("version: 1\nhosts:\n  a:\n    - {port: tcp/80, reason: x}", "4: the entry has no 'owner': say who answers for it"),
    "names nothing": (
        f"version: 1\nhosts:\n  a:\n    - {{{WHY}}}",
        "4: it names nothing that may listen: give one of recipe, service, port",
    ),
    "no port": (
        f"version: 1\nhosts:\n  a:\n    - {{port: 445, {WHY}}}",
        "4: '445' is not a port; write it like tcp/445 or udp/137",
    ),
    "a misspelt recipe": (
        f"version: 1\nhosts:\n  a:\n    - {{recipe: smb-455, {WHY}}}",
        "4: there is no recipe 'smb-455'; did you mean smb-445",
    ),
    "no scope": (
        f"version: 1\nhosts:\n  a:\n    - {{port: tcp/80, scope: loopbck, {WHY}}}",
        "4: 'loopbck' is no scope (did you mean 'loopback'?); write one of wildcard, adapter, loopback",
    ),
    "no day": (
        f"version: 1\nhosts:\n  a:\n    - {{port: tcp/80, until: 31.03.2027, {WHY}}}",
        "4: '31.03.2027' is no day; write the last day as YYYY-MM-DD",
    ),
    "a day that is none": (
        f"version: 1\nhosts:\n  a:\n    - {{port: tcp/80, until: 2027-02-30, {WHY}}}",
        "4: '2027-02-30' is no day; write the last day as YYYY-MM-DD",
    ),
    "an empty reason": (
        "version: 1\nhosts:\n  a:\n    - {port: tcp/80, reason: , owner: x}",
        "4: 'reason' is empty; fill it in, or remove the key",
    ),
    "a list for a text": (
        "version: 1\nhosts:\n  a:\n    - {port: [tcp/80], reason: x, owner: x}",
        "4: 'port' takes one text, not a list",
    ),
    "one entry without a list": (
        f"version: 1\nhosts:\n  a:\n    {{port: tcp/80, {WHY}}}",
        "4: host a must be a list, each item with a dash, not a mapping",
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_is_wrong_is_told_with_its_line_and_what_to_do(case: str) -> None:
    text, told = WRONG[case]
    (first, *more) = problems(text)
    assert first.startswith(f"baseline.yml:{told}"), (first, more)
    assert more == []


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    found = problems(f"version: 1\ngroups:\n  web:\n    - {{port: 1, {WHY}}}\n    - {{recipe: nothing-like-it-xyz, {WHY}}}\nhost: {{}}")
    assert [line.split(": ")[0] for line in found] == ["baseline.yml:4", "baseline.yml:5", "baseline.yml:6"]


def test_text_is_never_evaluated_or_followed() -> None:
    found = read("version: 1\nhosts:\n  a:\n    - {port: tcp/80, reason: '{{ 7 * 7 }}', owner: \"a\\nb\"}")
    assert (found.hosts["a"][0].reason, found.hosts["a"][0].owner) == ("{{ 7 * 7 }}", "a b")
    (told,) = problems("version: 1\nhosts: !!python/object/apply:os.system ['false']")
    assert told == "baseline.yml:2: hosts must be a mapping (name: value), not a list"


def test_a_file_that_is_not_there_says_who_writes_one(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"'b\.yml' cannot be read: No such file or directory; the playbook netmin\.windows\.baseline"):
        load_baseline(tmp_path / "b.yml", "b.yml", KNOWLEDGE)
    (tmp_path / "b.yml").write_bytes(b"version: \xff1")
    with pytest.raises(BaselineError, match=r"is not UTF-8 \(byte 9\)"):
        load_baseline(tmp_path / "b.yml", "b.yml", KNOWLEDGE)


def test_a_group_that_no_inventory_has_is_refused_only_where_it_is_probably_misspelt() -> None:
    entry = f"    - {{port: tcp/80, {WHY}}}\n"
    found = read(f"version: 1\ngroups:\n  wbe:\n{entry}  farm:\n{entry}  sql:\n{entry}hosts:\n  web07:\n{entry}elsewhere: [sql]\n")
    told = list(found.unknown(["web", "ungrouped"], ["web01", "web02"]))
    assert told == [
        (f"baseline.yml:5: the inventory has no group 'farm'; {LIFT}", False),
        (f"baseline.yml:3: the inventory has no group 'wbe' (did you mean 'web'?); {LIFT}", True),
        (f"baseline.yml:10: the inventory has no host 'web07'; {LIFT}", False),
    ]


def test_the_schema_is_current() -> None:
    assert json_schema.main(["--check"]) == 0


@pytest.mark.parametrize("case", sorted(WRONG))
def test_the_schema_refuses_what_the_parser_refuses(case: str) -> None:
    # A schema knows no recipes, no calendar and no keys that are there twice.
    if case in ("no YAML", "a misspelt recipe", "a day that is none") or "twice" in case:
        return
    content = yaml.load(WRONG[case][0], Loader=yaml.BaseLoader)
    content = {**content, "version": int(content["version"])} if isinstance(content, dict) and "version" in content else content
    assert list(jsonschema.Draft202012Validator(json_schema.schema()).iter_errors(content))


def test_the_schema_takes_what_the_parser_takes() -> None:
    content = {**yaml.load(GOOD, Loader=yaml.BaseLoader), "version": 1}
    assert list(jsonschema.Draft202012Validator(json_schema.schema()).iter_errors(content)) == []
