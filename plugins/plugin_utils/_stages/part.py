# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stage would do for one wish: its changes, all of them or none, and what the gate has to know of them. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

NOTHING = Plan()


@dataclass(frozen=True, slots=True)
class Bar:
    """Why something must not be done on this host, whatever is accepted."""

    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Need:
    """A hazard that has to be accepted, and what breaks."""

    hazard: str
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What an option asks for by name, as far as it is known before any host is.

    Attributes:
        said: the option, as the task writes it.
        recipes: ids of the recipes whose listeners it closes.
        services: key names that it stops or keeps from starting.
    """

    said: str
    recipes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a stage would do for one wish.

    Attributes:
        targets: its objects, as `unchanged` names them where it is passed over.
        what: what is not done where it is refused, as the head of a sentence.
        plan: what is done, and what is as wanted already.
        otherwise: what is done where it is passed over.
        takes: services and drivers that it stops for their own sake, or keeps from starting.
        along: services that run, depend on one of these, and are stopped along since nobody else stops them.
        dormant: services that depend on one of these, do not run, and could not be started any more.
        method: recipe and id of the method that it writes, where what is known of it on this Windows has to allow it.
        recipes: ids of the recipes whose listeners it closes or drops.
        owners: services whose own listeners it closes without stopping them.
        endpoints: the listeners that its rule drops.
        found: listeners whose number clients ask for at one of these.
        chosen: nobody named its objects, whatever options the stage was given.
        needs: hazards that have to be accepted first, whether or not the host shows them.
        barrier: why it must not be done on this host, whatever is accepted.
        error: what is wrong with the wish itself.
        unseen: why nobody knows what it does on a real host, where it needs `unverified: apply`; "" where it does not.
    """

    stage: str
    targets: tuple[str, ...]
    what: str = ""
    plan: Plan = NOTHING
    otherwise: Plan = NOTHING
    takes: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    dormant: tuple[str, ...] = ()
    method: tuple[str, str] | None = None
    recipes: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    endpoints: tuple[Explained, ...] = ()
    found: tuple[Explained, ...] = ()
    chosen: bool = False
    needs: tuple[Need, ...] = ()
    barrier: Bar | None = None
    error: NetminError | None = None
    unseen: str = ""


def plan_value(stage: str, setting: Setting, before: RegistryValue | None, after: RegistryValue | None, why: str) -> Plan:
    """Plan one registry value that the next boot reads."""
    changes = write_value(stage, setting, before, after, why)
    return Plan(changes, () if changes else (Unchanged(stage, setting.target, Reason.AS_DESIRED),))


def join(parts: Iterable[Part], one: Part) -> Part:
    """Make one part of several: a step that is held back holds back all of them.

    Args:
        one: names the whole; what it says of itself is added to.
    """
    every = (one, *parts)
    return replace(
        one,
        plan=Plan.merge(part.plan for part in every),
        takes=_all(part.takes for part in every),
        along=_all(part.along for part in every),
        dormant=_all(part.dormant for part in every),
        barrier=next((part.barrier for part in every if part.barrier is not None), None),
        error=next((part.error for part in every if part.error is not None), None),
    )


def _all(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in names for name in group))
