# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many simulated hosts in one process: each a station of its own, and one window for all.

Knows hosts by the seam only; the event loop runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import math
import re
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .batch.asking import run_asked
from .certificate import Authority
from .endpoint import Protocol
from .host.clock import FastClock, SystemClock
from .providers.computer import build
from .scenarios import Scenario, load_scenario, name_of, names
from .seams import SimulatedComputer
from .sockets import Address, NoAddress, claim_address, claim_ipv6
from .station import Station
from .window import Window
from .wire.profile import Profile

_T = TypeVar("_T")

LOGINS = ("basic", "certificate", "credssp", "kerberos", "ntlm")
"""What `HostSpec.auth` may be."""

# How often a host is looked at while nobody asks it anything, in seconds.
_GLANCE = 0.1
# A restart that is over sooner might go unnoticed, and connections would outlive it.
_SHORTEST_BOOT = 5 * _GLANCE
# A label of a DNS name has 63 characters at most; the rest is for `w` and a number.
_LONGEST_NAME = 56
# What connections get to end when a simulation stops, in seconds.
_FAREWELL = 2.0


@dataclass(frozen=True, slots=True)
class HostSpec:
    """One host to start.

    Attributes:
        scenario: the name of a scenario, or one with parts over it (`name+part`); with `build`, only what messages call it.
        name: unique in one simulation; empty gives the scenario's name, with a number where it is taken.
        auth: what the inventory uses. `basic` allows Basic and unencrypted requests, no other does.
            `certificate` takes certificates of clients and needs `tls`; `credssp` takes CredSSP; `kerberos` takes tickets for the services
            in the keytab that KRB5_KTNAME names, and needs the libraries of the extra `kerberos`.
        tls: WinRM over https on port 5986 as well, with a certificate made at the start; clients are then sent there.
        strict_channel: over TLS a login with NTLM or Kerberos must be bound to the TLS channel (CbtHardeningLevel Strict); else it may be.
        forward: clients are sent to a forwarded port on 127.0.0.1, which the host itself knows nothing of.
        ipv6: clients are sent to ::1. One host of the machine has its ports there, every other is at a forwarded port of it.
        user: the administrator to hand out.
        boot_seconds: how long a restart takes, at least half a second; None as the scenario says.
        seed: shuffles start order, dynamic ports and process ids; None as the scenario says.
        build: makes the computer in place of a scenario.
        made: a scenario that is no file: a twin's (`twins.read_twin`).
        speed: how many times as fast time passes in the host; restarts last as long as ever for who waits for them.
        latency: milliseconds that each answer takes longer, those of a login included, as over a slow network.
        silent: ports that the host's firewall keeps silent from the beginning, where it has stealth mode; others are silent once the host
            has had them, and what it never had refuses, since nobody holds it.

    Raises:
        ValueError: `auth` is none of these, or what it needs is not there; `boot_seconds` or `speed` is no number above 0, or `latency`
            one below.
    """

    scenario: str
    name: str = ""
    auth: str = "ntlm"
    tls: bool = False
    strict_channel: bool = False
    forward: bool = False
    ipv6: bool = False
    user: str = "Administrator"
    boot_seconds: float | None = None
    seed: int | None = None
    profile: Profile | None = None
    build: Callable[[], SimulatedComputer] | None = None
    made: Scenario | None = None
    speed: float = 1.0
    latency: float = 0.0
    silent: tuple[tuple[Protocol, int], ...] = ()

    def __post_init__(self) -> None:
        if self.auth not in LOGINS:
            raise ValueError(f"auth is {self.auth!r}: it must be {' or '.join(LOGINS)}")
        if self.auth == "certificate" and not self.tls:
            raise ValueError("auth is 'certificate': clients show a certificate over TLS only, so tls must be on")
        if self.auth == "kerberos" and (missing := [name for name in ("gssapi", "krb5") if find_spec(name) is None]):
            raise ValueError(f"auth is 'kerberos': {' and '.join(missing)} must be installed (pip install 'winsim[kerberos]')")
        for name, number in (("boot_seconds", self.boot_seconds), ("speed", self.speed)):
            if number is not None and not 0 < number < math.inf:
                raise ValueError(f"{name} is {number}: it must be a number above 0")
        if not 0 <= self.latency < math.inf:
            raise ValueError(f"latency is {self.latency}: it must be 0 or more milliseconds")


