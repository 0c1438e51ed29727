# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holding every assumption about a Windows against one host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Assumption, Knowledge, Look
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import Missing
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import PageHeard

from .ground import REFUSALS, Ground, read_ground
from .host_looks import look_at_boot, look_at_range, look_at_rules, look_at_service, look_at_triggers
from .socket_looks import is_of_this_host, look_at_listeners, look_at_netstat, look_at_owners, look_at_socket
from .verdict import Verdict, Word, not_seen
from .wire_looks import look_at_envelope, look_at_pages
from .wmi_looks import (
    look_at_absence,
    look_at_conditions,
    look_at_empty,
    look_at_filter,
    look_at_missing,
    look_at_properties,
)

LOOKS: Mapping[str, Callable[[Ground, Any], Verdict]] = {
    "absent": look_at_absence,
    "boot": look_at_boot,
    "conditions": look_at_conditions,
    "empty": look_at_empty,
    "envelope": look_at_envelope,
    "filter": look_at_filter,
    "listeners": look_at_listeners,
    "missing": look_at_missing,
    "netstat": look_at_netstat,
    "owners": look_at_owners,
    "own_key": lambda _ground, _look: not_seen("it takes writing: netmin.windows.doctor with 'level: own_key' looks at it"),
    "pages": look_at_pages,
    "properties": look_at_properties,
    "range": look_at_range,
    "rule": look_at_rules,
    "service": look_at_service,
    "socket": look_at_socket,
    "triggers": look_at_triggers,
}
# What needs no answer of its own, or has it by a listing.
ASKED_ALREADY = frozenset({"netstat", "own_key", "pages", "envelope", "conditions", "empty"})
# How WMI and StdRegProv answer: files that a script wrote say nothing of it.
OF_WMI = frozenset({"absent", "conditions", "empty", "filter", "missing", "properties"})
NOT_ASKED = "a script wrote this host into files: nobody asked WMI or its provider of the registry"
# Answered by what the others have read.
LAST = ("pages", "envelope")


@dataclass(frozen=True, slots=True)
class Finding:
    """One assumption, and what the host says of it."""

    assumption: Assumption
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Examination:
    """What a host says of all assumptions about its Windows, in the order of the files."""

    ground: Ground
    findings: tuple[Finding, ...]

    def of(self, word: Word) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.verdict.word is word)


def examine(
    reader: Reader,
    knowledge: Knowledge,
    *,
    heard: Callable[[], Sequence[PageHeard]] = tuple,
    captured: bool = False,
    from_files: bool = False,
    progress: Callable[[str], None] = lambda _what: None,
) -> Examination:
    """Ask a host, and hold every assumption against it. Writes nothing.

    Args:
        heard: the pages that came over the wire up to now.
        captured: the host is a file.
        from_files: and that file was made of what a script wrote.
        progress: told what is looked at.

    Raises:
        HostError: not even its Windows can be read, or the connection was lost.
    """
    progress("reads the host as a plan does")
    ground = read_ground(reader, knowledge, heard=heard, captured=captured, from_files=from_files)
    assumed = tuple(_assumed(ground))
    progress(f"looks at {len(assumed)} assumptions about {ground.windows.name}")
    verdicts = {item.id: look(ground, item) for item in sorted(assumed, key=lambda item: item.look.kinds[0] in LAST)}
    return Examination(ground, tuple(Finding(item, verdicts[item.id]) for item in assumed))


def _assumed(ground: Ground) -> Iterator[Assumption]:
    for assumption in ground.knowledge.assumptions_on(ground.windows):
        if assumption.look.socket is None or is_of_this_host(ground, assumption.look.socket):
            yield assumption


def look(ground: Ground, assumption: Assumption) -> Verdict:
    """Hold one assumption against a host; what the host does not let us see is no contradiction."""
    (kind,) = assumption.look.kinds
    if ground.from_files and kind in OF_WMI:
        return not_seen(NOT_ASKED)
    try:
        return LOOKS[kind](ground, getattr(assumption.look, kind))
    except REFUSALS as error:
        return not_seen(str(error))


def ask(reader: Reader, host: Host, knowledge: Knowledge) -> None:
    """Read what the looks at a host that has been read would ask for beside that; for those who keep the answers, and may ask little."""
    ground = Ground(reader, knowledge, host.windows, host, "", (), "", tuple, captured=False)
    for assumption in knowledge.assumptions_on(host.windows):
        if _is_worth(assumption.look):
            look(ground, assumption)


def _is_worth(way: Look) -> bool:
    """Tell whether a look needs an answer of its own that a plan, which asks for much already, can bear."""
    if way.missing is not None:
        return way.missing.what is not Missing.PROPERTY
    return way.kinds[0] not in ASKED_ALREADY or (way.empty is not None and bool(way.empty.key))
