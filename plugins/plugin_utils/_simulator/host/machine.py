# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host: its registry, and what runs between one boot and the next.

Everything that follows from the state is worked out here and in `network`; what may be asked of the host is in `controls`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint, Protocol

from . import configuration, firewall, installation, users
from .clock import Clock
from .faults import Fault, Faults
from .files import Files
from .firewall import Firewall
from .firewall_rules import TCP, UDP, Target
from .jobs import Account, Execute, Job, Jobs, nothing_runs
from .journal import Journal, Subject
from .model import SERVICES, SYSTEM, ConnectionSpec, HostSpec, ServiceSpec, StartMode
from .network import Network, TcpConnection, netbios_options, own_address, peer_address
from .processes import Process, Processes
from .registry import Registry
from .scm import Outcome, Service, ServiceControl
from .sockets import Origin, Socket
from .tasks import Tasks
from .timeline import Timeline

SERVICE_PATIENCE = 30.0
"""Seconds that a program gets to report to the service control manager (Microsoft, ServicesPipeTimeout)."""


class Power(Enum):
    """Whether the host runs."""

    ON = "on"
    GOING_DOWN = "going down"
    BOOTING = "booting"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class BoundEndpoint:
    """A bound socket with the name of its owner, what opened it, and whether the firewall keeps others from it."""

    endpoint: Endpoint
    owner: str
    origin: Origin
    dropped: bool


