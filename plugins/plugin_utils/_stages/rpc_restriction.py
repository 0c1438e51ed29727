# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: the interfaces that RPC servers bind to (Windows 2000 only), the ports that they take, and remote endpoints of single ones.

The interface list is a list of indexes as rpccfg -l shows them, from 1; it is no WMI index. A port range closes
nothing: it makes RPC servers easier to filter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan

from . import services, switches
from .future import Fate, Future
from .part import Claim, Part, plan_value
from .stage import Choice, Situation, Stage, Touches
from .switches import Switch, SwitchWish

NAME = "rpc_restriction"
MAPPER = "rpc-epmap-135-tcp"
# It owns no listener and changes where those of others are.
RECIPE = "rpc-selective-binding"
BIND = Setting(rf"{SERVICES_KEY}\Rpc\Linkage", "Bind", RegistryType.MULTI_SZ)
LISTEN_ON_INTERNET = Setting(rf"{SERVICES_KEY}\RpcSs", "ListenOnInternet", RegistryType.SZ)
INTERNET = r"SOFTWARE\Microsoft\Rpc\Internet"
PORTS = Setting(INTERNET, "Ports", RegistryType.MULTI_SZ)
PORTS_INTERNET_AVAILABLE = Setting(INTERNET, "PortsInternetAvailable", RegistryType.SZ)
USE_INTERNET_PORTS = Setting(INTERNET, "UseInternetPorts", RegistryType.SZ)
OWN = (BIND, LISTEN_ON_INTERNET, PORTS, PORTS_INTERNET_AVAILABLE, USE_INTERNET_PORTS)
# rpccfg -l on the article's Windows 2000: index 1 is the loopback.
LOOPBACK_INDEX = "1"
ALL = "all"
# Fewer stop Netlogon and others from registering (KB 154596); 1024 is never used (article).
FEWEST_PORTS = 100
FIRST_PORT, LAST_PORT = 1025, 65535
SWITCHES = (
    Switch("service_control", "rpc-scm", {"no_tcp": "scm_no_tcp", "local_only": "scm_no_remote"}),
    Switch("account_database", "rpc-lsass", {"no_tcp": "sam_no_tcp"}),
    Switch("spooler", "rpc-spooler", {"local_only": "spooler_no_clients", "no_tcp": "spooler_pipes_only"}),
    Switch("task_scheduler", "rpc-schedule", {"no_tcp": "schedule_no_tcp"}),
)


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone".

    Attributes:
        interfaces: interface indexes as text; empty for all interfaces, i.e. no restriction.
        ports: ranges as text; empty for the default range.
        internet: whether the ranges are those available from the Internet (rpccfg -pe) or not (rpccfg -pi).
    """

    interfaces: tuple[str, ...] | None = None
    listen_on_internet: bool | None = None
    ports: tuple[str, ...] | None = None
    internet: bool = False
    switches: tuple[SwitchWish, ...] = ()


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options.

    Raises:
        InvalidOption: an index or a port range that cannot be.
    """
    interfaces = options.get("interfaces")
    intranet, internet = options.get("intranet_ports"), options.get("internet_ports")
    asked = [ports for ports in (intranet, internet) if ports is not None] + [()] * bool(options.get("default_ports"))
    if len(asked) > 1:
        raise InvalidOption("give one of 'intranet_ports', 'internet_ports' and 'default_ports'")
    ports = None
    if asked:
        ports = () if options.get("default_ports") else tuple(text for text, _range in port_ranges(asked[0]))
    return Desired(
        interfaces=None if interfaces is None else interface_indexes(interfaces),
        listen_on_internet=options.get("listen_on_internet"),
        ports=ports,
        internet=internet is not None,
        switches=switches.from_options(SWITCHES, options),
    )


