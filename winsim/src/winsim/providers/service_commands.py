# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`net start`, `net stop`, and `sc start`, `stop`, `config` and `delete`.

Sources: Microsoft, "sc config", "sc delete", system error codes. From memory: the layout of what sc and net write.
"""

from __future__ import annotations

from collections.abc import Callable

from winsim.host import controls
from winsim.host.machine import Machine
from winsim.host.model import StartMode, State
from winsim.host.scm import Outcome, Service

ALIASES = {"rdr": "lanmanworkstation", "workstation": "lanmanworkstation", "srv": "lanmanserver", "server": "lanmanserver"}
"""Names that `net stop` takes for the key name (the article uses rdr and srv)."""

SC_MODES = {
    "boot": StartMode.BOOT,
    "system": StartMode.SYSTEM,
    "auto": StartMode.AUTO,
    "demand": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
LATE = "delayed-auto"
LATE_SINCE = 6

WIN32_ERRORS = {
    Outcome.NO_PROGRAM: 2,
    Outcome.DENIED: 5,
    Outcome.INVALID: 87,
    Outcome.DEPENDENTS_RUNNING: 1051,
    Outcome.NOT_ACCEPTED: 1052,
    Outcome.NO_ANSWER: 1053,
    Outcome.ALREADY_RUNNING: 1056,
    Outcome.DISABLED: 1058,
    Outcome.WRONG_STATE: 1061,
    Outcome.NOT_RUNNING: 1062,
    Outcome.DEPENDENCY_FAILED: 1068,
    Outcome.MARKED: 1072,
}
TEXTS = {
    2: "The system cannot find the file specified.",
    5: "Access is denied.",
    87: "The parameter is incorrect.",
    1051: "A stop control has been sent to a service that other running services are dependent on.",
    1052: "The requested control is not valid for this service.",
    1053: "The service did not respond to the start or control request in a timely fashion.",
    1056: "An instance of the service is already running.",
    1058: "The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.",
    1060: "The specified service does not exist as an installed service.",
    1061: "The service cannot accept control messages at this time.",
    1062: "The service has not been started.",
    1068: "The dependency service or group failed to start.",
    1072: "The specified service has been marked for deletion.",
}
FUNCTIONS = {"start": "StartService", "stop": "ControlService", "config": "ChangeServiceConfig", "delete": "DeleteService"}
STATES = {
    State.STOPPED: (1, "STOPPED"),
    State.START_PENDING: (2, "START_PENDING"),
    State.STOP_PENDING: (3, "STOP_PENDING"),
    State.RUNNING: (4, "RUNNING"),
}
NO_SUCH_SERVICE = 1060
BAD_COMMAND_LINE = 1639

Output = tuple[str, str, int]


def net(host: Machine, words: list[str]) -> Output:
    """Run `net start NAME` or `net stop NAME [/y]`."""
    if len(words) < 2 or words[0].lower() not in ("start", "stop"):
        return "", "The syntax of this command is:\r\n\r\nNET [ START | STOP ]\r\n", 1
    verb = words[0].lower()
    service = named(host, words[1])
    if service is None:
        return helped("The service name is invalid.", 2185)
    shown = service.spec.display
    if verb == "start":
        outcome = controls.start_service(host, service)
    else:
        outcome = _stop_with_dependents(host, service, confirmed="/y" in [word.lower() for word in words[2:]])
    if outcome is Outcome.ALREADY_RUNNING:
        return helped("The requested service has already been started.", 2182)
    if outcome is Outcome.NOT_RUNNING:
        return helped(f"The {shown} service is not started.", 3521)
    if outcome is Outcome.NO_ANSWER:
        said = f"The {shown} service is starting.\r\nThe {shown} service could not be started.\r\n\r\n"
        return said, helped("The service is not responding to the control function.", 2186)[1], 2
    if outcome is not Outcome.DONE:
        code = WIN32_ERRORS[outcome]
        return "", f"System error {code} has occurred.\r\n\r\n{TEXTS[code]}\r\n\r\n", 2
    doing, done = ("starting", "started") if verb == "start" else ("stopping", "stopped")
    return f"The {shown} service is {doing}.\r\nThe {shown} service was {done} successfully.\r\n\r\n", "", 0


def sc(host: Machine, words: list[str]) -> Output:
    """Run `sc start|stop|delete NAME` or `sc config NAME start= MODE`."""
    if len(words) < 2 or words[0].lower() not in FUNCTIONS:
        return "SC command [service name] ...\r\n", "", BAD_COMMAND_LINE
    verb = words[0].lower()
    service = host.services.find(words[1])
    if service is None:
        return f"[SC] OpenService FAILED {NO_SUCH_SERVICE}:\r\n\r\n{TEXTS[NO_SUCH_SERVICE]}\r\n\r\n", "", NO_SUCH_SERVICE
    verbs: dict[str, Callable[[Machine, Service], Outcome]] = {
        "start": controls.start_service,
        "stop": controls.stop_service,
        "delete": controls.delete_service,
    }
    outcome = _configure(host, service, words[2:]) if verb == "config" else verbs[verb](host, service)
    if outcome is not Outcome.DONE:
        code = WIN32_ERRORS[outcome]
        return f"[SC] {FUNCTIONS[verb]} FAILED {code}:\r\n\r\n{TEXTS[code]}\r\n\r\n", "", code
    return _status(service) if verb in ("start", "stop") else f"[SC] {FUNCTIONS[verb]} SUCCESS\r\n", "", 0


def _configure(host: Machine, service: Service, words: list[str]) -> Outcome:
    if len(words) != 2 or words[0].lower() != "start=":
        return Outcome.INVALID
    mode = words[1].lower()
    if mode == LATE and int(host.spec.windows.version.split(".", maxsplit=1)[0]) >= LATE_SINCE:
        return controls.set_delayed(host, service)
    return controls.set_start_mode(host, service, SC_MODES[mode]) if mode in SC_MODES else Outcome.INVALID


def _status(service: Service) -> str:
    spec = service.spec
    kind = "1  KERNEL_DRIVER" if spec.driver else "20  WIN32_SHARE_PROCESS" if spec.shared else "10  WIN32_OWN_PROCESS"
    number, word = STATES[service.state]
    return f"\r\nSERVICE_NAME: {spec.name} \r\n        TYPE               : {kind}  \r\n        STATE              : {number}  {word} \r\n"


def named(host: Machine, name: str) -> Service | None:
    """Return a service by its key name, its display name or what net calls it."""
    found = host.services.find(ALIASES.get(name.lower(), name))
    return found or next((service for service in host.services.all if service.spec.display.lower() == name.lower()), None)


def _stop_with_dependents(host: Machine, service: Service, *, confirmed: bool) -> Outcome:
    """Stop a service, with `/y` all that depends on it before."""
    for dependent in host.services.dependents(service):
        if confirmed and dependent.running:
            outcome = _stop_with_dependents(host, dependent, confirmed=True)
            if outcome is not Outcome.DONE:
                return outcome
    return controls.stop_service(host, service)


def helped(text: str, number: int) -> Output:
    """Return a failure of net with the number by which its help knows it."""
    return "", f"{text}\r\n\r\nMore help is available by typing NET HELPMSG {number}.\r\n\r\n", 2
