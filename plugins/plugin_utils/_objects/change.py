# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan is made of: one change of one object, with before, after, when it takes effect, and why.

Values only. How a change is written is the driver's business, in `_session`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting


class Effective(StrEnum):
    """When a change shows at the sockets."""

    NOW = "now"
    BOOT = "at boot"


class NetbiosOption(IntEnum):
    """NetbiosOptions of NetBT and argument of SetTcpipNetbios (Microsoft, SetTcpipNetbios method)."""

    DHCP = 0
    ENABLED = 1
    DISABLED = 2

    @property
    def word(self) -> str:
        """The word that options and results use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What all changes have in common.

    Attributes:
        stage: the stage that planned it.
        effective: when it shows.
        why: one sentence for the reader of a plan.
        touches_session: whether it could cut the session that carries it; such changes come last.
        rank: order within a stage; a smaller rank comes first (dependents before what they depend on).
    """

    stage: str
    effective: Effective
    why: str
    touches_session: bool = False
    rank: int = 0

    @property
    def target(self) -> str:
        """The object, as results and messages name it."""
        raise NotImplementedError

    @property
    def shown(self) -> tuple[object, object]:
        """Before and after as plain values."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class StopService(Change):
    """Stop a running service or driver.

    Attributes:
        along: the service that this one depends on and is stopped along with; empty where it is stopped for its own sake.
    """

    kind: ServiceKind
    name: str
    along: str = ""

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return "running", "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartService(Change):
    """Start a service or driver that does not run."""

    kind: ServiceKind
    name: str

    @property
    def target(self) -> str:
        return f"stopped {noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return "stopped", "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteKey(Change):
    """Delete a registry key that was made for a value, and holds nothing any more."""

    key: str

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}"

    @property
    def shown(self) -> tuple[object, object]:
        return "a key without content", None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStartMode(Change):
    """Change the start mode of a service through the SCM."""

    kind: ServiceKind
    name: str
    before: StartMode
    after: StartMode

    @property
    def target(self) -> str:
        return f"{noun(self.kind)} {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return str(self.before), str(self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetbios(Change):
    """Set NetBIOS over TCP/IP on one adapter through WMI.

    Attributes:
        index: the adapter's Index in Win32_NetworkAdapterConfiguration.
        adapter: its description.
        guid: its SettingID, with braces.
    """

    index: int
    adapter: str
    guid: str
    before: NetbiosOption
    after: NetbiosOption

    @property
    def target(self) -> str:
        # Windows gives adapters of one kind the same description but for a number; the GUID tells them apart.
        return f"adapter {self.adapter} {self.guid}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before.word, self.after.word


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRegistryValue(Change):
    """Write a registry value, or delete it where `after` is None."""

    key: str
    name: str
    before: RegistryValue | None
    after: RegistryValue | None

    @property
    def target(self) -> str:
        return f"{HKLM}{self.key}\\{self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        before, after = self.before, self.after
        return before and before.plain(), after and after.plain()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFilterRule(Change):
    """Add an inbound block rule to the host's own firewall.

    Attributes:
        before: what a rule of that name said, where it did not say what is wanted.
    """

    rule: FilterRule
    before: str | None = None

    @property
    def target(self) -> str:
        return f"inbound rule {self.rule.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before, BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFilterRule(Change):
    """Delete every rule of one name from the host's own firewall.

    Attributes:
        before: what it said; "" where only the name is known.
        certain: whether it is there for certain: then a host that finds none has failed.
    """

    name: str
    before: str
    certain: bool = True

    @property
    def target(self) -> str:
        return f"former inbound rule {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before or "not known", None


BLOCKS = "blocks"
"""How a rule that is in place is shown."""


def noun(kind: ServiceKind) -> str:
    """Name a kind of service for people."""
    return "service" if kind is ServiceKind.SERVICE else "driver"


def write_value(
    stage: str,
    setting: Setting,
    before: RegistryValue | None,
    after: RegistryValue | None,
    why: str,
    *,
    rank: int = 0,
    effective: Effective = Effective.BOOT,
) -> tuple[SetRegistryValue, ...]:
    """Plan a value, by default one that the next boot reads; nothing where it is as wanted already."""
    if before == after:
        return ()
    change = SetRegistryValue(
        stage=stage, effective=effective, why=why, rank=rank, key=setting.key, name=setting.name, before=before, after=after
    )
    return (change,)
