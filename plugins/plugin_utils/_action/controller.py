# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a controller must have before anything else of this collection is imported.

Everything that runs up to here, this file included, must be importable by every Python that an ansible-core supports.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ansible.errors import AnsibleError
from ansible.release import __version__ as core_version

PYTHON = (3, 11)
CORE = (2, 16)


def require_controller() -> None:
    """End the run with one sentence if Python or ansible-core is too old.

    Raises:
        AnsibleError: says what is needed and what was found.
    """
    found = problem(sys.version_info[:3], core_version)
    if found:
        raise AnsibleError(found)


def problem(python: Sequence[int], core: str) -> str | None:
    """Say what is too old; None if nothing is."""
    if tuple(python) < PYTHON:
        found = f"Python {dotted(python)} ({sys.executable})"
        return f"netmin.windows needs Python {dotted(PYTHON)} or newer on the controller, but ansible-core runs with {found}"
    if tuple(int(part) for part in core.split(".")[:2]) < CORE:
        return f"netmin.windows needs ansible-core {dotted(CORE)} or newer, but this is ansible-core {core} ({sys.executable})"
    return None


def dotted(version: Sequence[int]) -> str:
    """Return a version as people write it."""
    return ".".join(str(part) for part in version)
