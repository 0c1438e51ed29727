# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way through pypsrp, from the options of Ansible's `psrp` connection. The only file that names pypsrp.

No runspace is opened, so that no PowerShell starts: pypsrp's WSMan alone is used.
"""

from __future__ import annotations

import logging
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors

from .config import SessionConfig, bracketed, check_files, check_host, check_times, seconds_of
from .http_transport import HttpTransport
from .library import PYPSRP

try:
    from pypsrp.exceptions import AuthenticationError, WinRMTransportError
    from pypsrp.wsman import WSMan
    from spnego.exceptions import SpnegoError
except ImportError as error:
    NOT_IMPORTED: ImportError | None = error
else:
    NOT_IMPORTED = None

# Without a handler of its own the library's tracebacks would go to the terminal.
logging.getLogger("pypsrp").addHandler(logging.NullHandler())


# Defaults of the connection plugin (ansible-core, psrp).
OPERATION_TIMEOUT, READ_TIMEOUT = 20, 30
TIMES = ("ansible_psrp_operation_timeout", "ansible_psrp_read_timeout")
# Options that name files, and the variable of each.
FILES = {
    "cert_validation": "ansible_psrp_ca_cert",
    "certificate_pem": "ansible_psrp_certificate_pem",
    "certificate_key_pem": "ansible_psrp_certificate_key_pem",
}


def open_psrp(connection: Any) -> PsrpTransport:
    """Return a transport for a `psrp` connection.

    Raises:
        InvalidOption: pypsrp is missing or too old, or the options do not fit together.
    """
    if problem := PYPSRP.problem(NOT_IMPORTED):
        raise errors.InvalidOption(problem)
    return PsrpTransport(configure(connection))


def configure(connection: Any) -> SessionConfig:
    """Read the options of a `psrp` connection as the plugin itself would.

    The plugin's method is private; it is the same in ansible-core 2.16 to 2.21 and the only place where its options
    are put together.
    """
    try:
        connection._build_kwargs()  # noqa: SLF001
    except Exception as error:
        # Ansible's own errors, which this package does not know; they hold no secret.
        reason = str(error) or type(error).__name__
        raise errors.InvalidOption(f"the options of the psrp connection do not fit together: {reason}") from error
    options = dict(connection._psrp_conn_kwargs)  # noqa: SLF001
    check_host(str(options["server"]), "ansible_psrp_protocol, ansible_port, ansible_psrp_path")
    operation = seconds_of(options, "operation_timeout", TIMES[0], OPERATION_TIMEOUT)
    read = seconds_of(options, "read_timeout", TIMES[1], READ_TIMEOUT)
    check_times(operation, read, TIMES, str(options["server"]))
    check_files("psrp", options, FILES)
    scheme = "https" if options["ssl"] else "http"
    path = str(options["path"]).lstrip("/")
    return SessionConfig(
        plugin="psrp",
        endpoint=f"{scheme}://{bracketed(options['server'])}:{options['port']}/{path}",
        user=options["username"],
        mechanisms=(options["auth"],),
        operation_timeout=operation,
        read_timeout=read,
        library_options=options,
    )


class PsrpTransport(HttpTransport):
    """Sends through pypsrp's HTTP transport, which logs in and seals with the first message."""

    def __init__(self, config: SessionConfig) -> None:
        super().__init__(config)
        self._library: WSMan | None = None

    def _connect(self, mechanism: str) -> None:
        self._drop()
        try:
            self._library = WSMan(**{**self._config.library_options, "auth": mechanism})
            session = self._library.transport._build_session()  # noqa: SLF001  (send() would make it unbounded)
        except ValueError as error:
            raise self._not_fitting(error) from error
        self._bound(session)
        self._library.transport.session = session

    def _post(self, envelope: bytes) -> bytes:
        if self._library is None:
            raise errors.ConnectionLost(f"{self._config.address} is not connected", host=self._config.address)
        try:
            return self._library.transport.send(envelope)
        except WinRMTransportError as error:
            return self._of_status(error.code, error.response_text.encode())

    def _drop(self) -> None:
        # pypsrp's close() keeps the stale security context, so the whole object goes.
        if self._library is not None:
            self._library.transport.close()
            self._library = None

    def _of_library(self, error: Exception, mechanism: str) -> errors.HostError | None:
        # A plain ValueError comes from a host that offers another mechanism; UnicodeError is one, too. Once the message is out
        # none of them is about the login: a seal was broken, or a header makes no sense.
        refused = (SpnegoError, ValueError)
        if isinstance(error, ImportError) and not self._sent:
            return self._not_able(error, mechanism)
        if isinstance(error, AuthenticationError) or (isinstance(error, refused) and not (self._sent or isinstance(error, UnicodeError))):
            return self._refused(error, mechanism)
        return None
