# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Task definitions as XML.

Sources: Microsoft, "Task Scheduler Schema" and MS-TSCH 2.5 (elements, defaults, versions). From memory: the exact texts of refusals, and
that a declared encoding which the file does not have makes it malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

SYSTEM_NAMES = ("s-1-5-18", "system", "nt authority\\system", "localsystem")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
POLICIES = ("Parallel", "Queue", "IgnoreNew", "StopExisting")

VERSIONS = {(6, 0): (1, 2), (6, 1): (1, 3), (6, 2): (1, 4), (6, 3): (1, 4), (10, 0): (1, 6)}
"""The newest version of the schema by version of Windows (MS-TSCH 2.5.1; 1.5 and 1.6 from memory)."""

SECTIONS = ("RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions")
SETTINGS = {
    "AllowStartOnDemand": (1, 1), "RestartOnFailure": (1, 2), "MultipleInstancesPolicy": (1, 2), "DisallowStartIfOnBatteries": (1, 1),
    "StopIfGoingOnBatteries": (1, 1), "AllowHardTerminate": (1, 2), "StartWhenAvailable": (1, 2), "NetworkProfileName": (1, 2),
    "RunOnlyIfNetworkAvailable": (1, 1), "WakeToRun": (1, 1), "Enabled": (1, 1), "Hidden": (1, 1), "DeleteExpiredTaskAfter": (1, 1),
    "IdleSettings": (1, 1), "NetworkSettings": (1, 2), "ExecutionTimeLimit": (1, 1), "Priority": (1, 1), "RunOnlyIfIdle": (1, 1),
    "UseUnifiedSchedulingEngine": (1, 3), "DisallowStartOnRemoteAppSession": (1, 3), "MaintenanceSettings": (1, 4), "Volatile": (1, 4),
}  # fmt: skip
"""What Settings may have, with the version that brought it."""

PRINCIPAL = ("UserId", "LogonType", "GroupId", "DisplayName", "RunLevel", "ProcessTokenSidType", "RequiredPrivileges")
BOOT_TRIGGER = ("Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit", "Delay")
TRIGGERS = ("BootTrigger", "RegistrationTrigger", "IdleTrigger", "TimeTrigger", "EventTrigger", "LogonTrigger", "SessionStateChangeTrigger",
            "CalendarTrigger", "WnfStateChangeTrigger")  # fmt: skip
EXEC = ("Command", "Arguments", "WorkingDirectory")


class BadTask(Exception):
    """The definition is refused; the text says why, as schtasks does."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a task is, as far as it matters here.

    Attributes:
        system: it runs as the system; any other principal needs somebody who is signed in, and never runs here.
        boot_delay: seconds after a boot, None where no boot starts it.
        time_limit: seconds after which it is ended, None for never.
    """

    command: str
    arguments: str
    system: bool
    boot_delay: float | None
    enabled: bool
    on_demand: bool
    not_on_batteries: bool
    stops_on_batteries: bool
    time_limit: float | None
    instances: str

    @property
    def line(self) -> str:
        """The command line that it starts."""
        quoted = f'"{self.command}"' if " " in self.command and not self.command.startswith('"') else self.command
        return f"{quoted} {self.arguments}".strip()


def parse(text: str, windows: tuple[int, int]) -> Definition:
    """Read a definition.

    Raises:
        BadTask: this Windows would refuse it.
    """
    declared = re.match(r"""\s*<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)""", text)
    if declared and declared[1].lower().startswith(("utf-16", "ucs-2", "unicode")):
        raise BadTask("ERROR: The task XML is malformed.\r\n(1,40)::ERROR: unable to switch the encoding\r\n")
    if re.search("<!(DOCTYPE|ENTITY)", text):
        raise BadTask("ERROR: The task XML is malformed.\r\n(1,2)::\r\n")
    try:
        # What the file's bytes are is over: the text has been read.
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except ElementTree.ParseError as error:
        line, column = error.position
        raise BadTask(f"ERROR: The task XML is malformed.\r\n({line},{column + 1})::\r\n") from error
    return _definition(root, windows)


