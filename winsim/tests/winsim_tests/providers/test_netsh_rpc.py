# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh rpc filter`: one session makes a filter, single commands make none, and a condition that fails makes a wider one."""

from __future__ import annotations

import pytest

from .walk import Walk, walk

SERVER = "windows_server_2022"
SPOOLER, SCHEDULER = "12345678-1234-abcd-ef00-0123456789ab", "86d35949-83c9-4044-b424-db363231fd0c"
KEY = "11111111-2222-4333-8444-555555555555"
FILE = r"C:\Windows\Temp\filter.txt"
SHOW = "netsh rpc filter show filter"
EMPTY = "Listing all RPC Filters.\r\n\r\n"


def run(host: Walk, line: str) -> tuple[str, int]:
    command, *arguments = line.split(" ")
    result = host.computer.console.run(command, arguments, 65001)
    return result.stdout.decode(), result.exit_code


def script(host: Walk, *lines: str) -> tuple[str, int]:
    """Write a file and run it."""
    for number, line in enumerate(lines):
        run(host, f"echo {line}{'>' if number == 0 else '>>'}{FILE}")
    return run(host, f"netsh -f {FILE}")


def blocking(uuid: str = SPOOLER, *more: str, rule: str = "") -> tuple[str, ...]:
    return (
        "rpc filter",
        f"add rule layer=um actiontype=block filterkey={KEY}{rule}",
        f"add condition field=if_uuid matchtype=equal data={uuid}",
        *more,
        "add filter",
    )


def test_a_script_makes_a_filter_that_is_shown_with_its_uuid_in_four_words() -> None:
    host = walk(SERVER)
    said, code = script(host, *blocking(), "quit", "nonsense")
    assert (code, said.count("Ok."), f"FilterKey: {KEY}" in said) == (0, 3, True)
    shown, _code = run(host, SHOW)
    assert f"filterKey: {KEY}\r\n" in shown
    assert "numFilterConditions: 1\r\n" in shown
    # A published listing shows 367abb81-9844-35f1-ad32-98f038001003 so: 367abb81 35f19844 f09832ad 03100038.
    assert "Value: 12345678 abcd1234 230100ef ab896745\r\n" in shown
    assert host.computer.rpc_refuses(SPOOLER, None)
    assert not host.computer.rpc_refuses(SCHEDULER, None)
    assert list(host.computer.state()["rpc_filters"]) == [KEY]  # type: ignore[call-overload]


def test_single_commands_make_no_filter() -> None:
    host = walk(SERVER)
    run(host, f"netsh rpc filter add rule layer=um actiontype=block filterkey={KEY}")
    run(host, f"netsh rpc filter add condition field=if_uuid matchtype=equal data={SPOOLER}")
    assert run(host, "netsh rpc filter add filter")[1] == 1
    assert run(host, SHOW) == (EMPTY, 0)


def test_a_condition_that_fails_leaves_a_filter_that_blocks_all_calls() -> None:
    host = walk(SERVER)
    _said, code = script(host, *blocking("no-uuid"))
    assert code == 1
    assert "numFilterConditions: 0" in run(host, SHOW)[0]
    assert host.computer.rpc_refuses(SCHEDULER, None)
    assert run(host, f"netsh rpc filter delete filter filterkey={KEY}")[1] == 0
    assert not host.computer.rpc_refuses(SCHEDULER, None)
    assert run(host, SHOW) == (EMPTY, 0)


@pytest.mark.parametrize("first", ["filter", "", "rpc"])
def test_a_script_that_does_not_begin_with_the_context_makes_nothing(first: str) -> None:
    host = walk(SERVER)
    assert script(host, first or "rem", *blocking()[1:])[1] == 1
    assert run(host, SHOW) == (EMPTY, 0)


def test_a_key_is_used_once_and_known_to_delete() -> None:
    host = walk(SERVER)
    assert script(host, *blocking())[1] == 0
    assert script(host, *blocking(SCHEDULER))[1] == 1
    assert not host.computer.rpc_refuses(SCHEDULER, None)
    assert run(host, "netsh rpc filter delete filter filterkey=22222222-2222-4333-8444-555555555555")[1] == 1
    assert run(host, f"netsh rpc filter delete filter filterkey={KEY}")[1] == 0


def test_all_fields_must_match_and_of_one_field_any_value() -> None:
    host = walk(SERVER)
    pipes = "add condition field=protocol matchtype=equal data=ncacn_np"
    script(host, *blocking(SPOOLER, pipes))
    assert not host.computer.rpc_refuses(SPOOLER, None)
    run(host, f"netsh rpc filter delete filter filterkey={KEY}")
    script(host, *blocking(SPOOLER, pipes, "add condition field=protocol matchtype=equal data=ncacn_ip_tcp"))
    assert host.computer.rpc_refuses(SPOOLER, None)


def test_a_filter_outlives_a_boot_unless_it_is_volatile() -> None:
    lasting, volatile = walk(SERVER), walk(SERVER)
    script(lasting, *blocking())
    script(volatile, *blocking(rule=" persistence=volatile"))
    for host in (lasting, volatile):
        assert host.computer.rpc_refuses(SPOOLER, None)
        host.computer.boot()
    assert lasting.computer.rpc_refuses(SPOOLER, None)
    assert not volatile.computer.rpc_refuses(SPOOLER, None)


def test_before_vista_there_is_no_such_context() -> None:
    host = walk("windows_xp")
    assert run(host, SHOW)[1] == 1
    assert script(host, *blocking())[1] == 1
