# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controls of published benchmarks that concern listeners: which there are, what they ask for, and which method does the same.

A control is written `BENCHMARK:RULE`, and the id of a benchmark ends with its version. Knows no host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.nearest import perhaps
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows

from .model import ValueType

# Stands for all controls of a benchmark that a method meets.
EVERY = "*"
SHAPE = "write a control as BENCHMARK:RULE with the version of the benchmark, for example stig-ws2022-v2r8:WN22-CC-000260"
# So many controls of the same rule id are suggested.
SUGGESTED = 3


class Relation(StrEnum):
    """How what a control asks for relates to what this collection does."""

    SAME_VALUE = "same value"
    SAME_SERVICE = "same service"
    OTHER_VALUE = "another value"
    OTHER_MEANS = "other means"
    FIREWALL = "firewall"
    NONE = "none"


class ControlEffect(StrEnum):
    """What becomes of the socket where a host is as a control asks."""

    CLOSES = "closes"
    CLOSES_BY_REMOVAL = "closes by removal"
    STAYS = "stays open"
    FILTERS = "filters"
    OPENS = "opens"
    OPENS_OR_REFUSES = "opens or refuses"
    NO_LISTENER = "no listener"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What is known of an effect, and from where."""

    DOCUMENTED = "documented"
    REPORTED = "reported"
    INFERRED = "inferred"
    RECIPE = "recipe"
    NONE = "none"


class HostRole(StrEnum):
    """The role of a host in a domain."""

    WORKGROUP = "workgroup"
    MEMBER = "member"
    CONTROLLER = "controller"


CARRIED = (Relation.SAME_VALUE, Relation.SAME_SERVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSetting:
    """What controls ask for: a registry value, a service that is disabled, or something that no registry value and no service shows.

    Attributes:
        key: of a registry value, below HKLM.
        service: key name of a service that is to be disabled.
        wanted: what else is asked for, in words.
        data: what a method of ours may write where a control does not say the data itself.
        recipe: the recipe of the listener that it is about; "" where there is none.
        method: the method that does the same; "" where none does.
        basis: of `effect`; `recipe` is what the recipe says by itself.
        conflict: what benchmarks that ask for different things say, or a recipe against a benchmark.
    """

    id: str
    key: str = ""
    name: str = ""
    type: ValueType = ValueType.DWORD
    service: str = ""
    wanted: str = ""
    data: tuple[int | str, ...] = ()
    recipe: str = ""
    method: str = ""
    relation: Relation = Relation.NONE
    effect: ControlEffect
    basis: Basis = Basis.NONE
    sources: tuple[str, ...] = ()
    note: str = ""
    conflict: str = ""

    @property
    def asks(self) -> str:
        """What is asked for, in one phrase."""
        if self.key and self.name:
            return f"HKLM\\{self.key}\\{self.name}"
        return f"service {self.service} {self.wanted or 'disabled'}" if self.service else self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a benchmark.

    Attributes:
        group: another id of the same rule (DISA's V number).
        setting: id of what it asks for.
        recipe: in a mapping file of one's own, a recipe in place of a setting.
        method: the method of that recipe.
        data: the data that it accepts, where they are known.
        roles: the domain roles that it is for; empty for all.
        windows: ids of the versions that it is for; empty for those of the benchmark.
    """

    id: str
    group: str = ""
    setting: str = ""
    recipe: str = ""
    method: str = ""
    data: tuple[int | str, ...] = ()
    roles: tuple[HostRole, ...] = ()
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A benchmark or baseline in one version, with those of its rules that concern listeners.

    Attributes:
        id: ends with the version.
        date: as the benchmark writes it.
        sources: where the ids and data were read: repository, path and commit.
        windows: ids of the Windows versions that it is for; empty where it is for none in particular.
    """

    id: str
    name: str
    version: str
    date: str = ""
    sources: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    rules: tuple[Rule, ...]

    @property
    def family(self) -> str:
        """The id without the version."""
        return self.id.removesuffix(f"-{self.version.lower()}")


@dataclass(frozen=True, slots=True)
class Control:
    """A rule with its benchmark, and with what it asks for.

    Attributes:
        setting: None where a mapping file names a recipe and a method.
    """

    benchmark: Benchmark
    rule: Rule
    setting: ControlSetting | None

    @property
    def id(self) -> str:
        """The id, as options and results write it."""
        return f"{self.benchmark.id}:{self.rule.id}"

    @property
    def recipe(self) -> str:
        """Id of the recipe that it is about."""
        return self.setting.recipe if self.setting is not None else self.rule.recipe

    @property
    def method(self) -> str:
        """Id of the method that does what it asks for; "" where none does."""
        return self.setting.method if self.setting is not None else self.rule.method

    @property
    def data(self) -> tuple[int | str, ...]:
        """The data that it accepts, or what is known to be accepted for its setting."""
        return self.rule.data or (self.setting.data if self.setting is not None else ())

    def is_for(self, windows: Windows) -> bool:
        """Tell whether it is for one Windows."""
        return self.is_for_version(windows.id)

    def is_for_version(self, windows_id: str) -> bool:
        """Tell whether it is for the Windows with an id."""
        versions = self.rule.windows or self.benchmark.windows
        return not versions or windows_id in versions


@dataclass(frozen=True, slots=True)
class Asked:
    """A control that a plan carries out.

    Attributes:
        named: it was asked for by its own id, and not with all of its benchmark or section.
    """

    control: Control
    named: bool = True


@dataclass(frozen=True, slots=True)
class Controls:
    """All controls, and the questions that are asked of them."""

    settings: Mapping[str, ControlSetting] = field(default_factory=dict)
    benchmarks: Mapping[str, Benchmark] = field(default_factory=dict)
    _met: Mapping[str, tuple[Control, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort those that a method meets by recipe once, before Ansible forks: each host asks for those of its listeners."""
        met: dict[str, list[Control]] = {}
        for control in self:
            if control.method:
                met.setdefault(control.recipe, []).append(control)
        object.__setattr__(self, "_met", {recipe: tuple(controls) for recipe, controls in met.items()})

    def __iter__(self) -> Iterator[Control]:
        """Yield every control, benchmark by benchmark."""
        for benchmark in self.benchmarks.values():
            yield from self.of_benchmark(benchmark)

    def of_benchmark(self, benchmark: Benchmark) -> Iterator[Control]:
        """Yield the controls of one benchmark."""
        for rule in benchmark.rules:
            yield Control(benchmark, rule, self.settings.get(rule.setting))

    def with_benchmarks(self, more: Iterable[Benchmark]) -> Controls:
        """Return the same with benchmarks of somebody's own, which win over those of the same id."""
        return replace(self, benchmarks={**self.benchmarks, **{benchmark.id: benchmark for benchmark in more}})

    def of_recipe(self, recipe: str, windows: Windows | None = None, *, method: str = "") -> tuple[str, ...]:
        """Return the ids of the controls that ask for what a recipe, or one of its methods, does.

        Args:
            windows: only those for this Windows.
        """
        return tuple(
            control.id
            for control in self._met.get(recipe, ())
            if method in ("", control.method) and (windows is None or control.is_for(windows))
        )

    def asked(self, texts: Iterable[str]) -> tuple[Asked, ...]:
        """Return the controls that a list of ids asks for, each once.

        Raises:
            InvalidOption: no such benchmark, version or rule, or no method does what the control asks for.
        """
        found: dict[str, Asked] = {}
        for text in dict.fromkeys(texts):
            for one in self._asked(text):
                if one.named or one.control.id not in found:
                    found[one.control.id] = one
        return tuple(found.values())

    def unmet(self, texts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, for each benchmark or section that is asked for as a whole, the ids of its controls that no method meets."""
        parts = {f"benchmark {one.id}": tuple(self.of_benchmark(one)) for one, word in map(self._split, texts) if word == EVERY}
        for benchmark, word in map(self._split, texts):
            if below := self._below(benchmark, word):
                parts[f"section {benchmark.id}:{word}"] = below
        return {name: tuple(control.id for control in controls if not control.method) for name, controls in parts.items()}

    def _below(self, benchmark: Benchmark, section: str) -> tuple[Control, ...]:
        """Return the controls whose numbers begin with that of a section."""
        return tuple(control for control in self.of_benchmark(benchmark) if control.rule.id.lower().startswith(f"{section.lower()}."))

    def _asked(self, text: str) -> tuple[Asked, ...]:
        benchmark, word = self._split(text)
        whole = tuple(self.of_benchmark(benchmark)) if word == EVERY else self._below(benchmark, word)
        if word == EVERY or whole:
            met = tuple(Asked(control, named=False) for control in whole if control.method)
            if not met:
                part = benchmark.id if word == EVERY else f"section {benchmark.id}:{word}"
                raise InvalidOption(f"no control of {part} is met by this collection; docs/controls.md says why")
            return met
        rule = next((rule for rule in benchmark.rules if word.lower() in (rule.id.lower(), rule.group.lower())), None)
        if rule is None:
            names = [name for one in benchmark.rules for name in (one.id, one.group) if name]
            near = perhaps(word, names, cutoff=0.4) or "; docs/controls.md lists those that concern listeners"
            raise InvalidOption(f"benchmark {benchmark.id} has no control '{word}' that this collection knows{near}")
        control = Control(benchmark, rule, self.settings.get(rule.setting))
        if not control.method:
            raise InvalidOption(_not_met(control))
        return (Asked(control),)

    def _split(self, text: str) -> tuple[Benchmark, str]:
        """Return the benchmark and the rule of an id."""
        name, colon, word = (part.strip() for part in text.partition(":"))
        if not colon or not name or not word:
            raise InvalidOption(f"'{text}' is not a control: {SHAPE}{self._suggested(name)}")
        benchmark = self.benchmarks.get(name.lower())
        if benchmark is not None:
            return benchmark, word
        versions = [one.id for one in self.benchmarks.values() if name.lower() == one.family]
        if versions:
            raise InvalidOption(f"control '{text}' names no version of {name}; known: {', '.join(versions)}")
        others = [one.id for one in self.benchmarks.values() if name.lower().startswith(f"{one.family}-")]
        if others:
            raise InvalidOption(
                f"control '{text}': version {name.lower().removeprefix(self.benchmarks[others[0]].family)[1:]} of "
                f"{self.benchmarks[others[0]].family} is not known; known: {', '.join(others)}. 'controls_file' can add others"
            )
        raise InvalidOption(f"control '{text}': there is no benchmark '{name}'{perhaps(name, self.benchmarks, cutoff=0.4)}")

    def _suggested(self, word: str) -> str:
        """Suggest the controls of a rule id that was given without its benchmark."""
        alike = [control.id for control in self if word and word.lower() in (control.rule.id.lower(), control.rule.group.lower())]
        if alike:
            more = f" ({len(alike) - SUGGESTED} more)" if len(alike) > SUGGESTED else ""
            return f"; did you mean {' or '.join(alike[:SUGGESTED])}{more}?"
        benchmark = self.benchmarks.get(word.lower())
        if benchmark is not None:
            return f"; {benchmark.id}:{EVERY} stands for all controls of it"
        return perhaps(word, [control.id for control in self])


def _not_met(control: Control) -> str:
    """Say why a control cannot be asked for."""
    setting = control.setting
    told = f"control '{control.id}' is not carried out by this collection"
    if setting is None:
        return told
    told += f": it asks for {setting.asks}"
    if setting.effect is ControlEffect.STAYS:
        told += ", which leaves the socket open"
    return told + (f"; recipe '{setting.recipe}' is about the same listener" if setting.recipe else "")
