# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads side by side, without a network: which connection asks what, what is remembered, and what a failure costs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event, Lock

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CommandRead,
    NotRead,
    QueryRead,
    Read,
    SubkeysRead,
    TypesRead,
    ValueRead,
    Where,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import (
    SIGNALLED,
    Sent,
    command_started,
    fault,
    output,
    received,
    rows,
    shell_created,
    soap,
)

from .fakes import lost

MISSING, DENIED, BUSY = fault(2150858752, "a:DestinationUnreachable"), fault(5, "w:AccessDenied"), fault(1359)
PATIENCE = 20
COMMAND = {"Create": shell_created(), "Command": command_started(), "Receive": received(b"out", exit_code=0), "Signal": SIGNALLED}
MANY: tuple[Read, ...] = tuple(QueryRead(f"C{number}") for number in range(12))
Respond = Callable[["Way", Sent], str | Exception]


@dataclass
class Ways:
    """All connections to one host: what each of them sent.

    Attributes:
        respond: answers a request of a connection.
        joined: set once a further connection has asked something.
    """

    respond: Respond = field(default=lambda _way, sent: answer(sent))
    sent: list[tuple[int, Sent]] = field(default_factory=list)
    made: list[Way] = field(default_factory=list)
    joined: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def by(self, number: int) -> list[str]:
        """Return what a connection asked: the class or the key."""
        return [about(sent) for way, sent in self.sent if way == number]


class Way:
    """One of the connections; the first of them waits until another has joined in, so that the fast do not do it all."""

    endpoint = "http://web01:5985/wsman"
    operation_timeout = 20

    def __init__(self, ways: Ways, *, slow: bool = True) -> None:
        self.ways = ways
        self.slow: bool | None = slow
        self.number = len(ways.made)
        self.logins = self.resets = self.closed = self.aborted = 0
        ways.made.append(self)

    def exchange(self, envelope: bytes) -> bytes:
        sent = Sent(envelope)
        self.logins = self.logins or 1
        with self.ways.lock:
            self.ways.sent.append((self.number, sent))
        if self.number:
            self.ways.joined.set()
        elif len(self.ways.made) > 1:
            assert self.ways.joined.wait(PATIENCE)
        found = self.ways.respond(self, sent)
        if isinstance(found, Exception):
            raise found
        return soap(found, sent.message_id)

    def beside(self) -> Way:
        return Way(self.ways)

    def abort(self) -> None:
        self.aborted += 1

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.closed += 1


def about(sent: Sent) -> str:
    return dict(sent.arguments).get("sSubKeyName") or (sent.wql or sent.resource.rpartition("/")[2])


def answer(sent: Sent) -> str:
    """Say that there is one row, one subkey or nothing, as it was asked."""
    if sent.verb in COMMAND:
        return COMMAND[sent.verb]
    if sent.verb == "Delete":
        return ""
    if sent.verb == "CreateKey":
        return output("CreateKey")
    if sent.verb == "EnumKey":
        return output("EnumKey", sNames=["Sub"])
    if sent.verb.startswith(("Get", "Enum")) and sent.verb != "Enumerate":
        return output(sent.verb, 2)
    return rows({"Name": about(sent)})


def session(ways: Ways, *, connections: int = 4, slow: bool = True, read_only: bool = False) -> WritableSession:
    return WritableSession(Way(ways, slow=slow), host="web01", clock=FakeClock(), connections=connections, read_only=read_only)


def announced(*reads: Read) -> Callable[[], Iterable[Read]]:
    return lambda: reads


def test_reads_go_side_by_side_and_are_remembered() -> None:
    ways = Ways()
    with session(ways) as opened:
        opened.ahead(announced(*MANY), over=4)
        assert sorted(name for number in range(4) for name in ways.by(number)) == sorted(f"C{number}" for number in range(12))
        assert len(ways.made) == 4
        assert any(ways.by(number) for number in (1, 2, 3))
        assert [row.text("Name") for row in opened.query("C7")] == ["C7"]
        assert len(ways.sent) == 12
    assert (opened.stats.requests, opened.stats.logins) == (12, sum(way.logins for way in ways.made))


