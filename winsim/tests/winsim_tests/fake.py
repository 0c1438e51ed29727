# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small computer for tests of the wire, the sockets and the window: a few rows, no Windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from winsim.endpoint import Endpoint, Protocol
from winsim.seams import (
    Client,
    Console,
    ConsoleResult,
    Instance,
    Problem,
    QueryResult,
    Reference,
    RpcEntry,
    RpcOffer,
    ShellOptions,
    StateChange,
    Value,
    WinrmListener,
    Wmi,
    WmiError,
)

PASSWORD = "S3cret & <safe>"


def operating_system(version: str) -> Instance:
    """Return one singleton row with every kind of value."""
    return Instance(
        "Win32_OperatingSystem",
        ("Name",),
        {
            "Caption": "Microsoft Windows XP Professional",
            "CSDVersion": None,
            "Debug": False,
            "Description": "",
            "LastBootUpTime": datetime(2003, 7, 30, 8, 0, 0, 376625, UTC),
            "MUILanguages": None,
            "Name": "Windows|C:\\WINDOWS",
            "NumberOfProcesses": 34,
            "ServicePackMajorVersion": 2,
            "ServicePackMinorVersion": 0,
            "Version": version,
        },
        frozenset({"MUILanguages"}),
    )


class FakeWmi:
    """Services, an operating system, and StdRegProv.EnumKey."""

    def __init__(self, owner: FakeComputer, version: str, services: int) -> None:
        self.owner = owner
        self.system = operating_system(version)
        self.modes = {f"Service{number:03d}": "Auto" for number in range(services)}
        self.calls: list[tuple[str, Mapping[str, str], str, Mapping[str, list[str] | str | None]]] = []

    def _rows(self, namespace: str, class_name: str) -> list[Instance]:
        if namespace.lower() != "root/cimv2":
            raise WmiError(Problem.INVALID_NAMESPACE)
        if class_name.lower() == "win32_operatingsystem":
            return [self.system]
        if class_name.lower() == "win32_service":
            return [self._service(name) for name in self.modes]
        raise WmiError(Problem.INVALID_CLASS, class_name)

    def _service(self, name: str) -> Instance:
        return Instance(
            "Win32_Service",
            ("Name",),
            {
                "Name": name,
                "StartMode": self.modes[name],
                "PathName": "C:\\x " + "y" * 1000,
                "InstallDate": None,
                "Dependencies": ["Tcpip", "RpcSs"],
            },
        )

    def enumerate(self, namespace: str, class_name: str) -> Sequence[Instance]:
        return self._rows(namespace, class_name)

    def query(self, namespace: str, wql: str) -> QueryResult:
        words = wql.split()
        if len(words) < 4 or words[0].lower() != "select":
            raise WmiError(Problem.INVALID_QUERY)
        rows = self._rows(namespace, words[words.index("from") + 1])
        if "where" in words:
            rows = []
        columns = wql[len("select") : wql.index("from")].strip()
        return QueryResult(rows, None if columns == "*" else tuple(part.strip() for part in columns.split(",")))

    def get(self, namespace: str, class_name: str, keys: Mapping[str, str]) -> Instance:
        rows = self._rows(namespace, class_name)
        if class_name.lower() == "win32_operatingsystem":
            return rows[0]
        if not keys:
            raise WmiError(Problem.MISSING_KEYS)
        if {key.lower() for key in keys} != {"name"}:
            raise WmiError(Problem.UNKNOWN_KEYS)
        wanted = next(iter(keys.values()))
        found = [row for row in rows if str(row.properties["Name"]).lower() == wanted.lower()]
        if not found:
            raise WmiError(Problem.NOT_FOUND)
        return found[0]

    def invoke(
        self, namespace: str, class_name: str, keys: Mapping[str, str], method: str, arguments: Mapping[str, list[str] | str | None]
    ) -> Mapping[str, Value]:
        self.calls.append((class_name, keys, method, arguments))
        if class_name == "StdRegProv" and method == "EnumKey":
            return {"sNames": ["AddressBook", "IE40 & <more>"], "ReturnValue": 0}
        if class_name == "Win32_Service" and method == "ChangeStartMode":
            name = str(self.get(namespace, class_name, keys).properties["Name"])
            before, self.modes[name] = self.modes[name], str(arguments["StartMode"])
            self.owner.done.append(StateChange("service start mode", name, before, self.modes[name]))
            return {"ReturnValue": 0}
        if class_name == "Win32_Service" and method == "Link":
            return {"System": Reference("Win32_ComputerSystem", {"Name": "XP1"}), "Job": None, "ReturnValue": 0}
        raise WmiError(Problem.INVALID_METHOD, method)


@dataclass
class Done:
    """A command line; without a result it goes on until it is ended."""

    result: ConsoleResult | None
    ended: bool = False

    @property
    def processes(self) -> int:
        return 0 if self.result is not None or self.ended else 2

    def end(self) -> None:
        self.ended = True


