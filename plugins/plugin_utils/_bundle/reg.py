# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry files: the values of the plan as they were, as they are to be, and back again.

Microsoft, "How to add, modify, or delete registry subkeys and values by using a .reg file" (KB 310516): header, `"X"=-`, escapes; hex(7)
and its like from published descriptions. Version 5 is UTF-16 with its mark; Windows 2000 and anything later reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import named_exports, read_export
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused, UnusableCapture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue

from .steps import Write

HEADER, OLD_HEADER = "Windows Registry Editor Version 5.00", "REGEDIT4"
ROOT = "HKEY_LOCAL_MACHINE\\"
MARK = b"\xff\xfe"
HEX = {RegistryType.BINARY: "hex:", RegistryType.MULTI_SZ: "hex(7):", RegistryType.EXPAND_SZ: "hex(2):"}
SHORT = 66
"""Characters of a line that no regedit breaks: published exports have lines of 76 and more."""


def of(values: Iterable[tuple[Write, RegistryValue | None]]) -> bytes:
    """Return a registry file in which values are set, or deleted where they are None."""
    lines = [HEADER, ""]
    key = ""
    for step, value in values:
        if step.key != key:
            key = step.key
            lines += [*([""] if lines[-1] else []), f"[{ROOT}{key}]"]
        lines.append(f"{quoted(step.name)}={'-' if value is None else data(value)}")
    return MARK + "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-16-le")


def quoted(text: str) -> str:
    """Return a name or a text as such a file has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def data(value: RegistryValue, *, old: bool = False) -> str:
    """Return what stands behind the equals sign, on one line.

    Args:
        old: as REGEDIT4 has it, where texts are single bytes.

    Raises:
        Refused: the value is of a type, or has a character, that cannot be written so.
    """
    if value.type is RegistryType.SZ:
        return quoted(str(value.data))
    if value.type is RegistryType.DWORD and isinstance(value.data, int):
        return f"dword:{value.data:08x}"
    if value.type not in HEX:
        raise Refused(f"a registry value of type REG_{value.type.name} cannot be written into a bundle")
    return HEX[value.type] + ",".join(f"{byte:02x}" for byte in _bytes(value, old=old))


def _bytes(value: RegistryValue, *, old: bool) -> bytes:
    if isinstance(value.data, bytes):
        return value.data
    texts = value.data if isinstance(value.data, tuple) else (str(value.data),)
    text = "".join(f"{entry}\0" for entry in texts) + ("\0" if isinstance(value.data, tuple) else "")
    if old and not text.isascii():
        raise Refused(f"the text {text[:60]!a} is not ASCII and cannot be written into a batch file")
    return text.encode("ascii" if old else "utf-16-le")


# How the host's own regedit breaks lines


@dataclass(frozen=True, slots=True)
class Shown:
    """How an export of the host shows a value: pieces, each of which is within one line.

    Attributes:
        whole: the pieces are all of it; otherwise they are its beginning.
    """

    pieces: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports that `collect` made on the host: nothing but these tells where its regedit breaks a line."""

    folder: Path | None = None

    def shown(self, step: Write, value: RegistryValue, other: RegistryValue | None) -> Shown:
        """Say how an export will show a value.

        A line that no regedit breaks is known. Of a longer one the lines are taken from what was collected; that a value of the same name
        would be broken at the same places shows the other one, which is not there yet.

        Args:
            other: the other state of the same value.

        Raises:
            Refused: the value is too long for one line, and nothing shows how the host breaks it.
        """
        text = data(value)
        if len(f"{quoted(step.name)}={text}") <= SHORT or value.type not in HEX:
            return Shown((text,))
        there = self._lines(step)
        if there and "".join(there).lower() == text:
            return Shown(there)
        alike = other is not None and other.type is value.type
        if there and other is not None and alike and "".join(there).lower() == data(other):
            return _broken(text, there)
        if not alike and len(quoted(step.name)) <= SHORT // 2:
            # Nothing was there before, or another type: its beginning tells it from that.
            return Shown((_beginning(text, SHORT - len(quoted(step.name)) - 1),), whole=False)
        raise Refused(
            f"{step.target} is a list that regedit of Windows 2000 breaks into lines: "
            + (
                "the files in 'collected' have another value than the capture; collect again and capture that"
                if there
                else "give 'collected', the folder that collect_2000.cmd filled on this host, to show where"
            )
        )

    def _lines(self, step: Write) -> tuple[str, ...]:
        """Return the lines of a value in the exports, without what ends each."""
        if self.folder is None:
            return ()
        wanted = f"{step.key}\\".lower()
        for name, key in named_exports(self.folder):
            if wanted.startswith(f"{key}\\"):
                return tuple(_found(read_export(self.folder, name), step))
        return ()


def _found(content: bytes, step: Write) -> Iterator[str]:
    try:
        lines = iter(content.removeprefix(MARK).decode("utf-16-le").split("\r\n"))
    except UnicodeDecodeError as error:
        raise UnusableCapture("an export in 'collected' is not in UTF-16: regedit of Windows 2000 writes that") from error
    here, start = False, f"{quoted(step.name)}=".lower()
    for line in lines:
        if line.startswith("["):
            here = line.lower() == f"[{ROOT}{step.key}]".lower()
        elif here and line.lower().startswith(start):
            part = line[len(start) :]
            while part.endswith("\\"):
                yield part.removesuffix("\\")
                part = next(lines, "").strip()
            yield part
            return


def _beginning(text: str, most: int) -> str:
    """Return whole bytes with the comma behind them, which says that the value goes on."""
    return text[: text[:most].rindex(",") + 1]


def _broken(text: str, there: Sequence[str]) -> Shown:
    """Break a value where the host breaks another of the same name: what stands before it is as long."""
    first = len(there[0])
    if len(text) <= first:
        return Shown((text,))
    if len(there) == 1:
        return Shown((_beginning(text, first),), whole=False)
    pieces, rest = [text[:first]], text[first:]
    # Of the second line it is known how much it takes only where a third one follows.
    size, certain = len(there[1]), len(there) > 2
    while len(rest) > size:
        if not certain:
            return Shown(tuple(pieces), whole=False)
        pieces.append(rest[:size])
        rest = rest[size:]
    return Shown((*pieces, rest))
