# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that no scenario describes: one of a scenario, with what an administrator, a vendor or an accident may have made of it.

Drawn by hypothesis. What carries the session stays as it is, since nobody could look at such a host otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum

from hypothesis import strategies as st

from winsim.endpoint import Protocol
from winsim.host.model import (
    AdapterSpec,
    At,
    MachineSpec,
    ProcessSpec,
    ServiceSpec,
    SocketSpec,
    StartMode,
)
from winsim.registry_value import RegistryType, RegistryValue

from .simulated import KNOWLEDGE

# What carries the session and whatever it needs (Microsoft, the dependencies of WinRM), apart from the lists of the product.
PATH = ("WinRM", "Winmgmt", "RpcSs", "DcomLaunch", "RpcEptMapper", "SamSs", "EventLog", "HTTP", "Tcpip", "nsi", "BFE", "MpsSvc")
# Windows allows a key name of a service all but a slash and a backslash (Microsoft, CreateService).
ODD_NAMES = (
    "Own Service", "MSSQL$OWN", "O'Brien", "a&b", "100%", "%PATH%", "x;y", "[z]", "a^b!c", "_x%y_", "<own>", 'q"q', "Überwachung", "監視",
    "name=own", "own.1-2,3", "own*", "Own?", "a|b", "(own)", "x" * 120,
)  # fmt: skip
ODD_ADAPTERS = ('The "inner" one', "Ethernet's", "LAN_Verbindung 2", "イーサネット", "%s <b>")
VALUES = sorted({(v.key, v.name) for recipe in KNOWLEDGE.recipes.values() for m in recipe.methods for v in m.values})
# What a value may hold in place of what is expected of it.
CONTENTS = (
    RegistryValue.dword(0),
    RegistryValue.dword(1),
    RegistryValue.dword(0xFFFFFFFF),
    RegistryValue.text(""),
    RegistryValue.text("N"),
    RegistryValue.text("0"),
    # Without a variable: StdRegProv reads such a value expanded (Microsoft, GetExpandedStringValue), and so it would be put back.
    RegistryValue(RegistryType.EXPAND_SZ, "%SystemRoot%"),
    RegistryValue(RegistryType.BINARY, b"\x00\xff"),
    RegistryValue.texts(("ncacn_ip_tcp",)),
    RegistryValue(RegistryType.QWORD, 1),
)

# Services that a method stops, and the drivers that go with them.
STOPPED = tuple(
    sorted(
        {name.lower() for recipe in KNOWLEDGE.recipes.values() for m in recipe.methods for name in m.services} | {"srvnet", "srv2", "netbt"}
    )
)


class Guard(Enum):
    """What lets no administrator stop or change a service through the service control manager."""

    NONE = "nothing"
    LIST = "its access list"
    PROCESS = "a protected process"


class Scene:
    """What a story happens on; it is told by what it has that its scenario has not.

    Attributes:
        scenario: the expression of the scenario.
        host: what the host is made of.
        moved: services that somebody has started or stopped by hand.
    """

    def __init__(self, scenario: str, base: MachineSpec, host: MachineSpec, moved: tuple[str, ...] = ()) -> None:
        self.scenario, self.host, self.moved = scenario, host, moved
        self._base = base

    def __repr__(self) -> str:
        other: list[object] = []
        for part in ("services", "sockets", "adapters"):
            rows = getattr(self._base, part)
            other += [row for row in getattr(self.host, part) if row not in rows]
        # One that is different is in the list above, too.
        other += [f"without {adapter.name}" for adapter in self._base.adapters if adapter not in self.host.adapters]
        known, now = self._base.registry, self.host.registry
        other += [f"{key}: {now[key]} and not {known.get(key)}" for key in now if now[key] != known.get(key)]
        return f"Scene({self.scenario!r}, moved={self.moved}, other={other})"


def path_of(host: MachineSpec) -> frozenset[str]:
    """Return what carries the session and all that it depends on, in lower case."""
    known = {service.name.lower(): service for service in host.services}
    found: set[str] = set()
    left = [name.lower() for name in (*PATH, host.mapper.service, host.dhcp_client)]
    while left:
        name = left.pop()
        if name not in found and name in known:
            found.add(name)
            left += [needed.lower() for needed in known[name].depends]
    return frozenset(found)


