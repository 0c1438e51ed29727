# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What benchmarks and their controls can get wrong, above all that a method does what a control asks for. Reads no file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import perhaps

from .benchmarks import CARRIED, Basis, Benchmark, ControlSetting, Relation, Rule
from .checks import ROOTS, Complain
from .knowledge import Knowledge
from .model import Recipe, Value

# Ids of benchmarks and of their rules: what an option, a YAML file and a page can hold without quotes.
BENCHMARK, RULE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)+\Z"), re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\Z")
# The numbers of CIS are in a file that may be left out.
CIS = "cis-"


def check_benchmark(where: str, benchmark: Benchmark, knowledge: Knowledge, complain: Complain, *, own: bool = False) -> None:
    """Check ids, and that each rule names what is there.

    Args:
        own: it is somebody's own file: recipes and methods may be named, and nobody has to cite a source.
    """
    if not BENCHMARK.match(benchmark.id) or benchmark.family == benchmark.id:
        complain(
            f"{where}.id", f"'{benchmark.id}' does not end with the version; write it in lower case, as in acme-{benchmark.version.lower()}"
        )
    if not benchmark.sources and not own:
        complain(where, "cites no source")
    _check_windows(f"{where}.windows", benchmark.windows, knowledge, complain)
    said: set[str] = set()
    for number, rule in enumerate(benchmark.rules):
        here = f"{where}.rules[{number}]"
        for name in filter(None, (rule.id, rule.group)):
            if not RULE.match(name):
                complain(here, f"'{name}' is not an id of a control")
            if name.lower() in said:
                complain(here, f"'{name}' is there twice")
            said.add(name.lower())
        _check_windows(f"{here}.windows", rule.windows, knowledge, complain)
        _check_rule(here, rule, knowledge, complain, own=own)


def _check_rule(here: str, rule: Rule, knowledge: Knowledge, complain: Complain, *, own: bool) -> None:
    setting = knowledge.controls.settings.get(rule.setting)
    if rule.recipe or rule.method:
        recipe = knowledge.recipes.get(rule.recipe)
        if not own or rule.setting:
            complain(here, "names a recipe; only a file of one's own may, in place of a setting")
        elif recipe is None:
            complain(here, f"there is no recipe '{rule.recipe}'")
        elif rule.method not in [method.id for method in recipe.methods]:
            complain(here, f"recipe {recipe.id} has no method '{rule.method}'; it has {', '.join(method.id for method in recipe.methods)}")
    elif setting is None:
        complain(f"{here}.setting", f"there is no setting '{rule.setting}'{perhaps(rule.setting, knowledge.controls.settings)}")
    elif setting.method and rule.data:
        method = next((m for m in knowledge.recipes[setting.recipe].methods if m.id == setting.method), None)
        for value in method.values if method is not None else ():
            if _is_at(value, setting) and not {value.data, *value.also} <= set(rule.data):
                complain(f"{here}.data", f"method {setting.method} writes what it does not accept")


def _check_windows(where: str, names: Sequence[str], knowledge: Knowledge, complain: Complain) -> None:
    for name in names:
        if name not in knowledge.versions:
            complain(where, f"there is no Windows '{name}'{perhaps(name, knowledge.versions)}")


def check_settings(knowledge: Knowledge, complain: Complain) -> None:
    """Check what is said of what controls ask for: above all that a method which is said to do the same does it."""
    used = {rule.setting for benchmark in knowledge.controls.benchmarks.values() for rule in benchmark.rules}
    # Without the numbers of CIS nobody asks for some of them.
    complete = any(name.startswith(CIS) for name in knowledge.controls.benchmarks)
    for setting in knowledge.controls.settings.values():
        where = f"settings.yml: {setting.id}"
        if not setting.asks:
            complain(where, "asks for nothing: a value, a service or words expected")
        if setting.basis in (Basis.DOCUMENTED, Basis.REPORTED) and not setting.sources:
            complain(where, f"is {setting.basis} and cites no source")
        if setting.recipe and setting.recipe not in knowledge.recipes:
            complain(f"{where}.recipe", f"there is no recipe '{setting.recipe}'")
        elif bool(setting.method) is not (setting.relation in CARRIED):
            complain(where, "names a method without doing the same, or the other way round")
        elif setting.method:
            _check_carried(where, setting, knowledge.recipes[setting.recipe], complain)
        if setting.key.partition("\\")[0] not in ("", *ROOTS):
            complain(f"{where}.key", f"'{setting.key}' is not below HKLM; it starts with {' or '.join(ROOTS)}")
        if setting.id not in used and complete:
            complain(where, "no control asks for it")


def _check_carried(where: str, setting: ControlSetting, recipe: Recipe, complain: Complain) -> None:
    methods = [method for method in recipe.methods if method.id == setting.method]
    if not methods:
        complain(f"{where}.method", f"recipe {recipe.id} has no method '{setting.method}'")
    for method in methods:
        values = [value for value in method.values if _is_at(value, setting)]
        if setting.relation is Relation.SAME_SERVICE and (method.stage != "services" or setting.service not in Names(method.services)):
            complain(f"{where}.service", f"method {method.id} of {recipe.id} does not disable {setting.service}")
        elif setting.relation is Relation.SAME_VALUE and not values:
            complain(f"{where}.key", f"method {method.id} of {recipe.id} does not write {setting.asks}")
        for value in values:
            if value.type is not setting.type or not {value.data, *value.also} <= {*setting.data}:
                complain(f"{where}.data", f"method {method.id} of {recipe.id} writes what is not accepted")


def _is_at(value: Value, setting: ControlSetting) -> bool:
    return (value.key.lower(), value.name.lower()) == (setting.key.lower(), setting.name.lower())
