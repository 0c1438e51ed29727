# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`set /a`: expressions of whole numbers of 32 bits.

Sources: the help of `set`; SS64, "set" (exit codes and texts of failures).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .environment import Environment

_TOKEN = re.compile(r"\s*(<<=|>>=|<<|>>|[-+*/%&|^]=|[-+*/%&|^~!(),=]|[^-+*/%&|^~!(),=<>\s\"]+)", re.ASCII)
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")
_LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))

UNBALANCED = (1073750988, "Unbalanced parenthesis.\r\n")
NO_OPERAND = (1073750989, "Missing operand.\r\n")
NO_OPERATOR = (1073750990, "Missing operator.\r\n")
NO_NUMBER = (
    1073750991,
    "Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021).\r\n",
)
TOO_LARGE = (1073750992, "Invalid number.  Numbers are limited to 32-bits of precision.\r\n")
BY_ZERO = (1073750993, "Divide by zero error.\r\n")


class BadExpression(Exception):
    """An expression cannot be worked out."""

    def __init__(self, failure: tuple[int, str]) -> None:
        super().__init__(failure[1])
        self.code, self.text = failure


def evaluate(expression: str, environment: Environment) -> int:
    """Work out an expression, and set the variables that it assigns to.

    Raises:
        BadExpression: it cannot be worked out; what was assigned before stays.
    """
    return _Evaluation(expression, environment).run()


def number(text: str) -> int:
    """Read a number as `set /a` and `if` do.

    Raises:
        BadExpression: it is none, or too large.
    """
    if not re.fullmatch("0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*", text, re.ASCII):
        raise BadExpression(NO_NUMBER)
    base = 16 if text[:2].lower() == "0x" else 8 if text.startswith("0") and len(text) > 1 else 10
    value = int(text, base)
    if value > (0xFFFFFFFF if base == 16 else 0x7FFFFFFF):
        raise BadExpression(TOO_LARGE)
    return _wrapped(value)


def _wrapped(value: int) -> int:
    return (value + 0x80000000) % 0x100000000 - 0x80000000


class _Evaluation:
    def __init__(self, expression: str, environment: Environment) -> None:
        self._tokens: list[str] = []
        at = 0
        text = expression.replace('"', "").rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise BadExpression(NO_OPERATOR)
            self._tokens.append(found[1])
            at = found.end()
        self._at = 0
        self._environment = environment

    def run(self) -> int:
        value = self._list()
        if self._peek() == ")":
            raise BadExpression(UNBALANCED)
        if self._peek():
            raise BadExpression(NO_OPERATOR)
        return value

    def _peek(self, ahead: int = 0) -> str:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _list(self) -> int:
        value = self._assignment()
        while self._peek() == ",":
            self._at += 1
            value = self._assignment()
        return value

    def _assignment(self) -> int:
        if self._peek(1) not in _ASSIGNMENTS:
            return self._level(0)
        name, operator = self._take(), self._take()
        if not re.fullmatch("[^-+*/%&|^~!(),=<>0-9].*", name):
            raise BadExpression(NO_OPERAND)
        value = self._assignment()
        if operator != "=":
            value = _apply(operator[:-1], self._variable(name), value)
        self._environment.set(name, str(value))
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self._peek() in _LEVELS[level] and self._peek():
            operator = self._take()
            value = _apply(operator, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        token = self._peek()
        signs: dict[str, Callable[[int], int]] = {
            "-": lambda value: -value,
            "+": lambda value: value,
            "~": lambda value: ~value,
            "!": lambda value: int(not value),
        }
        if token in signs:
            self._at += 1
            return _wrapped(signs[token](self._unary()))
        if token == "(":
            self._at += 1
            value = self._list()
            if self._peek() != ")":
                raise BadExpression(UNBALANCED)
            self._at += 1
            return value
        if not token or not re.match("[^-+*/%&|^~!(),=<>]", token):
            raise BadExpression(NO_OPERAND)
        self._at += 1
        return number(token) if token[0].isdigit() else self._variable(token)

    def _variable(self, name: str) -> int:
        """Return a variable's value; one that is not defined, or whose text is no number, is 0."""
        text = (self._environment.get(name) or "").strip()
        found = re.match("([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)", text, re.ASCII)
        if found is None:
            return 0
        value = number(found[2])
        return -value if found[1] == "-" else value


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%") and right == 0:
        raise BadExpression(BY_ZERO)
    quotient = abs(left) // abs(right) * (-1 if (left < 0) != (right < 0) else 1) if right else 0
    results: dict[str, Callable[[], int]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: quotient,
        "%": lambda: left - quotient * right,
        "&": lambda: left & right,
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "<<": lambda: left << (right & 31),
        ">>": lambda: left >> (right & 31),
    }
    return _wrapped(results[operator]())
