# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry as set-up left it: the scenario's own values and a key for each service, driver and adapter."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from winsim.registry_value import RegistryType, RegistryValue

from .files import Entry, Principal
from .model import SERVICES, AdapterSpec, Language, MachineSpec, ServiceSpec, Trigger
from .registry import Registry

TYPE_DRIVER, TYPE_OWN, TYPE_SHARED = 0x1, 0x10, 0x20
"""The value `Type` of a service's key (Microsoft, CreateService)."""

TYPE_USER, TYPE_INSTANCE = 0x40, 0x80
"""Added for a template of per-user services and for an instance of one (Microsoft, SERVICE_STATUS: 0x50 and 0x60, 0xD0 and 0xE0)."""

GUARDED = bytes.fromhex(
    "01000480 14000000 20000000 00000000 2c000000"  # revision, self-relative with a DACL; where owner, group, SACL and DACL are
    "010100000000000512000000 010100000000000512000000"  # owner and group: S-1-5-18, the system
    "0200 3400 0200 0000"  # the DACL: revision, 52 bytes, two entries
    "00001400 ff010f00 010100000000000512000000"  # the system may do everything
    "00001800 9d010200 01020000000000052000000020020000"  # S-1-5-32-544, administrators: all but stop (0x20) and change (0x2)
)
"""A security descriptor (MS-DTYP 2.4.6) that lets no administrator stop or change a service: the value `Security` of its subkey `Security`
(Microsoft, registry reference of Windows Server 2003; Service Security and Access Rights)."""

TRIGGERS_SINCE = (6, 1)
"""Windows 7 and Server 2008 R2 are the first that know triggers (Microsoft, SERVICE_TRIGGER)."""

STARTS, STOPS = 1, 2
"""The value `Action` of a trigger (same page)."""

TRIGGERS: dict[Trigger, tuple[int, int, str | None]] = {
    Trigger.DEVICE: (1, STARTS, None),
    Trigger.ADDRESS: (2, STARTS, "4f27f2de-14e2-430b-a549-7cd48cbc8245"),
    Trigger.NO_ADDRESS: (2, STOPS, "cc4ba62a-162e-4648-847a-b6bdf993e335"),
    Trigger.DOMAIN: (3, STARTS, "1ce20aba-9851-4421-9430-1ddeb766e809"),
    Trigger.NO_DOMAIN: (3, STOPS, "ddaf516e-58c2-4866-9574-c3b615d42ea1"),
    Trigger.PORT: (4, STARTS, "b7569e07-8421-4ee0-ad10-86915afdad09"),
    Trigger.NO_PORT: (4, STOPS, "a144ed38-8e12-4de4-9d96-e64740b1a524"),
    Trigger.POLICY: (5, STARTS, "659fcae6-5bdb-4da9-b1ff-ca2a178d46e0"),
    Trigger.USER_POLICY: (5, STARTS, "54fb46c8-f089-464c-b1fd-59d1b62c3b50"),
    Trigger.RPC: (6, STARTS, "bc90d167-9470-4139-a9ba-be0bbbf5b74d"),
    Trigger.PIPE: (6, STARTS, "1f81d131-3fac-4537-9e0c-7e7b0c2f4b55"),
    Trigger.STATE: (7, STARTS, None),
    Trigger.CUSTOM: (20, STARTS, None),
    Trigger.AGGREGATE: (30, STARTS, None),
}
"""The values `Type` and `Action` of a trigger, and its `GUID` where that says no more than these (Microsoft, SERVICE_TRIGGER)."""


def registry(spec: MachineSpec) -> Registry:
    """Build the registry of a host that has just been installed."""
    made = Registry()
    for installed in spec.services:
        _service(made, installed if spec.windows.kernel >= TRIGGERS_SINCE else replace(installed, triggers=()))
    for present in spec.adapters:
        if not present.loopback and present.appears is None:
            adapter(made, spec, present)
    for path, values in spec.registry.items():
        made.create(path)
        for name, value in values.items():
            made.write(path, name, value)
    _identity(made, spec)
    _software(made, spec)
    return made


