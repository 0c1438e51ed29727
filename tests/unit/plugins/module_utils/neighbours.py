# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts for a probe, on the loopback: one that listens, one that refuses, one that is silent, and some that mean no good."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from winsim.sockets import silent


def free_address() -> str:
    """Return a loopback address that hardly anybody else uses."""
    chosen = random.Random(os.getpid() ^ random.SystemRandom().getrandbits(32))
    return f"127.78.{chosen.randrange(256)}.{chosen.randrange(1, 255)}"


@contextmanager
def listening(address: str, serve: Callable[[socket.socket], None] = lambda _connection: None) -> Iterator[tuple[int, list[bytes]]]:
    """Listen on a port and serve each connection; yields the port, and what clients sent."""
    said: list[bytes] = []
    with socket.create_server((address, 0)) as server:
        server.settimeout(0.05)
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    connection, _peer = server.accept()
                    with connection, suppress(OSError):
                        connection.settimeout(2)
                        serve(connection)
                        said.append(connection.recv(100))

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], said
        finally:
            ended.set()
            thread.join(5)


@contextmanager
def mute(address: str) -> Iterator[int]:
    """Hold a TCP port that answers nothing."""
    port = refused_port(address)
    held = silent(address, port)
    try:
        yield port
    finally:
        for one in held:
            one.close()


def refused_port(address: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind((address, 0))
        port: int = found.getsockname()[1]
    return port


@contextmanager
def answering(address: str, port: int, answer: Callable[[bytes], bytes | None]) -> Iterator[list[bytes]]:
    """Answer each datagram; yields what came.

    Raises:
        PermissionError: the port is not ours to open.
    """
    came: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((address, port))
        bound.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    data, peer = bound.recvfrom(65536)
                    came.append(data)
                    got = answer(data)
                    if got is not None:
                        bound.sendto(got, peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield came
        finally:
            ended.set()
            thread.join(5)
