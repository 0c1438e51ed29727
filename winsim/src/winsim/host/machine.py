# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host: its registry, and what runs between one boot and the next.

What follows from the state for the sockets is worked out in `network`, what can be seen of them in `visible`, what happens when in
`timeline`; what may be asked of the host that changes it is in `controls`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from random import Random

from winsim.endpoint import Protocol
from winsim.registry_value import RegistryType, RegistryValue

from . import configuration, firewall, found, installation, users
from .clock import Clock
from .faults import Fault, Faults
from .files import Files
from .firewall import Firewall
from .jobs import Account, Execute, Job, Jobs, nothing_runs
from .journal import Journal, Subject
from .model import SERVICES, SYSTEM, AdapterSpec, ConnectionSpec, MachineSpec, ServiceSpec, StartMode
from .network import Network, netbios_options
from .processes import ENDED, IDLE, Process, Processes
from .registry import Registry
from .rpc import RpcServers
from .rpc_filters import RpcFilters
from .sabotage import KINDS as SABOTAGE
from .sabotage import Sabotage
from .scm import Outcome, Service, ServiceControl
from .tasks import Tasks
from .timeline import Timeline
from .visible import Visible

SERVICE_PATIENCE = 30.0
"""Seconds that a program gets to report to the service control manager (Microsoft, ServicesPipeTimeout)."""


SHUTDOWN_TIME = (r"HKLM\SYSTEM\CurrentControlSet\Control\Windows", "ShutdownTime")
"""Where a Windows that is shut down leaves the time, as a FILETIME; one without power does not (published notes; 2000 from memory)."""

_FIRST_FILE_TIME = datetime(1601, 1, 1, tzinfo=UTC)


def _file_time(moment: datetime) -> bytes:
    passed = moment - _FIRST_FILE_TIME
    return ((passed.days * 86_400 + passed.seconds) * 10_000_000 + passed.microseconds * 10).to_bytes(8, "little")


class Power(Enum):
    """Whether the host runs."""

    ON = "on"
    GOING_DOWN = "going down"
    BOOTING = "booting"
    OFF = "off"


