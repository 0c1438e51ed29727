# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opening a host that is a file, over the connection `netmin.windows.capture`; and what every open session can do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedHost, unchangeable
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.folder import age_in_days, open_capture, place_of
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, Writer
from ansible_collections.netmin.windows.plugins.plugin_utils._session.stats import Stats
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import PageHeard

from .baseline import path_of

CONNECTION = "netmin.windows.capture"


class OpenReader(Reader, Protocol):
    """A reader that is closed at the end."""

    @property
    def stats(self) -> Stats:
        """What has been spent up to now; after `close`, all of it."""

    @property
    def heard(self) -> Sequence[PageHeard]:
        """The shapes of the pages that have come over the wire up to now."""

    def close(self) -> None:
        """Close it."""


class OpenWriter(OpenReader, Writer, Protocol):
    """A writer that is closed at the end."""


class Captured(CapturedHost):
    """A host in a file that is open; implements `OpenWriter`.

    Attributes:
        aged: what is said of a capture that is older than it may be without a word; "" of a younger one.
    """

    stats = Stats()
    heard: Sequence[PageHeard] = ()

    def __init__(self, capture: Capture, *, host: str, aged: str = "") -> None:
        super().__init__(capture, host=host)
        self.aged = aged

    @property
    def refusal(self) -> Refused:
        """What is said where a task would change it."""
        return unchangeable(self.capture)

    def close(self) -> None:
        """Close nothing: the file was read."""


def is_capture(connection: Any) -> bool:
    """Tell whether a connection leads to a file."""
    return getattr(connection, "transport", "") == CONNECTION


def open_captured(connection: Any, address: str | None, name: str, loader: Any) -> Captured:
    """Open the host in a file that a connection names.

    Args:
        address: of the host, as Ansible gives it to connections.
        name: of the host that the task is about.
        loader: Ansible's, which knows where the play is.

    Raises:
        InvalidOption: no folder is given.
        UnusableCapture: the file cannot be used, or is of another host.
    """
    folder = connection.get_option("dir")
    if not folder:
        raise InvalidOption("set netmin_windows_capture_dir to the folder with the captures")
    capture = open_capture(place_of(path_of(loader, str(folder)), address or name, name))
    most, days = float(connection.get_option("max_age")), age_in_days(capture, datetime.now(tz=UTC))
    told = f"this is the host as it was on {excerpt(capture.captured_at, 40)}, {days:.0f} days ago: capture it again"
    return Captured(capture, host=name, aged=told if days > most else "")
