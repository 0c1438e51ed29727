# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What winsim knows by itself of the Windows of a capture: the nearest scenario, and whom it knows to open which port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from winsim.host.model import MachineSpec, RpcServerSpec, SocketSpec
from winsim.scenarios import load_scenario, names, strict
from winsim.scenarios.layers import FOLDER, PARTS, Layer, layer_of, layers, stack

from .format import Said

Row = TypeVar("Row")

UNUSUAL = ("awkward", "many_", "dns_socket_pool")
"""How the parts are called that are made to be odd or large."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A host of the nearest scenario, and rows of all scenarios and parts, those of the nearest first.

    A row says what opens an endpoint and which values keep it from being opened.
    """

    scenario: str
    host: MachineSpec
    sockets: tuple[SocketSpec, ...]
    rpc_servers: tuple[RpcServerSpec, ...]


def nearest(said: Said) -> Nearest:
    """Return what is known of the Windows that a capture is of: kernel first, then server or client, then the build."""
    kernel = _kernel(said.version)

    def distance(name: str) -> tuple[object, ...]:
        version, build, product = _bases()[name]
        far = tuple(abs(own - other) for own, other in zip(_kernel(version), kernel, strict=True))
        return far, (product == 1) is not (said.product_type == 1), build > said.build, abs(build - said.build)

    name = min(_bases(), key=distance)
    host = load_scenario(name).host
    sockets, rpc_servers = _known()
    return Nearest(
        name,
        host,
        tuple(dict.fromkeys((*host.sockets, *sockets))),
        tuple(dict.fromkeys((*host.rpc_servers, *rpc_servers))),
    )


def _kernel(version: str) -> tuple[int, int]:
    parts = [int(part) if part.isascii() and part.isdecimal() and len(part) < 6 else 0 for part in (*version.split("."), "0")[:2]]
    return parts[0], parts[1]


@cache
def _bases() -> dict[str, tuple[str, int, int]]:
    """Return version, build and product type of each scenario that is a Windows as it is installed."""
    found = {}
    for name in names():
        below = layers(name)
        if any("extends" in layer.document for layer in below):
            continue
        windows = stack(below)["windows"]
        if isinstance(windows, dict):
            found[name] = (str(windows["version"]), int(windows["build"]), int(windows["product_type"]))
    return found


@cache
def _known() -> tuple[tuple[SocketSpec, ...], tuple[RpcServerSpec, ...]]:
    files = (*sorted(FOLDER.glob("*.yml")), *sorted(FOLDER.joinpath(PARTS).glob("*.yml")))
    usual = [layer_of(path) for path in files if not path.stem.startswith(UNUSUAL)]
    return tuple(_rows(SocketSpec, "sockets", usual)), tuple(_rows(RpcServerSpec, "rpc_servers", usual))


def _rows(kind: type[Row], key: str, found: Iterable[Layer]) -> Iterable[Row]:
    for layer in found:
        yield from strict.records(kind, layer.document.get(key, []), f"$.{key}", strict.Problems())
