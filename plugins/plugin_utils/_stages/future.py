# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host will be once a plan has been applied, and after the boot that follows.

Built from what was read and from the plan's changes; the stages' forecasts ask it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, Service, template_of
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode


@dataclass(frozen=True, slots=True)
class Future:
    """One host after one plan.

    Attributes:
        configured: registry values as read, by key and name in lower case; None for one that is absent.
        wary: not what is likely but what can be: a service that is stopped and left to demand may be started by something that is
            not known.
    """

    host: Host
    knowledge: Knowledge
    plan: Plan
    configured: Mapping[tuple[str, str], RegistryValue | None] = field(default_factory=dict)
    wary: bool = False

    def stops(self, service: Service) -> bool:
        """Whether the service does not run once the plan has been applied."""
        planned = any(isinstance(c, StopService) and c.name.lower() == service.name.lower() for c in self.plan.changes)
        return service.stopped or planned

    def process_ends(self, service: Service) -> bool:
        """Whether the process that holds the service's RPC endpoints ends while the plan is applied."""
        if not service.shared:
            return self.stops(service)
        mates = (s for s in self.host.services.values() if s.kind is ServiceKind.SERVICE and s.shared and s.path == service.path)
        alike = (mate for mate in mates if mate.stopped or service.pid is None or mate.pid == service.pid)
        return all(self.stops(mate) for mate in alike)

    def start_mode(self, service: Service) -> StartMode:
        """The start mode that the next boot (for the instance of a per-user service the next sign-in) will find."""
        for change in self.plan.changes:
            if isinstance(change, SetStartMode) and change.name.lower() == service.name.lower():
                return change.after
        name = template_of(service.name, self.host.windows, self.knowledge) or service.name
        start = self.value(rf"{SERVICES_KEY}\{name}", "Start")
        # SERVICE_DISABLED (Microsoft, CreateService).
        return StartMode.DISABLED if start is not None and start.data == 4 else service.start_mode

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
            self.runs_at_boot(self.host.services[name.lower()])
            for recipe, pattern in self.knowledge.patterns(self.host.windows)
            if pattern.protocol == protocol and pattern.port is Port.RPC
            for name in pattern.services or recipe.services
            if name.lower() in self.host.services
        }
        if Expectation.OPEN in expected:
            return Expectation.OPEN
        return Expectation.UNKNOWN if Expectation.UNKNOWN in expected else Expectation.CLOSED

    def value(self, key: str, name: str) -> RegistryValue | None:
        """Return the registry value that the next boot will find."""
        wanted = (key.lower(), name.lower())
        for change in self.plan.changes:
            if isinstance(change, SetRegistryValue) and (change.key.lower(), change.name.lower()) == wanted:
                return change.after
        return self.configured.get(wanted)

    def writes(self, key: str, name: str) -> bool:
        """Whether the plan itself writes or deletes the value."""
        wanted = (key.lower(), name.lower())
        return any(isinstance(c, SetRegistryValue) and (c.key.lower(), c.name.lower()) == wanted for c in self.plan.changes)

    def instances(self, template: str) -> tuple[Service, ...]:
        """Return the per-user services that were made of a template."""
        return tuple(s for s in self.host.services.values() if template_of(s.name, self.host.windows, self.knowledge) == template)

    def netbios_set(self, guid: str) -> SetNetbios | None:
        """Return the change of NetBIOS that is planned for an adapter."""
        wanted = guid.lower()
        return next((c for c in self.plan.changes if isinstance(c, SetNetbios) and c.guid.lower() == wanted), None)


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