def invented(draw: st.DrawFn, base: MachineSpec) -> MachineSpec:
    """Draw a host that differs from another in some of its parts."""
    made = base
    for change in draw(st.lists(st.sampled_from((reconfigured, extended, rewired, rewritten)), min_size=1, max_size=4, unique=True)):
        made = change(draw, made)
    return made


def reconfigured(draw: st.DrawFn, host: MachineSpec) -> MachineSpec:
    """Draw other start modes for services that nothing of the session needs."""
    path = path_of(host)
    free = [s.name for s in host.services if not (s.driver or s.per_user or s.template or s.name.lower() in path)]
    chosen = draw(
        st.dictionaries(st.sampled_from(free), st.sampled_from((StartMode.AUTO, StartMode.MANUAL, StartMode.DISABLED)), max_size=5)
    )
    # Delayed starts came with Windows Vista (Microsoft, SERVICE_DELAYED_AUTO_START_INFO).
    delays = host.windows.kernel >= (6, 0)
    late = set(draw(st.lists(st.sampled_from(sorted(chosen)), unique=True))) if chosen and delays else set()

    def other(service: ServiceSpec) -> ServiceSpec:
        if service.name not in chosen:
            return service
        start = chosen[service.name]
        demanded = service.demanded and start is not StartMode.DISABLED
        # The flag may be left behind on one that does not start by itself.
        return replace(service, start=start, demanded=demanded, delayed=service.name in late)

    return replace(host, services=tuple(map(other, host.services)))


def extended(draw: st.DrawFn, host: MachineSpec) -> MachineSpec:
    """Draw services of some vendor that listen, and need each other and what is there."""
    taken = {service.name.lower() for service in host.services}
    names = [n for n in draw(st.lists(st.sampled_from(ODD_NAMES), min_size=1, max_size=3, unique=True)) if n.lower() not in taken]
    there = [s.name for s in host.services if not (s.per_user or s.template)]
    services: list[ServiceSpec] = []
    sockets: list[SocketSpec] = []
    for place, name in enumerate(names):
        needed = draw(st.lists(st.sampled_from([*there, *names[:place]]), max_size=2, unique=True))
        services.append(draw(vendors(name, place, tuple(needed))))
        port = draw(st.integers(20000, 20400)) + 400 * place
        protocol = draw(st.sampled_from((Protocol.TCP, Protocol.UDP)))
        at = draw(st.sampled_from(((At.WILDCARD,), (At.LOOPBACK,), (At.ADAPTERS,))))
        sockets.append(SocketSpec(owner=name, protocol=protocol, port=port, at=at))
    processes = tuple(ProcessSpec(s.process, f"{s.process}.exe", s.image) for s in services)
    return replace(
        host,
        services=(*host.services, *services),
        sockets=(*host.sockets, *sockets),
        processes=(*host.processes, *processes),
    )


def encumbered(draw: st.DrawFn, host: MachineSpec) -> MachineSpec:
    """Draw services and drivers of other makers that depend on anything, and on some of which something of Windows depends."""
    taken = {service.name.lower() for service in host.services}
    names = [n for n in draw(st.lists(st.sampled_from(ODD_NAMES), min_size=1, max_size=4, unique=True)) if n.lower() not in taken]
    there = {s.name.lower(): s.name for s in host.services if not (s.per_user or s.template)}
    # What a plan stops by itself is more often in question than the rest of Windows.
    stopped = sorted(there[name] for name in STOPPED if name in there)
    services = list(host.services)
    processes = list(host.processes)
    for place, name in enumerate(names):
        pool = st.one_of(st.sampled_from(stopped), st.sampled_from(sorted(there.values())), st.sampled_from([*names[:place], stopped[0]]))
        needed = tuple(draw(st.lists(pool, min_size=1, max_size=2, unique=True)))
        made = draw(burdens(name, place, needed, delays=host.windows.kernel >= (6, 0)))
        services.append(made)
        if not made.driver:
            processes.append(ProcessSpec(made.process, f"{made.process}.exe", made.image))
    free = [name for name in names if draw(st.integers(0, 3)) == 0]
    if free:
        # A filter that something of Windows was made to need: it depends on nothing, so that no circle comes of it.
        services = [replace(s, depends=()) if s.name in free else s for s in services]
        path = path_of(host)
        needing = draw(st.sampled_from([name for name in stopped if name.lower() not in path]))
        services = [replace(s, depends=(*s.depends, free[0])) if s.name == needing else s for s in services]
    return replace(host, services=tuple(services), processes=tuple(processes))


