# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests and responses as frozen values. Each request names its response type, so that asking is typed.

Nothing here knows XML: `encode` and `decode` do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from ansible_collections.netmin.windows.plugins.plugin_utils._core.row import Row

from . import constants as names

Argument = str | int | bool | tuple[str | int | bool, ...] | None
"""A method's parameter: a scalar, an array (an empty one sends no element), or null (sent as xsi:nil)."""

Pairs = tuple[tuple[str, str], ...]
"""Selectors or options, in the order in which they are sent."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: the header fields that differ between requests."""

    action: str
    resource: str
    selectors: Pairs = ()
    options: Pairs = ()


class Request(ABC, Generic[R]):
    """One operation; R is the type of its response."""

    __slots__ = ()

    @abstractmethod
    def target(self) -> Target:
        """Return action, resource, selectors and options."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one EnumerateResponse or PullResponse; `context` is None once the sequence has ended."""

    rows: tuple[Row, ...]
    context: str | None


@dataclass(frozen=True, slots=True)
class PageHeard:
    """In which shape a page came, for those who compare hosts.

    Attributes:
        first: it answers an Enumerate, not a Pull.
        rows: how many rows it has.
        more: another one follows.
        size: bytes of the whole answer.
    """

    first: bool
    rows: int
    more: bool
    size: int


@dataclass(frozen=True, slots=True)
class Output:
    """Out parameters of a method; `return_value` is unsigned, None where the method has none or returned null."""

    values: Row
    return_value: int | None


@dataclass(frozen=True, slots=True)
class ShellCreated:
    """A command shell was opened."""

    shell_id: str


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """A command runs in a shell."""

    command_id: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a command wrote since the last Receive; `exit_code` once it is done."""

    stdout: bytes
    stderr: bytes
    done: bool
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An answer without content."""


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A SOAP fault of either Detail form.

    Attributes:
        codes: the codes it carries, outermost first, unsigned.
        subcode: the local part of the SOAP subcode ("InternalError"), or "".
        text: the host's own words, in its own language; to be shown, never to be compared.
    """

    codes: tuple[int, ...]
    subcode: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumerate(Request[Page]):
    """List instances: all of a class by its URI, or those that a WQL query selects."""

    resource: str
    wql: str | None = None
    max_elements: int = names.MAX_ELEMENTS

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.ENUMERATE_ACTION, self.resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumerateConfig(Request[Page]):
    """List a part of the service's own configuration, such as `listener` (WSMV 3.1.4.1.29.5)."""

    part: str
    max_elements: int = names.MAX_ELEMENTS

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.ENUMERATE_ACTION, names.CONFIG_PREFIX + self.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull(Request[Page]):
    """Ask for the next page of an enumeration; the resource is that of its Enumerate."""

    resource: str
    context: str
    max_elements: int = names.MAX_ELEMENTS

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.PULL_ACTION, self.resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Request[Acknowledged]):
    """Give up an enumeration that has not ended: each counts against the user's quota of operations."""

    resource: str
    context: str

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.RELEASE_ACTION, self.resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke(Request[Output]):
    """Call a method: of an instance with its keys, of a class without."""

    resource: str
    method: str
    arguments: tuple[tuple[str, Argument], ...] = ()
    selectors: Pairs = ()

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(f"{self.resource}/{self.method}", self.resource, self.selectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateShell(Request[ShellCreated]):
    """Open a command shell (WSMV 3.1.4.5.2)."""

    options: Pairs = ()

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.CREATE_ACTION, names.SHELL_RESOURCE, options=self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand(Request[CommandStarted]):
    """Start a command in a shell (WSMV 3.1.4.11)."""

    shell_id: str
    command: str
    arguments: tuple[str, ...] = ()

    def target(self) -> Target:
        """See `Request.target`. The command goes through cmd.exe, which finds it on the path."""
        return Target(names.COMMAND_ACTION, names.SHELL_RESOURCE, _shell(self.shell_id), (("WINRS_SKIP_CMD_SHELL", "False"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive(Request[Received]):
    """Ask for what a command has written (WSMV 3.1.4.14)."""

    shell_id: str
    command_id: str

    def target(self) -> Target:
        """See `Request.target`. WSMV 3.2.4.1.20: every Receive should carry the keep-alive option."""
        return Target(names.RECEIVE_ACTION, names.SHELL_RESOURCE, _shell(self.shell_id), (("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "True"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Request[Acknowledged]):
    """End a command; also lets the host forget one that has ended (WSMV 3.1.4.12)."""

    shell_id: str
    command_id: str
    code: str = names.SIGNAL_TERMINATE

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.SIGNAL_ACTION, names.SHELL_RESOURCE, _shell(self.shell_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteShell(Request[Acknowledged]):
    """Close a command shell (WSMV 3.1.4.4.1)."""

    shell_id: str

    def target(self) -> Target:
        """See `Request.target`."""
        return Target(names.DELETE_ACTION, names.SHELL_RESOURCE, _shell(self.shell_id))


def _shell(shell_id: str) -> Pairs:
    return (("ShellId", shell_id),)
