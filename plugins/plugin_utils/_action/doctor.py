# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that holds what this collection assumes against a host, and for that writes to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import Examination, Finding
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.method import Trial, Tried
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.own_key import KEY, look_at_own_key
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.rests import of_default_plan
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.result import verdict_of
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.verdict import Word
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import KNOWLEDGE, WINDOW
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.confirm import read_timer

from .base import new_run_id
from .doctor_info import EXAMINED, ExaminingAction
from .screen import Screen

OWN_KEY, METHOD = "own_key", "method"


class DoctorAction(ExaminingAction):
    """Reads as `doctor_info` does, then writes."""

    argument_spec: ClassVar[Mapping[str, Any]] = {
        "level": {"type": "str", "choices": [OWN_KEY, METHOD], "default": OWN_KEY},
        "i_may_break_it": {"type": "bool", "default": False},
        "recipes": {"type": "list", "elements": "str"},
        "stop_timeout": {"type": "int", "default": 60},
        "window": WINDOW,
        **EXAMINED,
    }

    _tried: tuple[Tried, ...] = ()

    def contradictions(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Return what is wrong with the options."""
        yield from super().contradictions(options)
        if options.get("level") == METHOD and not options.get("i_may_break_it"):
            yield (
                "'level: method' closes one port after the other and opens it again, which can break what the host is for: "
                "set 'i_may_break_it: true' for a host on which that does not matter"
            )
        if options.get("level") != METHOD and options.get("recipes"):
            yield "'recipes' is for 'level: method'; leave it out"
        for name in options.get("recipes") or ():
            try:
                KNOWLEDGE.recipe(name)
            except InvalidOption as error:
                yield str(error)

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Look at the host, unless it is no time to write to it."""
        if self._task.check_mode:
            raise Refused(
                "the doctor writes to the host, which check mode does not allow: run netmin.windows.doctor_info, which only reads"
            )
        self.refuse_outside_window(options)
        return self._method(options) if options["level"] == METHOD else self._own_key(options)

    def _own_key(self, options: Mapping[str, Any]) -> dict[str, Any]:
        session = self.open_below(KEY)
        refuse_beside_timer(session)
        made = self.examined(session)
        written = [finding.assumption for finding in made.findings if finding.assumption.writes]
        self.writing = True
        screen = Screen(hidden=bool(self._task.no_log))
        found = look_at_own_key(session, written, lambda what: screen.tell(f"{self.host_name}: {what}"))
        return self.told(options, with_findings(made, found), level=OWN_KEY, changed=True)

    def _method(self, options: Mapping[str, Any]) -> dict[str, Any]:
        session = self.open_writable()
        refuse_beside_timer(session)
        made = self.examined(session)
        wanted = tuple(dict.fromkeys(options["recipes"] or of_default_plan(made).recipes))
        screen = Screen(hidden=bool(self._task.no_log))
        trial = Trial(session, KNOWLEDGE, self.waits, options["stop_timeout"], new_run_id)
        self.writing = True
        tried = []
        for number, name in enumerate(wanted, start=1):
            screen.tell(f"{self.host_name}: closes {name} and undoes it ({number} of {len(wanted)})")
            tried.append(trial.of(name))
            self._tried = tuple(tried)
        found = by_method(made, tried)
        changed, methods = any(one.runs for one in tried), [shown_trial(one) for one in tried]
        return self.told(options, with_findings(made, found), level=METHOD, changed=changed, methods=methods)

    def so_far(self) -> dict[str, Any]:
        """Return which methods were tried before the task broke off."""
        return {"changed": True, "methods": [shown_trial(one) for one in self._tried]}


def refuse_beside_timer(reader: Reader) -> None:
    """Refuse to write while a run waits for its confirmation: the host may put itself back at any time.

    Raises:
        Refused: one waits.
    """
    found = read_timer(reader)
    if found is not None:
        raise Refused(
            f"run {excerpt(found.run)} waits on this host for its confirmation: confirm it with netmin.windows.confirm, or wait until the "
            "host has rolled it back"
        )


def with_findings(made: Examination, found: Iterable[Finding]) -> Examination:
    """Return an examination with other findings in place of those about the same assumptions."""
    newer = {finding.assumption.id: finding for finding in found}
    return replace(made, findings=tuple(newer.get(finding.assumption.id, finding) for finding in made.findings))


def by_method(made: Examination, tried: Iterable[Tried]) -> tuple[Finding, ...]:
    """Return what trying a recipe said of the assumption about its listeners; where it could not be tried, what reading said stays."""
    verdicts = {one.recipe: one.verdict for one in tried if one.verdict.word is not Word.NOT_SEEN}
    found = []
    for finding in made.findings:
        look = finding.assumption.look.socket
        if look is not None and look.recipe in verdicts:
            found.append(replace(finding, verdict=verdicts[look.recipe]))
    return tuple(found)


def shown_trial(one: Tried) -> dict[str, Any]:
    """Show what became of one recipe."""
    return {"recipe": one.recipe, **verdict_of(one.verdict), "runs": list(one.runs)}
