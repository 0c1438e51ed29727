# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All entries together, and the few questions that are asked of them. Knows no host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import perhaps
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType, Side, Windows

from .assumed import Assumption
from .benchmarks import Controls
from .hazards import Hazard
from .model import ListenerPattern, Never, NeverFilter, PerUser, Protected, Recipe, RpcInterface, RpcPreset, Silent, Version


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the entries say, loaded once."""

    recipes: Mapping[str, Recipe]
    versions: Mapping[str, Version]
    never_stop: tuple[Never, ...]
    protected: tuple[Protected, ...] = ()
    per_user: tuple[PerUser, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    silent: tuple[Silent, ...] = ()
    rpc_interfaces: tuple[RpcInterface, ...] = ()
    rpc_filters: tuple[RpcPreset, ...] = ()
    never_filter: tuple[NeverFilter, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)
    assumptions: tuple[Assumption, ...] = ()
    _patterns: dict[Windows, tuple[tuple[Recipe, ListenerPattern], ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _interfaces: dict[str, RpcInterface] = field(default_factory=dict, init=False, compare=False, repr=False)

    def rpc_interface(self, uuid: UUID) -> RpcInterface | None:
        """Return what is known of an RPC interface; it is asked for again for each entry of an endpoint map."""
        if not self._interfaces:
            self._interfaces.update((interface.uuid, interface) for interface in self.rpc_interfaces)
        return self._interfaces.get(str(uuid))

    def rpc_preset(self, preset_id: str) -> RpcPreset:
        """Return a group of interfaces by its id; raise InvalidOption naming the nearest ids."""
        found = next((preset for preset in self.rpc_filters if preset.id == preset_id), None)
        if found is None:
            ids = [preset.id for preset in self.rpc_filters]
            hint = perhaps(preset_id, ids, cutoff=0.4) or f"; there are {', '.join(ids)}"
            raise InvalidOption(f"there is no preset '{preset_id}'{hint}")
        return found

    def recipe(self, recipe_id: str) -> Recipe:
        """Return a recipe; raise InvalidOption naming the nearest ids."""
        try:
            return self.recipes[recipe_id]
        except KeyError:
            hint = perhaps(recipe_id, self.recipes, cutoff=0.4) or "; listeners_info shows the id of each listener's recipe"
            raise InvalidOption(f"there is no recipe '{recipe_id}'{hint}") from None

    def patterns(self, windows: Windows) -> tuple[tuple[Recipe, ListenerPattern], ...]:
        """Return every listener pattern that exists on one Windows; it is asked for again for each endpoint."""
        found = self._patterns.get(windows)
        if found is None:
            every = ((recipe, pattern) for recipe in self.recipes.values() for pattern in recipe.listeners)
            found = self._patterns[windows] = tuple(pair for pair in every if pair[1].windows.includes(windows))
        return found

    def silent_on(self, windows: Windows) -> Names:
        """Return the services that own no listener on one Windows."""
        listed = (name for entry in self.silent if entry.windows.includes(windows) for name in entry.names)
        return Names((*self.versions[windows.id].silent_services, *listed))

    def protection(self, service: str, windows: Windows) -> Protected | None:
        """Return why the SCM refuses a change of a service on one Windows, or None where it is not known to."""
        return next((entry for entry in self.protected if same(entry.name, service) and entry.windows.includes(windows)), None)

    def template(self, service: str, windows: Windows) -> PerUser | None:
        """Return the template of per-user services that a key name is, without regard to case."""
        return next((entry for entry in self.per_user if same(entry.name, service) and entry.windows.includes(windows)), None)

    def hazard(self, hazard_id: str) -> Hazard | None:
        """Return a hazard by its id."""
        return next((hazard for hazard in self.hazards if hazard.id == hazard_id), None)

    def assumptions_on(self, windows: Windows) -> tuple[Assumption, ...]:
        """Return what is assumed of one Windows."""
        return tuple(assumption for assumption in self.assumptions if assumption.windows.includes(windows))

    def place(self, nt: NtVersion, build: int, product: ProductType) -> Windows:
        """Find the version of a host; a build between two known ones counts as the older, one above all as the newest.

        Raises:
            InvalidOption: older than every known Windows.
        """
        side = Side.CLIENT if product is ProductType.WORKSTATION else Side.SERVER
        fitting = [version for version in self.versions.values() if side in version.products and version.builds[0] <= build]
        if not fitting:
            raise InvalidOption(f"Windows {nt} build {build} is older than the oldest known one (Windows 2000, build 2195)")
        newest = max(version.builds[0] for version in fitting)
        version = next(version for version in fitting if version.builds[0] == newest)
        highest = max(number for known in self.versions.values() if side in known.products for number in known.builds)
        newer = build > highest
        remark = "" if build in version.builds else f"build {build} is not known; treated as {version.name}"
        if newer:
            remark += "; only methods known to work on every later Windows are used"
        return Windows(version.id, version.name, version.nt, build, product, remark, newer)
