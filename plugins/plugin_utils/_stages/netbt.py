# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: NetBIOS over TCP/IP on each adapter, and the lmhosts helper service.

SetTcpipNetbios acts at once on adapters that have IP; for the others (disconnected, disabled) the value that
NetBT reads when it binds them is written. An adapter added later starts with NetBIOS on again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import listed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Adapter, Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import (
    INTERFACES,
    PREFIX,
    VALUE,
    NetbiosOption,
    is_option,
    option_of,
    setting,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .future import Fate, Future
from .part import Claim, Part
from .service_control import Wish, plan_services
from .stage import Choice, Situation, Stage, Touches

NAME = "netbt"
RECIPE = "netbios-137-138-139"
LMHOSTS = "LmHosts"
LATER = "an adapter that is added later starts with NetBIOS on"


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone".

    Attributes:
        adapters: "*", or GUIDs, descriptions, MAC or IP addresses.
    """

    netbios: NetbiosOption | None = None
    adapters: tuple[str, ...] = ("*",)
    lmhosts: StartMode | None = None


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options."""
    adapters = tuple(options.get("adapters") or ("*",))
    word, lmhosts = options.get("netbios"), options.get("lmhosts")
    if word is None and lmhosts is None and options.get("adapters"):
        raise InvalidOption("'adapters' needs 'netbios': give both")
    return Desired(NetbiosOption[word.upper()] if word else None, adapters, StartMode(lmhosts) if lmhosts else None)


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for what the chosen method does: NetBIOS off on every adapter, and the helper service where the article disables it along."""
    if not choices:
        return Desired()
    helper = any(same(LMHOSTS, name) for choice in choices for name in choice.method.services)
    return Desired(NetbiosOption.DISABLED, ("*",), StartMode.DISABLED if helper else None)


def read(reader: Reader, host: Host, _knowledge: Knowledge) -> Settings:
    """Read the option of every interface that NetBT knows, connected or not, and of every adapter that has IP."""
    guids = [name[len(PREFIX) :] for name in reader.subkeys(INTERFACES) or () if name.lower().startswith(PREFIX.lower())]
    guids += [adapter.guid for adapter in host.adapters if adapter.ip_enabled]
    return settings.read_settings(reader, (setting(guid) for guid in Names(guids)))


def stops(wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name what would be stopped."""
    return (LMHOSTS,) if wanted.lmhosts in (StartMode.DISABLED, StartMode.MANUAL) else ()


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name NetBIOS, and its helper service."""
    found = [Claim("netbios: disabled", recipes=(RECIPE,))] if wanted.netbios is NetbiosOption.DISABLED else []
    if wanted.lmhosts in (StartMode.DISABLED, StartMode.MANUAL):
        found.append(Claim(f"lmhosts: {wanted.lmhosts}", services=(LMHOSTS,)))
    return tuple(found)


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare; raise NotFound if a named adapter does not exist."""
    parts: list[Part] = []
    if wanted.lmhosts is not None:
        why = "helper for NetBIOS names; it opens no port and is useless without NetBIOS"
        ends = bool(stops(wanted, situation.host, situation.knowledge))
        wish = Wish(LMHOSTS, stop=ends, start_mode=wanted.lmhosts, why=why, optional=True)
        parts += plan_services(NAME, (wish,), situation)
    if wanted.netbios is not None:
        parts.append(
            Part(
                stage=NAME,
                targets=("NetBIOS over TCP/IP",),
                what=f"NetBIOS over TCP/IP is not {wanted.netbios.word}",
                plan=_plan_adapters(wanted, actual, situation),
                recipes=(RECIPE,) if wanted.netbios is NetbiosOption.DISABLED else (),
            )
        )
    return tuple(parts)


def _plan_adapters(wanted: Desired, actual: Settings, situation: Situation) -> Plan:
    changes: list[Change] = []
    unchanged: list[Unchanged] = []
    later = LATER if wanted.netbios is NetbiosOption.DISABLED else ""
    adapters = ByName((adapter.guid, adapter) for adapter in situation.host.adapters)
    selected = _select(wanted.adapters, actual, adapters)
    for guid in selected:
        planned = _change(wanted, guid, actual, adapters.get(guid))
        changes += planned
        if not planned:
            unchanged.append(Unchanged(NAME, f"adapter {_label(guid, adapters)}", Reason.AS_DESIRED, later))
    return Plan(tuple(changes), tuple(unchanged))


def _select(wanted: tuple[str, ...], actual: Settings, adapters: ByName[Adapter]) -> tuple[str, ...]:
    for word in wanted:
        if word != "*" and not _named((word,), actual, adapters):
            every = listed((_label(guid, adapters) for guid in _named(("*",), actual, adapters)), between="; ")
            raise NotFound(f"there is no adapter '{word}' on this host; it has {every}")
    return _named(wanted, actual, adapters)


def _named(wanted: tuple[str, ...], actual: Settings, adapters: ByName[Adapter]) -> tuple[str, ...]:
    """Return the GUIDs of the adapters that are meant; none for a word that names no adapter."""
    every = sorted((item.key.rpartition("\\")[2][len(PREFIX) :] for item in actual), key=str.lower)
    if "*" in wanted:
        return tuple(every)
    return tuple(dict.fromkeys(guid for word in wanted for guid in every if word in _names(guid, adapters)))


def _names(guid: str, adapters: ByName[Adapter]) -> Names:
    names = [guid, guid.strip("{}")]
    adapter = adapters.get(guid)
    if adapter is not None:
        names += [adapter.description, adapter.mac, *adapter.addresses]
    return Names(filter(None, names))


def _label(guid: str, adapters: ByName[Adapter]) -> str:
    adapter = adapters.get(guid)
    return f"{adapter.description} {guid}" if adapter else guid


def _change(wanted: Desired, guid: str, actual: Settings, adapter: Adapter | None) -> tuple[Change, ...]:
    before = option_of(actual.get(setting(guid)))
    after = wanted.netbios
    if after is None or before is after:
        return ()
    why = f"NetBIOS over TCP/IP {after.word}: udp/137, udp/138 and tcp/139 of this adapter"
    if after is NetbiosOption.DISABLED:
        why += f"; {LATER}"
    if adapter is None or not adapter.ip_enabled:
        why += "; it has no IP now, so the value waits for the next boot"
        return write_value(NAME, setting(guid), actual.get(setting(guid)), RegistryValue.dword(after), why)
    change = SetNetbios(
        stage=NAME,
        effective=Effective.NOW,
        why=why,
        index=adapter.index,
        adapter=adapter.description,
        guid=guid,
        before=before,
        after=after,
    )
    return (change,)


def shown(wanted: Desired, actual: Settings, host: Host) -> dict[str, Any]:
    """Show NetBIOS per adapter, and the helper service where it is asked for."""
    adapters = ByName((adapter.guid, adapter) for adapter in host.adapters)
    result: dict[str, Any] = {}
    if wanted.netbios is not None:
        for guid in _named(wanted.adapters, actual, adapters):
            result[f"adapter {_label(guid, adapters)}"] = option_of(actual.get(setting(guid))).word
    service = host.services.get(LMHOSTS)
    if wanted.lmhosts is not None and service is not None:
        result[service.name] = {"state": service.state.lower(), "start_mode": str(service.start_mode)}
    return result


def opens(made: Effect, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name the ports of an adapter that NetBIOS goes over again."""
    written = made.written
    option = made.netbios[1] if made.netbios else option_of(written.after) if written and is_option(written.place) else None
    return () if option in (None, NetbiosOption.DISABLED) else (RECIPE,)


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect 137, 138 and 139 to follow the adapter's option and the driver."""
    if subject.recipe != RECIPE:
        return None
    driver = future.host.services.get("netbt")
    stops = driver is not None and future.stops(driver)
    loads = Expectation.OPEN if driver is None else future.runs_at_boot(driver)
    adapter = next((a for a in future.host.adapters if subject.endpoint.address in a.addresses), None)
    if stops and (adapter is None or loads is Expectation.CLOSED):
        return Fate(Expectation.CLOSED, loads, "the NetBT driver stops")
    if adapter is None:
        return Fate(Expectation.OPEN, Expectation.UNKNOWN, f"no adapter has the address {subject.endpoint.address}")
    planned = future.netbios_set(adapter.guid)
    where = setting(adapter.guid)
    value = planned if planned is not None else option_of(future.value(where.key, where.name))
    off = Expectation.CLOSED if value is NetbiosOption.DISABLED else Expectation.OPEN
    word = f"NetBIOS over TCP/IP is {value.word} on {adapter.description}"
    if stops:
        # A driver that loads again binds the adapters that their options tell it to.
        gone = off is Expectation.CLOSED
        return Fate(Expectation.CLOSED, off if gone else loads, f"the NetBT driver stops{f', and {word}' if gone else ''}")
    if loads is Expectation.CLOSED:
        return Fate(off if planned is not None else Expectation.OPEN, Expectation.CLOSED, "the NetBT driver will not load")
    return Fate(off if planned is not None else Expectation.OPEN, off, word)


STAGE = Stage(
    name=NAME,
    options={
        "netbios": {"type": "str", "choices": ["disabled", "enabled", "dhcp"]},
        "adapters": {"type": "list", "elements": "str"},
        "lmhosts": {"type": "str", "choices": ["auto", "manual", "disabled"]},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
    touches={"netbios_options": Touches(values=(VALUE,), netbios=True)},
)
