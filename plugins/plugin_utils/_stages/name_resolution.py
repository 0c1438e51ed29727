# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: the socket that the DNS client keeps open on Windows XP.

With MaxCachedSockets 0 each query uses a socket of its own, as on Windows 2000 (article).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import Plan, Reason, Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Profile

from . import services, settings
from .future import Fate, Future
from .host import Host
from .owners import Explained
from .settings import Setting, Settings
from .stage import Situation, Stage

NAME = "name_resolution"
RECIPE = "dnscache-ephemeral"
MAX_CACHED_SOCKETS = Setting(r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters", "MaxCachedSockets", RegistryType.DWORD)
XP = NtVersion(5, 1)


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone"."""

    max_cached_sockets: int | None = None


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options; raise InvalidOption for a number that no REG_DWORD holds."""
    number = options.get("max_cached_sockets")
    if number is not None and not 0 <= number <= 0xFFFFFFFF:
        raise InvalidOption(f"'max_cached_sockets: {number}' is no number of sockets")
    return Desired(number)


def default(profile: Profile) -> Desired:
    """Return what the knowledge says of this Windows."""
    return Desired(profile.max_cached_sockets)


def read(reader: Reader, _host: Host) -> Settings:
    """Read what the next start of the DNS client will use."""
    return settings.read_settings(reader, (MAX_CACHED_SOCKETS,))


def stops(_wanted: Desired) -> tuple[str, ...]:
    """Name nothing: no service is stopped."""
    return ()


def plan(wanted: Desired, actual: Settings, situation: Situation) -> Plan:
    """Compare; raise Refused on a Windows where the value is not known to work."""
    if wanted.max_cached_sockets is None:
        return Plan()
    kept = situation.kept.recipes.get(RECIPE)
    if kept is not None:
        return Plan(unchanged=(Unchanged(NAME, MAX_CACHED_SOCKETS.target, Reason.KEPT, kept),))
    situation.require(RECIPE, "max_cached_sockets", "MaxCachedSockets")
    why = "the DNS client keeps no socket open between queries once it starts anew"
    after = RegistryValue.dword(wanted.max_cached_sockets)
    changes = settings.write(NAME, MAX_CACHED_SOCKETS, actual.get(MAX_CACHED_SOCKETS), after, why)
    return Plan(changes, () if changes else (Unchanged(NAME, MAX_CACHED_SOCKETS.target, Reason.AS_DESIRED),))


def shown(wanted: Desired, actual: Settings, _host: Host) -> dict[str, Any]:
    """Show the value where it is asked for."""
    return {} if wanted.max_cached_sockets is None else {MAX_CACHED_SOCKETS.target: settings.plain(actual.get(MAX_CACHED_SOCKETS))}


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
    options={"max_cached_sockets": {"type": "int"}},
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    plan=plan,
    shown=shown,
    fate=fate,
)