@dataclass(frozen=True, slots=True)
class Host:
    """One running host, as tests and inventories need it.

    Attributes:
        address, port: where a client connects (port 0: the host has no WinRM); `own_address` is where the host's sockets are.
        window_url: its part of the testers' window.
        computer: the host itself; use it through `Simulation.run`, in the thread that serves it.
        certificate: the file with the user's certificate and its private key, where `auth` is `certificate`.
        clients: who issues such certificates, for other accounts as well.
    """

    name: str
    scenario: str
    address: str
    own_address: str
    port: int
    scheme: str
    auth: str
    user: str
    password: str = field(repr=False)
    window_url: str
    computer: SimulatedComputer = field(repr=False)
    certificate: Path | None = None
    clients: Authority | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The endpoint of WinRM."""
        return f"{self.scheme}://{self.place}/wsman"

    @property
    def place(self) -> str:
        """Address and port as a URL has them; the address alone where there is no WinRM."""
        if not self.port:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def inventory_variables(self) -> dict[str, object]:
        """What an Ansible inventory says of the host: its connection, where it has one, and its part of the testers' window."""
        if not self.port:
            return {"winsim_name": self.name, "winsim_window": self.window_url}
        variables: dict[str, object] = {
            "ansible_host": self.address,
            "ansible_connection": "winrm",
            "ansible_port": self.port,
            "ansible_winrm_scheme": self.scheme,
            "ansible_winrm_transport": self.auth,
            "ansible_winrm_message_encryption": "auto",
            # A proxy of the environment would catch loopback addresses as well.
            "ansible_winrm_proxy": None,
            "ansible_user": self.user,
            "ansible_password": self.password,
            "winsim_name": self.name,
            "winsim_window": self.window_url,
        }
        if self.scheme == "https":
            variables["ansible_winrm_server_cert_validation"] = "ignore"
        if self.certificate is not None:
            del variables["ansible_password"]
            variables["ansible_winrm_cert_pem"] = variables["ansible_winrm_cert_key_pem"] = str(self.certificate)
        return variables


