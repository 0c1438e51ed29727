# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor on hosts of every age: nothing is contradicted on one that is as known, and on a sabotaged one exactly the sabotage."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import LOOKS, examine
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.rests import by_use, of_default_plan, sentence
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import Word
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import Look
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, Wire, booted

from .sabotaged import Sabotage, contradictions, examined, renamed, replaced, returning, saying, with_depends, with_rule

AGES = (
    *("windows_2000", "windows_xp", "windows_server_2003", "windows_vista", "windows_server_2008_r2_german", "windows_7_japanese"),
    *("windows_8", "windows_server_2012_r2", "windows_10", "windows_server_2016", "windows_server_2019", "windows_server_2022"),
    *("windows_11", "windows_server_2025"),
)
SERVER, OLD = "windows_server_2022", "windows_7"
SABOTAGES = {
    "a class renamed": Sabotage(
        SERVER, "wmi-udp-endpoints", "the class MSFT_NetUDPEndpoint", "no such class", patch=renamed("MSFT_NetUDPEndpoint")
    ),
    "a property's type changed": Sabotage(
        SERVER,
        "wmi-service-delayed",
        "DelayedAutoStart a true or false",
        "DelayedAutoStart is '1'",
        spoil=replaced(rb"(DelayedAutoStart>)true(<)", rb"\g<1>1\g<2>"),
    ),
    "a return code that differs": Sabotage(
        SERVER, "registry-missing-key", "1 or 2", "0x80041002", spoil=returning(0x80041002, rb"EnumValues_INPUT.*netmin\.windows\.absent")
    ),
    "a page shape of another Windows": Sabotage(SERVER, "pages", "one row", "rows in", profile={"whole_enumeration": True}),
    "a service's dependency moved": Sabotage(
        SERVER, "server-needs-srv2", "depends on srv2", "depends on SamSs, srvnet", spec=with_depends("LanmanServer", ("SamSS", "srvnet"))
    ),
    "the dynamic range moved": Sabotage(
        "windows_server_2019",
        "dynamic-ports-tcp",
        "49152-65535",
        "20000-40000",
        windows={"first_port": 20000, "last_port": 40000},
        also=("dynamic-ports-udp",),
    ),
    "an owner missing": Sabotage(
        SERVER,
        "wmi-udp-endpoints",
        "MSFT_NetUDPEndpoint.OwningProcess",
        "has no OwningProcess",
        windows={"absent": {"MSFT_NetUDPEndpoint": ("OwningProcess",)}},
    ),
    "a rule of a newer grammar": Sabotage(
        SERVER,
        "firewall-grammar",
        "up to v2.33",
        "WINRM-HTTP-In-TCP has v3.1",
        patch=with_rule("WINRM-HTTP-In-TCP", "v3.1|Action=Allow|Dir=In|Name=x|"),
    ),
    "a smaller envelope": Sabotage(SERVER, "envelope", "70000 bytes and more", "and more to come", profile={"max_envelope": 60 * 1024}),
    "a language not seen before": Sabotage(
        OLD, "netstat", "words of a known language", "NASLUCHIWANIE", spoil=saying(b"LISTENING", b"NASLUCHIWANIE")
    ),
}


@pytest.mark.parametrize("name", AGES)
def test_a_host_that_is_as_known_contradicts_nothing(name: str) -> None:
    with booted(name) as host:
        made = examined(host)
        assert contradictions(made) == {}
        assert len(made.of(Word.CONFIRMED)) > 30
        # Nothing that every plan rests on is left open.
        assert all("every plan" not in finding.assumption.used for finding in made.of(Word.NOT_SEEN))


@pytest.mark.parametrize("what", SABOTAGES)
def test_a_sabotage_is_shown_and_nothing_else(what: str) -> None:
    sabotage = SABOTAGES[what]
    with sabotage.started() as host:
        found = contradictions(examined(host, sabotage.spoil))
    assert sorted(found) == sorted((sabotage.shows, *sabotage.also)), found
    expected, seen = found[sabotage.shows]
    assert sabotage.expected in expected
    assert sabotage.seen in seen


@pytest.mark.parametrize("name", ["windows_2000", "windows_7", SERVER])
def test_the_doctor_only_reads(name: str) -> None:
    with booted(name) as host:
        before = len(host.computer.changes())
        with Session(Wire(host.service, host.account), host=name, read_only=True) as session:
            examine(session, KNOWLEDGE, heard=lambda: session.heard)
            assert session.stats.requests < 60
        assert len(host.computer.changes()) == before


def test_every_way_to_look_is_used_by_an_assumption_and_has_its_code() -> None:
    used = {kind for assumption in KNOWLEDGE.assumptions for kind in assumption.look.kinds}
    assert used <= set(LOOKS) == set(Look.__dataclass_fields__)


def test_a_plan_says_what_it_rests_on() -> None:
    with booted(SERVER) as host:
        made = examined(host)
        plan = of_default_plan(made)
        assert sentence(plan) == "all that the default plan of this host rests on is confirmed"
        assert "smb-445" in plan.recipes
        assert {"wmi-service-delayed", "socket-smb-445", "srv2-needs-srvnet"} <= set(plan.ids(Word.CONFIRMED))
        assert "socket-kms-1688" not in plan.ids(Word.NOT_SEEN)
        assert {resting.use for resting in by_use(made)} >= {"every plan", "proof", "smb_device"}
    with SABOTAGES["a service's dependency moved"].started() as host:
        assert sentence(of_default_plan(examined(host))) == (
            "all that the default plan of this host rests on is confirmed, but for 1 contradicted (server-needs-srv2)"
        )


def test_a_listing_that_cannot_be_understood_leaves_what_rests_on_it_open() -> None:
    spoil = replaced(rb"(LocalPort>)\d+(<)", rb"\g<1>99999\g<2>", b"MSFT_NetUDPEndpoint")
    with booted(SERVER) as host:
        made = examined(host, spoil)
    assert contradictions(made) == {}
    unseen = {finding.assumption.id: finding.verdict.why for finding in made.of(Word.NOT_SEEN)}
    assert "not valid" in unseen["owners-udp"]
    assert "not valid" in unseen["socket-smb-445"]
