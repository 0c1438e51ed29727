# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several modules share, and how a module's arguments become desires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.plan import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.keep import read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents, Stage
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.survey import STAGE_BY_NAME, Terms

KEEP: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "port": {"type": "str"},
        "service": {"type": "str"},
        "recipe": {"type": "str"},
        "reason": {"type": "str", "required": True},
    },
}
TERMS: dict[str, Any] = {
    "keep": KEEP,
    "accept": {"type": "list", "elements": "str", "choices": ["outgoing-smb"], "default": []},
    "dependents": {"type": "str", "choices": [str(word) for word in Dependents], "default": str(Dependents.REFUSE)},
    "stop_timeout": {"type": "int", "default": 60},
}


def stage_spec(stage: Stage) -> dict[str, Any]:
    """Return the argument spec of a stage's module."""
    return {**stage.options, **TERMS}


def minimize_spec() -> dict[str, Any]:
    """Return the argument spec of `minimize`: every stage's options under its name."""
    stages = {name: {"type": "dict", "options": dict(STAGE_BY_NAME[name].options)} for name in STAGES if name != "services"}
    return {
        "stages": {"type": "list", "elements": "str", "choices": list(STAGES), "default": list(STAGES)},
        **STAGE_BY_NAME["services"].options,
        **stages,
        **TERMS,
    }


def terms(options: Mapping[str, Any], host: Host, knowledge: Knowledge) -> Terms:
    """Read what is said of the plan as a whole."""
    kept = read_keep(options["keep"] or (), host, knowledge)
    return Terms(frozenset(options["accept"] or ()), Dependents(options["dependents"]), kept)


def minimize_desires(options: Mapping[str, Any], host: Host, knowledge: Knowledge) -> dict[str, Any]:
    """Take each stage's own options where given, and what is known of this Windows where not.

    Raises:
        InvalidOption: options of a stage that is left out.
        Refused: nothing is known of this Windows and nothing is asked for.
    """
    chosen = options["stages"]
    given = {name: options.get(name) for name in STAGES}
    idle = [name for name, value in given.items() if value is not None and name not in chosen]
    if idle:
        raise InvalidOption(f"options are given for {', '.join(idle)}, which 'stages' leaves out")
    profile = knowledge.versions[host.windows.id].minimize
    desires = {}
    for name in chosen:
        stage = STAGE_BY_NAME[name]
        value = given[name]
        if value is not None:
            desires[name] = stage.desired({"services": value} if name == "services" else value)
        elif profile is not None:
            desires[name] = stage.default(profile)
    if not desires:
        raise Refused(
            f"no plan is known yet for {host.windows.name}: name each stage's options yourself, or audit the host with listeners_info"
        )
    return desires
