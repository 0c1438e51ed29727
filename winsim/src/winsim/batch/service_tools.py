# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`net start`, `net stop` and `sc` as a script calls them.

Sources: Microsoft, "sc query", "sc qc", "sc config", system error codes, EnumServicesStatusEx (the largest buffer: 256 KB, before XP
Service Pack 2 and Server 2003 Service Pack 1 64 KB); published outputs of both (order of the fields, the old and the new layout, how `net
start` lists); users' reports that `net stop` ends with 0 though the service still stops, that `bufsize=` goes with no name, that `qc`
fails with 122 where its buffer is too small, and that older versions need the blank behind `start=`. From memory: titles in German and
Japanese, the default buffer of each version, code 1783 for one that is too large, and that sc writes English on all of these hosts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from winsim.cmd.system import Run
from winsim.host import controls
from winsim.host.environment import expand
from winsim.host.model import SERVICES, Language, StartMode, State
from winsim.host.scm import Outcome, Service
from winsim.providers import service_commands
from winsim.providers.service_commands import NO_SUCH_SERVICE, STATES, TEXTS, WIN32_ERRORS, helped, named

from .asked import Asked, Output

STARTED = {
    Language.ENGLISH: "These Windows services are started:",
    Language.GERMAN: "Folgende Windows-Dienste sind gestartet:",
    Language.JAPANESE: "\u6b21\u306e Windows \u30b5\u30fc\u30d3\u30b9\u304c\u958b\u59cb\u3055\u308c\u3066\u3044\u307e\u3059:",
}
STARTED_2000 = {
    Language.ENGLISH: "These Windows 2000 services are started:",
    Language.GERMAN: "Diese Windows 2000-Dienste wurden gestartet:",
    Language.JAPANESE: "\u6b21\u306e Windows 2000 \u30b5\u30fc\u30d3\u30b9\u304c\u958b\u59cb\u3055\u308c\u3066\u3044\u307e\u3059:",
}
DONE = {
    Language.ENGLISH: "The command completed successfully.",
    Language.GERMAN: "Der Befehl wurde erfolgreich ausgef\u00fchrt.",
    Language.JAPANESE: "\u30b3\u30de\u30f3\u30c9\u306f\u6b63\u5e38\u306b\u7d42\u4e86\u3057\u307e\u3057\u305f\u3002",
}

PATIENCE = 20.0
"""Seconds that `net stop` waits for a service that says nothing of its progress (our own number: reports name many)."""

FAILED = 2
DENIED = 5
LARGEST, LARGEST_OLD = 262144, 65536
TOO_LARGE = 1783
TOO_SMALL = 122
BLANK_NEEDED_BELOW = 22000
"""The build from which `start=disabled` is known to be taken; what older ones make of it differs."""

START_TYPES = {
    StartMode.BOOT: "0   BOOT_START",
    StartMode.SYSTEM: "1   SYSTEM_START",
    StartMode.AUTO: "2   AUTO_START",
    StartMode.MANUAL: "3   DEMAND_START",
    StartMode.DISABLED: "4   DISABLED",
}
ERROR_CONTROLS = {0: "0   IGNORE", 1: "1   NORMAL", 2: "2   SEVERE", 3: "3   CRITICAL"}
NEVER_STARTED = 1077
"""The exit code of a service that has not run since the boot (ERROR_SERVICE_NEVER_STARTED)."""


def net(asked: Asked) -> Run:
    """List services, or start or stop one."""
    words = asked.words
    verb = words[0].lower() if words else ""
    if verb not in ("start", "stop") or (verb == "stop" and len(words) < 2):
        raise asked.unknown()
    if len(words) == 1:
        asked.call.streams.stdout.write(_listed(asked))
        return 0
    rest = [word.lower() for word in words[2:]]
    if [word for word in rest if word not in ("/y", "/yes")]:
        raise asked.unknown()
    service = named(asked.host, words[1])
    if service is None:
        return _told(asked, helped("The service name is invalid.", 2185))
    if not asked.administrator:
        return _told(asked, _system_error(DENIED))
    if verb == "start":
        return _told(asked, service_commands.net(asked.host, words))
    return (yield from _stop(asked, service, confirmed=bool(rest)))


