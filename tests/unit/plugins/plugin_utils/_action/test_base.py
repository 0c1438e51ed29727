# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every action makes of errors: unreachable before the first write, failed from then on."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._action import logs
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction, new_run_id, shown
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    AuthenticationFailed,
    ConnectionLost,
    InvalidOption,
    NetminError,
    Refused,
    Unreachable,
)


class Trying(WindowsAction):
    """An action that does what a test says."""

    argument_spec = {  # noqa: RUF012
        "name": {"type": "str", "required": True},
        "many": {"type": "list", "elements": "int", "default": []},
        "interval": {"type": "int"},
        "within": {"type": "dict", "options": {"from": {"type": "str"}}},
    }
    error: BaseException | None = None
    writes = False

    def work(self, options: Any) -> dict[str, Any]:
        self.writing = self.writes
        if self.error is not None:
            raise self.error
        return {"changed": False, "options": options, "host": self.host_name}


class Summing(Trying):
    """An action that asks no host."""

    touches_host = False


def guarded(
    error: BaseException | None = None,
    *,
    writes: bool = False,
    become: object = None,
    delegate_to: str | None = None,
    kind: type[Trying] = Trying,
    **arguments: Any,
) -> dict[str, Any]:
    action = kind.__new__(kind)
    task = SimpleNamespace(
        delegate_to=delegate_to, args=arguments or {"name": "x"}, check_mode=False, no_log=False, action="netmin.windows.trying"
    )
    for name, content in {
        "_connection": SimpleNamespace(become=become),
        "_task": task,
        "_loader": None,
        "writing": False,
        "error": error,
        "writes": writes,
    }.items():
        setattr(action, name, content)
    found = getattr(action, "_guarded")({"inventory_hostname": "web01"})  # noqa: B009  # the part of `run` without Ansible
    return dict(found)


LOST = ConnectionLost("lost", host="web01")


@pytest.mark.parametrize(
    "error", [LOST, Unreachable("refused \x1b[31m", host="web01"), AuthenticationFailed("the host refused the credentials", host="web01")]
)
def test_unreachable_before_the_first_write_and_failed_from_then_on(error: NetminError) -> None:
    before, after = guarded(error), guarded(error, writes=True)
    assert before["unreachable"]
    assert "failed" not in before
    assert "\x1b" not in before["msg"]
    assert after["failed"]
    assert "unreachable" not in after


@pytest.mark.parametrize("error", [InvalidOption("choose one"), Refused("a gate", hazards=("outgoing-smb",))])
def test_expected_errors_are_one_sentence(error: NetminError) -> None:
    hazard = {"hazard": ["outgoing-smb"]} if isinstance(error, Refused) else {}
    assert guarded(error) == {"failed": True, "refused": True, **hazard, "msg": f"web01: {error}"}
    assert guarded(error, writes=True) == {"failed": True, "msg": f"web01: {error}"}


def test_a_bug_of_ours_is_a_traceback_only_before_the_first_write() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(ZeroDivisionError("division by zero"))
    result = guarded(ZeroDivisionError("division by zero"), writes=True)
    assert result["failed"]
    assert result["changed"]
    assert "unexpected ZeroDivisionError at web01 after the first write" in result["msg"]


def test_a_bug_of_ours_after_the_first_write_hides_nothing_of_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [{"target": "service Spooler", "status": "done"}, {"target": "service W32Time", "status": "unknown"}]
    monkeypatch.setattr(Trying, "so_far", lambda _self: {"run": "R", "changed": False, "changes": changes})
    result = guarded(ZeroDivisionError("division by zero"), writes=True)
    assert (result["run"], result["changes"]) == ("R", changes)
    assert (result["failed"], result["changed"]) == (True, True)


def test_an_interruption_is_passed_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        guarded(KeyboardInterrupt(), writes=True)


def test_become_is_refused() -> None:
    result = guarded(become=object())
    assert result["failed"]
    assert "'become' has no effect here" in result["msg"]


def test_arguments_are_validated_and_plain() -> None:
    result = guarded(name="x", many=["1", 2])
    assert result["options"] == {"name": "x", "many": [1, 2], "interval": None, "within": None}
    assert "missing required arguments: name" in guarded(many=[1])["msg"]


def test_an_unknown_option_is_refused_with_the_nearest_one() -> None:
    told = "Unsupported parameters for (netmin.windows.trying) module: nam (did you mean 'name'?), within.fromm (did you mean 'from'?)"
    result = guarded(nam="x", name="y", within={"fromm": 1})
    assert result["msg"] == f"{told}. Supported parameters include: from, interval, many, name, within"
    assert result["refused"]


def test_all_that_is_wrong_with_options_is_told_at_once() -> None:
    message = guarded(become=object(), nonsense=1, many=["x"], interval=-1)["msg"]
    for part in (
        "'become' has no effect",
        "missing required arguments: name",
        "unable to convert to int",
        "module: nonsense.",
        "'interval' is -1",
    ):
        assert part in message


def test_become_is_no_matter_to_a_task_that_touches_no_host() -> None:
    assert "failed" not in guarded(become=object(), kind=Summing, name="x")


def test_each_warning_begins_with_the_host() -> None:
    assert shown({"warnings": ["beware", "web01: once"], "msg": "x"}, "web01") == {"warnings": ["web01: beware", "web01: once"], "msg": "x"}
    assert shown({"warnings": []}, "web01") == {"warnings": []}


def test_what_is_logged_begins_with_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text: shown.append(text))
    for host in ("web01", "web02"):
        logs.install(host)
        logging.getLogger(f"{logs.COLLECTION}.plugins").warning("beware")
    assert shown == ["web01: beware", "web02: beware"]


def test_it_names_the_delegated_host() -> None:
    assert guarded()["host"] == "web01"
    assert guarded(delegate_to="web02")["host"] == "web02"


def test_run_ids_sort_by_time_and_differ() -> None:
    one, two = new_run_id(), new_run_id()
    assert one != two
    assert one[:8].isdecimal()
    assert one[8] == "T"


def test_a_host_forges_no_line_of_a_warning_and_no_long_one() -> None:
    (warning,) = shown({"warnings": ["tcp/80 belongs to x\nok: [web02]\u202e" + "y" * 300_000]}, "web01")["warnings"]
    assert warning.startswith("web01: tcp/80 belongs to x ok: [web02]?yyy")
    assert len(warning) < 2100
