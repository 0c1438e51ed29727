# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session is opened with, read once from a connection plugin's own options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """Everything a transport needs; printing it shows no secret.

    Attributes:
        plugin: the connection plugin that the options come from, "psrp" or "winrm".
        endpoint: the URL of the service.
        mechanisms: what to log in with, tried in this order until one is let in.
        operation_timeout: seconds that the host may take for one operation.
        read_timeout: seconds to wait for an answer; longer than `operation_timeout`.
        library_options: arguments of the client library, the password among them.
        obtain_ticket: gets a Kerberos ticket before a login with it; None where the user manages tickets.
        sealing_wanted: the user has not turned message encryption off.
    """

    plugin: str
    endpoint: str
    user: str | None
    mechanisms: tuple[str, ...]
    operation_timeout: int
    read_timeout: int
    library_options: Mapping[str, Any] = field(repr=False)
    obtain_ticket: Callable[[], None] | None = field(default=None, repr=False)
    sealing_wanted: bool = True

    @property
    def address(self) -> str:
        """Host and port, as messages name them."""
        return urlsplit(self.endpoint).netloc

    @property
    def scheme(self) -> str:
        """The URL's scheme, "http" or "https"."""
        return urlsplit(self.endpoint).scheme


def bracketed(host: str) -> str:
    """Return a host as a URL wants it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
