# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._session import limits
from ansible_collections.netmin.windows.plugins.plugin_utils._session.shell import MOST_COMMANDS, PATIENCE
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    SIGNALLED,
    TIMED_OUT,
    command_started,
    fault,
    lost,
    reading,
    received,
    shell_created,
)


def test_one_shell_serves_all_commands_and_is_deleted_at_the_end() -> None:
    session, transport = reading(
        shell_created(),
        command_started(),
        received(b"Act"),
        TIMED_OUT,
        received(b"ive \xff", exit_code=0),
        SIGNALLED,
        command_started(),
        received(b"again", exit_code=1),
        SIGNALLED,
        "",
    )
    first = session.command("netstat", "-ano")
    assert (first.stdout, first.stderr, first.exit_code) == ("Active \ufffd", "", 0)
    second = session.command("netstat", "-ano")
    assert (second.stdout, second.exit_code) == ("again", 1)
    session.close()
    assert transport.verbs == ["Create", "Command", "Receive", "Receive", "Receive", "Signal", "Command", "Receive", "Signal", "Delete"]
    assert transport.sent[1].arguments == [("Command", "netstat"), ("Arguments", "-ano")]
    assert transport.closed == 1


def test_what_a_command_says_of_its_failure_is_kept_apart() -> None:
    said = received(b"out ", stderr=b"not ")
    session, _transport = reading(shell_created(), command_started(), said, received(b"put", stderr=b"found \xff", exit_code=2), SIGNALLED)
    output = session.command("netstat", "-an")
    assert (output.stdout, output.stderr, output.exit_code) == ("out put", "not found \ufffd", 2)


def test_an_exit_code_that_is_left_out_is_zero() -> None:
    done = received(b"put", exit_code=7).replace("<rsp:ExitCode>7</rsp:ExitCode>", "")
    session, _transport = reading(shell_created(), command_started(), done, SIGNALLED)
    assert session.command("netstat", "-an").exit_code == 0


def test_a_command_that_stays_silent() -> None:
    session, transport = reading(shell_created(), command_started(), *([TIMED_OUT] * PATIENCE), "")
    with pytest.raises(errors.TimedOut, match="command 'netstat -an' at web01"):
        session.command("netstat", "-an")
    assert transport.verbs[-1] == "Delete"


def test_patience_with_a_command_begins_anew_with_everything_that_it_writes() -> None:
    silent = [TIMED_OUT] * (PATIENCE - 1)
    answers = (*silent, received(b"a"), *silent, received(b"b", exit_code=0), SIGNALLED)
    session, _transport = reading(shell_created(), command_started(), *answers)
    assert session.command("netstat", "-an").stdout == "ab"


def test_a_command_whose_output_was_lost_runs_again_in_a_new_shell() -> None:
    again = (shell_created("S2"), command_started(), received(b"all", exit_code=0), SIGNALLED)
    session, transport = reading(shell_created("S1"), command_started(), received(b"ha"), lost(), "", *again)
    assert session.command("netstat", "-an").stdout == "all"
    assert transport.verbs == ["Create", "Command", "Receive", "Receive", "Delete", "Create", "Command", "Receive", "Signal"]
    assert transport.sent[4].selectors == {"ShellId": "S1"}
    assert transport.sent[-1].selectors == {"ShellId": "S2"}


def test_a_shell_on_a_host_that_is_gone_is_forgotten() -> None:
    session, transport = reading(shell_created(), command_started(), errors.Unreachable("gone", host="web01"))
    with pytest.raises(errors.Unreachable):
        session.command("netstat", "-an")
    session.close()
    assert transport.verbs == ["Create", "Command", "Receive"]


def test_remote_shells_forbidden() -> None:
    session, _transport = reading(fault(2150859180))
    with pytest.raises(errors.AccessDenied, match="forbids remote shells"):
        session.command("netstat", "-an")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([received(b"x" * 1_000_000)] * 6, f"it wrote more than {limits.MAX_OUTPUT} bytes"),
        ([received()] * (limits.MAX_EMPTY + 1), "still not finished after 101 answers"),
        ([received(b"x")] * (limits.MAX_ANSWERS + 1), "still not finished after 2001 answers"),
        ([TIMED_OUT, received(b"x")] * 40, "still not finished after 600 s"),
    ],
)
def test_a_command_without_end_is_given_up_and_its_shell_deleted(answers: list[str], reason: str) -> None:
    clock = FakeClock()
    session, transport = reading(shell_created(), command_started(), *answers, clock=clock)
    exchange = transport.exchange

    def timed(envelope: bytes) -> bytes:
        clock.time += 20 if transport.script[:1] == [TIMED_OUT] else 0
        if b"Delete" in envelope:
            transport.script = [""]
        return exchange(envelope)

    transport.exchange = timed  # type: ignore[method-assign]  # the script goes on behind it
    with pytest.raises(errors.ProtocolError, match=f"command 'netstat -an' at web01: {reason}"):
        session.command("netstat", "-an")
    assert transport.verbs[-1] == "Delete"


