# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRS command shell: Create, Command, Receive, Send, Signal, Delete (MS-WSMV 2.2.4 and 3.1.4.2).

Most commands have run to their end before Command is answered, and Receive gives out what they wrote. While one runs, Receive says so
after a moment; what it has written comes all at once when it has ended. Knows no command.

A command counts as an operation of its account until its shell is deleted: the signal that ends it does not take it off the count
(MS-WSMV, product note 118).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from ..seams import Client, Computer, ConsoleResult, Execution, ShellOptions
from . import names
from .faults import (
    ACTION_NOT_SUPPORTED,
    BAD_DIRECTORY,
    SCHEMA,
    SHELL_USERS,
    SHELLS_FORBIDDEN,
    SHELLS_PER_USER,
    TOO_MANY_PROCESSES,
    UNKNOWN_SHELL,
    SoapFault,
)
from .profile import Profile
from .reading import Request
from .writing import SHELL_PREFIXES, TRANSFER_PREFIXES, Reply, element, escape, new_uuid

_RSP = f"{{{names.SHELL}}}"
_RECEIVE_PREFIXES = (("rsp", names.SHELL),)
# Bytes of output in one answer before base64: what fits into an envelope of 150 KiB beside the other elements, or into a smaller one.
_CHUNK, _OTHER_ELEMENTS = 96 * 1024, 8 * 1024
_STREAMS = ("stdout", "stderr")
# How long a client that waits for a command is kept from asking again, in seconds; real hosts hold the answer until there is output.
_PATIENCE = 0.5
# A command is a cmd.exe and the program that this waits for.
_PROCESSES_OF_A_COMMAND = 2


_TOO_MANY = ConsoleResult(b"", b"Not enough quota to process this command.\r\n", TOO_MANY_PROCESSES.code)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A command that was not started, as WinRM 1.1 answers one: a text on stderr (MS-WSMV, product note 32; the text is our own)."""

    result: ConsoleResult = _TOO_MANY
    processes: int = 0

    def end(self) -> None:
        """Nothing runs."""


@dataclass(slots=True)
class _Command:
    """A command; when it has ended, what it returned, and what it wrote and is not yet sent."""

    execution: Execution
    streams: list[str]
    exit_code: int = 0
    unsent: dict[str, bytes] | None = None

    def ended(self) -> bool:
        """Tell whether it has ended."""
        if self.unsent is None:
            result = self.execution.result
            if result is None:
                return False
            written = {"stdout": result.stdout, "stderr": result.stderr}
            self.unsent = {stream: text if stream in self.streams else b"" for stream, text in written.items()}
            self.exit_code = result.exit_code
        return True

    def take(self, stream: str, most: int) -> bytes:
        """Return the next part of a stream, of so many bytes at most, and drop it."""
        if stream not in _STREAMS:
            raise SoapFault(SCHEMA, f"unknown stream {stream}")
        unsent = self.unsent or {}
        chunk, rest = unsent.get(stream, b"")[:most], unsent.get(stream, b"")[most:]
        self.unsent = {**unsent, stream: rest}
        return chunk

    def left(self, streams: list[str]) -> bool:
        """Tell whether any of these streams has more."""
        return any((self.unsent or {}).get(stream) for stream in streams)


@dataclass(slots=True)
class _Shell:
    """One open shell of one account."""

    account: str
    streams: str
    touched: float
    idle: float
    options: ShellOptions
    begun: int = 0
    commands: dict[str, _Command] = field(default_factory=dict)

    def end(self) -> None:
        """End all its commands."""
        for command in self.commands.values():
            command.execution.end()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, from where and to which address.

    Attributes:
        port: the client's own.
        others: further connections that are open at the same time.
    """

    account: str
    client: str
    url: str
    port: int = 51_000
    others: tuple[Client, ...] = ()


