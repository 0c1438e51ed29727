# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Assumptions as data: they are checked when they are loaded, and what is known from memory alone names what would settle it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import (
    COMPUTER_PROPERTIES,
    DELAYED_PROPERTY,
    DRIVER_PROPERTIES,
    DRIVERS,
    PROCESS_PROPERTIES,
    SERVICE_PROPERTIES,
    SERVICE_PROPERTIES_2000,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import ENDPOINT_PROPERTIES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Assumption, Confidence
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import Look, OwnKeyLook, ServiceLook, SocketLook
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumption_checks import check_assumptions
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.checks import newest
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.model import ValueType
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE

BY_ID = {assumption.id: assumption for assumption in KNOWLEDGE.assumptions}
ONE = BY_ID["wmi-process"]


def problems(*assumptions: Assumption) -> list[str]:
    """Return what is wrong with some assumptions beside the others' being right."""
    found: list[str] = []
    check_assumptions(
        replace(KNOWLEDGE, assumptions=(*KNOWLEDGE.assumptions, *assumptions)), lambda where, what: found.append(f"{where}: {what}")
    )
    return found


WRONG: dict[str, tuple[Callable[[], Assumption], str]] = {
    "twice": (lambda: ONE, "is there twice"),
    "an id": (lambda: replace(ONE, id="Not this"), "an id has small letters"),
    "no look": (lambda: replace(ONE, id="new", look=Look()), "in one way, not in 0"),
    "two looks": (lambda: replace(ONE, id="new", look=replace(ONE.look, service=ServiceLook(name="x"))), "in one way, not in 2"),
    "a use": (lambda: replace(ONE, id="new", used=("nothing",)), "'nothing' in 'used' is no use, no stage and no recipe"),
    "a file": (lambda: replace(ONE, id="new", where=("_host/nothing.py",)), "there is no file '_host/nothing.py'"),
    "a recipe": (lambda: replace(ONE, id="new", look=Look(socket=SocketLook(recipe="nothing", ports=()))), "there is no recipe 'nothing'"),
    "a port": (
        lambda: replace(ONE, id="new", look=Look(socket=SocketLook(recipe="smb-445", ports=("tcp/446",)))),
        "recipe smb-445 has no listener 'tcp/446'",
    ),
    "a mode": (
        lambda: replace(ONE, id="new", look=Look(service=ServiceLook(name="x", start=("sometimes",)))),
        "'sometimes' is no start mode",
    ),
    "much": (lambda: replace(ONE, id="new", look=Look(own_key=OwnKeyLook(type=ValueType.SZ, filler=70_000))), "no more than 65536"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_complained_of(what: str) -> None:
    make, told = WRONG[what]
    (problem,) = problems(make())
    assert told in problem


def test_what_would_settle_a_guess_has_to_be_there_and_is_for_guesses_alone() -> None:
    recipe = KNOWLEDGE.recipes["w32time-123"]
    method = replace(recipe.methods[0], settled_by="nothing")
    found: list[str] = []
    spoilt = replace(KNOWLEDGE, recipes={**KNOWLEDGE.recipes, recipe.id: replace(recipe, methods=(method,))})
    check_assumptions(spoilt, lambda where, what: found.append(f"{where}: {what}"))
    assert found == [
        "recipes/w32time-123.yml: disable: there is no assumption 'nothing'",
        "recipes/w32time-123.yml: disable: 'settled_by' is for what is known from memory alone",
    ]


def test_what_is_known_from_memory_names_the_assumption_that_would_settle_it() -> None:
    sockets = {assumption.look.socket.recipe for assumption in KNOWLEDGE.assumptions if assumption.look.socket is not None}
    lacking = [
        f"{recipe.id}/{method.id}"
        for recipe in KNOWLEDGE.recipes.values()
        for method in recipe.methods
        if method.confidence is Confidence.MEMORY and recipe.id in sockets and not method.settled_by
    ]
    assert lacking == []
    assert all(item.settled_by for item in KNOWLEDGE.silent if item.confidence is Confidence.MEMORY)
    for recipe in KNOWLEDGE.recipes.values():
        for method in recipe.methods:
            if method.settled_by:
                look = BY_ID[method.settled_by].look.socket
                assert look is not None
                assert look.recipe == recipe.id


def test_every_recipe_with_listeners_is_looked_at_on_every_windows_that_has_them() -> None:
    for version in KNOWLEDGE.versions.values():
        for windows in newest(version):
            known = {recipe.id for recipe, _pattern in KNOWLEDGE.patterns(windows)}
            looked = [item.look.socket.recipe for item in KNOWLEDGE.assumptions_on(windows) if item.look.socket is not None]
            assert known <= set(looked)
            assert len(looked) == len(set(looked))


# What is read in these very words is not read twice: the session remembers it.
@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("wmi-computer-system", COMPUTER_PROPERTIES),
        ("wmi-service-2000", SERVICE_PROPERTIES_2000),
        ("wmi-service", SERVICE_PROPERTIES),
        ("wmi-service-delayed", (*SERVICE_PROPERTIES, DELAYED_PROPERTY)),
        ("wmi-driver", DRIVER_PROPERTIES),
        ("wmi-process", PROCESS_PROPERTIES),
        ("wmi-tcp-endpoints", ENDPOINT_PROPERTIES),
        ("wmi-udp-endpoints", ENDPOINT_PROPERTIES),
    ],
)
def test_properties_are_read_in_the_words_of_the_code(name: str, properties: tuple[str, ...]) -> None:
    look = BY_ID[name].look.properties
    assert look is not None
    assert tuple(look.properties) == properties
    if name == "wmi-driver":
        assert look.only == DRIVERS.values


def test_what_an_assumption_says_is_for_a_person() -> None:
    for assumption in KNOWLEDGE.assumptions:
        texts: list[Any] = [assumption.says, assumption.confirms, assumption.contradicts]
        assert all(text and text[-1] != "." and len(text) < 200 for text in texts), assumption.id
        assert assumption.used
        assert assumption.where
