# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The glossary has every word that a result can hold, and no other, in the order of the alphabet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Outcome, Outlook, Verdict
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import MapState
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import hazards, model
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.apply import ChangeStatus
from ansible_collections.netmin.windows.plugins.plugin_utils._run.fleet import Ended
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import Phase

from .role_arguments import CHECKOUT

# By the first word of the heading. What is added is said by code that has no list of such words.
WORDS: Mapping[str, set[str]] = {
    "Outlook": set(Outlook),
    "Expectation": set(Expectation),
    "Outcome": set(Outcome),
    "Verdict": set(Verdict),
    "Status of a change": {*ChangeStatus, "planned"},
    "Effective": set(Effective),
    "Reason": set(Reason),
    "Scope": set(Scope),
    "Gate and confidence": {*hazards.Gate, *model.Confidence},
    "Status of a method": set(model.Status),
    "Phase": {*Phase, "confirmed"},
    "How a run ended": set(Ended),
    "State of an endpoint map": set(MapState),
}
ROW = re.compile(r"\| (`?)([^|`]+)\1 \| [A-Z][^|]*\. \|")


def tables(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading of the third level, and the words of the table below it; "" for what comes before the first."""
    for section in re.split(r"^### ", text, flags=re.MULTILINE):
        heading, _line, body = section.partition("\n")
        rows = [line for line in body.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| term", "| word"))]
        found = [ROW.fullmatch(row) for row in rows]
        assert None not in found, f"a row of {heading} is no word with one sentence"
        yield heading, [match[2] for match in found if match is not None]


def glossary() -> dict[str, list[str]]:
    """Return the tables of the page."""
    return dict(tables((CHECKOUT / "docs/glossary.md").read_text(encoding="utf-8")))


def test_every_table_is_about_words_that_are_known() -> None:
    headings = [heading for heading in glossary() if heading and not heading.startswith("#")]
    assert [heading for heading in headings if not heading.startswith(tuple(WORDS))] == []


@pytest.mark.parametrize("start", WORDS)
def test_the_words_of_results_are_explained(start: str) -> None:
    (words,) = (words for heading, words in glossary().items() if heading.startswith(start))
    assert sorted(words) == sorted(WORDS[start])


@pytest.mark.parametrize("heading", glossary())
def test_words_are_in_alphabetical_order(heading: str) -> None:
    words = glossary()[heading]
    assert words
    assert words == sorted(words, key=str.lower)


def test_a_row_without_a_sentence_is_seen() -> None:
    with pytest.raises(AssertionError, match="a row of Scope"):
        list(tables("### Scope\n\n| word | meaning |\n| --- | --- |\n| `adapter` | |\n"))
