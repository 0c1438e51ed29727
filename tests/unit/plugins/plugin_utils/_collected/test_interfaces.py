# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The numbers that interfaces have for RPC, and for `route print`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.interfaces import MOST, RpcInterfaces, read_interfaces
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture
from hypothesis import given
from hypothesis import strategies as st

RPCCFG = "IF[2]: Ethernet: 3Com EtherLink PCI (Microsoft's Packet Scheduler)\r\nIF[1]: Ethernet: MS TCP Loopback interface\r\n"
ROUTE = (
    "===========\r\nInterface List\r\n0x1 ........................... MS TCP Loopback interface\r\n"
    "0x1000003 ...00 04 76 65 43 21 ...... 3Com EtherLink PCI\r\n===========\r\n"
)


def read(folder: Path, rpccfg: bytes | None, route: bytes | None) -> RpcInterfaces:
    """Read a folder with those listings; None is no file."""
    (folder / "collect.txt").write_text("netmin.windows collect 1\ndone\n")
    (folder / "chcp.txt").write_text("Active code page: 850\n")
    for name, content in (("rpccfg.txt", rpccfg), ("route.txt", route)):
        if content is not None:
            (folder / name).write_bytes(content)
    return read_interfaces(folder)


def test_both_listings_are_read(tmp_path: Path) -> None:
    """The first is the output that the article prints."""
    found = read(tmp_path, RPCCFG.encode(), ROUTE.encode())
    assert found.listed == {1: "Ethernet: MS TCP Loopback interface", 2: "Ethernet: 3Com EtherLink PCI (Microsoft's Packet Scheduler)"}
    assert found.routed == {1: "MS TCP Loopback interface", 0x1000003: "3Com EtherLink PCI"}
    assert found.missing(("1", "3")) == ("3",)


@pytest.mark.parametrize("rpccfg", [None, b"", b"RPCCFG: an error\r\n"])
def test_without_a_list_nothing_is_missing(rpccfg: bytes | None, tmp_path: Path) -> None:
    """What nobody listed is not known."""
    found = read(tmp_path, rpccfg, None)
    assert (found.listed, found.missing(("7",))) == (None, ())
    assert found.lines == [
        "rpccfg was not on the path when the host was collected, or listed nothing: only index 1, the loopback, is certain."
    ]


def test_another_folder_is_refused(tmp_path: Path) -> None:
    """It is none of `collect`."""
    with pytest.raises(UnusableCapture, match=r"has no file collect\.txt"):
        read_interfaces(tmp_path)


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.integers(0, 10**12).map(lambda number: b"IF[%d]: x" % number)), max_size=100),
    st.lists(st.one_of(st.binary(max_size=60), st.integers(0, 2**40).map(lambda number: b"0x%x ...00 ...... x" % number)), max_size=100),
)
def test_whatever_a_host_writes_is_read_within_bounds(rpccfg: list[bytes], route: list[bytes]) -> None:
    """Nothing raises, and a person never gets more lines than can be read."""
    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder), b"\r\n".join(rpccfg), b"\r\n".join(route))
    assert 1 <= len(found.lines) <= 2 * MOST
