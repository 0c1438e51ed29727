# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the options of a task by themselves: found before any host is asked, and told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.part import Claim

from .gate import Refusal, refuse
from .keep import Said, said_of
from .survey import STAGE_BY_NAME


def check_stage(name: str, options: Mapping[str, Any], knowledge: Knowledge) -> None:
    """Check the options of a stage's module.

    Raises:
        InvalidOption: all that is wrong with them.
    """
    _check({name: options}, (), options["keep"], knowledge)


def check_minimize(options: Mapping[str, Any], knowledge: Knowledge) -> None:
    """Check the options of `minimize`.

    Raises:
        InvalidOption: all that is wrong with them.
    """
    given = {name: options[name] for name in STAGES if options.get(name) is not None}
    idle = [name for name in given if name not in options["stages"]]
    left_out = [f"options are given for {', '.join(idle)}, not listed in 'stages'"] if idle else []
    values = {name: {"services": value} if name == "services" else value for name, value in given.items()}
    _check(values, options.get("recipes") or (), options["keep"], knowledge, left_out)


def _check(
    given: Mapping[str, Mapping[str, Any]],
    recipes: Sequence[str],
    keep: Iterable[Mapping[str, Any]],
    knowledge: Knowledge,
    wrong: Sequence[str] = (),
) -> None:
    told = list(wrong)
    claims: list[Claim] = []
    kept: list[Said] = []
    for name, options in given.items():
        try:
            claims += STAGE_BY_NAME[name].claims(STAGE_BY_NAME[name].desired(options))
        except InvalidOption as error:
            told.append(str(error))
    for entry in keep or ():
        try:
            kept.append(said_of(entry, knowledge))
        except InvalidOption as error:
            told.append(str(error))
    for name in recipes:
        try:
            claims.append(Claim(f"recipes: {name}", (name,), knowledge.recipe(name).services))
        except InvalidOption as error:
            told.append(str(error))
    told += _against(kept, claims)
    refuse(Refusal(text, kind=InvalidOption) for text in told)


def _against(kept: Sequence[Said], claims: Sequence[Claim]) -> Iterator[str]:
    for claim in claims:
        services = {name.lower() for name in claim.services}
        for said in kept:
            if services & said.services or set(claim.recipes) & said.recipes:
                yield f"'{claim.said}' would close what 'keep' protects: {said.text}; remove one of the two"
                break
