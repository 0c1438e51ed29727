# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out command lines and batch files."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from . import arithmetic, builtins, file_commands, lines
from .batch import GONE, Batch, Gone
from .control import GoTo, Leave
from .environment import Environment
from .expansion import NotKnown, delayed, loop_variables, percent
from .parser import BadSyntax, Parser, unexpected
from .syntax import Block, Chain, Condition, For, If, Node, Redirection, Simple, Stream
from .system import Call, Collected, Input, Nowhere, Run, Streams, System
from .words import absolute, arguments, bare, command_of, split

TOO_LONG = "The input line is too long.\r\n"
"""What is said of a line that is longer than `Edition.longest` (Microsoft, "Command prompt (Cmd.exe) command-line string limitation")."""

SYNTAX = 255
BATCH_FILES = (".bat", ".cmd")
TOO_MANY = 20_000
"""After so many commands without a pause a second passes, so that a loop without an end does not stop the clock."""


@dataclass(slots=True)
class Scope:
    """What a command sees: its streams, and the variables of the loops around it."""

    streams: Streams
    variables: dict[str, str]


class Shell:
    """One cmd.exe."""

    def __init__(self, system: System, environment: Environment, directory: str) -> None:
        self.system = system
        self.environment = environment
        self.directory = directory
        self.errorlevel = 0
        self.batch: Batch | None = None
        self.echo = True
        self.delays = False
        self.pushed: list[str] = []
        self._count = 0

    def command_line(self, line: str, streams: Streams) -> Run:
        """Carry out what stands behind `cmd /c`, and return its exit code."""
        if len(line) > self.system.edition.longest:
            streams.stderr.write("The command line is too long.\r\n")
            return 1
        self.echo = False
        try:
            node = Parser(percent(command_of(line), self.lookup, None, self), lambda: None).parse()
            return (yield from self.run(node, Scope(streams, {}))) if node is not None else 0
        except (BadSyntax, NotKnown) as error:
            self._raise_if_loud(error)
            streams.stderr.write(_said(error))
            return SYNTAX if isinstance(error, BadSyntax) else 1
        except Leave as leave:
            return leave.code
        except GoTo:
            return 1

    def console_line(self, name: str, words: list[str], streams: Streams) -> Run:
        """Carry out a batch file that somebody starts at the prompt, and return the error level that it leaves."""
        path = self._batch_file(name)
        if path is None:
            raise FileNotFoundError(name)
        try:
            return (yield from self.run_batch(path, [name, *arguments(" ".join(words))], streams))
        except Leave as leave:
            return leave.code

    def lookup(self, name: str) -> str | None:
        """Return a variable, those included that cmd makes up."""
        made_up: dict[str, Callable[[], str]] = {
            "date": self.system.date,
            "time": self.system.time,
            "errorlevel": lambda: str(self.errorlevel),
            "cd": lambda: self.directory,
            "cmdextversion": lambda: "2",
        }
        found = self.environment.get(name)
        if found is None and name.lower() in ("random", "cmdcmdline"):
            raise NotKnown(f"%{name}% is not known here.")
        return made_up[name.lower()]() if found is None and name.lower() in made_up else found

    def absolute(self, path: str) -> str:
        """Return the full path of a file that is named from where the shell is."""
        return absolute(path, self.directory)

    def size(self, path: str) -> str:
        """Return how many bytes a file has, as text; empty where there is none."""
        files = self.system.files
        return str(files.size(path)) if files.exists(path) and not files.is_folder(path) else ""

    def _raise_if_loud(self, error: Exception) -> None:
        """Let who runs this shell know what it does not know, where that is wanted."""
        if self.system.edition.loud and isinstance(error, NotKnown):
            raise error

    def run(self, node: Node, scope: Scope) -> Run:
        """Carry out a parsed command and return its code."""
        self._count += 1
        if self._count % TOO_MANY == 0:
            yield 1.0
        if isinstance(node, Simple):
            return (yield from self._simple(node, scope))
        if isinstance(node, Chain):
            return (yield from self._chain(node, scope))
        if isinstance(node, If):
            branch = node.then if self._holds(node.condition, scope) else node.otherwise
            return (yield from self.run(branch, scope)) if branch is not None else 0
        if isinstance(node, For):
            return (yield from self._for(node, scope))
        return (yield from self._block(node, scope))

    def _block(self, node: Block, scope: Scope) -> Run:
        streams = self._redirected(node.redirections, scope)
        if streams is None:
            return self._not_opened()
        return (yield from self.run(node.body, replace(scope, streams=streams)))

    def _chain(self, node: Chain, scope: Scope) -> Run:
        if node.operator == "|":
            return (yield from self._pipe(node, scope))
        code = yield from self.run(node.left, scope)
        if node.operator == "||" and code:
            # What fails before || sets the error level even where the command by itself would not (SS64, "errorlevel").
            self.errorlevel = self.errorlevel or code
        if (node.operator == "&&" and code) or (node.operator == "||" and not code):
            return code
        return (yield from self.run(node.right, scope))

    def _pipe(self, node: Chain, scope: Scope) -> Run:
        """Run both sides, each in a cmd of its own; the second one's code counts."""
        written = Collected()
        yield from self._child().inside(node.left, Scope(replace(scope.streams, stdout=written), scope.variables))
        right = self._child()
        streams = replace(scope.streams, stdin=Input(written.text))
        code = yield from right.inside(node.right, Scope(streams, scope.variables))
        self.errorlevel = code
        return code

    def inside(self, node: Node, scope: Scope) -> Run:
        """Carry out a side of a pipe."""
        try:
            return (yield from self.run(node, scope))
        except Leave as leave:
            return leave.code
        except GoTo:
            return 1

    def _child(self) -> Shell:
        return Shell(self.system, self.environment.copy(), self.directory)

    def text(self, text: str, scope: Scope) -> str:
        """Replace the variables of loops, and the delayed ones where they are switched on."""
        replaced = loop_variables(text, scope.variables, self)
        return delayed(replaced, self.lookup) if self.delays else replaced

    def _simple(self, node: Simple, scope: Scope) -> Run:
        streams = self._redirected(node.redirections, scope)
        if streams is None:
            return self._not_opened()
        text = self.text(node.text, scope).lstrip(" \t\v\f\r,;=")
        name, tail = builtins.split_name(text)
        if name != "rem" and text:
            self.system.step(text)
        if name in builtins.COMMANDS:
            return (yield from builtins.COMMANDS[name](self, tail, replace(scope, streams=streams)))
        if not text:
            return 0
        if name in builtins.OTHERS and self.system.edition.loud:
            raise NotKnown(f"{name} is not known here.")
        return (yield from self.external(text, streams, called=False))

    def _not_opened(self) -> int:
        return self.fail(1) if self.system.edition.tells else 1

    def external(self, text: str, streams: Streams, *, called: bool) -> Run:
        """Run a program or a batch file; one that is not called ends the batch file that it is run from."""
        if builtins.DRIVE.fullmatch(text.strip()):
            return builtins.change_drive(self, text.strip(), streams)
        name, tail = command_name(text)
        path = self._batch_file(name)
        if path is not None:
            code = yield from self.run_batch(path, [name, *arguments(tail)], streams)
            if not called and self.batch is not None:
                raise Leave(code, whole=False)
            self.errorlevel = code
            return code
        if not self.system.find(bare(name)):
            streams.stderr.write(self.system.not_found(name))
            self.errorlevel = self.system.edition.unknown
            return 1
        call = Call(bare(name), tail, split(tail), streams, self.environment.copy(), self.directory)
        self.errorlevel = yield from self.system.run(call)
        return self.errorlevel

    def named(self, text: str) -> tuple[str, str]:
        """Return the name of a program as it is written, and all behind it."""
        return command_name(text)

    def _batch_file(self, name: str) -> str | None:
        path = absolute(name, self.directory)
        files = self.system.files
        candidates = [path] if path.lower().endswith(BATCH_FILES) else [path + end for end in BATCH_FILES]
        return next((found for found in candidates if files.exists(found) and not files.is_folder(found)), None)

    def run_batch(self, path: str, words: list[str], streams: Streams) -> Run:
        """Carry out a batch file from its start."""
        self.system.script(path)
        outer, echo = self.batch, self.echo
        self.batch = Batch(path, words, self.system.files)
        self.echo = True if outer is None else echo
        try:
            return (yield from self.lines(self.batch, streams))
        finally:
            self.batch, self.echo = outer, echo

    def lines(self, batch: Batch, streams: Streams) -> Run:
        """Carry out a batch file from where it stands to its end; the error level is its code."""
        try:
            while True:
                try:
                    line = batch.line()
                    if line is None:
                        return self.errorlevel
                    yield from self._line(batch, line, streams)
                except GoTo as jump:
                    if jump.label.lower() == ":eof":
                        return self.errorlevel
                    if not batch.go_to(jump.label.removeprefix(":")):
                        streams.stderr.write(f"The system cannot find the batch label specified - {jump.label.removeprefix(':')}\r\n")
                        raise Leave(self.fail(1), whole=False) from jump
        except Gone:
            streams.stderr.write(GONE)
            raise Leave(self.fail(1), whole=True) from None
        except (BadSyntax, NotKnown) as error:
            self._raise_if_loud(error)
            streams.stderr.write(_said(error))
            raise Leave(self.fail(SYNTAX if isinstance(error, BadSyntax) else 1), whole=True) from error
        except Leave as leave:
            if leave.whole:
                raise
            return leave.code
        finally:
            for environment, delays in batch.saved[:1]:
                self.environment, self.delays = environment, delays

    def _line(self, batch: Batch, line: str, streams: Streams) -> Generator[float, None, None]:
        def more() -> str | None:
            following = batch.line()
            return None if following is None else self._expanded(batch, following)

        expanded = self._expanded(batch, line)
        node = Parser(expanded, more, loud=self.system.edition.loud).parse()
        if node is None:
            return
        if self.echo and not line.lstrip().startswith("@"):
            streams.stdout.write(f"\r\n{self.directory}>{expanded.strip()} \r\n")
        yield from self.run(node, Scope(streams, {}))

    def _expanded(self, batch: Batch, line: str) -> str:
        expanded = percent(line, self.lookup, batch.arguments, self, batch.script)
        if max(len(line), len(expanded)) > self.system.edition.longest:
            raise BadSyntax(TOO_LONG)
        return expanded

    def fail(self, code: int) -> int:
        """Set the error level, and return it."""
        self.errorlevel = code
        return code

    def _redirected(self, redirections: tuple[Redirection, ...], scope: Scope) -> Streams | None:
        """Open the targets in their order; None where one cannot be opened, which has been said."""
        handles: list[object] = [scope.streams.stdin, scope.streams.stdout, scope.streams.stderr]
        for wanted in redirections:
            if wanted.handle > 2:
                raise NotKnown(f"Handle {wanted.handle} is not known here.")
            if wanted.stream is Stream.SAME_AS:
                handles[wanted.handle] = handles[int(wanted.target)]
                continue
            try:
                handles[wanted.handle] = self._opened(wanted, self.text(wanted.target, scope))
            except OSError as error:
                scope.streams.stderr.write(file_commands.failure(error))
                return None
            opened = handles[wanted.handle]
            if isinstance(opened, file_commands.FileSink):
                opened.complaints = scope.streams.stderr
        stdin, stdout, stderr = handles
        if not isinstance(stdin, Input) or isinstance(stdout, Input) or isinstance(stderr, Input):
            raise NotKnown("A handle cannot be used in the other direction here.")
        return Streams(stdin, stdout, stderr)  # type: ignore[arg-type] # the handles are sinks where they are no input

    def _opened(self, wanted: Redirection, target: str) -> object:
        name = bare(target)
        if name.lower() in ("nul", "nul:"):
            return Input() if wanted.stream is Stream.READ else Nowhere()
        if name.lower().removesuffix(":") in ("con", "prn", "aux", "com1", "lpt1"):
            raise NotKnown(f"The device {name} is not known here.")
        path = absolute(name, self.directory)
        if wanted.stream is Stream.READ:
            return Input(self.system.files.read(path))
        self.system.files.write(path, "", append=wanted.stream is Stream.APPEND)
        return file_commands.FileSink(self.system.files, path)

    def _holds(self, condition: Condition, scope: Scope) -> bool:
        left, right = self.text(condition.left, scope), self.text(condition.right, scope)
        tests: dict[str, Callable[[], bool]] = {
            "errorlevel": lambda: self.errorlevel >= _whole(left),
            "cmdextversion": lambda: _whole(left) <= 2,
            "defined": lambda: self.lookup(bare(left)) is not None,
            "exist": lambda: file_commands.there(self, left),
        }
        test = tests.get(condition.test)
        found = test() if test is not None else _compared(condition, left, right)
        return found is not condition.negated

    def _for(self, node: For, scope: Scope) -> Run:
        items = self.text(node.items, scope)
        if node.kind == "f":
            rows = yield from self._rows(node, items, scope)
        elif node.kind == "l":
            rows = [[str(number)] for number in _numbers(items)]
        else:
            rows = [[found] for word in arguments(items) for found in file_commands.found(self, word)]
        code = 0
        for row in rows:
            letters = {chr(ord(node.variable) + index): value for index, value in enumerate(row)}
            code = yield from self.run(node.body, replace(scope, variables={**scope.variables, **letters}))
        return code

    def _rows(self, node: For, items: str, scope: Scope) -> Generator[float, None, list[list[str]]]:
        wanted = lines.options(node.options)
        if wanted is None:
            raise unexpected(node.options)
        source = items.strip()
        command, quoted = ("`", "'") if wanted.use_back_quotes else ("'", '"')
        if source.startswith(command) and source.endswith(command) and len(source) > 1:
            written = Collected()
            child = self._child()
            child.errorlevel = 0
            yield from child.command_line(source[1:-1], replace(scope.streams, stdout=written, stdin=Input()))
            text = written.text
        elif source.startswith(quoted) and source.endswith(quoted) and len(source) > 1:
            text = source[1:-1]
        else:
            text = ""
            for name in [source] if source.startswith('"') else arguments(source):
                text += self._file_of(name, scope)
            if "\0" in text:
                # It stops at the first one (users' reports), which a script that reads UTF-16 does not want.
                self._raise_if_loud(NotKnown(f"for /f of a file with zero bytes is not known here: {source}"))
                text = text.partition("\0")[0]
        return list(lines.split(text, wanted))

    def _file_of(self, name: str, scope: Scope) -> str:
        try:
            return self.system.files.read(absolute(name, self.directory))
        except OSError:
            scope.streams.stderr.write(f"The system cannot find the file {bare(name)}.\r\n")
            self.errorlevel = 1
            return ""


