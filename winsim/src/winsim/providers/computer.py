# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole simulated host of a scenario: what the wire, the testers' window and the real sockets are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from winsim.endpoint import Endpoint
from winsim.host.clock import Clock
from winsim.host.faults import parse
from winsim.host.machine import SHUTDOWN_TIME, Machine
from winsim.host.model import AccountSpec
from winsim.host.rpc_filters import ADMINISTRATORS, ANONYMOUS, AUTHENTICATED, EVERYONE
from winsim.host.sabotage import BoundEndpoint
from winsim.host.sockets import Origin
from winsim.scenarios import Scenario
from winsim.seams import (
    Client,
    RpcEntry,
    RpcOffer,
    StateChange,
    WinrmListener,
    Wmi,
)

from .console import HostConsole
from .programs import execute
from .wmi import HostWmi

SHELL_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service\WinRS"


class SimulatedHost:
    """One host, `seams.SimulatedComputer` in full; `host` is the state behind it."""

    def __init__(self, scenario: Scenario, *, clock: Clock, seed: int | None, name: str) -> None:
        self.name = name
        self.scenario = scenario
        self.host = Machine(scenario.host, clock=clock, seed=seed, execute=execute)
        self.wmi: Wmi = HostWmi(self.host)
        self.console = HostConsole(self.host)
        self._named = {(plain.owner.lower(), plain.protocol, plain.port) for plain in scenario.host.sockets}

    @property
    def up(self) -> bool:
        """False while the host is shut down or booting, has lost its address, or lets nobody reach a listener for WS-Management.

        A host that has no such listener at all is up while it runs.
        """
        if not any(listener.enabled for listener in self.host.spec.listeners):
            return self.host.up
        return self.host.visible.reachable

    @property
    def winrm_version(self) -> str | None:
        """The version of WinRM where the scenario says it."""
        winrm = self.host.spec.windows.winrm
        return None if winrm is None else winrm.value

    @property
    def quotas(self) -> Mapping[str, float]:
        """What the scenario changes of the limits of WinRM as it ships."""
        return {name: number for name, number in asdict(self.host.spec.quotas).items() if number is not None}

    @property
    def shells_allowed(self) -> bool:
        """False where a policy (Microsoft, WindowsRemoteShell.admx), or without one WinRM's own setting, forbids new remote shells."""
        policy = self.host.registry.number(SHELL_POLICY, "AllowRemoteShellAccess")
        return self.host.spec.windows.remote_shells if policy is None else policy != 0

    def visited(self, clients: Sequence[Client]) -> None:
        """Take note of who is connected to the management service now."""
        self.host.visible.visited((client.address, client.port) for client in clients)

    def winrm_listeners(self) -> Sequence[WinrmListener]:
        """Return WinRM's listener configuration."""
        adapters = self.host.adapters
        addresses = tuple(address for adapter in adapters for address in adapter.addresses)
        addresses += tuple(address for adapter in adapters for address in adapter.ipv6)
        return [
            WinrmListener(
                listener.address,
                listener.transport,
                listener.port,
                listener.hostname,
                listener.enabled,
                listener.url_prefix,
                listener.certificate_thumbprint,
                addresses if listener.enabled else (),
            )
            for listener in self.host.spec.listeners
        ]

    def authenticate(self, user: str, password: str) -> str | None:
        """Return the account's canonical name, or None if user and password do not match."""
        account = self._account(user)
        return self._canonical(account) if account is not None and account.password == password else None

    def may_execute(self, account: str) -> bool:
        """Tell whether the account may invoke methods and open shells."""
        found = self._account(account)
        return found is not None and found.administrator

    def password_of(self, user: str) -> str | None:
        """Return an account's password."""
        account = self._account(user)
        return None if account is None else account.password

    def rpc_map(self) -> Sequence[RpcEntry]:
        """Return what the endpoint mapper lists now."""
        self.host.time.advance()
        return [
            RpcEntry(
                entry.interface.uuid,
                entry.interface.major,
                entry.interface.minor,
                entry.sequence,
                entry.endpoint,
                entry.address,
                entry.interface.annotation,
            )
            for entry in self.host.rpc.registrations()
        ]

    def rpc_offers(self, port: int) -> Sequence[RpcOffer] | None:
        """Return the RPC interfaces that answer at a TCP port now; None where no RPC server listens there."""
        self.host.time.advance()
        found = self.host.rpc.offered(port)
        return None if found is None else [RpcOffer(item.uuid, item.major, item.minor) for item in found]

    def rpc_refuses(self, uuid: str, account: str | None) -> bool:
        """Tell whether a filter of the host refuses an account's calls over TCP to an interface."""
        self.host.time.advance()
        known = self._account(account) if account is not None else None
        sids = [EVERYONE, ANONYMOUS if account is None else AUTHENTICATED, *([ADMINISTRATORS] if known and known.administrator else [])]
        return self.host.rpc.refuses(uuid, sids)

    @property
    def rpc_anonymous(self) -> bool:
        """Whether the endpoint mapper answers clients that have not logged in."""
        return self.host.network.anonymous_rpc

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every socket that listens (TCP) or is bound (UDP) now, with its PID."""
        return self.host.visible.endpoints()

    def exposed(self) -> Sequence[Endpoint]:
        """Return those of `endpoints` for which the host's firewall lets packets from outside through."""
        return self.host.visible.exposed()

    def stealthy(self) -> bool:
        """Tell whether a port without a listener answers nothing to who is outside."""
        return self.host.visible.stealthy()

    def state(self) -> Mapping[str, object]:
        """Return what a change can alter, as plain types and under stable keys."""
        host = self.host
        host.time.advance()
        controlled = {
            service.spec.name: {"state": service.state.value, "start_mode": service.start_mode.name.lower()}
            for service in host.services.all
            if not service.spec.driver
        }
        drivers = {
            service.spec.name: {"state": service.state.value, "start_mode": service.start_mode.name.lower()}
            for service in host.services.all
            if service.spec.driver
        }
        return {
            "services": controlled,
            "drivers": drivers,
            "registry": {
                path: {
                    name: {"type": f"REG_{value.type.name}", "value": value.plain()}
                    for name, value in values.items()
                    # Windows writes it by itself.
                    if (path, name) != SHUTDOWN_TIME
                }
                for path, values in host.registry.walk()
            },
            "adapters": {
                adapter.guid: {"name": adapter.name, "address": adapter.address, "netbios": host.netbios.get(adapter.guid)}
                for adapter in host.adapters
            },
            "boots": [{"number": number} for number in range(1, host.boots + 1)],
            "files": host.files.state(),
            "tasks": host.tasks.state(),
            "rpc_filters": host.rpc_filters.plain(),
        }

    def changes(self) -> Sequence[StateChange]:
        """Return every change since the host was made or reset, oldest first."""
        return [StateChange(str(entry.subject), entry.target, entry.before, entry.after) for entry in self.host.journal.entries]

    def dump(self) -> dict[str, object]:
        """Return everything about the host, what moves by itself included, as plain types."""
        host = self.host
        return {
            **self.state(),
            "name": self.name,
            "scenario": self.scenario.name,
            "power": host.power.value,
            "endpoints": [
                {
                    "protocol": str(held.endpoint.protocol),
                    "address": held.endpoint.address,
                    "port": held.endpoint.port,
                    "pid": held.endpoint.pid,
                    "owner": held.owner,
                    "origin": held.origin.value,
                    "dynamic": self._dynamic(held),
                    "dropped": held.dropped,
                }
                for held in host.visible.sockets()
            ],
            "connections": [
                {
                    "local": f"{held.local_address}:{held.local_port}",
                    "remote": f"{held.remote_address}:{held.remote_port}",
                    "owner": held.owner,
                    "inbound": held.inbound,
                }
                for held in host.visible.connections()
            ],
            "processes": [
                {"pid": process.pid, "name": process.name, "created": process.created.isoformat()} for process in host.processes.all
            ],
            "scripts": [{"pid": job.process.pid, "line": job.line, "account": job.account.value} for job in host.jobs.running],
            "journal": [
                {"subject": str(entry.subject), "target": entry.target, "before": entry.before, "after": entry.after}
                for entry in host.journal.entries
            ],
            "faults": host.faults.plain(),
        }

    def reset(self) -> None:
        """Go back to the scenario's start, injected faults included."""
        self.host.reset()

    def boot(self) -> None:
        """Restart as the reset button does."""
        self.host.power_cycle()

    def step_clock(self, seconds: float) -> None:
        """Move the host's wall clock, not its uptime."""
        self.host.time.step_clock(seconds)

    def pass_time(self, seconds: float) -> None:
        """Let time pass for this host alone."""
        self.host.time.pass_time(seconds)

    def inject(self, fault: Mapping[str, object]) -> None:
        """Arm one fault of the host; `host.faults.KINDS` lists them."""
        self.host.arm(parse(fault))

    def faults(self) -> Sequence[Mapping[str, object]]:
        """Return the faults that are armed."""
        return self.host.faults.plain()

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self.host.clear_faults()

    def _dynamic(self, held: BoundEndpoint) -> bool:
        """Tell whether a port is a number that happened to be free: its owner names none."""
        if held.origin is not Origin.SERVICE:
            return held.origin in (Origin.RPC, Origin.DNS)
        return (held.owner.lower(), held.endpoint.protocol, held.endpoint.port) not in self._named

    def _account(self, user: str) -> AccountSpec | None:
        """Find a local account; the name may carry the computer's name or a dot in front."""
        domain, separator, name = user.rpartition("\\")
        if separator and domain.lower() not in (".", "localhost", self.host.spec.windows.computer.lower()):
            return None
        return next((account for account in self.host.spec.accounts if account.user.lower() == name.lower()), None)

    def _canonical(self, account: AccountSpec) -> str:
        return rf"{self.host.spec.windows.computer}\{account.user}"


def build(scenario: Scenario, *, clock: Clock, seed: int | None = None, name: str | None = None) -> SimulatedHost:
    """Start a host of a scenario.

    Args:
        clock: where its time comes from.
        seed: shuffles start order, dynamic ports and process ids; None gives the scenario's own on the first boot.
        name: what the simulator calls it; by default the scenario's name.
    """
    return SimulatedHost(scenario, clock=clock, seed=seed, name=name or scenario.name)
