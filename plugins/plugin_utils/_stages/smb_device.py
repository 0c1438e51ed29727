# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: SMB directly over TCP (and up to Server 2003 UDP) port 445.

Up to Server 2003 the port is NetBT's (article): the value SmbDeviceEnabled, which leaves NetBT alone and needs a boot; or
the NetBT driver itself, which ends SMB in both directions at once and needs Workstation and Server stopped first. From
Windows Vista on it is srvnet's, which the Server service loads and leaves behind: Server, srv2, srvnet, in this order,
close it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

from .future import Fate, Future
from .part import Bar, Claim, Need, Part, join, plan_value
from .service_control import Wish, plan_services, plan_start
from .stage import Choice, Situation, Stage, Touches

NAME = "smb_device"
RECIPE = "smb-445"
SMB_DEVICE_ENABLED = Setting(rf"{SERVICES_KEY}\NetBT\Parameters", "SmbDeviceEnabled", RegistryType.DWORD)
NETBT = "NetBT"
NETBT_START = start_setting(NETBT)
# The order in which the article stops them.
SMB_SERVICES = ("LanmanWorkstation", "LanmanServer")
HAZARD = "outgoing-smb"
VISTA = NtVersion(6, 0)
SERVER, SRVNET = "LanmanServer", "srvnet"
# Public scripts that free 445: dependents first (srvnet_scripts of the knowledge); srv is there with SMB 1 only.
SERVER_DRIVERS = ("srv2", "srv", "srvnet")