def _told(asked: Asked, output: Output) -> int:
    asked.call.streams.stdout.write(output[0])
    asked.call.streams.stderr.write(output[1])
    return output[2]


def _system_error(code: int) -> Output:
    return "", f"System error {code} has occurred.\r\n\r\n{TEXTS[code]}\r\n\r\n", FAILED


def _listed(asked: Asked) -> str:
    titles = STARTED_2000 if asked.kernel == (5, 0) else STARTED
    names = sorted((each.spec.display for each in asked.host.services.all if each.running and not each.spec.driver), key=str.lower)
    rows = "".join(f"   {name}\r\n" for name in names)
    return f"{titles[asked.language]}\r\n\r\n{rows}\r\n{DONE[asked.language]}\r\n\r\n"


def _stop(asked: Asked, service: Service, *, confirmed: bool) -> Run:
    out = asked.call.streams.stdout
    shown = service.spec.display
    if not service.running:
        return _told(asked, helped(f"The {shown} service is not started.", 3521))
    dependents = list(_running_dependents(asked, service))
    if dependents:
        out.write(f"The following services are dependent on the {shown} service.\r\n")
        out.write(f"Stopping the {shown} service will also stop these services.\r\n\r\n")
        out.write("".join(f"   {each.spec.display}\r\n" for each in dependents) + "\r\n")
        if not confirmed:
            out.write("Do you want to continue this operation? (Y/N) [N]: ")
            if (asked.call.streams.stdin.line() or "").strip().lower()[:1] != "y":
                out.write("\r\n")
                return FAILED
    for each in (*dependents, service):
        asked.step(f"stop {each.spec.name}")
        out.write(f"The {each.spec.display} service is stopping.")
        outcome = controls.stop_service(asked.host, each)
        if outcome is not Outcome.DONE:
            out.write("\r\n")
            return _told(asked, _not_stopped(outcome, each.spec.display))
        waited = 0.0
        while each.state is not State.STOPPED and waited < PATIENCE:
            out.write(".")
            waited += 2.5
            yield 2.5
        out.write("\r\n")
        if each.state is not State.STOPPED:
            # It gives up, and its code says nothing of that (users' reports).
            out.write(f"The {each.spec.display} service could not be stopped.\r\n\r\n")
            return 0
        out.write(f"The {each.spec.display} service was stopped successfully.\r\n\r\n")
    return 0


def _running_dependents(asked: Asked, service: Service) -> Iterator[Service]:
    """Yield what depends on a service and runs, the last first."""
    found: list[Service] = []

    def look(needed: Service) -> None:
        for dependent in asked.host.services.dependents(needed):
            if dependent.running and dependent not in found:
                look(dependent)
                found.append(dependent)

    look(service)
    yield from found


def _not_stopped(outcome: Outcome, shown: str) -> Output:
    if outcome is Outcome.NOT_ACCEPTED:
        return helped("The requested pause, continue, or stop is not valid for this service.", 2191)
    if outcome is Outcome.WRONG_STATE:
        return helped("The service could not be controlled in its present state.", 2189)
    if outcome is Outcome.NOT_RUNNING:
        return helped(f"The {shown} service is not started.", 3521)
    return _system_error(WIN32_ERRORS[outcome])


