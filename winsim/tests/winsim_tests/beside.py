# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data that belongs to others and lies beside the checkout, or where the environment says.

A test that needs it is skipped where nobody has it. Whoever names a place means it: where nothing is there, the test fails.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared"


@dataclass(frozen=True, slots=True)
class Beside:
    """A file, or a folder of files, by the environment variable that names it; else it is below `SHARED`."""

    variable: str
    default: str

    @property
    def path(self) -> Path:
        """Where it should be."""
        return Path(os.environ.get(self.variable) or SHARED / self.default)

    def at(self, *below: str) -> Path:
        """Return its path, or that of something in it; where it is not there the test is skipped, or fails if the environment names it."""
        path = self.path.joinpath(*below)
        if not path.exists():
            self._missing(path)
        return path

    def parameters(self, pattern: str) -> list[Any]:
        """Return its files, each a parameter of a test; one that is skipped where there are none, or fails as in `at`."""
        return [pytest.param(path, id=path.stem) for path in sorted(self.path.glob(pattern))] or [pytest.param(None, id="none")]

    def given(self, path: Path | None) -> Path:
        """Return a file of `parameters`; skips or fails where there are none."""
        return path or self._missing(self.path)

    def _missing(self, path: Path) -> Any:
        if os.environ.get(self.variable):
            pytest.fail(f"{self.variable} is {self.path}, and there is no {path}")
        pytest.skip(f"nothing is at {path} ({self.variable} may name another place)")


ARTICLE = Beside("NETMIN_ARTICLE", "facts/article.yml")
"""The tables of the article, as data."""

CAPTURES = Beside("NETMIN_CAPTURES", "captures")
"""Recorded answers and registries of real hosts."""

CASES = Beside("NETMIN_CASES", "cases")
"""Situations from the field, as scenarios."""

PUBLISHED = Beside("NETMIN_PUBLISHED", "facts/published_services.yml")
"""Microsoft's tables of services."""
