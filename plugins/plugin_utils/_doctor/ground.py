# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is read once for all looks: the host, its endpoints with their owners, and what came over the wire meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed, NotCaptured, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, read_first, read_host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Version
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import explain, take_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_restriction
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import PageHeard

REFUSALS = (Fault, MethodFailed, ProtocolError, NotCaptured)
"""What comes in place of an answer and ends one look, not all of them."""
Heard = Callable[[], Sequence[PageHeard]]


@runtime_checkable
class Literal(Protocol):
    """A reader that also answers what nobody asked the host, since it follows from other answers, and can be told not to."""

    def literally(self) -> Reader:
        """Return a reader that gives only what the host itself has said."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the looks stand on.

    Attributes:
        host: None where it could not be read, which `why` says.
        explained: every endpoint with its owner; None where they could not be listed, which `unlisted` says.
        heard: the pages that have come up to now.
        captured: the host is a file, which holds values and not how they were sent.
        from_files: the file was made of what a script wrote, so that WMI and StdRegProv were asked nothing.
    """

    reader: Reader
    knowledge: Knowledge
    windows: Windows
    host: Host | None
    why: str
    explained: tuple[Explained, ...] | None
    unlisted: str
    heard: Heard
    captured: bool
    from_files: bool = False

    @property
    def words(self) -> Reader:
        """What answers with the host's own words: a file answers much that only follows from them."""
        return self.reader.literally() if isinstance(self.reader, Literal) else self.reader

    @property
    def version(self) -> Version:
        """What is known of this Windows."""
        return self.knowledge.versions[self.windows.id]


def read_ground(reader: Reader, knowledge: Knowledge, *, heard: Heard, captured: bool, from_files: bool = False) -> Ground:
    """Read the host as a plan does.

    Raises:
        InvalidOption: a Windows older than all known ones.
        HostError: not even its Windows can be read, or the connection was lost.
    """
    windows = read_first(reader, knowledge).windows
    try:
        host = read_host(reader, knowledge)
    except REFUSALS as error:
        return Ground(reader, knowledge, windows, None, str(error), None, str(error), heard, captured, from_files)
    try:
        states = {rpc_restriction.NAME: {rpc_restriction.PORTS: read_setting(reader, rpc_restriction.PORTS)}}
        host, explained = explain(reader, host, knowledge, states, take_listing(reader, host, knowledge))
    except REFUSALS as error:
        return Ground(reader, knowledge, windows, host, "", None, str(error), heard, captured, from_files)
    return Ground(reader, knowledge, windows, host, "", explained, "", heard, captured, from_files)