class Shells:
    """The command shells of one host."""

    def __init__(self, computer: Computer, profile: Profile, clock: Callable[[], float], *, admit: Callable[[str], None]) -> None:
        """Open none yet; `admit` refuses an account that has too many operations already."""
        self._computer = computer
        self._profile = profile
        self._clock = clock
        self._admit = admit
        self._open: dict[str, _Shell] = {}

    @property
    def count(self) -> int:
        """How many shells are open; idle ones are dropped first."""
        self._drop_idle()
        return len(self._open)

    def operations(self, account: str) -> int:
        """How many commands count against an account: all that its open shells have begun."""
        self._drop_idle()
        return sum(shell.begun for shell in self._open.values() if shell.account == account)

    def clear(self) -> None:
        """Forget all, as a boot does, which has ended their commands."""
        self._open.clear()

    def answer(self, request: Request, caller: Caller) -> Reply:
        """Answer one request to the shell resource.

        Raises:
            SoapFault: unknown shell or action, a body without what the action needs, too many shells.
        """
        verbs: dict[str, Callable[[Request, Caller], Reply]] = {
            names.COMMAND: self._command,
            names.CREATE: self._create,
            names.DELETE: self._delete,
            names.RECEIVE: self._receive,
            names.SEND: self._send,
            names.SIGNAL: self._signal,
        }
        verb = verbs.get(request.action)
        if verb is None:
            raise SoapFault(ACTION_NOT_SUPPORTED, request.action)
        return verb(request, caller)

    def _create(self, request: Request, caller: Caller) -> Reply:
        shell = request.first(f"{_RSP}Shell")
        self._drop_idle()
        self._admit_shell(caller.account)
        inputs = shell.findtext(f"{_RSP}InputStreams") or "stdin"
        outputs = shell.findtext(f"{_RSP}OutputStreams") or "stdout stderr"
        name = f"{self._profile.shell_prefix}{new_uuid()}"
        idle = self._idle(shell)
        self._open[name] = _Shell(caller.account, outputs, self._clock(), idle, self._options(request, shell))
        selectors = element("w:SelectorSet", f'<w:Selector Name="ShellId">{name}</w:Selector>')
        created = element(
            "x:ResourceCreated",
            element("a:Address", escape(caller.url)),
            element("a:ReferenceParameters", element("w:ResourceURI", names.CMD_URI), selectors),
        )
        details = (
            element("rsp:ShellId", name),
            element("rsp:ResourceUri", names.CMD_URI),
            element("rsp:Owner", escape(caller.account)),
            element("rsp:ClientIP", escape(caller.client)),
            element("rsp:IdleTimeOut", f"PT{idle:.3f}S"),
            element("rsp:InputStreams", escape(inputs)),
            element("rsp:OutputStreams", escape(outputs)),
            element("rsp:ShellRunTime", "P0DT0H0M0S"),
            element("rsp:ShellInactivity", "P0DT0H0M0S"),
        )
        if not self._profile.describes_shell:
            return Reply(f"{names.TRANSFER}/CreateResponse", created, SHELL_PREFIXES)
        described = f'<rsp:Shell xmlns:rsp="{names.SHELL}">{"".join(details)}</rsp:Shell>'
        return Reply(f"{names.TRANSFER}/CreateResponse", created + described, SHELL_PREFIXES)

    def _admit_shell(self, account: str) -> None:
        """Refuse a shell where a policy or a quota does."""
        if not self._computer.shells_allowed:
            raise SoapFault(SHELLS_FORBIDDEN)
        owners = [shell.account for shell in self._open.values()]
        if 0 < self._profile.max_shells <= owners.count(account):
            raise SoapFault(SHELLS_PER_USER, f"this user is allowed {self._profile.max_shells} concurrent shells")
        if account not in owners and 0 < self._profile.max_users <= len(set(owners)):
            raise SoapFault(SHELL_USERS, f"{self._profile.max_users} users are allowed to have shells")

    def _options(self, request: Request, shell: ElementTree.Element) -> ShellOptions:
        """Return what the commands of a new shell are to have in common (MS-WSMV 2.2.4.37, 3.1.4.5.2)."""
        asked = request.options.get("winrs_codepage", "").strip()
        variables: Mapping[str, str] = {
            item.get("Name", ""): item.text or "" for item in shell.iterfind(f"{_RSP}Environment/{_RSP}Variable") if item.get("Name")
        }
        return ShellOptions(
            code_page=int(asked) if asked.isdecimal() and len(asked) < 6 else None,
            environment=variables,
            directory=(shell.findtext(f"{_RSP}WorkingDirectory") or "").strip(),
            memory=self._profile.max_memory,
        )

    def _idle(self, shell: ElementTree.Element) -> float:
        """Return after how many seconds without a request a new shell ends: as it asks for, within limits, else as the service says."""
        asked = shell.findtext(f"{_RSP}IdleTimeOut") or shell.findtext(f"{_RSP}IdleTimeout") or ""
        match = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", asked.strip())
        if match is None or self._profile.shortest_idle is None:
            return self._profile.shell_idle
        return max(float(match[1]), self._profile.shortest_idle)

    def _start(self, shell: _Shell, command: str, arguments: list[str]) -> Execution:
        """Start a command, unless its processes would be too many."""
        running = sum(other.execution.processes for other in shell.commands.values())
        if 0 < self._profile.max_processes < running + _PROCESSES_OF_A_COMMAND:
            if self._profile.refuses_processes:
                raise SoapFault(TOO_MANY_PROCESSES)
            return _Refused()
        try:
            return self._computer.console.start(command, arguments, shell.options)
        except NotADirectoryError as error:
            raise SoapFault(BAD_DIRECTORY, shell.options.directory) from error

    def _command(self, request: Request, caller: Caller) -> Reply:
        shell = self._find(request, caller)
        line = request.first(f"{_RSP}CommandLine")
        command = line.findtext(f"{_RSP}Command")
        if not command:
            raise SoapFault(SCHEMA, "the command line names no command")
        arguments = [item.text or "" for item in line.iterfind(f"{_RSP}Arguments")]
        self._admit(caller.account)
        execution = self._start(shell, command, arguments)
        shell.begun += 1
        name = new_uuid()
        shell.commands[name] = _Command(execution, shell.streams.split())
        return Reply(f"{names.SHELL}/CommandResponse", element("rsp:CommandResponse", element("rsp:CommandId", name)), SHELL_PREFIXES)

    def _receive(self, request: Request, caller: Caller) -> Reply:
        shell = self._find(request, caller)
        stream = request.first(f"{_RSP}Receive").find(f"{_RSP}DesiredStream")
        if stream is None:
            raise SoapFault(SCHEMA, "Receive names no stream")
        name = stream.get("CommandId", "")
        command = _command_of(shell, name)
        wanted = (stream.text or "stdout stderr").split()
        if not command.ended():
            state = f'<rsp:CommandState CommandId="{name}" State="{names.SHELL}/CommandState/Running"/>'
            return Reply(f"{names.SHELL}/ReceiveResponse", element("rsp:ReceiveResponse", state), _RECEIVE_PREFIXES, pause=_PATIENCE)
        parts = []
        for which in wanted:
            chunk = command.take(which, min(_CHUNK, (self._profile.max_envelope - _OTHER_ELEMENTS) * 3 // 4))
            if chunk:
                encoded = base64.b64encode(chunk).decode()
                parts.append(f'<rsp:Stream Name="{escape(which)}" CommandId="{name}">{encoded}</rsp:Stream>')
        if command.left(wanted):
            state = f'<rsp:CommandState CommandId="{name}" State="{names.SHELL}/CommandState/Running"/>'
        else:
            parts += [f'<rsp:Stream Name="{escape(which)}" CommandId="{name}" End="true"></rsp:Stream>' for which in wanted]
            code = element("rsp:ExitCode", str(command.exit_code & 0xFFFFFFFF))
            state = f'<rsp:CommandState CommandId="{name}" State="{names.STATE_DONE}">{code}</rsp:CommandState>'
        body = element("rsp:ReceiveResponse", *parts, state)
        return Reply(f"{names.SHELL}/ReceiveResponse", body, _RECEIVE_PREFIXES)

    def _send(self, request: Request, caller: Caller) -> Reply:
        """Take input and drop it: no simulated command reads any."""
        shell = self._find(request, caller)
        stream = request.first(f"{_RSP}Send").find(f"{_RSP}Stream")
        if stream is None:
            raise SoapFault(SCHEMA, "Send carries no stream")
        _command_of(shell, stream.get("CommandId", ""))
        return Reply(f"{names.SHELL}/SendResponse", "<rsp:SendResponse/>", SHELL_PREFIXES)

    def _signal(self, request: Request, caller: Caller) -> Reply:
        shell = self._find(request, caller)
        signal = request.first(f"{_RSP}Signal")
        name = signal.get("CommandId", "")
        # MS-WSMV itself writes Terminate (2.2.4.38) and terminate (2.2.5.6), and clients send either.
        code = (signal.findtext(f"{_RSP}Code") or "").strip().lower()
        if code not in {names.SIGNAL_TERMINATE, names.SIGNAL_CTRL_C, names.SIGNAL_CTRL_BREAK}:
            raise SoapFault(SCHEMA, f"unknown signal {code}")
        command = _command_of(shell, name)
        command.execution.end()
        if code == names.SIGNAL_TERMINATE:
            del shell.commands[name]
        return Reply(f"{names.SHELL}/SignalResponse", "<rsp:SignalResponse/>", SHELL_PREFIXES)

    def _delete(self, request: Request, caller: Caller) -> Reply:
        self._find(request, caller).end()
        del self._open[_shell_id(request)]
        return Reply(f"{names.TRANSFER}/DeleteResponse", "", TRANSFER_PREFIXES)

    def _find(self, request: Request, caller: Caller) -> _Shell:
        self._drop_idle()
        shell = self._open.get(_shell_id(request))
        if shell is None or shell.account != caller.account:
            raise SoapFault(UNKNOWN_SHELL)
        shell.touched = self._clock()
        return shell

    def _drop_idle(self) -> None:
        now = self._clock()
        for name in [name for name, shell in self._open.items() if shell.touched + shell.idle < now]:
            self._open.pop(name).end()


def _shell_id(request: Request) -> str:
    """Return the selector ShellId; selector names ignore case (MS-WSMV 3.1.4.1.2)."""
    return next((value for name, value in request.selectors.items() if name.lower() == "shellid"), "")


def _command_of(shell: _Shell, name: str) -> _Command:
    command = shell.commands.get(name)
    if command is None:
        raise SoapFault(UNKNOWN_SHELL, "no such command in this shell")
    return command
