# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A `Reader` that answers from the files of `collect` what WMI on the same host would have answered.

What the files do not tell is refused, as by a host that lets nobody see it: it is unknown to a plan, and never an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import TYPE_MISMATCH
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.plain_values import kind_of, registry_value, type_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import AccessDenied, ClassMissing, MethodFailed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import ByName, same
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CIMV2,
    COLLECTED,
    CommandOutput,
    Read,
    Reader,
    Where,
    WinrmListener,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import HKLM, SERVICES_KEY, Grant, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Reference, Row, Value

from .adapters import adapter_rows
from .exported import Exported
from .folder import Collected
from .listings import by_display_name
from .rules import with_record

T = TypeVar("T")
CONTROL = r"SYSTEM\CurrentControlSet\Control"
# Microsoft, Win32_OperatingSystem.ProductType, and what setup writes to Control\ProductOptions (KB152078).
PRODUCTS = {"winnt": 1, "lanmannt": 2, "servernt": 3}
# The edition whose OperatingSystemSKU is 175 (Microsoft, GetProductInfo: PRODUCT_SERVERRDSH).
MULTI_SESSION = {"serverrdsh": "175"}
# Microsoft, Win32_BaseService.StartMode, and the registry's Start.
START_MODES = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}
# Microsoft, SERVICE_STATUS.dwServiceType.
OWN, SHARE, TEMPLATE, INSTANCE = 0x10, 0x20, 0x40, 0x80
DRIVER_TYPES = {1: "Kernel Driver", 2: "File System Driver", 4: "Adapter", 8: "Recognizer Driver"}
AUTO = 2
SERVER = "LanmanServer"
# Windows 8 has them first; a plan asks netstat where they are missing, and netstat was collected.
ENDPOINT_CLASSES = ("msft_nettcpconnection", "msft_netudpendpoint")


