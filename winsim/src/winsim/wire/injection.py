# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of the network and of the service that testers arm: lost connections, timeouts, quotas, refusals.

Knows requests and no host; what goes wrong inside a host is the host's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from math import inf
from types import UnionType

from winsim.limits import within

from . import names
from .faults import ACCESS_DENIED, OPERATIONS_PER_USER, SHELLS_PER_USER, TIMED_OUT, SoapFault
from .journal import method_of
from .reading import Request

KINDS = frozenset({"access_denied", "cut", "delay", "lost", "quota", "timeout"})
_COUNT = within(0, inf)
MOMENTS = frozenset({"before", "during", "after"})


class ConnectionCut(Exception):
    """The request is not carried out and its connection is cut."""


@dataclass(slots=True)
class WireFault:
    """One armed fault.

    Attributes:
        kind: `cut` drops the connection, `lost` drops it and the host is gone until the faults are cleared, `delay` answers
            late; the others are answered in place of doing what was asked.
        when: for `cut` and `lost`. before: not carried out. during: carried out, half of the answer sent. after: answered.
        action, method, resource: patterns with `*`, regardless of case; an action or resource matches in full or by its last part.
        nth: counts matching requests from 1; `times` matching ones from there on are hit, 0 for all.
        seconds: for `delay`.
    """

    kind: str
    when: str = "before"
    action: str = "*"
    method: str = "*"
    resource: str = "*"
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    seen: int = 0

    def hits(self, request: Request) -> bool:
        """Count a request, and tell whether it is hit."""
        if not (
            _matches(self.action, request.action)
            and _matches(self.resource, request.resource)
            and _matches(self.method, method_of(request))
        ):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)


class Injector:
    """The wire faults of one host."""

    def __init__(self) -> None:
        self._armed: list[WireFault] = []
        self.lost = False

    def arm(self, fault: Mapping[str, object]) -> None:
        """Add a fault.

        Raises:
            ValueError: unknown kind or key, or a value that makes no sense.
        """
        self._armed.append(_read(fault))

    def armed(self) -> list[dict[str, object]]:
        """Return the faults as they were given, with what they have seen."""
        return [asdict(fault) for fault in self._armed]

    def clear(self) -> None:
        """Disarm all; a lost host is back."""
        self._armed.clear()
        self.lost = False

    def meet(self, request: Request) -> WireFault | None:
        """Return the fault of the connection that a request meets, if any.

        Raises:
            SoapFault: the fault to answer in place of doing what was asked.
            ConnectionCut: the request is not to be carried out.
        """
        met = [fault for fault in self._armed if fault.hits(request)]
        if not met:
            return None
        fault = met[0]
        if fault.kind == "lost":
            self.lost = True
        if fault.kind in {"cut", "lost"} and fault.when == "before":
            raise ConnectionCut
        if fault.kind in {"access_denied", "quota", "timeout"}:
            raise _instead(fault.kind, request)
        return fault


def _instead(kind: str, request: Request) -> SoapFault:
    if kind == "access_denied":
        return SoapFault(ACCESS_DENIED)
    if kind == "timeout":
        return SoapFault(TIMED_OUT)
    return SoapFault(SHELLS_PER_USER if request.action == names.CREATE else OPERATIONS_PER_USER)


def _read(given: Mapping[str, object]) -> WireFault:
    texts = {"kind", "when", "action", "method", "resource"}
    numbers: dict[str, type | UnionType] = {"nth": int, "times": int, "seconds": int | float}
    unknown = given.keys() - texts - numbers.keys()
    if unknown:
        raise ValueError(f"unknown keys of a fault: {', '.join(sorted(unknown))}")
    for name, value in given.items():
        if name in texts and not isinstance(value, str):
            raise ValueError(f"{name} is a text")
        if name in numbers and (isinstance(value, bool) or not isinstance(value, numbers[name]) or not _COUNT.fits(value)):
            raise ValueError(f"{name} is a {'whole ' if numbers[name] is int else ''}number of at least 0")
    fault = WireFault(**given)  # type: ignore[arg-type]  # names and types were checked above
    if fault.kind not in KINDS:
        raise ValueError(f"unknown kind of fault {fault.kind}; known: {', '.join(sorted(KINDS))}")
    if fault.when not in MOMENTS:
        raise ValueError(f"when is one of {', '.join(sorted(MOMENTS))}")
    return fault


def _matches(pattern: str, text: str) -> bool:
    wanted = pattern.lower()
    return fnmatchcase(text.lower(), wanted) or fnmatchcase(text.rpartition("/")[2].lower(), wanted)
