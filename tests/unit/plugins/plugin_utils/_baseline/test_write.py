# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written allows what was found, in an order that does not depend on that of the hosts; what is there stays as it is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed, judge
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.file import BaselineError, parse
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.write import Audited, draft, first_text, proposal, scalar
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import KNOWLEDGE

TODAY = date(2027, 3, 31)


def at(*owners: str, recipe: str | None = None, scopes: tuple[str, ...] = ("wildcard",), **more: bool) -> Mapping[str, Any]:
    """Return what is at a port."""
    return {"owners": list(owners), "recipe": recipe, "scopes": list(scopes), "dynamic": False, "management": False, **more}


WINRM = {"tcp/5985": at("WinRM", recipe="winrm", management=True), "udp/49667": at("iphlpsvc", scopes=("loopback",))}
RDP = {"tcp/3389": at("TermService", recipe="rdp-3389")}
WEB = (
    Audited("web01", ("web",), {**WINRM, **RDP, "tcp/8080": at("Tomcat9"), "tcp/9000": at()}),
    Audited("web02", ("web",), {**WINRM, **RDP, "tcp/8080": at("Tomcat9", scopes=("adapter", "loopback"))}),
    Audited("db01", ("sql",), {**WINRM, **RDP, "tcp/49700": at("A", "B", dynamic=True), "tcp/20001-20040": at("C")}),
)
MEMBERS = {"all": ("web01", "web02", "db01"), "ungrouped": (), "web": ("web01", "web02"), "sql": ("db01",)}
FIRST = """\
groups:
  all:
    # tcp/3389 on db01, web01, web02
    - recipe: rdp-3389
      reason: PURPOSE
      owner: not assigned
  sql:
    # tcp (dynamic) on db01
    - service: A
      reason: found by an audit; say why it may listen
      owner: not assigned
    # tcp (dynamic) on db01
    - service: B
      reason: found by an audit; say why it may listen
      owner: not assigned
    # tcp/20001-20040 on db01
    - service: C
      reason: found by an audit; say why it may listen
      owner: not assigned
  web:
    # tcp/8080 on web01, web02
    - port: tcp/8080
      service: Tomcat9
      reason: found by an audit; say why it may listen
      owner: not assigned

hosts:
  web01:
    # tcp/9000
    - port: tcp/9000
      reason: found by an audit; say why it may listen
      owner: not assigned
"""


def test_a_first_one_is_grouped_commented_and_in_a_stable_order() -> None:
    purpose = " ".join(KNOWLEDGE.recipe("rdp-3389").purpose.split())
    for order in itertools.permutations(WEB):
        text = first_text(draft(order, MEMBERS, KNOWLEDGE))
        assert text.partition("\n\n")[2] == FIRST.replace("PURPOSE", scalar(purpose))
        found = parse(text, "baseline.yml", KNOWLEDGE)
        for audited in WEB:
            allowed = Allowed.of(found, audited.host, audited.groups, TODAY)
            assert [name for name, subject in audited.subjects() if judge(subject, allowed, KNOWLEDGE) is not None] == []


def test_a_group_comes_before_all_where_both_have_the_same_hosts() -> None:
    text = first_text(draft(WEB[:2], {"all": ("web01", "web02"), "web": ("web01", "web02")}, KNOWLEDGE))
    assert "\n  all:" not in text
    assert "\n  web:" in text


def test_nothing_that_listens_is_a_baseline_as_well() -> None:
    text = first_text(draft([Audited("web01", (), WINRM)], MEMBERS, KNOWLEDGE))
    assert parse(text, "baseline.yml", KNOWLEDGE).entries_of("web01", ()) == ()


THERE = """\
# Ours.
version: 1
groups:
    web:   # the shop
      - recipe: rdp-3389
        reason: jump hosts
        owner: us  # until we have a gateway
      - {port: tcp/25, reason: mail, owner: us}
      # The end.
hosts: {}
elsewhere: []
"""


def test_a_proposal_adds_and_leaves_all_else_as_it_is() -> None:
    text = THERE.replace("hosts: {}\n", "")
    there = parse(text, "baseline.yml", KNOWLEDGE)
    made = draft(WEB[:2], MEMBERS, KNOWLEDGE, there=there, today=TODAY)
    new = proposal(text, there, made, KNOWLEDGE)
    added = [line for line in new.splitlines() if line not in text.splitlines()]
    assert [line for line in text.splitlines() if line not in new.splitlines()] == []
    assert added[0] == "      # No audited host shows a listener for the next entry: remove it if it is not needed."
    assert "      - port: tcp/8080" in added
    assert "  web01:" in added
    # What is proposed leaves nothing to propose.
    again = draft(WEB[:2], MEMBERS, KNOWLEDGE, there=parse(new, "baseline.yml", KNOWLEDGE), today=TODAY)
    assert again.added == {}
    assert [entry.what for entry in again.unused] == ["port tcp/25"]


def test_a_section_into_which_nothing_can_be_put_is_named() -> None:
    there = parse(THERE, "baseline.yml", KNOWLEDGE)
    made = draft(WEB[:1], {"all": ("web01", "web02")}, KNOWLEDGE, there=there, today=TODAY)
    with pytest.raises(BaselineError, match=r"^baseline\.yml:10: write 'hosts:' with one name a line, so that names can be added"):
        proposal(THERE, there, made, KNOWLEDGE)


def test_what_expired_or_listens_too_widely_is_not_proposed() -> None:
    text = (
        "version: 1\nhosts:\n  web01:\n    - {recipe: rdp-3389, reason: x, owner: y, until: 2027-03-30}\n"
        "    - {port: tcp/8080, scope: adapter, reason: x, owner: y}\n    - {port: tcp/9000, reason: x, owner: y}\n"
    )
    made = draft(WEB[:1], MEMBERS, KNOWLEDGE, there=parse(text, "baseline.yml", KNOWLEDGE), today=TODAY)
    assert (made.added, made.unused) == ({}, ())


@pytest.mark.parametrize("name", ["evil: x", "a\nb: c", "{{ 7 * 7 }}", "- x", "#", "yes", "1", "\u202eexe.txt", "a\u2028b"])
def test_a_hostile_name_is_one_quoted_text(name: str) -> None:
    audited = Audited("web01", (), {"tcp/8080": at(name)})
    text = first_text(draft([audited], MEMBERS, KNOWLEDGE))
    (entry,) = parse(text, "baseline.yml", KNOWLEDGE).hosts["web01"]
    assert entry.port is not None
    assert "\n" not in entry.service
    assert text.isascii()
