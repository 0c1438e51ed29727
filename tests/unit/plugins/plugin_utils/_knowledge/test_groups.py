# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The groups of svchost in recorded SYSTEM hives: of each service that can share a process with an owner it is decided what it is."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.tests.beside import CAPTURES

KNOWLEDGE = load()
HIVES = {
    "windows_xp_sp3": ("5.1", 2600),
    "windows_7_sp1": ("6.1", 7601),
    "windows_8_1": ("6.3", 9600),
    "windows_10_1709": ("10.0", 16299),
}
TEMPLATE = 0x40
# A rule that comes with Windows, or what they do, speaks for a listener; nobody has shown one (silent.yml says so, too).
UNKNOWN = {"ipbusenum", "mcx2svc", "msiscsi", "sharedrealitysvc", "wcncsvc", "wpcsvc", "xboxnetapisvc"}


def groups_of(name: str) -> dict[str, set[str]]:
    """Return the services of each group that is no template of per-user services."""
    hive: dict[str, Any] = yaml.safe_load(CAPTURES.at("registry", f"{name}.yml").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = defaultdict(set)
    for service, row in hive["services"].items():
        if "svchost" in row and not int(row["Type"]) & TEMPLATE:
            found[row["svchost"].lower()].add(service.lower())
    return found


def owners_on(windows: Windows) -> set[str]:
    return {
        name.lower() for recipe, pattern in KNOWLEDGE.patterns(windows) for name in (pattern.services or recipe.services + recipe.drivers)
    }


@pytest.mark.parametrize("name", HIVES)
def test_each_service_beside_an_owner_is_an_owner_silent_or_known_to_be_unknown(name: str) -> None:
    version, build = HIVES[name]
    windows = KNOWLEDGE.place(NtVersion.parse(version), build, ProductType.WORKSTATION)
    owners, silent = owners_on(windows), KNOWLEDGE.silent_on(windows)
    undecided = {
        f"{group}: {service}"
        for group, services in groups_of(name).items()
        if services & owners
        for service in services - owners - silent - UNKNOWN
    }
    assert undecided == set()
