# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One object of a snapshot: as it was, and as a run was to leave it."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue

State = RegistryValue | str | None
"""A state of an object: the value of the registry, or a word; None where there is, or was, nothing."""


@dataclass(frozen=True, slots=True)
class Saved:
    """One object, as it was and as the run was to leave it.

    Attributes:
        object: which kind it is, as the kinds name what they save.
        name: what tells it from others of its kind: key and value name, key name of a service, GUID of an adapter, name of a rule.
        before: registry: the value or None; start mode: the mode; NetBIOS: the value NetbiosOptions or None; rule: its text or "".
        after: the same for what the run was to leave.
        kind: of a service.
        delayed: the service was automatic and delayed.
        absent: keys that were not there, the nearest to the root last.
        label: an adapter's description.
        ran: start mode: the service ran. Records of older releases do not say so.
    """

    stage: str
    object: str
    name: tuple[str, ...]
    before: State
    after: State
    kind: ServiceKind = ServiceKind.SERVICE
    delayed: bool = False
    absent: tuple[str, ...] = ()
    label: str = ""
    ran: bool = False
