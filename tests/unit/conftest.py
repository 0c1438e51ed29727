# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several files of tests need, and what takes long to get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.netmin.windows.tests.unit import role_arguments


@pytest.fixture(scope="session")
def documents() -> Mapping[str, Any]:
    """Return what ansible-doc knows of each module, documentation fragments included."""
    modules = (role_arguments.CHECKOUT / "plugins/modules").glob("*.py")
    return role_arguments.documents(sorted(path.stem for path in modules if path.stem != "__init__"))
