# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which client library is installed, in which version, and what to say where it is missing or too old."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import NamedTuple


class Library(NamedTuple):
    """A client library, named as pip knows it.

    Attributes:
        plugin: the connection that needs it.
        other: the connection that does without it.
        floor: the oldest version that works.
    """

    name: str
    plugin: str
    other: str
    floor: str

    @property
    def version(self) -> str | None:
        """The version that is installed; None if it is not, or was not installed by a package manager."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None

    def __str__(self) -> str:
        """Name it with the version that is installed."""
        return f"{self.name} {self.version}" if self.version else self.name

    def problem(self, failure: ImportError | None) -> str | None:
        """Say in one sentence why it cannot be used here; None if it can.

        Args:
            failure: what its import raised.
        """
        version = self.version
        needs = f"the {self.plugin} connection needs the Python library {self.name} {self.floor} or newer on the controller"
        advice = f"run '{sys.executable} -m pip install \"{self.name}>={self.floor}\"' there, or set ansible_connection to {self.other}"
        if version and numbers(version) < numbers(self.floor):
            return f"{needs}, but {version} is installed: {advice}"
        if failure is None:
            return None
        if version:
            return f"{needs}, and {version} is installed but cannot be imported ({failure}): {advice}"
        return f"{needs}, and it is not installed: {advice}"


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a release, to compare by; what follows them (`rc1`, `.dev0`) does not count."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()


# `setup_encryption` takes the session as an argument from this version on.
PYWINRM = Library("pywinrm", plugin="winrm", other="psrp", floor="0.5.0")
# Older ones seal only while they have no session of their own, and `transport_psrp` gives them one.
PYPSRP = Library("pypsrp", plugin="psrp", other="winrm", floor="0.9.0")
LIBRARIES = {library.plugin: library for library in (PYPSRP, PYWINRM)}
