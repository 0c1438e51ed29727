# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command shell on the host, opened when the first command needs it and used for all of a session."""

from __future__ import annotations

from contextlib import suppress

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, HostError, TimedOut, Unreachable
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import WSMAN_QUOTA_OPERATIONS, WSMAN_UNEXPECTED_SELECTORS
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import CreateShell, DeleteShell, Receive, RunCommand, Signal

from .conversation import Conversation
from .limits import MAX_OUTPUT

# What pywinrm sends to every Windows (open_shell); no user profile is made on the host by looking at it. Code page
# 437 is installed everywhere (from memory); what is read from the output is ASCII in all of them.
_OPTIONS = (("WINRS_NOPROFILE", "TRUE"), ("WINRS_CODEPAGE", "437"))

# Each TimedOut stands for one operation timeout (20 s): a command that has written nothing for three minutes is stuck.
PATIENCE = 9
# So much of a command line is told in messages.
LONGEST_NAMED = 200
# Up to Windows 7 and Server 2008 R2 an ended command counts against the user's 15 operations until its shell is deleted
# (WSMV <118>). What Windows it is a shell does not know, and a new one costs two requests.
MOST_COMMANDS = 10


class Shell:
    """Runs commands one after the other."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._shell_id: str | None = None
        self._commands = 0

    @property
    def open(self) -> bool:
        """It is open on the host, as far as we know."""
        return self._shell_id is not None

    def run(self, command: str, *arguments: str) -> CommandOutput:
        """Run a command to its end and return what it wrote, undecodable bytes replaced.

        Raises:
            ConnectionLost: an answer was lost; the next command opens a new shell.
            ProtocolError: the command wrote too much, or does not end.
            TimedOut: the command wrote nothing for too long.
        """
        line = " ".join((command, *arguments))
        what = f"command '{line if len(line) <= LONGEST_NAMED else line[:LONGEST_NAMED] + '…'}'"
        # Before a shell is opened for a command that would not be sent.
        self._conversation.permit(RunCommand(shell_id="", command=command, arguments=arguments))
        try:
            return self._run(what, command, arguments)
        except Unreachable:
            self.forget()
            raise
        except HostError:
            # A shell left open counts against the user's quota: two in all on the oldest hosts (WSMV <34>).
            self.close()
            raise

    def begin(self) -> None:
        """Open a shell unless one is open."""
        if self._shell_id is None:
            self._shell_id = self._conversation.ask(CreateShell(options=_OPTIONS), "opening a command shell").shell_id
            self._commands = 0

    def close(self) -> None:
        """Delete the shell if there is one; it may be gone already."""
        if self._shell_id is not None:
            shell_id, self._shell_id = self._shell_id, None
            with suppress(HostError):
                self._conversation.ask(DeleteShell(shell_id=shell_id), "closing the command shell")

    def forget(self) -> None:
        """Forget the shell without asking: the host has gone down."""
        self._shell_id = None

    def _run(self, what: str, command: str, arguments: tuple[str, ...]) -> CommandOutput:
        shell_id, command_id = self._begin(what, command, arguments)
        stdout, stderr, exit_code = self._output(what, Receive(shell_id=shell_id, command_id=command_id))
        # Without it a host up to 2008 R2 keeps the ended command against its five processes per shell (WSMV <31>).
        try:
            self._conversation.ask(Signal(shell_id=shell_id, command_id=command_id), what)
        except Fault as error:
            if error.code != WSMAN_UNEXPECTED_SELECTORS:
                raise
            # The command has ended and its output is here: that its shell is gone by now takes nothing from it.
            self.forget()
        return CommandOutput(stdout.decode(errors="replace"), stderr.decode(errors="replace"), exit_code)

    def _begin(self, what: str, command: str, arguments: tuple[str, ...]) -> tuple[str, str]:
        """Start a command and return the ids of its shell and of itself.

        A Command that is refused for the quota of operations, or because its shell was idle for too long and is gone (after three
        minutes up to 2008 R2), has run nothing: it is sent once more, in a new shell.
        """
        if self._commands >= MOST_COMMANDS:
            self.close()
        used = self._shell_id is not None
        try:
            return self._ask(what, command, arguments)
        except Fault as error:
            if not used or error.code not in (WSMAN_QUOTA_OPERATIONS, WSMAN_UNEXPECTED_SELECTORS):
                raise
            gone = error.code == WSMAN_UNEXPECTED_SELECTORS
        if gone:
            self.forget()
        else:
            self.close()
        return self._ask(what, command, arguments)

    def _ask(self, what: str, command: str, arguments: tuple[str, ...]) -> tuple[str, str]:
        self.begin()
        self._commands += 1
        request = RunCommand(shell_id=self._shell_id or "", command=command, arguments=arguments)
        return request.shell_id, self._conversation.ask(request, what).command_id

    def _output(self, what: str, receive: Receive) -> tuple[bytes, bytes, int]:
        stdout, stderr, silent = bytearray(), bytearray(), 0
        limits = self._conversation.limits(what)
        while True:
            try:
                received = self._conversation.ask(receive, what)
            except TimedOut:
                # WSMV 3.1.4.14: nothing written yet; the same Receive is to be sent again.
                silent += 1
                if silent >= PATIENCE:
                    raise
                continue
            silent = 0
            stdout += received.stdout
            stderr += received.stderr
            if len(stdout) + len(stderr) > MAX_OUTPUT:
                limits.exceeded(f"it wrote more than {MAX_OUTPUT} bytes")
            if received.done:
                # WSMV 2.2.4.9: the exit code may be left out.
                return bytes(stdout), bytes(stderr), received.exit_code or 0
            limits.count(empty=not (received.stdout or received.stderr))
