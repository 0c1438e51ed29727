# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry values that keep a listener from being opened: which there are is knowledge, how they are planned is here.

Shared by every stage that has such values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Method, Recipe, Status, Takes, Value, ValueType
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue, write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from .future import Fate, Future
from .part import Claim, Part
from .stage import Choice, Situation

TYPES = {ValueType.DWORD: RegistryType.DWORD, ValueType.SZ: RegistryType.SZ, ValueType.MULTI_SZ: RegistryType.MULTI_SZ}
# What a stage never reads: it would never write it either.
OUT_OF_QUESTION = (Status.DOES_NOT_WORK, Status.HARMFUL)
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Switch:
    """An option of a stage and the methods that its words stand for; `default` takes all their values away."""

    option: str
    recipe: str
    methods: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """The choices of the option."""
        return [*self.methods, DEFAULT]


@dataclass(frozen=True, slots=True)
class SwitchWish:
    """What is wanted of one recipe's values.

    Attributes:
        method: id of the method whose values are written; "" to take away those of `methods`.
        methods: all methods that the option knows.
        chosen: it comes from the knowledge and not from an option of the stage.
        said: the option, as the task writes it.
    """

    recipe: str
    method: str
    methods: tuple[str, ...] = ()
    chosen: bool = False
    said: str = field(default="", compare=False)


def from_options(switches: Iterable[Switch], options: Mapping[str, Any]) -> tuple[SwitchWish, ...]:
    """Read the options of a stage that are switches."""
    found = []
    for switch in switches:
        word = options.get(switch.option)
        if word is not None:
            methods = tuple(switch.methods.values())
            found.append(SwitchWish(switch.recipe, switch.methods.get(word, ""), methods, said=f"{switch.option}: {word}"))
    return tuple(found)


def from_choices(choices: Iterable[Choice]) -> tuple[SwitchWish, ...]:
    """Take the values of the methods that were chosen."""
    return tuple(SwitchWish(choice.recipe.id, choice.method.id, chosen=True) for choice in choices if choice.method.values)


def setting_of(value: Value) -> Setting:
    """Return where a value is."""
    return Setting(value.key, value.name, TYPES[value.type])


def policy_of(value: Value) -> Setting | None:
    """Return where a policy says the same, and wins; None where no such policy is known."""
    return Setting(value.policy, value.name, TYPES[value.type]) if value.policy else None


def wanted(value: Value) -> RegistryValue:
    """Return what is written."""
    return RegistryValue(TYPES[value.type], value.data)


def does(value: Value, found: RegistryValue | None) -> bool:
    """Tell whether what is there does what a method wants of it."""
    return found is not None and found.type is TYPES[value.type] and found.data in (value.data, *value.also)


def known(stage: str, knowledge: Knowledge, windows: Windows) -> tuple[Setting, ...]:
    """Return every value that a stage may write on one Windows."""
    values = [
        value
        for recipe in knowledge.recipes.values()
        for method in recipe.methods_on(windows)
        if method.stage == stage and method.status not in OUT_OF_QUESTION
        for value in method.values
    ]
    policies = (policy for value in values if (policy := policy_of(value)) is not None)
    return tuple(dict.fromkeys((*map(setting_of, values), *policies)))


def claims(wishes: Iterable[SwitchWish]) -> tuple[Claim, ...]:
    """Name the recipes whose values are written."""
    return tuple(Claim(wish.said or f"recipe {wish.recipe}", recipes=(wish.recipe,)) for wish in wishes if wish.method)