class SmbMethod(StrEnum):
    """How port 445 is closed."""

    SMB_DEVICE_ENABLED = "smb_device_enabled"
    NETBT_DRIVER = "netbt_driver"
    SMB_SERVER = "smb_server"


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone".

    Attributes:
        method: None for the one of this Windows.
    """

    enabled: bool | None = None
    method: SmbMethod | None = None

    def way(self, windows: Windows) -> SmbMethod:
        """Return the method that is meant on one Windows."""
        return self.method or (SmbMethod.SMB_SERVER if windows.nt >= VISTA else SmbMethod.SMB_DEVICE_ENABLED)


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options."""
    word, method = options.get("smb_over_tcp"), options.get("method")
    return Desired(None if word is None else word == "enabled", SmbMethod(method) if method else None)


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for what the chosen method does."""
    if not choices:
        return Desired()
    return Desired(False, SmbMethod(choices[0].method.id))


def read(reader: Reader, host: Host, _knowledge: Knowledge) -> Settings:
    """Read what the next boot will use; from Windows Vista on that is the start mode of the Server service alone."""
    return settings.read_settings(reader, (SMB_DEVICE_ENABLED, NETBT_START) if host.windows.nt < VISTA else ())


def stops(wanted: Desired, host: Host, knowledge: Knowledge) -> tuple[str, ...]:
    """Name what would be stopped."""
    if wanted.enabled is not False:
        return ()
    way = wanted.way(host.windows)
    if way is SmbMethod.SMB_SERVER:
        return (*_server_services(host.windows, knowledge), *SERVER_DRIVERS)
    return (*SMB_SERVICES, NETBT) if way is SmbMethod.NETBT_DRIVER else ()


def _server_services(windows: Windows, knowledge: Knowledge) -> tuple[str, ...]:
    """Return the Server service and what stops with it, as the knowledge lists them."""
    method = knowledge.recipe(RECIPE).method(str(SmbMethod.SMB_SERVER), windows)
    return method.services if method is not None else ()


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name the port; which services its method stops depends on the Windows."""
    services = (*SMB_SERVICES, NETBT) if wanted.method is SmbMethod.NETBT_DRIVER else ()
    return (Claim("smb_over_tcp: disabled", recipes=(RECIPE,), services=services),) if wanted.enabled is False else ()


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare: one part, since a port is closed by all of a method or not at all."""
    if wanted.enabled is None:
        return ()
    way = wanted.way(situation.host.windows)
    whole = Part(
        stage=NAME,
        targets=("SMB over TCP",),
        what=f"{WHAT[way]} is not written on {situation.host.windows.name}",
        method=(RECIPE, str(way)),
        recipes=() if wanted.enabled else (RECIPE,),
    )
    if way is SmbMethod.NETBT_DRIVER:
        return (_plan_driver(whole, wanted, actual, situation),)
    if way is SmbMethod.SMB_SERVER:
        return (_plan_server(whole, wanted, situation),)
    before = actual.get(SMB_DEVICE_ENABLED)
    # Absent means 1 (article).
    after = None if wanted.enabled and before is None else RegistryValue.dword(int(wanted.enabled))
    why = f"SMB over TCP {'opens' if wanted.enabled else 'closes'}: tcp/445 and udp/445 of NetBT, which keeps 137 to 139"
    return (replace(whole, plan=plan_value(NAME, SMB_DEVICE_ENABLED, before, after, why)),)


WHAT = {
    SmbMethod.SMB_DEVICE_ENABLED: "SmbDeviceEnabled",
    SmbMethod.NETBT_DRIVER: "the start mode of the NetBT driver",
    SmbMethod.SMB_SERVER: "the start mode of the Server service",
}


def _plan_server(whole: Part, wanted: Desired, situation: Situation) -> Part:
    """Stop the Server service and the drivers that hold the port, in this order; nothing loads them while it is disabled."""
    if wanted.enabled:
        wish = Wish(SERVER, start_mode=StartMode.AUTO, why="the Server service loads srvnet when it starts, which opens tcp/445")
        return join(plan_services(NAME, (wish,), situation), whole)
    names = _server_services(situation.host.windows, situation.knowledge)
    why = "file and printer sharing: tcp/445 belongs to srvnet, which the Server service loads"
    services = [Wish(name, stop=True, start_mode=StartMode.DISABLED, why=why, optional=True) for name in names]
    drivers = [_driver(name, situation.host) for name in SERVER_DRIVERS]
    whole = replace(whole, what="the Server service with srv2 and srvnet is not stopped")
    return join(plan_services(NAME, (*services, *drivers), situation), whole)


def _driver(name: str, host: Host) -> Wish:
    """Stop a driver of the Server service, and let no boot load it.

    Where SMB 1 is installed, srv starts by itself on Windows 8 and later (registry hives of 8.1 and 10 1903), and takes srvnet along.
    """
    why = "tcp/445: the driver stays loaded, and listens, when the Server service has stopped"
    after = "the Server service does not start again, and nothing else is known to load it"
    driver = host.services.get(name)
    mode = StartMode.MANUAL if driver is not None and driver.start_mode.starts_by_itself else None
    return Wish(name, stop=True, start_mode=mode, why=why, optional=True, not_loaded=after)


def _plan_driver(whole: Part, wanted: Desired, actual: Settings, situation: Situation) -> Part:
    host = situation.host
    if wanted.enabled:
        return replace(whole, plan=plan_start(NAME, NETBT, StartMode.SYSTEM, "the NetBT driver loads again", actual))
    barrier = None
    if host.uses_dhcp and any(same(s.name, "Dhcp") for s in host.all_dependents(NETBT)):
        barrier = Bar(
            Reason.HARMFUL,
            "on this host the DHCP Client depends on NetBT and an adapter has its address from DHCP, so the host would lose its "
            f"address; use the method {SmbMethod.SMB_DEVICE_ENABLED}, or a static address first",
        )
    both = "SMB stops in both directions, and with it mapped drives, printers and services on network paths"
    whole = replace(
        whole,
        what="the NetBT driver is not disabled",
        # Through the registry, as the article does on Windows 2000.
        plan=plan_start(NAME, NETBT, StartMode.DISABLED, "the NetBT driver is not loaded again", actual),
        # One that is stopped already would not come back after the boot.
        takes=tuple(host.services[name].name for name in (*SMB_SERVICES, NETBT) if name in host.services),
        needs=(Need(HAZARD, f"{both} (the method {SmbMethod.SMB_DEVICE_ENABLED} does not affect them)"),),
        barrier=barrier,
    )
    if host.service(NETBT).stopped:
        # Workstation and Server may run again after a boot; without the driver they open nothing.
        return whole
    wishes = [_before_driver(name, host) for name in SMB_SERVICES]
    why = "NetBIOS over TCP/IP and SMB over TCP: 137 to 139 and 445 close"
    wishes.append(Wish(NETBT, stop=True, why=why, not_loaded="it is not loaded again"))
    part = join(plan_services(NAME, wishes, situation), whole)
    return replace(part, plan=_touching(part.plan))


def _before_driver(name: str, host: Host) -> Wish:
    """Stop a service of SMB before the driver; one that depends on the driver does not come back with a boot, another is left without."""
    why = "the NetBT driver is stopped after it"
    if any(same(service.name, NETBT) for service in host.all_required(name)):
        return Wish(name, stop=True, why=why, optional=True, not_loaded="it depends on the NetBT driver, which is not loaded again")
    return Wish(name, stop=True, why=why, optional=True, harmless="it opens no port without the NetBT driver, which is not loaded again")


def _touching(plan_: Plan) -> Plan:
    """Put the driver's own stop last: adapters are bound anew by it (from memory)."""
    changes = (
        replace(change, touches_session=True) if isinstance(change, StopService) and change.kind is ServiceKind.DRIVER else change
        for change in plan_.changes
    )
    return Plan(tuple(changes), plan_.unchanged, plan_.warnings)