def interface_indexes(words: Sequence[str]) -> tuple[str, ...]:
    """Turn `loopback`, `2` or `all` into the data of the Bind value; empty for all interfaces.

    Raises:
        InvalidOption: an empty list (it would keep every RPC server from registering), or no index.
    """
    cleaned = [str(word).strip().lower() for word in words]
    if cleaned == [ALL]:
        return ()
    if not cleaned:
        raise InvalidOption("'interfaces' is empty: no RPC server could register; give 'loopback', indexes from 'rpccfg -l', or 'all'")
    indexes = [LOOPBACK_INDEX if word == "loopback" else word for word in cleaned]
    for index in indexes:
        if not index.isdecimal() or int(index) < 1:
            raise InvalidOption(f"'{index}' is not an interface index; give 'loopback', 'all', or numbers from 1 as 'rpccfg -l' lists them")
    if len(set(indexes)) != len(indexes):
        raise InvalidOption(f"'interfaces' names an index twice: {', '.join(cleaned)}")
    return tuple(str(int(index)) for index in indexes)


def port_ranges(texts: Sequence[str]) -> list[tuple[str, range]]:
    """Check port ranges and return them with their numbers.

    Raises:
        InvalidOption: out of order, below 1025, beyond 65535, overlapping, or fewer than 100 ports in all.
    """
    ranges = [(text, _port_range(text)) for text in (str(item).strip() for item in texts)]
    ordered = sorted(ranges, key=lambda item: item[1].start)
    for (one, first), (two, second) in pairwise(ordered):
        if second.start < first.stop:
            raise InvalidOption(f"port ranges {one} and {two} overlap")
    total = sum(len(ports) for _text, ports in ranges)
    if total < FEWEST_PORTS:
        raise InvalidOption(f"{total} ports are too few for RPC servers: give at least {FEWEST_PORTS}")
    return [(f"{ports.start}-{ports.stop - 1}", ports) for _text, ports in ranges]


def _port_range(text: str) -> range:
    low, dash, high = text.partition("-")
    if not low.strip().isdecimal() or (dash and not high.strip().isdecimal()):
        raise InvalidOption(f"'{text}' is not a port range; write it like 4000-4100")
    first, last = int(low), int(high if dash else low)
    if first > last:
        raise InvalidOption(f"port range {text} is out of order")
    if first < FIRST_PORT or last > LAST_PORT:
        raise InvalidOption(f"port range {text} is not within {FIRST_PORT} to {LAST_PORT}")
    return range(first, last + 1)


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for the values that were chosen, and for no interface restriction: the article offers it where RPC servers must stay."""
    return Desired(switches=switches.from_choices(choices))


def read(reader: Reader, host: Host, knowledge: Knowledge) -> Settings:
    """Read what the next boot will use."""
    return settings.read_settings(reader, (*OWN, *switches.known(NAME, knowledge, host.windows)))


def stops(_wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name nothing: no service is stopped."""
    return ()


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name the endpoint mapper where it is bound to single interfaces, and the recipes of values that are written."""
    listens = (Claim("listen_on_internet: false", recipes=(MAPPER,)),) if wanted.listen_on_internet is False else ()
    return (*listens, *switches.claims(wanted.switches))


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare, a part for each option."""
    parts: list[Part] = []
    if wanted.interfaces is not None:
        parts.append(_plan_interfaces(wanted, wanted.interfaces, actual, situation))
    if wanted.listen_on_internet is not None:
        parts.append(_plan_internet(wanted, wanted.listen_on_internet, actual, situation))
    if wanted.ports is not None:
        parts.append(_plan_ports(wanted, wanted.ports, actual, situation))
    return (*parts, *switches.plan(NAME, wanted.switches, actual, situation))


def _doubtful_indexes(wanted: Desired, host: Host) -> tuple[str, ...]:
    """Warn of indexes beyond the interfaces that the host seems to have: what RPC makes of them is not known."""
    most = 1 + sum(adapter.ip_enabled for adapter in host.adapters)
    beyond = [index for index in wanted.interfaces or () if int(index) > most]
    if not beyond:
        return ()
    return (f"the host seems to have {most} interfaces, loopback included: check {', '.join(beyond)} against 'rpccfg -l' there",)