class Simulation:
    """Simulated hosts that run while the `with` block does.

    ```python
    with Simulation([HostSpec(scenario="windows_xp", name="xp1")]) as simulation:
        host = simulation["xp1"]
    ```
    """

    def __init__(self, specs: Iterable[HostSpec], *, window_port: int = 0, single_address: bool = False) -> None:
        """Prepare; nothing listens yet.

        Args:
            window_port: port of the testers' window on 127.0.0.1; 0 takes any.
            single_address: behave as on a system with one loopback address.
        """
        self._specs = tuple(specs)
        self._window_port = window_port
        self._single = single_address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="winsim", daemon=True)
        self._resources = AsyncExitStack()
        self._stations: list[Station] = []
        self._scenarios: dict[str, Scenario] = {}
        self.hosts: tuple[Host, ...] = ()
        self.window_url = ""

    def __enter__(self) -> Simulation:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def __getitem__(self, name: str) -> Host:
        """Return a host by its name."""
        return next(host for host in self.hosts if host.name == name)

    def start(self) -> None:
        """Start all hosts; returns when they listen.

        Raises:
            NoAddress: no loopback address is free.
            ScenarioError: a scenario does not exist.
            ValueError: a host has no account of the user to hand out.
            OSError: the window's port is taken.
        """
        self._thread.start()
        try:
            self.hosts = self._await(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all hosts and free their addresses."""
        try:
            self._await(self._finish())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, work: Callable[[], _T]) -> _T:
        """Call something in the thread that serves the hosts, and return what it returns."""

        async def there() -> _T:
            return work()

        return self._await(there())

    def _await(self, work: Coroutine[Any, Any, _T]) -> _T:
        future: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def settle(self) -> None:
        """Bring sockets and listeners into step with the hosts now; it happens by itself ten times a second."""

        def work() -> None:
            for station in self._stations:
                station.settle()

        self.run(work)

    async def _finish(self) -> None:
        await self._resources.aclose()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_FAREWELL)

    async def _start(self) -> tuple[Host, ...]:
        for spec, name in zip(self._specs, _names(self._specs), strict=True):
            self._stations.append(await self._station(spec, name))
        window = Window({station.name: station for station in self._stations}, run_asked)
        self.window_url = await window.start(self._window_port)
        self._resources.push_async_callback(window.stop)
        watch = asyncio.create_task(_watch(self._stations))
        self._resources.push_async_callback(_cancel, watch)
        return tuple(self._host(station) for station in self._stations)

    async def _station(self, spec: HostSpec, name: str) -> Station:
        computer = spec.build() if spec.build is not None else self._from_scenario(spec, name)
        enabled = [item for item in computer.winrm_listeners() if item.enabled]
        if enabled and not spec.tls and all(item.transport.upper() == "HTTPS" for item in enabled):
            raise NoAddress(f"{name} listens for WinRM over HTTPS alone: it needs tls (--tls)")
        ports = [item.port for item in enabled]
        address = claim_address(ports[0] if ports else 5985, single=self._single)
        self._resources.callback(address.release)
        six = self._six(spec, name, computer) if spec.ipv6 else None
        station = Station(spec, name, computer, address, six, self._clients() if spec.auth == "certificate" else None)
        self._resources.callback(station.stop)
        station.start()
        return station

    def _clients(self) -> Authority:
        """Return an authority for the clients of one host; its files are there as long as the host."""
        return Authority.start(Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="winsim-"))))

    @staticmethod
    def _six(spec: HostSpec, name: str, computer: SimulatedComputer) -> Address:
        """Return the IPv6 address at which a host is reached.

        Raises:
            NoAddress: the host, or this system, has none.
        """
        enabled = [item for item in computer.winrm_listeners() if item.enabled]
        if not any(":" in address for item in enabled for address in item.listening_on):
            raise NoAddress(f"{name} has no IPv6 address to be reached at ({spec.scenario})")
        return claim_ipv6(5986 if spec.tls else enabled[0].port)

    def _from_scenario(self, spec: HostSpec, name: str) -> SimulatedComputer:
        """Build the host that a scenario describes; each file is read once."""
        if spec.made is None and spec.scenario not in self._scenarios:
            self._scenarios[spec.scenario] = load_scenario(spec.scenario)
        scenario = spec.made or self._scenarios[spec.scenario]
        wanted = scenario.host.boot_seconds if spec.boot_seconds is None else max(spec.boot_seconds, _SHORTEST_BOOT)
        # The outage is for others to see, by their clock.
        down, gone = wanted * spec.speed, scenario.host.shutdown_seconds * spec.speed
        scenario = replace(scenario, host=replace(scenario.host, boot_seconds=down, shutdown_seconds=gone))
        clock = SystemClock() if spec.speed == 1.0 else FastClock(spec.speed)
        return build(scenario, clock=clock, seed=spec.seed, name=name)

    def _host(self, station: Station) -> Host:
        address, port = station.client_port()
        password = station.computer.password_of(station.spec.user)
        if password is None:
            raise ValueError(f"{station.name} has no account {station.spec.user}")
        return Host(
            name=station.name,
            scenario=station.spec.scenario,
            address=address,
            own_address=station.address.text,
            port=port,
            scheme="https" if station.spec.tls else "http",
            auth=station.spec.auth,
            user=station.spec.user,
            password=password,
            window_url=f"{self.window_url}/hosts/{station.name}",
            computer=station.computer,
            certificate=None if station.clients is None else station.clients.issue(station.spec.user),
            clients=station.clients,
        )


async def _watch(stations: Sequence[Station]) -> None:
    """Look at the hosts again and again: time passes in them without anybody asking."""
    while True:
        await asyncio.sleep(_GLANCE)
        for station in stations:
            station.glance()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _names(specs: Sequence[HostSpec]) -> list[str]:
    """Return a name for each host: its own, or that of its scenario with a number where the scenario comes twice."""
    asked = [spec.name or _short_name(spec.scenario) for spec in specs]
    taken = {name for name in asked if asked.count(name) == 1}
    found = []
    for name in asked:
        numbered = name
        if asked.count(name) > 1:
            numbered = next(f"{name}-{number}" for number in count(1) if f"{name}-{number}" not in taken)
            taken.add(numbered)
        found.append(numbered)
    return found


def scenario_titles() -> dict[str, str]:
    """Return the scenarios that come with winsim, with a line about each."""
    return {name: load_scenario(name).title for name in names()}


def safe_name(text: str) -> str:
    """Return what a host of a capture is called: as there, if an inventory and a URL can have that."""
    return text if re.fullmatch(rf"[A-Za-z][A-Za-z0-9._-]{{0,{_LONGEST_NAME - 1}}}", text) else _short_name(text)


def _short_name(scenario: str) -> str:
    """Return what a host of a scenario is called: `xp`, `w2000`, `server-2022-hazard-rds`.

    A file counts by its stem. An inventory wants no name that is a number, and none longer than a label of a DNS name with a number
    behind it.
    """
    name = re.sub(r"[^a-z0-9-]+", "-", name_of(scenario).removeprefix("windows_").lower())[:_LONGEST_NAME].strip("-")
    return f"w{name}" if name[:1].isdigit() else name or "host"
