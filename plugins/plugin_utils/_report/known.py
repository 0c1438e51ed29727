# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of the recipes that a report names: once for all hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Confidence, Knowledge, Recipe

from .view import HostView

SURENESS = tuple(Confidence)
"""The surest first."""


def recipes_of(knowledge: Knowledge, hosts: Iterable[HostView]) -> dict[str, dict[str, Any]]:
    """Return what is known of each recipe that hosts name, by id; ids of no recipe are left out."""
    versions: dict[str, set[str]] = {}
    for host in hosts:
        for row in host.ports:
            versions.setdefault(row.recipe, set()).add(host.windows_id)
    return {name: _known(knowledge, knowledge.recipes[name], versions[name]) for name in sorted(versions) if name in knowledge.recipes}


def _controls(knowledge: Knowledge, recipe: Recipe, versions: Iterable[str]) -> list[str]:
    """Return the controls for the Windows versions on which the recipe was seen, or all where a version is not known."""
    names = tuple(versions)
    controls = [control for control in knowledge.controls if control.method and control.recipe == recipe.id]
    if not all(name in knowledge.versions for name in names):
        return [control.id for control in controls]
    return [control.id for control in controls if any(map(control.is_for_version, names))]


def _known(knowledge: Knowledge, recipe: Recipe, versions: Iterable[str]) -> dict[str, Any]:
    # What a recipe cites beside its methods is about why it stays; its confidence is not stated.
    cited: dict[str, str] = dict.fromkeys(recipe.sources, "")
    for method in recipe.methods:
        for source in method.sources:
            before = cited.get(source)
            surer = not before or SURENESS.index(method.confidence) < SURENESS.index(Confidence(before))
            cited[source] = str(method.confidence) if surer else str(before)
    return {
        "purpose": recipe.purpose,
        "breaks": recipe.breaks,
        "note": recipe.note,
        "stays": recipe.stays,
        "instead": recipe.instead,
        "sources": [{"id": name, "title": knowledge.sources.get(name, name), "confidence": sure} for name, sure in cited.items()],
        "controls": _controls(knowledge, recipe, versions),
    }
