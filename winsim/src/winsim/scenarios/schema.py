# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a scenario file may say, where that is shorter than what a host is made of."""

from __future__ import annotations

from dataclasses import dataclass

from winsim.host.model import (
    SYSTEM,
    LaunchProtected,
    ProcessSpec,
    ServiceSpec,
    StartMode,
    Trigger,
    WindowsSpec,
)
from winsim.limits import Count, Seconds
from winsim.registry_value import RegistryValue


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service: hosted by a process of the list (`process`), by one of its own (`image`, `pid`), or by the svchost of its `group`.

    Windows 10 1703 and later with enough memory give each service of a group an svchost of its own (Microsoft, "Changes to Service
    Host grouping"): it stays a shared one, in a process whose command line names it. Before, a group shares one.
    """

    name: str
    display: str
    start: StartMode
    process: str | None = None
    image: str | None = None
    group: str | None = None
    pid: Count | None = None
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True
    demanded: bool = False
    trigger: bool = False
    triggers: tuple[Trigger, ...] = ()
    launch_protected: LaunchProtected = 0
    split_disabled: bool = False
    by_hand: bool = False
    delayed: bool = False
    protected: bool = False
    per_user: bool = False
    account: str = "LocalSystem"
    description: str = ""

    def host(self, windows: WindowsSpec) -> str:
        """Return the id of the process that hosts it."""
        if self.process is not None:
            return self.process
        return self.name if self.group is None or self._alone(windows) else f"svchost-{self.group.lower()}"

    def _alone(self, windows: WindowsSpec) -> bool:
        return windows.split_services and not self.split_disabled

    def service(self, processes: dict[str, ProcessSpec], windows: WindowsSpec) -> ServiceSpec:
        """Make the service; its process must be known."""
        host = processes[self.host(windows)]
        return ServiceSpec(
            name=self.name,
            display=self.display,
            start=self.start,
            process=host.id,
            image=host.command if self.group is None else _svchost(windows, self.group),
            shared=self.process is not None or self.group is not None,
            depends=self.depends,
            accepts_stop=self.accepts_stop,
            demanded=self.demanded,
            triggers=self.triggers or ((Trigger.CUSTOM,) if self.trigger else ()),
            launch_protected=self.launch_protected,
            split_disabled=self.split_disabled,
            by_hand=self.by_hand,
            delayed=self.delayed,
            protected=self.protected,
            per_user=self.per_user,
            account=self.account,
            description=self.description or self.display,
        )

    def own_process(self, windows: WindowsSpec) -> ProcessSpec | None:
        """Make the process that a service brings: one of its own, or that of its group."""
        if self.process is not None:
            return None
        if self.group is not None:
            command = _svchost(windows, self.group)
            named = f"{command} -s {self.name}" if self._alone(windows) else command
            return ProcessSpec(id=self.host(windows), name="svchost.exe", command=named, pid=self.pid, parent="services")
        if self.image is None:
            return None
        program = self.image.split(" -")[0].split(" /")[0]
        return ProcessSpec(id=self.name, name=program.rpartition("\\")[2], command=self.image, pid=self.pid, parent="services")


POLICY_SINCE = 15063
"""The first build whose svchost is called with `-p` (from memory), with or without a process for each service."""


def _svchost(windows: WindowsSpec, group: str) -> str:
    """Return the image of a shared service."""
    return rf"{windows.directory}\system32\svchost.exe -k {group}" + (" -p" if windows.build >= POLICY_SINCE else "")


@dataclass(frozen=True, slots=True)
class DriverRow:
    """A kernel driver."""

    name: str
    display: str
    start: StartMode
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True
    demanded: bool = False
    image: str | None = None

    def driver(self, directory: str) -> ServiceSpec:
        """Make the driver, in the usual folder unless said otherwise."""
        return ServiceSpec(
            name=self.name,
            display=self.display,
            start=self.start,
            process=SYSTEM,
            image=self.image or rf"{directory}\System32\DRIVERS\{self.name.lower()}.sys",
            driver=True,
            depends=self.depends,
            accepts_stop=self.accepts_stop,
            demanded=self.demanded,
            account="",
            description=self.display,
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds; `uptime` is how long the host has been up when it is first looked at."""

    shutdown: Seconds = 0.5
    boot: Seconds = 2.0
    delayed_start: Seconds = 120.0
    uptime: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of Windows Firewall, as the registry has it but for the version of the schema, which is the table's unless it is said."""

    name: str
    rule: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FirewallTable:
    """The rules that Windows Firewall came with."""

    version: str
    rules: tuple[RuleRow, ...] = ()

    def values(self) -> dict[str, RegistryValue]:
        """Return the registry's values by name."""
        return {row.name: RegistryValue.text(f"v{row.version or self.version}|{row.rule}") for row in self.rules}
