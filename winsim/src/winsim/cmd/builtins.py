# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that cmd has itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import arithmetic, file_commands
from .batch import Batch
from .control import GoTo, Leave
from .expansion import NotKnown, percent
from .parser import INCORRECT
from .system import Call, Run, Streams
from .words import absolute, arguments, bare, split

if TYPE_CHECKING:
    from .interpreter import Scope, Shell

Command = Callable[["Shell", str, "Scope"], Run]


def split_name(text: str) -> tuple[str, str]:
    """Return the name of what may be a command of cmd's own, in small letters, and all behind it."""
    found = re.match(r"[A-Za-z]+", text)
    if found is None:
        return "", text
    rest = text[found.end() :]
    if rest and not re.match(r"[\s,;=/\\.:(+\[\]\"]", rest):
        return "", text
    return found[0].lower(), rest


def _nothing(*_ignored: object) -> Run:
    return 0
    yield


def _echo(shell: Shell, tail: str, scope: Scope) -> Run:
    word = tail.strip().lower()
    if word in ("on", "off") and tail[:1] in (" ", "\t", ",", ";", "="):
        shell.echo = word == "on"
    elif not word and tail[:1] not in (".", ":", "(", "/", "\\", "+", "[", "]"):
        scope.streams.stdout.write(f"ECHO is {'on' if shell.echo else 'off'}.\r\n")
    else:
        scope.streams.stdout.write(f"{tail[1:]}\r\n")
    return 0
    yield


def _set(shell: Shell, tail: str, scope: Scope) -> Run:
    text = tail.strip(" \t")
    switch = text[:2].lower()
    if switch == "/a":
        return _set_number(shell, text[2:], scope)
    if switch == "/p":
        return _set_asked(shell, tail.lstrip(" \t")[2:].lstrip(" \t"), scope)
    if text.startswith("/"):
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    text = tail.lstrip(" \t")
    if text.startswith('"'):
        end = text.rfind('"')
        text = text[1:end] if end > 0 else text[1:]
    name, equals, value = text.partition("=")
    if not equals:
        return _show(shell, text.strip(), scope)
    if not name:
        scope.streams.stderr.write(INCORRECT)
        return shell.fail(1)
    if not value and shell.environment.get(name) is None:
        return 1
    shell.environment.set(name, value)
    if shell.batch is not None and shell.batch.clears:
        shell.errorlevel = 0
    return 0
    yield


def _show(shell: Shell, prefix: str, scope: Scope) -> int:
    found = list(shell.environment.starting(bare(prefix)))
    for name, value in found:
        scope.streams.stdout.write(f"{name}={value}\r\n")
    if not found:
        scope.streams.stderr.write(f"Environment variable {prefix} not defined\r\n")
        return shell.fail(1)
    return 0


def _set_number(shell: Shell, expression: str, scope: Scope) -> int:
    try:
        value = arithmetic.evaluate(expression, shell.environment)
    except arithmetic.BadExpression as error:
        scope.streams.stderr.write(error.text)
        return shell.fail(error.code)
    if shell.batch is None:
        scope.streams.stdout.write(str(value))
    return 0


def _set_asked(shell: Shell, text: str, scope: Scope) -> int:
    unquoted = text[1:].rpartition('"')[0] if text.startswith('"') and text.count('"') > 1 else text
    name, _equals, prompt = unquoted.partition("=")
    scope.streams.stdout.write(prompt)
    line = scope.streams.stdin.line()
    if not line:
        return shell.fail(1)
    shell.environment.set(name, line)
    return 0


def _set_local(shell: Shell, tail: str, scope: Scope) -> Run:
    words = [word.lower() for word in arguments(tail)]
    known = {"enableextensions", "enabledelayedexpansion", "disabledelayedexpansion"}
    if set(words) - known:
        raise NotKnown(f"setlocal {tail.strip()} is not known here.")
    del scope
    if words:
        # With words it tells by the error level whether they were understood (the help of setlocal).
        shell.errorlevel = 0
    if shell.batch is not None:
        shell.batch.saved.append((shell.environment.copy(), shell.delays))
        if "enabledelayedexpansion" in words:
            shell.delays = True
        elif "disabledelayedexpansion" in words:
            shell.delays = False
    return 0
    yield


