# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a parsed command line is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stream(Enum):
    """How a redirection opens its target."""

    READ = "<"
    WRITE = ">"
    APPEND = ">>"
    SAME_AS = ">&"


@dataclass(frozen=True, slots=True)
class Redirection:
    """One redirection; the target of `SAME_AS` is the number of another handle."""

    handle: int
    stream: Stream
    target: str


@dataclass(frozen=True, slots=True)
class Simple:
    """A command with its arguments as one text: carets are gone, quotes are not."""

    text: str
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Commands in parentheses."""

    body: Node
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Two commands with `&`, `&&`, `||` or `|` between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Condition:
    """What `if` asks: a test (`errorlevel`, `defined`, `exist`, `cmdextversion`, `==` or `equ` and its like) with its words."""

    test: str
    left: str
    right: str = ""
    negated: bool = False
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class If:
    """A condition with what is done then and otherwise."""

    condition: Condition
    then: Node
    otherwise: Node | None = None


@dataclass(frozen=True, slots=True)
class For:
    """A loop: `kind` is empty (a list), `l` (numbers) or `f` (lines)."""

    kind: str
    options: str
    variable: str
    items: str
    body: Node


Node = Simple | Block | Chain | If | For
