# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The service control manager: what runs, in which start mode, and in which order things start and stop.

It reads the registry once, at boot: what is written there later is not seen until the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import TYPE_CHECKING

from .model import SERVICES, MachineSpec, ServiceSpec, StartMode, State
from .registry import Registry

if TYPE_CHECKING:
    from .found import FoundService


class Outcome(Enum):
    """How the service control manager answers a request."""

    DONE = "done"
    DENIED = "access denied"
    DEPENDENTS_RUNNING = "running services depend on it"
    NOT_ACCEPTED = "it does not accept this control"
    WRONG_STATE = "its state does not allow this control now"
    NOT_RUNNING = "it does not run"
    ALREADY_RUNNING = "it runs already"
    DISABLED = "it is disabled"
    DEPENDENCY_FAILED = "a service that it depends on does not run"
    INVALID = "an argument is wrong"
    NO_ANSWER = "it did not answer in time"
    NO_PROGRAM = "its program is not there"
    MARKED = "it is marked for deletion"
    EXISTS = "there is such a service already"
    NAME_TAKEN = "another service is displayed by this name"
    BAD_NAME = "no service may have this name"


DELAYED = "DelayedAutostart"
"""The value of a service's key that has an automatic one start late (Microsoft, SERVICE_DELAYED_AUTO_START_INFO)."""


@dataclass(slots=True)
class Service:
    """One service or driver as the service control manager holds it."""

    spec: ServiceSpec
    start_mode: StartMode
    depends: tuple[str, ...]
    state: State = State.STOPPED
    has_run: bool = False
    delayed: bool = False
    marked: bool = False
    failed: Outcome | None = None
    exit_code: int | None = None

    @property
    def running(self) -> bool:
        """Not stopped: what depends on it may run, and it holds what it opened."""
        return self.state is not State.STOPPED


