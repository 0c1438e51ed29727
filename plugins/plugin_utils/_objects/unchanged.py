# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan leaves alone, and why: from a closed list of reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an object is left as it is."""

    AS_DESIRED = "already as asked"
    ABSENT = "not on this host"
    KEPT = "kept"
    NEVER = "never stopped on this host"
    GATED = "needs an accepted hazard"
    STAYS = "no method is known to close it on this Windows"
    PROTECTED = "Windows refuses this change"
    UNTIL_BOOT = "cannot be stopped while running; ends at the next boot"
    AT_BOOT = "the next boot starts it"
    DOES_NOT_CLOSE = "closes nothing"
    DOES_NOT_WORK = "has no effect on this Windows"
    UNVERIFIED = "not known to work on this Windows"
    CHANGED_SINCE = "somebody changed it after the last run"
    NOT_IN_FORCE = "the firewall would not drop anything"
    NOT_EXACT = "no firewall rule would match only this listener"
    NOT_FOUND = "a rule could not be found again"
    UNREADABLE = "its present state cannot be read"
    NO_SHELL = "no command shell is allowed there"
    IN_USE = "an application or a server role may use it"
    NOT_RESTORABLE = "could not be restored"
    HARMFUL = "breaks more than it closes on this Windows"
    NOT_FOR_THIS_HOST = "not for this host"
    NOT_CONFIRMED = "what it rests on is not confirmed on this host"
    NO_METHOD = "no method does what it asks for"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An object that the plan leaves alone, and why."""

    stage: str
    target: str
    reason: Reason
    detail: str = ""
