# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows, faults, records, rules and listings that make no sense: only errors of ours come out, each with the host's name.

A few of them each time; `make fuzz` tries them for minutes (NETMIN_FUZZ is how many times as many).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

import pytest
from ansible_collections.netmin.windows.plugins.action import confirm, listeners_info, minimize, proof_info, restore, snapshot_info
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session import fakes
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, simulated
from ansible_collections.netmin.windows.tests.unit.tasks import HOST, made, run, spoiling
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("NETMIN_FUZZ", "1"))


def tries(count: int) -> settings:
    """Try something so many times; none of them is quick."""
    return settings(max_examples=count * TIMES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


ACTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "listeners": (listeners_info.ActionModule, {}),
    "minimize": (minimize.ActionModule, {"ip_filter": {"residue": "drop"}, "dependents": "stop"}),
    "proof": (proof_info.ActionModule, {"interval": 1, "limit": 30}),
    "restore": (restore.ActionModule, {"force": True}),
    "snapshots": (snapshot_info.ActionModule, {}),
    "confirm": (confirm.ActionModule, {}),
}
SCENARIOS = ("windows_xp", "windows_7", "windows_server_2022")

WORDS = ["", " ", "80;", "-1", "9" * 40, "65536", "0x10", "true", "NaN", "yesterday", "2026-13-45T99:99:99Z", "1601-01-01T00:00:00Z"]
WORDS += [
    "999.1.2.3",
    "::",
    "fe80::1%",
    "0.0.0.0:99999",
    "\u202e\u200f",
    "a\nb",
    "{{ 7*7 }}",
    "%PATH%",
    '"',
    "&",
    "x" * 5000,
    "\u0130\u212a",
]
WORDS += [
    "v2.30|Action=Block|Name=",
    "|||",
    "{}",
    "[]",
    "null",
    '{"schema_version": 1}',
    '{"run": [], "parts": 1e9}',
    '{"a":' * 2000,
    "*",
    "Auto",
]
TEXTS = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
CODES = st.sampled_from([5, 2150858843, 0x80041002, 0x80041010, 0x80338048, 0x80338029, 2**32, -1]) | st.integers(-(2**33), 2**33)
KINDS = ("text", "cut", "twice", "gone", "renamed", "array", "nil", "nested", "fault", "garbage", "stream")
CHANGE = st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6), TEXTS, CODES)
# At which answers something is changed: numbers modulo a small one, so that early and late ones are hit.
PLACES = st.tuples(st.integers(1, 60), st.integers(1, 40))


def spoilt(answer: bytes, change: tuple[str, int, str, int]) -> bytes:
    """Change one thing in an answer."""
    kind, where, text, code = change
    root = fromstring(answer)
    relates = root.findtext(f"{{{names.SOAP}}}Header/{{{names.ADDRESSING}}}RelatesTo", "")
    if kind == "fault":
        return fakes.soap(fakes.fault(code, f"w:{''.join(filter(str.isalpha, text)) or 'X'}"), relates)
    if kind == "garbage":
        return answer[: where % (len(answer) or 1)]
    body = root.find(f"{{{names.SOAP}}}Body")
    parents = [(parent, child) for parent in (body.iter() if body is not None else ()) for child in parent]
    if kind == "stream":
        parents = [(parent, child) for parent, child in parents if child.tag.endswith("}Stream")]
    if not parents:
        return answer
    parent, child = parents[where % len(parents)]
    _change(kind, parent, child, where, text)
    return tostring(root)


def _change(kind: str, parent: Element, child: Element, where: int, text: str) -> None:
    if kind == "text":
        child.text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    elif kind == "cut":
        child.text = (child.text or "")[: where % (len(child.text or "") + 1)]
    elif kind == "twice":
        parent.append(child)
    elif kind == "gone":
        parent.remove(child)
    elif kind == "renamed":
        child.tag = f"{child.tag}X"
    elif kind == "array":
        parent.extend([child] * (where % 300))
    elif kind == "nil":
        child.set(f"{{{names.XSI}}}nil", "true")
    elif kind == "nested":
        SubElement(child, "x").text = "y"
    elif kind == "stream":
        lines = base64.b64decode(child.text or "").split(b"\r\n")
        number = where % len(lines)
        lines[number] = text.encode() if where % 2 else lines[number].replace(b" ", b"", 1)
        child.text = base64.b64encode(b"\r\n".join(lines)).decode()


@cache
def host_of(name: str) -> Simulated:
    """Return a host that has a run behind it, and so all our records; what only reads leaves it as it is."""
    host = STACK.enter_context(simulated(name))
    done = run(made(minimize.ActionModule, host, host.session, **ACTIONS["minimize"][1]))
    assert not done.get("failed"), done["msg"]
    return host


STACK = ExitStack()


@pytest.fixture(scope="module", autouse=True)
def hosts() -> Iterator[None]:
    """Close the sessions with the hosts in the end."""
    yield
    STACK.close()
    host_of.cache_clear()


def checked(result: dict[str, Any]) -> None:
    """See that what came out is ours: printable lines, with the host's name, and no bug."""
    message = result.get("msg", "")
    assert "unexpected" not in message, message
    if result.get("failed") or result.get("unreachable"):
        assert HOST in message, message
    for line in (*message.splitlines(), *result.get("warnings", ())):
        assert line.isprintable(), line
        assert len(line) < 4000, line


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("task", sorted(ACTIONS))
@tries(4)
@given(changes=st.lists(CHANGE, min_size=1, max_size=3), places=PLACES)
def test_what_makes_no_sense_ends_in_an_error_of_ours(
    name: str, task: str, changes: list[tuple[str, int, str, int]], places: tuple[int, int]
) -> None:
    kind, options = ACTIONS[task]
    first, every = places
    count = 0

    def spoil(_asked: bytes, answer: bytes) -> bytes:
        nonlocal count
        count += 1
        if count >= first and (count - first) % every == 0:
            for change in changes:
                with suppress(ParseError):
                    # One change may leave nothing for the next.
                    answer = spoilt(answer, change)
        return answer

    host = host_of(name)
    checked(run(made(kind, host, spoiling(host, spoil), check=True, **options)))


@pytest.mark.parametrize("name", SCENARIOS)
@tries(1)
@given(change=CHANGE, number=st.integers(30, 110))
def test_nor_does_it_in_the_middle_of_changes(name: str, change: tuple[str, int, str, int], number: int) -> None:
    count = 0

    def spoil(_asked: bytes, answer: bytes) -> bytes:
        nonlocal count
        count += 1
        return spoilt(answer, change) if count >= number else answer

    with simulated(name) as host:
        kind, options = ACTIONS["minimize"]
        result = run(made(kind, host, spoiling(host, spoil), confirm={"within": 600, "hold": False}, **options))
    checked(result)
    if (result.get("confirm") or {}).get("outcome") == "running":
        assert "The host rolls run" in result["msg"]
