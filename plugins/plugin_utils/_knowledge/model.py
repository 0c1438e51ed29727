# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shapes of knowledge entries, and the few questions that are asked of them. Knows no host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcProtocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, Side, Windows


class Status(StrEnum):
    """What a method does on one Windows."""

    WORKS = "works"
    PARTIAL = "partial"
    DOES_NOT_CLOSE = "does_not_close"
    DOES_NOT_WORK = "does_not_work"
    HARMFUL = "harmful"
    UNVERIFIED = "unverified"


class Confidence(StrEnum):
    """How well a statement is founded."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    MEMORY = "memory"


class Port(StrEnum):
    """How a listener without a fixed number gets its port."""

    RPC = "rpc-dynamic"
    EPHEMERAL = "ephemeral"


class When(StrEnum):
    """On which hosts something must never be."""

    ALWAYS = "always"
    DOMAIN = "domain member or controller"
    CONTROLLER = "domain controller"
    DHCP = "an adapter uses DHCP"


class Takes(StrEnum):
    """When a value that is written shows at the sockets."""

    NOW = "now"
    BOOT = "at boot"


class ValueType(StrEnum):
    """Registry types that methods write."""

    DWORD = "dword"
    SZ = "sz"
    MULTI_SZ = "multi_sz"


class StartValue(StrEnum):
    """What becomes of the value `Start` in the key of a service that the SCM does not let anybody change."""

    ACCEPTED = "accepted"
    NEVER = "never"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A span of Windows versions, all ends included; an end left out is open.

    Attributes:
        build_since: a build number where the kernel version is not enough.
        side: client or server alone.
    """

    since: NtVersion | None = None
    until: NtVersion | None = None
    build_since: int | None = None
    build_until: int | None = None
    side: Side | None = None

    def includes(self, windows: Windows) -> bool:
        """Tell whether a Windows lies in the span."""
        return (
            (self.since is None or self.since <= windows.nt)
            and (self.until is None or windows.nt <= self.until)
            and (self.build_since is None or self.build_since <= windows.build)
            and (self.build_until is None or windows.build <= self.build_until)
            and (self.side is None or self.side is windows.side)
        )

    @property
    def open_ended(self) -> bool:
        """Whether it holds for every later Windows, too."""
        return self.until is None and self.build_until is None


