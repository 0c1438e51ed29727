# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: the sockets of the DNS client.

With MaxCachedSockets 0 each query uses a socket of its own on Windows XP, as on Windows 2000 (article). From Windows Vista
on it answers LLMNR on 5355, from Windows 10 on multicast DNS on 5353; a value turns off each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect

from . import services, switches
from .future import Fate, Future
from .part import Claim, Part, plan_value
from .stage import Choice, Situation, Stage, Touches
from .switches import Switch, SwitchWish

NAME = "name_resolution"
RECIPE = "dnscache-ephemeral"
MAX_CACHED_SOCKETS = Setting(rf"{SERVICES_KEY}\Dnscache\Parameters", "MaxCachedSockets", RegistryType.DWORD)
XP = NtVersion(5, 1)
SWITCHES = (
    Switch("llmnr", "llmnr-5355", {"disabled": "llmnr_off"}),
    Switch("mdns", "mdns-5353", {"disabled": "mdns_off"}),
)


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone"."""

    max_cached_sockets: int | None = None
    switches: tuple[SwitchWish, ...] = ()


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options; raise InvalidOption for a number that no REG_DWORD holds."""
    number = options.get("max_cached_sockets")
    if number is not None and not 0 <= number <= 0xFFFFFFFF:
        raise InvalidOption(f"'max_cached_sockets' is {number}; it must be 0 to 4294967295")
    return Desired(number, switches.from_options(SWITCHES, options))


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for what the chosen methods do."""
    cached = any(choice.method.id == "max_cached_sockets" for choice in choices)
    return Desired(0 if cached else None, switches.from_choices(choices))


def read(reader: Reader, host: Host, knowledge: Knowledge) -> Settings:
    """Read what the next start of the DNS client will use."""
    own = (MAX_CACHED_SOCKETS,) if host.windows.nt <= XP else ()
    return settings.read_settings(reader, (*own, *switches.known(NAME, knowledge, host.windows)))


def stops(_wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name nothing: no service is stopped."""
    return ()


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name the socket of the cache, and the recipes of values that are written."""
    cached = (Claim("max_cached_sockets: 0", recipes=(RECIPE,)),) if wanted.max_cached_sockets == 0 else ()
    return (*cached, *switches.claims(wanted.switches))


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare, a part for each value."""
    parts = switches.plan(NAME, wanted.switches, actual, situation)
    return parts if wanted.max_cached_sockets is None else (*parts, _plan_cached(wanted.max_cached_sockets, actual, situation))


def _plan_cached(number: int, actual: Settings, situation: Situation) -> Part:
    kept = {0: "no socket", 1: "one socket at most"}.get(number, f"{number} sockets at most")
    why = f"from its next start on, the DNS client keeps {kept} open between queries"
    return Part(
        stage=NAME,
        targets=(MAX_CACHED_SOCKETS.target,),
        what=f"MaxCachedSockets is not written on {situation.host.windows.name}",
        plan=plan_value(NAME, MAX_CACHED_SOCKETS, actual.get(MAX_CACHED_SOCKETS), RegistryValue.dword(number), why),
        method=(RECIPE, "max_cached_sockets"),
        recipes=(RECIPE,) if number == 0 else (),
    )


def shown(wanted: Desired, actual: Settings, _host: Host) -> dict[str, Any]:
    """Show the values that are asked for."""
    cached = {} if wanted.max_cached_sockets is None else {MAX_CACHED_SOCKETS.target: settings.plain(actual.get(MAX_CACHED_SOCKETS))}
    return {**cached, **switches.shown(wanted.switches, actual, (MAX_CACHED_SOCKETS,))}


def opens(made: Effect, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name the socket of the DNS client's cache."""
    written = made.written
    if written is None or written.place != MAX_CACHED_SOCKETS.place:
        return ()
    return () if written.after is not None and written.after.data == 0 else (RECIPE,)


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect the DNS client's socket to go with its cache of sockets."""
    if subject.recipe != RECIPE or future.host.windows.nt != XP:
        return None
    plain = services.fate(subject, future)
    value = future.value(MAX_CACHED_SOCKETS.key, MAX_CACHED_SOCKETS.name)
    if plain is None or plain.boot is Expectation.CLOSED or value is None or value.data != 0:
        return plain
    return Fate(plain.now, Expectation.CLOSED, "MaxCachedSockets is 0; the DNS client reads it when it starts")


STAGE = Stage(
    name=NAME,
    options={
        "max_cached_sockets": {"type": "int"},
        **{switch.option: {"type": "str", "choices": switch.words} for switch in SWITCHES},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
    touches={"max_cached_sockets": Touches(values=(MAX_CACHED_SOCKETS.name,))},
)
