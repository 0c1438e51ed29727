# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WQL: parse one select and run it over instances.

Source: Microsoft, "WQL (SQL for WMI)", "WQL Operators" and "LIKE Operator". Not done: associators of, references of, ISA,
group by, having, within.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from winsim.seams import Instance, Problem, Reference, Value, WmiError

TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator><=|>=|<>|!=|=|<|>|\(|\)|,|\*|\.)
    )""",
    re.VERBOSE,
)
COMPARISONS = ("=", "<>", "!=", "<", ">", "<=", ">=")
KEYWORDS = ("select", "from", "where", "and", "or", "not", "like", "is", "null", "true", "false")

Condition = Callable[[Instance], bool]


@dataclass(frozen=True, slots=True)
class Select:
    """One parsed select: the columns (None for `*`), the class, and what an instance must fulfil."""

    columns: tuple[str, ...] | None
    class_name: str
    used: tuple[str, ...]
    condition: Condition

    def rows(self, instances: Iterable[Instance]) -> list[Instance]:
        """Return the instances that fulfil the condition."""
        return [instance for instance in instances if self.condition(instance)]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def word(self) -> str:
        """The text in lower case if it is a name, else nothing."""
        return self.text.lower() if self.kind == "name" else ""


def parse(text: str) -> Select:
    """Parse a query.

    Raises:
        WmiError: it is no select that WQL knows.
    """
    return _Parser(text).select()


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._used: list[str] = []

    def select(self) -> Select:
        self._expect("select")
        columns = self._columns()
        self._expect("from")
        class_name = self._name()
        condition: Condition = _always
        if self._accept("where"):
            condition = self._either()
        if self._next < len(self._tokens):
            raise _bad(self._tokens[self._next].text)
        return Select(columns, class_name, tuple(self._used), condition)

    def _columns(self) -> tuple[str, ...] | None:
        if self._accept("*"):
            return None
        columns = [self._name()]
        while self._accept(","):
            columns.append(self._name())
        return tuple(columns)

    def _either(self) -> Condition:
        arms = [self._both()]
        while self._accept("or"):
            arms.append(self._both())
        return arms[0] if len(arms) == 1 else lambda instance: any(arm(instance) for arm in arms)

    def _both(self) -> Condition:
        arms = [self._negation()]
        while self._accept("and"):
            arms.append(self._negation())
        return arms[0] if len(arms) == 1 else lambda instance: all(arm(instance) for arm in arms)

    def _negation(self) -> Condition:
        if self._accept("not"):
            inner = self._negation()
            return lambda instance: not inner(instance)
        if self._accept("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        column = self._column()
        if self._accept("is"):
            wanted = not self._accept("not")
            self._expect("null")
            return lambda instance: (value_of(instance, column) is None) is wanted
        if self._accept("not"):
            self._expect("like")
            fits = _pattern(self._string())
            return lambda instance: not fits(value_of(instance, column))
        if self._accept("like"):
            fits = _pattern(self._string())
            return lambda instance: fits(value_of(instance, column))
        operator = self._take().text
        if operator not in COMPARISONS:
            raise _bad(operator)
        literal = self._literal()
        if literal is None:
            if operator not in ("=", "<>", "!="):
                raise _bad(operator)
            return lambda instance: (value_of(instance, column) is None) is (operator == "=")
        return lambda instance: _compare(value_of(instance, column), operator, literal)

    def _column(self) -> str:
        column = self._name()
        self._used.append(column)
        return column

    def _name(self) -> str:
        token = self._take()
        if token.kind != "name" or token.word() in KEYWORDS:
            raise _bad(token.text)
        return token.text

    def _string(self) -> str:
        token = self._take()
        if token.kind != "string":
            raise _bad(token.text)
        return _unquoted(token.text)

    def _literal(self) -> str | int | bool | None:
        token = self._take()
        if token.kind == "string":
            return _unquoted(token.text)
        if token.kind == "number" and "." not in token.text:
            return int(token.text)
        if token.word() in ("true", "false"):
            return token.word() == "true"
        if token.word() == "null":
            return None
        raise _bad(token.text)

    def _accept(self, word: str) -> bool:
        if self._next < len(self._tokens) and word in (self._tokens[self._next].word(), self._operator()):
            self._next += 1
            return True
        return False

    def _operator(self) -> str:
        token = self._tokens[self._next]
        return token.text if token.kind == "operator" else ""

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise _bad(f"{word} expected")

    def _take(self) -> _Token:
        if self._next >= len(self._tokens):
            raise _bad("end of query")
        self._next += 1
        return self._tokens[self._next - 1]


def value_of(instance: Instance, column: str) -> Value:
    """Return a property by name, without regard to case."""
    wanted = column.lower()
    return next((value for name, value in instance.properties.items() if name.lower() == wanted), None)


def _always(instance: Instance) -> bool:
    del instance
    return True


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _bad(text[position:])
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _pattern(pattern: str) -> Callable[[Value], bool]:
    """Compile a LIKE pattern: % any text, _ one character, [a-z] and [^a-z] sets."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        closing = pattern.find("]", position + 1) if character == "[" else -1
        if closing > 0:
            parts.append(_set(pattern[position + 1 : closing]))
            position = closing + 1
            continue
        parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
        position += 1
    compiled = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _set(inner: str) -> str:
    """Translate what stands between brackets; a range keeps its dash, nothing else means anything to `re`."""
    negated = inner.startswith("^")
    escaped = "".join(character if character == "-" else re.escape(character) for character in inner.removeprefix("^"))
    return f"[{'^' if negated else ''}{escaped}]" if escaped else re.escape(f"[{inner}]")


def _compare(value: Value, operator: str, literal: str | int | bool) -> bool:
    """Compare as the property's type asks; null compares with nothing."""
    if value is None:
        return False
    left, right = _comparable(value, literal)
    if operator == "=":
        return left == right
    if operator in ("<>", "!="):
        return left != right
    if isinstance(left, bool):
        raise _bad(f"{operator} on a boolean")
    if isinstance(left, int) and isinstance(right, int):
        return _ordered(left - right, operator)
    before = left < right if isinstance(left, str) and isinstance(right, str) else False
    return _ordered(-1 if before else 0 if left == right else 1, operator)


def _ordered(difference: int, operator: str) -> bool:
    return {"<": difference < 0, ">": difference > 0, "<=": difference <= 0, ">=": difference >= 0}[operator]


def _comparable(value: Value, literal: str | int | bool) -> tuple[str | int | bool, str | int | bool]:
    if isinstance(value, bool):
        return value, _boolean(literal)
    if isinstance(value, int):
        if isinstance(literal, bool) or (isinstance(literal, str) and not re.fullmatch(r"-?\d+", literal)):
            raise _bad(str(literal))
        return value, int(literal)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds"), _moment(str(literal)).isoformat(timespec="microseconds")
    if isinstance(value, Reference):
        return reference_path(value), _relative(str(literal))
    if isinstance(value, str) and isinstance(literal, str):
        return value.lower(), literal.lower()
    raise _bad(str(literal))


def reference_path(reference: Reference) -> str:
    """Write a reference as a relative path in lower case, which is how two are compared."""
    keys = ",".join(f'{name}="{value}"' for name, value in reference.keys.items())
    return f"{reference.class_name}.{keys}".lower()


def _relative(path: str) -> str:
    """Strip host and namespace from an object path."""
    return path.rpartition(":")[2].replace("'", '"').lower()


def _boolean(literal: str | int | bool) -> bool:
    if isinstance(literal, str):
        if literal.lower() not in ("true", "false"):
            raise _bad(literal)
        return literal.lower() == "true"
    return bool(literal)


def _moment(literal: str) -> datetime:
    """Read a DMTF datetime: yyyymmddHHMMSS.mmmmmm±minutes."""
    match = re.fullmatch(r"(\d{14})\.(\d{6})([+-]\d{3})", literal)
    if match is None:
        raise _bad(literal)
    local = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC, microsecond=int(match[2]))
    return local - timedelta(minutes=int(match[3]))


def _bad(what: str) -> WmiError:
    return WmiError(Problem.INVALID_QUERY, what)