class Host:
    """A Windows host as plain state."""

    registry: Registry
    files: Files
    tasks: Tasks
    jobs: Jobs
    services: ServiceControl
    processes: Processes
    network: Network
    netbios: dict[str, int]
    lost_addresses: frozenset[str]
    _clients: tuple[tuple[str, int], ...]

    def __init__(self, spec: HostSpec, *, clock: Clock, seed: int | None = None, execute: Execute = nothing_runs) -> None:
        """Install the host and boot it.

        Args:
            execute: what the programs of this host are.
            seed: shuffles start order, dynamic ports and process ids; None gives the scenario's own on the first boot.
        """
        self.spec = spec
        self.clock = clock
        self._seed = seed
        self._execute = execute
        self.reset()

    def reset(self) -> None:
        """Install anew and boot for the first time, with the scenario's faults armed."""
        self.registry = installation.registry(self.spec)
        self.files = Files(self.spec)
        self.tasks = Tasks(self)
        self.made_services: dict[str, ServiceSpec] = {}
        self.firewall = Firewall(self.spec, self.registry)
        self.journal = Journal()
        self.faults = Faults()
        self.boots = 0
        self.power = Power.ON
        self.time = Timeline(self.clock)
        self.began = self.clock.now()
        self._planned: Callable[[], None] | None = None
        self._kept: list[Socket] = []
        self._instances: list[str] = []
        self._boot()
        for fault in self.spec.faults:
            self.arm(fault)

    @property
    def up(self) -> bool:
        """False from the moment the host goes down until it has booted."""
        self.time.advance()
        return self.power in (Power.ON, Power.GOING_DOWN)

    @property
    def reachable(self) -> bool:
        """Tell whether another computer could connect to a listener of the management service."""
        addressed = any(a.address and not a.loopback and a.address not in self.lost_addresses for a in self.spec.adapters)
        ports = {listener.port for listener in self.spec.listeners if listener.enabled}
        return self.up and addressed and any(held.protocol is Protocol.TCP and held.port in ports for held in self.exposed())

    def shut_down(self, *, restart: bool) -> None:
        """Begin to shut down; the host is gone a moment later, so that an answer may still leave it."""
        self.journal.note(Subject.POWER, "shutdown", self.power.value, "restart" if restart else "off")
        self.power = Power.GOING_DOWN
        back = restart and self.faults.find("no_return") is None
        self._planned = None
        self.time.clear()
        self.time.after(self.spec.shutdown_seconds, lambda: self._go_down(back=back))

    def plan_shutdown(self, seconds: float, *, restart: bool) -> bool:
        """Shut down after some seconds; False where that is planned already."""
        if self._planned is not None or self.power is not Power.ON:
            return False
        if seconds == 0:
            self.shut_down(restart=restart)
            return True
        self._planned = lambda: self.shut_down(restart=restart)
        self.time.after(seconds, self._planned)
        return True

    def abort_shutdown(self) -> bool:
        """Take back what was planned; False where nothing was."""
        planned, self._planned = self._planned, None
        if planned is not None:
            self.time.cancel(planned)
        return planned is not None

    def launch(self, line: str, account: Account, *, parent: str | None = "services") -> Job | None:
        """Start a program that nobody waits for; None where there is none, or where something keeps it from starting."""
        killed = self.faults.find("script_killed")
        if killed is not None and killed.seconds() == 0:
            return None
        run = self._execute(self, line, account)
        if run is None:
            return None
        job = self.jobs.start(line, account, run, parent=parent)
        if killed is not None:
            self.time.after(killed.seconds(), lambda: self.jobs.kill(job))
        return job

    def start_process(self, name: str, line: str, parent: str | None) -> Process:
        """Let a process appear that no scenario knows."""
        return self.processes.spawn(name, line, parent, self.time.unstepped())

    @property
    def on_batteries(self) -> bool:
        """Tell whether the host runs on batteries."""
        return self.faults.find("on_batteries") is not None

    def power_cycle(self) -> None:
        """Restart at once, as the reset button does."""
        self.time.clear()
        if self.faults.find("no_return") is None:
            self._boot()
        else:
            self.power = Power.OFF

    def arm(self, fault: Fault) -> None:
        """Arm a fault; sockets that are to stay are remembered as they are now."""
        self.faults.arm(fault)
        if fault.kind == "on_batteries":
            self.tasks.on_batteries()
        if fault.kind == "socket_stays":
            self._kept += [
                held
                for held in self.network.sockets.all
                if fault.says(protocol=str(held.protocol), port=held.port) and held not in self._kept
            ]

    def clear_faults(self) -> None:
        """Disarm all faults; what they kept open closes."""
        self.faults.clear()
        self._kept.clear()

    def sockets(self) -> tuple[BoundEndpoint, ...]:
        """Return every bound socket with its owner, those included that only a fault keeps open."""
        self.time.advance()
        if self.power not in (Power.ON, Power.GOING_DOWN):
            return ()
        bound = self.network.sockets.all
        kept = [held for held in self._kept if not self.network.sockets.taken(held.protocol, held.port, held.address)]
        filtered = self._filters()
        return tuple(
            BoundEndpoint(self._endpoint(held), held.owner, held.origin, filtered and self._dropped(held)) for held in (*bound, *kept)
        )

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return every socket that listens (TCP) or is bound (UDP) now."""
        return tuple(sorted(held.endpoint for held in self.sockets()))

    def exposed(self) -> tuple[Endpoint, ...]:
        """Return those of the endpoints that the firewall drops no packets for."""
        return tuple(sorted(held.endpoint for held in self.sockets() if not held.dropped))

    def connections(self) -> tuple[TcpConnection, ...]:
        """Return the established TCP connections, those of the management service's clients included."""
        self.time.advance()
        return (*self.network.connections, *self._visits())

    def visited(self, clients: Iterable[tuple[str, int]]) -> None:
        """Take note of the addresses and ports that are connected to the management service now."""
        self._clients = tuple(clients)

    def _visits(self) -> Iterator[TcpConnection]:
        port = next((listener.port for listener in self.spec.listeners if listener.enabled), None)
        held = None if port is None else self.network.listener(port)
        if held is None:
            return
        for address, number in self._clients:
            peer = peer_address(self.spec, address)
            yield TcpConnection(own_address(self.spec), held.port, peer, number, held.owner, held.process, inbound=True)

    def pid(self, process: str) -> int:
        """Return the number of a process; the kernel's where it does not run (a socket that a fault keeps)."""
        running = self.processes.get(process) or self.processes.get(SYSTEM)
        return 0 if running is None else running.pid

    def value_written(self) -> None:
        """Let those heed a registry value that do so at once."""

        def running(owner: str) -> str | None:
            service = self.services.find(owner)
            return service.spec.process if service is not None and service.running else None

        self.network.value_written(running)

    def service_process(self, service: ServiceSpec) -> Process | None:
        """Return the process that hosts a service."""
        return self.processes.get(service.process)

    def _filters(self) -> bool:
        """Tell whether the services run without which nothing is filtered."""
        needed = [self.services.find(name) for name in firewall.NEEDED]
        return all(service is not None and service.running for service in needed)

    def _dropped(self, held: Socket) -> bool:
        return self.firewall.drops(held.address, lambda: self._target(held))

    def _target(self, held: Socket) -> Target:
        """Return a socket as the firewall's rules see it."""
        hosted = [service.spec for service in self.services.all if service.running and service.spec.process == held.process]
        return Target(
            protocol=TCP if held.protocol is Protocol.TCP else UDP,
            port=held.port,
            rpc=held.origin is Origin.RPC,
            mapper=held.port == self.spec.mapper.port,
            program=firewall.program_of(self.processes.get(held.process), self.spec.windows.directory),
            services=frozenset(name for spec in hosted if not spec.driver for name in (spec.name, spec.lasting)),
        )

    def _endpoint(self, held: Socket) -> Endpoint:
        return Endpoint(held.protocol, held.address, held.port, self.pid(held.process))

    def _go_down(self, *, back: bool) -> None:
        self.power = Power.BOOTING if back else Power.OFF
        self.time.clear()
        if back:
            self.time.after(self.spec.boot_seconds, self._boot)

    def _boot(self) -> None:
        self.boots = number = self.boots + 1
        shuffled = None if self._seed is None else Random(f"{self._seed}:{number}")
        numbers = shuffled or Random(f"boot {number}")
        already = self.spec.uptime if number == 1 else 0.0
        self.time.boot(already=already)
        self.power = Power.ON
        self._planned = None
        self._clients = ()
        self.jobs = Jobs(self)
        self.netbios = netbios_options(self.spec, self.registry)
        self.processes = Processes(self.spec.processes, numbers, recorded=number == 1 and shuffled is None)
        self.network = Network(self.spec, self.registry, configuration.read(self.spec, self.registry), shuffled, self.netbios)
        self._booting = True
        self.services = ServiceControl(
            self.spec,
            self.registry,
            on_start=self._service_started,
            on_stop=self._service_stopped,
            starts_late=self._starts_late,
            launch=self._service_launched,
            made=self.made_services.values(),
        )
        permanent = [process.id for process in self.spec.processes if process.permanent]
        for process in permanent:
            self.processes.start(process, self.time.unstepped())
            self.network.process_started(process)
        at_once, delayed, demanded = self.services.boot_order(shuffled)
        self.services.start_all((*at_once, *demanded))
        self._booting = False
        for process in permanent:
            self.network.process_started(process, late=True)
        self._start_delayed(delayed, already)
        self._sign_in(numbers, already)
        self._lose_leases()
        for connection in self.spec.connections:
            if number == 1 or connection.reopened:
                self._connect(connection)
        for fault in self.faults.of("port_reopened"):
            self._reopen(fault)
        self.tasks.booted()

    def _sign_in(self, numbers: Random, already: float) -> None:
        """Replace the instances of per-user services, as the sign-in does that follows a boot at once."""
        for name in self._instances:
            self.registry.drop(rf"{SERVICES}\{name}")
        made = users.instances(self.spec, self.registry, f"{numbers.randrange(0x10000, 0x100000):x}")
        self._instances = [instance.name for instance in made]
        for instance in made:
            installation.instance(self.registry, instance)
        added = [self.services.add(instance) for instance in made]
        automatic = [service for service in added if service.start_mode is StartMode.AUTO]
        self.services.start_all(service for service in automatic if not service.delayed)
        self._start_delayed(tuple(service for service in automatic if service.delayed), already)

    def _start_delayed(self, delayed: tuple[Service, ...], already: float) -> None:
        """Start services when the delay after the boot is over, which it is at once on a host that has been up for long."""
        if already >= self.spec.delayed_start:
            self.services.start_all(delayed)
        elif delayed:
            self.time.after(self.spec.delayed_start - already, lambda: self.services.start_all(delayed))

    def _lose_leases(self) -> None:
        """Take away the leased addresses of a boot on which the DHCP client does not run."""
        client = self.services.find(self.spec.dhcp_client)
        leased = {adapter.address for adapter in self.spec.adapters if adapter.dhcp and adapter.address}
        self.lost_addresses = frozenset() if client is not None and client.running else frozenset(leased)
        self.network.sockets.close(lambda held: held.address in self.lost_addresses)

    def _starts_late(self, service: Service) -> bool:
        late = self.faults.find("starts_late", service=service.spec.name) if self._booting else None
        if late is None:
            return False
        self.time.after(late.seconds(), lambda: self.services.finish_start(service))
        return True

    def _service_started(self, service: ServiceSpec) -> None:
        if not service.driver:
            self.processes.start(service.process, self.time.unstepped())
        if service.name == firewall.SERVICE:
            self.firewall.read()
        self.network.started(service)

    def _service_stopped(self, service: ServiceSpec, last: bool) -> None:
        self.network.stopped(service)
        if last and self.processes.end(service.process):
            self.network.process_ended(service.process)

    def _service_launched(self, service: ServiceSpec) -> Outcome:
        """Start the program of a service that is none: it gets half a minute to answer and is ended then (ServicesPipeTimeout)."""
        job = self.launch(service.image, Account.SYSTEM)
        if job is None:
            return Outcome.NO_PROGRAM if self.faults.find("script_killed") is None else Outcome.NO_ANSWER
        self.time.after(SERVICE_PATIENCE, lambda: self.jobs.kill(job))
        return Outcome.NO_ANSWER

    def _connect(self, connection: ConnectionSpec) -> None:
        """Establish a connection if its owner runs; that of an inbound one without is the listener's."""
        if connection.owner is None:
            self.network.accept(connection)
            return
        service = self.services.find(connection.owner)
        process = connection.owner if service is None else service.spec.process
        if self.processes.get(process) is None or (service is not None and not service.running):
            return
        if connection.inbound:
            self.network.accept(connection)
        else:
            self.network.connect(connection, connection.owner, process)

    def _reopen(self, fault: Fault) -> None:
        service = self.services.find(str(fault.settings["service"]))
        if service is not None and service.running:
            protocol, port = Protocol(str(fault.settings["protocol"])), int(str(fault.settings["port"]))
            self.network.take_over(protocol, port, service.spec)
