# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Win32_OperatingSystem, Win32_ComputerSystem, Win32_Process.

Sources: MicrosoftDocs win32 CIMWin32Prov; a recorded answer of Windows Server 2003 for the operating system.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from winsim.host.machine import Machine
from winsim.host.model import SYSTEM, Language
from winsim.host.processes import IDLE, Process
from winsim.seams import Instance, Value

from .cim import CIMV2, Arguments, CimClass, Method, Out

OS_PROPERTIES = (
    "BootDevice", "BuildNumber", "BuildType", "Caption", "CodeSet", "CountryCode", "CreationClassName", "CSCreationClassName",
    "CSDVersion", "CSName", "CurrentTimeZone", "Debug", "Description", "Distributed", "EncryptionLevel",
    "ForegroundApplicationBoost", "FreePhysicalMemory", "FreeSpaceInPagingFiles", "FreeVirtualMemory", "InstallDate",
    "LargeSystemCache", "LastBootUpTime", "LocalDateTime", "Locale", "Manufacturer", "MaxNumberOfProcesses",
    "MaxProcessMemorySize", "MUILanguages", "Name", "NumberOfLicensedUsers", "NumberOfProcesses", "NumberOfUsers",
    "OperatingSystemSKU", "Organization", "OSArchitecture", "OSLanguage", "OSProductSuite", "OSType", "OtherTypeDescription",
    "PlusProductID", "PlusVersionNumber", "Primary", "ProductType", "RegisteredUser", "SerialNumber", "ServicePackMajorVersion",
    "ServicePackMinorVersion", "SizeStoredInPagingFiles", "Status", "SuiteMask", "SystemDevice", "SystemDirectory", "SystemDrive",
    "TotalSwapSpaceSize", "TotalVirtualMemorySize", "TotalVisibleMemorySize", "Version", "WindowsDirectory",
)  # fmt: skip
COMPUTER_PROPERTIES = (
    "AdminPasswordStatus", "AutomaticResetBootOption", "AutomaticResetCapability", "BootROMSupported", "BootupState", "Caption",
    "ChassisBootupState", "CreationClassName", "CurrentTimeZone", "DaylightInEffect", "Description", "DNSHostName", "Domain",
    "DomainRole", "EnableDaylightSavingsTime", "HypervisorPresent", "InfraredSupported", "InstallDate",
    "KeyboardPasswordStatus", "Manufacturer", "Model", "Name", "NameFormat", "NetworkServerModeEnabled", "NumberOfProcessors",
    "PartOfDomain", "PowerManagementSupported", "PowerOnPasswordStatus", "PowerState", "PowerSupplyState",
    "PrimaryOwnerContact", "PrimaryOwnerName", "ResetCapability", "ResetCount", "ResetLimit", "Roles", "Status",
    "SystemStartupDelay", "SystemStartupOptions", "SystemStartupSetting", "SystemType", "ThermalState", "TotalPhysicalMemory",
    "UserName", "WakeUpType", "Workgroup",
)  # fmt: skip
PROCESS_PROPERTIES = (
    "Caption", "CommandLine", "CreationClassName", "CreationDate", "CSCreationClassName", "CSName", "Description", "ExecutablePath",
    "ExecutionState", "Handle", "HandleCount", "InstallDate", "KernelModeTime", "MaximumWorkingSetSize", "MinimumWorkingSetSize",
    "Name", "OSCreationClassName", "OSName", "OtherOperationCount", "OtherTransferCount", "PageFaults", "PageFileUsage",
    "ParentProcessId", "PeakPageFileUsage", "PeakVirtualSize", "PeakWorkingSetSize", "Priority", "PrivatePageCount", "ProcessId",
    "QuotaNonPagedPoolUsage", "QuotaPagedPoolUsage", "QuotaPeakNonPagedPoolUsage", "QuotaPeakPagedPoolUsage", "ReadOperationCount",
    "ReadTransferCount", "SessionId", "Status", "TerminationDate", "ThreadCount", "UserModeTime", "VirtualSize", "WindowsVersion",
    "WorkingSetSize", "WriteOperationCount", "WriteTransferCount",
)  # fmt: skip

SHUTDOWN, REBOOT, FORCE, POWER_OFF = 1, 2, 4, 8
"""Flags of Win32Shutdown (Microsoft); 0 logs off and 4 does so by force."""


