# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a scenario file may say, where that is shorter than what a host is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.model import SYSTEM, ProcessSpec, ServiceSpec, StartMode


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service: hosted by a process of the list (`process`), by one of its own (`image`, `pid`), or by an svchost of its own (`group`).

    The last is what Windows 10 1703 and later do with enough memory (Microsoft, "Changes to Service Host grouping"): the service
    stays a shared one of its group, in a process whose command line names it.
    """

    name: str
    display: str
    start: StartMode
    process: str | None = None
    image: str | None = None
    group: str | None = None
    pid: int | None = None
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True
    demanded: bool = False
    delayed: bool = False
    protected: bool = False
    account: str = "LocalSystem"
    description: str = ""

    def service(self, processes: dict[str, ProcessSpec], directory: str) -> ServiceSpec:
        """Make the service; its process must be known."""
        host = processes[self.process if self.process is not None else self.name]
        return ServiceSpec(
            name=self.name,
            display=self.display,
            start=self.start,
            process=host.id,
            image=host.command if self.group is None else _svchost(directory, self.group),
            shared=self.process is not None or self.group is not None,
            depends=self.depends,
            accepts_stop=self.accepts_stop,
            demanded=self.demanded,
            delayed=self.delayed,
            protected=self.protected,
            account=self.account,
            description=self.description or self.display,
        )

    def own_process(self, directory: str) -> ProcessSpec | None:
        """Make the process of a service that has one of its own."""
        if self.process is None and self.group is not None:
            command = f"{_svchost(directory, self.group)} -s {self.name}"
            return ProcessSpec(id=self.name, name="svchost.exe", command=command, pid=self.pid, parent="services")
        if self.process is not None or self.image is None:
            return None
        program = self.image.split(" -")[0].split(" /")[0]
        return ProcessSpec(id=self.name, name=program.rpartition("\\")[2], command=self.image, pid=self.pid, parent="services")


def _svchost(directory: str, group: str) -> str:
    """Return the image of a shared service; `-p` came with Windows 10 (from memory)."""
    return rf"{directory}\system32\svchost.exe -k {group} -p"


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

    shutdown: float = 0.5
    boot: float = 2.0
    delayed_start: float = 120.0
    uptime: float = 0.0
