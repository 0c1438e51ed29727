# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape that all stages have, and the circumstances under which they plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Read, Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import reads_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Recipe
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason

from .part import Claim, Part


class Missing(StrEnum):
    """What happens where a task names a service or a port that the host does not have."""

    REFUSE = "refuse"
    SKIP = "skip"


class Dependents(StrEnum):
    """What happens to running services that depend on one which is to be stopped."""

    REFUSE = "refuse"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the operator wants to stay reachable, each with the reason.

    Attributes:
        recipes: ids of the recipes whose listeners stay.
        services: what must go on running: what is kept, and all that it depends on.
        owners: those of them whose own listeners stay.
        ports: the ports that were named.
    """

    recipes: Mapping[str, str] = field(default_factory=dict)
    services: ByName[str] = field(default_factory=ByName)
    owners: ByName[str] = field(default_factory=ByName)
    ports: Mapping[tuple[Protocol, int], str] = field(default_factory=dict)


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
    """A recipe that a plan skips, and why.

    Attributes:
        hazards: ids of those that hold it back, where any do.
    """

    recipe: Recipe
    reason: Reason
    detail: str
    hazards: tuple[str, ...] = ()


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
        stopping: key names that any stage of this run is asked to stop.
        kept: what is to stay reachable; the gate holds back what would close it, a stage asks what may come back.
        missing: what happens to a service that is named and is not there.
    """

    host: Host
    knowledge: Knowledge
    stopping: Names = field(default_factory=Names)
    kept: Kept = field(default_factory=Kept)
    missing: Missing = Missing.REFUSE


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
        claims: what of a desire would close something, as far as that is known before any host is.
        plan: desired and actual to the parts of a plan, which the gate then judges; raises NotFound, InvalidOption.
        shown: the part of a state that a desire is about, as plain values.
        touches: by id of a method.
    """

    name: str
    options: Mapping[str, Any]
    desired: Callable[[Mapping[str, Any]], Any]
    default: Callable[[tuple[Choice, ...]], Any]
    read: Callable[[Reader, Host, Knowledge], Settings]
    stops: Callable[[Any, Host, Knowledge], tuple[str, ...]]
    claims: Callable[[Any], tuple[Claim, ...]]
    plan: Callable[[Any, Any, Situation], tuple[Part, ...]]
    shown: Callable[[Any, Any, Host], dict[str, Any]]
    touches: Mapping[str, Touches] = field(default_factory=dict)

    def wants(self, reader: Reader, host: Host, knowledge: Knowledge) -> tuple[Read, ...]:
        """Return what `read` would ask of a host, as far as what is known of it up to now tells."""
        return reads_of(reader, lambda known: self.read(known, host, knowledge))