class FakeConsole:
    """`netstat` says a fixed line, `flood` much, `endless` goes on, all else is unknown; notes with which options each was started."""

    def __init__(self) -> None:
        self.options: list[ShellOptions] = []
        self.started: list[Done] = []

    def start(self, command: str, arguments: Sequence[str], options: ShellOptions) -> Done:
        self.options.append(options)
        if options.directory == "nowhere":
            raise NotADirectoryError(options.directory)
        self.started.append(Done(self._run(command, arguments)))
        return self.started[-1]

    def _run(self, command: str, arguments: Sequence[str]) -> ConsoleResult | None:
        line = " ".join([command, *arguments]).strip('"')
        if line.startswith("netstat"):
            return ConsoleResult(b"\r\nActive Connections\r\n", b"", 0)
        if line.startswith("endless"):
            return None
        if line.startswith("flood"):
            return ConsoleResult(b"x" * 250_000, b"warning", 0)
        return ConsoleResult(b"", f"'{command}' is not recognized\r\n".encode(), 1)


class FakeComputer:
    """A computer whose every state a test can set."""

    def __init__(self, *, version: str = "5.1.2600", services: int = 3, endpoints: Sequence[Endpoint] = ()) -> None:
        self.name = "FAKE1"
        self.up = True
        self.winrm_version: str | None = None
        self.quotas: dict[str, float] = {}
        self.shells_allowed = True
        self.done: list[StateChange] = []
        self.clients: tuple[Client, ...] = ()
        self.rows = FakeWmi(self, version, services)
        self.wmi: Wmi = self.rows
        self.shell = FakeConsole()
        self.console: Console = self.shell
        self.listening = list(endpoints)
        self.dropped: set[Endpoint] = set()
        self.stealth = False
        self.armed: list[Mapping[str, object]] = []
        self.clock = 0.0
        self.passed = 0.0
        self.booted = 0

    def visited(self, clients: Sequence[Client]) -> None:
        self.clients = tuple(clients)

    def winrm_listeners(self) -> Sequence[WinrmListener]:
        return [WinrmListener("*", "HTTP", 5985, "", True, "wsman", "", ("127.0.0.1", "192.70.106.143"))]

    def authenticate(self, user: str, password: str) -> str | None:
        return user.capitalize() if password == self.password_of(user) else None

    def may_execute(self, account: str) -> bool:
        return account == "Administrator"

    def password_of(self, user: str) -> str | None:
        return PASSWORD if user.lower() in {"administrator", "reader"} else None

    def rpc_map(self) -> Sequence[RpcEntry]:
        return []

    def rpc_offers(self, port: int) -> Sequence[RpcOffer] | None:
        return None

    def rpc_refuses(self, uuid: str, account: str | None) -> bool:
        return False

    @property
    def rpc_anonymous(self) -> bool:
        return True

    def endpoints(self) -> Sequence[Endpoint]:
        return [*self.listening, Endpoint(Protocol.TCP, "0.0.0.0", 5985, 4)]

    def exposed(self) -> Sequence[Endpoint]:
        return [item for item in self.endpoints() if item not in self.dropped]

    def stealthy(self) -> bool:
        return self.stealth

    def state(self) -> Mapping[str, Any]:
        services = {name: {"state": "running", "start_mode": mode} for name, mode in self.rows.modes.items()}
        registry = {r"HKLM\SOFTWARE\X": {"Value": {"type": "REG_SZ", "value": "1"}}}
        return {"services": services, "drivers": {}, "registry": registry, "adapters": [], "boots": [self.booted]}

    def dump(self) -> Mapping[str, Any]:
        endpoints = [
            {
                "protocol": str(item.protocol),
                "address": item.address,
                "port": item.port,
                "pid": item.pid,
                "owner": "X",
                "dropped": item in self.dropped,
            }
            for item in self.endpoints()
        ]
        return {**self.state(), "power": "on", "endpoints": endpoints, "processes": []}

    def changes(self) -> Sequence[StateChange]:
        return self.done

    def reset(self) -> None:
        self.done.clear()
        self.armed.clear()
        self.dropped.clear()
        self.up = True

    def boot(self) -> None:
        self.booted += 1
        self.up = False

    def step_clock(self, seconds: float) -> None:
        self.clock += seconds

    def pass_time(self, seconds: float) -> None:
        self.passed += seconds

    def inject(self, fault: Mapping[str, object]) -> None:
        if fault.get("kind") != "no_return":
            raise ValueError(f"no fault is called {fault.get('kind')}")
        self.armed.append(fault)

    def faults(self) -> Sequence[Mapping[str, object]]:
        return self.armed

    def clear_faults(self) -> None:
        self.armed.clear()