@pytest.mark.parametrize(
    ("connections", "over", "slow", "made"),
    [(1, 4, True, 1), (4, 1, True, 1), (4, 4, False, 1), (4, 2, True, 2), (2, 4, True, 2), (3, 4, True, 3), (4, 4, True, 4)],
)
def test_how_many_connections_are_opened(connections: int, over: int, slow: bool, made: int) -> None:
    ways = Ways()
    with session(ways, connections=connections, slow=slow) as opened:
        opened.ahead(announced(*MANY), over=over)
        assert len(ways.made) == made
        assert len(ways.sent) == (0 if made == 1 else 12)


def test_a_few_reads_are_worth_no_login_and_use_what_is_open() -> None:
    ways = Ways()
    with session(ways) as opened:
        opened.ahead(announced(*MANY[:3]), over=4)
        assert len(ways.made) == 1
        opened.ahead(announced(*MANY[3:]), over=4)
        assert len(ways.made) == 3
        opened.forget()
        opened.ahead(announced(*MANY[:3]), over=4)
        assert len(ways.made) == 3
    assert all(way.closed for way in ways.made)


def test_what_depends_on_an_answer_is_read_in_the_same_breath() -> None:
    ways = Ways()
    with session(ways) as opened:

        def wants() -> Iterable[Read]:
            yield from MANY
            yield SubkeysRead("Key")
            try:
                names = opened.recall(lambda known: known.subkeys("Key"))
            except NotRead:
                return
            yield from (TypesRead(f"Key\\{name}") for name in names or ())

        opened.ahead(wants, over=4)
        before = len(ways.sent)
        assert opened.value_types("Key\\Sub") is None
        assert len(ways.sent) == before == 14


def test_a_command_is_run_once_over_the_first_connection_and_counts_for_one_command() -> None:
    ways = Ways()
    with session(ways) as opened:
        opened.ahead(announced(CommandRead(("netstat", "-ano")), *MANY), over=4)
        assert {number for number, sent in ways.sent if sent.verb in COMMAND} == {0}
        before = len(ways.sent)
        assert opened.command("netstat", "-ano").stdout == "out"
        assert len(ways.sent) == before
        assert opened.command("netstat", "-ano").stdout == "out"
        assert len(ways.sent) == before + 3


def test_nothing_is_asked_below_a_key_that_is_not_there() -> None:
    ways = Ways()
    with session(ways) as opened:
        assert opened.value_types("Gone") is None
        opened.ahead(announced(*MANY, TypesRead("Gone\\Below"), ValueRead("Gone\\Below", "v", RegistryType.SZ)), over=4)
        assert not any("Below" in about(sent) for _number, sent in ways.sent)
        assert opened.value("Gone\\Below", "v", RegistryType.SZ) is None


@pytest.mark.parametrize(("body", "kind"), [(MISSING, errors.ClassMissing), (DENIED, errors.AccessDenied)])
def test_an_error_that_is_about_the_question_is_the_same_read_ahead_or_not(body: str, kind: type[errors.Fault]) -> None:
    def respond(_way: Way, sent: Sent) -> str:
        return body if about(sent) == "C5" else answer(sent)

    told = []
    for connections in (1, 4):
        ways = Ways(respond)
        with session(ways, connections=connections) as opened:
            opened.ahead(announced(*MANY), over=4)
            for _time in range(2):
                with pytest.raises(kind) as found:
                    opened.query("C5")
                told.append((str(found.value), found.value.code, found.value.subcode))
            # Asked once, as any other read.
            assert [about(sent) for _number, sent in ways.sent].count("C5") == 1
            opened.forget()
            with pytest.raises(kind):
                opened.query("C5")
            assert [about(sent) for _number, sent in ways.sent].count("C5") == 2
    assert len(set(told)) == 1