def command_name(text: str) -> tuple[str, str]:
    """Return the name of a program as it is written, and all behind it."""
    quoted = False
    for index, character in enumerate(text):
        if not quoted and (character in " \t,;=" or (character == "/" and index)):
            return text[:index], text[index:]
        quoted ^= character == '"'
    return text, ""


def _said(error: Exception) -> str:
    text = str(error)
    return text if text.endswith("\r\n") else f"{text}\r\n"


def _whole(text: str) -> int:
    """Return a number; a text that is none refuses the line."""
    bare_text = text.strip()
    if not bare_text.removeprefix("-").isdecimal():
        raise unexpected(text)
    return int(bare_text)


def _compared(condition: Condition, left: str, right: str) -> bool:
    """Compare as numbers where both are, else as texts."""
    if condition.test != "==":
        numbers = [_number(text) for text in (left, right)]
        if None not in numbers:
            return _ordered(condition.test, numbers[0] or 0, numbers[1] or 0)
    if condition.ignore_case:
        left, right = left.lower(), right.lower()
    return left == right if condition.test == "==" else _ordered(condition.test, _rank(left, right), 0)


def _number(text: str) -> int | None:
    sign = text.startswith("-")
    try:
        value = arithmetic.number(text.removeprefix("-"))
    except arithmetic.BadExpression:
        return None
    return -value if sign else value


def _rank(left: str, right: str) -> int:
    return (left > right) - (left < right)


def _ordered(test: str, left: int, right: int) -> bool:
    return {
        "equ": left == right,
        "neq": left != right,
        "lss": left < right,
        "leq": left <= right,
        "gtr": left > right,
        "geq": left >= right,
    }[test]


def _numbers(items: str) -> range | list[int]:
    words = arguments(items)
    parsed = [_number(word) or 0 for word in words]
    first, step, last = (*parsed, 0, 0, 0)[:3]
    if step == 0:
        if first > last:
            return []
        raise NotKnown("for /l without a step is not known here.")
    return range(first, last + (1 if step > 0 else -1), step)
