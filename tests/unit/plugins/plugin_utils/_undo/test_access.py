# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From Windows Vista on the access list of our key is looked at: whoever else may write there could plant what a restore reads."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, Grant
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import access
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.restore import RestoreScope
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, Simulated, simulated

from winsim.host.files import Entry, Principal

FIRST, LATER = "20260101T000000Z-000001", "20260201T000000Z-000001"
VISTA = NtVersion(6, 0)
KEY = f"HKLM\\{OUR_KEY}"
HANDED_DOWN = frozenset({"CI"})


def closed(host: Simulated, run_id: str) -> list[str]:
    """Carry out the default plan, and return the warnings."""
    run = Run(KNOWLEDGE, FakeClock(), run_id)
    prepared = run.prepare(host.session, lambda survey, blocks: minimize_wanted(DEFAULTS, survey, KNOWLEDGE, blocks))
    assert prepared.plan.changes
    run.carry_out(prepared, host.session, stop_limit=60)
    return run.warnings


def questions(host: Simulated) -> list[str]:
    """Return the list of keys whose access lists are asked for from now on."""
    keys: list[str] = []
    ask = host.session.grants

    def grants(key: str) -> tuple[Grant, ...] | None:
        keys.append(key)
        return ask(key)

    host.session.grants = grants  # type: ignore[method-assign]
    return keys


def restored(host: Simulated) -> list[str]:
    """Plan a restore, as check mode does, and return the warnings."""
    host.session.forget()
    run = Run(KNOWLEDGE, FakeClock(), LATER)
    run.prepare_restore(host.session, RestoreScope())
    return run.warnings


def allow(host: Simulated, principal: Principal, rights: str, *, denied: bool = False) -> None:
    host.computer.host.registry.protect(KEY, [Entry(principal, rights, HANDED_DOWN, denied)], protected=False)


def test_the_key_that_a_run_makes_is_not_asked_about() -> None:
    with simulated("windows_server_2022") as host:
        asked = questions(host)
        warnings = closed(host, FIRST)
    assert (asked, [text for text in warnings if OUR_KEY in text]) == ([], [])


def test_a_restore_looks_once_and_says_nothing_where_administrators_alone_may_write() -> None:
    with simulated("windows_server_2022") as host:
        closed(host, FIRST)
        asked = questions(host)
        assert restored(host) == []
        assert asked == [OUR_KEY]


@pytest.mark.parametrize(("principal", "rights"), [(Principal.USERS, "F"), (Principal.EVERYONE, "W"), (Principal.AUTHENTICATED, "M")])
def test_a_restore_names_who_else_may_write(principal: Principal, rights: str) -> None:
    with simulated("windows_server_2022") as host:
        closed(host, FIRST)
        allow(host, principal, rights)
        (text,) = restored(host)
    assert text.startswith(f"{KEY} can be written by ")
    assert {"USERS": "BUILTIN\\Users", "EVERYONE": "Everyone"}.get(principal.name, "NT AUTHORITY\\Authenticated Users") in text
    assert "--check --diff" in text


@pytest.mark.parametrize(("rights", "denied"), [("R", False), ("F", True)])
def test_who_may_read_or_is_refused_is_nobody_to_name(rights: str, denied: bool) -> None:
    with simulated("windows_server_2022") as host:
        closed(host, FIRST)
        allow(host, Principal.USERS, rights, denied=denied)
        assert restored(host) == []


def test_a_run_that_meets_a_key_looks_before_it_writes() -> None:
    with simulated("windows_server_2022") as host:
        host.session.create_key(OUR_KEY)
        allow(host, Principal.USERS, "F")
        host.session.forget()
        warnings = closed(host, FIRST)
    assert [text for text in warnings if "can be written by BUILTIN\\Users" in text]


def test_where_it_cannot_be_seen_that_is_said() -> None:
    with simulated("windows_server_2022") as host:
        closed(host, FIRST)
        host.session.grants = refuse  # type: ignore[method-assign]
        (text,) = restored(host)
    assert text.startswith(f"it could not be seen who may write {KEY}")


def refuse(key: str) -> tuple[Grant, ...] | None:
    raise MethodFailed(f"StdRegProv.GetSecurityDescriptor on '{key}': access denied (5)", host="host", return_value=5)


def test_before_vista_the_list_is_set_and_not_asked_for() -> None:
    with simulated("windows_xp") as host:
        asked = questions(host)
        closed(host, FIRST)
        restored(host)
        assert asked == []


class Listed:
    """A host that has one list for every key."""

    def __init__(self, *grants: Grant) -> None:
        self._grants = grants

    def grants(self, _key: str) -> tuple[Grant, ...]:
        return self._grants


@pytest.mark.parametrize("right", [0x2, 0x4, 0x20, 0x10000, 0x40000, 0x80000, 0x40000000, 0x10000000])
def test_each_right_that_changes_a_key_counts(right: int) -> None:
    host = Listed(Grant("S-1-5-21-1-2-3-1001", "web01\\clerk", right | 0x20019))
    assert "web01\\clerk" in access.strangers(host, VISTA)  # type: ignore[arg-type]


@pytest.mark.parametrize("sid", sorted(access.TRUSTED))
def test_those_who_may_by_default_are_not_named(sid: str) -> None:
    assert access.strangers(Listed(Grant(sid, "", 0xF003F)), VISTA) == ""  # type: ignore[arg-type]


def test_what_a_host_calls_somebody_is_one_line() -> None:
    text = access.strangers(Listed(Grant("S-1-5-21-1", "x\n\x1b[31m" * 100, 2)), VISTA)  # type: ignore[arg-type]
    assert "\n" not in text
    assert "\x1b" not in text
    assert len(text) < 600
