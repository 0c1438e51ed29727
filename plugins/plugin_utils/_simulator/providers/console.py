# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command shell of one host: netstat, netsh, reg, net and sc, as far as the simulator has them; nothing else is found.

Output is in the language and the code page of the host, or in the code page that the client asks for. Which
commands are in the box is the scenario's (`tools`).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host import controls
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.environment import expand
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.machine import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.model import Language, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.host.scm import Outcome, Service
from ansible_collections.netmin.windows.plugins.plugin_utils._simulator.seams import ConsoleResult

from . import reg_command
from .netsh import netsh
from .netstat import netstat

ALIASES = {"rdr": "lanmanworkstation", "workstation": "lanmanworkstation", "srv": "lanmanserver", "server": "lanmanserver"}
"""Names that `net stop` takes for the key name (the article uses rdr and srv)."""

SC_MODES = {
    "boot": StartMode.BOOT,
    "system": StartMode.SYSTEM,
    "auto": StartMode.AUTO,
    "demand": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
WIN32_ERRORS = {
    Outcome.DENIED: 5,
    Outcome.INVALID: 87,
    Outcome.DEPENDENTS_RUNNING: 1051,
    Outcome.NOT_ACCEPTED: 1052,
    Outcome.ALREADY_RUNNING: 1056,
    Outcome.DISABLED: 1058,
    Outcome.WRONG_STATE: 1061,
    Outcome.NOT_RUNNING: 1062,
    Outcome.DEPENDENCY_FAILED: 1068,
}
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

NO_SUCH_SERVICE = 1060
UTF_8 = 65001
HELP_INVALID_NET_NAME = 2

Output = tuple[str, str, int]


class HostConsole:
    """What `cmd.exe /c` finds on one host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def run(self, command: str, arguments: Sequence[str], code_page: int | None = None) -> ConsoleResult:
        """Run one command line; exit code 1 where there is no such command, as `cmd /c` answers (from memory)."""
        self._host.advance()
        words = split(expand(" ".join((command, *arguments)), self._host.spec.windows.directory))
        stdout, stderr, code = self._run(words)
        encoding = self._encoding(code_page)
        return ConsoleResult(stdout.encode(encoding, "replace"), stderr.encode(encoding, "replace"), code)

    def _encoding(self, code_page: int | None) -> str:
        own = self._host.spec.windows.language.code_page
        if code_page is None:
            return own
        name = "utf-8" if code_page == UTF_8 else f"cp{code_page}"
        try:
            return codecs.lookup(name).name
        except LookupError:
            # A code page that the system does not have leaves it at its own (from memory).
            return own

    def _run(self, words: list[str]) -> Output:
        if not words:
            return "", "", 0
        name = words[0].rpartition("\\")[2].lower().removesuffix(".exe")
        if name == "cmd" and len(words) > 2 and words[1].lower() == "/c":
            return self._run(words[2:])
        commands: dict[str, Callable[[list[str]], Output]] = {
            "net": self._net,
            "netsh": lambda rest: netsh(self._host, rest),
            "netstat": self._netstat,
        }
        if "reg" in self._host.spec.windows.tools:
            commands["reg"] = lambda rest: reg_command.reg(self._host, rest)
        if "sc" in self._host.spec.windows.tools:
            commands["sc"] = self._sc
        called = commands.get(name)
        if called is None:
            return "", NOT_FOUND[self._host.spec.windows.language].format(words[0]), 1
        return called(words[1:])

    def _netstat(self, words: list[str]) -> Output:
        stdout, code = netstat(self._host, words)
        return stdout, "", code

    def _net(self, words: list[str]) -> Output:
        if len(words) < 2 or words[0].lower() not in ("start", "stop"):
            return "", "The syntax of this command is:\r\n\r\nNET [ START | STOP ]\r\n", 1
        service = self._host.services.find(ALIASES.get(words[1].lower(), words[1]))
        if service is None:
            return "", "The service name is invalid.\r\n", HELP_INVALID_NET_NAME
        if words[0].lower() == "start":
            outcome = controls.start_service(self._host, service)
        else:
            outcome = self._stop_with_dependents(service, confirmed="/y" in [word.lower() for word in words[2:]])
        if outcome is not Outcome.DONE:
            return "", f"System error {WIN32_ERRORS[outcome]} has occurred.\r\n", 2
        done = "started" if words[0].lower() == "start" else "stopped"
        return f"The {service.spec.display} service was {done} successfully.\r\n\r\n", "", 0

    def _stop_with_dependents(self, service: Service, *, confirmed: bool) -> Outcome:
        """Stop a service, with `/y` all that depends on it before."""
        for dependent in self._host.services.dependents(service):
            if confirmed and dependent.running:
                outcome = self._stop_with_dependents(dependent, confirmed=True)
                if outcome is not Outcome.DONE:
                    return outcome
        return controls.stop_service(self._host, service)

    def _sc(self, words: list[str]) -> Output:
        if len(words) < 2 or words[0].lower() not in ("config", "start", "stop"):
            return "SC command [service name] ...\r\n", "", 1639
        verb = words[0].lower()
        service = self._host.services.find(words[1])
        if service is None:
            return f"[SC] OpenService FAILED {NO_SUCH_SERVICE}:\r\n", "", NO_SUCH_SERVICE
        outcome = Outcome.INVALID
        if verb == "start":
            outcome = controls.start_service(self._host, service)
        elif verb == "stop":
            outcome = controls.stop_service(self._host, service)
        elif len(words) == 4 and words[2].lower() == "start=" and words[3].lower() in SC_MODES:
            outcome = controls.set_start_mode(self._host, service, SC_MODES[words[3].lower()])
        if outcome is not Outcome.DONE:
            return f"[SC] {verb} FAILED {WIN32_ERRORS[outcome]}:\r\n", "", WIN32_ERRORS[outcome]
        return f"[SC] {verb} SUCCESS\r\n", "", 0


def split(line: str) -> list[str]:
    """Split a command line at blanks outside double quotes; `""` is an empty word."""
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    for character in line:
        if character == '"':
            quoted = not quoted
            word = word if word is not None else []
        elif character.isspace() and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = [*(word or []), character]
    if word is not None:
        words.append("".join(word))
    return words
