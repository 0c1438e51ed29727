# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes over the wire is kept in order, without what may be kept nowhere."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._session import wiretap
from ansible_collections.netmin.windows.plugins.plugin_utils._session.wiretap import Wiretap


class Echo:
    """A transport that answers with what it was sent."""

    endpoint = "http://192.0.2.1:5985/wsman"
    operation_timeout = 20
    logins = 3
    slow = True

    def __init__(self) -> None:
        self.calls: list[str] = []

    def exchange(self, envelope: bytes) -> bytes:
        """Answer."""
        return envelope + b" secret"

    def beside(self) -> Echo:
        """Return another one."""
        return Echo()

    def abort(self) -> None:
        """Note it."""
        self.calls.append("abort")

    def reset(self) -> None:
        """Note it."""
        self.calls.append("reset")

    def close(self) -> None:
        """Note it."""
        self.calls.append("close")


def test_exchanges_are_kept_in_order_and_the_answer_is_whole() -> None:
    tap = Wiretap(Echo(), lambda content: content.replace(b"secret", b"-"))
    assert [tap.exchange(name) for name in (b"a", b"b")] == [b"a secret", b"b secret"]
    assert list(tap.exchanges()) == [
        ("00001-request.xml", b"a"),
        ("00001-answer.xml", b"a -"),
        ("00002-request.xml", b"b"),
        ("00002-answer.xml", b"b -"),
    ]


def test_it_is_the_transport_that_it_wraps_but_for_further_connections() -> None:
    inner = Echo()
    tap = Wiretap(inner, bytes)
    assert (tap.endpoint, tap.operation_timeout, tap.logins, tap.slow) == (Echo.endpoint, 20, 3, False)
    tap.abort()
    tap.reset()
    tap.close()
    assert inner.calls == ["abort", "reset", "close"]
    beside = tap.beside()
    beside.exchange(b"a")
    assert list(tap.exchanges()) == []


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiretap, "MOST", 60)
    tap = Wiretap(Echo(), bytes)
    for _number in range(10):
        tap.exchange(b"a")
    assert 0 < len(list(tap.exchanges())) < 20