EVERY_WINDOWS = Range()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerPattern:
    """How a recipe's listener looks.

    Attributes:
        port: the number, or how a dynamic one is taken.
        services: which of the recipe's owners opens it; empty for any of them.
        http: http.sys, or another driver of the kernel, holds it for the service, so that it shows the System process.
        selective_binding: whether the RPC interface restriction was seen to bind it (article).
    """

    protocol: Protocol
    port: int | Port
    services: tuple[str, ...] = ()
    windows: Range = EVERY_WINDOWS
    http: bool = False
    selective_binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A registry value below HKLM that a method writes.

    Attributes:
        policy: the key of the policy of the same name, which wins where it is there.
        also: other data that does the same, and is left as it is.
    """

    key: str
    name: str
    type: ValueType
    data: int | str | tuple[str, ...]
    takes: Takes = Takes.BOOT
    policy: str = ""
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to act on a recipe's listeners, and what it does on which Windows.

    Attributes:
        stage: the stage that carries it out.
        services: key names (templates for per-user services) that it stops and disables, dependents first.
        values: what it writes; a method that has neither belongs to the code of its stage, by its id.
        because: why it is not `works`, or under which condition it is `partial`.
        hazard: id of the hazard that has to be accepted first.
        end: worth doing for its own sake although it closes nothing; done where it is named.
        by_option: needs words that only an option of its stage can give, so that no plan chooses it by itself.
        settled_by: of what is known from memory alone, the assumption that a host can confirm or contradict.
    """

    id: str
    stage: str
    status: Status
    confidence: Confidence
    sources: tuple[str, ...]
    windows: Range = EVERY_WINDOWS
    because: str = ""
    services: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    hazard: str = ""
    end: bool = False
    by_option: bool = False
    settled_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What is planned for one listener of one simulated host where nothing is asked for.

    Attributes:
        scenario: the simulated host on which it is planned, perhaps with parts (`windows_xp+hazard_time`).
        endpoint: `tcp/445`, or `tcp/rpc-dynamic` and `udp/ephemeral` for all dynamic ones of the recipe.
        method: id of the method that is planned, or "" for none.
        outlook: what the forecast says of it (`_core.forecast.Outlook`).
        accept: hazards that are accepted.
        unverified: whether methods that nobody has verified are asked for, too.
    """

    scenario: str
    endpoint: str
    outlook: str
    method: str = ""
    accept: tuple[str, ...] = ()
    unverified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoExample:
    """Why a recipe has no example.

    Attributes:
        none: the reason.
    """

    none: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A family of listeners: who owns it, what for, what closes it, what breaks.

    Attributes:
        processes: programs that open it without a service, by file name ("wininit.exe").
        serves: services that are reached through it although they do not own it.
        methods: the first that may be used on a host is used.
        stays: why it stays open where no method may be used; "" where the methods say it.
        instead: what an administrator can do where it stays.
        may_drop: whether the host's own firewall may drop what comes in for it; not if an application or a server role may use it.
        sources: what `stays` rests on; methods cite their own.
        example: why no simulated host shows an endpoint of it; every other recipe has `examples`.
    """

    id: str
    purpose: str
    breaks: str
    listeners: tuple[ListenerPattern, ...] = ()
    services: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    stays: str = ""
    instead: str = ""
    may_drop: bool = True
    note: str = ""
    sources: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    example: NoExample | None = None

    def method(self, method_id: str, windows: Windows) -> Method | None:
        """Return a method's entry for one Windows, or None where nothing is known."""
        return next((m for m in self.methods if m.id == method_id and m.windows.includes(windows)), None)

    def is_owned_by(self, name: str) -> bool:
        """Tell whether a service or driver, by its key name, can own its endpoints."""
        return name in Names((*self.services, *self.drivers))

    def methods_on(self, windows: Windows) -> tuple[Method, ...]:
        """Return the entries that speak of one Windows, in order of preference."""
        return tuple(method for method in self.methods if method.windows.includes(windows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A service or driver that no option lets a plan stop or disable; a name may end in `*`."""

    name: str
    why: str
    when: When = When.ALWAYS
    windows: Range = EVERY_WINDOWS
    sources: tuple[str, ...]

    def names(self, service: str) -> bool:
        """Tell whether it speaks of a service."""
        wanted = self.name.lower()
        return service.lower().startswith(wanted[:-1]) if wanted.endswith("*") else service.lower() == wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A service whose start mode the SCM lets no administrator change.

    Attributes:
        start_value: what the registry value `Start`, written instead, does.
    """

    name: str
    because: str
    start_value: StartValue
    confidence: Confidence
    windows: Range = EVERY_WINDOWS
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUser:
    """A template of per-user services: each sign-in makes an instance `name_1a2b3` of it."""

    name: str
    windows: Range
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Services that own no listener although they live in processes that do.

    Attributes:
        settled_by: of what is known from memory alone, the assumption that a host can confirm or contradict.
    """

    names: tuple[str, ...]
    windows: Range
    confidence: Confidence
    sources: tuple[str, ...]
    settled_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcInterface:
    """An RPC interface: what it is called, and whose it is.

    Attributes:
        protocol: the open specification that describes it.
        services: key names of the services that can own it; in each process there is one at most.
        processes: names of the programs that serve it by themselves.
        annotation: what the server says of it in an endpoint map.
        told_by: which of several owners an annotation marks.
        passenger: its server opens no port, and is registered at those that others in its process have opened.
        confidence: of name and protocol.
        owner: of services and processes.
    """

    uuid: str
    name: str = ""
    protocol: str = ""
    services: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    annotation: str = ""
    told_by: Mapping[str, str] = field(default_factory=dict)
    passenger: bool = False
    confidence: Confidence
    owner: Confidence | None = None
    sources: tuple[str, ...]

    def owners(self, annotation: str = "") -> Names:
        """Return who can own an entry of it that bears an annotation."""
        told = self.told_by.get(annotation)
        return Names((told,) if told is not None else (*self.services, *self.processes))


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcPreset:
    """A group of RPC interfaces whose calls from outside a filter can refuse; what it does on a real host nobody has verified.

    Attributes:
        what: what others do through them.
        breaks: what nobody can do from outside any more.
    """

    id: str
    what: str
    interfaces: tuple[str, ...]
    protocols: tuple[RpcProtocol, ...] = tuple(RpcProtocol)
    breaks: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverFilter:
    """An RPC interface whose calls no option lets a filter refuse, over whichever protocol."""

    uuid: str
    why: str
    when: When = When.ALWAYS
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """A listener that the known plan leaves open on a default install.

    Attributes:
        listener: `tcp/135`, or `tcp/rpc-dynamic` and `udp/ephemeral`.
        owners: who can own it, as the listing tells.
        recipe: the recipe that says why it stays.
    """

    listener: str
    owners: tuple[str, ...]
    recipe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One Windows version.

    Attributes:
        builds: the builds it was released as, in order.
        products: client, server or both.
        dynamic_ports: first and last port that the system hands out.
        false_listening: netstat shows the source port of an outgoing connection as LISTENING.
        minimize: recipes that the known plan carries out whether or not their listener is open now; those of all
            listeners that are found come on top.
        residue: what is left of a default install then; reviewed, and compared both ways with the simulated hosts.
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
    minimize: tuple[str, ...] = ()
    residue: tuple[Residue, ...] = ()
    silent_services: tuple[str, ...] = ()
    sources: tuple[str, ...]