@pytest.mark.parametrize(
    "failure",
    [
        lost(),
        errors.AuthenticationFailed("no", host="web01"),
        errors.Unreachable("no", host="web01"),
        errors.ProtocolError("no", host="web01"),
        BUSY,
    ],
)
def test_a_further_connection_that_fails_is_given_up_and_its_read_asked_in_series(failure: str | Exception) -> None:
    def respond(way: Way, sent: Sent) -> str | Exception:
        return failure if way.number else answer(sent)

    ways = Ways(respond)
    with session(ways) as opened:
        opened.ahead(announced(*MANY), over=4)
        made = len(ways.made)
        # Each has asked once at most: nobody logs in again and again with what is refused.
        assert all(len(ways.by(number)) <= 1 for number in (1, 2, 3))
        for read in MANY:
            assert isinstance(read, QueryRead)
            assert [row.text("Name") for row in opened.query(read.wmi_class)] == [read.wmi_class]
        opened.forget()
        opened.ahead(announced(*MANY), over=4)
        assert len(ways.made) == made
        asked = [number for number in (1, 2, 3) if ways.by(number)]
        assert all(ways.made[number].closed for number in asked)


def test_a_lost_answer_of_the_first_connection_is_never_remembered() -> None:
    asked = Event()

    def respond(way: Way, _sent: Sent) -> str | Exception:
        if way.number:
            assert asked.wait(PATIENCE)
            return rows({"Name": "x"})
        asked.set()
        return lost()

    ways = Ways(respond)
    with session(ways) as opened:
        opened.ahead(announced(*MANY), over=4)
        left = [read.wmi_class for read in MANY if isinstance(read, QueryRead) and read.wmi_class in ways.by(0)]
        assert left
        with pytest.raises(errors.ConnectionLost):
            opened.query(left[0])


def test_nothing_but_reads_leaves_over_further_connections() -> None:
    ways = Ways()
    with session(ways) as opened:
        opened.ahead(announced(CommandRead(("netstat", "-an")), *MANY), over=4)
        opened.create_key("K")
        opened.ahead(announced(*(QueryRead(f"D{number}") for number in range(12))), over=4)
    reads = {"Enumerate", "Pull", "Release", "EnumKey", "EnumValues"}
    assert {sent.verb for number, sent in ways.sent if number} <= reads
    # The write found no thread at work: each batch is over when `ahead` returns.
    writing = next(place for place, (_number, sent) in enumerate(ways.sent) if sent.verb == "CreateKey")
    assert sorted(about(sent) for _number, sent in ways.sent[:writing] if about(sent).startswith("C")) == sorted(f"C{n}" for n in range(12))


def test_an_interrupted_task_closes_every_connection_and_leaves_no_thread() -> None:
    """A task's timeout interrupts the main thread alone: the others wait until their sockets are shut."""
    shut = Event()

    class Interrupted(BaseException):
        """As Ansible raises it."""

    def respond(way: Way, sent: Sent) -> str | Exception:
        if not way.number:
            raise Interrupted
        assert shut.wait(PATIENCE)
        return lost()

    ways = Ways(respond)
    opened = session(ways)
    with pytest.raises(Interrupted):
        opened.ahead(announced(*MANY), over=4)
    threads = opened._beside._threads  # noqa: SLF001  (what is left of them is the point)
    assert any(thread.is_alive() for thread in threads)
    assert all(thread.daemon for thread in threads)
    for way in ways.made[1:]:
        way.abort = shut.set  # type: ignore[method-assign]
    opened.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert all(way.closed for way in ways.made)
    asked = len(ways.sent)
    opened.ahead(announced(*MANY), over=4)
    assert len(ways.sent) == asked


def test_what_was_announced_in_vain_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ways = Ways()
    with session(ways) as opened:
        opened.ahead(announced(*MANY), over=4)
        for number in range(11):
            opened.query(f"C{number}")
    assert [record.getMessage() for record in caplog.records if "never asked for" in record.getMessage()] == [
        "web01: read ahead and never asked for: query of C11"
    ]


def test_a_condition_with_many_values_is_announced_whole() -> None:
    ways = Ways()
    with session(ways) as opened:
        where = Where("Name", tuple(f"n{number}" for number in range(200)))
        opened.ahead(announced(*MANY, QueryRead("C", ("Name",), where)), over=4)
        before = len(ways.sent)
        assert len(opened.query("C", ("Name",), where=where)) == 4
        assert len(ways.sent) == before
