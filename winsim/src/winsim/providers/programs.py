# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of a host as its command processor finds them, and how one is started without anybody waiting for it.

Which programs there are follows from the Windows (`tools` of the scenario); a name that is not here is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from winsim.cmd.environment import Environment
from winsim.cmd.expansion import NotKnown
from winsim.cmd.interpreter import Shell
from winsim.cmd.system import Call, Edition, Files, Input, Nowhere, Run, Streams
from winsim.cmd.words import bare, split
from winsim.host.files import (
    ADMINISTRATOR,
    LOCAL_SYSTEM,
    Principal,
    may_read,
)
from winsim.host.jobs import Account, Job
from winsim.host.journal import Subject
from winsim.host.machine import Machine
from winsim.host.model import Language

from .acl_commands import cacls, icacls
from .netsh import netsh
from .netstat import netstat
from .reg_command import reg
from .schtasks import schtasks
from .secedit import secedit
from .service_commands import net, sc
from .small_commands import find, ping, shutdown

NOT_FOUND = {
    Language.ENGLISH: "'{}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
    Language.GERMAN: 'Der Befehl "{}" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden.\r\n',
    # The wide characters as escapes: "is not recognized as ..." in the words of a Japanese Windows.
    Language.JAPANESE: (
        "'{}' \u306f\u3001\u5185\u90e8\u30b3\u30de\u30f3\u30c9\u307e\u305f\u306f\u5916\u90e8\u30b3\u30de\u30f3\u30c9\u3001\r\n"
        "\u64cd\u4f5c\u53ef\u80fd\u306a\u30d7\u30ed\u30b0\u30e9\u30e0\u307e\u305f\u306f\u30d0\u30c3\u30c1 \u30d5\u30a1\u30a4\u30eb"
        "\u3068\u3057\u3066\u8a8d\u8b58\u3055\u308c\u3066\u3044\u307e\u305b\u3093\u3002\r\n"
    ),
}
"""What `cmd` says of a command that there is not (from memory)."""

ALWAYS = ("cacls", "cmd", "find", "net", "netsh", "netstat", "ping", "secedit")
"""Programs that every Windows here has."""

BLOCKED = "This program is blocked by group policy. For more information, contact your system administrator.\r\n"
"""What is said of a program that application control forbids (ERROR_ACCESS_DISABLED_BY_POLICY, Microsoft, system error codes)."""

DISABLED = "The command prompt has been disabled by your administrator.\r\n\r\n"
"""What cmd says where the policy DisableCMD forbids it (from memory, as is its exit code 1)."""

POLICY = r"Software\Policies\Microsoft\Windows\System"
USERS = {Account.ADMINISTRATOR: "HKCU", Account.SYSTEM: r"HKU\S-1-5-18"}
"""The hive of an account: the policy is a user's (Microsoft, "DisableCMD": 1 batch files as well, 2 the interactive shell alone)."""

TOKENS = {Account.ADMINISTRATOR: ADMINISTRATOR, Account.SYSTEM: LOCAL_SYSTEM}

MEMORY = 8
"""Megabytes that a program takes, unless a fault says otherwise (our own number: nothing published names one)."""

NO_MEMORY = "Not enough memory resources are available to process this command.\r\n"
NO_MEMORY_CODE = 8
"""What a program says that gets no memory (ERROR_NOT_ENOUGH_MEMORY, Microsoft, system error codes; that it says so is from memory)."""

Output = tuple[str, str, int]

