# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command shell of one host: what `cmd.exe /c` makes of a line, in a process that lives as long as the line needs.

Output is in the language and the code page of the host, or in the code page that the client asks for.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Sequence

from winsim.cmd.interpreter import Shell
from winsim.cmd.system import Collected, Input, Streams
from winsim.host.jobs import Account, Job
from winsim.host.machine import Machine
from winsim.seams import ConsoleResult, ShellOptions

from .programs import DISABLED, HostSystem, environment_of

DEFAULTS = ShellOptions()
UTF_8 = 65001
KILLED = 0xC000013A
"""The exit code of a program that was ended from outside (STATUS_CONTROL_C_EXIT)."""


class Running:
    """One command line, `seams.Execution`."""

    def __init__(self, host: Machine, system: HostSystem, line: str, encoding: str, options: ShellOptions) -> None:
        """Start it.

        Raises:
            NotADirectoryError: it is to begin in a directory that is not there.
        """
        self._host = host
        self._system = system
        self._encoding = encoding
        self._stdout, self._stderr = Collected(), Collected()
        directory = options.directory or host.spec.windows.directory
        if not system.files.is_folder(directory):
            raise NotADirectoryError(directory)
        environment = environment_of(host, Account.ADMINISTRATOR)
        for name, value in options.environment.items():
            environment.set(name, value)
        shell = Shell(system, environment, directory)
        self._job: Job = host.jobs.start(
            f"{host.spec.windows.directory}\\system32\\cmd.exe /C {line}", Account.ADMINISTRATOR, self._run(shell, line)
        )

    def _run(self, shell: Shell, line: str) -> Generator[float, None, int]:
        if self._system.disabled():
            self._stdout.write(DISABLED)
            return 1
        return (yield from shell.command_line(line, Streams(Input(), self._stdout, self._stderr)))

    @property
    def result(self) -> ConsoleResult | None:
        """What it wrote and returned, None while it runs."""
        self._host.time.advance()
        if self._job.running:
            return None
        code = KILLED if self._job.ended is None else self._job.ended
        stdout, stderr = (text.text.encode(self._encoding, "replace") for text in (self._stdout, self._stderr))
        return ConsoleResult(stdout, stderr, code)

    @property
    def processes(self) -> int:
        """How many processes it consists of now: cmd.exe and the program that it waits for, and what it left to itself."""
        self._host.time.advance()
        return 2 * self._job.running + sum(child.running for child in self._system.children)

    def end(self) -> None:
        """End it, and all that it has started: the shell's processes are one job that ends as a whole."""
        self._host.time.advance()
        self._host.jobs.kill(self._job)
        for child in self._system.children:
            self._host.jobs.kill(child)


class HostConsole:
    """What `cmd.exe /c` finds on one host."""

    def __init__(self, host: Machine) -> None:
        self.host = host

    def start(self, command: str, arguments: Sequence[str], options: ShellOptions = DEFAULTS) -> Running:
        """Start one command line; what needs no time has ended already.

        Raises:
            NotADirectoryError: it is to begin in a directory that is not there.
        """
        self.host.time.advance()
        line = " ".join((command, *arguments))
        system = HostSystem(self.host, Account.ADMINISTRATOR, memory=options.memory)
        return Running(self.host, system, line, self._encoding(options.code_page), options)

    def run(self, command: str, arguments: Sequence[str], code_page: int | None = None) -> ConsoleResult:
        """Run a command line that needs no time.

        Raises:
            TimeoutError: it does.
        """
        result = self.start(command, arguments, ShellOptions(code_page=code_page)).result
        if result is None:
            raise TimeoutError(f"{command} goes on running")
        return result

    def _encoding(self, code_page: int | None) -> str:
        own = self.host.spec.windows.language.code_page
        if code_page is None:
            return own
        name = "utf-8" if code_page == UTF_8 else f"cp{code_page}"
        try:
            return codecs.lookup(name).name
        except LookupError:
            # A code page that the system does not have leaves it at its own (from memory).
            return own
