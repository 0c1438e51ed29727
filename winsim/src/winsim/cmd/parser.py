# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read command lines: quotes, carets, parentheses, operators, redirections, `if` and `for`.

Percent signs have been replaced before; a line that ends within parentheses, or with a caret, takes the next one.
"""

from __future__ import annotations

from collections.abc import Callable

from .expansion import NotKnown
from .syntax import Block, Chain, Condition, For, If, Node, Redirection, Simple, Stream

BLANKS = " \t\v\f\r\xa0"
DELIMITERS = BLANKS + ",;="
SPECIAL = "&|<>"
COMPARISONS = ("equ", "neq", "lss", "leq", "gtr", "geq")
HANDLES = {"<": 0, ">": 1}

INCORRECT = "The syntax of the command is incorrect.\r\n"


class BadSyntax(Exception):
    """A line cannot be read; the text is what cmd says of it."""


def unexpected(token: str) -> BadSyntax:
    """Return the complaint about a token."""
    return BadSyntax(f"{token} was unexpected at this time.\r\n" if token else INCORRECT)


class Parser:
    """One command, which may go over several lines."""

    def __init__(self, line: str, more: Callable[[], str | None], *, loud: bool = False) -> None:
        """Begin with a line; `more` gives the next one, None at the end. With `loud` labels within parentheses are not known."""
        self._loud = loud
        self._text = line
        self._more = more
        self._at = 0
        self._depth = 0

    def parse(self) -> Node | None:
        """Return the command, None where the line has none (empty, or a label).

        Raises:
            BadSyntax: cmd would refuse the line.
        """
        self._skip(DELIMITERS + "@")
        if self._peek() in ("", ":"):
            return None
        node = self._chain()
        if self._peek():
            raise unexpected(self._token())
        return node

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _skip(self, characters: str) -> None:
        while self._peek() and self._peek() in characters:
            self._at += 1

    def _fetch(self) -> bool:
        """Take in another line; tell whether there was one."""
        line = self._more()
        if line is None:
            return False
        self._text += "\n" + line
        return True

    def _chain(self) -> Node:
        left = self._alternative()
        while True:
            self._skip(BLANKS)
            newline = self._depth > 0 and self._peek() == "\n"
            if not newline and (self._peek() != "&" or self._peek(2) == "&&"):
                return left
            self._at += 1
            self._skip_empty_lines()
            if self._ended():
                return left
            left = Chain("&", left, self._alternative())

    def _skip_empty_lines(self) -> None:
        """Skip what stands between commands; within parentheses line ends and labels, too."""
        while True:
            self._skip(DELIMITERS + "@")
            if self._depth == 0:
                return
            if self._peek() == ":":
                if self._loud:
                    raise NotKnown("A label or :: within parentheses is not known here: cmd reads some of them as commands.")
                self._rest_of_line()
            elif self._peek() == "\n":
                self._at += 1
            elif self._peek() or not self._fetch():
                return

    def _ended(self) -> bool:
        return not self._peek() or (self._depth > 0 and self._peek() == ")")

    def _alternative(self) -> Node:
        return self._binary("||", lambda: self._binary("&&", self._pipe))

    def _pipe(self) -> Node:
        return self._binary("|", self._command)

    def _binary(self, operator: str, operand: Callable[[], Node]) -> Node:
        left = operand()
        while True:
            self._skip(BLANKS)
            if not self._text.startswith(operator, self._at) or (operator == "|" and self._peek(2) == "||"):
                return left
            self._at += len(operator)
            left = Chain(operator, left, operand())

    def _command(self) -> Node:
        redirections: list[Redirection] = []
        self._skip(DELIMITERS + "@")
        while self._redirection(redirections, before=""):
            self._skip(DELIMITERS)
        if self._peek() == "(":
            return self._block(redirections)
        word = self._word()
        if word == "rem":
            return Simple(self._rest_of_line())
        if word in ("if", "for") and not redirections:
            self._at += len(word)
            return self._if() if word == "if" else self._for()
        text = self._simple(redirections)
        if not text.strip(DELIMITERS) and not redirections:
            raise unexpected(self._token())
        return Simple(text, tuple(redirections))

    def _word(self) -> str:
        end = self._at
        while end < len(self._text) and self._text[end].isalpha():
            end += 1
        followed = self._text[end : end + 1]
        return self._text[self._at : end].lower() if not followed or followed in DELIMITERS + "(\n/" else ""

    def _rest_of_line(self) -> str:
        end = self._text.find("\n", self._at)
        start, self._at = self._at, len(self._text) if end < 0 else end
        return self._text[start : self._at]

    def _block(self, redirections: list[Redirection]) -> Node:
        self._at += 1
        self._depth += 1
        self._skip_empty_lines()
        if self._peek() == ")":
            raise unexpected(")")
        if not self._peek():
            raise unexpected("")
        body = self._chain_of_lines()
        self._at += 1
        self._depth -= 1
        self._skip(BLANKS)
        while self._redirection(redirections, before=""):
            self._skip(BLANKS)
        return Block(body, tuple(redirections))

    def _chain_of_lines(self) -> Node:
        body = self._chain()
        while self._peek() != ")":
            if self._peek() or not self._fetch():
                raise unexpected(self._token())
            self._skip_empty_lines()
            if not self._ended():
                body = Chain("&", body, self._chain())
        return body

    def _simple(self, redirections: list[Redirection]) -> str:
        text = ""
        quoted = False
        while character := self._peek():
            if character == "\n" or (not quoted and self._stops(character)):
                break
            if character == "^" and not quoted:
                text += self._escaped()
                continue
            if not quoted and character in "<>":
                kept = self._handle_of(text)
                self._redirection(redirections, before=text[len(kept) :])
                text = kept
                continue
            quoted ^= character == '"'
            text += character
            self._at += 1
        return text

    def _stops(self, character: str) -> bool:
        return character in "&|" or (character == ")" and self._depth > 0)

    def _escaped(self) -> str:
        """Return the character that a caret stands before; at the end of a line the first of the next."""
        self._at += 1
        if not self._peek() and not self._fetch():
            return ""
        if self._peek() == "\n":
            self._at += 1
        character = self._peek()
        self._at += 1
        return character

    @staticmethod
    def _handle_of(text: str) -> str:
        """Return a text without the number of a handle that stands by itself at its end."""
        number = text[-1:].isdigit() and text[-1:].isascii()
        return text[:-1] if number and (len(text) == 1 or text[-2] in DELIMITERS) else text

    def _redirection(self, found: list[Redirection], *, before: str) -> bool:
        """Read a redirection where one stands; `before` is the number of its handle, if that has been read."""
        start = self._at
        if not before and self._peek().isdigit() and self._text[self._at + 1 : self._at + 2] in ("<", ">"):
            before = self._peek()
            self._at += 1
        sign = self._peek()
        if sign not in ("<", ">") or not sign:
            self._at = start
            return False
        self._at += 1
        handle = int(before) if before else HANDLES[sign]
        stream = Stream.READ if sign == "<" else Stream.WRITE
        if sign == ">" and self._peek() == ">":
            stream = Stream.APPEND
            self._at += 1
        if self._peek() == "&":
            self._at += 1
            number = self._peek()
            if not number.isdigit():
                raise unexpected(self._token())
            self._at += 1
            found.append(Redirection(handle, Stream.SAME_AS, number))
            return True
        self._skip(DELIMITERS)
        target = self._argument()
        if not target:
            raise unexpected(self._token())
        found.append(Redirection(handle, stream, target))
        return True

    def _argument(self, stop: str = DELIMITERS) -> str:
        """Return a word up to a delimiter, with its quotes."""
        word = ""
        quoted = False
        while character := self._peek():
            if character == "\n" or (not quoted and (character in stop or character in SPECIAL or (character == ")" and self._depth > 0))):
                break
            if character == "^" and not quoted:
                word += self._escaped()
                continue
            quoted ^= character == '"'
            word += character
            self._at += 1
        return word

    def _token(self) -> str:
        """Return what stands here, for a complaint; empty at the end of a line."""
        self._skip(BLANKS)
        if self._peek(2) in ("&&", "||", ">>"):
            return self._peek(2)
        if self._peek() and self._peek() in SPECIAL + "()":
            return self._peek()
        return self._argument()

    def _if(self) -> Node:
        condition = self._condition()
        self._skip(DELIMITERS)
        if self._ended() or self._peek() == "\n":
            raise unexpected(self._peek().strip())
        then = self._chain_of_branch()
        mark = self._at
        self._skip(BLANKS)
        if self._word() != "else":
            self._at = mark
            return If(condition, then)
        self._at += len("else")
        self._skip(DELIMITERS)
        if self._ended() or self._peek() == "\n":
            raise unexpected(self._peek().strip())
        return If(condition, then, self._chain_of_branch())

    def _chain_of_branch(self) -> Node:
        """Read all that belongs to a branch: to the end of the line, or of the parentheses around it."""
        left = self._alternative()
        while True:
            self._skip(BLANKS)
            if self._peek() != "&" or self._peek(2) == "&&":
                return left
            self._at += 1
            self._skip(DELIMITERS + "@")
            if self._ended() or self._peek() == "\n":
                return left
            left = Chain("&", left, self._alternative())

    def _condition(self) -> Condition:
        ignore_case = negated = False
        word = self._if_word()
        while word.lower() in ("/i", "not"):
            ignore_case |= word.lower() == "/i"
            negated |= word.lower() == "not"
            word = self._if_word()
        if word.lower() in ("errorlevel", "defined", "exist", "cmdextversion") and self._peek(2) != "==":
            return Condition(word.lower(), self._needed(), negated=negated, ignore_case=ignore_case)
        if not word:
            raise unexpected(self._operand())
        self._skip(BLANKS)
        if self._peek(2) == "==":
            self._at += 2
            self._skip(DELIMITERS)
            return Condition("==", word, self._needed(), negated, ignore_case)
        test = self._if_word().lower()
        if test not in COMPARISONS:
            raise unexpected(test)
        return Condition(test, word, self._needed(), negated, ignore_case)

    def _if_word(self) -> str:
        self._skip(BLANKS + ",;")
        if self._peek(2) == "==":
            return ""
        return self._argument()

    def _operand(self) -> str:
        """Return what follows a comparison without a left side, for the complaint about it."""
        self._skip(DELIMITERS)
        return self._token()

    def _needed(self) -> str:
        word = self._if_word()
        if not word:
            raise unexpected(self._token())
        return word

    def _for(self) -> Node:
        kind = options = ""
        word = self._for_word()
        if word.lower() in ("/f", "/l", "/d", "/r"):
            kind = word[1:].lower()
            word = self._for_word()
            if kind == "f" and not word.startswith("%"):
                options = word
                word = self._for_word()
        if kind in ("d", "r"):
            raise NotKnown(f"for /{kind} is not known here.")
        if len(word) != 2 or word[0] != "%":
            raise unexpected(word)
        if self._for_word().lower() != "in":
            raise unexpected(self._token())
        self._skip(BLANKS)
        if self._peek() != "(":
            raise unexpected(self._token())
        items = self._items()
        if self._for_word().lower() != "do":
            raise unexpected(self._token())
        self._skip(DELIMITERS)
        if self._ended() or self._peek() == "\n":
            raise unexpected(self._peek().strip())
        return For(kind, options, word[1], items, self._chain_of_branch())

    def _for_word(self) -> str:
        self._skip(DELIMITERS)
        return self._argument(BLANKS + "(")

    def _items(self) -> str:
        """Read what stands in the parentheses of a loop; line ends are blanks there."""
        self._at += 1
        text = ""
        quoted = False
        while True:
            character = self._peek()
            if not character:
                if not self._fetch():
                    raise unexpected("")
                continue
            if character == "^" and not quoted:
                text += self._escaped()
                continue
            self._at += 1
            if character == ")" and not quoted:
                return text
            if character in SPECIAL and not quoted:
                raise unexpected(character)
            quoted = (quoted ^ (character == '"')) and character != "\n"
            text += " " if character == "\n" else character
