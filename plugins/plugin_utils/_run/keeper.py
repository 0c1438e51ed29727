# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A copy of a run's record in a file on the controller, beside that on the host. Knows no Ansible.

The file is on the disk before the first change, or nothing is changed. It holds what the snapshot holds, and no secrets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotKept
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

SCHEMA = 1
# Together with run and suffix below the 255 bytes that file systems allow a name.
LONGEST_HOST = 180


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the records of one host in one folder.

    Attributes:
        folder: is made, for its owner alone, where it is not there.
        host: the host acted upon.
    """

    folder: Path
    host: str

    def path(self, run: str) -> Path:
        """Return the file of a run; no name of a host leads out of the folder, and no two share a file."""
        name = quote(self.host, safe=" ")
        if len(name) > LONGEST_HOST:
            name = f"{name[:LONGEST_HOST]}~{sha256(self.host.encode()).hexdigest()[:16]}"
        return self.folder / f"{name}.{run}.json"

    def keep(self, run: str, record: Mapping[str, Any], *, ended: bool) -> None:
        """Write the record of a run; a file that is there is replaced as a whole, or stays.

        Raises:
            NotKept: it is not safely on the disk.
        """
        path = self.path(run)
        whole = {"schema_version": SCHEMA, "host": self.host, "run": run, "ended": ended, **record}
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write(fresh, json.dumps(whole, indent=2).encode() + b"\n")
                fresh.replace(path)
            except OSError:
                with suppress(OSError):
                    fresh.unlink()
                raise
            _sync_folder(self.folder)
        except (OSError, ValueError) as error:
            # ValueError: a NUL, or what the file system has no bytes for.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise NotKept(f"the record cannot be kept in {excerpt(path)}: {reason}") from error


def _write(path: Path, content: bytes) -> None:
    """Write a new file for its owner alone; it is on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put the file's name on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
