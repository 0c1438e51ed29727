# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of the recipes that a report names: once for all hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Confidence, Knowledge, Recipe

SURENESS = tuple(Confidence)
"""The surest first."""


def recipes_of(knowledge: Knowledge, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what is known of each recipe, by id; ids of no recipe are left out."""
    return {name: _known(knowledge, knowledge.recipes[name]) for name in sorted(set(ids)) if name in knowledge.recipes}


def _known(knowledge: Knowledge, recipe: Recipe) -> dict[str, Any]:
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
        "controls": list(knowledge.controls.of_recipe(recipe.id)),
    }