class ServiceControl:
    """All services and drivers of one boot."""

    def __init__(
        self,
        spec: MachineSpec,
        registry: Registry,
        *,
        on_start: Callable[[ServiceSpec], None],
        on_stop: Callable[[ServiceSpec, bool], None],
        starts_late: Callable[[Service], bool],
        launch: Callable[[ServiceSpec], Outcome],
        made: Iterable[ServiceSpec] = (),
    ) -> None:
        """Read the database from the registry; nothing runs yet.

        Args:
            starts_late: asked before a service starts; where it says so, `finish_start` comes later.
            on_start: called when a service has started.
            on_stop: called when one has stopped, with whether it was the last of its process.
            launch: starts the program of a service that is none, and says how that ended.
            made: services that were made after set-up.
        """
        self._on_start = on_start
        self._on_stop = on_stop
        self._starts_late = starts_late
        self._launch = launch
        self._services: dict[str, Service] = {}
        self.version = 0
        for installed in (*spec.services, *made):
            if installed.per_user:
                continue
            key = rf"{SERVICES}\{installed.name}"
            start = registry.number(key, "Start")
            if start is not None and start in tuple(StartMode):
                depends = (*(registry.texts(key, "DependOnService") or ()), *installed.in_group)
                self._services[installed.name.lower()] = Service(
                    installed, StartMode(start), depends, delayed=registry.number(key, DELAYED) == 1
                )

    def add(self, spec: ServiceSpec) -> Service:
        """Take in a service that was made after the boot."""
        service = Service(spec, spec.start, spec.depends, delayed=spec.delayed)
        self._services[spec.name.lower()] = service
        return service

    @property
    def all(self) -> tuple[Service, ...]:
        """Every service and driver, in the order of the scenario."""
        return tuple(self._services.values())

    def find(self, name: str) -> Service | None:
        """Return a service or driver by its key name."""
        return self._services.get(name.lower())

    def dependencies(self, service: Service) -> tuple[Service, ...]:
        """Return what a service depends on directly."""
        return tuple(found for found in map(self.find, service.depends) if found is not None)

    def dependents(self, service: Service) -> tuple[Service, ...]:
        """Return what depends on a service directly."""
        name = service.spec.name.lower()
        return tuple(other for other in self._services.values() if name in (wanted.lower() for wanted in other.depends))

    def start(self, service: Service) -> Outcome:
        """Start a service after all that it depends on."""
        if service.state is State.STOP_PENDING:
            return Outcome.WRONG_STATE
        if service.running:
            return Outcome.ALREADY_RUNNING
        service.failed = None
        return Outcome.DONE if self._start(service, ()) else self._failure(service)

    def stop(self, service: Service, *, pending: bool = False) -> Outcome:
        """Stop a service that nothing running depends on; with `pending` it stays on the way until `finish_stop`."""
        if not service.running:
            return Outcome.NOT_RUNNING
        if service.state is not State.RUNNING:
            return Outcome.WRONG_STATE
        if not service.spec.accepts_stop:
            return Outcome.NOT_ACCEPTED
        if any(other.running for other in self.dependents(service)):
            return Outcome.DEPENDENTS_RUNNING
        service.state = State.STOP_PENDING
        if not pending:
            self.finish_stop(service)
        return Outcome.DONE

    def remove(self, service: Service) -> None:
        """Forget a service, at once or, where it runs, when it stops."""
        service.marked = True
        if not service.running:
            self._services.pop(service.spec.name.lower(), None)

    def finish_start(self, service: Service) -> None:
        """Complete a start that is on its way."""
        if service.state is State.START_PENDING:
            self.version += 1
            service.state = State.RUNNING
            service.has_run = True
            service.exit_code = None
            self._on_start(service.spec)

    def finish_stop(self, service: Service) -> None:
        """Complete a stop that is on its way, and end the process with its last service."""
        if service.state is not State.STOP_PENDING:
            return
        self.version += 1
        service.state = State.STOPPED
        if service.marked:
            self.remove(service)
        process = service.spec.process
        alone = not service.spec.driver and not any(other.running and other.spec.process == process for other in self._services.values())
        self._on_stop(service.spec, alone)

    def take_up(self, found: Mapping[str, FoundService]) -> None:
        """Let services be in the states in which somebody found them, whatever their start modes say; drivers first."""
        for service in sorted(self._services.values(), key=lambda entry: not entry.spec.driver):
            entry = found.get(service.spec.name.lower())
            if entry is None:
                continue
            if entry.state is not State.STOPPED:
                service.state = State.START_PENDING
                self.finish_start(service)
                service.state = entry.state
            service.exit_code = entry.exit_code
            service.start_mode = service.start_mode if entry.start is None else entry.start

    def start_all(self, services: Iterable[Service]) -> None:
        """Start these as a boot does: one that cannot start is left stopped."""
        for service in services:
            self._start(service, ())

    def boot_order(self, random: Random | None, *, by_hand: bool) -> tuple[tuple[Service, ...], tuple[Service, ...], tuple[Service, ...]]:
        """Return what a boot starts: drivers and Auto services, Auto services that are delayed, Manual ones that something demands.

        Args:
            by_hand: those are among the last that somebody has started since.
        """
        drivers = [service for service in self._services.values() if service.spec.driver and service.start_mode <= StartMode.AUTO]
        automatic = [
            service
            for service in self._services.values()
            if not service.spec.driver and service.start_mode is StartMode.AUTO and not service.spec.idle
        ]
        demanded = [
            service
            for service in self._services.values()
            if service.start_mode is StartMode.MANUAL and (service.spec.demanded or (by_hand and service.spec.by_hand))
        ]
        if random is not None:
            random.shuffle(automatic)
            random.shuffle(demanded)
        drivers.sort(key=lambda service: service.start_mode)
        at_once = [service for service in automatic if not service.delayed]
        return (*drivers, *at_once), tuple(service for service in automatic if service.delayed), tuple(demanded)

    def _start(self, service: Service, path: tuple[str, ...]) -> bool:
        if service.running:
            return True
        if service.start_mode is StartMode.DISABLED or service.spec.name in path:
            return False
        for name in service.depends:
            needed = self.find(name)
            if needed is None or not self._start(needed, (*path, service.spec.name)):
                return False
        if service.spec.program:
            service.failed = self._launch(service.spec)
            return False
        self.version += 1
        service.state = State.START_PENDING
        if not self._starts_late(service):
            self.finish_start(service)
        return True

    def _failure(self, service: Service) -> Outcome:
        if service.failed is not None:
            return service.failed
        return Outcome.DISABLED if service.start_mode is StartMode.DISABLED else Outcome.DEPENDENCY_FAILED