EDITION = Edition()


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The files of a host, with the rights of an account; what is changed is noted in the journal."""

    host: Machine
    who: frozenset[Principal]

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return self.host.files.find(path) is not None

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        node = self.host.files.find(path)
        return node is not None and node.text is None

    def names(self, path: str) -> Sequence[str]:
        """Return what is in a folder, sorted."""
        return sorted((child.name for child in self.host.files.node(path).children.values()), key=str.lower)

    def read(self, path: str) -> str:
        """Return a file's text."""
        node = self.host.files.node(path)
        if node.text is None or not may_read(node, self.who):
            raise PermissionError(13, "", path)
        return node.text

    def shown(self, path: str) -> str:
        """Return a file's text; these have no encoding."""
        return self.read(path)

    def copy(self, source: str, target: str) -> None:
        """Write a file with the text of another one."""
        self.write(target, self.read(source), append=False)

    def size(self, path: str) -> int:
        """Return how many bytes a file has in the host's code page."""
        return len(self.read(path).encode(self.host.spec.windows.language.code_page, "replace"))

    def write(self, path: str, text: str, *, append: bool) -> None:
        """Write a file, or add to its end."""
        self._allow(path)
        new = not self.exists(path)
        self.host.files.write(path, text, self.who, append=append)
        if new:
            self.host.journal.note(Subject.FILE, path, None, "file")

    def make_folder(self, path: str) -> None:
        """Make one folder in a folder that exists."""
        self._allow(path)
        self.host.files.make_folder(path, self.who)
        self.host.journal.note(Subject.FILE, path, None, "folder")

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with nothing in it."""
        self._allow(path)
        kind = "folder" if self.is_folder(path) else "file"
        self.host.files.delete(path, self.who)
        self.host.journal.note(Subject.FILE, path, kind, None)

    def _allow(self, path: str) -> None:
        if self.host.faults.denies_path(path):
            raise PermissionError(13, "", path)


class HostSystem:
    """One host as a command processor of an account sees it; `children` are what it has started and left to itself."""

    def __init__(self, host: Machine, account: Account, *, memory: int = 0) -> None:
        """Look at a host; all programs together get so many megabytes of `memory`, 0 for any."""
        self.host = host
        self.account = account
        self._memory = memory
        self.who = TOKENS[account]
        self.files: Files = HostFiles(host, self.who)
        self.children: list[Job] = []

    @property
    def edition(self) -> Edition:
        """Which cmd.exe this is: the same for all, as a remote shell sees it."""
        return EDITION

    def date(self) -> str:
        """Refuse: how a date is written depends on settings that are not known here."""
        raise NotKnown("%DATE% is not known here.")

    def time(self) -> str:
        """Refuse as `date` does."""
        raise NotKnown("%TIME% is not known here.")

    def step(self, command: str) -> None:
        """Count nothing."""

    def script(self, path: str) -> None:
        """Take it as it is."""

    def not_found(self, name: str) -> str:
        """Return what cmd says of a command that there is not."""
        return NOT_FOUND[self.host.spec.windows.language].format(name)

    def find(self, name: str) -> bool:
        """Tell whether there is such a program, in System32 where a folder is named."""
        folder = name.replace("/", "\\").rpartition("\\")[0].lower()
        windows = self.host.spec.windows
        if folder and folder not in (rf"{windows.directory}\system32".lower(), rf"{windows.directory[:2]}\windows\system32"):
            return False
        return program_name(name) in (*ALWAYS, *windows.tools)

    def run(self, call: Call) -> Run:
        """Run a program that there is."""
        name = program_name(call.name)
        if any(program_name(str(fault.settings["program"])) == name for fault in self.host.faults.of("program_blocked")):
            call.streams.stderr.write(BLOCKED)
            return 1
        if self._lacks_memory(name):
            call.streams.stderr.write(NO_MEMORY)
            return NO_MEMORY_CODE
        if name == "cmd":
            return (yield from self._cmd(call))
        if name == "ping":
            return (yield from ping(call))
        called = self._program(name, call)
        if isinstance(called, int):
            return called
        stdout, stderr, code = called
        call.streams.stdout.write(stdout)
        call.streams.stderr.write(stderr)
        return code

    def _lacks_memory(self, name: str) -> bool:
        """Tell whether a program beside the cmd.exe that started it takes more than the processes of this shell may have."""
        wanted = (
            fault.settings["mb"] for fault in self.host.faults.of("needs_memory") if program_name(str(fault.settings["program"])) == name
        )
        return 0 < self._memory < MEMORY + int(str(next(wanted, MEMORY)))

    def _program(self, name: str, call: Call) -> Output | int:
        host = self.host
        programs: dict[str, Callable[[], Output | int]] = {
            "cacls": lambda: cacls(host, call, self.who),
            "find": lambda: find(host, call),
            "icacls": lambda: icacls(host, call, self.who),
            "net": lambda: net(host, call.words),
            "netsh": lambda: netsh(host, call.words, self.files.read),
            "netstat": lambda: _without_errors(netstat(host, call.words)),
            "reg": lambda: reg(host, call.words, call.streams.stdin),
            "sc": lambda: sc(host, call.words),
            "schtasks": lambda: schtasks(host, call, self.who),
            "secedit": lambda: secedit(host, call, self.files, self.who),
            "shutdown": lambda: shutdown(host, call),
        }
        return programs[name]()

    def _cmd(self, call: Call) -> Run:
        """Run `cmd /c`; a cmd that waits for input finds none and ends."""
        if self.disabled():
            call.streams.stdout.write(DISABLED)
            return 1
        shell = Shell(self, call.environment, call.directory)
        rest = call.tail.lstrip()
        while rest[:1] == "/":
            switch, rest = rest[1:2].lower(), rest[2:]
            if switch in ("c", "r", "k"):
                return (yield from shell.command_line(rest.lstrip(), call.streams))
            if switch in ("e", "v", "f", "t"):
                value, _blank, rest = rest.partition(" ")
                shell.delays |= switch == "v" and value.lower() in (":on", "")
            rest = rest.lstrip()
        return 0

    def detach(self, line: str, environment: Environment, directory: str) -> bool:
        """Start a program and leave it to itself; tell whether there is one."""
        run = begin(self, line, environment, directory)
        if run is None:
            return False
        self.children.append(self.host.jobs.start(_shown(line), self.account, run))
        return True

    def disabled(self) -> bool:
        """Tell whether a policy forbids this account the command shell and batch files."""
        value = self.host.registry.number(rf"{USERS[self.account]}\{POLICY}", "DisableCMD")
        return self.host.faults.find("cmd_disabled") is not None or value == 1


def environment_of(host: Machine, account: Account) -> Environment:
    """Return the variables that a new process of an account has, as far as paths and batch files need them."""
    windows = host.spec.windows
    drive = windows.directory[:2]
    modern = int(windows.version.split(".", maxsplit=1)[0]) >= 6
    everybody = rf"{drive}\ProgramData" if modern else rf"{drive}\Documents and Settings\All Users"
    variables = {
        "ALLUSERSPROFILE": everybody,
        "ComSpec": rf"{windows.directory}\system32\cmd.exe",
        "COMPUTERNAME": windows.computer,
        "OS": "Windows_NT",
        "Path": rf"{windows.directory}\system32;{windows.directory}",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD",
        "ProgramFiles": rf"{drive}\Program Files",
        "SystemDrive": drive,
        "SystemRoot": windows.directory,
        "TEMP": rf"{windows.directory}\Temp",
        "TMP": rf"{windows.directory}\Temp",
        "USERNAME": "Administrator" if account is Account.ADMINISTRATOR else f"{windows.computer}$",
        "windir": windows.directory,
    }
    if modern:
        variables["ProgramData"] = everybody
    return Environment(variables)


def execute(host: Machine, line: str, account: Account) -> Run | None:
    """Begin a command line as the service control manager and the task scheduler do: no command processor is between."""
    system = HostSystem(host, account)
    return begin(system, line, environment_of(host, account), rf"{host.spec.windows.directory}\system32")


def begin(system: HostSystem, line: str, environment: Environment, directory: str) -> Run | None:
    """Begin a program, or a batch file, that nobody waits for and whose output nobody sees; None where there is none."""
    expanded = line.strip()
    for name in ("SystemRoot", "windir", "ComSpec", "SystemDrive", "ProgramData", "ALLUSERSPROFILE"):
        expanded = _replaced(expanded, name, environment.get(name))
    words = split(expanded)
    if not words:
        return None
    streams = Streams(Input(), Nowhere(), Nowhere())
    if system.find(words[0]):
        tail = expanded[len(words[0]) + (2 if expanded.startswith('"') else 0) :]
        return system.run(Call(words[0], tail, words[1:], streams, environment, directory))
    if bare(words[0]).lower().endswith((".bat", ".cmd")) and system.files.exists(words[0]) and not system.disabled():
        return Shell(system, environment, directory).command_line(expanded, streams)
    return None


def program_name(name: str) -> str:
    """Return what a program is called, without folder and ending."""
    return bare(name).replace("/", "\\").rpartition("\\")[2].lower().removesuffix(".exe")


def _replaced(text: str, name: str, value: str | None) -> str:
    if value is None:
        return text
    at = text.lower().find(f"%{name.lower()}%")
    return text if at < 0 else text[:at] + value + _replaced(text[at + len(name) + 2 :], name, value)


def _without_errors(result: tuple[str, int]) -> Output:
    return result[0], "", result[1]


def _shown(line: str) -> str:
    """Return the command line of a process; a batch file's is that of the cmd that carries it out."""
    first = split(line)[0].lower()
    return f"cmd /c {line}" if first.endswith((".bat", ".cmd")) else line