class CollectedHost:
    """Access to what was collected on a host; implements `Reader`.

    Args:
        host: how messages name the host.
    """

    def __init__(self, collected: Collected, *, host: str) -> None:
        self._collected = collected
        self._host = host
        self._registry = Exported(collected.asked, with_record(collected.keys), collected.alone)
        self._later = False
        self._services = {True: tuple(self._service_rows()), False: tuple(self._driver_rows())}
        self._tables: Mapping[str, Callable[[], Iterable[Mapping[str, Value]] | None]] = {
            "win32_operatingsystem": self._system,
            "win32_computersystem": self._computer,
            "win32_process": self._processes,
            "win32_service": lambda: self._services[True],
            "win32_systemdriver": lambda: self._services[False],
            "win32_dependentservice": self._dependencies,
            "win32_share": self._shares,
            "win32_networkadapterconfiguration": lambda: adapter_rows(self._registry),
        }

    @property
    def host(self) -> str:
        """The name that messages have for it."""
        return self._host

    # Reader

    def query(
        self, wmi_class: str, properties: Sequence[str] = (), *, where: Where | None = None, namespace: str = CIMV2
    ) -> tuple[Row, ...]:
        """Return rows of the few classes that the files tell; see `Reader.query`."""
        if where is not None and not where.values:
            return ()
        if wmi_class.lower() in ENDPOINT_CLASSES:
            raise ClassMissing(
                f"the files of {self._host} have no {wmi_class}; they have the output of netstat", host=self._host, code=None, subcode=""
            )
        table = self._tables.get(wmi_class.lower()) if namespace == CIMV2 else None
        rows = table() if table is not None else None
        if rows is None:
            self._refuse(f"the rows of {wmi_class}")
        chosen = [row for row in rows if where is None or _fits(row, where)]
        names = {name.lower() for name in properties}
        return tuple(
            Row(wmi_class, {name: cell for name, cell in row.items() if not names or name.lower() in names}, self._host) for row in chosen
        )

    def value(self, key: str, name: str, kind: RegistryType) -> RegistryValue | None:
        """Return a registry value; see `Reader.value`."""
        found = self._told(self._registry.value(key, name), f"the value {HKLM}{key}\\{name}")
        if found is None:
            return None
        if found.type is not kind_of(kind):
            raise MethodFailed(f"{HKLM}{key}\\{name} has another type", host=self._host, return_value=TYPE_MISMATCH)
        return registry_value(found)

    def value_types(self, key: str) -> Mapping[str, RegistryType] | None:
        """Return names and types of a key's values; see `Reader.value_types`."""
        found = self._told(self._registry.values(key), f"the values of {HKLM}{key}")
        return None if found is None else {name: type_of(value.type) for name, value in found.items()}

    def subkeys(self, key: str) -> tuple[str, ...] | None:
        """Return the names of a key's subkeys; see `Reader.subkeys`."""
        return self._told(self._registry.subkeys(key), f"the subkeys of {HKLM}{key}")

    def has_key(self, key: str) -> bool:
        """Tell whether a key is there; see `Reader.has_key`."""
        there = self._registry.there(key)
        if there is None:
            self._refuse(f"whether there is the key {HKLM}{key}")
        return there

    def grants(self, key: str) -> tuple[Grant, ...] | None:
        """Refuse: an export has no access lists; of a key that is not there nobody may do anything."""
        if self._registry.there(key) is False:
            return None
        self._refuse(f"the access list of {HKLM}{key}")

    def command(self, *arguments: str) -> CommandOutput:
        """Return what netstat wrote; see `Reader.command`."""
        if arguments[:1] != ("netstat",):
            self._refuse(f"the output of '{' '.join(arguments)}'")
        return CommandOutput(self._collected.netstat[self._later], COLLECTED, 0)

    def open_shell(self) -> None:
        """Refuse: nobody tried."""
        self._refuse("whether it opens a command shell")

    def winrm_listeners(self) -> tuple[WinrmListener, ...]:
        """Refuse: the host is not managed over the network."""
        self._refuse("how WinRM listens")

    def ahead(self, wants: Callable[[], Iterable[Read]], *, over: int) -> None:
        """Ask nothing ahead: everything is here."""

    def recall(self, read: Callable[[Reader], T]) -> T:
        """Do a read: everything is here."""
        return read(self)

    def forget(self) -> None:
        """Go on to the second listing."""
        self._later = True

    def _refuse(self, what: str) -> NoReturn:
        raise AccessDenied(f"the files that were collected on {self._host} do not tell {what}", host=self._host, code=None, subcode="")

    def _told(self, found: T | bool | None, what: str) -> T | None:
        """Return what is there, None of what certainly is not."""
        if found is False:
            return None
        if found is None or found is True:
            self._refuse(what)
        return found

    # What WMI would say

    def _text(self, key: str, name: str) -> str:
        found = self._registry.value(key, name)
        return found.data if isinstance(found, StoredValue) and isinstance(found.data, str) else ""

    def _number(self, key: str, name: str) -> int | None:
        found = self._registry.value(key, name)
        return found.data if isinstance(found, StoredValue) and isinstance(found.data, int) else None

    def _product(self) -> int | None:
        return PRODUCTS.get(self._text(rf"{CONTROL}\ProductOptions", "ProductType").lower())

    def _system(self) -> list[dict[str, Value]]:
        major, minor, build = self._collected.version
        product = self._product()
        row: dict[str, Value] = {"Version": f"{major}.{minor}.{build}", "BuildNumber": str(build)}
        if product is not None:
            row["ProductType"] = str(product)
        pack = self._number(rf"{CONTROL}\Windows", "CSDVersion")
        if pack is not None:
            row["ServicePackMajorVersion"] = str(pack >> 8)
        language = self._text(rf"{CONTROL}\Nls\Language", "InstallLanguage")
        if language and all(digit in "0123456789abcdefABCDEF" for digit in language):
            row["OSLanguage"] = str(int(language, 16))
        sku = MULTI_SESSION.get(self._collected.facts.get("edition", "").lower())
        return [{**row, "OperatingSystemSKU": sku} if sku else row]

    def _computer(self) -> list[dict[str, Value]]:
        name = self._text(rf"{CONTROL}\ComputerName\ActiveComputerName", "ComputerName")
        domain = self._text(rf"{SERVICES_KEY}\Tcpip\Parameters", "NV Domain") or self._text(rf"{SERVICES_KEY}\Tcpip\Parameters", "Domain")
        row: dict[str, Value] = {"Name": name, "Domain": domain or "WORKGROUP"}
        product = self._product()
        if product is not None:
            row["DomainRole"] = str(self._role(product, bool(domain)))
        return [row]

    def _role(self, product: int, in_dns_domain: bool) -> int:
        """Return Win32_ComputerSystem.DomainRole.

        No value of the registry that an administrator can read says whether a host has joined a domain. Joining makes Netlogon start by
        itself and sets the DNS domain; a host is taken for one that has not joined only where neither is so.
        """
        if product == PRODUCTS["lanmannt"]:
            return 5
        joined = in_dns_domain or self._number(rf"{SERVICES_KEY}\Netlogon", "Start") in (None, AUTO)
        return (0 if product == PRODUCTS["winnt"] else 2) + joined

    def _processes(self) -> list[dict[str, Value]] | None:
        tasks = self._collected.tasks
        return None if tasks is None else [{"ProcessId": str(task.pid), "Name": task.image} for task in tasks]

    def _entries(self) -> Iterator[tuple[str, int]]:
        """Yield name and type of everything that WMI lists: a key without a type or a start mode is no service.

        Of per-user services WMI lists the instances that sign-ins make, and not what they are made from.
        """
        for name in self._registry.names_below(SERVICES_KEY):
            kind, start = (self._number(rf"{SERVICES_KEY}\{name}", value) for value in ("Type", "Start"))
            if kind is not None and start in START_MODES and kind & (TEMPLATE | INSTANCE) != TEMPLATE:
                yield name, kind

    def _service_rows(self) -> Iterator[dict[str, Value]]:
        names = [(name, kind) for name, kind in self._entries() if kind & (OWN | SHARE)]
        states = self._states({name: self._text(rf"{SERVICES_KEY}\{name}", "DisplayName") or name for name, _kind in names})
        for name, kind in names:
            row = {**self._common(name), **states.get(name, {})}
            row["ServiceType"] = "Unknown" if kind & INSTANCE else "Share Process" if kind & SHARE else "Own Process"
            row["DelayedAutoStart"] = "true" if self._number(rf"{SERVICES_KEY}\{name}", "DelayedAutostart") else "false"
            yield row

    def _driver_rows(self) -> Iterator[dict[str, Value]]:
        names = [(name, kind) for name, kind in self._entries() if kind in DRIVER_TYPES]
        # `net start` lists services alone.
        states = self._states({}) if self._collected.services is not None else ByName[dict[str, Value]]()
        for name, kind in names:
            yield {**self._common(name), **states.get(name, {}), "ServiceType": DRIVER_TYPES[kind]}

    def _common(self, name: str) -> dict[str, Value]:
        key = rf"{SERVICES_KEY}\{name}"
        display = self._text(key, "DisplayName")
        return {
            "Name": name,
            # A name in a resource was resolved by `sc` alone.
            "DisplayName": name if not display or display.startswith("@") else display,
            "StartMode": START_MODES[self._number(key, "Start") or 0],
            "PathName": self._path(self._text(key, "ImagePath")),
        }

    def _path(self, path: str) -> str:
        """Expand what the SCM expands."""
        root = self._collected.facts.get("systemroot", "")
        for short in ("%systemroot%", "%windir%", "\\systemroot"):
            if root and path.lower().startswith(short):
                return root + path[len(short) :]
        return f"{root}\\{path}" if root and path.lower().startswith("system32\\") else path

    def _states(self, display_names: Mapping[str, str]) -> ByName[dict[str, Value]]:
        """Return what is known of the state of services, by key name."""
        listed = self._collected.services
        if listed is not None:
            return ByName(
                {
                    item.name: _present(
                        State=item.state,
                        DisplayName=item.display_name,
                        AcceptStop="false" if item.state == "Stopped" else _flag(item.accepts_stop),
                        ExitCode=None if item.exit_code is None else str(item.exit_code),
                        ProcessId=str(item.pid or 0),
                    )
                    for item in listed
                }
            )
        runs, unclear, _foreign = by_display_name(self._collected.running or (), display_names, self._collected.encoding)
        known = (name for name in display_names if name not in unclear)
        return ByName({name: _present(State="Running" if name in runs else "Stopped") for name in known})

    def _shares(self) -> list[dict[str, Value]] | None:
        """Return what the Server service shares (KB125996); those that it makes by itself for administrators are not in the registry."""
        if self._number(rf"{SERVICES_KEY}\{SERVER}", "Start") is None:
            return []
        found = self._registry.values(rf"{SERVICES_KEY}\{SERVER}\Shares")
        if not isinstance(found, Mapping):
            return None if found is None else []
        rows: list[dict[str, Value]] = []
        for name, value in found.items():
            parts = dict(part.split("=", 1) for part in value.data if "=" in part) if isinstance(value.data, tuple) else {}
            rows.append({"Name": name, "Path": parts.get("Path", ""), "Type": parts.get("Type", "0")})
        return rows

    def _dependencies(self) -> list[dict[str, Value]]:
        classes = ByName({name: "Win32_SystemDriver" if kind in DRIVER_TYPES else "Win32_Service" for name, kind in self._entries()})
        names = {name.lower(): name for name in classes}
        rows: list[dict[str, Value]] = []
        for name, wmi_class in classes.items():
            found = self._registry.value(rf"{SERVICES_KEY}\{name}", "DependOnService")
            needed = found.data if isinstance(found, StoredValue) and found.type is ValueKind.MULTI_SZ else ()
            for other in needed if isinstance(needed, tuple) else ():
                # The list may write a name in another way than its key.
                if other in classes:
                    ends = Reference(classes[other], {"Name": names[other.lower()]}), Reference(wmi_class, {"Name": name})
                    rows.append({"Antecedent": ends[0], "Dependent": ends[1]})
        return rows


def _present(**cells: str | None) -> dict[str, Value]:
    return {name: cell for name, cell in cells.items() if cell is not None}


def _flag(known: bool | None) -> str | None:
    return None if known is None else "true" if known else "false"


def _fits(row: Mapping[str, Value], where: Where) -> bool:
    """Compare as WQL does: without case."""
    cell = next((cell for name, cell in row.items() if same(name, where.property)), None)
    return isinstance(cell, str) and any(same(cell, str(value)) for value in where.values)
