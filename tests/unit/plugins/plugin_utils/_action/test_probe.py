# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may be looked at, who is told, and what the task returns; nothing here leaves the loopback."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.module_utils import probe as packets
from ansible_collections.netmin.windows.plugins.module_utils.probe import MOST_ADDRESSES, NotResolved
from ansible_collections.netmin.windows.plugins.plugin_utils._action import probe
from ansible_collections.netmin.windows.plugins.plugin_utils._action.probe import NotProbed, ProbeAction
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.tests.unit.plugins.module_utils.neighbours import free_address, listening, refused_port

HOST = "web01"
ROW = {"protocol": "tcp", "address": "0.0.0.0", "port": 445, "ports": None, "count": 1, "scope": "wildcard", "owner": "srvnet in pid 4"}
QUICK = {"timeout": 1, "retries": 0, "rate": 200}


class Log(list[str]):
    """Takes the lines for Ansible's log."""

    def record(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    lines = Log()
    monkeypatch.setattr(probe, "Screen", lambda *, hidden: lines)
    return lines


def made(*, check: bool = False, transport: str = "winrm", delegate: str | None = None) -> Any:
    action: Any = ProbeAction.__new__(ProbeAction)
    action._task = SimpleNamespace(check_mode=check, delegate_to=delegate, no_log=False, args={})  # noqa: SLF001  # as Ansible names it
    action._connection = SimpleNamespace(transport=transport)  # noqa: SLF001
    action.host_name = HOST
    return action


def completed(variables: Mapping[str, Any], action: Any = None, **options: Any) -> dict[str, Any]:
    """Complete and check options as the edge does."""
    validated = ArgumentSpecValidator(dict(ProbeAction.argument_spec)).validate({"endpoints": [ROW], **QUICK, **options})
    assert validated.error_messages == []
    found: dict[str, Any] = (action or made()).completed(validated.validated_parameters, {"hostvars": {HOST: variables}})
    return found


def look(address: str, action: Any = None, **options: Any) -> dict[str, Any]:
    action = action or made()
    found: dict[str, Any] = action.work(completed({"ansible_host": address}, action, **options))
    return found


def wrong(variables: Mapping[str, Any], **options: Any) -> str:
    with pytest.raises(InvalidOption) as error:
        completed(variables, **options)
    return str(error.value)


# Which addresses


@pytest.mark.parametrize(
    ("variables", "addresses"),
    [
        ({}, [HOST]),
        ({"ansible_host": "192.0.2.10"}, ["192.0.2.10"]),
        ({"ansible_host": "192.0.2.10", "probe_addresses": ["2001:db8::1", "192.0.2.10"]}, ["192.0.2.10", "2001:db8::1"]),
        ({"ansible_host": "192.0.2.10", "probe_addresses": "198.51.100.1"}, ["192.0.2.10", "198.51.100.1"]),
    ],
)
def test_the_addresses_are_those_of_the_inventory(variables: Mapping[str, Any], addresses: list[str]) -> None:
    assert completed(variables)["address"] == addresses


def test_of_them_some_may_be_chosen_and_no_other() -> None:
    variables = {"ansible_host": "192.0.2.10", "probe_addresses": ["2001:db8::1"]}
    assert completed(variables, address=["2001:db8::1"])["address"] == ["2001:db8::1"]
    assert "only ansible_host and 'probe_addresses' of web01" in wrong(variables, address=["198.51.100.9"])


def test_what_a_host_lists_is_no_address_to_look_at() -> None:
    rows = [{**ROW, "address": "198.51.100.9", "scope": "adapter"}]
    assert completed({"ansible_host": "192.0.2.10"}, endpoints=rows)["address"] == ["192.0.2.10"]


def test_a_host_that_the_inventory_does_not_have() -> None:
    action = made()
    action.host_name = "stranger"
    with pytest.raises(InvalidOption, match="the inventory has no such host"):
        completed({}, action, host="stranger")


def test_there_is_an_end_to_addresses() -> None:
    many = [f"192.0.2.{number}" for number in range(MOST_ADDRESSES)]
    assert "are too many" in wrong({"ansible_host": "198.51.100.1", "probe_addresses": many})


# What else is refused, before anything is sent


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ports": ["tcp/1-1024"]}, "name the ticket"),
        ({"ports": ["listed", "tcp/80"], "scan_permitted": " "}, "name the ticket"),
        ({"ports": ["80"]}, "write 'listed', tcp/445"),
        ({"ports": []}, "names none"),
        ({"endpoints": []}, "nothing to look at"),
        ({"rate": 0, "timeout": 999}, "'rate' is 0"),
    ],
)
def test_what_is_refused(options: dict[str, Any], said: str) -> None:
    assert said in wrong({"ansible_host": "192.0.2.10"}, **options)


def test_a_scan_that_is_permitted_needs_no_list() -> None:
    assert completed({}, ports=["tcp/80"], scan_permitted="CHG-1", endpoints=[])["ports"] == ["tcp/80"]


def test_a_capture_cannot_be_looked_at_from_outside(log: Log) -> None:
    with pytest.raises(InvalidOption, match="is a capture"):
        look("192.0.2.10", made(transport="netmin.windows.capture"))
    # Nor where somebody else is to look.
    assert "is a capture" in wrong({"ansible_connection": "netmin.windows.capture"})
    assert log == []


# What is looked at, and told


