# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inbound block rule of the host's own firewall: added, or deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import plain_in_script, quoted_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import is_ours
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Setting

from .change import BaseChange, Effective
from .effect import Effect
from .saved import Saved
from .touched import Touched
from .unchanged import Reason, Unchanged
from .way_back import WHY, Goal, Now, Way, as_it_was

OBJECT = "inbound rule"
OBJECTS: tuple[str, ...] = (OBJECT,)
PARTS = 1
# The text of a rule is the firewall's, and not as it was written.
AS_WRITTEN, OF_SERVICE = False, False
BACK = 1

BLOCKS = "blocks"
"""How a rule that is in place is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFilterRule(BaseChange):
    """Add an inbound block rule to the host's own firewall.

    Attributes:
        before: what a rule of that name said, where it did not say what is wanted.
    """

    rule: FilterRule
    before: str | None = None

    @property
    def target(self) -> str:
        return f"inbound rule {self.rule.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before, BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFilterRule(BaseChange):
    """Delete every rule of one name from the host's own firewall.

    Attributes:
        before: what it said; "" where only the name is known.
        certain: whether it is there for certain: then a host that finds none has failed.
    """

    name: str
    before: str
    certain: bool = True

    @property
    def target(self) -> str:
        return f"former inbound rule {self.name}"

    @property
    def shown(self) -> tuple[object, object]:
        return self.before or "not known", None


FilterChange = AddFilterRule | RemoveFilterRule

# In a snapshot


def save(change: FilterChange, _reader: Reader, _seen: Seen, _nt: NtVersion) -> Saved:
    """Save the text of the rule; a rule that is replaced is saved where it is deleted."""
    if isinstance(change, AddFilterRule):
        return Saved(change.stage, OBJECT, (change.rule.name,), "", change.rule.text)
    return Saved(change.stage, OBJECT, (change.name,), change.before, "")


def is_lost(_change: FilterChange) -> bool:
    """Tell whether the change overwrites what a snapshot cannot hold as it is: never."""
    return False


def checked(saved: Saved) -> Saved:
    """Take a rule from a snapshot.

    Raises:
        ValueError: it is none of ours.
    """
    if not is_ours(saved.name[0]):
        raise ValueError(f"the rule {saved.name[0][:40]!a}")
    return saved


def settings(_goal: Goal) -> tuple[Setting, ...]:
    """Need nothing but the firewall, which is read with the host."""
    return ()


def plan_back(goal: Goal, _now: Now, host: Host) -> Way[FilterChange] | Unchanged:
    """Delete the rule that is there, and add the one that was."""
    name, before, stage = goal.oldest.name[0], str(goal.oldest.before or ""), goal.oldest.stage
    actual = host.firewall.texts.get(name, "") if host.firewall is not None else ""
    rule = FilterRule.from_text(before)
    # A text that names another rule is not the one that was saved.
    rule = rule if rule is not None and rule.name == name else None
    # A run that broke off left the name without the rule's value, and nobody knows whether it made the rule. A value that is known and
    # gone was deleted, by the timer of a run that nobody confirmed, or by somebody else.
    uncertain = not actual and host.firewall is not None and host.firewall.names.get(name) == ""
    if (actual == before and not uncertain) or (rule is not None and rule.matches(actual)):
        return as_it_was(goal, f"inbound rule {name}")
    changes: list[FilterChange] = []
    if actual or uncertain:
        gone = RemoveFilterRule(stage=stage, effective=Effective.NOW, why=WHY, name=name, before=actual, certain=not uncertain)
        changes.append(gone)
    if rule is not None:
        changes.append(AddFilterRule(stage=stage, effective=Effective.NOW, why=WHY, rank=1, rule=rule, before=actual or None))
    if not changes:
        return Unchanged(stage, f"inbound rule {name}", Reason.ABSENT, "somebody else added the rule, so it is not added again")
    rules = (FilterRule.from_text(str(text or "")) for text in goal.ours)
    still = uncertain or any(ours.matches(actual) if ours is not None else not actual for ours in rules)
    return Way(tuple(changes), "" if still else "somebody changed the rule")


# On the host


def write(change: FilterChange, writer: Writer) -> bool:
    """Add or delete the rule."""
    if isinstance(change, AddFilterRule):
        writer.add_filter_rule(change.rule)
    else:
        writer.remove_filter_rule(change.name, certain=change.certain)
    return False


def fault_leaves_open(_change: FilterChange) -> bool:
    """Tell whether it may have been made although the host answered with a fault: a command takes several requests."""
    return True


def awaited(_change: FilterChange) -> None:
    """Wait for nothing."""


def read_again(_change: FilterChange) -> tuple[Place, ...]:
    """Name the registry values that a stage read and that may be others afterwards: none."""
    return ()


# Judged


def project(change: FilterChange, seen: Seen) -> Seen:
    """Return what will be seen once it has been made."""
    if seen.firewall is None:
        return seen
    names, texts = dict(seen.firewall.names), dict(seen.firewall.texts)
    if isinstance(change, AddFilterRule):
        names[change.rule.name], texts[change.rule.name] = "", change.rule.text
    else:
        names.pop(change.name, None)
        texts.pop(change.name, None)
    return replace(seen, firewall=replace(seen.firewall, names=names, texts=texts))


def holds(change: FilterChange, seen: Seen) -> bool:
    """Tell whether the rule is there, or is not, as it was to be."""
    if isinstance(change, AddFilterRule):
        return seen.firewall is not None and seen.firewall.has(change.rule)
    # One that is replaced is there under the same name, and says another thing.
    return seen.firewall is None or seen.firewall.texts.get(change.name) != change.before


def found(change: FilterChange, seen: Seen) -> object:
    """Show what there is of the rule."""
    if isinstance(change, AddFilterRule):
        text = seen.firewall.texts.get(change.rule.name) if seen.firewall else None
        return BLOCKS if holds(change, seen) else text
    return None if holds(change, seen) else change.before


def touched(change: FilterChange) -> Touched:
    """Say what it touches; the record of our rules goes by it as well."""
    return Touched(adds=change.rule, shell=True) if isinstance(change, AddFilterRule) else Touched(removes=change.name, shell=True)


def effect(_change: FilterChange) -> Effect:
    """Make nothing of the sockets: a rule drops packets, and the forecast asks the firewall as it will be."""
    return Effect()


# As a command of the timer


def commands(change: FilterChange, _delayed: Names) -> tuple[str, ...]:
    """Write it as a command.

    Raises:
        Refused: something in the rule cannot be written on a command line.
    """
    if isinstance(change, RemoveFilterRule):
        return (f"netsh advfirewall firewall delete rule name={quoted_in_script(change.name)}",)
    rule = change.rule
    said = [f"protocol={rule.protocol}", f"localport={plain_in_script(rule.ports)}"]
    said += [f"service={quoted_in_script(rule.service)}"] if rule.service else []
    said += [f"program={quoted_in_script(rule.program)}"] if rule.program else []
    words = ("dir=in", "action=block", *said, "profile=any", "enable=yes")
    return (f"netsh advfirewall firewall add rule name={quoted_in_script(rule.name)} {' '.join(words)}",)