def shown(wanted: Desired, actual: Settings, host: Host) -> dict[str, Any]:
    """Show the values of the method that is asked for, and the driver where it is concerned."""
    if wanted.enabled is None:
        return {}
    way = wanted.way(host.windows)
    if way is SmbMethod.SMB_DEVICE_ENABLED:
        return {SMB_DEVICE_ENABLED.target: settings.plain(actual.get(SMB_DEVICE_ENABLED))}
    if way is SmbMethod.SMB_SERVER:
        found = [host.services[name] for name in (SERVER, *SERVER_DRIVERS) if name in host.services]
        return {service.name: {"state": service.state.lower(), "start_mode": str(service.start_mode)} for service in found}
    names = [name for name in (*SMB_SERVICES, NETBT) if name in host.services]
    states: dict[str, Any] = {name: host.services[name].state.lower() for name in names}
    return {NETBT_START.target: settings.plain(actual.get(NETBT_START)), **states}


def opens(made: Effect, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name the port of SMB: with the value that is not 0 any more, and with the Server service, which loads the driver that owns it."""
    written = made.written is not None and made.written.place == SMB_DEVICE_ENABLED.place and not _is_off(made.written.after)
    return (RECIPE,) if written or same(made.returns, SERVER) else ()


def _is_off(value: RegistryValue | None) -> bool:
    return value is not None and value.data == 0


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect 445 to follow the value and the driver where NetBT owns it, and srvnet and the Server service from Windows Vista on."""
    if subject.recipe != RECIPE and SRVNET in Names(subject.owners):
        return _fate_of_other_port(subject, future)
    if subject.recipe != RECIPE:
        return None
    if future.host.windows.nt >= VISTA:
        return _fate_of_srvnet(future)
    driver = future.host.services.get("netbt")
    now = Expectation.CLOSED if driver is not None and future.stops(driver) else Expectation.OPEN
    if driver is not None and future.runs_at_boot(driver) is Expectation.CLOSED:
        return Fate(now, Expectation.CLOSED, "the NetBT driver will not be loaded")
    value = future.value(SMB_DEVICE_ENABLED.key, SMB_DEVICE_ENABLED.name)
    if value is not None and value.data == 0:
        return Fate(now, Expectation.CLOSED, "SmbDeviceEnabled is 0; NetBT reads it when it loads")
    return Fate(now, Expectation.OPEN, "NetBT opens it while SmbDeviceEnabled is not 0")


def _fate_of_srvnet(future: Future) -> Fate:
    driver, server = future.host.services.get(SRVNET), future.host.services.get(SERVER)
    now = Expectation.CLOSED if driver is not None and future.stops(driver) else Expectation.OPEN
    boot = Expectation.CLOSED if server is None else future.runs_at_boot(server)
    if boot is not Expectation.CLOSED:
        return Fate(now, boot, "the Server service loads srvnet when it starts", plain=True)
    for does, expected in (("will", Expectation.OPEN), ("may", Expectation.UNKNOWN)):
        loading = [s.name for s in future.host.all_dependents(SRVNET) if s is not server and _loaded(s, future) is expected]
        if loading:
            why = f"{', '.join(loading)} {does} load srvnet; whether it listens without the Server service is not documented"
            return Fate(now, Expectation.UNKNOWN, why)
    return Fate(now, boot, "srvnet is not loaded: the Server service will not start, and no other service is known to load it")


def _loaded(dependent: Service, future: Future) -> Expectation:
    """Expect whether a dependent of srvnet runs after the boot, and so loads it; the Server service's own drivers come with it alone."""
    if dependent.name in Names(SERVER_DRIVERS) and not future.start_mode(dependent).starts_by_itself:
        return Expectation.CLOSED
    return future.runs_at_boot(dependent)


def _fate_of_other_port(subject: Explained, future: Future) -> Fate:
    """Expect a port that may be srvnet's (QUIC, an alternative port) to go with srvnet, as far as it is srvnet's."""
    own = _fate_of_srvnet(future)
    others = [name for name in subject.owners if not same(name, SRVNET)]
    if not others or (own.now is Expectation.OPEN and own.boot is Expectation.OPEN):
        return own
    why = f"it closes if it belongs to srvnet and stays if it belongs to {' or '.join(others)}; no listing shows which"
    return Fate(Expectation.of_all((own.now, Expectation.OPEN)), Expectation.of_all((own.boot, Expectation.OPEN)), why)


STAGE = Stage(
    name=NAME,
    options={
        "smb_over_tcp": {"type": "str", "choices": ["disabled", "enabled"]},
        "method": {"type": "str", "choices": [str(method) for method in SmbMethod]},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
    touches={
        str(SmbMethod.NETBT_DRIVER): Touches(services=(*SMB_SERVICES, NETBT)),
        str(SmbMethod.SMB_SERVER): Touches(services=SERVER_DRIVERS),
        str(SmbMethod.SMB_DEVICE_ENABLED): Touches(values=(SMB_DEVICE_ENABLED.name,)),
    },
)
