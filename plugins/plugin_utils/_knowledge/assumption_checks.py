# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks on assumptions: each is looked at in one way, is used by something that exists, and what would settle a guess is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES

from .assumed import Assumption, Use
from .knowledge import Knowledge
from .model import Confidence

Complain = Callable[[str, str], None]
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
CODE = Path(__file__).parents[1]
# Of several registry values an empty list is the longest; a request has to fit into one envelope of the oldest WinRM, 150 kB.
MOST_FILLER = 64 * 1024


def check_assumptions(knowledge: Knowledge, complain: Complain) -> None:
    """Check all assumptions by themselves and against the rest of the knowledge."""
    seen: set[str] = set()
    for assumption in knowledge.assumptions:
        where = f"assumptions: {assumption.id}"
        if not ID.fullmatch(assumption.id):
            complain(where, "an id has small letters, digits and hyphens")
        if assumption.id in seen:
            complain(where, "is there twice")
        seen.add(assumption.id)
        for problem in _problems(assumption, knowledge):
            complain(where, problem)
    for what, settled_by, confidence in _settled(knowledge):
        if settled_by and settled_by not in seen:
            complain(what, f"there is no assumption '{settled_by}'")
        if settled_by and confidence is not Confidence.MEMORY:
            complain(what, "'settled_by' is for what is known from memory alone")


def _problems(assumption: Assumption, knowledge: Knowledge) -> Iterator[str]:
    kinds = assumption.look.kinds
    if len(kinds) != 1:
        yield f"is to be looked at in one way, not in {len(kinds)}"
    for name in assumption.used:
        if name not in {str(use) for use in Use} | set(STAGES) | set(knowledge.recipes):
            yield f"'{name}' in 'used' is no use, no stage and no recipe"
    for path in assumption.where:
        if not (CODE / path).is_file():
            yield f"there is no file '{path}' below plugins/plugin_utils"
    yield from _problems_of_look(assumption, knowledge)


def _problems_of_look(assumption: Assumption, knowledge: Knowledge) -> Iterator[str]:
    look = assumption.look
    if look.socket is not None:
        recipe = knowledge.recipes.get(look.socket.recipe)
        if recipe is None:
            yield f"there is no recipe '{look.socket.recipe}'"
        else:
            known = {f"{pattern.protocol}/{pattern.port}" for pattern in recipe.listeners}
            yield from (f"recipe {recipe.id} has no listener '{port}'" for port in look.socket.ports if port not in known)
    if look.service is not None:
        yield from (f"'{mode}' is no start mode" for mode in look.service.start if mode not in {str(word) for word in StartMode})
    if look.own_key is not None and not 0 <= look.own_key.filler <= MOST_FILLER:
        yield f"no more than {MOST_FILLER} characters are written"


def _settled(knowledge: Knowledge) -> Iterator[tuple[str, str, Confidence]]:
    for recipe in knowledge.recipes.values():
        yield from ((f"recipes/{recipe.id}.yml: {method.id}", method.settled_by, method.confidence) for method in recipe.methods)
    yield from (("silent.yml", item.settled_by, item.confidence) for item in knowledge.silent)
