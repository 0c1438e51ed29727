# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The seam between a session and the wire, and the choice between the two ways over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption

from . import transport_psrp, transport_winrm
from .config import SessionConfig
from .rpc_login import Login, login_of


class Transport(Protocol):
    """Carries envelopes to one host. Not safe for threads: a sealed connection counts its messages."""

    @property
    def endpoint(self) -> str:
        """The URL of the service."""

    @property
    def operation_timeout(self) -> int:
        """Seconds that the host may take for one operation."""

    @property
    def logins(self) -> int:
        """How often a login was tried."""

    @property
    def slow(self) -> bool | None:
        """Whether each of the first answers took so long that another connection is worth its login; None after fewer than two.

        Those of the login count.
        """

    def exchange(self, envelope: bytes) -> bytes:
        """Send one envelope and return the answer, a SOAP fault included.

        Raises:
            Unreachable: or one of its kinds; nothing of the envelope was carried out.
            ConnectionLost: the envelope went out and no answer came; call `reset` before the next one.
        """

    def beside(self) -> Transport:
        """Return another connection with the same host, which logs in as this one was let in; nothing is sent yet."""

    def abort(self) -> None:
        """End what another thread waits for here, and let nothing more out."""

    def reset(self) -> None:
        """Drop the connection and its security context; the next exchange logs in again."""

    def close(self) -> None:
        """Drop the connection."""


TRANSPORTS: dict[str, Callable[[Any], Transport]] = {
    "psrp": transport_psrp.open_psrp,
    "winrm": transport_winrm.open_winrm,
}


CONFIGURE: dict[str, Callable[[Any], SessionConfig]] = {
    "psrp": transport_psrp.configure,
    "winrm": transport_winrm.configure,
}


def login_for(connection: Any) -> Login | None:
    """Return the login to other services of the host that a play's connection makes possible; None where it has no password.

    Raises:
        InvalidOption: the options of the connection do not fit together.
    """
    configure = CONFIGURE.get(getattr(connection, "transport", ""))
    if configure is None:
        return None
    config = configure(connection)
    return login_of(config.user, config.library_options.get("password"), config.mechanisms)


def open_transport(connection: Any) -> Transport:
    """Return a transport made from a connection plugin's own options; nothing is sent yet.

    Args:
        connection: Ansible's connection object of the play.

    Raises:
        InvalidOption: the play uses another connection, its options do not fit together, or a library is missing.
    """
    name = getattr(connection, "transport", "")
    if name not in TRANSPORTS:
        raise InvalidOption(
            f"the connection '{name}' cannot carry WS-Management: set ansible_connection to {' or '.join(sorted(TRANSPORTS))} for this host"
        )
    return TRANSPORTS[name](connection)
