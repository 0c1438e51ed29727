# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a scenario file may say, where that is shorter than what a host is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.model import SYSTEM, ProcessSpec, ServiceSpec, StartMode


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service: hosted by a process of the list (`process`), or by one of its own (`image`, `pid`)."""

    name: str
    display: str
    start: StartMode
    process: str | None = None
    image: str | None = None
    pid: int | None = None
    depends: tuple[str, ...] = ()
    accepts_stop: bool = True
    demanded: bool = False
    delayed: bool = False
    account: str = "LocalSystem"
    description: str = ""

    def service(self, processes: dict[str, ProcessSpec]) -> ServiceSpec:
        """Make the service; its process must be known."""
        hosted = self.process is not None
        host = processes[self.process if self.process is not None else self.name]
        return ServiceSpec(
            name=self.name,
            display=self.display,
            start=self.start,
            process=host.id,
            image=host.command,
            shared=hosted,
            depends=self.depends,
            accepts_stop=self.accepts_stop,
            demanded=self.demanded,
            delayed=self.delayed,
            account=self.account,
            description=self.description or self.display,
        )

    def own_process(self) -> ProcessSpec | None:
        """Make the process of a service that has one of its own."""
        if self.process is not None or self.image is None:
            return None
        program = self.image.split(" -")[0].split(" /")[0]
        return ProcessSpec(id=self.name, name=program.rpartition("\\")[2], command=self.image, pid=self.pid, parent="services")


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
    """How long things take, in seconds."""

    shutdown: float = 0.5
    boot: float = 2.0
    delayed_start: float = 120.0
