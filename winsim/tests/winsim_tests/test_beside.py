# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data beside the checkout: absent it skips a test; absent where the environment names it, the test fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .beside import Beside

NAMED = Beside("NETMIN_TEST", "no/such/place")
WAYS: tuple[Callable[[], Path], ...] = (NAMED.at, lambda: NAMED.given(None))


def test_what_nobody_has_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETMIN_TEST", raising=False)
    for ask in WAYS:
        with pytest.raises(pytest.skip.Exception, match=r"no/such/place \(NETMIN_TEST may name another place\)"):
            ask()


def test_what_is_named_and_not_there_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETMIN_TEST", str(tmp_path / "misspelt"))
    for ask in WAYS:
        with pytest.raises(pytest.fail.Exception, match=r"NETMIN_TEST is .*misspelt, and there is no .*misspelt"):
            ask()
    monkeypatch.setenv("NETMIN_TEST", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match=r"there is no .*below"):
        NAMED.at("below")


def test_what_is_there_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETMIN_TEST", str(tmp_path))
    for name in ("b.yml", "a.yml"):
        tmp_path.joinpath(name).touch()
    assert NAMED.at("a.yml") == tmp_path / "a.yml"
    assert [parameter.id for parameter in NAMED.parameters("*.yml")] == ["a", "b"]
    assert NAMED.given(tmp_path / "a.yml") == tmp_path / "a.yml"