def _definition(root: Element, windows: tuple[int, int]) -> Definition:
    if root.tag != f"{NAMESPACE}Task":
        raise _unexpected(root.tag)
    version = _version(root.get("version", "1.1"), windows)
    sections = _children(root, SECTIONS)
    settings = _children(sections.get("Settings"), [name for name, since in SETTINGS.items() if since <= version])
    command = _action(sections.get("Actions"))
    texts = {name: _text(element) for name, element in settings.items()}
    return Definition(
        command=_needed(command, "Command"),
        arguments=_text(command.get("Arguments")),
        system=_is_system(sections.get("Principals")),
        boot_delay=_boot_delay(sections.get("Triggers")),
        enabled=_boolean(texts, "Enabled", default=True),
        on_demand=_boolean(texts, "AllowStartOnDemand", default=True),
        not_on_batteries=_boolean(texts, "DisallowStartIfOnBatteries", default=True),
        stops_on_batteries=_boolean(texts, "StopIfGoingOnBatteries", default=True),
        # PT72H where nothing is said, PT0S for no limit (Microsoft, ExecutionTimeLimit).
        time_limit=_duration(texts.get("ExecutionTimeLimit", "PT72H"), "ExecutionTimeLimit") or None,
        instances=_one_of(texts.get("MultipleInstancesPolicy", "IgnoreNew"), POLICIES, "MultipleInstancesPolicy"),
    )


def _version(text: str, windows: tuple[int, int]) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)\.(\d+)", text)
    newest = VERSIONS.get(windows, (1, 2))
    if found is None or not (1, 1) <= (int(found[1]), int(found[2])) <= newest:
        raise BadTask(f"ERROR: The task XML contains a value which is incorrectly formatted or out of range.\r\n(1,2):version:{text}\r\n")
    return int(found[1]), int(found[2])


def _children(parent: Element | None, known: Iterable[str]) -> dict[str, Element]:
    """Return the children by name.

    Raises:
        BadTask: one is unknown, or there twice.
    """
    found: dict[str, Element] = {}
    names = set(known)
    for child in () if parent is None else parent:
        name = child.tag.removeprefix(NAMESPACE)
        if not child.tag.startswith(NAMESPACE) or name not in names or name in found:
            raise _unexpected(name)
        found[name] = child
    return found


def _action(actions: Element | None) -> dict[str, Element]:
    if actions is None:
        raise BadTask("ERROR: The task XML is missing a required element or attribute.\r\n(1,2):Actions:\r\n")
    if len(actions) != 1 or actions[0].tag != f"{NAMESPACE}Exec":
        raise _unexpected(actions[0].tag.removeprefix(NAMESPACE) if len(actions) else "Actions")
    return _children(actions[0], EXEC)


def _is_system(principals: Element | None) -> bool:
    if principals is None or not len(principals):
        return False
    if len(principals) > 1 or principals[0].tag != f"{NAMESPACE}Principal":
        raise _unexpected(principals[-1].tag.removeprefix(NAMESPACE))
    found = _children(principals[0], PRINCIPAL)
    _one_of(_text(found.get("RunLevel")) or "LeastPrivilege", ("LeastPrivilege", "HighestAvailable"), "RunLevel")
    user = _text(found.get("UserId"))
    if user.lower() in SYSTEM_NAMES:
        return True
    if user.upper().startswith("S-1-5-18") or (user.startswith("S-") and not re.fullmatch(r"S-1(-\d+)+", user)):
        raise _wrong("UserId", user)
    return False


def _boot_delay(triggers: Element | None) -> float | None:
    """Return the delay of the first trigger of a boot that is switched on."""
    delays: list[float] = []
    for trigger in () if triggers is None else triggers:
        name = trigger.tag.removeprefix(NAMESPACE)
        if name not in TRIGGERS:
            raise _unexpected(name)
        if name == "BootTrigger":
            found = _children(trigger, BOOT_TRIGGER)
            if _boolean({key: _text(element) for key, element in found.items()}, "Enabled", default=True):
                delays.append(_duration(_text(found.get("Delay")) or "PT0S", "Delay"))
    return min(delays, default=None)


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _needed(found: dict[str, Element], name: str) -> str:
    text = _text(found.get(name))
    if not text:
        raise BadTask(f"ERROR: The task XML is missing a required element or attribute.\r\n(1,2):{name}:\r\n")
    return text


def _boolean(texts: dict[str, str], name: str, *, default: bool) -> bool:
    text = texts.get(name)
    if text is None:
        return default
    if text not in BOOLEANS:
        raise _wrong(name, text)
    return BOOLEANS[text]


def _one_of(text: str, known: Iterable[str], name: str) -> str:
    if text not in known:
        raise _wrong(name, text)
    return text


def _duration(text: str, name: str) -> float:
    found = re.fullmatch(r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if found is None:
        raise _wrong(name, text)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _unexpected(name: str) -> BadTask:
    return BadTask(f"ERROR: The task XML contains an unexpected node.\r\n(1,2):{name}:\r\n")


def _wrong(name: str, text: str) -> BadTask:
    return BadTask(f"ERROR: The task XML contains a value which is incorrectly formatted or out of range.\r\n(1,2):{name}:{text}\r\n")