def burdens(name: str, number: int, needed: tuple[str, ...], *, delays: bool) -> st.SearchStrategy[ServiceSpec]:
    """Return a service or a driver of another maker, running or not, that may refuse its stop in each of the known ways."""

    def made(driver: bool, start: StartMode, demanded: bool, late: bool, firm: bool, guard: Guard) -> ServiceSpec:
        return ServiceSpec(
            name=name,
            display=f"Display of {name}",
            start=start,
            process="System" if driver else f"own{number}",
            image=rf"System32\drivers\own{number}.sys" if driver else rf"C:\Program Files\Own\own{number}.exe",
            driver=driver,
            depends=needed,
            accepts_stop=not firm,
            demanded=demanded and start is StartMode.MANUAL,
            delayed=late and delays and not driver and start is StartMode.AUTO,
            protected=guard is not Guard.NONE,
            launch_protected=3 if guard is Guard.PROCESS else 0,
        )

    modes = st.sampled_from((StartMode.AUTO, StartMode.AUTO, StartMode.MANUAL, StartMode.DISABLED))
    seldom = st.sampled_from((False, False, False, True))
    guards = st.sampled_from((Guard.NONE,) * 4 + (Guard.LIST, Guard.PROCESS))
    return st.builds(made, st.booleans(), modes, st.booleans(), st.booleans(), seldom, guards)


def vendors(name: str, number: int, needed: tuple[str, ...]) -> st.SearchStrategy[ServiceSpec]:
    """Return a service of a vendor with a process of its own; few cannot be stopped."""
    return st.builds(
        ServiceSpec,
        name=st.just(name),
        display=st.just(f"Display of {name}"),
        start=st.sampled_from((StartMode.AUTO, StartMode.MANUAL, StartMode.DISABLED)),
        process=st.just(f"own{number}"),
        image=st.just(rf"C:\Program Files\Own\own{number}.exe"),
        depends=st.just(needed),
        accepts_stop=st.sampled_from((True, True, True, True, False)),
    )


def rewired(draw: st.DrawFn, host: MachineSpec) -> MachineSpec:
    """Draw an adapter more, one less of those without an address, and other options of NetBIOS."""
    kept = [a for a in host.adapters if a.address or not draw(st.booleans())]
    options = draw(st.lists(st.sampled_from((None, 0, 1, 2)), min_size=len(kept), max_size=len(kept)))
    kept = [a if option is None or a.loopback else replace(a, netbios=option) for a, option in zip(kept, options, strict=True)]
    if draw(st.booleans()):
        kept.append(draw(adapters(kept)))
    return replace(host, adapters=tuple(kept))


def adapters(known: Iterable[AdapterSpec]) -> st.SearchStrategy[AdapterSpec]:
    """Return one more adapter, with or without an address."""
    index = max([a.index or 0 for a in known], default=0) + 1
    return st.builds(
        AdapterSpec,
        name=st.sampled_from(ODD_ADAPTERS),
        guid=st.just("{0D0D0D0D-1111-4222-8333-444444444444}"),
        index=st.just(index),
        address=st.sampled_from((None, "198.51.100.7", "169.254.3.4")),
        mac=st.sampled_from((None, "02:00:00:00:00:01")),
        netbios=st.sampled_from((None, 0, 1, 2)),
        driver=st.just("own"),
    )


def rewritten(draw: st.DrawFn, host: MachineSpec) -> MachineSpec:
    """Draw values that we know of, present with whatever in them, or absent."""
    registry = {key: dict(values) for key, values in host.registry.items()}
    for key, name in draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique=True)):
        path = next((known for known in registry if known.lower() == rf"HKLM\{key}".lower()), rf"HKLM\{key}")
        value = draw(st.one_of(st.none(), st.sampled_from(CONTENTS)))
        values = _without(registry.get(path, {}), name)
        registry[path] = values if value is None else {**values, name: value}
    return replace(host, registry=registry)


def _without(values: dict[str, RegistryValue], name: str) -> dict[str, RegistryValue]:
    return {known: value for known, value in values.items() if known.lower() != name.lower()}


def vendor_names(host: MachineSpec) -> Sequence[str]:
    """Return the services of a host that were invented."""
    return [service.name for service in host.services if service.process.startswith("own")]
