# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host will be once a plan has been applied, and after the boot that follows.

Built from what was read and from the plan's changes; the stages' forecasts ask it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import START_MODES, Place, place_of, start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effects
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import effects
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan


@dataclass(frozen=True, slots=True)
class Future:
    """One host after one plan.

    Attributes:
        configured: registry values as read; None for one that is absent.
        wary: not what is likely but what can be: a service that is stopped and left to demand may be started by something that is
            not known.
    """

    host: Host
    knowledge: Knowledge
    plan: Plan
    configured: Mapping[Place, RegistryValue | None] = field(default_factory=dict)
    wary: bool = False
    _effects: Effects = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_effects", effects(self.plan.changes))

    def stops(self, service: Service) -> bool:
        """Whether the service does not run once the plan has been applied."""
        return service.stopped or service.name in self._effects.stops

    def process_ends(self, service: Service) -> bool:
        """Whether the process that holds the service's RPC endpoints ends while the plan is applied."""
        if not service.shared:
            return self.stops(service)
        mates = (s for s in self.host.services.values() if s.kind is ServiceKind.SERVICE and s.shared and s.path == service.path)
        alike = (mate for mate in mates if mate.stopped or service.pid is None or mate.pid == service.pid)
        return all(self.stops(mate) for mate in alike)

    def start_mode(self, service: Service) -> StartMode:
        """The start mode that the next boot (for the instance of a per-user service the next sign-in) will find."""
        planned = self._effects.start_modes.get(service.name)
        if planned is not None:
            return planned
        where = start_setting(template_of(service.name, self.host.windows, self.knowledge) or service.name)
        start = self.value(where.key, where.name)
        return service.start_mode if start is None else START_MODES.get(start.data, service.start_mode)

    def runs_at_boot(self, service: Service) -> Expectation:
        """Whether the service will run after the next boot, as an expectation of being open.

        Manual ones run if an automatic one needs them. One that runs now although manual was started by something
        that is not known: left alone it counts as running then, too; stopped and left manual it may be started again.
        """
        mode = self.start_mode(service)
        if mode is StartMode.DISABLED or any(self.start_mode(s) is StartMode.DISABLED for s in self.host.all_required(service.name)):
            return Expectation.CLOSED
        if mode is not StartMode.MANUAL:
            return Expectation.OPEN
        needing = [s for s in self.host.all_dependents(service.name) if self.start_mode(s) is not StartMode.MANUAL]
        if any(self.runs_at_boot(s) is Expectation.OPEN for s in needing):
            return Expectation.OPEN
        if service.stopped:
            return Expectation.UNKNOWN if self.wary else Expectation.CLOSED
        return Expectation.UNKNOWN if self.stops(service) else Expectation.OPEN

    def may_run(self, service: Service) -> bool:
        """Whether the service runs on under the plan, or anything could start it again, now or after a boot."""
        needed = (service, *self.host.all_required(service.name))
        return not self.stops(service) or all(self.start_mode(s) is not StartMode.DISABLED for s in needed)

    def rpc_servers_at_boot(self, protocol: str) -> Expectation:
        """Whether any known RPC server will use the protocol after the next boot."""
        expected = {
            self.runs_at_boot(self.host.services[name])
            for recipe, pattern in self.knowledge.patterns(self.host.windows)
            if pattern.protocol == protocol and pattern.port is Port.RPC
            for name in pattern.services or recipe.services
            if name in self.host.services
        }
        if Expectation.OPEN in expected:
            return Expectation.OPEN
        return Expectation.UNKNOWN if Expectation.UNKNOWN in expected else Expectation.CLOSED

    def value(self, key: str, name: str) -> RegistryValue | None:
        """Return the registry value that the next boot will find."""
        wanted = place_of(key, name)
        return self._effects.values[wanted] if wanted in self._effects.values else self.configured.get(wanted)

    def writes(self, key: str, name: str) -> bool:
        """Whether the plan itself writes or deletes the value."""
        return place_of(key, name) in self._effects.values

    def instances(self, template: str) -> tuple[Service, ...]:
        """Return the per-user services that were made of a template."""
        # Asked for each endpoint: the name is looked up only where it can be that of an instance.
        near = (s for name, s in self.host.services.items() if same(name[: len(template)], template))
        return tuple(s for s in near if template_of(s.name, self.host.windows, self.knowledge) == template)

    def netbios_set(self, guid: str) -> NetbiosOption | None:
        """Return the NetBIOS option that the plan sets on an adapter."""
        return self._effects.netbios.get(guid)


@dataclass(frozen=True, slots=True)
class Fate:
    """What a stage expects of one endpoint.

    Attributes:
        loopback: the service goes on, but on the loopback only.
        plain: nothing special was found: whatever is known of the recipe says more.
    """

    now: Expectation
    boot: Expectation
    why: str
    loopback: bool = False
    plain: bool = False
