# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a session is opened with, read once from a connection plugin's own options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt


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


def secrets_in(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of a library's options must never be told: passwords, and what stands before the @ of a proxy's URL."""
    found = {str(value) for name, value in options.items() if "pass" in name and value}
    for name, value in options.items():
        if "proxy" in name and "@" in str(value):
            found |= {urlsplit(str(value)).netloc.rpartition("@")[0], urlsplit(str(value)).password or ""}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def check_host(host: str, option: str) -> None:
    """Refuse what is no name or address of a host.

    Raises:
        InvalidOption: it is a URL, say.
    """
    if not host or any(sign in host for sign in "/@ ") or "://" in host:
        advice = f"give a name or an address alone; scheme, port and path have options of their own ({option})"
        raise InvalidOption(f"ansible_host is '{excerpt(host)}': {advice}")


def check_files(plugin: str, options: Mapping[str, Any], named: Mapping[str, str]) -> None:
    """Refuse files that are not there, before anything is sent.

    Args:
        named: the Ansible variable for each option of the library that names a file.

    Raises:
        InvalidOption: one is missing.
    """
    for name, variable in named.items():
        path = options.get(name)
        if isinstance(path, str) and path not in ("", "legacy_requests") and not Path(path).expanduser().exists():
            raise InvalidOption(f"the file of {variable} is not there: {excerpt(path)}; nothing was sent over the {plugin} connection")


def seconds_of(options: Mapping[str, Any], name: str, variable: str, default: int) -> int:
    """Read an option that is a number of seconds.

    Raises:
        InvalidOption: it is none.
    """
    given = options.get(name, default)
    try:
        return int(given)
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"{variable} is '{excerpt(given)}': give a whole number of seconds") from error


def check_times(operation: int, read: int, variables: tuple[str, str], host: str) -> None:
    """Refuse times with which an answer could come after nobody waits for it any more.

    Raises:
        InvalidOption: the read timeout is not the longer one.
    """
    if not 0 < operation < read:
        raise InvalidOption(f"{host}: {variables[1]} ({read}) must be longer than {variables[0]} ({operation})")


def bracketed(host: str) -> str:
    """Return a host as a URL wants it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