def _plan(goals: Sequence[tuple[Setting, RegistryValue | None]], why: str, actual: Settings) -> Plan:
    return Plan.merge(plan_value(NAME, setting, actual.get(setting), after, why) for setting, after in goals)


def _plan_interfaces(wanted: Desired, interfaces: tuple[str, ...], actual: Settings, situation: Situation) -> Part:
    after = RegistryValue.texts(interfaces) if interfaces else None
    where = "all interfaces" if after is None else f"interfaces {', '.join(interfaces)} only ({LOOPBACK_INDEX} is the loopback)"
    why = f"over TCP, RPC servers that do not request all interfaces bind to {where}"
    error = None
    if after is None and wanted.listen_on_internet is None and _is_off(actual.get(LISTEN_ON_INTERNET)):
        error = InvalidOption("'interfaces: [all]' removes the list that ListenOnInternet N needs: give 'listen_on_internet: true' too")
    return Part(
        stage=NAME,
        targets=(BIND.target,),
        what=f"the interface restriction of RPC (Bind) is not written on {situation.host.windows.name}",
        plan=replace(_plan(((BIND, after),), why, actual), warnings=_doubtful_indexes(wanted, situation.host)),
        method=(RECIPE, "bind") if interfaces else None,
        owners=tuple(restricted(situation.host, situation.knowledge)) if interfaces else (),
        error=error,
    )


def _plan_internet(wanted: Desired, listens: bool, actual: Settings, situation: Situation) -> Part:
    error = None
    bind = actual.get(BIND) if wanted.interfaces is None else RegistryValue.texts(wanted.interfaces)
    if not listens and (bind is None or not bind.data):
        error = InvalidOption("'listen_on_internet: false' binds port 135 to the interfaces of a list: give 'interfaces' too")
    # Absent means Y (article).
    same = listens and actual.get(LISTEN_ON_INTERNET) is None
    after = None if same else RegistryValue.text("Y" if listens else "N")
    why = f"the endpoint mapper binds tcp/135 to {'all interfaces' if listens else 'the interfaces of the Bind list'}"
    return Part(
        stage=NAME,
        targets=(LISTEN_ON_INTERNET.target,),
        what=f"ListenOnInternet is not written on {situation.host.windows.name}",
        plan=_plan(((LISTEN_ON_INTERNET, after),), why, actual),
        method=None if listens else (MAPPER, "listen_on_internet"),
        recipes=() if listens else (MAPPER,),
        error=error,
    )


def _is_off(value: RegistryValue | None) -> bool:
    return value is not None and str(value.data).upper() == "N"


def _plan_ports(wanted: Desired, ranges: tuple[str, ...], actual: Settings, situation: Situation) -> Part:
    letter = RegistryValue.text("Y" if wanted.internet else "N")
    kind = "Internet" if wanted.internet else "intranet"
    why = f"RPC servers take their ports from {', '.join(ranges)} ({kind} ports); this closes nothing"
    goals: tuple[tuple[Setting, RegistryValue | None], ...] = (
        (PORTS, RegistryValue.texts(ranges)),
        (PORTS_INTERNET_AVAILABLE, letter),
        (USE_INTERNET_PORTS, letter),
    )
    if not ranges:
        goals = tuple((setting, None) for setting, _after in goals)
        why = "RPC servers use the default port range again"
    return Part(
        stage=NAME,
        targets=tuple(setting.target for setting, _after in goals),
        what=f"the port range of RPC servers is not written on {situation.host.windows.name}",
        plan=_plan(goals, why, actual),
        method=("rpc-port-range", "ports") if ranges else None,
    )


