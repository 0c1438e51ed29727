# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an administrator does to a host with WMI alone, for tests: stop, disable, write, restart, list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from winsim.endpoint import Protocol
from winsim.host.clock import ManualClock
from winsim.providers.computer import SimulatedHost, build
from winsim.scenarios import load_scenario
from winsim.seams import Reference

CIMV2 = "root/cimv2"
SERVICES = r"SYSTEM\CurrentControlSet\Services"
RPC = r"SOFTWARE\Microsoft\Rpc"


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a netstat listing; `pid` is None where the listing has no such column (Windows 2000)."""

    protocol: Protocol
    address: str
    port: int
    pid: int | None


@dataclass(slots=True)
class Walk:
    """One host, its clock, and other names for its services where the scenario renames them."""

    computer: SimulatedHost
    clock: ManualClock
    names: Mapping[str, str]

    def name(self, service: str) -> str:
        """Return what this host calls a service."""
        return self.names.get(service.lower(), service)

    def call(self, class_name: str, keys: Mapping[str, str], method: str, **arguments: str) -> int:
        """Call a method of root/cimv2 and return its return value."""
        result = self.computer.wmi.invoke(CIMV2, class_name, keys, method, arguments)["ReturnValue"]
        assert isinstance(result, int)
        return result

    def registry(self, method: str, key: str, name: str | None = None, **arguments: str | list[str] | None) -> Mapping[str, object]:
        """Call StdRegProv on a key below HKLM."""
        given: dict[str, str | list[str] | None] = {"hDefKey": "2147483650", "sSubKeyName": key, **arguments}
        if name is not None:
            given["sValueName"] = name
        return self.computer.wmi.invoke("root/default", "StdRegProv", {}, method, given)

    def write(self, key: str, name: str, method: str, **arguments: str | list[str] | None) -> None:
        """Create a key and write a value into it."""
        assert self.registry("CreateKey", key)["ReturnValue"] == 0
        assert self.registry(method, key, name, **arguments)["ReturnValue"] == 0

    def class_of(self, name: str) -> str:
        """Return whether a name is a service's or a driver's."""
        rows = self.computer.wmi.query(CIMV2, f"select * from Win32_BaseService where Name='{name}'").rows
        return rows[0].class_name

    def state(self, name: str) -> str:
        """Return a service's or driver's state."""
        return str(self.computer.wmi.get(CIMV2, "Win32_BaseService", {"Name": name}).properties["State"])

    def dependents(self, name: str) -> list[str]:
        """Return what depends on a service or driver."""
        found: list[str] = []
        for row in self.computer.wmi.enumerate(CIMV2, "Win32_DependentService"):
            needed, dependent = row.properties["Antecedent"], row.properties["Dependent"]
            assert isinstance(needed, Reference)
            assert isinstance(dependent, Reference)
            if needed.keys["Name"].lower() == name.lower():
                found.append(dependent.keys["Name"])
        return found

    def stop(self, name: str) -> None:
        """Stop a service or driver after all that runs and depends on it."""
        for dependent in self.dependents(name):
            if self.state(dependent) == "Running":
                self.stop(dependent)
        if self.state(name) == "Running":
            assert self.call(self.class_of(name), {"Name": name}, "StopService") == 0, name

    def disable(self, name: str) -> None:
        """Set the start mode of a service or driver to disabled."""
        assert self.call(self.class_of(name), {"Name": name}, "ChangeStartMode", StartMode="Disabled") == 0

    def netbios_off(self) -> None:
        """Switch NetBIOS off on every adapter with IP."""
        for row in self.computer.wmi.query(CIMV2, "select Index from Win32_NetworkAdapterConfiguration where IPEnabled=TRUE").rows:
            keys = {"Index": str(row.properties["Index"])}
            assert self.call("Win32_NetworkAdapterConfiguration", keys, "SetTcpipNetbios", TcpipNetbiosOptions="2") == 0

    def reboot(self) -> None:
        """Restart and wait."""
        assert self.call("Win32_OperatingSystem", {}, "Reboot") == 0
        self.clock.advance(180)
        assert self.computer.up

    def listening(self) -> set[Listed]:
        """Return what `netstat` lists as listening or bound; PIDs where it shows them."""
        pids = self.computer.host.spec.windows.netstat_pids
        result = self.computer.console.run("netstat", ["-ano" if pids else "-an"])
        assert result.exit_code == 0
        return set(parse(result.stdout.decode("ascii")))

    def held(self) -> set[Listed]:
        """Return every socket of the host, as a listing with PIDs has to show it."""
        return {Listed(row.protocol, row.address, row.port, row.pid) for row in self.computer.endpoints()}

    def dynamic(self) -> set[tuple[Protocol, str, str]]:
        """Return protocol, address and owner of the RPC and DNS sockets."""
        held = [held for held in self.computer.host.visible.sockets() if held.origin.name in ("RPC", "DNS")]
        return {(held.endpoint.protocol, held.endpoint.address, held.owner.lower()) for held in held}

    def dynamic_ports(self) -> set[tuple[Protocol, int]]:
        """Return protocol and port of the RPC and DNS sockets."""
        return {
            (held.endpoint.protocol, held.endpoint.port)
            for held in self.computer.host.visible.sockets()
            if held.origin.name in ("RPC", "DNS")
        }


def walk(scenario: str, *, seed: int | None = None) -> Walk:
    """Start a host."""
    clock = ManualClock()
    computer = build(load_scenario(scenario), clock=clock, seed=seed)
    return Walk(computer, clock, {})


def parse(listing: str) -> list[Listed]:
    """Read the rows of a netstat listing that listen."""
    rows: list[Listed] = []
    for line in listing.splitlines():
        words = line.split()
        if not words or words[0] not in ("TCP", "UDP") or (words[0] == "TCP" and words[2] not in ("0.0.0.0:0", "[::]:0")):
            continue
        address, colon, port = words[1].rpartition(":")
        pid = int(words[-1]) if words[-1].isdecimal() else None
        assert colon
        rows.append(Listed(Protocol(words[0].lower()), address.strip("[]"), int(port), pid))
    return rows