@pytest.mark.parametrize("check", [False, True])
def test_both_views_are_side_by_side_in_check_mode_too(check: bool, log: Log) -> None:
    address = free_address()
    with listening(address) as (opened, said):
        closed = refused_port(address)
        rows = [{**ROW, "port": opened}, {**ROW, "port": closed, "outcome": "closed"}]
        result = look(address, made(check=check), endpoints=rows)
    told = {row["port"]: (row["inside"], row["outside"], row["agreement"]) for row in result["endpoints"]}
    assert told == {opened: ("listens", "open", "agrees"), closed: ("closed", "closed", "agrees")}
    assert (result["changed"], result["place"], result["permitted"]) == (False, "localhost", None)
    assert result["counts"]["agrees"] == 2
    assert len(said) == 1
    assert log == [result["told"]]


def test_the_log_says_who_looks_at_what_how_and_by_whose_leave(log: Log) -> None:
    address = free_address()
    result = look(address, ports=["listed", "tcp/1-3"], scan_permitted="CHG-4711\x1b[31m\nforged line")
    (line,) = log
    assert line.isprintable()
    assert f"looks at {HOST} ({address}) from localhost: 4 ports, 200 a second" in line
    assert "UDP requests dns, netbios, ntp, rpc" in line
    assert "scan permitted by CHG-4711" in line
    assert result["permitted"].startswith("CHG-4711")


def test_it_is_told_before_the_first_packet(monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    def unlooked(_options: object) -> Any:
        assert len(log) == 1
        raise NotResolved("no")

    monkeypatch.setattr(packets, "run", unlooked)
    with pytest.raises(NotProbed):
        look("192.0.2.10")
    assert len(log) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_more_than_the_host_lists(strict: bool, log: Log) -> None:
    address = free_address()
    with listening(address) as (opened, _said):
        result = look(address, endpoints=[{**ROW, "port": opened, "outcome": "closed"}], strict=strict)
    assert len(log) == 1
    (told,) = result["contradicted"]
    assert told.startswith(f"tcp/{opened} at {address}: the probe reached it, and the host says that it is closed: a port forward")
    assert bool(result.get("failed")) is strict
    assert not strict or told in result["msg"]


@pytest.mark.parametrize("rows", [[], [{**ROW, "port": 49700, "count": 9, "dynamic": True}]])
def test_without_a_full_list_nothing_is_said_to_be_missing_in_it(rows: list[Any], log: Log) -> None:
    address = free_address()
    with listening(address) as (opened, _said):
        result = look(address, endpoints=rows, ports=[f"tcp/{opened}"], scan_permitted="CHG-1", strict=True)
    assert len(log) == 1
    assert (result["counts"]["not_known"], result["contradicted"], result.get("failed")) == (1, [], None)


def test_endpoints_that_cannot_be_looked_at_are_warned_of(log: Log) -> None:
    rows: list[Any] = [ROW, {**ROW, "address": "::"}, {"protocol": "tcp"}]
    result = look(free_address(), endpoints=rows)
    assert len(log) == 1
    assert [text.partition(" ")[0] for text in result["warnings"]] == ["IPv6", "1"]
    assert "'probe_addresses'" in result["warnings"][0]


# Where the task is delegated, the module looks


def test_the_place_of_the_probe_is_where_the_task_is_delegated(log: Log) -> None:
    action = made(transport="ssh", delegate="probe.example")
    action.task_vars = {"ansible_python_interpreter": "x"}
    calls: list[dict[str, Any]] = []
    answer = {
        "addresses": [],
        "outside": [],
        "counts": {},
        "untested": [],
        "left_out": 0,
        "unreadable": 0,
    }

    def executed(**given: Any) -> Mapping[str, Any]:
        calls.append(given)
        return answer

    action._execute_module = executed  # noqa: SLF001
    result = look("192.0.2.10", action)
    assert result["place"] == "probe.example"
    (call,) = calls
    assert call["module_name"] == "netmin.windows.probe_info"
    assert call["module_args"]["address"] == ["192.0.2.10"]
    assert call["module_args"]["host"] == HOST
    # It learns ports, and not who owns them.
    assert call["module_args"]["endpoints"] == [{name: ROW[name] for name in ("protocol", "address", "port", "ports", "count")}]
    assert "from probe.example" in log[0]


@pytest.mark.parametrize(
    "problem",
    [{"failed": True, "msg": "MODULE FAILURE", "module_stderr": "x"}, {"failed": True, "msg": "no"}, {"unreachable": True, "msg": "gone"}],
)
def test_a_place_that_cannot_look_is_named(problem: dict[str, Any], log: Log) -> None:
    action = made(transport="ansible.builtin.ssh", delegate="probe.example")
    action._execute_module = lambda **_given: problem  # noqa: SLF001
    with pytest.raises(NotProbed, match=f"probe.example could not look: {problem['msg']}") as error:
        look("192.0.2.10", action)
    assert ("needs Python 3.9" in str(error.value)) is ("module_stderr" in problem)
    assert len(log) == 1


@pytest.mark.parametrize("transport", ["winrm", "ansible.builtin.psrp"])
def test_a_windows_host_is_no_place_for_a_probe(transport: str, log: Log) -> None:
    with pytest.raises(InvalidOption, match="needs Python"):
        look("192.0.2.10", made(transport=transport, delegate="win02"))
    assert log == []


def test_a_name_that_cannot_be_resolved_is_told(log: Log) -> None:
    with pytest.raises(NotProbed, match="cannot be resolved"):
        look("no such host.invalid")
    assert len(log) == 1


def test_no_packet_leaves_for_an_address_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    assert wrong({"ansible_host": "192.0.2.10"}, address=["198.51.100.9"])
