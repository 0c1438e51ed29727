# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was asked of a host, request by request, for the testers' window. Text is cut short; passwords never come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..seams import StateChange
from . import names
from .cim import input_arguments
from .faults import SoapFault
from .reading import Request

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    Attributes:
        method: the WMI method that was invoked, or "".
        details: arguments of a method, text of a query, or command line.
        bytes_in, bytes_out: sizes of the envelopes before encryption.
        changes: what of the host's state it asked to change, by the host's own account of it.
        cut: when an injected fault cut the connection, or "".
    """

    seq: int
    action: str
    resource: str
    method: str
    selectors: Mapping[str, str]
    details: Mapping[str, object]
    bytes_in: int
    bytes_out: int
    account: str
    fault: int | None
    changes: Sequence[StateChange]
    cut: str = ""


@dataclass(slots=True)
class Journal:
    """All requests to one host since it was made or reset, oldest first.

    Attributes:
        bound_logins: those that were bound to their TLS channel.
        delegated_logins: those with which the client handed its ticket over.
    """

    entries: list[Entry] = field(default_factory=list)
    logins: int = 0
    refused_logins: int = 0
    bound_logins: int = 0
    delegated_logins: int = 0

    def add(
        self, request: Request | None, *, account: str, sizes: tuple[int, int], fault: int | None, changes: Sequence[StateChange], cut: str
    ) -> None:
        """Note one request and its outcome; None is one that could not be read."""
        asked = request or Request("", "", "")
        self.entries.append(
            Entry(
                seq=len(self.entries) + 1,
                action=_short(asked.action),
                resource=_short(asked.resource),
                method=method_of(asked),
                selectors={_short(name): _short(value) for name, value in asked.selectors.items()},
                details=_details(asked),
                bytes_in=sizes[0],
                bytes_out=sizes[1],
                account=account,
                fault=fault,
                changes=tuple(changes),
                cut=cut,
            )
        )

    def since(self, seq: int) -> dict[str, object]:
        """Return the entries after a number, as plain types, with the totals of all."""
        return {
            "requests": [asdict(entry) for entry in self.entries if entry.seq > seq],
            "changes": sum(len(entry.changes) for entry in self.entries),
            "logins": self.logins,
            "refused_logins": self.refused_logins,
            "bound_logins": self.bound_logins,
            "delegated_logins": self.delegated_logins,
            "bytes_in": sum(entry.bytes_in for entry in self.entries),
            "bytes_out": sum(entry.bytes_out for entry in self.entries),
        }

    def clear(self) -> None:
        """Start anew, as a reset of the host does."""
        self.entries.clear()
        self.logins = self.refused_logins = self.bound_logins = self.delegated_logins = 0


def method_of(request: Request) -> str:
    """Return the name of the WMI method that a request invokes, or ""."""
    if not request.resource.lower().startswith(names.WMI_PREFIX.lower()):
        return ""
    prefix, _slash, method = request.action.rpartition("/")
    return _short(method) if prefix.lower() == request.resource.lower() else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _details(request: Request) -> dict[str, object]:
    if not request.body:
        return {}
    body = request.body[0]
    if request.action == names.ENUMERATE:
        text = body.findtext(f"{{{names.WSMAN}}}Filter") or body.findtext(f"{{{names.ENUMERATION}}}Filter")
        return {"filter": _short(text)} if text else {}
    if request.action == names.COMMAND:
        words = [body.findtext(f"{{{names.SHELL}}}Command") or ""]
        words += [item.text or "" for item in body.iterfind(f"{{{names.SHELL}}}Arguments")]
        return {"command": _short(" ".join(words))}
    if not method_of(request):
        return {}
    try:
        arguments = input_arguments(body, request.resource)
    except SoapFault:
        return {}
    return {
        name: [_short(item) for item in value] if isinstance(value, list) else value and _short(value) for name, value in arguments.items()
    }
