# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the options of a task by themselves: found before any host is asked, and told all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.window import read_moment, read_window
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Claim

from .confirming import read_wish
from .controls import claimed
from .keep import Said, said_of
from .options import controls_left_out, left_out
from .survey import STAGE_BY_NAME

# Options that are lengths of time; no negative one makes any sense.
TIMES = ("interval", "limit", "stop_timeout", "timeout")


def in_common(options: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    """Yield what is wrong with options that several modules share, as far as a module has them."""
    given = {name: options[name] for name in TIMES if options.get(name) is not None}
    yield from (f"'{name}' is {seconds} seconds; it cannot be negative" for name, seconds in given.items() if seconds < 0)
    yield from _wrong(partial(read_wish, options))
    window = options.get("window")
    if window is not None:
        yield from _wrong(partial(read_window, window))
        if window.get("now"):
            yield from _wrong(partial(read_moment, window["now"]))
    for entry in options.get("keep") or ():
        yield from _wrong(partial(said_of, entry, knowledge))
    if not (options.get("record_dir") or "").isprintable():
        yield f"'record_dir' is no path of a folder: {excerpt(options['record_dir'])}"


def in_stage(name: str, options: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    """Yield what is wrong with the options of a stage's module."""
    return _between({name: options}, (), options["keep"], knowledge)


def in_minimize(options: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    """Yield what is wrong with the options of `minimize`."""
    given = {name: options[name] for name in STAGES if options.get(name) is not None}
    unlisted = left_out(options)
    if unlisted:
        yield unlisted
    values = {name: {"services": value} if name == "services" else value for name, value in given.items()}
    yield from _between(values, options.get("recipes") or (), options["keep"], knowledge, _right(options.get("controls") or (), knowledge))
    yield from _wrong_controls(options, knowledge)


def _wrong(read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except InvalidOption as error:
        yield str(error)


def _between(
    given: Mapping[str, Mapping[str, Any]],
    recipes: Sequence[str],
    keep: Iterable[Mapping[str, Any]] | None,
    knowledge: Knowledge,
    controls: Sequence[str] = (),
) -> Iterator[str]:
    """Yield what is wrong with options of stages, recipes and `keep`, each alone and one against the other.

    Args:
        controls: those that are right by themselves.
    """
    claims: list[Claim] = []
    for name, options in given.items():
        for part in _parts(name, options):
            try:
                claims += STAGE_BY_NAME[name].claims(STAGE_BY_NAME[name].desired(part))
            except InvalidOption as error:
                yield str(error)
    kept: list[Said] = []
    for entry in keep or ():
        try:
            kept.append(said_of(entry, knowledge))
        except InvalidOption as error:
            yield str(error)
    for name in recipes:
        try:
            claims.append(Claim(f"recipes: {name}", (name,), knowledge.recipe(name).services))
        except InvalidOption as error:
            yield str(error)
    claims += [Claim(f"controls: {control}", (recipe,), services) for control, recipe, services in claimed(controls, knowledge)]
    yield from _against(kept, claims)


def _right(controls: Iterable[str], knowledge: Knowledge) -> tuple[str, ...]:
    """Return the controls that can be asked for."""
    return tuple(text for text in controls if not list(_wrong(partial(knowledge.controls.asked, [text]))))


def _wrong_controls(options: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    """Yield what is wrong with each control by itself, and what keeps those that are right from being carried out."""
    controls = options.get("controls")
    if controls is not None and not any(text.strip() for text in controls):
        yield "'controls' is empty: list at least one control, or leave the option out"
    for text in controls or ():
        yield from _wrong(partial(knowledge.controls.asked, [text]))
    yield from controls_left_out({**options, "controls": _right(controls or (), knowledge)}, knowledge)


def _parts(name: str, options: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is judged by itself: each entry of a list of services, and those together that are right alone; else all options."""
    entries = options.get("services") if name == "services" else None
    if not entries:
        yield options
        return
    alone = [{**options, "services": [entry]} for entry in entries]
    wrong = [part for part in alone if list(_wrong(partial(STAGE_BY_NAME[name].desired, part)))]
    yield from wrong
    yield {**options, "services": [entry for entry, part in zip(entries, alone, strict=True) if part not in wrong]}


def _against(kept: Sequence[Said], claims: Sequence[Claim]) -> Iterator[str]:
    for claim in claims:
        services = Names(claim.services)
        for said in kept:
            if services & said.services or set(claim.recipes) & said.recipes:
                yield f"'{claim.said}' would close what 'keep' protects: {said.text}; remove one of the two"
                break
