# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stays open once a plan has been carried out and the host has booted: which listener, why, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import ip_filter
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Residue, Skipped

STAYING = (Outlook.STAYS, Outlook.FILTERED, Outlook.RETURNS_AT_BOOT, Outlook.UNKNOWN)
USABLE = (Status.WORKS, Status.PARTIAL)


def reasons(skipped: Iterable[Skipped], knowledge: Knowledge, windows: Windows) -> Mapping[str, str]:
    """Say for each recipe why its listeners stay although a plan was made: it was passed over, or nothing closes them here."""
    found = {recipe.id: why for recipe in knowledge.recipes.values() if (why := stays(recipe, windows))}
    return {**found, **{item.recipe.id: item.detail for item in skipped}}


def stays(recipe: Recipe, windows: Windows) -> str:
    """Say why nothing that is known closes a recipe's listeners on this Windows; "" where something does."""
    methods = recipe.methods_on(windows)
    if any(method.status in USABLE for method in methods):
        return ""
    return recipe.stays or next((method.because for method in methods if method.because), "")


def residue(subjects: Iterable[Explained], entries: Iterable[Forecast], knowledge: Knowledge, windows: Windows) -> tuple[Residue, ...]:
    """Return the listeners of a forecast that stay and are not kept; endpoints of the loopback are none."""
    return tuple(
        Residue(subject, entry.why, _instead(subject, entry, knowledge, windows), filtered=entry.outlook is Outlook.FILTERED)
        for subject, entry in zip(subjects, entries, strict=True)
        if entry.outlook in STAYING and entry.identity.scope is not Scope.LOOPBACK
    )


def _instead(subject: Explained, entry: Forecast, knowledge: Knowledge, windows: Windows) -> str:
    if entry.outlook is Outlook.FILTERED:
        return ""
    recipe = knowledge.recipes.get(subject.recipe or "")
    if recipe is not None and recipe.instead:
        return recipe.instead
    return ip_filter.advice(windows)