def configured_ports(actual: Settings) -> tuple[range, ...]:
    """Return the ranges that RPC servers take ports from besides the default; entries that cannot be read are passed over."""
    value = actual.get(PORTS)
    ranges = []
    for text in value.data if value is not None and isinstance(value.data, tuple) else ():
        low, dash, high = text.partition("-")
        numbers = [part.strip() for part in ((low, high) if dash else (low, low))]
        # Text from a host may be of any length.
        if all(number.isdecimal() and len(number) <= 5 for number in numbers):
            ranges.append(range(int(numbers[0]), int(numbers[1]) + 1))
    return tuple(ranges)


def shown(wanted: Desired, actual: Settings, _host: Host) -> dict[str, Any]:
    """Show the values that are asked for."""
    concerned = [BIND] * (wanted.interfaces is not None) + [LISTEN_ON_INTERNET] * (wanted.listen_on_internet is not None)
    concerned += [PORTS, PORTS_INTERNET_AVAILABLE, USE_INTERNET_PORTS] * (wanted.ports is not None)
    own = {setting.target: settings.plain(actual.get(setting)) for setting in concerned}
    return {**own, **switches.shown(wanted.switches, actual, OWN)}


def bound_to(future: Future) -> tuple[str, ...]:
    """Return the interface indexes that RPC over TCP will be bound to after the next boot; empty for all."""
    if future.host.windows.nt > NtVersion(5, 0):
        return ()
    value = future.value(BIND.key, BIND.name)
    return value.data if value is not None and isinstance(value.data, tuple) else ()


def opens(made: Effect, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name what leaves the loopback: RPC servers with the list of interfaces, and the endpoint mapper with its own value."""
    written = made.written
    if written is not None and written.place == BIND.place:
        return () if written.after is not None and written.after.data else (RECIPE,)
    if written is not None and written.place == LISTEN_ON_INTERNET.place:
        return () if _is_off(written.after) else (RECIPE, MAPPER)
    return ()


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect RPC servers over TCP to leave the wildcard address where the restriction is known to bind them."""
    row = subject.endpoint
    indexes = bound_to(future)
    if not indexes or not subject.dynamic or row.protocol is not Protocol.TCP or row.scope is not Scope.WILDCARD:
        return None
    plain = services.fate(subject, future)
    if plain is None or plain.boot is Expectation.CLOSED:
        return plain
    bound = Names(restricted(future.host, future.knowledge))
    if not all(owner in bound and kinds == (Port.RPC,) for owner, kinds in zip(subject.owners, subject.kinds, strict=True)):
        return Fate(plain.now, Expectation.UNKNOWN, "the interface restriction binds only servers that do not request all interfaces")
    if indexes == (LOOPBACK_INDEX,):
        return Fate(plain.now, Expectation.CLOSED, "RPC over TCP is bound to the loopback", loopback=True)
    return Fate(plain.now, Expectation.UNKNOWN, f"RPC over TCP is bound to interfaces {', '.join(indexes)} from the next boot")


def restricted(host: Host, knowledge: Knowledge) -> list[str]:
    """Return the services whose RPC server the article saw obey the restriction."""
    return [
        name
        for recipe, pattern in knowledge.patterns(host.windows)
        if pattern.selective_binding
        for name in pattern.services or recipe.services
    ]


STAGE = Stage(
    name=NAME,
    options={
        "interfaces": {"type": "list", "elements": "str"},
        "listen_on_internet": {"type": "bool"},
        "intranet_ports": {"type": "list", "elements": "str"},
        "internet_ports": {"type": "list", "elements": "str"},
        "default_ports": {"type": "bool"},
        **{switch.option: {"type": "str", "choices": switch.words} for switch in SWITCHES},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
    touches={
        "bind": Touches(values=(BIND.name, LISTEN_ON_INTERNET.name)),
        "listen_on_internet": Touches(values=(LISTEN_ON_INTERNET.name,)),
        "ports": Touches(values=(PORTS.name, PORTS_INTERNET_AVAILABLE.name, USE_INTERNET_PORTS.name)),
    },
)
