# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of a capture: a zip, of which `capture.json` alone is read, within bounds.

It may come from anybody. What it says of its own sizes is not believed, nothing of it is unpacked to the disk, and no name in it becomes
a path.
"""

from __future__ import annotations

import json
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ENTRY, WIRE = "capture.json", "wire/"
MOST_FILE = 256 * 1024 * 1024
MOST_JSON = 32 * 1024 * 1024
MOST_DIRECTORY = 2 * 1024 * 1024
MOST_ENTRIES = 20_000
MOST_VALUES = 3_000_000
"""What the largest host comes nowhere near: bytes of the file, of what is read of it and of its directory, and how much is in them."""

# APPNOTE.TXT of the zip format, 4.3.16 and 4.3.15: the end of the directory with its size, and what stands before it in a zip64.
_END, _ZIP64 = struct.Struct("<4s4H2LH"), b"PK\x06\x07"
_TORN = (
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError, struct.error),
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error),
)
# What XML cannot carry, so that no host can have answered it.
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_SHOWN = 100
COMMANDS = "commands"
"""What commands wrote is bytes of a console, and may hold anything but half a character."""


class CaptureError(ValueError):
    """A capture cannot be used; the message is one sentence for whoever gave it."""


def shown(text: object) -> str:
    """Return a text of a file as one line for a terminal: nothing in it moves a cursor, and it has an end."""
    found = "".join(sign if sign.isprintable() else "?" for sign in str(text)[: _LONGEST_SHOWN + 1])
    return f"{found[:_LONGEST_SHOWN]}..." if len(found) > _LONGEST_SHOWN else found


def read_json(path: Path) -> object:
    """Return what `capture.json` in a file says.

    Raises:
        CaptureError: the file is not there, not whole, no capture, or larger than any.
    """
    where = f"the capture {shown(path)}"
    content = _content(path, where)
    if sum(content.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise CaptureError(f"{where} has more than {MOST_VALUES} values: no host answers so much")
    try:
        node = json.loads(content.decode("utf-8"))
        wrong = next((text for text in _texts(node) if _UNSENDABLE.search(text)), None)
    except (RecursionError, ValueError) as error:
        raise CaptureError(f"{where} is damaged: {ENTRY} in it is no JSON") from error
    if wrong is not None:
        raise CaptureError(f"{where} holds a text that no host can have sent: {shown(wrong)}")
    return node


def _texts(node: object) -> Iterator[str]:
    """Yield every text of what was read, names included."""
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, list):
            pending += found
        elif isinstance(found, dict):
            yield from found
            pending += [item for name, item in found.items() if name != COMMANDS]


def _content(path: Path, where: str) -> bytes:
    try:
        # Whoever put a pipe or a device there would let us wait, or read without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise CaptureError(f"{where} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise CaptureError(f"{where} is no file")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > MOST_FILE:
            raise CaptureError(f"{where} has {status.st_size} bytes, and no capture has more than {MOST_FILE}")
        try:
            _check_directory(file, status.st_size, where)
            return _unpacked(file, where)
        except CaptureError:
            raise
        except _TORN as error:
            raise CaptureError(f"{where} is damaged or cut off ({shown(error)}): copy it again") from error


def _check_directory(file: BinaryIO, size: int, where: str) -> None:
    """Refuse a directory that no capture has before anything is made of it."""
    start = max(size - _END.size - 20, 0)
    file.seek(start)
    tail = file.read(size - start)
    end = tail[len(tail) - _END.size :] if len(tail) >= _END.size else b""
    if not end.startswith(b"PK\x05\x06"):
        raise zipfile.BadZipFile("the end of the zip is not there")
    directory = _END.unpack(end)[5]
    if directory > MOST_DIRECTORY or tail.startswith(_ZIP64):
        raise CaptureError(f"{where} has a directory of {directory} bytes, and no capture has more than {MOST_DIRECTORY}")
    file.seek(0)


def _unpacked(file: BinaryIO, where: str) -> bytes:
    """Return the one entry that counts."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise CaptureError(f"{where} has {len(entries)} entries, and no capture has more than {MOST_ENTRIES}")
        strange = next((entry.filename for entry in entries if not _belongs(entry.filename)), None)
        if strange is not None:
            raise CaptureError(f"{where} holds '{shown(strange)}', which is in no capture")
        if sum(entry.filename == ENTRY for entry in entries) != 1:
            raise CaptureError(f"{where} is no capture: it needs exactly one {ENTRY}")
        if archive.getinfo(ENTRY).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CaptureError(f"{where} is packed in a way that no capture is")
        with archive.open(ENTRY) as entry:
            content = entry.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise CaptureError(f"{where} unpacks to more than {MOST_JSON} bytes, and no capture does")
    return content


def _belongs(name: str) -> bool:
    below = name.removeprefix(WIRE)
    return name == ENTRY or (name.startswith(WIRE) and "/" not in below and "\\" not in below and not below.startswith("."))
