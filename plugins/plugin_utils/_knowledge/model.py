# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shapes of knowledge entries, and the few questions that are asked of them. Knows no host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType, Windows


class Status(StrEnum):
    """What a method does on one Windows."""

    WORKS = "works"
    PARTIAL = "partial"
    DOES_NOT_CLOSE = "does_not_close"
    DOES_NOT_WORK = "does_not_work"
    HARMFUL = "harmful"
    UNVERIFIED = "unverified"


class Port(StrEnum):
    """How a listener without a fixed number gets its port."""

    RPC = "rpc-dynamic"
    EPHEMERAL = "ephemeral"


class When(StrEnum):
    """On which hosts a service must never stop."""

    ALWAYS = "always"
    DOMAIN = "domain member or controller"
    DHCP = "an adapter uses DHCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A span of kernel versions, both ends included; an end left out is open."""

    since: NtVersion | None = None
    until: NtVersion | None = None

    def includes(self, nt: NtVersion) -> bool:
        """Tell whether a kernel version lies in the span."""
        return (self.since is None or self.since <= nt) and (self.until is None or nt <= self.until)


EVERY_WINDOWS = Range()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerPattern:
    """How a recipe's listener looks.

    Attributes:
        port: the number, or how a dynamic one is taken.
        services: which of the recipe's owners opens it; empty for any of them.
        selective_binding: whether the RPC interface restriction was seen to bind it (article).
    """

    protocol: Protocol
    port: int | Port
    services: tuple[str, ...] = ()
    windows: Range = EVERY_WINDOWS
    selective_binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to act on a recipe's listeners, and what it does on which Windows."""

    id: str
    stage: str
    status: Status
    windows: Range = EVERY_WINDOWS
    because: str = ""
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A family of listeners: who owns it, what for, what closes it, what breaks.

    Attributes:
        serves: services that are reached through it although they do not own it.
    """

    id: str
    purpose: str
    breaks: str
    listeners: tuple[ListenerPattern, ...] = ()
    services: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    note: str = ""

    def method(self, method_id: str, windows: Windows) -> Method | None:
        """Return a method's entry for one Windows, or None where nothing is known."""
        return next((m for m in self.methods if m.id == method_id and m.windows.includes(windows.nt)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A service or driver that no option lets a plan stop or disable."""

    name: str
    why: str
    when: When = When.ALWAYS
    windows: Range = EVERY_WINDOWS
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What `minimize` asks for where the user says nothing, as the stages' own options."""

    services: tuple[str, ...]
    netbios: str
    smb_method: str
    enable_dcom: bool
    remove_dcom_protocols: tuple[str, ...]
    max_cached_sockets: int | None = None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One Windows version.

    Attributes:
        builds: the builds it was released as, in order.
        products: client, server or both.
        dynamic_ports: first and last port that the system hands out.
        false_listening: netstat shows the source port of an outgoing connection as LISTENING.
        silent_services: services of a default install that own no listener.
    """

    id: str
    name: str
    nt: NtVersion
    builds: tuple[int, ...]
    products: tuple[str, ...]
    dynamic_ports: tuple[int, ...]
    netstat: tuple[str, ...] = ("netstat", "-ano")
    false_listening: bool = False
    minimize: Profile | None = None
    silent_services: tuple[str, ...] = ()
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the entries say, loaded once."""

    recipes: Mapping[str, Recipe]
    versions: Mapping[str, Version]
    never_stop: tuple[Never, ...]
    sources: Mapping[str, str] = field(default_factory=dict)

    def recipe(self, recipe_id: str) -> Recipe:
        """Return a recipe; raise InvalidOption naming the nearest ids."""
        try:
            return self.recipes[recipe_id]
        except KeyError:
            near = get_close_matches(recipe_id, self.recipes, n=3, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise InvalidOption(f"there is no recipe '{recipe_id}'{hint}") from None

    def patterns(self, windows: Windows) -> Iterator[tuple[Recipe, ListenerPattern]]:
        """Yield every listener pattern that exists on one Windows."""
        for recipe in self.recipes.values():
            for pattern in recipe.listeners:
                if pattern.windows.includes(windows.nt):
                    yield recipe, pattern

    def place(self, nt: NtVersion, build: int, product: ProductType) -> Windows:
        """Find the version of a host; a build between two known ones counts as the older, one above all as the newest.

        Raises:
            InvalidOption: older than every known Windows.
        """
        side = "client" if product is ProductType.WORKSTATION else "server"
        fitting = [version for version in self.versions.values() if side in version.products and version.builds[0] <= build]
        if not fitting:
            raise InvalidOption(f"Windows {nt} build {build} is older than any this collection knows (Windows 2000, build 2195)")
        newest = max(version.builds[0] for version in fitting)
        version = next(version for version in fitting if version.builds[0] == newest)
        remark = "" if build in version.builds else f"build {build} is not known; treated as {version.name}"
        return Windows(version.id, version.name, version.nt, build, product, remark)
