# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words that are no secret: those of this collection's own texts and knowledge, and names that Windows gives.

What a plan depends on is named there: classes, keys, services that recipes and hazards look for, words of messages. So a capture in
which only other words are replaced gives the same plan.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import is_like

WORD = re.compile(r"\w+")
ROOT = Path(__file__).resolve().parents[1]
PUBLIC = Path(__file__).with_name("public_names.yml")
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Whatever a person may be called, a drive or an answer (Y, N) has one letter.
SHORTEST = 2


@cache
def words() -> frozenset[str]:
    """Return the words, in small letters."""
    texts = (text for path in sorted(ROOT.rglob("*.py")) for text in _texts(path))
    files = (path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.yml")))
    return frozenset(word.lower() for text in (*texts, *files) for word in WORD.findall(text))


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a source file, but for docstrings, and the names of its fields, which records have as keys."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


class Vocabulary:
    """Tells which words stay."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._words = words()
        hazards = knowledge.hazards
        services = [name for hazard in hazards for name in hazard.affects.services]
        services += [name for hazard in hazards for probe in hazard.detect for name in (*probe.services, *probe.needs)]
        queries = [probe.query for hazard in hazards for probe in hazard.detect if probe.query is not None]
        shown = [text for query in queries for match in query.match for text in (*match.like, *match.not_like)]
        listed = [text for hazard in hazards for probe in hazard.detect if probe.key for text in probe.key.subkeys or ()]
        every = (*services, *shown, *listed, *(entry.name for entry in knowledge.never_stop))
        # Of a pattern that spans words each has to fit by itself.
        parts = {part.lower() for text in every if "*" in text for part in re.findall(r"[\w*]+", text)}
        self._known: dict[str, bool] = {}
        self._patterns = tuple(sorted(part for part in parts if "*" in part and len(part.strip("*")) >= SHORTEST))

    def knows(self, word: str) -> bool:
        """Tell whether a word stays as it is."""
        small = word.lower()
        if small not in self._known:
            self._known[small] = self._is_known(small)
        return self._known[small]

    def _is_known(self, small: str) -> bool:
        if len(small) < SHORTEST or not any(letter.isalpha() for letter in small):
            return True
        # The instance of a per-user service: its template, and the LUID of a sign-in.
        base = re.sub(r"_[0-9a-f]{4,8}$", "", small)
        return small in self._words or (base != small and base in self._words) or is_like(small, self._patterns)

    def has(self, text: str) -> bool:
        """Tell whether a whole text is one word that stays."""
        return WORD.fullmatch(text) is not None and self.knows(text)

    def names(self, guid: str) -> bool:
        """Tell whether a GUID is one that this collection names."""
        return all(part in self._words for part in guid.lower().split("-"))