def plan(stage: str, wishes: Iterable[SwitchWish], actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare, a part for each recipe."""
    return tuple(_plan_one(stage, wish, actual, situation) for wish in wishes)


def _plan_one(stage: str, wish: SwitchWish, actual: Settings, situation: Situation) -> Part:
    recipe = situation.knowledge.recipe(wish.recipe)
    windows = situation.host.windows
    methods = [recipe.method(name, windows) for name in ((wish.method,) if wish.method else wish.methods)]
    known_values = [value for method in methods if method is not None for value in method.values]
    changes: list[SetRegistryValue] = []
    unchanged: list[Unchanged] = []
    warnings: list[str] = []
    for value in known_values:
        setting, policy = setting_of(value), policy_of(value)
        before = actual.get(setting)
        after = (before if does(value, before) else wanted(value)) if wish.method else None
        ruled = actual.get(policy) if policy is not None else None
        if policy is not None and ruled is not None:
            # Nothing that is written beside a policy has an effect.
            if wish.method and does(value, ruled):
                unchanged.append(
                    Unchanged(
                        stage, setting.target, Reason.AS_DESIRED, f"the policy {policy.target} has the same value and takes precedence"
                    )
                )
            else:
                told = f"the policy {policy.target} is {excerpt(ruled.plain())} and takes precedence: change the policy"
                unchanged.append(Unchanged(stage, setting.target, Reason.DOES_NOT_WORK, told))
                warnings.append(f"{setting.target} is not written: {told}")
            continue
        effective = Effective.NOW if value.takes is Takes.NOW else Effective.BOOT
        planned = write_value(stage, setting, before, after, _why(recipe, methods[0], wish), effective=effective)
        changes += planned
        if not planned:
            unchanged.append(Unchanged(stage, setting.target, Reason.AS_DESIRED))
    return Part(
        stage=stage,
        targets=tuple(setting_of(value).target for value in known_values) or (recipe.id,),
        what=f"'{wish.method}' for {recipe.purpose} is not written on {windows.name}",
        plan=Plan(tuple(changes), tuple(unchanged), tuple(warnings)),
        method=(recipe.id, wish.method) if wish.method and not wish.chosen else None,
        recipes=(recipe.id,) if wish.method else (),
    )


def _why(recipe: Recipe, method: Method | None, wish: SwitchWish) -> str:
    if not wish.method:
        return f"{recipe.purpose}: back to the default of Windows"
    said = f"; {method.status}: {method.because}" if method is not None and method.because else ""
    return f"{recipe.purpose}; breaks: {recipe.breaks}{said}"


def shown(wishes: Iterable[SwitchWish], actual: Settings, others: Iterable[Setting]) -> dict[str, Any]:
    """Show the values of a stage where any of its switches is asked for; `others` are shown by the stage itself."""
    if not tuple(wishes):
        return {}
    left_out = set(others)
    return {setting.target: settings.plain(value) for setting, value in actual.items() if setting not in left_out}


def opens(made: Effect, knowledge: Knowledge) -> tuple[str, ...]:
    """Name the recipes of which a value becomes another than the one that closes their endpoints."""
    if made.written is None:
        return ()
    place, after = made.written.place, made.written.after

    def closes_no_more(method: Method) -> bool:
        others = (value for value in method.values if setting_of(value).place == place and not does(value, after))
        return method.status not in OUT_OF_QUESTION and any(others)

    return tuple(recipe.id for recipe in knowledge.recipes.values() if any(map(closes_no_more, recipe.methods)))


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect a listener to go with the values of a method that closes it."""
    recipe = future.knowledge.recipes.get(subject.recipe or "")
    if recipe is None:
        return None
    fates = (_fate(method, future) for method in recipe.methods_on(future.host.windows) if method.values)
    found = [expected for expected in fates if expected is not None]
    # Several methods may be configured at once: the one that closes decides.
    order = (Expectation.CLOSED, Expectation.UNKNOWN, Expectation.OPEN)
    return min(found, key=lambda expected: order.index(expected.boot), default=None)


def _fate(method: Method, future: Future) -> Fate | None:
    set_now, said = set(), []
    for value in method.values:
        # Of the type that its reader asks for: another with the same data is planned to be written as well, and what a
        # REG_EXPAND_SZ really says WMI does not show.
        ruled = future.value(value.policy, value.name) if value.policy else None
        found = ruled if ruled is not None else future.value(value.key, value.name)
        if found is None or not does(value, found):
            return None
        said.append(f"{value.name} is {excerpt(found.plain())}")
        set_now.add(ruled is None and future.writes(value.key, value.name) and value.takes is Takes.NOW)
    now = Expectation.CLOSED if set_now == {True} else Expectation.OPEN
    names = ", ".join(said)
    if method.status is Status.WORKS:
        return Fate(now, Expectation.CLOSED, f"{names}; its owner reads that when it starts" if now is Expectation.OPEN else names)
    if method.status is Status.PARTIAL:
        return Fate(Expectation.OPEN, Expectation.OPEN, f"{names}, which closes it only in part: {method.because}")
    if method.status is Status.UNVERIFIED:
        doubtful = Expectation.UNKNOWN if now is Expectation.CLOSED else Expectation.OPEN
        return Fate(doubtful, Expectation.UNKNOWN, f"{names}: {method.because}")
    return None