def _end_local(shell: Shell, tail: str, scope: Scope) -> Run:
    del tail, scope
    if shell.batch is not None and shell.batch.saved:
        shell.environment, shell.delays = shell.batch.saved.pop()
    return 0
    yield


def _go_to(shell: Shell, tail: str, scope: Scope) -> Run:
    words = arguments(tail)
    if not words:
        scope.streams.stderr.write("No batch label specified to GOTO command.\r\n")
        return shell.fail(1)
    yield from ()
    raise GoTo(words[0])


def _exit(shell: Shell, tail: str, scope: Scope) -> Run:
    del scope
    words = arguments(tail)
    whole = True
    if words and words[0].lower() == "/b":
        whole = shell.batch is None
        words = words[1:]
    code = shell.errorlevel
    if words and re.fullmatch("-?[0-9]+", words[0]):
        code = int(words[0])
    shell.errorlevel = code
    yield from ()
    raise Leave(code, whole=whole)


def _call(shell: Shell, tail: str, scope: Scope) -> Run:
    outer = shell.batch
    arguments_of = (None, shell, "") if outer is None else (outer.arguments, shell, outer.script)
    text = percent(_carets_doubled(tail.lstrip(" \t,;=")), shell.lookup, *arguments_of)
    if shell.system.edition.loud and any(sign in "&|<>" for sign in re.sub('"[^"]*("|$)', "", text)):
        raise NotKnown(f"call with one of & | < > outside quotes is not known here: {text}")
    if not text.startswith(":"):
        name, rest = split_name(text)
        if name in ("if", "for", "call", "goto"):
            raise NotKnown(f"call {name} is not known here.")
        if name in COMMANDS:
            return (yield from COMMANDS[name](shell, rest, scope))
        return (yield from shell.external(text, scope.streams, called=True)) if text else 0
    if outer is None:
        scope.streams.stderr.write("Invalid attempt to call batch label outside of batch script.\r\n")
        return shell.fail(1)
    words = arguments(text)
    inner = Batch(outer.path, words, outer.files, outer.at)
    if words[0].lower() != ":eof" and not inner.go_to(words[0].removeprefix(":")):
        scope.streams.stderr.write(f"The system cannot find the batch label specified - {words[0].removeprefix(':')}\r\n")
        return shell.fail(1)
    if words[0].lower() == ":eof":
        return 0
    shell.batch = inner
    try:
        code = yield from shell.lines(inner, scope.streams)
    finally:
        shell.batch = outer
    return code


def _carets_doubled(text: str) -> str:
    """Return a text as `call` reads it once more: outside quotes a caret is lost and doubled again, within it stays doubled."""
    return re.sub('"[^"]*("|$)', lambda quoted: quoted[0].replace("^", "^^"), text)


def _shift(shell: Shell, tail: str, scope: Scope) -> Run:
    del scope
    first = {"": 0, "/0": 0, "/1": 1}.get(tail.strip())
    if first is None:
        raise NotKnown(f"shift {tail.strip()} is not known here.")
    if shell.batch is not None:
        shell.batch.arguments = [*shell.batch.arguments[:first], *shell.batch.arguments[first + 1 :]]
        shell.batch.shifted |= first == 0
    return 0
    yield


