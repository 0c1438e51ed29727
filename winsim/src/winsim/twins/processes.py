# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes, services and drivers of a capture."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from winsim.host.found import FoundService
from winsim.host.model import SERVICES, SYSTEM, ProcessSpec, ServiceSpec, StartMode, State
from winsim.host.processes import IDLE

from .format import Capture, Reference, Row, cells_of, flag, number, text
from .keys import Keys
from .nearest import Nearest

MODES = {
    "boot": StartMode.BOOT,
    "system": StartMode.SYSTEM,
    "auto": StartMode.AUTO,
    "manual": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
SHELL = "cmd.exe"
"""What runs the timer of the collection: no boot starts it."""

STATES = {"running": State.RUNNING, "start pending": State.START_PENDING, "stop pending": State.STOP_PENDING}
INSTANCE = re.compile(r"(.+)_([0-9a-f]{4,8})")
PER_USER_SINCE = (10, 0)
STOP_AND_CHANGE = (0x20, 0x2)
"""What an administrator needs (Microsoft, "Service Security and Access Rights")."""

ADMINISTRATORS = bytes.fromhex("01020000000000052000000020020000")
"""S-1-5-32-544 (MS-DTYP 2.4.2.2)."""

_DESCRIPTOR, _LIST, _ENTRY = struct.Struct("<BBHIIII"), struct.Struct("<BBHHH"), struct.Struct("<BBHI")


@dataclass(slots=True)
class Programs:
    """What runs, and what could.

    Attributes:
        ids: the processes' ids by their numbers.
        found: the states of services and drivers by name in lower case.
        demanded: services that are started by hand or on demand, and ran.
        idle: automatic ones that did not.
        untried: services of which it was not seen whether they take a stop.
        assumed: drivers whose state nobody asked for.
    """

    processes: tuple[ProcessSpec, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    ids: dict[int, str] = field(default_factory=dict)
    found: dict[str, FoundService] = field(default_factory=dict)
    luid: str = ""
    demanded: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    untried: int = 0
    assumed: tuple[str, ...] = ()
    _by_process: dict[str, list[ServiceSpec]] = field(default_factory=dict)

    def hosted(self, process: str) -> list[ServiceSpec]:
        """Return the services that run in a process; asked once all of them are known."""
        if not self._by_process:
            for service in self.services:
                if not service.driver and self.runs(service):
                    self._by_process.setdefault(service.process, []).append(service)
        return self._by_process.get(process, [])

    def runs(self, service: ServiceSpec) -> bool:
        """Tell whether a service ran."""
        name = f"{service.name}_{self.luid}" if service.per_user else service.name
        found = self.found.get(name.lower())
        return found is not None and found.state is not State.STOPPED


def programs(capture: Capture, keys: Keys, known: Nearest) -> Programs:
    """Return the processes, services and drivers of a capture."""
    made = Programs()
    processes = _processes(capture, known, made.ids)
    rows = {text(row, "name").lower(): row for row in capture.rows("Win32_Service") if text(row, "name")}
    drivers = {text(row, "name").lower(): row for row in capture.rows("Win32_SystemDriver") if text(row, "name")}
    edges = _edges(capture)
    made.luid = _luid(rows, keys, known)
    places = _Places(known, made.ids, processes)
    places.settle(rows.values())
    services = [_service(row, keys, known, edges, places) for row in rows.values()]
    names = {*rows, *drivers}
    others = {name: _driver_row(real, keys) for name, real in edges.drivers.items() if name not in names}
    made.assumed = tuple(text(row, "name") for row in others.values())
    services += [_driver(row, keys, known, edges) for row in (*drivers.values(), *others.values())]
    said = {**rows, **drivers}
    made.found = {name: FoundService(_state(row), number(row, "exitcode"), MODES.get(_said(row))) for name, row in said.items()}
    _assume_drivers(made, services, others)
    services = [_complete(service, known) for service in services]
    made.services = tuple(_by_rules(made, services, known))
    made.untried = sum(not made.runs(service) for service in made.services if not service.driver)
    made.services = tuple(_as_template(s, keys, made.luid) if _is_of(s.name, made.luid) else s for s in made.services)
    made.processes = (*processes.values(), *places.made.values())
    return made


# Processes


def _processes(capture: Capture, known: Nearest, ids: dict[int, str]) -> dict[str, ProcessSpec]:
    """Return what ran, by id; the system's own have the ids by which the simulator knows them."""
    permanent = {process.name.lower(): process for process in known.host.processes if process.permanent}
    found: dict[str, ProcessSpec] = {}
    lines_of: dict[str, list[str]] = {}
    for query in capture.queries("Win32_Process"):
        for row in map(cells_of, query.rows):
            if text(row, "commandline"):
                lines_of.setdefault(text(row, "name").lower(), []).append(text(row, "commandline"))
    for row in capture.rows("Win32_Process"):
        pid, name = number(row, "processid"), text(row, "name")
        if pid is None or pid in ids:
            continue
        own = permanent.get(name.lower())
        taken = own is None or own.id in found
        lines = lines_of.get(name.lower(), [])
        command = lines.pop(0) if lines else ""
        ids[pid] = IDLE if pid == 0 else f"{name} {pid}" if taken or own is None else own.id
        command = command if taken or own is None else own.command
        found[ids[pid]] = ProcessSpec(ids[pid], name, command, pid, permanent=name.lower() != SHELL)
    for process in known.host.processes:
        if process.id in (IDLE, SYSTEM) and process.id not in found:
            found[process.id] = process
    return found


class _Places:
    """In which process a service runs, or would."""

    def __init__(self, known: Nearest, ids: Mapping[int, str], processes: dict[str, ProcessSpec]) -> None:
        self._ids = ids
        self._processes = processes
        self._known = known
        self._by_image: dict[str, str] = {}
        self._used: set[str] = set()
        self.made: dict[str, ProcessSpec] = {}
        self._permanent = {process.id for process in known.host.processes if process.permanent}

    def settle(self, rows: Iterable[Row]) -> None:
        """Learn which images share a process: of those that run."""
        for row in rows:
            if _state(row) is State.STOPPED:
                continue
            image = text(row, "pathname").lower()
            process = self._ids.get(number(row, "processid") or 0)
            if process is None or process == IDLE:
                process = self._by_image.get(image) or self._free(image)
            if process is not None:
                self._hold(process, text(row, "pathname"))
                self._by_image.setdefault(image, process)

    def of(self, row: Row) -> str:
        """Return the id of a service's process."""
        image = text(row, "pathname").lower()
        running = self._ids.get(number(row, "processid") or 0)
        if running is not None and running != IDLE:
            return running
        shared = "share" in text(row, "servicetype").lower() or number(row, "processid") is None
        if shared and image in self._by_image and not self._split(row):
            return self._by_image[image]
        name = _program(text(row, "pathname")) or "service.exe"
        own = f"{name} of {text(row, 'name')}"
        if shared and not self._split(row):
            own = f"{name} of {image}"
            self._by_image[image] = own
        self.made.setdefault(own, ProcessSpec(own, name, text(row, "pathname")))
        return own

    def _split(self, row: Row) -> bool:
        """Tell whether each service of a group has a process of its own; one that has not runs with others already."""
        if not self._known.host.windows.split_services or _state(row) is not State.STOPPED:
            return False
        process = self._by_image.get(text(row, "pathname").lower())
        return process is None or process not in self._permanent

    def _hold(self, process: str, command: str) -> None:
        """Let a process be one that its services start and end, unless it is one of the system's own."""
        spec = self._processes.get(process)
        if spec is not None and process not in self._permanent:
            self._processes[process] = replace(spec, permanent=False, command=spec.command or command)
        self._used.add(process)

    def _free(self, image: str) -> str | None:
        """Return a process of this program that no other service has, where the host does not say which (Windows 2000)."""
        name = _program(image)
        found = [process for process in self._processes.values() if process.name.lower().removesuffix(".exe") == name.removesuffix(".exe")]
        own = [process.id for process in found if process.id not in self._used]
        return next(iter(own), found[0].id if found else None)


def _program(path: str) -> str:
    """Return the file name of a program."""
    found = re.match(r'\s*(?:"([^"]*)"|(.+?\.\w{3})(?=\s|$)|(\S+))', path)
    image = next((group for group in found.groups() if group), "") if found else ""
    return image.replace("/", "\\").rpartition("\\")[2].lower()


# Services and drivers


@dataclass(slots=True)
class _Edges:
    """Which service depends on which, by name in lower case, and the drivers among them."""

    needs: dict[str, list[str]] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)


def _edges(capture: Capture) -> _Edges:
    found = _Edges()
    for row in capture.rows("Win32_DependentService"):
        ends = [row.get(name) for name in ("antecedent", "dependent")]
        names = [_end(end) for end in ends]
        if not all(names):
            continue
        found.needs.setdefault(names[1].lower(), []).append(names[0])
        for end, name in zip(ends, names, strict=True):
            if isinstance(end, Reference) and end.class_name.lower() == "win32_systemdriver":
                found.drivers.setdefault(name.lower(), name)
    return found


def _end(cell: object) -> str:
    keys = cell.keys if isinstance(cell, Reference) else {}
    return next((value for name, value in keys.items() if name.lower() == "name"), "")


def _service(row: Row, keys: Keys, known: Nearest, edges: _Edges, places: _Places) -> ServiceSpec:
    name = text(row, "name")
    own = _known(known, name)
    depends, group = _depends(name, keys, edges)
    return ServiceSpec(
        name=name,
        display=text(row, "displayname"),
        start=_mode(row, keys),
        process=places.of(row),
        image=text(row, "pathname"),
        shared="share" in text(row, "servicetype").lower(),
        depends=depends,
        in_group=group,
        accepts_stop=_accepts_stop(row, own),
        delayed=flag(row, "delayedautostart") or keys.number(rf"{SERVICES}\{name}", "DelayedAutostart") == 1,
        protected=_protected(keys, name),
        by_hand=own is not None and own.by_hand,
        kind=text(row, "servicetype"),
    )


def _driver(row: Row, keys: Keys, known: Nearest, edges: _Edges) -> ServiceSpec:
    name = text(row, "name")
    depends, group = _depends(name, keys, edges)
    return ServiceSpec(
        name=name,
        display=text(row, "displayname") or name,
        start=_mode(row, keys),
        process=SYSTEM,
        image=text(row, "pathname"),
        driver=True,
        depends=depends,
        in_group=group,
        accepts_stop=_accepts_stop(row, _known(known, name)),
        kind=text(row, "servicetype"),
        account="",
    )


def _driver_row(name: str, keys: Keys) -> Row:
    """Return what is known of a driver that was not asked for."""
    start = keys.number(rf"{SERVICES}\{name}", "Start")
    mode = StartMode(start) if start is not None and start in tuple(StartMode) else StartMode.MANUAL
    return {"name": name, "startmode": mode.name.capitalize()}


def _depends(name: str, keys: Keys, edges: _Edges) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a service depends on: what its key can name, and what only a group can."""
    needs = tuple(dict.fromkeys(edges.needs.get(name.lower(), ())))
    types = keys.types(rf"{SERVICES}\{name}")
    return (needs, ()) if types is None or "dependonservice" in types else ((), needs)


def _mode(row: Row, keys: Keys) -> StartMode:
    start = keys.number(rf"{SERVICES}\{text(row, 'name')}", "Start")
    # The registry has what the next boot reads; the service control manager said what counts now.
    return StartMode(start) if start is not None and start in tuple(StartMode) else MODES.get(_said(row), StartMode.MANUAL)


def _said(row: Row) -> str:
    return text(row, "startmode").lower()


def _state(row: Row) -> State:
    return STATES.get(text(row, "state").lower(), State.STOPPED)


def _accepts_stop(row: Row, own: ServiceSpec | None) -> bool:
    if _state(row) is State.RUNNING:
        return flag(row, "acceptstop")
    return own is None or own.accepts_stop


def _known(known: Nearest, name: str) -> ServiceSpec | None:
    return next((service for service in known.host.services if service.name.lower() == name.lower()), None)


def _protected(keys: Keys, name: str) -> bool:
    """Tell whether the access list of a service lets no administrator stop or change it."""
    value = keys.value(rf"{SERVICES}\{name}\Security", "Security")
    if value is None or not isinstance(value.data, bytes):
        return False
    try:
        allowed = [mask for kind, mask, sid in _entries(value.data) if kind == 0 and sid.startswith(ADMINISTRATORS)]
    except struct.error:
        return False
    return bool(allowed) and not any(mask & right for mask in allowed for right in STOP_AND_CHANGE)


def _entries(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield type, mask and SID of the entries of a self-relative security descriptor (MS-DTYP 2.4.6, 2.4.5, 2.4.4)."""
    at = _DESCRIPTOR.unpack_from(descriptor)[6]
    count, place = _LIST.unpack_from(descriptor, at)[3], at + _LIST.size
    for _number in range(count):
        kind, _flags, size, mask = _ENTRY.unpack_from(descriptor, place)
        if size < _ENTRY.size:
            raise struct.error("an entry without a length")
        yield kind, mask, descriptor[place + _ENTRY.size : place + size]
        place += size


def _assume_drivers(made: Programs, services: Iterable[ServiceSpec], others: Mapping[str, Row]) -> None:
    """Let drivers that nobody asked for run where something that runs needs them, or where their start mode says so."""
    by_name = {service.name.lower(): service for service in services}
    running = {name for name, found in made.found.items() if found.state is not State.STOPPED}
    pending = [*running, *(name for name in others if by_name[name].start <= StartMode.AUTO)]
    while pending:
        name = pending.pop()
        if name in others:
            made.found[name] = FoundService(State.RUNNING)
        service = by_name.get(name)
        needs = (need.lower() for need in (*service.depends, *service.in_group)) if service is not None else ()
        pending += [need for need in needs if need in others and need not in made.found]
    for name in others:
        made.found.setdefault(name, FoundService(State.STOPPED))


def _complete(service: ServiceSpec, known: Nearest) -> ServiceSpec:
    """Add what winsim knows of a service of this name and does not contradict what was found."""
    own = _known(known, service.name)
    if own is None:
        return service
    return replace(service, account=own.account, description=own.description)


def _by_rules(made: Programs, services: list[ServiceSpec], known: Nearest) -> Iterator[ServiceSpec]:
    """Say what a boot starts, and what it leaves stopped, of those whose start modes alone would not say it."""
    by_name = {service.name.lower(): service for service in services}
    started = {name for name, s in by_name.items() if made.runs(s) and s.start <= StartMode.AUTO}
    manual = [name for name, s in by_name.items() if s.start is StartMode.MANUAL and made.runs(s) and not s.by_hand]
    named = {name for name in manual if (own := _known(known, name)) is not None and own.demanded}
    pulled = _pulled(started | named, by_name)
    left = {name for name in manual if name in named or name not in pulled}
    # Whoever another one of them pulls in is not demanded itself.
    roots = named | (left - _pulled(left, by_name))
    idle = {name for name, service in by_name.items() if _is_idle(service, made, by_name)}
    made.demanded = tuple(service.name for name, service in by_name.items() if name in roots)
    made.idle = tuple(by_name[name].name for name in by_name if name in idle)
    for name, service in by_name.items():
        yield replace(service, demanded=name in roots, idle=name in idle)


def _pulled(names: set[str], by_name: Mapping[str, ServiceSpec]) -> set[str]:
    """Return all that services need, by name in lower case."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        service = by_name.get(pending.pop())
        needs = [need.lower() for need in (*service.depends, *service.in_group)] if service is not None else []
        fresh = [need for need in needs if need not in found]
        found.update(fresh)
        pending += fresh
    return found


def _is_idle(service: ServiceSpec, made: Programs, by_name: Mapping[str, ServiceSpec]) -> bool:
    """Tell whether an automatic service did not run although all that it needs did."""
    if service.start is not StartMode.AUTO or made.runs(service):
        return False
    needed = [by_name.get(need) for need in _pulled({service.name.lower()}, by_name)]
    return all(need is not None and need.start is not StartMode.DISABLED for need in needed)


# Per-user services


def _luid(rows: Mapping[str, Row], keys: Keys, known: Nearest) -> str:
    """Return the sign-in whose per-user services are the most, as their names end."""
    if known.host.windows.kernel < PER_USER_SINCE:
        return ""
    found = Counter(match[2] for row in rows.values() if (match := INSTANCE.fullmatch(text(row, "name"))) and keys.has_service(match[1]))
    return found.most_common(1)[0][0] if found else ""


def _is_of(name: str, luid: str) -> bool:
    return bool(luid) and name.endswith(f"_{luid}")


def _as_template(service: ServiceSpec, keys: Keys, luid: str) -> ServiceSpec:
    """Return the template that an instance was made from."""
    name = service.name.removesuffix(f"_{luid}")
    start = keys.number(rf"{SERVICES}\{name}", "Start")
    return replace(
        service,
        name=name,
        display=service.display.removesuffix(f"_{luid}"),
        start=StartMode(start) if start is not None and start in tuple(StartMode) else service.start,
        depends=tuple(need.removesuffix(f"_{luid}") for need in service.depends),
        in_group=tuple(need.removesuffix(f"_{luid}") for need in service.in_group),
        per_user=True,
    )
