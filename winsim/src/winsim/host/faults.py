# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of a host that a tester arms: what it refuses, forgets, or does on its own.

Faults of the wire (cut connections, quotas, time-outs) are not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from math import inf

from winsim.endpoint import Protocol
from winsim.limits import HIGHEST_PORT, LONGEST_STEP, within

_LIMITS = {
    "after": within(0, inf),
    "back": within(0, inf),
    "boots": within(0, inf),
    "mb": within(0, inf),
    "port": within(1, HIGHEST_PORT, "port"),
    "seconds": within(-LONGEST_STEP, LONGEST_STEP),
}
"""Which numbers a key takes."""

_WHICH: dict[str, type] = {"port": int, "address": str, "of": str}
_WHEN: dict[str, type] = {"boots": int, "back": float}
"""Which endpoints of a protocol a sabotage is about (all of them by default; `of` is their owner); after how many more boots it counts, and
after how many seconds what it took is back."""

KINDS: dict[str, tuple[dict[str, type], dict[str, type]]] = {
    # At each boot the wall clock is behind by so many seconds until, `after` the boot, it is set right; the time of the boot moves with it,
    # unless `boot_time` is `stays`.
    "clock_steps": ({"seconds": float}, {"after": float, "boot_time": str}),
    # A policy forbids the command shell and batch files.
    "cmd_disabled": ({}, {}),
    # The service runs again that many seconds (0: at the next look at the host) after it was stopped.
    "comes_back": ({"service": str}, {"after": float}),
    # One more endpoint, held by a service, a process, or a program that runs for this alone.
    "endpoint_added": ({"protocol": str, "port": int, "address": str, "owner": str}, {**_WHEN}),
    # Endpoints are not there.
    "endpoint_gone": ({"protocol": str}, {**_WHICH, **_WHEN}),
    # Endpoints are at the address `to`.
    "endpoint_moved": ({"protocol": str, "to": str}, {**_WHICH, **_WHEN}),
    # Endpoints are shown with the number of a process that there is not.
    "endpoint_orphaned": ({"protocol": str}, {**_WHICH, **_WHEN}),
    # Endpoints are held by another owner: a service, a process, or a program that runs for this alone.
    "endpoint_taken": ({"protocol": str, "owner": str}, {**_WHICH, **_WHEN}),
    # Writing below this folder is refused.
    "folder_denied": ({"path": str}, {}),
    # Only the IPv6 half of endpoints is there; of those that had none, one at `::`.
    "ipv6_left": ({"protocol": str}, {**_WHICH, **_WHEN}),
    # Writing below this key is refused.
    "key_denied": ({"key": str}, {}),
    # WMI refuses the class, or that method of it.
    "method_denied": ({"class": str}, {"method": str}),
    # The program takes so many megabytes, which a remote shell may not have.
    "needs_memory": ({"program": str, "mb": int}, {}),
    # A restart ends switched off.
    "no_return": ({}, {}),
    # The host runs on batteries.
    "on_batteries": ({}, {}),
    # From the next boot on the running service holds this port, if it is free.
    "port_reopened": ({"protocol": str, "port": int, "service": str}, {}),
    # Application control lets nobody start this program.
    "program_blocked": ({"program": str}, {}),
    # What a task or a service starts is killed after that many seconds (0: it does not start).
    "script_killed": ({}, {"after": float}),
    # The service refuses control and configuration.
    "service_denied": ({"service": str}, {}),
    # Sockets on this port that are open when the fault is armed stay open, over boots too.
    "socket_stays": ({"protocol": str, "port": int}, {}),
    # A write of the start mode is accepted and has no effect.
    "start_mode_lost": ({"service": str}, {}),
    # At a boot the service needs that many seconds to start.
    "starts_late": ({"service": str, "after": float}, {}),
    # A stop is accepted and never completes.
    "stop_hangs": ({"service": str}, {}),
    # A stop needs that many seconds.
    "stops_late": ({"service": str, "after": float}, {}),
    # The task scheduler refuses everything.
    "tasks_denied": ({}, {}),
    # A write of the value is accepted and has no effect.
    "value_lost": ({"key": str, "name": str}, {}),
}
"""Every kind with its required and optional keys."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One armed fault."""

    kind: str
    settings: Mapping[str, object]

    def says(self, **wanted: object) -> bool:
        """Tell whether the settings are these, without regard to case."""
        return all(_folded(self.settings.get(key)) == _folded(value) for key, value in wanted.items())

    def seconds(self) -> float:
        """Return the setting `after`, 0 where there is none."""
        return float(str(self.settings.get("after", 0)))

    def plain(self) -> dict[str, object]:
        """Return the fault as it was armed."""
        return {"kind": self.kind, **self.settings}


def parse(plain: Mapping[str, object]) -> Fault:
    """Read a fault from plain types.

    Raises:
        ValueError: the kind is unknown, or a key is missing, unknown or of the wrong type.
    """
    kind = plain.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
    required, optional = KINDS[kind]
    known = {**required, **optional}
    settings = {key: value for key, value in plain.items() if key != "kind"}
    for key in required:
        if key not in settings:
            raise ValueError(f"fault {kind}: {key} is missing")
    for key, value in settings.items():
        if key not in known:
            raise ValueError(f"fault {kind}: {key} is not one of {', '.join(known)}")
        accepted = (int, float) if known[key] is float else known[key]
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise ValueError(f"fault {kind}: {key} is no {known[key].__name__}")
        limit = _LIMITS.get(key)
        if limit is not None and not limit.fits(value):
            raise ValueError(f"fault {kind}: {key} {value!r} is no {limit.what}")
        if key == "protocol" and value not in tuple(Protocol):
            raise ValueError(f"fault {kind}: {value!r} is none of {', '.join(Protocol)}")
        if key in ("address", "to"):
            _check_address(kind, str(value))
    return Fault(kind, settings)


def _check_address(kind: str, text: str) -> None:
    try:
        ip_address(text.partition("%")[0])
    except ValueError as error:
        raise ValueError(f"fault {kind}: {text!r} is no address") from error


class Faults:
    """The faults armed on one host."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Add a fault."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def of(self, kind: str) -> Iterator[Fault]:
        """Yield the armed faults of a kind."""
        return (fault for fault in self._armed if fault.kind == kind)

    def find(self, kind: str, **wanted: object) -> Fault | None:
        """Return the first armed fault of a kind with these settings."""
        return next((fault for fault in self.of(kind) if fault.says(**wanted)), None)

    def denies_key(self, path: str) -> bool:
        """Tell whether writing to this key is refused."""
        folded = path.lower() + "\\"
        return any(folded.startswith(str(fault.settings["key"]).lower().rstrip("\\") + "\\") for fault in self.of("key_denied"))

    def denies_path(self, path: str) -> bool:
        """Tell whether writing to this file or folder is refused."""
        folded = path.lower() + "\\"
        return any(folded.startswith(str(fault.settings["path"]).lower().rstrip("\\") + "\\") for fault in self.of("folder_denied"))

    def plain(self) -> list[dict[str, object]]:
        """Return all armed faults as plain types."""
        return [fault.plain() for fault in self._armed]


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
