# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The look from outside: connects to TCP ports and sends nothing, and asks UDP ports what is harmless.

Runs on the Python of the place of the probe: standard library only, from Python 3.9 on. What a host sends is counted and thrown away:
no byte of it is in a result.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import itertools
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .probe_ports import Listed, Port, asked_for, beyond, listed, ranges, scanned
from .probe_requests import HARMLESS, QUESTIONS, Question, question_of

OPEN, CLOSED, SILENT, NOT_TESTED = "open", "closed", "silent", "not_tested"
STATES = (OPEN, CLOSED, SILENT, NOT_TESTED)

SOCKETS = 64
"""So many sockets are open at once."""
MOST_RATE = 200
MOST_ADDRESSES = 16
FAREWELL_BYTES = 16384
FAREWELL_SECONDS = 0.5
"""What a talkative host may still send before a connection is closed."""

ARGUMENTS: Mapping[str, Any] = {
    "host": {"type": "str"},
    "address": {"type": "list", "elements": "str"},
    "endpoints": {"type": "list", "elements": "dict", "default": []},
    "ports": {"type": "list", "elements": "str", "default": ["listed"]},
    "scan_permitted": {"type": "str"},
    "udp_requests": {"type": "list", "elements": "str", "choices": sorted(QUESTIONS), "default": list(HARMLESS)},
    "rate": {"type": "int", "default": 20},
    "timeout": {"type": "int", "default": 3},
    "retries": {"type": "int", "default": 1},
    "limit": {"type": "int", "default": 900},
    "strict": {"type": "bool", "default": False},
}

# Errors of connect(2) and send(2) that say that there is no way, because of this place or of a router near it (icmp(7)), not of the host's.
_NO_WAY = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM, errno.ENETDOWN}


class NotResolved(Exception):
    """An address cannot be used."""


@dataclass(frozen=True)
class Target:
    """One address, as the system writes it."""

    text: str
    place: tuple[Any, ...]

    @property
    def family(self) -> int:
        """Return 4 or 6."""
        return 6 if ":" in self.text else 4

    def at(self, port: int) -> tuple[Any, ...]:
        """Return what a socket connects to."""
        return (self.place[0], port, *self.place[2:])


@dataclass(frozen=True)
class Pace:
    """How fast and how long.

    Attributes:
        rate: connections and datagrams a second.
        timeout: seconds that one attempt may take.
        retries: attempts after a silent first one.
        limit: seconds for everything; what is left then is not tested.
    """

    rate: float = 20
    timeout: float = 3
    retries: int = 1
    limit: float = 900

    def wrong(self) -> list[str]:
        """Return what is out of bounds."""
        bounds = {"rate": (self.rate, 1, MOST_RATE), "timeout": (self.timeout, 1, 60), "retries": (self.retries, 0, 5)}
        bounds["limit"] = (self.limit, 1, 86400)
        return [
            f"'{name}' is {value:g}: it must be {low} to {high}" for name, (value, low, high) in bounds.items() if not low <= value <= high
        ]


@dataclass(frozen=True)
class Found:
    """What was found of one port at one address.

    Attributes:
        listed: the list of endpoints names it.
    """

    address: str
    protocol: str
    port: int
    state: str
    evidence: str
    listed: bool