def sc(asked: Asked) -> Output:
    """Run a command of sc."""
    words = asked.words
    verb = words[0].lower() if words else ""
    if verb in ("query", "queryex"):
        return _query(asked, words[1:], pids=verb == "queryex")
    if verb == "qc":
        return _configuration(asked, words[1:])
    if verb not in ("start", "stop", "config", "delete") or len(words) < 2:
        raise asked.unknown()
    if (
        verb == "config"
        and len(words) == 3
        and words[2].lower().startswith("start=")
        and asked.host.spec.windows.build >= BLANK_NEEDED_BELOW
    ):
        words = [*words[:2], "start=", words[2][len("start=") :]]
    if (verb == "config" and (len(words) != 4 or words[2].lower() != "start=")) or (verb != "config" and len(words) != 2):
        raise asked.unknown()
    if not asked.administrator and asked.host.services.find(words[1]) is not None:
        return f"[SC] OpenService FAILED {DENIED}:\r\n\r\n{TEXTS[DENIED]}\r\n\r\n", "", DENIED
    return service_commands.sc(asked.host, words)


def _query(asked: Asked, words: Sequence[str], *, pids: bool) -> Output:
    options: dict[str, str] = {}
    rest = list(words)
    name = rest.pop(0) if rest and not rest[0].endswith("=") else None
    while rest:
        key = rest.pop(0).lower()
        # What stands twice counts twice: `type= service type= own` is known to Windows and not to us.
        if key not in ("type=", "state=", "bufsize=", "ri=", "group=") or not rest or key in options:
            raise asked.unknown()
        options[key] = rest.pop(0).lower()
    if name is not None:
        if options:
            # Windows refuses it (reports of `bufsize=` behind a name).
            raise asked.unknown()
        service = asked.host.services.find(name)
        if service is None:
            return _failed("EnumQueryServicesStatus:OpenService", NO_SUCH_SERVICE)
        return _entry(asked, service, pids=pids, named=True), "", 0
    return _enumerated(asked, options, pids=pids)


def _failed(function: str, code: int, text: str = "") -> Output:
    return f"[SC] {function} FAILED {code}:\r\n\r\n{text or TEXTS[code]}\r\n\r\n", "", code


def _enumerated(asked: Asked, options: Mapping[str, str], *, pids: bool) -> Output:
    kinds, states = options.get("type=", "service"), options.get("state=", "active")
    if kinds not in ("service", "driver", "all") or states not in ("active", "inactive", "all") or options.get("group="):
        raise asked.unknown()
    size = options.get("bufsize=", str(_default_buffer(asked)))
    index = options.get("ri=", "0")
    if not size.isdecimal() or not index.isdecimal():
        raise asked.unknown()
    if int(size) > _largest(asked):
        return _failed("EnumQueryServicesStatus:EnumServicesStatus", TOO_LARGE, "The stub received bad data.")
    wanted = [
        service
        for service in sorted(asked.host.services.all, key=lambda each: each.spec.name.lower())
        if (kinds == "all" or service.spec.driver is (kinds == "driver")) and (states == "all" or service.running is (states == "active"))
    ][int(index) :]
    shown, used = "", 0
    for number, service in enumerate(wanted):
        used += _bytes(asked, service)
        if used > int(size):
            left = sum(_bytes(asked, each) for each in wanted[number:])
            shown += f"Enum: more data, need {left} bytes start resume at index {int(index) + number}\r\n"
            return shown, "", 0
        shown += _entry(asked, service, pids=pids, named=False)
    return shown, "", 0


def _default_buffer(asked: Asked) -> int:
    return 1024 if asked.old else 4096


def _largest(asked: Asked) -> int:
    windows = asked.host.spec.windows
    since = {(5, 1): 2, (5, 2): 1}.get(windows.kernel, 0)
    return LARGEST if windows.service_pack >= since else LARGEST_OLD


def _bytes(asked: Asked, service: Service) -> int:
    """Return what a service takes of the buffer: ENUM_SERVICE_STATUS_PROCESS with its two names in UTF-16."""
    wide = (asked.host.spec.windows.architecture or "").startswith("64")
    return (56 if wide else 44) + 2 * (len(service.spec.name) + len(service.spec.display) + 2)


