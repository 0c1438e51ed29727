# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`schtasks /create /xml`, `/run`, `/end`, `/delete` and `/query`.

Sources: Microsoft, "schtasks create", "schtasks run", "schtasks delete". From memory: the texts of failures. Before 6.0 there is no `/xml`,
and what is there instead (`/tr`, `/sc`) is not known here on any Windows.
"""

from __future__ import annotations

from winsim.cmd.system import Call
from winsim.cmd.words import absolute
from winsim.host.files import Principal, may_read
from winsim.host.machine import Machine
from winsim.host.task_xml import BadTask, parse
from winsim.host.tasks import Tasked

Output = tuple[str, str, int]

SWITCHES = {
    "/create": {"/tn": True, "/xml": True, "/f": False, "/ru": True},
    "/run": {"/tn": True, "/i": False},
    "/end": {"/tn": True},
    "/delete": {"/tn": True, "/f": False},
    "/query": {"/tn": True},
}
XML_SINCE = 6
DENIED = "ERROR: Access is denied.\r\n"
NO_FILE = "ERROR: The system cannot find the file specified.\r\n"
TEXTS = {
    Tasked.DENIED: DENIED,
    Tasked.NO_SERVICE: "ERROR: The Task Scheduler service is not running.\r\n",
    Tasked.NO_TASK: NO_FILE,
    Tasked.DISABLED: "ERROR: The task is disabled.\r\n",
}


def schtasks(host: Machine, call: Call, who: frozenset[Principal]) -> Output:
    """Run a command of schtasks."""
    verb = call.words[0].lower().replace("-", "/", 1) if call.words else "/query"
    if verb not in SWITCHES:
        return _bad_option(call.words[0], "")
    options: dict[str, str] = {}
    rest = call.words[1:]
    while rest:
        word = rest.pop(0)
        switch = word.lower().replace("-", "/", 1)
        takes = SWITCHES[verb].get(switch)
        if takes is None or switch in options or (switch == "/xml" and _major(host) < XML_SINCE):
            return _bad_option(word, verb)
        if takes and not rest:
            return "", f"ERROR: Invalid syntax. Value expected for '{word}'.\r\nType \"SCHTASKS {verb.upper()} /?\" for usage.\r\n", 1
        options[switch] = rest.pop(0) if takes else ""
    name = options.get("/tn", "")
    if not name and verb != "/query":
        return "", f'ERROR: Invalid syntax. /TN option is required.\r\nType "SCHTASKS {verb.upper()} /?" for usage.\r\n', 1
    if verb == "/create":
        return _create(host, call, who, options)
    if verb == "/query":
        return _query(host, name)
    return _control(host, verb, name, forced="/f" in options or _yes(call))


def _create(host: Machine, call: Call, who: frozenset[Principal], options: dict[str, str]) -> Output:
    if "/xml" not in options:
        return _bad_option("/create", "/create")
    name = options["/tn"]
    node = host.files.find(absolute(options["/xml"], call.directory))
    if node is None or node.text is None:
        return "", NO_FILE, 1
    if not may_read(node, who):
        return "", DENIED, 1
    if options.get("/ru", "system").lower() not in ("system", "nt authority\\system", ""):
        return "", "ERROR: No mapping between account names and security IDs was done.\r\n", 1
    major, minor = host.spec.windows.version.split(".")[:2]
    try:
        definition = parse(node.text, (int(major), int(minor)))
    except BadTask as error:
        return "", str(error), 1
    outcome = host.tasks.create(name, definition, replace="/f" in options or _yes(call))
    if outcome is Tasked.EXISTS:
        return f'WARNING: The task name "{name}" already exists. Do you want to replace it (Y/N)? ', "", 1
    if outcome is not Tasked.DONE:
        return "", TEXTS[outcome], 1
    return f'SUCCESS: The scheduled task "{name}" has successfully been created.\r\n', "", 0


def _control(host: Machine, verb: str, name: str, *, forced: bool) -> Output:
    if verb == "/delete":
        if host.tasks.available and host.tasks.find(name) is None:
            return "", f'ERROR: The specified task name "{name}" does not exist in the system.\r\n', 1
        if not forced:
            return f'WARNING: Are you sure you want to remove the task "{name}" (Y/N)? ', "", 1
    does = {"/run": host.tasks.run, "/end": host.tasks.end, "/delete": host.tasks.delete}[verb]
    outcome = does(name)
    if outcome is not Tasked.DONE:
        return "", TEXTS[outcome], 1
    said = {
        "/run": f'SUCCESS: Attempted to run the scheduled task "{name}".\r\n',
        "/end": f'SUCCESS: The scheduled task "{name}" has been terminated successfully.\r\n',
        "/delete": f'SUCCESS: The scheduled task "{name}" was successfully deleted.\r\n',
    }
    return said[verb], "", 0


def _query(host: Machine, name: str) -> Output:
    if not host.tasks.available:
        return "", TEXTS[Tasked.NO_SERVICE], 1
    found = host.tasks.find(name) if name else None
    if name and found is None:
        return "", NO_FILE, 1
    rows = [found] if found is not None else list(host.tasks.all())
    if not rows:
        return "INFO: There are no scheduled tasks presently available at your access level.\r\n", "", 0
    head = f"\r\nFolder: \\\r\n{'TaskName':<40} {'Next Run Time':<22} {'Status':<15}\r\n{'=' * 40} {'=' * 22} {'=' * 15}\r\n"
    states = {task.name: "Running" if task.running else "Ready" if task.definition.enabled else "Disabled" for task in rows}
    return head + "".join(f"{task:<40} {'N/A':<22} {state:<15}\r\n" for task, state in states.items()), "", 0


def _yes(call: Call) -> bool:
    return (call.streams.stdin.line() or "").strip().lower()[:1] == "y"


def _bad_option(word: str, verb: str) -> Output:
    usage = f'Type "SCHTASKS {verb.upper()} /?" for usage.' if verb else 'Type "SCHTASKS /?" for usage.'
    return "", f"ERROR: Invalid argument/option - '{word}'.\r\n{usage}\r\n", 1


def _major(host: Machine) -> int:
    return int(host.spec.windows.version.split(".", maxsplit=1)[0])
