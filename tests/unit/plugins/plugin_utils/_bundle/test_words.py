# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of a host in a batch file: harmless, or refused."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.words import LONGEST, content, remarks, said, word
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from hypothesis import given
from hypothesis import strategies as st

SIGNS = set('&|<>^%!"\r\n\t\x1a\0')


@given(st.text())
def test_what_a_person_reads_has_no_sign_that_cmd_takes(text: str) -> None:
    """Whatever a host says: it stays on its line, and starts nothing."""
    for line in (said(text), *remarks(text)):
        assert line.isascii()
        assert not SIGNS & set(line)
        assert len(line) < LONGEST


@given(st.text())
def test_a_name_is_written_as_it_is_or_refused(text: str) -> None:
    """Between quotes nothing of it ends the quotes, names a variable, or leaves ASCII."""
    harmless = text.isascii() and text.isprintable() and not set('"%^!') & set(text) and not text.endswith("\\")
    if harmless:
        assert word(text, "the name") == text
    else:
        with pytest.raises(Refused, match="cannot be written into a batch file"):
            word(text, "the name")


@pytest.mark.parametrize("text", ["Dnscache", "a b", "R&D", "x(1)", r"SYSTEM\CurrentControlSet"])
def test_names_with_signs_that_quotes_keep_are_written(text: str) -> None:
    assert word(text, "the name") == text


@pytest.mark.parametrize("text", ['a"b', "100%", "a^b", "ä", "a\nb", "hi!", "end\\"])
def test_names_that_no_quotes_keep_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        word(text, "the name")


def test_lines_end_as_windows_wants_them_and_are_not_too_long() -> None:
    assert content(["a", "b"]) == b"a\r\nb\r\n"
    with pytest.raises(Refused, match="2001 characters"):
        content(["x" * 2001])