def _kind(service: Service) -> str:
    if service.spec.driver:
        return "1  KERNEL_DRIVER"
    if service.spec.template:
        # An instance for one user has a type of its own (Microsoft, SERVICE_STATUS: 0xE0 and 0xD0); its word is from memory.
        return "e0  USER_SHARE_PROCESS INSTANCE" if service.spec.shared else "d0  USER_OWN_PROCESS INSTANCE"
    return "20  WIN32_SHARE_PROCESS" if service.spec.shared else "10  WIN32_OWN_PROCESS"


def _entry(asked: Asked, service: Service, *, pids: bool, named: bool) -> str:
    """Return a service's block; with the display name only where all are listed."""
    spec = service.spec
    number, word = STATES[service.state]
    lines = ["", f"SERVICE_NAME: {spec.name}", *(() if named else (f"DISPLAY_NAME: {spec.display}",))]
    lines += [f"        TYPE               : {_kind(service)}  ", f"        STATE              : {number}  {word} "]
    if asked.old or service.state is not State.STOPPED:
        stoppable = service.state is State.RUNNING and spec.accepts_stop
        flags = ("STOPPABLE" if stoppable else "NOT_STOPPABLE", "NOT_PAUSABLE", "IGNORES_SHUTDOWN")
        lines.append(f"                                ({(',' if asked.old else ', ').join(flags)})")
    code = NEVER_STARTED if service.state is State.STOPPED and not service.has_run else 0
    gap = "\t" if asked.old else "  "
    lines += [f"        WIN32_EXIT_CODE    : {code}{gap}({hex(code)})", f"        SERVICE_EXIT_CODE  : 0{gap}(0x0)"]
    lines += ["        CHECKPOINT         : 0x0", "        WAIT_HINT          : 0x0"]
    if pids:
        process = asked.host.service_process(spec) if service.running else None
        lines += [f"        PID                : {0 if process is None else process.pid}", "        FLAGS              : "]
    return "".join(f"{line}\r\n" for line in lines)


def _configuration(asked: Asked, words: Sequence[str]) -> Output:
    if len(words) not in (1, 2) or (len(words) == 2 and not words[1].isdecimal()):
        raise asked.unknown()
    service = asked.host.services.find(words[0])
    if service is None:
        return _failed("OpenService", NO_SUCH_SERVICE)
    spec, registry = service.spec, asked.host.registry
    key = rf"{SERVICES}\{spec.name}"
    image = registry.value(key, "ImagePath")
    path = expand(str(image.data), asked.host.spec.windows.directory) if image is not None else ""
    depends = service.depends or ("",)
    needed = 36 + 2 * (len(path) + len(spec.display) + len(spec.account) + sum(map(len, depends)) + 8)
    size = int(words[1]) if len(words) == 2 else _default_buffer(asked)
    if needed > size:
        said = "The data area passed to a system call is too small."
        output = _failed("QueryServiceConfig", TOO_SMALL, said)
        return f"{output[0]}[SC] GetServiceConfig needs {needed} bytes\r\n", "", TOO_SMALL
    start = START_TYPES[service.start_mode] + ("  (DELAYED)" if service.delayed and not asked.old else "")
    lines = [
        "[SC] GetServiceConfig SUCCESS" if asked.old else "[SC] QueryServiceConfig SUCCESS",
        "",
        f"SERVICE_NAME: {spec.name}",
        f"        TYPE               : {_kind(service)} ",
        f"        START_TYPE         : {start}",
        f"        ERROR_CONTROL      : {ERROR_CONTROLS[registry.number(key, 'ErrorControl') or 0]}",
        f"        BINARY_PATH_NAME   : {path}",
        f"        LOAD_ORDER_GROUP   : {registry.text(key, 'Group') or ''}",
        f"        TAG                : {registry.number(key, 'Tag') or 0}",
        f"        DISPLAY_NAME       : {spec.display}",
        f"        DEPENDENCIES       : {depends[0]}",
        *(f"                           : {name}" for name in depends[1:]),
        f"        SERVICE_START_NAME : {'' if spec.driver else spec.account}",
    ]
    return "".join(f"{line}\r\n" for line in lines), "", 0