def adapter(made: Registry, spec: MachineSpec, found: AdapterSpec) -> bool:
    """Make the key that NetBIOS over TCP/IP has for an adapter; tell whether there was none."""
    key = rf"{SERVICES}\{spec.netbt.driver}\Parameters\Interfaces\Tcpip_{found.guid}"
    if made.exists(key):
        return False
    made.create(key)
    made.write(key, "NetbiosOptions", RegistryValue.dword(found.netbios or 0))
    if spec.netbt.wins and found.connected:
        made.write(key, "NameServerList", RegistryValue.texts(spec.netbt.wins))
    return True


PRODUCT_TYPES = {1: "WinNT", 2: "LanmanNT", 3: "ServerNT"}
"""The value ProductType of Control\\ProductOptions (KB 152078), by that of Win32_OperatingSystem."""

LANGUAGES = {Language.ENGLISH: ("0409", "1252"), Language.GERMAN: ("0407", "1252"), Language.JAPANESE: ("0411", "932")}
"""A language's identifier, and the code page of its programs with windows (Microsoft, "Language Identifiers", "Code Page Identifiers")."""

EDITIONS = {
    "Datacenter": "Datacenter",
    "Enterprise": "Enterprise",
    "Standard": "Standard",
    "Business": "Business",
    "Professional": "Professional",
    "Pro": "Professional",
    "Home": "Core",
}
"""The value EditionID by a word of the caption (published outputs); that of a server begins with `Server`."""

EDITION_SINCE = (6, 0)

CLASS = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
"""The class of network adapters; the number of a key below it is the adapter's index (Microsoft, Win32_NetworkAdapterConfiguration)."""


