# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of ours among thousands of others: found by name, and where they cannot be found the rest of the plan is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, Fault, HostError, TimedOut
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, result_of
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated

DROP: dict[str, Any] = {"ip_filter": {"residue": "drop"}}
LEAVE: dict[str, Any] = {"ip_filter": {"residue": "leave"}}


def minimized(host: Simulated, number: int = 1, **given: Any) -> dict[str, Any]:
    options = {**DEFAULTS, **given}
    run = Run(KNOWLEDGE, FakeClock(), f"20260101T000000Z-00000{number}")
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))
    after = run.carry_out(prepared, host.session, stop_limit=60) if prepared.plan.changes else None
    return result_of(run, prepared, after)


def rules(host: Simulated) -> set[str]:
    """Return the names of our rules, as the host keeps them."""
    return {rule.name for rule in host.computer.host.firewall.stored().values() if rule.name.startswith(firewall.PREFIX)}


def left(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["target"]: (row["reason"], row["detail"]) for row in result["unchanged"] if row["stage"] == "ip_filter"}


HOSTS = ("windows_vista", "windows_7", "windows_server_2008_r2_german", "windows_server_2012", "windows_server_2019")


@pytest.mark.parametrize("name", HOSTS)
def test_rules_among_thousands_are_added_found_and_taken_back(name: str) -> None:
    with simulated(f"{name}+many_rules") as host:
        host.boot()
        result = minimized(host, **DROP)
        assert not result.get("failed"), result["msg"]
        wanted = {row["target"] for row in result["changes"] if row["target"].startswith("inbound rule")}
        assert wanted
        assert {f"inbound rule {rule}" for rule in rules(host)} == wanted
        recorded = firewall.names_from(read_setting(host.session, firewall.RECORD))
        assert recorded.keys() == rules(host)
        assert all(recorded.values())
        host.session.forget()
        again = minimized(host, 2, **DROP)
        assert not [row for row in again["changes"] if row["stage"] == "ip_filter"]
        host.session.forget()
        back = minimized(host, 3, stages=["ip_filter"], **LEAVE)
        assert not back.get("failed"), back["msg"]
        assert rules(host) == set()
        assert read_setting(host.session, firewall.RECORD) is None


def missing(session: Any) -> HostError:
    return ClassMissing("no such class", host=session.host, code=0x80041010, subcode="")


def refused(session: Any) -> HostError:
    return AccessDenied("denied", host=session.host, code=5, subcode="AccessDenied")


def broken(session: Any) -> HostError:
    return Fault("generic failure", host=session.host, code=0x80041001, subcode="InternalError")


def slow(session: Any) -> HostError:
    return TimedOut("too slow", host=session.host, code=2150858793, subcode="TimedOut")


@pytest.mark.parametrize("fault", [missing, refused, broken, slow])
@pytest.mark.parametrize("name", ["windows_7", "windows_server_2022"])
def test_where_rules_cannot_be_found_the_rest_is_carried_out(
    name: str, fault: Callable[[Any], HostError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated(name) as host:
        host.boot()
        query, command = host.session.query, host.session.command

        def asked(wmi_class: str, *given: Any, **named: Any) -> Any:
            if wmi_class == "MSFT_NetFirewallRule":
                raise fault(host.session)
            return query(wmi_class, *given, **named)

        def run(*arguments: str) -> Any:
            if arguments[0] == "reg":
                raise fault(host.session)
            return command(*arguments)

        monkeypatch.setattr(host.session, "query", asked)
        monkeypatch.setattr(host.session, "command", run)
        result = minimized(host, **DROP)
        assert not result.get("failed"), result["msg"]
        assert {row["status"] for row in result["changes"]} == {"done"}
        assert rules(host) == set()
        held = [detail for reason, detail in left(result).values() if reason == Reason.NOT_FOUND]
        assert held
        assert str(fault(host.session)) in held[0]
        assert "MSFT_NetFirewallRule" in held[0] or "reg query" in held[0]


def test_rules_that_are_there_stay_where_new_ones_could_not_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        assert not minimized(host, **DROP).get("failed")
        before = rules(host)
        query = host.session.query

        def asked(wmi_class: str, *given: Any, **named: Any) -> Any:
            if wmi_class == "MSFT_NetFirewallRule":
                raise missing(host.session)
            return query(wmi_class, *given, **named)

        monkeypatch.setattr(host.session, "query", asked)
        host.session.forget()
        again = minimized(host, 2, **DROP)
        assert (again["changed"], rules(host)) == (False, before)
        back = minimized(host, 3, stages=["ip_filter"], **LEAVE)
        assert not back.get("failed"), back["msg"]
        assert rules(host) == set()


def test_the_whole_store_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated("windows_server_2022") as host:
        host.boot()
        listed: list[str] = []
        value_types = host.session.value_types

        def types(key: str) -> Any:
            listed.append(key)
            return value_types(key)

        monkeypatch.setattr(host.session, "value_types", types)
        minimized(host, **DROP)
        assert listed
        assert firewall.RULES not in listed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("\r\nEnd of search: 0 match(es) found.\r\n", []),
        (
            "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\X\\FirewallRules\r\n"
            "    {A-1}    REG_SZ    v2.10|Action=Block|Name=netmin.windows tcp/135|\r\n"
            "    a name with blanks    REG_SZ    v2.10|Name=netmin.windows tcp/1|Desc=" + "x" * 9000 + "    REG_SZ    y|\r\n"
            "\r\nSuchende: 2 Übereinstimmung(en) gefunden.\r\n",
            ["{A-1}", "a name with blanks"],
        ),
    ],
)
def test_names_in_what_a_search_of_the_registry_says(text: str, names: list[str]) -> None:
    assert firewall.found_in(text, ()) == names[::-1]
    assert firewall.found_in(text, ("netmin.windows tcp/135",)) == names