def _reboot(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance, arguments
    host.shut_down(restart=True)
    return {"ReturnValue": 0}


def _shutdown(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance, arguments
    host.shut_down(restart=False)
    return {"ReturnValue": 0}


def _win32_shutdown(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del instance
    flags = arguments.number("Flags")
    if flags & REBOOT:
        host.shut_down(restart=True)
    elif flags & (SHUTDOWN | POWER_OFF):
        host.shut_down(restart=False)
    return {"ReturnValue": 0}


@dataclass(frozen=True, slots=True)
class _Locale:
    """What Win32_OperatingSystem says of a language: its identifier, code page and telephone country."""

    language: int
    code_set: str
    country: str


LOCALES = {
    Language.ENGLISH: _Locale(1033, "1252", "1"),
    Language.GERMAN: _Locale(1031, "1252", "49"),
    Language.JAPANESE: _Locale(1041, "932", "81"),
}


def _operating_system(host: Machine) -> Iterable[Instance]:
    windows = host.spec.windows
    locale = LOCALES[windows.language]
    found = host.spec.found
    language = locale.language if found is None or found.language is None else found.language
    values: dict[str, Value] = {
        "BootDevice": r"\Device\HarddiskVolume1",
        "BuildNumber": str(windows.build),
        "BuildType": "Uniprocessor Free",
        "Caption": windows.caption,
        "CodeSet": locale.code_set,
        "CountryCode": locale.country,
        "CreationClassName": "Win32_OperatingSystem",
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSDVersion": f"Service Pack {windows.service_pack}" if windows.service_pack else None,
        "CSName": windows.computer,
        "CurrentTimeZone": 0,
        "Debug": False,
        "Description": "",
        "Distributed": False,
        "InstallDate": datetime.fromisoformat(windows.installed),
        "LastBootUpTime": host.time.boot_time(),
        "LocalDateTime": host.time.now(),
        "Locale": f"{language:04x}",
        "Manufacturer": "Microsoft Corporation",
        "Name": _os_name(host),
        "NumberOfProcesses": len(host.processes.all),
        "NumberOfUsers": 1,
        "OperatingSystemSKU": windows.sku,
        "OSArchitecture": windows.architecture,
        "OSLanguage": language,
        "OSType": 18,
        "Primary": True,
        "ProductType": windows.product_type,
        "ServicePackMajorVersion": windows.service_pack,
        "ServicePackMinorVersion": 0,
        "Status": "OK",
        "SystemDevice": r"\Device\HarddiskVolume1",
        "SystemDirectory": rf"{windows.directory}\System32",
        "SystemDrive": windows.directory[:2],
        "Version": windows.version,
        "WindowsDirectory": windows.directory,
    }
    return [OPERATING_SYSTEM.instance(values)]


def _computer_system(host: Machine) -> Iterable[Instance]:
    windows = host.spec.windows
    values: dict[str, Value] = {
        "BootupState": "Normal boot",
        "Caption": windows.computer,
        "CreationClassName": "Win32_ComputerSystem",
        "CurrentTimeZone": 0,
        "Description": "AT/AT COMPATIBLE",
        "DNSHostName": windows.computer.lower(),
        "Domain": windows.domain,
        "DomainRole": windows.role,
        "HypervisorPresent": windows.hypervisor,
        "Manufacturer": windows.manufacturer,
        "Model": windows.model,
        "Name": windows.computer,
        "NumberOfProcessors": 1,
        "PartOfDomain": windows.member,
        "Status": "OK",
        "SystemType": "x64-based PC" if windows.architecture == "64-bit" else "X86-based PC",
        "Workgroup": None if windows.member else windows.domain,
    }
    return [COMPUTER_SYSTEM.instance(values)]


def _processes(host: Machine) -> Iterable[Instance]:
    return [PROCESS.instance(_process(host, process)) for process in sorted(host.processes.all, key=lambda process: process.pid)]


def _process(host: Machine, process: Process) -> dict[str, Value]:
    kernel = process.id in (IDLE, SYSTEM)
    path = process.command.split(" -")[0].split(" /")[0]
    return {
        "Caption": process.name,
        "CommandLine": process.command or None,
        "CreationClassName": "Win32_Process",
        # The kernel's own processes have no creation date (from memory).
        "CreationDate": None if kernel else process.created,
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSName": host.spec.windows.computer,
        "Description": process.name,
        "ExecutablePath": path if path[1:3] == ":\\" else None,
        "Handle": str(process.pid),
        "Name": process.name,
        "OSCreationClassName": "Win32_OperatingSystem",
        "OSName": _os_name(host),
        "ParentProcessId": process.parent,
        "ProcessId": process.pid,
        "SessionId": 0,
        "WindowsVersion": host.spec.windows.version,
    }


def _os_name(host: Machine) -> str:
    windows = host.spec.windows
    return rf"{windows.caption}|{windows.directory}|\Device\Harddisk0\Partition1"


OPERATING_SYSTEM = CimClass(
    "Win32_OperatingSystem",
    CIMV2,
    ("Name",),
    OS_PROPERTIES,
    frozenset({"MUILanguages"}),
    singleton=True,
    instances=_operating_system,
    methods={
        "Reboot": Method((), _reboot),
        "Shutdown": Method((), _shutdown),
        "Win32Shutdown": Method(("Flags", "Reserved"), _win32_shutdown),
    },
)
COMPUTER_SYSTEM = CimClass(
    "Win32_ComputerSystem",
    CIMV2,
    ("Name",),
    COMPUTER_PROPERTIES,
    frozenset({"Roles", "SystemStartupOptions"}),
    instances=_computer_system,
    # Microsoft, Win32_ComputerSystem: not before Windows 8 and Windows Server 2012.
    later={"HypervisorPresent": (6, 2)},
)
PROCESS = CimClass("Win32_Process", CIMV2, ("Handle",), PROCESS_PROPERTIES, instances=_processes)

CLASSES = (COMPUTER_SYSTEM, OPERATING_SYSTEM, PROCESS)