class Machine:
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

    def __init__(self, spec: MachineSpec, *, clock: Clock, seed: int | None = None, execute: Execute = nothing_runs) -> None:
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
        if self.spec.found is not None:
            found.lay_over(self.registry, self.spec.found.keys)
        self.refused = {} if self.spec.found is None else dict(self.spec.found.refused)
        self.files = Files(self.spec)
        self.tasks = Tasks(self)
        self.visible = Visible(self)
        self.rpc = RpcServers(self)
        self.rpc_filters = RpcFilters()
        self.made_services: dict[str, ServiceSpec] = {}
        self._awaited: set[str] = set()
        self.firewall = Firewall(self.spec, self.registry, lambda: self.adapters)
        self.journal = Journal()
        self.faults = Faults()
        self.sabotage = Sabotage(self)
        self.boots = 0
        self.power = Power.ON
        self.time = Timeline(self.clock)
        self.began = self.clock.now()
        self._planned: Callable[[], None] | None = None
        self._instances: list[str] = []
        self._boot()
        for fault in self.spec.faults:
            self.arm(fault)

    @property
    def adapters(self) -> tuple[AdapterSpec, ...]:
        """The adapters that are there now."""
        return tuple(adapter for adapter in self.spec.adapters if adapter.name not in self._awaited)

    @property
    def up(self) -> bool:
        """False from the moment the host goes down until it has booted."""
        self.time.advance()
        return self.power in (Power.ON, Power.GOING_DOWN)

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
        if fault.kind in SABOTAGE:
            self.sabotage.arm(fault)
        self.faults.arm(fault)
        if fault.kind == "on_batteries":
            self.tasks.on_batteries()
        if fault.kind == "socket_stays":
            self.visible.keep(lambda held: fault.says(protocol=str(held.protocol), port=held.port))

    def clear_faults(self) -> None:
        """Disarm all faults; what they kept open closes."""
        self.faults.clear()
        self.sabotage.clear()
        self.visible.let_go()

    def pid(self, process: str) -> int:
        """Return the number of a process; the kernel's where it does not run (a socket that a fault keeps)."""
        if process == IDLE:
            return 0
        if process.startswith(ENDED):
            return self.processes.dead(process.removeprefix(ENDED))
        running = self.processes.get(process) or self.processes.get(SYSTEM)
        return 0 if running is None else running.pid

    def denies_value(self, path: str, name: str) -> bool:
        """Tell whether a value could not be read for want of the right: it cannot be written either."""
        return any(refusal.denied for (_key, what), refusal in self._refusals(path, name))

    def forget_refusal(self, path: str, name: str) -> None:
        """Let a value be read that was refused and has been written."""
        for place, _refusal in self._refusals(path, name):
            del self.refused[place]

    def _refusals(self, path: str, name: str) -> list[tuple[tuple[str, str], found.Refusal]]:
        begins = f"value {name} ".lower()
        return [(place, refusal) for place, refusal in self.refused.items() if place[0] == path.lower() and place[1].startswith(begins)]

    def value_written(self) -> None:
        """Let those heed a registry value that do so at once."""
        self.network.value_written(self._running_process)

    def service_process(self, service: ServiceSpec) -> Process | None:
        """Return the process that hosts a service."""
        return self.processes.get(service.process)

    def _go_down(self, *, back: bool) -> None:
        if self.registry.exists(SHUTDOWN_TIME[0]):
            self.registry.write(*SHUTDOWN_TIME, RegistryValue(RegistryType.BINARY, _file_time(self.time.now())))
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
        for fault in self.faults.of("clock_steps"):
            self._begin_wrong(fault)
        self.power = Power.ON
        self.rpc_filters.booted()
        self._planned = None
        self.visible.visited(())
        self.jobs = Jobs(self)
        first = self.spec.found if number == 1 else None
        self.netbios = netbios_options(self.spec, self.registry)
        in_force = configuration.read(self.spec, self.registry)
        if first is not None:
            self.netbios |= first.netbios
            in_force = replace(in_force, raw_smb=first.raw_smb)
        self.processes = Processes(self.spec.processes, numbers, recorded=number == 1 and shuffled is None)
        late = [adapter for adapter in self.spec.adapters if adapter.appears is not None and adapter.appears > already]
        self._awaited = {adapter.name for adapter in late}
        self.network = Network(
            self.spec,
            self.registry,
            in_force,
            shuffled,
            self.netbios,
            adapters=lambda: self.adapters,
            draw=Random(f"{self._seed} boot {number}"),
        )
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
            # What starts with the system is as old as the boot.
            self.processes.start(process, self.time.unstepped() - timedelta(seconds=already))
            self.network.process_started(process)
        at_once, delayed, demanded = self.services.boot_order(shuffled, by_hand=number == 1)
        if first is None:
            self.services.start_all((*at_once, *demanded))
        else:
            self.services.take_up(first.services)
        self._booting = False
        for process in permanent:
            self.network.process_started(process, late=True)
        if first is None or already < self.spec.delayed_start:
            self._start_delayed(delayed, already)
        for adapter in self.adapters:
            self._install(adapter)
        for adapter in late:
            self._await(adapter, (adapter.appears or 0.0) - already)
        self._sign_in(numbers, already)
        self._lose_leases()
        if first is not None:
            self._take_up(first)
        for connection in self.spec.connections:
            if (number == 1 and first is None) or (number > 1 and connection.reopened):
                self._connect(connection)
        for fault in self.faults.of("port_reopened"):
            self._reopen(fault)
        self.sabotage.booted()
        self.tasks.booted()

    def _take_up(self, first: found.Found) -> None:
        """Leave the first boot as the host was found."""
        self.services.take_up({name: state for name, state in first.services.items() if self._is_instance(name)})
        for process in first.ages:
            self.processes.start(process, self.time.unstepped())
        self.processes.take_up(first.ages, self.time.unstepped())
        self.lost_addresses = frozenset()
        self.network.take_up(first.sockets, first.connections)
        found.lay_over(self.registry, first.keys)

    def _is_instance(self, name: str) -> bool:
        return name in (instance.lower() for instance in self._instances)

    def _await(self, adapter: AdapterSpec, seconds: float) -> None:
        """Let an adapter appear later: whoever binds adapters one by one binds it, too."""

        def appear() -> None:
            self._awaited.discard(adapter.name)
            self._install(adapter)
            self.network.renew_netbt()
            self.network.bind_adapters(self._running_process)

        self.time.after(seconds, appear)

    def _install(self, adapter: AdapterSpec) -> None:
        """Make the key of NetBIOS over TCP/IP for an adapter that has never been there."""
        if not adapter.loopback and installation.adapter(self.registry, self.spec, adapter):
            self.netbios[adapter.guid] = adapter.netbios or 0
            self.network.renew_netbt()

    def _running_process(self, owner: str) -> str | None:
        """Return the process of an owner that runs: a service, or a process by itself."""
        service = self.services.find(owner)
        if service is not None:
            return service.spec.process if service.running else None
        return owner if self.processes.get(owner) is not None else None

    def _sign_in(self, numbers: Random, already: float) -> None:
        """Replace the instances of per-user services, as the sign-in does that follows a boot at once."""
        for name in self._instances:
            self.registry.drop(rf"{SERVICES}\{name}")
        luid = f"{numbers.randrange(0x10000, 0x100000):x}"
        first = self.spec.found if self.boots == 1 else None
        made = users.instances(self.spec, self.registry, first.luid if first is not None and first.luid else luid)
        self._instances = [instance.name for instance in made]
        for instance in made:
            installation.instance(self.registry, instance)
        added = [self.services.add(instance) for instance in made]
        automatic = [service for service in added if service.start_mode is StartMode.AUTO and not service.spec.idle and first is None]
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
        if not service.driver and self.processes.get(service.process) is None:
            self.processes.start(service.process, self.time.unstepped())
            # A process that is called like its service has no sockets of its own beside those of the service.
            if service.process.lower() != service.lasting.lower():
                self.network.process_started(service.process)
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

    def _begin_wrong(self, fault: Fault) -> None:
        """Boot with a clock that is wrong, and set it right when its time has come."""
        seconds, stays = float(str(fault.settings["seconds"])), fault.says(boot_time="stays")
        self.time.begin_wrong(seconds)
        self.time.after(fault.seconds(), lambda: self.time.set_right(boot_time_stays=stays))

    def _reopen(self, fault: Fault) -> None:
        service = self.services.find(str(fault.settings["service"]))
        if service is not None and service.running:
            protocol, port = Protocol(str(fault.settings["protocol"])), int(str(fault.settings["port"]))
            self.network.take_over(protocol, port, service.spec)
