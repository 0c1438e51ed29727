# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Win32_BaseService, Win32_Service, Win32_SystemDriver, Win32_DependentService.

Sources: MicrosoftDocs win32 CIMWin32Prov (properties, methods, return values); recorded answers of Windows Server 2008 R2 for
the spelling of values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from winsim.host import controls
from winsim.host.machine import Machine
from winsim.host.model import SERVICES, ServiceSpec, StartMode, State
from winsim.host.scm import DELAYED, Outcome, Service
from winsim.seams import Instance, Problem, Reference, Value, WmiError

from .cim import CIMV2, Arguments, CimClass, Method, Out

BASE_PROPERTIES = (
    "AcceptPause", "AcceptStop", "Caption", "CreationClassName", "Description", "DesktopInteract", "DisplayName", "ErrorControl",
    "ExitCode", "InstallDate", "Name", "PathName", "ServiceSpecificExitCode", "ServiceType", "Started", "StartMode", "StartName",
    "State", "Status", "SystemCreationClassName", "SystemName", "TagId",
)  # fmt: skip
SERVICE_PROPERTIES = tuple(sorted((*BASE_PROPERTIES, "CheckPoint", "DelayedAutoStart", "ProcessId", "WaitHint"), key=str.lower))

STATES = {
    State.STOPPED: "Stopped",
    State.START_PENDING: "Start Pending",
    State.STOP_PENDING: "Stop Pending",
    State.RUNNING: "Running",
}
READ_MODES = {
    StartMode.BOOT: "Boot",
    StartMode.SYSTEM: "System",
    StartMode.AUTO: "Auto",
    StartMode.MANUAL: "Manual",
    StartMode.DISABLED: "Disabled",
}
WRITTEN_MODES = {
    "boot": StartMode.BOOT,
    "system": StartMode.SYSTEM,
    "automatic": StartMode.AUTO,
    "manual": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
"""ChangeStartMode takes `Automatic` where StartMode reads `Auto`."""

RETURN_VALUES = {
    Outcome.DONE: 0,
    Outcome.DENIED: 2,
    Outcome.DEPENDENTS_RUNNING: 3,
    Outcome.NOT_ACCEPTED: 4,
    Outcome.WRONG_STATE: 5,
    Outcome.NOT_RUNNING: 6,
    Outcome.ALREADY_RUNNING: 10,
    Outcome.DEPENDENCY_FAILED: 13,
    Outcome.DISABLED: 14,
    Outcome.INVALID: 21,
    Outcome.NO_ANSWER: 7,
    Outcome.NO_PROGRAM: 9,
    Outcome.MARKED: 16,
    Outcome.NAME_TAKEN: 19,
    Outcome.BAD_NAME: 20,
    Outcome.EXISTS: 23,
}
ERROR_CONTROLS = {0: "Ignore", 1: "Normal", 2: "Severe", 3: "Critical"}
NEVER_STARTED = 1077
"""ERROR_SERVICE_NEVER_STARTED, the exit code of a service that has not run since the boot."""


def _service_of(host: Machine, instance: Instance | None) -> Service:
    service = None if instance is None else host.services.find(str(instance.properties["Name"]))
    if service is None:
        raise WmiError(Problem.NOT_FOUND)
    return service


def _start(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del arguments
    return {"ReturnValue": RETURN_VALUES[controls.start_service(host, _service_of(host, instance))]}


def _stop(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del arguments
    return {"ReturnValue": RETURN_VALUES[controls.stop_service(host, _service_of(host, instance))]}


def _change_start_mode(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    mode = WRITTEN_MODES.get((arguments.text("StartMode") or "").lower())
    if mode is None:
        return {"ReturnValue": RETURN_VALUES[Outcome.INVALID]}
    return {"ReturnValue": RETURN_VALUES[controls.set_start_mode(host, _service_of(host, instance), mode)]}


CREATE = (
    "Name", "DisplayName", "PathName", "ServiceType", "ErrorControl", "StartMode", "DesktopInteract", "StartName", "StartPassword",
    "LoadOrderGroup", "LoadOrderGroupDependencies", "ServiceDependencies",
)  # fmt: skip
SERVICE_TYPES = {16: False, 32: True}
"""Types of services that are no drivers, with whether they share a process; no driver can be made here."""

BAD_ACCOUNT = 22
SYSTEM_ACCOUNTS = ("", "localsystem", ".\\localsystem", "nt authority\\system")


def _create(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    """Make a service of the system's own account; its program is taken for one that is no service."""
    del instance
    kind, control = arguments.number("ServiceType", default=16, bits=8), arguments.number("ErrorControl", default=1, bits=8)
    mode = WRITTEN_MODES.get((arguments.text("StartMode") or "").lower())
    name, image = arguments.text("Name") or "", arguments.text("PathName") or ""
    if kind not in SERVICE_TYPES or control > 3 or mode is None or mode in (StartMode.BOOT, StartMode.SYSTEM) or not image:
        return {"ReturnValue": RETURN_VALUES[Outcome.INVALID]}
    if (arguments.text("StartName") or "").lower() not in SYSTEM_ACCOUNTS:
        return {"ReturnValue": BAD_ACCOUNT}
    spec = ServiceSpec(
        name=name,
        display=arguments.text("DisplayName") or name,
        start=mode,
        process=name,
        image=image,
        shared=SERVICE_TYPES[kind],
        depends=arguments.texts("ServiceDependencies"),
        program=True,
    )
    return {"ReturnValue": RETURN_VALUES[controls.create_service(host, spec, error_control=control)]}


def _delete(host: Machine, instance: Instance | None, arguments: Arguments) -> Out:
    del arguments
    return {"ReturnValue": RETURN_VALUES[controls.delete_service(host, _service_of(host, instance))]}


METHODS = {
    "Delete": Method((), _delete),
    "StartService": Method((), _start),
    "StopService": Method((), _stop),
    "ChangeStartMode": Method(("StartMode",), _change_start_mode),
}


def _values(host: Machine, service: Service) -> dict[str, Value]:
    spec = service.spec
    kind = "Kernel Driver" if spec.driver else "Share Process" if spec.shared else "Own Process"
    if spec.kind:
        kind = spec.kind
    elif spec.template:
        # The class knows no word for the types of per-user services (from memory).
        kind = "Unknown"
    process = None if spec.driver or not service.running else host.service_process(spec)
    return {
        "AcceptPause": False,
        "AcceptStop": service.state is State.RUNNING and spec.accepts_stop,
        "Caption": spec.display,
        "CheckPoint": 0,
        "CreationClassName": "Win32_SystemDriver" if spec.driver else "Win32_Service",
        "DelayedAutoStart": host.registry.number(rf"{SERVICES}\{spec.name}", DELAYED) == 1,
        "Description": spec.description or None,
        "DesktopInteract": False,
        "DisplayName": spec.display,
        "ErrorControl": ERROR_CONTROLS.get(host.registry.number(rf"{SERVICES}\{spec.name}", "ErrorControl") or 0, "Unknown"),
        "ExitCode": _exit_code(service),
        "Name": spec.name,
        "PathName": spec.image,
        "ProcessId": 0 if process is None else process.pid,
        "ServiceSpecificExitCode": 0,
        "ServiceType": kind,
        "Started": service.running,
        "StartMode": READ_MODES[service.start_mode],
        "StartName": spec.account,
        "State": STATES[service.state],
        "Status": "OK",
        "SystemCreationClassName": "Win32_ComputerSystem",
        "SystemName": host.spec.windows.computer,
        "TagId": 0,
        "WaitHint": 0,
    }


def _exit_code(service: Service) -> int:
    if service.exit_code is not None:
        return service.exit_code
    return 0 if service.has_run or service.start_mode is StartMode.AUTO else NEVER_STARTED


def _instances(*, drivers: bool) -> Callable[[Machine], Iterable[Instance]]:
    def instances(host: Machine) -> Iterable[Instance]:
        made = DRIVER if drivers else SERVICE
        listed = sorted(host.services.all, key=lambda service: service.spec.name.lower())
        return [made.instance(_values(host, service)) for service in listed if service.spec.driver is drivers]

    return instances


def reference(service: Service) -> Reference:
    """Return the path of a service or driver."""
    return Reference("Win32_SystemDriver" if service.spec.driver else "Win32_Service", {"Name": service.spec.name})


def _dependencies(host: Machine) -> Iterable[Instance]:
    return [
        DEPENDENT.instance({"Antecedent": reference(needed), "Dependent": reference(service)})
        for service in host.services.all
        for needed in host.services.dependencies(service)
    ]


BASE = CimClass("Win32_BaseService", CIMV2, ("Name",), BASE_PROPERTIES, methods=METHODS)
SERVICE = CimClass(
    "Win32_Service",
    CIMV2,
    ("Name",),
    SERVICE_PROPERTIES,
    parent=BASE.name,
    instances=_instances(drivers=False),
    methods={"Create": Method(CREATE, _create, static=True), **METHODS},
    # Microsoft, Win32_Service: not before Windows 10 and Windows Server 2016.
    later={"DelayedAutoStart": (10, 0)},
)
DRIVER = CimClass(
    "Win32_SystemDriver", CIMV2, ("Name",), BASE_PROPERTIES, parent=BASE.name, instances=_instances(drivers=True), methods=METHODS
)
DEPENDENT = CimClass(
    "Win32_DependentService",
    CIMV2,
    ("Antecedent", "Dependent"),
    ("Antecedent", "Dependent", "TypeOfDependency"),
    instances=_dependencies,
)

CLASSES = (BASE, SERVICE, DRIVER, DEPENDENT)