def one(number: int) -> list[str]:
    return [command_started(), received(str(number).encode(), exit_code=0), SIGNALLED]


def test_a_shell_runs_no_more_commands_than_an_old_host_counts_until_it_is_deleted() -> None:
    commands = [answer for number in range(MOST_COMMANDS) for answer in one(number)]
    session, transport = reading(shell_created("S1"), *commands, "", shell_created("S2"), *one(99))
    said = [session.command("netstat", "-ano").stdout for _number in range(MOST_COMMANDS + 1)]
    assert said[-1] == "99"
    assert [verb for verb in transport.verbs if verb in ("Create", "Delete")] == ["Create", "Delete", "Create"]
    assert transport.verbs.count("Command") == MOST_COMMANDS + 1


def test_a_command_that_the_quota_of_operations_refused_is_sent_once_more_in_a_new_shell() -> None:
    refused = fault(2150859174)
    session, transport = reading(shell_created("S1"), *one(1), refused, "", shell_created("S2"), *one(2))
    session.command("netstat", "-ano")
    assert session.command("netstat", "-ano").stdout == "2"
    assert transport.verbs == ["Create", "Command", "Receive", "Signal", "Command", "Delete", "Create", "Command", "Receive", "Signal"]


def test_a_shell_that_was_idle_for_too_long_is_replaced() -> None:
    gone = fault(2150858843, "w:InvalidSelectors")
    once = (command_started(), received(b"a", exit_code=0), SIGNALLED)
    session, transport = reading(shell_created("S1"), *once, gone, shell_created("S2"), *once)
    assert session.command("netstat", "-an").stdout == "a"
    assert session.command("netstat", "-an").stdout == "a"
    assert transport.verbs[4:] == ["Command", "Create", "Command", "Receive", "Signal"]
    assert transport.sent[-1].selectors == {"ShellId": "S2"}


@pytest.mark.parametrize("request_before", ["Command", "Receive"])
def test_a_shell_that_goes_while_a_command_runs_is_told_as_that(request_before: str) -> None:
    gone = fault(2150858843, "w:InvalidSelectors")
    started = [shell_created("S1"), command_started()] if request_before == "Receive" else [shell_created("S1")]
    session, transport = reading(*started, gone, "")
    with pytest.raises(errors.Fault, match="the command shell, or the command in it, is gone"):
        session.command("netstat", "-an")
    assert transport.verbs[-2:] == [request_before, "Delete"]


def test_the_output_of_a_command_counts_although_its_shell_has_gone_since() -> None:
    gone = fault(2150858843, "w:InvalidSelectors")
    first = (shell_created("S1"), command_started(), received(b"all", exit_code=0), gone)
    session, transport = reading(*first, shell_created("S2"), *one(2), "")
    assert session.command("netstat", "-an").stdout == "all"
    assert session.command("netstat", "-an").stdout == "2"
    session.close()
    assert transport.verbs == ["Create", "Command", "Receive", "Signal", "Create", "Command", "Receive", "Signal", "Delete"]


def test_a_new_shell_that_is_gone_at_once_is_told() -> None:
    session, transport = reading(shell_created("S1"), fault(2150858843, "w:InvalidSelectors"), "")
    with pytest.raises(errors.Fault, match="command 'netstat -an' at web01"):
        session.command("netstat", "-an")
    assert transport.verbs == ["Create", "Command", "Delete"]


def test_a_quota_that_others_use_up_is_told() -> None:
    session, transport = reading(shell_created("S1"), fault(2150859174), "")
    with pytest.raises(errors.QuotaExceeded, match="too many operations open"):
        session.command("netstat", "-ano")
    assert transport.verbs == ["Create", "Command", "Delete"]
