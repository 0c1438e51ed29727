# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape that all stages have, and the circumstances under which they plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

from .future import Fate, Future


class Dependents(StrEnum):
    """What happens to running services that depend on one which is to be stopped."""

    REFUSE = "refuse"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the operator wants to stay reachable, each with the reason; service names in lower case.

    Attributes:
        recipes: ids of the recipes whose listeners stay.
        services: what must go on running: what is kept, and all that it depends on.
        owners: those of them whose own listeners stay.
    """

    recipes: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A method of a recipe that a plan uses.

    Attributes:
        named: the operator asked for the recipe by its id.
    """

    recipe: Recipe
    method: Method
    named: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A recipe that a plan skips, and why."""

    recipe: Recipe
    reason: Reason
    detail: str
    hazard: str = ""


@dataclass(frozen=True, slots=True)
class Residue:
    """A listener that stays open, with the reason and with what an administrator can do about it.

    Attributes:
        filtered: an inbound rule that is in force drops what comes in for it.
    """

    subject: Explained
    why: str
    instead: str
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Under which circumstances a stage plans.

    Attributes:
        stopping: key names in lower case that any stage of this run is asked to stop.
        accept: ids of the hazards that the operator accepts.
        unverified: methods that nobody has verified on this Windows may be used.
        residue: what the other stages leave open; known to the last stage alone, as is what follows.
        returning: the same, were any service that is stopped and left to demand started again.
        listed: every endpoint that was found.
        future: what the other stages make of the host.
        staying: what is kept and the management path, which the last stage must not touch.
        path: what the session goes through; None where nobody has looked.
    """

    host: Host
    knowledge: Knowledge
    stopping: frozenset[str] = frozenset()
    accept: frozenset[str] = frozenset()
    dependents: Dependents = Dependents.REFUSE
    kept: Kept = field(default_factory=Kept)
    unverified: bool = False
    residue: tuple[Residue, ...] = ()
    returning: tuple[Residue, ...] = ()
    listed: tuple[Explained, ...] = ()
    future: Future | None = None
    staying: tuple[Explained, ...] = ()
    path: ManagementPath | None = None

    def refusal(self, recipe: str, method: str) -> tuple[Reason, str] | None:
        """Tell why a method must not be written on this Windows, or None where it may be.

        What is not known to work is never written; a method that closes nothing is a legitimate end in itself.
        """
        entry = self.knowledge.recipe(recipe).method(method, self.host.windows)
        if entry is None:
            return Reason.UNVERIFIED, f"nothing is known of {method} on {self.host.windows.name}"
        return refusal_of(entry, self.host.windows, unverified=self.unverified)

    def require(self, recipe: str, method: str, what: str) -> None:
        """Raise Refused where a method must not be written on this Windows."""
        refusal = self.refusal(recipe, method)
        if refusal is not None:
            raise Refused(f"{what} is not written on {self.host.windows.name}: {refusal[1]}")


REASONS = {
    Status.DOES_NOT_WORK: Reason.DOES_NOT_WORK,
    Status.HARMFUL: Reason.HARMFUL,
    Status.UNVERIFIED: Reason.UNVERIFIED,
}


def refusal_of(entry: Method, windows: Windows, *, unverified: bool) -> tuple[Reason, str] | None:
    """Tell why a method must not be written on a Windows, or None where it may be; no option lifts but the last kind."""
    if windows.newer and not (entry.status is Status.WORKS and entry.windows.open_ended):
        return Reason.UNVERIFIED, f"nobody knows what it does on a Windows newer than {windows.name}"
    reason = REASONS.get(entry.status)
    if reason is None or (reason is Reason.UNVERIFIED and unverified):
        return None
    lift = "; 'unverified: apply' uses it all the same" if reason is Reason.UNVERIFIED else ""
    return reason, f"{entry.because}{lift}"


@dataclass(frozen=True, slots=True)
class Touches:
    """What a method touches by a stage's own code, beside the services and values that its recipe names.

    Attributes:
        services: key names of what is stopped.
        values: names of registry values that are written, below whichever key.
        netbios: whether NetBIOS over TCP/IP is set on adapters.
    """

    services: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    netbios: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage, as the edge and `minimize` use it.

    Attributes:
        options: Ansible argument spec of the stage's own options.
        desired: options to what is desired; raises InvalidOption.
        default: what the methods chosen for this stage ask for.
        read: the registry values that it manages, as they are configured now, whatever is desired.
        stops: key names of services that the desire would stop.
        plan: desired and actual to a plan; raises Refused, NotFound, InvalidOption.
        shown: the part of a state that a desire is about, as plain values.
        fate: what the stage expects of an endpoint that it knows, or None.
        touches: by id of a method.
    """

    name: str
    options: Mapping[str, Any]
    desired: Callable[[Mapping[str, Any]], Any]
    default: Callable[[tuple[Choice, ...]], Any]
    read: Callable[[Reader, Host, Knowledge], Settings]
    stops: Callable[[Any, Host], tuple[str, ...]]
    plan: Callable[[Any, Any, Situation], Plan]
    shown: Callable[[Any, Any, Host], dict[str, Any]]
    fate: Callable[[Explained, Future], Fate | None]
    touches: Mapping[str, Touches] = field(default_factory=dict)
