# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was seen of the objects that changes are about: by it each kind of change judges and projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilters

from .host import Host, Service
from .settings import Place, Setting


@dataclass(frozen=True, slots=True)
class Seen:
    """The objects of one host, as they were read at one time or will be.

    Attributes:
        services: by key name.
        values: registry values; None for one that was looked for and is absent.
        keys: whether a registry key is there, of those that may be deleted.
        firewall: None before Windows Vista, or where nobody asked.
        rpc_filters: filters of RPC calls; None where nobody asked.
    """

    services: ByName[Service] = field(default_factory=ByName)
    values: Mapping[Place, RegistryValue | None] = field(default_factory=dict)
    keys: Mapping[str, bool] = field(default_factory=dict)
    firewall: Firewall | None = None
    rpc_filters: RpcFilters | None = None

    def service(self, name: str) -> Service | None:
        """Return a service by key name; None where the host has none."""
        return self.services.get(name)

    def value(self, setting: Setting) -> RegistryValue | None:
        """Return a registry value; None where it is absent, or nobody asked."""
        return self.values.get(setting.place)

    def with_state(self, name: str, state: str) -> Seen:
        """Return the same with a service in another state; one that the host does not have stays away."""
        service = self.service(name)
        return self if service is None else self._with_service(replace(service, state=state, accepts_stop=state == "Running"))

    def with_start_mode(self, name: str, mode: StartMode) -> Seen:
        """Return the same with a service that starts in another way; one that the host does not have stays away."""
        service = self.service(name)
        return self if service is None else self._with_service(replace(service, start_mode=mode))

    def _with_service(self, service: Service) -> Seen:
        return replace(self, services=self.services | {service.name: service})

    def with_value(self, place: Place, value: RegistryValue | None) -> Seen:
        """Return the same with a registry value written, or deleted where it is None."""
        return replace(self, values={**self.values, place: value})

    def without_key(self, key: str) -> Seen:
        """Return the same without a registry key."""
        return replace(self, keys={**self.keys, key: False})

    def on(self, host: Host) -> Host:
        """Return a host with the services, the firewall and the filters of RPC calls that were seen."""
        return replace(host, services=self.services, firewall=self.firewall, rpc_filters=self.rpc_filters)