def _start(shell: Shell, tail: str, scope: Scope) -> Run:
    text = tail.lstrip()
    waits = titled = False
    directory = shell.directory
    # The first word in quotes is the title, before or between the switches.
    while option := _START_OPTION.match(text):
        if option["title"] is not None and titled:
            break
        titled |= option["title"] is not None
        waits |= (option["switch"] or "").lower() in ("w", "wait")
        directory = directory if option["folder"] is None else absolute(option["folder"], shell.directory)
        text = text[option.end() :]
    if text.startswith("/"):
        raise NotKnown(f"start {text} is not known here.")
    if not text:
        # A window of cmd that nobody sees and that waits for ever.
        raise NotKnown("start of a cmd without a command is not known here.")
    if waits:
        return (yield from _started(shell, text, directory, scope))
    if shell.system.edition.loud:
        raise NotKnown(f"start without /wait is not known here: {text}")
    if not shell.system.detach(text, shell.environment.copy(), directory):
        name = arguments(text)[0]
        scope.streams.stderr.write(f"The system cannot find the file {bare(name)}.\r\n")
        return shell.fail(NOT_FOUND)
    return 0
    yield


_START_OPTION = re.compile(
    r'(?:(?P<title>"[^"]*")|/(?P<switch>b|min|max|low|normal|high|i|w|wait)(?=[\s"]|$)|/d\s*(?P<folder>"[^"]*"|\S+))\s*', re.IGNORECASE
)


def _started(shell: Shell, text: str, directory: str, scope: Scope) -> Run:
    """Run a program and wait for it; its code is the error level."""
    name, tail = shell.named(text)
    if not shell.system.find(bare(name)):
        scope.streams.stderr.write(f"The system cannot find the file {bare(name)}.\r\n")
        return shell.fail(NOT_FOUND)
    call = Call(bare(name), tail, split(tail), scope.streams, shell.environment.copy(), directory)
    shell.errorlevel = yield from shell.system.run(call)
    return shell.errorlevel


def _version(shell: Shell, tail: str, scope: Scope) -> Run:
    del tail
    if not shell.system.edition.version:
        raise NotKnown("ver is not known here.")
    scope.streams.stdout.write(f"\r\n{shell.system.edition.version}\r\n")
    shell.errorlevel = 0
    return 0
    yield


def _pause(shell: Shell, tail: str, scope: Scope) -> Run:
    del shell, tail
    scope.streams.stdout.write("Press any key to continue . . . ")
    scope.streams.stdin.line()
    scope.streams.stdout.write("\r\n")
    return 0
    yield


def change_drive(shell: Shell, drive: str, streams: Streams) -> int:
    """Go to the root of another drive; the folder that was the current one there is not kept here."""
    if not shell.system.files.is_folder(f"{drive}\\"):
        streams.stderr.write("The system cannot find the drive specified.\r\n")
        return shell.fail(1)
    if shell.directory[:2].lower() != drive.lower():
        shell.directory = f"{drive.upper()}\\"
    return 0


DRIVE = re.compile("[A-Za-z]:")

NOT_FOUND = 9059
"""The error level of a `start` that does not find its program (SS64, "start")."""


COMMANDS: dict[str, Command] = {
    "call": _call,
    "cd": file_commands.change_folder,
    "chdir": file_commands.change_folder,
    "cls": _nothing,
    "copy": file_commands.copy,
    "del": file_commands.delete,
    "echo": _echo,
    "endlocal": _end_local,
    "erase": file_commands.delete,
    "exit": _exit,
    "goto": _go_to,
    "md": file_commands.make_folder,
    "mkdir": file_commands.make_folder,
    "move": file_commands.move,
    "pause": _pause,
    "popd": file_commands.pop_folder,
    "pushd": file_commands.push_folder,
    "rd": file_commands.remove_folder,
    "rem": _nothing,
    "ren": file_commands.rename,
    "rename": file_commands.rename,
    "rmdir": file_commands.remove_folder,
    "set": _set,
    "setlocal": _set_local,
    "shift": _shift,
    "start": _start,
    "title": _nothing,
    "type": file_commands.print_files,
    "ver": _version,
}
"""What cmd knows itself, as far as it is known here; the others are refused as programs that are not there."""

OTHERS = ("assoc", "break", "color", "date", "dir", "dpath", "ftype", "keys", "mklink", "path", "prompt", "time", "verify", "vol")
"""What cmd knows itself and this one does not; no program has such a name."""
