# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text as a console has it: characters inside cmd, bytes of a code page in files and pipes.

Bytes that a code page does not know come back as they were (surrogates). A character that it lacks becomes a question mark; the letters of
"best fit" that Windows sometimes takes are not known here.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from winsim.host.model import Language

UTF_16_MARK = codecs.BOM_UTF16_LE
UTF_8 = 65001
ANSI = {Language.ENGLISH: 1252, Language.GERMAN: 1252, Language.JAPANESE: 932}
"""The code page of programs with windows, and of those old ones of the console that do not ask for the console's."""

_LOWEST, _HIGHEST = 0xDC80, 0xDCFF


def _lacking(error: UnicodeError) -> tuple[str | bytes, int]:
    """Turn what a code page lacks into a question mark, and a byte that it did not know into itself."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return b"".join(bytes([ord(sign) & 0xFF]) if _LOWEST <= ord(sign) <= _HIGHEST else b"?" for sign in text), error.end


codecs.register_error("winsim.lossy", _lacking)


def codec_of(number: int) -> str:
    """Return what Python calls a code page.

    Raises:
        ValueError: there is none of this number.
    """
    name = "utf-8" if number == UTF_8 else f"cp{number}"
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"there is no code page {number}") from error


def decode(content: bytes, code_page: int) -> str:
    """Read bytes in a code page; each byte of UTF-16 is a character of its own."""
    return content.decode(codec_of(code_page), "surrogateescape")


def encode(text: str, code_page: int) -> bytes:
    """Write a text in a code page."""
    return text.encode(codec_of(code_page), "winsim.lossy")


def is_utf_16(content: bytes) -> bool:
    """Tell whether bytes carry the mark of UTF-16LE."""
    return content.startswith(UTF_16_MARK)


def shown(content: bytes, code_page: int) -> str:
    """Read bytes as `type` and `find` do: UTF-16 by its mark, else in the code page."""
    return content[len(UTF_16_MARK) :].decode("utf-16-le", "replace") if is_utf_16(content) else decode(content, code_page)


@dataclass(slots=True)
class Pages:
    """The code pages in force: the console's, which `chcp` changes, and that of programs with windows."""

    console: int
    ansi: int