def resolved(name: str) -> Target:
    """Resolve a name once; all attempts then use the address.

    Raises:
        NotResolved: it has none, or one that is no host's.
    """
    try:
        rows = socket.getaddrinfo(name, 1, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotResolved(f"{name[:200]!r} cannot be resolved here: {getattr(error, 'strerror', None) or error}") from error
    place = rows[0][4]
    text = str(place[0])
    plain = ipaddress.ip_address(text.partition("%")[0])
    if plain.is_multicast or plain.is_unspecified or text == "255.255.255.255":
        raise NotResolved(f"{text} is no address of one host")
    return Target(text, tuple(place))


def look(targets: Sequence[Target], entries: Iterable[object], rows: Iterable[object], wanted: Iterable[str], pace: Pace) -> dict[str, Any]:
    """Look at all ports of all targets and return plain values.

    Args:
        entries: the option `ports`.
        rows: the endpoints that `listed` stands for.
        wanted: names of UDP requests.
    """
    asked = asked_for(entries)
    names = listed(rows if any(protocol == "listed" for protocol, _numbers in asked) else ())
    questions = {port: question for name in wanted for question in (QUESTIONS[name],) for port in question.ports}
    plan = list(_plan(targets, names, tuple(scanned(asked))))
    found = asyncio.run(_Probe(questions, pace).all(plan))
    counts = {state: sum(item.state == state for item in found) for state in STATES}
    told = {"outside": list(_told(found)), "counts": counts, "untested": _untested(targets, names)}
    return {**told, "left_out": names.left_out, "unreadable": names.unreadable}


def _plan(targets: Sequence[Target], names: Listed, more: Sequence[Port]) -> Iterator[tuple[Target, Port, bool]]:
    """Yield the ports of all targets in turn: an address that answers nothing does not keep the others waiting."""
    ports = []
    for target in targets:
        known = dict.fromkeys(names.ports[target.family], True)
        ports.append([(target, port, True) for port in known] + [(target, port, False) for port in more if port not in known])
    for row in itertools.zip_longest(*ports):
        yield from (entry for entry in row if entry is not None)


def _untested(targets: Sequence[Target], names: Listed) -> list[str]:
    """Return the families that the list names and no target has."""
    families = {target.family for target in targets}
    return [f"ipv{family}" for family, ports in names.ports.items() if ports and family not in families]


def _told(found: Sequence[Found]) -> Iterator[dict[str, Any]]:
    """Yield a row for each port that is listed or open, and one for all others of which the same is to be said."""
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for item in found:
        if item.listed or item.state == OPEN:
            place = {"address": item.address, "protocol": item.protocol, "port": item.port, "ports": None}
            yield {**place, "state": item.state, "evidence": item.evidence, "listed": item.listed}
        else:
            groups.setdefault((item.address, item.protocol, item.state, item.evidence), []).append(item.port)
    for (address, protocol, state, evidence), numbers in groups.items():
        ports = ranges(numbers) if len(numbers) > 1 else None
        row = {"address": address, "protocol": protocol, "port": min(numbers), "ports": ports}
        yield {**row, "state": state, "evidence": evidence, "listed": False}


class _Probe:
    """One look."""

    def __init__(self, questions: Mapping[int, Question], pace: Pace) -> None:
        self._questions = questions
        self._pace = pace
        self._next = 0.0

    async def all(self, plan: Sequence[tuple[Target, Port, bool]]) -> list[Found]:
        """Look at everything, some at a time, and return it in the order of the plan."""
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + self._pace.limit
        found: list[Found | None] = [None] * len(plan)
        numbers = iter(range(len(plan)))

        async def work() -> None:
            for number in numbers:
                target, (protocol, port), known = plan[number]
                state, evidence = await self._one(target, protocol, port)
                found[number] = Found(target.text, protocol, port, state, evidence, known)

        await asyncio.gather(*(work() for _worker in range(min(SOCKETS, len(plan)))))
        return [item for item in found if item is not None]

    async def _one(self, target: Target, protocol: str, port: int) -> tuple[str, str]:
        question = self._questions.get(port)
        if protocol == "udp" and question is None:
            known = question_of(port)
            hint = f"name '{known.name}' in 'udp_requests' to ask it" if known else "nothing harmless is known to ask it"
            return NOT_TESTED, f"{hint}; a UDP port that is not asked says nothing"
        said = ""
        for _attempt in range(self._pace.retries + 1):
            if not await self._turn():
                return NOT_TESTED, f"the time was over ('limit' is {self._pace.limit:g} seconds)"
            try:
                if protocol == "tcp":
                    state, said = await self._connect(target, port)
                else:
                    state, said = await self._ask(target, port, question)  # type: ignore[arg-type]  # returned above without
            except OSError as error:
                state, said = of_error(error)
            if state != SILENT:
                return state, said
        return SILENT, f"{said} ({_times(self._pace.retries + 1)})"

    async def _turn(self) -> bool:
        """Wait until the next packet may leave; False where the time is over before."""
        now = self._loop.time()
        start = max(self._next, now)
        if start >= self._end:
            return False
        self._next = start + 1 / self._pace.rate
        if start > now:
            await asyncio.sleep(start - now)
        return True

    def _seconds(self) -> float:
        return max(0.0, min(self._pace.timeout, self._end - self._loop.time()))

    async def _connect(self, target: Target, port: int) -> tuple[str, str]:
        """Shake hands, send nothing, and close as a client does that has nothing to say."""
        with socket.socket(socket.AF_INET6 if target.family == 6 else socket.AF_INET, socket.SOCK_STREAM) as made:
            made.setblocking(False)
            task = self._loop.create_task(self._loop.sock_connect(made, target.at(port)))
            await _finished(task, self._seconds())
            if task.cancelled():
                return SILENT, f"no answer within {self._pace.timeout:g} seconds"
            error = task.exception()
            # A refusal of the handshake is ECONNREFUSED; these two errors need a connection (RFC 9293 3.10.7.4).
            if isinstance(error, OSError) and error.errno in (errno.ECONNRESET, errno.EPIPE):
                return OPEN, "the TCP handshake was completed, and the host reset the connection at once"
            if error is not None:
                raise error
            if _met_itself(made):
                return CLOSED, "the connection met only itself"
            await self._leave(made)
        return OPEN, "the TCP handshake was completed"

    async def _leave(self, made: socket.socket) -> None:
        """End a connection; what the host still sends is read and thrown away, or the system would reset the connection."""
        try:
            made.shutdown(socket.SHUT_WR)
        except OSError:
            return
        task = self._loop.create_task(self._drain(made))
        await _finished(task, FAREWELL_SECONDS)

    async def _drain(self, made: socket.socket) -> None:
        left = FAREWELL_BYTES
        try:
            while left > 0 and (got := await self._loop.sock_recv(made, min(left, 4096))):
                left -= len(got)
        except OSError:
            pass

    async def _ask(self, target: Target, port: int, question: Question) -> tuple[str, str]:
        sent = question.make(port, os.urandom(16))
        answered: asyncio.Future[bytes] = self._loop.create_future()
        waiter = _Waiter(target.text, answered)
        if question.elsewhere:
            family = socket.AF_INET6 if target.family == 6 else socket.AF_INET
            transport, _protocol = await self._loop.create_datagram_endpoint(lambda: waiter, family=family)
            transport.sendto(sent, target.at(port))
        else:
            with socket.socket(socket.AF_INET6 if target.family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as made:
                made.setblocking(False)
                made.connect(target.at(port))
                # Connected, or nobody tells that the port is unreachable.
                transport, _protocol = await self._loop.create_datagram_endpoint(lambda: waiter, sock=made.dup())
            transport.sendto(sent)
        try:
            await asyncio.wait({answered}, timeout=self._seconds())
        finally:
            transport.close()
        if not answered.done():
            return SILENT, f"no answer to a {question.what}, which proves nothing: a UDP port may be open and silent"
        error = answered.exception()
        if error is not None:
            raise error
        got = answered.result()
        fits = "" if question.fits(sent, got) else ", which are no answer to it"
        return OPEN, f"a {question.what} was answered with {len(got)} bytes{fits}"


class _Waiter(asyncio.DatagramProtocol):
    """Takes the first datagram of a host, or the error that came in its place."""

    def __init__(self, address: str, answered: asyncio.Future[bytes]) -> None:
        self._address = address
        self._answered = answered

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if addr[0] == self._address and not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)


def _met_itself(made: socket.socket) -> bool:
    """Tell whether both ends are this socket, as may happen on the machine of the probe where nothing listens (simultaneous open)."""
    try:
        return bool(made.getsockname() == made.getpeername())
    except OSError:  # the host has reset the connection already
        return False


async def _finished(task: asyncio.Task[None], seconds: float) -> None:
    """Wait for a task, and cancel one that takes longer."""
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


def of_error(error: OSError) -> tuple[str, str]:
    """Return what an error of the system says about a port."""
    name = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if error.errno == errno.ECONNREFUSED:
        return CLOSED, "the host refused it"
    if error.errno in (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN):
        return SILENT, f"no answer of the host: the network says {name}"
    if error.errno in _NO_WAY:
        return NOT_TESTED, f"there is no way from this place ({name})"
    return NOT_TESTED, f"this place could not try ({name})"


def _times(number: int) -> str:
    return "tried once" if number == 1 else f"tried {number} times"


def run(options: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the options say.

    Raises:
        NotResolved: an address cannot be used; nothing was sent.
        WrongPorts: a port is none.
        PermissionError: more is asked for than what is listed, and no ticket permits it.
    """
    if beyond(asked_for(options["ports"])) and not str(options.get("scan_permitted") or "").strip():
        raise PermissionError("more is asked for than what is listed, and 'scan_permitted' names no ticket")
    by_name = {str(name): resolved(str(name)) for name in list(options.get("address") or ())[:MOST_ADDRESSES]}
    pace = Pace(options["rate"], options["timeout"], options["retries"], options["limit"])
    found = look(list(dict.fromkeys(by_name.values())), options["ports"], options["endpoints"], options["udp_requests"], pace)
    return {"addresses": [{"name": name, "address": target.text} for name, target in by_name.items()], **found}