def _identity(made: Registry, spec: MachineSpec) -> None:
    """Let the registry say which Windows this is and how its adapters are configured, where the scenario does not say so itself."""
    windows = spec.windows
    control = r"HKLM\SYSTEM\CurrentControlSet\Control"
    language, ansi = LANGUAGES[windows.language]
    text = RegistryValue.text
    values = {
        rf"{control}\ProductOptions": {"ProductType": text(PRODUCT_TYPES[windows.product_type])},
        rf"{control}\Nls\CodePage": {"ACP": text(ansi), "OEMCP": text(windows.language.code_page.removeprefix("cp"))},
        rf"{control}\Nls\Language": {"Default": text(language), "InstallLanguage": text(language)},
        rf"{control}\ComputerName\ActiveComputerName": {"ComputerName": text(windows.computer.upper())},
        rf"{control}\ComputerName\ComputerName": {"ComputerName": text(windows.computer.upper())},
        rf"{control}\Windows": {"CSDVersion": RegistryValue.dword(windows.service_pack << 8)},
        rf"{control}\Session Manager": {"ProtectionMode": RegistryValue.dword(1)},
        r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
            "CurrentBuildNumber": text(str(windows.build)),
            "ProductName": text(windows.caption.strip()),
        },
        rf"{SERVICES}\Tcpip\Linkage": {
            "Bind": RegistryValue.texts(tuple(rf"\Device\{each.guid}" for each in spec.adapters if each.address and not each.loopback))
        },
    }
    if windows.kernel >= EDITION_SINCE:
        edition = next((name for word, name in EDITIONS.items() if word in windows.caption.split()), "Core")
        current = values[r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"]
        current["EditionID"] = text(f"Server{edition}" if windows.server else edition)
    for each in spec.adapters:
        if not each.loopback and each.index is not None:
            values[rf"{CLASS}\{each.index:04}"] = {"NetCfgInstanceId": text(each.guid), "DriverDesc": text(each.name)}
            values[rf"{SERVICES}\Tcpip\Parameters\Interfaces\{each.guid}"] = _addresses(each)
    for key, named in values.items():
        made.create(key)
        for name, value in named.items():
            if made.value(key, name) is None:
                made.write(key, name, value)


def _addresses(found: AdapterSpec) -> dict[str, RegistryValue]:
    """Return how an adapter is configured (KB 120642)."""
    values = {"EnableDHCP": RegistryValue.dword(int(found.dhcp))}
    if found.dhcp and found.address:
        return {**values, "DhcpIPAddress": RegistryValue.text(found.address), "DhcpSubnetMask": RegistryValue.text(found.mask)}
    addresses = found.addresses
    return {**values, "IPAddress": RegistryValue.texts(addresses), "SubnetMask": RegistryValue.texts((found.mask,) * len(addresses))}


def _software(made: Registry, spec: MachineSpec) -> None:
    """Let Power Users write where programs keep their settings before Windows Vista (from memory)."""
    inherit = frozenset({"CI"})
    entries = [Entry(principal, "F", inherit) for principal in (Principal.ADMINISTRATORS, Principal.SYSTEM)]
    if int(spec.windows.version.split(".", maxsplit=1)[0]) < 6:
        entries.append(Entry(Principal.POWER_USERS, "M", inherit))
    made.create(r"HKLM\SOFTWARE")
    made.protect(r"HKLM\SOFTWARE", [*entries, Entry(Principal.USERS, "R", inherit)], protected=True)


def service(made: Registry, spec: ServiceSpec, *, error_control: int) -> None:
    """Make the key of a service that somebody creates; it has no subkey yet."""
    _service(made, spec, error_control=error_control, subkey="")


def instance(made: Registry, service: ServiceSpec) -> None:
    """Make the key of a per-user service that somebody's sign-in has made."""
    _service(made, service)


def _service(made: Registry, service: ServiceSpec, *, error_control: int = 1, subkey: str = r"\Parameters") -> None:
    key = rf"{SERVICES}\{service.name}"
    made.create(f"{key}{subkey}")
    kind = TYPE_DRIVER if service.driver else TYPE_SHARED if service.shared else TYPE_OWN
    kind |= TYPE_USER if service.per_user or service.template else 0
    kind |= TYPE_INSTANCE if service.template else 0
    made.write(key, "Type", RegistryValue.dword(kind))
    made.write(key, "Start", RegistryValue.dword(int(service.start)))
    made.write(key, "ErrorControl", RegistryValue.dword(error_control))
    made.write(key, "ImagePath", RegistryValue(RegistryType.EXPAND_SZ, service.image))
    made.write(key, "DisplayName", RegistryValue.text(service.display))
    if not service.driver:
        made.write(key, "ObjectName", RegistryValue.text(service.account))
    if service.depends:
        made.write(key, "DependOnService", RegistryValue.texts(service.depends))
    if service.delayed:
        made.write(key, "DelayedAutostart", RegistryValue.dword(1))
    if service.launch_protected:
        made.write(key, "LaunchProtected", RegistryValue.dword(service.launch_protected))
    if service.protected:
        made.create(rf"{key}\Security")
        made.write(rf"{key}\Security", "Security", RegistryValue(RegistryType.BINARY, GUARDED))
    if service.split_disabled:
        made.write(key, "SvcHostSplitDisable", RegistryValue.dword(1))
    for index, trigger in enumerate(service.triggers):
        kind, action, guid = TRIGGERS[trigger]
        made.create(rf"{key}\TriggerInfo\{index}")
        made.write(rf"{key}\TriggerInfo\{index}", "Type", RegistryValue.dword(kind))
        made.write(rf"{key}\TriggerInfo\{index}", "Action", RegistryValue.dword(action))
        if guid is not None:
            made.write(rf"{key}\TriggerInfo\{index}", "GUID", RegistryValue(RegistryType.BINARY, UUID(guid).bytes_le))
