# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small HTTP server that can be told to misbehave, and Ansible's own connections to it.

It stands for the worst of hosts; the well-behaved ones are simulated elsewhere.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any, ClassVar

import spnego
from ansible import constants as C  # noqa: N812  (Ansible's own habit)
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

USER, PASSWORD = "admin", "Correct-horse-9"

Respond = Callable[[bytes], tuple[int, bytes]]
"""Gets a message, unsealed, and returns status and body."""


class WebHost(ThreadingHTTPServer):
    """Answers POSTs with basic or NTLM login, the latter sealed.

    Attributes:
        received: messages that got through the login, unsealed.
        cut: what happens to the next messages: "during" closes the connection instead of answering, "after" once
            the answer is out, "half" in the middle of it.
        clear: what becomes of the next answers in turn: where it is not "", these bytes go out in clear in place of the answer, which
            has been made all the same: (status, headers, body).
        spoil: changes the bytes of a sealed answer.
        connections: connections accepted.
        logins: NTLM logins completed.
    """

    daemon_threads = True

    def __init__(self, respond: Respond, mechanism: str) -> None:
        self.respond = respond
        self.mechanism = mechanism
        self.received: list[bytes] = []
        self.cut: list[str] = []
        self.clear: list[tuple[int, list[str], bytes] | None] = []
        self.spoil: Callable[[bytes], bytes] = bytes
        self.connections = self.logins = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that break off are what is tested here."""


class Handler(BaseHTTPRequestHandler):
    """One connection, with the login that belongs to it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WebHost
    SEALED: ClassVar[str] = "application/HTTP-SPNEGO-session-encrypted"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.context: Any = None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
        """Keep the terminal clean."""

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        login = {"basic": self.basic, "none": lambda: True, "ntlm": self.ntlm}[self.server.mechanism]
        if not login():
            return
        sealed = "encrypted" in self.headers.get("Content-Type", "")
        if sealed:
            try:
                data = self.unseal(data)
            except spnego.exceptions.SpnegoError:
                # What Windows answers to a message that an older security context has sealed.
                self.answer(400, b"")
                return
        if not data:
            self.answer(200, b"")
            return
        self.server.received.append(data)
        fate = self.server.cut.pop(0) if self.server.cut else ""
        if fate == "during":
            self.drop()
            return
        status, body = self.server.respond(data)
        instead = self.server.clear.pop(0) if self.server.clear else None
        if instead is not None:
            number, fields, body = instead
            head = [
                f"HTTP/1.1 {number} X",
                *fields,
                *([] if any("Length" in field for field in fields) else [f"Content-Length: {len(body)}"]),
            ]
            self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            return
        self.answer(status, body, sealed=sealed, half=fate == "half")
        if fate:
            self.drop()

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def basic(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == expected:
            return True
        self.answer(401, b"", challenge='Basic realm="WSMAN"')
        return False

    def ntlm(self) -> bool:
        scheme, _blank, token = self.headers.get("Authorization", "").partition(" ")
        if scheme not in ("Negotiate", "NTLM"):
            if self.context is not None and self.context.complete:
                return True
            self.answer(401, b"", challenge="Negotiate")
            return False
        if self.context is None or self.context.complete:
            self.context = spnego.server(protocol="ntlm")
        try:
            reply = self.context.step(base64.b64decode(token))
        except spnego.exceptions.SpnegoError:
            self.context = None
            self.answer(401, b"", challenge="Negotiate")
            return False
        if not self.context.complete:
            self.answer(401, b"", challenge=f"Negotiate {base64.b64encode(reply).decode()}")
            return False
        self.server.logins += 1
        return True

    def unseal(self, data: bytes) -> bytes:
        payload = data.split(b"--Encrypted Boundary\r\n")[2].removesuffix(b"--Encrypted Boundary--\r\n")
        payload = payload.removeprefix(b"\tContent-Type: application/octet-stream\r\n")
        length = struct.unpack("<I", payload[:4])[0]
        return bytes(self.context.unwrap_winrm(payload[4 : 4 + length], payload[4 + length :]))

    def seal(self, body: bytes) -> bytes:
        sealed = self.context.wrap_winrm(body)
        head = (
            f"--Encrypted Boundary\r\n\tContent-Type: {self.SEALED}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
            f"Length={len(body) + sealed.padding_length}\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        )
        return bytes(head.encode() + struct.pack("<I", len(sealed.header)) + sealed.header + sealed.data + b"--Encrypted Boundary--\r\n")

    def answer(self, status: int, body: bytes, *, challenge: str = "", sealed: bool = False, half: bool = False) -> None:
        kind = "application/soap+xml;charset=UTF-8"
        if sealed:
            kind = f'multipart/encrypted;protocol="{self.SEALED}";boundary="Encrypted Boundary"'
            body = self.server.spoil(self.seal(body))
        fields = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
        fields += [f"WWW-Authenticate: {challenge}"] if challenge else []
        data = "\r\n".join(fields).encode() + b"\r\n\r\n" + body
        self.wfile.write(data[: -len(body) // 2] if half else data)


@contextmanager
def web_host(respond: Respond, *, mechanism: str = "basic", tls: tuple[Path, Path] | None = None) -> Iterator[WebHost]:
    """Serve on a free port of 127.0.0.1; with a certificate and its key over TLS."""
    host = WebHost(respond, mechanism)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        host.socket = context.wrap_socket(host.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.shutdown()
        host.server_close()
        thread.join()


@contextmanager
def banner(data: bytes) -> Iterator[int]:
    """Send some bytes to whoever connects, then hang up; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _address = server.accept()
                except OSError:
                    return
                with client:
                    client.sendall(data)
                    client.recv(65536)

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def raw_host(serve: Callable[[socket.socket], None], note: Callable[[bytes], object] = len) -> Iterator[int]:
    """Hand every connection to a function for each request that comes in; yields the port.

    Args:
        note: gets each request.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def one(client: socket.socket) -> None:
            with client, suppress(OSError), client.makefile("rb") as reader:
                while request := _request(reader):
                    note(request)
                    serve(client)

        def accept() -> None:
            while True:
                try:
                    client, _address = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _request(reader: BufferedIOBase) -> bytes:
    """Read one request; nothing at the end of a connection."""
    head = b""
    while line := reader.readline():
        head += line
        if line == b"\r\n":
            break
    length = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + reader.read(int(length[0]) if length else 0)


def closed_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def connection(plugin: str, **variables: object) -> Any:
    """Return Ansible's own connection object with the options that these inventory variables set, as a task sets them."""
    found = connection_loader.get(plugin, PlayContext(), os.devnull)
    known = set(C.config.get_plugin_vars("connection", found._load_name))  # noqa: SLF001
    extras = {name: value for name, value in variables.items() if name.startswith(f"ansible_{plugin}_") and name not in known}
    found.set_options(var_options={**variables, "_extras": extras})
    return found


def options(
    plugin: str, mechanism: str, port: int, *, address: str = "127.0.0.1", scheme: str = "http", **more: object
) -> dict[str, object]:
    """Return the inventory variables of a host that is reached so."""
    common: dict[str, object] = {"ansible_host": address, "ansible_port": port, "ansible_user": USER, "ansible_password": PASSWORD}
    if plugin == "winrm":
        common |= {"ansible_winrm_transport": mechanism, "ansible_winrm_scheme": scheme, "ansible_winrm_proxy": None}
    elif plugin == "psrp":
        common |= {"ansible_psrp_auth": mechanism, "ansible_psrp_protocol": scheme, "ansible_psrp_ignore_proxy": True}
        common |= {"ansible_psrp_message_encryption": "never" if mechanism == "basic" else "auto"}
    return common | more
