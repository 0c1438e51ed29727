# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way through pywinrm, from the options of Ansible's `winrm` connection. The only file that names pywinrm.

No command shell is opened and the plugin is never connected: its options alone are used.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlunsplit

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors

from .config import SessionConfig, bracketed, check_files, check_host, check_times, seconds_of
from .http_transport import HttpTransport
from .library import PYWINRM

try:
    from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError
    from winrm.protocol import Protocol
    from winrm.transport import Transport as LibraryTransport
    from winrm.vendor.requests_kerberos.exceptions import KerberosExchangeError
except ImportError as error:
    NOT_IMPORTED: ImportError | None = error
else:
    NOT_IMPORTED = None

# Without a handler of its own the library's warnings would go to the terminal.
logging.getLogger("winrm").addHandler(logging.NullHandler())

# Defaults of pywinrm 0.5.0 (winrm/protocol.py).
OPERATION_TIMEOUT = 20
READ_TIMEOUT = 30
TIMES = ("ansible_winrm_operation_timeout_sec", "ansible_winrm_read_timeout_sec")
# What to say where the library misses options of a mechanism.
MISSING = {"certificate": "set ansible_winrm_cert_pem and ansible_winrm_cert_key_pem"}
# Options that name files, and the variable of each.
FILES = {"ca_trust_path": "ansible_winrm_ca_trust_path", "cert_pem": "ansible_winrm_cert_pem", "cert_key_pem": "ansible_winrm_cert_key_pem"}


def open_winrm(connection: Any) -> WinrmTransport:
    """Return a transport for a `winrm` connection.

    Raises:
        InvalidOption: pywinrm is missing or too old, or the options do not fit together.
    """
    if problem := PYWINRM.problem(NOT_IMPORTED):
        raise errors.InvalidOption(problem)
    return WinrmTransport(configure(connection))


def configure(connection: Any) -> SessionConfig:
    """Read the options of a `winrm` connection as the plugin itself would.

    The plugin's methods are private; they are the same in ansible-core 2.16 to 2.21 and the only place where its
    options, extras included, are put together.
    """
    try:
        connection._build_winrm_kwargs()  # noqa: SLF001
    except Exception as error:
        # Ansible's own errors, which this package does not know; they hold no secret.
        reason = str(error) or type(error).__name__
        raise errors.InvalidOption(f"the options of the winrm connection do not fit together: {reason}") from error
    check_host(str(connection._winrm_host), "ansible_winrm_scheme, ansible_port, ansible_winrm_path")  # noqa: SLF001
    host = bracketed(connection._winrm_host)  # noqa: SLF001
    endpoint = urlunsplit((connection._winrm_scheme, f"{host}:{connection._winrm_port}", connection._winrm_path, "", ""))  # noqa: SLF001
    options = dict(connection._winrm_kwargs)  # noqa: SLF001
    if seconds := connection._winrm_connection_timeout:  # noqa: SLF001
        options |= {"operation_timeout_sec": seconds, "read_timeout_sec": seconds + 10}
    operation = seconds_of(options, "operation_timeout_sec", TIMES[0], OPERATION_TIMEOUT)
    read = seconds_of(options, "read_timeout_sec", TIMES[1], READ_TIMEOUT)
    check_times(operation, read, TIMES, host)
    check_files("winrm", options, FILES)
    user, password = connection._winrm_user, connection._winrm_pass  # noqa: SLF001
    return SessionConfig(
        plugin="winrm",
        endpoint=endpoint,
        user=user,
        mechanisms=tuple(connection._winrm_transport),  # noqa: SLF001
        operation_timeout=operation,
        read_timeout=read,
        library_options=options,
        obtain_ticket=(lambda: connection._kerb_auth(user, password)) if connection._kerb_managed else None,  # noqa: SLF001
        sealing_wanted=options.get("message_encryption", "auto") != "never",
    )


class WinrmTransport(HttpTransport):
    """Sends through pywinrm's HTTP transport, which logs in and seals."""

    def __init__(self, config: SessionConfig) -> None:
        super().__init__(config)
        self._library: LibraryTransport | None = None

    def _connect(self, mechanism: str) -> None:
        self._drop()
        if mechanism == "kerberos" and self._config.obtain_ticket is not None:
            try:
                self._config.obtain_ticket()
            except Exception as error:
                # Ansible's own, with what kinit said.
                raise self._without_ticket(error) from error
        options: dict[str, Any] = {**self._config.library_options, "transport": mechanism}
        try:
            library = self._library = Protocol(self._config.endpoint, **options).transport
        except (InvalidCredentialsError, WinRMError) as error:
            # Nothing has been asked: options are missing, or contradict each other.
            raise self._not_able(error, mechanism, MISSING.get(mechanism, "check ansible_user and ansible_password")) from error
        log_in = library.setup_encryption

        def log_in_bounded(session: Any) -> None:
            self._prepare(session)
            log_in(session)

        # It sends over a session that nobody outside has seen yet.
        vars(library)["setup_encryption"] = log_in_bounded
        self._prepare(library.build_session())

    def _prepare(self, session: Any) -> None:
        """Make a session of the library ready, before anything goes out over it."""
        # The library has merged what the environment says of proxies and certificates; requests would look again for each message.
        session.trust_env = False
        self._bound(session)
        if self._config.scheme == "https" and hasattr(session.auth, "force_preemptive"):
            # Of Kerberos: a ticket that goes out before the host's certificate is known is bound to no TLS channel.
            session.auth.force_preemptive = False

    def _post(self, envelope: bytes) -> bytes:
        if self._library is None:
            raise errors.ConnectionLost(f"{self._config.address} is not connected", host=self._config.address)
        try:
            return self._library.send_message(envelope)
        except WinRMTransportError as error:
            return self._of_status(error.code, error.response_text.encode())

    def _drop(self) -> None:
        if self._library is not None:
            self._library.close_session()
            self._library = None

    def _of_library(self, error: Exception, mechanism: str) -> errors.HostError | None:
        if isinstance(error, WinRMTransportError):
            # Raised by the login itself: an empty message answered with a status.
            try:
                self._of_status(error.code, b"")
            except errors.HostError as found:
                return found
        if isinstance(error, InvalidCredentialsError) or (isinstance(error, KerberosExchangeError) and not self._sent):
            return self._refused(error, mechanism)
        if isinstance(error, WinRMError) and not self._sent:
            return self._not_able(error, mechanism)
        return None
